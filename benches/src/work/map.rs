//! Maps: keys that are there and keys that are not, changes, two processes, and maps as a whole.

mod beside;
mod change;
mod look_up;
mod together;
mod whole;

pub(super) use beside::{P50, P99, P999, beside};
pub(super) use change::{insert, remove, update};
pub(super) use look_up::{get, get_in_turn, growth, miss, miss_in_turn};
pub(super) use together::{partner, readers};
pub(super) use whole::{attach, create, iterate, memory};

use std::any::Any;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use super::Ground;
use crate::payload::Aligned;
use crate::systems::maps::{Map, Value};
use crate::systems::process_maps::{Locked, Papaya};
use crate::{Failure, place};

/// The two sizes.
pub(super) const FEW: usize = 10_000;
pub(super) const MANY: usize = 1_000_000;

const LOCKED: &str = <Locked as Map>::NAME;
const PAPAYA: &str = <Papaya as Map>::NAME;

/// The results of a function for shmstore's maps of some kinds, and for all peers.
macro_rules! maps {
    ($function:ident $arguments:tt: $($first:ty),*) => {
        of_each!($function $arguments: $($first,)* crate::systems::lmdb_maps::LmdbMap; boost crate::systems::boost_maps::BoostMap)
    };
}
use maps;

/// Writes a number of entries.
fn size(entries: usize) -> &'static str {
    match entries {
        FEW => "10 k",
        MANY => "1 M",
        _ => "1",
    }
}

/// The key of a number: another one for each, in no order.
fn key(number: usize) -> u64 {
    let mut bits = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The bits of a value's words that say how often it was stored. The others are its key's.
const TIMES: u64 = 0xffff;

/// The value of a key, as it is stored for the n-th time.
fn value(key: u64, times: u64) -> Value {
    Value::filled(key & !TIMES | times & TIMES)
}

/// Returns `true` if a value mixes two stores, as far as its ends show it, or belongs to another key.
#[inline(always)]
fn is_wrong(key: u64, value: &Value) -> bool {
    value.ends_differ() || (value.word() ^ key) & !TIMES != 0
}

/// The keys of some numbers, in no order: another one for each salt.
fn shuffled(numbers: impl Iterator<Item = usize>, salt: usize) -> Vec<u64> {
    let mut keys: Vec<u64> = numbers.map(key).collect();
    // Keys are as good as random numbers; these are in no map.
    for last in (1..keys.len()).rev() {
        keys.swap(last, (key(last ^ ((salt + 1) << 40)) % (last as u64 + 1)) as usize);
    }
    keys
}

thread_local! {
    /// Full maps that later rows can use.
    static KEPT: RefCell<Vec<Rc<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// A map full of entries.
struct Full<T> {
    map: T,
    entries: usize,
    /// Dropped after the map.
    directory: Directory,
}

/// A directory of this run, which is removed when this is dropped.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        place::clear(&self.0);
    }
}

impl<T: Map> Full<T> {
    fn make(ground: &Ground<'_>, row: &str, entries: usize) -> Result<Self, Failure> {
        let directory = Directory(ground.directory(row, &format!("{}-{entries}", T::NAME.replace(['<', '>'], "-")))?);
        let map = T::create(&directory.0, entries)?;
        map.fill(&(0..entries).map(key).collect::<Vec<_>>(), |key| value(key, 0));
        Ok(Self { map, entries, directory })
    }

    /// A map that is full already, if an earlier row has filled one: for rows that change nothing.
    fn kept(ground: &Ground<'_>, entries: usize) -> Result<Rc<Self>, Failure> {
        let is_it =
            |one: &Rc<dyn Any>| Rc::clone(one).downcast().ok().filter(|full: &Rc<Self>| full.entries == entries);
        if let Some(full) = KEPT.with_borrow(|all| all.iter().find_map(is_it)) {
            return Ok(full);
        }
        let full = Rc::new(Self::make(ground, "map", entries)?);
        KEPT.with_borrow_mut(|all| all.push(full.clone()));
        Ok(full)
    }

    /// All of its keys, in no order: another one for each salt, so that what one reader has brought to the cache does not
    /// help the next one.
    fn keys(&self, salt: usize) -> Keys {
        Keys::new(shuffled(0..self.entries, salt))
    }
}

/// Keys in turn, again and again.
struct Keys {
    all: Vec<u64>,
    at: usize,
}

impl Keys {
    fn new(all: Vec<u64>) -> Self {
        Self { all, at: 0 }
    }

    /// The next keys: not more than `most`, but one at least.
    #[inline]
    fn next(&mut self, most: u64) -> &mut [u64] {
        if self.at == self.all.len() {
            self.at = 0;
        }
        let rest = &mut self.all[self.at..];
        let count = (rest.len() as u64).min(most) as usize;
        self.at += count;
        &mut rest[..count]
    }
}

/// The number of look-ups before those that are measured. They bring a small map back to the processor's caches, which
/// other systems have used meanwhile.
fn warm(entries: usize) -> u64 {
    if entries <= FEW { entries as u64 } else { 0 }
}

/// A destination of look-ups.
fn room() -> Box<Aligned<Value>> {
    Value::room()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_turn_and_each_once() {
        let mut keys = Keys::new(shuffled(0..10, 0));
        let mut seen: Vec<u64> = keys.next(7).to_vec();
        seen.extend_from_slice(keys.next(7));
        assert_eq!(seen.len(), 10);
        assert_eq!(seen[..2], *keys.next(2), "they begin again");
        let in_order: Vec<u64> = (0..10).map(key).collect();
        assert_ne!(seen, in_order);
        seen.sort_unstable();
        let mut expected = in_order;
        expected.sort_unstable();
        assert_eq!(seen, expected);
    }

    #[test]
    fn wrong_values_are_found() {
        let (one, other) = (key(1), key(2));
        assert!(!is_wrong(one, &value(one, 0)) && !is_wrong(one, &value(one, 0x1_2345)));
        assert!(is_wrong(one, &value(other, 0)), "of another key");
        let mut torn = value(one, 1);
        *torn.word_mut() = value(one, 2).word();
        assert!(is_wrong(one, &torn));
    }
}
