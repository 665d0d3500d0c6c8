//! A server that is killed again and again (`kill -9`), or replaced by a hand-over, while it acknowledges durable commands. The program is
//! two processes: the test, and the server that it starts from the same file. Used by the test `kills` and by `benchmarks/durable`.
#![allow(dead_code, reason = "not each program uses all of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use stario::durable::{CommandFilter, CommandState};
use stario::prelude::*;
use stario::{App, Attempt, DurableStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::app;

/// The variable that makes this program the server; it names the folder.
pub(crate) const FOLDER: &str = "STARIO_KILLS_FOLDER";

/// Where a server gets its socket from the one before it.
const HAND_OVER: &str = "STARIO_HAND_OVER_SOCKET";

/// Where the handlers note what they do. A line is written by one call, and the system has it when the process is killed.
struct Notes(std::fs::File);

impl Notes {
    fn write(&self, line: &str) -> std::io::Result<()> {
        (&self.0).write_all(format!("{line}\n").as_bytes())
    }
}

fn notes_path(folder: &Path) -> PathBuf {
    folder.join("notes")
}

// A process that is killed at once after its start may use up an attempt of each command, so there are many, and their pauses are short.
#[app::detached_command("/work/{label}", durable = "work", attempts = 1000, backoff = "1ms")]
async fn work(label: PathParam<String>, attempt: Attempt, notes: State<Notes>) -> Result {
    run(&label, attempt, &notes, Duration::from_millis(20)).await
}

/// It takes longer than a deploy.
#[app::detached_command("/long-work/{label}", durable = "long-work", backoff = "100ms")]
async fn long_work(label: PathParam<String>, attempt: Attempt, notes: State<Notes>) -> Result {
    run(&label, attempt, &notes, Duration::from_millis(500)).await
}

async fn run(label: &str, attempt: Attempt, notes: &Notes, time: Duration) -> Result {
    notes.write(&format!("begin {label} {attempt}"))?;
    tokio::time::sleep(time).await;
    notes.write(&format!("end {label} {attempt}"))?;
    Ok(())
}

/// It takes the whole process with it, each time.
#[app::detached_command("/poison", durable = "poison", attempts = 3, backoff = "1s")]
async fn poison(notes: State<Notes>, attempt: Attempt) -> Result {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    notes.write(&format!("begin poison {attempt} {}", now.as_millis()))?;
    std::process::abort()
}

/// The server: it prints its address, and runs until it is killed or replaced.
pub(crate) async fn serve(
    folder: PathBuf,
    with_store: impl AsyncFnOnce(App, &Path) -> App,
) -> stario::Result {
    let notes = std::fs::OpenOptions::new().create(true).append(true).open(notes_path(&folder))?;
    let app = app::new().state(Notes(notes)).durable_lease(Duration::from_secs(1));
    let app = with_store(app, &folder).await;
    if std::env::var_os(HAND_OVER).is_some() {
        return app.serve().await;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    app.serve_on(listener, std::future::pending()).await
}

/// The server as a process of its own.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Server {
    fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    fn start_with(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
            .env(FOLDER, folder)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server can be started");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is a pipe")).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, last) = line.rsplit_once("http://").unwrap_or(("", &line));
            last.trim().parse().ok()
        });
        // A server that stays prints its routes, too.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.expect("the server prints its address"), folder: folder.to_owned() }
    }

    /// The next server, which takes the sockets of the one that listens at the same path. A stop gives commands no time.
    fn start_or_take_over(folder: &Path) -> Self {
        let path = folder.join("hand-over.sock").display().to_string();
        let no_time = "STARIO_GRACEFUL_SHUTDOWN_DETACHED_TIMEOUT";
        Self::start_with(
            folder,
            &[(HAND_OVER, &path), ("STARIO_PORT", "0"), (no_time, "0.001"), ("STARIO_DEV", "0")],
        )
    }

    /// Waits until it has ended by itself.
    async fn ended(mut self) {
        let status = tokio::task::spawn_blocking(move || self.child.wait()).await.expect("no panic");
        assert!(status.expect("a status").success(), "the server that was replaced has cut something off");
    }

    /// SIGKILL, and the next process.
    pub(crate) fn kill_and_restart(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        *self = Self::start(&self.folder);
    }

    /// Starts it again if it has ended by itself.
    fn restart_if_dead(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            *self = Self::start(&self.folder);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the command was acknowledged.
async fn post(address: SocketAddr, path: &str) -> bool {
    let answer = async {
        let mut socket = TcpStream::connect(address).await?;
        let request = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    answer.await.is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 204"))
}

/// What one round came to.
#[derive(Debug, Default)]
pub(crate) struct Round {
    pub(crate) acknowledged: usize,
    pub(crate) kills: usize,
    /// Runs of acknowledged commands, and the most of one.
    pub(crate) runs: usize,
    pub(crate) most_attempts: u32,
    /// From the last kill until all had run.
    pub(crate) recovery: Duration,
}

/// Sends commands until `count` are acknowledged, kills the server meanwhile and once after, and checks that all of them have run.
pub(crate) async fn round(folder: &Path, store: &impl DurableStore, number: usize, count: usize) -> Round {
    round_of(folder, store, number, count, async |server| server.kill_and_restart()).await
}

/// The same with something else that is killed, and is there again when `kill` returns: what the server stores its commands in.
pub(crate) async fn round_of(
    folder: &Path,
    store: &impl DurableStore,
    number: usize,
    count: usize,
    mut kill: impl AsyncFnMut(&mut Server),
) -> Round {
    let mut server = Server::start(folder);
    let address = Arc::new(Mutex::new(server.address));
    let next = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..8)
        .map(|_| {
            let (address, next) = (Arc::clone(&address), Arc::clone(&next));
            tokio::spawn(async move {
                let mut acknowledged = BTreeSet::new();
                loop {
                    let command = next.fetch_add(1, Ordering::Relaxed);
                    if command >= count {
                        return acknowledged;
                    }
                    // One that was not acknowledged may be stored all the same, so each try has a label of its own.
                    for attempt in 0.. {
                        let (address, label) =
                            (*address.lock().unwrap(), format!("{number}-{command}-{attempt}"));
                        if post(address, &format!("/work/{label}")).await {
                            acknowledged.insert(label);
                            break;
                        }
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
            })
        })
        .collect();
    let mut round = Round::default();
    while next.load(Ordering::Relaxed) < count {
        // No two rounds are killed at the same moments.
        let pause = 10 + (number * 37 + round.kills * 53) % 90;
        tokio::time::sleep(Duration::from_millis(pause as u64)).await;
        kill(&mut server).await;
        round.kills += 1;
        *address.lock().unwrap() = server.address;
        // However slow the machine is, something is acknowledged between two kills.
        let begun = next.load(Ordering::Relaxed);
        while next.load(Ordering::Relaxed) == begun && begun < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let mut acknowledged = BTreeSet::new();
    for sender in senders {
        acknowledged.extend(sender.await.expect("a sender ends"));
    }
    kill(&mut server).await;
    round.kills += 1;
    round.acknowledged = acknowledged.len();
    assert_eq!(round.acknowledged, count);

    let killed = Instant::now();
    let seen = loop {
        let seen = runs(folder, &format!("{number}-"));
        let has_ended = |label: &String| seen.get(label).is_some_and(|runs| runs.has_ended);
        if acknowledged.iter().all(has_ended) {
            break seen;
        }
        let missing = acknowledged.iter().filter(|label| !has_ended(label)).count();
        assert!(
            killed.elapsed() < Duration::from_mins(1),
            "{missing} acknowledged commands have not run: {:?}",
            store.count().await
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    round.recovery = killed.elapsed();
    for (label, runs) in seen.iter().filter(|(label, _)| acknowledged.contains(*label)) {
        // The attempts go up: none has a number twice.
        assert!(runs.attempts.windows(2).all(|pair| pair[0] < pair[1]), "{label}: {:?}", runs.attempts);
        round.runs += runs.attempts.len();
        round.most_attempts = round.most_attempts.max(*runs.attempts.last().expect("a run"));
    }
    // Nothing is left, and nothing has used up its attempts. A store whose server was killed may not be connected again yet.
    let open = || async {
        let Ok(counts) = store.count().await else { return true };
        counts.iter().any(|count| count.state != CommandState::Finished)
    };
    while open().await {
        assert!(killed.elapsed() < Duration::from_mins(1), "commands are left: {:?}", store.count().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    round
}

/// What the notes say of one command.
#[derive(Debug, Default)]
struct Runs {
    attempts: Vec<u32>,
    /// When they began, in milliseconds since 1970, where it is noted.
    begun: Vec<u64>,
    has_ended: bool,
}

fn runs(folder: &Path, prefix: &str) -> BTreeMap<String, Runs> {
    let notes = std::fs::read_to_string(notes_path(folder)).unwrap_or_default();
    let mut seen = BTreeMap::<String, Runs>::new();
    for line in notes.lines() {
        let mut words = line.split(' ');
        let (Some(what), Some(label), Some(attempt)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        if !label.starts_with(prefix) {
            continue;
        }
        let runs = seen.entry(label.to_owned()).or_default();
        match what {
            "begin" => {
                runs.attempts.push(attempt.parse().expect("a number"));
                runs.begun.extend(words.next().map(|time| time.parse::<u64>().expect("a number")));
            }
            _ => runs.has_ended = true,
        }
    }
    seen
}

/// A command that aborts its process each time becomes a dead letter, and the others go on.
pub(crate) async fn poisoned(folder: &Path, store: &impl DurableStore, others: usize) {
    let mut server = Server::start(folder);
    // The process may be gone before it has acknowledged it: it runs as soon as it is stored.
    post(server.address, "/poison").await;
    let mut sent = 0;
    let begun = Instant::now();
    loop {
        if sent < others && post(server.address, &format!("/work/beside-{sent}")).await {
            sent += 1;
        }
        server.restart_if_dead();
        let dead = CommandFilter { state: Some(CommandState::Dead), ..CommandFilter::default() };
        let dead = store.list(&dead, 10).await.expect("the store lists");
        let ended = runs(folder, "beside-").values().filter(|runs| runs.has_ended).count();
        if dead.len() == 1 && ended >= others {
            assert_eq!(dead[0].name, "poison");
            let poison = &runs(folder, "poison")["poison"];
            assert_eq!(poison.attempts, [1, 2, 3]);
            // As the processes noted it: the test may see a death late. The lease begins a little before that.
            let pauses: Vec<u64> = poison.begun.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(pauses[0] >= 950 && pauses[1] >= 1950, "it waits longer each time: {pauses:?} ms");
            return;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "{} dead letters, {ended} others", dead.len());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Replaces the server by hand-overs while it acknowledges commands, and checks that all of them have run. What runs at a stop is given back: it
/// begins again in the next process, and is still the first attempt. Returns how many commands were acknowledged, and how many were given back.
pub(crate) async fn deployed(folder: &Path, store: &impl DurableStore, times: usize) -> (usize, usize) {
    let mut server = Server::start_or_take_over(folder);
    let address = server.address;
    let is_over = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            let is_over = Arc::clone(&is_over);
            tokio::spawn(async move {
                let mut acknowledged = BTreeSet::new();
                for number in 0.. {
                    let label = format!("deployed-{sender}-{number}");
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    if post(address, &format!("/long-work/{label}")).await {
                        acknowledged.insert(label);
                    }
                    // Fewer than can run meanwhile, so that they do not become more and more.
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                acknowledged
            })
        })
        .collect();
    for time in 1..=times {
        // Commands run at every moment from here on.
        let begun = Instant::now();
        while runs(folder, "deployed-").len() < 20 * time {
            assert!(begun.elapsed() < Duration::from_mins(1), "no commands run");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let next = Server::start_or_take_over(folder);
        assert_eq!(next.address, address);
        std::mem::replace(&mut server, next).ended().await;
    }
    is_over.store(true, Ordering::Relaxed);
    let mut acknowledged = BTreeSet::new();
    for sender in senders {
        acknowledged.extend(sender.await.expect("a sender ends"));
    }
    let stopped = Instant::now();
    let seen = loop {
        let seen = runs(folder, "deployed-");
        if acknowledged.iter().all(|label| seen.get(label).is_some_and(|runs| runs.has_ended)) {
            break seen;
        }
        assert!(stopped.elapsed() < Duration::from_mins(1), "commands are left: {:?}", store.count().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let moved = seen.values().filter(|runs| runs.attempts == [1, 1]).count();
    assert!(moved > 0, "no command was given back when a server was replaced");
    (acknowledged.len(), moved)
}
