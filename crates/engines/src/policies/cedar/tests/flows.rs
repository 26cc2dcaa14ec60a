//! The table of flows: private reads, untrusted reads and egress, three levels each.

use portcullis_schemas::integrations::flows::FlowLevel::{self, Maybe, None as No, Yes};

use super::*;
use crate::policies::templates::templates;

/// What the template says of a cell.
#[derive(Debug, PartialEq, Eq)]
enum Cell {
    Allow,
    Approve,
    Deny,
}

/// Without one of the three nothing can get out; with all of them for sure it does; else a person looks.
fn expected(levels: [FlowLevel; 3]) -> Cell {
    match levels {
        levels if levels.contains(&No) => Cell::Allow,
        [Yes, Yes, Yes] => Cell::Deny,
        _ => Cell::Approve,
    }
}

async fn cell(texts: &[&str], [private_reads, untrusted_reads, egress]: [FlowLevel; 3]) -> Cell {
    let flows = DataFlows { private_reads, untrusted_reads, egress };
    let outcome = ask(texts, &ToolPolicyRequest { flows, ..question(RiskLevel::Low) }).await.unwrap();
    match (outcome.permitted, outcome.approval) {
        (true, ApprovalRule::None) => Cell::Allow,
        (true, _) => Cell::Approve,
        (false, _) => Cell::Deny,
    }
}

#[tokio::test]
async fn each_of_the_27_cells_is_decided_by_the_template() {
    let template = templates().into_iter().find(|it| it.name == "no-way-out-for-private-data").unwrap();
    let permit = format!("permit ({ANY});");
    let mut counted = (0, 0, 0);
    for private_reads in [No, Maybe, Yes] {
        for untrusted_reads in [No, Maybe, Yes] {
            for egress in [No, Maybe, Yes] {
                let levels = [private_reads, untrusted_reads, egress];
                let decided = cell(&[&permit, template.text], levels).await;
                assert_eq!(decided, expected(levels), "{levels:?}");
                match decided {
                    Cell::Allow => counted.0 += 1,
                    Cell::Approve => counted.1 += 1,
                    Cell::Deny => counted.2 += 1,
                }
                assert_eq!(
                    cell(&[template.text], levels).await,
                    Cell::Deny,
                    "it permits nothing: {levels:?}"
                );
            }
        }
    }
    assert_eq!(counted, (19, 7, 1));
}

#[tokio::test]
async fn a_tenant_may_write_each_cell_itself() {
    let permit = format!("permit ({ANY});");
    let cell_2_0_1 =
        "context.flows.private_reads == 2 && context.flows.untrusted_reads == 0 && context.flows.egress == 1";
    let forbid = format!("forbid ({ANY}) when {{ {cell_2_0_1} }};");
    assert_eq!(cell(&[&permit, &forbid], [Yes, No, Maybe]).await, Cell::Deny);
    for other in [[Yes, No, Yes], [Yes, Maybe, Maybe], [Maybe, No, Maybe]] {
        assert_eq!(cell(&[&permit, &forbid], other).await, Cell::Allow, "{other:?}");
    }
}
