//! Which parts this thread holds, so that locking one twice is a panic that says so, and not a hang.
//!
//! A lock word knows the process that holds it, not the thread. Only when a thread finds a lock held by its own
//! process does it look here.

use std::cell::RefCell;

thread_local! {
    static HELD: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// An entry in the list of this thread, as long as it lives.
pub(super) struct Held {
    address: usize,
    /// Belongs to the thread that made it.
    _not_send: std::marker::PhantomData<*const ()>,
}

impl Held {
    /// Notes that this thread holds the lock whose word is at `address`.
    pub(super) fn enter(address: usize) -> Self {
        // A thread that is ending has no list any more: it goes without.
        let _ = HELD.try_with(|held| held.borrow_mut().push(address));
        Self { address, _not_send: std::marker::PhantomData }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = HELD.try_with(|held| {
            let mut held = held.borrow_mut();
            if let Some(at) = held.iter().rposition(|&address| address == self.address) {
                held.swap_remove(at);
            }
        });
    }
}

/// Whether this thread holds the lock whose word is at `address`.
pub(super) fn by_this_thread(address: usize) -> bool {
    HELD.try_with(|held| held.borrow().contains(&address)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_end_in_any_order_and_are_of_one_thread() {
        let [first, second] = [Held::enter(8), Held::enter(16)];
        assert!(by_this_thread(8) && by_this_thread(16) && !by_this_thread(24));
        assert!(!std::thread::spawn(|| by_this_thread(8)).join().unwrap());
        drop(first);
        assert!(!by_this_thread(8) && by_this_thread(16));
        drop(second);
        assert!(!by_this_thread(16));
    }
}
