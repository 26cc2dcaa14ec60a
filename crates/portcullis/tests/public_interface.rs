//! What an embedder does, with the facade's names alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use portcullis::embedded::{self, EmbeddedOptions, OpenErrorKind};
use portcullis::ids::{RequestId, TenantId};
use portcullis::operations::incidents::ListIncidents;
use portcullis::operations::mcp_servers::{ListMcpServers, RegisterMcpServer};
use portcullis::operations::tenants::{CreateTenant, ListTenants};
use portcullis::ports::{DispatchAudit, DispatchRecord};
use portcullis::text::Name;
use portcullis::{
    CallContext, Error, ErrorKind, Input, KeyEnvironment, Operation, Ports, Spine, SpineOptions, codes,
};
use serde_json::{Value, json};

/// An embedder's own sink for dispatches.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

#[async_trait]
impl DispatchAudit for Heard {
    async fn record(&self, _: &TenantId, record: &DispatchRecord) {
        let code = record.error_code.as_deref().unwrap_or("ok");
        self.0.lock().unwrap().push(format!("{} {code}", record.operation));
    }
}

fn spine(ports: Ports) -> Spine {
    Spine::new(ports, SpineOptions::new(KeyEnvironment::new("test").unwrap())).unwrap()
}

async fn context(spine: &Spine, key: &str) -> CallContext {
    let principal = spine.authenticate(key).await.unwrap();
    CallContext::new(principal, RequestId::generate(&*spine.ports().ids))
}

async fn first_key(spine: &Spine) -> Option<String> {
    let first = spine.bootstrap(Name::new("default").unwrap()).await.unwrap();
    first.map(|created| created.secret.0)
}

#[tokio::test]
async fn typed_and_json_calls_are_the_same_path() {
    let folder = tempfile::tempdir().unwrap();
    let data = embedded::open(EmbeddedOptions::new(folder.path())).await.unwrap();
    let heard = Arc::new(Heard::default());
    let spine = spine(Ports { dispatch_audit: heard.clone(), ..data.ports() });
    let _background = spine.start_background().await.unwrap();
    let key = first_key(&spine).await.unwrap();

    let typed = spine.run(context(&spine, &key).await, ListTenants::default()).await.unwrap();
    assert_eq!(typed.items[0].name.as_str(), "default");

    let input = Input::from_body(br#"{"name": "second"}"#).unwrap();
    let answer = spine.call(context(&spine, &key).await, CreateTenant::NAME, input).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["tenant"]["name"], json!("second"));

    let names = [ListTenants::NAME, CreateTenant::NAME].map(|name| format!("{name} ok"));
    assert_eq!(*heard.0.lock().unwrap(), names);
}

#[tokio::test]
async fn errors_name_the_field_and_nothing_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let data = embedded::open(EmbeddedOptions::new(folder.path())).await.unwrap();
    let spine = spine(data.ports());
    let _background = spine.start_background().await.unwrap();
    let key = first_key(&spine).await.unwrap();

    let input = Input::from_body(br#"{"name": "x", "url": "http://127.0.0.1:1/"}"#).unwrap();
    let error: Error =
        spine.call(context(&spine, &key).await, RegisterMcpServer::NAME, input).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("url")), "{error:?}");

    let servers = spine.run(context(&spine, &key).await, ListMcpServers::default()).await.unwrap();
    assert!(servers.items.is_empty());
    let incidents = spine.run(context(&spine, &key).await, ListIncidents::default()).await.unwrap();
    assert!(incidents.items.is_empty());
}

#[tokio::test]
async fn a_second_start_finds_what_the_first_left() {
    let folder = tempfile::tempdir().unwrap();
    let key = {
        let data = embedded::open(EmbeddedOptions::new(folder.path())).await.unwrap();
        let spine = spine(data.ports());
        let key = first_key(&spine).await.unwrap();
        assert_eq!(first_key(&spine).await, None, "the key is shown once");
        drop(spine);
        data.close().await;
        key
    };
    let data = embedded::open(EmbeddedOptions::new(folder.path())).await.unwrap();
    let spine = spine(data.ports());
    assert_eq!(first_key(&spine).await, None);
    assert_eq!(spine.authenticate(&key).await.unwrap().actor(), "admin");
    let wrong = spine.authenticate("pcl_test_wrong").await.unwrap_err();
    assert_eq!(wrong.code(), codes::UNAUTHENTICATED);
}

#[tokio::test]
async fn wrong_options_are_refused_and_leave_nothing_behind() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data");
    let mut options = EmbeddedOptions::new(&path);
    options.waived_origins = vec!["http://127.0.0.1:8931/path".to_owned()];
    let error = embedded::open(options).await.unwrap_err();
    assert_eq!(error.kind(), OpenErrorKind::Egress);
    assert!(error.to_string().contains("write `http://127.0.0.1:8931`"), "{error}");

    let mut options = EmbeddedOptions::new(&path);
    options.extra_ca_pem = Some(b"not a certificate".to_vec());
    assert_eq!(embedded::open(options).await.unwrap_err().kind(), OpenErrorKind::Egress);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_directory_has_one_holder() {
    let folder = tempfile::tempdir().unwrap();
    let data = embedded::open(EmbeddedOptions::new(folder.path())).await.unwrap();
    let error = embedded::open(EmbeddedOptions::new(folder.path())).await.unwrap_err();
    assert_eq!(error.kind(), OpenErrorKind::InUse);
    data.close().await;
    embedded::open(EmbeddedOptions::new(folder.path())).await.unwrap().close().await;
}
