//! The words of a map in its segment, by `docs/format.md` alone: whether its chains, its free list and its counts fit
//! together. Nothing of the runtime is used, so a fault of it cannot hide here.

use std::mem::{align_of, size_of};

use twox_hash::XxHash64;

use crate::raw::Raw;

const INTENT: usize = 16;
const LEN: usize = 24;
const HIGH_WATER: usize = 28;
const FREE_LIST: usize = 32;
const CHANGES: usize = 40;
const SEED: usize = 128;
const HEADS: usize = 256;
/// The words of an entry end here.
const KEY: usize = 48;
const TOKEN: u32 = (1 << 29) - 1;
const FREE: u32 = 0;
const LIVE: u32 = 2;

/// A map in a segment, whose keys and values have sizes that are multiples of 16, or are a `u64`.
#[derive(Debug)]
pub struct MapWords<'r> {
    raw: &'r Raw,
    /// The offset of the map in the segment.
    at: usize,
    capacity: usize,
    entries: usize,
    stride: usize,
    key_size: usize,
}

/// The keys and values of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub live: usize,
    pub free: usize,
    pub unused: usize,
    /// The entries of the longest chain.
    pub longest: usize,
}

impl<'r> MapWords<'r> {
    /// The words of a `Map<K, V, N>` at an offset of a segment. `N` is the capacity.
    pub fn of<K, V>(raw: &'r Raw, at: usize, capacity: usize) -> Self {
        let align = align_of::<K>().max(align_of::<V>()).max(64);
        let key = KEY.next_multiple_of(align_of::<K>());
        let unit = align_of::<V>().max(16);
        let slots = (key + size_of::<K>().next_multiple_of(16)).next_multiple_of(unit);
        let stride = (slots + 2 * size_of::<V>().next_multiple_of(unit)).next_multiple_of(align);
        let entries = (HEADS + 16 * capacity).next_multiple_of(align);
        Self { raw, at, capacity, entries, stride, key_size: size_of::<K>() }
    }

    /// The offset of an entry in the segment.
    pub fn entry(&self, index: usize) -> usize {
        self.at + self.entries + index * self.stride
    }

    /// The offset in the segment of what is behind the map.
    pub fn end(&self) -> usize {
        self.entry(self.capacity)
    }

    fn number(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.raw.read(at..at + 8).try_into().expect("eight bytes"))
    }

    pub fn seed(&self) -> u64 {
        self.number(self.at + SEED)
    }

    /// The bucket of a key, by its bytes.
    pub fn bucket(&self, key: &[u8]) -> usize {
        self.bucket_of(XxHash64::oneshot(self.seed(), key) as u32)
    }

    fn bucket_of(&self, hash: u32) -> usize {
        ((u64::from(hash) * (2 * self.capacity as u64)) >> 32) as usize
    }

    /// The number of changes, if no process has the structure lock or has left an intent.
    fn quiet(&self) -> Option<u64> {
        let is_free = self.raw.word(self.at) & TOKEN == 0 && self.number(self.at + INTENT) == 0;
        is_free.then(|| self.number(self.at + CHANGES))
    }

    /// Checks all of the structure. `None` if keys were inserted or removed meanwhile, or the map was left by one that died.
    pub fn check_if_quiet(&self) -> Option<Result<Counts, String>> {
        let before = self.quiet()?;
        let found = self.check();
        (self.quiet() == Some(before)).then_some(found)
    }

    /// Checks all of the structure, which nobody changes.
    pub fn check(&self) -> Result<Counts, String> {
        let high_water = self.raw.word(self.at + HIGH_WATER) as usize;
        if high_water > self.capacity {
            return Err(format!("{high_water} entries of {} were used", self.capacity));
        }
        let mut met = vec![false; self.capacity];
        let mut counts = Counts { live: 0, free: 0, unused: self.capacity - high_water, longest: 0 };
        for bucket in 0..2 * self.capacity {
            let chain = self.check_chain(bucket, &mut met)?;
            counts.live += chain;
            counts.longest = counts.longest.max(chain);
        }
        let mut link = self.raw.word(self.at + FREE_LIST);
        while link != 0 {
            let [state, next, _] = self.meet(link, &mut met)?;
            if state & 3 != FREE {
                return Err(format!("entry {} is in the free list, in state {state:#x}", link - 1));
            }
            counts.free += 1;
            link = next;
        }
        let lost = met.iter().enumerate().position(|(index, met)| *met != (index < high_water));
        if let Some(index) = lost {
            let [state, ..] = self.words(index);
            return Err(format!("entry {index} of {high_water} used ones is lost, or too much: state {state:#x}"));
        }
        let len = self.raw.word(self.at + LEN) as usize;
        if len != counts.live {
            return Err(format!("len is {len}, and {} keys are live", counts.live));
        }
        Ok(counts)
    }

    /// Follows the chain of a bucket, and returns its length.
    fn check_chain(&self, bucket: usize, met: &mut [bool]) -> Result<usize, String> {
        let head = self.number(self.at + HEADS + 8 * bucket);
        let (mut link, mut len, mut filter) = (head as u32, 0, 0_u32);
        while link != 0 {
            let [state, next, hash] = self.meet(link, met)?;
            let index = link as usize - 1;
            if state & 3 != LIVE {
                return Err(format!("entry {index} is in the chain of bucket {bucket}, in state {state:#x}"));
            }
            let key = self.entry(index) + KEY;
            let of_key = XxHash64::oneshot(self.seed(), &self.raw.read(key..key + self.key_size)) as u32;
            if self.bucket_of(hash) != bucket || of_key != hash {
                return Err(format!("entry {index} of bucket {bucket} has hash {hash:#x}, its key {of_key:#x}"));
            }
            filter |= 1 << (hash & 31);
            len += 1;
            link = next;
        }
        if (head >> 32) as u32 != filter {
            return Err(format!("the filter of bucket {bucket} is {:#x}, and not {filter:#x}", head >> 32));
        }
        Ok(len)
    }

    /// The state, the next link and the hash of an entry.
    fn words(&self, index: usize) -> [u32; 3] {
        let bytes = self.raw.read(self.entry(index)..self.entry(index) + 12);
        std::array::from_fn(|at| u32::from_le_bytes(bytes[4 * at..4 * at + 4].try_into().expect("four bytes")))
    }

    /// The words of the entry that a link leads to, for the first time.
    fn meet(&self, link: u32, met: &mut [bool]) -> Result<[u32; 3], String> {
        let index = link as usize - 1;
        match met.get_mut(index) {
            None => Err(format!("a link leads to entry {index} of {}", self.capacity)),
            Some(true) => Err(format!("two links lead to entry {index}")),
            Some(met) => {
                *met = true;
                Ok(self.words(index))
            }
        }
    }
}
