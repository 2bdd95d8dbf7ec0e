//! The protocol of a map: chains of entries, a free list, and an intent for the successor of a process that dies.
//!
//! Readers take no lock, unless their searches are disturbed again and again: see `core.rs`. Insertion and removal are
//! made under the structure lock. Each step of them is one store, and after each of them the next holder of the lock
//! can go on. The order of the steps is the order of the stores in [`Structure::insert`] and [`Structure::remove`].
//!
//! # No key is missed
//!
//! Let a key be in the map from before a search to after it, in the entry e. New entries become the heads of their
//! chains. So each entry that the search accepts in this bucket was inserted after e, or is e. Its `next` only ever led
//! to entries that were inserted after e, or to e, because e stays. Chains end, so the search meets e. The filter of
//! the head has the bit of the key all the time: an insertion keeps the bits that are there, and a removal makes the
//! filter anew from the chain that remains.
//!
//! # Orderings
//!
//! - The successor of a dead process relies on the order of the stores. So each store of the intent, the free list, the
//!   high water and `len` is a Release store, and so is each store of a state or of a link in a chain.
//! - A reader loads a link and a state with Acquire. So it sees the key, the hash and the link that were written before
//!   the entry became linked.
//! - The fence after an entry became free pairs with the fence before a reader's second look at the state. So a reader
//!   that has read a word of the entry's next key sees that the entry was free.
//! - Live is a Release store, too. A reader may see this store alone.
//!
//! The loom models build this file a second time, with loom's atomics.

use super::atomics::Ordering::{Acquire, Relaxed, Release};
use super::atomics::{AtomicU32, AtomicU64, fence};
use super::state::{self, FREE, Head, Intent, LINKED, LIVE, Operation, bucket, is_same_key, kind};

/// The steps of a search after which a limit is looked at.
const STEPS_UNTIL_CHECK: u32 = 256;

/// Steps of an operation at which a test can kill the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// The intent is stored.
    Intended,
    /// An insertion has taken its entry from the free list or from above the high water.
    EntryTaken,
    /// The entry is filled and linked, and in no chain yet.
    EntryLinked,
    /// The entry is in its chain, and not live yet.
    EntryChained,
    /// The key is in the map, and not counted yet.
    KeyInserted,
    /// The key is no longer in the map, and its entry is still in the chain.
    KeyRemoved,
    /// The entry is no longer in its chain, and not free yet.
    EntryUnlinked,
    /// The entry is free, and not in the free list yet.
    EntryFreed,
    /// The entry is in the free list, and the key is still counted.
    EntryListed,
    /// The key is counted, and the intent is still there.
    Counted,
}

/// The entries and the heads of the chains.
pub(crate) trait Entries: Copy {
    /// An entry whose index is less than the capacity.
    type Entry: Copy;

    fn capacity(&self) -> u32;

    /// The head of a bucket's chain. The bucket is from [`bucket`].
    fn head(&self, bucket: u64) -> &AtomicU64;

    /// The entry that a link leads to. `None` at the end, and if a process that breaks the protocol wrote the link.
    fn follow(&self, link: u32) -> Option<Self::Entry>;

    fn state(&self, entry: Self::Entry) -> &AtomicU32;
    fn next(&self, entry: Self::Entry) -> &AtomicU32;
    fn hash(&self, entry: Self::Entry) -> &AtomicU32;

    /// Called before a search looks at an entry.
    fn approach(&self, _: Self::Entry) {}

    /// Called between the steps.
    fn reached(&self, _: Reached) {}
}

/// The result of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found<Entry> {
    /// The entry with the key, and its state, which was live.
    Live(Entry, u32),
    /// The key is not in the map.
    Absent,
    /// The chain has changed, and the search must begin again. Or a process that breaks the protocol has damaged it.
    Disturbed,
}

