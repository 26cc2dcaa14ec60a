//! Health of a server whose manner is known.

use portcullis_mcp::messages::{DiscoverResult, discover_params, method, ping_params};
use portcullis_mcp::version::Era;

use super::failure::{NotAnswered, protocol};
use super::link::{Ask, Link};
use super::session::Spoken;

/// Modern: `server/discover` still names our version. Legacy: `ping`.
pub(super) async fn check(link: &Link<'_>, spoken: &Spoken) -> Result<(), NotAnswered> {
    let id = link.new_id()?;
    let meta = link.meta(spoken.version());
    if spoken.era() == Era::Legacy {
        let params = ping_params(&meta);
        link.result(spoken, Ask::new(&id, method::PING, spoken, params.as_deref())).await?;
        return Ok(());
    }
    let params = discover_params(&meta);
    let (result, _) = link.result(spoken, Ask::new(&id, method::DISCOVER, spoken, Some(&params))).await?;
    let discover = DiscoverResult::parse(&result).map_err(NotAnswered::Result)?;
    if discover.supported_versions.iter().any(|version| version == spoken.version().as_str()) {
        Ok(())
    } else {
        Err(protocol("server/discover no longer names the version that is spoken").into())
    }
}
