//! The kernel's sleepers on words.
use loom::sync::{Condvar, Mutex};

/// A thread that sleeps on some words.
struct Sleeper {
    thread: usize,
    words: Vec<usize>,
    woken_by: Option<usize>,
}

pub(super) const ALL: usize = usize::MAX;

#[derive(Default)]
struct State {
    sleepers: Vec<Sleeper>,
    /// Threads, and addresses that are not mapped for them.
    unmapped: Vec<(usize, usize)>,
    /// How often a wake-up was passed on.
    passed: usize,
}

/// The kernel compares words, and wakes threads, under one lock.
pub(super) struct Kernel {
    state: Mutex<State>,
    woken: Condvar,
}

/// The reason why a sleep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WokenBy {
    Word(usize),
    NotAsleep,
    Nothing,
    Unmapped,
}

impl Kernel {
    pub(super) fn new() -> Self {
        Self { state: Mutex::new(State::default()), woken: Condvar::new() }
    }

    /// Sleeps while each word has the value that is expected of it.
    pub(super) fn wait(&self, thread: usize, expected: &[(usize, u32)], value: impl Fn(usize) -> u32) -> WokenBy {
        let mut state = self.state.lock().unwrap();
        for &(address, expected) in expected {
            if state.unmapped.contains(&(thread, address)) {
                return WokenBy::Unmapped;
            }
            if value(address) != expected {
                return WokenBy::NotAsleep;
            }
        }
        let words = expected.iter().map(|&(address, _)| address).collect();
        state.sleepers.push(Sleeper { thread, words, woken_by: None });
        loop {
            state = self.woken.wait(state).unwrap();
            let at = state.sleepers.iter().position(|sleeper| sleeper.thread == thread).expect("it sleeps");
            if let Some(address) = state.sleepers[at].woken_by {
                state.sleepers.remove(at);
                return WokenBy::Word(address);
            }
        }
    }

    /// Wakes those that have slept longest. Returns how many were woken.
    pub(super) fn wake(&self, address: usize, most: usize) -> usize {
        let sleepers = &mut self.state.lock().unwrap().sleepers;
        let asleep = sleepers.iter_mut().filter(|sleeper| sleeper.woken_by.is_none());
        let woken = asleep.filter(|sleeper| sleeper.words.contains(&address)).take(most);
        let woken = woken.map(|sleeper| sleeper.woken_by = Some(address)).count();
        if woken > 0 {
            self.woken.notify_all();
        }
        woken
    }

    /// Wakes a thread instead of one that was woken in vain.
    pub(super) fn pass_on(&self, address: usize) {
        self.state.lock().unwrap().passed += 1;
        self.wake(address, 1);
    }

    /// Returns how often a wake-up was passed on.
    pub(super) fn passed(&self) -> usize {
        self.state.lock().unwrap().passed
    }

    /// Ends the mapping of a word in the process of a thread.
    pub(super) fn unmap(&self, thread: usize, address: usize) {
        self.state.lock().unwrap().unmapped.push((thread, address));
    }
}
