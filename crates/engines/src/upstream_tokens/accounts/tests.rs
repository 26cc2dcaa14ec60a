//! Attempts, what browsers bring back, and whom sealed tokens are for.

use portcullis_schemas::integrations::mcp::oauth::{OauthClientId, OauthScope};
use portcullis_schemas::text::UrlText;
use portcullis_testkit::fixtures;
use portcullis_testkit::ids::SequentialIds;

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_785_196_800_000_000);

fn url(text: &str) -> UrlText {
    UrlText::new(text).unwrap()
}

fn server() -> McpServer {
    McpServer {
        auth_type: McpAuthType::OauthAuthorizationCode,
        oauth: Some(UpstreamOauth {
            token_endpoint: url("https://as.example/token"),
            client_id: OauthClientId::new("gate way").unwrap(),
            client_auth: None,
            scope: Some(OauthScope::new("read write").unwrap()),
            resource: None,
            authorization_endpoint: Some(url("https://as.example/authorize?realm=a")),
            redirect_uri: Some(url("https://gw.example/back")),
            issuer: Some(url("https://as.example")),
            names_issuer: None,
            subject_token_type: None,
            audience: None,
        }),
        ..fixtures::server(&SequentialIds::new(), &fixtures::tenant(1), "weather", 0)
    }
}

fn key(n: u32) -> KeyId {
    format!("key_01jd00000000000000000{n:05}").parse().unwrap()
}

fn begun() -> (Begun, Secret) {
    let mut random = [7_u8; RANDOM_BYTES];
    random[RANDOM_BYTES - 1] = 9;
    let begun = begin(&server(), &key(1), &random).unwrap();
    let query = begun.authorization_url.split_once("&state=").unwrap().1;
    let state = query.split_once('&').unwrap().0.to_owned();
    (begun, Secret::new(state))
}

fn under_way() -> (StoredConnection, Secret) {
    let (begun, state) = begun();
    let grant = account_grant(&server(), &key(1)).unwrap();
    let mut stored = next(None, &grant.key, &server(), NOW);
    stored.connection.attempt_ends_at = Some(NOW.plus(ATTEMPT));
    stored.attempt = Some((begun.state_digest, "sealed".to_owned()));
    (stored, state)
}

#[test]
fn a_browser_is_sent_with_a_challenge_and_a_state_of_its_own() {
    let (begun, state) = begun();
    let url = begun.authorization_url;
    assert!(
        url.starts_with("https://as.example/authorize?realm=a&response_type=code&client_id=gate+way&"),
        "{url}"
    );
    assert!(url.contains("&redirect_uri=https%3A%2F%2Fgw.example%2Fback&"), "{url}");
    assert!(
        url.contains("&code_challenge_method=S256&resource=") && url.ends_with("&scope=read+write"),
        "{url}"
    );
    let grant = account_grant(&server(), &key(1)).unwrap();
    let verifier = SealedAttempt::verifier(&begun.attempt, &grant).unwrap();
    let challenge = URL_SAFE_NO_PAD.encode(sha256(verifier.expose().as_bytes()).as_bytes());
    assert!(url.contains(&format!("&code_challenge={challenge}&")), "{url}");
    // RFC 7636 section 4.1.
    assert_eq!(verifier.expose().len(), 43);
    assert!(!url.contains(verifier.expose()), "the verifier stays here");
    assert_eq!(server_of(&state), Some(server().server_id));
    assert!(!begun.state_digest.contains(state.expose()));
}

#[test]
fn others_are_not_asked_as_their_callers() {
    for auth_type in [McpAuthType::None, McpAuthType::Bearer, McpAuthType::OauthClientCredentials] {
        let server = McpServer { auth_type, ..server() };
        assert!(begin(&server, &key(1), &[0; RANDOM_BYTES]).is_err(), "{auth_type}");
        assert_eq!(account_grant(&server, &key(1)), None, "{auth_type}");
    }
}

#[test]
fn a_state_is_good_in_its_time_and_no_other_is() {
    let (stored, state) = under_way();
    assert!(is_under_way(&stored, &state, NOW));
    assert!(is_under_way(&stored, &state, Timestamp::from_micros(NOW.plus(ATTEMPT).as_micros() - 1)));
    assert!(!is_under_way(&stored, &state, NOW.plus(ATTEMPT)));
    for other in ["", ".", "x", &format!("{}x", state.expose()), &state.expose()[1..]] {
        assert!(!is_under_way(&stored, &Secret::new(other.to_owned()), NOW), "{other}");
    }
    let ended = StoredConnection { attempt: None, ..stored };
    assert!(!is_under_way(&ended, &state, NOW));
    for text in ["", "x", "..", "mcp_x.y", "é.y"] {
        assert_eq!(server_of(&Secret::new(text.to_owned())), None, "{text}");
    }
}

