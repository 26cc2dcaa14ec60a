//! The file of the keys that sign checkpoints, one a line:
//!
//! ```text
//! portcullis-verifier-key-v1 <32 bytes in base64, or what `portcullis audit key` prints>
//! portcullis-signing-key-v1 <32 bytes in base64>
//! ```
//!
//! The last line must be a signing key, and signs. To rotate, add a line. An earlier line may be the public key alone,
//! which is enough to believe what it has signed.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use portcullis_drivers::system::SystemEntropy;
use portcullis_trail::note::VerifierKey;
use portcullis_vault::CheckpointKeys;
use portcullis_vault::signing::public_key;

use super::error::OpenError;
use super::private_file;

const SIGNING: &str = "portcullis-signing-key-v1";
const VERIFIER: &str = "portcullis-verifier-key-v1";
/// What to do where there should be a file.
pub(super) const LOST: &str = "it is not there: restore it from your backup. If it is lost, make a new one with `portcullis \
                               audit key --create`, and before its last line put one for each earlier key, \
                               `portcullis-verifier-key-v1` and what `portcullis audit key` printed of it: without that \
                               nothing is signed on top of what earlier keys have signed. Where nothing was signed yet a \
                               new one is enough";
const COMMENT: &str = "Signs the checkpoints of the audit trail. Back it up; auditors get the output of \
                       `portcullis audit key`, never this file. Where it follows a key that was lost, a line for that one \
                       comes first: portcullis-verifier-key-v1 and what `portcullis audit key` printed of it.";

/// Creates the file with one fresh key, mode 0600. An existing file is never written to.
pub(super) fn create(path: &Path) -> Result<(), OpenError> {
    let text = private_file::fresh_key(&SystemEntropy::new(), COMMENT, SIGNING)
        .map_err(|error| OpenError::signing_key(path, "the system gives no randomness").caused_by(error))?;
    private_file::create(path, &text).map_err(|error| {
        let problem = "it cannot be created; check that its folder exists and who may write there";
        OpenError::signing_key(path, problem).caused_by(error)
    })
}

/// Reads the keys. The file must be a regular one that belongs to this process's user and to nobody else.
pub(super) fn read(path: &Path) -> Result<CheckpointKeys, OpenError> {
    let mut file = File::open(path).map_err(|error| {
        let is_lost = error.kind() == ErrorKind::NotFound;
        OpenError::signing_key(path, if is_lost { LOST } else { "it cannot be opened" }).caused_by(error)
    })?;
    let text = private_file::read(&mut file).map_err(|problem| OpenError::signing_key(path, problem))?;
    parse(&text).map_err(|problem| OpenError::signing_key(path, problem))
}

fn parse(text: &str) -> Result<CheckpointKeys, String> {
    let mut earlier = Vec::new();
    let mut last = None;
    for (number, line) in private_file::lines(text) {
        let expected = || {
            format!(
                "line {number}: expected `{SIGNING} <32 bytes in base64>`, or `{VERIFIER}` and what `portcullis audit key` \
                 printed"
            )
        };
        let (format, key) = line.split_once(' ').ok_or_else(expected)?;
        if let Some(seed) = last.take() {
            earlier.push(public_key(&seed).map_err(|error| error.to_string())?);
        }
        match format {
            SIGNING => last = Some(private_file::key_bytes(key).ok_or_else(expected)?),
            VERIFIER => earlier.push(verifier(key).ok_or_else(expected)?),
            _ => return Err(expected()),
        }
    }
    let seed =
        last.ok_or(format!("expected a last line that begins with `{SIGNING}`: it is the key that signs"))?;
    CheckpointKeys::new(earlier, seed).map_err(|error| error.to_string())
}

/// A public key alone, or with the name of its log.
fn verifier(text: &str) -> Option<[u8; 32]> {
    let named = || text.parse().ok().map(|key: VerifierKey| *key.public_key());
    private_file::key_bytes(text).map(|key| *key).or_else(named)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use portcullis_schemas::logs::ports::CheckpointSigner;
    use portcullis_testkit::conformance;
    use portcullis_vault::signing::verify_ed25519;

    use super::*;

    const KEY_A: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const KEY_B: &str = "//////////////////////////////////////////8=";

    #[tokio::test]
    async fn a_created_file_is_private_and_signs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.key");
        create(&path).unwrap();
        let facts = std::fs::metadata(&path).unwrap();
        assert_eq!(facts.permissions().mode() & 0o7777, 0o600);
        conformance::checkpoint_signer(&read(&path).unwrap(), &verify_ed25519).await;
        create(&path).unwrap_err();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn the_last_line_signs_and_earlier_ones_are_remembered() {
        let of = |text: &str| parse(text).unwrap().public_keys();
        let (a, b) = (of(&format!("{SIGNING} {KEY_A}\n"))[0], of(&format!("{SIGNING} {KEY_B}\n"))[0]);
        assert_eq!(of(&format!("# rotated\n{SIGNING} {KEY_A}\n\n{SIGNING} {KEY_B}\n")), [a, b]);
        let public = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, a);
        assert_eq!(of(&format!("{VERIFIER} {public}\n{SIGNING} {KEY_B}\n")), [a, b]);
        let printed = VerifierKey::new("portcullis/trail", a).unwrap();
        assert_eq!(of(&format!("{VERIFIER} {printed}\n{SIGNING} {KEY_B}\n")), [a, b]);
    }

    #[test]
    fn what_is_wrong_is_said_without_the_key() {
        let table = [
            (String::new(), "last line"),
            (format!("{VERIFIER} {KEY_A}\n"), "last line"),
            (format!("{SIGNING} {KEY_A}\n{VERIFIER} {KEY_B}\n"), "last line"),
            (format!("{SIGNING} {KEY_A}\n{SIGNING} {KEY_A}\n"), "twice"),
            (format!("{SIGNING}  {KEY_A}\n"), "line 1"),
            (format!("{SIGNING} {}\n", &KEY_A[1..]), "line 1"),
            (format!("other {KEY_A}\n"), "line 1"),
        ];
        for (text, expected) in table {
            let problem = parse(&text).unwrap_err();
            assert!(problem.contains(expected) && !problem.contains(&KEY_A[1..9]), "{text}: {problem}");
        }
    }
}
