//! Rules about crates, manifests and their dependencies.

mod exclusive_externals;
mod inherited_dependencies;
mod inherited_lints;
mod never_depended_on;
mod test_externals;
mod unreachable;
mod workspace_edges;

use crate::rules::Rule;

pub(super) static RULES: &[&Rule] = &[
    &workspace_edges::RULE,
    &unreachable::RULE,
    &never_depended_on::RULE,
    &exclusive_externals::RULE,
    &test_externals::RULE,
    &inherited_lints::RULE,
    &inherited_dependencies::RULE,
];
