//! What the processes tell each other, in memory that is no segment: who does what, and what was acknowledged.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use shmstore::ShmObject;

use super::book::Book;
use super::feeding::Sendings;
use super::op::Op;
use super::os::now;
use super::register::Register;
use super::stamp::Stamp;

/// The most workers at a time, the victim included. Place 0 is the victim's.
pub(super) const PLACES: usize = 8;
/// The parts whose values carry stamps.
pub(super) const PARTS: usize = 4;
pub(super) const QUEUES: usize = 4;
pub(super) const BROADCASTS: usize = 3;
pub(super) const MAPS: usize = 5;
/// How many of the last acknowledgements are remembered.
const REMEMBERED: usize = 4096;
/// The long-lived processes.
pub(super) const LONG_LIVED: [&str; 10] = [
    "checker",
    "measurer",
    "waiter",
    "read-only waiter",
    "event waiter",
    "subscriber",
    "read-only subscriber",
    "waiter for a value of a map",
    "waiter for keys",
    "read-only waiter for keys",
];

#[derive(ShmObject)]
#[repr(C)]
pub(super) struct Place {
    op: AtomicU64,
    since: AtomicU64,
    /// The process that works here, and its generation.
    pub(super) pid: AtomicU64,
    pub(super) generation: AtomicU64,
    /// The generation that has what the measurer is to wait for.
    pub(super) holding: AtomicU64,
}

/// What was acknowledged of one part.
#[derive(ShmObject)]
#[repr(C)]
pub(super) struct Acknowledged {
    /// The newest version.
    version: AtomicU64,
    /// The count of each writer's newest value.
    counters: [AtomicU64; PLACES],
    /// When: 20 bits of the version, 44 bits of microseconds.
    times: [AtomicU64; REMEMBERED],
    /// What: 24 bits of the version, 40 bits of the stamp.
    bodies: [AtomicU64; REMEMBERED],
}

#[derive(ShmObject)]
#[repr(C)]
pub(super) struct Measured {
    /// When the kernel had released the victim; 0 before.
    pub(super) released: AtomicU64,
    /// When the measurer began to wait.
    pub(super) began: AtomicU64,
    /// When it had the part.
    pub(super) acquired: AtomicU64,
    /// For how long it was runnable and not scheduled, while it waited.
    pub(super) not_scheduled: AtomicU64,
    /// The generation that this is of.
    pub(super) done: AtomicU64,
}

#[derive(ShmObject)]
#[repr(C)]
pub(super) struct Board {
    pub(super) places: [Place; PLACES],
    pub(super) long_lived: [Place; LONG_LIVED.len()],
    pub(super) parts: [Acknowledged; PARTS],
    pub(super) notifications: Acknowledged,
    pub(super) queues: [Book; QUEUES],
    pub(super) broadcasts: [Sendings; BROADCASTS],
    pub(super) maps: [Register; MAPS],
    pub(super) large_map: Register,
    /// Of the value of a map that is waited for.
    pub(super) map_value: Acknowledged,
    /// Of the keys of a map that come and go.
    pub(super) map_changes: Acknowledged,
    pub(super) measured: Measured,
    /// How many changes of the accounts were acknowledged, in the transactions' part and under the lock.
    pub(super) updates: AtomicU64,
    pub(super) transfers: AtomicU64,
    /// How often somebody repaired what a dead owner of the lock left, and undid half a transfer.
    pub(super) repairs: AtomicU64,
    pub(super) undone: AtomicU64,
    pub(super) waits: AtomicU64,
    /// The longest time between an acknowledgement and the return of one who waited for it; and for how long of it he was
    /// runnable and not scheduled.
    pub(super) worst_wait: AtomicU64,
    pub(super) worst_wait_not_scheduled: AtomicU64,
    pub(super) checks: AtomicU64,
    pub(super) stop: AtomicU64,
}

impl Place {
    /// A process says that it works here.
    pub(super) fn live(&self, generation: u64) {
        self.pid.store(std::process::id().into(), SeqCst);
        self.generation.store(generation, SeqCst);
    }

    pub(super) fn enter(&self, op: Op) {
        self.op.store(op as u64, Relaxed);
        self.since.store(now(), SeqCst);
    }

    /// What it does, and for how many nanoseconds by now.
    pub(super) fn doing(&self) -> (Op, u64) {
        let since = self.since.load(SeqCst);
        (Op::from_number(self.op.load(Relaxed)), now().saturating_sub(since))
    }
}

impl Acknowledged {
    /// A writer says which version is there, after it was stored; and its stamp, if it knows that it is this version's.
    pub(super) fn acknowledge(&self, version: u64, stamp: Option<Stamp>) {
        let at = version as usize % REMEMBERED;
        if let Some(stamp) = stamp {
            self.bodies[at].store(version << 40 | stamp.body(), Relaxed);
        }
        let before = self.times[at].load(Relaxed);
        if before >> 44 != version & 0xf_ffff {
            self.times[at].store(version << 44 | (now() / 1000) & ((1 << 44) - 1), Relaxed);
        }
        self.version.fetch_max(version, SeqCst);
    }

    /// Somebody has seen a version before it was acknowledged, which may never happen: its writer may be dead.
    pub(super) fn remember(&self, version: u64, stamp: Stamp) {
        if self.body_of(version).is_none() && version + REMEMBERED as u64 / 2 > self.version() {
            self.bodies[version as usize % REMEMBERED].store(version << 40 | stamp.body(), Relaxed);
        }
    }

    /// The count of a writer's newest value that was acknowledged.
    pub(super) fn acknowledge_counter(&self, stamp: Stamp) {
        self.counters[stamp.writer()].fetch_max(stamp.counter(), SeqCst);
    }

    pub(super) fn version(&self) -> u64 {
        self.version.load(SeqCst)
    }

    pub(super) fn counters(&self) -> [u64; PLACES] {
        std::array::from_fn(|writer| self.counters[writer].load(SeqCst))
    }

    /// When a version was acknowledged, in nanoseconds, if that is remembered.
    pub(super) fn time_of(&self, version: u64) -> Option<u64> {
        let word = self.times[version as usize % REMEMBERED].load(SeqCst);
        (word != 0 && word >> 44 == version & 0xf_ffff).then_some((word & ((1 << 44) - 1)) * 1000)
    }

    /// The body of the stamp that was acknowledged for a version, if that is remembered.
    pub(super) fn body_of(&self, version: u64) -> Option<u64> {
        let word = self.bodies[version as usize % REMEMBERED].load(SeqCst);
        (word != 0 && word >> 40 == version & 0xff_ffff).then_some(word & ((1 << 40) - 1))
    }
}
