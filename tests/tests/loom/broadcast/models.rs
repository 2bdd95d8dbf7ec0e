//! What is modelled: a broadcast of two slots, and the processes that send, subscribe, receive and wait. Item k is the
//! number k + 1 twice, unless the model says otherwise.

mod part;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use self::part::{DEATHS, Death, Part, Subscriber};
use super::atomics::Ordering::Relaxed;
use super::protocol::{self, Reached, Received};
use super::{atomics, lock_word, version_waiters};
use crate::harness::check;

const DEAD: u32 = 2;
const DEAD_TOO: u32 = 3;
const HEIR: u32 = 4;

/// The slot of an item is used again while a subscriber receives it.
pub(crate) fn a_sender_reuses_slots() {
    check(3, || {
        let part = Part::<2>::new(1);
        let subscriber = Subscriber::new(&part, 0);
        let subscriber = thread::spawn(move || subscriber.receive(1));
        (1..3).for_each(|number| assert_eq!(part.send(number + 1), number));
        let mut subscriber = subscriber.join().unwrap();
        subscriber.ends_after(3);
        assert!(subscriber.has_items_of_their_numbers());
    });
}

/// A subscriber finds its item overwritten. It may know nothing of what the others are by then.
pub(crate) fn a_subscriber_lags() {
    check(1, || {
        let part = Part::<2>::new(0);
        let subscriber = Subscriber::new(&part, 1);
        let subscriber = thread::spawn(move || subscriber.receive(2));
        (0..4).for_each(|number| assert_eq!(part.send(number + 1), number));
        let mut subscriber = subscriber.join().unwrap();
        subscriber.ends_after(4);
        assert!(subscriber.has_items_of_their_numbers());
    });
}

/// Each sends one item under the lock. A subscriber receives both.
pub(crate) fn two_senders_take_turns() {
    check(2, || {
        let part = Part::<2>::new(0);
        let senders = [HEIR, HEIR + 1].map(|token| {
            let part = part.clone();
            thread::spawn(move || (part.lock_and_send(token, token.into()), u64::from(token)))
        });
        let mut subscriber = Subscriber::new(&part, 0).receive(1);
        let mut sent = senders.map(|sender| sender.join().unwrap());
        sent.sort_unstable();
        assert_eq!([sent[0].0, sent[1].0], [0, 1]);
        subscriber.ends_after(2);
        assert_eq!(subscriber.received, sent);
    });
}

/// A sender is killed, and the next one sends. A subscriber is there meanwhile.
pub(crate) fn a_sender_dies() {
    for death in DEATHS {
        check(2, move || senders_die([death]));
    }
}

/// One after the other. The third one sends.
pub(crate) fn two_senders_die() {
    for first in DEATHS {
        for second in DEATHS {
            check(1, move || senders_die([first, second]));
        }
    }
}

fn senders_die<const DEATHS: usize>(deaths: [Death; DEATHS]) {
    let part = Part::<2>::new(2);
    let senders = thread::spawn({
        let part = part.clone();
        move || {
            let mut sent: Vec<u64> = Vec::new();
            part.lock(DEAD);
            for ((death, token), item) in deaths.into_iter().zip([DEAD, DEAD_TOO]).zip(10..) {
                sent.extend(part.send_until(item, death).then_some(item));
                part.inherit(token, token + 1);
            }
            let heir = DEAD + DEATHS as u32;
            assert_eq!(part.send(20), 2 + sent.len() as u64, "its number was not given before");
            sent.push(20);
            part.unlock(heir);
            sent
        }
    });
    let mut subscriber = Subscriber::new(&part, 2).receive(2);
    let sent = senders.join().unwrap();
    subscriber.ends_after(2 + sent.len() as u64);
    let is_of_its_number = |(number, item): &(u64, u64)| sent[*number as usize - 2] == *item;
    assert!(subscriber.received.iter().all(is_of_its_number));
    assert!(DEATHS > 1 || subscriber.received.len() == sent.len(), "nothing is overwritten");
    assert!(subscriber.received.last().is_some_and(|(_, item)| *item == 20), "the newest one is there");
}

/// A sender publishes an item, and is killed before it counts it, or goes on. A process that has received the item
/// subscribes.
pub(crate) fn a_subscriber_comes_later() {
    for death in [Death::At(Reached::Sent), Death::Never] {
        check(3, move || {
            let part = Part::<2>::new(0);
            let sender = thread::spawn({
                let part = part.clone();
                move || assert!(part.send_until(1, death))
            });
            let first = Subscriber::new(&part, 0).receive(1);
            assert!(part.next_to_send() >= first.place.position);
            sender.join().unwrap();
            assert_eq!(part.next_to_send(), 1);
        });
    }
}