#[test]
fn answers_of_other_issuers_are_refused_before_a_code_is_used() {
    let oauth = |names_issuer| UpstreamOauth { names_issuer, ..server().oauth.unwrap() };
    // RFC 9207 section 2.4, and the four rows of the MCP specification.
    let table = [
        (Some(true), Some("https://as.example"), true),
        (Some(true), None, false),
        (Some(true), Some("https://evil.example"), false),
        (None, Some("https://as.example"), true),
        (None, Some("https://as.example/"), false),
        (None, Some("https://AS.example"), false),
        (None, None, true),
        (Some(false), None, true),
    ];
    let request = |iss: Option<&str>, code: Option<&str>, error: Option<&str>| {
        let iss = iss.map(url);
        let code = code.map(|code| Secret::new(code.to_owned()));
        let error = error.map(|error| serde_json::from_value(error.into()).unwrap());
        let redirect_uri = None;
        CompleteConnection { state: Secret::new("s".to_owned()), code, iss, error, redirect_uri }
    };
    for (names_issuer, iss, good) in table {
        let (oauth, request) = (oauth(names_issuer), request(iss, Some("c"), None));
        assert_eq!(returned(&oauth, &request).is_ok(), good, "{names_issuer:?} {iss:?}");
        // For errors too.
        let error = field_of(returned(&oauth, &CompleteConnection { code: None, ..request }));
        assert_eq!(error == Some("iss".to_owned()), !good, "{names_issuer:?} {iss:?}");
    }
    // RFC 9700 section 4.4.2: where no issuer is named, the address tells.
    let table = [
        (oauth(None).redirect_uri, true),
        (Some(url("https://gw.example/connections/callback")), false),
        (Some(url("https://gw.example/connections/callback/mcp_other")), false),
    ];
    for (redirect_uri, good) in table {
        let came = CompleteConnection { redirect_uri, ..request(None, Some("c"), None) };
        let field = field_of(returned(&oauth(None), &came));
        assert_eq!(field, (!good).then(|| "redirect_uri".to_owned()), "{:?}", came.redirect_uri);
    }
    let refused = request(None, None, Some("access_denied"));
    assert_eq!(returned(&oauth(None), &refused).unwrap_err().code(), codes::UPSTREAM_TOKEN_REFUSED);
    let both = request(None, Some("c"), Some("access_denied"));
    assert!(returned(&oauth(None), &both).is_err());
}

fn field_of(outcome: Result<&Secret, Error>) -> Option<String> {
    outcome.err().and_then(|error| error.field().map(ToOwned::to_owned))
}

#[test]
fn tokens_are_for_their_key_server_client_scope_and_endpoint_alone() {
    let issued = IssuedToken {
        token: Secret::new("access".to_owned()),
        lifetime: Duration::from_secs(60),
        refresh: None,
    };
    let grant = account_grant(&server(), &key(1)).unwrap();
    let earlier = Secret::new("refresh".to_owned());
    let text = SealedTokens::sealable(&grant, &issued, Some(&earlier), NOW).unwrap();
    let tokens = SealedTokens::opened(&text, &grant).unwrap();
    assert_eq!(tokens.refresh().unwrap().expose(), "refresh", "the earlier one stays");
    assert_eq!(tokens.access(NOW).unwrap().expose(), "access");
    for (second, is_due, is_over) in
        [(0, false, false), (47, false, false), (48, true, false), (60, true, true)]
    {
        let now = NOW.plus(Duration::from_secs(second));
        assert_eq!((tokens.is_due(now), tokens.access(now).is_none()), (is_due, is_over), "{second}");
    }
    let before = Secret::new(text.expose().replace("\"margin\":12000000,", ""));
    assert_ne!(before.expose(), text.expose());
    let before = SealedTokens::opened(&before, &grant).unwrap();
    assert!(
        !before.is_due(NOW.plus(Duration::from_secs(29))) && before.is_due(NOW.plus(Duration::from_secs(30)))
    );
    let oauth = server().oauth.unwrap();
    let with = |oauth: UpstreamOauth| McpServer { oauth: Some(oauth), ..server() };
    let others = [
        account_grant(&server(), &key(2)),
        account_grant(&McpServer { url: url("https://moved.example/mcp"), ..server() }, &key(1)),
        account_grant(
            &with(UpstreamOauth { token_endpoint: url("https://evil.example/t"), ..oauth.clone() }),
            &key(1),
        ),
        account_grant(
            &with(UpstreamOauth { client_id: OauthClientId::new("x").unwrap(), ..oauth.clone() }),
            &key(1),
        ),
        account_grant(
            &with(UpstreamOauth { scope: Some(OauthScope::new("read").unwrap()), ..oauth.clone() }),
            &key(1),
        ),
        account_grant(&with(UpstreamOauth { scope: None, ..oauth.clone() }), &key(1)),
        account_grant(&with(UpstreamOauth { resource: Some(url("https://x.example")), ..oauth }), &key(1)),
    ];
    for other in others {
        let other = other.unwrap();
        assert!(SealedTokens::opened(&text, &other).is_none(), "{other:?}");
    }
    for broken in ["", "{}", "[]", "{\"key\":1}"] {
        assert!(SealedTokens::opened(&Secret::new(broken.to_owned()), &grant).is_none(), "{broken}");
    }
}
