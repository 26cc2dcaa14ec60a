//! Which entry of a toolset an agent means.

use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::toolsets::{Toolset, ToolsetTool};

use portcullis_mcp::uri_template::UriTemplate;

/// The entry of this kind and name.
#[must_use]
pub fn by_name<'t>(toolset: &'t Toolset, kind: ItemKind, name: &str) -> Option<&'t ToolsetTool> {
    toolset.tools.iter().find(|entry| entry.kind == kind && entry.name.as_str() == name)
}

/// The entry that a URI is read by: the resource that has it, else the first template, in the order of the toolset, whose
/// form it has.
#[must_use]
pub fn for_uri<'t>(toolset: &'t Toolset, uri: &str) -> Option<&'t ToolsetTool> {
    let stands_for = |entry: &&ToolsetTool| {
        entry.kind == ItemKind::ResourceTemplate
            && UriTemplate::parse(entry.name.as_str()).is_ok_and(|template| template.matches(uri))
    };
    by_name(toolset, ItemKind::Resource, uri).or_else(|| toolset.tools.iter().find(stands_for))
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::integrations::mcp::tool::McpTool;
    use portcullis_testkit::fixtures;
    use portcullis_testkit::ids::SequentialIds;

    use super::*;

    #[test]
    fn a_resource_goes_before_templates_and_names_are_of_a_kind() {
        let ids = SequentialIds::new();
        let tenant = fixtures::tenant(1);
        let server = fixtures::server(&ids, &tenant, "files", 0);
        let entry = |kind, name: &str| {
            let tool = McpTool { kind, ..fixtures::tool(&ids, &server, name) };
            fixtures::toolset_tool(&tool, name)
        };
        let toolset = Toolset {
            tools: vec![
                entry(ItemKind::ResourceTemplate, "test://a/{id}"),
                entry(ItemKind::Resource, "test://a/1"),
                entry(ItemKind::Prompt, "greet"),
            ],
            ..fixtures::toolset(&ids, &tenant, "files", 0)
        };
        let kind_for = |uri| for_uri(&toolset, uri).map(|entry| entry.kind);
        assert_eq!(kind_for("test://a/1"), Some(ItemKind::Resource));
        assert_eq!(kind_for("test://a/2"), Some(ItemKind::ResourceTemplate));
        assert_eq!(kind_for("test://b/2"), None);
        assert_eq!(kind_for("greet"), None);
        assert!(by_name(&toolset, ItemKind::Prompt, "greet").is_some());
        assert!(by_name(&toolset, ItemKind::Tool, "greet").is_none());
    }
}
