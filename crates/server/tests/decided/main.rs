//! Decisions that are more than yes or no: by a person, and by what a run has touched.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod approvals;
mod flows;
mod scene;
