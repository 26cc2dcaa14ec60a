//! The suite of [`DispatchAudit`].

use portcullis_schemas::codes;
use portcullis_schemas::logs::ports::{DispatchAudit, DispatchRecord};
use portcullis_schemas::operation::{Authority, Effect};

use super::steps::IDS;
use crate::fixtures;

/// The record of every way in which a dispatch can end is taken, as often as it comes: no dispatch fails or hangs by
/// it. What becomes of a record is the audit's own affair.
pub async fn dispatch_audit(audit: &dyn DispatchAudit) {
    let tenants = [fixtures::tenant(1), fixtures::tenant(2)];
    let known = (Some(Authority::Invoke), Some(Effect::Call));
    let endings = [
        (known, None),
        (known, Some(codes::AUTHORITY_DENIED)),
        (known, Some(codes::FROZEN)),
        (known, Some(codes::OPERATION_PANICKED)),
        (known, Some(codes::POLICY_DENIED)),
        ((None, None), Some(codes::OPERATION_UNKNOWN)),
    ];
    for tenant in &tenants {
        for ((authority, effect), code) in endings {
            let record = DispatchRecord {
                operation: "integrations.mcp_servers.invoke_tool".to_owned(),
                authority,
                effect,
                actor: fixtures::actor(&IDS),
                request_id: "req_01jd0000000000000000000000".to_owned(),
                error_code: code.map(|code| code.as_str().to_owned()),
                duration_micros: u64::MAX,
                upstream_micros: effect.map(|_| u64::MAX),
            };
            audit.record(tenant, &record).await;
            audit.record(tenant, &record).await;
        }
    }
}
