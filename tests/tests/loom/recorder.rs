//! Atomics that record the stores of a process, to find what may be left of them when it is killed.
//!
//! A process is killed between two instructions of the processor. The compiler may have exchanged stores before, as far
//! as their orderings allow. Loom executes a thread line by line, so it does not show this.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What the protocols see.
pub(crate) mod atomics {
    pub(crate) use std::sync::atomic::Ordering;

    pub(crate) use super::{AtomicU32, AtomicU64, fence};
}

use atomics::Ordering::{self, AcqRel, Release, SeqCst};

struct Store {
    word: Rc<Cell<u64>>,
    before: u64,
    after: u64,
    /// So many stores come before this one, whatever the compiler does. One to the same word does, too.
    waits_for: usize,
}

#[derive(Default)]
struct Record {
    stores: Vec<Store>,
    /// So many came before the last fence.
    fenced: usize,
}

thread_local! {
    static RECORD: RefCell<Option<Record>> = const { RefCell::new(None) };
}

fn is_release(ordering: Ordering) -> bool {
    matches!(ordering, Release | AcqRel | SeqCst)
}

/// Runs `process` until it is killed, in each way that the orderings of its stores allow, each time on a new `part`.
/// `heir` checks what is left.
pub(crate) fn each_crash<P>(part: impl Fn() -> P, process: impl Fn(&P), heir: impl Fn(&P)) {
    let mut stored = 0_u32;
    loop {
        let part = part();
        RECORD.set(Some(Record::default()));
        process(&part);
        let stores = RECORD.take().expect("it was put there").stores;
        if stored >> stores.len() != 0 {
            return;
        }
        if is_possible(&stores, stored) {
            stores.iter().rev().for_each(|store| store.word.set(store.before));
            let stored = stores.iter().enumerate().filter(|(at, _)| stored >> at & 1 != 0);
            stored.for_each(|(_, store)| store.word.set(store.after));
            heir(&part);
        }
        stored += 1;
    }
}

/// Returns `true` if the process may have executed these stores, and none of the others. Each has a bit.
fn is_possible(stores: &[Store], stored: u32) -> bool {
    stores.iter().enumerate().filter(|(at, _)| stored >> at & 1 != 0).all(|(at, store)| {
        stores[..at].iter().enumerate().all(|(earlier, other)| {
            stored >> earlier & 1 != 0 || earlier >= store.waits_for && !Rc::ptr_eq(&other.word, &store.word)
        })
    })
}

pub(crate) fn fence(ordering: Ordering) {
    if is_release(ordering) {
        RECORD.with_borrow_mut(|record| {
            if let Some(record) = record {
                record.fenced = record.stores.len();
            }
        });
    }
}

macro_rules! atomics {
    ($($atomic:ident $integer:ident)*) => {$(
        #[derive(Default)]
        pub(crate) struct $atomic(Rc<Cell<u64>>);

        #[allow(dead_code)] // each has what one of them needs
        #[allow(clippy::unnecessary_cast, clippy::cast_possible_truncation)]
        impl $atomic {
            pub(crate) fn new(value: $integer) -> Self {
                Self(Rc::new(Cell::new(value as u64)))
            }

            pub(crate) fn load(&self, _: Ordering) -> $integer {
                self.0.get() as $integer
            }

            pub(crate) fn store(&self, value: $integer, ordering: Ordering) {
                let before = self.0.replace(value as u64);
                RECORD.with_borrow_mut(|record| {
                    if let Some(Record { stores, fenced }) = record {
                        let waits_for = if is_release(ordering) { stores.len() } else { *fenced };
                        stores.push(Store { word: self.0.clone(), before, after: value as u64, waits_for });
                    }
                });
            }

            pub(crate) fn swap(&self, value: $integer, ordering: Ordering) -> $integer {
                let before = self.load(ordering);
                self.store(value, ordering);
                before
            }

            pub(crate) fn fetch_add(&self, value: $integer, ordering: Ordering) -> $integer {
                let before = self.load(ordering);
                self.store(before.wrapping_add(value), ordering);
                before
            }

            pub(crate) fn fetch_max(&self, value: $integer, ordering: Ordering) -> $integer {
                let before = self.load(ordering);
                self.store(before.max(value), ordering);
                before
            }

            pub(crate) fn compare_exchange(
                &self,
                expected: $integer,
                value: $integer,
                ordering: Ordering,
                _: Ordering,
            ) -> Result<$integer, $integer> {
                let before = self.load(ordering);
                if before != expected {
                    return Err(before);
                }
                self.store(value, ordering);
                Ok(before)
            }
        }
    )*};
}

atomics! { AtomicU32 u32 AtomicU64 u64 }
