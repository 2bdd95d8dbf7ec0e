//! The bare machine, without checks and crash safety: a copy, atomics, a futex, an exchange, system calls.
//!
//! # Safety
//!
//! Promises to pass to the kernel only words that are borrowed during the call, and to copy only between values of one
//! type.
#![allow(unsafe_code)]

use std::hint::{black_box, spin_loop};
use std::path::Path;
use std::ptr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};

use nix::libc;

use super::frames::{Hand, Pin, Publish};
use super::mapped::Mapped;
use super::{Board, Lockable, Poll, Read, SECOND, Sides, Talk, Whole, Write};
use crate::Failure;
use crate::payload::{Aligned, Payload};
use crate::sysv::{self, Anchor, Attachment};

/// For loads and stores: a copy within one process.
pub struct Memcpy;

/// The memory of one process.
pub struct Memory<const WORDS: usize>(Box<Aligned<Payload<WORDS>>>);

impl Board for Memcpy {
    const NAME: &'static str = "memcpy";
    type Writer<const WORDS: usize> = Memory<WORDS>;
    type Reader<const WORDS: usize> = Memory<WORDS>;

    fn create<const WORDS: usize>(_: &Path) -> Result<Memory<WORDS>, Failure> {
        Ok(Memory(Box::new(Aligned(Payload::filled(1)))))
    }

    fn open<const WORDS: usize>(directory: &Path) -> Result<Memory<WORDS>, Failure> {
        Self::create(directory)
    }
}

impl<const WORDS: usize> Write<WORDS> for Memory<WORDS> {
    #[inline]
    fn write(&mut self, value: &Payload<WORDS>) {
        copy(value, &mut self.0.0);
    }
}

impl<const WORDS: usize> Read<WORDS> for Memory<WORDS> {
    #[inline]
    fn read(&mut self, into: &mut Payload<WORDS>) {
        copy(&self.0.0, into);
    }
}

#[inline]
fn copy<const WORDS: usize>(from: &Payload<WORDS>, to: &mut Payload<WORDS>) {
    // SAFETY: two values of one type; a unique reference overlaps nothing.
    unsafe { ptr::copy_nonoverlapping(from, to, 1) }
}

/// The lines of the words by which the other side calls, and by which it is answered.
const CALL: usize = 0;
const ANSWER: usize = 1;

/// For a round trip: two atomics.
pub struct Atomics {
    page: Mapped,
    tells: usize,
    hears: usize,
}

impl Sides for Atomics {
    const NAME: &'static str = "bare atomics";

    fn create(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { page: Mapped::create(&directory.join("words"))?, tells: ANSWER, hears: CALL })
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { page: Mapped::open(&directory.join("words"))?, tells: CALL, hears: ANSWER })
    }
}

impl Poll for Atomics {
    #[inline]
    fn tell(&mut self, number: u64) {
        self.page.word(self.tells).store(number, Release);
    }

    #[inline]
    fn hears(&mut self, number: u64) -> bool {
        self.page.word(self.hears).load(Acquire) == number
    }
}

/// For a hand-over in one direction: a word.
pub struct Word(Mapped);

/// The read side of a word.
pub struct WordReader {
    page: Mapped,
    seen: u64,
}

impl Hand for Word {
    const NAME: &'static str = Atomics::NAME;
    type Writer = Word;
    type Reader = WordReader;

    fn create(directory: &Path) -> Result<Word, Failure> {
        Ok(Self(Mapped::create(&directory.join("word"))?))
    }

    fn open(directory: &Path) -> Result<WordReader, Failure> {
        Ok(WordReader { page: Mapped::open(&directory.join("word"))?, seen: 0 })
    }
}

impl Publish for Word {
    #[inline]
    fn publish(&mut self, word: impl FnOnce() -> u64) {
        self.0.word(CALL).store(word(), Release);
    }
}

impl Pin for WordReader {
    #[inline]
    fn next(&mut self) -> Option<u64> {
        let word = self.page.word(CALL).load(Acquire);
        let is_next = word != self.seen;
        self.seen = word;
        is_next.then_some(word)
    }
}

/// For a wake-up: a word to sleep on for each direction, and a system call to wake.
pub struct Futex {
    page: Mapped,
    round: u32,
}

