//! The files in `deploy` and the script `cluster`, with the programs that they are for: nginx, `HAProxy`, systemd and bash. Only addresses, ports and
//! certificates are others. Clients are `curl`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use broker::Broker;
use stario_sqlite::{SqlitePool, sqlx};
use tempfile::TempDir;

#[path = "../../../stario-nats/tests/support/broker.rs"]
mod broker;

/// How long anything may take on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(30);

/// With how many pairs of ports a proxy is started at most.
const TRIES: usize = 5;

const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../stario/tests/tls/first.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../stario/tests/tls/first.key");

/// A program that is ended with the test.
struct Program {
    process: Child,
    /// The lines of its standard output.
    lines: Receiver<String>,
}

impl Program {
    fn start(command: &mut Command) -> Self {
        // Debian has servers where only root looks for programs.
        let path = format!("{}:/usr/sbin:/usr/local/sbin", std::env::var("PATH").unwrap_or_default());
        let name = command.get_program().to_owned();
        let started = command.env("PATH", path).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut process = started.unwrap_or_else(|error| {
            panic!("these tests start {}, which fails: {error}", name.display());
        });
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { process, lines }
    }

    /// Waits for a line with this text, and returns what follows it there.
    #[track_caller]
    fn wait_for(&self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        let mut seen = String::new();
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if let Some((_, found)) = line.split_once(text) {
                return found.to_owned();
            }
            seen = format!("{seen}{line}\n");
        }
        panic!("`{text}` does not come; what came is:\n{seen}");
    }

    /// Asks the program to end.
    fn stop(&self) {
        self.signal("TERM");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name]).arg(self.process.id().to_string()).status();
        assert!(status.unwrap().success(), "it has ended");
    }

    /// Suspends a process of the app while it holds no lock of the database, until [`resume`](Self::resume).
    #[track_caller]
    fn suspend(&self, folder: &Path) {
        let until = Instant::now() + PATIENCE;
        loop {
            self.signal("STOP");
            // There is no event for it.
            while !self.is_suspended() {
                assert!(Instant::now() < until, "the process is not suspended");
                std::thread::sleep(Duration::from_millis(1));
            }
            if can_write(folder) {
                return;
            }
            self.resume();
            assert!(Instant::now() < until, "the database is locked each time the process is suspended");
        }
    }

    fn resume(&self) {
        self.signal("CONT");
    }

    fn is_suspended(&self) -> bool {
        let state =
            Command::new("ps").args(["-o", "state=", "-p"]).arg(self.process.id().to_string()).output();
        state.unwrap().stdout.starts_with(b"T")
    }

    fn is_running(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// Waits until it has ended, which is when its standard output is closed.
    #[track_caller]
    fn ended(mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        while self.lines.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok() {}
        assert!(Instant::now() < until, "it does not end");
        self.process.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.is_running() {
            // The children of nginx and of the script would survive a SIGKILL.
            Command::new("kill").arg(self.process.id().to_string()).status().ok();
            while self.lines.recv_timeout(Duration::from_secs(10)).is_ok() {}
        }
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A folder into which the other user of nginx's workers may go.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o711)).unwrap();
    folder
}

/// A port that is free now, for a program that takes no 0. Another program may take it first.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// One process of the app, with the database in this folder, and its port.
fn node(folder: &Path, nats: Option<&Broker>) -> (Program, u16) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rooms"));
    command
        .env("STARIO_PORT", "0")
        .env("STARIO_DEV", "0")
        .env("DATABASE_URL", folder.join("rooms.db"))
        .env_remove("NATS_URL");
    if let Some(nats) = nats {
        command.env("NATS_URL", nats.url());
    }
    let node = Program::start(&mut command);
    let port = node.wait_for("listening on http://127.0.0.1:").parse().unwrap();
    (node, port)
}

#[derive(Debug, Clone, Copy)]
enum Proxy {
    Nginx,
    Haproxy,
}

