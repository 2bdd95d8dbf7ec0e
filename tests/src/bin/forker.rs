//! A process that forks as it is told: see `shmstore_tests::peer` for how it listens and answers.
//!
//! It has one thread, so that its children may do anything. `child <command>` hands a command on to the child of the
//! last fork, which obeys like its parent.
//!
//! # Safety
//!
//! Assumes that this process has one thread. Promises nothing.
#![allow(unsafe_code)]

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use nix::libc;
use shmstore::{CreateError, ReadOnly, Shared, Store};
use shmstore_tests::objects::{Position, Telemetry};
use shmstore_tests::sandbox;

/// Longer than any test: then a forgotten child ends by itself.
const ORPHAN_LIFE: Duration = Duration::from_secs(60);

struct Forker {
    store: Store,
    held: Vec<Shared<Telemetry>>,
    /// Handles for reading only.
    seen: Vec<ReadOnly<Telemetry>>,
    /// Where commands come from and answers go: standard input and output, or a socket of our parent's.
    parent: Option<BufReader<UnixStream>>,
    child: Option<BufReader<UnixStream>>,
}

fn main() {
    sandbox::enter();
    let path = std::env::args_os().nth(1).expect("the path of a store");
    let store = Store::open(path).expect("a store");
    let mut forker = Forker { store, held: Vec::new(), seen: Vec::new(), parent: None, child: None };
    forker.serve(None);
}

impl Forker {
    /// Obeys until there are no more commands, or until `return` in an init closure.
    fn serve(&mut self, new: Option<&Telemetry>) {
        while let Some(line) = self.next_command() {
            if line == "return" {
                return;
            }
            let answer = self.obey(&line, new);
            self.answer(&answer);
        }
    }

    fn next_command(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = match &mut self.parent {
            Some(parent) => parent.read_line(&mut line),
            None => io::stdin().lock().read_line(&mut line),
        };
        if read.is_ok_and(|len| len > 0) {
            return Some(line.trim_end().to_owned());
        }
        if self.parent.is_some() {
            // The parent has ended. This is the time to see what its child still holds.
            thread::sleep(ORPHAN_LIFE);
        }
        None
    }

    fn answer(&mut self, answer: &str) {
        match &mut self.parent {
            Some(parent) => writeln!(parent.get_mut(), "{answer}").expect("a parent that listens"),
            None => println!("{answer}"),
        }
    }

    fn obey(&mut self, line: &str, new: Option<&Telemetry>) -> String {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        match command {
            // SAFETY: this process has one thread.
            "fork" => self.fork(|| unsafe { libc::fork() }),
            "clone" => self.fork(clone),
            "close_all" => close_all(),
            "few_files" => few_files(),
            "exec" => {
                // Before the next command is sent: this program would read it, and the next one would not.
                self.answer("ok");
                let arguments = std::env::args_os().skip(1);
                let error = Command::new(shmstore_tests::peer::program_beside("peer")).args(arguments).exec();
                format!("err Exec {error}")
            }
            "end_main_thread" => self.end_main_thread(),
            "child" => self.ask_child(rest),
            "create" => match self.store.create() {
                Ok(held) => self.hold(held),
                Err(error) => refused(&error),
            },
            "attach" => match self.store.attach() {
                Ok(held) => self.hold(held),
                Err(error) => format!("err {error}"),
            },
            "see" => match self.store.attach_read_only() {
                Ok(seen) => {
                    self.seen.push(seen);
                    "ok".into()
                }
                Err(error) => format!("err {error}"),
            },
            "seen" => match self.seen.last() {
                Some(seen) => format!("ok {} {}", seen.frames.load(SeqCst), seen.position.version()),
                None => "err Nothing is seen".into(),
            },
            "look_away" => {
                self.seen.pop();
                "ok".into()
            }
            "create_serving" => {
                let store = self.store.clone();
                let created = store.create_with(|new: &Telemetry| {
                    self.answer("ok in init");
                    self.serve(Some(new));
                });
                match created {
                    Ok(held) => self.hold(held),
                    Err(error) => refused(&error),
                }
            }
            "drop" => {
                self.held.pop();
                "ok".into()
            }
            "exit" => std::process::exit(0),
            _ => match new.or(self.held.last().map(|held| &**held)) {
                Some(object) => match catch_unwind(AssertUnwindSafe(|| self.use_object(command, object))) {
                    Ok(answer) => answer,
                    Err(panic) => format!("err Panic {}", panic.downcast_ref::<String>().expect("a text")),
                },
                None => "err Nothing is attached".into(),
            },
        }
    }

