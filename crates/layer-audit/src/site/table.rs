//! Tables: wide ones scroll in a box of their own, and no column is squeezed to a thread.
//!
//! Inline styles are against the page's security policy, so alignment and width are classes.

use pulldown_cmark::{Alignment, Event, TagEnd};

use super::frame::escape;
use super::markdown::Spanned;

/// Columns up to this many characters stay on one line.
const SHORT: usize = 18;
/// Columns over this many characters hold sentences.
const LONG: usize = 60;

/// A table on its way to markup.
pub(super) struct Table {
    /// The class attribute of each column's cells.
    columns: Vec<String>,
    next: usize,
    head: bool,
}

impl Table {
    /// Looks at the events after the table's start: how much the columns hold decides their width.
    pub(super) fn measure(alignments: &[Alignment], events: &[Spanned<'_>]) -> Self {
        let mut longest = vec![0; alignments.len()];
        let (mut column, mut length) = (0, 0);
        for (event, _) in events {
            match event {
                Event::End(TagEnd::Table) => break,
                Event::End(TagEnd::TableHead | TagEnd::TableRow) => column = 0,
                Event::Text(text) | Event::Code(text) => length += text.chars().count(),
                Event::End(TagEnd::TableCell) => {
                    if let Some(most) = longest.get_mut(column) {
                        *most = length.max(*most);
                    }
                    (column, length) = (column + 1, 0);
                }
                _ => {}
            }
        }
        let columns = alignments.iter().zip(longest).map(|(side, longest)| class(*side, longest)).collect();
        Self { columns, next: 0, head: true }
    }

    /// Opens the box and the table; the label tells readers of the screen what scrolls.
    pub(super) fn open(label: &str) -> String {
        let label = escape(label);
        format!(
            "<div class=\"scrolls\" tabindex=\"0\" role=\"group\" aria-label=\"Table: {label}\"><table>\n<thead><tr>"
        )
    }

    /// Ends the head and starts the body.
    pub(super) fn end_head(&mut self) -> &'static str {
        self.head = false;
        "</tr></thead>\n<tbody>\n"
    }

    /// Starts a row.
    pub(super) fn start_row(&mut self) -> &'static str {
        self.next = 0;
        "<tr>"
    }

    /// Starts the next cell.
    pub(super) fn start_cell(&mut self) -> String {
        let class = self.columns.get(self.next).map_or("", String::as_str);
        self.next += 1;
        if self.head { format!("<th scope=\"col\"{class}>") } else { format!("<td{class}>") }
    }

    /// Ends the cell.
    pub(super) fn end_cell(&self) -> &'static str {
        if self.head { "</th>" } else { "</td>" }
    }

    /// Closes the table and the box.
    pub(super) const CLOSE: &'static str = "</tbody></table></div>\n";
}

fn class(side: Alignment, longest: usize) -> String {
    let side = match side {
        Alignment::Center => Some("center"),
        Alignment::Right => Some("right"),
        Alignment::Left | Alignment::None => None,
    };
    let width = match longest {
        0..=SHORT => "short",
        length if length > LONG => "long",
        _ => "medium",
    };
    let side = side.map(|side| format!(" {side}")).unwrap_or_default();
    format!(" class=\"{width}{side}\"")
}
