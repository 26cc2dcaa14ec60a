//! Rules about operations: each is declared, handled, routed and written down once, and engines serve them.

mod authorities;
mod contract;
mod declarations;
mod engines;
mod exemptions;
mod handlers;
mod own_engines;
mod route_domains;
mod routes;

use crate::rules::Rule;

pub(super) static RULES: &[&Rule] = &[
    &handlers::RULE,
    &routes::RULE,
    &contract::RULE,
    &authorities::RULE,
    &route_domains::RULE,
    &engines::RULE,
    &own_engines::RULE,
    &declarations::RULE,
];
