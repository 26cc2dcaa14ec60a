//! Edits of a trail (P4): an auditor with the public key and one kept checkpoint finds every one of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use color_eyre::eyre::{ContextCompat, Result, ensure};
use portcullis_trail::checkpoint::Checkpoint;
use portcullis_trail::export::{ExportVerifier, Trust};
use portcullis_trail::note::{Ed25519Verify, SignedNote};
use ring::signature::{ED25519, UnparsedPublicKey};

use self::kinds::KINDS;
use self::log::{Log, Signer};
use self::run::Site;
use crate::prove::dice::Dice;
use crate::prove::setting::Setting;
use crate::prove::suite::{Control, Figure, Suite, Trial};

mod database;
mod insider;
mod kinds;
mod log;
mod product;
mod run;
mod text;

/// Calls of the run whose trail is edited.
const CALLS: usize = 60;

const MISSED: &str = "edits of the export that the auditor did not find";
const BELIEVED: &str = "signatures of others that the auditor believed";
const UNTOUCHED: &str = "untouched exports that are refused";
const WRONG_KEY: &str = "untouched exports that pass under the key of another log";
const COMMAND: &str = "edits, one of each kind, that `portcullis audit verify` calls whole";
const DATABASE: &str = "edits of the database file that the gate did not find";

pub(crate) fn suite() -> Suite {
    Suite {
        name: "edits",
        promises: &["P4"],
        what: "The trail of a real run of two tenants, with the checkpoints that the gate signed on the way, is exported \
               by `portcullis audit export`, and edited at random: bytes, lines, cuts, roll-backs, and what an insider \
               could do who can write everything but cannot sign: change, remove, add, swap, hide and move records and \
               compute all chains anew, and replace checkpoints. The auditor has what `portcullis audit key` tells and \
               the newest checkpoint of the data directory, and uses the product's verifier; of each kind one edit is \
               verified by the command itself. Then bytes of records are changed in the database file, and the gate is \
               asked. Edits that change nothing are not counted.",
        per_database: false,
        trial: Arc::new(Edits { auditor: Auditor::Careful }),
        controls: vec![
            Control {
                broken: "an auditor who kept no checkpoint",
                breaks: &[MISSED],
                trial: Arc::new(Edits { auditor: Auditor::WithoutCheckpoint }),
            },
            Control {
                broken: "an auditor who kept no checkpoint, and takes every signature for true",
                breaks: &[BELIEVED],
                trial: Arc::new(Edits { auditor: Auditor::Credulous }),
            },
        ],
    }
}

