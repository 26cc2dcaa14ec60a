//! Every suite, in the order of the report.

use super::suite::Suite;
use crate::idempotency;

pub(super) fn all() -> Vec<Suite> {
    vec![idempotency::suite()]
}
