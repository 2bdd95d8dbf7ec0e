//! A process of one version of a program, as it is told: see `shmstore_tests::rovers`.

use std::mem::take;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::inspect::{Limits, Object, SavedObject};
use shmstore::{AttachError, Shared, Store};
use shmstore_tests::rovers::{self, Boxed, CONFLICT, FAILED, FOUND, Gate, v1};

use super::obey::{self, Heir, Line, Obey, done, serve};
use super::peer::{Answer, attach_failed, create_failed, remove_failed, store_options, told};

struct State {
    store: Store,
    /// Handles, the newest last.
    held: Vec<Boxed>,
    line: Line,
}

pub(crate) fn play() {
    let options = store_options().grows(std::env::var_os("ROVER_GROWS_NOT").is_none());
    let store = options.open_timeout(super::path(), Duration::from_secs(10)).expect("a store");
    serve(&mut State { store, held: Vec::new(), line: Line::default() });
}

impl Obey for State {
    fn obey(&mut self, command: &str, rest: &str) -> obey::Answer {
        let words: Vec<&str> = rest.split_ascii_whitespace().collect();
        told(self.command(command, &words))
    }

    fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    fn heir(&mut self) -> Heir {
        panic!("handles of any version stay in their thread")
    }
}

impl State {
    fn command(&mut self, command: &str, words: &[&str]) -> Answer {
        let word = |at: usize| words.get(at).copied().unwrap_or_default();
        let number = |at: usize| word(at).parse::<u64>().unwrap_or(0);
        let (wait, store) = (Duration::from_millis(number(1)), &self.store);
        let held = match command {
            "attach" => rovers::attach(store, word(0), wait).map_err(attach_failed)?,
            "see" => rovers::see(store, word(0), wait).map_err(attach_failed)?,
            "view" => rovers::view(store, word(0), wait).map_err(attach_failed)?,
            "create" => rovers::create(store, word(0), number(1)).map_err(create_failed)?,
            "attach_or_create" => rovers::attach_or_create(store, word(0), number(1)).map_err(create_failed)?,
            "remove" => return store.remove::<v1::Rover>().map(|()| String::new()).map_err(remove_failed),
            "drop" => return Ok(self.held.pop().map_or("nothing", |_| "").to_owned()),
            "drop_all" => {
                drop(take(&mut self.held));
                return Ok(String::new());
            }
            "stampede" => return self.stampede(word(0), word(1), number(2) as usize, number(3)),
            "endure" => return Ok(self.endure(Duration::from_millis(number(0)))),
            _ => return self.use_object(command, words),
        };
        let how = match (held.was_created(), held.grown_from()) {
            (true, _) => "created".into(),
            (false, None) => "attached".into(),
            (false, Some(fields)) => format!("grown {fields}"),
        };
        self.held.push(held);
        Ok(how)
    }

    fn use_object(&mut self, command: &str, words: &[&str]) -> Answer {
        let object = self.held.last().ok_or_else(|| ("Nothing".to_owned(), "is attached".to_owned()))?;
        let field = words.first().copied().unwrap_or_default();
        Ok(match command {
            "tell" => object.told(),
            "get" => object.get(field).to_string(),
            "add" => {
                object.add(field, words.get(1).and_then(|word| word.parse().ok()).unwrap_or(1));
                object.get(field).to_string()
            }
            "busy" => object.busy(field).unwrap_or_default(),
            "removed" => object.is_removed().to_string(),
            "shmid" => object.shmid().to_string(),
            "mappings" => {
                let mut found: Vec<usize> = self.held.iter().map(|held| held.address()).collect();
                found.dedup();
                found.len().to_string()
            }
            "participants" => {
                let processes = object.participants();
                let running = processes.iter().filter(|process| process.alive && !process.left);
                let mut fields: Vec<u32> = running.map(|process| process.fields.unwrap_or(0)).collect();
                fields.sort_unstable();
                format!("{fields:?}")
            }
            other => return Err(("BadCommand".into(), other.into())),
        })
    }

