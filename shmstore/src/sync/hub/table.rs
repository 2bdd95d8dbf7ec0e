//! What tasks and sleeping threads wait for, and on which words.
//!
//! A *wait* is that of one task or thread. The waits for changes of one word form a list. The thread of the hub sleeps
//! on the *armed* words, and looks at the others after each slice.
//!
//! A task announces itself, looks at its condition, and adds its wait together with the value of the word before the
//! announcement. The thread never sleeps on an older value:
//!
//! - If the word has changed since, the wait is refused, and the task begins again.
//! - If the thread sleeps on the word already, the kernel wakes it for every change that comes after the announcement.
//!   The value with which it fell asleep does not matter.
//! - Otherwise it is woken, and arms the word with the new value, which the kernel compares.
//!
//! If a word changes and no condition holds, the thread announces the waits again. So a peer that rings a bell without
//! news wakes no task. After some such changes the word is looked at like one that is not armed.
//!
//! The loom models build this file a second time.

use std::collections::BTreeMap;
use std::mem;
use std::ops::Range;

use slab::Slab;

/// What a wait is for.
pub(in crate::sync) trait Subject: Copy {
    /// The address of the word.
    fn address(&self) -> usize;

    /// The value of the word.
    fn now(&self) -> u32;

    /// Returns `true` if a change wakes the sleepers on the word. Otherwise only slices find it.
    fn can_announce(&self) -> bool;

    /// Announces a waiter again, and returns the value of the word before that. `None` if the condition holds.
    fn announce(&self) -> Option<u32>;

    /// Returns `true` if the condition holds.
    fn holds(&self) -> bool;

    /// Returns `true` if a waiter must complete what a dead process may have left.
    fn is_unsettled(&self) -> bool;

    /// Returns `true` if a change wakes only one of the sleepers on the word.
    fn wakes_one(&self) -> bool;
}

/// How a waiter is woken.
#[derive(Debug)]
pub(in crate::sync) enum Waiter<W> {
    /// By its waker, once.
    Task(W),
    /// By the word on which its thread sleeps, as often as needed.
    Sleeper,
}

/// A waiter to wake, after the table is unlocked.
#[derive(Debug)]
pub(in crate::sync) enum Wake<W> {
    Task(W),
    /// The sleepers on the word at this address. At most one of them if it is said.
    Word {
        address: usize,
        only_one: bool,
    },
}

/// What has become of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) enum State {
    Waiting,
    Woken(Why),
}

/// Why a waiter was woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) enum Why {
    /// Its condition held, or the waiter must see for itself.
    Holds,
    /// A dead process may have left something that this waiter must complete.
    Unsettled,
    /// The object may be removed, or may have lost its anchor.
    Object,
}

struct Wait<C, W> {
    /// `None` if the part may be gone before the wait is. Then the task itself looks at it after each slice.
    subject: Option<C>,
    /// `None` if the task was woken.
    waiter: Option<Waiter<W>>,
    /// The list that the wait is in. `None` if the waiter was woken.
    list: Option<List>,
    /// The neighbors in the list. [`NONE`] at its ends.
    before: u32,
    next: u32,
    why: Why,
}

/// A list of waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    /// The waits for changes of the word with this key.
    Word(u32),
    /// The waits without a subject.
    Strays,
}

struct Word {
    address: usize,
    /// The thread may sleep while the word has this value.
    expected: u32,
    first: u32,
    /// The tasks that announced themselves and wait for a change.
    tasks: usize,
    /// The changes since the last slice after which no condition held.
    vain: u8,
    is_armed: bool,
    /// A task that waited for it was woken lately. If there are too many words, such words are armed first.
    is_hot: bool,
}

impl Word {
    fn is_missing(&self) -> bool {
        self.tasks > 0 && !self.is_armed
    }
}

/// The end of a list.
const NONE: u32 = u32::MAX;

