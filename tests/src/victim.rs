//! Does all that can be done to an object, while somebody writes over it, and checks that no call with a limit outlives it
//! and that no value is one that its type does not have.

mod frames;
mod maps;
mod streams;
mod tasks;

pub use frames::exchange;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use shmstore::{LockError, ReadOnly, Shared, Store, WaitError};

use crate::objects::{Block, Choosy, EveryPart, Mode, Position, drifted};
use crate::random::Random;
use crate::raw::guard_segments;

/// The limit on every call that takes one.
const LIMIT: Duration = Duration::from_micros(500);
/// What a call with that limit may take on a busy machine.
const LATE: Duration = Duration::from_secs(2);

/// Whether a call came to what it is for; if not, it has said so by an error.
type Outcome = bool;

type Call = (&'static str, fn(&mut Victim) -> Outcome);

/// A process that keeps to the protocol.
pub struct Victim {
    store: Store,
    random: Random,
    /// An object, maybe one that has been removed since.
    held: Option<Shared<EveryPart>>,
    seen: Option<ReadOnly<EveryPart>>,
    /// For each call: how often it came to what it is for, and how often to an error.
    counts: BTreeMap<&'static str, [u64; 2]>,
    /// Whether it removes the object now and then.
    removes: bool,
}

const CALLS: &[Call] = &[
    ("load", |victim| {
        let parts = victim.parts();
        let _ = (parts.position.version(), parts.label.version());
        parts.position.load_timeout(LIMIT).is_ok()
    }),
    ("load large", |victim| victim.parts().block.load_timeout(LIMIT).is_ok()),
    ("load text", |victim| {
        victim.parts().label.load_timeout(LIMIT).is_ok_and(|label| !format!("{label:?}").is_empty())
    }),
    ("load checked", |victim| victim.parts().choosy.load_timeout(LIMIT).inspect(check).is_ok()),
    ("load list", |victim| victim.parts().list.load_timeout(LIMIT).inspect(|list| list.iter().for_each(check)).is_ok()),
    ("try_store", |victim| victim.parts().position.try_writer().map(|mut writer| writer.store(EAST)).is_ok()),
    ("store_timeout", |victim| {
        victim.parts().position.writer_timeout(LIMIT).map(|mut writer| writer.store(EAST)).is_ok()
    }),
    ("store large", |victim| {
        victim.parts().block.writer_timeout(LIMIT).map(|mut writer| writer.store(Block([7; 16_384]))).is_ok()
    }),
    ("store checked", |victim| victim.parts().choosy.writer_timeout(LIMIT).map(|mut it| it.store(CHOSEN)).is_ok()),
    ("store list", |victim| {
        victim.parts().list.writer_timeout(LIMIT).map(|mut writer| writer.store([CHOSEN; 4].into())).is_ok()
    }),
    ("try_update", |victim| {
        let writer = victim.shard().try_writer();
        writer.map(|mut writer| writer.update(|number| *number = number.wrapping_add(1))).is_ok()
    }),
    ("update_timeout", |victim| {
        let writer = victim.parts().position.writer_timeout(LIMIT);
        writer.map(|mut writer| writer.update(|position| position.x += 1.0)).is_ok()
    }),
    ("begin_timeout", |victim| {
        let transfer = victim.parts().position.begin_timeout(LIMIT);
        transfer
            .map(|mut transfer| {
                transfer.y = 2.0;
                transfer.commit()
            })
            .is_ok()
    }),
    ("begin checked", |victim| {
        victim.parts().choosy.begin_timeout(LIMIT).inspect(|choosy| check(choosy)).map(|it| it.rollback()).is_ok()
    }),
    ("rollback", |victim| victim.shard().try_begin().map(|transfer| transfer.rollback()).is_ok()),
    ("writer_timeout", |victim| {
        let writer = victim.parts().choosy.writer_timeout(LIMIT);
        writer.is_ok_and(|mut writer| {
            writer.store(CHOSEN);
            let updated = writer.update_checked(|choosy| {
                check(choosy);
                choosy.flag = !choosy.flag
            });
            writer.store(CHOSEN);
            updated.is_ok()
        })
    }),
    ("lock_timeout", |victim| victim.parts().lock.lock_timeout(LIMIT).inspect_err(never_ours).is_ok()),
    ("try_lock", |victim| victim.parts().lock.try_lock().inspect_err(never_ours).is_ok()),
    ("lock_or_repair", |victim| victim.parts().lock.lock_or_repair_timeout(LIMIT, || ()).is_ok()),
    ("lock_to_repair", |victim| {
        victim.parts().lock.lock_to_repair_timeout(LIMIT).map(|guard| guard.mark_consistent()).is_ok()
    }),
    ("wait_newer", |victim| {
        let seen = if victim.random.one_in(2) { 0 } else { victim.parts().position.version() };
        waited(victim.parts().position.wait_newer(seen, LIMIT))
    }),
    ("wait_newer large", |victim| waited(victim.parts().block.wait_newer(0, LIMIT))),
    ("wait_newer checked", |victim| {
        waited(victim.parts().choosy.wait_newer(0, LIMIT).inspect(|(_, value)| check(value)))
    }),
    ("wait_past", |victim| {
        let seen = if victim.random.one_in(2) { 0 } else { victim.parts().event.count() };
        waited(victim.parts().event.wait_past(seen, LIMIT))
    }),
    ("notify", |victim| {
        let event = &victim.parts().event;
        let _ = (event.notify_one(), event.notify_all());
        true
    }),
    ("atomics", |victim| victim.use_atomics()),
    ("participants", |victim| Shared::participants(victim.parts()).iter().any(|participant| !participant.left)),
    ("info", |victim| Shared::info(victim.parts()).is_some_and(|info| format!("{info:?}").len() > 1)),
    ("debug", |victim| !format!("{:?}", victim.parts()).is_empty()),
    ("list", |victim| victim.store.list().is_ok_and(|objects| format!("{objects:?}").contains("EveryPart"))),
    ("attach", |victim| {
        let attached = told(victim.store.attach::<EveryPart>());
        attached.map(|parts| victim.hold(parts)).is_some()
    }),
    ("attach_read_only", |victim| {
        victim.seen = told(victim.store.attach_read_only());
        guard_segments();
        victim.seen.is_some()
    }),
    ("look", |victim| victim.look()),
    ("attach as another", |victim| {
        assert!(told(victim.store.attach::<Other>()).is_none(), "attached as another type");
        assert!(told(victim.store.attach_read_only::<Other>()).is_none(), "attached as another type");
        true
    }),
    ("remove and create", |victim| victim.begin_anew()),
];

const ALL: [&[Call]; 5] = [CALLS, streams::CALLS, maps::CALLS, frames::CALLS, tasks::CALLS];

const EAST: Position = Position { x: 1.0, y: 0.0, z: 0.0 };
const CHOSEN: Choosy = Choosy { letter: 'é', modes: [Mode::Idle, Mode::Run, Mode::Stop], flag: true };

#[derive(shmstore::ShmObject)]
#[repr(C)]
#[shm(id = 'H')]
struct Other {
    inner: drifted::Telemetry,
}

impl Victim {
    /// One that uses the object under `store`, which it makes if there is none.
    pub fn new(store: Store, random: Random, removes: bool) -> Self {
        let held = store.attach_or_create().expect("nobody does harm yet");
        Self { store, random, held: Some(held), seen: None, counts: BTreeMap::new(), removes }
    }

    /// Makes one call, and checks that it ends in time.
    pub fn act(&mut self) {
        let calls = ALL[self.random.within(0..ALL.len())];
        let (name, call) = calls[self.random.within(0..calls.len())];
        let started = Instant::now();
        let came_to_it = call(self);
        let took = started.elapsed();
        assert!(took < LATE, "`{name}` took {took:?}");
        self.counts.entry(name).or_default()[usize::from(!came_to_it)] += 1;
    }

    /// What came of each call: `name: so often well/so often an error, …`.
    pub fn report(&self) -> String {
        self.counts.iter().map(|(name, [well, not])| format!("{name}: {well}/{not}")).collect::<Vec<_>>().join(", ")
    }

    /// A call that has not come to what it is for so far. As long as there is one, it has not been in danger.
    pub fn not_yet(&self) -> Option<&'static str> {
        let calls = ALL.into_iter().flatten().map(|(name, _)| *name);
        let well = |name: &str| self.counts.get(name).is_some_and(|counts| counts[0] > 0);
        calls.filter(|name| self.removes || *name != "remove and create").find(|name| !well(name))
    }

    /// Asserts that every call came to what it is for, sometimes.
    pub fn check_danger(&self) {
        let not_yet = self.not_yet();
        assert_eq!(not_yet, None, "a call that never came to what it is for: {}", self.report());
    }

    fn parts(&self) -> &Shared<EveryPart> {
        self.held.as_ref().expect("always held, but for the moment of a new one")
    }

    fn hold(&mut self, parts: Shared<EveryPart>) {
        self.held = Some(parts);
        guard_segments();
    }

    fn shard(&self) -> &shmstore::Versioned<u64> {
        &self.parts().shards[self.random.clone().within(0..4)]
    }

    fn use_atomics(&self) -> Outcome {
        let EveryPart { count, mode, flag, letter, level, .. } = &**self.parts();
        count.fetch_add(1, Relaxed);
        level.store(level.load(Relaxed) + 1.0, Relaxed);
        let well = mode.load_checked(Relaxed).is_ok_and(is_one) && flag.load_checked(Relaxed).is_ok_and(is_either);
        let well = well && letter.load_checked(Relaxed).is_ok_and(is_letter);
        mode.store(Mode::Stop, Relaxed);
        flag.store(true, Relaxed);
        letter.store('ß', Relaxed);
        well
    }

    fn look(&self) -> Outcome {
        let Some(seen) = &self.seen else { return false };
        let _ = (ReadOnly::participants(seen), ReadOnly::info(seen), ReadOnly::is_removed(seen));
        let waited_for = [
            waited(seen.position.wait_newer(seen.position.version(), LIMIT)),
            waited(seen.choosy.wait_newer(0, LIMIT).inspect(|(_, value)| check(value))),
            waited(seen.event.wait_past(seen.event.count(), LIMIT)),
        ];
        let _ = (waited_for, seen.lock.is_locked(), format!("{seen:?}"));
        seen.block.load_timeout(LIMIT).is_ok()
    }

    /// Removes the object, and makes it anew, or meets the one that another has made.
    fn begin_anew(&mut self) -> Outcome {
        if !self.removes || !self.random.one_in(4) {
            return false;
        }
        let removed = told(self.store.remove::<EveryPart>()).is_some();
        if let Some(parts) = told(self.store.attach_or_create::<EveryPart>()) {
            self.hold(parts);
        }
        removed
    }
}

/// What there is, or the error, which can be printed.
fn told<T, E: std::error::Error>(result: Result<T, E>) -> Option<T> {
    result.inspect_err(|error| assert!(!format!("{error} {error:?}").is_empty())).ok()
}

fn waited<T>(result: Result<T, WaitError>) -> Outcome {
    told(result).is_some()
}

/// No peer can make a thread believe that it holds what it does not.
fn never_ours(error: &LockError) {
    assert!(!matches!(error, LockError::WouldDeadlock { .. }));
}

/// Asserts that a value is one of its type, which the compiler would take for granted.
fn check(value: &Choosy) {
    assert!(is_letter(value.letter) && value.modes.into_iter().all(is_one) && is_either(value.flag), "{value:?}");
}

fn is_letter(letter: char) -> bool {
    char::from_u32(black_box(black_box(letter) as u32)).is_some()
}

fn is_one(mode: Mode) -> bool {
    [0, 1, 7].contains(&black_box(black_box(mode) as u8))
}

fn is_either(flag: bool) -> bool {
    black_box(black_box(flag) as u8) <= 1
}
