//! What is modelled: a queue of two slots, in its second lap, and an exclusive producer or consumer that is killed.

use super::atomics::Ordering::{Acquire, Relaxed};
use super::atomics::{AtomicU32, AtomicU64};
use super::delivery::{Delivery, Taken};
use super::protocol::{self, Place, Slots};
use crate::recorder::each_crash;

const N: u64 = 2;
/// The processes, by their tokens.
const DEAD: u32 = 2;
const OTHER: u32 = 3;

#[derive(Default)]
struct Slot {
    word: AtomicU64,
    item: [AtomicU64; 2],
}

#[derive(Default)]
struct Part {
    tail: AtomicU64,
    returned: AtomicU32,
    scanned: AtomicU32,
    cursor: AtomicU64,
    head: AtomicU64,
    slots: [Slot; N as usize],
}

impl Slots for &Part {
    fn capacity(&self) -> u64 {
        N
    }

    fn word(&self, index: u64) -> &AtomicU64 {
        &self.slots[index as usize].word
    }
}

impl Part {
    /// A queue with these items. Others have passed before.
    fn with(items: &[u64]) -> Self {
        let part = Self::default();
        assert_eq!((part.push(&[8, 9]), part.pop(9)), (2, vec![8, 9]));
        assert_eq!(part.push(items), items.len());
        part
    }

    fn delivery(&self) -> Delivery<'_> {
        let Self { returned, scanned, cursor, head, .. } = self;
        Delivery { returned, scanned, cursor, head }
    }

    /// Pushes the items that have room, and returns how many.
    fn push(&self, items: &[u64]) -> usize {
        let mut place = Place::of(self.tail.load(Acquire), N);
        let push = |item: &&u64| {
            protocol::push(&self, &self.tail, &mut place, |index| {
                self.slots[index as usize].item.iter().for_each(|to| to.store(**item, Relaxed));
            })
        };
        items.iter().take_while(push).count()
    }

    /// Pops so many items, if they are there.
    fn pop(&self, most: usize) -> Vec<u64> {
        let mut place = Place::of(self.cursor.load(Acquire), N);
        let mut items = Vec::new();
        while items.len() < most
            && self.delivery().pop(&self, &mut place, |index| {
                let [first, second] = &self.slots[index as usize].item;
                assert_eq!(first.load(Relaxed), second.load(Relaxed), "the item is whole");
                items.push(first.load(Relaxed));
            })
        {}
        items
    }

    fn take(&self, token: u32) -> Option<Taken> {
        let mut place = Place::of(self.cursor.load(Acquire), N);
        self.delivery().take(&self, &mut place, token)
    }

    fn reap(&self, dead: u32) {
        self.delivery().reap(&self, |token| token == dead);
    }

    /// Checks that an empty queue takes items, and gives them in order.
    fn goes_on(&self) {
        assert_eq!((self.push(&[91, 92, 93]), self.pop(9)), (2, vec![91, 92]));
    }
}

/// What was published comes out in order, without a hole.
pub(crate) fn pushes_are_cut_short() {
    let process = |part: &Part| assert_eq!(part.push(&[1, 2]), 2);
    each_crash(
        || Part::with(&[]),
        process,
        |part| {
            assert!([1, 2].starts_with(&part.pop(9)));
            part.goes_on();
        },
    );
    each_crash(
        || Part::with(&[]),
        process,
        |part| {
            part.push(&[3]);
            assert!([&[3][..], &[1, 3], &[1, 2]].contains(&&part.pop(9)[..]));
            part.goes_on();
        },
    );
}

/// What was not popped comes out in order. Of what was popped, nothing comes out unless all that came after it does.
pub(crate) fn pops_are_cut_short() {
    let process = |part: &Part| assert_eq!(part.pop(2), [1, 2]);
    each_crash(
        || Part::with(&[1, 2]),
        process,
        |part| {
            assert!([1, 2].ends_with(&part.pop(9)));
            part.goes_on();
        },
    );
}

/// What was not taken comes out in order, and then what was.
pub(crate) fn takes_are_cut_short() {
    let process = |part: &Part| assert!([(); 2].map(|()| part.take(DEAD)).iter().all(Option::is_some));
    each_crash(
        || Part::with(&[1, 2]),
        process,
        |part| {
            let not_taken = part.pop(9);
            assert!([1, 2].ends_with(&not_taken));
            part.reap(DEAD);
            let taken = part.pop(9);
            assert_eq!([taken, not_taken].concat(), [1, 2]);
            part.goes_on();
        },
    );
}

/// A process pops an item that was returned, and then searches for more, or reaps. Another process has a job meanwhile.
pub(crate) fn searches_are_cut_short() {
    for reaps in [false, true] {
        let part = || {
            let part = Part::with(&[1, 2]);
            let [first, _] = [DEAD, OTHER].map(|token| part.take(token).expect("an item"));
            assert!(part.delivery().give_back(&&part, first));
            part
        };
        let process = |part: &Part| {
            assert_eq!(part.pop(1), [1]);
            if reaps {
                part.reap(DEAD);
            } else {
                assert!(part.pop(1).is_empty());
            }
        };
        each_crash(part, process, |part| {
            part.reap(DEAD);
            let popped = part.pop(9);
            assert!(popped.is_empty() || popped == [1]);
            part.reap(OTHER);
            assert_eq!(part.pop(9), [2]);
            part.goes_on();
        });
    }
}
