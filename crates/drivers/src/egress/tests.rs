//! Tests of the egress: rules as tables, the wire against a scripted upstream.

mod address;
mod rules;
mod tls;
mod wire;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::{ResolveError, Resolver, SearchDomains};

/// Answers from a table; each name may have several answers in a row, the last of which stays.
#[derive(Default)]
struct TableResolver {
    answers: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    lookups: AtomicUsize,
}

impl TableResolver {
    fn of(rows: &[(&str, &[&str])]) -> Self {
        let resolver = Self::default();
        for (name, answers) in rows {
            let answers = answers.iter().rev().map(|answer| addresses(answer)).collect();
            resolver.answers.lock().unwrap().insert((*name).to_owned(), answers);
        }
        resolver
    }

    fn lookups(&self) -> usize {
        self.lookups.load(Ordering::SeqCst)
    }
}

fn addresses(text: &str) -> Vec<IpAddr> {
    text.split(',').filter(|text| !text.is_empty()).map(|address| address.parse().unwrap()).collect()
}

#[async_trait]
impl Resolver for TableResolver {
    async fn resolve(&self, host: &str, _: SearchDomains) -> Result<Vec<IpAddr>, ResolveError> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answers = answers.get_mut(host).ok_or(ResolveError)?;
        if answers.len() > 1 {
            Ok(answers.pop().unwrap())
        } else {
            answers.last().cloned().ok_or(ResolveError)
        }
    }
}

#[tokio::test]
async fn conforms_to_the_port() {
    let egress = super::HyperEgress::new(super::EgressRules::default(), super::TlsRoots::mozilla()).unwrap();
    portcullis_testkit::conformance::egress(&egress).await;
}
