//! Rules about what code may not say, whatever it is about.

mod exemptions;
mod migration_down;
mod no_panics;
mod no_prints;
mod no_unsafe;
mod pass_through;

use crate::rules::Rule;

pub(super) static RULES: &[&Rule] =
    &[&no_unsafe::RULE, &no_panics::RULE, &no_prints::RULE, &pass_through::RULE, &migration_down::RULE];
