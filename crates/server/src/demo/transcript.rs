//! What the demo prints: coloured on a terminal, plain elsewhere.

use std::io::{IsTerminal, Write};

/// Writes the transcript.
#[derive(Debug)]
pub(super) struct Transcript<W> {
    out: W,
    coloured: bool,
    chapter: u32,
}

impl Transcript<std::io::Stdout> {
    /// To standard output; coloured if that is a terminal and `NO_COLOR` is not set (<https://no-color.org>).
    pub(super) fn stdout() -> Self {
        let out = std::io::stdout();
        let coloured = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { out, coloured, chapter: 0 }
    }
}

impl<W: Write> Transcript<W> {
    /// To a writer, plain.
    #[cfg(test)]
    pub(super) fn plain(out: W) -> Self {
        Self { out, coloured: false, chapter: 0 }
    }

    /// A new chapter.
    ///
    /// # Errors
    /// As the writer.
    pub(super) fn chapter(&mut self, title: &str) -> std::io::Result<()> {
        self.chapter += 1;
        let number = self.chapter;
        let line = self.paint("1;36", &format!("{number}. {title}"));
        writeln!(self.out, "\n{line}")
    }

    /// Something that was done.
    ///
    /// # Errors
    /// As the writer.
    pub(super) fn done(&mut self, text: &str) -> std::io::Result<()> {
        let mark = self.paint("32", "ok ");
        writeln!(self.out, "   {mark} {text}")
    }

    /// Something that was refused, as it should be.
    ///
    /// # Errors
    /// As the writer.
    pub(super) fn refused(&mut self, text: &str) -> std::io::Result<()> {
        let mark = self.paint("31", "no ");
        writeln!(self.out, "   {mark} {text}")
    }

    /// A remark.
    ///
    /// # Errors
    /// As the writer.
    pub(super) fn note(&mut self, text: &str) -> std::io::Result<()> {
        let text = self.paint("2", text);
        writeln!(self.out, "       {text}")
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
