//! A process that uses a map as it is told: see `shmstore_tests::mapper`, and `shmstore_tests::peer` for how it listens
//! and answers.

use std::fmt::Display;
use std::time::Duration;

use shmstore::error::{BeginError, Busy};
use shmstore::map::{Entry, EntryError, InsertError};
use shmstore::{InvalidValue, Map, ReadOnly, Shared, Store, Transaction, WaitError, Writer};
use shmstore_tests::objects::{Message, SESSIONS, Sessions, message, number_of};

use super::obey::{Answer, Heir, Line, Obey, done, exec, serve};

enum Grip {
    Transaction(Box<Transaction<'static, Message>>),
    Writer(Writer<'static, Message>),
}

struct Mapper {
    store: Store,
    /// `None` where this process may only read.
    sessions: Option<&'static Shared<Sessions>>,
    seen: &'static ReadOnly<Sessions>,
    entry: Option<Entry<'static, u64, Message>>,
    /// The newest last.
    grips: Vec<Grip>,
    line: Line,
}

pub(crate) fn play() {
    let (store, sessions, seen) = super::peer::attach();
    println!("ok ready");
    serve(&mut Mapper::new(store, sessions, seen));
}

impl Mapper {
    fn new(store: Store, sessions: Option<&'static Shared<Sessions>>, seen: &'static ReadOnly<Sessions>) -> Self {
        Self { store, sessions, seen, entry: None, grips: Vec::new(), line: Line::default() }
    }
}

impl Obey for Mapper {
    fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    fn heir(&mut self) -> Heir {
        let (store, sessions, seen) = (self.store.clone(), self.sessions, self.seen);
        Box::new(move || Box::new(Self::new(store, sessions, seen)))
    }

    fn obey(&mut self, command: &str, rest: &str) -> Answer {
        let words: Vec<&str> = rest.split_ascii_whitespace().collect();
        if command == "see" {
            return self.see(words[0], &numbers(&words[1..]));
        }
        let sessions = self.sessions.ok_or("Reader This process may only read")?;
        let numbers = numbers(&words);
        let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
        let time = |at: usize| Duration::from_millis(number(at));
        let (map, key, value) = (&sessions.users, number(0), message(number(1)));
        match command {
            "exec" => exec("mapper"),
            "delete" => self.store.remove::<Sessions>().map(|()| String::new()).map_err(|error| error.to_string()),
            "participants" => done(Shared::participants(sessions).len()),
            "drop" => done(self.grips.pop().is_some()),
            "insert" => inserted(map.insert(key, value)),
            "try_insert" => inserted(map.try_insert(key, value)),
            "insert_timeout" => inserted(map.insert_timeout(key, value, time(2))),
            "insert_from" => map.insert_from(&key, &value).map_err(not_inserted).and_then(done),
            "get_or_insert" => {
                map.get_or_insert_with(key, || value).map_err(not_inserted).and_then(|value| done(number_of(&value)))
            }
            "update" => found(map.update(&key, |value| std::mem::replace(value, message(number(1))))),
            "remove" => found(map.remove(&key)),
            "try_remove" => removed(map.try_remove(&key)),
            "remove_timeout" => removed(map.remove_timeout(&key, time(1))),
            "retain_others" => {
                map.retain(|its, _| *its != key);
                done("")
            }
            "clear" => {
                map.clear();
                done("")
            }
            "fill" => fill(map, key),
            "get" => found(map.get(&key)),
            "version" => done(map.get_versioned(&key).map_err(|error| error.to_string())?.map_or(0, |found| found.0)),
            "contains" => done(map.contains_key(&key)),
            "len" => done(map.len()),
            "changes" => done(map.changes()),
            "items" => done(list(map.iter())),
            "wait_newer" => newer(map.wait_newer(&key, number(1), time(2))),
            "wait_changed" => map.wait_changed(number(0), time(1)).map_err(waited).and_then(done),
            "entry" => {
                self.entry = map.entry(&key);
                done(self.entry.is_some())
            }
            _ => self.use_entry(command, number(0), time(1)),
        }
    }
}

impl Mapper {
    /// Uses the last entry, or what was taken of it.
    fn use_entry(&mut self, command: &str, number: u64, time: Duration) -> Answer {
        match (command, self.grips.last_mut()) {
            ("put", Some(Grip::Writer(writer))) => return done(writer.store(message(number))),
            ("commit", Some(Grip::Transaction(_))) => {
                let Some(Grip::Transaction(transaction)) = self.grips.pop() else { unreachable!("just seen") };
                return commit(*transaction, number);
            }
            _ => {}
        }
        let entry = self.entry.as_ref().ok_or("Nothing is looked up")?;
        let limit = Duration::from_millis(number);
        let begun = |transaction| Grip::Transaction(Box::new(transaction));
        let grip = match command {
            "load" => return entry.load_versioned().map_err(refused).and_then(|found| done(versioned(&found))),
            "store" => return entry.store(message(number)).map_err(|removed| refused(removed.into())).and_then(done),
            "change" => {
                let old = entry.update(|value| std::mem::replace(value, message(number)));
                return old.map_err(refused).and_then(|old| done(number_of(&old)));
            }
            "entry_newer" => return newer(entry.wait_newer(number, time)),
            "is_removed" => return done(entry.is_removed()),
            "writer" => entry.writer().map(Grip::Writer).map_err(EntryError::from),
            "try_writer" => entry.try_writer().map(Grip::Writer),
            "writer_timeout" => entry.writer_timeout(limit).map(Grip::Writer),
            "begin" => entry.begin().map(begun),
            "try_begin" => entry.try_begin().map(begun),
            "begin_timeout" => entry.begin_timeout(limit).map(begun),
            other => return Err(format!("BadCommand {other}")),
        };
        self.grips.push(grip.map_err(refused)?);
        done("")
    }

    fn see(&self, what: &str, numbers: &[u64]) -> Answer {
        let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
        let time = |at: usize| Duration::from_millis(number(at));
        let (map, key) = (&self.seen.users, number(0));
        match what {
            "get" => found(map.get(&key)),
            "version" => done(map.get_versioned(&key).map_err(|error| error.to_string())?.map_or(0, |found| found.0)),
            "contains" => done(map.contains_key(&key)),
            "len" => done(map.len()),
            "changes" => done(map.changes()),
            "items" => done(list(map.iter())),
            "newer" => newer(map.wait_newer(&key, number(1), time(2))),
            "changed" => map.wait_changed(number(0), time(1)).map_err(waited).and_then(done),
            other => Err(format!("BadCommand {other}")),
        }
    }
}

fn commit(mut transaction: Transaction<'_, Message>, number: u64) -> Answer {
    *transaction = message(number);
    done(transaction.commit())
}

fn numbers(words: &[&str]) -> Vec<u64> {
    words.iter().map(|word| word.parse().expect("a number")).collect()
}

/// Inserts new keys, from one on, until there is no room. Returns how many.
fn fill(map: &Map<u64, Message, SESSIONS>, from: u64) -> Answer {
    for key in from.. {
        match map.insert(key, message(key)) {
            Ok(None) => {}
            Ok(Some(_)) => return Err(format!("There is a key {key}")),
            Err(InsertError::Full { .. }) => return done(key - from),
            Err(error) => return Err(not_inserted(error)),
        }
    }
    unreachable!("a map without an end")
}

/// The keys and their values, in the order of the keys: `5:50 6:60`.
fn list(items: impl Iterator<Item = Result<(u64, Message), InvalidValue>>) -> String {
    let mut items: Vec<(u64, u64)> =
        items.map(|item| item.expect("any bytes are a message")).map(|(key, value)| (key, number_of(&value))).collect();
    items.sort_unstable();
    items.iter().map(|(key, value)| format!("{key}:{value}")).collect::<Vec<_>>().join(" ")
}

fn text(value: Option<Message>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| number_of(&value).to_string())
}

fn versioned((version, value): &(u64, Message)) -> String {
    format!("{version} {}", number_of(value))
}

fn found<E: Display>(value: Result<Option<Message>, E>) -> Answer {
    value.map_err(|error| format!("Other {error}")).and_then(|value| done(text(value)))
}

fn inserted(old: Result<Option<Message>, InsertError>) -> Answer {
    old.map_err(not_inserted).and_then(|old| done(text(old)))
}

fn removed(old: Result<Option<Message>, BeginError>) -> Answer {
    let old = old.map_err(|error| match error {
        BeginError::Busy(error) => busy(error),
        other => format!("Other {other}"),
    });
    old.and_then(|old| done(text(old)))
}

fn newer(newer: Result<(u64, Message), WaitError>) -> Answer {
    newer.map_err(waited).and_then(|found| done(versioned(&found)))
}

fn busy(error: Busy) -> String {
    format!("Busy {error}")
}

fn not_inserted(error: InsertError) -> String {
    match error {
        InsertError::Full { .. } => format!("Full {error}"),
        InsertError::Busy(error) => busy(error),
        _ => format!("Other {error}"),
    }
}

fn refused(error: EntryError) -> String {
    match error {
        EntryError::Removed(_) => format!("Removed {error}"),
        EntryError::Busy(error) => busy(error),
        _ => format!("Other {error}"),
    }
}

fn waited(error: WaitError) -> String {
    match error {
        WaitError::Timeout { .. } => format!("Timeout {error}"),
        WaitError::EntryRemoved(_) => format!("EntryRemoved {error}"),
        WaitError::Removed { .. } => format!("Removed {error}"),
        _ => format!("Other {error}"),
    }
}
