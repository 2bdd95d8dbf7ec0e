//! A process is killed at each step in turn. The kernel tells of a death after all that the process has done, so the
//! process that inherits its lock goes on in the same thread.

use loom::thread;

use super::part::{Death, Part};
use super::protocol::Reached;
use crate::harness::check;

/// The processes, by their tokens.
const DEAD: u32 = 2;
const DEAD_TOO: u32 = 3;
const HEIR: u32 = 4;

const IN_A_PUSH: [Death; 5] =
    [Death::Locked, Death::Copying, Death::At(Reached::Copied), Death::At(Reached::Pushed), Death::Unlocking];
const IN_A_POP: [Death; 4] = [Death::Locked, Death::Copying, Death::At(Reached::Popped), Death::Unlocking];

/// A process pops, or takes and finishes.
fn consume<const N: usize>(part: &Part<N>, by_job: bool) -> Option<u64> {
    if !by_job {
        return part.pop();
    }
    let (job, item) = part.take(HEIR)?;
    assert!(part.finish(job));
    Some(item)
}

/// A producer is killed, and the next one pushes. A consumer is there meanwhile.
pub(crate) fn a_producer_dies() {
    for death in IN_A_PUSH {
        for by_job in [false, true] {
            check(2, move || one_producer_dies::<1>(death, by_job));
            check(2, move || one_producer_dies::<2>(death, by_job));
        }
    }
}

fn one_producer_dies<const N: usize>(death: Death, by_job: bool) {
    let part = Part::<N>::new(&[]);
    let producers = thread::spawn({
        let part = part.clone();
        move || {
            part.producers.lock(DEAD);
            let has_pushed = part.push_until(1, death);
            part.producers.inherit(DEAD, HEIR);
            assert!(N == 1 || part.has_room(), "a waiter would sleep on");
            [has_pushed, push_and_unlock(&part, 2)]
        }
    });
    let mut items: Vec<u64> = (0..2).filter_map(|_| consume(&part, by_job)).collect();
    let [first, second] = producers.join().unwrap();
    assert!(second || N == 1 && first, "there is room");
    items.extend(part.drain());
    assert!(items.into_iter().eq(published([first, second])));
}

fn push_and_unlock<const N: usize>(part: &Part<N>, item: u64) -> bool {
    let is_pushed = part.push(item);
    part.producers.unlock(HEIR);
    is_pushed
}

/// The items 1, 2 and so on, of which these were published.
fn published<const ITEMS: usize>(they_were: [bool; ITEMS]) -> impl Iterator<Item = u64> {
    (1..).zip(they_were).filter_map(|(item, it_was)| it_was.then_some(item))
}

/// One after the other. The third one pushes.
pub(crate) fn two_producers_die() {
    for first in IN_A_PUSH {
        for second in IN_A_PUSH {
            check(1, move || both_producers_die::<1>(first, second));
            check(1, move || both_producers_die::<2>(first, second));
        }
    }
}

fn both_producers_die<const N: usize>(first: Death, second: Death) {
    let part = Part::<N>::new(&[]);
    let producers = thread::spawn({
        let part = part.clone();
        move || {
            part.producers.lock(DEAD);
            let first = part.push_until(1, first);
            part.producers.inherit(DEAD, DEAD_TOO);
            let second = part.push_until(2, second);
            part.producers.inherit(DEAD_TOO, HEIR);
            [first, second, push_and_unlock(&part, 3)]
        }
    });
    let mut items: Vec<u64> = part.pop().into_iter().collect();
    let [first, second, third] = producers.join().unwrap();
    assert!(third || usize::from(first) + usize::from(second) >= N, "there is room");
    items.extend(part.drain());
    assert!(items.into_iter().eq(published([first, second, third])));
}

/// A consumer is killed in a pop, and the next one pops. A producer is there meanwhile.
pub(crate) fn a_consumer_dies_in_a_pop() {
    for death in IN_A_POP {
        check(2, move || a_pop_dies::<1>(death));
        check(2, move || a_pop_dies::<2>(death));
    }
}

