//! What a token claims, compared with what the operator says of its issuer (RFC 9068 section 4, RFC 7519 section 4.1).

use std::time::Duration;

use portcullis_schemas::api_keys::tokens::{TokenIssuer, TokenSettings};
use portcullis_schemas::principal::PresentedToken;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::timestamp::Timestamp;
use portcullis_trail::sha256;
use serde_json::{Map, Value};

use super::{Jws, TokenFault};

/// Most audiences of a token; one that is good for so many is good for nobody.
const MAX_AUDIENCES: usize = 16;
/// The year 9999 in seconds: no time of a token is later.
const LATEST: f64 = 253_402_300_799.0;

/// Where a caller comes with a token, below the resource of the settings. One for the resource itself is good anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// One for exactly this path, if it is not empty.
    Path(&'a str),
    /// One for any path of one name below this mount, which ends with `/`: what is asked for there is the caller's own,
    /// whatever the token is for.
    Below(&'a str),
}

impl Place<'_> {
    fn takes(self, path: &str) -> bool {
        path.is_empty()
            || match self {
                Self::Path(expected) => path == expected,
                Self::Below(mount) => {
                    path.strip_prefix(mount).is_some_and(|name| !name.is_empty() && !name.contains('/'))
                }
            }
    }
}

/// A token whose claims fit its issuer. That the issuer has made it is for the signature to show.
#[derive(Debug)]
pub struct Claimed<'a> {
    jws: &'a Jws<'a>,
    issuer: &'a TokenIssuer,
    ends_at: Timestamp,
}

impl<'a> Claimed<'a> {
    /// Judges a token's claims at `now`, for a caller there.
    ///
    /// # Errors
    /// The first rule that they break: issuer, algorithm, audience, end, begin.
    pub fn judge(
        jws: &'a Jws<'a>,
        settings: &'a TokenSettings,
        place: Place<'_>,
        now: Timestamp,
    ) -> Result<Self, TokenFault> {
        let named = jws.claims.get("iss").and_then(Value::as_str);
        let issuer = settings.issuers.iter().find(|issuer| Some(issuer.issuer.as_str()) == named);
        let issuer = issuer.ok_or(TokenFault::Issuer)?;
        if !issuer.algorithms.contains(&jws.algorithm) {
            return Err(TokenFault::Algorithm);
        }
        judge_audience(&jws.claims, settings, issuer, place)?;
        let ends_at = judge_times(&jws.claims, Duration::from_secs(issuer.skew_seconds), now)?;
        Ok(Self { jws, issuer, ends_at })
    }

    /// What a principal keeps of the token, whose text is `presented`.
    pub fn presented(&self, presented: &str) -> PresentedToken {
        PresentedToken {
            digest: *sha256(presented.as_bytes()).as_bytes(),
            text: Secret::new(presented.to_owned()),
            ends_at: self.ends_at,
        }
    }

    /// Who says to have made it.
    pub fn issuer(&self) -> &'a TokenIssuer {
        self.issuer
    }

    /// The token.
    pub fn jws(&self) -> &'a Jws<'a> {
        self.jws
    }
}

fn judge_audience(
    claims: &Map<String, Value>,
    settings: &TokenSettings,
    issuer: &TokenIssuer,
    place: Place<'_>,
) -> Result<(), TokenFault> {
    let is_ours = |audience: &str| match issuer.audiences.as_slice() {
        [] => audience.strip_prefix(&settings.resource).is_some_and(|path| place.takes(path)),
        named => named.iter().any(|ours| ours == audience),
    };
    let found = match claims.get("aud") {
        Some(Value::String(audience)) => is_ours(audience),
        Some(Value::Array(audiences)) if audiences.len() <= MAX_AUDIENCES => {
            // One that is no text makes nonsense of them all.
            audiences.iter().all(Value::is_string) && audiences.iter().filter_map(Value::as_str).any(is_ours)
        }
        _ => false,
    };
    if found { Ok(()) } else { Err(TokenFault::Audience) }
}

/// The end of a token whose time it is.
fn judge_times(claims: &Map<String, Value>, skew: Duration, now: Timestamp) -> Result<Timestamp, TokenFault> {
    let end = claims.get("exp").and_then(numeric_date).ok_or(TokenFault::Expired)?;
    if now >= end.plus(skew) {
        return Err(TokenFault::Expired);
    }
    for name in ["nbf", "iat"] {
        let Some(claim) = claims.get(name) else { continue };
        let begin = numeric_date(claim).ok_or(TokenFault::Early)?;
        if now.plus(skew) < begin {
            return Err(TokenFault::Early);
        }
    }
    Ok(end)
}

/// Seconds since 1970, perhaps with a fraction (RFC 7519 section 2).
fn numeric_date(claim: &Value) -> Option<Timestamp> {
    let seconds = claim.as_f64().filter(|seconds| (0.0..=LATEST).contains(seconds))?;
    Some(Timestamp::from_micros((seconds * 1_000_000.0) as i64))
}
