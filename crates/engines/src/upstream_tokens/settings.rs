//! Which settings of an authorization server may be.

use portcullis_schemas::Error;
use portcullis_schemas::integrations::mcp::oauth::{OauthClientAuth, UpstreamOauth};
use portcullis_schemas::integrations::mcp::server::McpAuthType;
use portcullis_schemas::text::UrlText;

/// Whether the settings fit the type, and are of the form that they are sent in.
///
/// # Errors
/// `invalid_field` below `oauth`.
pub fn check_oauth(auth_type: McpAuthType, oauth: Option<&UpstreamOauth>) -> Result<(), Error> {
    let Some(oauth) = oauth else {
        return match auth_type.is_oauth() {
            true => Err(Error::invalid(
                "oauth",
                format!("required: auth_type {auth_type} needs a token endpoint"),
            )),
            false => Ok(()),
        };
    };
    match auth_type {
        McpAuthType::OauthClientCredentials => {
            check_strangers(auth_type, oauth)?;
            check_proves(oauth, "whoever knew its name would be given its tokens")?;
        }
        McpAuthType::OauthAuthorizationCode => {
            check_strangers(auth_type, oauth)?;
            check_accounts(oauth)?;
        }
        McpAuthType::OauthTokenExchange => {
            check_strangers(auth_type, oauth)?;
            check_exchange(oauth)?;
        }
        _ => {
            let expected = format!("expected none: auth_type {auth_type} asks nobody for tokens");
            return Err(Error::invalid("oauth", expected));
        }
    }
    check_form(oauth)
}

/// A setting of another type would be taken and not heeded.
fn check_strangers(auth_type: McpAuthType, oauth: &UpstreamOauth) -> Result<(), Error> {
    let (code, exchange) = (McpAuthType::OauthAuthorizationCode, McpAuthType::OauthTokenExchange);
    let settings = [
        ("oauth.authorization_endpoint", oauth.authorization_endpoint.is_some(), code),
        ("oauth.subject_token_type", oauth.subject_token_type.is_some(), exchange),
        ("oauth.audience", oauth.audience.is_some(), exchange),
    ];
    match settings.into_iter().find(|(_, is_set, of)| *is_set && *of != auth_type) {
        None => Ok(()),
        Some((field, _, of)) => {
            Err(Error::invalid(field, format!("expected none: it is for auth_type {of}")))
        }
    }
}

/// Only a client that authenticates may exchange what others have presented.
fn check_exchange(oauth: &UpstreamOauth) -> Result<(), Error> {
    if oauth.subject_token_type.is_none() {
        let expected = "required for auth_type oauth_token_exchange: access_token, or jwt where the authorization server wants \
                        that";
        return Err(Error::invalid("oauth.subject_token_type", expected));
    }
    check_proves(oauth, "whoever got hold of a caller's token could exchange it too")
}

/// Only what a browser proves may be asked for by a public client.
fn check_proves(oauth: &UpstreamOauth, why: &str) -> Result<(), Error> {
    if oauth.client_auth == Some(OauthClientAuth::None) {
        let expected = format!("expected client_secret_basic or client_secret_post: {why}");
        return Err(Error::invalid("oauth.client_auth", expected));
    }
    Ok(())
}

/// What a browser is sent to, and back to, has to be said; a part of it that another could set is refused.
fn check_accounts(oauth: &UpstreamOauth) -> Result<(), Error> {
    let is_plain = |url: &UrlText| {
        let text = url.as_str();
        let is_web = text.starts_with("https://") || text.starts_with("http://");
        is_web && !text.contains(['#', '\\']) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let fields = [
        ("oauth.authorization_endpoint", &oauth.authorization_endpoint),
        ("oauth.redirect_uri", &oauth.redirect_uri),
        ("oauth.issuer", &oauth.issuer),
    ];
    match fields.into_iter().find(|(_, url)| !url.as_ref().is_some_and(is_plain)) {
        None => Ok(()),
        Some((field, _)) => Err(Error::invalid(
            field,
            "required for auth_type oauth_authorization_code: a URL without a fragment, as the authorization server knows it",
        )),
    }
}

fn check_form(oauth: &UpstreamOauth) -> Result<(), Error> {
    let is_visible = |text: &str| text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    if !is_visible(oauth.client_id.as_str()) {
        return Err(Error::invalid(
            "oauth.client_id",
            "expected visible ASCII, as the authorization server gave it",
        ));
    }
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
    };
    if oauth.scope.as_ref().is_some_and(|scope| !scope.as_str().split(' ').all(is_word)) {
        return Err(Error::invalid(
            "oauth.scope",
            "expected scopes of visible ASCII, with one space between them",
        ));
    }
    if oauth.audience.as_ref().is_some_and(|audience| !is_visible(audience.as_str())) {
        return Err(Error::invalid(
            "oauth.audience",
            "expected visible ASCII, as the authorization server knows it",
        ));
    }
    // RFC 8707 section 2: an absolute URI without fragment.
    let is_uri = |text: &str| {
        text.contains("://") && !text.contains('#') && text.bytes().all(|b| b.is_ascii_graphic())
    };
    if oauth.resource.as_ref().is_some_and(|resource| !is_uri(resource.as_str())) {
        return Err(Error::invalid("oauth.resource", "expected an absolute URI without a fragment"));
    }
    Ok(())
}
