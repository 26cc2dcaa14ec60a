//! Rules about ports and bridges.

mod bridge_constructor;
mod bridge_size;
mod port_async;
mod port_first_argument;
mod port_size;

use crate::rules::Rule;

pub(super) static RULES: &[&Rule] = &[
    &port_size::RULE,
    &port_async::RULE,
    &port_first_argument::RULE,
    &bridge_size::RULE,
    &bridge_constructor::RULE,
];
