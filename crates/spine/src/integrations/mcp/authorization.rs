//! Finding a server's authorization server, and making the gate known there. What is decided is decided by
//! [`portcullis_engines::integrations::mcp::authorization`].
//!
//! That it begins is on record before a byte is sent, and how it ended with what it changed. Who is cut off in between has
//! left the beginning, and perhaps a registration that nobody uses.

mod asking;

use portcullis_engines::integrations::mcp::authorization::{
    Asked, AuthorizationServer, Chosen, Discovered, Document, PUBLIC_CLIENT, ProtectedResource, choose,
    scope_to_ask, wider_than,
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
/// In the trail, of what is sent to become known.
const REGISTERS: &str = "register_client";

pub(crate) async fn discover_authorization(
    scene: Scene,
    request: DiscoverMcpAuthorization,
) -> Result<DiscoveredAuthorization, Error> {
    let reference = request.client.as_ref().and_then(|client| client.credential_ref.as_ref());
    servers::check_reference(&scene, reference).map_err(|error| error.with_field("client.credential_ref"))?;
    let server = servers::find(&scene, &mut *scene.read().await?, &request.server_id).await?;
    let offer = Offer::of(&scene, &server, &request);
    let asked = offer.asked(&server, &request);
    asked.check(&server)?;
    refuse_if_frozen(&scene, &server).await?;
    let _place = scene.place(&server.server_id, scene.options().discovery_deadline).await?;
    note(&scene, AuditEventType::McpExchangeStarted, &server, json!({ "purpose": PURPOSE })).await?;
    let found = find(&scene, &server, &asked, request.scope.as_ref()).await;
    let ended = match found {
        Ok(Found { issuer, wider_scope, discovered: None }) => Ok((issuer, wider_scope, None)),
        Ok(Found { issuer, wider_scope, discovered: Some(found) }) => {
            apply(&scene, &server, *found).await.map(|applied| (issuer, wider_scope, Some(applied)))
        }
        Err(error) => Err(error),
    };
    match ended {
        Ok((issuer, wider_scope, Some((server, registration)))) => {
            Ok(DiscoveredAuthorization { issuer, registration, wider_scope, server })
        }
        Ok((issuer, wider_scope, None)) => {
            note(&scene, AuditEventType::McpExchangeCompleted, &server, json!({ "purpose": PURPOSE }))
                .await?;
            let registration = ClientRegistration::Required;
            Ok(DiscoveredAuthorization { issuer, registration, wider_scope, server })
        }
        Err(error) => {
            let facts = json!({ "purpose": PURPOSE, "error_code": error.code() });
            note(&scene, AuditEventType::McpExchangeFailed, &server, facts).await?;
            Err(error)
        }
    }
}

/// The addresses that this gate has of its own, and the one that was named.
struct Offer {
    named: Option<UrlText>,
    callback: Option<UrlText>,
    /// The document, and the address that stands in it.
    document: Option<(UrlText, UrlText)>,
}

impl Offer {
    fn of(scene: &Scene, server: &McpServer, request: &DiscoverMcpAuthorization) -> Self {
        let url = |text: Option<String>| text.and_then(|text| UrlText::new(text).ok());
        let options = scene.options();
        let (shared, callback) = (url(options.callback()), url(options.callback_of(&server.server_id)));
        let code = McpAuthType::OauthAuthorizationCode;
        let is_same = server.auth_type == code && auth_type_of(server, request) == code;
        let before = server.oauth.as_ref().filter(|_| is_same).and_then(|oauth| oauth.redirect_uri.clone());
        // What is not one of ours an admin has named.
        let before = before.filter(|uri| ![shared.as_ref(), callback.as_ref()].contains(&Some(uri)));
        let document = url(options.client_id()).zip(shared);
        Self { named: request.redirect_uri.clone().or(before), callback, document }
    }

    fn asked<'a>(&'a self, server: &McpServer, request: &'a DiscoverMcpAuthorization) -> Asked<'a> {
        Asked {
            auth_type: auth_type_of(server, request),
            client: request.client.as_ref(),
            redirect_uri: self.named.as_ref(),
            callback: self.callback.as_ref(),
            document: self.document.as_ref().map(|(id, callback)| Document { id, callback }),
            register_anew: request.register_anew == Some(true),
        }
    }
}

fn auth_type_of(server: &McpServer, request: &DiscoverMcpAuthorization) -> McpAuthType {
    let has_one = server.oauth.is_some().then_some(server.auth_type);
    request.auth_type.or(has_one).unwrap_or(McpAuthType::OauthAuthorizationCode)
}

/// Looked at whenever something is about to be sent or changed: a freeze counts at once.
async fn refuse_if_frozen(scene: &Scene, server: &McpServer) -> Result<(), Error> {
    ControlsBridge::refuse_if_frozen(scene, &freeze_targets(scene.ctx(), &server.server_id, None)).await
}

struct Found {
    issuer: UrlText,
    /// What the server names beyond what is asked for.
    wider_scope: Option<OauthScope>,
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
    let issuer = resource.issuer(asked.issuer(server)).map_err(|unusable| unusable.to_error())?;
    let found = asking.authorization_server(issuer, asked.auth_type).await?;
    let by_browser = asked.auth_type == McpAuthType::OauthAuthorizationCode;
    // What an admin has fixed before is not widened by what the server says now.
    let fixed = admins.or(server.oauth.as_ref().and_then(|oauth| oauth.scope.as_ref()));
    let challenged = challenge.scope.as_deref();
    let scope = scope_to_ask(fixed, challenged, &resource, &found, by_browser);
    let wider_scope = wider_than(scope.as_ref(), challenged, &resource);
    let chosen = choose(server, &found, asked).map_err(|unusable| unusable.to_error())?;
    if chosen.registration == ClientRegistration::Required {
        return Ok(Found { issuer: found.issuer, wider_scope, discovered: None });
    }
    let known = Known { resource: &resource, found: &found, asked };
    let discovered = known.become_known(&asking, server, chosen, scope).await?;
    Ok(Found { issuer: found.issuer, wider_scope, discovered: Some(Box::new(discovered)) })
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
            None => {
                let scene = asking.scene;
                refuse_if_frozen(scene, server).await?;
                let facts = json!({
                    "purpose": REGISTERS, "issuer": self.found.issuer,
                    "registration_endpoint": self.found.registration_endpoint,
                });
                note(scene, AuditEventType::McpExchangeStarted, server, facts).await?;
                asking.register(self.found, self.asked, &chosen, scope.as_ref()).await?
            }
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
        let client = (client_id, client_auth, chosen.redirect_uri);
        Ok(Discovered::of(
            server,
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
    let targets = freeze_targets(scene.ctx(), &server.server_id, None);
    ControlsBridge::refuse(work.kill_switch().first_frozen(scene.tenant(), &targets).await?.as_ref())?;
    // What else a server has, a name or a status, says nothing of its authorization.
    let is_same = server.url == asked.url
        && server.auth_type == asked.auth_type
        && server.oauth == asked.oauth
        && server.credential_ref == asked.credential_ref;
    if !is_same {
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