    fn hold(&mut self, held: Shared<Telemetry>) -> String {
        self.held.push(held);
        "ok".into()
    }

    fn use_object(&self, command: &str, object: &Telemetry) -> String {
        match command {
            "frames" => format!("ok {}", object.frames.load(SeqCst)),
            "add" => format!("ok {}", object.frames.fetch_add(1, SeqCst)),
            "serve_in_update" => {
                object.position.update(|_| {
                    println!("ok in update");
                    let _ = io::stdin().lock().read_line(&mut String::new());
                });
                "ok".into()
            }
            "store" => {
                object.position.store(Position { x: 1.0, y: 1.0, z: 1.0 });
                format!("ok {}", object.position.version())
            }
            "fork_in_update" => {
                let mut child = 0;
                object.position.update(|position| {
                    // SAFETY: this process has one thread. The child does nothing here but end.
                    child = unsafe { libc::fork() };
                    if child == 0 {
                        std::process::exit(0);
                    }
                    position.x += 1.0;
                });
                format!("ok {child}")
            }
            other => format!("err BadCommand {other}"),
        }
    }

    fn fork(&mut self, fork: fn() -> libc::pid_t) -> String {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        match fork() {
            -1 => "err Fork".into(),
            0 => {
                drop(ours);
                *self = Self { parent: Some(BufReader::new(theirs)), child: None, ..self.take() };
                // Said to the parent, which has it pass for its own answer.
                format!("ok {}", std::process::id())
            }
            _ => {
                self.child = Some(BufReader::new(ours));
                self.child_answer()
            }
        }
    }

    /// Goes on in another thread, and ends the first one: for the kernel a process with a dead leader.
    fn end_main_thread(&mut self) -> String {
        let mut ours = self.take();
        thread::spawn(move || {
            ours.answer("ok");
            ours.serve(None);
            std::process::exit(0);
        });
        // SAFETY: ends this thread, of which the other one uses nothing.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
        unreachable!("the thread has ended");
    }

    fn take(&mut self) -> Self {
        let (held, seen) = (std::mem::take(&mut self.held), std::mem::take(&mut self.seen));
        Self { store: self.store.clone(), held, seen, parent: None, child: None }
    }

    fn ask_child(&mut self, command: &str) -> String {
        let child = self.child.as_mut().expect("a child");
        writeln!(child.get_mut(), "{command}").expect("a child that listens");
        self.child_answer()
    }

    fn child_answer(&mut self) -> String {
        let mut line = String::new();
        let read = self.child.as_mut().expect("a child").read_line(&mut line);
        if read.is_ok_and(|len| len > 0) { line.trim_end().into() } else { "ok ended".into() }
    }
}

/// A `fork` past the C library, which runs no handlers.
fn clone() -> libc::pid_t {
    // SAFETY: this process has one thread; without a stack the child goes on as one of `fork` does.
    unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) as libc::pid_t }
}

/// Closes all but standard input, output and error.
fn close_all() -> String {
    // SAFETY: in this program only shmstore has other files, and that is what is to be tried.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
    if closed == 0 { "ok".into() } else { "err Close".into() }
}

/// Allows no file more than those that are open.
fn few_files() -> String {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: reads an `rlimit`, alive during the call.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const none) };
    if set == 0 { "ok".into() } else { "err Limit".into() }
}

fn refused(error: &CreateError) -> String {
    let variant = match error {
        CreateError::ForkedInInit { .. } => "ForkedInInit",
        _ => "Other",
    };
    format!("err {variant} {error}")
}
