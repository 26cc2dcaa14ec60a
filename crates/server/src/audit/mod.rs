//! `portcullis audit`: the export of the trail, and its verification offline.
//!
//! [`export`] works on the database. [`verify`] and [`proofs`] read files alone: what an auditor believes rests on
//! `portcullis-trail` and a signature check, and on nothing that the server or its database says.

mod export;
mod lines;
mod proofs;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use color_eyre::eyre;
use portcullis_schemas::ids::TenantId;
use portcullis_trail::export::TenantHead;
use portcullis_trail::note::VerifierKey;
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::cli::PlaceFlags;

/// Something that was to be shown does not hold.
pub(crate) const DOES_NOT_HOLD: u8 = 3;

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Write the trail to a file for auditors, up to a last checkpoint; also beside a running server. Exit code 3 if none can
    /// be signed because the trail does not hold
    Export(ExportFlags),
    /// Verify an export offline: print every finding, one a line, and how much of the trail is proven to be whole
    Verify(VerifyFlags),
    /// Print a proof that one record is in the log, which shows no other record
    Prove(ProveFlags),
    /// Verify such a proof offline, and print the record; of other records it says nothing
    VerifyProof(VerifyProofFlags),
    /// Print the public keys that auditors verify with; the last one signs
    Key(KeyFlags),
}

#[derive(Debug, Args)]
pub(crate) struct ExportFlags {
    #[command(flatten)]
    place: PlaceFlags,
    /// Show the records of this tenant alone, and hashes for those of others; may be repeated [default: all tenants]
    #[arg(long = "tenant", value_name = "TENANT", value_parser = tenant)]
    tenants: Vec<TenantId>,
    /// File to write, which must not be there yet
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyFlags {
    /// The export
    file: PathBuf,
    /// Public key of the log, as `portcullis audit key` prints it; may be repeated, for keys that were replaced
    #[arg(long = "key", value_name = "KEY", required = true)]
    keys: Vec<VerifierKey>,
    /// File of a checkpoint that was kept from before: the export must begin with what it covers; may be repeated
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// Expect an export of this tenant alone; may be repeated. Name whom you asked for, and not whom the file names [default:
    /// expect all tenants, and no hidden record]
    #[arg(long = "tenant", value_name = "TENANT")]
    tenants: Vec<String>,
    /// A tenant's record that was known before, as TENANT:SEQUENCE:HASH; may be repeated. Of an export of some tenants only
    /// this shows that no newer record is hidden: take `events` and `head` of GET /logs/trail/checkpoint
    #[arg(long = "head", value_name = "TENANT:SEQUENCE:HASH", value_parser = head)]
    heads: Vec<TenantHead>,
    /// If nothing is found, write its newest checkpoint to this file, for the next verification
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ProveFlags {
    /// The export, which must show the tenant
    file: PathBuf,
    /// The record's tenant
    #[arg(long, value_name = "TENANT")]
    tenant: String,
    /// The record's place in the tenant's chain
    #[arg(long, value_name = "NUMBER")]
    sequence: u64,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyProofFlags {
    /// The proof
    file: PathBuf,
    /// Public key of the log, as `portcullis audit key` prints it; may be repeated, for keys that were replaced
    #[arg(long = "key", value_name = "KEY", required = true)]
    keys: Vec<VerifierKey>,
}

#[derive(Debug, Args)]
pub(crate) struct KeyFlags {
    #[command(flatten)]
    place: PlaceFlags,
    /// Create the key file if there is none: for a PostgreSQL database, where every replica gets a copy, or for a key that was
    /// lost, before which the file then needs the earlier keys (README)
    #[arg(long)]
    create: bool,
}

/// Runs a command. The exit code is 3 when what was to be shown does not hold.
pub(crate) fn run(command: AuditCommand) -> eyre::Result<ExitCode> {
    match command {
        AuditCommand::Export(flags) => export::export(flags),
        AuditCommand::Verify(flags) => verify::verify(&flags),
        AuditCommand::Prove(flags) => proofs::prove(&flags).map(|()| ExitCode::SUCCESS),
        AuditCommand::VerifyProof(flags) => proofs::verify(&flags),
        AuditCommand::Key(flags) => export::keys(flags).map(|()| ExitCode::SUCCESS),
    }
}

/// Of its own, and not the vault's: a verifier shares nothing with those whom it verifies.
fn ed25519(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}

fn tenant(text: &str) -> Result<TenantId, String> {
    TenantId::from_trusted(text).map_err(|error| error.to_string())
}

fn head(text: &str) -> Result<TenantHead, String> {
    // From behind: names of tenants are not ours to judge.
    let mut parts = text.rsplitn(3, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (hash, sequence, tenant) = (next().parse(), next().parse(), next().to_owned());
    match (sequence, hash) {
        (Ok(sequence), Ok(hash)) if !tenant.is_empty() => Ok(TenantHead { tenant, sequence, hash }),
        _ => Err("expected TENANT:SEQUENCE:HASH, with a hash of 64 lower-case hexadecimal digits".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_three_parts() {
        let hash = "ab".repeat(32);
        let read = head(&format!("t_a:12:{hash}")).unwrap();
        assert_eq!((read.tenant.as_str(), read.sequence, read.hash.to_string()), ("t_a", 12, hash.clone()));
        assert_eq!(head(&read.to_string()), Ok(read), "as it is printed");
        for wrong in [
            String::new(),
            "t_a".to_owned(),
            "t_a:12".to_owned(),
            format!(":1:{hash}"),
            format!("t:x:{hash}"),
        ] {
            assert!(head(&wrong).is_err(), "{wrong}");
        }
    }
}
