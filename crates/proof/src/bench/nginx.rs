//! nginx as a plain proxy before the same upstream: the floor, which knows nothing of MCP.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use color_eyre::eyre::Result;

use super::process::Meter;
use crate::plant::{Program, free_port};

/// A running nginx with one worker and kept connections; gone when dropped.
pub(super) struct Nginx {
    program: Program,
    _directory: tempfile::TempDir,
    pub(super) address: SocketAddr,
}

impl Nginx {
    /// Starts it; `None` where there is no nginx.
    ///
    /// # Errors
    /// When it is there and does not start.
    pub(super) async fn start(disk: &Path, upstream: &str) -> Result<Option<Self>> {
        let Some(binary) = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"]
            .into_iter()
            .find(|path| Path::new(path).exists())
        else {
            return Ok(None);
        };
        let directory = tempfile::Builder::new().prefix("bench-nginx-").tempdir_in(disk.canonicalize()?)?;
        let port = free_port()?;
        let config = directory.path().join("nginx.conf");
        std::fs::write(&config, text(directory.path(), port, upstream))?;
        let mut command = Command::new(binary);
        command.arg("-p").arg(directory.path()).arg("-c").arg(&config);
        let program = Program::listening(command, port).await?;
        Ok(Some(Self { program, _directory: directory, address: SocketAddr::from(([127, 0, 0, 1], port)) }))
    }

    pub(super) fn meter(&self) -> Meter {
        Meter::of(self.program.pid())
    }
}

fn text(directory: &Path, port: u16, upstream: &str) -> String {
    let directory = directory.display();
    let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("  {kind}_temp_path {directory}/{kind};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\nworker_processes 1;\npid {directory}/pid;\nerror_log {directory}/error.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n  access_log off;\n{folders}  upstream tool {{ server {upstream}; keepalive 128; keepalive_requests 1000000; }}\n  \
         server {{\n    listen 127.0.0.1:{port};\n    keepalive_requests 1000000;\n    location / {{\n      proxy_pass http://tool;\n      \
         proxy_http_version 1.1;\n      proxy_set_header Connection \"\";\n    }}\n  }}\n}}\n"
    )
}
