//! PostgreSQL behind a wire: the server hangs, or is gone.

use color_eyre::eyre::{ContextCompat, Result, eyre};
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use url::Url;

use super::Counts;
use super::fail_open::Failing;
use super::scene::{Hits, Outage, Scene, Wire};
use crate::prove::home::Home;
use crate::prove::setting::Setting;
use crate::tap::{Flow, Tap};

const OUTAGES: [(Flow, Outage); 2] = [
    (Flow::Held, Outage { name: "the server hangs", hits: Hits::Everything }),
    (Flow::Cut, Outage { name: "the server is gone", hits: Hits::Everything }),
];

pub(super) async fn fail(
    setting: &Setting,
    counts: &mut Counts,
    calls: usize,
    failing: Failing,
) -> Result<()> {
    let home = Home::new(setting)?;
    let wire = Wire::lay().await?;
    let mut settings = home.settings("gate", &[wire.origin()]);
    let mut url = Url::parse(settings.database_url.as_deref().context("no database server")?)?;
    let host = url.host_str().unwrap_or("127.0.0.1");
    let database = Tap::to(format!("{host}:{}", url.port().unwrap_or(5432))).await?;
    let near = database.address();
    url.set_ip_host(near.ip())
        .and_then(|()| url.set_port(Some(near.port())))
        .map_err(|()| eyre!("the database's URL takes no other address"))?;
    settings.database_url = Some(url.into());
    let gate = failing.start(&settings).await?;
    let key = Secret::new(gate.first_key().context("the database is not empty")?.secret.0.clone());
    let scene = Scene::set(wire, ApiClient::new(&gate.url(), key)?).await?;
    for (flow, outage) in OUTAGES {
        let held = scene.hold_some().await?;
        database.set(flow);
        let mut results = scene.let_go(held, counts).await?;
        results.extend(scene.call(outage, calls, counts).await?);
        database.set(Flow::Open);
        scene.recover(counts).await?;
        scene.look_for(results, counts).await?;
    }
    drop(scene);
    gate.shutdown().await
}
