//! The app, and what its process holds.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use stario::prelude::*;
use stario::{Body, Cleanup, Limits};
use tikv_jemalloc_ctl::{epoch, stats};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::app;

/// How long the load lasts that brings the process to its level.
const WARM_UP: u64 = 150;

/// How often the figures are printed.
const EVERY: Duration = Duration::from_secs(30);

/// How long the last connections may take to be closed: longer than every limit below.
const QUIET: Duration = Duration::from_secs(40);

struct Database(Relay<Event>);

#[dependency(singleton)]
async fn database(relay: State<Relay<Event>>, cleanup: Cleanup) -> Database {
    cleanup.defer(async { println!("the database is closed") });
    Database(Relay::clone(&relay))
}

/// Of one request, with something to do after it.
struct Session(Vec<u8>);

#[dependency]
async fn session(cleanup: Cleanup) -> Session {
    cleanup.defer(tokio::task::yield_now());
    Session(vec![0; 4096])
}

#[app::query("/")]
async fn home(_session: &Session, #[default(10)] rows: QueryParam<u32>) -> Html {
    html! {
        <ul>
            for row in 0..*rows {
                <li class="row">"row " {row} " <&>"</li>
            }
        </ul>
    }
}

#[app::query("/big")]
async fn big() -> String {
    "0123456789abcdef".repeat(128 * 1024)
}

#[app::query("/panic")]
async fn panics(_session: &Session) -> Html {
    panic!("on purpose");
}

#[app::query("/live")]
async fn live(_session: &Session, relay: State<Relay<Event>>) -> impl Stream<Item = Event> {
    let mut updates = relay.subscribe(["news.*", "private.7"]);
    stream! {
        yield html! { <p id="news">"…"</p> };
        while let Some((_, event)) = updates.next().await {
            yield event;
        }
    }
}

#[app::query("/written")]
async fn written(relay: State<Relay<Event>>, writer: Writer) -> Result {
    writer.open_events()?;
    let mut updates = writer.alive(relay.subscribe("news.*"));
    while let Some((_, event)) = updates.next().await {
        writer.patch(event).await?;
    }
    Ok(())
}

#[app::command("/add")]
async fn add(count: Signal<u64>, database: &Database) -> impl Stream<Item = Event> {
    let event: Event = event::signals(json!({ "count": *count + 1 })).into();
    database.0.publish("news.added", event.clone());
    stream! { yield event; }
}

#[app::detached_command("/import")]
async fn import(session: &Session, database: &Database) {
    tokio::time::sleep(Duration::from_millis(50 + session.0[0] as u64)).await;
    database.0.publish("news.imported", event::signals(json!({ "imported": true })).into());
}

#[app::command("/upload")]
async fn upload(file: UploadedFile) -> String {
    file.len().to_string()
}

#[app::command("/echo")]
async fn echo(body: RawBody) -> Body {
    Body::from(body.0)
}

