//! Which parts this thread holds, so that locking one twice is a panic that says so, and not a hang.
//!
//! A lock word knows the process that holds it, not the thread. Only when a thread finds a lock held by its own
//! process does it look here. A child of `fork` inherits the list, but not the locks: so each entry has its process's
//! token.

use std::cell::RefCell;

/// The address of a lock word, and the token that is in it.
type Entry = (usize, u32);

thread_local! {
    static HELD: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

/// An entry in the list of this thread, as long as it lives.
pub(super) struct Held {
    entry: Entry,
    /// Belongs to the thread that made it.
    _not_send: std::marker::PhantomData<*const ()>,
}

impl Held {
    /// Notes that this thread, of the process `token`, holds the lock whose word is at `address`.
    pub(super) fn enter(address: usize, token: u32) -> Self {
        let entry = (address, token);
        // A thread that is ending has no list any more: it goes without.
        let _ = HELD.try_with(|held| held.borrow_mut().push(entry));
        Self { entry, _not_send: std::marker::PhantomData }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = HELD.try_with(|held| {
            let mut held = held.borrow_mut();
            if let Some(at) = held.iter().rposition(|&entry| entry == self.entry) {
                held.swap_remove(at);
            }
        });
    }
}

/// Whether this thread, of the process `token`, holds the lock whose word is at `address`.
pub(super) fn by_this_thread(address: usize, token: u32) -> bool {
    HELD.try_with(|held| held.borrow().contains(&(address, token))).unwrap_or(false)
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
}
