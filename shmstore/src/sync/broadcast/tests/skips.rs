//! Skipped items count as missed, exactly, wherever the process that skips them is killed.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::super::protocol::{self, Reached, Slots};
use super::*;
use crate::sync::atomics;
use crate::sync::ring::Ring;

/// Skips to a position under the senders' lock, as the calls of objects of any type do.
fn skip_to<const N: usize>(ticks: &Broadcast<u64, N>, position: u64) -> u64 {
    let core = ticks.core();
    let held = core.lock(Limit::Forever).unwrap();
    let next = core.skip_to(position);
    drop(held);
    next
}

/// Receives all that is there: the items, and the number of missed ones before each.
fn all<const N: usize>(subscriber: &mut Subscriber<'_, u64, N>) -> (u64, Vec<u64>) {
    let (mut missed, mut items) = (0, Vec::new());
    for received in subscriber.try_iter() {
        match received {
            Ok(item) => items.push(item),
            Err(RecvError::Lagged { missed: more }) => missed += more,
            Err(error) => panic!("{error}"),
        }
    }
    (missed, items)
}

#[test]
fn skipped_items_are_missed_and_the_others_received() {
    fn check<const N: usize>() {
        let capacity = N as u64;
        for sent in 0..2 * capacity {
            for skipped in 1..3 * capacity {
                for from in 0..sent + skipped + 2 {
                    let ticks = Broadcast::<u64, N>::new();
                    (0..sent).for_each(|item| assert_eq!(ticks.send(item), item));
                    let next = sent + skipped;
                    let mut subscriber = ticks.subscribe_from(from);
                    assert_eq!((skip_to(&ticks, next), ticks.sent()), (next, next));
                    let (missed, items) = all(&mut subscriber);
                    let expected: Vec<u64> = items.iter().map(|item| *item.max(&from)).collect();
                    assert_eq!(items, expected, "only items from there on");
                    assert!(items.iter().all(|item| *item < sent && *item >= next.saturating_sub(capacity)));
                    let position = from.max(next);
                    assert_eq!((from + missed + items.len() as u64, subscriber.position()), (position, position));
                    assert_eq!(ticks.send(100), next, "{sent} sent, to {next}");
                    if from <= next {
                        assert_eq!((all(&mut subscriber), subscriber.position()), ((0, vec![100]), next + 1));
                    }
                }
            }
        }
    }
    check::<2>();
    check::<3>();
    check::<8>();
}

#[test]
fn skipped_items_are_missed_at_once() {
    let ticks = Broadcast::<u64, 8>::new();
    let mut subscriber = ticks.subscribe();
    skip_to(&ticks, 1000);
    assert!(matches!(subscriber.try_recv(), Err(RecvError::Lagged { missed: 1000 })));
    assert!(matches!(subscriber.try_recv(), Err(RecvError::Empty { position: 1000, .. })));
}

#[test]
fn nothing_is_skipped_back() {
    let ticks = Broadcast::<u64, 4>::new();
    ticks.send_many(&[0, 1, 2]);
    assert_eq!((skip_to(&ticks, 2), skip_to(&ticks, 3), ticks.sent()), (3, 3, 3));
    assert_eq!(ticks.subscribe_from(0).recv().unwrap(), 0);
}

#[test]
fn newest_item_is_the_one_before_the_skipped_ones() {
    let ticks = Broadcast::<u64, 4>::new();
    skip_to(&ticks, 2);
    assert_eq!(ticks.newest().unwrap(), None);
    ticks.send_many(&[7, 8]);
    skip_to(&ticks, 6);
    assert_eq!((ticks.newest().unwrap(), ticks.subscribe_oldest().position()), (Some((3, 8)), 3));
    skip_to(&ticks, 8);
    assert_eq!(ticks.newest().unwrap(), None, "no item is there any more");
    ticks.send(9);
    assert_eq!(ticks.newest().unwrap(), Some((8, 9)));
}

