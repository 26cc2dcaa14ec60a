//! Every suite, in the order of the report.

use super::suite::Suite;
use crate::load::{deadlines, isolation, overload, shutdown};
use crate::{edits, failpoints, hostile, idempotency, kill, power, redaction, storage, walls};

pub(super) fn all() -> Vec<Suite> {
    vec![
        kill::suite(),
        failpoints::suite(),
        idempotency::suite(),
        storage::suite(),
        power::suite(),
        edits::suite(),
        walls::suite(),
        redaction::suite(),
        hostile::suite(),
        overload::suite(),
        isolation::suite(),
        shutdown::suite(),
        shutdown::second_signal(),
        deadlines::suite(),
        deadlines::endurance(),
    ]
}
