//! Names whose addresses are ours to say, and a client whose discoveries of such servers are answered by hand: nobody can
//! be honest over a TLS handshake that never ends.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use color_eyre::eyre::Result;
use portcullis_drivers::egress::{EgressRules, HyperEgress, ResolveError, Resolver, SearchDomains, TlsRoots};
use portcullis_drivers::integrations::mcp::client::HttpMcpClient;
use portcullis_schemas::codes;
use portcullis_schemas::egress::{Egress, EgressLimits, EgressPurpose, EgressRequest, HttpMethod};
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::mcp::listening::ListWatch;
use portcullis_schemas::integrations::mcp::ports::McpClient;
use portcullis_schemas::integrations::mcp::tool::ItemKind;
use portcullis_schemas::integrations::mcp::wire::{
    Dispatch, ListedTool, McpCatalogue, McpFailure, McpHealth, McpTarget, ToolCall, ToolReply,
};
use portcullis_schemas::json::RawJson;
use portcullis_spine::Ports;

use super::speech::{TOOL, definition};
use super::tls::AUTHORITY;

/// Takes connections and never answers a handshake.
pub(super) const SILENT: &str = "silent.example.com";
/// Shows a certificate for another name.
pub(super) const ELSEWHERE: &str = "elsewhere.example.com";
/// Has a public address when it is registered, and private ones from then on.
pub(super) const FLIPPING: &str = "flipping.example.com";

const PUBLIC: &str = "93.184.215.14";
/// What the name flips to, in turn; of several answers one is enough.
const FLIPS: [&[&str]; 5] =
    [&["127.0.0.1"], &[PUBLIC, "10.0.0.1"], &["169.254.169.254"], &["fd00::1"], &["::ffff:127.0.0.1"]];

/// The names.
#[derive(Default)]
struct Names {
    looked_up: AtomicUsize,
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, host: &str, _: SearchDomains) -> Result<Vec<IpAddr>, ResolveError> {
        let answers: &[&str] = match host {
            SILENT | ELSEWHERE => &["127.0.0.1"],
            FLIPPING => match self.looked_up.fetch_add(1, Ordering::SeqCst) {
                0 => &[PUBLIC],
                more => FLIPS[more % FLIPS.len()],
            },
            _ => return Err(ResolveError),
        };
        Ok(answers.iter().filter_map(|answer| answer.parse().ok()).collect())
    }
}

/// The same ports, with these names and the certificate authority of one villain.
pub(super) fn wire(ports: Ports, waived: &[String]) -> Result<Ports> {
    let roots = TlsRoots::mozilla().with_pem(AUTHORITY.as_bytes())?;
    let egress = HyperEgress::new(EgressRules::waiving(waived)?, roots)?;
    let egress: Arc<dyn Egress> = Arc::new(egress.with_resolver(Arc::new(Names::default())));
    let inner = HttpMcpClient::new(Arc::clone(&egress), Arc::clone(&ports.entropy), Arc::clone(&ports.clock));
    Ok(Ports { egress, mcp: Arc::new(ByHand(inner)), ..ports })
}

/// How many of so many flips are connected to, or tried to.
pub(super) async fn flips_that_pass(flips: usize) -> Result<usize> {
    let names = Names { looked_up: AtomicUsize::new(1) };
    let egress =
        HyperEgress::new(EgressRules::default(), TlsRoots::mozilla())?.with_resolver(Arc::new(names));
    let tenant = TenantId::from_trusted("flips")?;
    let mut passed = 0;
    for _ in 0..flips {
        let request = EgressRequest {
            purpose: EgressPurpose::McpServer,
            method: HttpMethod::Post,
            url: format!("https://{FLIPPING}/"),
            headers: Vec::new(),
            body: Bytes::new(),
            limits: EgressLimits::default(),
        };
        let answer = egress.send(&tenant, request).await;
        passed += usize::from(answer.err().is_none_or(|error| error.code != codes::EGRESS_REFUSED));
    }
    Ok(passed)
}

/// Asks all but the servers of these names, which have the one tool.
struct ByHand(HttpMcpClient);

#[async_trait]
impl McpClient for ByHand {
    async fn discover(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpCatalogue, McpFailure> {
        if ![SILENT, ELSEWHERE, FLIPPING].iter().any(|name| target.url.contains(name)) {
            return self.0.discover(tenant, target, dispatch).await;
        }
        let raw = |text: String| {
            RawJson::from_text(text).map_err(|_| McpFailure::new(codes::INTERNAL, "not JSON", false))
        };
        let tool = ListedTool::Readable {
            kind: ItemKind::Tool,
            name: TOOL.to_owned(),
            definition: raw(definition(TOOL).to_string())?,
        };
        Ok(McpCatalogue {
            protocol_version: "2026-07-28".to_owned(),
            is_public: false,
            capabilities: raw("{}".to_owned())?,
            tools: vec![tool],
        })
    }

    async fn check_health(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        dispatch: &Dispatch,
    ) -> Result<McpHealth, McpFailure> {
        self.0.check_health(tenant, target, dispatch).await
    }

    async fn call_tool(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        call: &ToolCall,
        dispatch: &Dispatch,
    ) -> Result<ToolReply, McpFailure> {
        self.0.call_tool(tenant, target, call, dispatch).await
    }

    async fn listen(
        &self,
        tenant: &TenantId,
        target: &McpTarget,
        watch: &ListWatch,
        dispatch: &Dispatch,
    ) -> Result<(), McpFailure> {
        self.0.listen(tenant, target, watch, dispatch).await
    }

    async fn forget(&self, tenant: &TenantId, server: &ServerId) {
        self.0.forget(tenant, server).await;
    }
}
