//! Edits by an insider who can write every record and every checkpoint, and computes all chains anew; what he lacks is
//! the key that signs.

use std::collections::BTreeSet;

use color_eyre::eyre::{ContextCompat, Result};
use portcullis_trail::chain::{HASH, TENANT};
use portcullis_trail::note::SignedNote;
use portcullis_trail::tree::record_leaf;
use portcullis_trail::{Digest, canonical_bytes};
use serde_json::{Value, json};

use super::log::{Log, Signer, chain_anew};
use crate::prove::dice::Dice;

/// Records that are hidden at most.
const MOST_HIDDEN: usize = 5;

type Edit = Result<Vec<Vec<u8>>>;

/// What the insider claims about what he changed.
type Claim = fn(&Log, &[Value], &mut Dice) -> Result<Vec<SignedNote>>;

pub(super) fn change(log: &Log, _: &[Vec<u8>], dice: &mut Dice) -> Edit {
    rewritten(log, dice, old_checkpoints, |records, dice| change_member(records, dice))
}

pub(super) fn remove(log: &Log, _: &[Vec<u8>], dice: &mut Dice) -> Edit {
    rewritten(log, dice, old_checkpoints, remove_record)
}

/// One record is removed, and another one made up, so that the sizes fit.
pub(super) fn exchange(log: &Log, _: &[Vec<u8>], dice: &mut Dice) -> Edit {
    rewritten(log, dice, old_checkpoints, |records, dice| {
        remove_record(records, dice)?;
        add_record(records, dice)
    })
}

pub(super) fn add(log: &Log, _: &[Vec<u8>], dice: &mut Dice) -> Edit {
    rewritten(log, dice, old_checkpoints, add_record)
}

pub(super) fn swap(log: &Log, _: &[Vec<u8>], dice: &mut Dice) -> Edit {
    rewritten(log, dice, old_checkpoints, |records, dice| {
        let (one, other) = (dice.index(records.len()), dice.index(records.len()));
        records.swap(one, other);
        Ok(())
    })
}

pub(super) fn move_to_another_tenant(log: &Log, _: &[Vec<u8>], dice: &mut Dice) -> Edit {
    rewritten(log, dice, old_checkpoints, |records, dice| change_tenant(records, dice))
}

/// The same without chaining anew: the record only says that it is another tenant's.
pub(super) fn relabel(log: &Log, _: &[Vec<u8>], dice: &mut Dice) -> Edit {
    let mut records = log.records.clone();
    change_tenant(&mut records, dice)?;
    log.export(&records, log.notes())
}

/// A change, and checkpoints of it that another key has signed in the log's name.
pub(super) fn sign_with_another_key(log: &Log, _: &[Vec<u8>], dice: &mut Dice) -> Edit {
    rewritten(log, dice, other_signature, |records, dice| change_member(records, dice))
}

/// A change, and checkpoints of it under the log's own key id, with a made-up signature.
pub(super) fn forge_signature(log: &Log, _: &[Vec<u8>], dice: &mut Dice) -> Edit {
    rewritten(log, dice, forged_signature, |records, dice| change_member(records, dice))
}

/// Records behind the newest checkpoint, well chained.
pub(super) fn append(log: &Log, _: &[Vec<u8>], dice: &mut Dice) -> Edit {
    let mut records = log.records.clone();
    let more = records[dice.index(records.len())].clone();
    records.push(more);
    chain_anew(&mut records)?;
    log.export(&records, log.notes())
}

/// A tenant's newest records pass for those of others, in an export that says that it shows these tenants and no more.
pub(super) fn hide(log: &Log, lines: &[Vec<u8>], dice: &mut Dice) -> Edit {
    let tenants: BTreeSet<&str> = log.records.iter().filter_map(|record| record[TENANT].as_str()).collect();
    let tenant = tenants.iter().nth(dice.index(tenants.len())).context("a run without a tenant")?;
    let mut lines = lines.to_vec();
    let mut header: Value = serde_json::from_slice(&lines[0])?;
    header["tenants"] = json!(tenants);
    lines[0] = canonical_bytes(&header)?;
    let mut left = 1 + dice.index(MOST_HIDDEN);
    for line in lines.iter_mut().rev() {
        let value: Value = serde_json::from_slice(line)?;
        if left > 0 && value["record"][TENANT] == **tenant {
            let hash: Digest = value["record"][HASH].as_str().context("a record without a hash")?.parse()?;
            let others = record_leaf(&hash).to_string();
            *line = canonical_bytes(&json!({ "index": value["index"], "level": 0, "others": others }))?;
            left -= 1;
        }
    }
    Ok(lines)
}

fn rewritten(
    log: &Log,
    dice: &mut Dice,
    claim: Claim,
    edit: fn(&mut Vec<Value>, &mut Dice) -> Result<()>,
) -> Edit {
    let mut records = log.records.clone();
    edit(&mut records, dice)?;
    chain_anew(&mut records)?;
    let notes = claim(log, &records, dice)?;
    log.export(&records, &notes)
}

fn old_checkpoints(log: &Log, _: &[Value], _: &mut Dice) -> Result<Vec<SignedNote>> {
    Ok(log.notes().to_vec())
}

fn other_signature(log: &Log, records: &[Value], dice: &mut Dice) -> Result<Vec<SignedNote>> {
    let other = Signer::random(&log.origin, dice)?;
    log.checkpoints_of(records)?.iter().map(|checkpoint| other.sign(checkpoint)).collect()
}

fn forged_signature(log: &Log, records: &[Value], dice: &mut Dice) -> Result<Vec<SignedNote>> {
    let mut signature = [0; 64];
    signature.fill_with(|| dice.number().to_le_bytes()[0]);
    let forge = |text: String| SignedNote::new(text, &log.key, &signature);
    Ok(log.checkpoints_of(records)?.iter().map(|it| forge(it.to_string())).collect::<Result<_, _>>()?)
}

fn change_member(records: &mut [Value], dice: &mut Dice) -> Result<()> {
    let at = dice.index(records.len());
    let members = records[at].as_object_mut().context("a record that is no object")?;
    let names: Vec<String> = members.keys().filter(|name| !is_of_the_chain(name)).cloned().collect();
    let name = &names[dice.index(names.len())];
    members.insert(name.clone(), json!(format!("changed-{}", dice.below(1000))));
    Ok(())
}

fn remove_record(records: &mut Vec<Value>, dice: &mut Dice) -> Result<()> {
    records.remove(dice.index(records.len()));
    Ok(())
}

fn add_record(records: &mut Vec<Value>, dice: &mut Dice) -> Result<()> {
    let mut made_up = records[dice.index(records.len())].clone();
    made_up["event_id"] = json!(format!("evt_{:026}", dice.below(1_000_000)));
    records.insert(dice.index(records.len() + 1), made_up);
    Ok(())
}

fn change_tenant(records: &mut [Value], dice: &mut Dice) -> Result<()> {
    let at = dice.index(records.len());
    let own = records[at][TENANT].clone();
    let other = records.iter().map(|record| &record[TENANT]).find(|tenant| **tenant != own);
    let other = other.context("the run has one tenant only")?.clone();
    records[at][TENANT] = other;
    Ok(())
}

fn is_of_the_chain(name: &str) -> bool {
    use portcullis_trail::chain::{PREVIOUS_HASH, SEQUENCE};
    [TENANT, SEQUENCE, HASH, PREVIOUS_HASH].contains(&name)
}
