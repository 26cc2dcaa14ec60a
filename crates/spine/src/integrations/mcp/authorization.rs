//! Finding a server's authorization server, and making the gate known there. What is decided is decided by
//! [`portcullis_engines::integrations::mcp::authorization`].
//!
//! That it begins is on record before a byte is sent, and how it ended with what it changed. Who is cut off in between has
//! left the beginning, and perhaps a registration that nobody uses.

mod asking;

use portcullis_engines::integrations::mcp::authorization::{
    Asked, AuthorizationServer, Chosen, Discovered, PUBLIC_CLIENT, ProtectedResource, choose, scope_to_ask,
};
use portcullis_engines::integrations::mcp::decision::freeze_targets;
use portcullis_engines::integrations::mcp::server::McpServerEngine;
use portcullis_schemas::integrations::mcp::oauth::{ClientRegistration, OauthClientAuth, OauthScope};
use portcullis_schemas::integrations::mcp::operations::{DiscoverMcpAuthorization, DiscoveredAuthorization};
use portcullis_schemas::integrations::mcp::server::{McpAuthType, McpServer};
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::text::{CredentialRefText, UrlText};
use portcullis_schemas::{Error, ErrorKind, codes};
use serde_json::{Value, json};

use self::asking::Asking;
use super::servers;
use crate::bridges::ControlsBridge;
use crate::scene::Scene;

/// In the trail.
const PURPOSE: &str = "discover_authorization";

pub(crate) async fn discover_authorization(
    scene: Scene,
    request: DiscoverMcpAuthorization,
) -> Result<DiscoveredAuthorization, Error> {
    let reference = request.client.as_ref().and_then(|client| client.credential_ref.as_ref());
    servers::check_reference(&scene, reference).map_err(|error| error.with_field("client.credential_ref"))?;
    let server = servers::find(&scene, &mut *scene.read().await?, &request.server_id).await?;
    let offer = Offer::of(&scene, &request);
    let asked = offer.asked(&server, &request);
    asked.check()?;
    ControlsBridge::refuse_if_frozen(&scene, &freeze_targets(scene.ctx(), &server.server_id, None)).await?;
    let _place = scene.place(&server.server_id, scene.options().discovery_deadline).await?;
    note(&scene, AuditEventType::McpExchangeStarted, &server, json!({ "purpose": PURPOSE })).await?;
    let found = find(&scene, &server, &asked, request.scope.as_ref()).await;
    let ended = match found {
        Ok(Found { issuer, discovered: None }) => Ok((issuer, None)),
        Ok(Found { issuer, discovered: Some(found) }) => apply(&scene, &server, *found)
            .await
            .map(|(server, registration)| (issuer, Some((server, registration)))),
        Err(error) => Err(error),
    };
    match ended {
        Ok((issuer, Some((server, registration)))) => {
            Ok(DiscoveredAuthorization { issuer, registration, server })
        }
        Ok((issuer, None)) => {
            note(&scene, AuditEventType::McpExchangeCompleted, &server, json!({ "purpose": PURPOSE }))
                .await?;
            Ok(DiscoveredAuthorization { issuer, registration: ClientRegistration::Required, server })
        }
        Err(error) => {
            let facts = json!({ "purpose": PURPOSE, "error_code": error.code() });
            note(&scene, AuditEventType::McpExchangeFailed, &server, facts).await?;
            Err(error)
        }
    }
}

/// The addresses that this gate has of its own.
struct Offer {
    callback: Option<UrlText>,
    document: Option<UrlText>,
}

impl Offer {
    fn of(scene: &Scene, request: &DiscoverMcpAuthorization) -> Self {
        let url = |text: Option<String>| text.and_then(|text| UrlText::new(text).ok());
        let own = url(scene.options().callback());
        // The document names our own page, so it stands for no other.
        let document = url(scene.options().client_id());
        let is_own = request.redirect_uri.is_none() || request.redirect_uri == own;
        Self { callback: request.redirect_uri.clone().or(own), document: document.filter(|_| is_own) }
    }

    fn asked<'a>(&'a self, server: &McpServer, request: &'a DiscoverMcpAuthorization) -> Asked<'a> {
        let has_one = server.oauth.is_some().then_some(server.auth_type);
        let auth_type = request.auth_type.or(has_one).unwrap_or(McpAuthType::OauthAuthorizationCode);
        let by_browser = auth_type == McpAuthType::OauthAuthorizationCode;
        Asked {
            auth_type,
            client: request.client.as_ref(),
            redirect_uri: self.callback.as_ref().filter(|_| by_browser),
            document: self.document.as_ref(),
            register_anew: request.register_anew == Some(true),
        }
    }
}

