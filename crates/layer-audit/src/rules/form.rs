//! Rules about headers, names and sizes of files.

mod banned_words;
mod file_names;
mod file_size;
mod file_suffixes;
mod function_size;
mod headers;
mod module_size;
mod public_items;
mod role_crates;
mod root_headers;

use crate::rules::Rule;

pub(super) static RULES: &[&Rule] = &[
    &headers::RULE,
    &root_headers::RULE,
    &file_names::RULE,
    &banned_words::RULE,
    &role_crates::RULE,
    &file_suffixes::RULE,
    &file_size::RULE,
    &function_size::RULE,
    &module_size::RULE,
    &public_items::RULE,
];
