//! Credential references: a byte-exact grammar, no decoding, no folding, no second resolution.
//!
//! `cus-vault://<tenant>/<id>` (customer), `encrypted://<base64>` (both scopes), `env://<VAR>` (system scope, listed
//! prefixes only). `vault://` and everything else is refused, and what may be a secret is never echoed.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_schemas::ids::{CredentialId, TenantId};
use portcullis_schemas::secret::Secret;

use crate::envelope::{ENVELOPE_VERSION, MIN_BYTES};

/// For whom a reference is resolved.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// For a tenant.
    Customer(&'a TenantId),
    /// For Portcullis itself; environment variables with one of these prefixes may be read.
    System {
        /// Allowed prefixes, for example `PORTCULLIS_SECRET_`.
        env_prefixes: &'a [&'a str],
    },
}

/// A well-formed reference that its scope may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A stored credential of the scope's tenant.
    Vault(CredentialId),
    /// A sealed secret; not opened yet.
    Encrypted(Vec<u8>),
    /// The name of an environment variable.
    Env(String),
}

/// Why a reference was refused: the first rule that fired. Never holds the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No scheme at all: it may be the secret itself.
    Plaintext,
    /// A byte outside of 0x21 to 0x7e.
    Charset,
    /// A known scheme in the wrong case.
    LegacyCase,
    /// `vault://`, abolished.
    Legacy,
    /// Any other scheme, or one not followed by `//`.
    Scheme,
    /// The scheme is not for this scope.
    Scope,
    /// The part behind the scheme.
    Grammar,
    /// More than 16 KiB.
    Length,
    /// Another tenant's credential. Answer it as one that does not exist.
    CrossTenant,
    /// A variable outside of the listed prefixes.
    EnvForbidden,
    /// An envelope of an unknown version.
    Version,
}

impl Refusal {
    /// The rule's stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Charset => "charset",
            Self::LegacyCase => "legacy_case",
            Self::Legacy => "legacy",
            Self::Scheme => "scheme",
            Self::Scope => "scope",
            Self::Grammar => "grammar",
            Self::Length => "length",
            Self::CrossTenant => "cross_tenant",
            Self::EnvForbidden => "env_forbidden",
            Self::Version => "version",
        }
    }

    /// What was expected.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Plaintext => {
                "expected a reference, not a secret: store the secret first and use its reference"
            }
            Self::Charset => "expected visible ASCII without spaces",
            Self::LegacyCase => "expected the scheme in lower case",
            Self::Legacy => "vault:// is no longer used: expected cus-vault://<tenant>/<id>",
            Self::Scheme => "expected cus-vault:// or encrypted://",
            Self::Scope => {
                "expected a scheme of this scope: env:// is the system's, cus-vault:// and encrypted:// a tenant's"
            }
            Self::Grammar => "expected cus-vault://<tenant>/<id> or encrypted://<base64 as it was issued>",
            Self::Length => "expected at most 16 KiB",
            Self::CrossTenant => "there is no such credential",
            Self::EnvForbidden => "expected a variable with an allowed prefix",
            Self::Version => "expected an envelope of this version: encrypt the secret again",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected())
    }
}

impl std::error::Error for Refusal {}

/// Most bytes that are looked at; no well-formed reference comes near.
const MAX_BYTES: usize = 16 * 1024;
const SCHEMES: [&str; 4] = ["cus-vault", "encrypted", "env", "vault"];

/// Judges a reference. The order of the rules is a contract: a test asserts the code, not only the refusal.
///
/// # Errors
/// The first rule that it breaks.
pub fn parse(scope: Scope<'_>, text: &str) -> Result<Reference, Refusal> {
    if !looks_like_reference(text) {
        return Err(Refusal::Plaintext);
    }
    if text.len() > MAX_BYTES {
        return Err(Refusal::Length);
    }
    if !text.bytes().all(|byte| (0x21..=0x7e).contains(&byte)) {
        return Err(Refusal::Charset);
    }
    let (scheme, rest) = text.split_once("://").ok_or(Refusal::Scheme)?;
    match scheme {
        "cus-vault" => parse_vault(scope, rest),
        "encrypted" => parse_encrypted(rest),
        "env" => parse_env(scope, rest),
        "vault" => Err(Refusal::Legacy),
        _ if SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) => Err(Refusal::LegacyCase),
        _ => Err(Refusal::Scheme),
    }
}

