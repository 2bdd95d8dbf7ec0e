//! A queue, and what a process does with it.

use std::cell::Cell;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::atomics::Ordering::{Acquire, Relaxed};
use super::atomics::{AtomicU32, AtomicU64};
use super::delivery::{self, Delivery, Taken};
use super::protocol::{self, Place, Reached, Slots};
use super::side::Side;
use crate::harness::{die, is_killed};

/// The moment at which a process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    Never,
    /// It has the lock, and has done nothing with it.
    Locked,
    /// Half of an item is copied.
    Copying,
    At(Reached),
    /// It has done everything, and still has the lock.
    Unlocking,
}

struct Slot {
    word: AtomicU64,
    /// The item, for a process that has it alone: loom fails if another one writes it meanwhile, or unordered.
    item: UnsafeCell<u64>,
    /// The item once more, for those that look.
    bytes: [AtomicU64; 2],
}

pub(super) struct Part<const N: usize> {
    pub(super) producers: Side,
    pub(super) consumers: Side,
    tail: AtomicU64,
    returned: AtomicU32,
    scanned: AtomicU32,
    cursor: AtomicU64,
    head: AtomicU64,
    slots: [Slot; N],
    is_looked_at: bool,
    /// Changed before and after each operation and each use of a slot's word, without ordering anything. Loom remembers
    /// only the last access of a word, so without this the load of a process just before its store would hide the loads
    /// of others, and with them most of the orders there are.
    turn: AtomicU32,
}

impl<const N: usize> Part<N> {
    /// A queue with these items.
    pub(super) fn new(items: &[u64]) -> Arc<Self> {
        Self::build(items, false)
    }

    /// A queue with these items, whose bytes are looked at.
    pub(super) fn for_looks(items: &[u64]) -> Arc<Self> {
        Self::build(items, true)
    }

    fn build(items: &[u64], is_looked_at: bool) -> Arc<Self> {
        let part = Self {
            producers: Side::new(),
            consumers: Side::new(),
            tail: AtomicU64::new(0),
            returned: AtomicU32::new(0),
            scanned: AtomicU32::new(0),
            cursor: AtomicU64::new(0),
            head: AtomicU64::new(0),
            slots: std::array::from_fn(|_| Slot {
                word: AtomicU64::new(0),
                item: UnsafeCell::new(0),
                bytes: Default::default(),
            }),
            is_looked_at,
            turn: AtomicU32::new(0),
        };
        items.iter().for_each(|item| assert!(part.push(*item)));
        Arc::new(part)
    }

