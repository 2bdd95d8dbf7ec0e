//! An object that is moved between two layouts, and what a test knows of it. Every acknowledged store must stay.

use std::fmt;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use shmstore::{AttachError, Shared, ShmId, ShmObject, Store};

use crate::peer::{Peer, actor};
use crate::raw::{Raw, field, find};
use crate::scratch::Scratch;
use crate::wait;

/// The id of the object.
pub const ID: char = 'M';

/// The bit of a journal's id that no type-id-char has.
pub const JOURNAL_BIT: i32 = 1 << 31;

pub const READY: u64 = 2;

pub const MOVING: u64 = 1;

/// The object before, without room.
pub mod v1 {
    use std::sync::atomic::AtomicU64;

    use shmstore::{ShmObject, Versioned};

    #[derive(Debug, ShmObject)]
    #[repr(C)]
    #[shm(id = 'M')]
    pub struct Ledger {
        pub stores: AtomicU64,
        pub note: Versioned<[u32; 4]>,
        pub gone: AtomicU64,
    }
}

/// The object after, with other fields in another order.
pub mod v2 {
    use std::sync::atomic::AtomicU64;

    use shmstore::{ShmObject, Versioned};

    #[derive(Debug, ShmObject)]
    #[repr(C)]
    #[shm(id = 'M', room = 2048)]
    pub struct Ledger {
        pub note: Versioned<[u64; 4]>,
        pub fresh: AtomicU64,
        pub stores: AtomicU64,
    }
}

/// What both layouts have.
pub trait Ledger: ShmObject + ShmId {
    fn stores(&self) -> &AtomicU64;
    /// Counts in a value of several words.
    fn add_note(&self);
    /// The version of that value, and its words.
    fn note(&self) -> (u64, [u64; 4]);

    /// Stores to each part.
    fn add(&self, count: u64) {
        for _ in 0..count {
            self.add_note();
            self.stores().fetch_add(1, SeqCst);
        }
    }

    /// How many times every part was stored to.
    #[track_caller]
    fn count(&self) -> u64 {
        let stores = self.stores().load(SeqCst);
        assert_eq!(self.note(), (stores, [stores; 4]), "the parts of the object differ");
        stores
    }
}

macro_rules! ledger {
    ($version:ident, $word:ty) => {
        impl Ledger for $version::Ledger {
            fn stores(&self) -> &AtomicU64 {
                &self.stores
            }

            fn add_note(&self) {
                self.note.update(|words| words.iter_mut().for_each(|word| *word += 1));
            }

            fn note(&self) -> (u64, [u64; 4]) {
                let (version, words) = self.note.load_versioned();
                (version, words.map(|word| word as $word as u64))
            }
        }
    };
}

ledger!(v1, u32);
ledger!(v2, u64);

/// What stands at the key of the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtKey {
    /// The object that the test has made, in the old layout.
    Old,
    /// No segment, or a half-made one.
    Nothing,
    /// A complete object that a move has made.
    New,
}

/// A store with the object, and the number of stores that were acknowledged.
pub struct World {
    pub scratch: Scratch,
    pub store: Store,
    acknowledged: AtomicU64,
    old_nonce: u64,
}

