//! The hub: one thread of the process that wakes all tasks, and looks after all threads that sleep for long.
//!
//! A task cannot sleep on a word itself, so the thread does, on up to 127 words at a time (`futex_waitv`). It looks at
//! the words beyond each millisecond. A task of a part that this process may only read has no word that rings for it,
//! so the thread looks at the part each millisecond, too.
//!
//! While the thread sleeps on the words of all waits, the process wakes up once in a slice of 5 ms, however many wait.
//! A slice finds what no wake-up tells: changes of a process that was killed before it woke the waiters, jobs of dead
//! processes, removed objects and lost anchors. A thread that sleeps in a plain wait for more than some slices leaves
//! this to the hub, if it is not the only one.
//!
//! The thread is started by the first task or by the second such sleeper, and sleeps without an end while nothing is
//! awaited. A child of `fork` has a hub of its own.
//!
//! # Safety
//!
//! Assumes that a [`Condition`] that was made for a part in a segment stays valid while the segment is mapped, as each
//! consists of references into it. Promises that it is kept and used only that long: [`forget`] takes it out of the
//! table, under the table's lock, before the segment is unmapped, and every use is under that lock.
#![allow(unsafe_code)]

mod look;
mod objects;
mod table;
#[cfg(test)]
mod tests;
mod thread;
mod waiter;
mod words;

use std::mem;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use nix::errno::Errno;

use super::waiting::{Bell, Condition};
use crate::segment::this_process;
use crate::segment::this_process::registry::access_at;
use crate::sys::futex;
use crate::sys::shm::Access;
use table::{Added, Table};
pub(super) use waiter::{State, Why};
use waiter::{Subject, Wake};

/// The hub of the process that made it. A child of `fork` makes another one.
static HUB: AtomicPtr<Hub> = AtomicPtr::new(ptr::null_mut());

/// The hub of this process.
pub(super) struct Hub {
    /// The token of the process.
    token: u32,
    table: Mutex<Table<Kept, Waker>>,
    /// The word on which the thread sleeps, beside those in the table. It counts.
    kicks: AtomicU32,
    is_started: AtomicBool,
    /// The threads that have slept for some slices.
    sleepers: AtomicUsize,
}

/// A condition of a part in a segment, kept while the segment is mapped.
#[derive(Clone, Copy)]
struct Kept {
    // INVARIANT: valid while it is in the table.
    condition: Condition<'static>,
    access: Access,
}

impl waiter::Bell for Bell<'static> {
    fn address(&self) -> usize {
        Bell::address(*self)
    }

    fn now(&self) -> u32 {
        Bell::now(*self)
    }

    fn wakes_one(&self) -> bool {
        Bell::wakes_one(*self)
    }
}

impl Subject for Kept {
    type Bell = Bell<'static>;

    fn bell(&self) -> Bell<'static> {
        self.condition.bell()
    }

    fn can_announce(&self) -> bool {
        self.access == Access::ReadWrite
    }

    fn announce(&self) -> Option<u32> {
        self.condition.announce(self.access)
    }

    fn holds(&self) -> bool {
        self.condition.holds()
    }

    fn is_unsettled(&self) -> bool {
        self.condition.is_unsettled()
    }
}

impl Kept {
    /// # Safety
    ///
    /// The part of the condition is in a segment, and the result is used only in the table.
    unsafe fn new(condition: Condition<'_>, access: Access) -> Self {
        // SAFETY: by the contract it is used only in the table, and `forget` takes it out before the part is unmapped.
        let condition = unsafe { mem::transmute::<Condition<'_>, Condition<'static>>(condition) };
        Self { condition, access }
    }
}

/// The hub of this process, which is made at the first call.
pub(super) fn hub() -> &'static Hub {
    let token = this_process::token();
    loop {
        let known = HUB.load(Acquire);
        // SAFETY: null, or made by `Box::into_raw` below and never freed.
        if let Some(hub) = unsafe { known.as_ref() }.filter(|hub| hub.token == token) {
            return hub;
        }
        this_process::before_detach(forget);
        let fresh = Box::into_raw(Box::new(Hub {
            token,
            table: Mutex::new(Table::new(futex::MOST_WORDS - 1)),
            kicks: AtomicU32::new(0),
            is_started: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
        }));
        // The parent's hub is never freed. One of its threads may have locked it, and its wakers are of its tasks.
        if HUB.compare_exchange(known, fresh, AcqRel, Acquire).is_err() {
            // SAFETY: made by `Box::into_raw` just now, and not published, because the compare-exchange has failed.
            drop(unsafe { Box::from_raw(fresh) });
        }
    }
}

/// Takes all waits and words in a range of addresses out of the table, before they are unmapped.
///
/// A word stays in the table until the look after its last wait. A wait stays if its future was leaked, or is dropped
/// after the object that it borrows from, as the compiler allows.
fn forget(range: Range<usize>) {
    // SAFETY: null, or made by `hub` and never freed.
    let known = unsafe { HUB.load(Acquire).as_ref() };
    if let Some(hub) = known.filter(|hub| hub.token == this_process::current_token()) {
        let waiters = hub.lock().forget(range);
        drop(waiters);
    }
}

/// The wait of a task that the hub knows of. A drop ends it.
#[derive(Debug, Default)]
pub(super) struct Registration {
    key: u32,
    /// The token of the process in which it was made. 0 if there is none. A child of `fork` begins anew.
    token: u32,
}

