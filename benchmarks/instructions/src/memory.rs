//! Memory that a server needs for a connection.

use crate::client::Client;
use crate::count::{LIVE, PLAIN};
use crate::process::{Process, allow_open_files};
use crate::servers::{ALL, Server};

const CONNECTIONS: u32 = 3000;

/// Prints by how much a server's resident memory grows for a connection. The kernel's buffers are not in it.
pub fn print() {
    allow_open_files(u64::from(CONNECTIONS) + 100);
    println!("KiB (ratio to hyper) for each of {CONNECTIONS} connections.\n");
    println!("| | idle connection, after one `plain` | idle event stream |\n|---|---:|---:|");
    let mut hyper = None;
    for &server in ALL {
        let connection = growth(server, |client| drop(client.ask(PLAIN)));
        let stream = growth(server, |client| drop(client.open(LIVE)));
        let (hyper_connection, hyper_stream) = *hyper.get_or_insert((connection, stream));
        println!(
            "| {} | {connection:.1} ({:.2}) | {stream:.1} ({:.2}) |",
            server.name(),
            connection / hyper_connection,
            stream / hyper_stream
        );
    }
}

/// The KiB by which the server grows for each connection on which `begin` was done.
fn growth(server: Server, begin: impl Fn(&mut Client)) -> f64 {
    let process = Process::start(server);
    // Memory that only the first connections need is not counted.
    let open = |count| -> Vec<Client> {
        let open = |_| {
            let mut client = process.client();
            begin(&mut client);
            client
        };
        (0..count).map(open).collect()
    };
    let first = open(10);
    let before = process.resident();
    let clients = open(CONNECTIONS);
    let growth = process.resident() - before;
    drop((first, clients));
    process.stop();
    f64::from(growth) / f64::from(CONNECTIONS)
}
