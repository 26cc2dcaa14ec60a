//! The suite of [`ToolsetStore`](portcullis_schemas::integrations::toolsets::ports::ToolsetStore).

use portcullis_schemas::codes;
use portcullis_schemas::ids::{KeyId, TenantId, ToolsetId};
use portcullis_schemas::integrations::toolsets::{ToolDisclosure, Toolset, ToolsetName, ToolsetTool};
use portcullis_schemas::paging::PageRequest;
use portcullis_schemas::store::Store;
use portcullis_schemas::text::Description;
use serde_json::json;

use super::steps::{IDS, conflict, cursor, page_limit, reading, refused, two_tenants};
use crate::fixtures::{self, time, valid};

/// Toolsets are kept whole, unique by name, versioned, listed newest first, gone when deleted, and seen by their tenant
/// only.
pub async fn toolset_store(store: &dyn Store) {
    isolates_tenants(store).await;
    keeps_every_field(store).await;
    names_are_unique(store).await;
    updates_are_versioned(store).await;
    deletes(store).await;
    pages(store).await;
}

async fn keeps_every_field(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let server = fixtures::server(&IDS, &tenant, "listed", 0);
    let tool =
        |exposed_name: &str| fixtures::toolset_tool(&fixtures::tool(&IDS, &server, "search"), exposed_name);
    let fixed = [
        ("owner".to_owned(), json!("it's \"acme\", é漢")),
        ("limits".to_owned(), json!({ "most": u64::MAX, "share": 0.5, "least": -1 })),
        ("nothing".to_owned(), json!(null)),
        ("labels".to_owned(), json!(["a", true, []])),
    ];
    let narrowed = ToolsetTool {
        description: Some(valid(Description::new("finds issues of 'acme', \"open\" ones, é漢"))),
        fixed_arguments: fixed.into_iter().collect(),
        hidden_arguments: vec!["token".to_owned(), "a, b".to_owned()],
        ..tool("Search.issues-v2_b")
    };
    let bare = fixtures::toolset(&IDS, &tenant, "bare", 0);
    let full = Toolset {
        description: Some(valid(Description::new("what it is for, in 'quotes' and \"quotes\", é漢"))),
        tools: vec![narrowed, tool("listed__search"), tool("another")],
        keys: vec![KeyId::generate(&IDS), KeyId::generate(&IDS)],
        disclosure: ToolDisclosure::Search,
        updated_at: time(7),
        ..fixtures::toolset(&IDS, &tenant, "0-full", 1)
    };
    for toolset in [bare, full] {
        insert(store, &toolset).await;
        assert_eq!(
            get(store, &tenant, &toolset.toolset_id).await.as_ref(),
            Some(&toolset),
            "a toolset is kept whole"
        );
        let found = find(store, &tenant, &toolset.name).await;
        assert_eq!(found, Some(toolset), "a toolset is found by its name");
    }
    let absent = fixtures::toolset(&IDS, &tenant, "absent", 0);
    assert_eq!(get(store, &tenant, &absent.toolset_id).await, None, "an absent toolset is none");
    assert_eq!(find(store, &tenant, &absent.name).await, None, "by name too");
}

async fn names_are_unique(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let first = fixtures::toolset(&IDS, &tenant, "unique", 0);
    insert(store, &first).await;
    let twin = fixtures::toolset(&IDS, &tenant, "unique", 1);
    let result = attempted!(store, unit => unit.toolsets().insert(&tenant, &twin));
    conflict("a second toolset of the same name", result, codes::ALREADY_EXISTS);
    assert_eq!(find(store, &tenant, &first.name).await.as_ref(), Some(&first), "the first one keeps it");
    delete(store, &tenant, &first.toolset_id).await;
    insert(store, &twin).await;
    assert_eq!(find(store, &tenant, &first.name).await, Some(twin), "a name is free after a delete");
}

async fn updates_are_versioned(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let server = fixtures::server(&IDS, &tenant, "changed", 0);
    let tool = fixtures::toolset_tool(&fixtures::tool(&IDS, &server, "search"), "search");
    let toolset = Toolset { tools: vec![tool], ..fixtures::toolset(&IDS, &tenant, "versioned", 0) };
    insert(store, &toolset).await;
    let second = Toolset {
        description: Some(valid(Description::new("without tools for now"))),
        tools: Vec::new(),
        keys: vec![KeyId::generate(&IDS)],
        updated_at: time(9),
        version: 2,
        ..toolset.clone()
    };
    committed!(store, "an update of the next version", unit => unit.toolsets().update(&tenant, &second));
    for version in [1, 2, 4] {
        let stale = Toolset { keys: Vec::new(), version, ..second.clone() };
        let result = attempted!(store, unit => unit.toolsets().update(&tenant, &stale));
        conflict("an update that is not of the next version", result, codes::STATE_CONFLICT);
    }
    assert_eq!(
        get(store, &tenant, &toolset.toolset_id).await.as_ref(),
        Some(&second),
        "a refused update changes nothing"
    );
    let other_name = fixtures::toolset(&IDS, &tenant, "renamed", 0).name;
    let third = Toolset { name: other_name, version: 3, ..second };
    committed!(store, "an update with another name", unit => unit.toolsets().update(&tenant, &third));
    let expected = Toolset { name: toolset.name, ..third };
    assert_eq!(
        get(store, &tenant, &toolset.toolset_id).await,
        Some(expected),
        "an update leaves the name alone"
    );
    let unknown = Toolset { version: 2, ..fixtures::toolset(&IDS, &tenant, "unknown", 0) };
    refused(
        "an update of an absent toolset",
        attempted!(store, unit => unit.toolsets().update(&tenant, &unknown)),
    );
}

