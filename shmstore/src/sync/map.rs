//! `Map<K, V, N>`: keys that are inserted and removed, and a value for each that is read and written as a whole.

mod change;
mod conditions;
mod core;
mod entry;
mod iter;
mod memory;
pub(crate) mod protocol;
mod raw;
pub(crate) mod state;
mod table;
mod view;
mod wait;
mod write;

use std::fmt;
use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use twox_hash::XxHash64;

use super::atomics;
use super::describe::PartRef;
use super::shape::Typed;
use crate::error::{InvalidValue, WaitError};
use crate::layout::schema::{Kind, Schema};
use crate::layout::{DebugValue, ShmId, ShmKey, ShmLayout, ShmObject, ShmValue};
use crate::sys::shm::Access;
use crate::value::bits;

use self::core::{Core, Over, invalid_at};
pub(in crate::sync) use conditions::{AwaitedEntry, AwaitedKeys};
pub use entry::Entry;
pub use iter::{Iter, Keys};
use memory::MapCell;
pub(crate) use raw::RawMap;
pub use view::MapView;
pub use wait::{KeysChanged, NewerOfEntry, NewerOfKey};

/// Holds up to `N` keys that are not known when the program is compiled, and a value for each.
///
/// - Readers take no lock, and write nothing, unless writers disturb them [again and again](#guarantees-for-readers).
///   Each value is read and written as a whole, as in a [`Versioned`](crate::Versioned).
/// - Keys are inserted and removed while other processes read and write.
/// - If a process is killed while it inserts or removes a key, the key is in the map with its whole value, or it is not
///   in the map. The next insertion or removal cleans up within milliseconds. No other key, no value and no room is
///   lost.
///
/// ```
/// use shmstore::{FixedString, Map, ShmObject, ShmValue, Store};
///
/// #[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
/// #[repr(C)]
/// struct Quote { bid: f64, ask: f64 }
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'M')]
/// struct Market { quotes: Map<FixedString<12>, Quote, 1000> }
///
/// # let path = tempfile::NamedTempFile::new()?;
/// # let path = path.path();
/// let market = Store::open(path)?.attach_or_create::<Market>()?;
/// let euro = "EURUSD".try_into()?;
///
/// market.quotes.insert(euro, Quote { bid: 1.08, ask: 1.09 })?;
/// market.quotes.update(&euro, |quote| quote.ask = 1.10)?;
/// assert_eq!(market.quotes.get(&euro)?, Some(Quote { bid: 1.08, ask: 1.10 }));
/// assert_eq!(market.quotes.len(), 1);
///
/// market.quotes.remove(&euro)?;
/// assert_eq!(market.quotes.get(&euro)?, None);
/// # shmstore::Store::open(path)?.remove::<Market>()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Keys
///
/// A key is a [`ShmKey`]: an integer, a [`FixedString`](crate::FixedString), an enum, an array or struct of keys.
/// [`#[derive(ShmKey)]`](macro@crate::ShmKey) makes a struct or enum of yours a key. A float cannot be a key.
///
/// # Ways to a value
///
/// | | the key is in the map | the key is not in the map |
/// |---|---|---|
/// | [`get`](Self::get) | returns its value | `None` |
/// | [`insert`](Self::insert) | stores the value, returns the old one | inserts the key |
/// | [`get_or_insert_with`](Self::get_or_insert_with) | returns its value | inserts the key |
/// | [`update`](Self::update) | changes its value | `None` |
/// | [`remove`](Self::remove) | removes it, returns its value | `None` |
/// | [`entry`](Self::entry) | returns an [`Entry`], which loads and stores without a search | `None` |
/// | [`wait_newer`](Self::wait_newer) | sleeps until its value is stored | sleeps until it is inserted |
///
/// [`iter`](Self::iter) returns all keys and values. [`wait_changed`](Self::wait_changed) sleeps until any key is
/// inserted or removed.
///
/// # Guarantees for readers
///
/// - A search finds each key that is in the map during the whole search.
/// - A value is that of one store to its key, whole.
/// - The versions of a key grow, even if it is removed and inserted again. They may skip numbers, so they do not count
///   its stores.
///
/// A search or copy that a writer disturbs begins again. After 64 disturbed searches, a reader takes the structure lock
/// for one search. After four disturbed copies it sets a flag, and the next store pauses for the time of two copies. A
/// read-only process can do neither, and goes on. If all searches of a whole second are disturbed, it takes the map for
/// damaged, and the key for absent.
///
/// # Locks
///
/// An insertion or removal takes the *structure lock* of the map for some 100 ns. A process that has this lock waits
/// for nothing. A store to a value takes the lock of its entry only. So an exclusive [`Writer`](crate::Writer) or a
/// [`Transaction`](crate::Transaction) of one key delays only processes that write or remove the same key.
///
/// Two processes that take the locks of two entries in opposite order wait for each other forever. Take entries in one
/// order, or with a limit.
///
/// # Memory
///
/// A map takes 256 bytes, and for each of the `N` keys 16 bytes and an entry. An entry has 48 bytes, the key, and the
/// value twice. The key and each value are rounded up to 16 bytes, and the entry to 64. So a key of 8 bytes with a
/// value of 64 takes 208 bytes. The kernel provides the memory of an entry when a key first uses it. `N` is 1 to
/// 2,147,483,647.
///
/// There is no `Default`, because a large map does not fit on the stack. Outside an object, use `Map::new()` in a
/// `static`, or [`ShmObject::zeroed_box`].
///
/// # Details
///
/// - The map hashes the bytes of a key by XXH64, with a seed of its own.
/// - If a process is killed in an insertion or removal, [`changes`](Self::changes) may miss the change until the next
///   insertion or removal, or until a process that may write waits for changes. [`len`](Self::len) and all searches
///   count it at once. The change may count twice, and one that was not made, or was taken back, may count once.
/// - A process that breaks the protocol can change or hide keys and values. It cannot make a search hang, because a
///   chain that leads in a circle counts as ended.
#[repr(transparent)]
pub struct Map<K: ShmKey, V: ShmValue, const N: usize> {
    cell: MapCell<K, V, N>,
}