fn a_pop_dies<const N: usize>(death: Death) {
    let before: Vec<u64> = (1..=N as u64).collect();
    let part = Part::<N>::new(&before);
    let consumers = thread::spawn({
        let part = part.clone();
        move || {
            part.consumers.lock(DEAD);
            let lost = part.pop_until(death);
            part.consumers.inherit(DEAD, HEIR);
            let popped = part.pop();
            part.consumers.unlock(HEIR);
            (lost, popped)
        }
    });
    let is_pushed = part.push(10);
    let (lost, popped) = consumers.join().unwrap();
    assert!(is_pushed || part.push(10), "there is room");
    let items: Vec<u64> = lost.into_iter().chain(popped).chain(part.drain()).collect();
    assert_eq!(items, [before, vec![10]].concat(), "each once, and in order");
}

/// A consumer is killed in a take, and the next one takes. A producer is there meanwhile. What was taken comes again.
pub(crate) fn a_consumer_dies_in_a_take() {
    for death in [Death::Locked, Death::At(Reached::Taken), Death::Unlocking] {
        check(2, move || {
            let part = Part::<2>::new(&[1, 2]);
            let consumers = thread::spawn({
                let part = part.clone();
                move || {
                    part.consumers.lock(DEAD);
                    let _ = part.take_until(DEAD, death);
                    part.consumers.inherit(DEAD, HEIR);
                    assert!(part.has_item(), "a waiter would sleep on");
                    let (job, item) = part.take(HEIR).expect("an item");
                    assert_eq!((item, job.deliveries()), if death == Death::Locked { (1, 1) } else { (2, 1) });
                    assert!(part.finish(job));
                    assert_eq!(part.reap(|token| token == DEAD), death != Death::Locked);
                    let (job, item) = part.take(HEIR).expect("an item");
                    assert_eq!((item, job.deliveries()), if death == Death::Locked { (2, 1) } else { (1, 2) });
                    assert!(part.finish(job));
                    part.consumers.unlock(HEIR);
                }
            });
            let is_pushed = part.push(3);
            consumers.join().unwrap();
            part.ends_with(if is_pushed { &[3][..] } else { &[] });
        });
    }
}

/// A producer and a consumer are killed, and the next ones go on.
pub(crate) fn both_sides_die() {
    for producer in IN_A_PUSH {
        for consumer in IN_A_POP {
            check(1, move || a_push_and_a_pop_die::<1>(producer, consumer));
            check(1, move || a_push_and_a_pop_die::<2>(producer, consumer));
        }
    }
}

fn a_push_and_a_pop_die<const N: usize>(producer: Death, consumer: Death) {
    let part = Part::<N>::new(&[1]);
    let producers = thread::spawn({
        let part = part.clone();
        move || {
            part.producers.lock(DEAD);
            let second = part.push_until(2, producer);
            part.producers.inherit(DEAD, HEIR);
            [true, second, push_and_unlock(&part, 3)]
        }
    });
    part.consumers.lock(DEAD_TOO);
    let lost = part.pop_until(consumer);
    part.consumers.inherit(DEAD_TOO, HEIR);
    let mut items: Vec<u64> = lost.into_iter().chain(part.pop()).collect();
    part.consumers.unlock(HEIR);
    let they_were = producers.join().unwrap();
    items.extend(part.drain());
    assert!(items.into_iter().eq(published(they_were)));
}

/// A process is killed while it returns an item. Another one reaps, and a third one pops.
pub(crate) fn a_return_is_cut_short() {
    for death in [Death::Locked, Death::At(Reached::Returned), Death::Unlocking] {
        check(2, move || {
            let part = Part::<1>::new(&[1]);
            let (job, _) = part.take(DEAD).expect("an item");
            let worker = thread::spawn({
                let part = part.clone();
                move || assert_eq!(part.give_back_until(job, death), death != Death::Locked)
            });
            let reaper = thread::spawn({
                let part = part.clone();
                move || part.reap(|_| false)
            });
            let mut items: Vec<u64> = part.pop().into_iter().collect();
            worker.join().unwrap();
            let has_reaped = reaper.join().unwrap();
            if death != Death::Unlocking && !has_reaped && items.is_empty() {
                assert!(part.reap(|token| token == DEAD));
            }
            items.extend(part.drain());
            assert_eq!(items, [1]);
        });
    }
}
