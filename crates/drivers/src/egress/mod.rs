//! The one way out: judges URLs and addresses, connects to the address that it judged, and caps what comes back.
//!
//! Order of the rules (each refusal names the first that fires): `charset`, `parse`, `scheme`, `userinfo`,
//! `host_form`, `ip_literal`, `port`, `special_name`, then by name resolution `dns_fail` and `addr`, then `redirect`.
//!
//! Start: [`judge_url`] and [`classify`] are the pure decisions, [`HyperEgress`] is the port's implementation,
//! [`evaluate`] runs the rules without opening a connection.
//!
//! Never: a proxy from the environment, a cookie, a followed redirect, a decompressed body, a skipped TLS check.

mod address;
mod body;
mod connect;
mod exchange;
mod head;
mod headers;
mod host;
mod http;
mod judge;
mod pool;
mod redirect;
mod resolve;
mod rules;
mod tls;
mod verdict;
mod watched;

pub use address::{AddressClass, classify};
pub use http::HyperEgress;
pub use judge::{Destination, JudgedUrl, Refusal, Rule, judge_url};
pub use redirect::{MAX_REDIRECTS, RedirectDecision, judge_redirect};
pub use resolve::{ResolveError, Resolver, SearchDomains, SystemResolver};
pub use rules::{BadOrigin, EgressRules};
pub use tls::{BadRoots, TlsRoots};
pub use verdict::{RedirectHop, Verdict, evaluate};

#[cfg(test)]
pub(crate) mod scripted;
#[cfg(test)]
mod tests;
