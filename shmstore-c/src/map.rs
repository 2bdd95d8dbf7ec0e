//! Maps.

use std::ffi::c_void;

use shmstore::dynamic::{DynamicError, check};

use crate::arguments::limit_of;
use crate::call::{call, call_or};
use crate::code::shmstore_code::{self, SHMSTORE_NO_KEY, SHMSTORE_STOPPED};
use crate::error::Failure;
use crate::handle::shmstore_part;
use crate::part::map;

const NO_KEY: Failure = Failure::fixed(SHMSTORE_NO_KEY, "the key is not in the map");

/// Copies the value of a key of a `Map` to `value`, which has `value_size` bytes. The key has `key_size` bytes. Padding
/// in it, and what follows a text, do not count. `version` receives the number of the version of the value, and may be
/// NULL.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_NO_KEY, SHMSTORE_INVALID_VALUE if the key or the value is
/// not valid, SHMSTORE_DISTURBED if no copy was whole within a second.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_map_get(
    part: *const shmstore_part,
    key: *const c_void,
    key_size: usize,
    value: *mut c_void,
    value_size: usize,
    version: *mut u64,
) -> shmstore_code {
    call(|| {
        let part = map(handle!(part))?;
        let key = input!(key, key_size, part.key_schema());
        let found = part.get_bytes(key, output!(value, value_size, part.schema()))?;
        optional!(version = found.ok_or(NO_KEY)?);
        Ok(())
    })
}

/// Inserts a key with a value in a `Map`, or stores the value if the key is in the map. Other writers are waited for
/// until the limit, in nanoseconds. `is_new` receives 1 if the key is new, and 0 if not. It may be NULL.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE if the key or the value is not valid,
/// SHMSTORE_FULL, SHMSTORE_BUSY, SHMSTORE_DEADLOCK in a callback of shmstore_map_update for the same key.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_map_insert(
    part: *const shmstore_part,
    key: *const c_void,
    key_size: usize,
    value: *const c_void,
    value_size: usize,
    limit: i64,
    is_new: *mut i32,
) -> shmstore_code {
    call(|| {
        let part = map(handle!(part))?;
        let (key, value) = (input!(key, key_size, part.key_schema()), input!(value, value_size, part.schema()));
        optional!(is_new = i32::from(part.insert_bytes(key, value, limit_of(limit)?)?));
        Ok(())
    })
}

/// Changes the bytes of the value of a key. It should return 0. Any other number leaves the value as it was. It must
/// not wait, store or remove the same key, throw, or call longjmp. It may use other keys. `value` has `size` bytes, and
/// is aligned to one byte only, so copy it to a variable of the type.
pub type shmstore_change_value =
    Option<unsafe extern "C" fn(value: *mut c_void, size: usize, context: *mut c_void) -> i32>;

/// Changes the value of a key of a `Map` by a callback. No other store comes in between. Other writers are waited for
/// until the limit, in nanoseconds. `context` is passed to the callback as it is.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_NO_KEY, SHMSTORE_BUSY, SHMSTORE_DEADLOCK in a callback
/// for the same key, SHMSTORE_INVALID_VALUE if the key is not valid, or if the value is not valid before or after the
/// callback, SHMSTORE_STOPPED, SHMSTORE_OF_PARENT in a process that was forked in the callback. Nothing has changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_map_update(
    part: *const shmstore_part,
    key: *const c_void,
    key_size: usize,
    limit: i64,
    change: shmstore_change_value,
    context: *mut c_void,
) -> shmstore_code {
    call(|| {
        let part = map(handle!(part))?;
        let key = input!(key, key_size, part.key_schema());
        let change = change.ok_or_else(|| crate::arguments::null("change"))?;
        let updated = part.update_bytes(key, limit_of(limit)?, |bytes| {
            // SAFETY: a callback of C for these bytes, by the rules of the header.
            match unsafe { change(bytes.as_mut_ptr().cast(), bytes.len(), context) } {
                0 => Ok(()),
                number => {
                    Err(Failure::new(SHMSTORE_STOPPED, format!("the callback returned {number}: nothing has changed")))
                }
            }
        })?;
        updated.ok_or(NO_KEY)
    })
}

/// Removes a key from a `Map`. Other writers are waited for until the limit, in nanoseconds. `old` receives the value
/// that it had, of `old_size` bytes. It may be NULL with the size 0.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_NO_KEY, SHMSTORE_BUSY, SHMSTORE_DEADLOCK in a callback of
/// shmstore_map_update for the same key, SHMSTORE_INVALID_VALUE if the key is not valid, or if the value was not a
/// valid one. An invalid key removes nothing. After an invalid value the key is removed. If `old` is NULL, an invalid
/// value is no error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_map_remove(
    part: *const shmstore_part,
    key: *const c_void,
    key_size: usize,
    old: *mut c_void,
    old_size: usize,
    limit: i64,
) -> shmstore_code {
    call(|| {
        let part = map(handle!(part))?;
        let key = input!(key, key_size, part.key_schema());
        check(part.key_schema(), key)?;
        let (mut unwanted, limit) = (Vec::new(), limit_of(limit)?);
        let value = if old.is_null() && old_size == 0 {
            unwanted.resize(usize::try_from(part.schema().size()).unwrap_or(usize::MAX), 0);
            &mut unwanted[..]
        } else {
            output!(old, old_size, part.schema())
        };
        match part.remove_bytes(key, value, limit) {
            Ok(true) => Ok(()),
            Ok(false) => Err(NO_KEY),
            // The key is removed, and the caller does not ask for its value.
            Err(DynamicError::InvalidValue(_)) if old.is_null() => Ok(()),
            Err(error) => Err(error.into()),
        }
    })
}

/// Writes 1 to `is_there` if a key is in a `Map`, and 0 if not.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE if the key is not valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_map_contains(
    part: *const shmstore_part,
    key: *const c_void,
    key_size: usize,
    is_there: *mut i32,
) -> shmstore_code {
    call(|| {
        let part = map(handle!(part))?;
        optional!(is_there = i32::from(part.contains_bytes(input!(key, key_size, part.key_schema()))?));
        Ok(())
    })
}

/// Returns the number of keys of a `Map`. 0 after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_map_len(part: *const shmstore_part) -> u64 {
    call_or(0, || Ok(map(handle!(part))?.len() as u64))
}

/// Returns the number of keys for which a `Map` has room. 0 after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_map_capacity(part: *const shmstore_part) -> u64 {
    call_or(0, || Ok(map(handle!(part))?.capacity() as u64))
}

/// Returns how often keys of a `Map` were inserted and removed, for shmstore_wait. 0 after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_map_changes(part: *const shmstore_part) -> u64 {
    call_or(0, || Ok(map(handle!(part))?.changes()))
}
