//! Finding a server's authorization server, and making the gate known there. What is decided is decided by
//! [`portcullis_engines::integrations::mcp::authorization`].
//!
//! An exchange as discovery and health are: its intent is durable before a byte is sent, what it changes is one unit of
//! work, and its outcome is on record before it is answered. Who is cut off in between has left an intent that is closed as
//! `unknown`, and perhaps a registration that nobody uses.

mod asking;

use std::time::Duration;

use portcullis_engines::integrations::mcp::authorization::{
    Asked, AuthorizationServer, Chosen, Discovered, Document, PUBLIC_CLIENT, ProtectedResource, choose,
    scope_to_ask, wider_than,
};
use portcullis_engines::integrations::mcp::decision::{Denial, freeze_targets};
use portcullis_engines::integrations::mcp::exchange::begin_discovery_of_authorization;
use portcullis_engines::integrations::mcp::server::McpServerEngine;
use portcullis_schemas::integrations::mcp::oauth::{
    ClientRegistration, OauthClientAuth, OauthClientId, OauthScope,
};
use portcullis_schemas::integrations::mcp::operations::{DiscoverMcpAuthorization, DiscoveredAuthorization};
use portcullis_schemas::integrations::mcp::server::{McpAuthType, McpServer};
use portcullis_schemas::integrations::mcp::wire::McpFailure;
use portcullis_schemas::logs::event::AuditEventType;
use portcullis_schemas::logs::ledger::{IntentKind, IntentReceipt};
use portcullis_schemas::secret::Secret;
use portcullis_schemas::text::{CredentialRefText, UrlText};
use portcullis_schemas::{Error, ErrorKind, codes};
use serde_json::json;

use self::asking::Asking;
use super::exchange::{self, Standing};
use super::{ATTEMPTS, servers};
use crate::bridges::ControlsBridge;
use crate::scene::Scene;

/// What it is for, in the trail.
const KIND: IntentKind = IntentKind::DiscoverAuthorization;
/// What is sent to become known, in the trail.
const REGISTERS: &str = "register_client";

pub(crate) async fn discover_authorization(
    scene: Scene,
    request: DiscoverMcpAuthorization,
) -> Result<DiscoveredAuthorization, Error> {
    let reference = request.client.as_ref().and_then(|client| client.credential_ref.as_ref());
    servers::check_reference(&scene, reference).map_err(|error| error.with_field("client.credential_ref"))?;
    let longest = scene.options().discovery_deadline;
    let _place = scene.place(&request.server_id, longest).await?;
    let (server, offer, receipt) = record(&scene, &request, longest).await?;
    let mut asking = Asking { scene: &scene, may_have_acted: false };
    let asked = offer.asked(&server, &request);
    let found = explore(&mut asking, &server, &asked, request.scope.as_ref()).await;
    let acted = asking.may_have_acted;
    let failure = found.as_ref().err().map(|error| McpFailure::new(error.code(), error.public(), acted));
    exchange::settle(&scene, &receipt, &server, KIND, failure.as_ref()).await?;
    found
}

/// Judges and records; again when the configuration has changed in between.
async fn record(
    scene: &Scene,
    request: &DiscoverMcpAuthorization,
    longest: Duration,
) -> Result<(McpServer, Offer, IntentReceipt), Error> {
    for _ in 0..ATTEMPTS {
        let standing = exchange::standing(scene, &mut *scene.read().await?, &request.server_id).await?;
        let Standing { server, version } = standing;
        let offer = Offer::of(scene, &server, request);
        offer.asked(&server, request).check(&server)?;
        let (instance, ctx) = (scene.instance(), scene.ctx());
        let intent = scene
            .stamped(|stamp| begin_discovery_of_authorization(stamp, instance, ctx, &server, version))?;
        if let Some(receipt) = exchange::write(scene, intent, longest).await? {
            return Ok((server, offer, receipt));
        }
    }
    Err(Denial::unsettled().to_error())
}

