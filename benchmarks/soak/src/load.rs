//! The clients: good ones, slow ones, and such as vanish.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::Result;

/// No client waits longer, except on a stream.
const PATIENCE: Duration = Duration::from_secs(30);

static REQUESTS: AtomicU64 = AtomicU64::new(0);
static ERRORS: AtomicU64 = AtomicU64::new(0);

pub(crate) async fn run(address: &str, seconds: &str) -> Result {
    let address: SocketAddr = address.parse()?;
    let end = Instant::now() + Duration::from_secs(seconds.parse()?);
    let mut clients = JoinSet::new();
    // (how many, their pause in milliseconds, what they do)
    macro_rules! clients {
        ($($count:literal every $pause:literal $client:expr;)*) => {$(
            for _ in 0..$count {
                clients.spawn(async move {
                    while Instant::now() < end {
                        if let Err(error) = $client(address).await {
                            let errors = ERRORS.fetch_add(1, Ordering::Relaxed);
                            if errors < 20 {
                                println!("{}: {error}", stringify!($client));
                            }
                        }
                        sleep(Duration::from_millis(random($pause) + $pause / 2)).await;
                    }
                });
            }
        )*};
    }
    clients! {
        8 every 50 pages;
        4 every 100 commands;
        3 every 200 uploads;
        2 every 500 over_http2;
        120 every 100 streams;
        20 every 500 does_not_read;
        5 every 500 stalls;
        10 every 50 vanishes;
    }
    clients.spawn(async move {
        while Instant::now() < end {
            sleep(Duration::from_secs(1)).await;
            println!("{} {}", REQUESTS.load(Ordering::Relaxed), ERRORS.load(Ordering::Relaxed));
        }
    });
    while clients.join_next().await.is_some() {}
    println!("{} {}", REQUESTS.load(Ordering::Relaxed), ERRORS.load(Ordering::Relaxed));
    Ok(())
}

/// Below `most`, as evenly as a load needs.
fn random(most: u64) -> u64 {
    static STATE: AtomicU64 = AtomicU64::new(0x9e37_79b9_7f4a_7c15);
    let mut mixed = STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % most.max(1)
}

async fn connect(address: SocketAddr) -> Result<TcpStream> {
    REQUESTS.fetch_add(1, Ordering::Relaxed);
    Ok(timeout(PATIENCE, TcpStream::connect(address)).await??)
}

/// A client whose buffer is soon full.
async fn connect_narrow(address: SocketAddr) -> Result<TcpStream> {
    REQUESTS.fetch_add(1, Ordering::Relaxed);
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    Ok(timeout(PATIENCE, socket.connect(address)).await??)
}

/// Closes with RST.
fn vanish(socket: TcpStream) -> Result {
    Ok(socket2::SockRef::from(&socket).set_linger(Some(Duration::ZERO))?)
}

/// Sends a request and reads its answer: status and body.
async fn ask(socket: &mut BufReader<TcpStream>, request: &[u8]) -> Result<(u16, Vec<u8>)> {
    timeout(PATIENCE, async {
        socket.write_all(request).await?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if socket.read_line(&mut head).await? == 0 {
                return Err(format!("closed after {head:?}").into());
            }
        }
        let status = head.get(9..12).and_then(|status| status.parse().ok()).ok_or("no status")?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.unwrap_or("0").parse()?];
        socket.read_exact(&mut body).await?;
        Ok((status, body))
    })
    .await?
}

fn expect(found: u16, expected: u16) -> Result {
    if found == expected { Ok(()) } else { Err(format!("status {found}, not {expected}").into()) }
}

async fn pages(address: SocketAddr) -> Result {
    let mut socket = BufReader::new(connect(address).await?);
    for number in 0..random(30) {
        REQUESTS.fetch_add(1, Ordering::Relaxed);
        let coding = ["identity", "gzip", "br", "zstd"][usize::try_from(random(4))?];
        let (target, expected) = match number % 10 {
            3 => ("/nowhere", 404),
            5 => ("/?rows=many", 422),
            7 => ("/panic", 500),
            9 => ("/?rows=2000", 200),
            _ => ("/", 200),
        };
        let request = format!("GET {target} HTTP/1.1\r\nhost: x\r\naccept-encoding: {coding}\r\n\r\n");
        expect(ask(&mut socket, request.as_bytes()).await?.0, expected)?;
        sleep(Duration::from_millis(random(20))).await;
    }
    Ok(())
}

