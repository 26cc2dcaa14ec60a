//! `portcullis audit export` and `key`: what auditors get, from where the server runs.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;

use color_eyre::eyre::{self, WrapErr};
use portcullis::embedded::{self, OpenError};
use portcullis::ports::CheckpointSigner;
use portcullis::trail::{CheckpointError, Exported};
use portcullis_schemas::ids::TenantId;
use portcullis_trail::note::VerifierKey;

use super::{DOES_NOT_HOLD, ExportFlags, KeyFlags};
use crate::cli::{FAILED, observed, say};
use crate::config::Settings;
use crate::wiring;

pub(super) fn export(flags: ExportFlags) -> eyre::Result<ExitCode> {
    let settings = Settings::load(flags.place.given())?;
    let tenants: BTreeSet<TenantId> = flags.tenants.into_iter().collect();
    let tenants = (!tenants.is_empty()).then_some(tenants);
    let out = flags.out;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&out);
    let file = file.wrap_err_with(|| {
        format!("{} cannot be made; name a file that is not there, in a folder that is", out.display())
    })?;
    match observed(&settings, |_| write(&settings, tenants.as_ref(), file)) {
        Ok(done) => {
            say(&farewell(&out, tenants.as_ref(), &done))?;
            Ok(done.unsigned.map_or(ExitCode::SUCCESS, |unsigned| unsigned.code.into()))
        }
        Err(error) => {
            // Half an export is none. That it could not be removed would say less than why it was not written.
            let _ = fs::remove_file(&out);
            Err(error)
        }
    }
}

/// What was written, and why it does not reach to the newest record, if so.
struct Written {
    exported: Exported,
    unsigned: Option<Unsigned>,
}

/// Why no last checkpoint was made, and the exit code for it.
struct Unsigned {
    why: String,
    code: u8,
}

impl From<CheckpointError> for Unsigned {
    fn from(error: CheckpointError) -> Self {
        let code = if matches!(error, CheckpointError::Refused(_)) { DOES_NOT_HOLD } else { FAILED };
        Self { why: error.to_string(), code }
    }
}

/// Beside a running server: what it stores as checkpoints, and what this stores, exclude each other by number. Where nothing
/// more can be signed the export is wanted all the same: it ends at the newest checkpoint, and newer records are not in it.
async fn write(
    settings: &Settings,
    tenants: Option<&BTreeSet<TenantId>>,
    file: File,
) -> eyre::Result<Written> {
    let attached = wiring::attach(settings).await?;
    let unsigned = match attached.checkpointer(wiring::checkpoint_rules(settings)) {
        Ok(Some(checkpointer)) => checkpointer.make_now().await.err().map(Unsigned::from),
        Ok(None) => Some(Unsigned { why: "there is no signing key here".to_owned(), code: 0 }),
        Err(error) => Some(Unsigned { why: causes(error), code: FAILED }),
    };
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let written = async {
        let done =
            portcullis::trail::export(attached.store(), tenants, &mut |line| out.write_all(line)).await?;
        out.flush().and_then(|()| out.get_ref().sync_all()).wrap_err("the export cannot be written")?;
        Ok(done)
    };
    let written = written.await;
    attached.close().await;
    written.map(|exported| Written { exported, unsigned })
}

/// What failed, and why.
fn causes(error: &OpenError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

fn farewell(out: &Path, tenants: Option<&BTreeSet<TenantId>>, written: &Written) -> String {
    let Exported { records, checkpoints } = &written.exported;
    let name = out.display();
    let named: String = tenants.into_iter().flatten().map(|tenant| format!(" --tenant {tenant}")).collect();
    let mut text = format!(
        "Exported {records} records and {checkpoints} checkpoints to {name}.\n\
         Next: `portcullis audit verify {name} --key KEY{named}`, with the key that `portcullis audit key` prints.\n"
    );
    if let Some(Unsigned { why, .. }) = &written.unsigned {
        text.push_str(&format!(
            "No last checkpoint was made: {why}. Records newer than the newest checkpoint are not in this file; tell your \
             auditors.\n"
        ));
    }
    if tenants.is_some() {
        text.push_str(
            "An export of some tenants cannot show by itself that none of their newest records is hidden: give the auditor \
             for --head, from elsewhere, what GET /logs/trail/checkpoint now tells each tenant.\n",
        );
    }
    text
}

pub(super) fn keys(flags: KeyFlags) -> eyre::Result<()> {
    let settings = Settings::load(flags.place.given())?;
    let file = settings.trail.signing_key_file.as_deref();
    let keys = embedded::signing_keys(&settings.data_dir, file, flags.create)?;
    let line = |key: [u8; 32]| VerifierKey::new(&settings.trail.origin, key).map(|key| format!("{key}\n"));
    let lines: Result<String, _> = keys.public_keys().into_iter().map(line).collect();
    say(&lines.wrap_err("trail.origin cannot be the name of a key")?)
}
