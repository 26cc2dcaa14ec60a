//! Lists of tools that grow old: read anew by the call that needs them, and too old at last.

use std::time::Duration;

use portcullis_schemas::codes;
use portcullis_schemas::integrations::mcp::operations::{
    ApproveMcpTool, GetMcpServer, GetMcpTool, UpdateMcpServer,
};
use portcullis_schemas::integrations::mcp::server::McpServerStatus;
use portcullis_schemas::integrations::mcp::tool::{ItemKind, McpTool};
use portcullis_schemas::integrations::mcp::wire::{ListedTool, McpCatalogue, McpFailure};
use portcullis_schemas::integrations::toolsets::ToolsetName;
use portcullis_schemas::integrations::toolsets::operations::{CreateToolset, ListOfferedTools};
use portcullis_schemas::principal::Scope;
use portcullis_testkit::fakes::ExchangeKind;
use serde_json::json;

use crate::house::{House, call_of, catalogue, definition, reply};

/// Longer than a list is taken as it is.
const DUE: Duration = Duration::from_secs(16 * 60);
/// Longer than it is in force.
const DAY: Duration = Duration::from_secs(25 * 60 * 60);

fn calls(house: &House) -> usize {
    count(house, ExchangeKind::CallTool)
}

fn readings(house: &House) -> usize {
    count(house, ExchangeKind::Discover)
}

fn count(house: &House, kind: ExchangeKind) -> usize {
    house.client.exchanges().iter().filter(|exchange| exchange.kind == kind).count()
}

fn failure() -> McpFailure {
    McpFailure::new(codes::UPSTREAM_UNREACHABLE, "as scripted", false)
}

#[tokio::test]
async fn a_changed_definition_is_found_by_the_call_that_would_have_been_made_under_it() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    house.clock.advance(DUE);
    house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it!")])));
    let refused = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!((refused.code(), calls(&house)), (codes::TOOL_QUARANTINED, 0));
}

#[tokio::test]
async fn a_list_is_read_anew_when_it_is_due_and_once() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    house.client.always_call(reply());
    for (wait, expected) in [(Duration::ZERO, 1), (DUE, 2), (Duration::from_secs(1), 2)] {
        house.clock.advance(wait);
        if expected == 2 {
            house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it")])));
        }
        house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap();
        assert_eq!(readings(&house), expected);
    }
}

#[tokio::test]
async fn the_last_list_stays_in_force_until_it_is_too_old() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    house.client.always_call(reply());
    house.clock.advance(DUE);
    house.client.answer_discover(Err(failure()));
    house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap();
    let server = house.admin::<GetMcpServer>(json!({ "server_id": tool.server_id })).await.unwrap();
    assert_eq!(server.status, McpServerStatus::Degraded);
    house.clock.advance(DAY);
    house.client.answer_discover(Err(failure()));
    let refused = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!((refused.code(), calls(&house)), (codes::LIST_STALE, 1));
    house.clock.advance(DUE);
    house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it")])));
    house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap();
}

#[tokio::test]
async fn what_is_refused_anyway_asks_for_no_list() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    house.clock.advance(DUE);
    let arguments = json!({ "undeclared": true });
    let refused = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, arguments)).await.unwrap_err();
    assert_eq!((refused.code(), readings(&house)), (codes::ARGUMENTS_INVALID, 1));
}

#[tokio::test]
async fn who_looks_at_a_toolset_has_lists_read_anew_that_have_grown_old() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    let toolset = json!({
        "name": "all", "keys": [house.caller(Scope::Invoke).principal.key()],
        "tools": [{ "server_id": tool.server_id, "tool_id": tool.tool_id, "name": "get_it" }],
    });
    house.admin::<CreateToolset>(toolset).await.unwrap();
    let listed = async || {
        let request = ListOfferedTools {
            toolset: ToolsetName::new("all").unwrap(),
            kind: None,
            limit: None,
            cursor: None,
        };
        let page = house.spine.run(house.caller(Scope::Invoke), request).await.unwrap();
        page.items.iter().map(|tool| tool.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!((listed().await, readings(&house)), (vec!["get_it".to_owned()], 1));
    // After a quiet day it is still there for who looks.
    house.clock.advance(DAY);
    house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it")])));
    assert_eq!((listed().await, readings(&house)), (vec!["get_it".to_owned()], 2));
    assert_eq!((listed().await, readings(&house)), (vec!["get_it".to_owned()], 2));
    house.clock.advance(DAY);
    house.client.answer_discover(Err(failure()));
    assert_eq!((listed().await, readings(&house)), (Vec::new(), 3), "what cannot be read is out of force");
    assert_eq!((listed().await, readings(&house)), (Vec::new(), 3), "and is not asked for all the time");
    house.clock.advance(DUE);
    house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it!")])));
    assert_eq!((listed().await, readings(&house)), (Vec::new(), 4), "what has changed is quarantined");
}

#[tokio::test]
async fn a_server_that_refuses_the_headers_of_a_call_has_its_list_read_anew() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    for _ in 0..2 {
        house.client.answer_call(Err(McpFailure::new(codes::HEADERS_REFUSED, "as scripted", false)));
    }
    house.client.answer_discover(Ok(catalogue(&[definition("get_it", "wants a region by header")])));
    let call = || house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({})));
    assert_eq!(call().await.unwrap_err().code(), codes::HEADERS_REFUSED);
    assert_eq!(readings(&house), 2, "the list of the approval, and this one");
    let refused = call().await.unwrap_err();
    assert_eq!((refused.code(), calls(&house)), (codes::TOOL_QUARANTINED, 1));
}