impl Proxy {
    /// Starts it with the file of the deploy, in front of these ports. Where another program has taken a port of its own, it is started with others.
    #[track_caller]
    fn start(self, folder: &Path, nodes: &[u16]) -> Site {
        let (until, errors) = (Instant::now() + PATIENCE, folder.join("proxy.errors"));
        for _ in 0..TRIES {
            let [plain, secure] = [free_port(), free_port()];
            let mut command = self.command(folder, nodes, [plain, secure]);
            let mut program = Program::start(command.stderr(File::create(&errors).unwrap()));
            let said = || std::fs::read_to_string(&errors).unwrap();
            let is_port_taken = || said().contains("Address already in use");
            // Neither nginx nor HAProxy says when it listens, so there is no event to wait for.
            let listens =
                || [plain, secure].iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok());
            while program.is_running() && !is_port_taken() {
                // nginx goes on for a while, and listens at its other port meanwhile.
                if listens() && !is_port_taken() {
                    return Site { _program: program, plain, secure };
                }
                assert!(Instant::now() < until, "{self:?} does not listen:\n{}", said());
                std::thread::sleep(Duration::from_millis(20));
            }
            assert!(is_port_taken(), "{self:?} does not start:\n{}", said());
        }
        panic!("{self:?} has found its ports taken {TRIES} times");
    }

    fn command(self, folder: &Path, nodes: &[u16], [plain, secure]: [u16; 2]) -> Command {
        let nodes = nodes.iter().cycle().map(|port| format!("127.0.0.1:{port}"));
        match self {
            Self::Nginx => {
                let mut site = replaced(&nginx_site(), "listen 80;", &format!("listen 127.0.0.1:{plain};"));
                site = replaced(&site, "listen 443 ", &format!("listen 127.0.0.1:{secure} "));
                for (number, node) in (1..=3).zip(nodes) {
                    site = replaced(&site, &format!("127.0.0.1:810{number}"), &node);
                }
                nginx(folder, &site)
            }
            Self::Haproxy => {
                let mut config =
                    replaced(&haproxy_config(folder), "bind :8080", &format!("bind 127.0.0.1:{plain}"));
                config = replaced(&config, "bind :8443", &format!("bind 127.0.0.1:{secure}"));
                config = replaced(&config, " port 9000", "");
                config = replaced(&config, " resolvers docker init-addr last,libc,none", "");
                for (number, node) in (1..=3).zip(nodes) {
                    config = replaced(&config, &format!(" rooms-{number}:8000"), &format!(" {node}"));
                }
                haproxy(folder, &config)
            }
        }
    }
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "`{from}` is not in the file");
    text.replace(from, to)
}

/// The site of the deploy, with the certificate of the tests.
fn nginx_site() -> String {
    let site = replaced(include_str!("../deploy/nginx.conf"), "/etc/ssl/rooms/fullchain.pem", CERTIFICATE);
    replaced(&site, "/etc/ssl/rooms/privkey.pem", KEY)
}

/// An nginx in the foreground, with all of its files in the folder.
fn nginx(folder: &Path, site: &str) -> Command {
    let file = |name: &str| folder.join(name).display().to_string();
    std::fs::write(file("site.conf"), site).unwrap();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {};\n", file(name)))
        .concat();
    let config = format!(
        "daemon off;\npid {};\nerror_log {};\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}include {};\n}}\n",
        file("nginx.pid"),
        file("nginx.log"),
        file("site.conf")
    );
    std::fs::write(file("nginx.conf"), config).unwrap();
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).arg("-c").arg(file("nginx.conf"));
    command
}

/// The configuration of the deploy, with the certificate of the tests.
fn haproxy_config(folder: &Path) -> String {
    let certificate = folder.join("rooms.pem");
    let both = [CERTIFICATE, KEY].map(|file| std::fs::read_to_string(file).unwrap()).concat();
    std::fs::write(&certificate, both).unwrap();
    let config = include_str!("../deploy/haproxy.cfg");
    replaced(config, "/usr/local/etc/haproxy/rooms.pem", &certificate.display().to_string())
}

fn haproxy(folder: &Path, config: &str) -> Command {
    let file = folder.join("haproxy.cfg");
    std::fs::write(&file, config).unwrap();
    let mut command = Command::new("haproxy");
    command.arg("-f").arg(file);
    command
}

/// A proxy that runs.
struct Site {
    _program: Program,
    /// The port for HTTP, and that for HTTPS.
    plain: u16,
    secure: u16,
}

impl Site {
    fn url(&self) -> String {
        format!("https://localhost:{}", self.secure)
    }
}

/// A browser of its own.
struct Visitor {
    url: String,
    cookies: PathBuf,
    /// An option of `curl`: the version of HTTP.
    version: &'static str,
}

impl Visitor {
    /// Goes through the door into the room.
    #[track_caller]
    fn enter(folder: &Path, url: String, version: &'static str, name: &str) -> Self {
        let visitor = Self { url, cookies: folder.join(format!("{name}.cookies")), version };
        let name_field = format!("name={name}");
        let room = visitor.run("", &["--location", "--data", &name_field, "--data", "room=tea"]);
        assert!(room.contains(&format!("You are {name}")), "{room}");
        visitor
    }

