//! A block: the messages of one chunk, encoded, on their way to the disk.

use std::time::Instant;

use super::recorder::Stamp;

/// The bytes at which a chunk ends. A larger message is a chunk of its own.
pub(super) const BLOCK: usize = 1 << 20;
/// What a message takes besides its bytes: about as much in memory as in the file.
pub(super) const ENTRY: usize = size_of::<Entry>();

/// The messages for which a new block has room.
const FEW: usize = 16;

/// One message of a block.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) channel: u32,
    pub(super) stamp: Stamp,
    /// Where its bytes end. They begin where the bytes of the message before it end.
    end: usize,
}

/// Messages one after another. A block that was written is filled again, so that messages allocate nothing.
#[derive(Default)]
pub(super) struct Block {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    /// What the buffer has counted for this block.
    pub(super) counted: usize,
    /// The number of the block within the recording.
    pub(super) number: u64,
    /// Whether a file begins with it.
    pub(super) begins: bool,
    /// When its first message came.
    since: Option<Instant>,
}

impl Block {
    pub(super) fn with_room(bytes: usize) -> Self {
        let mut block = Self { entries: Vec::with_capacity(FEW), bytes: Vec::with_capacity(bytes), ..Self::default() };
        block.counted = block.room();
        block
    }

    /// What [`Block::with_room`] takes.
    pub(super) fn cost(bytes: usize) -> usize {
        bytes + FEW * ENTRY
    }

    /// Whether the block has room for so many bytes, but not far too much of it.
    pub(super) fn suits(&self, bytes: usize) -> bool {
        (bytes..=2 * bytes + BLOCK).contains(&self.bytes.capacity())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The bytes that the messages take.
    pub(super) fn used(&self) -> usize {
        self.complete() + self.entries.len() * ENTRY
    }

    /// The bytes that the block takes, used or not.
    pub(super) fn room(&self) -> usize {
        self.bytes.capacity() + self.entries.capacity() * ENTRY
    }

    /// Where the last message ends. An encoder that panicked may have left bytes behind it.
    fn complete(&self) -> usize {
        self.entries.last().map_or(0, |entry| entry.end)
    }

    /// Encodes one message behind the others and returns its size.
    pub(super) fn push(&mut self, channel: u32, stamp: Stamp, encode: impl FnOnce(&mut Vec<u8>)) -> usize {
        let start = self.complete();
        if self.is_empty() {
            self.since = Some(Instant::now());
        }
        self.bytes.truncate(start);
        let capacity = self.bytes.capacity();
        encode(&mut self.bytes);
        // An encoder may do anything to the bytes, but only append to them on purpose.
        let end = self.bytes.len().max(start);
        self.bytes.resize(end, 0);
        self.entries.push(Entry { channel, stamp, end });
        if self.bytes.capacity() > capacity {
            // It grew by doubling, which is too much for a large message.
            self.bytes.shrink_to(end.max(BLOCK));
        }
        end - start
    }

    /// Takes the last message away again, and the memory that it asked for.
    pub(super) fn pop(&mut self) {
        self.entries.pop();
        self.bytes.truncate(self.complete());
        self.bytes.shrink_to(BLOCK);
    }

    /// Moves the last message to another block.
    pub(super) fn move_last(&mut self, to: &mut Self) {
        if let Some(last) = self.entries.pop() {
            let start = self.complete();
            to.push(last.channel, last.stamp, |bytes| bytes.extend_from_slice(&self.bytes[start..last.end]));
            self.bytes.truncate(start);
            self.bytes.shrink_to(BLOCK);
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.bytes.clear();
        (self.begins, self.since) = (false, None);
    }

    /// When the first message came. `None` without one.
    pub(super) fn since(&self) -> Option<Instant> {
        self.since.filter(|_| !self.is_empty())
    }

    pub(super) fn first_time(&self) -> Option<u64> {
        self.entries.first().map(|entry| entry.stamp.log_time)
    }

    pub(super) fn last_time(&self) -> Option<u64> {
        self.entries.last().map(|entry| entry.stamp.log_time)
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = (&Entry, &[u8])> {
        let mut start = 0;
        self.entries.iter().map(move |entry| {
            let bytes = &self.bytes[start..entry.end];
            start = entry.end;
            (entry, bytes)
        })
    }
}
