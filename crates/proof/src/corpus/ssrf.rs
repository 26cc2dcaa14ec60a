//! URLs against the egress rules, with scripted name resolution and redirects.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use color_eyre::eyre::{OptionExt, Result};
use portcullis_drivers::egress::{
    AddressClass, EgressRules, RedirectHop, ResolveError, Resolver, SearchDomains, evaluate,
};

use super::{Judgement, Row};

/// Judges one row. `dns` holds look-ups separated by `;`, each with addresses separated by `,`; `redirect` holds
/// `status location|dns of the location`.
pub(crate) async fn judge(row: Row) -> Result<Judgement> {
    let resolver = ScriptedResolver::default();
    resolver.script(&host_of(row.cell("url")), row.cell("dns"));
    let mut hops = Vec::new();
    if !row.cell("redirect").is_empty() {
        let (hop, dns) =
            row.cell("redirect").rsplit_once('|').ok_or_eyre("expected `status location|dns`")?;
        let (status, location) = hop.split_once(' ').ok_or_eyre("expected `status location`")?;
        resolver.script(&host_of(location), dns);
        hops.push(RedirectHop { status: status.parse()?, location: location.to_owned() });
    }
    let verdict = evaluate(row.cell("url"), &EgressRules::default(), &resolver, &hops).await;
    let class = verdict.class.map_or("-", AddressClass::as_str);
    Ok(Judgement {
        allowed: verdict.refused.is_none(),
        code: verdict.code().to_owned(),
        class: Some(class.to_owned()),
    })
}

/// The host as the resolver will be asked for it; rows whose URL has none never get that far.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default().to_ascii_lowercase()
}

/// Answers each look-up of a name with the next scripted one; the last is repeated.
#[derive(Default)]
struct ScriptedResolver {
    answers: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
}

impl ScriptedResolver {
    fn script(&self, host: &str, dns: &str) {
        let lookups = dns.split(';').filter(|lookup| !lookup.is_empty());
        let parsed =
            lookups.map(|lookup| lookup.split(',').filter_map(|address| address.parse().ok()).collect());
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.entry(host.to_owned()).or_default().extend(parsed);
    }
}

#[async_trait]
impl Resolver for ScriptedResolver {
    async fn resolve(&self, host: &str, _: SearchDomains) -> Result<Vec<IpAddr>, ResolveError> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = answers.get_mut(host).ok_or(ResolveError)?;
        if queue.len() > 1 { queue.pop_front() } else { queue.front().cloned() }.ok_or(ResolveError)
    }
}