async fn deletes(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let [gone, kept] = ["gone", "kept"].map(|name| fixtures::toolset(&IDS, &tenant, name, 0));
    insert(store, &gone).await;
    insert(store, &kept).await;
    // Twice: an absent one is gone already.
    for _ in 0..2 {
        delete(store, &tenant, &gone.toolset_id).await;
        assert_eq!(
            get(store, &tenant, &gone.toolset_id).await,
            None,
            "a deleted toolset answers as an absent one"
        );
        assert_eq!(find(store, &tenant, &gone.name).await, None, "by name too");
    }
    let revived = Toolset { version: 2, ..gone };
    refused(
        "an update of a deleted toolset",
        attempted!(store, unit => unit.toolsets().update(&tenant, &revived)),
    );
    assert_eq!(get(store, &tenant, &kept.toolset_id).await, Some(kept), "a delete leaves the others alone");
}

async fn pages(store: &dyn Store) {
    let (tenant, _) = two_tenants(store).await;
    let mut expected = Vec::new();
    for n in 0..7_i64 {
        let toolset = fixtures::toolset(&IDS, &tenant, &format!("paged-{n}"), n);
        insert(store, &toolset).await;
        expected.insert(0, toolset);
    }
    let gone = expected.remove(3);
    delete(store, &tenant, &gone.toolset_id).await;
    let mut unit = reading(store).await;
    let listed = walked!(2, request => unit.toolsets().list(&tenant, &request));
    assert_eq!(listed, expected, "toolsets newest first, each once, deleted ones left out");
}

async fn isolates_tenants(store: &dyn Store) {
    let (tenant, other) = two_tenants(store).await;
    let toolsets = [0, 1].map(|n| fixtures::toolset(&IDS, &tenant, &format!("walled-{n}"), n));
    for toolset in &toolsets {
        insert(store, toolset).await;
    }
    let toolset = &toolsets[0];
    assert_eq!(
        get(store, &other, &toolset.toolset_id).await,
        None,
        "a foreign toolset answers as an absent one"
    );
    assert_eq!(find(store, &other, &toolset.name).await, None, "a foreign toolset is not found by its name");
    let stolen = Toolset {
        tenant_id: other.clone(),
        keys: vec![KeyId::generate(&IDS)],
        version: 2,
        ..toolset.clone()
    };
    refused(
        "an update of a foreign toolset",
        attempted!(store, unit => unit.toolsets().update(&other, &stolen)),
    );
    delete(store, &other, &toolset.toolset_id).await;
    assert_eq!(
        get(store, &tenant, &toolset.toolset_id).await.as_ref(),
        Some(toolset),
        "a foreign write changes nothing"
    );
    let twin = Toolset { toolset_id: ToolsetId::generate(&IDS), tenant_id: other.clone(), ..toolset.clone() };
    insert(store, &twin).await;
    for (owner, own) in [(&tenant, toolset), (&other, &twin)] {
        let found = find(store, owner, &toolset.name).await;
        assert_eq!(found.as_ref(), Some(own), "a name is that of the tenant's own toolset");
    }

    let mut unit = reading(store).await;
    let listed = walked!(1, request => unit.toolsets().list(&other, &request));
    assert_eq!(listed, std::slice::from_ref(&twin), "a list holds own toolsets only");
    let first = PageRequest::new(Some(page_limit(1)), None);
    let page = unit.toolsets().list(&tenant, &first).await;
    let position = page.ok().and_then(|page| page.next_cursor).map(|text| cursor(&text));
    let request = PageRequest::new(Some(page_limit(100)), position);
    let by_foreign_cursor = unit.toolsets().list(&other, &request).await;
    let items = by_foreign_cursor.map(|page| page.items).unwrap_or_default();
    assert!(items.iter().all(|row| *row == twin), "a foreign cursor opens no foreign rows");
}

async fn insert(store: &dyn Store, toolset: &Toolset) {
    committed!(store, "adding a toolset", unit => unit.toolsets().insert(&toolset.tenant_id, toolset));
}

async fn delete(store: &dyn Store, tenant: &TenantId, id: &ToolsetId) {
    committed!(store, "deleting a toolset", unit => unit.toolsets().delete(tenant, id));
}

async fn get(store: &dyn Store, tenant: &TenantId, id: &ToolsetId) -> Option<Toolset> {
    seen!(store, "reading a toolset", unit => unit.toolsets().get(tenant, id))
}

async fn find(store: &dyn Store, tenant: &TenantId, name: &ToolsetName) -> Option<Toolset> {
    seen!(store, "looking a toolset up", unit => unit.toolsets().find(tenant, name))
}
