//! Rules about the law itself: is it whole, is it in force.

mod allowances;
mod baseline;
mod known_names;
mod membership;
mod readable;

use crate::rules::Rule;

pub(super) static RULES: &[&Rule] =
    &[&membership::RULE, &readable::RULE, &known_names::RULE, &allowances::RULE, &baseline::RULE];
