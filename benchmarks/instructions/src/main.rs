//! How many instructions a request costs, counted by valgrind's callgrind: the same on every run, whatever else
//! the machine does; and how much memory a connection takes.
//!
//! A server runs in a process of its own, on one thread. To count instructions it is asked twice, and the
//! difference is divided by how many requests more the second time were.

mod axum_server;
mod client;
mod hyper_server;
mod stario_server;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use client::Client;

stario::app!();

/// How many streams hear what is published.
const SUBSCRIBERS: u64 = 1000;

/// How many connections there are when memory is measured.
const CONNECTIONS: u32 = 4000;

const LIVE: &str = "GET /live HTTP/1.1\r\nhost: x\r\n\r\n";

/// One kind of request.
struct Case {
    name: &'static str,
    /// What each server is asked.
    request: &'static str,
    /// How often, at first and the second time.
    counts: (u64, u64),
    /// Which servers can be asked.
    servers: &'static [&'static str],
}

const ALL: &[&str] = &["hyper", "axum", "stario", "stario, logged"];
const STARIO: &[&str] = &["stario"];

const CASES: &[Case] = &[
    Case {
        name: "page with a query parameter",
        request: "GET /?name=x HTTP/1.1\r\nhost: x\r\n\r\n",
        counts: (200, 1200),
        servers: ALL,
    },
    Case {
        name: "command with three signals",
        request: "POST /rename HTTP/1.1\r\nhost: x\r\ndatastar-request: true\r\ncontent-type: application/json\r\n\
                  content-length: 39\r\n\r\n{\"name\":\"Ada\",\"count\":7,\"is_open\":true}",
        counts: (200, 1200),
        servers: ALL,
    },
    Case {
        name: "one of 300 routes",
        request: "GET /section250/7/edit HTTP/1.1\r\nhost: x\r\n\r\n",
        counts: (200, 1200),
        servers: &["axum", "stario"],
    },
    Case {
        name: "stream of 1 event",
        request: "GET /stream?count=1 HTTP/1.1\r\nhost: x\r\n\r\n",
        counts: (200, 1200),
        servers: &["hyper", "axum", "stario"],
    },
    Case {
        name: "stream of 100 events",
        request: "GET /stream?count=100 HTTP/1.1\r\nhost: x\r\n\r\n",
        counts: (20, 120),
        servers: &["hyper", "axum", "stario"],
    },
    Case {
        name: "page of 10 KB",
        request: "GET /long HTTP/1.1\r\nhost: x\r\n\r\n",
        counts: (50, 250),
        servers: STARIO,
    },
    Case {
        name: "page of 10 KB, zstd",
        request: "GET /long HTTP/1.1\r\nhost: x\r\naccept-encoding: zstd\r\n\r\n",
        counts: (50, 250),
        servers: STARIO,
    },
    Case {
        name: "page of 10 KB, br",
        request: "GET /long HTTP/1.1\r\nhost: x\r\naccept-encoding: br\r\n\r\n",
        counts: (20, 60),
        servers: STARIO,
    },
    Case {
        name: "page of 10 KB, gzip",
        request: "GET /long HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n",
        counts: (20, 60),
        servers: STARIO,
    },
    Case {
        name: "file of 100 KB",
        request: "GET /file HTTP/1.1\r\nhost: x\r\n\r\n",
        counts: (50, 250),
        servers: STARIO,
    },
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", server, port] => serve(server, port.parse().expect("a port")),
        ["memory"] => measure_memory(),
        _ => measure(arguments.first().map_or("", String::as_str)),
    }
}

fn serve(server: &str, port: u16) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    match server {
        "hyper" => runtime.block_on(hyper_server::serve(address)),
        "axum" => runtime.block_on(axum_server::serve(address)),
        _ => runtime.block_on(stario_server::serve(address)),
    }
}

/// Measures the cases whose name contains `part`.
fn measure(part: &str) {
    println!("| | hyper | axum | stario | stario, logged |\n|---|---|---|---|---|");
    for case in CASES.iter().filter(|case| case.name.contains(part)) {
        let mut row = format!("| {} |", case.name);
        for server in ALL {
            let cell =
                if case.servers.contains(server) { count(case, server).to_string() } else { String::new() };
            row.push_str(&format!(" {cell} |"));
        }
        println!("{row}");
    }
    if "published to 1000 streams, for each".contains(part) {
        println!("| published to 1000 streams, for each | | | {} | |", count_published());
    }
}

