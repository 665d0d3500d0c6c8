//! The cost of a request, a connection and a build with Stario, beside raw hyper and axum.

mod check;
mod client;
mod compile;
mod count;
mod cpu;
mod memory;
mod process;
mod servers;

use std::net::SocketAddr;

use count::{CASES, Case};
use servers::Server;

stario::app!();

const USAGE: &str = "\
arguments:
                    instructions and allocations of all cases
    CASE            of one: plain, users, echo, '100 events', page, 'page, zstd',
                    'delivered event'
    memory          KiB per idle connection and per idle event stream
    cpu [ROUNDS]    CPU time per request under wrk; 5 rounds by default
    compile [ROUNDS]
                    CPU time of builds of a site with 100 routes; 5 rounds by default
    check           compares instructions with ratios.toml, and fails when they have grown
    accept          writes ratios.toml";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => count::print(&CASES.iter().collect::<Vec<_>>()),
        [name] if Case::named(name).is_some() => count::print(&[Case::named(name).unwrap()]),
        ["memory"] => memory::print(),
        ["cpu", ref rounds @ ..] => cpu::print(number(rounds)),
        ["compile", ref rounds @ ..] => compile::print(number(rounds)),
        ["check"] => check::check(),
        ["accept"] => check::accept(),
        // This program starts itself by this, once for each server.
        ["serve", server, port] => {
            let address = SocketAddr::from(([127, 0, 0, 1], port.parse().expect("a port")));
            Server::named(server).serve(address);
        }
        _ => misused(),
    }
}

fn number(arguments: &[&str]) -> usize {
    match arguments {
        [] => 5,
        [number] => number.parse().ok().filter(|number| *number > 0).unwrap_or_else(|| misused()),
        _ => misused(),
    }
}

fn misused() -> ! {
    eprintln!("{USAGE}");
    std::process::exit(2);
}
