//! What is remembered, of whom, and how much of it.

use portcullis_schemas::api_keys::ApiKey;
use portcullis_schemas::json::RawJson;
use portcullis_testkit::fixtures;
use portcullis_testkit::ids::SequentialIds;

use super::*;
use crate::integrations::mcp::StoredGrants;

struct World {
    ids: SequentialIds,
    calls: RememberedCalls,
}

impl World {
    fn new() -> Self {
        Self { ids: SequentialIds::new(), calls: RememberedCalls::default() }
    }

    /// What was read of a fresh call of this tenant.
    fn read(&self, tenant: &TenantId, version: u64) -> (CallTarget, CallConfiguration) {
        let server = fixtures::server(&self.ids, tenant, "server", 0);
        let tool = fixtures::tool(&self.ids, &server, "tool");
        let key: ApiKey = fixtures::api_key(&self.ids, tenant, "key", 0).key;
        let target = CallTarget {
            key: key.key_id.clone(),
            server: server.server_id.clone(),
            tool: tool.tool_id.clone(),
        };
        let read = CallConfiguration {
            version: ConfigVersion(version),
            key: Arc::new(key),
            server: Arc::new(server),
            tool: Arc::new(tool),
            frozen: None,
            policies: Arc::default(),
            grants: StoredGrants::NotNeeded,
        };
        (target, read)
    }

    fn version_of(&self, tenant: &TenantId, target: &CallTarget) -> Option<u64> {
        self.calls.remembered(tenant, target).map(|known| known.version.0)
    }
}

#[test]
fn a_tenant_is_remembered_at_one_version_and_by_itself() {
    let (world, mine, theirs) = (World::new(), fixtures::tenant(1), fixtures::tenant(2));
    let (first, read) = world.read(&mine, 7);
    world.calls.remember(&mine, &first, read);
    let (second, read) = world.read(&mine, 7);
    world.calls.remember(&mine, &second, read);
    assert_eq!(world.version_of(&mine, &first), Some(7));
    assert_eq!(world.version_of(&theirs, &first), None, "the same ids in another tenant are another call");
    let (third, read) = world.read(&mine, 6);
    world.calls.remember(&mine, &third, read);
    let versions = [&first, &second, &third].map(|target| world.version_of(&mine, target));
    assert_eq!(versions, [None, None, Some(6)], "another version, and nothing of the one before");
}

#[test]
fn what_calls_have_in_common_is_held_once() {
    let (world, tenant) = (World::new(), fixtures::tenant(1));
    let (target, read) = world.read(&tenant, 1);
    let first = world.calls.remember(&tenant, &target, read.clone());
    let other_key = CallTarget { key: KeyId::generate(&world.ids), ..target };
    let again = |read: &CallConfiguration| CallConfiguration {
        server: Arc::new((*read.server).clone()),
        tool: Arc::new((*read.tool).clone()),
        policies: Arc::default(),
        ..read.clone()
    };
    let second = world.calls.remember(&tenant, &other_key, again(&read));
    assert!(Arc::ptr_eq(&first.tool, &second.tool) && Arc::ptr_eq(&first.server, &second.server));
    assert!(Arc::ptr_eq(&first.policies, &second.policies));
}

#[test]
fn the_tenants_unused_for_longest_make_room() {
    let world = World::new();
    let definition = format!("{:?}", "x".repeat(MAX_BYTES / 4));
    let remember = |n: u32| {
        let tenant = fixtures::tenant(n);
        let (target, mut read) = world.read(&tenant, 1);
        Arc::make_mut(&mut read.tool).definition = RawJson::from_text(definition.clone()).unwrap();
        world.calls.remember(&tenant, &target, read);
        (tenant, target)
    };
    let made: Vec<_> = (0..3).map(remember).collect();
    let known = |n: usize| world.calls.remembered(&made[n].0, &made[n].1).is_some();
    assert!(known(0), "three fit, and the second is now the one unused for longest");
    remember(3);
    assert_eq!([known(0), known(1), known(2)], [true, false, true]);
    for n in 4..7 {
        remember(n);
    }
    assert_eq!([known(0), known(1), known(2)], [false; 3], "the ones that came last are there");
}
