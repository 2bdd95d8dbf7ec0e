//! Frames.

use std::ffi::c_void;
use std::ptr;

use crate::arguments::limit_of;
use crate::call::{call, call_or};
use crate::code::shmstore_code::{self, SHMSTORE_EMPTY, SHMSTORE_FULL, SHMSTORE_WRONG_SIZE};
use crate::error::Failure;
use crate::handle::{give, shmstore_loan, shmstore_part, shmstore_pin};
use crate::part::frames;

const NO_FRAME: Failure =
    Failure::fixed(SHMSTORE_EMPTY, "there is no such frame: it was not published yet, or is overwritten");

/// Returns the most elements of a frame. 0 after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_frames_capacity(part: *const shmstore_part) -> u64 {
    call_or(0, || Ok(frames(handle!(part))?.capacity() as u64))
}

/// Returns the number of the newest frame. 0 if there is none, or after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_frames_newest_number(part: *const shmstore_part) -> u64 {
    call_or(0, || Ok(frames(handle!(part))?.newest_number()))
}

/// Loans a slot of `Frames` to fill. One is waited for until the limit, in nanoseconds. End it with
/// shmstore_loan_publish or shmstore_loan_return. If the process is killed before, the slot is free again.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_FULL if every slot has the newest frame, is pinned, or is being filled,
/// SHMSTORE_BUSY if another process loans or publishes a frame until the limit, SHMSTORE_REMOVED, which only a call
/// notices that has to wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_frames_loan(
    part: *const shmstore_part,
    limit: i64,
    loan: *mut *mut shmstore_loan,
) -> shmstore_code {
    made!(
        loan = {
            let part = frames(handle!(part))?;
            give(part.loan(limit_of(limit)?)?)
        }
    )
}

/// Returns the address of the first element of a slot that is filled, aligned to at least 64 bytes. There is room for
/// shmstore_frames_capacity elements, until the loan ends. NULL after an error. Set the number of elements by
/// shmstore_loan_set_len.
///
/// No function checks elements that are written there, also shmstore_loan_publish does not. For a type with bool, char
/// or enums use shmstore_loan_write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_loan_pointer(loan: *mut shmstore_loan) -> *mut c_void {
    call_or(ptr::null_mut(), || Ok(handle!(mut loan).as_mut_ptr()?.cast()))
}

/// Sets the number of elements of a frame. Elements that were not written have the bytes of an earlier frame, or zeros,
/// and are published with the others.
///
/// Errors: SHMSTORE_FULL if there is no room for so many.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_loan_set_len(loan: *mut shmstore_loan, len: u64) -> shmstore_code {
    call(|| Ok(handle!(mut loan).set_len(usize::try_from(len).unwrap_or(usize::MAX))?))
}

/// Sets the metadata of a frame, of `size` bytes. Without this call, all its bytes are zero.
///
/// Errors: SHMSTORE_WRONG_SIZE, SHMSTORE_INVALID_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_loan_set_meta(
    loan: *mut shmstore_loan,
    meta: *const c_void,
    size: usize,
) -> shmstore_code {
    call(|| {
        let loan = handle!(mut loan);
        let meta = input!(meta, size, loan.frames().meta_schema());
        Ok(loan.set_meta_bytes(meta)?)
    })
}

/// Copies `size` bytes of elements to index `at` of a frame, and those after it. The frame grows, if it has to.
///
/// Errors: SHMSTORE_WRONG_SIZE if `size` is not a multiple of the size of an element, SHMSTORE_FULL,
/// SHMSTORE_INVALID_VALUE if an element is not valid, SHMSTORE_OF_PARENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_loan_write(
    loan: *mut shmstore_loan,
    at: u64,
    elements: *const c_void,
    size: usize,
) -> shmstore_code {
    call(|| {
        let loan = handle!(mut loan);
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let (capacity, of) = (loan.frames().capacity(), loan.frames().schema().size().max(1) as usize);
        if size % of != 0 {
            let text = format!("{size} bytes of elements of {of} bytes: pass a multiple");
            return Err(Failure::new(SHMSTORE_WRONG_SIZE, text));
        }
        if size / of > capacity.saturating_sub(at) {
            let text = format!("{} elements from index {at} on: a frame has room for {capacity}", size / of);
            return Err(Failure::new(SHMSTORE_FULL, text));
        }
        Ok(loan.write_at(at, elements!(elements, size))?)
    })
}

