//! The resources, and contents that tools and prompts show as well.

use rmcp::ErrorData;
use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::json;

/// The beginning of a picture, in base64: nobody looks at it.
pub(crate) const PIXEL: &str = "iVBORw0KGgoAAAAAAAAAAAAAAAAAAAAA";
/// The beginning of a sound, in base64.
pub(crate) const SOUND: &str = "UklGRiQAAABXQVZFAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

const TEXT: &str = "test://static-text";
const BINARY: &str = "test://static-binary";

pub(crate) fn all() -> Vec<Resource> {
    vec![
        Resource::new(TEXT, "static_text").with_description("A text.").with_mime_type("text/plain"),
        Resource::new(BINARY, "static_binary").with_description("An image.").with_mime_type("image/png"),
    ]
}

pub(crate) fn templates() -> Vec<ResourceTemplate> {
    let template = ResourceTemplate::new("test://template/{id}/data", "template");
    vec![template.with_description("What the id stands for.").with_mime_type("application/json")]
}

pub(crate) fn read(uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let of_template = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
    let contents = match (uri, of_template) {
        (TEXT, _) => ResourceContents::text("This is the content of the static text resource.", uri),
        (BINARY, _) => ResourceContents::blob(PIXEL, uri).with_mime_type("image/png"),
        (_, Some(id)) => {
            let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
            ResourceContents::text(data.to_string(), uri).with_mime_type("application/json")
        }
        _ => return Err(ErrorData::resource_not_found("no such resource", Some(json!({ "uri": uri })))),
    };
    Ok(ReadResourceResult::new(vec![contents]))
}