/// Searches the entry of a key once. `is_key` compares the key of an entry. Other processes may be writing it.
///
/// The search has at most as many steps as the map has entries. It ends as disturbed if `goes_on` says no.
#[inline(always)]
pub(crate) fn find<E: Entries>(
    entries: &E,
    hash: u32,
    is_key: impl Fn(E::Entry) -> bool,
    mut goes_on: impl FnMut() -> bool,
) -> Found<E::Entry> {
    let bucket_of = |hash| bucket(hash, entries.capacity().into());
    let head = Head::of(entries.head(bucket_of(hash)).load(Acquire));
    if !head.may_have(hash) {
        return Found::Absent;
    }
    let mut link = head.first;
    let mut steps = 0;
    while let Some(entry) = entries.follow(link) {
        if steps == entries.capacity() || steps % STEPS_UNTIL_CHECK == STEPS_UNTIL_CHECK - 1 && !goes_on() {
            return Found::Disturbed;
        }
        steps += 1;
        entries.approach(entry);
        let before = entries.state(entry).load(Acquire);
        let its_hash = entries.hash(entry).load(Relaxed);
        let is_here = its_hash == hash && is_key(entry);
        let next = entries.next(entry).load(Relaxed);
        fence(Acquire);
        let now = entries.state(entry).load(Relaxed);
        let is_of_bucket = its_hash == hash || bucket_of(its_hash) == bucket_of(hash);
        if kind(before) == FREE || !is_same_key(before, now) || !is_of_bucket {
            return Found::Disturbed;
        }
        if is_here && kind(before) == LIVE {
            return Found::Live(entry, before);
        }
        link = next;
    }
    if link == 0 { Found::Absent } else { Found::Disturbed }
}

/// Returns `true` if an entry has had the same key since it was in the state `before`. Then the words that were read
/// from it in between belong to this key.
#[inline(always)]
pub(crate) fn is_still<E: Entries>(entries: &E, entry: E::Entry, before: u32) -> bool {
    fence(Acquire);
    is_same_key(before, entries.state(entry).load(Relaxed))
}

/// Returns `true` if an entry that was live in this state still has its key, and the key is still in the map. A process
/// that takes the lock of a value looks here before it stores.
#[inline(always)]
pub(crate) fn is_live(state: &AtomicU32, before: u32) -> bool {
    state.load(Acquire) == before
}

/// The words of a map that change under the structure lock.
#[derive(Clone, Copy)]
pub(crate) struct Structure<'a> {
    pub(super) intent: &'a AtomicU64,
    pub(super) len: &'a AtomicU32,
    pub(super) high_water: &'a AtomicU32,
    pub(super) free: &'a AtomicU32,
    pub(super) changes: &'a AtomicU64,
    pub(super) floor: &'a AtomicU64,
}

