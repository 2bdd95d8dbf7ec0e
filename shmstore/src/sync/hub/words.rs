//! The words for whose changes tasks and threads wait, and which of them the thread of the hub sleeps on.
//!
//! The loom models build this file a second time.

use std::collections::BTreeMap;
use std::mem;
use std::ops::{Index, IndexMut, Range};

use slab::Slab;

use super::waiter::Subject;

/// The end of a list.
pub(super) const NONE: u32 = u32::MAX;

pub(super) struct Word<C> {
    /// What a task or thread has waited for. It leads to the word, also after the last wait.
    pub(super) subject: C,
    /// The thread may sleep while the word has this value.
    pub(super) expected: u32,
    /// `expected` was set anew since the thread last looked at the word.
    pub(super) was_changed: bool,
    /// The first wait in the list of the word, or [`NONE`].
    pub(super) first: u32,
    /// The tasks that announced themselves and wait for a change.
    pub(super) tasks: usize,
    /// The changes since the last slice, or since a waiter was woken, after which no condition held.
    pub(super) vain: u8,
    is_armed: bool,
    /// A task that waited for it was woken lately. If there are too many words, such words are armed first.
    is_hot: bool,
}

impl<C> Word<C> {
    fn is_missing(&self) -> bool {
        self.tasks > 0 && !self.is_armed
    }
}

pub(super) struct Words<C> {
    all: Slab<Word<C>>,
    by_address: BTreeMap<usize, u32>,
    /// The keys of the words on which the thread sleeps, or will sleep next.
    armed: Vec<u32>,
    /// The most armed words.
    most: usize,
    /// The number of words that should be armed, and are not.
    missing: usize,
    /// A word that is not armed has become hot.
    has_hot_missing: bool,
}

impl<C> Index<u32> for Words<C> {
    type Output = Word<C>;

    fn index(&self, word: u32) -> &Word<C> {
        &self.all[word as usize]
    }
}

impl<C> IndexMut<u32> for Words<C> {
    fn index_mut(&mut self, word: u32) -> &mut Word<C> {
        &mut self.all[word as usize]
    }
}

impl<C: Subject> Words<C> {
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

    pub(super) fn next_address(&self, from: usize) -> Option<usize> {
        self.by_address.range(from..).next().map(|(&address, _)| address)
    }

    pub(super) fn armed(&self) -> &[u32] {
        &self.armed
    }

    pub(super) fn has_missing(&self) -> bool {
        self.missing > 0
    }

    /// The key of the word of a subject.
    pub(super) fn of(&mut self, subject: C) -> u32 {
        *self.by_address.entry(subject.address()).or_insert_with(|| {
            let (expected, was_changed, first, tasks, vain) = (0, false, NONE, 0, 0);
            self.all.insert(Word { subject, expected, was_changed, first, tasks, vain, is_armed: false, is_hot: false })
                as u32
        })
    }

    pub(super) fn remove(&mut self, word: u32) {
        self.disarm(word);
        let Word { subject, .. } = self.all.remove(word as usize);
        self.by_address.remove(&subject.address());
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
    pub(super) fn change(&mut self, word: u32, change: impl FnOnce(&mut Word<C>)) {
        let word = &mut self.all[word as usize];
        self.missing -= usize::from(word.is_missing());
        change(word);
        self.missing += usize::from(word.is_missing());
    }

    /// Notes that a waiter for a word was woken.
    pub(super) fn heat(&mut self, word: u32) {
        self[word].is_hot = true;
        self[word].vain = 0;
        self.has_hot_missing |= !self[word].is_armed;
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
