//! The tools of the bundled servers. They hold their data themselves and touch nothing outside.

use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

/// A tool and what it does.
#[derive(Clone)]
pub struct DemoTool {
    /// Name.
    pub name: &'static str,
    /// Description, as an agent would read it.
    pub description: String,
    argument: &'static str,
    read_only: bool,
    run: Arc<dyn Fn(&str) -> String + Send + Sync>,
}

impl DemoTool {
    /// A tool that reads only, whose one argument is a text of at most 64 characters. Calls may run at the same time.
    pub fn reading(
        name: &'static str,
        description: &str,
        argument: &'static str,
        run: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Self {
        let description = description.to_owned();
        Self { name, description, argument, read_only: true, run: Arc::new(run) }
    }

    /// As [`DemoTool::reading`], but it says of itself that it destroys.
    fn destroying(self) -> Self {
        Self { read_only: false, ..self }
    }

    /// Its definition, as `tools/list` shows it.
    pub fn definition(&self) -> Value {
        json!({
            "name": self.name,
            "description": self.description,
            "inputSchema": {
                "type": "object",
                "properties": { self.argument: { "type": "string", "maxLength": 64 } },
                "required": [self.argument],
                "additionalProperties": false,
            },
            "annotations": { "readOnlyHint": self.read_only, "destructiveHint": !self.read_only },
        })
    }

    /// Runs it.
    pub fn run(&self, arguments: &Value) -> String {
        (self.run)(arguments.get(self.argument).and_then(Value::as_str).unwrap_or_default())
    }
}

impl fmt::Debug for DemoTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DemoTool").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The tools of the weather server.
pub fn weather() -> Vec<DemoTool> {
    vec![
        DemoTool::reading("get_forecast", "Tomorrow's weather in a city.", "city", |city| {
            format!("{city}: light rain, 11 degrees, wind from the west")
        }),
        DemoTool::reading(
            "delete_station",
            "Deletes a weather station and all of its readings.",
            "station",
            |station| format!("station {station} is gone"),
        )
        .destroying(),
    ]
}

/// The tools of the notes server.
pub fn notes() -> Vec<DemoTool> {
    vec![DemoTool::reading("search_notes", "Finds notes that hold a word.", "word", |word| {
        format!("1 note holds `{word}`: Ship the release on Thursday")
    })]
}
