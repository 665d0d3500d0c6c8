//! A server in a process of its own.

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

use crate::client::Client;
use crate::servers::Server;

pub struct Process {
    child: Child,
    pub address: SocketAddr,
}

impl Process {
    /// Starts a server as it is.
    pub fn start(server: Server) -> Self {
        Self::start_by(&[], server)
    }

    /// Starts a server by another program, such as `taskset -c 0`.
    pub fn start_by(program: &[&str], server: Server) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).unwrap();
        let this = std::env::current_exe().unwrap();
        let arguments = program.iter().map(Path::new).chain([this.as_path()]).collect::<Vec<_>>();
        let mut command = Command::new(arguments[0]);
        command
            .args(&arguments[1..])
            .args(["serve", server.name(), &address.port().to_string()])
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(directory().join("log")).unwrap())
            // The environment is the same everywhere, so that counts are.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("STARIO_REQUESTS_KEEP_ALIVE_TIMEOUT", "600");
        if server == Server::StarioWithoutLog {
            command.env("RUST_LOG", "off");
        }
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("{} did not start ({error}): is it installed?", arguments[0].display())
        });
        let process = Self { child, address };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(started.elapsed() < Duration::from_secs(60), "{} does not listen", server.name());
            std::thread::sleep(Duration::from_millis(20));
        }
        process
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// Has the server publish an event to all its streams.
    pub fn publish(&self) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(b".", self.address).unwrap();
    }

    /// The memory of the process in KiB.
    pub fn resident(&self) -> u32 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        size.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// The CPU time that all threads of the process have used.
    pub fn cpu_time(&self) -> Duration {
        // The fields utime and stime.
        cpu_time(&format!("/proc/{}/stat", self.id()), 13)
    }

    /// Stops the server as a service manager does, and waits for its end.
    pub fn stop(mut self) {
        kill_process(rustix::process::Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Only a process that a panic has left is still alive here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The sum of two fields of a `stat` file, the first at `index`, which are numbers of clock ticks.
pub fn cpu_time(file: &str, index: usize) -> Duration {
    let stat = std::fs::read_to_string(file).unwrap();
    // The second field is the program's name in parentheses and may contain spaces.
    let fields = stat.rsplit_once(") ").expect("a name").1.split(' ').skip(index - 2).take(2);
    let ticks: u64 = fields.map(|field| field.parse::<u64>().expect("a number of ticks")).sum();
    Duration::from_micros(ticks * 1_000_000 / rustix::param::clock_ticks_per_second())
}

/// Raises the number of files that this process and its servers may open as far as the system allows.
pub fn allow_open_files(needed: u64) {
    let maximum = getrlimit(Resource::Nofile).maximum;
    // The limit stays as it is where it cannot be raised, and the check below says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    if let Some(limit) = getrlimit(Resource::Nofile).current.filter(|limit| *limit < needed) {
        eprintln!("{needed} open files are needed, and the limit is {limit}: raise it with `ulimit -Hn`");
        std::process::exit(1);
    }
}

/// The middle one of several measurements.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The directory for what is written while measuring.
pub fn directory() -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/measured");
    std::fs::create_dir_all(&directory).unwrap();
    directory
}
