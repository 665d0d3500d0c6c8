//! Restarts one of two processes behind a proxy, again and again, while clients send commands, and counts what they are answered.
//!
//! A proxy repeats no POST that it has sent, so it answers 502 where the connection that it has sent one on is closed or reset. Each such
//! answer is a failure that somebody sees.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::app;
use crate::clients::Clients;
use crate::site::local;
use crate::{Result, Socket, start, stop};

/// Clients that send one command after another: enough to keep the processes busy, so that requests wait for their turn at a stop.
const POSTERS: usize = 96;

/// How long a command keeps its thread busy.
const WORK: Duration = Duration::from_millis(3);

/// How long the clients go on between two restarts. `HAProxy` needs up to a second to find a process ready.
const PAUSE: Duration = Duration::from_secs(2);

#[app::command("/", app = local)]
async fn work() -> String {
    let began = Instant::now();
    while began.elapsed() < WORK {
        std::hint::spin_loop();
    }
    std::process::id().to_string()
}

/// How a proxy connects to the processes.
#[derive(Clone, Copy)]
pub(crate) enum Proxy {
    /// nginx with a connection for each request, as in `examples/rooms/deploy/nginx.conf`.
    Nginx,
    /// nginx that keeps connections.
    NginxKeepAlive,
    /// `HAProxy` with a connection for each request, as in `examples/rooms/deploy/haproxy.cfg`.
    Haproxy,
    /// `HAProxy` that keeps connections, as it does where nothing is said.
    HaproxyReuse,
}

impl Proxy {
    pub(crate) const ALL: [Self; 4] = [Self::Nginx, Self::NginxKeepAlive, Self::Haproxy, Self::HaproxyReuse];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx, a connection for each request",
            Self::NginxKeepAlive => "nginx, kept connections",
            Self::Haproxy => "HAProxy, a connection for each request",
            Self::HaproxyReuse => "HAProxy, kept connections",
        }
    }

    /// Its program.
    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::Nginx | Self::NginxKeepAlive => "nginx",
            Self::Haproxy | Self::HaproxyReuse => "haproxy",
        }
    }

    /// Starts it in front of these processes, and returns it with its address when it listens.
    async fn start(self, folder: &Path, nodes: [SocketAddr; 2]) -> Result<(Child, SocketAddr)> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let file = |name: &str| folder.join(name).display().to_string();
        // Debian has servers where only root looks for programs.
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let mut command = match self {
            Self::Nginx | Self::NginxKeepAlive => {
                let kept = if matches!(self, Self::NginxKeepAlive) { "keepalive 16;" } else { "" };
                let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map(|name| format!("{name}_temp_path {};", file(name)))
                    .concat();
                let [one, two] = nodes.map(|node| format!("server {node} max_fails=0;"));
                let config = format!(
                    "daemon off; pid {}; error_log {}; events {{}}
                    http {{
                        access_log off; {temporary}
                        upstream site {{ least_conn; {one} {two} {kept} }}
                        server {{
                            listen {address};
                            location / {{
                                proxy_pass http://site;
                                proxy_http_version 1.1;
                                proxy_set_header Connection \"\";
                            }}
                        }}
                    }}",
                    file("nginx.pid"),
                    file("nginx.log")
                );
                std::fs::write(file("nginx.conf"), config)?;
                let mut command = Command::new(self.program());
                command.arg("-p").arg(folder).arg("-c").arg(file("nginx.conf"));
                command
            }
            Self::Haproxy | Self::HaproxyReuse => {
                let own = "http-reuse never\n option http-server-close";
                let reuse = if matches!(self, Self::Haproxy) { own } else { "" };
                let [one, two] = nodes.map(|node| format!("{node}"));
                let config = format!(
                    "defaults
                        mode http
                        timeout connect 1s
                        timeout client 75s
                        timeout server 75s
                        retries 3
                        option redispatch 1
                    frontend web
                        bind {address}
                        default_backend site
                    backend site
                        balance leastconn
                        {reuse}
                        option httpchk GET /
                        default-server check inter 1s fall 1 rise 1
                        server one {one}
                        server two {two}\n"
                );
                std::fs::write(file("haproxy.cfg"), config)?;
                let mut command = Command::new(self.program());
                command.arg("-f").arg(file("haproxy.cfg")).stdout(Stdio::null());
                command
            }
        };
        let errors = File::create(file("errors"))?;
        let mut process = command.env("PATH", path).stderr(errors).kill_on_drop(true).spawn()?;
        // Neither says when it listens.
        while TcpStream::connect(address).is_err() {
            if let Some(status) = process.try_wait()? {
                let errors = std::fs::read_to_string(file("errors"))?;
                return Err(format!("{} ended with {status}:\n{errors}", self.program()).into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok((process, address))
    }
}

/// Restarts one of two processes so many times. Returns whether no client has seen a failure.
pub(crate) async fn restart_behind(proxy: Proxy, times: usize) -> Result<bool> {
    let folder = folder()?;
    let (mut one, first) = start(Socket::Own, None).await?;
    let (mut two, second) = start(Socket::Own, None).await?;
    let (mut front, address) = proxy.start(folder.path(), [first, second]).await?;
    let mut clients = Clients::start(address, 0, 0);
    clients.post(POSTERS);
    let mut ends = Vec::new();
    for time in 0..times {
        tokio::time::sleep(PAUSE).await;
        let (process, address) = if time % 2 == 0 { (&mut one, first) } else { (&mut two, second) };
        let began = Instant::now();
        stop(process).await?;
        ends.push(began.elapsed());
        (*process, _) = start(Socket::At(address), None).await?;
    }
    tokio::time::sleep(PAUSE).await;
    let seen = std::mem::take(&mut *clients.seen());
    drop(clients);
    stop(&mut front).await.ok();
    stop(&mut one).await?;
    stop(&mut two).await?;
    println!(
        "{}: {times} restarts of one of two processes, {POSTERS} clients that send commands",
        proxy.name()
    );
    println!("  commands answered            {}", seen.answered.values().sum::<usize>());
    println!("  failed                       {}", seen.failed.len());
    println!("  slowest command              {:.0?}", seen.slowest);
    println!("  end of a process, longest    {:.0?}", ends.iter().max().ok_or("no restarts")?);
    for (reason, count) in reasons(&folder.path().join("nginx.log")) {
        println!("  {count:>6} times nginx says: {reason}");
    }
    for reason in seen.failed.iter().take(3) {
        println!("  FAILED: {reason}");
    }
    Ok(seen.failed.is_empty())
}

/// A folder into which the other user of nginx's workers may go.
fn folder() -> Result<TempDir> {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir()?;
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o711))?;
    Ok(folder)
}

/// How often nginx has logged each error.
fn reasons(log: &Path) -> BTreeMap<String, usize> {
    let mut reasons = BTreeMap::new();
    for line in std::fs::read_to_string(log).unwrap_or_default().lines() {
        let reason = line.split_once(": *").and_then(|(_, rest)| rest.split_once(' '));
        let reason = reason.map_or(line, |(_, reason)| reason);
        let reason = reason.split(", client").next().unwrap_or_default();
        *reasons.entry(reason.to_owned()).or_default() += 1;
    }
    reasons
}