/// The changes in vain after which a word is not armed until the next slice.
const VAIN: u8 = 8;

pub(in crate::sync) struct Table<C, W> {
    waits: Slab<Wait<C, W>>,
    words: Slab<Word>,
    by_address: BTreeMap<usize, u32>,
    armed: Vec<u32>,
    /// The most armed words.
    most: usize,
    first_stray: u32,
    /// The waits whose waiters were not woken.
    waiting: usize,
    /// Those of them that no change wakes.
    polled: usize,
    /// The words that should be armed, and are not.
    missing: usize,
    /// The thread sleeps, and does not know of later waits.
    pub(in crate::sync) is_asleep: bool,
    /// Kept for [`look`](Self::look), to allocate once.
    all_words: Vec<u32>,
}

/// A wait that was added.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sync) struct Added {
    pub(in crate::sync) key: u32,
    /// The thread must be woken, because it does not sleep on the word, or sleeps for too long.
    pub(in crate::sync) must_kick: bool,
}

impl<C: Subject, W> Table<C, W> {
    pub(in crate::sync) fn new(most: usize) -> Self {
        Self {
            waits: Slab::new(),
            words: Slab::new(),
            by_address: BTreeMap::new(),
            armed: Vec::new(),
            most,
            first_stray: NONE,
            waiting: 0,
            polled: 0,
            missing: 0,
            is_asleep: false,
            all_words: Vec::new(),
        }
    }

    /// Returns `true` if there is nothing for which the thread has to look after a slice.
    pub(in crate::sync) fn is_idle(&self) -> bool {
        self.waiting == 0 && self.words.is_empty()
    }

    /// Returns `true` if there is a wait for which no change wakes the thread.
    pub(in crate::sync) fn has_polled(&self) -> bool {
        self.polled > 0 || self.missing > 0
    }

    /// Adds the wait of a task that announced itself, if it can, and found `expected` in the word before. Returns the
    /// waker if the word has changed since.
    pub(in crate::sync) fn add(&mut self, subject: C, expected: u32, waker: W) -> Result<Added, W> {
        if subject.can_announce() && subject.now() != expected {
            return Err(waker);
        }
        let before = (self.is_idle(), self.has_polled());
        let word = self.word_of(&subject);
        let key = self.insert(Some(subject), Waiter::Task(waker), List::Word(word));
        let must_arm = self.words[word as usize].is_missing() && self.armed.len() < self.most;
        if must_arm {
            self.arm(word);
        }
        if subject.can_announce() {
            self.words[word as usize].expected = expected;
        }
        Ok(self.added(key, must_arm, before))
    }

    /// Adds the wait of a thread that sleeps on the word itself. It is woken for what no change tells it.
    pub(in crate::sync) fn add_sleeper(&mut self, subject: C) -> Added {
        let before = (self.is_idle(), self.has_polled());
        let word = self.word_of(&subject);
        let key = self.insert(Some(subject), Waiter::Sleeper, List::Word(word));
        self.added(key, false, before)
    }

    /// Adds the wait of a task that looks at its part itself after each slice.
    pub(in crate::sync) fn add_stray(&mut self, waker: W) -> Added {
        let before = (self.is_idle(), self.has_polled());
        let key = self.insert(None, Waiter::Task(waker), List::Strays);
        self.added(key, false, before)
    }

    fn added(&mut self, key: u32, has_armed: bool, (was_idle, had_polled): (bool, bool)) -> Added {
        let must_kick = self.is_asleep && (has_armed || was_idle || self.has_polled() && !had_polled);
        self.is_asleep &= !must_kick;
        Added { key, must_kick }
    }

    /// Returns what has become of a wait, and its waker if it still has one.
    pub(in crate::sync) fn state(&mut self, key: u32) -> (State, Option<&mut W>) {
        let wait = &mut self.waits[key as usize];
        match &mut wait.waiter {
            Some(Waiter::Task(waker)) => (State::Waiting, Some(waker)),
            Some(Waiter::Sleeper) => (State::Waiting, None),
            None => (State::Woken(wait.why), None),
        }
    }

