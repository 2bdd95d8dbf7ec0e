//! Order, free slots, returns, and what the words are.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::*;
use crate::Shared;
use crate::error::{Holder, PopError, PushError};

const SOON: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(30);

/// The 64 bits at an offset of a part that no other thread has.
fn word<P>(part: &P, at: usize) -> u64 {
    assert!(at % 8 == 0 && at < size_of::<P>());
    // SAFETY: in bounds, and aligned, as parts are.
    let word = unsafe { &*std::ptr::from_ref(part).cast::<u8>().wrapping_add(at).cast::<AtomicU64>() };
    word.load(Relaxed)
}

#[test]
fn layout_is_that_of_the_table() {
    fn layout<V: ShmValue, const N: usize>() -> (usize, usize) {
        assert_eq!(Queue::<V, N>::SCHEMA.size(), size_of::<Queue<V, N>>());
        assert_eq!(size_of::<QueueView<V, N>>(), size_of::<Queue<V, N>>());
        (size_of::<Queue<V, N>>(), align_of::<Queue<V, N>>())
    }
    assert_eq!(layout::<u8, 1>(), (256 + 64, 64));
    assert_eq!(layout::<[u8; 48], 3>(), (256 + 3 * 64, 64));
    assert_eq!(layout::<[u8; 49], 3>(), (256 + 3 * 128, 64));
    assert_eq!(layout::<[u64; 512], 2>(), (256 + 2 * 4160, 64));
}

#[test]
fn words_are_where_the_table_says() {
    let queue = Queue::<u64, 2>::new();
    queue.push(7).unwrap();
    assert_eq!((word(&queue, 16), word(&queue, 256), word(&queue, 272)), (1, 1 << 32, 7));
    let job = queue.take().unwrap();
    let token = u64::from(this_process_token());
    assert_eq!((word(&queue, 152), word(&queue, 256)), (1, 1 << 32 | token));
    drop(job);
    assert_eq!((word(&queue, 144), word(&queue, 256)), (1, 1 << 32 | 1 << 29), "one is returned, none scanned");
    queue.take().unwrap().done().unwrap();
    assert_eq!(word(&queue, 256), 1 << 33, "free for the next lap");
    assert!(queue.try_pop().is_err());
    assert_eq!(word(&queue, 144), 1 | 1 << 32, "scanned");
}

fn this_process_token() -> u32 {
    crate::segment::this_process::token()
}

#[test]
fn items_come_out_in_order_lap_after_lap() {
    fn check<const N: usize>() {
        let queue = Queue::<u64, N>::new();
        let (mut pushed, mut popped) = (0, 0);
        for round in 0..5 * N as u64 + 7 {
            for _ in 0..=round % N as u64 {
                if queue.try_push(pushed).is_ok() {
                    pushed += 1;
                }
            }
            assert_eq!(queue.len() as u64, pushed - popped);
            for _ in 0..=round % 2 {
                match queue.try_pop() {
                    Ok(item) => {
                        assert_eq!(item, popped);
                        popped += 1;
                    }
                    Err(error) => assert!(matches!(error, PopError::Empty { .. }) && pushed == popped, "{error}"),
                }
            }
        }
    }
    check::<1>();
    check::<2>();
    check::<7>();
    check::<64>();
}

#[test]
fn full_and_empty_queues_say_so_at_once_or_after_the_limit() {
    let queue = Queue::<u64, 2>::new();
    assert!(matches!(queue.try_pop(), Err(PopError::Empty { waited: Duration::ZERO, .. })));
    assert!(matches!(queue.take_timeout(SOON), Err(PopError::Empty { waited, .. }) if waited >= SOON));
    assert_eq!(queue.try_push_many(&[1, 2, 3]).unwrap(), 2);
    assert!(matches!(queue.try_push(3), Err(PushError::Full { capacity: 2, waited: Duration::ZERO, .. })));
    let error = queue.push_timeout(3, SOON).unwrap_err();
    assert!(error.to_string().starts_with("this `Queue<u64, 2>` is full after "), "{error}");
    assert_eq!((queue.try_push_many(&[]).unwrap(), queue.pop_many(&mut Vec::new(), 0).unwrap()), (0, 0));
}

