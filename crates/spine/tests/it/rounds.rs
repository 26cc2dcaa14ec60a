//! Calls that go on after their server has asked: at whichever replica, and with a state that is good once.

use std::time::Duration;

use portcullis_engines::api_keys::key_text::KeyEnvironment;
use portcullis_engines::integrations::mcp::rounds::LIFETIME;
use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::input::{AgentAnswers, AgentInput, InputKind};
use portcullis_schemas::integrations::mcp::operations::UpdateMcpServer;
use portcullis_schemas::integrations::mcp::tool::McpTool;
use portcullis_schemas::json::RawJson;
use portcullis_schemas::principal::Scope;
use portcullis_schemas::{Error, ErrorKind};
use portcullis_spine::{Spine, SpineOptions};
use serde_json::{Value, json};

use crate::house::{House, call_of, reply};
use crate::recovery::pass;

const ASKS: &str = r#"{"resultType":"input_required","inputRequests":{"name":{"method":"elicitation/create","params":{"message":"Who?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}}}}"#;

/// A house whose server may ask.
struct Asking {
    house: House,
    tool: McpTool,
}

impl Asking {
    async fn open(house: House) -> Self {
        let tool = house.approved_tool("get_it").await;
        let body = json!({ "server_id": tool.server_id, "agent_input": ["elicitation"] });
        house.admin::<UpdateMcpServer>(body).await.unwrap();
        Self { house, tool }
    }

    /// What the agent gets of a call at this replica.
    async fn call(&self, spine: &Spine, continues: Option<AgentAnswers>) -> Result<Value, Error> {
        let mut ctx = self.house.caller(Scope::Invoke);
        ctx.input = AgentInput { accepts: vec![InputKind::Elicitation], continues };
        let result = spine.run(ctx, call_of(&self.tool, json!({}))).await?;
        Ok(serde_json::from_str(result.result.as_str()).unwrap())
    }

    /// The state that is given out with a question.
    async fn asked(&self) -> String {
        let mut asking = reply();
        asking.result = RawJson::from_text(ASKS.to_owned()).unwrap();
        self.house.client.answer_call(Ok(asking));
        let asked = self.call(&self.house.spine, None).await.unwrap();
        asked["requestState"].as_str().unwrap().to_owned()
    }
}

fn answers(state: &str, name: &str) -> Option<AgentAnswers> {
    let responses = json!({ "name": { "action": "accept", "content": { "name": name } } });
    let responses = RawJson::from_text(responses.to_string()).ok();
    Some(AgentAnswers { state: state.to_owned(), responses })
}

#[tokio::test]
async fn any_replica_serves_any_round() {
    let site = Asking::open(House::open().await).await;
    let options = SpineOptions::new(KeyEnvironment::new("test").unwrap());
    let other = Spine::new(site.house.spine.ports().clone(), options).unwrap();
    let state = site.asked().await;
    site.house.client.answer_call(Ok(reply()));
    let done = site.call(&other, answers(&state, "Zoe")).await.unwrap();
    assert!(done["content"].is_array(), "{done}");
    let sent = site.house.client.exchanges().len();
    let repeated = site.call(&site.house.spine, answers(&state, "Zoe")).await.unwrap();
    assert_eq!(repeated, done, "and each knows what the other has done");
    let error = site.call(&site.house.spine, answers(&state, "Eve")).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, codes::REQUEST_STATE_REFUSED));
    assert_eq!(site.house.client.exchanges().len(), sent);
}

/// An operator may forget idempotency keys sooner than states lose their worth.
#[tokio::test(start_paused = true)]
async fn a_used_state_is_remembered_for_as_long_as_it_is_good() {
    let hasty = House::limited(|options| options.keep_keys = Duration::from_secs(1)).await;
    let site = Asking::open(hasty).await;
    let state = site.asked().await;
    site.house.client.answer_call(Ok(reply()));
    site.call(&site.house.spine, answers(&state, "Zoe")).await.unwrap();
    let _background = site.house.spine.start_background().await.unwrap();
    pass(&site.house, LIFETIME - Duration::from_secs(30)).await;
    let sent = site.house.client.exchanges().len();
    let error = site.call(&site.house.spine, answers(&state, "Eve")).await.unwrap_err();
    assert_eq!(error.code(), codes::REQUEST_STATE_REFUSED);
    assert!(error.public().contains("used already"), "{}", error.public());
    assert_eq!(site.house.client.exchanges().len(), sent, "its server acts once on one answer");
}
