//! Replaces a server under load again and again, and counts what its clients see: `deploy TIMES`, by a hand-over and by
//! a restart behind a socket that stays open, as with a socket unit of systemd; each without a broker and over NATS. `deploy TIMES nginx` or
//! `HAProxy` restarts one of two processes behind a proxy, and `deploy PAGES gaps` has as many pages render at the same moment.

#[path = "../../../stario-nats/tests/support/broker.rs"]
mod broker;
#[path = "../../../stario/tests/processes/hand_over/clients.rs"]
mod clients;
mod gaps;
mod proxies;
#[path = "../../../stario/tests/processes/hand_over/site.rs"]
mod site;

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use broker::Broker;
use clients::{Clients, Return};
use site::local;
use stario::AppHandle;
use stario::prelude::*;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

stario::app!();

/// Clients that send one request after another, and those that follow a stream.
const ASKERS: usize = 16;
const FOLLOWERS: usize = 200;
/// Clients that follow a stream which has no event.
const QUIET: usize = 50;

/// Set in the processes that serve.
const SERVER: &str = "DEPLOY_SERVER";
/// Where these find NATS, if they are to use it.
const NATS: &str = "DEPLOY_NATS";

#[app::on_start(app = local)]
async fn start_publishing(handle: AppHandle, news: State<Relay<u64>>) {
    site::publish(&news, Duration::from_millis(100), handle);
}

