//! A process that holds the parts of an object, and waits for them, as it is told: see `shmstore_tests::holder`, and
//! `shmstore_tests::peer` for how it listens and answers.

use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;

use shmstore::error::{BeginError, Busy};
use shmstore::wait::Newer;
use shmstore::{LockError, LockGuard, ReadOnly, Shared, Store, Transaction, WaitError, Writer};
use shmstore_tests::objects::{COUNTERS, Parts};
use shmstore_tests::tasks::{block_on, poll_once};

use super::obey::{Answer, Heir, Line, Obey, done, exec, serve};

type Value = [u64; 32];

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
    /// A wait of a task, which children inherit.
    newer: Option<Newer<'static, Value>>,
    line: Line,
}

pub(crate) fn play() {
    let store = open();
    let parts = Box::leak(Box::new(store.attach_or_create().expect("an object")));
    let seen = Box::leak(Box::new(store.attach_read_only().expect("an object")));
    println!("ok ready");
    serve(&mut Holder::new(store, parts, seen));
}

/// Opens the store as the environment says: an object's anchor below it by `HOLDER_NAME`.
fn open() -> Store {
    let path = super::path();
    let store = Store::open(path).expect("a store");
    std::env::var("HOLDER_NAME")
        .map_or(store.clone(), |name| store.open_or_create_named(&name).expect("a named anchor"))
}

impl Obey for Holder {
    fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    fn heir(&mut self) -> Heir {
        let (store, parts, seen) = (self.store.clone(), self.parts, self.seen);
        Box::new(move || Box::new(Self::new(store, parts, seen)))
    }

    fn obey(&mut self, command: &str, rest: &str) -> Answer {
        let numbers: Vec<u64> = rest.split_ascii_whitespace().map(|word| word.parse().expect("a number")).collect();
        let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
        let (first, time) = (number(0), Duration::from_millis(number(1)));
        match command {
            "exec" => exec("holder"),
            "exec_reader" => exec("reader"),
            "drop" => done(self.grips.pop().is_some()),
            "remove" => self.store.remove::<Parts>().map(|()| String::new()).map_err(|error| error.to_string()),
            _ if command.starts_with("task_") => self.use_task(command, first),
            _ if command.contains("lock") => self.lock(command, Duration::from_millis(first)),
            _ if command.contains("writer") || command.contains("begin") => {
                self.take_write_side(command, Duration::from_millis(first))
            }
            "commit" | "leased_store" | "update_serving" => self.write_as_holder(command, first),
            _ => use_parts(self.parts, self.seen, command, first, time),
        }
    }
}

impl Holder {
    fn new(store: Store, parts: &'static Shared<Parts>, seen: &'static ReadOnly<Parts>) -> Self {
        Self { store, parts, seen, grips: Vec::new(), newer: None, line: Line::default() }
    }

    /// Polls the wait of a task, runs it until its end, or drops it.
    fn use_task(&mut self, command: &str, seen: u64) -> Answer {
        match command {
            "task_polls" => {
                let newer = self.newer.get_or_insert_with(|| self.parts.value.newer(seen));
                match poll_once(newer) {
                    Poll::Ready(ended) => ended.map_err(waited).and_then(loaded),
                    Poll::Pending => done("pending"),
                }
            }
            "task_ends" => {
                let newer = self.newer.take().ok_or("Nothing is awaited")?;
                block_on(newer).map_err(waited).and_then(loaded)
            }
            _ => done(self.newer.take().is_some()),
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
                    self.line.answer(&done("in update"));
                    serve(self);
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
