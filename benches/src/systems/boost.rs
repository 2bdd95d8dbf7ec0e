//! Boost.Interprocess, from C++: the measured code, loops included, is in `boost.cpp`.
//!
//! # Safety
//!
//! Assumes that the declarations here match `boost.cpp`. Promises to pass sides that are open, and memory of the stated
//! sizes.
#![allow(unsafe_code)]

use std::ffi::{CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr::NonNull;

use super::channel::{CAPACITY, Channel, Ends, Receives, Sends, Waits};
use super::{Board, Exclude, Read, Reads, Sides, Transact, Whole, Write};
use crate::Failure;
use crate::payload::Payload;
use crate::place;
use crate::sysv::{self, Anchor, Attachment};

unsafe extern "C" {
    fn boost_create(anchor: *const c_char, bytes: usize) -> *mut c_void;
    fn boost_open(anchor: *const c_char) -> *mut c_void;
    fn boost_close(side: *mut c_void);
    fn boost_write(side: *mut c_void, bytes: usize, values: *const u8, rounds: u64) -> bool;
    fn boost_read(side: *mut c_void, bytes: usize, into: *mut u8, rounds: u64, torn: *mut u64) -> bool;
    fn boost_lock(side: *mut c_void, rounds: u64) -> bool;
    fn boost_count(side: *mut c_void, rounds: u64, count: *mut u64) -> bool;
    fn boost_change(side: *mut c_void, rounds: u64) -> bool;
    fn boost_attach(anchor: *const c_char) -> bool;
    fn boost_create_and_remove(anchor: *const c_char, bytes: usize) -> bool;
    fn boost_queue_create(name: *const c_char, room: usize, bytes: usize) -> *mut c_void;
    fn boost_queue_open(name: *const c_char) -> *mut c_void;
    fn boost_queue_close(queue: *mut c_void);
    fn boost_queue_send(queue: *mut c_void, value: *const u8, bytes: usize) -> c_int;
    fn boost_queue_receive(queue: *mut c_void, into: *mut u8, bytes: usize) -> c_int;
    fn boost_queue_wait(queue: *mut c_void, into: *mut u8, bytes: usize) -> c_int;
}

/// A mutex that is not robust, and the value it guards.
pub struct Boost;

/// Either side.
pub struct Side {
    // INVARIANT: returned by `boost_create` or `boost_open`, and not closed.
    side: NonNull<c_void>,
}

const NAME: &str = "Boost";

impl Side {
    fn make(directory: &Path, bytes: usize) -> Result<Self, Failure> {
        let anchor = Anchor::make(directory)?;
        // SAFETY: a C string, alive during the call.
        Self::new(unsafe { boost_create(anchor.name().as_ptr(), bytes) }, &anchor)
    }

    fn new(side: *mut c_void, anchor: &Anchor) -> Result<Self, Failure> {
        let side = NonNull::new(side).ok_or_else(|| format!("Boost has no segment for {:?}", anchor.path()))?;
        Ok(Self { side })
    }

    fn load<const WORDS: usize>(&mut self, into: &mut Payload<WORDS>, rounds: u64) -> u64 {
        let (into, mut torn) = (into.bytes_mut().as_mut_ptr(), 0);
        // SAFETY: an open side, memory for one value of that size, and a number.
        assert!(unsafe { boost_read(self.side.as_ptr(), Payload::<WORDS>::BYTES, into, rounds, &raw mut torn) });
        torn
    }

    fn count_up(&self, rounds: u64) -> u64 {
        let mut count = 0;
        // SAFETY: an open side, and a number.
        assert!(unsafe { boost_count(self.side.as_ptr(), rounds, &raw mut count) });
        count
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // SAFETY: open until now.
        unsafe { boost_close(self.side.as_ptr()) };
    }
}

impl Board for Boost {
    const NAME: &'static str = NAME;
    type Writer<const WORDS: usize> = Side;
    type Reader<const WORDS: usize> = Side;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Side, Failure> {
        let mut writer = Side::make(directory, Payload::<WORDS>::BYTES)?;
        writer.write(&Payload::<WORDS>::filled(1));
        Ok(writer)
    }

    fn open<const WORDS: usize>(directory: &Path) -> Result<Side, Failure> {
        Sides::open(directory)
    }
}

impl<const WORDS: usize> Write<WORDS> for Side {
    fn write(&mut self, value: &Payload<WORDS>) {
        // SAFETY: an open side, and one value of that size, for one round.
        assert!(unsafe { boost_write(self.side.as_ptr(), Payload::<WORDS>::BYTES, value.bytes().as_ptr(), 1) });
    }

    fn write_rounds(&mut self, values: &[Payload<WORDS>; 4], rounds: u64) {
        let first = values.as_ptr().cast::<u8>();
        // SAFETY: an open side, and four values of that size.
        assert!(unsafe { boost_write(self.side.as_ptr(), Payload::<WORDS>::BYTES, first, rounds) });
    }
}

impl<const WORDS: usize> Read<WORDS> for Side {
    fn read(&mut self, into: &mut Payload<WORDS>) {
        self.load(into, 1);
    }

    fn read_rounds(&mut self, into: &mut Payload<WORDS>, rounds: u64) -> Reads {
        Reads { done: rounds, torn: self.load(into, rounds), ..Reads::default() }
    }
}

impl Sides for Side {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Self::make(directory, 64)
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        let anchor = Anchor::at(directory);
        // SAFETY: a C string, alive during the call.
        Self::new(unsafe { boost_open(anchor.name().as_ptr()) }, &anchor)
    }
}

