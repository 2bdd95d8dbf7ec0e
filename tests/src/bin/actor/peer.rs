//! A process that uses a store as it is told.
//!
//! # Safety
//!
//! Assumes that this process has one thread when it forks. Promises nothing.
#![allow(unsafe_code)]

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::mem::take;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::{Duration, Instant};

use nix::libc;
use shmstore::inspect::Participant;
use shmstore::{
    AttachError, CreateError, OpenError, ReadOnly, RemoveError, Shared, ShmId, ShmObject, Store, StoreOptions,
};
use shmstore_tests::objects::{Position, Telemetry, drifted};
use shmstore_tests::raw;
use shmstore_tests::scratch::Planted;

use super::obey::{self, Heir, Line, Obey, done, exec, serve};

/// What a command leads to: an answer, or the name of an error's variant and its message.
pub(crate) type Answer = Result<String, (String, String)>;

struct State {
    /// On the path that the process was started with.
    base: Store,
    /// That, or one of its names.
    store: Store,
    /// Handles, the newest last.
    held: Vec<Shared<Telemetry>>,
    /// Handles for reading only, the newest last.
    seen: Vec<ReadOnly<Telemetry>>,
    planted: Vec<Planted>,
    line: Line,
}

/// The options that the environment asks for.
pub(crate) fn store_options() -> StoreOptions {
    let number = |name, radix| {
        let text = std::env::var(name).ok()?;
        Some(u32::from_str_radix(&text, radix).unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    let mut options = Store::options().per_ipc_namespace(std::env::var_os("PEER_PER_IPC_NAMESPACE").is_some());
    options = number("PEER_TRUSTS", 10).map_or(options.clone(), |uid| options.trust(uid));
    options = number("PEER_MODE", 8).map_or(options.clone(), |mode| options.mode(mode));
    options = number("PEER_WAIT_MS", 10).map_or(options.clone(), |ms| options.wait(Duration::from_millis(ms.into())));
    number("PEER_MAX_PROCESSES", 10).map_or(options.clone(), |most| options.max_processes(most))
}

/// Opens the store of the command line, attaches an object to read, and also to write unless `PEER_READS` is set. Both
/// handles live as long as the process.
pub(crate) fn attach<T: ShmObject + ShmId>() -> (Store, Option<&'static Shared<T>>, &'static ReadOnly<T>) {
    let store = store_options().open(super::path()).expect("a store");
    let may_write = std::env::var_os("PEER_READS").is_none();
    let object = may_write.then(|| &*Box::leak(Box::new(store.attach_or_create().expect("an object"))));
    let seen = Box::leak(Box::new(store.attach_read_only().expect("an object")));
    (store, object, seen)
}

pub(crate) fn play() {
    let (path, options) = (super::path(), store_options());
    let opened = match std::env::var_os("PEER_MAKES_STORE") {
        Some(_) => options.open_or_create(path),
        None => options.open_timeout(path, Duration::from_secs(10)),
    };
    let store = match opened {
        Ok(store) => store,
        Err(error) => return Line::default().answer(&told(Err(open_failed(error)))),
    };
    let (held, seen, planted) = Default::default();
    serve(&mut State { base: store.clone(), store, held, seen, planted, line: Line::default() });
}

pub(crate) fn told(answer: Answer) -> obey::Answer {
    answer.map_err(|(variant, text)| format!("{variant} {text}"))
}

impl Obey for State {
    fn obey(&mut self, command: &str, rest: &str) -> obey::Answer {
        match command {
            "exec" => {
                // Before the next command is sent: this image would read it, and the next one would not.
                self.line.answer(&done(""));
                exec("peer")
            }
            "create_serving" => {
                let created = self.store.clone().create_with(|new: &Telemetry| {
                    self.line.answer(&done("in init"));
                    serve(&mut InInit { peer: self, new });
                });
                told(self.hold(created.map_err(create_failed)))
            }
            _ => told(self.command(command, rest.split_ascii_whitespace().collect())),
        }
    }

    fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    fn heir(&mut self) -> Heir {
        let (base, store) = (self.base.clone(), self.store.clone());
        let (held, seen) = (take(&mut self.held), take(&mut self.seen));
        let (planted, line) = (take(&mut self.planted), take(&mut self.line));
        Box::new(|| Box::new(Self { base, store, held, seen, planted, line }))
    }
}

/// A peer in the closure that makes a new object, which it uses instead of those that it holds.
struct InInit<'a> {
    peer: &'a mut State,
    new: &'a Telemetry,
}

impl Obey for InInit<'_> {
    fn obey(&mut self, command: &str, rest: &str) -> obey::Answer {
        match command {
            "add" => done(self.new.frames.fetch_add(rest.parse().expect("a number"), SeqCst)),
            _ => self.peer.obey(command, rest),
        }
    }

    fn line(&mut self) -> &mut Line {
        &mut self.peer.line
    }

    fn heir(&mut self) -> Heir {
        self.peer.heir()
    }
}

