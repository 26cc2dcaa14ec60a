//! The gate under load: the product's own command line in a process of its own, so that signals reach what listens for
//! them in production, and nothing else.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use color_eyre::eyre::{ContextCompat, Result, WrapErr, bail};
use portcullis_schemas::secret::Secret;
use portcullis_server::api_client::ApiClient;
use portcullis_server::config::Settings;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::plant::Announcement;

/// This program, even if the file that it was started from has been replaced meanwhile.
const THIS_PROGRAM: &str = "/proc/self/exe";
/// How long a start may take.
const START: Duration = Duration::from_secs(60);
/// How long a probe waits.
const PROBE: Duration = Duration::from_secs(1);

/// A running gate; ended, by its pid, when dropped.
pub(crate) struct Gate {
    child: Child,
    address: SocketAddr,
    first_key: Option<Secret>,
}

impl Gate {
    /// Starts one on these settings, which are written to `directory`, and waits until it listens.
    pub(crate) async fn start(settings: &Settings, directory: &Path) -> Result<Self> {
        let config = directory.join("portcullis.toml");
        std::fs::write(&config, settings.to_toml())?;
        let log = std::fs::OpenOptions::new().create(true).append(true).open(directory.join("gate.log"))?;
        let mut command = Command::new(THIS_PROGRAM);
        command.args(["product", "serve", "--config"]).arg(&config);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().wrap_err("the gate cannot be started")?;
        let output = child.stdout.take().wrap_err("no standard output")?;
        let mut gate = Self { child, address: settings.listen, first_key: None };
        let said = tokio::task::spawn_blocking(move || Announcement::read(output));
        let announced = tokio::time::timeout(START, said).await.wrap_err("the gate does not start")???;
        (gate.address, gate.first_key) = (announced.address, announced.key);
        Ok(gate)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client with the key that the first start shows.
    pub(crate) fn admin(&self) -> Result<ApiClient> {
        ApiClient::new(
            &format!("http://{}", self.address),
            self.first_key.clone().wrap_err("the gate showed no key")?,
        )
    }

    /// Whether a probe, by a connection of its own, is told that it is ready.
    pub(crate) async fn is_ready(&self) -> bool {
        let probe = async {
            let mut stream = TcpStream::connect(self.address).await?;
            stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
            let mut head = [0; "HTTP/1.1 200".len()];
            stream.read_exact(&mut head).await?;
            Ok::<_, std::io::Error>(head)
        };
        tokio::time::timeout(PROBE, probe)
            .await
            .is_ok_and(|head| head.is_ok_and(|head| head.ends_with(b" 200")))
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::TERM)?)
    }

    /// Waits for its end; how it ended.
    pub(crate) async fn ended(&mut self, longest: Duration) -> Result<ExitStatus> {
        let started = Instant::now();
        while started.elapsed() < longest {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bail!("the gate has not ended after {longest:?}")
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
