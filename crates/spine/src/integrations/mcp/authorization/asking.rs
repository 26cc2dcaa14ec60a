//! What is asked on the way to an authorization server, all through the one egress: no redirect is followed, no body is read
//! beyond its cap, and nothing of ours is sent but a registration.

use std::time::Duration;

use portcullis_engines::integrations::mcp::authorization::{
    Asked, AuthorizationServer, Challenge, Chosen, MAX_DOCUMENT_BYTES, ProtectedResource, Unusable,
    judge_registration, registration_of, resource_metadata_urls, server_metadata_urls,
};
use portcullis_schemas::egress::{
    EgressError, EgressLimits, EgressPurpose, EgressRequest, EgressResponse, EgressStage, HeaderValue,
    HttpMethod,
};
use portcullis_schemas::integrations::mcp::oauth::{OauthClientAuth, OauthClientId, OauthScope};
use portcullis_schemas::integrations::mcp::server::{McpAuthType, McpServer};
use portcullis_schemas::secret::Secret;
use portcullis_schemas::text::UrlText;
use portcullis_schemas::{Error, ErrorKind, codes};
use serde_json::json;

use crate::scene::Scene;

/// Times and sizes of one exchange; there are seven at most.
const LIMITS: EgressLimits = EgressLimits {
    connect: Duration::from_secs(3),
    headers: Duration::from_secs(5),
    total: Duration::from_secs(8),
    body_bytes: MAX_DOCUMENT_BYTES,
};
/// The version that the first question is asked in. Who wants tokens says so before it looks at that.
const VERSION: &str = "2026-07-28";

pub(super) struct Asking<'a> {
    pub(super) scene: &'a Scene,
    /// Whether a client may have been registered. What else is asked changes nothing.
    pub(super) may_have_acted: bool,
}

impl Asking<'_> {
    /// What the server says to who comes without a token; nothing, if it lets them in or says it in another way.
    ///
    /// # Errors
    /// `authorization_refused` when it sends for its metadata to another host.
    pub(super) async fn challenge(&self, server: &McpServer) -> Result<Challenge, Error> {
        let body = json!({
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/list",
            "params": { "_meta": {
                "io.modelcontextprotocol/protocolVersion": VERSION,
                "io.modelcontextprotocol/clientCapabilities": {},
            } },
        });
        let headers = [
            ("accept", "application/json, text/event-stream"),
            ("content-type", "application/json"),
            ("mcp-protocol-version", VERSION),
            ("mcp-method", "tools/list"),
        ];
        let request = request(EgressPurpose::McpServer, HttpMethod::Post, server.url.as_str(), &headers);
        let request = EgressRequest { body: body.to_string().into(), ..request };
        let response = self.send(request).await?;
        if !matches!(response.status, 401 | 403) {
            return Ok(Challenge::default());
        }
        let challenges = response.headers.iter().filter(|(name, _)| name == "www-authenticate");
        let challenge = Challenge::bearer(challenges.map(|(_, value)| value.as_str())).unwrap_or_default();
        if challenge.strays_from(server.url.as_str()) {
            return Err(Unusable::ASTRAY.to_error());
        }
        Ok(challenge)
    }

    /// The metadata of the resource: where its challenge says, else where they stand by rule. The first that answers
    /// decides; one that is there and wrong is no reason to try another.
    pub(super) async fn resource(
        &self,
        server: &McpServer,
        named: Option<&str>,
    ) -> Result<ProtectedResource, Error> {
        let urls = match named {
            Some(named) => vec![named.to_owned()],
            None => resource_metadata_urls(server.url.as_str()),
        };
        match self.first(EgressPurpose::McpServer, urls).await? {
            Some(bytes) => {
                ProtectedResource::judge(&bytes, server.url.as_str()).map_err(|unusable| unusable.to_error())
            }
            None => Err(absent("the MCP server has no protected resource metadata (RFC 9728)")),
        }
    }

    /// The metadata of an authorization server.
    pub(super) async fn authorization_server(
        &self,
        issuer: &UrlText,
        auth_type: McpAuthType,
    ) -> Result<AuthorizationServer, Error> {
        let urls = server_metadata_urls(issuer.as_str());
        let Some(bytes) = self.first(EgressPurpose::AuthorizationServer, urls).await? else {
            return Err(absent("the authorization server has no metadata (RFC 8414)"));
        };
        let found = AuthorizationServer::judge(&bytes, issuer, auth_type);
        let found = found.map_err(|unusable| unusable.to_error())?;
        // Before a client is registered that could then not be used.
        let by_browser = auth_type == McpAuthType::OauthAuthorizationCode;
        let endpoints =
            [Some(&found.token_endpoint), found.authorization_endpoint.as_ref().filter(|_| by_browser)];
        for endpoint in endpoints.into_iter().flatten() {
            self.judge(endpoint).await?;
        }
        Ok(found)
    }

    /// Whether the egress leads to an endpoint that will be used. Nothing is sent.
    pub(super) async fn judge(&self, endpoint: &UrlText) -> Result<(), Error> {
        let judged = self.scene.ports().egress.judge(self.scene.tenant(), endpoint.as_str()).await;
        judged.map(drop).map_err(|error| unsent(error, endpoint.as_str()))
    }

    /// Registers (RFC 7591).
    pub(super) async fn register(
        &mut self,
        found: &AuthorizationServer,
        asked: &Asked<'_>,
        chosen: &Chosen,
        scope: Option<&OauthScope>,
    ) -> Result<(OauthClientId, OauthClientAuth, Option<Secret>), Error> {
        let Some(endpoint) = &found.registration_endpoint else {
            return Err(absent("the authorization server registers nobody"));
        };
        let headers = [("accept", "application/json"), ("content-type", "application/json")];
        let request =
            request(EgressPurpose::AuthorizationServer, HttpMethod::Post, endpoint.as_str(), &headers);
        let body = registration_of(asked, chosen, scope).to_string();
        self.may_have_acted = true;
        let mut response = self.send(EgressRequest { body: body.into(), ..request }).await?;
        let body = read(&mut response, endpoint.as_str()).await?;
        judge_registration(response.status, body, chosen.client_auth, asked.auth_type)
            .map_err(|unusable| unusable.to_error())
    }

    /// The first of these documents that is there; `None` when all are absent.
    async fn first(&self, purpose: EgressPurpose, urls: Vec<String>) -> Result<Option<Vec<u8>>, Error> {
        for url in urls {
            let request = request(purpose, HttpMethod::Get, &url, &[("accept", "application/json")]);
            let mut response = self.send(request).await?;
            match response.status {
                200 => return read(&mut response, &url).await.map(Some),
                400..=499 => {}
                status => {
                    let message = format!(
                        "a metadata document is answered with the status {status}, expected 200: retry later"
                    );
                    return Err(Error::new(ErrorKind::Upstream, codes::UPSTREAM_ERROR, message));
                }
            }
        }
        Ok(None)
    }

    /// Nothing is sent for a caller who has gone, or has no more time.
    async fn send(&self, mut request: EgressRequest) -> Result<EgressResponse, Error> {
        let left = self.scene.left_to_send(self.scene.options().discovery_deadline).await?;
        request.limits.total = request.limits.total.min(left);
        let url = request.url.clone();
        let sent = self.scene.ports().egress.send(self.scene.tenant(), request).await;
        sent.map_err(|error| unsent(error, &url))
    }
}

