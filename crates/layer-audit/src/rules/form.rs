//! Rules about headers, names and sizes of files.

mod file_names;
mod file_size;
mod function_size;
mod headers;
mod root_headers;

use crate::rules::Rule;

pub(super) static RULES: &[&Rule] =
    &[&headers::RULE, &root_headers::RULE, &file_names::RULE, &file_size::RULE, &function_size::RULE];
