//! Rules about ports and bridges.

mod bridge_constructor;
mod bridge_size;
mod bridge_users;
mod port_async;
mod port_first_argument;
mod port_size;
mod port_suite;
mod suite_runs;

use crate::rules::Rule;

pub(super) static RULES: &[&Rule] = &[
    &port_size::RULE,
    &port_async::RULE,
    &port_first_argument::RULE,
    &bridge_size::RULE,
    &bridge_constructor::RULE,
    &bridge_users::RULE,
    &port_suite::RULE,
    &suite_runs::RULE,
];