    fn slots(&self) -> Mortal<'_, N> {
        self.slots_until(Death::Never)
    }

    fn slots_until(&self, death: Death) -> Mortal<'_, N> {
        Mortal { part: self, death, came_to: Cell::new(None) }
    }

    fn turn(&self) {
        self.turn.fetch_add(1, Relaxed);
    }

    /// Runs an operation, until it is killed.
    fn run(&self, death: Death, operation: impl FnOnce()) {
        self.turn();
        is_killed(|| {
            death.comes(Death::Locked);
            operation();
            death.comes(Death::Unlocking);
        });
        self.turn();
    }

    fn delivery(&self) -> Delivery<'_> {
        let Self { returned, scanned, cursor, head, .. } = self;
        Delivery { returned, scanned, cursor, head }
    }

    /// Pushes an item. The process has the producers' lock.
    pub(super) fn push(&self, item: u64) -> bool {
        self.push_until(item, Death::Never)
    }

    /// Pushes an item, and is killed. Returns `true` if it has published the item.
    pub(super) fn push_until(&self, item: u64, death: Death) -> bool {
        let slots = &self.slots_until(death);
        self.run(death, || {
            let mut place = Place::of(self.tail.load(Acquire), N as u64);
            protocol::push(&slots, &self.tail, &mut place, |index| {
                let slot = &self.slots[index as usize];
                // SAFETY: loom checks that nobody else uses it, and would fail the model.
                slot.item.with_mut(|to| unsafe { *to = item });
                if self.is_looked_at {
                    slot.bytes.iter().for_each(|to| to.store(item, Relaxed));
                }
                death.comes(Death::Copying);
            });
        });
        slots.came_to.get() == Some(Reached::Pushed)
    }

    pub(super) fn read(&self, index: u64) -> u64 {
        // SAFETY: loom checks that nobody writes it, and would fail the model.
        self.slots[index as usize].item.with(|item| unsafe { *item })
    }

    /// Pops an item. The process has the consumers' lock.
    pub(super) fn pop(&self) -> Option<u64> {
        self.pop_until(Death::Never)
    }

    /// Pops an item, and is killed. Returns the item if its slot is free then.
    pub(super) fn pop_until(&self, death: Death) -> Option<u64> {
        let slots = &self.slots_until(death);
        let mut item = None;
        self.run(death, || {
            let mut place = Place::of(self.cursor.load(Acquire), N as u64);
            self.delivery().pop(&slots, &mut place, |index| {
                item = Some(self.read(index));
                death.comes(Death::Copying);
            });
            self.delivery().has_older(&slots, place.position.wrapping_sub(1));
        });
        item.filter(|_| slots.came_to.get() == Some(Reached::Popped))
    }

    /// Takes an item for `token`. The process has the consumers' lock.
    pub(super) fn take(&self, token: u32) -> Option<(Taken, u64)> {
        self.take_until(token, Death::Never).map(|taken| (taken, self.read(taken.index)))
    }

    /// Takes an item for `token`, and is killed. Returns the item if it took it.
    pub(super) fn take_until(&self, token: u32, death: Death) -> Option<Taken> {
        let slots = &self.slots_until(death);
        let mut taken = None;
        self.run(death, || {
            let mut place = Place::of(self.cursor.load(Acquire), N as u64);
            taken = self.delivery().take(&slots, &mut place, token);
            self.delivery().has_older(&slots, place.position.wrapping_sub(1));
        });
        taken
    }

    pub(super) fn finish(&self, taken: Taken) -> bool {
        let mut is_ours = false;
        self.run(Death::Never, || is_ours = delivery::finish(&&self.slots(), taken));
        is_ours
    }

    pub(super) fn give_back(&self, taken: Taken) -> bool {
        self.give_back_until(taken, Death::Never)
    }

    /// Returns an item, and is killed. Returns `true` if the item is full again.
    pub(super) fn give_back_until(&self, taken: Taken, death: Death) -> bool {
        let slots = &self.slots_until(death);
        self.run(death, || {
            self.delivery().give_back(&slots, taken);
        });
        slots.came_to.get() == Some(Reached::Returned)
    }

    pub(super) fn reap(&self, is_dead: impl FnMut(u32) -> bool) -> bool {
        let mut has_reaped = false;
        self.run(Death::Never, || has_reaped = self.delivery().reap(&&self.slots(), is_dead));
        has_reaped
    }

    /// Looks at the item of a position.
    pub(super) fn look(&self, position: u64) -> Option<[u64; 2]> {
        let mut item = [0; 2];
        let is_whole = delivery::look(&&self.slots(), Place::of(position, N as u64), |index| {
            let bytes = &self.slots[index as usize].bytes;
            item = [bytes[0].load(Relaxed), bytes[1].load(Relaxed)];
        });
        is_whole.then_some(item)
    }

    pub(super) fn has_room(&self) -> bool {
        protocol::has_room(&&self.slots(), &self.tail)
    }

    pub(super) fn has_item(&self) -> bool {
        self.delivery().has_item(&&self.slots())
    }

    /// Checks, for a process that comes last, that these items are there.
    pub(super) fn ends_with(&self, items: &[u64]) {
        assert_eq!(self.drain(), items);
    }

    /// Pops all items, for a process that comes last. Then the queue takes N others and gives them in order.
    pub(super) fn drain(&self) -> Vec<u64> {
        let mut items = Vec::new();
        loop {
            let may_pop = self.has_item();
            let Some(item) = self.pop() else { break };
            assert!(may_pop, "a waiter would sleep on");
            items.push(item);
        }
        for item in 0..N as u64 {
            assert!(self.has_room() && self.push(90 + item), "the queue is stuck");
        }
        assert!(!self.push(99), "the queue is full");
        (0..N as u64).for_each(|item| assert_eq!(self.pop(), Some(90 + item)));
        assert_eq!(self.pop(), None);
        items
    }
}

impl Death {
    /// The process has come so far.
    pub(super) fn comes(self, now: Death) {
        if self == now {
            die();
        }
    }
}

/// The slots, for a process that is killed.
struct Mortal<'a, const N: usize> {
    part: &'a Part<N>,
    death: Death,
    came_to: Cell<Option<Reached>>,
}

impl<const N: usize> Slots for &Mortal<'_, N> {
    fn capacity(&self) -> u64 {
        N as u64
    }

    fn word(&self, index: u64) -> &AtomicU64 {
        self.part.turn();
        &self.part.slots[index as usize].word
    }

    fn reached(&self, at: Reached) {
        self.part.turn();
        self.came_to.set(Some(at));
        self.death.comes(Death::At(at));
    }
}
