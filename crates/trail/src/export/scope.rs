//! Whose records an auditor expects in an export, and how much it has then shown.

use std::collections::BTreeSet;
use std::fmt;

use crate::chain::GENESIS;
use crate::digest::Digest;

/// A record of which hash and place were kept elsewhere. A tenant without a record has sequence 0 and
/// [`GENESIS`], as `logs.trail.get_checkpoint` tells it. Printed as `tenant:sequence:hash`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantHead {
    /// The tenant.
    pub tenant: String,
    /// The record's sequence.
    pub sequence: u64,
    /// The record's hash.
    pub hash: Digest,
}

impl TenantHead {
    pub(super) fn of_none(tenant: &str) -> Self {
        Self { tenant: tenant.to_owned(), sequence: 0, hash: GENESIS }
    }
}

impl fmt::Display for TenantHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.tenant, self.sequence, self.hash)
    }
}

/// Where an export of some tenants ends for one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantEnd {
    /// The newest record that is shown. Keep it for the next time.
    pub head: TenantHead,
    /// Whether the auditor brought this very head, so that up to it nothing is hidden.
    pub is_known: bool,
}

/// How much a verification has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Something does not hold.
    Broken,
    /// Every record up to the newest checkpoint is shown, as it was signed.
    Whole,
    /// Each tenant that was expected is shown without a gap, as it was signed, up to a head that the auditor brought.
    WholeToHeads,
    /// Each tenant that was expected is shown without a gap, as it was signed; but newest records of one of them may be
    /// among the hidden ones.
    AsFarAsShown,
}

impl Verdict {
    /// The rule: hidden records could be anyone's, so where some are, only known heads make a whole.
    pub(super) fn of(findings: u64, scope: &Scope, ends: &[TenantEnd]) -> Self {
        match scope {
            _ if findings > 0 => Self::Broken,
            Scope::All => Self::Whole,
            Scope::Tenants(_) if !ends.is_empty() && ends.iter().all(|end| end.is_known) => {
                Self::WholeToHeads
            }
            Scope::Tenants(_) => Self::AsFarAsShown,
        }
    }
}

/// Whose records an export must show. The auditor says so. What an export says of itself is only compared with it:
/// who can write a file could else have it say that less was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everybody's; none may be hidden.
    All,
    /// Those of these tenants alone.
    Tenants(BTreeSet<String>),
}

impl Scope {
    /// What is wrong with an export that names these tenants, or with `None` says that it shows all.
    pub(super) fn objection(&self, named: Option<&BTreeSet<String>>) -> Option<String> {
        match (self, named) {
            (Self::All, None) => None,
            (Self::All, Some(named)) => Some(format!(
                "expected an export of all tenants, found one that names {}: get a full one, or verify it for the tenants \
                 that you expect, whatever it names",
                named.len()
            )),
            (Self::Tenants(expected), None) => Some(format!(
                "expected an export of {} tenants, found one of all: verify it as a full one",
                expected.len()
            )),
            (Self::Tenants(expected), Some(named)) => {
                let (lacking, strange) =
                    (expected.difference(named).next(), named.difference(expected).next());
                lacking.map(|tenant| format!("expected tenant {tenant}, found an export without it")).or_else(
                    || {
                        strange.map(|tenant| {
                            format!("expected an export without tenant {tenant}, found it named")
                        })
                    },
                )
            }
        }
    }

    /// Where the export ends for each tenant that was asked for by name, in their order.
    pub(super) fn ends(
        &self,
        newest: impl Fn(&str) -> TenantHead,
        is_known: impl Fn(&TenantHead) -> bool,
    ) -> Vec<TenantEnd> {
        match self {
            Self::All => Vec::new(),
            Self::Tenants(tenants) => tenants
                .iter()
                .map(|tenant| newest(tenant))
                .map(|head| TenantEnd { is_known: is_known(&head), head })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(tenants: &[&str]) -> BTreeSet<String> {
        tenants.iter().map(|tenant| (*tenant).to_owned()).collect()
    }

    fn end(is_known: bool) -> TenantEnd {
        TenantEnd { head: TenantHead::of_none("t_a"), is_known }
    }

    /// `None` stands for all tenants.
    type Named = Option<&'static [&'static str]>;

    #[test]
    fn an_export_must_be_the_one_that_was_asked_for() {
        let table: [(Named, Named, Option<&str>); 10] = [
            (None, None, None),
            (None, Some(&[]), Some("names 0: get a full one")),
            (None, Some(&["t_a", "t_b"]), Some("names 2: get a full one")),
            (Some(&["t_a"]), None, Some("verify it as a full one")),
            (Some(&[]), None, Some("verify it as a full one")),
            (Some(&["t_a"]), Some(&["t_a"]), None),
            (Some(&["t_a", "t_b"]), Some(&["t_a", "t_b"]), None),
            (Some(&["t_a", "t_b"]), Some(&["t_a"]), Some("expected tenant t_b, found an export without it")),
            (Some(&["t_a"]), Some(&["t_a", "t_c"]), Some("without tenant t_c, found it named")),
            (Some(&["t_a"]), Some(&["t_b"]), Some("expected tenant t_a, found an export without it")),
        ];
        for (expected, named, objection) in table {
            let scope = expected.map_or(Scope::All, |tenants| Scope::Tenants(set(tenants)));
            let found = scope.objection(named.map(set).as_ref());
            match objection {
                None => assert_eq!(found, None, "{expected:?} {named:?}"),
                Some(words) => {
                    assert!(
                        found.as_ref().is_some_and(|found| found.contains(words)),
                        "{named:?}: {found:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn hidden_records_leave_a_whole_to_known_heads_alone() {
        let some = || Scope::Tenants(set(&["t_a", "t_b"]));
        let table = [
            (0, Scope::All, vec![], Verdict::Whole),
            (1, Scope::All, vec![], Verdict::Broken),
            (0, some(), vec![end(true), end(true)], Verdict::WholeToHeads),
            (0, some(), vec![end(true), end(false)], Verdict::AsFarAsShown),
            (0, some(), vec![end(false), end(false)], Verdict::AsFarAsShown),
            (1, some(), vec![end(true), end(true)], Verdict::Broken),
            // Who asked for nobody was shown nothing.
            (0, Scope::Tenants(set(&[])), vec![], Verdict::AsFarAsShown),
        ];
        for (findings, scope, ends, expected) in table {
            assert_eq!(Verdict::of(findings, &scope, &ends), expected, "{findings} {scope:?} {ends:?}");
        }
    }
}
