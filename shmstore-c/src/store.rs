//! Stores.

use std::ffi::c_char;

use shmstore::Store;

use crate::call::call;
use crate::code::shmstore_code;
use crate::error::Failure;
use crate::handle::{give, shmstore_store};

/// The time limit of a call that waits forever. Other limits are numbers of nanoseconds, and 0 is a call that does not
/// wait.
pub const SHMSTORE_FOREVER: i64 = -1;

/// Returns the version of this library, such as `0.1.0`. The text stays forever.
#[unsafe(no_mangle)]
pub extern "C" fn shmstore_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Opens an existing store. `path` is its directory or file. The store of a name in a directory is the file
/// `DIRECTORY/NAME.shm`. Close it with shmstore_store_close.
///
/// Errors: SHMSTORE_NOT_FOUND, SHMSTORE_ACCESS_DENIED, also if any user may write the directory or if its owner is not
/// trusted, SHMSTORE_BAD_ARGUMENT if the path is empty, is not UTF-8, or leads to something that is neither a directory
/// nor a file, SHMSTORE_SYSTEM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_store_open(path: *const c_char, store: *mut *mut shmstore_store) -> shmstore_code {
    made!(store = give(Store::open(text!(path))?))
}

/// Opens the store at a path, and makes a directory if nothing is there. `mode` has the permission bits of the objects
/// that this store makes, such as 0660 for a group. 0 is for 0600. A new directory has a search bit for each read bit,
/// too, such as 0770, and only its owner and its group may write it. Close it with shmstore_store_close.
///
/// Errors: those of shmstore_store_open, SHMSTORE_BAD_ARGUMENT if the mode has other bits than 0666, or if a file is in
/// the place of a directory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_store_create(
    path: *const c_char,
    mode: u32,
    store: *mut *mut shmstore_store,
) -> shmstore_code {
    made!(
        store = {
            let options = if mode == 0 { Store::options() } else { Store::options().mode(mode) };
            give(options.open_or_create(text!(path))?)
        }
    )
}

/// Removes the object with this type-id-char, such as 'T'. Processes that have it attached keep it.
///
/// Errors: SHMSTORE_NOT_FOUND, SHMSTORE_ACCESS_DENIED, SHMSTORE_BUSY if another process creates or migrates an object
/// of the store for more than 5 s, SHMSTORE_UNUSABLE if the segment belongs to another program, SHMSTORE_BAD_ARGUMENT
/// if `id` is not a printable character of ASCII, SHMSTORE_SYSTEM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_store_remove(store: *const shmstore_store, id: c_char) -> shmstore_code {
    call(|| Ok(handle!(store).remove_id(id_of(id)?)?))
}

/// Closes a store. Its objects stay, and stay attached. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_store_close(store: *mut shmstore_store) -> shmstore_code {
    call(|| close!(store))
}

/// The letter of an object.
pub(crate) fn id_of(id: c_char) -> Result<char, Failure> {
    match u8::try_from(id).map(char::from) {
        Ok(id) if matches!(id, ' '..='~') => Ok(id),
        _ => {
            Err(Failure::argument(format!("a type-id-char of {id}: pass a printable character of ASCII, such as 'T'")))
        }
    }
}
