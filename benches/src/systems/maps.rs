//! Maps: eight words by a number, behind one trait.

use std::path::Path;

use crate::Failure;
use crate::payload::Payload;

/// The value of a key.
pub type Value = Payload<8>;

/// A map in shared memory, or in the memory of one process.
pub trait Map: Sized + 'static {
    /// The name in tables.
    const NAME: &'static str;

    /// How a loop of look-ups is measured. By default, each look-up begins anew.
    const LOOPS: &'static [Loop] = &[Loop { name: Self::NAME, is_one: false }];

    /// Looks keys up.
    type Reader<'a>: Get
    where
        Self: 'a;

    /// Creates an empty map with room for a number of entries.
    fn create(directory: &Path, entries: usize) -> Result<Self, Failure>;

    /// Opens it.
    fn open(directory: &Path, entries: usize) -> Result<Self, Failure>;

    /// Begins to read: takes what several look-ups can have in common.
    fn reader(&self) -> Self::Reader<'_>;

    /// Stores the value of a key, which may be new.
    fn insert(&self, key: u64, value: &Value);

    /// Removes a key. Returns `true` if it was there.
    fn remove(&self, key: u64) -> bool;

    /// Copies each entry to `into`, and shows it.
    fn each(&self, into: &mut Value, see: impl FnMut(u64, &Value));

    /// Inserts many keys.
    fn fill(&self, keys: &[u64], value: impl Fn(u64) -> Value) {
        keys.iter().for_each(|&key| self.insert(key, &value(key)));
    }
}

/// A reader of a map.
pub trait Get {
    /// Copies the value of a key to `into`. Returns `false` if the key is not there.
    fn get(&mut self, key: u64, into: &mut Value) -> bool;
}

/// A loop of look-ups.
#[derive(Debug, Clone, Copy)]
pub struct Loop {
    /// The name in tables.
    pub name: &'static str,
    /// `true`: all look-ups of a loop have one reader. Such a reader may not see later changes.
    pub is_one: bool,
}

/// Memory that a map takes, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// In memory now.
    pub resident: usize,
    /// Addresses.
    pub mapped: usize,
}

/// A map whose memory can be found, and that is made and opened as a whole.
pub trait WholeMap: Map {
    /// The memory that it takes.
    fn memory(&self) -> Result<Memory, Failure>;

    /// Creates an empty map with room for a number of entries. The returned closure opens it, looks a key up and closes
    /// it.
    fn attaching(directory: &Path, entries: usize) -> Result<impl FnMut() + 'static, Failure>;

    /// The returned closure creates an empty map, closes it and removes it.
    fn creating(directory: &Path, entries: usize) -> Result<impl FnMut() + 'static, Failure>;
}
