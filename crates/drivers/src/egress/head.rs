//! Watches the heads of answers go by, byte by byte, beside the parser: what a lenient reader forgives and another one
//! reads otherwise, and what comes where nothing may come. Pure.

/// Most interim answers (1xx) before one.
pub(super) const MAX_INTERIM: usize = 10;

/// Why a connection cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeadFault {
    /// A line that ends in LF or CR alone, a folded line, NUL, or nothing where a status line belongs.
    Framing,
    /// More bytes than the declared length, or bytes that nobody asked for.
    Excess,
    /// More interim answers than the cap.
    Interim,
}

impl HeadFault {
    /// Our words.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Framing => "the answer's head has lines that two readers read in two ways",
            Self::Excess => "more bytes came than the answer's declared length",
            Self::Interim => "more than 10 interim answers came before the answer",
        }
    }

    /// Whether no correct server does it by mistake.
    pub(super) fn is_breach(self) -> bool {
        self != Self::Interim
    }
}

/// The answer to one request at a time, as it goes by.
#[derive(Debug, Default)]
pub(super) struct HeadWatch {
    at: At,
    interim: usize,
    line: Vec<u8>,
    after_cr: bool,
    status: Option<u16>,
    length: Option<u64>,
    is_chunked: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Nothing has been asked.
    #[default]
    Idle,
    /// A request is out, and no byte of a head has come.
    Awaited,
    /// Within a head.
    Head,
    /// In a body of which so much is still to come.
    Sized(u64),
    /// In a body whose end the parser finds.
    Unsized,
}

/// As much of a line as is looked at.
const LOOKED_AT: usize = 64;

impl HeadWatch {
    /// A request goes out.
    pub(super) fn expect(&mut self) {
        *self = Self { at: At::Awaited, ..Self::default() };
    }

    /// Whether a head has begun and not ended.
    pub(super) fn is_within_head(&self) -> bool {
        self.at == At::Head
    }

    /// Whether a byte has come since the request went out.
    pub(super) fn has_begun(&self) -> bool {
        self.at != At::Awaited || self.interim > 0
    }

    /// Takes what was read.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), HeadFault> {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            match self.at {
                At::Idle => return Err(HeadFault::Excess),
                At::Unsized => return Ok(()),
                At::Sized(left) => {
                    let came = rest.len() as u64;
                    if came > left {
                        return Err(HeadFault::Excess);
                    }
                    self.at = At::Sized(left - came);
                    return Ok(());
                }
                At::Awaited | At::Head => {
                    self.at = At::Head;
                    self.in_head(byte)?;
                    rest = after;
                }
            }
        }
        Ok(())
    }

    fn in_head(&mut self, byte: u8) -> Result<(), HeadFault> {
        match (byte, std::mem::take(&mut self.after_cr)) {
            (b'\n', true) => self.end_line(),
            (b'\n' | 0, _) | (_, true) => Err(HeadFault::Framing),
            (b'\r', false) => {
                self.after_cr = true;
                Ok(())
            }
            (byte, false) => {
                if self.line.len() < LOOKED_AT {
                    self.line.push(byte);
                }
                Ok(())
            }
        }
    }

    fn end_line(&mut self) -> Result<(), HeadFault> {
        let line = std::mem::take(&mut self.line);
        let Some(status) = self.status else {
            self.status = Some(status_of(&line).ok_or(HeadFault::Framing)?);
            return Ok(());
        };
        match line.first() {
            None => self.end_head(status),
            Some(b' ' | b'\t') => Err(HeadFault::Framing),
            Some(_) => {
                self.header(&line);
                Ok(())
            }
        }
    }

    /// Only what frames the body. What is wrong with it otherwise the parser refuses.
    fn header(&mut self, line: &[u8]) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            self.length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.is_chunked = true;
        }
    }

    fn end_head(&mut self, status: u16) -> Result<(), HeadFault> {
        if (100..200).contains(&status) && status != 101 {
            let interim = self.interim + 1;
            if interim > MAX_INTERIM {
                return Err(HeadFault::Interim);
            }
            *self = Self { at: At::Awaited, interim, ..Self::default() };
            return Ok(());
        }
        self.at = match self.length {
            _ if matches!(status, 204 | 304) => At::Sized(0),
            Some(length) if !self.is_chunked => At::Sized(length),
            _ => At::Unsized,
        };
        Ok(())
    }
}

/// `HTTP/1.1 200 ...`.
fn status_of(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let digits = rest.get(1..)?.strip_prefix(b" ")?.get(..3)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of these bytes, in pieces of every size.
    fn watched(bytes: &str) -> Result<(), HeadFault> {
        let mut found: Option<Result<(), HeadFault>> = None;
        for piece in [1, 2, 3, 7, bytes.len().max(1)] {
            let mut watch = HeadWatch::default();
            watch.expect();
            let result = bytes.as_bytes().chunks(piece).try_for_each(|piece| watch.take(piece));
            assert!(found.is_none_or(|found| found == result), "pieces of {piece}: {bytes:?}");
            found = Some(result);
        }
        found.unwrap()
    }

    #[test]
    fn heads_are_read_in_one_way_only() {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\nx: y\r\n\r\nabc";
        let interim = "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n";
        for (bytes, expected) in [
            (ok.to_owned(), Ok(())),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\n\r\n0\r\n\r\n".into(), Ok(())),
            ("HTTP/1.0 200\r\n\r\nuntil the end\n".into(), Ok(())),
            ("HTTP/1.1 204 No Content\r\n\r\n".into(), Ok(())),
            (interim.repeat(10) + ok, Ok(())),
            (interim.repeat(11) + ok, Err(HeadFault::Interim)),
            ("HTTP/1.1 200 OK\ncontent-length: 3\r\n\r\nabc".into(), Err(HeadFault::Framing)),
            ("HTTP/1.1 200 OK\r\ncontent-length: 3\n\nabc".into(), Err(HeadFault::Framing)),
            ("HTTP/1.1 200 OK\r\nx: y\rz: 1\r\n\r\n".into(), Err(HeadFault::Framing)),
            ("HTTP/1.1 200 OK\r\nx: y\r\n folded\r\n\r\n".into(), Err(HeadFault::Framing)),
            ("HTTP/1.1 200 OK\r\nx: \0\r\n\r\n".into(), Err(HeadFault::Framing)),
            ("\r\nHTTP/1.1 200 OK\r\n\r\n".into(), Err(HeadFault::Framing)),
            ("SSH-2.0-x\r\n".into(), Err(HeadFault::Framing)),
            (format!("{ok}d"), Err(HeadFault::Excess)),
            ("HTTP/1.1 204 No Content\r\n\r\nx".into(), Err(HeadFault::Excess)),
        ] {
            assert_eq!(watched(&bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn bytes_that_nobody_asked_for_are_excess() {
        let mut watch = HeadWatch::default();
        assert_eq!(watch.take(b"H"), Err(HeadFault::Excess));
        watch.expect();
        assert!(!watch.has_begun());
        assert_eq!(watch.take(b"H"), Ok(()));
        assert!(watch.has_begun() && watch.is_within_head());
    }
}
