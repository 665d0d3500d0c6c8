//! A server in a process of its own: this program starts itself again, for the one test that serves.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use stario::App;

/// Set where this process is to be the server. Unknown variables that begin with `STARIO_` are warned of.
const SERVER: &str = "TEST_SERVER";

pub(crate) fn is_server() -> bool {
    std::env::var_os(SERVER).is_some()
}

/// Serves as `main` would.
pub(crate) fn serve(app: App) -> stario::Result {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(app.serve())
}

/// Ends the process as `main` does that returns `ended`.
pub(crate) fn exit(ended: stario::Result) -> ! {
    std::process::exit(match ended {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("Error: {error:?}");
            1
        }
    });
}

/// The command that makes `test` the server, after a shell's `prelude`. Both outputs are piped.
pub(crate) fn command(test: &str, prelude: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new("sh");
    // The server says at start when it raises the limit of files.
    let limit = "ulimit -Sn \"$(ulimit -Hn)\";";
    command
        .arg("-c")
        .arg(format!("{limit} {prelude} exec \"$0\" \"$@\""))
        .arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(SERVER, "1");
    // A test that wants more than users see says so.
    command.env("STARIO_DEV", "0");
    command.env_remove("RUST_LOG").env_remove("STARIO_LOG_FORMAT").envs(variables.iter().copied());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A server's process, which is killed when this is dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    output: BufReader<ChildStdout>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// The next address that it prints.
    pub(crate) fn address(&mut self) -> String {
        let line = self.until_printed("listening on ");
        line.trim().split_once("listening on ").unwrap().1.to_owned()
    }

    /// Waits for a line that contains `text`, and returns it. The list of routes is among the lines.
    pub(crate) fn until_printed(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server has ended without {text:?}");
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Sends it a signal, such as `-TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Waits until it stands still, after `-STOP`. There is no event for it.
    pub(crate) fn until_suspended(&self) {
        let id = self.child.id().to_string();
        let state = || Command::new("ps").args(["-o", "state=", "-p", &id]).output().unwrap().stdout;
        while !state().starts_with(b"T") {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    /// Waits for a line of its log that contains `text`, and returns the log until then. [`ended`](Self::ended) has the rest.
    pub(crate) fn until_logged(&mut self, text: &str) -> String {
        let errors = self.child.stderr.as_mut().unwrap();
        let (mut log, mut byte) = (Vec::new(), [0]);
        // Byte by byte, so that nothing is read that `ended` should find.
        while !(byte == *b"\n" && String::from_utf8_lossy(&log).contains(text)) {
            errors.read_exact(&mut byte).expect("the server has ended without it");
            log.extend(byte);
        }
        String::from_utf8(log).unwrap()
    }

    /// Waits for its end: the status, what it printed that no test has read, and its log.
    pub(crate) fn ended(mut self) -> (ExitStatus, String, String) {
        let (mut output, mut log) = (String::new(), String::new());
        self.output.read_to_string(&mut output).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap(), output, log)
    }
}
