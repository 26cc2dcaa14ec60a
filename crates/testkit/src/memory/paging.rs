//! Pages over rows in memory.

use std::cmp::Reverse;

use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::{PortError, PortErrorKind, codes};

use crate::hashing::{digest_of, hex};

/// Sorts newest first; rows of the same time by id.
pub(crate) fn newest_first<T, K: Ord>(rows: &mut [T], key: impl Fn(&T) -> K) {
    rows.sort_by_key(|row| Reverse(key(row)));
}

/// One page of sorted rows. `id` names a row; `visible` filters after the cursor was found, so that a cursor stays
/// good when its row changes.
pub(crate) fn page<T>(
    rows: Vec<T>,
    request: &PageRequest,
    id: impl Fn(&T) -> String,
    visible: impl Fn(&T) -> bool,
) -> Result<Page<T>, PortError> {
    let start = match &request.cursor {
        None => 0,
        Some(cursor) => {
            let found = rows.iter().position(|row| position(&id(row)) == cursor.as_str());
            found.ok_or_else(invalid_cursor)? + 1
        }
    };
    let fetch = usize::try_from(request.fetch()).unwrap_or(usize::MAX);
    let items = rows.into_iter().skip(start).filter(|row| visible(row)).take(fetch).collect();
    Ok(Page::from_overfetch(items, request.limit, |row| position(&id(row))))
}

fn invalid_cursor() -> PortError {
    PortError::new(PortErrorKind::Invalid, codes::INVALID_CURSOR, "no row stands at this cursor")
}

/// A position that fits the grammar of cursors, whatever the id looks like.
fn position(id: &str) -> String {
    hex(&digest_of(&[id.as_bytes()]))
}