impl Sides for Futex {
    const NAME: &'static str = "bare futex";

    fn create(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { page: Mapped::create(&directory.join("words"))?, round: 0 })
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { page: Mapped::open(&directory.join("words"))?, round: 0 })
    }
}

impl Talk for Futex {
    fn call(&mut self) {
        self.round = self.round.wrapping_add(1);
        tell(self.page.half_word(CALL), self.round);
        assert!(wait(self.page.half_word(ANSWER), self.round), "the other process does not answer");
    }

    fn receive(&mut self) -> bool {
        let next = self.round.wrapping_add(1);
        let called = wait(self.page.half_word(CALL), next);
        if called {
            self.round = next;
        }
        called
    }

    fn answer(&mut self) {
        tell(self.page.half_word(ANSWER), self.round);
    }
}

/// Stores, and wakes a process that sleeps on the word.
pub fn tell(word: &AtomicU32, value: u32) {
    word.store(value, Release);
    let none = ptr::null::<u8>();
    // SAFETY: the word is borrowed during the call; the last three arguments are ignored.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, 1, none, none, 0) };
}

/// Sleeps until the word has the value. Returns `false` if it has another one after a second.
pub fn wait(word: &AtomicU32, value: u32) -> bool {
    let second = libc::timespec { tv_sec: SECOND.as_secs() as libc::time_t, tv_nsec: 0 };
    loop {
        let found = word.load(Acquire);
        if found == value {
            return true;
        }
        let (operation, none) = (libc::FUTEX_WAIT, ptr::null::<u8>());
        // SAFETY: word and time are borrowed during the call; the last two arguments are ignored.
        let woken =
            unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, found, &raw const second, none, 0) };
        if woken == -1 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ETIMEDOUT) {
            return false;
        }
    }
}

/// For a lock: one exchange to take it, one store to free it. A waiter spins, and a dead owner keeps the lock.
pub struct Exchange(Mapped);

const LOCK: usize = 0;
const COUNT: usize = 1;

impl Sides for Exchange {
    const NAME: &'static str = "bare exchange";

    fn create(directory: &Path) -> Result<Self, Failure> {
        Ok(Self(Mapped::create(&directory.join("lock"))?))
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Self(Mapped::open(&directory.join("lock"))?))
    }
}

impl Lockable for Exchange {
    #[inline]
    fn locked(&self, work: impl FnOnce()) {
        let lock = self.0.half_word(LOCK);
        while lock.swap(1, Acquire) != 0 {
            while lock.load(Relaxed) != 0 {
                spin_loop();
            }
        }
        work();
        lock.store(0, Release);
    }

    fn guarded(&self) -> &AtomicU64 {
        self.0.word(COUNT)
    }
}

/// For whole objects: `shmget` and the other calls of System V shared memory.
pub struct SystemCalls;

impl Whole for SystemCalls {
    const NAME: &'static str = "system calls";

    /// `ftok`, `shmget`, `shmat`, `IPC_STAT`, a read, `shmdt`.
    fn attaching(directory: &Path) -> Result<impl FnMut() + 'static, Failure> {
        let anchor = Anchor::make(directory)?;
        Attachment::new(anchor.create(Attachment::SMALL)?)?.write([1; 8]);
        Ok(move || {
            let shmid = anchor.find().expect("created before");
            let attached = Attachment::new(shmid).expect("a segment of this process");
            black_box(sysv::status(shmid).expect("a segment of this process"));
            black_box(attached.read());
        })
    }

    /// `ftok`, `shmget`, `shmat`, a write, `shmdt`, `IPC_RMID`.
    fn creating(directory: &Path) -> Result<impl FnMut() + 'static, Failure> {
        let anchor = Anchor::make(directory)?;
        Ok(move || {
            let shmid = anchor.create(Attachment::SMALL).expect("a free key");
            Attachment::new(shmid).expect("a segment of this process").write([1; 8]);
            sysv::remove(shmid).expect("a segment of this process");
        })
    }
}

/// Waits until all loads before it are done.
#[inline(always)]
pub fn wait_for_loads() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86_64 processor has SSE2.
    unsafe {
        std::arch::x86_64::_mm_lfence();
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}
