//! Many operations in many orders, beside a list of all waits.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// A generator of well-mixed numbers (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % limit as u64) as usize
    }
}

/// A wait, as the list has it.
struct Listed<'a> {
    /// `None` for a stray.
    awaited: Option<Awaited<'a>>,
    /// The number of a task. `None` for a sleeper.
    task: Option<u32>,
    state: State,
}

impl Listed<'_> {
    fn address(&self) -> Option<usize> {
        self.awaited.map(|awaited| awaited.part.address)
    }

    fn holds(&self) -> bool {
        self.awaited.is_some_and(|awaited| awaited.holds())
    }
}

/// The table, and a list of what must be in it.
struct Both<'a> {
    table: Tasks<'a>,
    parts: &'a [Part],
    waits: BTreeMap<u32, Listed<'a>>,
    words: BTreeSet<usize>,
    tasks: u32,
}

const MOST: usize = 3;

#[test]
fn table_has_what_a_list_has() {
    for seed in 0..100 {
        let parts: [Part; 6] = std::array::from_fn(|address| Part {
            is_event: address % 3 == 1,
            is_writable: address < 5,
            ..Part::new(address)
        });
        let mut random = Random(seed);
        let (table, waits, words) = (Tasks::new(MOST), BTreeMap::new(), BTreeSet::new());
        let mut both = Both { table, parts: &parts, waits, words, tasks: 0 };
        for _ in 0..400 {
            both.step(&mut random);
            both.compare();
        }
        let keys: Vec<u32> = both.waits.keys().copied().collect();
        keys.into_iter().for_each(|key| both.remove(key));
        both.look();
        both.compare();
        assert!(both.table.is_idle());
    }
}

impl<'a> Both<'a> {
    fn step(&mut self, random: &mut Random) {
        let part = &self.parts[random.below(self.parts.len())];
        match random.below(16) {
            0..5 => self.add(part, random),
            5..8 => part.change(),
            8 => part.ring(),
            9..12 => {
                let key = self.waits.keys().nth(random.below(self.waits.len().max(1))).copied();
                key.into_iter().for_each(|key| self.remove(key));
            }
            12..14 => self.ring((random.below(2) == 0).then_some(part.address)),
            14 if random.below(8) == 0 => self.forget(part.address),
            14 if random.below(8) == 0 => self.check(part.address),
            _ => self.look(),
        }
    }

    fn insert(&mut self, added: &Added, awaited: Option<Awaited<'a>>, task: Option<u32>) {
        self.words.extend(awaited.map(|awaited| awaited.part.address));
        assert!(self.waits.insert(added.key, Listed { awaited, task, state: State::Waiting }).is_none());
    }

    fn add(&mut self, part: &'a Part, random: &mut Random) {
        self.tasks += 1;
        let task = self.tasks;
        let awaited = part.newer(part.version.get() + random.below(2) as u32);
        match random.below(6) {
            0 => {
                let added = self.table.add_stray(task);
                self.insert(&added, None, Some(task));
            }
            1 => {
                let added = self.table.add_sleeper(awaited);
                self.insert(&added, Some(awaited), None);
            }
            _ => {
                let expected = if part.is_writable { awaited.announce().expect("it does not hold") } else { 0 };
                // Another process may change the part before the task looks.
                if random.below(4) == 0 {
                    part.change();
                }
                if !awaited.holds() {
                    let added = self.table.add(awaited, expected, task);
                    assert_eq!(added.is_err(), part.is_writable && part.word.get() != expected);
                    added.into_iter().for_each(|added| self.insert(&added, Some(awaited), Some(task)));
                }
            }
        }
    }

    fn remove(&mut self, key: u32) {
        let wait = self.waits.remove(&key).expect("it is in the list");
        let (waiter, instead) = self.table.remove(key);
        match waiter {
            Some(Waiter::Task(task)) => assert_eq!((Some(task), State::Waiting), (wait.task, wait.state)),
            Some(Waiter::Sleeper) => assert_eq!(wait.task, None),
            None => assert_ne!(wait.state, State::Waiting),
        }
        let passes_on =
            wait.state == State::Woken(Why::Holds) && wait.awaited.is_some_and(|awaited| awaited.part.is_event);
        assert_eq!(instead.is_some(), passes_on);
    }

