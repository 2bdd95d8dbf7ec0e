//! Which parts of two lists stand for each other: by name first, then by place.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

/// A partial one-to-one mapping between the indices of our list and those of theirs.
pub(super) struct Pairs {
    theirs: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl Pairs {
    /// Pairs what has the same name.
    pub(super) fn by_name<'a, O, T>(ours: O, theirs: T) -> Self
    where
        O: ExactSizeIterator<Item = &'a str>,
        T: ExactSizeIterator<Item = &'a str>,
    {
        let mut pairs = Self { theirs: vec![None; ours.len()], taken: vec![false; theirs.len()] };
        pairs.add(ours, theirs);
        pairs
    }

    /// Pairs what is left over and has the same key, in the order in which it stands.
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

    /// Those of their indices in `range` that have no partner.
    pub(super) fn alone(&self, range: Range<usize>) -> impl Iterator<Item = usize> + '_ {
        range.filter(|&at| !self.taken[at])
    }

    /// Tells whether nothing has a partner.
    pub(super) fn is_empty(&self) -> bool {
        !self.taken.contains(&true)
    }

    /// Tells whether the partners stand in the same order on both sides.
    pub(super) fn in_order(&self) -> bool {
        self.theirs.iter().flatten().is_sorted()
    }
}
