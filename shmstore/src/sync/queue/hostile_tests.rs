//! What a process that breaks the protocol may leave.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::*;
use crate::Shared;
use crate::error::PopError;

const SOON: Duration = Duration::from_millis(20);

#[test]
fn item_that_is_no_value_is_consumed_and_reported() {
    let queue = Queue::<bool, 4>::new();
    queue.push_many(&[false, false, true, false]).unwrap();
    for slot in [0, 1, 3] {
        let byte = std::ptr::from_ref(&queue).cast::<u8>().wrapping_add(256 + 64 * slot + 16);
        // SAFETY: a byte of a slot, which no other thread has.
        unsafe { byte.cast_mut().write_volatile(0xff) };
    }
    assert!(matches!(queue.pop(), Err(PopError::InvalidValue(_))));
    assert!(matches!(queue.take(), Err(PopError::InvalidValue(_))));
    assert_eq!(queue.outstanding(), 0);
    let mut items = Vec::new();
    assert!(matches!(queue.pop_many(&mut items, 9), Err(PopError::InvalidValue(_))));
    assert_eq!((items, queue.is_empty()), (vec![true], true));
}

#[test]
fn hostile_words_end_in_an_answer() {
    let queue = Queue::<u64, 4>::new();
    let words = [0, 16, 128, 144, 152, 160, 256, 320, 384, 448];
    let hostile = [0, 1, u64::MAX, 1 << 32, 1 << 63, u64::MAX << 33, (1 << 33) - 1, 1 << 33 | 1 << 32];
    for at in words {
        for value in hostile {
            // SAFETY: one word of the queue, which no other thread has.
            let word = unsafe { &*std::ptr::from_ref(&queue).cast::<u8>().wrapping_add(at).cast::<AtomicU64>() };
            word.store(value, Relaxed);
            let _ = (queue.try_push(1), queue.try_pop(), queue.try_take().map(drop), queue.items());
            let _ = (queue.len(), queue.is_empty(), queue.outstanding(), format!("{queue:?}"));
        }
    }
}

#[test]
fn a_token_of_its_own_in_every_slot_delays_no_call() {
    #[derive(crate::ShmObject)]
    #[repr(C)]
    #[shm(crate = "crate")]
    struct Tasks {
        queue: Queue<u64, 60_000>,
    }
    let tasks = Shared::<Tasks>::new_private().unwrap();
    let (core, all) = (tasks.queue.core(), tasks.queue.capacity() as u64);
    (0..all).for_each(|at| core.ring.word(at).store(word::taken_by(word::full(0), at as u32 + 1), Relaxed));
    core.producers.tail.store(all, Relaxed);
    core.consumers.cursor.store(all, Relaxed);
    let started = Instant::now();
    assert!(tasks.queue.try_take().is_err() && tasks.queue.take_timeout(SOON).is_err());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}
