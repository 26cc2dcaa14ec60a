//! Reads a file line by line, and never holds more of a line than an export may have.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use color_eyre::eyre::{self, WrapErr};
use portcullis_trail::export::MAX_LINE;

/// One byte more than a line may have: enough to see that it is too long.
const KEPT: usize = MAX_LINE + 1;

/// The lines of a file.
pub(super) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
}

impl Lines<BufReader<File>> {
    pub(super) fn of(path: &Path) -> eyre::Result<Self> {
        let file = File::open(path).wrap_err_with(|| format!("{} cannot be opened", path.display()))?;
        Ok(Self::new(BufReader::with_capacity(1 << 20, file)))
    }
}

impl<R: BufRead> Lines<R> {
    fn new(reader: R) -> Self {
        Self { reader, line: Vec::new() }
    }

    /// The next line without its line feed, cut off behind [`KEPT`] bytes; `None` at the end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let read = self.reader.by_ref().take(KEPT as u64 + 1).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if read > KEPT {
            self.line.truncate(KEPT);
            self.skip_rest()?;
        }
        Ok(Some(&self.line))
    }

    fn skip_rest(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let (used, is_end) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(place) => (place + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.reader.consume(used);
            if is_end {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(text: &[u8]) -> Vec<usize> {
        let mut lines = Lines::new(BufReader::with_capacity(1000, text));
        std::iter::from_fn(|| lines.next_line().unwrap().map(<[u8]>::len)).collect()
    }

    #[test]
    fn lines_are_cut_at_line_feeds_and_never_grow_too_long() {
        assert_eq!(lengths(b""), [0; 0]);
        assert_eq!(lengths(b"a\n\nbc"), [1, 0, 2]);
        assert_eq!(lengths(b"a\n"), [1]);
        for (length, kept) in [(MAX_LINE, MAX_LINE), (KEPT, KEPT), (KEPT + 1, KEPT), (KEPT + 5000, KEPT)] {
            let long = vec![b'x'; length];
            assert_eq!(lengths(&[&long[..], b"\nabc\n"].concat()), [kept, 3], "{length}");
            assert_eq!(lengths(&long), [kept], "{length}");
        }
    }
}
