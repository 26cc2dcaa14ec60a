//! Operations that a rule lets off, and the entries that let off nothing.

use crate::config::OperationExempt;
use crate::finding::Place;
use crate::inventory::OperationFact;
use crate::rules::{CONFIG, Checked};

/// The operations that lack something and are not exempt; an entry that exempts nothing is reported.
pub(super) fn lacking<'a>(
    checked: &mut Checked,
    section: &str,
    entries: &[OperationExempt],
    operations: &'a [OperationFact],
    lacks: impl Fn(&OperationFact) -> bool,
) -> Vec<&'a OperationFact> {
    let lacking: Vec<_> = operations.iter().filter(|operation| lacks(operation)).collect();
    for entry in entries {
        if !lacking.iter().any(|operation| operation.name == entry.operation) {
            let message = format!("[[{section}]] {} exempts nothing; remove it", entry.operation);
            checked.report(Place::file(CONFIG), &entry.operation, message);
        }
    }
    let exempt = |operation: &OperationFact| entries.iter().any(|entry| entry.operation == operation.name);
    lacking.into_iter().filter(|operation| !exempt(operation)).collect()
}

/// What findings call an operation: its name, or its type where it has none.
pub(super) fn called(operation: &OperationFact) -> &str {
    if operation.name.is_empty() { &operation.request_type } else { &operation.name }
}
