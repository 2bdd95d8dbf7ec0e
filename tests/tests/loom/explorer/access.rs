//! The accesses of a process: to memory, and to what the kernel knows. A process that runs again gets the values that it
//! got before, and stops at the next access.

use std::cell::RefCell;
use std::panic::resume_unwind;

/// What the protocols see.
pub(crate) mod atomics {
    pub(crate) use std::sync::atomic::Ordering;

    pub(crate) use super::{AtomicU64, fence};

    pub(crate) fn fence_after_rmw() {}
}

use atomics::Ordering;

/// An access to memory, or a question to the kernel. The word is an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Load(usize),
    Store(usize, u64),
    Swap(usize, u64),
    CompareExchange(usize, u64, u64),
    /// Takes a lock for a process, once it is free or its holder is dead.
    Lock(usize, u64),
    /// Whether a process is dead. The kernel knows.
    IsDead(u64),
    /// One of so many ways to go on.
    Choose(u64),
    /// A load by the model, and not by the process. No other process comes before it.
    Peek(usize),
}

use Access::{Choose, CompareExchange, IsDead, Load, Lock, Peek, Store, Swap};

/// A word of memory.
pub(crate) struct AtomicU64(pub(crate) usize);

impl AtomicU64 {
    pub(crate) fn load(&self, _: Ordering) -> u64 {
        access(Load(self.0))
    }

    pub(crate) fn store(&self, value: u64, _: Ordering) {
        access(Store(self.0, value));
    }

    pub(crate) fn swap(&self, value: u64, _: Ordering) -> u64 {
        access(Swap(self.0, value))
    }

    pub(crate) fn compare_exchange(&self, expected: u64, value: u64, _: Ordering, _: Ordering) -> Result<u64, u64> {
        let before = access(CompareExchange(self.0, expected, value));
        if before == expected { Ok(before) } else { Err(before) }
    }
}

pub(crate) fn fence(_: Ordering) {}

/// The process that runs.
pub(super) enum Running {
    /// It gets these values, and stops before the next access.
    Again { values: Vec<u64>, next: usize, stopped_at: Option<Access> },
    /// It is alone with its memory, and with these dead processes.
    Alone { memory: Vec<u64>, dead: Vec<u64> },
}

thread_local! {
    pub(super) static RUNNING: RefCell<Option<Running>> = const { RefCell::new(None) };
}

/// A process stops before an access.
pub(super) struct Stopped;

/// Executes an access of the process that runs.
pub(crate) fn access(access: Access) -> u64 {
    let value = RUNNING.with_borrow_mut(|running| match running.as_mut().expect("a process runs") {
        Running::Again { values, next, stopped_at } => {
            let value = values.get(*next).copied();
            *next += 1;
            if value.is_none() {
                *stopped_at = Some(access);
            }
            value
        }
        Running::Alone { memory, dead } => {
            Some(access.execute(memory, |token| dead.contains(&token)).expect("no living process has a lock"))
        }
    });
    value.unwrap_or_else(|| resume_unwind(Box::new(Stopped)))
}

impl Access {
    /// Returns the value that the process gets. `None` if it has to wait.
    pub(super) fn execute(self, memory: &mut [u64], is_dead: impl Fn(u64) -> bool) -> Option<u64> {
        match self {
            Load(word) | Peek(word) => Some(memory[word]),
            Store(word, value) | Swap(word, value) => Some(std::mem::replace(&mut memory[word], value)),
            CompareExchange(word, expected, value) => {
                let before = memory[word];
                if before == expected {
                    memory[word] = value;
                }
                Some(before)
            }
            Lock(word, token) => {
                let is_free = memory[word] == 0 || is_dead(memory[word]);
                is_free.then(|| std::mem::replace(&mut memory[word], token))
            }
            IsDead(token) => Some(is_dead(token).into()),
            Choose(_) => Some(0),
        }
    }
}

/// Runs `process` alone with a memory, and with the tokens of dead processes.
pub(crate) fn alone<R>(memory: &[u64], dead: &[u64], process: impl FnOnce() -> R) -> R {
    RUNNING.set(Some(Running::Alone { memory: memory.to_vec(), dead: dead.to_vec() }));
    let result = process();
    RUNNING.set(None);
    result
}
