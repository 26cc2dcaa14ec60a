//! Name resolution: a port, and the system's resolver behind a deadline.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;

use super::address::{AddressClass, classify};
use super::judge::{Destination, JudgedUrl, Refusal, Rule};

/// How long a look-up may take.
const DEADLINE: Duration = Duration::from_secs(2);

/// Whether a look-up may try the host's search domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchDomains {
    /// The name is absolute. For every name that the operator has not waived.
    Ignored,
    /// As the host is set up, `/etc/hosts` included. For waived origins.
    Used,
}

/// Turns a name into addresses, once per connection: what it answers is judged, and connected to.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// All addresses of a name. `host` is canonical, without a trailing dot.
    ///
    /// # Errors
    /// When the name does not resolve in time. An empty answer is treated alike.
    async fn resolve(&self, host: &str, search: SearchDomains) -> Result<Vec<IpAddr>, ResolveError>;
}

/// A name that did not resolve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("the name does not resolve")]
pub struct ResolveError;

/// The system's resolver, with a deadline of 2 s.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str, search: SearchDomains) -> Result<Vec<IpAddr>, ResolveError> {
        // The trailing dot keeps search domains out; it would hide entries of /etc/hosts, which waived names may need.
        let name = match search {
            SearchDomains::Ignored => format!("{host}."),
            SearchDomains::Used => host.to_owned(),
        };
        let found = tokio::time::timeout(DEADLINE, tokio::net::lookup_host((name, 0))).await;
        let found = found.map_err(|_| ResolveError)?.map_err(|_| ResolveError)?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// Every address that a judged URL leads to, after one look-up; each of them global unless the origin is waived.
///
/// # Errors
/// [`Rule::DnsFail`], or [`Rule::Addr`] with the class of the first address that is not global.
pub(super) async fn resolve_judged(url: &JudgedUrl, resolver: &dyn Resolver) -> Result<Vec<IpAddr>, Refusal> {
    let name = match url.destination() {
        Destination::Address(address) => return Ok(vec![*address]),
        Destination::Name(name) => name,
    };
    let search = if url.is_waived() { SearchDomains::Used } else { SearchDomains::Ignored };
    let addresses = resolver.resolve(name, search).await.map_err(|_| Refusal::of(Rule::DnsFail))?;
    if addresses.is_empty() {
        return Err(Refusal::of(Rule::DnsFail));
    }
    let hostile =
        addresses.iter().map(|address| classify(*address)).find(|class| *class != AddressClass::Global);
    match hostile {
        Some(class) if !url.is_waived() => Err(Refusal::of_address(Rule::Addr, class)),
        _ => Ok(addresses),
    }
}
