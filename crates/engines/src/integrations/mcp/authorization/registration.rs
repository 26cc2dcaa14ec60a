//! How the gate becomes known to an authorization server (MCP authorization, "Client Registration Approaches"): by a client
//! that an admin has there, by the URL of a document that says who it is, or by registering (RFC 7591).

use portcullis_schemas::Error;
use portcullis_schemas::integrations::mcp::oauth::{
    ClientRegistration, KnownClient, OauthClientAuth, OauthClientId, SubjectTokenType,
};
use portcullis_schemas::integrations::mcp::server::McpAuthType;
use portcullis_schemas::secret::Secret;
use portcullis_schemas::text::CredentialRefText;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    AuthorizationServer, McpServer, NOT_A_URL, OauthScope, ProtectedResource, Unusable, UpstreamOauth,
    UrlText, object, web_url,
};

/// What stands sealed in the place of a public client's secret, so that grants, records and revocation are those of every
/// client. It is sent to nobody.
pub const PUBLIC_CLIENT: &str = "a public client has no secret";

/// What the admin asks for, and the operator offers.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// How tokens are come by.
    pub auth_type: McpAuthType,
    /// A client that the admin has.
    pub client: Option<&'a KnownClient>,
    /// Where browsers are sent back to.
    pub redirect_uri: Option<&'a UrlText>,
    /// The URL of the document that says who we are, if it names that address.
    pub document: Option<&'a UrlText>,
    /// Whether a registration that could be kept is not.
    pub register_anew: bool,
}

/// Who we are at an authorization server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// How it knows us.
    pub registration: ClientRegistration,
    /// As whom; `None` when that is still to be registered.
    pub client_id: Option<OauthClientId>,
    /// How we prove it.
    pub client_auth: OauthClientAuth,
    /// Where the secret is; `None` when there is none, or not yet.
    pub credential_ref: Option<CredentialRefText>,
}

/// What a discovery has found, for the server.
#[derive(Clone, Debug)]
pub struct Discovered {
    /// How tokens are come by.
    pub auth_type: McpAuthType,
    /// Whom to ask.
    pub oauth: UpstreamOauth,
    /// Where the client's secret is.
    pub credential_ref: CredentialRefText,
    /// How the authorization server knows us.
    pub registration: ClientRegistration,
}

/// Who we are: the admin's client, the registration that the server has at this issuer, the document, or a registration to
/// be made. What is of another issuer is never used: a secret would go to whom it was not meant for.
///
/// # Errors
/// [`Unusable`] when it takes none of our ways to prove ourselves.
pub fn choose(
    server: &McpServer,
    found: &AuthorizationServer,
    asked: &Asked<'_>,
) -> Result<Chosen, Unusable> {
    let none = Unusable::new(
        "`token_endpoint_auth_methods_supported`",
        "client_secret_basic, client_secret_post or, for oauth_authorization_code, none",
    );
    let may_be_public = asked.auth_type == McpAuthType::OauthAuthorizationCode;
    let is_way = |way: OauthClientAuth| may_be_public || way != OauthClientAuth::None;
    let way = found.client_auth.iter().copied().find(|way| is_way(*way));
    if let Some(client) = asked.client {
        let way = match (&client.credential_ref, client.client_auth) {
            (_, Some(way)) => Some(way),
            (None, None) => Some(OauthClientAuth::None),
            (Some(_), None) => found.client_auth.iter().copied().find(|way| *way != OauthClientAuth::None),
        };
        return Ok(Chosen {
            registration: ClientRegistration::Given,
            client_id: Some(client.client_id.clone()),
            client_auth: way.filter(|way| is_way(*way)).ok_or(none)?,
            credential_ref: client.credential_ref.clone(),
        });
    }
    if let Some(kept) = kept(server, found, asked) {
        return Ok(kept);
    }
    let document = asked.document.filter(|_| may_be_public && found.takes_documents);
    if let Some(id) = document.and_then(|document| OauthClientId::new(document.as_str()).ok()) {
        return Ok(Chosen {
            registration: ClientRegistration::MetadataDocument,
            client_id: Some(id),
            client_auth: OauthClientAuth::None,
            credential_ref: None,
        });
    }
    let registration = match &found.registration_endpoint {
        Some(_) => ClientRegistration::Dynamic,
        None => ClientRegistration::Required,
    };
    Ok(Chosen { registration, client_id: None, client_auth: way.ok_or(none)?, credential_ref: None })
}

/// The registration that the server has, if it is at this issuer and token endpoint, and for this address.
fn kept(server: &McpServer, found: &AuthorizationServer, asked: &Asked<'_>) -> Option<Chosen> {
    let oauth = server.oauth.as_ref().filter(|_| !asked.register_anew)?;
    let is_it = oauth.issuer.as_ref() == Some(&found.issuer)
        && oauth.token_endpoint == found.token_endpoint
        && oauth.redirect_uri.as_ref() == asked.redirect_uri
        && server.auth_type == asked.auth_type;
    let credential_ref = server.credential_ref.clone().filter(|_| is_it)?;
    Some(Chosen {
        registration: ClientRegistration::Kept,
        client_id: Some(oauth.client_id.clone()),
        client_auth: oauth.client_auth.unwrap_or(OauthClientAuth::Basic),
        credential_ref: Some(credential_ref),
    })
}

