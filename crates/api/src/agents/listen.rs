//! `subscriptions/listen`: tells an agent that a list of what it is offered has changed.
//!
//! A stream looks at the version of the tenant's configuration once a second, and at the lists when it has moved, or a
//! minute has passed. It does not outlive the key or the toolset that it was opened with: both are looked at again as well.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::response::{IntoResponse, Response};
use portcullis_mcp::jsonrpc::{ErrorCode, Id, RpcError, error_response, notification, result_response};
use portcullis_mcp::ladder::AcceptedRequest;
use portcullis_mcp::messages::{
    ListChanges, ViewError, acknowledged_params, changed_params, listen_reply, method,
};
use portcullis_schemas::Error;
use portcullis_schemas::context::CallContext;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::toolsets::ToolDisclosure;
use portcullis_schemas::integrations::toolsets::operations::{ListOfferedTools, OpenToolset};
use portcullis_schemas::paging::{Cursor, PageLimit};
use portcullis_spine::{ConfigWatch, Watched};

use super::methods::this;
use super::written::{Writer, event_stream};
use super::{Agent, Told};

/// Lists, and how their change is told.
const LISTS: [(&str, &[ItemKind]); 3] = [
    (method::TOOLS_LIST_CHANGED, &[ItemKind::Tool]),
    (method::PROMPTS_LIST_CHANGED, &[ItemKind::Prompt]),
    (method::RESOURCES_LIST_CHANGED, &[ItemKind::Resource, ItemKind::ResourceTemplate]),
];

/// What the agent wants to hear of.
pub(super) fn wanted(accepted: &AcceptedRequest<'_>) -> Result<ListChanges, ViewError> {
    ListChanges::parse(accepted.request.params)
}

/// Opens the stream.
///
/// # Errors
/// `not_found` when the toolset is not for this key; `overloaded` when too many listen; `store_unavailable`.
pub(super) async fn answer(
    agent: Agent,
    id: Id,
    wanted: Result<ListChanges, ViewError>,
) -> Result<Response, Error> {
    let wanted = match wanted {
        Ok(wanted) => wanted,
        Err(error) => {
            let error = RpcError::new(ErrorCode::INVALID_PARAMS, error.to_string());
            return Ok(Told { status: 200, body: error_response(Some(&id), &error) }.into_response());
        }
    };
    let watch = agent.spine.watch(agent.principal.tenant()).await?;
    // Read after the version: a change in between is told once too often, and never missed.
    let lists = agent.lists(wanted).await?;
    let stream = Stream { agent, id, wanted, lists };
    Ok(event_stream(move |writer| stream.write(writer, watch)))
}

struct Stream {
    agent: Agent,
    id: Id,
    wanted: ListChanges,
    lists: [Option<u64>; 3],
}

impl Stream {
    async fn write(mut self, writer: Writer, mut watch: ConfigWatch) {
        let accepted = acknowledged_params(&self.id, self.wanted);
        writer.message(&notification(method::ACKNOWLEDGED, Some(&accepted))).await;
        while writer.alive_while(watch.next()).await == Watched::Changed {
            // Who may not listen any more is told that it ends, and learns the reason from the next request.
            let Ok(lists) = self.look_again().await else { break };
            for (place, (told, _)) in LISTS.iter().enumerate() {
                if lists[place] != self.lists[place] {
                    writer.message(&notification(told, Some(&changed_params(&self.id)))).await;
                }
            }
            self.lists = lists;
        }
        writer.message(&result_response(&self.id, &listen_reply(&self.id, &this()))).await;
    }

    async fn look_again(&mut self) -> Result<[Option<u64>; 3], Error> {
        self.agent.principal = self.agent.authenticate().await?;
        self.agent.lists(self.wanted).await
    }
}

impl Agent {
    /// Fingerprints of the lists that are wanted.
    async fn lists(&self, wanted: ListChanges) -> Result<[Option<u64>; 3], Error> {
        let mut lists = [None; 3];
        let flags = [wanted.tools, wanted.prompts, wanted.resources];
        for (place, ((_, kinds), wanted)) in LISTS.iter().zip(flags).enumerate() {
            if !wanted {
                continue;
            }
            let mut hasher = DefaultHasher::new();
            for kind in *kinds {
                if *kind == ItemKind::Tool && self.is_searched().await? {
                    // What `tools/list` answers then is the same always.
                    ToolDisclosure::Search.as_str().hash(&mut hasher);
                } else {
                    self.hash_list(*kind, &mut hasher).await?;
                }
            }
            lists[place] = Some(hasher.finish());
        }
        Ok(lists)
    }

    async fn is_searched(&self) -> Result<bool, Error> {
        let request = OpenToolset { toolset: self.toolset.clone() };
        let opened = self.spine.run(self.fresh_context(), request).await?;
        Ok(opened.disclosure == ToolDisclosure::Search)
    }

    async fn hash_list(&self, kind: ItemKind, hasher: &mut DefaultHasher) -> Result<(), Error> {
        let mut cursor = None;
        loop {
            let request = ListOfferedTools {
                toolset: self.toolset.clone(),
                kind: Some(kind),
                limit: PageLimit::new(PageLimit::MAX).ok(),
                cursor,
            };
            let page = self.spine.run(self.fresh_context(), request).await?;
            for item in &page.items {
                item.definition.as_str().hash(hasher);
            }
            match page.next_cursor {
                Some(next) => {
                    let next = Cursor::new(&next).map_err(|expected| Error::invalid("cursor", expected))?;
                    cursor = Some(next);
                }
                None => return Ok(()),
            }
        }
    }

    fn fresh_context(&self) -> CallContext {
        CallContext::new(self.principal.clone(), self.request.clone())
    }
}
