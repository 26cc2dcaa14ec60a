//! Rules about modules that are shared, frozen, unfinished or on their way out.

mod frozen;
mod shared_consumers;
mod stubs;
mod tombstone_days;
mod tombstone_use;
mod vocabulary_data;

use crate::rules::Rule;

pub(super) static RULES: &[&Rule] = &[
    &shared_consumers::RULE,
    &vocabulary_data::RULE,
    &frozen::RULE,
    &stubs::RULE,
    &tombstone_days::RULE,
    &tombstone_use::RULE,
];
