//! Has the connection to NATS break while pages are open, so that all of them have a gap at the same moment, and measures how long other
//! requests take meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use stario::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use crate::app;
use crate::broker::Broker;
use crate::clients::Clients;
use crate::site::local;
use crate::{Result, Socket, start, stop};

/// How a page reads its state after a gap: at once, at most 2 or 10 pages at the same time, or by using what another page has rendered.
const WAYS: [&str; 4] = ["at once", "2 at a time", "10 at a time", "rendered once for all"];

/// How many rows a page has, and how long reading them keeps a thread busy.
const ROWS: usize = 100;
const READING: Duration = Duration::from_micros(200);

/// The pages that may read at the same time.
static TURNS: [Semaphore; 2] = [Semaphore::const_new(2), Semaphore::const_new(10)];

/// The newest rendering, and the position that was read before it.
static RENDERED: Mutex<Option<(stario::relay::Position, Html)>> = Mutex::const_new(None);

fn rows() -> Html {
    let began = Instant::now();
    while began.elapsed() < READING {
        std::hint::spin_loop();
    }
    html! { <ol id="rows">for row in 0..ROWS { <li id={("row-", row)}>"This is row number "{row}</li> }</ol> }
}

#[app::query("/pages/{way}", app = local)]
async fn page(way: PathParam<usize>, news: State<Relay<u64>>) -> impl Stream<Item = Event> {
    let mut updates = news.resume("pages", None::<String>);
    stream! {
        while let Some(update) = updates.next().await {
            if !matches!(update, Update::Gap) {
                continue;
            }
            let html = match *way {
                0 => rows(),
                turns @ 1..=2 => {
                    let _turn = TURNS[turns - 1].acquire().await;
                    // As an answer of a database is awaited.
                    tokio::task::yield_now().await;
                    rows()
                }
                _ => {
                    let mut rendered = RENDERED.lock().await;
                    let position = news.position();
                    match &*rendered {
                        Some((known, html)) if *known == position => html.clone(),
                        _ => {
                            let html = rows();
                            *rendered = Some((position, html.clone()));
                            html
                        }
                    }
                }
            };
            yield event::patch(html).id(updates.position());
        }
    }
}

/// Opens so many pages, breaks the connection to NATS, and waits until all of them have rendered again.
async fn measure(pages: usize, way: usize) -> Result {
    let mut broker = Broker::start();
    let (mut server, address) = start(Socket::Own, Some(&broker.url())).await?;
    let rendered = Arc::new(AtomicUsize::new(0));
    let mut followers = JoinSet::new();
    for _ in 0..pages {
        followers.spawn(follow(address, way, Arc::clone(&rendered)));
        if rendered.load(Ordering::Relaxed) + 100 < followers.len() {
            tokio::task::yield_now().await;
        }
    }
    wait_for(&rendered, pages).await;
    let clients = Clients::start(address, 1, 0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = std::mem::take(&mut *clients.seen());
    broker.kill();
    tokio::time::sleep(Duration::from_millis(300)).await;
    broker.restart();
    wait_for(&rendered, pages + 1).await;
    let began = Instant::now();
    wait_for(&rendered, 2 * pages).await;
    let took = began.elapsed();
    let during = std::mem::take(&mut *clients.seen());
    drop(clients);
    drop(followers);
    stop(&mut server).await?;
    println!("{}: {pages} pages", WAYS[way]);
    println!("  from the first page to the last       {took:.0?}");
    println!("  slowest other request before, during  {:.1?}, {:.1?}", before.slowest, during.slowest);
    Ok(())
}

pub(crate) async fn measure_all(pages: usize) -> Result<bool> {
    for way in 0..WAYS.len() {
        measure(pages, way).await?;
    }
    Ok(true)
}

async fn wait_for(rendered: &AtomicUsize, count: usize) {
    while rendered.load(Ordering::Relaxed) < count {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Counts what a page is sent. It is compressed as for a browser, and all that comes is renderings, each with its own pause before it.
async fn follow(address: SocketAddr, way: usize, rendered: Arc<AtomicUsize>) {
    let Ok(mut socket) = TcpStream::connect(address).await else { return };
    let request = format!("GET /pages/{way} HTTP/1.1\r\nhost: x\r\naccept-encoding: zstd\r\n\r\n");
    if socket.write_all(request.as_bytes()).await.is_err() {
        return;
    }
    let mut bytes = [0; 16 << 10];
    let mut last: Option<Instant> = None;
    while let Ok(1..) = socket.read(&mut bytes).await {
        if last.is_none_or(|last| last.elapsed() > Duration::from_millis(250)) {
            rendered.fetch_add(1, Ordering::Relaxed);
        }
        last = Some(Instant::now());
    }
}