    /// Attaches the object of each round so many times, as the other processes do at the same time. It is whole each
    /// time: its first two fields are the number of the round, and the others are that number or never stored.
    fn stampede(&self, version: &str, how: &str, seat: usize, times: u64) -> Answer {
        let gate: Shared<Gate> = self.store.attach().map_err(attach_failed)?;
        let mut failed = Vec::new();
        for round in 1.. {
            let now = loop {
                match gate.round.load(SeqCst) {
                    now if now >= round => break now,
                    _ => thread::yield_now(),
                }
            };
            if now == u64::MAX {
                break;
            }
            let mut outcome = FOUND;
            for _ in 0..times {
                match self.attach_once(version, how, round) {
                    Ok(FOUND) => {}
                    Ok(fields) => outcome = fields,
                    Err(text) => {
                        failed.push(format!("round {round}: {text}"));
                        outcome = FAILED;
                    }
                }
            }
            gate.outcomes[seat].store(outcome, SeqCst);
            gate.done.fetch_add(1, SeqCst);
        }
        if failed.is_empty() { Ok(String::new()) } else { Err(("Failed".into(), failed.join("; "))) }
    }

    fn attach_once(&self, version: &str, how: &str, round: u64) -> Result<u64, String> {
        let attached = match how {
            "see" => rovers::see(&self.store, version, Duration::ZERO),
            _ => rovers::attach(&self.store, version, Duration::ZERO),
        };
        let object = match attached {
            Ok(object) => object,
            Err(AttachError::Shorter { .. }) if how == "see" => return Ok(FOUND),
            Err(AttachError::LayoutMismatch(mismatch)) if mismatch.first_conflict().is_some() => return Ok(CONFLICT),
            Err(error) => return Err(error.to_string()),
        };
        let parts = object.parts();
        let is_whole = |(at, (_, value)): (usize, &(&str, u64))| *value == round || at >= 2 && *value == 0;
        if !parts.iter().enumerate().all(is_whole) {
            return Err(format!("not whole: {parts:?}"));
        }
        let Some(fields) = object.grown_from() else { return Ok(FOUND) };
        let new = &parts[fields..];
        if new.iter().any(|(_, value)| *value != 0) {
            return Err(format!("{new:?} are not new"));
        }
        new.iter().for_each(|(name, _)| object.add(name, round));
        Ok(fields as u64)
    }

    /// Does all that can be done to the object, over and over, while another process damages its layouts. Counts what
    /// succeeds.
    fn endure(&mut self, time: Duration) -> String {
        let started = Instant::now();
        let (mut rounds, mut attached, mut seen, mut grown, mut inspected) = (0, 0, 0, 0, 0);
        while started.elapsed() < time {
            rounds += 1;
            for version in ["v1", "v2", "v3", "left"] {
                if let Ok(object) = rovers::attach(&self.store, version, Duration::ZERO).map_err(|e| e.to_string()) {
                    attached += 1;
                    grown += u64::from(object.grown_from().is_some());
                    drop((object.told(), object.participants().len(), object.shmid()));
                }
                if let Ok(object) = rovers::see(&self.store, version, Duration::ZERO).map_err(|e| e.to_string()) {
                    seen += 1;
                    drop((object.told(), object.participants().len()));
                }
            }
            drop(self.store.list().map(|objects| format!("{objects:?}")));
            if let Ok(mut object) = Object::find(&super::path(), Some('R')) {
                inspected += 1;
                drop(object.read(&Limits::default()).to_string());
                drop(object.refresh().map_err(|error| error.to_string()));
                drop((object.read(&Limits::default()).to_string(), object.participants().len()));
                drop(SavedObject::of(&object, &Limits::default()).map(|saved| saved.to_bytes()));
            }
        }
        done(format!("{rounds} {attached} {seen} {grown} {inspected}")).unwrap_or_default()
    }
}
