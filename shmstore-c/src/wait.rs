//! Waiting for changes of parts.

use std::ffi::c_void;

use shmstore::dynamic::{Limit, Part, Wait};
use shmstore::{Awaitable, wait_any};
use std::time::Duration;

use crate::arguments::limit_of;
use crate::call::call;
use crate::code::shmstore_code::{self, SHMSTORE_WRONG_PART};
use crate::error::Failure;
use crate::handle::shmstore_part;

/// A change to wait for. Set all of it to zero first, then what is needed.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct shmstore_change {
    /// The part. Its kind decides which change is waited for:
    ///
    /// - `Versioned`: a version with a higher number than `seen`.
    /// - `Event`: more than `seen` notifications.
    /// - `Queue`: an item, or a free slot if `not_full` is not 0.
    /// - `Broadcast`: the item with the number `seen`. Pass the position of a subscriber.
    /// - `Map`: more than `seen` insertions and removals. With a key, a version of its value higher than `seen`.
    /// - `Frames`: a frame with a higher number than `seen`.
    pub part: *const shmstore_part,
    /// The number that the caller has seen.
    pub seen: u64,
    /// The key of a `Map`. NULL for any key.
    pub key: *const c_void,
    /// The size of the key in bytes. 0 without a key.
    pub key_size: usize,
    /// Not 0 to wait for a free slot of a `Queue`.
    pub not_full: i32,
    /// Receives 1 if the change is there, and 0 if not.
    pub is_there: i32,
}

/// Waits for a change of a part: a version, a notification, an item, a frame. See shmstore_change for what `seen` is.
/// For a free slot or a key of a map, use shmstore_wait_any. The change is waited for until the limit, in nanoseconds.
/// Load the value afterwards: another process may take an item first.
///
/// Errors: SHMSTORE_TIMEOUT, SHMSTORE_REMOVED, SHMSTORE_WRONG_PART if there is nothing to wait for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_wait(part: *const shmstore_part, seen: u64, limit: i64) -> shmstore_code {
    call(|| Ok(simple(handle!(part), seen, false)?.wait(limit_of(limit)?)?))
}

/// Waits for at least one of `count` changes, of any objects. Their `is_there` say which are there. They are waited for
/// until the limit, in nanoseconds.
///
/// Errors: SHMSTORE_TIMEOUT, SHMSTORE_REMOVED if one will not come, SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE or
/// SHMSTORE_INVALID_VALUE of a key, SHMSTORE_BAD_ARGUMENT if `count` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_wait_any(changes: *mut shmstore_change, count: usize, limit: i64) -> shmstore_code {
    call(|| {
        let limit = match limit_of(limit)? {
            Limit::Forever => Duration::MAX,
            Limit::Never => Duration::ZERO,
            Limit::Within(time) => time,
        };
        if count == 0 {
            return Err(Failure::argument("there is nothing to wait for: `count` is 0".into()));
        }
        let changes = list!(mut changes, count);
        changes.iter_mut().for_each(|change| change.is_there = 0);
        let waits = changes.iter().map(wait_of).collect::<Result<Vec<_>, _>>()?;
        let awaited: Vec<&dyn Awaitable> = waits.iter().map(|wait| wait as _).collect();
        for index in wait_any(&awaited, limit)? {
            changes[index].is_there = 1;
        }
        Ok(())
    })
}

fn wait_of(change: &shmstore_change) -> Result<Wait, Failure> {
    let &shmstore_change { part, seen, key, key_size, not_full, .. } = change;
    match handle!(part) {
        Part::Map(map) if !key.is_null() || key_size > 0 => {
            Ok(map.newer_bytes(input!(key, key_size, map.key_schema()), seen)?)
        }
        part => simple(part, seen, not_full != 0),
    }
}

fn simple(part: &Part, seen: u64, not_full: bool) -> Result<Wait, Failure> {
    match part {
        Part::Versioned(part) => Ok(part.newer(seen)),
        Part::Event(part) => Ok(part.past(seen)),
        Part::Queue(part) if not_full => Ok(part.not_full()),
        Part::Queue(part) => Ok(part.not_empty()),
        Part::Broadcast(part) => Ok(part.subscribe_from(seen).not_empty()),
        Part::Map(part) => Ok(part.changed(seen)),
        Part::Frames(part) => Ok(part.newer(seen)),
        _ => Err(Failure::fixed(
            SHMSTORE_WRONG_PART,
            "atomics and locks are not waited for: use a `Versioned` or an `Event`",
        )),
    }
}
