//! Pairs of the items of two lists, by name first, then by another key.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

/// A partial one-to-one mapping between the indices of our list and of their list.
pub(super) struct Pairs {
    theirs: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl Pairs {
    /// Pairs items of the same name.
    pub(super) fn by_name<'a, O, T>(ours: O, theirs: T) -> Self
    where
        O: ExactSizeIterator<Item = &'a str>,
        T: ExactSizeIterator<Item = &'a str>,
    {
        let mut pairs = Self { theirs: vec![None; ours.len()], taken: vec![false; theirs.len()] };
        pairs.add(ours, theirs);
        pairs
    }

    /// Pairs items that have no partner yet and have the same key, in their order.
    pub(super) fn add<K: Eq + Hash>(&mut self, ours: impl Iterator<Item = K>, theirs: impl Iterator<Item = K>) {
        let mut free: HashMap<K, usize> = HashMap::new();
        for (at, key) in theirs.enumerate().filter(|(at, _)| !self.taken[*at]) {
            free.entry(key).or_insert(at);
        }
        for (at, key) in ours.enumerate() {
            if self.theirs[at].is_none() {
                self.theirs[at] = free.remove(&key);
                self.theirs[at].inspect(|&taken| self.taken[taken] = true);
            }
        }
    }

    /// Their index for our index `at`.
    pub(super) fn theirs(&self, at: usize) -> Option<usize> {
        self.theirs[at]
    }

    /// Their indices in `range` that have no partner.
    pub(super) fn alone(&self, range: Range<usize>) -> impl Iterator<Item = usize> + '_ {
        range.filter(|&at| !self.taken[at])
    }

    /// Returns `true` if no item has a partner.
    pub(super) fn is_empty(&self) -> bool {
        !self.taken.contains(&true)
    }

    /// Returns `true` if the partners are in the same order in both lists.
    pub(super) fn in_order(&self) -> bool {
        self.theirs.iter().flatten().is_sorted()
    }
}
