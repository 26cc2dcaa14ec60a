//! A server's protected resource metadata (RFC 9728).

use portcullis_mcp::authorization::covers;
use portcullis_schemas::text::UrlText;

use super::{NOT_A_URL, Unusable, object, texts, url, web_url};

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedResource {
    /// What tokens are to be good for, as it is said there (RFC 8707).
    pub resource: UrlText,
    /// Issuers of such tokens, one or more.
    pub issuers: Vec<UrlText>,
    /// Scopes that its requests need.
    pub scopes: Option<Vec<String>>,
}

impl ProtectedResource {
    /// Judges a document that was read for the server at this URL.
    ///
    /// # Errors
    /// [`Unusable`]; above all when it is the document of another resource: its tokens would be good there (RFC 9728
    /// section 3.3).
    pub fn judge(bytes: &[u8], server: &str) -> Result<Self, Unusable> {
        let members = object(bytes, "the protected resource metadata")?;
        let resource = url(&members, "resource", "`resource`")?;
        let resource = resource
            .filter(|resource| covers(resource.as_str(), server))
            .ok_or(Unusable::new("`resource`", "the MCP server's URL, or one above it at the same origin"))?;
        let issuers =
            texts(&members, "authorization_servers", "`authorization_servers`")?.unwrap_or_default();
        let issuers: Option<Vec<_>> = issuers.iter().map(|issuer| web_url(issuer)).collect();
        let issuers = issuers.ok_or(Unusable::new("`authorization_servers`", NOT_A_URL))?;
        if issuers.is_empty() {
            return Err(Unusable::new("`authorization_servers`", "one issuer or more"));
        }
        let scopes = texts(&members, "scopes_supported", "`scopes_supported`")?;
        Ok(Self { resource, issuers, scopes })
    }

    /// The issuer to ask: the first, or the one that the admin has named.
    ///
    /// # Errors
    /// [`Unusable`] when the server does not name that one.
    pub fn issuer(&self, known: Option<&UrlText>) -> Result<&UrlText, Unusable> {
        let found = match known {
            None => self.issuers.first(),
            Some(known) => self.issuers.iter().find(|issuer| *issuer == known),
        };
        found
            .ok_or(Unusable::new("`authorization_servers`", "the issuer that an admin has named, among them"))
    }
}
