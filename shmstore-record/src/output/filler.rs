//! The block that the caller's thread fills, without a lock.

use super::blocks::{BLOCK, Block, ENTRY};
use super::disk::Shared;
use super::recorder::Stamp;

/// Takes the block that is being filled out of the buffer, and puts it back.
///
/// In between, the disk's thread and the caller's thread do not wait for each other. Only the memory of blocks is
/// counted under the lock, when it changes.
#[derive(Default)]
pub(super) struct Filler {
    block: Option<Block>,
    /// Whether the buffer's block is here, or there is none.
    is_holding: bool,
    /// Whether the next block begins a file.
    begins: bool,
    /// Whether nothing is written any more.
    is_over: bool,
}

/// Where a message was put.
pub(super) struct Pushed {
    /// The bytes of the message.
    pub(super) size: usize,
    /// The number of its block.
    pub(super) block: u64,
}

impl Filler {
    /// Encodes one message, which is about as large as `expected`. `None`: the buffer is full, or nothing is written any
    /// more.
    pub(super) fn push(
        &mut self,
        shared: &Shared,
        channel: u32,
        stamp: Stamp,
        expected: usize,
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> Option<Pushed> {
        self.hold(shared);
        if self.is_over {
            return None;
        }
        let is_full = |block: &Block| block.used() + expected + ENTRY > BLOCK || shared.is_old(block, stamp.log_time);
        if self.block.as_ref().is_some_and(is_full) {
            self.seal(shared, stamp.log_time);
        }
        let block = match &mut self.block {
            Some(block) => block,
            empty => {
                let mut state = shared.state();
                self.is_over = state.is_over;
                let mut block = if self.is_over { None } else { state.buffer.fresh(expected) }?;
                block.begins = std::mem::take(&mut self.begins);
                empty.insert(block)
            }
        };
        let size = block.push(channel, stamp, encode);
        // A block that has grown is counted, also if that was during an encoder that panicked.
        if block.room() != block.counted && !shared.state().buffer.count(block) {
            block.pop();
            shared.state().buffer.count(block);
            return None;
        }
        if block.used() > BLOCK && block.len() > 1 {
            // The message is larger than the one before it on its channel.
            let mut state = shared.state();
            let Some(mut own) = state.buffer.fresh(size) else {
                block.pop();
                state.buffer.count(block);
                return None;
            };
            block.move_last(&mut own);
            state.buffer.count(block);
            state.buffer.count(&mut own);
            drop(state);
            self.seal(shared, stamp.log_time);
            self.block = Some(own);
        }
        let (used, number) = self.block.as_ref().map(|block| (block.used(), block.number))?;
        if used + size + ENTRY > BLOCK {
            self.seal(shared, stamp.log_time);
        }
        Some(Pushed { size, block: number })
    }

    fn hold(&mut self, shared: &Shared) {
        if !self.is_holding {
            let mut state = shared.state();
            (self.block, self.is_over) = (state.buffer.lend(), state.is_over);
            self.is_holding = true;
        }
    }

    /// Lets the block wait for the disk.
    fn seal(&mut self, shared: &Shared, now: u64) {
        let Some(block) = self.block.take() else { return };
        self.begins |= block.begins && block.is_empty();
        shared.state().buffer.seal(block, now);
        shared.bell.notify_one();
    }

    /// Puts the block back, so that the disk's thread takes it when it is time.
    pub(super) fn put_back(&mut self, shared: &Shared, now: u64) {
        if std::mem::take(&mut self.is_holding) && shared.state().buffer.put_back(self.block.take(), now) {
            shared.bell.notify_one();
        }
    }

    /// Lets the block wait for the disk, whatever it has. The next message comes into another one.
    pub(super) fn end_block(&mut self, shared: &Shared, now: u64) {
        let was_holding = self.is_holding;
        self.hold(shared);
        self.seal(shared, now);
        if !was_holding {
            self.put_back(shared, now);
        }
    }

    /// The next message is the first one of a file.
    pub(super) fn begin_file(&mut self, shared: &Shared, now: u64) {
        self.end_block(shared, now);
        self.begins = true;
    }

    /// The number of the block into which the next message comes. `None`: it is the buffer's.
    pub(super) fn number(&self) -> Option<u64> {
        self.block.as_ref().map(|block| block.number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::time::Duration;

    use super::*;
    use crate::output::Output;

    /// Messages of all sizes, a disk that takes some blocks at times, and batches of all lengths.
    #[test]
    fn memory_stays_within_the_budget() {
        for snapshot in [None, Some(Duration::from_nanos(1_000))] {
            let budget = 8 * BLOCK;
            let shared = Shared::new(&Output { buffer: budget, snapshot, ..Output::to("x") });
            let mut filler = Filler::default();
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
                let pushed = filler.push(&shared, channel, stamp, sizes[channel as usize], |bytes| {
                    bytes.resize(bytes.len() + size, 0);
                });
                match pushed {
                    Some(pushed) => {
                        assert_eq!(pushed.size, size);
                        sizes[channel as usize] = size;
                        taken += 1;
                    }
                    None => {
                        sizes[channel as usize] /= 2;
                        dropped += 1;
                    }
                }
                if chance % 3 == 0 {
                    filler.put_back(&shared, time);
                }
                let mut state = shared.state();
                let is_fast = time % 1_000 < 500;
                if is_fast && chance % 5 == 0 {
                    let block = if chance % 2 == 0 { state.buffer.take_any() } else { state.buffer.take() };
                    lent.extend(block);
                }
                if chance % 6 == 0 {
                    if let Some(block) = lent.pop_front() {
                        written += block.len();
                        state.buffer.give_back(block);
                    }
                }
                let elsewhere: usize = lent.iter().chain(&filler.block).map(Block::room).sum();
                assert_eq!(state.buffer.measure() + elsewhere, state.buffer.allocated());
                assert!(state.buffer.allocated() <= budget, "{time}: {}", state.buffer.allocated());
            }
            assert!(taken > 5_000 && written > 2_000, "{taken} {written}");
            assert_eq!(snapshot.is_none(), dropped > 500, "a ring gives up old messages instead: {dropped}");
        }
    }
}
