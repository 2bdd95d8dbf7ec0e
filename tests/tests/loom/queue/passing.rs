//! Nobody dies: items pass from process to process, and are looked at.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::part::Part;
use crate::harness::check;

/// The processes that take, by their tokens.
const FIRST: u32 = 2;
const SECOND: u32 = 3;

/// A producer and a consumer: the slots are used again.
pub(crate) fn items_pass() {
    check(3, || pass::<1>(2));
    check(2, || pass::<2>(3));
}

fn pass<const N: usize>(pushes: u64) {
    let part = Part::<N>::new(&[]);
    let producer = thread::spawn({
        let part = part.clone();
        move || (1..=pushes).take_while(|item| part.push(*item)).count() as u64
    });
    let mut popped: Vec<u64> = (0..2).filter_map(|_| part.pop()).collect();
    let pushed = producer.join().unwrap();
    popped.extend(part.drain());
    assert!(pushed >= pushes.min(N as u64));
    assert!(popped.into_iter().eq(1..=pushed));
}

/// Each pushes under the lock. A third process consumes.
pub(crate) fn two_producers_take_turns() {
    check(2, || {
        let part = Part::<2>::new(&[]);
        let producers = [1, 2].map(|item| {
            let part = part.clone();
            thread::spawn(move || {
                part.producers.lock(item);
                assert!(part.push(item.into()));
                part.producers.unlock(item);
            })
        });
        let mut popped: Vec<u64> = part.pop().into_iter().collect();
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        popped.extend(part.drain());
        popped.sort_unstable();
        assert_eq!(popped, [1, 2]);
    });
}

/// A process finishes a job. A producer fills its slot again.
pub(crate) fn a_job_is_done() {
    check(3, || {
        let part = Part::<1>::new(&[1]);
        let worker = thread::spawn({
            let part = part.clone();
            move || {
                let (job, item) = part.take(FIRST).expect("an item");
                assert_eq!((item, job.deliveries()), (1, 1));
                assert!(part.finish(job));
            }
        });
        let is_pushed = part.push(2);
        worker.join().unwrap();
        part.ends_with(if is_pushed { &[2][..] } else { &[] });
    });
}

/// Two jobs are out, and one was given back. The other is given back while a process searches, pops what it finds, and
/// a producer fills the slot again.
pub(crate) fn a_job_is_given_back() {
    check(3, || {
        let part = Part::<2>::new(&[1, 2]);
        let [(first, _), (second, _)] = [FIRST, SECOND].map(|token| part.take(token).expect("an item"));
        assert!(part.give_back(second));
        let worker = thread::spawn({
            let part = part.clone();
            move || {
                assert_eq!(part.read(0), 1);
                assert!(part.give_back(first));
            }
        });
        let mut items = vec![part.pop().expect("the second at least")];
        let is_pushed = part.push(3);
        assert_eq!(is_pushed, items == [1]);
        worker.join().unwrap();
        items.extend(part.drain());
        assert_eq!(items, if is_pushed { &[1, 2, 3][..] } else { &[2, 1] });
    });
}

/// A process searches, because of an item that was returned and is finished. Meanwhile another one is returned, or its
/// process dies later.
pub(crate) fn a_return_meets_a_search() {
    for dies in [false, true] {
        check(3, move || {
            let part = Part::<2>::new(&[1, 2]);
            let [(first, _), (second, _)] = [FIRST, SECOND].map(|token| part.take(token).expect("an item"));
            assert!(part.give_back(first));
            assert_eq!(part.pop(), Some(1));
            let worker = thread::spawn({
                let part = part.clone();
                move || {
                    if !dies {
                        assert!(part.give_back(second));
                    }
                }
            });
            let mut items: Vec<u64> = part.pop().into_iter().collect();
            worker.join().unwrap();
            if dies {
                assert!(items.is_empty());
                assert!(part.reap(|token| token == SECOND));
            }
            items.extend(part.drain());
            assert_eq!(items, [2]);
        });
    }
}

