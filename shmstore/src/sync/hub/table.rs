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

use std::mem;
use std::ops::Range;

use slab::Slab;

use super::waiter::{Bell, State, Subject, Waiter, Wake, Why};
use super::words::{NONE, Word, Words, make_room};

pub(super) struct Wait<C, W> {
    /// `None` if the part may be gone before the wait is. Then the task itself looks at it after each slice.
    pub(super) subject: Option<C>,
    /// `None` if the task was woken.
    waiter: Option<Waiter<W>>,
    /// The list that the wait is in. `None` if the waiter was woken.
    pub(super) list: Option<List>,
    /// The neighbors in the list. [`NONE`] at its ends.
    before: u32,
    next: u32,
    why: Why,
}

/// A list of waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// The waits for changes of the word with this key.
    Word(u32),
    /// The waits without a subject.
    Strays,
}

/// The changes in vain after which a word is not armed until the next slice.
const VAIN: u8 = 8;

pub(super) struct Table<C: Subject, W> {
    pub(super) waits: Slab<Wait<C, W>>,
    pub(super) words: Words<C::Bell>,
    pub(super) first_stray: u32,
    /// The waits whose waiters were not woken.
    waiting: u32,
    /// Those of them that no change wakes.
    polled: u32,
    /// The thread sleeps, and does not know of later waits.
    pub(super) is_asleep: bool,
    /// Kept for [`look`](Self::look), to allocate once.
    pub(super) keys: Vec<u32>,
}

/// A wait that was added.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Added {
    pub(super) key: u32,
    /// The thread must be woken, because it does not sleep on the word, or sleeps for too long.
    pub(super) must_kick: bool,
}

