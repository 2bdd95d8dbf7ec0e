//! Where the memory of a frame is when the work begins.
//!
//! # Safety
//!
//! Assumes that a slice that is flushed is memory of this process, which each slice is.
#![allow(unsafe_code)]

use std::hint::{black_box, spin_loop};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::partner;

/// Where the memory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// In the caches of another processor, which has just written it.
    Fresh,
    /// In no cache.
    Memory,
    /// In the last cache alone.
    Cache,
}

impl State {
    /// All states that can be brought about on this machine.
    pub(super) fn all() -> &'static [Self] {
        if cfg!(target_arch = "x86_64") {
            &[Self::Fresh, Self::Memory, Self::Cache]
        } else {
            &[Self::Fresh, Self::Cache]
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Memory => "dram",
            Self::Cache => "cache",
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Fresh => "fresh from another processor",
            Self::Memory => "in no cache",
            Self::Cache => "in the last cache",
        }
    }
}

/// Brings memory into a state, except [`State::Fresh`], which another processor has to bring about.
pub(super) struct Caches {
    /// Memory that pushes all other out of the caches of this processor alone.
    other: Vec<u64>,
}

/// More than the second cache of common processors.
const MORE_THAN_THE_SECOND: usize = 8 << 20;

impl Caches {
    pub(super) fn new() -> Self {
        Self { other: vec![1; MORE_THAN_THE_SECOND / 8] }
    }

    pub(super) fn bring<T: Copy>(&self, memory: &[T], state: State) {
        match state {
            State::Fresh => {}
            State::Memory => flush(memory),
            State::Cache => {
                black_box(memory.iter().fold(0, |count: u64, element| {
                    black_box(element);
                    count + 1
                }));
                black_box(self.other.iter().sum::<u64>());
            }
        }
    }
}

/// Takes all lines of a slice out of all caches.
#[cfg(target_arch = "x86_64")]
fn flush<T>(memory: &[T]) {
    use std::arch::x86_64::{_mm_clflush, _mm_mfence};
    let (first, size) = (memory.as_ptr().cast::<u8>(), size_of_val(memory));
    for at in (0..size).step_by(64) {
        // SAFETY: the address of a byte of the slice.
        unsafe { _mm_clflush(first.wrapping_add(at)) };
    }
    // SAFETY: every x86_64 processor has this instruction.
    unsafe { _mm_mfence() };
}

#[cfg(not(target_arch = "x86_64"))]
fn flush<T>(_: &[T]) {
    unreachable!("not among the states of this machine");
}

/// Work for another processor.
type Work = Box<dyn FnMut() + Send>;

/// A thread on another processor, which works when it is told, and spins otherwise.
pub(super) struct OtherCore {
    work: Arc<Mutex<Work>>,
    asked: Arc<AtomicU64>,
    done: Arc<AtomicU64>,
}

impl OtherCore {
    pub(super) fn new(cpu: usize) -> Self {
        let nothing: Work = Box::new(|| ());
        let (work, asked, done) = (Arc::new(Mutex::new(nothing)), Arc::default(), Arc::default());
        let other = Self { work, asked, done };
        let (work, asked, done) = (other.work.clone(), other.asked.clone(), other.done.clone());
        thread::spawn(move || {
            partner::pin(cpu).expect("a processor of this process");
            loop {
                until(&asked, done.load(Acquire) + 1);
                (work.lock().expect("no work panics"))();
                done.fetch_add(1, Release);
            }
        });
        other
    }

    /// Does the work there, and returns when it is done.
    pub(super) fn work(&self, work: impl FnMut() + Send + 'static) {
        *self.work.lock().expect("no work panics") = Box::new(work);
        let asked = self.asked.fetch_add(1, Release) + 1;
        until(&self.done, asked);
    }
}

/// Spins until a count is reached. The other side may be on the same processor.
fn until(count: &AtomicU64, reached: u64) {
    let mut looks = 0u32;
    while count.load(Acquire) < reached {
        looks += 1;
        if looks.is_multiple_of(1024) {
            thread::yield_now();
        }
        spin_loop();
    }
}