/// Whether the text at least tries to be a reference. What does not may be a secret.
fn looks_like_reference(text: &str) -> bool {
    let start = text.trim_start().to_ascii_lowercase();
    text.contains(':') || SCHEMES.iter().any(|scheme| start.starts_with(scheme))
}

fn parse_vault(scope: Scope<'_>, rest: &str) -> Result<Reference, Refusal> {
    let Scope::Customer(tenant) = scope else { return Err(Refusal::Scope) };
    let (owner, id) = rest.split_once('/').ok_or(Refusal::Grammar)?;
    let owner = TenantId::from_trusted(owner).map_err(|_| Refusal::Grammar)?;
    let id: CredentialId = id.parse().map_err(|_| Refusal::Grammar)?;
    if owner != *tenant {
        return Err(Refusal::CrossTenant);
    }
    Ok(Reference::Vault(id))
}

fn parse_encrypted(rest: &str) -> Result<Reference, Refusal> {
    let envelope = STANDARD.decode(rest).map_err(|_| Refusal::Grammar)?;
    match envelope.first() {
        None => Err(Refusal::Grammar),
        Some(_) if envelope.len() > MIN_BYTES + Secret::MAX_BYTES => Err(Refusal::Grammar),
        Some(&ENVELOPE_VERSION) => Ok(Reference::Encrypted(envelope)),
        Some(_) => Err(Refusal::Version),
    }
}

fn parse_env(scope: Scope<'_>, name: &str) -> Result<Reference, Refusal> {
    let Scope::System { env_prefixes } = scope else { return Err(Refusal::Scope) };
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_uppercase() || byte == b'_');
    if !first || !bytes.all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_') {
        return Err(Refusal::Grammar);
    }
    if !env_prefixes.iter().any(|prefix| name.len() > prefix.len() && name.starts_with(prefix)) {
        return Err(Refusal::EnvForbidden);
    }
    Ok(Reference::Env(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn customer(text: &str) -> Result<Reference, &'static str> {
        let tenant = TenantId::from_trusted("t_a").unwrap();
        parse(Scope::Customer(&tenant), text).map_err(Refusal::code)
    }

    #[test]
    fn each_rule_fires_in_its_turn() {
        let table = [
            ("sk_live_abc", "plaintext"),
            ("Bearer abc", "plaintext"),
            (" cus-vault://t_a/x", "charset"),
            ("cus\u{2011}vault://t_a/x", "charset"),
            ("CUS-vault://t_a/x", "legacy_case"),
            ("vault://secret/x", "legacy"),
            ("cus-vault:t_a/x", "scheme"),
            ("https://t_a/x", "scheme"),
            ("env://PATH", "scope"),
            ("cus-vault://t_a", "grammar"),
            ("cus-vault://t_a/../x", "grammar"),
            (&format!("cus-vault://t_a/{}", "x".repeat(129)), "grammar"),
            (&format!("cus-vault://t_a/{}", "x".repeat(20_000)), "length"),
            ("cus-vault://t_b/x", "cross_tenant"),
            ("encrypted://", "grammar"),
            ("encrypted://AA==", "version"),
            ("encrypted://AQ", "grammar"),
        ];
        for (text, code) in table {
            assert_eq!(customer(text), Err(code), "{text}");
        }
    }

    #[test]
    fn a_system_job_reads_listed_variables_only() {
        let scope = Scope::System { env_prefixes: &["PORTCULLIS_SECRET_"] };
        assert_eq!(
            parse(scope, "env://PORTCULLIS_SECRET_SMTP"),
            Ok(Reference::Env("PORTCULLIS_SECRET_SMTP".into()))
        );
        assert_eq!(parse(scope, "env://PORTCULLIS_MASTER_KEY"), Err(Refusal::EnvForbidden));
        assert_eq!(parse(scope, "env://PORTCULLIS_SECRET_"), Err(Refusal::EnvForbidden));
        assert_eq!(parse(scope, "cus-vault://t_a/x"), Err(Refusal::Scope));
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,200}") {
            let _ = customer(&text);
        }

        #[test]
        fn own_credentials_are_accepted_whatever_their_id(id in "[A-Za-z0-9][A-Za-z0-9_-]{0,60}") {
            let reference = format!("cus-vault://t_a/{id}");
            prop_assert!(customer(&reference).is_ok());
        }
    }
}