#[tokio::test]
async fn a_server_does_not_set_the_pace_at_which_its_list_is_read() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it")])));
    for _ in 0..3 {
        house.client.answer_call(Err(McpFailure::new(codes::HEADERS_REFUSED, "as scripted", false)));
        let call = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({})));
        assert_eq!(call.await.unwrap_err().code(), codes::HEADERS_REFUSED);
    }
    assert_eq!(readings(&house), 2);
}

/// The tool of a server whose definitions are checked at each call.
async fn checked_tool(house: &House) -> McpTool {
    let tool = house.approved_tool("get_it").await;
    let checked = json!({ "server_id": tool.server_id, "definition_check": "each_call" });
    house.admin::<UpdateMcpServer>(checked).await.unwrap();
    house.client.always_call(reply());
    tool
}

#[tokio::test]
async fn a_definition_that_is_checked_at_each_call_is_found_changed_by_the_next_one() {
    let house = House::open().await;
    let tool = checked_tool(&house).await;
    let call = || house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({})));
    for readings_so_far in [2, 3] {
        house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it")])));
        call().await.unwrap();
        assert_eq!(readings(&house), readings_so_far);
        house.clock.advance(Duration::from_millis(1));
    }
    house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it!")])));
    assert_eq!((call().await.unwrap_err().code(), calls(&house)), (codes::TOOL_QUARANTINED, 2));
    // Refusals send nothing, no question either.
    assert_eq!((call().await.unwrap_err().code(), readings(&house)), (codes::TOOL_QUARANTINED, 4));
}

#[tokio::test]
async fn where_each_call_is_checked_an_unread_list_refuses_it_and_no_later_one() {
    let house = House::open().await;
    let tool = checked_tool(&house).await;
    let call = || house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({})));
    house.client.answer_discover(Err(failure()));
    let refused = call().await.unwrap_err();
    assert_eq!((refused.code(), calls(&house)), (codes::LIST_STALE, 0));
    assert!(refused.public().contains("for this call"), "{refused}");
    house.clock.advance(Duration::from_millis(1));
    house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it")])));
    call().await.unwrap();
}

#[tokio::test]
async fn calls_that_come_at_once_share_a_reading_also_one_that_fails() {
    let house = House::open().await;
    let tool = checked_tool(&house).await;
    let call = || house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({})));
    house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it")])));
    let (first, second, third) = tokio::join!(call(), call(), call());
    assert!([first, second, third].iter().all(Result::is_ok));
    assert_eq!((readings(&house), calls(&house)), (2, 3));
    house.clock.advance(Duration::from_millis(1));
    house.client.answer_discover(Err(failure()));
    let (first, second) = tokio::join!(call(), call());
    for refused in [first, second] {
        assert_eq!(refused.unwrap_err().code(), codes::LIST_STALE);
    }
    assert_eq!((readings(&house), calls(&house)), (3, 3));
}

#[tokio::test]
async fn who_comes_during_a_reading_has_one_of_their_own() {
    let house = House::open().await;
    let tool = checked_tool(&house).await;
    let call = || house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({})));
    let switch = house.client.hold_discover(Ok(catalogue(&[definition("get_it", "does it")])));
    let later = async {
        while readings(&house) < 2 {
            tokio::task::yield_now().await;
        }
        house.clock.advance(Duration::from_millis(1));
        house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it!")])));
        let release = async {
            tokio::task::yield_now().await;
            switch.notify_one();
        };
        tokio::join!(call(), release).0
    };
    let (first, second) = tokio::join!(call(), later);
    first.unwrap();
    assert_eq!((second.unwrap_err().code(), readings(&house)), (codes::TOOL_QUARANTINED, 3));
}

#[tokio::test]
async fn a_reading_that_its_caller_gave_up_refuses_nobody_else() {
    let house = House::open().await;
    let tool = checked_tool(&house).await;
    let call = || house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({})));
    let server = async || house.admin::<GetMcpServer>(json!({ "server_id": tool.server_id })).await.unwrap();
    let given_up = || house.client.answer_discover(Err(McpFailure::new(codes::CANCELLED, "scripted", false)));
    let before = server().await;
    given_up();
    assert_eq!(call().await.unwrap_err().code(), codes::LIST_STALE);
    assert_eq!(server().await, before, "and says nothing of the server");
    given_up();
    house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it")])));
    let (first, second) = tokio::join!(call(), call());
    assert_eq!(first.unwrap_err().code(), codes::LIST_STALE);
    second.unwrap();
}