#[test]
fn waiting_subscriber_is_woken_by_a_skip() {
    let ticks = Broadcast::<u64, 4>::new();
    std::thread::scope(|scope| {
        let waiting = [0, 2, 90].map(|from| {
            let mut subscriber = ticks.subscribe_from(from);
            scope.spawn(move || {
                let received = subscriber.recv_timeout(LONG);
                assert!(matches!(received, Err(RecvError::Lagged { missed }) if missed == 100 - from), "{received:?}");
            })
        });
        std::thread::sleep(SOON);
        skip_to(&ticks, 100);
        waiting.into_iter().for_each(|waiting| waiting.join().unwrap());
    });
    let mut later = ticks.subscribe_from(100);
    assert!(matches!(later.recv_timeout(SOON), Err(RecvError::Empty { position: 100, .. })), "it was not sent");
}

#[test]
fn positions_at_the_end_are_told_from_earlier_ones() {
    let ticks = Broadcast::<u64, 4>::new();
    let (mut first, last) = (ticks.subscribe(), protocol::last_skip(4));
    assert_eq!(skip_to(&ticks, last), last);
    assert!(matches!(first.try_recv(), Err(RecvError::Lagged { missed }) if missed == last));
    assert_eq!((ticks.send(5), first.recv().unwrap()), (last, 5));
}

/// The slots, for a process that is killed after so many stores to them.
#[derive(Clone, Copy)]
struct Mortal<'a>(Ring<'a>, &'a Cell<u64>);

struct Killed;

impl Slots for Mortal<'_> {
    fn capacity(&self) -> u64 {
        self.0.capacity()
    }

    fn sequence(&self, index: u64) -> &atomics::AtomicU64 {
        self.0.word(index)
    }

    fn reached(&self, _: Reached) {
        self.1.set(self.1.get() - 1);
        if self.1.get() == 0 {
            resume_unwind(Box::new(Killed));
        }
    }
}

#[test]
fn process_may_be_killed_after_each_store_of_a_skip() {
    fn check<const N: usize>(sent: u64, to: u64, then: impl Fn(&Broadcast<u64, N>) -> u64) {
        for stores in 1..=N as u64 {
            let ticks = Broadcast::<u64, N>::new();
            (0..sent).for_each(|item| assert_eq!(ticks.send(item), item));
            let mut subscriber = ticks.subscribe();
            let (core, left) = (ticks.core(), Cell::new(stores));
            let skip = || protocol::skip_to(&Mortal(core.ring, &left), &core.senders.tail, to);
            let killed = catch_unwind(AssertUnwindSafe(skip)).is_err_and(|payload| payload.is::<Killed>());
            let (missed, items) = all(&mut subscriber);
            let at = subscriber.position();
            assert_eq!((sent + missed, items.len()), (at, 0), "{N} slots, {sent} sent, cut after {stores}");
            assert!(at <= to && ticks.sent() <= to && (killed || at == to));
            // Slots of items that are still to come may be skipped, too.
            let (least, next) = (then(&ticks), ticks.sent());
            assert!((least..=least.max(to)).contains(&next), "{N} slots, {sent} sent, cut after {stores}: {next}");
            let (missed, items) = all(&mut subscriber);
            assert_eq!(at + missed + items.len() as u64, next, "{N} slots, {sent} sent, cut after {stores}");
            assert!(items.iter().all(|item| *item == 50));
            // Whatever the cut left, each further item gets a higher number, and is received.
            let mut number = next;
            for item in 0..3 * N as u64 {
                let (before, at) = (number, subscriber.position());
                number = ticks.send(item);
                assert!(number >= before);
                number += 1;
                let (missed, items) = all(&mut subscriber);
                assert_eq!((at + missed + 1, items), (subscriber.position(), vec![item]));
            }
        }
    }
    fn check_all<const N: usize>() {
        for sent in [0, 1, N as u64, 2 * N as u64 + 1] {
            for skipped in [1, 2, N as u64 - 1, N as u64, N as u64 + 1, 3 * N as u64, 1 << 40] {
                let to = sent + skipped;
                check::<N>(sent, to, |ticks| ticks.send(50) + 1);
                check::<N>(sent, to, |ticks| skip_to(ticks, to));
                check::<N>(sent, to, |ticks| skip_to(ticks, to + 1));
            }
        }
    }
    check_all::<2>();
    check_all::<3>();
    check_all::<4>();
}
