//! Instructions and allocations, counted by callgrind.
//!
//! A server is started twice and asked more often the second time. The difference, divided by how many requests
//! more there were, is what one of them costs: the start and the end of the process are the same in both.

use crate::client::Client;
use crate::process::{Process, allow_open_files, directory};
use crate::servers::{ALL, Server};

/// How many streams receive a published event.
pub const STREAMS: u64 = 200;

/// A case: work whose instructions are counted.
pub struct Case {
    pub name: &'static str,
    work: Work,
    /// How often it is done the first time.
    few: u64,
    /// How often it is done the second time.
    many: u64,
}

enum Work {
    /// One request and its response.
    Request(&'static str),
    /// The same, and servers that can compress the response do.
    Compressed(&'static str),
    /// One event that is published, for each stream that receives it.
    Publish,
}

pub const PLAIN: &str = "GET /plain HTTP/1.1\r\nhost: localhost\r\n\r\n";
pub const LIVE: &str = "GET /live HTTP/1.1\r\nhost: localhost\r\n\r\n";

pub const CASES: &[Case] = &[
    Case { name: "plain", work: Work::Request(PLAIN), few: 200, many: 1200 },
    Case {
        name: "users",
        work: Work::Request("GET /users/42?tab=posts HTTP/1.1\r\nhost: localhost\r\n\r\n"),
        few: 200,
        many: 1200,
    },
    Case {
        name: "echo",
        work: Work::Request(
            "POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: 32\r\n\r\n{\"name\":\"Ada Lovelace\",\"age\":36}",
        ),
        few: 200,
        many: 1200,
    },
    Case {
        name: "100 events",
        work: Work::Request("GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n"),
        few: 50,
        many: 150,
    },
    Case {
        name: "page",
        work: Work::Request("GET /page HTTP/1.1\r\nhost: localhost\r\n\r\n"),
        few: 50,
        many: 250,
    },
    Case {
        name: "page, zstd",
        work: Work::Compressed(
            "GET /page HTTP/1.1\r\nhost: localhost\r\naccept-encoding: gzip, deflate, br, zstd\r\n\r\n",
        ),
        few: 20,
        many: 70,
    },
    Case { name: "delivered event", work: Work::Publish, few: 5, many: 25 },
];

/// The cost of one request, or of one event for one stream.
pub struct Cost {
    pub instructions: f64,
    pub allocations: f64,
}

impl Case {
    pub fn named(name: &str) -> Option<&'static Self> {
        CASES.iter().find(|case| case.name == name)
    }

    pub fn count(&self, server: Server) -> Cost {
        let few = self.total(server, self.few);
        let many = self.total(server, self.many);
        let streams = if matches!(self.work, Work::Publish) { STREAMS } else { 1 };
        let difference =
            |few: u64, many: u64| (many as f64 - few as f64) / ((self.many - self.few) * streams) as f64;
        Cost {
            instructions: difference(few.instructions, many.instructions),
            allocations: difference(few.allocations, many.allocations),
        }
    }

    /// The cost of a process that does the work `times` times.
    fn total(&self, server: Server, times: u64) -> Total {
        let file = directory().join("callgrind.out");
        let option = format!("--callgrind-out-file={}", file.display());
        let process = Process::start_by(
            &[
                "valgrind",
                "-q",
                "--tool=callgrind",
                // Threads take turns, so that the thread of the log is woken equally often on a busy machine.
                "--fair-sched=try",
                "--compress-strings=no",
                &option,
            ],
            server,
        );
        match self.work {
            Work::Request(request) | Work::Compressed(request) => {
                let mut client = process.client();
                (0..times).for_each(|_| drop(client.ask(request)));
            }
            Work::Publish => {
                let mut streams: Vec<Client> = (0..STREAMS).map(|_| process.client()).collect();
                for stream in &mut streams {
                    stream.open(LIVE);
                }
                for _ in 0..times {
                    process.publish();
                    streams.iter_mut().for_each(Client::event);
                }
            }
        }
        process.stop();
        Total::read(&std::fs::read_to_string(file).unwrap())
    }

    /// Makes sure that `server` answers as raw hyper does.
    fn compare(&self, server: Server) {
        if let Work::Request(request) = self.work {
            let body = |server| {
                let process = Process::start(server);
                String::from_utf8(process.client().ask(request)).unwrap()
            };
            let (expected, found) = (body(Server::Hyper), body(server));
            assert!(
                found == expected,
                "{}, {}: the body is not that of hyper\n{found}\n{expected}",
                server.name(),
                self.name
            );
        }
    }
}

/// The sums that callgrind counted in a process.
struct Total {
    instructions: u64,
    allocations: u64,
}

impl Total {
    /// Reads what callgrind wrote. The line `calls=` says how often the function of the line `cfn=` was called.
    fn read(counts: &str) -> Self {
        let mut total = Total { instructions: 0, allocations: 0 };
        let (mut caller, mut called) = ("", "");
        for line in counts.lines() {
            if let Some(name) = line.strip_prefix("fn=") {
                caller = name;
            } else if let Some(name) = line.strip_prefix("cfn=") {
                called = name;
            } else if let Some(calls) = line.strip_prefix("calls=") {
                if allocates(called) && !allocates(caller) {
                    let calls = calls.split(' ').next().unwrap_or_default();
                    total.allocations += calls.parse::<u64>().expect("a number of calls");
                }
            } else if let Some(instructions) = line.strip_prefix("totals: ") {
                total.instructions = instructions.trim().parse().expect("a number of instructions");
            }
        }
        assert!(total.instructions > 0, "callgrind has written no sum");
        total
    }
}

fn allocates(function: &str) -> bool {
    matches!(function, "malloc" | "calloc" | "realloc" | "posix_memalign" | "aligned_alloc")
}

/// Prints the costs of `cases`, as ratios to raw hyper.
pub fn print(cases: &[&Case]) {
    allow_open_files(1000);
    let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
    println!("Each cell: instructions (ratio to hyper), allocations.\n");
    println!("| | {} |\n|---{}|", names.join(" | "), "|---:".repeat(cases.len()));
    let mut hyper: Vec<f64> = Vec::new();
    for &server in ALL {
        let mut row = format!("| {} |", server.name());
        for (column, case) in cases.iter().enumerate() {
            case.compare(server);
            let Cost { instructions, allocations } = case.count(server);
            if server == Server::Hyper {
                hyper.push(instructions);
            }
            let ratio = instructions / hyper[column];
            row.push_str(&format!(" {instructions:.0} ({ratio:.2}), {allocations:.1} |"));
        }
        println!("{row}");
    }
}
