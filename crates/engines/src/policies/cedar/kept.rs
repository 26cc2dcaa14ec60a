//! Entities of recent questions. They are the same for every call of a tool with a key until an admin changes
//! something, and to make them costs more than to decide.
//!
//! Never: a verdict; Cedar is asked for every call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cedar_policy::Entities;
use portcullis_schemas::PortError;
use portcullis_schemas::policies::ToolPolicyRequest;

/// Most questions whose entities are kept; then all are let go, and the next ones kept.
const MAX_QUESTIONS: usize = 1024;

/// Entities by key and tool.
#[derive(Default)]
pub(super) struct KeptEntities {
    by_key_and_tool: Mutex<HashMap<(String, String), Kept>>,
}

struct Kept {
    question: ToolPolicyRequest,
    entities: Arc<Entities>,
}

impl KeptEntities {
    /// The entities of this question: those of an earlier one that differs in nothing which they are made of, or new
    /// ones.
    ///
    /// # Errors
    /// Those of `make`; nothing is kept then.
    pub(super) fn of(
        &self,
        question: &ToolPolicyRequest,
        make: impl FnOnce() -> Result<Entities, PortError>,
    ) -> Result<Arc<Entities>, PortError> {
        let key = (question.key_id.clone(), question.tool_id.clone());
        if let Some(kept) = self.lock().get(&key).filter(|kept| makes_the_same(&kept.question, question)) {
            return Ok(Arc::clone(&kept.entities));
        }
        let entities = Arc::new(make()?);
        let mut kept = self.lock();
        if kept.len() >= MAX_QUESTIONS {
            kept.clear();
        }
        kept.insert(key, Kept { question: question.clone(), entities: Arc::clone(&entities) });
        Ok(entities)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Kept>> {
        self.by_key_and_tool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether nothing but run, toolset and flows differs, which are context and no entity. Taken apart, so that a new member is not
/// forgotten here.
fn makes_the_same(kept: &ToolPolicyRequest, question: &ToolPolicyRequest) -> bool {
    let ToolPolicyRequest {
        key_id,
        actor,
        actor_type,
        server_id,
        server_name,
        server_tags,
        kind,
        tool_id,
        tool_name,
        risk,
        read_only,
        run_id: _,
        toolset: _,
        flows: _,
    } = kept;
    (key_id, actor, actor_type) == (&question.key_id, &question.actor, &question.actor_type)
        && (server_id, server_name, server_tags)
            == (&question.server_id, &question.server_name, &question.server_tags)
        && (kind, tool_id, tool_name) == (&question.kind, &question.tool_id, &question.tool_name)
        && (risk, read_only) == (&question.risk, &question.read_only)
}
