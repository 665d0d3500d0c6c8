//! Replaces a server under load again and again, and counts what its clients see: `deploy TIMES`, once by a hand-over and once by
//! a restart behind a socket that stays open, as with a socket unit of systemd.

#[path = "../../../stario/tests/processes/hand_over/clients.rs"]
mod clients;
#[path = "../../../stario/tests/processes/hand_over/site.rs"]
mod site;

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

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

/// Set in the processes that serve.
const SERVER: &str = "DEPLOY_SERVER";

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
}

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Starts a process, and waits until it accepts connections.
async fn start(socket: Socket<'_>) -> Result<(Child, SocketAddr)> {
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
    };
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

/// Replaces the process so many times. Returns whether no client has seen a failure.
async fn replace(times: usize, socket: Socket<'_>, name: &str) -> Result<bool> {
    let (mut process, address) = start(socket).await?;
    let mut clients = Clients::start(address, ASKERS, FOLLOWERS);
    for _ in 0..FOLLOWERS {
        clients.opened().await;
    }
    let mut returns: Vec<Return> = Vec::new();
    let (mut starts, mut drains) = (Vec::new(), Vec::new());
    for _ in 0..times {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let began = Instant::now();
        process = match socket {
            Socket::HandedOver(_) => {
                let (new, _) = start(socket).await?;
                starts.push(began.elapsed());
                ended(&mut process).await?;
                drains.push(began.elapsed() - starts[starts.len() - 1]);
                new
            }
            Socket::Inherited(_) => {
                stop(&mut process).await?;
                drains.push(began.elapsed());
                let (new, _) = start(socket).await?;
                starts.push(began.elapsed() - drains[drains.len() - 1]);
                new
            }
        };
        for _ in 0..FOLLOWERS {
            returns.push(clients.returned().await);
        }
    }
    let seen = std::mem::take(&mut *clients.seen());
    drop(clients);
    stop(&mut process).await?;
    returns.sort_by_key(|returned| returned.waited);
    let waited = |share: usize| returns[(returns.len() - 1) * share / 100].waited;
    let gaps = returns.iter().filter(|returned| returned.gaps == 1).count();
    println!("{name}: {times} deploys, {ASKERS} clients that ask, {FOLLOWERS} streams");
    println!("  requests answered            {}", seen.answered.values().sum::<usize>());
    println!("  failed                       {}", seen.failed.len());
    println!("  repeated, used connection    {}", seen.repeated);
    println!("  repeated, new connection     {}", seen.repeated_first);
    println!("  slowest request              {:.0?}", seen.slowest);
    println!("  streams back                 {} of {}", returns.len(), times * FOLLOWERS);
    println!("  with exactly one gap         {gaps}");
    println!("  back after, median           {:.2?}", waited(50));
    println!("  back after, longest          {:.2?}", waited(100));
    println!("  start of a process, longest  {:.0?}", starts.iter().max().ok_or("no deploys")?);
    println!("  end of a process, longest    {:.0?}", drains.iter().max().ok_or("no deploys")?);
    for reason in seen.failed.iter().take(10) {
        println!("  FAILED: {reason}");
    }
    Ok(seen.failed.is_empty() && gaps == returns.len() && waited(100) <= Duration::from_secs(2))
}

async fn replace_both_ways(times: usize) -> Result<bool> {
    let folder = std::env::temp_dir().join(format!("deploy-{}", std::process::id()));
    std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
    let handed_over = replace(times, Socket::HandedOver(&folder.join("hand-over.sock")), "hand-over").await;
    std::fs::remove_dir_all(&folder)?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let inherited =
        replace(times, Socket::Inherited(&listener), "restart behind an inherited socket").await?;
    Ok(handed_over? && inherited)
}

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::var_os(SERVER).is_some() {
        let ended = site::new().serve().await;
        return ended.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    let times = std::env::args().nth(1).map_or(Ok(10), |times| times.parse());
    let ended = match times {
        Ok(times) => replace_both_ways(times).await,
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
