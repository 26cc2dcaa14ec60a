//! What a process costs, from `/proc`: processor time and memory of it and of its children.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use color_eyre::eyre::{ContextCompat, Result, WrapErr};

use crate::plant::family;

/// Clock ticks of `/proc/PID/stat` in a second; the same on every Linux that this runs on.
const TICKS: u64 = 100;

/// Looks at one process and its descendants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meter {
    pid: u32,
}

impl Meter {
    pub(super) fn of(pid: u32) -> Self {
        Self { pid }
    }

    /// User and system time until now.
    pub(super) fn cpu(&self) -> Result<Duration> {
        let mut ticks = 0;
        for pid in family(self.pid) {
            ticks += ticks_of(&read(pid, "stat")?)?;
        }
        Ok(Duration::from_millis(ticks * 1000 / TICKS))
    }

    /// Resident memory in MiB.
    pub(super) fn memory(&self) -> Result<f64> {
        let mut kib = 0;
        for pid in family(self.pid) {
            kib += resident(&read(pid, "status")?).unwrap_or_default();
        }
        Ok(kib as f64 / 1024.0)
    }
}

fn read(pid: u32, file: &str) -> Result<String> {
    fs::read_to_string(PathBuf::from(format!("/proc/{pid}")).join(file)).wrap_err("the process has ended")
}

/// Fields 14 and 15 of proc(5) `stat`; the name before them may hold anything.
fn ticks_of(stat: &str) -> Result<u64> {
    let (_, fields) = stat.rsplit_once(')').context("not a stat file")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3).and_then(|field| field.parse::<u64>().ok());
    field(14).zip(field(15)).map(|(user, system)| user + system).context("not a stat file")
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_proc_are_read() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 90 0 0 0 12 30 0 0 20 0 1 0 5 1 1";
        assert_eq!(ticks_of(stat).ok(), Some(42));
        assert!(ticks_of("").is_err());
        assert_eq!(resident("Name:\tx\nVmRSS:\t  2048 kB\n"), Some(2048));
    }
}
