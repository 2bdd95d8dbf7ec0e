//! A server in a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::client::{Answer, Request};
use crate::scratch::until;

pub(crate) struct Server {
    child: Child,
    /// `http://127.0.0.1:9464/`, as the server has printed it.
    pub(crate) shown: String,
}

/// Ends the process also if the test fails.
impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_shmstore"));
    program.stdin(Stdio::null());
    program
}

/// Serves the objects below a path, on any free port.
pub(crate) fn serve(path: &Path, options: &[&str]) -> Server {
    let mut program = program();
    program.args(["serve", "--listen", "127.0.0.1:0"]).args(options).arg(path);
    started(program)
}

/// Waits until a server has printed its address.
pub(crate) fn started(mut program: Command) -> Server {
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut line = String::new();
    let read = BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line);
    read.expect("text");
    let shown = line.trim_end().strip_prefix("serving ").map(str::to_owned);
    let server = Server { shown: shown.clone().unwrap_or_default(), child };
    if shown.is_none() {
        let mut server = server;
        let mut error = String::new();
        drop(server.child.stderr.take().expect("a pipe").read_to_string(&mut error));
        panic!("no server: {line:?} {error}");
    }
    server
}

impl Server {
    /// `127.0.0.1:9464`
    pub(crate) fn address(&self) -> &str {
        let rest = self.shown.strip_prefix("http://").expect("a TCP server");
        rest.split('/').next().expect("an address")
    }

    /// The token, if it was printed.
    pub(crate) fn token(&self) -> &str {
        self.shown.split_once("#token=").expect("a token").1
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        Request::get(path).to(self.address())
    }

    pub(crate) fn request(&self, request: Request) -> Answer {
        request.to(self.address())
    }

    /// Sends a signal, and waits for the end.
    pub(crate) fn end_by(mut self, signal: Signal) -> ExitStatus {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("it runs");
        until("the end of the server", || self.child.try_wait().expect("our child"))
    }
}
