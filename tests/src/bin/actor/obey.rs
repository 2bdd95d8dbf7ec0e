//! The part that all obeying roles share: a command a line, an answer a line, and children that obey like their parents.
//!
//! Such a process has one thread, so that its children may do anything. `child <command>` hands a command on to the child
//! of the last fork, which has inherited whatever its parent held.
//!
//! # Safety
//!
//! Assumes that this process has one thread when it forks. Promises nothing.
#![allow(unsafe_code)]

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::thread;
use std::time::Duration;

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// A time longer than any test, after which a forgotten child ends by itself.
const ORPHAN_LIFE: Duration = Duration::from_secs(60);

/// The answer to a command: a text, or the name of an error and its text.
pub(crate) type Answer = Result<String, String>;

pub(crate) type Heir = Box<dyn FnOnce() -> Box<dyn Obey> + Send>;

pub(crate) trait Obey {
    /// Does what only this role knows.
    fn obey(&mut self, command: &str, rest: &str) -> Answer;

    fn line(&mut self) -> &mut Line;

    /// Returns what makes, in another thread, the role that goes on there when the first thread ends.
    fn heir(&mut self) -> Heir;
}

#[derive(Default)]
pub(crate) struct Line {
    /// A socket of the parent, in place of standard input and output.
    parent: Option<BufReader<UnixStream>>,
    child: Option<BufReader<UnixStream>>,
}

/// Obeys until there are no more commands, or until `return` in a closure.
pub(crate) fn serve(role: &mut dyn Obey) {
    while let Some(line) = role.line().next_command() {
        if line == "return" {
            return;
        }
        let (command, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = catch_unwind(AssertUnwindSafe(|| match command {
            // SAFETY: this process has one thread.
            "fork" => role.line().fork(|| unsafe { libc::fork() }),
            "clone" => role.line().fork(clone),
            "child" => role.line().ask_child(rest),
            "close_descriptors" => close_descriptors(),
            "few_files" => few_files(),
            "be_interrupted" => be_interrupted(),
            "end_leader" => end_leader(role),
            "exit" => std::process::exit(0),
            _ => role.obey(command, rest),
        }));
        role.line().answer(&answer.unwrap_or_else(|panic| {
            let literal = || panic.downcast_ref::<&str>().copied();
            Err(format!("Panicked {}", panic.downcast_ref().map(String::as_str).or_else(literal).unwrap_or("")))
        }));
    }
}

pub(crate) fn done(text: impl Display) -> Answer {
    Ok(text.to_string())
}

/// Becomes a new image of this program, which listens and answers where this one did.
pub(crate) fn exec(role: &str) -> Answer {
    let ourselves = std::env::current_exe().expect("a path of our own");
    Err(format!("Exec {}", Command::new(ourselves).arg(role).args(super::args()).exec()))
}

impl Line {
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

    pub(crate) fn answer(&mut self, answer: &Answer) {
        let line = match answer {
            Ok(text) => format!("ok {text}"),
            Err(text) => format!("err {text}"),
        };
        let line = line.replace('\n', "␤");
        match &mut self.parent {
            Some(parent) => writeln!(parent.get_mut(), "{line}").expect("a parent that listens"),
            None => println!("{line}"),
        }
    }

    fn fork(&mut self, fork: fn() -> libc::pid_t) -> Answer {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        match fork() {
            -1 => Err("Fork".into()),
            0 => {
                drop(ours);
                *self = Self { parent: Some(BufReader::new(theirs)), child: None };
                // This goes to the parent, which passes it on as its own answer.
                done(std::process::id())
            }
            _ => {
                self.child = Some(BufReader::new(ours));
                self.child_answer()
            }
        }
    }

    fn ask_child(&mut self, command: &str) -> Answer {
        let child = self.child.as_mut().expect("a child");
        writeln!(child.get_mut(), "{command}").expect("a child that listens");
        self.child_answer()
    }

    fn child_answer(&mut self) -> Answer {
        let mut line = String::new();
        let read = self.child.as_mut().expect("a child").read_line(&mut line);
        assert!(read.is_ok_and(|len| len > 0), "the child has ended");
        let (outcome, text) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        if outcome == "ok" { done(text) } else { Err(text.into()) }
    }
}

/// A `fork` past the C library, which runs no handlers.
fn clone() -> libc::pid_t {
    // SAFETY: this process has one thread; without a stack the child goes on as one of `fork` does.
    unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) as libc::pid_t }
}

/// Closes everything but standard input, output and error, as daemons do.
pub(crate) fn close_descriptors() -> Answer {
    // SAFETY: takes numbers only. What the descriptors were for is what the test asks.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
    if closed == 0 { done("") } else { Err("Closing".into()) }
}

/// Allows no file more than those that are open.
fn few_files() -> Answer {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: reads an `rlimit`, alive during the call.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const none) };
    if set == 0 { done("") } else { Err("Limit".into()) }
}

/// Has a signal come every millisecond from now on, whose handler does nothing: so no sleep of ours lasts longer.
fn be_interrupted() -> Answer {
    extern "C" fn nothing(_: i32) {}
    let action = SigAction::new(SigHandler::Handler(nothing), SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler does nothing, so it may run at any moment.
    unsafe { sigaction(Signal::SIGALRM, &action) }.map_err(|errno| errno.to_string())?;
    let millisecond = libc::timeval { tv_sec: 0, tv_usec: 1000 };
    let timer = libc::itimerval { it_interval: millisecond, it_value: millisecond };
    // SAFETY: reads an `itimerval`, alive during the call.
    let set = unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
    if set == 0 { done("") } else { Err("Timer".into()) }
}

/// Goes on in another thread, and ends the first one: for the kernel a process with a dead leader.
fn end_leader(role: &mut dyn Obey) -> Answer {
    let heir = role.heir();
    thread::spawn(move || {
        let mut heir = heir();
        heir.line().answer(&done(""));
        serve(&mut *heir);
        std::process::exit(0);
    });
    // SAFETY: takes a number. This thread holds no lock that the other needs, and its stack stays.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
    unreachable!("a thread that has ended")
}
