//! Starting what is measured and attacked: the running binary, and MCP servers that we did not write.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use color_eyre::eyre::{ContextCompat, Result, WrapErr, bail};
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpStream;

/// How long a program may take to listen. The slowest that we start makes a database first, for half of that.
const START: Duration = Duration::from_secs(60);

/// A program that we started; ended, by its pid, when dropped, and with it what it has started.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
}

impl Program {
    /// Starts a program and waits until it listens on `port`.
    pub(crate) async fn listening(mut command: Command, port: u16) -> Result<Self> {
        let name = format!("{command:?}");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut program = Self { child: child.wrap_err_with(|| format!("cannot start {name}"))? };
        let waited = tokio::time::timeout(START, async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err()
                && program.child.try_wait()?.is_none()
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok::<_, std::io::Error>(())
        });
        waited.await.wrap_err_with(|| format!("{name} does not listen on {port} after {START:?}"))??;
        // Who answers on the port of a program that has ended is somebody else.
        if let Some(status) = program.child.try_wait()? {
            bail!("{name} ended before it listened on {port}: {status}");
        }
        Ok(program)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do then.
        let Ok(None) = self.child.try_wait() else { return };
        let family = family(self.pid());
        let _ = self.child.kill();
        // Workers that it forked would live on. They are ended by their pids, not as a process group: in one of their own
        // an interrupt from the keyboard, at which nothing is dropped, would not reach them.
        for worker in family.into_iter().skip(1).filter_map(|pid| Pid::from_raw(pid.cast_signed())) {
            let _ = kill_process(worker, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// A process and whatever it has started, itself first.
pub(crate) fn family(pid: u32) -> Vec<u32> {
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(pid) = family.get(next).copied() {
        next += 1;
        // Who has ended meanwhile has no children any more.
        let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        for task in tasks.flatten() {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
    }
    family
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The running binary on an empty data directory.
#[derive(Debug)]
pub(crate) struct Gate {
    program: Program,
    directory: tempfile::TempDir,
    binary: PathBuf,
    address: SocketAddr,
    pub(crate) admin: ApiClient,
}

impl Gate {
    /// Starts `portcullis serve`, with these origins waived, and takes the admin key that it shows once.
    pub(crate) async fn start(binary: &Path, waived: &[String]) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        std::fs::write(directory.path().join("portcullis.toml"), egress(waived))?;
        // The port is the system's choice: one that was free a moment ago may be another's by now.
        let mut command = serve(binary, directory.path(), SocketAddr::from(([127, 0, 0, 1], 0)));
        let log = directory.path().join("gate.log");
        command.stdout(Stdio::piped()).stderr(File::create(&log)?);
        let mut program = Program { child: command.spawn().wrap_err("cannot start")? };
        let stdout = program.child.stdout.take().wrap_err("no standard output")?;
        let announced = tokio::task::spawn_blocking(move || Announcement::read(stdout)).await?;
        let announced = announced.wrap_err_with(|| std::fs::read_to_string(&log).unwrap_or_default())?;
        let key = announced.key.wrap_err("the server showed no admin key")?;
        let address = announced.address;
        let admin = ApiClient::new(&format!("http://{address}"), key)?;
        let gate = Self { program, directory, binary: binary.to_owned(), address, admin };
        gate.ready().await?;
        Ok(gate)
    }

    /// Adds to its configuration, for its next start.
    pub(crate) fn configure(&self, more: &str) -> Result<()> {
        let path = self.directory.path().join("portcullis.toml");
        let written = std::fs::read_to_string(&path)?;
        Ok(std::fs::write(&path, format!("{written}{more}"))?)
    }

    /// Waives these origins and no others, from its next start on.
    pub(crate) fn waive(&self, origins: &[String]) -> Result<()> {
        let path = self.directory.path().join("portcullis.toml");
        let written = std::fs::read_to_string(&path)?;
        let rest = written.lines().skip(egress(&[]).lines().count());
        let rest: String = rest.map(|line| format!("{line}\n")).collect();
        Ok(std::fs::write(&path, format!("{}{rest}", egress(origins)))?)
    }

    /// Ends the binary at once, as a crash would, and starts it again on the same data.
    pub(crate) async fn crash_and_restart(&mut self) -> Result<()> {
        self.program.child.kill()?;
        self.program.child.wait()?;
        let command = serve(&self.binary, self.directory.path(), self.address);
        self.program = Program::listening(command, self.address.port()).await?;
        self.ready().await
    }

    async fn ready(&self) -> Result<()> {
        let waited = tokio::time::timeout(START, async {
            while !self.admin.get("/readyz").await.is_ok_and(|answer| answer.status == 200) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        waited.await.wrap_err("the server does not become ready")
    }
}

/// How a configuration begins.
fn egress(waived: &[String]) -> String {
    let origins: Vec<String> = waived.iter().map(|origin| format!("{origin:?}")).collect();
    format!("[egress]\nwaived_origins = [{}]\n", origins.join(", "))
}

fn serve(binary: &Path, directory: &Path, listen: SocketAddr) -> Command {
    let mut command = Command::new(binary);
    command.arg("serve").arg("--config").arg(directory.join("portcullis.toml"));
    command.arg("--data-dir").arg(directory.join("data")).arg("--listen").arg(listen.to_string());
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// What `portcullis serve` says until it listens.
#[derive(Debug)]
pub(crate) struct Announcement {
    pub(crate) address: SocketAddr,
    /// The admin key, if it is its first start.
    pub(crate) key: Option<Secret>,
}

impl Announcement {
    pub(crate) fn read(output: impl std::io::Read) -> Result<Self> {
        let mut key = None;
        for line in BufReader::new(output).lines() {
            let line = line?;
            let found = line.split_whitespace().find(|word| word.starts_with("pcl_"));
            key = key.or(found.map(|word| Secret::new(word.to_owned())));
            if let Some((_, rest)) = line.split_once(" listens on http://") {
                let address = rest.split(',').next().unwrap_or(rest);
                let address = address.parse().wrap_err_with(|| format!("no address: {address}"))?;
                return Ok(Self { address, key });
            }
        }
        bail!("the server ended before it listened")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_ends_with_what_it_has_started() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & sleep 600 & wait"]);
        // The port is ours: the program counts as listening at once, and starts its children a moment later.
        let program = Program::listening(command, listener.local_addr().unwrap().port()).await.unwrap();
        let pid = program.pid();
        until(|| family(pid).len() == 3).await;
        let started = family(pid);
        drop(program);
        // Whoever inherits the children may take its time to bury them.
        let runs = |pid: &u32| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            status.contains("State:") && !status.contains("State:\tZ")
        };
        until(|| !started.iter().any(runs)).await;
    }

    async fn until(mut so: impl FnMut() -> bool) {
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while !so() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        waited.await.unwrap();
    }
}
