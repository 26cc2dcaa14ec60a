//! What a call makes of its run, and which policies want to know.

use portcullis_schemas::integrations::flows::{DataFlows, FlowChange, RunFlows, RunKey};
use portcullis_schemas::policies::TenantPolicySet;

/// The word by which a policy asks for flows, `context.flows`; and what begins an escape, by which Cedar may write it too.
const WORDS: [&str; 2] = ["flows", "\\"];

/// Whether any policy of the set may look at flows. Only then runs are kept account of: what nobody judges by costs
/// nothing. A word in a comment counts too, and so does any escape: neither does harm.
#[must_use]
pub fn are_watched(policies: &TenantPolicySet) -> bool {
    policies.policies.iter().any(|policy| WORDS.iter().any(|word| policy.text.as_str().contains(word)))
}

/// What a call of a tool with these flows makes of its run. A run begins anew when what is stored of it is forgotten, and
/// by no clock of a call: two calls at once would else see the same run begin twice.
#[must_use]
pub fn with_call(run: RunKey, stored: Option<RunFlows>, tool: DataFlows) -> FlowChange {
    let seen = stored.map(|stored| stored.flows);
    FlowChange { run, seen, becomes: seen.unwrap_or(DataFlows::NONE).and(tool) }
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::ids::KeyId;
    use portcullis_schemas::integrations::flows::FlowLevel::{self, Maybe, None as No, Yes};
    use portcullis_testkit::fixtures::{self, time};
    use portcullis_testkit::ids::SequentialIds;

    use super::*;

    fn flows(private_reads: FlowLevel, untrusted_reads: FlowLevel, egress: FlowLevel) -> DataFlows {
        DataFlows { private_reads, untrusted_reads, egress }
    }

    #[test]
    fn the_worse_of_each_stays_with_the_run() {
        let levels = [No, Maybe, Yes];
        for run in levels {
            for tool in levels {
                let joined = flows(run, No, tool).and(flows(tool, run, No));
                assert_eq!(joined, flows(run.max(tool), run, tool), "{run} {tool}");
            }
        }
    }

    #[test]
    fn a_call_adds_to_its_run() {
        let run = RunKey { key_id: KeyId::generate(&SequentialIds::new()), run_id: None };
        let stored = RunFlows { flows: flows(Yes, No, Maybe), updated_at: time(0) };
        let call = |stored| with_call(run.clone(), stored, flows(No, Yes, No));
        assert_eq!((call(None).seen, call(None).becomes), (None, flows(No, Yes, No)));
        assert_eq!(call(Some(stored)).becomes, flows(Yes, Yes, Maybe));
        assert_eq!(call(Some(stored)).seen, Some(stored.flows), "the ledger compares what is stored");
    }

    #[test]
    fn only_policies_that_name_flows_have_runs_kept_account_of() {
        let ids = SequentialIds::new();
        let set = |text: &str| TenantPolicySet {
            version: 1,
            policies: vec![fixtures::policy(&ids, &fixtures::tenant(1), "p", text, 0)],
        };
        assert!(!are_watched(&TenantPolicySet::default()));
        assert!(!are_watched(&set("permit (principal, action, resource);")));
        assert!(are_watched(&set(
            "forbid (principal, action, resource) when { context.flows.egress == 2 };"
        )));
        assert!(are_watched(&set(
            r#"forbid (principal, action, resource) when { context["fl\u{6f}ws"].egress == 2 };"#
        )));
    }
}
