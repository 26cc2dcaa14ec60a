//! Where a new line belongs in a text: pure functions from the old text to the new one.

/// Adds `declaration` (`pub mod x;`) by name among the modules of `text`; after its imports if it has none yet.
pub(crate) fn module(text: &str, declaration: &str) -> Result<String, String> {
    let name = module_name(declaration).ok_or_else(|| format!("`{declaration}` declares no module"))?;
    let lines: Vec<&str> = text.lines().collect();
    if lines.iter().any(|line| module_name(line) == Some(name)) {
        return Err(format!("it declares a module `{name}` already"));
    }
    // One with an attribute, such as `#[cfg(test)]`, stands apart.
    let plain = |at: &usize| {
        module_name(lines[*at]).is_some() && (*at == 0 || !lines[*at - 1].trim_start().starts_with("#["))
    };
    let Some(first) = (0..lines.len()).find(plain) else {
        return Ok(after_imports(&lines, declaration));
    };
    let run = (first..lines.len()).take_while(plain);
    let place = run.clone().find(|at| module_name(lines[*at]) > Some(name)).unwrap_or(first + run.count());
    Ok(with_line(&lines, place, declaration))
}

/// Adds `line` (`pub use x::Y;`) after the last import of the same visibility, of the same crate or family of crates
/// if there is one; after all imports if there is none. rustfmt puts it in order.
pub(crate) fn export(text: &str, line: &str) -> Result<String, String> {
    let (visibility, path) = line.split_once("use ").ok_or_else(|| format!("`{line}` imports nothing"))?;
    let keyword = format!("{visibility}use ");
    let family = path.split([':', '_', ';']).next().unwrap_or(path);
    let lines: Vec<&str> = text.lines().collect();
    if lines.contains(&line) {
        return Err(format!("it has `{line}` already"));
    }
    let last = |start: &str| lines.iter().rposition(|found| found.starts_with(start));
    let last = last(&format!("{keyword}{family}")).or_else(|| last(&keyword));
    Ok(match last {
        Some(at) => with_line(&lines, statement_end(&lines, at) + 1, line),
        None => after_imports(&lines, line),
    })
}

/// Makes `text` import each `module::name`.
pub(crate) fn imports(text: &str, names: &[(&str, &str)]) -> Result<String, String> {
    names.iter().try_fold(text.to_owned(), |text, (module, name)| import(&text, module, name))
}

/// Makes `text` import `module::name`, in the statement that imports from `module` if there is one.
fn import(text: &str, module: &str, name: &str) -> Result<String, String> {
    let start = format!("use {module}::");
    let lines: Vec<&str> = text.lines().collect();
    let Some(at) = lines.iter().position(|line| line.starts_with(&start)) else {
        return export(text, &format!("{start}{name};"));
    };
    let end = statement_end(&lines, at);
    let statement = lines[at..=end].join(" ");
    let inside = statement[start.len()..].trim_end_matches(';').trim();
    let inside = inside.strip_prefix('{').and_then(|list| list.strip_suffix('}')).unwrap_or(inside);
    let mut names: Vec<&str> = inside.split(',').map(str::trim).filter(|known| !known.is_empty()).collect();
    if names.contains(&name) {
        return Ok(text.to_owned());
    }
    names.push(name);
    names.sort_unstable();
    let merged = format!("{start}{{{}}};", names.join(", "));
    let changed: Vec<&str> = [&lines[..at], &[merged.as_str()], &lines[end + 1..]].concat();
    Ok(joined(&changed))
}

/// Adds `line` right before the first line that is `anchor`, at or after the first that holds `from`.
pub(crate) fn before(text: &str, from: &str, anchor: &str, line: &str) -> Result<String, String> {
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|found| found.contains(from)).ok_or_else(|| missing(from))?;
    let place = lines[start..].iter().position(|found| *found == anchor).ok_or_else(|| missing(anchor))?;
    Ok(with_line(&lines, start + place, line))
}

/// Adds `line` after the last line for which `is_sibling` holds; `None` if there is none.
pub(crate) fn after_last(text: &str, line: &str, is_sibling: impl Fn(&str) -> bool) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.iter().rposition(|found| is_sibling(found))?;
    Some(with_line(&lines, last + 1, line))
}

/// Replaces the one place where `old` stands.
pub(crate) fn replaced(text: &str, old: &str, new: &str) -> Result<String, String> {
    match text.matches(old).count() {
        1 => Ok(text.replacen(old, new, 1)),
        0 => Err(missing(old)),
        more => Err(format!("`{old}` stands there {more} times, so its place is not clear")),
    }
}

/// Adds items at the end of a file, before its unit tests.
pub(crate) fn item(text: &str, item: &str) -> Result<String, String> {
    let item = item.trim_matches('\n');
    Ok(match text.find("\n#[cfg(test)]\nmod ") {
        Some(at) => format!("{}\n{item}\n{}", &text[..at], &text[at..]),
        None => format!("{}\n\n{item}\n", text.trim_end()),
    })
}

fn missing(anchor: &str) -> String {
    format!("the line `{}` is not there, by which a new one finds its place", anchor.trim())
}

fn module_name(line: &str) -> Option<&str> {
    let rest = ["mod ", "pub mod ", "pub(crate) mod "].iter().find_map(|start| line.strip_prefix(start))?;
    rest.strip_suffix(';')
}

fn statement_end(lines: &[&str], start: usize) -> usize {
    (start..lines.len()).find(|at| lines[*at].ends_with(';')).unwrap_or(start)
}

/// After the last import; after the header if there is none.
fn after_imports(lines: &[&str], line: &str) -> String {
    let is_import =
        |line: &&str| ["use ", "pub use ", "pub(crate) use "].iter().any(|start| line.starts_with(start));
    let is_header = |line: &&&str| line.starts_with("//!") || line.starts_with("#!");
    let blank_before = |kind: &str| if line.starts_with(kind) { "" } else { "\n" };
    match lines.iter().rposition(is_import) {
        Some(at) => {
            let gap = blank_before("use ");
            with_line(lines, statement_end(lines, at) + 1, &format!("{gap}{line}"))
        }
        None => {
            let header = lines.iter().take_while(is_header).count();
            with_line(lines, header, &format!("\n{line}"))
        }
    }
}

fn with_line(lines: &[&str], place: usize, line: &str) -> String {
    joined(&[&lines[..place], &[line], &lines[place..]].concat())
}

fn joined(lines: &[&str]) -> String {
    format!("{}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests;