/// What is sent to register (RFC 7591 section 2; MCP authorization wants `application_type`).
#[must_use]
pub fn registration_of(asked: &Asked<'_>, chosen: &Chosen, scope: Option<&OauthScope>) -> Value {
    let mut body = json!({
        "client_name": "Portcullis",
        "token_endpoint_auth_method": chosen.client_auth,
    });
    match (asked.auth_type, asked.redirect_uri) {
        (McpAuthType::OauthAuthorizationCode, Some(redirect_uri)) => {
            // Only native clients may be sent back to a loopback address without TLS (OpenID Connect Registration 1.0).
            let is_web = redirect_uri.as_str().starts_with("https://");
            body["application_type"] = json!(if is_web { "web" } else { "native" });
            body["redirect_uris"] = json!([redirect_uri]);
            body["grant_types"] = json!(["authorization_code", "refresh_token"]);
            body["response_types"] = json!(["code"]);
        }
        (auth_type, _) => {
            let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
            let is_exchange = auth_type == McpAuthType::OauthTokenExchange;
            body["application_type"] = json!("web");
            body["redirect_uris"] = json!([]);
            body["grant_types"] = json!([if is_exchange { exchange } else { "client_credentials" }]);
            body["response_types"] = json!([]);
        }
    }
    if let Some(scope) = scope {
        body["scope"] = json!(scope);
    }
    body
}

/// Judges the answer to a registration, and wipes it: who we are, and the secret if we have one.
///
/// # Errors
/// [`Unusable`].
pub fn judge_registration(
    status: u16,
    body: Vec<u8>,
    asked: OauthClientAuth,
) -> Result<(OauthClientId, OauthClientAuth, Option<Secret>), Unusable> {
    let body = Zeroizing::new(body);
    if !matches!(status, 200 | 201) {
        let expected = "a registration: it refuses ours, so register a client there and name it as `client`";
        return Err(Unusable::new("the answer to the registration", expected));
    }
    let mut members = object(&body, "the answer to the registration")?;
    let is_visible = |text: &str| text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    let id = members.get("client_id").and_then(Value::as_str).filter(|id| is_visible(id));
    let id = id.and_then(|id| OauthClientId::new(id).ok());
    let id = id.ok_or(Unusable::new("`client_id`", "1 to 512 signs of visible ASCII"))?;
    let way = match members.get("token_endpoint_auth_method").and_then(Value::as_str) {
        None => asked,
        Some(named) => named
            .parse()
            .map_err(|_| Unusable::new("`token_endpoint_auth_method`", "a way that was offered"))?,
    };
    if way == OauthClientAuth::None {
        return Ok((id, way, None));
    }
    let secret = match members.remove("client_secret") {
        Some(Value::String(secret)) if (1..=Secret::MAX_BYTES).contains(&secret.len()) => Secret::new(secret),
        _ => return Err(Unusable::new("`client_secret`", "a secret of 1 to 8192 bytes")),
    };
    Ok((id, way, Some(secret)))
}

impl Discovered {
    /// The settings of a server whose authorization was discovered, as an admin would have named them.
    #[must_use]
    pub fn of(
        found: &AuthorizationServer,
        resource: &ProtectedResource,
        asked: &Asked<'_>,
        scope: Option<OauthScope>,
        client: (OauthClientId, OauthClientAuth),
        (credential_ref, registration): (CredentialRefText, ClientRegistration),
    ) -> Self {
        let by_browser = asked.auth_type == McpAuthType::OauthAuthorizationCode;
        let is_exchange = asked.auth_type == McpAuthType::OauthTokenExchange;
        let (client_id, client_auth) = client;
        let oauth = UpstreamOauth {
            token_endpoint: found.token_endpoint.clone(),
            client_id,
            client_auth: Some(client_auth),
            scope,
            resource: Some(resource.resource.clone()),
            authorization_endpoint: found.authorization_endpoint.clone().filter(|_| by_browser),
            redirect_uri: asked.redirect_uri.cloned().filter(|_| by_browser),
            issuer: Some(found.issuer.clone()),
            names_issuer: Some(found.names_issuer),
            subject_token_type: is_exchange.then_some(SubjectTokenType::AccessToken),
            audience: None,
        };
        Self { auth_type: asked.auth_type, oauth, credential_ref, registration }
    }
}

impl Asked<'_> {
    /// Whether the request can be done at all; before anything is sent.
    ///
    /// # Errors
    /// `invalid_field` for `auth_type` and `redirect_uri`.
    pub fn check(&self) -> Result<(), Error> {
        let types = [
            McpAuthType::OauthAuthorizationCode,
            McpAuthType::OauthClientCredentials,
            McpAuthType::OauthTokenExchange,
        ];
        if !types.contains(&self.auth_type) {
            let expected =
                "expected oauth_authorization_code, oauth_client_credentials or oauth_token_exchange";
            return Err(Error::invalid("auth_type", expected));
        }
        let by_browser = self.auth_type == McpAuthType::OauthAuthorizationCode;
        match self.redirect_uri {
            None if by_browser => {
                let expected = "required: where browsers are sent back to; the gate has a page of its own once the operator has \
                                set `api.public_url`";
                Err(Error::invalid("redirect_uri", expected))
            }
            Some(uri) if web_url(uri.as_str()).is_none() => {
                Err(Error::invalid("redirect_uri", format!("expected {NOT_A_URL}")))
            }
            _ => Ok(()),
        }
    }
}
