//! `Versioned` parts.

use std::ffi::c_void;

use crate::arguments::limit_of;
use crate::call::{call, call_or};
use crate::code::shmstore_code;
use crate::handle::shmstore_part;
use crate::part::versioned;

/// Copies the newest version of a `Versioned` to `value`, which has the `size` bytes of its type. The copy is always
/// whole. `version` receives its number, and may be NULL.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE if the bytes in shared memory are not a
/// valid value, SHMSTORE_DISTURBED if no copy was whole within a second.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_versioned_load(
    part: *const shmstore_part,
    value: *mut c_void,
    size: usize,
    version: *mut u64,
) -> shmstore_code {
    call(|| {
        let part = versioned(handle!(part))?;
        optional!(version = part.load_bytes(output!(value, size, part.schema()))?);
        Ok(())
    })
}

/// Makes a value of `size` bytes the newest version of a `Versioned`. Other writers are waited for until the limit, in
/// nanoseconds. `version` receives its number, and may be NULL.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE, SHMSTORE_BUSY, SHMSTORE_DEADLOCK if this
/// thread has a transaction on it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_versioned_store(
    part: *const shmstore_part,
    value: *const c_void,
    size: usize,
    limit: i64,
    version: *mut u64,
) -> shmstore_code {
    call(|| {
        let part = versioned(handle!(part))?;
        optional!(version = part.store_bytes(input!(value, size, part.schema()), limit_of(limit)?)?);
        Ok(())
    })
}

/// Returns the number of the newest version of a `Versioned`, which counts the stores from 0. 0 after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_versioned_version(part: *const shmstore_part) -> u64 {
    call_or(0, || Ok(versioned(handle!(part))?.version()))
}