impl<C: Subject, W> Table<C, W> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            waits: Slab::new(),
            words: Words::new(most),
            first_stray: NONE,
            waiting: 0,
            polled: 0,
            is_asleep: false,
            keys: Vec::new(),
        }
    }

    /// Returns `true` if there is nothing for which the thread has to look after a slice.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting == 0 && self.words.is_empty()
    }

    /// Returns `true` if there is a wait for which no change wakes the thread.
    pub(super) fn has_polled(&self) -> bool {
        self.polled > 0 || self.words.has_missing()
    }

    /// Adds the wait of a task that announced itself, if it can, and found `expected` in the word before. Returns the
    /// waker if the word has changed since.
    pub(super) fn add(&mut self, subject: C, expected: u32, waker: W) -> Result<Added, W> {
        if subject.can_announce() && subject.bell().now() != expected {
            return Err(waker);
        }
        let before = (self.is_idle(), self.has_polled());
        let word = self.words.of(subject.bell());
        let key = self.insert(Some(subject), Waiter::Task(waker), List::Word(word));
        let has_armed = self.words.arm_if_missing(word);
        // An older value stays. The word has changed for the tasks that came before, and they were not woken yet.
        let word = &mut self.words[word];
        if word.tasks == 1 {
            word.was_changed |= !has_armed && word.expected != expected;
            word.expected = expected;
        }
        Ok(self.added(key, has_armed, before))
    }

    /// Adds the wait of a thread that sleeps on the word itself. It is woken for what no change tells it.
    pub(super) fn add_sleeper(&mut self, subject: C) -> Added {
        let before = (self.is_idle(), self.has_polled());
        let word = self.words.of(subject.bell());
        let key = self.insert(Some(subject), Waiter::Sleeper, List::Word(word));
        self.added(key, false, before)
    }

    /// Adds the wait of a task that looks at its part itself after each slice.
    pub(super) fn add_stray(&mut self, waker: W) -> Added {
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
    pub(super) fn state(&mut self, key: u32) -> (State, Option<&mut W>) {
        let wait = &mut self.waits[key as usize];
        match &mut wait.waiter {
            Some(Waiter::Task(waker)) => (State::Waiting, Some(waker)),
            Some(Waiter::Sleeper) => (State::Waiting, None),
            None => (State::Woken(wait.why), None),
        }
    }

    /// Removes a wait. Returns its waiter if it was not woken, to be dropped after the table is unlocked. If it was, and
    /// the change woke no other waiter, also returns what to wake instead.
    pub(super) fn remove(&mut self, key: u32) -> (Option<Waiter<W>>, Option<Wake<W>>) {
        self.unlink(key);
        let wait = self.waits.remove(key as usize);
        let passes_on = wait.waiter.is_none() && wait.why == Why::Holds;
        let instead = wait
            .subject
            .map(|subject| subject.bell())
            .filter(|bell| passes_on && bell.wakes_one())
            .map(|bell| Wake::Word { address: bell.address(), only_one: true });
        (wait.waiter, instead)
    }

    /// Ends all waits for words in a range that is about to be unmapped. Returns their waiters. A wait keeps its key,
    /// because a future may be dropped after its object.
    pub(super) fn forget(&mut self, range: Range<usize>) -> Vec<Waiter<W>> {
        let is_in = |wait: &Wait<C, W>| wait.subject.is_some_and(|subject| range.contains(&subject.bell().address()));
        let keys: Vec<u32> = self.waits.iter().filter(|(_, wait)| is_in(wait)).map(|(key, _)| key as u32).collect();
        let mut waiters = Vec::new();
        for key in keys {
            self.unlink(key);
            let wait = &mut self.waits[key as usize];
            wait.subject = None;
            waiters.extend(wait.waiter.take());
        }
        self.words.in_range(range).into_iter().for_each(|word| self.words.remove(word));
        waiters
    }

    /// The addresses of the armed words, and the value of each while which the thread may sleep.
    pub(super) fn armed(&self) -> impl Iterator<Item = (usize, u32)> {
        self.words.armed().iter().map(|&word| (self.words[word].bell.address(), self.words[word].expected))
    }

    /// Wakes the tasks that wait for armed words that have changed. `woken` is the address of the word at which the
    /// kernel woke the thread.
    pub(super) fn ring(&mut self, woken: Option<usize>, wakes: &mut Vec<Wake<W>>) {
        let mut at = 0;
        while let Some(&word) = self.words.armed().get(at) {
            let Word { bell, expected, .. } = self.words[word];
            let was_changed = mem::take(&mut self.words[word].was_changed);
            let (now, by_kernel) = (bell.now(), woken == Some(bell.address()));
            if now != expected {
                // Also if no task is left that announces itself again. Otherwise the thread would find no sleep.
                self.words[word].expected = now;
                self.ring_word(word, by_kernel, wakes);
            } else if was_changed && by_kernel && bell.wakes_one() {
                // A task has found the change itself, and waits for the next one.
                wakes.push(Wake::Word { address: bell.address(), only_one: true });
            }
            // A word that changed in vain too often is not armed any more, and another one has its place.
            at += usize::from(self.words.armed().get(at) == Some(&word));
        }
        // The word of a task that no longer waits. The wake-up may have been for another waiter.
        if let Some(address) = woken.filter(|address| !self.words.contains(*address)) {
            wakes.push(Wake::Word { address, only_one: true });
        }
    }

    /// Wakes the waiters for a word whose condition holds. Announces the others again.
    fn ring_word(&mut self, word: u32, by_kernel: bool, wakes: &mut Vec<Wake<W>>) {
        let holds = |subject: C| subject.holds().then_some(Why::Holds);
        let mut has_woken = self.wake_where(word, holds, wakes);
        while let Some(subject) = self.first_task(word) {
            let announced = subject.announce();
            if let Some(expected) = announced {
                self.words[word].expected = expected;
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
        let found = &mut self.words[word];
        if by_kernel && found.bell.wakes_one() {
            wakes.push(Wake::Word { address: found.bell.address(), only_one: true });
        }
        found.vain = found.vain.saturating_add(1);
        if found.vain >= VAIN {
            self.words.disarm(word);
        }
    }

    /// What the first task in the list of a word waits for that announced itself.
    fn first_task(&self, word: u32) -> Option<C> {
        let mut wait = self.waits.get(self.words[word].first as usize);
        while let Some(Wait { subject, waiter, next, .. }) = wait {
            let is_task = matches!(waiter, Some(Waiter::Task(_)));
            if let Some(subject) = subject.filter(|subject| is_task && subject.can_announce()) {
                return Some(subject);
            }
            wait = self.waits.get(*next as usize);
        }
        None
    }

    /// Wakes all waiters for words in a range. They must check whether their object was removed.
    pub(super) fn check(&mut self, range: Range<usize>, wakes: &mut Vec<Wake<W>>) {
        for word in self.words.in_range(range) {
            self.wake_where(word, |_| Some(Why::Object), wakes);
        }
    }

    /// Wakes the waiters for a word for which `decide` returns a reason. Returns `true` if there was one.
    pub(super) fn wake_where(
        &mut self,
        word: u32,
        mut decide: impl FnMut(C) -> Option<Why>,
        wakes: &mut Vec<Wake<W>>,
    ) -> bool {
        let (mut key, mut has_woken) = (self.words[word].first, false);
        while let Some(wait) = self.waits.get(key as usize) {
            let next = wait.next;
            if let Some(why) = wait.subject.and_then(&mut decide) {
                has_woken = true;
                self.wake(key, why, wakes);
            }
            key = next;
        }
        if has_woken {
            self.words.heat(word);
        }
        has_woken
    }

    pub(super) fn wake(&mut self, key: u32, why: Why, wakes: &mut Vec<Wake<W>>) {
        let wait = &mut self.waits[key as usize];
        match (wait.waiter.take(), wait.list) {
            (Some(Waiter::Sleeper), Some(List::Word(word))) => {
                wait.waiter = Some(Waiter::Sleeper);
                let address = self.words[word].bell.address();
                // One wake-up is for all sleepers on a word.
                if !matches!(wakes.last(), Some(Wake::Word { address: last, .. }) if *last == address) {
                    wakes.push(Wake::Word { address, only_one: false });
                }
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
        make_room(&mut self.waits);
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
            List::Word(word) => &mut self.words[word].first,
            List::Strays => &mut self.first_stray,
        }
    }

    /// Counts a wait that is put into a list or taken out of it.
    fn count(&mut self, subject: Option<C>, is_sleeper: bool, list: List, is_added: bool) {
        let step = |count: &mut u32| *count = if is_added { *count + 1 } else { *count - 1 };
        step(&mut self.waiting);
        match list {
            List::Word(word) if subject.is_some_and(|subject| subject.can_announce()) => {
                if !is_sleeper {
                    self.words.change(word, |word| step(&mut word.tasks));
                }
            }
            _ => step(&mut self.polled),
        }
    }
}
