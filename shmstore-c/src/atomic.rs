//! Atomics.

use std::ffi::c_void;

use crate::call::call;
use crate::code::shmstore_code;
use crate::error::Failure;
use crate::handle::shmstore_part;
use crate::object::bits_of;
use crate::part::atomic;

/// Copies the value of an atomic to `value`, which has `size` bytes: at most 8, and exactly those of the type. All
/// functions of atomics have acquire ordering. Those that store have release ordering, too.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_atomic_load(
    part: *const shmstore_part,
    value: *mut c_void,
    size: usize,
) -> shmstore_code {
    call(|| {
        let part = atomic(handle!(part))?;
        Ok(part.load_bytes(output!(value, size, part.schema()))?)
    })
}

/// Stores a value of `size` bytes in an atomic.
///
/// Errors: those of shmstore_atomic_load.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_atomic_store(
    part: *const shmstore_part,
    value: *const c_void,
    size: usize,
) -> shmstore_code {
    call(|| {
        let part = atomic(handle!(part))?;
        Ok(part.store_bytes(input!(value, size, part.schema()))?)
    })
}

/// Stores a value of `size` bytes in an atomic, and copies the old one to `old`, which has as many.
///
/// Errors: those of shmstore_atomic_load. If the old bytes are not a valid value, the new value is stored all the same.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_atomic_swap(
    part: *const shmstore_part,
    value: *const c_void,
    old: *mut c_void,
    size: usize,
) -> shmstore_code {
    call(|| {
        let part = atomic(handle!(part))?;
        // A copy, as C may pass one place for both.
        let value = input!(value, size, part.schema()).to_vec();
        Ok(part.swap_bytes(&value, output!(old, size, part.schema()))?)
    })
}

/// Stores `value` in an atomic if it has the value `expected`. Otherwise it copies the value that it has to `expected`.
/// Both have `size` bytes. `exchanged` receives 1 if the value was stored, and 0 if not. It may be NULL.
///
/// Errors: those of shmstore_atomic_load. Then nothing was stored, and `expected` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_atomic_compare_exchange(
    part: *const shmstore_part,
    expected: *mut c_void,
    value: *const c_void,
    size: usize,
    exchanged: *mut i32,
) -> shmstore_code {
    call(|| {
        let part = atomic(handle!(part))?;
        let value = input!(value, size, part.schema()).to_vec();
        let expected = output!(expected, size, part.schema());
        optional!(
            exchanged = {
                let found = part.update_bytes(|bytes| {
                    let found = bytes.to_vec();
                    if found == *expected {
                        bytes.copy_from_slice(&value);
                    }
                    Ok::<_, Failure>(found)
                })?;
                let is_exchanged = found == *expected;
                expected.copy_from_slice(&found);
                i32::from(is_exchanged)
            }
        );
        Ok(())
    })
}

/// Adds a number to an atomic integer, modulo 2 to the power of its bits. `old` receives the value before, and may be
/// NULL. Convert it to int64_t if the integer is signed.
///
/// Errors: SHMSTORE_WRONG_PART if it is not an atomic integer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_atomic_fetch_add(
    part: *const shmstore_part,
    by: i64,
    old: *mut u64,
) -> shmstore_code {
    call(|| {
        optional!(old = bits_of(&atomic(handle!(part))?.fetch_add(by.into())?)?);
        Ok(())
    })
}
