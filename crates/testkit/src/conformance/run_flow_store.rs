//! The suite of [`RunFlowStore`](portcullis_schemas::integrations::flows::ports::RunFlowStore). What is in it comes by the
//! ledger, so it needs one of the same database.

use portcullis_schemas::logs::ports::Ledger;
use portcullis_schemas::store::Store;

use super::ledger_flows::runs_are_kept_account_of;
use super::ledger_scene::Scene;

/// Runs are kept account of by the ledger, apart from each other, and seen by their tenant only.
pub async fn run_flow_store(store: &dyn Store, ledger: &dyn Ledger) {
    runs_are_kept_account_of(&Scene::set(store, ledger).await).await;
}
