//! The bounded buffer between the thread that encodes and the thread that writes.

use std::collections::VecDeque;
use std::time::Instant;

use super::blocks::{BLOCK, Block, ENTRY};
use super::recorder::Stamp;

/// The smallest budget: one block is filled, one is written, two wait.
const LEAST: usize = 4 * BLOCK;
/// A ring's block ends after this part of the ring's time, so that the oldest messages leave in small steps.
const STEPS: u64 = 16;

/// Blocks that are filled, that wait, and that are free. Their memory is counted whether it is used or not.
pub(super) struct Buffer {
    budget: usize,
    /// The memory of all blocks, those at the disk included.
    allocated: usize,
    current: Option<Block>,
    /// When the first message came into the current block.
    since: Option<Instant>,
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
            sealed: VecDeque::new(),
            free: Vec::new(),
            lent: 0,
            next: 0,
            window,
            discarded: 0,
        }
    }

    /// Encodes one message, which is about as large as `expected`, and returns its size. `None`: the buffer is full.
    pub(super) fn push(
        &mut self,
        channel: u32,
        stamp: Stamp,
        expected: usize,
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> Option<usize> {
        self.turn(stamp.log_time);
        if self.current.as_ref().is_some_and(|block| block.used() + expected + ENTRY > BLOCK) {
            self.seal();
        }
        let mut block = match self.current.take() {
            Some(block) => block,
            None => self.fresh(expected)?,
        };
        if block.is_empty() {
            self.since = Some(Instant::now());
        }
        // The encoder may panic. The buffer is whole then, without the block that it was about to fill.
        self.allocated -= block.counted;
        let size = block.push(channel, stamp, encode);
        self.allocated += block.counted;
        if block.room() != block.counted && !self.count(&mut block) {
            block.pop();
            self.count(&mut block);
            self.current = Some(block);
            return None;
        }
        if block.used() > BLOCK && block.len() > 1 {
            // The message is larger than the one before it on its channel.
            let Some(mut own) = self.fresh(size) else {
                block.pop();
                self.count(&mut block);
                self.current = Some(block);
                return None;
            };
            block.move_last(&mut own);
            self.count(&mut block);
            self.count(&mut own);
            self.current = Some(block);
            self.seal();
            self.since = Some(Instant::now());
            block = own;
        }
        let is_full = block.used() + size + ENTRY > BLOCK;
        self.current = Some(block);
        if is_full {
            self.seal();
        }
        Some(size)
    }

    /// A ring's blocks end after a time, and are discarded after a time.
    fn turn(&mut self, now: u64) {
        let Some(window) = self.window else { return };
        let is_old = |time: Option<u64>, age: u64| time.is_some_and(|time| time.saturating_add(age) < now);
        if is_old(self.current.as_ref().and_then(Block::first_time), window / STEPS) {
            self.seal();
        }
        while is_old(self.sealed.front().and_then(Block::last_time), window) {
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
    fn count(&mut self, block: &mut Block) -> bool {
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
    fn fresh(&mut self, expected: usize) -> Option<Block> {
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

    /// Lets the current block wait for the disk.
    fn seal(&mut self) {
        self.since = None;
        match self.current.take() {
            Some(block) if block.is_empty() => self.release(block),
            Some(block) => self.sealed.push_back(block),
            None => {}
        }
    }

    fn release(&mut self, mut block: Block) {
        block.clear();
        self.free.push(block);
    }

    /// How many blocks wait.
    pub(super) fn waiting(&self) -> usize {
        self.sealed.len()
    }

    /// The number of the block into which the next message comes.
    pub(super) fn number(&self) -> u64 {
        self.current.as_ref().map_or(self.next, |block| block.number)
    }

    /// When the first message came into the current block.
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
            self.seal();
        }
        self.take()
    }

    /// All blocks, the oldest first.
    pub(super) fn take_all(&mut self) -> Vec<Block> {
        self.seal();
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
mod tests {
    use super::*;

    impl Buffer {
        /// What all blocks take in truth, but for those at the disk.
        fn measure(&self) -> usize {
            self.current.iter().chain(&self.sealed).chain(&self.free).map(Block::room).sum()
        }
    }

    /// Messages of all sizes, and a disk that takes some blocks at times.
    #[test]
    fn memory_stays_within_the_budget() {
        for window in [None, Some(1_000)] {
            let budget = 8 * BLOCK;
            let mut buffer = Buffer::new(budget, window);
            let (mut lent, mut random, mut sizes) = (VecDeque::new(), 1_u64, [0; 3]);
            let (mut taken, mut dropped, mut written) = (0, 0, 0);
            for time in 0..10_000 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (choice, chance) = ((random >> 40) as usize, (random >> 33) % 100);
                let (channel, size) = match chance {
                    0 => (2, choice % (7 * BLOCK)),
                    1..10 => (1, choice % BLOCK),
                    _ => (0, choice % 500),
                };
                let stamp = Stamp { log_time: time, ..Stamp::default() };
                let pushed = buffer.push(channel, stamp, sizes[channel as usize], |bytes| {
                    bytes.resize(bytes.len() + size, 0);
                });
                match pushed {
                    Some(pushed) => {
                        assert_eq!(pushed, size);
                        sizes[channel as usize] = size;
                        taken += 1;
                    }
                    None => {
                        sizes[channel as usize] /= 2;
                        dropped += 1;
                    }
                }
                let is_fast = time % 1_000 < 500;
                if is_fast && chance % 5 == 0 {
                    lent.extend(buffer.take());
                }
                if chance % 6 == 0 {
                    if let Some(block) = lent.pop_front() {
                        written += block.len();
                        buffer.give_back(block);
                    }
                }
                let elsewhere: usize = lent.iter().map(Block::room).sum();
                assert_eq!(buffer.measure() + elsewhere, buffer.allocated);
                assert!(buffer.allocated <= budget, "{time}: {}", buffer.allocated);
            }
            assert!(taken > 5_000 && written > 2_000, "{taken} {written}");
            assert_eq!(window.is_none(), dropped > 500, "a ring gives up old messages instead: {dropped}");
        }
    }
}
