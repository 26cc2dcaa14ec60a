//! The kinds of edits; each is as likely as any other.

use color_eyre::eyre::Result;

use super::log::Log;
use super::{insider, text};
use crate::prove::dice::Dice;

/// An edit: it gets the log and the lines of its export, and gives other lines, or by chance the same.
pub(super) type Edit = fn(&Log, &[Vec<u8>], &mut Dice) -> Result<Vec<Vec<u8>>>;

/// A kind of edit.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// Whether the edited records come with signatures of their own.
    pub(super) is_signed: bool,
    pub(super) edit: Edit,
}

#[rustfmt::skip]
pub(super) const KINDS: &[Kind] = &[
    Kind { name: "bit flipped", is_signed: false, edit: text::flip_bit },
    Kind { name: "byte replaced", is_signed: false, edit: text::replace_byte },
    Kind { name: "byte inserted", is_signed: false, edit: text::insert_byte },
    Kind { name: "byte deleted", is_signed: false, edit: text::delete_byte },
    Kind { name: "cut at a byte", is_signed: false, edit: text::cut_at_byte },
    Kind { name: "line deleted", is_signed: false, edit: text::delete_line },
    Kind { name: "line doubled", is_signed: false, edit: text::double_line },
    Kind { name: "lines swapped", is_signed: false, edit: text::swap_lines },
    Kind { name: "lines reversed", is_signed: false, edit: text::reverse_range },
    Kind { name: "cut at a line", is_signed: false, edit: text::cut_at_line },
    Kind { name: "rolled back", is_signed: false, edit: text::roll_back },
    Kind { name: "checkpoint exchanged", is_signed: false, edit: text::exchange_checkpoint },
    Kind { name: "checkpoint dropped", is_signed: false, edit: text::drop_checkpoint },
    Kind { name: "record relabelled as another tenant's", is_signed: false, edit: insider::relabel },
    Kind { name: "record moved to another tenant, chained anew", is_signed: false, edit: insider::move_to_another_tenant },
    Kind { name: "record changed, chained anew", is_signed: false, edit: insider::change },
    Kind { name: "record removed, chained anew", is_signed: false, edit: insider::remove },
    Kind { name: "record added, chained anew", is_signed: false, edit: insider::add },
    Kind { name: "record exchanged, chained anew", is_signed: false, edit: insider::exchange },
    Kind { name: "records swapped, chained anew", is_signed: false, edit: insider::swap },
    Kind { name: "record appended behind the signature", is_signed: false, edit: insider::append },
    Kind { name: "record hidden as another's", is_signed: false, edit: insider::hide },
    Kind { name: "record changed, chained anew, signed by another key", is_signed: true, edit: insider::sign_with_another_key },
    Kind { name: "record changed, chained anew, signature forged", is_signed: true, edit: insider::forge_signature },
];