#[test]
fn wait_for_the_lock_and_wait_for_an_item_or_room_have_one_limit() {
    const LIMIT: Duration = Duration::from_millis(400);
    /// Calls while another thread has a side, for most of the limit. Returns how long the call took.
    fn beside<G>(hold: impl Fn() -> G + Sync, call: impl FnOnce()) -> Duration {
        std::thread::scope(|scope| {
            let (tell, told) = std::sync::mpsc::channel();
            let hold = &hold;
            scope.spawn(move || {
                let _held = hold();
                tell.send(()).unwrap();
                std::thread::sleep(LIMIT * 3 / 4);
            });
            told.recv().unwrap();
            let started = Instant::now();
            call();
            started.elapsed()
        })
    }
    let (full, empty) = (Queue::<u64, 1>::new(), Queue::<u64, 1>::new());
    full.push(1).unwrap();
    let pushed = beside(|| full.producer(), || assert!(full.push_timeout(2, LIMIT).is_err()));
    let popped = beside(|| empty.consumer(), || assert!(empty.pop_timeout(LIMIT).is_err()));
    let taken = beside(|| empty.consumer(), || assert!(empty.take_timeout(LIMIT).is_err()));
    for waited in [pushed, popped, taken] {
        assert!(waited >= LIMIT && waited < LIMIT * 3 / 2, "{waited:?}");
    }
}

#[test]
fn job_that_is_not_done_keeps_its_slot_and_is_delivered_again() {
    let queue = Queue::<u64, 2>::new();
    queue.push_many(&[1, 2]).unwrap();
    let first = queue.take().unwrap();
    assert_eq!((*first, first.deliveries(), queue.outstanding()), (1, 1, 1));
    assert_eq!(queue.pop().unwrap(), 2);
    assert!(queue.try_push(3).is_err(), "the first slot is not free");
    drop(first);
    assert_eq!((queue.outstanding(), queue.items()), (0, vec![Ok(1)]));
    assert_eq!((queue.is_empty(), queue.len()), (false, 1));
    for deliveries in [2, 3, 4, 5, 6, 7, 7, 7] {
        assert_eq!(queue.take().unwrap().deliveries(), deliveries);
    }
    queue.take().unwrap().done().unwrap();
    assert!(queue.is_empty());
    queue.push_many(&[4, 5]).unwrap();
    assert_eq!([queue.pop().unwrap(), queue.pop().unwrap()], [4, 5]);
}

#[test]
fn returned_items_come_first_and_the_oldest_of_them() {
    let queue = Queue::<u64, 8>::new();
    queue.push_many(&[1, 2, 3, 4]).unwrap();
    let [one, two, three] = [queue.take().unwrap(), queue.take().unwrap(), queue.take().unwrap()];
    drop(three);
    drop(one);
    assert_eq!(queue.items(), [Ok(1), Ok(3), Ok(4)]);
    assert_eq!([(); 3].map(|()| queue.pop().unwrap()), [1, 3, 4]);
    two.done().unwrap();
    assert!(queue.try_pop().is_err() && queue.outstanding() == 0);
}

