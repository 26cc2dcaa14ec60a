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
    /// Where browsers are sent back to, if the admin says it, or has said it before.
    pub redirect_uri: Option<&'a UrlText>,
    /// Where they are sent back to else: an address of this server's alone, so that no answer of another's authorization
    /// server comes back to it (RFC 9700 section 4.4.2).
    pub callback: Option<&'a UrlText>,
    /// The document that says who we are.
    pub document: Option<Document<'a>>,
    /// Whether a registration that could be kept is not.
    pub register_anew: bool,
}

/// A document that says who we are (OAuth Client ID Metadata Document), the same for everybody.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Where it stands: our client id.
    pub id: &'a UrlText,
    /// The address that it names for browsers to be sent back to.
    pub callback: &'a UrlText,
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
    /// Where browsers are sent back to; `None` where none are used.
    pub redirect_uri: Option<UrlText>,
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
/// be made. What is of another issuer is never used: a secret would go to whom it was not meant for. Where callers' tokens
/// are exchanged nobody is chosen by what the server says: the issuer is shown these tokens, so an admin has named it.
///
/// The document is one client with one address, so it is shown only to who names the issuer in every answer.
///
/// # Errors
/// [`Unusable`] when it takes none of our ways to prove ourselves, or for `oauth_token_exchange` nobody has named it.
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
            redirect_uri: asked.way_back().cloned(),
        });
    }
    if let Some(kept) = kept(server, found, asked) {
        return Ok(kept);
    }
    if asked.auth_type == McpAuthType::OauthTokenExchange {
        let expected = "the issuer and token endpoint of the server's settings, since callers' tokens go there: name another \
                        as `client`, with its issuer";
        return Err(Unusable::new("`token_endpoint`", expected));
    }
    let document = asked.document.filter(|document| {
        let is_its = asked.redirect_uri.is_none_or(|uri| uri == document.callback);
        is_its && may_be_public && found.takes_documents && found.names_issuer
    });
    if let Some((document, id)) =
        document.and_then(|document| Some((document, OauthClientId::new(document.id.as_str()).ok()?)))
    {
        return Ok(Chosen {
            registration: ClientRegistration::MetadataDocument,
            client_id: Some(id),
            client_auth: OauthClientAuth::None,
            credential_ref: None,
            redirect_uri: Some(document.callback.clone()),
        });
    }
    let registration = match &found.registration_endpoint {
        Some(_) => ClientRegistration::Dynamic,
        None => ClientRegistration::Required,
    };
    Ok(Chosen {
        registration,
        client_id: None,
        client_auth: way.ok_or(none)?,
        credential_ref: None,
        redirect_uri: asked.way_back().cloned(),
    })
}

/// The registration that the server has, if it is at this issuer and token endpoint, and for this address. Settings that an
/// admin has made without an issuer are at their token endpoint.
fn kept(server: &McpServer, found: &AuthorizationServer, asked: &Asked<'_>) -> Option<Chosen> {
    let oauth = server.oauth.as_ref().filter(|_| !asked.register_anew)?;
    let is_document = asked.document.is_some_and(|document| document.id.as_str() == oauth.client_id.as_str());
    let is_it = oauth.issuer.as_ref().is_none_or(|issuer| *issuer == found.issuer)
        && oauth.token_endpoint == found.token_endpoint
        && asked.redirect_uri.is_none_or(|uri| oauth.redirect_uri.as_ref() == Some(uri))
        && server.auth_type == asked.auth_type
        && (found.names_issuer || !is_document);
    let credential_ref = server.credential_ref.clone().filter(|_| is_it)?;
    Some(Chosen {
        registration: ClientRegistration::Kept,
        client_id: Some(oauth.client_id.clone()),
        client_auth: oauth.client_auth.unwrap_or(OauthClientAuth::Basic),
        credential_ref: Some(credential_ref),
        redirect_uri: oauth.redirect_uri.clone(),
    })
}

/// What is sent to register (RFC 7591 section 2; MCP authorization wants `application_type`).
#[must_use]
pub fn registration_of(asked: &Asked<'_>, chosen: &Chosen, scope: Option<&OauthScope>) -> Value {
    let mut body = json!({
        "client_name": "Portcullis",
        "token_endpoint_auth_method": chosen.client_auth,
    });
    match (asked.auth_type, &chosen.redirect_uri) {
        (McpAuthType::OauthAuthorizationCode, Some(redirect_uri)) => {
            // Only native clients may be sent back to a loopback address without TLS (OpenID Connect Registration 1.0).
            let is_web = redirect_uri.as_str().starts_with("https://");
            body["application_type"] = json!(if is_web { "web" } else { "native" });
            body["redirect_uris"] = json!([redirect_uri]);
            body["grant_types"] = json!(["authorization_code", "refresh_token"]);
            body["response_types"] = json!(["code"]);
        }
        // Who exchanges callers' tokens is never registered.
        _ => {
            body["application_type"] = json!("web");
            body["redirect_uris"] = json!([]);
            body["grant_types"] = json!(["client_credentials"]);
            body["response_types"] = json!([]);
        }
    }
    if let Some(scope) = scope {
        body["scope"] = json!(scope);
    }
    body
}

