//! Measures how much memory a server keeps behind a burst, and what a request costs, with each allocator.
//!
//! The servers are the programs beside this one, in processes of their own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The program, and the variables that it is started with.
const SERVERS: &[(&str, &[(&str, &str)])] = &[
    ("glibc", &[]),
    ("glibc", &[("MALLOC_ARENA_MAX", "1")]),
    ("glibc", &[("MALLOC_ARENA_MAX", "2"), ("MALLOC_TRIM_THRESHOLD_", "131072")]),
    ("glibc", &[("MALLOC_MMAP_THRESHOLD_", "131072")]),
    ("mimalloc", &[]),
    ("mimalloc", &[("MIMALLOC_PURGE_DELAY", "0")]),
    ("jemalloc", &[]),
];

/// Connections of HTTP/2, and requests for 2 MB on each, whose answers nobody reads. Of one connection the server would hold few
/// answers, however many are asked for.
const BURST: (usize, u32) = (900, 1);

/// Connections that ask for pages, and how often each does.
const PAGES: (usize, usize) = (8, 5000);

const ROUNDS: usize = 3;

/// The MB that the examples' allocator may keep a minute after the burst.
const MOST_KEPT: f64 = 200.0;

fn main() -> ExitCode {
    let mut has_kept = false;
    // The rows of these programs; of all if none is named.
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    println!("| allocator | at start | burst | 1 s later | 10 s | 60 s | pages, CPU µs | after them |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    for (program, variables) in SERVERS {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == program) {
            continue;
        }
        let names = variables.iter().map(|(name, value)| format!(" {name}={value}"));
        let figures = measure(program, variables);
        has_kept |= *program == "jemalloc" && figures[4] > MOST_KEPT;
        let cells = figures.map(|figure| format!(" {figure:.1} |"));
        println!("| {program}{} |{}", names.collect::<String>(), cells.concat());
    }
    if has_kept { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The figures of one server, in MB but for the CPU time of a page.
fn measure(program: &str, variables: &[(&str, &str)]) -> [f64; 7] {
    let server = Server::start(program, variables);
    ask_for_pages(&server.address, 100);
    let start = server.resident();
    let cpu = (0..ROUNDS).map(|_| {
        let before = server.cpu();
        ask_for_pages(&server.address, PAGES.1);
        (server.cpu() - before).as_secs_f64() * 1e6 / (PAGES.0 * PAGES.1) as f64
    });
    let cpu = cpu.fold(f64::MAX, f64::min);
    sleep(Duration::from_secs(1));
    let after = server.resident();
    let burst: Vec<TcpStream> = (0..BURST.0).map(|_| never_read(&server.address)).collect();
    let mut most = 0.0;
    // Until nothing is added for two seconds.
    let mut last = Instant::now();
    while last.elapsed() < Duration::from_secs(2) {
        sleep(Duration::from_millis(100));
        let held = server.resident();
        if held > most + 1.0 {
            (most, last) = (held, Instant::now());
        }
    }
    drop(burst);
    let gone = Instant::now();
    let [soon, later, at_end] = [1, 10, 60].map(|seconds| {
        sleep(Duration::from_secs(seconds).saturating_sub(gone.elapsed()));
        server.resident()
    });
    [start, most, soon, later, at_end, cpu, after]
}

/// A connection on which answers are asked for and not read.
fn never_read(address: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).unwrap();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    // GET http://x/large, in HPACK's static table but for the host and the path.
    let head = [&[0x82, 0x86, 0x41, 1, b'x', 0x04, 6][..], b"/large"].concat();
    for stream in 0..BURST.1 {
        bytes.extend(frame(1, 5, 2 * stream + 1, &head));
    }
    socket.write_all(&bytes).unwrap();
    socket
}

/// One frame of HTTP/2 (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Asks for pages on several connections at once, so often on each.
fn ask_for_pages(address: &str, count: usize) {
    std::thread::scope(|scope| {
        for _ in 0..PAGES.0 {
            scope.spawn(move || {
                let mut socket = BufReader::with_capacity(1 << 16, TcpStream::connect(address).unwrap());
                let mut line = String::new();
                let mut body = Vec::new();
                for _ in 0..count {
                    socket
                        .get_mut()
                        .write_all(b"GET /page/someone?tab=posts HTTP/1.1\r\nhost: x\r\n\r\n")
                        .unwrap();
                    let mut length = 0;
                    loop {
                        line.clear();
                        socket.read_line(&mut line).unwrap();
                        if let Some(value) = line.strip_prefix("content-length: ") {
                            length = value.trim().parse().unwrap();
                        }
                        if line == "\r\n" {
                            break;
                        }
                    }
                    body.resize(length, 0);
                    socket.read_exact(&mut body).unwrap();
                }
            });
        }
    });
}

/// A server's process, which is killed when this is dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(program: &str, variables: &[(&str, &str)]) -> Self {
        let path = std::env::current_exe().unwrap().with_file_name(program);
        let mut command = Command::new(path);
        command.envs(variables.iter().copied()).env("RUST_LOG", "off").stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address }
    }

    /// MB of memory.
    fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<f64>().unwrap() / 1024.0
    }

    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let ticks: u64 = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        // A tick is a hundredth of a second on every Linux that is in use.
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
