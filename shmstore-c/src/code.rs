//! The results of calls.

use std::ffi::{CStr, c_char};

/// The result of a call. The numbers do not change.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum shmstore_code {
    /// The call did what it is for.
    SHMSTORE_OK = 0,
    /// An argument is wrong: a pointer is NULL, a handle is of another type, a time is negative, a text is not UTF-8.
    SHMSTORE_BAD_ARGUMENT = 1,
    /// A path is not that of a field.
    SHMSTORE_NO_FIELD = 2,
    /// The part is of another kind, or the path leads to no part.
    SHMSTORE_WRONG_PART = 3,
    /// A size in bytes is not that of the type.
    SHMSTORE_WRONG_SIZE = 4,
    /// The type in shared memory is not the one of this program, or a schema is not that of an object.
    SHMSTORE_WRONG_LAYOUT = 5,
    /// Bytes or a text are not a valid value of their type.
    SHMSTORE_INVALID_VALUE = 6,
    /// There is no such store or object.
    SHMSTORE_NOT_FOUND = 7,
    /// The key is not in the map.
    SHMSTORE_NO_KEY = 8,
    /// There is an object already.
    SHMSTORE_EXISTS = 9,
    /// This process has no permission, or does not trust the owner.
    SHMSTORE_ACCESS_DENIED = 10,
    /// Another thread or process has the part until the limit, or creates or migrates the object for more than 5 s.
    SHMSTORE_BUSY = 11,
    /// This very thread has the part, and would wait for itself.
    SHMSTORE_DEADLOCK = 12,
    /// The change did not come within the limit.
    SHMSTORE_TIMEOUT = 13,
    /// There is no item, no frame, or no other entry within the limit.
    SHMSTORE_EMPTY = 14,
    /// There is no room within the limit, or not for so many elements.
    SHMSTORE_FULL = 15,
    /// A subscriber was too slow, and has missed items. The next call receives a later item.
    SHMSTORE_LAGGED = 16,
    /// An owner of a lock died, or ended by an error, and no process has repaired its changes since. The data that the
    /// lock guards may be half-changed.
    SHMSTORE_OWNER_DIED = 17,
    /// The object was removed, or its anchor no longer exists. Attach again.
    SHMSTORE_REMOVED = 18,
    /// This process no longer has the item or the slot.
    SHMSTORE_LOST = 19,
    /// A transaction or a guard belongs to the thread that made it.
    SHMSTORE_OTHER_THREAD = 20,
    /// The handle belongs to the parent of this forked process.
    SHMSTORE_OF_PARENT = 21,
    /// No copy was whole, because processes store without a pause. Try again.
    SHMSTORE_DISTURBED = 22,
    /// A callback returned a number other than 0. Nothing has changed.
    SHMSTORE_STOPPED = 23,
    /// The object is there, and cannot be used: it is damaged or abandoned, belongs to another program, has no free
    /// slot for this process, or a migration of it was interrupted.
    SHMSTORE_UNUSABLE = 24,
    /// The system refused something, such as memory.
    SHMSTORE_SYSTEM = 25,
    /// An error in this library, which is reported here instead of ending the program.
    SHMSTORE_INTERNAL = 26,
    /// The object is a copy of another machine's, and another process keeps it. It can only be read.
    SHMSTORE_MIRRORED = 27,
}

use shmstore_code::*;

impl shmstore_code {
    /// All codes, with their names.
    pub(crate) const ALL: [(Self, &'static CStr); 28] = [
        (SHMSTORE_OK, c"SHMSTORE_OK"),
        (SHMSTORE_BAD_ARGUMENT, c"SHMSTORE_BAD_ARGUMENT"),
        (SHMSTORE_NO_FIELD, c"SHMSTORE_NO_FIELD"),
        (SHMSTORE_WRONG_PART, c"SHMSTORE_WRONG_PART"),
        (SHMSTORE_WRONG_SIZE, c"SHMSTORE_WRONG_SIZE"),
        (SHMSTORE_WRONG_LAYOUT, c"SHMSTORE_WRONG_LAYOUT"),
        (SHMSTORE_INVALID_VALUE, c"SHMSTORE_INVALID_VALUE"),
        (SHMSTORE_NOT_FOUND, c"SHMSTORE_NOT_FOUND"),
        (SHMSTORE_NO_KEY, c"SHMSTORE_NO_KEY"),
        (SHMSTORE_EXISTS, c"SHMSTORE_EXISTS"),
        (SHMSTORE_ACCESS_DENIED, c"SHMSTORE_ACCESS_DENIED"),
        (SHMSTORE_BUSY, c"SHMSTORE_BUSY"),
        (SHMSTORE_DEADLOCK, c"SHMSTORE_DEADLOCK"),
        (SHMSTORE_TIMEOUT, c"SHMSTORE_TIMEOUT"),
        (SHMSTORE_EMPTY, c"SHMSTORE_EMPTY"),
        (SHMSTORE_FULL, c"SHMSTORE_FULL"),
        (SHMSTORE_LAGGED, c"SHMSTORE_LAGGED"),
        (SHMSTORE_OWNER_DIED, c"SHMSTORE_OWNER_DIED"),
        (SHMSTORE_REMOVED, c"SHMSTORE_REMOVED"),
        (SHMSTORE_LOST, c"SHMSTORE_LOST"),
        (SHMSTORE_OTHER_THREAD, c"SHMSTORE_OTHER_THREAD"),
        (SHMSTORE_OF_PARENT, c"SHMSTORE_OF_PARENT"),
        (SHMSTORE_DISTURBED, c"SHMSTORE_DISTURBED"),
        (SHMSTORE_STOPPED, c"SHMSTORE_STOPPED"),
        (SHMSTORE_UNUSABLE, c"SHMSTORE_UNUSABLE"),
        (SHMSTORE_SYSTEM, c"SHMSTORE_SYSTEM"),
        (SHMSTORE_INTERNAL, c"SHMSTORE_INTERNAL"),
        (SHMSTORE_MIRRORED, c"SHMSTORE_MIRRORED"),
    ];
}

/// Returns the name of a code, such as `SHMSTORE_BUSY`. `SHMSTORE_?` for any other number. The text stays forever.
#[unsafe(no_mangle)]
pub extern "C" fn shmstore_code_name(code: i32) -> *const c_char {
    let found = shmstore_code::ALL.iter().find(|(of, _)| *of as i32 == code);
    found.map_or(c"SHMSTORE_?", |(_, name)| name).as_ptr()
}