impl Structure<'_> {
    /// Returns `true` if a process inserts or removes a key, or has died in it.
    pub(crate) fn is_changing(&self) -> bool {
        self.intent.load(Relaxed) != 0
    }

    /// Inserts a key that is not in the map. `fill` writes the key and its value. It gets the entry and the greatest
    /// version of a removed key. Returns the entry, or `None` if the map is full.
    ///
    /// The caller has the structure lock, and has [recovered](Self::recover).
    #[inline(always)]
    pub(crate) fn insert<E: Entries>(
        &self,
        entries: &E,
        hash: u32,
        fill: impl FnOnce(E::Entry, u64),
    ) -> Option<E::Entry> {
        let from_list = self.free.load(Relaxed);
        let unused = self.high_water.load(Relaxed);
        let link = if from_list == 0 { unused.wrapping_add(1) } else { from_list };
        let entry = entries.follow(link)?;
        let len = self.len.load(Relaxed);
        let (state, next) = (entries.state(entry), entries.next(entry));

        self.intent.store(Intent { operation: Operation::Insert, link, len }.word(), Release);
        entries.reached(Reached::Intended);
        if from_list == 0 {
            self.high_water.store(link, Release);
        } else {
            self.free.store(next.load(Relaxed), Release);
        }
        entries.reached(Reached::EntryTaken);
        fence(Release);
        fill(entry, self.floor.load(Relaxed));
        entries.hash(entry).store(hash, Relaxed);
        let head = entries.head(bucket(hash, entries.capacity().into()));
        let before = Head::of(head.load(Relaxed));
        next.store(before.first, Relaxed);
        let linked = state::next_generation(state.load(Relaxed), LINKED);
        state.store(linked, Release);
        entries.reached(Reached::EntryLinked);
        head.store(Head { first: link, ..before.with(hash) }.word(), Release);
        entries.reached(Reached::EntryChained);
        state.store(state::with_kind(linked, LIVE), Release);
        entries.reached(Reached::KeyInserted);
        self.end(entries, len.wrapping_add(1));
        Some(entry)
    }

    /// Removes the key of a live entry, whose greatest version is given.
    ///
    /// The caller has the lock of the entry and the structure lock, and has [recovered](Self::recover).
    #[inline(always)]
    pub(crate) fn remove<E: Entries>(&self, entries: &E, entry: E::Entry, link: u32, version: u64) {
        let len = self.len.load(Relaxed);
        self.intent.store(Intent { operation: Operation::Remove, link, len }.word(), Release);
        entries.reached(Reached::Intended);
        self.floor.store(self.floor.load(Relaxed).max(version), Release);
        let state = entries.state(entry);
        state.store(state::with_kind(state.load(Relaxed), LINKED), Release);
        entries.reached(Reached::KeyRemoved);
        self.unlink(entries, entry, link);
        self.list(entries, entry, link);
        self.end(entries, len.wrapping_sub(1));
    }

    /// Returns the number of keys. The holder of the lock, which may be dead, may not have counted its last one.
    pub(crate) fn len_now<E: Entries>(&self, entries: &E) -> u32 {
        let intent = Intent::of(self.intent.load(Acquire));
        match entries.follow(intent.link) {
            Some(entry) => intent.len_now(entries.state(entry).load(Relaxed)),
            None => self.len.load(Relaxed),
        }
    }

    /// Completes the operation of a process that died, or takes it back. The caller has the structure lock.
    ///
    /// This process may be killed here, too. Then the next one does the same again.
    #[inline(always)]
    pub(crate) fn recover<E: Entries>(&self, entries: &E) {
        let intent = self.intent.load(Relaxed);
        if intent != 0 {
            self.complete(*entries, Intent::of(intent));
        }
    }

    #[cold]
    fn complete<E: Entries>(&self, entries: E, intent: Intent) {
        let link = intent.link;
        let Some(entry) = entries.follow(link) else {
            // A process that breaks the protocol wrote it.
            return self.intent.store(0, Release);
        };
        let state = entries.state(entry).load(Relaxed);
        if kind(state) == LINKED {
            self.unlink(&entries, entry, link);
        }
        // The entry is not in the free list unless it is the first in it.
        if kind(state) != LIVE && self.free.load(Relaxed) != link && link <= self.high_water.load(Relaxed) {
            self.list(&entries, entry, link);
        }
        self.end(&entries, intent.len_now(state));
    }

    /// Takes an entry out of its chain, if it is in there, and its hash out of the filter.
    fn unlink<E: Entries>(&self, entries: &E, entry: E::Entry, link: u32) {
        let head = entries.head(bucket(entries.hash(entry).load(Relaxed), entries.capacity().into()));
        let next = entries.next(entry).load(Relaxed);
        let first = Head::of(head.load(Relaxed)).first;
        let mut after = Head { first: if first == link { next } else { first }, filter: 0 };
        let mut here = after.first;
        for _ in 0..entries.capacity() {
            let Some(other) = entries.follow(here) else { break };
            after = after.with(entries.hash(other).load(Relaxed));
            let from = entries.next(other);
            here = from.load(Relaxed);
            if here == link {
                from.store(next, Release);
                here = next;
            }
        }
        head.store(after.word(), Release);
        entries.reached(Reached::EntryUnlinked);
    }

    /// Frees an entry, and puts it in the free list.
    fn list<E: Entries>(&self, entries: &E, entry: E::Entry, link: u32) {
        let state = entries.state(entry);
        state.store(state::with_kind(state.load(Relaxed), FREE), Release);
        entries.reached(Reached::EntryFreed);
        fence(Release);
        entries.next(entry).store(self.free.load(Relaxed), Relaxed);
        self.free.store(link, Release);
        entries.reached(Reached::EntryListed);
    }

    fn end<E: Entries>(&self, entries: &E, len: u32) {
        self.len.store(len, Release);
        self.changes.store(self.changes.load(Relaxed).wrapping_add(1), Release);
        entries.reached(Reached::Counted);
        self.intent.store(0, Release);
    }
}
