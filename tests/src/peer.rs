//! Real processes that use the store as they are told: a line in, a line out.
//!
//! The program `actor` plays a role. In most of them it reads a command a line from its standard input, and answers each
//! with a line: `ok …` or `err …` (the name of the error's variant and its text, newlines as `␤`).

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{self, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use crate::holder::{is_in_state, wait_until_state};
use crate::wait::{self, DEADLINE};

/// A process that answers; killed and reaped when dropped.
pub struct Peer {
    child: process::Child,
    input: ChildStdin,
    answers: Receiver<String>,
}

/// Where a program of this crate is: built with the tests, next to them.
pub fn program_named(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a path of our own");
    let directory = test.ancestors().nth(2).expect("tests are built two levels below the target directory's profile");
    directory.join(name)
}

/// The command that starts the program `actor` in a role. What the role is told by arguments is still to be added.
pub fn actor(role: &str) -> Command {
    let [program, role] = actor_words(role);
    let mut command = Command::new(program);
    command.arg(role);
    command
}

/// The words of that command, for one that starts it through another program.
pub fn actor_words(role: &str) -> [OsString; 2] {
    [program_named("actor").into(), role.into()]
}

impl Peer {
    /// Starts a peer on the store at `path`.
    pub fn start(path: &Path) -> Self {
        Self::spawn(actor("peer").arg(path))
    }

    /// Starts a peer that dies (`kill`) or stops (`stop`) at a step: see [`shmstore::STEPS`].
    pub fn start_with_failpoint(path: &Path, step: &str, action: &str) -> Self {
        let failpoint = format!("{step}={action}");
        Self::spawn(actor("peer").arg(path).env("SHMSTORE_FAILPOINT", failpoint))
    }

    /// Starts a peer that makes the object, with 7 frames.
    #[track_caller]
    pub fn creator(path: &Path) -> Self {
        let mut peer = Self::start(path);
        assert_eq!(peer.expect_ok("create 7"), "created");
        peer
    }

    /// Starts a peer that a command leads to a step, and waits until it has stopped there.
    #[track_caller]
    pub fn stopped_at(path: &Path, step: &str, command: &str) -> Self {
        let mut peer = Self::start_with_failpoint(path, step, "stop");
        peer.tell(command);
        peer.wait_until_stopped();
        peer
    }

    /// Starts a peer that a command leads to a step, and waits until it has died there.
    #[track_caller]
    pub fn killed_at(path: &Path, step: &str, command: &str) {
        let mut peer = Self::start_with_failpoint(path, step, "kill");
        peer.tell(command);
        peer.wait_until_killed();
    }

    /// Starts a peer with environment variables: see the program for those it knows.
    pub fn start_with(path: &Path, environment: &[(&str, &str)]) -> Self {
        Self::spawn(actor("peer").arg(path).envs(environment.iter().copied()))
    }

    /// Starts a peer by a command of the caller's, for example through `setpriv` or `unshare`.
    pub fn spawn(command: &mut Command) -> Self {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, answers) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, input, answers }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn tell(&mut self, command: &str) {
        // One that was killed does not listen any more; whoever expects an answer will notice.
        let _ = writeln!(self.input, "{command}").and_then(|()| self.input.flush());
    }

    #[track_caller]
    pub fn answer(&mut self) -> String {
        let pid = self.pid();
        self.answers.recv_timeout(DEADLINE).unwrap_or_else(|error| panic!("peer {pid} does not answer: {error}"))
    }

    /// Has one that stops at a step go on until it answers: it may come there more than once.
    #[track_caller]
    pub fn answer_after_stops(&mut self) -> String {
        wait::until("a peer that stops to answer", || {
            self.signal("CONT");
            self.answers.try_recv().ok()
        })
    }

    /// What it has answered, if it has.
    pub fn try_answer(&mut self) -> Option<String> {
        self.answers.try_recv().ok()
    }

    pub fn is_stopped(&self) -> bool {
        is_in_state(self.pid(), 'T')
    }

    /// What it answers; `None` if it is killed by a failpoint before.
    #[track_caller]
    pub fn outcome(&mut self) -> Option<String> {
        match self.answers.recv_timeout(DEADLINE) {
            Err(RecvTimeoutError::Timeout) => panic!("peer {} does not answer", self.pid()),
            Err(RecvTimeoutError::Disconnected) => {
                self.wait_until_killed();
                None
            }
            Ok(answer) => Some(answer),
        }
    }

    #[track_caller]
    pub fn ask(&mut self, command: &str) -> String {
        self.tell(command);
        self.answer()
    }

    /// Tells it something that must succeed; returns what it answers after `ok`.
    #[track_caller]
    pub fn expect_ok(&mut self, command: &str) -> String {
        let answer = self.ask(command);
        let rest = answer.strip_prefix("ok").unwrap_or_else(|| panic!("`{command}` was answered: {answer}"));
        rest.trim_start().to_owned()
    }

    /// Tells it something that must fail with the error variant of this name; returns the message.
    #[track_caller]
    pub fn expect_err(&mut self, command: &str, variant: &str) -> String {
        let answer = self.ask(command);
        let found = answer.strip_prefix("err ").unwrap_or_else(|| panic!("`{command}` was answered: {answer}"));
        let (name, message) = found.split_once(' ').unwrap_or((found, ""));
        assert_eq!(name, variant, "`{command}` was answered: {answer}");
        message.to_owned()
    }

    pub fn kill(&mut self) -> ExitStatus {
        // An error means that it has ended by itself.
        let _ = self.child.kill();
        self.child.wait().expect("our own child")
    }

    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let Self { child, .. } = self;
        wait::until("a peer to end", || child.try_wait().expect("our own child"))
    }

    /// Waits until it has died by SIGKILL, as a failpoint kills it.
    #[track_caller]
    pub fn wait_until_killed(&mut self) {
        const SIGKILL: i32 = 9;
        let status = self.wait();
        assert_eq!(status.signal(), Some(SIGKILL), "peer {} ended otherwise: {status}", self.pid());
    }

    /// Waits until it sleeps between two looks at something that others are to change. (When it waits for a command, it
    /// reads.)
    #[track_caller]
    pub fn wait_until_polling(&self) {
        let waits_in = format!("/proc/{}/wchan", self.pid());
        wait::until_true("a peer to poll", || {
            std::fs::read_to_string(&waits_in).is_ok_and(|function| function.contains("nanosleep"))
        });
    }

    #[track_caller]
    pub fn wait_until_stopped(&mut self) {
        self.wait_for_state('T');
    }

    /// Kills it, and waits until it is dead: but leaves its corpse unreaped.
    #[track_caller]
    pub fn kill_without_reaping(&mut self) {
        self.signal("KILL");
        self.wait_for_state('Z');
    }

    /// Waits until the kernel says that its first thread is in a state, by its letter.
    #[track_caller]
    pub fn wait_for_state(&self, state: char) {
        wait_until_state(self.pid(), state);
    }

    pub fn signal(&self, name: impl AsRef<OsStr>) {
        signal(self.pid(), name);
    }
}

