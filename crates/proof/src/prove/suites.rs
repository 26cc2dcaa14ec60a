//! Every suite, in the order of the report.

use super::suite::Suite;
use crate::{edits, idempotency, power, storage, walls};

pub(super) fn all() -> Vec<Suite> {
    vec![idempotency::suite(), storage::suite(), power::suite(), edits::suite(), walls::suite()]
}