#[tokio::test]
async fn who_has_something_to_do_first_is_told_that_and_not_of_the_list() {
    let house = House::open().await;
    let tool = checked_tool(&house).await;
    house.client.answer_discover(Err(McpFailure::new(codes::SCOPE_REQUIRED, "scripted", false)));
    let refused = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!((refused.code(), calls(&house)), (codes::SCOPE_REQUIRED, 0));
}

#[tokio::test]
async fn a_reading_that_failed_does_not_serve_a_server_that_is_to_be_checked_meanwhile() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    house.client.always_call(reply());
    house.clock.advance(DUE);
    let switch = house.client.hold_discover(Err(failure()));
    let meanwhile = async {
        while readings(&house) < 2 {
            tokio::task::yield_now().await;
        }
        let checked = json!({ "server_id": tool.server_id, "definition_check": "each_call" });
        house.admin::<UpdateMcpServer>(checked).await.unwrap();
        switch.notify_one();
    };
    let call = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({})));
    let (refused, ()) = tokio::join!(call, meanwhile);
    assert_eq!((refused.unwrap_err().code(), calls(&house)), (codes::LIST_STALE, 0));
}

#[tokio::test]
async fn what_was_remembered_lets_no_call_through_unread() {
    let house = House::open().await;
    let tool = house.approved_tool("get_it").await;
    house.client.always_call(reply());
    let call = || house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({})));
    let lists = |words| house.client.answer_discover(Ok(catalogue(&[definition("get_it", words)])));
    // Remembered as one that is read when it is due.
    call().await.unwrap();
    let checked = json!({ "server_id": tool.server_id, "definition_check": "each_call" });
    house.admin::<UpdateMcpServer>(checked).await.unwrap();
    lists("does it!");
    assert_eq!((call().await.unwrap_err().code(), calls(&house)), (codes::TOOL_QUARANTINED, 1));
    // Remembered as one that is refused.
    assert_eq!((call().await.unwrap_err().code(), readings(&house)), (codes::TOOL_QUARANTINED, 2));
    let ids = json!({ "server_id": tool.server_id, "tool_id": tool.tool_id });
    let live = house.admin::<GetMcpTool>(ids.clone()).await.unwrap().definition_hash;
    let mut approval = ids;
    approval["definition_hash"] = json!(live);
    house.admin::<ApproveMcpTool>(approval).await.unwrap();
    house.clock.advance(Duration::from_millis(1));
    lists("does it!!");
    assert_eq!((call().await.unwrap_err().code(), calls(&house)), (codes::TOOL_QUARANTINED, 1));
}

#[tokio::test]
async fn a_list_that_the_server_has_and_does_not_give_is_not_read() {
    let house = House::open().await;
    let tool = checked_tool(&house).await;
    let problem = "as scripted".to_owned();
    let kept = ListedTool::Unlisted { kind: ItemKind::Tool, problem };
    house.client.answer_discover(Ok(McpCatalogue { tools: vec![kept], ..catalogue(&[]) }));
    let refused = house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap_err();
    assert_eq!((refused.code(), calls(&house)), (codes::LIST_STALE, 0));
    // Others than the tool's own are no matter.
    house.clock.advance(Duration::from_millis(1));
    let kept = ListedTool::Unlisted { kind: ItemKind::Prompt, problem: "as scripted".to_owned() };
    let mut listed = catalogue(&[definition("get_it", "does it")]);
    listed.tools.push(kept);
    house.client.answer_discover(Ok(listed));
    house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({}))).await.unwrap();
}

#[tokio::test]
async fn a_list_without_news_is_noted_once_a_minute() {
    let house = House::open().await;
    let tool = checked_tool(&house).await;
    let call = || house.spine.run(house.caller(Scope::Invoke), call_of(&tool, json!({})));
    let version =
        async || house.admin::<GetMcpServer>(json!({ "server_id": tool.server_id })).await.unwrap().version;
    let before = version().await;
    for (wait, noted) in [(1, 0), (1, 0), (60, 1), (1, 1)] {
        house.clock.advance(Duration::from_secs(wait));
        house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it")])));
        call().await.unwrap();
        assert_eq!(version().await - before, noted, "after {wait} s more");
    }
    assert_eq!(readings(&house), 5);
    // What is new is noted whenever it is found.
    house.client.answer_discover(Ok(catalogue(&[definition("get_it", "does it"), definition("more", "")])));
    house.clock.advance(Duration::from_secs(1));
    call().await.unwrap();
    assert_eq!(version().await - before, 2);
}