/// A process is held for dead while it finishes its job. A producer fills the slot again.
pub(crate) fn a_job_is_done_or_reaped() {
    check(3, || {
        let part = Part::<1>::new(&[1]);
        let (job, _) = part.take(FIRST).expect("an item");
        let worker = thread::spawn({
            let part = part.clone();
            move || {
                let is_ours = part.finish(job);
                (is_ours, is_ours && part.push(2))
            }
        });
        let is_reaped = part.reap(|token| token == FIRST);
        let again = part.take(SECOND);
        let (is_done, is_pushed) = worker.join().unwrap();
        assert!(is_done != is_reaped);
        if let (true, Some((job, item))) = (is_reaped, again) {
            assert_eq!((item, job.deliveries()), (1, 2));
            assert!(part.finish(job));
        } else {
            assert_eq!(is_pushed, is_done);
            assert!(again.is_none_or(|(job, item)| item == 2 && job.deliveries() == 1 && part.finish(job)));
        }
        assert!(part.drain().iter().all(|item| is_done && *item == 2));
    });
}

/// Two processes reap one job of the dead.
pub(crate) fn two_reap() {
    check(3, || {
        let part = Part::<1>::new(&[1]);
        part.take(FIRST).expect("an item");
        let other = thread::spawn({
            let part = part.clone();
            move || part.reap(|token| token == FIRST)
        });
        let has_reaped = part.reap(|token| token == FIRST);
        assert!(other.join().unwrap() || has_reaped);
        let (job, item) = part.take(SECOND).expect("the item");
        assert_eq!((item, job.deliveries()), (1, 2));
        assert!(part.finish(job));
        part.ends_with(&[]);
    });
}

/// A process becomes a participant, and takes an item that was returned. A process that finds its token finds the
/// participant, who is alive.
pub(crate) fn a_reap_meets_a_take() {
    check(3, || {
        let part = Part::<1>::new(&[1]);
        let (job, _) = part.take(FIRST).expect("an item");
        assert!(part.give_back(job));
        let participant = Arc::new(UnsafeCell::new(0));
        let worker = thread::spawn({
            let (part, participant) = (part.clone(), participant.clone());
            move || {
                // SAFETY: loom checks that nobody else uses it, and would fail the model.
                participant.with_mut(|token| unsafe { *token = SECOND });
                part.take(SECOND).expect("the item").0
            }
        });
        part.reap(|token| {
            // SAFETY: loom checks that nobody writes it, and would fail the model.
            assert_eq!(participant.with(|token| unsafe { *token }), token);
            false
        });
        let job = worker.join().unwrap();
        assert_eq!(job.deliveries(), 2);
        assert!(part.finish(job));
        part.ends_with(&[]);
    });
}

/// A slot is finished, filled again and taken, while a process reaps. The process that took it dies after that.
pub(crate) fn a_reap_meets_a_finished_slot() {
    check(3, || {
        let part = Part::<1>::new(&[1]);
        let (job, _) = part.take(FIRST).expect("an item");
        let workers = thread::spawn({
            let part = part.clone();
            move || {
                assert!(part.finish(job));
                assert!(part.push(2));
                part.take(SECOND).expect("the new item");
            }
        });
        assert!(!part.reap(|_| false));
        workers.join().unwrap();
        assert!(part.reap(|token| token == SECOND));
        let (job, item) = part.take(FIRST).expect("the item");
        assert_eq!((item, job.deliveries()), (2, 2));
        assert!(part.finish(job));
        part.ends_with(&[]);
    });
}

/// An item is popped, and the slot filled again. A process looks at both.
pub(crate) fn a_look_is_whole() {
    check(3, || {
        let part = Part::<1>::for_looks(&[1]);
        let view = thread::spawn({
            let part = part.clone();
            move || {
                for position in 0..2 {
                    assert!(part.look(position).is_none_or(|item| item == [position + 1; 2]));
                }
            }
        });
        assert_eq!(part.pop(), Some(1));
        assert!(part.push(2));
        view.join().unwrap();
        assert_eq!((part.look(0), part.look(1)), (None, Some([2; 2])));
    });
}
