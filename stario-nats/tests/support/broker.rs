//! A NATS server of a test, which can be killed and started again. The tests of other crates that need one have this file, too.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// A NATS server with JetStream on a free port. It ends with the test.
pub(crate) struct Broker {
    process: Child,
    pub(crate) port: u16,
    /// Its files, which are dropped with it.
    folder: TempDir,
}

#[allow(dead_code, reason = "not each test program uses all of it")]
impl Broker {
    pub(crate) fn start() -> Self {
        Self::with_config("")
    }

    /// Starts a server with these lines of configuration.
    pub(crate) fn with_config(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("nats.conf"), config).unwrap();
        // The server takes -1 for any free port.
        let (process, port) = spawn(&folder, "-1").unwrap_or_else(|said| ended(&said));
        Self { process, port, folder }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Kills the server as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again, at the same port and with the same files.
    pub(crate) fn restart(&mut self) {
        // Another program may have the port for a moment.
        let mut said = String::new();
        for _ in 0..20 {
            match spawn(&self.folder, &self.port.to_string()) {
                Ok((process, _)) => {
                    self.process = process;
                    return;
                }
                Err(why) => said = why,
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        ended(&said)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn ended(said: &str) -> ! {
    panic!("the NATS server has ended: {said}")
}

/// Starts a server, and returns it with its port when it says that it is ready, or what it has said if it ends.
fn spawn(folder: &TempDir, port: &str) -> Result<(Child, u16), String> {
    // Debian has it where only root looks for programs.
    let path = format!("{}:/usr/sbin:/usr/local/sbin", std::env::var("PATH").unwrap_or_default());
    let mut process = Command::new("nats-server")
        .args(["--addr", "127.0.0.1", "--port", port, "--jetstream", "--store_dir"])
        .arg(folder.path().join("store"))
        .arg("--config")
        .arg(folder.path().join("nats.conf"))
        .env("PATH", path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("these tests start a NATS server: install the program `nats-server`, for example by `apt-get install nats-server`");
    let mut log = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
    match read_port(&mut log) {
        Ok(port) => {
            // A full pipe would stop the server.
            std::thread::spawn(move || log.for_each(drop));
            Ok((process, port))
        }
        Err(said) => {
            process.wait().ok();
            Err(said)
        }
    }
}

/// Reads the log of a server until it is ready. Returns its port, or what it has said if it ends.
fn read_port(log: &mut impl Iterator<Item = String>) -> Result<u16, String> {
    let (mut port, mut said) = (None, String::new());
    for line in log {
        if let Some((_, found)) = line.split_once("Listening for client connections on 127.0.0.1:") {
            port = found.trim().parse().ok();
        }
        if let Some(port) = port
            && line.contains("Server is ready")
        {
            return Ok(port);
        }
        said = format!("{said}{line}\n");
    }
    Err(said)
}