impl State {
    fn command(&mut self, command: &str, mut words: VecDeque<&str>) -> Answer {
        let mut number = || words.pop_front().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
        match command {
            "create" => {
                let frames = number();
                let created = self.store.create_with(|new: &Telemetry| initialize(new, frames));
                self.hold(created.map_err(create_failed))
            }
            "attach" => {
                let attached = self.store.attach_timeout(Duration::from_millis(number()));
                self.hold(attached.map_err(attach_failed))
            }
            "attach_or_create" => {
                let frames = number();
                let held = self.store.attach_or_create_with(|new: &Telemetry| initialize(new, frames));
                self.hold(held.map_err(create_failed))
            }
            "see" => {
                let seen = self.store.attach_read_only_timeout(Duration::from_millis(number()));
                self.seen.push(seen.map_err(attach_failed)?);
                Ok(String::new())
            }
            "view" => {
                let view = self.store.attach_view_timeout(Duration::from_millis(number()));
                self.seen.push(view.map_err(attach_failed)?);
                Ok(String::new())
            }
            "see_drifted" => {
                self.store.attach_read_only::<drifted::Telemetry>().map(|_| String::new()).map_err(attach_failed)
            }
            "seen" => self.tell_what_is_seen(words.pop_front().unwrap_or_default()),
            "attach_drifted" => self.store.attach::<drifted::Telemetry>().map(|_| String::new()).map_err(attach_failed),
            "replace" => {
                let frames = number();
                let replaced = self.store.replace_with(|new: &Telemetry| initialize(new, frames));
                self.hold(replaced.map_err(create_failed))
            }
            "replace_drifted" => {
                self.store.replace::<drifted::Telemetry>().map(|_| String::new()).map_err(create_failed)
            }
            "list" => {
                let listed = self.store.list().map_err(open_failed)?;
                Ok(listed.iter().map(|object| object.state.to_string()).collect::<Vec<_>>().join(", "))
            }
            "remove" => self.store.remove::<Telemetry>().map(|()| String::new()).map_err(remove_failed),
            "named" => {
                let name = words.pop_front().unwrap_or_default();
                self.store = self.base.open_or_create_named(name).map_err(open_failed)?;
                Ok(String::new())
            }
            "crowd" => self.crowd(number()),
            "forget" => {
                let forgotten = self.base.remove_name(words.pop_front().unwrap_or_default());
                forgotten.map(|there_was_one| there_was_one.to_string()).map_err(open_failed)
            }
            "churn" => churn(&self.store, Duration::from_millis(number()), number()),
            "plant" => self.plant(words),
            "endure" => Ok(self.endure(Duration::from_millis(number()))),
            "drop" => Ok(self.held.pop().map_or("nothing", |_| "").to_owned()),
            _ => self.use_object(command, number()),
        }
    }

    /// Makes a segment past the store: key, size, octal mode, and a file with what is to be in it.
    fn plant(&mut self, words: VecDeque<&str>) -> Answer {
        let words: Vec<&str> = words.into();
        let [key, size, mode, file] = words[..] else { return Err(("BadCommand".into(), "plant".into())) };
        let mode = u32::from_str_radix(mode, 8).expect("an octal mode");
        let bytes = std::fs::read(file).expect("a file of bytes");
        let planted = raw::plant(key.parse().expect("a key"), size.parse().expect("a size"), mode, &bytes);
        let shmid = planted.shmid;
        self.planted.push(planted);
        Ok(shmid.to_string())
    }

