//! Objects, and their fields by path and text.

use std::ffi::c_char;

use shmstore::dynamic::{self, Object, Options, from_text};
use shmstore::inspect::Value;
use shmstore::schema::OwnedSchema;

use crate::arguments::{limit_of, path_of};
use crate::call::{call, call_or};
use crate::code::shmstore_code;
use crate::error::Failure;
use crate::handle::{give, shmstore_object, shmstore_store};
use crate::store::id_of;
use crate::text::{json_of, lend};

/// Attaches the object with this type-id-char, such as 'T', for reading and writing. Its layout comes from its segment.
/// Close it with shmstore_object_detach.
///
/// Errors: SHMSTORE_NOT_FOUND if there is no such object yet, SHMSTORE_ACCESS_DENIED, SHMSTORE_WRONG_LAYOUT if no
/// program can write an object of this layout, SHMSTORE_MIRRORED if it is a copy of another machine's object, which
/// another process keeps, SHMSTORE_BUSY if another process creates or migrates it for more than 5 s, SHMSTORE_UNUSABLE,
/// SHMSTORE_BAD_ARGUMENT if `id` is not a printable character of ASCII, SHMSTORE_SYSTEM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_object_attach(
    store: *const shmstore_store,
    id: c_char,
    object: *mut *mut shmstore_object,
) -> shmstore_code {
    made!(object = give(Object::attach(handle!(store), id_of(id)?)?))
}

/// Creates an object, all zero, with the layout of a schema in JSON, as shmstore_object_schema writes it. `room` is the
/// total size in bytes to which the object can grow, its present fields included. 0 means that it cannot grow. A value
/// below the size of the type counts as that size. Close it with shmstore_object_detach.
///
/// Errors: SHMSTORE_EXISTS, SHMSTORE_WRONG_LAYOUT if the schema is not that of an object, SHMSTORE_SYSTEM if there is
/// not enough shared memory, or if the object is larger than memory can be, SHMSTORE_NOT_FOUND if the path of the store
/// no longer exists, SHMSTORE_BUSY if another process creates or migrates an object of the store for more than 5 s,
/// SHMSTORE_ACCESS_DENIED, SHMSTORE_UNUSABLE, SHMSTORE_BAD_ARGUMENT if `id` is not a printable character of ASCII.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_object_create(
    store: *const shmstore_store,
    schema: *const c_char,
    id: c_char,
    room: u64,
    object: *mut *mut shmstore_object,
) -> shmstore_code {
    made!(
        object = {
            let schema = OwnedSchema::from_json(text!(schema))?;
            let options = Options { id: id_of(id)?, room: Some(room).filter(|room| *room > 0) };
            give(dynamic::create(handle!(store), &schema, options)?)
        }
    )
}

/// Detaches an object, once all handles of its parts are closed, too. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_object_detach(object: *mut shmstore_object) -> shmstore_code {
    call(|| close!(object))
}

/// Returns 1 if the object was removed, and 0 if it is there, or after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_object_is_removed(object: *const shmstore_object) -> i32 {
    call_or(0, || Ok(handle!(object).is_removed().into()))
}

/// Writes the layout of an object, in JSON. Free the text with shmstore_text_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_object_schema(
    object: *const shmstore_object,
    json: *mut *mut c_char,
) -> shmstore_code {
    made!(json = lend(handle!(object).schema().to_json()))
}

/// Writes the layout hash of an object, in two halves. Headers of `shmstore schema --c` have it as
/// SHM_..._LAYOUT_HASH_HIGH and SHM_..._LAYOUT_HASH_LOW. Each of the pointers may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_object_layout(
    object: *const shmstore_object,
    high: *mut u64,
    low: *mut u64,
) -> shmstore_code {
    call(|| {
        let hash = handle!(object).schema().hash().to_u128();
        optional!(high = (hash >> 64) as u64);
        optional!(low = hash as u64);
        Ok(())
    })
}

/// Writes the value at a path, such as `position.x` or `quotes["EURUSD"].bid`, as JSON. `.` is the whole object. Free
/// the text with shmstore_text_free.
///
/// The path of a `Versioned` gives its value alone. Within the text of a larger path, such as `.`, a `Versioned` is
/// `{"version": 3, "locked": false, "value": ...}`.
///
/// Errors: SHMSTORE_NO_FIELD, SHMSTORE_NO_KEY, SHMSTORE_EMPTY if the path leads to an item or a frame that is not
/// there, SHMSTORE_INVALID_VALUE if the bytes in shared memory are not a valid value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_get_text(
    object: *const shmstore_object,
    path: *const c_char,
    text: *mut *mut c_char,
) -> shmstore_code {
    made!(text = lend(json_of(&handle!(object).load(&path_of(text!(path))?)?)?))
}

/// Stores a value at a path. The text is JSON, such as `1.5`, `[1, 2]` or `{"x": 1, "y": 2}`, or a word for a variant
/// of an enum, a char or a text. A text that begins with a quote, `[` or `{` is JSON, and no word. A path into a
/// `Versioned` or a value of a map changes this field alone. The path of a key of a map inserts the key. The function
/// waits for other writers until the limit, in nanoseconds.
///
/// Errors: SHMSTORE_NO_FIELD, SHMSTORE_NO_KEY, SHMSTORE_WRONG_PART if the path leads to something that is not stored as
/// a whole, SHMSTORE_INVALID_VALUE, SHMSTORE_BUSY, SHMSTORE_DEADLOCK, SHMSTORE_FULL if a map has no room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_set_text(
    object: *const shmstore_object,
    path: *const c_char,
    text: *const c_char,
    limit: i64,
) -> shmstore_code {
    call(|| {
        let (object, path) = (handle!(object), path_of(text!(path))?);
        let value = from_text(object.value_schema(&path)?, text!(text))?;
        Ok(object.store_within(&path, &value, limit_of(limit)?)?)
    })
}

/// Adds a number to the integer at a path, modulo 2 to the power of its bits. `old` receives the value before, and may
/// be NULL. Convert it to int64_t if the integer is signed.
///
/// An atomic integer never waits. If the path leads into a `Versioned` or the value of a key of a map, the function
/// waits for other writers without a limit.
///
/// Errors: SHMSTORE_NO_FIELD, SHMSTORE_NO_KEY, SHMSTORE_WRONG_PART if there is no integer. Of a `Versioned` or a map
/// also SHMSTORE_DEADLOCK if this thread has it, and SHMSTORE_INVALID_VALUE if its newest value is not valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_fetch_add(
    object: *const shmstore_object,
    path: *const c_char,
    by: i64,
    old: *mut u64,
) -> shmstore_code {
    call(|| {
        optional!(old = bits_of(&handle!(object).fetch_add(&path_of(text!(path))?, by.into())?)?);
        Ok(())
    })
}

/// The bits of an integer.
pub(crate) fn bits_of(value: &Value) -> Result<u64, Failure> {
    match value {
        Value::Unsigned(number) => Ok(*number),
        Value::Signed(number) => Ok(*number as u64),
        other => Err(Failure::new(shmstore_code::SHMSTORE_INTERNAL, format!("an addition has found {other}"))),
    }
}