    fn curl(&self, path: &str, options: &[&str]) -> Command {
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--insecure", "--no-buffer", self.version])
            .args(["--noproxy", "*", "--cookie"])
            .arg(&self.cookies)
            .arg("--cookie-jar")
            .arg(&self.cookies)
            .args(options)
            .arg(format!("{}/{path}", self.url));
        command
    }

    /// Sends a request and returns the body of its answer. It panics if that takes longer than [`PATIENCE`].
    #[track_caller]
    fn run(&self, path: &str, options: &[&str]) -> String {
        let patience = PATIENCE.as_secs().to_string();
        let output = self.curl(path, &[&["--max-time", &patience], options].concat()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Says something, as the page does.
    #[track_caller]
    fn say(&self, text: &str) -> String {
        let signals = format!(r#"{{"text": "{text}", "shown": 0}}"#);
        self.run("rooms/tea", &["--json", &signals, "--header", "datastar-request: true"])
    }

    /// Opens the stream of the room's page.
    fn open(&self) -> Program {
        let signals = ["--get", "--data-urlencode", r#"datastar={"shown":0}"#];
        Program::start(&mut self.curl("rooms/tea/live", &signals))
    }
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text)).concat()
}

#[track_caller]
fn check(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

#[test]
fn the_programs_take_the_files_of_the_deploy() {
    let folder = folder();
    let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
    check(nginx(folder.path(), &nginx_site()).arg("-t").env("PATH", &path));
    check(haproxy(folder.path(), &haproxy_config(folder.path())).arg("-c").env("PATH", &path));
    // Containers and small systems have no systemd.
    if Command::new("systemd-analyze").arg("--version").output().is_ok() {
        let unit = include_str!("../deploy/rooms@.service");
        let unit = replaced(unit, "/usr/local/bin/rooms", env!("CARGO_BIN_EXE_rooms"));
        let file = folder.path().join("rooms@1.service");
        std::fs::write(&file, unit).unwrap();
        // It succeeds where it ignores what it does not know.
        assert_eq!(check(Command::new("systemd-analyze").arg("verify").arg(file)), "");
    }
}

#[test]
fn who_closes_a_page_behind_a_proxy_has_left_within_two_seconds() {
    for (proxy, version) in [
        (Proxy::Nginx, "--http1.1"),
        (Proxy::Nginx, "--http2"),
        (Proxy::Haproxy, "--http1.1"),
        (Proxy::Haproxy, "--http2"),
    ] {
        let folder = folder();
        let (_node, port) = node(folder.path(), None);
        let site = proxy.start(folder.path(), &[port]);
        let [ada, grace] =
            ["Ada", "Grace"].map(|name| Visitor::enter(folder.path(), site.url(), version, name));
        let ada = ada.open();
        ada.wait_for("<li>Ada</li></ul>");
        // The quickest of some times counts, because the machine may be busy with other things.
        let mut quickest = Duration::MAX;
        for _ in 0..8 {
            let grace = grace.open();
            ada.wait_for("<li>Ada</li><li>Grace</li></ul>");
            let closed = Instant::now();
            drop(grace);
            ada.wait_for("<ul id=\"people\"><li>Ada</li></ul>");
            quickest = quickest.min(closed.elapsed());
            if quickest < Duration::from_secs(2) {
                break;
            }
        }
        assert!(quickest < Duration::from_secs(2), "{proxy:?} {version}: {quickest:?}");
    }
}

#[test]
fn who_comes_by_plain_http_is_led_to_https() {
    for proxy in [Proxy::Nginx, Proxy::Haproxy] {
        let folder = folder();
        let site = proxy.start(folder.path(), &[free_port()]);
        let (url, cookies) = (format!("http://localhost:{}", site.plain), folder.path().join("cookies"));
        let visitor = Visitor { url, cookies, version: "--http1.1" };
        let led = visitor.run("rooms/tea", &["--write-out", "%{redirect_url}", "--output", "/dev/null"]);
        assert!(led.starts_with("https://localhost") && led.ends_with("/rooms/tea"), "{proxy:?}: {led}");
    }
}

/// Runs this with the database in the folder.
fn with_database<T>(folder: &Path, run: impl AsyncFnOnce(&SqlitePool) -> T) -> T {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let database = folder.join("rooms.db").display().to_string();
        let db = stario_sqlite::open(database).await.unwrap();
        let result = run(&db).await;
        db.close().await;
        result
    })
}

/// Whether no process keeps others from writing.
fn can_write(folder: &Path) -> bool {
    with_database(folder, async |db| db.begin_with("BEGIN IMMEDIATE").await.is_ok())
}

/// Makes each line of an import take a while.
fn slow_down_imports(folder: &Path) {
    with_database(folder, async |db| {
        let trigger = "CREATE TRIGGER slow AFTER INSERT ON message WHEN NEW.source IS NOT NULL BEGIN
            UPDATE message SET author = author WHERE id = NEW.id AND 0 = (
                WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 60000) SELECT count(*) FROM number);
            END";
        sqlx::query(trigger).execute(db).await.unwrap();
    });
}