/// From the server's challenge to its settings.
async fn explore(
    asking: &mut Asking<'_>,
    server: &McpServer,
    asked: &Asked<'_>,
    admins: Option<&OauthScope>,
) -> Result<DiscoveredAuthorization, Error> {
    let way = find(asking, server, asked, admins).await?;
    let (issuer, wider_scope) = (way.found.issuer.clone(), way.wider_scope.clone());
    let registration = way.chosen.registration;
    if registration == ClientRegistration::Required {
        // Nobody is registered by itself there, so there is nothing to keep.
        return Ok(DiscoveredAuthorization { issuer, registration, wider_scope, server: server.clone() });
    }
    let found = way.become_known(asking, server, asked).await?;
    let server = apply(asking.scene, server, found).await?;
    Ok(DiscoveredAuthorization { issuer, registration, wider_scope, server })
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

/// The way to tokens, as the server and its authorization server tell it.
struct Way {
    resource: ProtectedResource,
    found: AuthorizationServer,
    chosen: Chosen,
    scope: Option<OauthScope>,
    /// What the server names beyond what is asked for.
    wider_scope: Option<OauthScope>,
}

/// Reads what the server and its authorization server say.
async fn find(
    asking: &Asking<'_>,
    server: &McpServer,
    asked: &Asked<'_>,
    admins: Option<&OauthScope>,
) -> Result<Way, Error> {
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
    Ok(Way { resource, found, chosen, scope, wider_scope })
}

impl Way {
    /// Registers where that is still to be done, and seals what came of it for this server alone.
    async fn become_known(
        self,
        asking: &mut Asking<'_>,
        server: &McpServer,
        asked: &Asked<'_>,
    ) -> Result<Discovered, Error> {
        let registration = self.chosen.registration;
        let (client_id, client_auth, secret) = match self.chosen.client_id.clone() {
            Some(id) => (id, self.chosen.client_auth, None),
            None => self.register(asking, server, asked).await?,
        };
        let credential_ref = match (self.chosen.credential_ref, secret) {
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
        let client = (client_id, client_auth, self.chosen.redirect_uri);
        Ok(Discovered::of(
            server,
            &self.found,
            &self.resource,
            asked,
            self.scope,
            client,
            (credential_ref, registration),
        ))
    }

    /// A freeze since the intent counts, and where it is sent is judged and on record before. Who has a client already does
    /// not use this endpoint, so it is judged for nobody else.
    async fn register(
        &self,
        asking: &mut Asking<'_>,
        server: &McpServer,
        asked: &Asked<'_>,
    ) -> Result<(OauthClientId, OauthClientAuth, Option<Secret>), Error> {
        let scene = asking.scene;
        if let Some(endpoint) = &self.found.registration_endpoint {
            asking.judge(endpoint).await?;
        }
        let targets = freeze_targets(scene.ctx(), &server.server_id, None);
        ControlsBridge::refuse_if_frozen(scene, &targets).await?;
        let facts = json!({
            "purpose": REGISTERS, "issuer": self.found.issuer,
            "registration_endpoint": self.found.registration_endpoint,
        });
        let subject = [("server_id", server.server_id.as_str())];
        let event = scene.event(AuditEventType::McpExchangeStarted, subject, facts);
        let mut work = scene.begin().await?;
        work.audit_log().append(scene.tenant(), &[event]).await?;
        work.commit().await?;
        asking.register(&self.found, asked, &self.chosen, self.scope.as_ref()).await
    }
}

/// Writes what was found into the server, if it still is the one that was asked.
async fn apply(scene: &Scene, asked: &McpServer, found: Discovered) -> Result<McpServer, Error> {
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
    let change = scene.stamped(|stamp| McpServerEngine::authorize(stamp, server, found))?;
    servers::apply(scene, work, change).await
}

async fn sealed(scene: &Scene, server: &McpServer, secret: &Secret) -> Result<CredentialRefText, Error> {
    let sealed = scene.ports().vault.encrypt(scene.tenant(), &server.server_id, secret).await?;
    CredentialRefText::new(sealed).map_err(|_| {
        Error::new(ErrorKind::Internal, codes::INTERNAL, "it broke on our side")
            .with_internal("a sealed secret has no form of a reference")
    })
}
