//! Whether the storage stood still: a gate withholds the answer of a call whose outcome its storage did not take within a
//! second, and on a shared machine that may be nobody's fault. So somebody who is no gate writes to the same storage
//! meanwhile: on SQLite to a file on the same disk, on PostgreSQL by commits of the same server.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use color_eyre::eyre::{OptionExt, Result, WrapErr, bail, ensure};

use crate::prove::setting::UnderTest;

/// Between two writes. Storage that is well takes each within a few milliseconds.
const PAUSE: Duration = Duration::from_millis(20);
/// A write that takes so long is a stall: a call waits for three or four such, besides those of others.
const STALL: Duration = Duration::from_millis(100);

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
    /// When the write began that is on its way, or is next.
    begun: Instant,
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
        written.write().wrap_err("the storage cannot be watched")?;
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::new(Mutex::new(Seen { stalls: Vec::new(), begun: Instant::now(), broken: None }));
        let (told, shared) = (Arc::clone(&over), Arc::clone(&seen));
        thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                let result = written.write();
                let mut seen = shared.lock().unwrap_or_else(PoisonError::into_inner);
                if let Err(error) = result {
                    seen.broken = Some(format!("{error:#}"));
                    return;
                }
                seen.written(Instant::now());
                drop(seen);
                thread::sleep(PAUSE);
            }
        });
        Ok(Self { seen, over })
    }

    /// Whether it stood still at some time between these.
    pub(super) fn stood_still(&self, from: Instant, until: Instant) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).stood_still(from, until, Instant::now())
    }

    /// For how long it stood still, each time.
    ///
    /// # Errors
    /// When it could not be watched all the time.
    pub(super) fn stalls(&self) -> Result<Vec<Duration>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match &seen.broken {
            Some(error) => bail!("the storage could not be watched: {error}"),
            None => Ok(seen.stalls.iter().map(|(begun, ended)| *ended - *begun).collect()),
        }
    }
}

impl Drop for StorageWatch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

impl Seen {
    /// The write on its way is done, and the next begins after the pause.
    fn written(&mut self, now: Instant) {
        if is_stall(self.begun, now) {
            self.stalls.push((self.begun, now));
        }
        self.begun = now + PAUSE;
    }

    fn stood_still(&self, from: Instant, until: Instant, now: Instant) -> bool {
        let unended = is_stall(self.begun, now).then_some((self.begun, now));
        self.stalls.iter().copied().chain(unended).any(|(begun, ended)| begun < until && from < ended)
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
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", url]);
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
    fn a_call_met_a_stall_if_a_long_write_overlaps_it_also_one_that_has_not_ended() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut seen = Seen { stalls: Vec::new(), begun: start, broken: None };
        seen.written(at(5));
        seen.written(at(325));
        assert_eq!(seen.stalls, [(at(25), at(325))]);
        let now = at(350);
        assert!(seen.stood_still(at(300), at(340), now));
        assert!(seen.stood_still(at(0), at(26), now));
        assert!(!seen.stood_still(at(0), at(25), now));
        assert!(!seen.stood_still(at(325), at(345), now));
        // The write that began at 345 is on its way.
        assert!(!seen.stood_still(at(340), at(440), at(444)));
        assert!(seen.stood_still(at(340), at(440), at(445)));
    }
}