impl Registration {
    /// What has become of the wait. `None` if there is none in this process. A wait that goes on gets the waker.
    pub(super) fn renew(&self, waker: &Waker) -> Option<State> {
        if !self.is_ours() {
            return None;
        }
        let hub = hub();
        let (state, is_other) = {
            let mut table = hub.lock();
            let (state, known) = table.state(self.key);
            (state, known.is_some_and(|known| !known.will_wake(waker)))
        };
        if !is_other {
            return Some(state);
        }
        // A waker runs code of the program when it is cloned and dropped, so the table is unlocked meanwhile. The old
        // waker may be woken before it is replaced.
        let mut new = waker.clone();
        let mut table = hub.lock();
        let (state, known) = table.state(self.key);
        if let Some(known) = known {
            mem::swap(known, &mut new);
        }
        drop(table);
        Some(state)
    }

    /// Registers the wait of a task that announced itself and found `expected` in the word before. Returns `false` if
    /// the word has changed since.
    pub(super) fn make(&mut self, condition: Condition<'_>, expected: u32, waker: &Waker) -> Result<bool, Errno> {
        // Nothing says when ordinary memory is gone, so no other thread may look at it.
        let Some(access) = access_at(condition.address()) else { return self.make_stray(waker).map(|()| true) };
        let waker = waker.clone();
        // SAFETY: the part is in a segment, and the condition goes into the table.
        let kept = unsafe { Kept::new(condition, access) };
        self.add(|table| table.add(kept, expected, waker)).map(|added| added.is_ok())
    }

    /// Registers the wait of a task that looks at its part itself after a moment.
    pub(super) fn make_stray(&mut self, waker: &Waker) -> Result<(), Errno> {
        let waker = waker.clone();
        self.add(|table| Ok::<_, Waker>(table.add_stray(waker))).map(drop)
    }

    fn add(
        &mut self,
        add: impl FnOnce(&mut Table<Kept, Waker>) -> Result<Added, Waker>,
    ) -> Result<Result<(), Waker>, Errno> {
        self.end();
        let hub = hub();
        hub.start()?;
        let added = add(&mut hub.lock());
        Ok(added.map(|added| {
            hub.note(&added);
            (self.key, self.token) = (added.key, hub.token);
        }))
    }

    /// Ends the wait of a task that has looked at its part since it was woken.
    pub(super) fn end(&mut self) {
        self.remove();
    }

    /// Ends the wait. Returns what to wake if the task was woken, and does not look.
    fn remove(&mut self) -> Option<Wake<Waker>> {
        if !self.is_ours() {
            return None;
        }
        self.token = 0;
        let (waiter, instead) = hub().lock().remove(self.key);
        drop(waiter);
        instead
    }

    fn is_ours(&self) -> bool {
        self.token != 0 && self.token == this_process::current_token()
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(wake) = self.remove() {
            thread::wake(wake);
        }
    }
}

/// The waits of a thread that sleeps, and leaves to the hub what the words do not tell. A drop ends them.
pub(super) struct Watch(Vec<u32>);

impl Drop for Watch {
    fn drop(&mut self) {
        let mut table = hub().lock();
        for &key in &self.0 {
            table.remove(key);
        }
    }
}

/// A thread that has slept for some slices. A drop says that it has woken.
pub(super) struct LongSleeper(&'static Hub);

impl LongSleeper {
    pub(super) fn new() -> Self {
        let hub = hub();
        hub.sleepers.fetch_add(1, Relaxed);
        Self(hub)
    }

    /// Leaves it to the hub to look after the next sleep of this thread. `None` if the thread has to do so itself,
    /// because it is alone, or a part is in ordinary memory.
    pub(super) fn watch(&self, conditions: &[Condition<'_>]) -> Option<Watch> {
        // The thread of the hub cannot look after itself. A waker may wait.
        if thread::is_this() {
            return None;
        }
        let is_alone = self.0.sleepers.load(Relaxed) < 2 && !self.0.is_started.load(Relaxed);
        if is_alone || self.0.start().is_err() {
            return None;
        }
        let mut watch = Watch(Vec::with_capacity(conditions.len()));
        for &condition in conditions {
            // SAFETY: the part is in a segment, and the condition goes into the table.
            let kept = unsafe { Kept::new(condition, access_at(condition.address())?) };
            let added = self.0.lock().add_sleeper(kept);
            watch.0.push(added.key);
            self.0.note(&added);
        }
        Some(watch)
    }
}

impl Drop for LongSleeper {
    fn drop(&mut self) {
        self.0.sleepers.fetch_sub(1, Relaxed);
    }
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, Table<Kept, Waker>> {
        // Nothing in the table panics, unless a wait is used that is not in it.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread, unless it runs.
    fn start(&'static self) -> Result<(), Errno> {
        if self.is_started.load(Acquire) {
            return Ok(());
        }
        let _table = self.lock();
        if !self.is_started.load(Acquire) {
            thread::spawn(self)?;
            self.is_started.store(true, Relaxed);
        }
        Ok(())
    }

    fn note(&self, added: &Added) {
        if added.must_kick {
            self.kicks.fetch_add(1, Relaxed);
            futex::wake(&self.kicks, 1);
        }
    }
}