impl<K: ShmKey, V: ShmValue, const N: usize> Map<K, V, N> {
    /// Makes an empty map, in ordinary memory. A field of a shared object is an empty map from the start.
    #[must_use]
    #[allow(clippy::new_without_default)] // a large map does not fit on the stack
    pub const fn new() -> Self {
        Self { cell: MapCell::zeroed() }
    }

    /// Returns the value of a key. `None` if the key is not in the map.
    ///
    /// For a value that is too large for the stack, use [`get_into`](Self::get_into).
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes of the value are not a valid `V`. Another process wrote bytes that the type does
    /// not allow. The next store repairs it.
    #[inline]
    pub fn get(&self, key: &K) -> Result<Option<V>, InvalidValue> {
        Ok(self.get_versioned(key)?.map(|(_, value)| value))
    }

    /// Returns the value of a key and its version. `None` if the key is not in the map.
    ///
    /// The version of a key grows with each store, for [`wait_newer`](Self::wait_newer).
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    #[inline]
    pub fn get_versioned(&self, key: &K) -> Result<Option<(u64, V)>, InvalidValue> {
        get(self.core(Access::ReadWrite), key)
    }

    /// Copies the value of a key to `value`, and returns its version. `None` if the key is not in the map. Puts no
    /// value on the stack.
    ///
    /// After `None`, `value` is unchanged, unless the key was removed during the call. Then it is unspecified.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get). Then `value` is all zero.
    #[inline]
    pub fn get_into(&self, key: &K, value: &mut V) -> Result<Option<u64>, InvalidValue> {
        get_into(self.core(Access::ReadWrite), key, value)
    }

    /// Returns the value of a key, or an error after `timeout`. `None` if the key is not in the map. For objects that
    /// hostile processes may write.
    ///
    /// A process that breaks the protocol can store so fast that no copy is ever whole, or keep the structure lock.
    ///
    /// # Errors
    ///
    /// - [`WaitError::NeverWhole`] if each search for the key, or each copy of its value, was disturbed all this time.
    /// - [`WaitError::InvalidValue`] if the bytes are not a valid `V`.
    pub fn get_timeout(&self, key: &K, timeout: Duration) -> Result<Option<V>, WaitError> {
        Ok(get_within(self.core(Access::ReadWrite), key, timeout)?.map(|(_, value)| value))
    }

    /// Returns `true` if a key is in the map. Reads no value.
    #[must_use]
    #[inline]
    pub fn contains_key(&self, key: &K) -> bool {
        self.core(Access::ReadWrite).contains(&key.to_key())
    }

    /// Returns the number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.core(Access::ReadOnly).len()
    }

    /// Returns `true` if there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of keys for which there is room: `N`.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// Returns how often keys were inserted and removed. For [`wait_changed`](Self::wait_changed).
    ///
    /// A store to a key that is in the map does not count. After a death there may be one or two more, so compare two
    /// numbers only to learn whether there was a change.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.core(Access::ReadOnly).changes()
    }

    #[inline(always)]
    #[allow(unsafe_code)]
    fn core(&self, access: Access) -> Core<'_, K, V> {
        let (words, shapes) = ((self.cell.words(), self.cell.seed()), (Typed::SHAPE, Typed::SHAPE));
        // SAFETY: the table is that of a map of K and V.
        unsafe { Core::new(words, self.cell.table(), shapes, PartRef::of(self), access) }
    }
}

