//! Credential references against the grammar, the scopes and the real envelopes.
//!
//! The table's `encrypted://` rows use a made-up envelope. Each is turned into the same change of a real one: the
//! table's envelope stands for a secret that was sealed for tenant `t_a`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use color_eyre::eyre::{Result, WrapErr, bail};
use portcullis_drivers::system::SystemEntropy;
use portcullis_schemas::PortError;
use portcullis_schemas::ids::{ServerId, TenantId};
use portcullis_schemas::integrations::credentials::ports::KeySource;
use portcullis_vault::envelope::{self, Place};
use portcullis_vault::reference::{self, Reference, Scope};
use zeroize::Zeroizing;

use super::{Judgement, Row};

/// The table's intact envelope.
const MADE_UP: &str = "AQAAAAMLEhkgJy41PENKUVhfZm10e4KJkJeepayzusHIz9bd5Ovy+QA=";
const ENV_PREFIXES: &[&str] = &["GW_SECRET_"];

/// Judges one row.
pub(crate) async fn judge(row: Row) -> Result<Judgement> {
    let tenant = row.cell("scope").strip_prefix("customer:").map(TenantId::from_trusted).transpose()?;
    let scope = match (&tenant, row.cell("scope")) {
        (Some(tenant), _) => Scope::Customer(tenant),
        (None, "system") => Scope::System { env_prefixes: ENV_PREFIXES },
        (None, other) => bail!("expected `customer:<tenant>` or `system`, got `{other}`"),
    };
    let text = with_real_envelope(row.cell("reference"))?;
    let (allowed, code) = match reference::parse(scope, &text) {
        Err(refusal) => (false, refusal.code()),
        Ok(Reference::Vault(_)) => (true, "vault"),
        Ok(Reference::Env(_)) => (true, "env"),
        Ok(Reference::Encrypted(sealed)) => match tenant.as_ref().map(|tenant| opens(tenant, &sealed)) {
            Some(false) => (false, "decrypt"),
            _ => (true, "encrypted"),
        },
    };
    Ok(Judgement { allowed, code: code.to_owned(), class: None })
}

fn opens(tenant: &TenantId, sealed: &[u8]) -> bool {
    server().is_ok_and(|server| {
        envelope::open(&FixedKey, Place::Server { tenant, server: &server }, sealed).is_ok()
    })
}

/// Does to a real envelope what the row did to the made-up one: nothing, an appended tail, a cut tail, or flipped bits.
fn with_real_envelope(text: &str) -> Result<String> {
    let Some(encoded) = text.strip_prefix("encrypted://") else { return Ok(text.to_owned()) };
    let Ok(given) = STANDARD.decode(encoded) else { return Ok(text.to_owned()) };
    if given.is_empty() {
        return Ok(text.to_owned());
    }
    let made_up = STANDARD.decode(MADE_UP)?;
    let tenant = TenantId::from_trusted("t_a")?;
    let place = Place::Server { tenant: &tenant, server: &server()? };
    let mut real = envelope::seal(&FixedKey, &SystemEntropy::new(), place, b"secret")?;
    if let Some(tail) = given.strip_prefix(made_up.as_slice()) {
        real.extend_from_slice(tail);
    } else if made_up.starts_with(&given) {
        real.truncate(real.len().saturating_sub(made_up.len() - given.len()));
    } else if given.len() == made_up.len() {
        flip(&mut real, &made_up, &given);
    } else {
        return Ok(text.to_owned());
    }
    Ok(format!("encrypted://{}", STANDARD.encode(real)))
}

/// Flips the bits that differ: those of the first two bytes (version, key id) in place, others counted from the end.
fn flip(real: &mut [u8], made_up: &[u8], given: &[u8]) {
    let length = real.len();
    for (index, (before, after)) in made_up.iter().zip(given).enumerate() {
        let place = if index < 2 { index } else { length - (made_up.len() - index) };
        real[place] ^= before ^ after;
    }
}

fn server() -> Result<ServerId> {
    "mcp_01jd0000000000000000000000".parse().wrap_err("a server id")
}

/// A key of this run.
struct FixedKey;

impl KeySource for FixedKey {
    fn current_key_id(&self) -> u8 {
        1
    }

    fn key(&self, _: u8) -> Result<Zeroizing<[u8; 32]>, PortError> {
        Ok(Zeroizing::new([7; 32]))
    }
}
