//! Walls between tenants (P5): to a stranger every id of somebody else's is an id that does not exist.

use std::sync::Arc;

use async_trait::async_trait;
use color_eyre::eyre::{ContextCompat, Result};
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use portcullis_server::running;
use portcullis_spine::Ports;
use portcullis_testkit::broken::LeakyStore;

use self::matrix::Row;
use self::tenant::Tenant;
use crate::prove::home::Home;
use crate::prove::setting::Setting;
use crate::prove::suite::{Control, Figure, Suite, Trial};

mod matrix;
mod tenant;

const LET_IN: &str = "foreign ids that were answered otherwise than refused or not found";
const TOLD_APART: &str = "foreign ids whose answer differs from that of a random id";
const LISTED: &str = "lists and searches that show something foreign";
const CHANGED: &str = "foreign things that were changed";
const UNDECIDED: &str = "routes that refuse a random id for another reason than that it does not exist";

pub(crate) fn suite() -> Suite {
    Suite {
        name: "walls",
        promises: &["P5"],
        what: "Two tenants have one thing of every kind each. One of them asks every route of the table that takes ids, \
               with the other's ids at every place and at every mixture of places, and compares status and body with \
               those for random ids. Then it searches its lists for them, and the other looks at its things again.",
        per_database: true,
        trial: Arc::new(Walls { leaks: false }),
        controls: vec![Control {
            broken: "a store whose queries lack the tenant condition",
            breaks: &[LET_IN, LISTED],
            trial: Arc::new(Walls { leaks: true }),
        }],
    }
}

/// The trial.
struct Walls {
    leaks: bool,
}

/// What is counted.
#[derive(Debug, Default)]
struct Counts {
    questions: u64,
    let_in: Vec<String>,
    told_apart: Vec<String>,
    listed: Vec<String>,
    undecided: Vec<String>,
}

#[async_trait]
impl Trial for Walls {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let home = Home::new(setting)?;
        let (stranger_upstream, owner_upstream) = (tenant::upstream().await?, tenant::upstream().await?);
        let origins = [stranger_upstream.origin(), owner_upstream.origin()];
        let leaky = LeakyStore::not_yet();
        let gate = running::start_with(&home.settings("gate", &origins), |ports| {
            if self.leaks { on(&leaky, ports) } else { ports }
        })
        .await?;
        let key = Secret::new(gate.first_key().context("the database is not empty")?.secret.0.clone());
        let operator = ApiClient::new(&gate.url(), key)?;
        let stranger = Tenant::found(&operator, "stranger", &stranger_upstream).await?;
        let owner = Tenant::found(&operator, "owner", &owner_upstream).await?;
        let before = owner.view().await?;
        leaky.leak_reads().await;

        let rows = matrix::rows();
        let mut counts = Counts::default();
        for _ in 0..setting.times(100, 1) {
            for row in &rows {
                ask(row, &stranger, &owner, &mut counts).await?;
            }
        }
        search(&stranger, &owner, &mut counts).await?;
        let changed = owner.view().await? != before;
        gate.shutdown().await?;
        Ok(vec![
            Figure::told(
                "questions",
                format!("{}, from {} rows of the matrix", counts.questions, rows.len()),
            ),
            Figure::none(LET_IN, &counts.let_in),
            Figure::none(TOLD_APART, &counts.told_apart),
            Figure::none(UNDECIDED, &counts.undecided),
            Figure::none(LISTED, &counts.listed),
            Figure::exactly(CHANGED, 0, u64::from(changed)),
        ])
    }
}

/// The same ports on another store.
fn on(store: &LeakyStore, ports: Ports) -> Ports {
    Ports { ledger: Arc::new(store.ledger()), store: Arc::new(store.clone()), ..ports }
}

/// Asks with foreign ids, and with random ones in their places.
async fn ask(row: &Row, stranger: &Tenant, owner: &Tenant, counts: &mut Counts) -> Result<()> {
    let foreign = row.ask(&stranger.admin, &stranger.ids, &owner.ids).await?;
    let random = row.ask(&stranger.admin, &stranger.ids, &tenant::random_ids()).await?;
    counts.questions += 2;
    let about = |answer: &matrix::Answered| format!("{row}: {} {}", answer.status, answer.code());
    if !row.is_refusal(&foreign) {
        counts.let_in.push(about(&foreign));
    }
    if foreign != random {
        counts.told_apart.push(about(&foreign));
    }
    if !row.is_refusal(&random) {
        counts.undecided.push(about(&random));
    }
    Ok(())
}

/// Reads every list of the stranger's, also filtered by foreign ids.
async fn search(stranger: &Tenant, owner: &Tenant, counts: &mut Counts) -> Result<()> {
    for path in matrix::lists(&owner.ids) {
        let answer = stranger.admin.get(&path).await?;
        counts.questions += 1;
        // The trail names what was asked for; it shows no record of it.
        if owner.ids.values().any(|id| answer.text.contains(id.as_str())) {
            counts.listed.push(format!("{path}: {}", answer.status));
        }
    }
    Ok(())
}
