//! One log line per failure, with the inside of it and nothing that the caller sent.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use portcullis_spine::Ports;
use portcullis_testkit::fakes::FixedToolPolicy;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::{World, request};

/// Keeps the lines of the API.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("portcullis_api")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{} ", event.metadata().level()));
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_failure_is_logged_once_and_without_what_was_sent() {
    let world = World::rewired(|ports| Ports { policy: Arc::new(FixedToolPolicy::failing()), ..ports }).await;
    let body = r#"{"name":"c","credential_type":"hunter2","secret":"hunter2"}"#;
    let asked = async || {
        let sent = |path| request(&world.key, "POST", path, Some(body));
        [
            world.send(sent("/integrations/credentials")).await,
            world.send(sent("/integrations/credentials?hunter2")).await,
            world.call("hunter2", "GET", "/policies", None).await,
            world.get("/policies").await,
        ]
    };
    // A place that logs for the first time, on two threads at once, may take it that nobody listens.
    drop(asked().await);
    let lines = Lines::default();
    let guard = tracing::subscriber::set_default(lines.clone());
    let answers = asked().await;
    drop(guard);
    let lines = lines.0.lock().unwrap();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(lines[0].contains("operation=\"integrations.credentials.store_credential\""), "{}", lines[0]);
    assert!(lines[2].starts_with("INFO") && lines[2].contains("internal=\"malformed key\""), "{}", lines[2]);
    for (line, answer) in lines.iter().zip(&answers) {
        assert!(line.contains(answer.header("x-request-id").unwrap()), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
}
