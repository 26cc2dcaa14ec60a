//! The machine under the figures: what it is, and how long its disk takes.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, WrapErr};

/// Appends that are timed.
const APPENDS: usize = 100;

/// Processor, memory, kernel, and the time of an append that waits for the disk, in a line.
pub(crate) fn describe(disk: &Path) -> Result<String> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let processor = value_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let memory = value_of("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .map_or_else(|| "memory unknown".to_owned(), |kib| format!("{} GiB", kib.div_ceil(1024 * 1024)));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let append = append_p50(disk, 256).wrap_err("the disk cannot be measured")?.as_secs_f64() * 1000.0;
    Ok(format!(
        "{cores} cores of {processor}, {memory}, Linux {}; an append that waits for the disk takes {append:.1} ms (p50)",
        kernel.trim()
    ))
}

/// The load average of the last minute: above the number of cores, other work has run beside.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}

/// The commit of the working directory, and whether files differ from it: a program does not know of what it was built.
pub(crate) fn commit() -> String {
    let git = |words: &[&str]| {
        let output =
            Command::new("git").args(words).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    };
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else { return "unknown".to_owned() };
    match git(&["status", "--porcelain", "--untracked-files=no"]) {
        Some(changes) if changes.is_empty() => commit,
        _ => format!("{commit}, with changes"),
    }
}

fn value_of(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

/// The median time of appending this many bytes to a file and waiting until they are on the disk.
pub(crate) fn append_p50(disk: &Path, bytes: usize) -> Result<Duration> {
    let mut file: File = tempfile::tempfile_in(disk)?;
    let block = vec![b'.'; bytes];
    let mut times = Vec::with_capacity(APPENDS);
    for _ in 0..APPENDS {
        let started = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    Ok(times[APPENDS / 2])
}