/// Publishes a frame as the newest one. `number` receives its number, which counts from 1. It may be NULL. This frees
/// the handle, also after an error. The elements are not checked: see shmstore_loan_pointer.
///
/// Errors: SHMSTORE_LOST if this process no longer has the slot, SHMSTORE_OF_PARENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_loan_publish(loan: *mut shmstore_loan, number: *mut u64) -> shmstore_code {
    call(|| {
        optional!(number = taken!(loan).publish()?);
        Ok(())
    })
}

/// Returns a slot without a frame, and frees the handle. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_loan_return(loan: *mut shmstore_loan) -> shmstore_code {
    call(|| close!(loan))
}

/// Pins the newest frame. No process overwrites it until shmstore_pin_release.
///
/// Errors: SHMSTORE_WRONG_PART, SHMSTORE_EMPTY if there is none, SHMSTORE_FULL if all 64 pins of this part, of all
/// processes, are in use, SHMSTORE_DISTURBED, SHMSTORE_INVALID_VALUE if the metadata is not valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_frames_pin_newest(
    part: *const shmstore_part,
    pin: *mut *mut shmstore_pin,
) -> shmstore_code {
    made!(
        pin = {
            let part = frames(handle!(part))?;
            give(part.pin_newest()?.ok_or(NO_FRAME)?)
        }
    )
}

/// Pins the frame with this number. No process overwrites it until shmstore_pin_release.
///
/// Errors: those of shmstore_frames_pin_newest, SHMSTORE_EMPTY if the frame is not there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_frames_pin(
    part: *const shmstore_part,
    number: u64,
    pin: *mut *mut shmstore_pin,
) -> shmstore_code {
    made!(
        pin = {
            let part = frames(handle!(part))?;
            give(part.pin(number)?.ok_or(NO_FRAME)?)
        }
    )
}

/// Pins the newest frame, once it has a higher number than `seen`. It is waited for until the limit, in nanoseconds. No
/// process overwrites it until shmstore_pin_release.
///
/// Errors: those of shmstore_frames_pin_newest, SHMSTORE_TIMEOUT if none came, SHMSTORE_REMOVED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_frames_wait_newer(
    part: *const shmstore_part,
    seen: u64,
    limit: i64,
    pin: *mut *mut shmstore_pin,
) -> shmstore_code {
    made!(
        pin = {
            let part = frames(handle!(part))?;
            give(part.wait_newer(seen, limit_of(limit)?)?)
        }
    )
}

/// Returns the address of the first element of a frame, aligned to at least 64 bytes. There are shmstore_pin_len
/// elements, until the pin is released. Their bytes are not checked. NULL after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_pin_pointer(pin: *const shmstore_pin) -> *const c_void {
    call_or(ptr::null(), || Ok(handle!(pin).as_ptr().cast()))
}

/// Returns the number of elements of a frame. 0 after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_pin_len(pin: *const shmstore_pin) -> u64 {
    call_or(0, || Ok(handle!(pin).len() as u64))
}

/// Returns the number of a frame, which counts from 1. 0 after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_pin_number(pin: *const shmstore_pin) -> u64 {
    call_or(0, || Ok(handle!(pin).number()))
}

/// Returns how many frames were published between `seen` of shmstore_frames_wait_newer and this frame. 0 after another
/// call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_pin_missed(pin: *const shmstore_pin) -> u64 {
    call_or(0, || Ok(handle!(pin).missed()))
}

/// Copies the metadata of a frame to `meta`, which has `size` bytes.
///
/// Errors: SHMSTORE_WRONG_SIZE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_pin_meta(pin: *const shmstore_pin, meta: *mut c_void, size: usize) -> shmstore_code {
    call(|| {
        let pin = handle!(pin);
        output!(meta, size, pin.meta_schema()).copy_from_slice(pin.meta_bytes());
        Ok(())
    })
}

/// Returns 1 if a pin is still there, and 0 if not or after an error. A pin is lost if another process believed that
/// this one was dead. Then the elements may have been overwritten.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_pin_is_intact(pin: *const shmstore_pin) -> i32 {
    call_or(0, || Ok(handle!(pin).is_intact().into()))
}

/// Releases a pin, and frees the handle. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_pin_release(pin: *mut shmstore_pin) -> shmstore_code {
    call(|| close!(pin))
}
