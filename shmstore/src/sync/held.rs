//! Which parts this thread holds, so that locking one twice is a panic that says so, and not a hang.
//!
//! A lock word knows the process that holds it, not the thread. Only when a thread finds a lock held by its own
//! process does it look here. A child of `fork` inherits the list, but not the locks: so each entry has its process's
//! token.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;

/// The address of a lock word, and the token that is in it.
type Entry = (usize, u32);

/// How many parts a thread holds at once without a list in the heap.
const FEW: usize = 8;

/// The parts that a thread holds, in no order. Plain memory of the thread: to note a part costs two stores.
struct List {
    few: [Cell<Entry>; FEW],
    len: Cell<usize>,
}

thread_local! {
    static HELD: List = const { List { few: [const { Cell::new((0, 0)) }; FEW], len: Cell::new(0) } };
    /// Those for which there was no place in it.
    static MORE: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

/// An entry in the list of this thread, as long as it lives.
pub(super) struct Held {
    entry: Entry,
    /// Belongs to the thread that made it.
    _not_send: PhantomData<*const ()>,
}

impl Held {
    /// Notes that this thread, of the process `token`, holds the lock whose word is at `address`.
    #[inline]
    pub(super) fn enter(address: usize, token: u32) -> Self {
        enter(address, token);
        Self { entry: (address, token), _not_send: PhantomData }
    }
}

impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        let (address, token) = self.entry;
        leave(address, token);
    }
}

/// Notes that this thread, of the process `token`, holds the lock whose word is at `address`, until it [leaves](leave).
#[inline]
pub(super) fn enter(address: usize, token: u32) {
    let entry = (address, token);
    HELD.with(|list| match list.few.get(list.len.get()) {
        Some(place) => {
            place.set(entry);
            list.len.set(list.len.get() + 1);
        }
        None => enter_more(entry),
    });
}

/// Takes back one [`enter`] of the same thread.
#[inline]
pub(super) fn leave(address: usize, token: u32) {
    let entry = (address, token);
    HELD.with(|list| {
        // What was locked last is mostly freed first.
        let last = list.len.get().wrapping_sub(1);
        if list.few.get(last).is_some_and(|place| place.get() == entry) {
            list.len.set(last);
        } else {
            list.leave(entry);
        }
    });
}

impl List {
    #[cold]
    fn leave(&self, entry: Entry) {
        let held = &self.few[..self.len.get()];
        match held.iter().rposition(|place| place.get() == entry) {
            Some(at) => {
                held[at].set(held[held.len() - 1].get());
                self.len.set(held.len() - 1);
            }
            None => leave_more(entry),
        }
    }
}

#[cold]
fn enter_more(entry: Entry) {
    // A thread that is ending has no such list any more: it goes without.
    let _ = MORE.try_with(|more| more.borrow_mut().push(entry));
}

fn leave_more(entry: Entry) {
    let _ = MORE.try_with(|more| {
        let mut more = more.borrow_mut();
        if let Some(at) = more.iter().rposition(|&other| other == entry) {
            more.swap_remove(at);
        }
    });
}

/// Whether this thread, of the process `token`, holds the lock whose word is at `address`.
pub(super) fn by_this_thread(address: usize, token: u32) -> bool {
    let entry = (address, token);
    HELD.with(|list| list.few[..list.len.get()].iter().any(|place| place.get() == entry))
        || MORE.try_with(|more| more.borrow().contains(&entry)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_end_in_any_order_and_are_of_one_thread() {
        let [first, second] = [Held::enter(8, 1), Held::enter(16, 1)];
        assert!(by_this_thread(8, 1) && by_this_thread(16, 1) && !by_this_thread(24, 1));
        assert!(!by_this_thread(8, 2), "a child of `fork` is another process");
        assert!(!std::thread::spawn(|| by_this_thread(8, 1)).join().unwrap());
        drop(first);
        assert!(!by_this_thread(8, 1) && by_this_thread(16, 1));
        drop(second);
        assert!(!by_this_thread(16, 1));
    }

    #[test]
    fn more_than_a_few_are_known_too() {
        let all = || (1..=3 * FEW).map(|part| 8 * part);
        let known = || all().filter(|&address| by_this_thread(address, 1)).count();
        let mut held: Vec<Held> = all().map(|address| Held::enter(address, 1)).collect();
        assert_eq!(known(), 3 * FEW);
        held.drain(..FEW);
        assert_eq!(known(), 2 * FEW);
        drop(held);
        assert_eq!(known(), 0);
    }
}
