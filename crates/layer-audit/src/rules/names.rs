//! Rules about what code names.

mod abolished;
mod domain_isolation;
mod pure_names;
mod transactions;

use crate::rules::Rule;

pub(super) static RULES: &[&Rule] =
    &[&pure_names::RULE, &domain_isolation::RULE, &transactions::RULE, &abolished::RULE];
