//! A NATS server of one test.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use stario_nats::Nats;
use tempfile::TempDir;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A NATS server of one test.
pub(crate) struct Broker {
    process: Child,
    pub(crate) port: u16,
    /// Its files, which are dropped with it.
    _folder: TempDir,
    arguments: Vec<String>,
}

impl Broker {
    pub(crate) fn start() -> Self {
        Self::with_config("")
    }

    /// Starts a server with these lines of configuration.
    pub(crate) fn with_config(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nats.conf");
        std::fs::write(&file, config).unwrap();
        let port = free_port();
        let arguments = vec![
            "-a".to_owned(),
            "127.0.0.1".to_owned(),
            "-p".to_owned(),
            port.to_string(),
            "-js".to_owned(),
            "-sd".to_owned(),
            folder.path().join("store").display().to_string(),
            "-c".to_owned(),
            file.display().to_string(),
        ];
        let process = spawn(&arguments);
        let broker = Self { process, port, _folder: folder, arguments };
        broker.wait();
        broker
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub(crate) async fn connect(&self) -> Nats {
        stario_nats::connect(self.url()).await.unwrap()
    }

    /// Kills the server as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again, at the same port and with the same files.
    pub(crate) fn restart(&mut self) {
        self.process = spawn(&self.arguments);
        self.wait();
    }

    fn wait(&self) {
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(Instant::now() < until, "the NATS server does not listen at port {}", self.port);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn spawn(arguments: &[String]) -> Child {
    // Debian has it where only root looks for programs.
    let path = format!("{}:/usr/sbin:/usr/local/sbin", std::env::var("PATH").unwrap_or_default());
    Command::new("nats-server")
        .args(arguments)
        .env("PATH", path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("these tests start a NATS server: install the program `nats-server`, for example by `apt-get install nats-server`")
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