/// The hash of the bytes of a key, by the seed of its map.
#[inline(always)]
pub(crate) fn key_hash(seed: u64, key: &[u8]) -> u32 {
    XxHash64::oneshot(seed, key) as u32
}

/// [`Map::get_versioned`] of a map or its view.
#[inline(always)]
#[allow(unsafe_code)]
fn get<K: ShmKey, V: ShmValue>(core: Core<'_, K, V>, key: &K) -> Result<Option<(u64, V)>, InvalidValue> {
    let mut bytes = MaybeUninit::uninit();
    let Some(version) = core.read(&key.to_key(), &mut bytes) else { return Ok(None) };
    // SAFETY: `read` has initialized all bytes.
    match unsafe { bits::checked(bytes) } {
        Ok(value) => Ok(Some((version, value))),
        Err(invalid) => Err(invalid_at(key, invalid)),
    }
}

/// [`Map::get_timeout`] of a map or its view.
#[allow(unsafe_code)]
fn get_within<K: ShmKey, V: ShmValue>(
    core: Core<'_, K, V>,
    key: &K,
    timeout: Duration,
) -> Result<Option<(u64, V)>, WaitError> {
    let mut bytes = MaybeUninit::uninit();
    match core.read_within(&key.to_key(), &mut bytes, timeout) {
        // SAFETY: `read_within` has initialized all bytes.
        Ok(Some(version)) => match unsafe { bits::checked(bytes) } {
            Ok(value) => Ok(Some((version, value))),
            Err(invalid) => Err(invalid_at(key, invalid).into()),
        },
        Ok(None) => Ok(None),
        Err(Over) => Err(WaitError::NeverWhole { part: core.entry_name(key), waited: timeout }),
    }
}

/// [`Map::get_into`] of a map or its view.
#[inline(always)]
#[allow(unsafe_code)]
fn get_into<K: ShmKey, V: ShmValue>(core: Core<'_, K, V>, key: &K, value: &mut V) -> Result<Option<u64>, InvalidValue> {
    // SAFETY: `read` writes only initialized bytes.
    let mut unchecked = unsafe { bits::Unchecked::new(value) };
    let found = core.read(&key.to_key(), unchecked.bytes());
    unchecked.check().map_err(|invalid| invalid_at(key, invalid))?;
    Ok(found)
}

impl<K: ShmKey + DebugValue, V: DebugValue, const N: usize> fmt::Debug for Map<K, V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Map", self.core(Access::ReadOnly), f)
    }
}

/// The number of entries that are printed.
const SHOWN: usize = 8;

/// Prints the number of keys and the first entries of a map or its view.
fn debug<K: ShmKey + DebugValue, V: DebugValue>(
    name: &str,
    core: Core<'_, K, V>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    struct First<'a, K, V>(Core<'a, K, V>);
    impl<K: ShmKey + DebugValue, V: DebugValue> fmt::Debug for First<'_, K, V> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let mut shown = f.debug_map();
            for entry in Iter::new(self.0).take(SHOWN) {
                match entry {
                    Ok((key, value)) => shown.entry(&key, &value),
                    Err(error) => shown.entry(&"?", &format_args!("<{error}>")),
                };
            }
            shown.finish()
        }
    }
    let mut shown = f.debug_struct(name);
    shown.field("len", &core.len()).field("capacity", &core.capacity()).field("first", &First(core)).finish()
}

// A map changes by single stores, so a panic leaves nothing half-made.
impl<K: ShmKey, V: ShmValue, const N: usize> UnwindSafe for Map<K, V, N> {}
impl<K: ShmKey, V: ShmValue, const N: usize> RefUnwindSafe for Map<K, V, N> {}

#[allow(unsafe_code)]
// SAFETY: size and alignment are the compiler's. The kind, the capacity and the schemas of key and value describe the
// content.
unsafe impl<K: ShmKey, V: ShmValue, const N: usize> ShmLayout for Map<K, V, N> {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Map { capacity: N, key: K::SCHEMA, value: V::SCHEMA });
}

#[allow(unsafe_code)]
// SAFETY: atomic byte by byte, and any bytes are valid, as `MapCell` explains. Zeros are an empty map. Nothing to drop,
// because keys and values are `Copy`. The view is a transparent wrapper whose methods never write.
unsafe impl<K: ShmKey, V: ShmValue, const N: usize> ShmObject for Map<K, V, N> {
    type View = MapView<K, V, N>;
}

impl<K: ShmKey, V: ShmValue + ShmId, const N: usize> ShmId for Map<K, V, N> {
    const ID: char = V::ID;
}

#[cfg(test)]
mod tests;
