//! A broadcast, and what a process does with it.

use std::cell::Cell;

use loom::sync::Arc;
use loom::thread;

use super::atomics::Ordering::{Acquire, Relaxed};
use super::atomics::{AtomicU32, AtomicU64};
use super::lock_word::{self, Attempt, Claim, VERSION_WAITERS};
use super::protocol::{self, Place, Reached, Received, Slots};
use super::version_waiters;
use crate::harness::{Futex, die, is_killed};

/// The moment at which a sender is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    Never,
    /// It has the lock, and has done nothing with it.
    Locked,
    At(Reached),
    /// Half of an item is copied.
    Copying,
    /// It has done everything, and still has the lock.
    Unlocking,
}

pub(super) const DEATHS: [Death; 6] = [
    Death::Locked,
    Death::At(Reached::Odd),
    Death::Copying,
    Death::At(Reached::Copied),
    Death::At(Reached::Sent),
    Death::Unlocking,
];

impl Death {
    /// The process has come so far.
    pub(super) fn comes(self, now: Self) {
        if self == now {
            die();
        }
    }
}

#[derive(Default)]
pub(super) struct Slot {
    sequence: AtomicU64,
    pub(super) item: [AtomicU64; 2],
}

pub(super) struct Part<const N: usize> {
    pub(super) lock: AtomicU32,
    pub(super) bell: AtomicU32,
    pub(super) futex: Futex,
    pub(super) tail: AtomicU64,
    pub(super) slots: [Slot; N],
    /// Changed before and after each send, and before each use of a sequence number, without ordering anything. Loom
    /// remembers only the last access of a word, so without this the load of a sender just before its store would hide
    /// the loads of others, and with them most of the orders there are.
    turn: AtomicU32,
}

/// The slots, for a process that is killed.
pub(super) struct Mortal<'a, const N: usize> {
    part: &'a Part<N>,
    death: Death,
    came_to: Cell<Option<Reached>>,
}

impl<const N: usize> Slots for &Mortal<'_, N> {
    fn capacity(&self) -> u64 {
        N as u64
    }

    fn sequence(&self, index: u64) -> &AtomicU64 {
        self.part.turn();
        &self.part.slots[index as usize].sequence
    }

    fn reached(&self, at: Reached) {
        self.part.turn();
        self.came_to.set(Some(at));
        self.death.comes(Death::At(at));
    }
}

impl<const N: usize> Part<N> {
    /// A broadcast to which so many items were sent.
    pub(super) fn new(sent: u64) -> Arc<Self> {
        let part = Self {
            lock: AtomicU32::new(0),
            bell: AtomicU32::new(0),
            futex: Futex::new(),
            tail: AtomicU64::new(0),
            slots: std::array::from_fn(|_| Slot::default()),
            turn: AtomicU32::new(0),
        };
        (0..sent).for_each(|number| assert_eq!(part.send(number + 1), number));
        Arc::new(part)
    }

    pub(super) fn turn(&self) {
        self.turn.fetch_add(1, Relaxed);
    }

