//! Edits of the database file, with the gate stopped: bytes of stored records. The gate's own verification must see
//! them. What lies beside the records, in columns that only help to find them, is not covered by the chain.

use std::fs;

use color_eyre::eyre::{Result, ensure};
use memchr::memmem;
use portcullis_server::api_client::ApiClient;
use portcullis_server::config::Settings;
use portcullis_server::running;
use portcullis_trail::canonical_bytes;

use super::log::Log;
use super::run::Site;
use crate::prove::dice::Dice;

/// How many were tried, and how many nobody saw.
pub(super) struct Edited {
    pub(super) tried: u64,
    pub(super) missed: u64,
}

pub(super) async fn edit(site: &Site, log: &Log, edits: usize, dice: &mut Dice) -> Result<Edited> {
    let (settings, file) = (site.settings(), site.database());
    let whole = fs::read(&file)?;
    ensure!(is_intact(&settings, site).await?, "the untouched database does not verify");
    let mut edited = Edited { tried: 0, missed: 0 };
    for _ in 0..edits {
        let record = canonical_bytes(&log.records[dice.index(log.records.len())])?;
        let (at, byte) = (dice.index(record.len()), b' ' + u8::try_from(dice.index(95))?);
        if record[at] == byte {
            continue;
        }
        let mut bytes = whole.clone();
        // Everywhere where it stands: a page that was split may have left a copy.
        let places: Vec<usize> = memmem::find_iter(&whole, &record).collect();
        ensure!(!places.is_empty(), "a record is not in the database file");
        for place in places {
            bytes[place + at] = byte;
        }
        fs::write(&file, &bytes)?;
        edited.tried += 1;
        edited.missed += u64::from(is_intact(&settings, site).await?);
        fs::write(&file, &whole)?;
    }
    Ok(edited)
}

/// Whether a gate on this file calls both trails intact.
async fn is_intact(settings: &Settings, site: &Site) -> Result<bool> {
    let gate = running::start(settings).await?;
    let mut intact = true;
    for key in &site.keys {
        let verified = ApiClient::new(&gate.url(), key.clone())?.get("/logs/trail/verify").await?;
        intact &= verified.status == 200 && verified.json()["intact"] == true;
    }
    gate.shutdown().await?;
    Ok(intact)
}
