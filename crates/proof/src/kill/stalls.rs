//! Whether the storage stood still: a gate withholds the answer of a call whose outcome its storage did not take within a
//! second, and on a shared machine that may be nobody's fault. So somebody who is no gate writes to the same storage
//! meanwhile: on SQLite to a file on the same disk, on PostgreSQL by commits of the same server.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use color_eyre::eyre::{OptionExt, Result, WrapErr, bail, ensure};

use crate::prove::setting::UnderTest;

/// Between two writes. Storage that is well takes each within a few milliseconds.
const PAUSE: Duration = Duration::from_millis(20);
/// A write that takes so long is a stall.
const STALL: Duration = Duration::from_millis(100);
/// So much of a call's time stalls must take to be what spoilt it. A gate withholds an answer after 0.9 s, in which two
/// commits wait for the disk: the one that is under way, and the call's own.
const SPOILT: Duration = Duration::from_millis(500);
/// A write that takes so long has no end: it could not be seen for how long the storage stood still.
const LOST: Duration = Duration::from_secs(10);

/// A transaction that writes to the log of a PostgreSQL server, and to nothing else. Its commit waits for the disk.
const COMMIT: &[u8] = b"SELECT pg_logical_emit_message(true, 'watch', '');\n";

/// Writes to the storage, on a thread of its own, until it is dropped.
pub(super) struct StorageWatch {
    seen: Arc<Mutex<Seen>>,
    over: Arc<AtomicBool>,
}

/// What was seen so far.
#[derive(Debug)]
struct Seen {
    /// From when to when it stood still, in order.
    stalls: Vec<(Instant, Instant)>,
    /// When the write began that is on its way.
    begun: Option<Instant>,
    /// Why the watch ended, if it did.
    broken: Option<String>,
}

/// What is written to.
enum Written {
    File(File),
    Server(Psql),
}

/// A session of `psql`, which must be in the path. It ends when this is dropped.
struct Psql {
    process: Child,
    asked: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl StorageWatch {
    /// Watches the server, or on SQLite the disk of this directory.
    pub(super) fn start(database: &UnderTest, directory: &Path) -> Result<Self> {
        let mut written = match database {
            UnderTest::Sqlite => Written::File(File::create(directory.join("watch"))?),
            UnderTest::Postgres(url) => Written::Server(Psql::start(url)?),
        };
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::new(Mutex::new(Seen { stalls: Vec::new(), begun: None, broken: None }));
        let (told, shared) = (Arc::clone(&over), Arc::clone(&seen));
        thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                locked(&shared).begun = Some(Instant::now());
                if let Err(error) = written.write() {
                    locked(&shared).broken = Some(format!("{error:#}"));
                    return;
                }
                locked(&shared).written(Instant::now());
                thread::sleep(PAUSE);
            }
        });
        Ok(Self { seen, over })
    }

    /// Whether it stood still for most of the time between these.
    pub(super) fn stood_still(&self, from: Instant, until: Instant) -> bool {
        locked(&self.seen).stood_still(from, until, Instant::now())
    }

    /// For how long it stood still, each time.
    ///
    /// # Errors
    /// When it could not be watched all the time.
    pub(super) fn stalls(&self) -> Result<Vec<Duration>> {
        let seen = locked(&self.seen);
        if let Some(error) = &seen.broken {
            bail!("the storage could not be watched: {error}");
        }
        ensure!(
            seen.begun.is_none_or(|begun| begun.elapsed() < LOST),
            "a write that watches the storage does not end"
        );
        Ok(seen.stalls.iter().map(|(begun, ended)| *ended - *begun).collect())
    }
}

fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for StorageWatch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

impl Seen {
    /// The write on its way is done.
    fn written(&mut self, now: Instant) {
        let stall = self.begun.take().filter(|begun| is_stall(*begun, now));
        self.stalls.extend(stall.map(|begun| (begun, now)));
    }

    fn stood_still(&self, from: Instant, until: Instant, now: Instant) -> bool {
        let unended = self.begun.filter(|begun| is_stall(*begun, now)).map(|begun| (begun, now));
        let all = self.stalls.iter().copied().chain(unended);
        let within = all.map(|(begun, ended)| ended.min(until).saturating_duration_since(begun.max(from)));
        within.sum::<Duration>() >= SPOILT
    }
}

fn is_stall(begun: Instant, ended: Instant) -> bool {
    ended.saturating_duration_since(begun) >= STALL
}

impl Written {
    /// As a commit does: returns once it is on the disk.
    fn write(&mut self) -> Result<()> {
        match self {
            Self::File(file) => {
                file.seek(SeekFrom::Start(0))?;
                file.write_all(&[0; 4096])?;
                Ok(file.sync_data()?)
            }
            Self::Server(psql) => psql.write(),
        }
    }
}

impl Psql {
    fn start(url: &str) -> Result<Self> {
        let mut command = Command::new("psql");
        command.args(["--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align"]);
        // What fails ends the session, and so is seen.
        command.args(["--set=ON_ERROR_STOP=1", url]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().wrap_err("psql cannot be started")?;
        let asked = process.stdin.take().ok_or_eyre("psql has no input")?;
        let told = process.stdout.take().ok_or_eyre("psql has no output")?;
        Ok(Self { process, asked, told: BufReader::new(told) })
    }

    fn write(&mut self) -> Result<()> {
        self.asked.write_all(COMMIT)?;
        let mut position = String::new();
        self.told.read_line(&mut position)?;
        ensure!(position.contains('/'), "psql told no position of the log");
        Ok(())
    }
}

impl Drop for Psql {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_spoilt_by_stalls_of_half_a_second_also_by_one_that_has_not_ended() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut seen = Seen { stalls: Vec::new(), begun: None, broken: None };
        for (begun, ended) in [(0, 99), (100, 400), (500, 800)] {
            seen.begun = Some(at(begun));
            seen.written(at(ended));
        }
        assert_eq!(seen.stalls, [(at(100), at(400)), (at(500), at(800))]);
        let now = at(900);
        assert!(seen.stood_still(at(0), at(900), now));
        assert!(seen.stood_still(at(200), at(800), now));
        assert!(!seen.stood_still(at(201), at(800), now));
        assert!(!seen.stood_still(at(300), at(699), now));
        // The write that begins at 1000 is on its way.
        seen.begun = Some(at(1000));
        assert!(!seen.stood_still(at(900), at(2000), at(1499)));
        assert!(seen.stood_still(at(900), at(2000), at(1500)));
        assert!(!seen.stood_still(at(900), at(1499), at(2000)));
    }
}
