//! A PostgreSQL server of the test's own: in a temporary folder, on a free port of 127.0.0.1, gone with the test.
#![allow(dead_code, reason = "not each program uses all of it")]

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use stario_postgres::sqlx::{AssertSqlSafe, Connection as _, PgConnection, raw_sql};
use stario_postgres::{PgPool, open};

/// How long a test waits for a server.
const PATIENCE: Duration = Duration::from_mins(1);

/// With how many ports a server is started at most.
const TRIES: usize = 5;

/// Waits until the test has ended, however it has, and stops the server.
const JANITOR: &str = r#"cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid")
if grep -qs postgres "/proc/$pid/comm" && kill -QUIT "$pid"; then
  tries=0
  while [ -e "$1/data/postmaster.pid" ] && [ "$tries" -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
fi
cd / && rm -rf "$1""#;

pub(crate) struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    user: Option<User>,
    port: u16,
    server: Child,
    janitor: Child,
}

/// Who runs the server, where root may not.
#[derive(Clone, Copy)]
struct User {
    id: u32,
    group: u32,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        Self::made(None)
    }

    /// Starts a server with TLS: the files of its certificate and of the key.
    pub(crate) fn with_tls(certificate: &Path, key: &Path) -> Self {
        Self::made(Some((certificate, key)))
    }

    fn made(tls: Option<(&Path, &Path)>) -> Self {
        let (programs, user) = (programs(), user());
        let folder = tempfile::tempdir().expect("a temporary folder can be made").keep();
        chown(user, &folder);
        let data = folder.join("data");
        let options =
            ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync", "--pgdata"];
        let made = command(user, &folder, programs.join("initdb")).args(options).arg(&data).output();
        let made = made.expect("`initdb` runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        // The stores of many tests at once have more connections than the 100 of the default.
        let mut lines =
            "listen_addresses = '127.0.0.1'\nmax_connections = 400\nunix_socket_directories = ''\n"
                .to_owned();
        if let Some((certificate, key)) = tls {
            lines.push_str("ssl = on\n");
            for (from, name) in [(certificate, "server.crt"), (key, "server.key")] {
                let file = data.join(name);
                fs::copy(from, &file).expect("the file can be copied");
                // Others must not be able to read the key.
                fs::set_permissions(&file, fs::Permissions::from_mode(0o600))
                    .expect("its permissions can be set");
                chown(user, &file);
            }
        }
        // Another program may take a port that was free.
        let started = std::iter::repeat_with(free_port).take(TRIES).find_map(|port| {
            let lines = format!("{lines}port = {port}\n");
            fs::write(data.join("postgresql.auto.conf"), lines).expect("the settings can be written");
            serve(user, &folder, &programs).map(|server| (port, server))
        });
        let (port, server) = started.expect("a server starts");
        let janitor = command(user, &folder, "sh")
            .args(["-c", JANITOR, "sh"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`sh` runs");
        Self { folder, programs, user, port, server, janitor }
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A pool of connections, when the server takes them: it is starting.
    pub(crate) async fn pool(&self) -> PgPool {
        self.ready().await;
        open(self.url()).await.expect("the database can be opened")
    }

    /// Waits until the server takes connections.
    pub(crate) async fn ready(&self) {
        let begun = Instant::now();
        while let Err(error) = PgConnection::connect(&self.url()).await {
            assert!(begun.elapsed() < PATIENCE, "no database after {PATIENCE:?}: {error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// An empty database of the server.
    pub(crate) async fn database(&self, name: &str) -> PgPool {
        let pool = self.pool().await;
        raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&pool)
            .await
            .expect("a database can be made");
        open(format!("postgres://postgres@127.0.0.1:{}/{name}", self.port))
            .await
            .expect("the database can be opened")
    }

    /// Kills the server with all of its processes, as `kill -9` does, and waits until they are gone.
    pub(crate) fn kill(&mut self) {
        // One that it starts while they are listed would be missed, and would keep the next server from starting.
        let first = Pid::from_child(&self.server);
        kill_process(first, Signal::STOP).expect("the server can be stopped");
        let begun = Instant::now();
        while status(&first.as_raw_nonzero().to_string()).is_some_and(|(state, _)| state != "T") {
            assert!(begun.elapsed() < PATIENCE, "the server does not stop");
            std::thread::sleep(Duration::from_millis(1));
        }
        let processes = children_of(self.server.id());
        self.server.kill().expect("the server can be killed");
        for process in &processes {
            // It may have ended by itself, because it has seen that the first one is gone.
            let _ = kill_process(*process, Signal::KILL);
        }
        self.server.wait().expect("the server ends");
        let begun = Instant::now();
        while processes.iter().any(|process| is_running(*process)) {
            assert!(begun.elapsed() < PATIENCE, "a process of the database does not end");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Starts the server again after [`kill`](Self::kill).
    pub(crate) fn restart(&mut self) {
        // Another program may have its port for a moment.
        let mut tries = std::iter::repeat_with(|| serve(self.user, &self.folder, &self.programs)).take(TRIES);
        self.server = tries.find_map(|server| server).expect("a server starts");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.janitor.stdin.take());
        let _ = self.server.wait();
        let _ = self.janitor.wait();
    }
}

fn chown(user: Option<User>, file: &Path) {
    if let Some(user) = user {
        std::os::unix::fs::chown(file, Some(user.id), Some(user.group)).expect("the file can be given away");
    }
}

/// Starts a server, and waits until it takes connections. `None` if it ends.
fn serve(user: Option<User>, folder: &Path, programs: &Path) -> Option<Child> {
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("the log can be written");
    let mut server = command(user, folder, programs.join("postgres"))
        .arg("-D")
        .arg(folder.join("data"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("`postgres` runs");
    let begun = Instant::now();
    while server.try_wait().expect("its status can be read").is_none() {
        if is_ready(folder, server.id()) {
            return Some(server);
        }
        assert!(begun.elapsed() < PATIENCE, "the server does not start");
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}

/// Whether the file of the server's process says that it takes connections. One that was killed has left its own.
fn is_ready(folder: &Path, process: u32) -> bool {
    let file = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
    let lines: Vec<&str> = file.lines().map(str::trim).collect();
    lines.first() == Some(&process.to_string().as_str()) && lines.get(7) == Some(&"ready")
}

fn command(user: Option<User>, folder: &Path, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    // Another user may not be allowed to enter the folder of the test.
    command.current_dir(folder);
    if let Some(user) = user {
        command.uid(user.id).gid(user.group);
    }
    command
}

/// The folder of `initdb`: in the path, or where Debian has it, of the newest release.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian: Vec<PathBuf> = debian.map(|release| release.path().join("bin")).collect();
    let release = |folder: &PathBuf| folder.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    debian.sort_by_key(|folder| std::cmp::Reverse(release(folder)));
    let found = std::env::split_paths(&path).chain(debian).find(|folder| folder.join("initdb").is_file());
    found.expect(
        "these tests start a PostgreSQL server: install one, for example by `apt-get install postgresql`",
    )
}

/// The user `postgres`, if this process is that of root, whom PostgreSQL refuses.
fn user() -> Option<User> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let fields =
        users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == "postgres");
    let user = fields.and_then(|fields| {
        Some(User { id: fields.get(2)?.parse().ok()?, group: fields.get(3)?.parse().ok()? })
    });
    Some(user.expect("PostgreSQL refuses to be run by root, and there is no user `postgres`: make one, or run these tests as another user"))
}

fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    socket.expect("there is a free port").port()
}

/// What `/proc` says of a process: its state, and who started it.
fn status(process: &str) -> Option<(String, u32)> {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in front, in parentheses, may have spaces.
    let mut fields = status.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}

fn children_of(parent: u32) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| process.file_name().into_string().ok())
        .filter(|process| status(process).is_some_and(|(_, started_by)| started_by == parent))
        .filter_map(|process| Pid::from_raw(process.parse().ok()?))
        .collect()
}

fn is_running(process: Pid) -> bool {
    // Where nobody waits for it, a process that has ended stays as `Z`.
    status(&process.as_raw_nonzero().to_string()).is_some_and(|(state, _)| state != "Z")
}
