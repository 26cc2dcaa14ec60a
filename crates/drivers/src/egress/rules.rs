//! What the operator allows beyond the rules: exact origins.

use std::collections::BTreeSet;

use url::{Host, Url};

/// The rules of the egress. The default waives nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EgressRules {
    waived: BTreeSet<String>,
}

/// An entry of the operator's list that is not an exact origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("waived origin `{given}`: {problem}")]
pub struct BadOrigin {
    given: String,
    problem: String,
}

impl EgressRules {
    /// Rules with a waiver for each of these origins, written like `http://127.0.0.1:8931`. A waiver lifts the rules
    /// on scheme, IP literals, port, special names and addresses for that origin alone; the rules on characters,
    /// form and user information stay.
    ///
    /// # Errors
    /// [`BadOrigin`] when an entry is not an origin in canonical form: scheme `http` or `https`, host, and the port
    /// unless it is the scheme's own. No path, no wildcard.
    pub fn waiving<S: AsRef<str>>(origins: impl IntoIterator<Item = S>) -> Result<Self, BadOrigin> {
        let waived =
            origins.into_iter().map(|origin| exact_origin(origin.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { waived })
    }

    /// Whether this origin, in canonical form, is waived.
    pub fn waives(&self, origin: &str) -> bool {
        self.waived.contains(origin)
    }
}

fn exact_origin(given: &str) -> Result<String, BadOrigin> {
    let bad = |problem: String| BadOrigin { given: given.to_owned(), problem };
    let expected = "expected an origin like `http://127.0.0.1:8931`";
    let url = Url::parse(given).map_err(|error| bad(format!("{expected}; {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || matches!(url.host(), None | Some(Host::Domain(""))) {
        return Err(bad(format!("{expected}, with scheme `http` or `https`")));
    }
    let origin = url.origin().ascii_serialization();
    if origin.contains('*') {
        return Err(bad("a wildcard is not an exact origin; list each origin".to_owned()));
    }
    if origin != given {
        return Err(bad(format!("not in canonical form; write `{origin}`")));
    }
    Ok(origin)
}