impl Exclude for Side {
    fn lock_rounds(&mut self, rounds: u64) {
        // SAFETY: an open side.
        assert!(unsafe { boost_lock(self.side.as_ptr(), rounds) });
    }

    fn count_rounds(&mut self, rounds: u64) {
        self.count_up(rounds);
    }

    fn count(&self) -> u64 {
        self.count_up(0)
    }
}

impl Transact for Side {
    fn change_rounds(&mut self, rounds: u64) {
        // SAFETY: an open side.
        assert!(unsafe { boost_change(self.side.as_ptr(), rounds) });
    }

    fn word(&mut self) -> u64 {
        let mut copy = Payload::<8>::filled(0);
        self.load(&mut copy, 1);
        copy.word()
    }
}

impl Whole for Boost {
    const NAME: &'static str = NAME;

    fn attaching(directory: &Path) -> Result<impl FnMut() + 'static, Failure> {
        let anchor = Anchor::make(directory)?;
        Attachment::new(anchor.create(Attachment::SMALL)?)?.write([1; 8]);
        Ok(move || {
            // SAFETY: a C string, alive during the call.
            assert!(unsafe { boost_attach(anchor.name().as_ptr()) }, "{:?}", anchor.find().map(sysv::status));
        })
    }

    fn creating(directory: &Path) -> Result<impl FnMut() + 'static, Failure> {
        let anchor = Anchor::make(directory)?;
        Ok(move || {
            // SAFETY: a C string, alive during the call.
            let done = unsafe { boost_create_and_remove(anchor.name().as_ptr(), Attachment::SMALL) };
            assert!(done, "{:?}", anchor.path());
        })
    }
}

/// Its message queue: a mutex and two condition variables, in a file in memory.
pub struct MessageQueue;

/// Either end.
pub struct End {
    // INVARIANT: returned by `boost_queue_create` or `boost_queue_open`, and not closed.
    queue: NonNull<c_void>,
}

fn name(directory: &Path) -> Result<CString, Failure> {
    Ok(CString::new(place::name_in_memory(directory))?)
}

impl End {
    fn open(directory: &Path) -> Result<Self, Failure> {
        let name = name(directory)?;
        // SAFETY: a C string, alive during the call.
        Self::new(unsafe { boost_queue_open(name.as_ptr()) })
    }

    fn new(queue: *mut c_void) -> Result<Self, Failure> {
        Ok(Self { queue: NonNull::new(queue).ok_or("Boost has no such message queue")? })
    }
}

impl Drop for End {
    fn drop(&mut self) {
        // SAFETY: open until now.
        unsafe { boost_queue_close(self.queue.as_ptr()) };
    }
}

impl Channel for MessageQueue {
    const NAME: &'static str = NAME;
    type Sender<const WORDS: usize> = End;
    type Receiver<const WORDS: usize> = End;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Ends<Self, WORDS>, Failure> {
        let name = name(directory)?;
        // SAFETY: a C string, alive during the call, and two numbers.
        let queue = unsafe { boost_queue_create(name.as_ptr(), CAPACITY, Payload::<WORDS>::BYTES) };
        Ok((End::new(queue)?, End::open(directory)?))
    }

    fn sender<const WORDS: usize>(directory: &Path) -> Result<End, Failure> {
        End::open(directory)
    }

    fn receiver<const WORDS: usize>(directory: &Path) -> Result<End, Failure> {
        End::open(directory)
    }
}

impl<const WORDS: usize> Sends<WORDS> for End {
    #[inline]
    fn try_send(&mut self, value: &Payload<WORDS>) -> bool {
        // SAFETY: an open queue, and one value of that size.
        succeeded(unsafe { boost_queue_send(self.queue.as_ptr(), value.bytes().as_ptr(), Payload::<WORDS>::BYTES) })
    }
}

impl<const WORDS: usize> Receives<WORDS> for End {
    #[inline]
    fn try_receive(&mut self, into: &mut Payload<WORDS>) -> bool {
        let into = into.bytes_mut().as_mut_ptr();
        // SAFETY: an open queue, and memory for one value of that size.
        succeeded(unsafe { boost_queue_receive(self.queue.as_ptr(), into, Payload::<WORDS>::BYTES) })
    }
}

impl<const WORDS: usize> Waits<WORDS> for End {
    fn wait(&mut self, into: &mut Payload<WORDS>) -> bool {
        let into = into.bytes_mut().as_mut_ptr();
        // SAFETY: an open queue, and memory for one value of that size.
        succeeded(unsafe { boost_queue_wait(self.queue.as_ptr(), into, Payload::<WORDS>::BYTES) })
    }
}

#[inline]
fn succeeded(answer: c_int) -> bool {
    assert!(answer >= 0, "Boost's message queue failed");
    answer > 0
}
