//! The arguments of calls, as C passes them.
//!
//! # Safety
//!
//! Assumes what the page of this library says of pointers. Promises references that live no longer than the call, as
//! each function uses the macros in its own body.

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;
use std::time::Duration;
use std::{ptr, slice};

use shmstore::dynamic::{DynamicError, Limit};
use shmstore::inspect::FieldPath;
use shmstore::schema::OwnedSchema;

use crate::error::Failure;
use crate::handle::{Handle, Opaque};

/// The content of a handle, for reading or for one thread at a time.
macro_rules! handle {
    ($handle:ident) => {{
        // SAFETY: NULL, or a handle that is not closed, by the rules of the header.
        unsafe { $crate::arguments::handle($handle) }?
    }};
    (mut $handle:ident) => {{
        // SAFETY: as above, and no other thread uses it.
        unsafe { $crate::arguments::handle_mut($handle) }?
    }};
}

/// Bytes of a value that C passes. Refuses any size but that of the type.
macro_rules! input {
    ($bytes:ident, $size:ident, $schema:expr) => {{
        let len = $crate::arguments::len_of($size, $schema)?;
        // SAFETY: NULL, or so many bytes, by the rules of the header.
        unsafe { $crate::arguments::input($bytes, len) }?
    }};
}

/// Bytes of a value for C to receive. Refuses any size but that of the type.
macro_rules! output {
    ($bytes:ident, $size:ident, $schema:expr) => {{
        let len = $crate::arguments::len_of($size, $schema)?;
        // SAFETY: NULL, or so many bytes that nothing else uses, by the rules of the header.
        unsafe { $crate::arguments::output($bytes, len) }?
    }};
}

/// A text of C.
macro_rules! text {
    ($text:ident) => {{
        // SAFETY: NULL, or a text that ends with a zero, by the rules of the header.
        unsafe { $crate::arguments::text($text, stringify!($text)) }?
    }};
}

/// A call that makes a handle or a text. C receives NULL after any error. A place that is NULL is refused first.
macro_rules! made {
    ($place:ident = $made:expr) => {
        $crate::call::call(|| {
            // SAFETY: NULL, or a place for the result, by the rules of the header.
            let place = unsafe { $crate::arguments::place($place) }?;
            let place = place.ok_or_else(|| $crate::arguments::null(stringify!($place)))?;
            place.write(std::ptr::null_mut());
            place.write($made);
            Ok(())
        })
    };
}

/// Writes a result, if C wants to have it.
macro_rules! optional {
    ($place:ident = $result:expr) => {{
        // SAFETY: NULL, or a place for the result, by the rules of the header.
        let place = unsafe { $crate::arguments::place($place) }?;
        let result = $result;
        if let Some(place) = place {
            place.write(result);
        }
    }};
}

/// Closes a handle, and returns the result of the call.
macro_rules! close {
    ($handle:ident) => {{
        // SAFETY: NULL, or a handle that no other thread uses and that is not used any more, by the rules of the
        // header.
        unsafe { $crate::handle::take($handle) }.map(drop)
    }};
}

/// Takes a handle, which may not be NULL.
macro_rules! taken {
    ($handle:ident) => {{
        // SAFETY: as for `close`.
        let taken = unsafe { $crate::handle::take($handle) }?;
        taken.ok_or_else(|| $crate::arguments::null(stringify!($handle)))?.inner
    }};
}

/// Takes a handle that belongs to a thread. In another thread it stays as it is.
macro_rules! owned {
    ($handle:ident) => {{
        handle!($handle).check()?;
        taken!($handle).into_inner()
    }};
}

/// Values in a row.
macro_rules! list {
    ($first:ident, $count:ident) => {{
        // SAFETY: NULL, or so many values, by the rules of the header.
        unsafe { $crate::arguments::list($first, $count) }?
    }};
    (mut $first:ident, $count:ident) => {{
        // SAFETY: as above, and nothing else uses them.
        unsafe { $crate::arguments::list_mut($first, $count) }?
    }};
}

/// Elements of frames, of which so many fit.
macro_rules! elements {
    ($first:ident, $size:ident) => {{
        // SAFETY: NULL, or so many bytes, by the rules of the header.
        unsafe { $crate::arguments::input($first, $size) }?
    }};
}

/// The error for a pointer that is NULL.
pub(crate) fn null(name: &str) -> Failure {
    Failure::argument(format!("`{name}` is NULL: pass a pointer"))
}

/// # Safety
///
/// The pointer is NULL, or comes from [`give`](crate::handle::give) and is not closed while `'a` lasts. It may be a
/// handle of another type.
pub(crate) unsafe fn handle<'a, O: Opaque>(handle: *const O) -> Result<&'a O::Inner, Failure> {
    let handle = handle.cast::<Handle<O::Inner>>();
    // SAFETY: as the caller promises.
    unsafe { check_tag::<O>(handle.cast()) }?;
    // SAFETY: it is a handle of this type, as its tag says.
    Ok(unsafe { &(*handle).inner })
}

/// # Safety
///
/// As for [`handle`], and nothing else uses the handle while `'a` lasts.
pub(crate) unsafe fn handle_mut<'a, O: Opaque>(handle: *mut O) -> Result<&'a mut O::Inner, Failure> {
    let handle = handle.cast::<Handle<O::Inner>>();
    // SAFETY: as the caller promises.
    unsafe { check_tag::<O>(handle.cast_const().cast()) }?;
    // SAFETY: it is a handle of this type, as its tag says.
    Ok(unsafe { &mut (*handle).inner })
}

