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
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use nix::libc;
use shmstore::{CreateError, ReadOnly, Shared, Store};
use shmstore_tests::objects::{Position, Telemetry};

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
            "fork" => self.fork(),
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
                Some(object) => self.use_object(command, object),
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

    fn fork(&mut self) -> String {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        // SAFETY: this process has one thread.
        match unsafe { libc::fork() } {
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

fn refused(error: &CreateError) -> String {
    let variant = match error {
        CreateError::ForkedInInit { .. } => "ForkedInInit",
        _ => "Other",
    };
    format!("err {variant} {error}")
}
