//! Texts that this library makes, and values as text.

use std::ffi::{CString, c_char, c_void};

use shmstore::dynamic::{decode, encode, from_text};
use shmstore::inspect::Value;

use crate::call::call;
use crate::code::shmstore_code;
use crate::error::{Failure, to_c};
use crate::handle::shmstore_part;
use crate::part::schema_of;

/// A text for C, which frees it.
pub(crate) fn lend(text: String) -> *mut c_char {
    to_c(text).into_raw()
}

pub(crate) fn json_of(value: &Value) -> Result<String, Failure> {
    Ok(serde_json::to_string(value)?)
}

/// Frees a text that a function of this library has written to a `char **`. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_text_free(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: a text of `lend` that is used no more, by the rules of the header.
        drop(unsafe { CString::from_raw(text) });
    }
}

/// Writes the bytes of a value of a part, of which `text` is the JSON, as for shmstore_set_text. `of` is
/// SHMSTORE_VALUE, SHMSTORE_KEY or SHMSTORE_META. `size` is the size of its type in bytes.
///
/// Errors: SHMSTORE_INVALID_VALUE if the text is no value of the type, SHMSTORE_WRONG_SIZE, SHMSTORE_WRONG_PART.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_encode(
    part: *const shmstore_part,
    of: i32,
    text: *const c_char,
    bytes: *mut c_void,
    size: usize,
) -> shmstore_code {
    call(|| {
        let schema = schema_of(handle!(part), of)?;
        output!(bytes, size, schema).copy_from_slice(&encode(schema, &from_text(schema, text!(text))?)?);
        Ok(())
    })
}

/// Writes the JSON of the bytes of a value of a part. `of` is SHMSTORE_VALUE, SHMSTORE_KEY or SHMSTORE_META. `size` is
/// the size of its type in bytes. Free the text with shmstore_text_free.
///
/// Errors: SHMSTORE_INVALID_VALUE if the bytes are no value of the type, SHMSTORE_WRONG_SIZE, SHMSTORE_WRONG_PART.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_decode(
    part: *const shmstore_part,
    of: i32,
    bytes: *const c_void,
    size: usize,
    text: *mut *mut c_char,
) -> shmstore_code {
    made!(
        text = {
            let schema = schema_of(handle!(part), of)?;
            lend(json_of(&decode(schema, input!(bytes, size, schema))?)?)
        }
    )
}