/// # Safety
///
/// The pointer is NULL, or not aligned for a handle, or points to at least 8 bytes.
unsafe fn check_tag<O: Opaque>(tag: *const u64) -> Result<(), Failure> {
    let wrong = |what: &str| Failure::argument(format!("{what} was passed where {} is expected", O::NAME));
    if tag.is_null() {
        return Err(wrong("NULL"));
    }
    // SAFETY: aligned, and 8 bytes, by the caller.
    if !tag.is_aligned() || unsafe { tag.read() } != O::TAG {
        return Err(wrong("another handle"));
    }
    Ok(())
}

/// The size of a type, if C passes it.
pub(crate) fn len_of(found: usize, schema: &OwnedSchema) -> Result<usize, Failure> {
    let expected = usize::try_from(schema.size()).unwrap_or(usize::MAX);
    if found == expected { Ok(found) } else { Err(DynamicError::Length { expected, found }.into()) }
}

/// # Safety
///
/// The pointer is NULL, or there are `len` bytes that nothing changes while `'a` lasts.
pub(crate) unsafe fn input<'a>(bytes: *const c_void, len: usize) -> Result<&'a [u8], Failure> {
    let bytes = non_null(bytes.cast_mut(), len)?;
    // SAFETY: so many bytes by the caller, or none.
    Ok(unsafe { slice::from_raw_parts(bytes, len) })
}

/// # Safety
///
/// The pointer is NULL, or there are `len` bytes that nothing else uses while `'a` lasts. What C has not initialized
/// has unknown bytes, as everything that C writes.
pub(crate) unsafe fn output<'a>(bytes: *mut c_void, len: usize) -> Result<&'a mut [u8], Failure> {
    let bytes = non_null(bytes, len)?;
    // SAFETY: so many bytes by the caller, or none.
    Ok(unsafe { slice::from_raw_parts_mut(bytes, len) })
}

/// Of a value without bytes, the pointer may be NULL.
fn non_null(bytes: *mut c_void, len: usize) -> Result<*mut u8, Failure> {
    match (bytes.is_null(), len) {
        (false, _) => Ok(bytes.cast()),
        (true, 0) => Ok(ptr::NonNull::dangling().as_ptr()),
        (true, _) => Err(Failure::argument(format!("NULL was passed for {len} bytes: pass a pointer to them"))),
    }
}

/// # Safety
///
/// The pointer is NULL, or there is a text that ends with a zero, which nothing changes while `'a` lasts.
pub(crate) unsafe fn text<'a>(text: *const c_char, name: &str) -> Result<&'a str, Failure> {
    if text.is_null() {
        return Err(null(name));
    }
    // SAFETY: a text that ends with a zero, by the caller.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|_| Failure::argument(format!("`{name}` is not UTF-8")))
}

/// # Safety
///
/// The pointer is NULL, or there is a place for a `T` that nothing else uses while `'a` lasts.
pub(crate) unsafe fn place<'a, T>(place: *mut T) -> Result<Option<&'a mut MaybeUninit<T>>, Failure> {
    if !place.is_aligned() {
        return Err(Failure::argument("a pointer for a result is not aligned".into()));
    }
    // SAFETY: as the caller promises. The place need not be initialized.
    Ok(unsafe { place.cast::<MaybeUninit<T>>().as_mut() })
}

/// # Safety
///
/// The pointer is NULL, or there are `count` values that nothing changes while `'a` lasts.
pub(crate) unsafe fn list<'a, T>(first: *const T, count: usize) -> Result<&'a [T], Failure> {
    check_list(first, count)?;
    // SAFETY: so many values by the caller, and they fit into memory.
    Ok(unsafe { slice::from_raw_parts(first, count) })
}

/// # Safety
///
/// The pointer is NULL, or there are `count` values that nothing else uses while `'a` lasts.
pub(crate) unsafe fn list_mut<'a, T>(first: *mut T, count: usize) -> Result<&'a mut [T], Failure> {
    check_list(first, count)?;
    // SAFETY: so many values by the caller, and they fit into memory.
    Ok(unsafe { slice::from_raw_parts_mut(first, count) })
}

fn check_list<T>(first: *const T, count: usize) -> Result<(), Failure> {
    if first.is_null() || !first.is_aligned() || count > isize::MAX as usize / size_of::<T>().max(1) {
        return Err(Failure::argument(format!("a list of {count} is NULL, not aligned, or larger than memory")));
    }
    Ok(())
}

/// A path to a field.
pub(crate) fn path_of(path: &str) -> Result<FieldPath, Failure> {
    Ok(path.parse::<FieldPath>()?)
}

/// A time limit in nanoseconds.
pub(crate) fn limit_of(nanoseconds: i64) -> Result<Limit, Failure> {
    match (nanoseconds, u64::try_from(nanoseconds)) {
        (0, _) => Ok(Limit::Never),
        (_, Ok(nanoseconds)) => Ok(Limit::Within(Duration::from_nanos(nanoseconds))),
        (-1, _) => Ok(Limit::Forever),
        _ => Err(Failure::argument(format!(
            "a time limit of {nanoseconds} ns: pass 0 to not wait, -1 (SHMSTORE_FOREVER) to wait forever, or a \
             number of nanoseconds"
        ))),
    }
}
