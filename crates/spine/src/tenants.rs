//! Handlers of `tenants.tenants.*`, and the first start.

use portcullis_engines::api_keys::first_admin_key;
use portcullis_engines::api_keys::key_text::KeyEnvironment;
use portcullis_engines::integrations::mcp::events::{actor_of, system_actor};
use portcullis_schemas::api_keys::operations::CreatedApiKey;
use portcullis_schemas::ids::{EventId, KeyId, TenantId};
use portcullis_schemas::logs::event::{AuditEventDraft, AuditEventType, EventActor};
use portcullis_schemas::paging::{Page, PageRequest};
use portcullis_schemas::principal::Scope;
use portcullis_schemas::tenants::Tenant;
use portcullis_schemas::tenants::operations::{CreateTenant, CreatedTenant, GetTenant, ListTenants};
use portcullis_schemas::text::Name;
use portcullis_schemas::{Error, ErrorKind};
use serde_json::{Map, json};

use crate::api_keys::issue;
use crate::scene::Scene;
use crate::spine::Spine;
use crate::taken::or_taken;

pub(crate) async fn create_tenant(scene: Scene, request: CreateTenant) -> Result<CreatedTenant, Error> {
    let environment = &scene.options().environment;
    found(scene.ports(), environment, request.name, &[Scope::Admin], actor_of(scene.ctx())).await
}

pub(crate) async fn list_tenants(scene: Scene, request: ListTenants) -> Result<Page<Tenant>, Error> {
    let mut work = scene.read().await?;
    Ok(work.tenants().list(&PageRequest::new(request.limit, request.cursor)).await?)
}

pub(crate) async fn get_tenant(scene: Scene, request: GetTenant) -> Result<Tenant, Error> {
    let mut work = scene.read().await?;
    work.tenants().find(request.tenant_id.as_str()).await?.ok_or_else(|| Error::not_found("tenant"))
}

impl Spine {
    /// The first start: creates a tenant with a key that holds `admin` and `operator`, if there is no tenant at all.
    /// Returns the key, whose text is shown once, or nothing when there are tenants. Of several replicas that start
    /// for the first time at once, one founds the tenant.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub async fn bootstrap(&self, tenant_name: Name) -> Result<Option<CreatedApiKey>, Error> {
        if self.has_tenants().await? {
            return Ok(None);
        }
        let scopes = [Scope::Admin, Scope::Operator];
        let environment = &self.stage().options.environment;
        match found(self.ports(), environment, tenant_name, &scopes, system_actor()).await {
            Ok(created) => Ok(Some(created.admin_key)),
            // Another replica was faster.
            Err(error) if error.kind() == ErrorKind::Conflict && self.has_tenants().await? => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn has_tenants(&self) -> Result<bool, Error> {
        let mut work = self.ports().store.read().await?;
        Ok(!work.tenants().list(&PageRequest::default()).await?.items.is_empty())
    }
}

/// Founds a tenant: its row, its first key and its first event in one unit of work.
async fn found(
    ports: &crate::ports::Ports,
    environment: &KeyEnvironment,
    name: Name,
    scopes: &[Scope],
    by: EventActor,
) -> Result<CreatedTenant, Error> {
    let now = ports.clock.now();
    let tenant = Tenant { tenant_id: TenantId::generate(&*ports.ids), name, created_at: now };
    let key = first_admin_key(&tenant.tenant_id, admin_name()?, scopes, KeyId::generate(&*ports.ids), now);
    let (stored, admin_key) = issue(ports, environment, key)?;
    let mut facts = Map::new();
    facts.insert("name".to_owned(), json!(tenant.name));
    facts.insert("scopes".to_owned(), json!(scopes));
    let event = AuditEventDraft {
        event_id: EventId::generate(&*ports.ids),
        event_type: AuditEventType::TenantCreated,
        occurred_at: now,
        actor: by,
        request_id: None,
        subject: vec![("key_id", stored.key.key_id.to_string()), ("tenant_id", tenant.tenant_id.to_string())],
        facts,
    };
    let mut work = ports.store.begin().await?;
    work.tenants().insert(&tenant.tenant_id, &tenant).await.map_err(or_taken("tenant", "name"))?;
    work.api_keys().insert(&tenant.tenant_id, &stored).await?;
    work.audit_log().append(&tenant.tenant_id, &[event]).await?;
    work.commit().await?;
    Ok(CreatedTenant { tenant, admin_key })
}

fn admin_name() -> Result<Name, Error> {
    Name::new("admin").map_err(|error| Error::invalid("name", error.to_string()))
}
