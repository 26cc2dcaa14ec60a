//! The engines that implement a port, run by the suites of their ports.

use std::sync::Arc;

use portcullis_engines::logs::emitter::ToolAuditEmitter;
use portcullis_engines::policies::cedar::CedarToolPolicy;
use portcullis_schemas::text::PolicyText;
use portcullis_testkit::conformance::{self, PolicyTexts};
use portcullis_testkit::ids::UniqueIds;
use portcullis_testkit::time::TestClock;

#[tokio::test]
async fn cedar() {
    let text = |text: &str| PolicyText::new(text).unwrap();
    // Validation cannot see an overflow; evaluation fails on it, whatever the risk.
    let failing = "permit(principal, action, resource) when { context.risk + 9223372036854775807 + 1 > 0 };";
    let texts = PolicyTexts {
        permit: text("permit(principal, action, resource);"),
        forbid: text("forbid(principal, action, resource);"),
        failing: text(failing),
        invalid: text("permit(principal, action, resource) when { context.no_such_attribute };"),
    };
    conformance::tool_policy(&CedarToolPolicy::new(), &texts).await;
}

#[tokio::test]
async fn events() {
    let emitter = ToolAuditEmitter::new(Arc::new(TestClock::new()), Arc::new(UniqueIds::new()));
    conformance::audit_emitter(&emitter).await;
}