/// How a process gets its listening socket.
#[derive(Clone, Copy)]
enum Socket<'a> {
    /// From the process before it, by this path.
    HandedOver(&'a Path),
    /// From the program that starts it.
    Inherited(&'a std::net::TcpListener),
    /// It opens one, at any port.
    Own,
    /// It opens one at this address, where the process before it has ended.
    At(SocketAddr),
}

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Starts a process, and waits until it accepts connections.
async fn start(socket: Socket<'_>, nats: Option<&str>) -> Result<(Child, SocketAddr)> {
    let program = std::env::current_exe()?;
    let mut command = match socket {
        Socket::HandedOver(path) => {
            let mut command = Command::new(program);
            command.env("STARIO_HAND_OVER_SOCKET", path).env("STARIO_PORT", "0");
            command
        }
        Socket::Inherited(listener) => {
            let mut command = Command::new("sh");
            command.args(["-c", "exec 3<&0; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\""]).arg(program);
            command.stdin(Stdio::from(OwnedFd::from(listener.try_clone()?)));
            command
        }
        Socket::Own => {
            let mut command = Command::new(program);
            command.env("STARIO_PORT", "0");
            command
        }
        Socket::At(address) => {
            let mut command = Command::new(program);
            command.env("STARIO_PORT", address.port().to_string());
            command
        }
    };
    if let Some(url) = nats {
        command.env(NATS, url);
    }
    command.env(SERVER, "1").env("RUST_LOG", "warn").stdout(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn()?;
    let mut lines = BufReader::new(process.stdout.take().ok_or("no output")?).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some((_, address)) = line.split_once("listening on http://") {
            let address = address.parse()?;
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok((process, address));
        }
    }
    Err("a process has ended before it listened".into())
}

async fn stop(process: &mut Child) -> Result {
    let id = process.id().ok_or("a process has ended")?.to_string();
    Command::new("kill").args(["-TERM", &id]).status().await?;
    ended(process).await
}

/// Waits for the end of a process that cuts nothing off.
async fn ended(process: &mut Child) -> Result {
    let status = process.wait().await?;
    if status.success() { Ok(()) } else { Err(format!("a process ended with {status}").into()) }
}

/// Replaces the process so many times. Returns whether no client has seen a failure, or another number of gaps than it should: over NATS none,
/// else one for each stream.
async fn replace(times: usize, socket: Socket<'_>, broker: Option<&Broker>, name: &str) -> Result<bool> {
    let nats = broker.map(Broker::url);
    let nats = nats.as_deref();
    // Where one process ends before the next one starts, another one has to know what was published.
    let mut beside = match (nats, socket) {
        (Some(_), Socket::Inherited(_)) => Some(start(Socket::Own, nats).await?.0),
        _ => None,
    };
    let (mut process, address) = start(socket, nats).await?;
    let mut clients = Clients::start(address, ASKERS, FOLLOWERS);
    clients.follow_quietly(QUIET);
    for _ in 0..FOLLOWERS + QUIET {
        clients.opened().await;
    }
    let mut returns: Vec<Return> = Vec::new();
    let (mut starts, mut drains) = (Vec::new(), Vec::new());
    for _ in 0..times {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let began = Instant::now();
        process = match socket {
            Socket::HandedOver(_) => {
                let (new, _) = start(socket, nats).await?;
                starts.push(began.elapsed());
                ended(&mut process).await?;
                drains.push(began.elapsed() - starts[starts.len() - 1]);
                new
            }
            Socket::Inherited(_) | Socket::Own | Socket::At(_) => {
                stop(&mut process).await?;
                drains.push(began.elapsed());
                let (new, _) = start(socket, nats).await?;
                starts.push(began.elapsed() - drains[drains.len() - 1]);
                new
            }
        };
        for _ in 0..FOLLOWERS + QUIET {
            returns.push(clients.returned().await);
        }
    }
    // A gap would come at once.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let seen = std::mem::take(&mut *clients.seen());
    drop(clients);
    stop(&mut process).await?;
    if let Some(beside) = &mut beside {
        stop(beside).await?;
    }
    returns.sort_by_key(|returned| returned.waited);
    let waited = |share: usize| returns[(returns.len() - 1) * share / 100].waited;
    let gaps: usize = returns.iter().map(|returned| returned.gaps).sum();
    let has_one_each = returns.iter().filter(|returned| returned.gaps == 1).count() == times * FOLLOWERS;
    let are_gaps_right = match nats {
        Some(_) => (gaps, seen.quiet_gaps) == (0, 0),
        None => has_one_each && seen.quiet_gaps == times * QUIET,
    };
    println!(
        "{name}: {times} deploys, {ASKERS} clients that ask, {FOLLOWERS} streams, {QUIET} without events"
    );
    println!("  requests answered            {}", seen.answered.values().sum::<usize>());
    println!("  failed                       {}", seen.failed.len());
    println!("  repeated, used connection    {}", seen.repeated);
    println!("  repeated, new connection     {}", seen.repeated_first);
    println!("  slowest request              {:.0?}", seen.slowest);
    println!("  streams back                 {} of {}", returns.len(), times * (FOLLOWERS + QUIET));
    println!("  gaps                         {gaps}");
    println!("  gaps of those without events {}", seen.quiet_gaps);
    println!("  back after, median           {:.2?}", waited(50));
    println!("  back after, longest          {:.2?}", waited(100));
    println!("  start of a process, longest  {:.0?}", starts.iter().max().ok_or("no deploys")?);
    println!("  end of a process, longest    {:.0?}", drains.iter().max().ok_or("no deploys")?);
    for reason in seen.failed.iter().take(10) {
        println!("  FAILED: {reason}");
    }
    Ok(seen.failed.is_empty() && are_gaps_right && waited(100) <= Duration::from_secs(2))
}

async fn replace_both_ways(times: usize) -> Result<bool> {
    let folder = std::env::temp_dir().join(format!("deploy-{}", std::process::id()));
    std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
    let mut is_right = true;
    for broker in [None, Some(Broker::start())] {
        let over = if broker.is_some() { ", over NATS" } else { "" };
        let path = folder.join("hand-over.sock");
        let socket = Socket::HandedOver(&path);
        is_right &= replace(times, socket, broker.as_ref(), &format!("hand-over{over}")).await?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let name = format!("restart behind an inherited socket{over}");
        is_right &= replace(times, Socket::Inherited(&listener), broker.as_ref(), &name).await?;
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(is_right)
}

/// Restarts processes behind a proxy that is this program: with a connection for each request, and with kept ones.
async fn restart_behind_proxies(times: usize, program: &str) -> Result<bool> {
    let mut is_right = true;
    for proxy in proxies::Proxy::ALL.into_iter().filter(|proxy| proxy.program() == program) {
        is_right &= proxies::restart_behind(proxy, times).await?;
    }
    Ok(is_right)
}

/// Serves, in a process that is replaced.
async fn serve() -> stario::Result {
    let Ok(url) = std::env::var(NATS) else { return site::new().serve().await };
    let nats = stario_nats::connect(url).await?;
    let relay = Relay::over(nats.relay("deploy")).history(10_000);
    nats.ready().await?;
    site::over(relay).on_stop(move |_| async move { nats.flush().await }).serve().await
}

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::var_os(SERVER).is_some() {
        let ended = serve().await;
        return ended.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    let times = std::env::args().nth(1).map_or(Ok(10), |times| times.parse());
    let what = std::env::args().nth(2).map(|what| what.to_lowercase());
    let ended = match times {
        Ok(times) => match what.as_deref() {
            Some("gaps") => gaps::measure_all(times).await,
            Some(proxy @ ("nginx" | "haproxy")) => restart_behind_proxies(times, proxy).await,
            Some(other) => {
                Err(format!("expected `nginx`, `HAProxy`, `gaps` or nothing, not `{other}`").into())
            }
            None => replace_both_ways(times).await,
        },
        Err(_) => Err("expected a number of deploys".into()),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            println!("FAILED: see above");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}
