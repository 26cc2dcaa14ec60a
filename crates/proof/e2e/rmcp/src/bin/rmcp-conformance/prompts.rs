//! The prompts that answer at once, and all as they are listed.

use rmcp::ErrorData;
use rmcp::model::{ContentBlock, GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role};

use crate::argument;
use crate::resources::PIXEL;

pub(crate) fn all() -> Vec<Prompt> {
    let listed = |name: &str, description: &str, arguments: &[&str]| {
        let arguments = arguments.iter().map(|name| PromptArgument::new(*name).with_required(true));
        Prompt::new(name, Some(description), Some(arguments.collect()))
    };
    vec![
        listed("test_simple_prompt", "A text.", &[]),
        listed("test_prompt_with_arguments", "A text made of arguments.", &["arg1", "arg2"]),
        listed("test_prompt_with_embedded_resource", "A resource and a text.", &["resourceUri"]),
        listed("test_prompt_with_image", "An image and a text.", &[]),
        listed("test_input_required_result_prompt", "Asks what it is about.", &[]),
    ]
}

pub(crate) fn get(name: &str, arguments: &JsonObject) -> Result<GetPromptResult, ErrorData> {
    let content = match name {
        "test_simple_prompt" => vec![ContentBlock::text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => {
            let (first, second) = (argument(arguments, "arg1")?, argument(arguments, "arg2")?);
            vec![ContentBlock::text(format!("Prompt with arguments: arg1='{first}', arg2='{second}'"))]
        }
        "test_prompt_with_embedded_resource" => {
            let uri = argument(arguments, "resourceUri")?;
            vec![
                ContentBlock::embedded_text(uri, "Embedded resource content for testing."),
                ContentBlock::text("Please process the embedded resource above."),
            ]
        }
        "test_prompt_with_image" => vec![
            ContentBlock::image(PIXEL, "image/png"),
            ContentBlock::text("Please analyze the image above."),
        ],
        _ => return Err(ErrorData::invalid_params(format!("no prompt `{name}`"), None)),
    };
    Ok(of(content))
}

pub(crate) fn of_text(text: String) -> GetPromptResult {
    of(vec![ContentBlock::text(text)])
}

fn of(content: Vec<ContentBlock>) -> GetPromptResult {
    let messages = content.into_iter().map(|block| PromptMessage::new(Role::User, block));
    GetPromptResult::new(messages.collect())
}
