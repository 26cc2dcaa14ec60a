//! The rules from end to end, without a connection: what a corpus of URLs is run against.

use super::address::{AddressClass, classify};
use super::judge::{JudgedUrl, Refusal, Rule, judge_url};
use super::redirect::{MAX_REDIRECTS, RedirectDecision, judge_redirect};
use super::resolve::{Resolver, resolve_judged};
use super::rules::EgressRules;

/// An answer that sends us elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectHop {
    /// HTTP status.
    pub status: u16,
    /// Raw `Location`.
    pub location: String,
}

/// What the rules say of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// `None` if it is allowed, else the first rule that was broken.
    pub refused: Option<Rule>,
    /// Class of the address that decided: of the first answer if allowed, of the offender if an address was refused.
    pub class: Option<AddressClass>,
}

impl Verdict {
    /// `ok`, or the name of the rule that was broken.
    pub fn code(&self) -> &'static str {
        self.refused.map_or("ok", Rule::as_str)
    }
}

/// Judges a URL, resolves it once, judges every answer, then does the same with each redirect that a purpose would
/// follow. A redirect whose target breaks any rule is refused as `redirect`.
pub async fn evaluate(
    url: &str,
    rules: &EgressRules,
    resolver: &dyn Resolver,
    hops: &[RedirectHop],
) -> Verdict {
    let refused = |refusal: Refusal| Verdict { refused: Some(refusal.rule), class: refusal.class };
    let (mut at, class) = match visit(judge_url(url, rules), resolver).await {
        Ok(visited) => visited,
        Err(refusal) => return refused(refusal),
    };
    for (number, hop) in hops.iter().enumerate() {
        match judge_redirect(&at, hop.status, &hop.location, rules) {
            Ok(RedirectDecision::Return) => break,
            Ok(RedirectDecision::Follow { to, .. }) if number < MAX_REDIRECTS => {
                match visit(Ok(to), resolver).await {
                    Ok((next, _)) => at = next,
                    Err(_) => return refused(Refusal::of(Rule::Redirect)),
                }
            }
            Ok(RedirectDecision::Follow { .. }) | Err(_) => return refused(Refusal::of(Rule::Redirect)),
        }
    }
    Verdict { refused: None, class: Some(class) }
}

async fn visit(
    judged: Result<JudgedUrl, Refusal>,
    resolver: &dyn Resolver,
) -> Result<(JudgedUrl, AddressClass), Refusal> {
    let url = judged?;
    let addresses = resolve_judged(&url, resolver).await?;
    let class = addresses.first().map_or(AddressClass::Unspecified, |address| classify(*address));
    Ok((url, class))
}
