//! Edits by someone who has the file: bytes and lines.

use color_eyre::eyre::Result;

use super::log::Log;
use crate::prove::dice::Dice;

/// As an auditor's reader cuts a file: what follows the last line feed is a line too, unless it is empty.
pub(super) fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    lines.pop_if(|last| last.is_empty());
    lines
}

pub(super) fn flip_bit(_: &Log, all: &[Vec<u8>], dice: &mut Dice) -> Result<Vec<Vec<u8>>> {
    Ok(in_text(all, |text| {
        let at = dice.index(text.len());
        text[at] ^= 1 << dice.index(8);
    }))
}

pub(super) fn replace_byte(_: &Log, all: &[Vec<u8>], dice: &mut Dice) -> Result<Vec<Vec<u8>>> {
    Ok(in_text(all, |text| {
        let at = dice.index(text.len());
        text[at] = printable(dice);
    }))
}

pub(super) fn insert_byte(_: &Log, all: &[Vec<u8>], dice: &mut Dice) -> Result<Vec<Vec<u8>>> {
    Ok(in_text(all, |text| text.insert(dice.index(text.len()), printable(dice))))
}

pub(super) fn delete_byte(_: &Log, all: &[Vec<u8>], dice: &mut Dice) -> Result<Vec<Vec<u8>>> {
    Ok(in_text(all, |text| {
        text.remove(dice.index(text.len()));
    }))
}

pub(super) fn cut_at_byte(_: &Log, all: &[Vec<u8>], dice: &mut Dice) -> Result<Vec<Vec<u8>>> {
    Ok(in_text(all, |text| text.truncate(dice.index(text.len()))))
}

pub(super) fn delete_line(_: &Log, all: &[Vec<u8>], dice: &mut Dice) -> Result<Vec<Vec<u8>>> {
    Ok(in_lines(all, |lines| drop(lines.remove(dice.index(lines.len())))))
}

pub(super) fn double_line(_: &Log, all: &[Vec<u8>], dice: &mut Dice) -> Result<Vec<Vec<u8>>> {
    Ok(in_lines(all, |lines| {
        let line = lines[dice.index(lines.len())].clone();
        lines.insert(dice.index(lines.len() + 1), line);
    }))
}

pub(super) fn swap_lines(_: &Log, all: &[Vec<u8>], dice: &mut Dice) -> Result<Vec<Vec<u8>>> {
    Ok(in_lines(all, |lines| {
        let (one, other) = (dice.index(lines.len()), dice.index(lines.len()));
        lines.swap(one, other);
    }))
}

pub(super) fn cut_at_line(_: &Log, all: &[Vec<u8>], dice: &mut Dice) -> Result<Vec<Vec<u8>>> {
    Ok(in_lines(all, |lines| lines.truncate(dice.index(lines.len()))))
}

/// Cut right behind an older checkpoint: a true export of an earlier day.
pub(super) fn roll_back(_: &Log, all: &[Vec<u8>], dice: &mut Dice) -> Result<Vec<Vec<u8>>> {
    let older: Vec<usize> = checkpoint_lines(all).filter(|at| *at + 1 < all.len()).collect();
    Ok(in_lines(all, |lines| {
        lines.truncate(older.get(dice.index(older.len())).map_or(lines.len(), |at| at + 1))
    }))
}

/// A checkpoint's line is replaced by that of another one of the same log.
pub(super) fn exchange_checkpoint(_: &Log, all: &[Vec<u8>], dice: &mut Dice) -> Result<Vec<Vec<u8>>> {
    let places: Vec<usize> = checkpoint_lines(all).collect();
    Ok(in_lines(all, |lines| {
        let (to, from) = (places[dice.index(places.len())], places[dice.index(places.len())]);
        lines[to] = all[from].clone();
    }))
}

pub(super) fn drop_checkpoint(_: &Log, all: &[Vec<u8>], dice: &mut Dice) -> Result<Vec<Vec<u8>>> {
    let places: Vec<usize> = checkpoint_lines(all).collect();
    Ok(in_lines(all, |lines| drop(lines.remove(places[dice.index(places.len())]))))
}

/// The records of a range of lines come in the opposite order.
pub(super) fn reverse_range(_: &Log, all: &[Vec<u8>], dice: &mut Dice) -> Result<Vec<Vec<u8>>> {
    Ok(in_lines(all, |lines| {
        let (one, other) = (dice.index(lines.len()), dice.index(lines.len()));
        lines[one.min(other)..=one.max(other)].reverse();
    }))
}

fn checkpoint_lines(all: &[Vec<u8>]) -> impl Iterator<Item = usize> {
    all.iter().enumerate().filter(|(_, line)| line.starts_with(b"{\"checkpoint\"")).map(|(at, _)| at)
}

fn in_text(all: &[Vec<u8>], edit: impl FnOnce(&mut Vec<u8>)) -> Vec<Vec<u8>> {
    let mut text: Vec<u8> = all.iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect();
    edit(&mut text);
    lines(&text)
}

fn in_lines(all: &[Vec<u8>], edit: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<Vec<u8>> {
    let mut lines = all.to_vec();
    edit(&mut lines);
    lines
}

fn printable(dice: &mut Dice) -> u8 {
    b' ' + u8::try_from(dice.index(95)).unwrap_or_default()
}
