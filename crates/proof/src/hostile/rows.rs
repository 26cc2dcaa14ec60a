//! All rows, by the surface that they attack, and those that cannot be played yet.

use super::row::{Row, call_once};

mod call;
mod http;
mod input;
mod jsonrpc;
mod list;
mod oauth;
mod schema;
mod session;
mod sse;
mod text;

/// Rows of the corpus: M001 to M100, of which a part is kept back.
pub(super) const OF: u64 = 67;

/// Rows that are not played, and why.
pub(super) const NOT_PLAYED: [(&str, &str); 1] = [(
    "M091",
    "the gate relays no tasks, and declares none upstream: there is no handle that could be another's",
)];

pub(super) fn all() -> Vec<Row> {
    let mut rows = http::rows();
    rows.extend(jsonrpc::rows());
    rows.extend(sse::rows());
    rows.extend(session::rows());
    rows.extend(list::rows());
    rows.extend(text::rows());
    rows.extend(schema::rows());
    rows.extend(call::rows());
    rows.extend(input::rows());
    rows.extend(oauth::rows());
    rows
}
