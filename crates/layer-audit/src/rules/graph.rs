//! Rules about crates, manifests and their dependencies.

mod downward;
mod exclusive_externals;
mod independent_siblings;
mod inherited_dependencies;
mod inherited_lints;
mod inside_files;
mod layer_externals;
mod never_depended_on;
mod reached_files;
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
    &downward::RULE,
    &independent_siblings::RULE,
    &layer_externals::RULE,
    &reached_files::RULE,
    &inside_files::RULE,
];
