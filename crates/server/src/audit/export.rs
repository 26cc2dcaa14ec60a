//! `portcullis audit export` and `key`: what auditors get, from where the server runs.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use color_eyre::eyre::{self, WrapErr};
use portcullis::embedded;
use portcullis::ports::CheckpointSigner;
use portcullis::trail::{Checkpointer, Exported};
use portcullis_schemas::ids::TenantId;
use portcullis_trail::note::VerifierKey;

use super::{ExportFlags, KeyFlags};
use crate::cli::{observed, say};
use crate::config::Settings;
use crate::wiring;

pub(super) fn export(flags: ExportFlags) -> eyre::Result<()> {
    let settings = Settings::load(flags.place.given())?;
    let tenants: BTreeSet<TenantId> = flags.tenants.into_iter().collect();
    let tenants = (!tenants.is_empty()).then_some(tenants);
    let out = flags.out;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&out);
    let file = file.wrap_err_with(|| {
        format!("{} cannot be made; name a file that is not there, in a folder that is", out.display())
    })?;
    match observed(&settings, write(&settings, tenants.as_ref(), file)) {
        Ok(done) => say(&farewell(&out, tenants.as_ref(), &done)),
        Err(error) => {
            // Half an export is none. That it could not be removed would say less than why it was not written.
            let _ = fs::remove_file(&out);
            Err(error)
        }
    }
}

/// Beside a running server: what it stores as checkpoints, and what this stores, exclude each other by number.
async fn write(
    settings: &Settings,
    tenants: Option<&BTreeSet<TenantId>>,
    file: File,
) -> eyre::Result<Exported> {
    let embedded = wiring::attach(settings).await?;
    let ports = embedded.ports();
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let written = async {
        if let Some(checkpointer) = Checkpointer::new(&ports, wiring::checkpoint_rules(settings)) {
            checkpointer.make_now().await?;
        }
        let done = portcullis::trail::export(&*ports.store, tenants, &mut |line| out.write_all(line)).await?;
        out.flush().and_then(|()| out.get_ref().sync_all()).wrap_err("the export cannot be written")?;
        Ok(done)
    };
    let written = written.await;
    drop(ports);
    embedded.close().await;
    written
}

fn farewell(out: &Path, tenants: Option<&BTreeSet<TenantId>>, done: &Exported) -> String {
    let Exported { records, checkpoints } = done;
    let name = out.display();
    let named: String = tenants.into_iter().flatten().map(|tenant| format!(" --tenant {tenant}")).collect();
    let mut text = format!(
        "Exported {records} records and {checkpoints} checkpoints to {name}.\n\
         Next: `portcullis audit verify {name} --key KEY{named}`, with the key that `portcullis audit key` prints.\n"
    );
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