fn request(purpose: EgressPurpose, method: HttpMethod, url: &str, headers: &[(&str, &str)]) -> EgressRequest {
    let header = |(name, value): &(&str, &str)| ((*name).to_owned(), HeaderValue::Plain((*value).to_owned()));
    EgressRequest {
        purpose,
        method,
        url: url.to_owned(),
        headers: headers.iter().map(header).collect(),
        body: Default::default(),
        limits: LIMITS,
    }
}

async fn read(response: &mut EgressResponse, url: &str) -> Result<Vec<u8>, Error> {
    response.body.whole().await.map_err(|error| unsent(error, url))
}

fn absent(what: &str) -> Error {
    let message = format!("{what}: name its token endpoint and client by hand, in `oauth`");
    Error::new(ErrorKind::Upstream, codes::AUTHORIZATION_REFUSED, message)
}

/// What was not answered, or not even asked. An origin is named, since an operator may have to waive it.
fn unsent(error: EgressError, url: &str) -> Error {
    let origin = shown_origin(url).unwrap_or("that cannot be shown");
    if error.stage == EgressStage::Judged {
        let message = format!(
            "the way to the authorization leads to the origin `{origin}`, which breaks the egress rule `{}`: an operator can \
             waive an exact origin",
            error.detail
        );
        return Error::new(ErrorKind::Invalid, codes::EGRESS_REFUSED, message);
    }
    let kind = if error.code == codes::UPSTREAM_TIMEOUT { ErrorKind::Timeout } else { ErrorKind::Upstream };
    Error::new(
        kind,
        error.code,
        format!("the origin `{origin}` does not answer as it should: {}", error.detail),
    )
}

/// The origin of a stranger's URL, if it is plain enough to be shown.
fn shown_origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain = authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte));
    let is_shown = ["https", "http"].contains(&scheme) && is_plain && (1..=255).contains(&authority.len());
    is_shown.then(|| &url[..scheme.len() + "://".len() + authority.len()])
}
