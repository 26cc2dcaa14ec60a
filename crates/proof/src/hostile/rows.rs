//! All rows, by the surface that they attack.

use super::row::{Row, call_once};

mod call;
mod flows;
mod http;
mod input;
mod jsonrpc;
mod list;
mod oauth;
mod progress;
mod schema;
mod session;
mod sse;
mod tasks;
mod text;

/// Rows of the corpus: M001 to M100, of which a part is kept back.
pub(super) const OF: u64 = 67;

pub(super) fn all() -> Vec<Row> {
    let mut rows = http::rows();
    rows.extend(jsonrpc::rows());
    rows.extend(progress::rows());
    rows.extend(sse::rows());
    rows.extend(session::rows());
    rows.extend(list::rows());
    rows.extend(text::rows());
    rows.extend(schema::rows());
    rows.extend(call::rows());
    rows.extend(flows::rows());
    rows.extend(input::rows());
    rows.extend(oauth::rows());
    rows.extend(tasks::rows());
    rows
}
