//! A look at everything that is awaited, which finds what no change has told.
//!
//! The loom models build this file a second time.

use std::mem;

use super::table::{List, Table, Wait};
use super::waiter::{Subject, Wake, Why};
use super::words::NONE;

impl<C: Subject, W> Table<C, W> {
    /// Wakes all waiters whose condition holds, or that look themselves. If `settles` is true, also wakes those that must
    /// settle what a dead process may have left.
    pub(super) fn look(&mut self, settles: bool, wakes: &mut Vec<Wake<W>>) {
        let mut keys = mem::take(&mut self.keys);
        if settles {
            keys.extend(self.words.keys());
            keys.drain(..).for_each(|word| self.calm_or_remove(word));
        }
        let holds = |wait: &Wait<C, W>| wait.list.is_some() && wait.subject.is_some_and(|subject| subject.holds());
        keys.extend(self.waits.iter().filter(|(_, wait)| holds(wait)).map(|(key, _)| key as u32));
        for key in keys.drain(..) {
            if let Some(List::Word(word)) = self.waits[key as usize].list {
                self.words.heat(word);
            }
            self.wake(key, Why::Holds, wakes);
        }
        if settles {
            keys.extend(self.words.keys());
            keys.drain(..).for_each(|word| self.settle(word, wakes));
        }
        self.keys = keys;
        while self.first_stray != NONE {
            self.wake(self.first_stray, Why::Holds, wakes);
        }
        self.words.arm_missing();
    }

    /// Forgets the changes in vain of a word, and removes it if there has been no wait for it since the last time.
    fn calm_or_remove(&mut self, word: u32) {
        self.words[word].vain = 0;
        if self.words[word].first == NONE {
            self.words.remove(word);
        }
    }

    /// Wakes a waiter that must settle what a dead process may have left.
    fn settle(&mut self, word: u32, wakes: &mut Vec<Wake<W>>) {
        let first = self.waits.get(self.words[word].first as usize).and_then(|wait| wait.subject);
        if first.is_some_and(|subject| subject.is_unsettled()) {
            // One that may write settles for all. The others can only look again.
            let mut has_settler = false;
            let decide =
                |subject: C| (!mem::replace(&mut has_settler, subject.can_announce())).then_some(Why::Unsettled);
            self.wake_where(word, decide, wakes);
        }
    }
}