/// Longer than a segment in which nothing is written must be left alone.
pub const LIMIT: Duration = Duration::from_secs(10);

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    pub fn new() -> Self {
        let scratch = Scratch::new();
        let store = Store::options().wait(LIMIT).open(scratch.path()).expect("a fresh directory");
        store.create::<v1::Ledger>().expect("a free key").add(3);
        let old_nonce = Raw::at_key(scratch.key(ID)).get(field::NONCE);
        Self { scratch, store, acknowledged: AtomicU64::new(3), old_nonce }
    }

    pub fn key(&self) -> i32 {
        self.scratch.key(ID)
    }

    pub fn journal_key(&self) -> i32 {
        self.key() | JOURNAL_BIT
    }

    /// A process of the role `mover`.
    pub fn mover(&self, environment: &[(&str, &str)]) -> Peer {
        Peer::spawn(actor("mover").arg(self.scratch.path()).envs(environment.iter().copied()))
    }

    /// Has a process die at the n-th step that a command comes to. Returns what it answers if it does not come so far.
    #[track_caller]
    pub fn die(&self, command: &str, n: usize) -> Option<String> {
        let failpoint = format!("Any:{n}=kill");
        let mut mover = self.mover(&[("SHMSTORE_FAILPOINT", &failpoint)]);
        mover.tell(command);
        mover.outcome()
    }

    pub fn at_key(&self) -> AtKey {
        match find(self.key()).and_then(Raw::try_attach) {
            Some(raw) if raw.get(field::STATE) == READY && raw.get(field::NONCE) == self.old_nonce => AtKey::Old,
            Some(raw) if raw.get(field::STATE) == READY => AtKey::New,
            _ => AtKey::Nothing,
        }
    }

    /// The layout that stands there, or that a complete journal has.
    pub fn expected(&self) -> AtKey {
        match self.at_key() {
            AtKey::Nothing => AtKey::New,
            there => there,
        }
    }

    /// Stores as a process does that attaches a ready object and recovers nothing. Returns `true` if it could.
    #[track_caller]
    pub fn write_if_open(&self) -> bool {
        let Some(raw) = find(self.key()).and_then(Raw::try_attach) else { return false };
        if raw.get(field::STATE) != READY || raw.get(field::FLAGS) & MOVING != 0 {
            return false;
        }
        drop(raw);
        self.with_object(|object| object.add(1));
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
        true
    }

    /// Counts stores that other processes made.
    pub fn acknowledge(&self, count: u64) {
        self.acknowledged.fetch_add(count, SeqCst);
    }

    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(SeqCst)
    }

    /// Attaches the object in the layout that it has.
    #[track_caller]
    pub fn with_object<T>(&self, use_it: impl FnOnce(&dyn Held) -> T) -> T {
        match self.store.attach::<v1::Ledger>() {
            Ok(object) => use_it(&object),
            Err(AttachError::LayoutMismatch(_)) => {
                use_it(&self.store.attach::<v2::Ledger>().expect("the other layout"))
            }
            Err(error) => panic!("neither layout: {error}"),
        }
    }

    /// A complete journal would bring back what it holds, if the object were removed from outside. So no process may
    /// write to an object that has one.
    #[track_caller]
    pub fn assert_no_journal_of_an_open_object(&self) {
        let state = |key| find(key).and_then(Raw::try_attach).map(|raw| (raw.get(field::STATE), raw.get(field::FLAGS)));
        let is_open = state(self.key()).is_some_and(|(state, flags)| state == READY && flags & MOVING == 0);
        let journal = state(self.journal_key()).map(|(state, _)| state);
        assert!(!(is_open && journal == Some(READY)), "processes may write to an object that has a complete journal");
    }

    /// The object is whole, no store is missing, and no other segment is left.
    #[track_caller]
    pub fn assert_whole(&self) {
        let count = self.with_object(|object| object.count());
        assert_eq!(count, self.acknowledged(), "acknowledged stores");
        self.assert_alone();
    }

    /// There is the object, and no other segment.
    #[track_caller]
    pub fn assert_alone(&self) {
        wait::until_equal(|| self.keys(), vec![self.key()]);
    }

    /// There is neither the object nor another segment.
    #[track_caller]
    pub fn assert_empty(&self) {
        wait::until_equal(|| self.keys(), Vec::new());
    }

    /// The keys of the segments, without a journal in which nothing is written yet. Another program might have just
    /// made that, so it stays until it is old enough.
    pub fn keys(&self) -> Vec<i32> {
        let is_empty = |shmid| Raw::try_attach(shmid).is_some_and(|raw| raw.get(field::FIRST_WORD) == 0);
        let mut segments = self.scratch.segments();
        segments.retain(|found| found.key != self.journal_key() || !is_empty(found.shmid));
        segments.iter().map(|found| found.key).collect()
    }
}

/// An object in either layout.
pub trait Held {
    fn add(&self, count: u64);
    fn count(&self) -> u64;
    /// The number of stores, also while other processes store.
    fn stores(&self) -> u64;
    fn note(&self) -> (u64, [u64; 4]);
    fn is_removed(&self) -> bool;
    /// The state that the kernel and the header tell.
    fn state(&self) -> String;
    fn shmid(&self) -> String;
}

impl<T: Ledger> Held for Shared<T> {
    fn add(&self, count: u64) {
        (**self).add(count);
    }

    fn count(&self) -> u64 {
        (**self).count()
    }

    fn stores(&self) -> u64 {
        (**self).stores().load(SeqCst)
    }

    fn note(&self) -> (u64, [u64; 4]) {
        (**self).note()
    }

    fn is_removed(&self) -> bool {
        Shared::is_removed(self)
    }

    fn state(&self) -> String {
        Shared::info(self).map_or("none".into(), |info| info.state.to_string())
    }

    fn shmid(&self) -> String {
        Shared::info(self).map_or("none".into(), |info| info.shmid.to_string())
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("segments", &self.scratch.segments()).finish_non_exhaustive()
    }
}
