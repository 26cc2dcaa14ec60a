//! Patience with what is no finding: a gate refuses what its storage does not take within a second, and the disk of a busy
//! machine stands still for longer at times.

use std::time::Duration;

use color_eyre::eyre::{Report, Result};
use portcullis_schemas::codes::{self, Code};
use portcullis_schemas::egress::HttpMethod;
use portcullis_server::api_client::{Answer, ApiClient};
use serde_json::Value;

/// How often a request is repeated that only met changes of others, or a busy disk.
pub(crate) const UNSETTLED: usize = 50;
/// Between two attempts.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// What is told where the storage did not take something in time.
const STALLED: [Code; 3] = [codes::AUDIT_UNAVAILABLE, codes::OUTCOME_UNRECORDED, codes::STORE_UNAVAILABLE];
/// Refusals that say nothing of what was asked: others change the tenant's configuration, or the machine is busy.
const PASSING: [Code; 4] =
    [codes::CONFIGURATION_UNSETTLED, codes::AUDIT_UNAVAILABLE, codes::OVERLOADED, codes::STORE_UNAVAILABLE];

/// Whether the same request may be answered otherwise a moment later.
fn is_passing(answer: &Answer) -> bool {
    is_passing_code(&answer.json()["code"])
}

/// Whether this is the code of such a refusal.
pub(crate) fn is_passing_code(told: &Value) -> bool {
    PASSING.iter().any(|code| told == code.as_str())
}

/// Asks until it is no passing refusal that is answered.
///
/// # Errors
/// When there is no answer, or no success in the end.
pub(crate) async fn patiently(
    client: &ApiClient,
    method: HttpMethod,
    path: &str,
    body: Option<&Value>,
) -> Result<Value> {
    settled(client, method, path, body, &[]).await?.success()
}

/// As [`patiently`], with further headers; the answer, whatever it is.
///
/// # Errors
/// When there is no answer.
pub(crate) async fn settled(
    client: &ApiClient,
    method: HttpMethod,
    path: &str,
    body: Option<&Value>,
    headers: &[(&str, &str)],
) -> Result<Answer> {
    let mut left = UNSETTLED;
    loop {
        let answer = client.send(method, path, body, headers).await?;
        left -= 1;
        if !is_passing(&answer) || left == 0 {
            return Ok(answer);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether a trial broke off because the storage did not take something in time: an answer that said so is told in the
/// error.
pub(crate) fn is_stall(error: &Report) -> bool {
    let told = format!("{error:#}");
    STALLED.iter().any(|code| told.contains(code.as_str()))
}

#[cfg(test)]
mod tests {
    use color_eyre::eyre::eyre;

    use super::*;

    #[test]
    fn a_stall_is_told_by_the_code_of_an_answer_wherever_it_stands_in_the_error() {
        let refused = |code: Code| {
            let text = format!("{{\"code\":\"{code}\"}}");
            Answer { status: 503, text, retry_after: None }.success().unwrap_err().wrap_err("the story")
        };
        assert!(is_stall(&refused(codes::AUDIT_UNAVAILABLE)));
        assert!(is_stall(&refused(codes::STORE_UNAVAILABLE)));
        assert!(!is_stall(&refused(codes::OVERLOADED)));
        assert!(!is_stall(&eyre!("connection refused")));
    }
}