pub(crate) async fn run(seconds: u64) -> crate::Result {
    let free = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = free.local_addr()?.to_string();
    drop(free);
    let relay: Relay<Event> = Relay::new();
    let limits = Limits::default().write_timeout(Duration::from_secs(5)).body_timeout(Duration::from_secs(5));
    let serving = tokio::spawn(app::new().state(relay.clone()).limits(limits).listen(&address).serve());
    while tokio::net::TcpStream::connect(&address).await.is_err() {
        if serving.is_finished() {
            return Err("the server did not start".into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let publisher = tokio::spawn(publish(relay.clone()));
    let mut watch =
        Watch { began: Instant::now(), relay, most_rss: 0, rss: Vec::new(), allocated: Vec::new() };
    println!("  time      RSS allocated    fds  tasks  streams  requests  errors");
    watch.load(&address, WARM_UP).await?;
    let before = watch.quiet().await;
    let errors = watch.load(&address, seconds).await?;
    let growth = [slope(&watch.rss) * 600.0, slope(&watch.allocated) * 600.0];
    let after = watch.quiet().await;
    println!("before: {before:?}\nafter:  {after:?}\nhighest RSS: {} KiB", watch.most_rss);
    println!(
        "under load, RSS grows by {:.0} KiB in ten minutes, what is allocated by {:.0} KiB",
        growth[0], growth[1]
    );
    publisher.abort();
    // As a supervisor does it.
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM)?;
    serving.await?.map_err(|error| error.to_string())?;
    let mut failures = Vec::new();
    if errors > 0 {
        failures.push(format!("{errors} answers were not as expected"));
    }
    if (after.fds, after.tasks, after.streams) != (before.fds, before.tasks, before.streams) {
        failures.push("files, tasks or streams are left over".to_owned());
    }
    // Allocators keep some of what was freed.
    if after.rss > before.rss + before.rss / 10 + 4096 {
        failures.push("memory did not return to its level".to_owned());
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("; ").into()) }
}

/// How much a value grows from one sample to the next, by least squares.
fn slope(samples: &[u64]) -> f64 {
    let count = samples.len() as f64;
    let (mean, middle) = (samples.iter().sum::<u64>() as f64 / count, (count - 1.0) / 2.0);
    let (mut with_time, mut of_time) = (0.0, 0.0);
    for (second, sample) in samples.iter().enumerate() {
        let time = second as f64 - middle;
        with_time += time * (*sample as f64 - mean);
        of_time += time * time;
    }
    with_time / of_time
}

async fn publish(relay: Relay<Event>) {
    for number in 0_u64.. {
        let rows = html! { <p id="news">{number}" "{"<news> ".repeat(100)}</p> };
        relay.publish("news.tick", event::patch(rows).id(number).into());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[derive(Debug)]
struct Held {
    /// In KiB.
    rss: u64,
    /// In KiB, without what the allocator keeps for later.
    allocated: u64,
    fds: usize,
    tasks: usize,
    streams: usize,
}

struct Watch {
    began: Instant,
    relay: Relay<Event>,
    most_rss: u64,
    /// RSS in KiB, second by second of the load, without its first half minute.
    rss: Vec<u64>,
    /// The same of what is allocated.
    allocated: Vec<u64>,
}

impl Watch {
    fn look(&mut self) -> Held {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let rss = rss.and_then(|rss| rss.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
        self.most_rss = self.most_rss.max(rss);
        // The figure is that of the last epoch.
        let allocated = epoch::advance().and_then(|_| stats::allocated::read()).unwrap_or(0) as u64 / 1024;
        Held {
            rss,
            allocated,
            fds: std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
            tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
            streams: self.relay.subscribers("news.tick"),
        }
    }

    fn print(&mut self, sent: (u64, u64)) {
        let seconds = self.began.elapsed().as_secs();
        let Held { rss, allocated, fds, tasks, streams } = self.look();
        let (requests, errors) = sent;
        println!(
            "{seconds:>5}s {rss:>7}K {allocated:>8}K {fds:>6} {tasks:>6} {streams:>8} {requests:>9} {errors:>7}"
        );
    }

    /// Runs the load in a process of its own; returns how many answers were not as expected.
    async fn load(&mut self, address: &str, seconds: u64) -> crate::Result<u64> {
        let mut child: Child = Command::new(std::env::current_exe()?)
            .args(["load", address, &seconds.to_string()])
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no pipe")?).lines();
        let sent = Arc::new(Mutex::new((0, 0)));
        let told = Arc::clone(&sent);
        let reading = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                match line.split_once(' ').map(|(a, b)| (a.parse(), b.parse())) {
                    Some((Ok(requests), Ok(errors))) => *told.lock().unwrap() = (requests, errors),
                    _ => println!("       {line}"),
                }
            }
        });
        let (began, mut printed) = (Instant::now(), Instant::now());
        self.rss.clear();
        self.allocated.clear();
        let end = loop {
            tokio::select! {
                ended = child.wait() => break ended?,
                () = tokio::time::sleep(Duration::from_secs(1)) => {
                    let held = self.look();
                    if began.elapsed() > EVERY {
                        self.rss.push(held.rss);
                        self.allocated.push(held.allocated);
                    }
                }
            }
            if printed.elapsed() >= EVERY {
                printed = Instant::now();
                let sent = *sent.lock().unwrap();
                self.print(sent);
            }
        };
        reading.await?;
        let sent = *sent.lock().unwrap();
        self.print(sent);
        if !end.success() {
            return Err(format!("the load ended with {end}").into());
        }
        Ok(sent.1)
    }

    /// What is held when nobody is there.
    async fn quiet(&mut self) -> Held {
        let until = Instant::now() + QUIET;
        while Instant::now() < until {
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.look();
        }
        self.look()
    }
}