    pub(super) fn slots(&self, death: Death) -> Mortal<'_, N> {
        Mortal { part: self, death, came_to: Cell::new(None) }
    }

    pub(super) fn place(&self, position: u64) -> Place {
        Place::of(position, N as u64)
    }

    /// Sends an item, and returns its number. The process has the lock.
    pub(super) fn send(&self, item: u64) -> u64 {
        let mut place = self.place(self.tail.load(Acquire));
        self.send_at(&mut place, item, &self.slots(Death::Never))
    }

    pub(super) fn send_at(&self, place: &mut Place, item: u64, slots: &Mortal<'_, N>) -> u64 {
        self.turn();
        let number = protocol::send(&slots, &self.tail, place, |index| {
            for to in &self.slots[index as usize].item {
                to.store(item, Relaxed);
                slots.death.comes(Death::Copying);
            }
        });
        self.turn();
        number
    }

    /// Sends an item, and is killed. Returns `true` if it was sent.
    pub(super) fn send_until(&self, item: u64, death: Death) -> bool {
        let slots = self.slots(death);
        is_killed(|| {
            death.comes(Death::Locked);
            let mut place = self.place(self.tail.load(Acquire));
            self.send_at(&mut place, item, &slots);
            death.comes(Death::Unlocking);
        });
        slots.came_to.get() == Some(Reached::Sent)
    }

    pub(super) fn lock(&self, token: u32) {
        while lock_word::take(&self.lock, token, Claim::Try) != Attempt::Taken {
            thread::yield_now();
        }
    }

    pub(super) fn inherit(&self, dead: u32, heir: u32) {
        assert!(lock_word::take_over(&self.lock, dead, heir));
    }

    pub(super) fn unlock(&self, token: u32) {
        if !lock_word::try_release(&self.lock, token) {
            let flags = lock_word::release(&self.lock, token, 0).expect("nobody takes it from the living");
            if flags & VERSION_WAITERS != 0 {
                version_waiters::ring(&self.bell);
                self.futex.wake_all();
            }
        }
    }

    pub(super) fn lock_and_skip(&self, token: u32, position: u64) -> u64 {
        self.lock(token);
        self.turn();
        let next = protocol::skip_to(&&self.slots(Death::Never), &self.tail, position);
        self.unlock(token);
        next
    }

    pub(super) fn lock_and_send(&self, token: u32, item: u64) -> u64 {
        self.lock(token);
        let number = self.send(item);
        self.unlock(token);
        number
    }

    /// Tries to receive, once.
    pub(super) fn receive(&self, place: &mut Place) -> (Received, [u64; 2]) {
        self.turn();
        let mut item = [0; 2];
        let received = protocol::receive(&&self.slots(Death::Never), &self.tail, place, |index| {
            let from = &self.slots[index as usize].item;
            item = [from[0].load(Relaxed), from[1].load(Relaxed)];
        });
        (received, item)
    }

    pub(super) fn next_to_send(&self) -> u64 {
        self.turn();
        protocol::next_to_send(&&self.slots(Death::Never), &self.tail).position
    }
}

/// A subscriber, and what it has received: the number of each item, and the item.
pub(super) struct Subscriber<const N: usize> {
    pub(super) part: Arc<Part<N>>,
    pub(super) place: Place,
    pub(super) received: Vec<(u64, u64)>,
}

impl<const N: usize> Subscriber<N> {
    pub(super) fn new(part: &Arc<Part<N>>, position: u64) -> Self {
        Self { part: part.clone(), place: part.place(position), received: Vec::new() }
    }

    /// Tries to receive so often.
    pub(super) fn receive(mut self, attempts: usize) -> Self {
        for _ in 0..attempts {
            self.receive_once();
        }
        self
    }

    /// Returns `false` if the item was not sent yet.
    pub(super) fn receive_once(&mut self) -> bool {
        let before = self.place.position;
        let (received, [first, second]) = self.part.receive(&mut self.place);
        let moved = self.place.position - before;
        match received {
            Received::Item => {
                assert_eq!((first, moved), (second, 1), "the item is whole");
                self.received.push((before, first));
            }
            Received::NotYet => assert_eq!(moved, 0),
            Received::Lagged { missed } => assert!(missed >= 1 && moved == missed),
        }
        received != Received::NotYet
    }

    /// Returns `true` if it has the items that were sent with these numbers, and the newest of them.
    pub(super) fn has_items_of_their_numbers(&self) -> bool {
        let newest = self.place.position;
        self.received.iter().all(|(number, item)| *item == number + 1)
            && self.received.ends_with(&[(newest - 1, newest)])
    }

    /// Receives all there is: so many items were sent.
    pub(super) fn ends_after(&mut self, sent: u64) {
        while self.receive_once() {
            assert!(self.place.position <= sent);
        }
        assert_eq!((self.place.position, self.part.next_to_send()), (sent, sent));
    }
}