struct Found {
    issuer: UrlText,
    /// `None` when the authorization server registers nobody by itself.
    discovered: Option<Box<Discovered>>,
}

/// Reads what the server and its authorization server say, and registers where that is needed.
async fn find(
    scene: &Scene,
    server: &McpServer,
    asked: &Asked<'_>,
    admins: Option<&OauthScope>,
) -> Result<Found, Error> {
    let asking = Asking { scene };
    let challenge = asking.challenge(server).await?;
    let resource = asking.resource(server, challenge.resource_metadata.as_deref()).await?;
    let known = asked.client.map(|client| &client.issuer);
    let issuer = resource.issuer(known).map_err(|unusable| unusable.to_error())?;
    let found = asking.authorization_server(issuer, asked.auth_type).await?;
    let by_browser = asked.auth_type == McpAuthType::OauthAuthorizationCode;
    let scope = scope_to_ask(admins, challenge.scope.as_deref(), &resource, &found, by_browser);
    let chosen = choose(server, &found, asked).map_err(|unusable| unusable.to_error())?;
    if chosen.registration == ClientRegistration::Required {
        return Ok(Found { issuer: found.issuer, discovered: None });
    }
    let known = Known { resource: &resource, found: &found, asked };
    let discovered = known.become_known(&asking, server, chosen, scope).await?;
    Ok(Found { issuer: found.issuer, discovered: Some(Box::new(discovered)) })
}

/// What is known of the way to tokens.
struct Known<'a> {
    resource: &'a ProtectedResource,
    found: &'a AuthorizationServer,
    asked: &'a Asked<'a>,
}

impl Known<'_> {
    /// Registers where that is still to be done, and seals what came of it for this server alone.
    async fn become_known(
        &self,
        asking: &Asking<'_>,
        server: &McpServer,
        chosen: Chosen,
        scope: Option<OauthScope>,
    ) -> Result<Discovered, Error> {
        let registration = chosen.registration;
        let (client_id, client_auth, secret) = match chosen.client_id.clone() {
            Some(id) => (id, chosen.client_auth, None),
            None => asking.register(self.found, self.asked, &chosen, scope.as_ref()).await?,
        };
        let credential_ref = match (chosen.credential_ref, secret) {
            (Some(reference), _) => reference,
            (None, Some(secret)) => sealed(asking.scene, server, &secret).await?,
            (None, None) if client_auth == OauthClientAuth::None => {
                sealed(asking.scene, server, &Secret::new(PUBLIC_CLIENT.to_owned())).await?
            }
            (None, None) => {
                let expected = format!("required: a client that proves itself by {client_auth} has a secret");
                return Err(Error::invalid("client.credential_ref", expected));
            }
        };
        let client = (client_id, client_auth);
        Ok(Discovered::of(
            self.found,
            self.resource,
            self.asked,
            scope,
            client,
            (credential_ref, registration),
        ))
    }
}

/// Writes what was found into the server, if it still is the one that was asked.
async fn apply(
    scene: &Scene,
    asked: &McpServer,
    found: Discovered,
) -> Result<(McpServer, ClientRegistration), Error> {
    let registration = found.registration;
    let mut work = scene.begin().await?;
    let server = servers::find(scene, &mut *work, &asked.server_id).await?;
    if server.version != asked.version {
        let message =
            "the server was changed meanwhile, so nothing of what was found was kept: discover it again";
        return Err(Error::new(ErrorKind::Conflict, codes::STATE_CONFLICT, message));
    }
    let mut change = scene.stamped(|stamp| McpServerEngine::authorize(stamp, server, found))?;
    let subject = [("server_id", asked.server_id.as_str())];
    let completed = json!({ "purpose": PURPOSE });
    change.events.push(scene.event(AuditEventType::McpExchangeCompleted, subject, completed));
    servers::apply(scene, work, change).await.map(|server| (server, registration))
}

/// Records where it stands, on its own.
async fn note(scene: &Scene, event: AuditEventType, server: &McpServer, facts: Value) -> Result<(), Error> {
    let event = scene.event(event, [("server_id", server.server_id.as_str())], facts);
    let mut work = scene.begin().await?;
    work.audit_log().append(scene.tenant(), &[event]).await?;
    Ok(work.commit().await?)
}

async fn sealed(scene: &Scene, server: &McpServer, secret: &Secret) -> Result<CredentialRefText, Error> {
    let sealed = scene.ports().vault.encrypt(scene.tenant(), &server.server_id, secret).await?;
    CredentialRefText::new(sealed).map_err(|_| {
        Error::new(ErrorKind::Internal, codes::INTERNAL, "it broke on our side")
            .with_internal("a sealed secret has no form of a reference")
    })
}
