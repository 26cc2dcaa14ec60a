//! Keeps the record of every dispatch.

use std::sync::Mutex;

use async_trait::async_trait;
use portcullis_schemas::ids::TenantId;
use portcullis_schemas::logs::ports::{DispatchAudit, DispatchRecord};

use crate::lock::locked;

/// A [`DispatchAudit`] that a test can read.
#[derive(Debug, Default)]
pub struct RecordingDispatchAudit {
    records: Mutex<Vec<(TenantId, DispatchRecord)>>,
}

impl RecordingDispatchAudit {
    /// One that has heard of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What it has heard, in order.
    pub fn records(&self) -> Vec<(TenantId, DispatchRecord)> {
        locked(&self.records).clone()
    }
}

#[async_trait]
impl DispatchAudit for RecordingDispatchAudit {
    async fn record(&self, tenant: &TenantId, record: &DispatchRecord) {
        locked(&self.records).push((tenant.clone(), record.clone()));
    }
}