#[test]
fn while_an_import_keeps_a_process_from_ending_the_other_one_answers() {
    const LINES: usize = 60;
    for proxy in [Proxy::Nginx, Proxy::Haproxy] {
        let (one, two, broker) = (folder(), folder(), Broker::start());
        let (mut first, first_port) = node(one.path(), Some(&broker));
        let (second, second_port) = node(one.path(), Some(&broker));
        let ports = [first_port, second_port];
        slow_down_imports(one.path());
        let alone = proxy.start(one.path(), &ports[..1]);
        let mut ada = Visitor::enter(one.path(), alone.url(), "--http2", "Ada");
        let stream = ada.open();
        stream.wait_for("<ul id=\"people\">");

        let lines: Vec<_> = (1..=LINES).map(|number| format!("line {number}.")).collect();
        let file = one.path().join("lines.txt");
        std::fs::write(&file, lines.join("\n")).unwrap();
        let part = format!("lines=@{};type=text/plain", file.display());
        // Both look for imports. The second one is suspended until the first has begun this one.
        second.suspend(one.path());
        ada.run("rooms/tea/import", &["--form", &part]);
        stream.wait_for(" line 1.</li>");
        second.resume();
        // The proxy checks its nodes: begun before, it would have found the second one away.
        let both = proxy.start(two.path(), &ports);
        ada.url = both.url();
        first.stop();
        stream.ended();
        assert!(first.is_running(), "the import is too short to show anything");
        for _ in 0..3 {
            let page = ada.run("rooms/tea", &[]);
            assert!(page.contains("You are Ada"), "{proxy:?}: {page}");
            let nothing = ada.say("");
            assert!(nothing.contains("Please say something"), "{proxy:?}: {nothing}");
        }
        let stream = ada.open();
        stream.wait_for(" line 1.</li>");
        stream.wait_for(&format!(" line {LINES}.</li>"));
        assert!(first.ended().success());
        let shown = ada.open().wait_for(r#"<ol id="messages""#);
        let numbers: Vec<_> =
            shown.split(" line ").skip(1).map(|text| text.split('.').next().unwrap()).collect();
        assert_eq!(numbers, (1..=LINES).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}

#[test]
fn the_script_starts_three_processes_and_ends_them() {
    let folder = folder();
    let port = free_port();
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/cluster"));
    command.arg(port.to_string()).env("ROOMS", env!("CARGO_BIN_EXE_rooms")).env("TMPDIR", folder.path());
    let script = Program::start(command.env("STARIO_DEV", "0"));
    let url = script.wait_for("three processes of rooms behind ");
    let (url, rest) = url.split_once(';').unwrap();
    let url = url.to_owned();
    let mut processes = rest.rsplit(' ').take_while(|word| word.parse::<u32>().is_ok());
    let [ada, grace, ben] =
        ["Ada", "Grace", "Ben"].map(|name| Visitor::enter(folder.path(), url.clone(), "--http1.1", name));
    let streams = [(&ada, "Ada"), (&grace, "Grace"), (&ben, "Ben")].map(|(visitor, name)| {
        let stream = visitor.open();
        stream.wait_for(&format!("<li>{name}</li></ul>"));
        stream
    });
    streams[0].wait_for("<li>Ada</li><li>Grace</li><li>Ben</li></ul>");
    ben.say("Hello");
    for stream in &streams {
        stream.wait_for("</b> Hello</li>");
    }
    // One that is killed is missed by nobody.
    check(Command::new("kill").args(["-9", processes.next().unwrap()]));
    assert_eq!(processes.count(), 2);
    for visitor in [&ada, &grace, &ben] {
        let answer = visitor.say("Still there");
        assert!(answer.contains(r#"{"text":""}"#), "{answer}");
    }
    script.stop();
    assert!(script.ended().success());
    let left = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| !name.display().to_string().ends_with(".cookies")).collect();
    assert!(left.is_empty(), "{left:?}");
}
