//! Pages by key, newest first: a page goes on from the last row that the caller has seen, so rows that come or go in
//! the meantime move nothing.

use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::timestamp::Timestamp;
use portcullis_schemas::{PortError, PortErrorKind, codes};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// One page and one row more, newest first. Ids hold a ULID, so their order is that of creation; the cursor is the
/// last id that the caller has seen.
///
/// # Errors
/// `Invalid` with code `invalid_cursor` when the cursor is not an id of this kind.
pub(crate) fn newest_first<E, Id>(
    rows: Select<E>,
    id: E::Column,
    page: &PageRequest,
) -> Result<Select<E>, PortError>
where
    E: EntityTrait,
    Id: std::str::FromStr,
{
    let rows = rows.order_by_desc(id).limit(page.fetch());
    let Some(cursor) = &page.cursor else { return Ok(rows) };
    cursor.as_str().parse::<Id>().map_err(|_| invalid_cursor())?;
    Ok(rows.filter(id.lt(cursor.as_str())))
}

/// The cursor was not issued by this list.
pub(crate) fn invalid_cursor() -> PortError {
    PortError::new(PortErrorKind::Invalid, codes::INVALID_CURSOR, "the cursor was not issued by this list")
}

/// Where a page of rows ends whose ids people choose, and so tell nothing about time: at this time, after this many
/// rows of the same time. As a cursor, `<microseconds>-<rows>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimePosition {
    micros: i64,
    seen: u64,
}

impl TimePosition {
    /// The position that a page starts from, if it is not the first.
    pub(crate) fn of(page: &PageRequest) -> Result<Option<Self>, PortError> {
        let Some(cursor) = &page.cursor else { return Ok(None) };
        let parts = cursor.as_str().split_once('-').and_then(|(micros, seen)| {
            Some(Self {
                micros: micros.parse().ok()?,
                seen: seen.parse().ok().filter(|seen| *seen <= 1_000_000)?,
            })
        });
        parts.map(Some).ok_or_else(invalid_cursor)
    }

    /// One page and one row more, newest first.
    pub(crate) fn rows_from<E: EntityTrait>(
        start: Option<Self>,
        rows: Select<E>,
        (time, id): (E::Column, E::Column),
        page: &PageRequest,
    ) -> Select<E> {
        let rows = rows.order_by_desc(time).order_by_desc(id).limit(page.fetch());
        match start {
            Some(start) => rows.filter(time.lte(start.micros)).offset(start.seen),
            None => rows,
        }
    }

    /// The page of these rows, with the cursor of the next.
    pub(crate) fn page<T>(
        start: Option<Self>,
        rows: Vec<T>,
        page: &PageRequest,
        time: impl Fn(&T) -> Timestamp,
    ) -> Page<T> {
        let mut page = Page::from_overfetch(rows, page.limit, |_| String::new());
        if page.next_cursor.is_some() {
            let micros = page.items.last().map_or(0, |item| time(item).as_micros());
            let same = page.items.iter().rev().take_while(|item| time(item).as_micros() == micros).count();
            let before = start.filter(|start| start.micros == micros).map_or(0, |start| start.seen);
            page.next_cursor = Some(format!("{micros}-{}", before + same as u64));
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use portcullis_schemas::paging::{Cursor, PageLimit};

    use super::*;

    fn page_from(cursor: Option<&str>) -> PageRequest {
        PageRequest {
            limit: PageLimit::new(2).unwrap(),
            cursor: cursor.map(|text| Cursor::new(text).unwrap()),
        }
    }

    fn cursor_after(start: Option<&str>, times: [i64; 3]) -> Option<String> {
        let request = page_from(start);
        let start = TimePosition::of(&request).unwrap();
        TimePosition::page(start, times.to_vec(), &request, |micros| Timestamp::from_micros(*micros))
            .next_cursor
    }

    #[test]
    fn the_next_page_starts_after_the_rows_of_the_same_time_that_were_seen() {
        assert_eq!(cursor_after(None, [9, 8, 7]).as_deref(), Some("8-1"));
        assert_eq!(cursor_after(None, [8, 8, 8]).as_deref(), Some("8-2"));
        assert_eq!(cursor_after(Some("8-2"), [8, 8, 8]).as_deref(), Some("8-4"));
        assert_eq!(cursor_after(Some("8-2"), [8, 7, 6]).as_deref(), Some("7-1"));
    }

    #[test]
    fn what_is_not_a_position_is_refused() {
        for bad in ["8", "8-", "-1", "8-x", "8--1", "8-9999999", "mcp_01jd0000000000000000000000"] {
            assert_eq!(
                TimePosition::of(&page_from(Some(bad))).map_err(|error| error.code()),
                Err(codes::INVALID_CURSOR)
            );
        }
    }
}