/// Sends a process a signal by name.
#[track_caller]
pub fn signal(pid: u32, name: impl AsRef<OsStr>) {
    let sent = Command::new("kill").arg("-s").arg(name).arg(pid.to_string()).status();
    assert!(sent.expect("`kill` of procps").success());
}

/// How many times a process has a file open.
pub fn times_open(pid: u32, path: &Path) -> usize {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("a process").flatten();
    open.filter(|fd| std::fs::read_link(fd.path()).is_ok_and(|target| target == path)).count()
}

/// A forked child of a peer, which is killed with its test, also if its parent is dead.
pub struct Child(pub u32);

impl Child {
    #[track_caller]
    pub fn fork(parent: &mut Peer) -> Self {
        Self::of(parent, "fork")
    }

    /// Has a peer make a child by a command.
    #[track_caller]
    pub fn of(parent: &mut Peer, command: &str) -> Self {
        Self(parent.expect_ok(command).parse().expect("a pid"))
    }

    /// Kills it, and waits until it is dead. Its parent may reap it or not.
    #[track_caller]
    pub fn kill(&self) {
        self.signal_death();
        let is_gone = || !Path::new("/proc").join(self.0.to_string()).exists();
        wait::until_true("the death of a child", || is_in_state(self.0, 'Z') || is_gone());
    }

    fn signal_death(&self) {
        // An error means that it has ended already.
        drop(Command::new("kill").args(["-s", "KILL", &self.0.to_string()]).output());
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.signal_death();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
    }
}