    /// Creates an object under each of so many names, holds them all, and says how many files that keeps open; then
    /// removes them.
    fn crowd(&mut self, count: u64) -> Answer {
        let mut held = Vec::new();
        for name in 0..count {
            let store = self.base.open_or_create_named(&name.to_string()).map_err(open_failed)?;
            held.push((store.create::<Telemetry>().map_err(create_failed)?, store));
        }
        let open = std::fs::read_dir("/proc/self/fd").expect("our own files").count();
        held.iter().try_for_each(|(_, store)| store.remove::<Telemetry>()).map_err(remove_failed)?;
        Ok(open.to_string())
    }

    /// Does all that can be done to the object, over and over, while somebody damages it; counts what succeeds.
    fn endure(&mut self, time: Duration) -> String {
        let started = Instant::now();
        let (mut rounds, mut attached, mut looked, mut created, mut removed) = (0, 0, 0, 0, 0);
        while started.elapsed() < time {
            rounds += 1;
            for held in [self.store.attach::<Telemetry>().ok(), self.store.attach_or_create().ok()] {
                let Some(held) = held else { continue };
                if Shared::was_created(&held) {
                    created += 1
                } else {
                    attached += 1
                }
                held.frames.fetch_add(1, Relaxed);
                let _ = held.position.version();
                let _ = (Shared::participants(&held), Shared::info(&held), Shared::is_removed(&held));
            }
            if let Ok(seen) = self.store.attach_read_only::<Telemetry>() {
                looked += 1;
                let _ = format!("{seen:?}");
                let _ = (ReadOnly::participants(&seen), ReadOnly::info(&seen), ReadOnly::is_removed(&seen));
            }
            let _ = self.store.attach_view::<Telemetry>().map(|view| format!("{view:?}"));
            let _ = self.store.attach_read_only::<drifted::Telemetry>().map_err(|error| error.to_string());
            let _ = self.store.attach::<drifted::Telemetry>().map_err(|error| error.to_string());
            let _ = self.store.list().map(|objects| format!("{objects:?}"));
            if rounds % 8 == 0 && self.store.remove::<Telemetry>().is_ok() {
                removed += 1;
            }
        }
        format!("{rounds} {attached} {looked} {created} {removed}")
    }

    fn hold(&mut self, held: Result<Shared<Telemetry>, (String, String)>) -> Answer {
        let held = held?;
        let text = if Shared::was_created(&held) { "created" } else { "attached" };
        self.held.push(held);
        Ok(text.into())
    }

    /// What the newest handle for reading only shows.
    fn tell_what_is_seen(&mut self, what: &str) -> Answer {
        let object = self.seen.last().ok_or_else(|| ("Nothing".to_owned(), "is seen".to_owned()))?;
        Ok(match what {
            "" => format!("{} {}", object.frames.load(SeqCst), object.position.version()),
            "frames" => object.frames.load(SeqCst).to_string(),
            "load" => {
                let (version, Position { x, y, z }) = object.position.load_versioned();
                format!("{version} {x} {y} {z}")
            }
            "removed" => ReadOnly::is_removed(object).to_string(),
            "shmid" => ReadOnly::info(object).map_or("none".into(), |info| info.shmid.to_string()),
            "participants" => ReadOnly::participants(object).len().to_string(),
            "nothing" => self.seen.pop().map(|_| String::new()).unwrap_or_default(),
            other => return Err(("BadCommand".into(), other.into())),
        })
    }

    fn use_object(&mut self, command: &str, number: u64) -> Answer {
        let object = self.held.last().ok_or_else(|| ("Nothing".to_owned(), "is attached".to_owned()))?;
        let text = match command {
            "frames" => object.frames.load(SeqCst).to_string(),
            "initialized" => object.initialized.load(SeqCst).to_string(),
            "add" => object.frames.fetch_add(number, SeqCst).to_string(),
            "removed" => Shared::is_removed(object).to_string(),
            "state" => Shared::info(object).map_or("none".into(), |info| info.state.to_string()),
            "shmid" => Shared::info(object).map_or("none".into(), |info| info.shmid.to_string()),
            "who" => who(object),
            "participants" => Shared::participants(object).len().to_string(),
            "store" => {
                let value = number as f64;
                object.position.store(Position { x: value, y: value, z: value });
                object.position.version().to_string()
            }
            "load" => {
                let (version, Position { x, y, z }) = object.position.load_versioned();
                format!("{version} {x} {y} {z}")
            }
            "serve_in_update" => {
                object.position.update(|_| {
                    println!("ok in update");
                    let _ = io::stdin().read_line(&mut String::new());
                });
                String::new()
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
                child.to_string()
            }
            other => return Err(("BadCommand".into(), other.into())),
        };
        Ok(text)
    }
}

