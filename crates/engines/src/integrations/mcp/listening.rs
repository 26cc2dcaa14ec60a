//! Which servers are listened to for changes of their lists, and of which.

use portcullis_schemas::integrations::mcp::server::McpServer;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use serde_json::{Map, Value};

use super::lifecycle::takes_calls;
use crate::upstream_tokens::is_by_caller;

/// What a server says of a list whose changes it tells of (specification, capabilities).
const FLAG: &str = "listChanged";
/// Capabilities with that flag, and the lists that they stand for.
const LISTS: [(&str, ItemKind); 3] =
    [("tools", ItemKind::Tool), ("prompts", ItemKind::Prompt), ("resources", ItemKind::Resource)];

/// The names of the flags that these declared capabilities have.
pub(super) fn flags(capabilities: &Map<String, Value>) -> impl Iterator<Item = String> {
    let is_set = |name: &str| capabilities.get(name).is_some_and(|one| one[FLAG] == true);
    LISTS.into_iter().filter(move |(name, _)| is_set(name)).map(|(name, _)| flag(name))
}

/// The lists of which a server is to be heard; none of one that takes no calls. Where callers act with accounts of their own
/// nobody listens: whoever did would hear of lists that others are not shown.
#[must_use]
pub fn heard_lists(server: &McpServer) -> Vec<ItemKind> {
    // Looked at for each call.
    if server.capabilities.iter().all(|name| !name.ends_with(FLAG)) {
        return Vec::new();
    }
    if !takes_calls(server.status) || is_by_caller(server) {
        return Vec::new();
    }
    let is_told = |name: &str| server.capabilities.contains(&flag(name));
    LISTS.into_iter().filter(|(name, _)| is_told(name)).map(|(_, kind)| kind).collect()
}

/// Whether a server that is listened to still is whom it is listened to as.
#[must_use]
pub fn is_unmoved(before: &McpServer, now: &McpServer) -> bool {
    takes_calls(now.status)
        && before.url == now.url
        && before.auth_type == now.auth_type
        && before.auth_header == now.auth_header
        && before.credential_ref == now.credential_ref
        && before.oauth == now.oauth
        && before.protocol == now.protocol
}

fn flag(capability: &str) -> String {
    format!("{capability}.{FLAG}")
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::integrations::mcp::server::McpServerStatus;
    use serde_json::json;

    use super::*;
    use crate::integrations::mcp::samples;

    #[test]
    fn flags_of_lists_are_kept_and_nothing_else_is() {
        let flags_of = |value: Value| flags(value.as_object().unwrap()).collect::<Vec<_>>();
        assert_eq!(
            flags_of(json!({ "tools": { "listChanged": true }, "resources": { "listChanged": true } })),
            ["tools.listChanged", "resources.listChanged"]
        );
        for none in [
            json!({}),
            json!({ "tools": {} }),
            json!({ "tools": { "listChanged": false } }),
            json!({ "tools": { "listChanged": "true" } }),
            json!({ "tools": true }),
            json!({ "roots": { "listChanged": true } }),
        ] {
            assert!(flags_of(none.clone()).is_empty(), "{none}");
        }
    }

    #[test]
    fn servers_that_tell_are_heard_while_they_take_calls() {
        let told = |names: &[&str], status| McpServer {
            capabilities: names.iter().map(|name| (*name).to_owned()).collect(),
            status,
            ..samples::World::new().server
        };
        let names = ["prompts", "prompts.listChanged", "tools", "tools.listChanged"];
        let both = [ItemKind::Tool, ItemKind::Prompt];
        for (status, expected) in [
            (McpServerStatus::Active, &both[..]),
            (McpServerStatus::Degraded, &both[..]),
            (McpServerStatus::Disabled, &[]),
            (McpServerStatus::Deleted, &[]),
        ] {
            assert_eq!(heard_lists(&told(&names, status)), expected, "{status:?}");
        }
        assert!(heard_lists(&told(&["tools"], McpServerStatus::Active)).is_empty());
    }
}