    /// Removes a wait. Returns its waiter if it was not woken, to be dropped after the table is unlocked. If it was, and
    /// the change woke no other waiter, also returns what to wake instead.
    pub(in crate::sync) fn remove(&mut self, key: u32) -> (Option<Waiter<W>>, Option<Wake<W>>) {
        self.unlink(key);
        let wait = self.waits.remove(key as usize);
        let passes_on = wait.waiter.is_none() && wait.why == Why::Holds;
        let instead = wait
            .subject
            .filter(|subject| passes_on && subject.wakes_one())
            .map(|subject| Wake::Word { address: subject.address(), only_one: true });
        (wait.waiter, instead)
    }

    /// Removes all waits for words in a range that is about to be unmapped. Returns their waiters.
    pub(in crate::sync) fn forget(&mut self, range: Range<usize>) -> Vec<Waiter<W>> {
        let is_in = |wait: &Wait<C, W>| wait.subject.is_some_and(|subject| range.contains(&subject.address()));
        let keys: Vec<u32> = self.waits.iter().filter(|(_, wait)| is_in(wait)).map(|(key, _)| key as u32).collect();
        let waiters = keys.into_iter().filter_map(|key| self.remove(key).0).collect();
        self.words_in(range).into_iter().for_each(|word| self.remove_word(word));
        waiters
    }

    /// The addresses of the armed words, and the value of each while which the thread may sleep.
    pub(in crate::sync) fn armed(&self) -> impl Iterator<Item = (usize, u32)> {
        self.armed.iter().map(|&word| &self.words[word as usize]).map(|word| (word.address, word.expected))
    }

    /// Wakes the tasks that wait for armed words that have changed. `woken` is the address of the word at which the
    /// kernel woke the thread.
    pub(in crate::sync) fn ring(&mut self, woken: Option<usize>, wakes: &mut Vec<Wake<W>>) {
        let mut at = 0;
        while let Some(&word) = self.armed.get(at) {
            let Word { address, expected, first, .. } = self.words[word as usize];
            let by_kernel = woken == Some(address);
            let has_changed = match self.subject(first) {
                Some(subject) => subject.now() != expected,
                None => by_kernel,
            };
            if has_changed {
                self.ring_word(word, by_kernel, wakes);
            }
            // A word that changed in vain too often is not armed any more, and another one has its place.
            at += usize::from(self.armed.get(at) == Some(&word));
        }
        // The word of a task that no longer waits. The wake-up may have been for another waiter.
        if let Some(address) = woken.filter(|address| !self.by_address.contains_key(address)) {
            wakes.push(Wake::Word { address, only_one: true });
        }
    }

    /// Wakes the waiters for a word whose condition holds. Announces the others again.
    fn ring_word(&mut self, word: u32, by_kernel: bool, wakes: &mut Vec<Wake<W>>) {
        let holds = |subject: C| subject.holds().then_some(Why::Holds);
        let mut has_woken = self.wake_where(word, holds, wakes);
        let mut wakes_one = true;
        while let Some(subject) = self.first_task(word) {
            wakes_one = subject.wakes_one();
            let announced = subject.announce();
            if let Some(expected) = announced {
                self.words[word as usize].expected = expected;
            }
            // After the announcement, so that no later change is missed.
            has_woken |= self.wake_where(word, holds, wakes);
            if announced.is_some() {
                break;
            }
        }
        if has_woken {
            return;
        }
        let found = &mut self.words[word as usize];
        if by_kernel && wakes_one {
            wakes.push(Wake::Word { address: found.address, only_one: true });
        }
        found.vain = found.vain.saturating_add(1);
        if found.vain >= VAIN {
            self.disarm(word);
        }
    }