/// The participants, as `pid=alive` or `pid=dead`.
fn who(object: &Shared<Telemetry>) -> String {
    let who =
        |participant: &Participant| format!("{}={}", participant.pid, if participant.alive { "alive" } else { "dead" });
    let mut who: Vec<String> = Shared::participants(object).iter().map(who).collect();
    who.sort();
    who.join(" ")
}

/// Creates, attaches and removes in an order that depends on `seed`, until the time is over. Answers with every outcome
/// there was, each once: `create:Ok remove:NotFound …`, and with `half-made` if an object was seen before it was whole.
fn churn(store: &Store, time: Duration, seed: u64) -> Answer {
    let started = Instant::now();
    let mut outcomes = BTreeSet::new();
    let mut random = seed;
    while started.elapsed() < time {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let init = |new: &Telemetry| initialize(new, seed);
        let (operation, outcome) = match random >> 62 {
            0 => ("create", store.create_with(init).map(Some).map_err(create_failed)),
            1 => ("attach_or_create", store.attach_or_create_with(init).map(Some).map_err(create_failed)),
            2 => ("attach", store.attach().map(Some).map_err(attach_failed)),
            _ => ("remove", store.remove::<Telemetry>().map(|()| None).map_err(remove_failed)),
        };
        let outcome = match outcome {
            Ok(Some(held)) if held.initialized.load(SeqCst) != 1 => "half-made".to_owned(),
            Ok(_) => "Ok".to_owned(),
            Err((variant, _)) => variant,
        };
        outcomes.insert(format!("{operation}:{outcome}"));
    }
    Ok(Vec::from_iter(outcomes).join(" "))
}

fn initialize(new: &Telemetry, frames: u64) {
    new.frames.store(frames, Relaxed);
    new.initialized.fetch_add(1, Relaxed);
}

pub(crate) fn failed(variant: &str, error: &dyn std::error::Error) -> (String, String) {
    (variant.to_owned(), error.to_string())
}

/// The name of an error's variant, if it is one of these.
macro_rules! variant {
    ($error:expr, $enum:ident: $($variant:ident)*) => {
        match $error {
            $($enum::$variant { .. } => stringify!($variant),)*
            _ => concat!("Other", stringify!($enum)),
        }
    };
}

fn open_variant(error: &OpenError) -> &'static str {
    variant!(error, OpenError: NotFound AccessDenied NotWritable WorldWritable UntrustedAnchor Busy)
}

pub(crate) fn open_failed(error: OpenError) -> (String, String) {
    failed(open_variant(&error), &error)
}

fn attach_variant(error: &AttachError) -> &'static str {
    if let AttachError::Anchor(error) = error {
        return open_variant(error);
    }
    variant!(error, AttachError: NotFound LayoutMismatch FormatVersion NewerFormat Foreign Collision StaleAnchor Untrusted
        Abandoned StillInitializing AccessDenied Corrupt ParticipantsFull WouldDeadlock NoRoom Shorter MigrationConflict
        MigrationInterrupted MigrationUnfinished Mirrored NotMirrored)
}

pub(crate) fn attach_failed(error: AttachError) -> (String, String) {
    failed(attach_variant(&error), &error)
}

pub(crate) fn create_failed(error: CreateError) -> (String, String) {
    let variant = match &error {
        CreateError::Existing(error) => attach_variant(error),
        error => {
            variant!(error, CreateError: AlreadyExists ForkedInInit OtherIpcNamespace SegmentLimit PageLimit SizeLimit
            NotReplaceable RemovedMeanwhile Lost InUse OutOfMemory)
        }
    };
    failed(variant, &error)
}

pub(crate) fn remove_failed(error: RemoveError) -> (String, String) {
    let variant = match &error {
        RemoveError::Existing(error) => attach_variant(error),
        error => variant!(error, RemoveError: NotFound NotPermitted),
    };
    failed(variant, &error)
}