async fn commands(address: SocketAddr) -> Result {
    let mut socket = BufReader::new(connect(address).await?);
    for _ in 0..random(10) {
        REQUESTS.fetch_add(2, Ordering::Relaxed);
        let body = r#"{"count":7}"#;
        let length = body.len();
        let head = "content-type: application/json\r\nconnection: keep-alive";
        let request =
            format!("POST /echo HTTP/1.1\r\nhost: x\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}");
        let (status, answer) = ask(&mut socket, request.as_bytes()).await?;
        expect(status, 200)?;
        if answer != body.as_bytes() {
            return Err("another body came back".into());
        }
        let request = b"POST /import HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
        expect(ask(&mut socket, request).await?.0, 204)?;
        sleep(Duration::from_millis(random(50))).await;
    }
    // Its answer is a stream, so the connection ends with it.
    let request =
        "POST /add HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"count\":7}";
    socket.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    timeout(PATIENCE, socket.read_to_string(&mut answer)).await??;
    if !answer.contains(r#"{"count":8}"#) {
        return Err(format!("no event in {answer:?}").into());
    }
    Ok(())
}

async fn uploads(address: SocketAddr) -> Result {
    let mut socket = connect(address).await?;
    let size = usize::try_from(random(1_000_000))?;
    let part = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    let length = part.len() + size + "\r\n--x--\r\n".len();
    let head = format!(
        "POST /upload HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: {length}\r\n\r\n{part}"
    );
    socket.write_all(head.as_bytes()).await?;
    if random(3) == 0 {
        socket.write_all(&vec![b'a'; size / 2]).await?;
        return vanish(socket);
    }
    socket.write_all(&vec![b'a'; size]).await?;
    let (status, answer) = ask(&mut BufReader::new(socket), b"\r\n--x--\r\n").await?;
    expect(status, 200)?;
    if answer == size.to_string().as_bytes() { Ok(()) } else { Err("another size came back".into()) }
}

async fn over_http2(address: SocketAddr) -> Result {
    let socket = TokioIo::new(connect(address).await?);
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), socket).await?;
    let connection = tokio::spawn(connection);
    let mut requests = JoinSet::new();
    for number in 0..20 {
        REQUESTS.fetch_add(1, Ordering::Relaxed);
        let mut sender = sender.clone();
        requests.spawn(async move {
            let target = ["/", "/?rows=500", "/live", "/written"][number % 4];
            let request = Request::get(format!("http://x{target}")).body(Full::<Bytes>::default())?;
            let mut response = timeout(PATIENCE, sender.send_request(request)).await??;
            expect(response.status().as_u16(), 200)?;
            // Of a stream some, of a page all.
            for _ in 0..random(10) + 1 {
                match timeout(PATIENCE, response.frame()).await? {
                    Some(frame) => drop(frame?),
                    None => break,
                }
            }
            Result::<()>::Ok(())
        });
    }
    while let Some(ended) = requests.join_next().await {
        ended??;
    }
    connection.abort();
    Ok(())
}

/// A browser that looks for a while, and leaves in one way or the other.
async fn streams(address: SocketAddr) -> Result {
    let mut socket = connect(address).await?;
    let path = if random(3) == 0 { "/written" } else { "/live" };
    let coding = ["identity", "gzip", "br", "zstd"][usize::try_from(random(4))?];
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\naccept-encoding: {coding}\r\n\r\n");
    socket.write_all(request.as_bytes()).await?;
    let end = Instant::now() + Duration::from_millis(random(5000));
    let mut buffer = vec![0; 16 * 1024];
    while Instant::now() < end {
        // Events come twenty times a second.
        if timeout(PATIENCE, socket.read(&mut buffer)).await?? == 0 {
            return Err("a stream ended".into());
        }
    }
    if random(2) == 0 { vanish(socket) } else { Ok(()) }
}

/// It is closed by the server, or vanishes before.
async fn does_not_read(address: SocketAddr) -> Result {
    let mut socket = connect_narrow(address).await?;
    let path = if random(2) == 0 { "/live" } else { "/big" };
    socket.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await?;
    sleep(Duration::from_millis(random(15_000))).await;
    vanish(socket)
}

/// Half a head, or half a body: the server ends it.
async fn stalls(address: SocketAddr) -> Result {
    let mut socket = connect(address).await?;
    let half = ["", "GET / HT", "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf"];
    socket.write_all(half[usize::try_from(random(3))?].as_bytes()).await?;
    let mut rest = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut rest)).await??;
    if rest.is_empty() || rest.starts_with(b"HTTP/1.1 408 ") { Ok(()) } else { Err("answered".into()) }
}

async fn vanishes(address: SocketAddr) -> Result {
    let mut socket = connect(address).await?;
    let said = [
        "",
        "GET / HT",
        "GET /?rows=2000 HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /live HTTP/1.1\r\nhost: x\r\n\r\n",
        "POST /import HTTP/1.1\r\nhost: x\r\n\r\n",
        "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf",
    ];
    socket.write_all(said[usize::try_from(random(6))?].as_bytes()).await?;
    sleep(Duration::from_millis(random(20))).await;
    vanish(socket)
}