/// A sender goes on, and is killed when it has begun to overwrite the item before the newest. A process that finds that
/// one overwritten finds the newest.
pub(crate) fn the_newest_item_is_whole() {
    check(3, || {
        let part = Part::<2>::new(1);
        let sender = thread::spawn({
            let part = part.clone();
            move || {
                part.send(2);
                part.send_until(99, Death::At(Reached::Odd));
            }
        });
        let mut place = part.place(part.next_to_send() - 1);
        let newest = match part.receive(&mut place) {
            (Received::Item, item) => item,
            _ => {
                place = part.place(part.next_to_send() - 1);
                let (received, item) = part.receive(&mut place);
                assert_eq!(received, Received::Item);
                item
            }
        };
        assert_eq!(newest, [place.position; 2]);
        sender.join().unwrap();
    });
}

/// A process that finds an item counted finds the item, and sees what its sender did before.
pub(crate) fn a_count_is_news() {
    check(3, || {
        let part = Arc::new((Part::<2>::new(0), UnsafeCell::new(0)));
        let sender = thread::spawn({
            let part = part.clone();
            move || {
                // SAFETY: loom checks that nobody else uses it, and would fail the model.
                part.1.with_mut(|before| unsafe { *before = 5 });
                part.0.send(1);
            }
        });
        if part.0.next_to_send() == 1 {
            // SAFETY: loom checks that nobody writes it, and would fail the model.
            part.1.with(|before| assert_eq!(unsafe { *before }, 5));
            assert_eq!(part.0.receive(&mut part.0.place(0)), (Received::Item, [1; 2]));
        }
        sender.join().unwrap();
    });
}

/// A sender sends an item in the time in which a subscriber receives one. The subscriber lags at the start, and never
/// again. Loom has no notion of speed, so this is one order of events: the subscriber's turn comes between two sends,
/// or in the middle of each. With fewer than eight slots the distance to the oldest item is one, so a subscriber whose
/// turn comes in the middle of each send would lag each time.
pub(crate) fn a_slow_subscriber_catches_up() {
    check(0, || {
        catch_up::<2>(|part, number, turn| {
            part.send(number + 1);
            turn();
        })
    });
    check(0, || {
        catch_up::<8>(|part, number, turn| {
            let mut place = part.place(number);
            protocol::send(&&part.slots(Death::Never), &part.tail, &mut place, |index| {
                turn();
                part.slots[index as usize].item.iter().for_each(|to| to.store(number + 1, Relaxed));
            });
        })
    });
}

fn catch_up<const N: usize>(send: impl Fn(&Part<N>, u64, &mut dyn FnMut())) {
    let capacity = N as u64;
    let part = Part::new(2 * capacity);
    let mut subscriber = Subscriber::new(&part, 0);
    for number in 2 * capacity..4 * capacity {
        send(&part, number, &mut || {
            assert!(subscriber.receive_once());
        });
    }
    assert_eq!(subscriber.received.len(), 2 * N - 1, "it lagged once");
}

/// A subscriber waits for an item, which may be overwritten before it looks again.
pub(crate) fn sends_are_waited_for() {
    check(1, || {
        let part = Part::<2>::new(0);
        let subscriber = thread::spawn({
            let mut subscriber = Subscriber::new(&part, 0);
            move || wait_and_receive(&mut subscriber)
        });
        (0..3).for_each(|number| assert_eq!(part.lock_and_send(HEIR, number + 1), number));
        subscriber.join().unwrap();
    });
}

/// Items are skipped while a subscriber receives one, and the slots are used again.
pub(crate) fn items_are_skipped() {
    for skipped in [1, 2, 5] {
        check(2, move || {
            let (part, next) = (Part::<2>::new(1), 1 + skipped);
            let subscriber = Subscriber::new(&part, 0);
            let subscriber = thread::spawn(move || subscriber.receive(2));
            assert_eq!(part.lock_and_skip(HEIR, next), next);
            assert_eq!(part.lock_and_send(HEIR, next + 1), next);
            let mut subscriber = subscriber.join().unwrap();
            subscriber.ends_after(next + 1);
            assert!(subscriber.has_items_of_their_numbers());
        });
    }
}

/// A subscriber waits for an item that is skipped.
pub(crate) fn a_skip_is_waited_for() {
    check(2, || {
        let part = Part::<2>::new(1);
        let subscriber = thread::spawn({
            let mut subscriber = Subscriber::new(&part, 1);
            move || {
                wait_and_receive(&mut subscriber);
                assert!((2..=3).contains(&subscriber.place.position) && subscriber.received.is_empty());
                subscriber
            }
        });
        assert_eq!(part.lock_and_skip(HEIR, 3), 3);
        subscriber.join().unwrap().ends_after(3);
    });
}

fn wait_and_receive<const N: usize>(subscriber: &mut Subscriber<N>) {
    while !subscriber.receive_once() {
        let part = &subscriber.part;
        let expected = version_waiters::announce(&part.lock, &part.bell).bell;
        let slots = &part.slots(Death::Never);
        let sequence = protocol::Slots::sequence(&slots, subscriber.place.index);
        if !protocol::was_sent(sequence, subscriber.place.there()) {
            part.futex.wait(|| part.bell.load(Relaxed) == expected);
        }
    }
}
