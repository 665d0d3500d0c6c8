//! The processes of a run.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};

/// Stands before each line for the parent: what a start says is printed, too.
const MARK: &str = "> ";

/// Says something to the parent.
pub fn say(text: impl std::fmt::Display) {
    println!("{MARK}{text}");
}

/// Says how many lines follow, and these.
pub fn say_all(lines: &[String]) {
    say(lines.len());
    lines.iter().for_each(say);
}

/// Waits until the parent has this process go on.
pub fn wait() {
    command();
}

/// The next line of the parent; empty when it has ended.
pub fn command() -> String {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    line.trim().to_owned()
}

/// Nanoseconds of the machine's monotonic clock.
pub fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Seconds of processor time that this process has used.
pub fn cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Seconds of processor time that another process has used, in hundredths.
fn cpu_of(process: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / rustix::param::clock_ticks_per_second() as f64
}

/// Lets this process, and those that it starts, open as many files as the system allows.
pub fn raise_open_files() {
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    let limit = rustix::process::Rlimit { current: most, maximum: most };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
}

/// This program in a process of its own.
pub struct Node {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Node {
    /// Starts a part of this program, which the first argument names.
    pub fn start(arguments: &[String]) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(arguments)
            .env("RUST_LOG", "warn")
            .env("STARIO_PORT", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, input, output }
    }

    /// The rest of the next line that has this text in it.
    fn line_behind(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "a process has ended");
            if let Some((_, rest)) = line.split_once(text) {
                return rest.trim().to_owned();
            }
        }
    }

    /// The next line that it says.
    pub fn line(&mut self) -> String {
        self.line_behind(MARK)
    }

    /// Where it serves, once it does.
    pub fn address(&mut self) -> String {
        self.line_behind("listening on http://")
    }

    /// Has it go on.
    pub fn go(&mut self) {
        self.command("");
    }

    /// Gives it a command.
    pub fn command(&mut self, command: &str) {
        writeln!(self.input, "{command}").unwrap();
    }

    /// The numbers of the next line.
    pub fn result(&mut self) -> Vec<f64> {
        self.line().split(' ').map(|number| number.parse().unwrap()).collect()
    }

    /// The lines that it says by `say_all`.
    pub fn lines(&mut self) -> Vec<String> {
        let count = self.line().parse().unwrap();
        (0..count).map(|_| self.line()).collect()
    }

    /// Seconds of processor time that it has used, in hundredths.
    pub fn cpu(&self) -> f64 {
        cpu_of(&self.process)
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
    }

    /// Has it stop in order, by SIGTERM.
    pub fn stop(&mut self) {
        rustix::process::kill_process(Pid::from_child(&self.process), Signal::TERM).unwrap();
    }

    /// Waits for its end.
    pub fn ended(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A NATS server with JetStream, which can be killed and started again.
pub struct Broker {
    process: Child,
    port: u16,
    /// Its files.
    folder: PathBuf,
}

impl Broker {
    pub fn start() -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("nodes-{}-{port}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let process = spawn(port, &folder);
        Self { process, port, folder }
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again, at the same port.
    pub fn restart(&mut self) {
        self.process = spawn(self.port, &self.folder);
    }

    /// Seconds of processor time that it has used.
    pub fn cpu(&self) -> f64 {
        cpu_of(&self.process)
    }

    /// The version, as the program says it.
    pub fn version() -> String {
        let output =
            server().arg("--version").output().expect("this program starts `nats-server`: install it");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// The program, which Debian has where only root looks for programs.
fn server() -> Command {
    let mut command = Command::new("nats-server");
    command.env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default()));
    command
}

/// Starts a server, and waits until it accepts connections.
fn spawn(port: u16, folder: &std::path::Path) -> Child {
    let process = server()
        .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"])
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program starts `nats-server`: install it");
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        std::thread::sleep(Duration::from_millis(5));
    }
    process
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}
