//! The bounded buffer between the thread that encodes and the thread that writes.

use std::collections::VecDeque;
use std::time::Instant;

use super::blocks::{BLOCK, Block};

/// The smallest budget: one block is filled, one is written, two wait.
const LEAST: usize = 4 * BLOCK;

/// Blocks that are filled, that wait, and that are free. Their memory is counted whether it is used or not.
pub(super) struct Buffer {
    budget: usize,
    /// The memory of all blocks, those at the disk included.
    allocated: usize,
    current: Option<Block>,
    /// When the first message came into the block that is being filled, also while that is elsewhere.
    since: Option<Instant>,
    /// Whether the disk's thread waits for the block that is being filled.
    is_awaited: bool,
    sealed: VecDeque<Block>,
    free: Vec<Block>,
    /// How many blocks the disk's thread has.
    lent: usize,
    /// The number of the next block.
    next: u64,
    /// The time in nanoseconds after which a block is discarded: the buffer is a ring then.
    pub(super) window: Option<u64>,
    /// The number of the newest block that was discarded, plus one.
    pub(super) discarded: u64,
}

impl Buffer {
    pub(super) fn new(budget: usize, window: Option<u64>) -> Self {
        Self {
            budget: budget.max(LEAST),
            allocated: 0,
            current: None,
            since: None,
            is_awaited: false,
            sealed: VecDeque::new(),
            free: Vec::new(),
            lent: 0,
            next: 0,
            window,
            discarded: 0,
        }
    }

    /// The block that is being filled, for the thread that fills it. `None`: there is none.
    pub(super) fn lend(&mut self) -> Option<Block> {
        self.current.take()
    }

    /// Takes the block back that is being filled. `true`: the disk's thread must know, because it waits for something
    /// else.
    pub(super) fn put_back(&mut self, block: Option<Block>, now: u64) -> bool {
        let since = block.as_ref().and_then(Block::since);
        let is_news = self.is_awaited || since != self.since;
        (self.current, self.since, self.is_awaited) = (block, since, false);
        self.expire(now);
        is_news
    }

    /// Lets a block wait for the disk.
    pub(super) fn seal(&mut self, block: Block, now: u64) {
        self.since = None;
        if block.is_empty() {
            self.release(block)
        } else {
            self.sealed.push_back(block)
        }
        self.expire(now);
    }

    /// A ring's blocks are discarded after a time.
    fn expire(&mut self, now: u64) {
        let Some(window) = self.window else { return };
        let is_old = |block: &Block| block.last_time().is_some_and(|time| time.saturating_add(window) < now);
        while self.sealed.front().is_some_and(is_old) {
            self.discard();
        }
    }

    fn discard(&mut self) -> bool {
        let Some(block) = self.sealed.pop_front() else { return false };
        self.discarded = block.number + 1;
        self.release(block);
        true
    }

    /// Counts what a block takes now. `false`: that is too much.
    pub(super) fn count(&mut self, block: &mut Block) -> bool {
        let room = block.room();
        self.allocated -= block.counted;
        let fits = self.make_room(room);
        self.allocated += room;
        block.counted = room;
        fits || (block.len() == 1 && self.holds_nothing())
    }

    fn holds_nothing(&self) -> bool {
        self.sealed.is_empty() && self.lent == 0
    }

    /// Gives free blocks back to the system, and a ring's oldest messages up, until `room` bytes are left.
    fn make_room(&mut self, room: usize) -> bool {
        while self.allocated + room > self.budget {
            let largest = (0..self.free.len()).max_by_key(|&index| self.free[index].counted);
            match largest {
                Some(index) => self.allocated -= self.free.swap_remove(index).counted,
                None if self.window.is_some() && self.discard() => {}
                None => return false,
            }
        }
        true
    }

    /// An empty block with room for `expected` bytes.
    pub(super) fn fresh(&mut self, expected: usize) -> Option<Block> {
        let wanted = expected.max(BLOCK);
        let fitting = (0..self.free.len())
            .filter(|&index| self.free[index].suits(wanted))
            .min_by_key(|&index| self.free[index].room());
        let mut block = match fitting {
            Some(index) => self.free.swap_remove(index),
            None if self.make_room(Block::cost(wanted)) || self.holds_nothing() => {
                let block = Block::with_room(wanted);
                self.allocated += block.counted;
                block
            }
            None => return None,
        };
        block.number = self.next;
        self.next += 1;
        Some(block)
    }

    fn release(&mut self, mut block: Block) {
        block.clear();
        self.free.push(block);
    }

    /// The number of the block into which the next message comes.
    pub(super) fn number(&self) -> u64 {
        self.current.as_ref().map_or(self.next, |block| block.number)
    }

    /// When the first message came into the block that is being filled.
    pub(super) fn since(&self) -> Option<Instant> {
        self.since
    }

    /// The oldest block that waits.
    pub(super) fn take(&mut self) -> Option<Block> {
        let block = self.sealed.pop_front()?;
        self.lent += 1;
        Some(block)
    }

    /// The oldest block that waits, or else the one that is being filled.
    pub(super) fn take_any(&mut self) -> Option<Block> {
        if self.sealed.is_empty() {
            self.is_awaited = self.current.is_none() && self.since.is_some();
            self.end_current();
        }
        self.take()
    }

    fn end_current(&mut self) {
        if let Some(block) = self.current.take() {
            self.seal(block, 0);
        }
    }

    /// Returns `true` if half of the budget is free.
    pub(super) fn has_much_room(&self) -> bool {
        let free: usize = self.free.iter().map(|block| block.counted).sum();
        self.allocated - free <= self.budget / 2
    }

    /// All blocks, the oldest first.
    pub(super) fn take_all(&mut self) -> Vec<Block> {
        self.end_current();
        self.lent += self.sealed.len();
        self.sealed.drain(..).collect()
    }

    /// Takes a block back that was written.
    pub(super) fn give_back(&mut self, block: Block) {
        self.lent -= 1;
        self.release(block);
    }
}

#[cfg(test)]
impl Buffer {
    /// What all blocks take in truth, but for those elsewhere.
    pub(super) fn measure(&self) -> usize {
        self.current.iter().chain(&self.sealed).chain(&self.free).map(Block::room).sum()
    }

    pub(super) fn allocated(&self) -> usize {
        self.allocated
    }
}
