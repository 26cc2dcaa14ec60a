//! Rules about what code names.

mod domain_isolation;
mod pure_names;

use crate::rules::Rule;

pub(super) static RULES: &[&Rule] = &[&pure_names::RULE, &domain_isolation::RULE];
