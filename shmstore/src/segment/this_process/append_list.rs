//! A list that only grows, so a child of `fork` can read it whatever a thread of the parent was doing.
//!
//! # Safety
//!
//! Assumes nothing. Promises that a node, once pushed, stays alive and at its address forever.
#![allow(unsafe_code)]

use std::ptr;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{AcqRel, Acquire};

/// A list of leaked nodes, newest first.
pub(crate) struct AppendList<T: 'static> {
    head: AtomicPtr<Node<T>>,
}

struct Node<T: 'static> {
    item: T,
    next: Option<&'static Node<T>>,
}

impl<T: Sync> AppendList<T> {
    pub(crate) const fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Adds an item, which is never removed.
    pub(crate) fn push(&self, item: T) -> &'static T {
        let node = Box::into_raw(Box::new(Node { item, next: None }));
        let mut head = self.head.load(Acquire);
        loop {
            // SAFETY: made by `Box::into_raw`, and not published yet.
            unsafe { &mut *node }.next = Self::node(head);
            match self.head.compare_exchange_weak(head, node, AcqRel, Acquire) {
                // SAFETY: made by `Box::into_raw`, never freed, and only shared from here on.
                Ok(_) => return &unsafe { &*node }.item,
                Err(newer) => head = newer,
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static T> + use<T> {
        let first = Self::node(self.head.load(Acquire));
        std::iter::successors(first, |node| node.next).map(|node| &node.item)
    }

    fn node(node: *mut Node<T>) -> Option<&'static Node<T>> {
        // SAFETY: null, or pushed: then never freed and only shared.
        unsafe { node.as_ref() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_listed_newest_first() {
        static LIST: AppendList<u32> = AppendList::new();
        let first = LIST.push(1);
        LIST.push(2);
        assert_eq!(LIST.iter().copied().collect::<Vec<_>>(), [2, 1]);
        assert_eq!(*first, 1);
    }
}
