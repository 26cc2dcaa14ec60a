//! Takes a call's own credential out of what its upstream answered, so that a server which echoes its request, in a
//! debug dump or an error page, does not hand our secret to the agent, to the catalogue or to a log.
//!
//! It is found as it is, and in the forms that programs give to texts on their way: base64 at each alignment, base64url,
//! hex, percent, JSON and HTML escapes, reversed, UTF-16, and within gzip. A server that means to give it away can
//! always find another form; it has the secret already, and against that stands rotation.

mod forms;
mod gzip;
mod json;

use memchr::memmem;
use portcullis_schemas::integrations::mcp::wire::{AuthHeader, ListedTool, McpCatalogue, ToolReply};
use portcullis_schemas::json::RawJson;
use zeroize::Zeroizing;

/// What stands in the place of a secret.
pub const MARK: &str = "[redacted]";
/// Shorter secrets are not looked for: they would be found in texts that have nothing to do with them.
pub const SHORTEST: usize = 8;

/// Knows one credential in its forms; wiped when dropped.
pub struct Redactor {
    needles: Vec<Zeroizing<Vec<u8>>>,
}

impl Redactor {
    /// Looks for the credential of this header. `None` when it is too short to be looked for.
    #[must_use]
    pub fn of(auth: &AuthHeader) -> Option<Self> {
        let mut needles = Vec::new();
        for secret in forms::secrets(auth.value.expose()) {
            if secret.len() >= SHORTEST {
                forms::add_all(&secret, &mut needles);
            }
        }
        (!needles.is_empty()).then_some(Self { needles })
    }

    /// The answer to a call, with marks in the place of the credential.
    #[must_use]
    pub fn reply(&self, reply: ToolReply) -> ToolReply {
        match self.json(&reply.result) {
            None => reply,
            Some(result) => ToolReply { result, redacted: true, ..reply },
        }
    }

    /// Progress of a call, with marks in the place of the credential.
    #[must_use]
    pub fn progress(&self, params: RawJson) -> RawJson {
        self.json(&params).unwrap_or(params)
    }

    /// A catalogue without the credential. A definition that holds it is not read: with a mark in it, it would be
    /// another definition than the server's, and its hash would change with every rotation.
    #[must_use]
    pub fn catalogue(&self, catalogue: McpCatalogue) -> McpCatalogue {
        let tools = catalogue.tools.into_iter().enumerate().map(|(position, tool)| match tool {
            ListedTool::Readable { kind, definition, .. } if self.json(&definition).is_some() => {
                let problem = "the definition holds the credential that the server is asked with".to_owned();
                ListedTool::Unreadable { kind, position, problem }
            }
            tool => tool,
        });
        let tools = tools.collect();
        let capabilities = self.json(&catalogue.capabilities).unwrap_or(catalogue.capabilities);
        McpCatalogue { tools, capabilities, ..catalogue }
    }

    /// Whether the credential stands in a text.
    #[must_use]
    pub fn is_within(&self, text: &str) -> bool {
        self.is_in_or_packed(text.as_bytes())
    }

    /// A JSON text without the credential; `None` when it holds none.
    fn json(&self, text: &RawJson) -> Option<RawJson> {
        let redacted = json::redact(text.as_str(), self)?;
        // It is JSON again: whole strings and numbers were replaced by strings. If not, nothing of it is handed on.
        let nothing = || RawJson::from_text(format!("\"{MARK}\"")).ok();
        RawJson::from_text(redacted).ok().or_else(nothing)
    }

    /// Bytes with marks; `None` when there is nothing to mark.
    fn bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut found: Vec<(usize, usize)> = gzip::runs(bytes, &|inner| self.is_in(inner));
        for needle in &self.needles {
            found.extend(memmem::find_iter(bytes, needle.as_slice()).map(|at| (at, at + needle.len())));
        }
        if found.is_empty() {
            return None;
        }
        found.sort_unstable();
        let (mut marked, mut end) = (Vec::with_capacity(bytes.len()), 0);
        for (from, to) in found {
            if from >= end {
                marked.extend_from_slice(&bytes[end..from]);
                marked.extend_from_slice(MARK.as_bytes());
            }
            end = end.max(to);
        }
        marked.extend_from_slice(&bytes[end..]);
        Some(marked)
    }

    fn is_in_or_packed(&self, bytes: &[u8]) -> bool {
        self.is_in(bytes) || !gzip::runs(bytes, &|inner| self.is_in(inner)).is_empty()
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        self.needles.iter().any(|needle| memmem::find(bytes, needle).is_some())
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor(..)")
    }
}

#[cfg(test)]
mod tests;
