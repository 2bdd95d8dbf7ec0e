//! The entries of a map, one after the other.

use std::ffi::c_void;

use shmstore::dynamic::{Map, check};

use crate::call::call;
use crate::code::shmstore_code::{self, SHMSTORE_EMPTY};
use crate::error::Failure;
use crate::handle::{give, shmstore_entries, shmstore_part};
use crate::part::map;

/// A copy of the entries of a map: for each one a version, a key and a value.
pub(crate) struct Entries {
    map: Map,
    bytes: Vec<u8>,
    /// Where the next entry begins.
    next: usize,
}

/// Copies all entries of a `Map`. Each entry is whole. Keys that are inserted or removed meanwhile may be among them or
/// not. Get them by shmstore_entries_next, and close the copy with shmstore_entries_close.
///
/// Errors: SHMSTORE_WRONG_PART.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_map_entries(
    part: *const shmstore_part,
    entries: *mut *mut shmstore_entries,
) -> shmstore_code {
    made!(
        entries = {
            let part = map(handle!(part))?;
            let mut bytes = Vec::new();
            part.for_each_bytes(|key, version, value| {
                bytes.extend_from_slice(&version.to_le_bytes());
                bytes.extend_from_slice(key);
                bytes.extend_from_slice(value);
            });
            give(Entries { map: part.clone(), bytes, next: 0 })
        }
    )
}

/// Copies the next entry: its key to `key` of `key_size` bytes, and its value to `value` of `value_size` bytes.
/// `version` receives the number of the version of the value. Each of the pointers may be NULL, with the size 0.
///
/// Errors: SHMSTORE_EMPTY if there is no other entry, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE if the key or the
/// value is not valid. Then nothing is copied, and the next call goes on after this entry.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_entries_next(
    entries: *mut shmstore_entries,
    key: *mut c_void,
    key_size: usize,
    value: *mut c_void,
    value_size: usize,
    version: *mut u64,
) -> shmstore_code {
    call(|| {
        let Entries { map, bytes, next } = handle!(mut entries);
        let (keys, values) = (map.key_schema(), map.schema());
        let wanted = |place: *mut c_void, size: usize| !place.is_null() || size > 0;
        let to_key = if wanted(key, key_size) { output!(key, key_size, keys) } else { &mut [] };
        let to_value = if wanted(value, value_size) { output!(value, value_size, values) } else { &mut [] };
        if *next >= bytes.len() {
            return Err(Failure::fixed(SHMSTORE_EMPTY, "there is no other entry"));
        }
        let (word, rest) = bytes[*next..].split_first_chunk().expect("the version of an entry");
        let (of_key, rest) = rest.split_at(usize::try_from(keys.size()).expect("a size in memory"));
        let of_value = &rest[..usize::try_from(values.size()).expect("a size in memory")];
        *next += word.len() + of_key.len() + of_value.len();
        check(keys, of_key)?;
        check(values, of_value)?;
        to_key.iter_mut().zip(of_key).for_each(|(to, byte)| *to = *byte);
        to_value.iter_mut().zip(of_value).for_each(|(to, byte)| *to = *byte);
        optional!(version = u64::from_le_bytes(*word));
        Ok(())
    })
}

/// Closes a copy of the entries of a map. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_entries_close(entries: *mut shmstore_entries) -> shmstore_code {
    call(|| close!(entries))
}