/// Judges the answer to a registration, and wipes it: who we are, and the secret if we have one. Only who asks with a
/// browser is made a public client.
///
/// # Errors
/// [`Unusable`].
pub fn judge_registration(
    status: u16,
    body: Vec<u8>,
    asked: OauthClientAuth,
    auth_type: McpAuthType,
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
        if auth_type != McpAuthType::OauthAuthorizationCode {
            let expected = "a way with a secret: whoever knew its name would be given its tokens";
            return Err(Unusable::new("`token_endpoint_auth_method`", expected));
        }
        return Ok((id, way, None));
    }
    let secret = match members.remove("client_secret") {
        Some(Value::String(secret)) if (1..=Secret::MAX_BYTES).contains(&secret.len()) => Secret::new(secret),
        _ => return Err(Unusable::new("`client_secret`", "a secret of 1 to 8192 bytes")),
    };
    Ok((id, way, Some(secret)))
}

impl Discovered {
    /// The settings of a server whose authorization was discovered, as an admin would have named them. What they had said
    /// before of an exchange, and what nobody can find, stays.
    #[must_use]
    pub fn of(
        before: &McpServer,
        found: &AuthorizationServer,
        resource: &ProtectedResource,
        asked: &Asked<'_>,
        scope: Option<OauthScope>,
        client: (OauthClientId, OauthClientAuth, Option<UrlText>),
        (credential_ref, registration): (CredentialRefText, ClientRegistration),
    ) -> Self {
        let by_browser = asked.auth_type == McpAuthType::OauthAuthorizationCode;
        let is_exchange = asked.auth_type == McpAuthType::OauthTokenExchange;
        let same = before.oauth.as_ref().filter(|_| is_exchange && before.auth_type == asked.auth_type);
        let subject_token_type =
            same.and_then(|oauth| oauth.subject_token_type).unwrap_or(SubjectTokenType::AccessToken);
        let (client_id, client_auth, redirect_uri) = client;
        let oauth = UpstreamOauth {
            token_endpoint: found.token_endpoint.clone(),
            client_id,
            client_auth: Some(client_auth),
            scope,
            resource: Some(resource.resource.clone()),
            authorization_endpoint: found.authorization_endpoint.clone().filter(|_| by_browser),
            redirect_uri: redirect_uri.filter(|_| by_browser),
            issuer: Some(found.issuer.clone()),
            names_issuer: Some(found.names_issuer),
            subject_token_type: is_exchange.then_some(subject_token_type),
            audience: same.and_then(|oauth| oauth.audience.clone()),
        };
        Self { auth_type: asked.auth_type, oauth, credential_ref, registration }
    }
}

impl Asked<'_> {
    /// Whether the request can be done at all; before anything is sent.
    ///
    /// # Errors
    /// `invalid_field` for `auth_type`, `redirect_uri`, `client` and `client.credential_ref`.
    pub fn check(&self, server: &McpServer) -> Result<(), Error> {
        if !self.auth_type.is_oauth() {
            let expected =
                "expected oauth_authorization_code, oauth_client_credentials or oauth_token_exchange";
            return Err(Error::invalid("auth_type", expected));
        }
        self.check_client(server)?;
        let by_browser = self.auth_type == McpAuthType::OauthAuthorizationCode;
        match self.redirect_uri {
            None if by_browser && self.way_back().is_none() => {
                let expected = "required: where browsers are sent back to; the gate has a page of its own once the operator has \
                                set `api.public_url`";
                Err(Error::invalid("redirect_uri", expected))
            }
            Some(_) if !by_browser => {
                let expected = format!("expected none: auth_type {} uses no browser", self.auth_type);
                Err(Error::invalid("redirect_uri", expected))
            }
            Some(uri) if web_url(uri.as_str()).is_none() => {
                Err(Error::invalid("redirect_uri", format!("expected {NOT_A_URL}")))
            }
            _ => Ok(()),
        }
    }

    /// The issuer that an admin has named: by a client there, or where callers' tokens are exchanged by the settings. `None`
    /// where the server may say it.
    #[must_use]
    pub fn issuer<'a>(&'a self, server: &'a McpServer) -> Option<&'a UrlText> {
        let settings = server.oauth.as_ref().filter(|_| self.auth_type == McpAuthType::OauthTokenExchange);
        let named = self.client.map(|client| &client.issuer);
        named.or(settings.and_then(|oauth| oauth.issuer.as_ref()))
    }

    fn check_client(&self, server: &McpServer) -> Result<(), Error> {
        let is_exchange = self.auth_type == McpAuthType::OauthTokenExchange;
        match self.client {
            None if is_exchange && (server.auth_type != self.auth_type || self.register_anew) => {
                let expected = "required for auth_type oauth_token_exchange: callers' tokens are shown to its issuer, so it is \
                                you who names that, and the MCP server cannot";
                Err(Error::invalid("client", expected))
            }
            Some(KnownClient { credential_ref: None, client_auth, .. })
                if self.auth_type != McpAuthType::OauthAuthorizationCode
                    || client_auth.is_some_and(|way| way != OauthClientAuth::None) =>
            {
                let expected = "required: only a client of oauth_authorization_code may be a public one, of client_auth none";
                Err(Error::invalid("client.credential_ref", expected))
            }
            _ => Ok(()),
        }
    }

    fn way_back(&self) -> Option<&UrlText> {
        let by_browser = self.auth_type == McpAuthType::OauthAuthorizationCode;
        self.redirect_uri.or(self.callback).filter(|_| by_browser)
    }
}
