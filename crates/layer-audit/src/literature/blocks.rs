//! Generated blocks in a document. Everything between `<!-- generated: NAME -->` and `<!-- end -->` is the program's;
//! everything else is somebody's prose, and is never touched.

/// A fault in the markers of a document, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: usize,
    pub(crate) message: String,
}

const END: &str = "<!-- end -->";

/// The opening marker of a block.
pub(crate) fn opening(name: &str) -> String {
    format!("<!-- generated: {name} -->")
}

/// A whole block.
pub(crate) fn block(name: &str, content: &str) -> String {
    format!("{}\n{}\n{END}\n", opening(name), content.trim_end())
}

/// `text` with the content of every block replaced by what `content` gives for its name.
///
/// # Errors
/// A marker without its partner, a block inside a block, or a name that `content` does not know.
pub(crate) fn refreshed(text: &str, content: impl Fn(&str) -> Option<String>) -> Result<String, Fault> {
    let mut fresh = String::new();
    let mut inside: Option<(usize, &str)> = None;
    for (at, line) in text.lines().enumerate() {
        let fault = |message: String| Fault { line: at + 1, message };
        match (name_of(line), line.trim() == END, inside) {
            (Some(name), _, None) => {
                let content = content(name).ok_or_else(|| fault(format!("no block is called `{name}`")))?;
                fresh.push_str(&block(name, &content));
                inside = Some((at + 1, name));
            }
            (Some(name), _, Some(_)) => {
                return Err(fault(format!(
                    "block `{name}` begins inside another; close that one with {END}"
                )));
            }
            (None, true, None) => return Err(fault(format!("{END} ends no block; remove it"))),
            (None, true, Some(_)) => inside = None,
            (None, false, None) => {
                fresh.push_str(line);
                fresh.push('\n');
            }
            (None, false, Some(_)) => {}
        }
    }
    match inside {
        Some((line, name)) => {
            Err(Fault { line, message: format!("block `{name}` has no end; close it with {END}") })
        }
        None => Ok(fresh),
    }
}

/// The prose of a document: its lines outside of blocks, with their numbers.
pub(crate) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        let begins = name_of(line).is_some();
        let ends = line.trim() == END;
        inside = (inside || begins) && !ends;
        (!inside && !ends).then_some((at + 1, line))
    })
}

fn name_of(line: &str) -> Option<&str> {
    line.trim().strip_prefix("<!-- generated: ")?.strip_suffix(" -->")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(name: &str) -> Option<String> {
        (name == "ports").then(|| "new".to_owned())
    }

    #[test]
    fn blocks_are_replaced_and_prose_stays() {
        let text = "# A\n\nProse.\n\n<!-- generated: ports -->\nold\nlines\n<!-- end -->\n\nMore.\n";
        let fresh = refreshed(text, content).expect("markers are right");
        assert_eq!(fresh, "# A\n\nProse.\n\n<!-- generated: ports -->\nnew\n<!-- end -->\n\nMore.\n");
        assert_eq!(refreshed(&fresh, content).expect("again"), fresh);
        let lines: Vec<_> = prose(&fresh).filter(|(_, line)| !line.is_empty()).collect();
        assert_eq!(lines, [(1, "# A"), (3, "Prose."), (9, "More.")]);
    }

    #[test]
    fn broken_markers_are_told_with_their_line() {
        let cases = [
            ("<!-- generated: ports -->\n", 1),
            ("a\n<!-- end -->\n", 2),
            ("<!-- generated: ports -->\n<!-- generated: ports -->\n<!-- end -->\n", 2),
            ("\n<!-- generated: unheard -->\n<!-- end -->\n", 2),
        ];
        for (text, line) in cases {
            assert_eq!(refreshed(text, content).expect_err(text).line, line, "{text}");
        }
    }
}
