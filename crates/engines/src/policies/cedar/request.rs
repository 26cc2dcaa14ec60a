//! From our question to Cedar's: request, context and entities, typed by us and checked against the schema.

use std::sync::Arc;

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression as Value,
};
use portcullis_schemas::PortError;
use portcullis_schemas::codes;
use portcullis_schemas::error::{PortErrorKind, Source};
use portcullis_schemas::integrations::flows::{DataFlows, FlowLevel};
use portcullis_schemas::integrations::mcp::tool::RiskLevel;
use portcullis_schemas::policies::ToolPolicyRequest;

use super::kept::KeptEntities;
use super::schema::Vocabulary;

/// The request, and the entities it speaks of.
///
/// # Errors
/// `Invalid` when they do not fit the schema, which would be a defect of ours; the caller denies.
pub(super) fn build(
    vocabulary: &Vocabulary,
    kept: &KeptEntities,
    question: &ToolPolicyRequest,
) -> Result<(Request, Arc<Entities>), PortError> {
    let actor = uid(&vocabulary.actor, &question.key_id);
    let tool = uid(&vocabulary.tool, &question.tool_id);
    let entities = kept.of(question, || entities(vocabulary, question, &actor, &tool))?;
    let context = Context::from_pairs(context(question)?).map_err(unfit)?;
    let action = vocabulary.action_on(question.kind).clone();
    let request = Request::new(actor, action, tool, context, Some(&vocabulary.schema));
    Ok((request.map_err(unfit)?, entities))
}

/// The rank that policies compare: 0 low to 3 critical. A level that this build does not know ranks as critical.
fn rank(risk: RiskLevel) -> i64 {
    match risk {
        RiskLevel::Low => 0,
        RiskLevel::Medium => 1,
        RiskLevel::High => 2,
        _ => 3,
    }
}

/// The level that policies compare. One that this build does not know counts as yes.
fn level(level: FlowLevel) -> Value {
    Value::new_long(match level {
        FlowLevel::None => 0,
        FlowLevel::Maybe => 1,
        _ => 2,
    })
}

fn flows(flows: DataFlows) -> Result<Value, PortError> {
    let members = [
        ("private_reads", flows.private_reads),
        ("untrusted_reads", flows.untrusted_reads),
        ("egress", flows.egress),
    ];
    Value::new_record(members.map(|(name, value)| (name.to_owned(), level(value)))).map_err(unfit)
}

fn context(question: &ToolPolicyRequest) -> Result<Vec<(String, Value)>, PortError> {
    let mut pairs = vec![
        ("risk".to_owned(), Value::new_long(rank(question.risk))),
        ("flows".to_owned(), flows(question.flows)?),
    ];
    for (name, text) in [("run_id", &question.run_id), ("toolset", &question.toolset)] {
        pairs.extend(text.clone().map(|text| (name.to_owned(), Value::new_string(text))));
    }
    Ok(pairs)
}

fn entities(
    vocabulary: &Vocabulary,
    question: &ToolPolicyRequest,
    actor: &EntityUid,
    tool: &EntityUid,
) -> Result<Entities, PortError> {
    let server = uid(&vocabulary.server, &question.server_id);
    let tags = question.server_tags.iter().map(|tag| Value::new_string(tag.clone()));
    let actor_attributes = [
        ("name", Value::new_string(question.actor.clone())),
        ("kind", Value::new_string(question.actor_type.as_str().to_owned())),
    ];
    let server_attributes =
        [("name", Value::new_string(question.server_name.clone())), ("tags", Value::new_set(tags))];
    let tool_attributes = [
        ("kind", Value::new_string(question.kind.as_str().to_owned())),
        ("name", Value::new_string(question.tool_name.clone())),
        ("risk", Value::new_long(rank(question.risk))),
        ("risk_level", Value::new_string(question.risk.as_str().to_owned())),
        ("read_only", Value::new_bool(question.read_only)),
    ];
    let entities = [
        entity(actor.clone(), actor_attributes, None)?,
        entity(server.clone(), server_attributes, None)?,
        entity(tool.clone(), tool_attributes, Some(server))?,
    ];
    Entities::from_entities(entities, Some(&vocabulary.schema)).map_err(unfit)
}

fn entity<const N: usize>(
    uid: EntityUid,
    attributes: [(&str, Value); N],
    parent: Option<EntityUid>,
) -> Result<Entity, PortError> {
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Entity::new(uid, attributes, parent.into_iter().collect()).map_err(unfit)
}

fn uid(entity_type: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(entity_type.clone(), EntityId::new(id))
}

fn unfit(error: impl Into<Source>) -> PortError {
    PortError::new(PortErrorKind::Invalid, codes::INTERNAL, "the request does not fit the policy schema")
        .with_source(error)
}