    fn ring(&mut self, woken: Option<usize>) {
        let armed = self.table.armed();
        let rung: Vec<usize> =
            armed.filter(|&(at, expected)| self.parts[at].word.get() != expected).map(|(at, _)| at).collect();
        let is_rung = |wait: &Listed<'_>| wait.address().is_some_and(|at| rung.contains(&at));
        let in_vain = woken.filter(|at| {
            let mut waits = self.waits.values().filter(|wait| wait.state == State::Waiting);
            let is_rung = self.parts[*at].is_event && rung.contains(at);
            !self.words.contains(at) || is_rung && !waits.any(|wait| wait.address() == Some(*at) && wait.holds())
        });
        let mut got = wakes(|wakes| self.table.ring(woken, wakes));
        // A task may have found the change itself, and have waited for the next one when the kernel woke the thread.
        if let Some(at) = woken.filter(|at| self.parts[*at].is_event && !rung.contains(at) && self.words.contains(at)) {
            got.retain(|wake| *wake != format!("one at {at}"));
        }
        self.expect(got, in_vain, |wait| (is_rung(wait) && wait.holds()).then_some(Why::Holds));
    }

    fn look(&mut self) {
        let waits = self.waits.values().filter(|wait| wait.state == State::Waiting);
        let used: BTreeSet<usize> = waits.filter_map(Listed::address).collect();
        self.words.retain(|at| used.contains(at));
        let got = wakes(|wakes| self.table.look(true, wakes));
        self.expect(got, None, |wait| (wait.awaited.is_none() || wait.holds()).then_some(Why::Holds));
    }

    fn check(&mut self, address: usize) {
        let got = wakes(|wakes| self.table.check(address..address + 1, wakes));
        self.expect(got, None, |wait| (wait.address() == Some(address)).then_some(Why::Object));
    }

    fn forget(&mut self, address: usize) {
        let is_in = |wait: &Listed<'_>| wait.address() == Some(address);
        let waiting = self.waits.values().filter(|wait| is_in(wait) && wait.state == State::Waiting).count();
        assert_eq!(self.table.forget(address..address + 1).len(), waiting);
        self.waits.retain(|_, wait| !is_in(wait));
        self.words.remove(&address);
    }

    /// Compares the wake-ups with those that the list expects.
    fn expect(&mut self, mut got: Vec<String>, in_vain: Option<usize>, why: impl Fn(&Listed<'_>) -> Option<Why>) {
        let mut expected: Vec<String> = in_vain.map(|at| format!("one at {at}")).into_iter().collect();
        for wait in self.waits.values_mut().filter(|wait| wait.state == State::Waiting) {
            match (why(wait), wait.task) {
                (None, _) => {}
                (Some(why), Some(task)) => {
                    wait.state = State::Woken(why);
                    expected.push(format!("task {task}"));
                }
                (Some(_), None) => expected.push(format!("all at {}", wait.address().expect("a sleeper has a word"))),
            }
        }
        got.sort();
        expected.sort();
        for wakes in [&mut got, &mut expected] {
            wakes.dedup_by(|wake, before| wake == before && wake.starts_with("all"));
        }
        assert_eq!(got, expected);
    }

    fn compare(&mut self) {
        for (&key, wait) in &self.waits {
            assert_eq!(self.table.state(key).0, wait.state);
        }
        let waiting: Vec<&Listed<'_>> = self.waits.values().filter(|wait| wait.state == State::Waiting).collect();
        assert_eq!(self.table.is_idle(), waiting.is_empty() && self.words.is_empty());
        let armed: BTreeMap<usize, u32> = self.table.armed().collect();
        assert_eq!(armed.len(), self.table.armed().count(), "a word is armed once");
        assert!(armed.len() <= MOST && armed.keys().all(|at| self.words.contains(at)));
        let is_polled = |wait: &&Listed<'_>| match wait.awaited {
            None => true,
            Some(Awaited { part, .. }) => {
                !part.is_writable || wait.task.is_some() && !armed.contains_key(&part.address)
            }
        };
        assert_eq!(self.table.has_polled(), waiting.iter().any(is_polled));
        for wait in waiting.iter().filter(|wait| wait.task.is_some()) {
            let Some(Awaited { part, .. }) = wait.awaited else { continue };
            if armed.get(&part.address) == Some(&part.word.get()) {
                assert!(part.has_waiters.get(), "the next change does not wake the thread");
                assert!(!wait.holds(), "the thread sleeps, and the task was not woken");
            }
        }
    }
}