/// The trial.
struct Edits {
    auditor: Auditor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Auditor {
    Careful,
    WithoutCheckpoint,
    Credulous,
}

#[async_trait]
impl Trial for Edits {
    async fn run(&self, setting: &Setting) -> Result<Vec<Figure>> {
        let edits = match self.auditor {
            Auditor::Careful => setting.times(10_000, 200),
            Auditor::WithoutCheckpoint | Auditor::Credulous => setting.times(1_000, 200),
        };
        let site = run::record(setting, CALLS).await?;
        let mut dice = setting.dice("edits");
        let key = site.log_keys.last().context("the log has no key")?;
        let log = Log::read(&site.export, key.clone())?;
        let trust = self.auditor.trust(&site)?;
        let tried = tokio::task::block_in_place(|| try_edits(&log, &trust, edits, &mut dice))?;
        let mut figures = vec![
            Figure::told("records, checkpoints", format!("{}, {}", log.len(), log.checkpoints())),
            Figure::told("edits", tried.told()),
            Figure::holds(MISSED, "0", tried.missed(), tried.missed.is_empty()),
            Figure::exactly(BELIEVED, 0, tried.believed),
            Figure::exactly(UNTOUCHED, 0, u64::from(!passes(log.lines(), &trust))),
        ];
        if self.auditor == Auditor::Careful {
            let other = Signer::random(&log.origin, &mut dice)?;
            let wrong = Trust { keys: vec![other.key()?], ..trust };
            figures.push(Figure::exactly(WRONG_KEY, 0, u64::from(passes(log.lines(), &wrong))));
            figures.push(Figure::none(COMMAND, &told_whole(&site, &log, &mut dice).await?));
            let edited = database::edit(&site, &log, setting.times(200, 10), &mut dice).await?;
            figures.push(Figure::told("edits of the database file", edited.tried));
            figures.push(Figure::exactly(DATABASE, 0, edited.missed));
        }
        Ok(figures)
    }
}

impl Auditor {
    fn trust(self, site: &Site) -> Result<Trust> {
        let keys = site.log_keys.clone();
        let checkpoints = match self {
            Self::Careful => {
                let note: SignedNote = std::fs::read_to_string(site.kept_checkpoint()?)?.parse()?;
                vec![Checkpoint::open(&note, &keys, is_signed)?]
            }
            Self::WithoutCheckpoint | Self::Credulous => Vec::new(),
        };
        let verify: Ed25519Verify = if self == Self::Credulous { |_, _, _| true } else { is_signed };
        Ok(Trust { keys, verify, checkpoints, heads: Vec::new() })
    }
}

/// What came of the edits.
#[derive(Debug, Default)]
struct Tried {
    found: BTreeMap<&'static str, u64>,
    missed: BTreeMap<&'static str, u64>,
    /// Of those that were missed: the ones that were signed, by whomever.
    believed: u64,
}

fn try_edits(log: &Log, trust: &Trust, edits: usize, dice: &mut Dice) -> Result<Tried> {
    let lines = log.lines();
    let mut tried = Tried::default();
    let (mut counted, mut unchanged) = (0, 0);
    while counted < edits {
        let kind = &KINDS[dice.index(KINDS.len())];
        let edited = (kind.edit)(log, lines, dice)?;
        if edited == lines {
            unchanged += 1;
            ensure!(unchanged <= edits, "most edits change nothing");
            continue;
        }
        counted += 1;
        let missed = passes(&edited, trust);
        let tally = if missed { &mut tried.missed } else { &mut tried.found };
        *tally.entry(kind.name).or_default() += 1;
        tried.believed += u64::from(missed && kind.is_signed);
    }
    Ok(tried)
}

/// The kinds of which the command calls an edit whole; and the untouched export, if it does not.
async fn told_whole(site: &Site, log: &Log, dice: &mut Dice) -> Result<Vec<String>> {
    let (file, kept) = (site.home.path().join("edited.export"), site.kept_checkpoint()?);
    let mut wrong = Vec::new();
    if !product::verify(log.lines(), &file, &log.key, &kept).await? {
        wrong.push("the untouched export is refused".to_owned());
    }
    for kind in KINDS {
        let mut edited = log.lines().to_vec();
        while edited == log.lines() {
            edited = (kind.edit)(log, log.lines(), dice)?;
        }
        if product::verify(&edited, &file, &log.key, &kept).await? {
            wrong.push(kind.name.to_owned());
        }
    }
    Ok(wrong)
}

/// Whether the verifier finds nothing.
fn passes(lines: &[Vec<u8>], trust: &Trust) -> bool {
    let mut verifier = ExportVerifier::new(trust.clone());
    for line in lines {
        verifier.push(line);
    }
    verifier.finish().1.findings == 0
}

fn is_signed(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}

impl Tried {
    fn told(&self) -> String {
        let kinds: std::collections::BTreeSet<_> = self.found.keys().chain(self.missed.keys()).collect();
        let all: u64 = self.found.values().chain(self.missed.values()).sum();
        format!("{all} of {} kinds", kinds.len())
    }

    fn missed(&self) -> String {
        let all: u64 = self.missed.values().sum();
        let kinds: Vec<String> = self.missed.iter().map(|(kind, count)| format!("{kind}: {count}")).collect();
        if kinds.is_empty() { all.to_string() } else { format!("{all} ({})", kinds.join(", ")) }
    }
}
