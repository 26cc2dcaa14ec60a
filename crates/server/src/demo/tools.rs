//! The tools of the bundled servers. They hold their data themselves and touch nothing outside.

use serde_json::{Value, json};

/// A tool and what it does.
#[derive(Clone, Debug)]
pub struct DemoTool {
    /// Name.
    pub name: &'static str,
    /// Description, as an agent would read it.
    pub description: String,
    argument: &'static str,
    read_only: bool,
    run: fn(&str) -> String,
}

impl DemoTool {
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

/// The tools of the weather server.
pub fn weather() -> Vec<DemoTool> {
    vec![
        DemoTool {
            name: "get_forecast",
            description: "Tomorrow's weather in a city.".to_owned(),
            argument: "city",
            read_only: true,
            run: |city| format!("{city}: light rain, 11 degrees, wind from the west"),
        },
        DemoTool {
            name: "delete_station",
            description: "Deletes a weather station and all of its readings.".to_owned(),
            argument: "station",
            read_only: false,
            run: |station| format!("station {station} is gone"),
        },
    ]
}

/// The tools of the notes server.
pub fn notes() -> Vec<DemoTool> {
    vec![DemoTool {
        name: "search_notes",
        description: "Finds notes that hold a word.".to_owned(),
        argument: "word",
        read_only: true,
        run: |word| format!("1 note holds `{word}`: Ship the release on Thursday"),
    }]
}