    /// What the first task in the list of a word waits for that announced itself.
    fn first_task(&self, word: u32) -> Option<C> {
        let mut wait = self.waits.get(self.words[word as usize].first as usize);
        while let Some(Wait { subject, waiter, next, .. }) = wait {
            if let (Some(subject), Some(Waiter::Task(_))) = (subject, waiter)
                && subject.can_announce()
            {
                return Some(*subject);
            }
            wait = self.waits.get(*next as usize);
        }
        None
    }

    /// After a slice: wakes all waiters whose condition holds, that must settle what a dead process has left, or that
    /// look themselves.
    pub(in crate::sync) fn look(&mut self, wakes: &mut Vec<Wake<W>>) {
        let mut all = mem::take(&mut self.all_words);
        all.extend(self.by_address.values());
        for word in all.drain(..) {
            self.words[word as usize].vain = 0;
            let Some(first) = self.subject(self.words[word as usize].first) else {
                self.remove_word(word);
                continue;
            };
            // One that may write settles for all. The others can only look again.
            let mut must_settle = first.is_unsettled();
            let decide = |subject: C| match subject.holds() {
                true => Some(Why::Holds),
                false if subject.can_announce() => mem::take(&mut must_settle).then_some(Why::Unsettled),
                false => must_settle.then_some(Why::Unsettled),
            };
            self.wake_where(word, decide, wakes);
        }
        self.all_words = all;
        while self.first_stray != NONE {
            self.wake(self.first_stray, Why::Holds, wakes);
        }
        self.arm_missing();
    }

    /// Wakes all waiters for words in a range. They must check whether their object was removed.
    pub(in crate::sync) fn check(&mut self, range: Range<usize>, wakes: &mut Vec<Wake<W>>) {
        for word in self.words_in(range) {
            self.wake_where(word, |_| Some(Why::Object), wakes);
        }
    }

    /// The first address from `from` on of a word for which there may be a wait.
    pub(in crate::sync) fn next_address(&self, from: usize) -> Option<usize> {
        self.by_address.range(from..).next().map(|(&address, _)| address)
    }

    fn words_in(&self, range: Range<usize>) -> Vec<u32> {
        self.by_address.range(range).map(|(_, &word)| word).collect()
    }

    fn subject(&self, key: u32) -> Option<C> {
        self.waits.get(key as usize).and_then(|wait| wait.subject)
    }

    /// Wakes the waiters for a word for which `decide` returns a reason. Returns `true` if there was one.
    fn wake_where(&mut self, word: u32, mut decide: impl FnMut(C) -> Option<Why>, wakes: &mut Vec<Wake<W>>) -> bool {
        let (mut key, mut has_woken) = (self.words[word as usize].first, false);
        while let Some(wait) = self.waits.get(key as usize) {
            let next = wait.next;
            if let Some(why) = wait.subject.and_then(&mut decide) {
                has_woken = true;
                self.wake(key, why, wakes);
            }
            key = next;
        }
        self.words[word as usize].is_hot |= has_woken;
        has_woken
    }

    fn wake(&mut self, key: u32, why: Why, wakes: &mut Vec<Wake<W>>) {
        let wait = &mut self.waits[key as usize];
        match (wait.waiter.take(), wait.list) {
            (Some(Waiter::Sleeper), Some(List::Word(word))) => {
                wait.waiter = Some(Waiter::Sleeper);
                wakes.push(Wake::Word { address: self.words[word as usize].address, only_one: false });
            }
            (Some(Waiter::Task(waker)), _) => {
                wait.why = why;
                wakes.push(Wake::Task(waker));
                self.unlink(key);
            }
            _ => {}
        }
    }

    fn insert(&mut self, subject: Option<C>, waiter: Waiter<W>, list: List) -> u32 {
        self.count(subject, matches!(waiter, Waiter::Sleeper), list, true);
        let next = *self.first_of(list);
        let wait = Wait { subject, waiter: Some(waiter), list: Some(list), before: NONE, next, why: Why::Holds };
        let key = self.waits.insert(wait) as u32;
        *self.first_of(list) = key;
        if let Some(next) = self.waits.get_mut(next as usize) {
            next.before = key;
        }
        key
    }