#[test]
fn job_is_returned_by_a_panic() {
    let queue = Queue::<u64, 2>::new();
    queue.push(1).unwrap();
    let worker = catch_unwind(AssertUnwindSafe(|| {
        let _job = queue.take().unwrap();
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(worker.is_err());
    assert_eq!(queue.take().unwrap().deliveries(), 2);
}

#[test]
fn exclusive_sides_keep_others_out_and_name_their_holder() {
    let queue = Queue::<u64, 4>::new();
    let mut producer = queue.producer();
    let mut consumer = queue.consumer();
    producer.push(1).unwrap();
    assert_eq!(producer.try_push_many(&[2, 3, 4, 5]).unwrap(), 3);
    assert!(matches!(producer.try_push(5), Err(PushError::Full { .. })));
    assert!(matches!(queue.push(6), Err(PushError::Busy(busy)) if busy.holder() == Holder::ThisThread));
    assert!(matches!(queue.pop(), Err(PopError::Busy(_))));
    assert!(queue.try_producer().is_err() && queue.consumer_timeout(SOON).is_err());
    let job = consumer.take().unwrap();
    assert_eq!((*job, consumer.pop().unwrap()), (1, 2));
    drop(consumer);
    drop(job);
    assert_eq!(queue.pop().unwrap(), 1);
    let mut items = Vec::new();
    assert_eq!((queue.pop_many(&mut items, 9).unwrap(), items), (2, vec![3, 4]));
    drop(producer);
    queue.push(7).unwrap();
    assert_eq!(queue.clear().unwrap(), 1);
    assert!(queue.is_empty());
}

#[test]
fn waiters_are_woken_by_pushes_pops_done_jobs_and_returns() {
    let queue = Queue::<u64, 1>::new();
    std::thread::scope(|scope| {
        let started = Instant::now();
        let popped = scope.spawn(|| queue.pop_timeout(LONG).unwrap());
        std::thread::sleep(SOON);
        queue.push(1).unwrap();
        assert_eq!(popped.join().unwrap(), 1);
        queue.push(2).unwrap();
        let job = queue.take().unwrap();
        let pushed = scope.spawn(|| queue.push_timeout(3, LONG).unwrap());
        std::thread::sleep(SOON);
        job.done().unwrap();
        pushed.join().unwrap();
        let job = queue.take().unwrap();
        let again = scope.spawn(|| *queue.take_timeout(LONG).unwrap());
        std::thread::sleep(SOON);
        drop(job);
        assert_eq!(again.join().unwrap(), 3);
        assert!(started.elapsed() < LONG);
    });
}

#[test]
fn threads_pass_each_item_on_once() {
    const EACH: u64 = 20_000;
    let queue = Queue::<[u64; 2], 7>::new();
    let sum = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for producer in 0..2 {
            let queue = &queue;
            scope.spawn(move || (0..EACH).for_each(|at| queue.push([producer * EACH + at; 2]).unwrap()));
        }
        for by_job in [false, true] {
            let (queue, sum) = (&queue, &sum);
            scope.spawn(move || {
                for _ in 0..EACH {
                    let [first, second] = if by_job {
                        let job = queue.take().unwrap();
                        let item = *job;
                        job.done().unwrap();
                        item
                    } else {
                        queue.pop().unwrap()
                    };
                    assert_eq!(first, second);
                    sum.fetch_add(first, Relaxed);
                }
            });
        }
    });
    assert_eq!(sum.into_inner(), 2 * EACH * (2 * EACH - 1) / 2);
    assert!(queue.is_empty());
}

#[test]
fn debug_shows_the_length_and_the_first_items() {
    let queue = Queue::<u8, 16>::new();
    assert_eq!(format!("{queue:?}"), "Queue { len: 0, capacity: 16, outstanding: 0, items: [] }");
    queue.push_many(&[1; 10]).unwrap();
    assert_eq!(
        format!("{queue:?}"),
        "Queue { len: 10, capacity: 16, outstanding: 0, items: [1, 1, 1, 1, 1, 1, 1, 1, ..] }"
    );
}

#[test]
fn private_object_and_the_heap_hold_a_queue() {
    #[derive(crate::ShmObject)]
    #[repr(C)]
    #[shm(crate = "crate")]
    struct Orders {
        count: AtomicU64,
        queue: Queue<[u64; 3], 64>,
    }
    let orders = Shared::<Orders>::new_private().unwrap();
    orders.queue.push([1, 2, 3]).unwrap();
    assert_eq!(orders.queue.pop().unwrap(), [1, 2, 3]);
    let error = orders.queue.pop_timeout(SOON).unwrap_err();
    assert!(error.to_string().starts_with("this `Queue<[u64; 3], 64>` is empty after "), "{error}");
    let boxed = Orders::zeroed_box();
    boxed.queue.push([4; 3]).unwrap();
    assert_eq!(boxed.queue.take().unwrap()[0], 4);
}

#[test]
fn item_of_a_producer_that_died_before_it_counted_it_is_there() {
    let queue = Queue::<u64, 4>::new();
    queue.push(7).unwrap();
    let core = queue.core();
    core.producers.tail.store(0, Relaxed);
    assert_eq!((queue.len(), queue.is_empty(), queue.items()), (1, false, vec![Ok(7)]));
    queue.push(8).unwrap();
    core.producers.tail.store(1, Relaxed);
    assert_eq!((queue.len(), queue.items()), (2, vec![Ok(7), Ok(8)]));
    let mut items = Vec::new();
    assert_eq!((queue.pop_many(&mut items, 9).unwrap(), queue.len(), queue.is_empty()), (2, 0, true));
}

#[test]
fn queue_that_always_has_an_item_is_never_empty() {
    let queue = Queue::<u64, 8>::new();
    queue.push(0).unwrap();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for item in (1..).take_while(|_| !is_over.load(Relaxed)) {
                queue.push(item).unwrap();
                assert_eq!(queue.pop().unwrap(), item - 1);
            }
        });
        let looks = (0..200_000).filter(|_| queue.is_empty()).count();
        is_over.store(true, Relaxed);
        assert_eq!(looks, 0);
    });
}
