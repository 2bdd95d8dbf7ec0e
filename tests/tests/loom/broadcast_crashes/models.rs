//! What is modelled: a broadcast of two slots, to which three items were sent, and an exclusive sender that is killed.

use super::atomics::AtomicU64;
use super::atomics::Ordering::{Acquire, Relaxed};
use super::protocol::{self, Place, Received, Slots};
use crate::recorder::each_crash;

const N: u64 = 2;

#[derive(Default)]
struct Slot {
    sequence: AtomicU64,
    item: [AtomicU64; 2],
}

#[derive(Default)]
struct Part {
    tail: AtomicU64,
    slots: [Slot; N as usize],
}

impl Slots for &Part {
    fn capacity(&self) -> u64 {
        N
    }

    fn sequence(&self, index: u64) -> &AtomicU64 {
        &self.slots[index as usize].sequence
    }
}

impl Part {
    fn send(&self, items: &[u64]) -> u64 {
        let mut place = Place::of(self.tail.load(Acquire), N);
        for item in items {
            protocol::send(&self, &self.tail, &mut place, |index| {
                self.slots[index as usize].item.iter().for_each(|to| to.store(*item, Relaxed));
            });
        }
        place.position
    }

    fn receive(&self, place: &mut Place) -> (Received, u64) {
        let mut item = [0; 2];
        let received = protocol::receive(&self, &self.tail, place, |index| {
            item = [0, 1].map(|at: usize| self.slots[index as usize].item[at].load(Relaxed));
        });
        assert!(received != Received::Item || item[0] == item[1], "the item is whole");
        (received, item[0])
    }
}

/// Items 3 and 4 are sent, as 4 and 5. What is there is whole, the newest one is, and the next sender goes on after it.
pub(crate) fn sends_are_cut_short() {
    let part = || {
        let part = Part::default();
        assert_eq!(part.send(&[1, 2, 3]), 3);
        part
    };
    each_crash(
        part,
        |part| assert_eq!(part.send(&[4, 5]), 5),
        |part| {
            let next = protocol::next_to_send(&part, &part.tail).position;
            assert_eq!(part.receive(&mut Place::of(next - 1, N)), (Received::Item, next), "the newest");
            assert_eq!(part.receive(&mut Place::of(next, N)).0, Received::NotYet);
            for position in 1..next {
                let (received, item) = part.receive(&mut Place::of(position, N));
                assert!(received != Received::Item || item == position + 1);
            }
            assert_eq!(part.send(&[next + 1]), next + 1);
            let mut place = Place::of(2, N);
            while place.position <= next {
                let position = place.position;
                let (received, item) = part.receive(&mut place);
                assert!(received != Received::NotYet, "a hole, at which subscribers wait forever");
                assert!(received != Received::Item || item == position + 1);
            }
        },
    );
}

/// Items from number 3 on are skipped. No subscriber waits for an item that does not come, and the next sender goes on
/// after the skipped ones.
pub(crate) fn skips_are_cut_short() {
    let part = || {
        let part = Part::default();
        assert_eq!(part.send(&[1, 2, 3]), 3);
        part
    };
    for to in [4, 5, 6, 9] {
        each_crash(
            part,
            |part| assert_eq!(protocol::skip_to(&part, &part.tail, to), to),
            |part| {
                let next = protocol::next_to_send(&part, &part.tail).position;
                assert!((3..=to).contains(&next), "{next}");
                for position in 3..next {
                    let (received, _) = part.receive(&mut Place::of(position, N));
                    assert!(matches!(received, Received::Lagged { .. }), "a hole, at which subscribers wait forever");
                }
                assert_eq!(part.receive(&mut Place::of(next, N)).0, Received::NotYet);
                let sent = part.send(&[next + 1]);
                assert!(sent == next + 1 && sent <= protocol::next_to_send(&part, &part.tail).position);
                let mut place = Place::of(2, N);
                while place.position < sent {
                    let position = place.position;
                    let (received, item) = part.receive(&mut place);
                    assert!(received != Received::NotYet, "a hole, at which subscribers wait forever");
                    assert!(received != Received::Item || item == position + 1);
                }
                assert_eq!(part.receive(&mut Place::of(sent - 1, N)), (Received::Item, sent));
            },
        );
    }
}
