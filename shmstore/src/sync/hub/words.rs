//! The words for whose changes tasks and threads wait, and which of them the thread of the hub sleeps on.
//!
//! The loom models build this file a second time.

use std::collections::BTreeMap;
use std::mem;
use std::ops::{Index, IndexMut, Range};

use slab::Slab;

use super::waiter::Bell;

/// The end of a list.
pub(super) const NONE: u32 = u32::MAX;

/// Grows a slab by an eighth if it is full. It would double its size otherwise.
pub(super) fn make_room<T>(slab: &mut Slab<T>) {
    if slab.len() == slab.capacity() {
        slab.reserve_exact(slab.len() / 8 + 16);
    }
}

pub(super) struct Word<P> {
    pub(super) bell: P,
    /// The thread may sleep while the word has this value.
    pub(super) expected: u32,
    /// `expected` was set anew since the thread last looked at the word.
    pub(super) was_changed: bool,
    /// The first wait in the list of the word, or [`NONE`].
    pub(super) first: u32,
    /// The tasks that announced themselves and wait for a change.
    pub(super) tasks: u32,
    /// The changes since the last slice, or since a waiter was woken, after which no condition held.
    pub(super) vain: u8,
    is_armed: bool,
    /// A task that waited for it was woken lately. If there are too many words, such words are armed first.
    is_hot: bool,
}

impl<P> Word<P> {
    fn is_missing(&self) -> bool {
        self.tasks > 0 && !self.is_armed
    }
}

pub(super) struct Words<P> {
    all: Slab<Word<P>>,
    by_address: BTreeMap<usize, u32>,
    /// The keys of the words on which the thread sleeps, or will sleep next.
    armed: Vec<u32>,
    /// The most armed words.
    most: usize,
    /// The number of words that should be armed, and are not.
    missing: usize,
    /// A word that should be armed has become hot, or a hot one should be armed now.
    has_hot_missing: bool,
}

impl<P> Index<u32> for Words<P> {
    type Output = Word<P>;

    fn index(&self, word: u32) -> &Word<P> {
        &self.all[word as usize]
    }
}

impl<P> IndexMut<u32> for Words<P> {
    fn index_mut(&mut self, word: u32) -> &mut Word<P> {
        &mut self.all[word as usize]
    }
}

impl<P: Bell> Words<P> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            all: Slab::new(),
            by_address: BTreeMap::new(),
            armed: Vec::new(),
            most,
            missing: 0,
            has_hot_missing: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn contains(&self, address: usize) -> bool {
        self.by_address.contains_key(&address)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = u32> {
        self.by_address.values().copied()
    }

    pub(super) fn in_range(&self, range: Range<usize>) -> Vec<u32> {
        self.by_address.range(range).map(|(_, &word)| word).collect()
    }

    /// The first address from `from` on of a word for which there may be a wait.
    pub(super) fn next_address(&self, from: usize) -> Option<usize> {
        self.by_address.range(from..).next().map(|(&address, _)| address)
    }

    pub(super) fn armed(&self) -> &[u32] {
        &self.armed
    }

    pub(super) fn has_missing(&self) -> bool {
        self.missing > 0
    }

    /// The key of the word that is this bell.
    pub(super) fn of(&mut self, bell: P) -> u32 {
        *self.by_address.entry(bell.address()).or_insert_with(|| {
            let (expected, was_changed, first, tasks, vain) = (0, false, NONE, 0, 0);
            make_room(&mut self.all);
            self.all.insert(Word { bell, expected, was_changed, first, tasks, vain, is_armed: false, is_hot: false })
                as u32
        })
    }

    pub(super) fn remove(&mut self, word: u32) {
        self.disarm(word);
        let Word { bell, .. } = self.all.remove(word as usize);
        self.by_address.remove(&bell.address());
    }

    /// Arms a word for which a task waits, if there is room. Returns `true` if it was not armed before.
    pub(super) fn arm_if_missing(&mut self, word: u32) -> bool {
        let must_arm = self[word].is_missing() && self.armed.len() < self.most;
        if must_arm {
            self.arm(word);
        }
        must_arm
    }

    /// Changes a word, and counts the missing words.
    pub(super) fn change(&mut self, word: u32, change: impl FnOnce(&mut Word<P>)) {
        let word = &mut self.all[word as usize];
        self.missing -= usize::from(word.is_missing());
        change(word);
        self.missing += usize::from(word.is_missing());
        self.has_hot_missing |= word.is_missing() && word.is_hot;
    }

    /// Notes that a waiter for a word was woken.
    pub(super) fn heat(&mut self, word: u32) {
        self.change(word, |word| (word.is_hot, word.vain) = (true, 0));
    }

    fn arm(&mut self, word: u32) {
        self.change(word, |word| word.is_armed = true);
        self.armed.push(word);
    }

    pub(super) fn disarm(&mut self, word: u32) {
        if self[word].is_armed {
            self.change(word, |word| word.is_armed = false);
            self.armed.retain(|&armed| armed != word);
        }
    }

    /// Arms the missing words, as far as there is room. Hot words take the places of cold ones.
    pub(super) fn arm_missing(&mut self) {
        let has_hot = mem::take(&mut self.has_hot_missing);
        if self.missing == 0 || self.armed.len() == self.most && !has_hot {
            return;
        }
        let missing = self.all.iter().filter(|(_, word)| word.is_missing());
        let (hot, cold): (Vec<_>, Vec<_>) = missing.map(|(word, _)| word as u32).partition(|&word| self[word].is_hot);
        let mut replaced = self.armed.iter().copied().filter(|&word| !self[word].is_hot).collect::<Vec<_>>();
        for word in hot {
            if self.armed.len() == self.most {
                let Some(replaced) = replaced.pop() else { break };
                self.disarm(replaced);
            }
            self.arm(word);
        }
        let free = self.most - self.armed.len();
        cold.into_iter().take(free).for_each(|word| self.arm(word));
        if self.armed.iter().all(|&word| self[word].is_hot) {
            self.all.iter_mut().for_each(|(_, word)| word.is_hot = false);
        }
    }
}
