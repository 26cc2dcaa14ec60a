//! Prompts, resources and completion: what is asked of a toolset besides its tools.

use portcullis_mcp::ladder::AcceptedRequest;
use portcullis_mcp::messages::{CallParams, CompleteParams, Completing, ReadParams, ViewError};
use portcullis_schemas::Error;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::toolsets::operations::{
    CompleteOfferedArgument, GetOfferedPrompt, ReadOfferedResource, StartedArgument,
};
use portcullis_schemas::integrations::toolsets::{ExposedName, ExposedToolName};
use portcullis_schemas::text::RunId;
use portcullis_spine::Input;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::failures::{Absent, Refused, of_item};
use super::methods::invalid;
use super::run::run_of;
use super::{Agent, approval, results};

impl Agent {
    pub(super) async fn get_prompt(&self, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, Refused> {
        let params = CallParams::parse(accepted.request.params).map_err(unreadable)?;
        let absent = Absent::Prompt;
        let request = GetOfferedPrompt {
            toolset: self.toolset.clone(),
            prompt: ExposedToolName::new(&params.name).map_err(|_| absent.refused())?,
            arguments: members("params.arguments", params.arguments)?,
            run_id: run(accepted)?,
            step_index: None,
        };
        let context = self.context_of_call(accepted)?;
        match self.spine.run(context, request).await {
            Ok(answer) => Ok(results::labelled(accepted.era, answer)),
            Err(error) => self.failed_item(accepted, absent, error),
        }
    }

    pub(super) async fn read_resource(
        &self,
        accepted: &AcceptedRequest<'_>,
    ) -> Result<Box<RawValue>, Refused> {
        let params = ReadParams::parse(accepted.request.params).map_err(unreadable)?;
        let absent = Absent::Resource { uri: &params.uri };
        let request = ReadOfferedResource {
            toolset: self.toolset.clone(),
            uri: ExposedName::uri(&params.uri).map_err(|_| absent.refused())?,
            run_id: run(accepted)?,
            step_index: None,
        };
        let context = self.context_of_call(accepted)?;
        match self.spine.run(context, request).await {
            Ok(answer) => Ok(results::uncached(accepted.era, answer)),
            Err(error) => self.failed_item(accepted, absent, error),
        }
    }

    pub(super) async fn complete(&self, accepted: &AcceptedRequest<'_>) -> Result<Box<RawValue>, Refused> {
        let params = CompleteParams::parse(accepted.request.params).map_err(unreadable)?;
        let absent = Absent::Reference;
        let (kind, name) = match &params.of {
            Completing::Prompt(name) => (ItemKind::Prompt, name),
            Completing::Template(uri) => (ItemKind::ResourceTemplate, uri),
        };
        let request = CompleteOfferedArgument {
            toolset: self.toolset.clone(),
            kind,
            name: ExposedName::new(name).map_err(|_| absent.refused())?,
            argument: StartedArgument { name: params.name.into_owned(), value: params.value.into_owned() },
            arguments: members("params.context.arguments", params.arguments)?,
            run_id: run(accepted)?,
        };
        let context = self.keyed_context(accepted)?;
        match self.spine.run(context, request).await {
            Ok(answer) => Ok(results::labelled(accepted.era, answer)),
            Err(error) => self.failed_item(accepted, absent, error),
        }
    }

    fn failed_item(
        &self,
        accepted: &AcceptedRequest<'_>,
        absent: Absent<'_>,
        error: Error,
    ) -> Result<Box<RawValue>, Refused> {
        if approval::waits(&error) {
            return approval::item_waiting(accepted, self.base()?, &error);
        }
        Err(of_item(accepted.version, absent, error))
    }
}

/// Strict, as over REST: a number that another reader would read as another number is refused.
pub(super) fn members(field: &str, raw: Option<&RawValue>) -> Result<Map<String, Value>, Refused> {
    Input::members(raw.map_or("", RawValue::get).as_bytes())
        .map_err(|error| invalid(&format!("`{field}`: {}", error.public())))
}

fn run(accepted: &AcceptedRequest<'_>) -> Result<Option<RunId>, Refused> {
    run_of(accepted.request.params).map_err(|expected| invalid(&expected))
}

fn unreadable(error: ViewError) -> Refused {
    invalid(&error.to_string())
}
