//! A process that holds the parts of an object, and waits for them, as it is told: see `shmstore_tests::holder`, and
//! `shmstore_tests::peer` for how it listens and answers.
//!
//! It has one thread, so that its children may do anything. `child <command>` hands a command on to the child of the
//! last fork, which obeys like its parent, and has inherited whatever that held.
//!
//! # Safety
//!
//! Assumes that this process has one thread when it forks. Promises nothing.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use shmstore::error::BeginError;
use shmstore::error::Busy;
use shmstore::{LockError, LockGuard, ReadOnly, Shared, Store, Transaction, WaitError, Writer};
use shmstore_tests::objects::{COUNTERS, Parts};
use shmstore_tests::peer::program_beside;
use shmstore_tests::sandbox;

/// Longer than any test: then a forgotten child ends by itself.
const ORPHAN_LIFE: Duration = Duration::from_secs(60);

type Answer = Result<String, String>;
type Value = [u64; 32];

/// What this process holds.
enum Grip {
    // For its drop.
    Lock { _guard: LockGuard<'static> },
    Transaction(Box<Transaction<'static, Value>>),
    Writer(Writer<'static, Value>),
}

struct Holder {
    store: Store,
    parts: &'static Shared<Parts>,
    seen: &'static ReadOnly<Parts>,
    /// The newest last.
    grips: Vec<Grip>,
    /// Where commands come from and answers go: standard input and output, or a socket of our parent's.
    parent: Option<BufReader<UnixStream>>,
    child: Option<BufReader<UnixStream>>,
}

fn main() {
    sandbox::enter();
    let store = open();
    let parts = Box::leak(Box::new(store.attach_or_create().expect("an object")));
    let seen = Box::leak(Box::new(store.attach_read_only().expect("an object")));
    println!("ok ready");
    Holder { store, parts, seen, grips: Vec::new(), parent: None, child: None }.serve();
}

/// Opens the store as the environment says: an object's anchor below it by `HOLDER_NAME`.
fn open() -> Store {
    let path = std::env::args_os().nth(1).expect("the path of a store");
    let store = Store::open(path).expect("a store");
    std::env::var("HOLDER_NAME")
        .map_or(store.clone(), |name| store.open_or_create_named(&name).expect("a named anchor"))
}

impl Holder {
    /// Obeys until there are no more commands, or until `return` in a closure.
    fn serve(&mut self) {
        while let Some(line) = self.next_command() {
            if line == "return" {
                return;
            }
            let answer = catch_unwind(AssertUnwindSafe(|| self.obey(&line))).unwrap_or_else(|panic| {
                let literal = || panic.downcast_ref::<&str>().copied();
                Err(format!("Panicked {}", panic.downcast_ref().map(String::as_str).or_else(literal).unwrap_or("")))
            });
            self.answer(&answer.map_or_else(|error| format!("err {error}"), |text| format!("ok {text}")));
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
            // The parent has ended. This is the time to see what its child does to others.
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

    fn obey(&mut self, line: &str) -> Answer {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        if command == "child" {
            return self.ask_child(rest);
        }
        let numbers: Vec<u64> = rest.split_ascii_whitespace().map(|word| word.parse().expect("a number")).collect();
        let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
        let (first, time) = (number(0), Duration::from_millis(number(1)));
        match command {
            "fork" => self.fork(),
            "exec" => Err(exec("holder").to_string()),
            "exec_reader" => Err(exec("reader").to_string()),
            "be_interrupted" => be_interrupted(),
            "close_descriptors" => close_descriptors(),
            "end_leader" => self.end_leader(),
            "drop" => done(self.grips.pop().is_some()),
            "remove" => self.store.remove::<Parts>().map(|()| String::new()).map_err(|error| error.to_string()),
            _ if command.contains("lock") => self.lock(command, Duration::from_millis(first)),
            _ if command.contains("writer") || command.contains("begin") => {
                self.take_write_side(command, Duration::from_millis(first))
            }
            "commit" | "leased_store" | "update_serving" => self.write_as_holder(command, first),
            _ => use_parts(self.parts, self.seen, command, first, time),
        }
    }

    fn lock(&mut self, command: &str, time: Duration) -> Answer {
        let lock = &self.parts.lock;
        let repaired = Cell::new("");
        let repair = || repaired.set("repaired");
        let guard = match command {
            "lock" => lock.lock(),
            "try_lock" => lock.try_lock(),
            "lock_timeout" => lock.lock_timeout(time),
            "lock_or_repair" => Ok(lock.lock_or_repair(repair)),
            "lock_or_repair_timeout" => lock.lock_or_repair_timeout(time, repair),
            "lock_to_repair" => Ok(lock.lock_to_repair()),
            "is_locked" => return done(lock.is_locked()),
            other => return Err(format!("BadCommand {other}")),
        };
        let guard = guard.map_err(|error| match &error {
            LockError::OwnerDied { .. } => format!("OwnerDied {error}"),
            LockError::Busy(_) => format!("Busy {error}"),
            _ => format!("Other {error}"),
        })?;
        self.grips.push(Grip::Lock { _guard: guard });
        done(repaired.into_inner())
    }

    fn take_write_side(&mut self, command: &str, time: Duration) -> Answer {
        let part = &self.parts.value;
        let begun = |transaction| Grip::Transaction(Box::new(transaction));
        let grip = match command {
            "begin" => Ok(begun(part.begin())),
            "try_begin" => part.try_begin().map(begun).map_err(not_begun),
            "begin_timeout" => part.begin_timeout(time).map(begun).map_err(not_begun),
            "writer" => Ok(Grip::Writer(part.writer())),
            "try_writer" => part.try_writer().map(Grip::Writer).map_err(busy),
            "writer_timeout" => part.writer_timeout(time).map(Grip::Writer).map_err(busy),
            other => return Err(format!("BadCommand {other}")),
        };
        self.grips.push(grip?);
        done("")
    }

    fn write_as_holder(&mut self, command: &str, number: u64) -> Answer {
        match command {
            "update_serving" => {
                let parts = self.parts;
                parts.value.update(|value| {
                    self.answer("ok in update");
                    self.serve();
                    *value = [number; 32];
                });
                return done(parts.value.version());
            }
            "leased_store" => match self.grips.last_mut() {
                Some(Grip::Writer(writer)) => return done(writer.store([number; 32])),
                _ => return Err("Nothing is leased".into()),
            },
            _ => {}
        }
        match self.grips.pop() {
            Some(Grip::Transaction(mut transaction)) => {
                **transaction = [number; 32];
                done(transaction.commit())
            }
            _ => Err("Nothing is begun".into()),
        }
    }

    fn fork(&mut self) -> Answer {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        // SAFETY: this process has one thread.
        match unsafe { libc::fork() } {
            -1 => Err("Fork".into()),
            0 => {
                drop(ours);
                (self.parent, self.child) = (Some(BufReader::new(theirs)), None);
                // Said to the parent, which has it pass for its own answer.
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
        let line = line.trim_end();
        line.strip_prefix("ok")
            .map_or_else(|| Err(line.trim_start_matches("err ").into()), |text| done(text.trim_start()))
    }

    /// Ends this thread, which is the process's first one; another goes on.
    fn end_leader(&mut self) -> Answer {
        let (store, parts, seen) = (self.store.clone(), self.parts, self.seen);
        thread::spawn(move || {
            println!("ok ");
            Self { store, parts, seen, grips: Vec::new(), parent: None, child: None }.serve();
            std::process::exit(0);
        });
        // SAFETY: takes a number. This thread holds no lock that the other needs, and its stack stays.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
        unreachable!("a thread that has ended")
    }
}

/// Becomes another program, or a new image of this one, which listens and answers where this one did.
fn exec(program: &str) -> io::Error {
    Command::new(program_beside(program)).args(std::env::args_os().skip(1)).exec()
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

/// Closes everything but standard input, output and error, as daemons do.
fn close_descriptors() -> Answer {
    // SAFETY: takes numbers only. What the descriptors were for is what the test asks.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
    if closed == 0 { done("") } else { Err("Closing".into()) }
}

fn store_by(writer: Result<Writer<'_, [u64; 32]>, Busy>, value: [u64; 32]) -> Answer {
    writer.map_err(busy).and_then(|mut writer| done(writer.store(value)))
}

fn use_parts(parts: &Shared<Parts>, seen: &ReadOnly<Parts>, command: &str, number: u64, time: Duration) -> Answer {
    let value = [number; 32];
    match command {
        "store" => return done(parts.value.store(value)),
        "try_store" => return store_by(parts.value.try_writer(), value),
        "store_timeout" => return store_by(parts.value.writer_timeout(time), value),
        "update" => parts.value.update(|old| *old = value),
        "load" => return loaded(parts.value.load_versioned()),
        "wait_newer" => return parts.value.wait_newer(number, time).map_err(waited).and_then(loaded),
        "see_newer" => return seen.value.wait_newer(number, time).map_err(waited).and_then(loaded),
        "wait_past" => return parts.called.wait_past(number, time).map_err(waited).and_then(done),
        "see_past" => return seen.called.wait_past(number, time).map_err(waited).and_then(done),
        "notify_all" => return done(parts.called.notify_all()),
        "notify_one" => return done(parts.called.notify_one()),
        "participants" => return done(Shared::participants(parts).len()),
        "count" => return count(parts, number as usize, time.as_millis()),
        other => return Err(format!("BadCommand {other}")),
    }
    done(parts.value.version())
}

/// Counts so many times under the lock, and as many times by `update`, as the process of an index.
fn count(parts: &Parts, index: usize, times: u128) -> Answer {
    let mut repairs = 0;
    for _ in 0..times {
        let guard = parts.lock.lock_or_repair(|| {
            repairs += 1;
            parts.repair();
        });
        parts.counted[index].store(parts.counted[index].load(Relaxed) + 1, Relaxed);
        parts.sum.store(parts.sum.load(Relaxed) + 1, Relaxed);
        drop(guard);
        parts.tally.update(|tally| {
            tally[index] += 1;
            tally[COUNTERS] += 1;
        });
    }
    done(repairs)
}

fn done(text: impl Display) -> Answer {
    Ok(text.to_string())
}

fn loaded((version, value): (u64, Value)) -> Answer {
    assert!(value.iter().all(|number| *number == value[0]), "torn: {value:?}");
    done(format!("{version} {}", value[0]))
}

fn busy(error: Busy) -> String {
    format!("Busy {error}")
}

fn not_begun(error: BeginError) -> String {
    match error {
        BeginError::Busy(error) => busy(error),
        other => format!("Other {other}"),
    }
}

fn waited(error: WaitError) -> String {
    match error {
        WaitError::Timeout { .. } => format!("Timeout {error}"),
        WaitError::Removed { .. } => format!("Removed {error}"),
        _ => format!("Other {error}"),
    }
}