    /// Takes a wait out of its list, unless its waiter was woken.
    fn unlink(&mut self, key: u32) {
        let wait = &mut self.waits[key as usize];
        let Some(list) = wait.list.take() else { return };
        let (before, next, subject) = (wait.before, wait.next, wait.subject);
        let is_sleeper = matches!(wait.waiter, Some(Waiter::Sleeper));
        if let Some(next) = self.waits.get_mut(next as usize) {
            next.before = before;
        }
        match self.waits.get_mut(before as usize) {
            Some(before) => before.next = next,
            None => *self.first_of(list) = next,
        }
        self.count(subject, is_sleeper, list, false);
    }

    fn first_of(&mut self, list: List) -> &mut u32 {
        match list {
            List::Word(word) => &mut self.words[word as usize].first,
            List::Strays => &mut self.first_stray,
        }
    }

    /// Counts a wait that is put into a list or taken out of it.
    fn count(&mut self, subject: Option<C>, is_sleeper: bool, list: List, is_added: bool) {
        let step = |count: &mut usize| *count = if is_added { *count + 1 } else { *count - 1 };
        step(&mut self.waiting);
        match list {
            List::Word(word) if subject.is_some_and(|subject| subject.can_announce()) => {
                if !is_sleeper {
                    self.change(word, |word| step(&mut word.tasks));
                }
            }
            _ => step(&mut self.polled),
        }
    }

    /// Changes a word, and counts the missing words.
    fn change(&mut self, word: u32, change: impl FnOnce(&mut Word)) {
        let word = &mut self.words[word as usize];
        self.missing -= usize::from(word.is_missing());
        change(word);
        self.missing += usize::from(word.is_missing());
    }

    fn word_of(&mut self, subject: &C) -> u32 {
        let address = subject.address();
        *self.by_address.entry(address).or_insert_with(|| {
            let (expected, first, tasks, vain) = (0, NONE, 0, 0);
            self.words.insert(Word { address, expected, first, tasks, vain, is_armed: false, is_hot: false }) as u32
        })
    }

    fn remove_word(&mut self, word: u32) {
        self.disarm(word);
        let Word { address, .. } = self.words.remove(word as usize);
        self.by_address.remove(&address);
    }

    fn arm(&mut self, word: u32) {
        self.change(word, |word| word.is_armed = true);
        self.armed.push(word);
    }

    fn disarm(&mut self, word: u32) {
        if self.words[word as usize].is_armed {
            self.change(word, |word| word.is_armed = false);
            self.armed.retain(|&armed| armed != word);
        }
    }

    /// Arms the missing words, as far as there is room. Hot words take the places of cold ones.
    fn arm_missing(&mut self) {
        if self.missing == 0 {
            return;
        }
        let is_hot = |words: &Slab<Word>, word: u32| words[word as usize].is_hot;
        let missing = self.words.iter().filter(|(_, word)| word.is_missing());
        let (hot, cold): (Vec<_>, Vec<_>) =
            missing.map(|(word, _)| word as u32).partition(|&word| is_hot(&self.words, word));
        let mut replaced = self.armed.iter().copied().filter(|&word| !is_hot(&self.words, word)).collect::<Vec<_>>();
        for word in hot {
            if self.armed.len() == self.most {
                let Some(replaced) = replaced.pop() else { break };
                self.disarm(replaced);
            }
            self.arm(word);
        }
        let free = self.most - self.armed.len();
        cold.into_iter().take(free).for_each(|word| self.arm(word));
        if self.armed.iter().all(|&word| is_hot(&self.words, word)) {
            self.words.iter_mut().for_each(|(_, word)| word.is_hot = false);
        }
    }
}
