//! The spans of a governed call: their names, their tree and their fields are a contract, and no value is in them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scene;

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use self::scene::Scene;

/// A span as it was when it ended.
#[derive(Clone, Debug)]
struct Seen {
    name: &'static str,
    parent: Option<u64>,
    fields: BTreeMap<&'static str, String>,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }
}

/// Keeps every span of ours, in the order in which they began.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<BTreeMap<u64, Seen>>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let parent = context.span(id).unwrap().parent().map(|parent| number(&parent.id(), &context));
        let mut seen = Seen { name: attributes.metadata().name(), parent, fields: BTreeMap::new() };
        attributes.record(&mut seen);
        let mut spans = self.0.lock().unwrap();
        let next = spans.len() as u64;
        spans.insert(next, seen);
        context.span(id).unwrap().extensions_mut().insert(Number(next));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        values.record(self.0.lock().unwrap().get_mut(&number(id, &context)).unwrap());
    }
}

/// Ids of spans are used again; these are not.
struct Number(u64);

fn number<S: Subscriber + for<'a> LookupSpan<'a>>(id: &Id, context: &Context<'_, S>) -> u64 {
    context.span(id).unwrap().extensions().get::<Number>().unwrap().0
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with("portcullis")
}

/// A place in the code remembers whether anybody listens to it; where tests listen at once, one may miss its spans.
static LISTENING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The spans of one call, permitted or refused.
async fn spans_of(permitted: bool) -> BTreeMap<u64, Seen> {
    let _alone = LISTENING.lock().await;
    let scene = Scene::with(|_| {}).await;
    let spans = Spans::default();
    let subscriber = tracing_subscriber::registry().with(spans.clone().with_filter(filter_fn(is_ours)));
    let listening = tracing::subscriber::set_default(subscriber);
    if permitted {
        assert_eq!(scene.call(&[]).await.status, 200);
    } else {
        assert_eq!(scene.refused_call().await.status, 403);
    }
    drop(listening);
    let spans = spans.0.lock().unwrap().clone();
    scene.running.shutdown().await.unwrap();
    spans
}

/// Names and fields as a tree. Ids differ from run to run, so they are shown as such.
fn tree(spans: &BTreeMap<u64, Seen>, parent: Option<u64>, depth: usize, out: &mut String) {
    for (number, span) in spans.iter().filter(|(_, span)| span.parent == parent) {
        writeln!(out, "{}{}", "  ".repeat(depth), span.name).unwrap();
        for (name, value) in &span.fields {
            let is_id = name.ends_with(".id");
            let shown = if is_id {
                value.split('_').next().unwrap_or_default().to_owned() + "_.."
            } else {
                value.clone()
            };
            writeln!(out, "{}  . {name} = {shown}", "  ".repeat(depth)).unwrap();
        }
        tree(spans, Some(*number), depth + 1, out);
    }
}

#[tokio::test]
async fn the_spans_of_a_call_are_a_contract() {
    let mut out = String::new();
    for permitted in [true, false] {
        writeln!(out, "# {}", if permitted { "permitted" } else { "refused" }).unwrap();
        tree(&spans_of(permitted).await, None, 0, &mut out);
    }
    insta::assert_snapshot!(out);
}

#[tokio::test]
async fn no_span_holds_a_value() {
    for permitted in [true, false] {
        let spans = format!("{:?}", spans_of(permitted).await);
        for value in ["Zurich", "Säntis", "light rain", "pcl_"] {
            assert!(!spans.contains(value), "{value}: {spans}");
        }
    }
}
