//! Decisions that are more than yes or no: by a person, by what a run has touched, and by the way that a call comes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod approvals;
mod flows;
mod scene;
mod toolsets;