/// The instructions of one request.
fn count(case: &Case, server: &str) -> u64 {
    let asked = |count| {
        let server = Server::counted(server, case.name, count);
        let mut client = server.client();
        (0..count).for_each(|_| client.ask(case.request));
        server.stop()
    };
    let (few, many) = case.counts;
    (asked(many) - asked(few)) / (many - few)
}

/// The instructions of one event for one of those who hear it.
fn count_published() -> u64 {
    let published = |count| {
        let server = Server::counted("stario", "published", count);
        let mut streams: Vec<Client> = (0..SUBSCRIBERS).map(|_| server.client()).collect();
        streams.iter_mut().for_each(|stream| stream.open(LIVE));
        let mut client = server.client();
        for _ in 0..count {
            client.ask("POST /publish HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
            streams.iter_mut().for_each(Client::event);
        }
        server.stop()
    };
    (published(12) - published(2)) / 10 / SUBSCRIBERS
}

fn measure_memory() {
    println!("| KiB for each | hyper | stario |\n|---|---|---|");
    let idle = |server| per_connection(server, |client| client.ask(CASES[0].request));
    println!("| connection that waits for a request | {:.1} | {:.1} |", idle("hyper"), idle("stario"));
    println!(
        "| stream that waits for an event | | {:.1} |",
        per_connection("stario", |client| client.open(LIVE))
    );
}

/// The KiB by which the server grows for each connection on which `begin` was done.
fn per_connection(server: &str, begin: impl Fn(&mut Client)) -> f64 {
    let server = Server::alone(server);
    begin(&mut server.client());
    let before = server.resident();
    let mut clients: Vec<Client> = (0..CONNECTIONS).map(|_| server.client()).collect();
    clients.iter_mut().for_each(begin);
    let grown = server.resident() - before;
    server.end();
    f64::from(grown) / f64::from(CONNECTIONS)
}

/// A server in a process of its own.
struct Server {
    process: Child,
    address: SocketAddr,
    /// Where its instructions are noted.
    counts: PathBuf,
}

impl Server {
    /// A server whose instructions are counted.
    fn counted(server: &str, case: &str, count: u64) -> Self {
        let name = format!("callgrind.{server}.{case}.{count}").replace([' ', ','], "-");
        let counts = Path::new(env!("CARGO_MANIFEST_DIR")).join("target").join(name);
        std::fs::create_dir_all(counts.parent().unwrap()).unwrap();
        let _ = std::fs::remove_file(&counts);
        let mut command = Command::new("valgrind");
        command
            .args(["-q", "--tool=callgrind", &format!("--callgrind-out-file={}", counts.display())])
            .arg(std::env::current_exe().unwrap())
            // Into a file, as a server's log would be.
            .stderr(std::fs::File::create(counts.with_extension("log")).unwrap());
        Self::start(command, server, counts)
    }

    fn alone(server: &str) -> Self {
        Self::start(Command::new(std::env::current_exe().unwrap()), server, PathBuf::new())
    }

    fn start(mut command: Command, server: &str, counts: PathBuf) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap();
        let process = command
            .args(["serve", server, &address.port().to_string()])
            .env("RUST_LOG", if server.ends_with("logged") { "info" } else { "off" })
            .env("STARIO_REQUESTS_KEEP_ALIVE_TIMEOUT", "600")
            .stdout(Stdio::null())
            .spawn()
            .expect("valgrind is installed");
        while TcpStream::connect(address).is_err() {
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { process, address, counts }
    }

    fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// Its memory in KiB.
    fn resident(&self) -> u32 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
        size.trim().trim_end_matches(" kB").parse().unwrap()
    }

    fn end(mut self) -> PathBuf {
        let signal = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(signal.success());
        self.process.wait().unwrap();
        self.counts
    }

    /// Ends it; how many instructions it has executed.
    fn stop(self) -> u64 {
        let counts = std::fs::read_to_string(self.end()).unwrap();
        let total = counts.lines().find_map(|line| line.strip_prefix("totals: ")).expect("a sum");
        total.trim().parse().unwrap()
    }
}
