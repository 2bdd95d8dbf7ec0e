//! Handles of parts, and the types of their values.

use std::ffi::c_char;

use shmstore::dynamic::{Atomic, Broadcast, DynamicError, Event, Frames, Lock, Map, Part, Queue, Versioned};
use shmstore::inspect::FieldPath;
use shmstore::schema::OwnedSchema;

use crate::arguments::{len_of, path_of};
use crate::call::{call, call_or};
use crate::code::shmstore_code::{self, SHMSTORE_WRONG_LAYOUT, SHMSTORE_WRONG_PART};
use crate::error::Failure;
use crate::handle::{give, shmstore_object, shmstore_part};
use crate::text::lend;

/// The type of the values, items or elements of a part.
pub const SHMSTORE_VALUE: i32 = 0;
/// The type of the keys of a `Map`.
pub const SHMSTORE_KEY: i32 = 1;
/// The type of the metadata of `Frames`.
pub const SHMSTORE_META: i32 = 2;

/// The kind of a part. The numbers do not change.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum shmstore_kind {
    /// No part: the handle is NULL, or of another type.
    SHMSTORE_KIND_NONE = 0,
    /// An atomic integer, or an `AtomicValue`.
    SHMSTORE_KIND_ATOMIC = 1,
    /// A `Versioned`.
    SHMSTORE_KIND_VERSIONED = 2,
    /// A `Lock`.
    SHMSTORE_KIND_LOCK = 3,
    /// An `Event`.
    SHMSTORE_KIND_EVENT = 4,
    /// A `Queue`.
    SHMSTORE_KIND_QUEUE = 5,
    /// A `Broadcast`.
    SHMSTORE_KIND_BROADCAST = 6,
    /// A `Map`.
    SHMSTORE_KIND_MAP = 7,
    /// A `Frames`.
    SHMSTORE_KIND_FRAMES = 8,
}

/// A type of this program, which shmstore_part_open_as compares with that of a part. Headers of `shmstore schema --c`
/// make it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct shmstore_layout {
    /// SHMSTORE_VALUE, SHMSTORE_KEY or SHMSTORE_META.
    pub of: i32,
    /// The size of the type in bytes.
    pub size: usize,
    /// The upper 64 bits of the layout hash of the type.
    pub hash_high: u64,
    /// The lower 64 bits of the layout hash of the type.
    pub hash_low: u64,
}

/// Returns the handle of the part at a path, such as `position` or `wheels[2].speed`. It keeps the object attached.
/// Close it with shmstore_part_close.
///
/// Errors: SHMSTORE_NO_FIELD, SHMSTORE_WRONG_PART if the path leads into a part, or to something made of several parts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_part_open(
    object: *const shmstore_object,
    path: *const c_char,
    part: *mut *mut shmstore_part,
) -> shmstore_code {
    made!(part = give(handle!(object).part(&path_of(text!(path))?)?))
}

/// Returns the handle of the part at a path, as shmstore_part_open does, if it has the types of this program. `layouts`
/// are `count` of them, from 1 to 3. Functions `..._open` in headers of `shmstore schema --c` call it.
///
/// Errors: those of shmstore_part_open, SHMSTORE_WRONG_LAYOUT if a type differs, SHMSTORE_WRONG_PART if the part has no
/// type of this sort, such as a key, SHMSTORE_BAD_ARGUMENT if `layouts` is NULL or `count` is another number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_part_open_as(
    object: *const shmstore_object,
    path: *const c_char,
    layouts: *const shmstore_layout,
    count: usize,
    part: *mut *mut shmstore_part,
) -> shmstore_code {
    made!(
        part = {
            if !(1..=3).contains(&count) {
                let text = format!("{count} layouts: pass one for each of the value, the key and the metadata");
                return Err(Failure::argument(text));
            }
            let opened = handle!(object).part(&path_of(text!(path))?)?;
            list!(layouts, count).iter().try_for_each(|layout| check(&opened, layout))?;
            give(opened)
        }
    )
}

fn check(part: &Part, layout: &shmstore_layout) -> Result<(), Failure> {
    let schema = schema_of(part, layout.of)?;
    let hash = u128::from(layout.hash_high) << 64 | u128::from(layout.hash_low);
    if schema.hash().to_u128() == hash && len_of(layout.size, schema).is_ok() {
        return Ok(());
    }
    let text = format!(
        "`{}` has values of `{schema}` with {} bytes and the layout {}, but this program was compiled with {} bytes \
         and the layout {hash:032x}: generate its header again with `shmstore schema --c`",
        path_of_part(part),
        schema.size(),
        schema.hash(),
        layout.size,
    );
    Err(Failure::new(SHMSTORE_WRONG_LAYOUT, text))
}

/// Closes the handle of a part. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_part_close(part: *mut shmstore_part) -> shmstore_code {
    call(|| close!(part))
}

/// Returns the kind of a part. SHMSTORE_KIND_NONE after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_part_kind(part: *const shmstore_part) -> shmstore_kind {
    call_or(shmstore_kind::SHMSTORE_KIND_NONE, || {
        Ok(match handle!(part) {
            Part::Atomic(_) => shmstore_kind::SHMSTORE_KIND_ATOMIC,
            Part::Versioned(_) => shmstore_kind::SHMSTORE_KIND_VERSIONED,
            Part::Lock(_) => shmstore_kind::SHMSTORE_KIND_LOCK,
            Part::Event(_) => shmstore_kind::SHMSTORE_KIND_EVENT,
            Part::Queue(_) => shmstore_kind::SHMSTORE_KIND_QUEUE,
            Part::Broadcast(_) => shmstore_kind::SHMSTORE_KIND_BROADCAST,
            Part::Map(_) => shmstore_kind::SHMSTORE_KIND_MAP,
            Part::Frames(_) => shmstore_kind::SHMSTORE_KIND_FRAMES,
            _ => shmstore_kind::SHMSTORE_KIND_NONE,
        })
    })
}

/// Returns the size in bytes of a value of a part, of which `of` is SHMSTORE_VALUE, SHMSTORE_KEY or SHMSTORE_META.
/// 0 if it has no such type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_part_size(part: *const shmstore_part, of: i32) -> usize {
    call_or(0, || Ok(usize::try_from(schema_of(handle!(part), of)?.size()).unwrap_or(usize::MAX)))
}

/// Writes the layout of a value of a part, in JSON. `of` is SHMSTORE_VALUE, SHMSTORE_KEY or SHMSTORE_META. Free the
/// text with shmstore_text_free.
///
/// Errors: SHMSTORE_WRONG_PART if it has no such type, SHMSTORE_BAD_ARGUMENT if `of` is another number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_part_schema(
    part: *const shmstore_part,
    of: i32,
    json: *mut *mut c_char,
) -> shmstore_code {
    made!(json = lend(schema_of(handle!(part), of)?.to_json()))
}

/// Writes the size and the layout hash of a value of a part, for shmstore_part_open_as. `of` is SHMSTORE_VALUE,
/// SHMSTORE_KEY or SHMSTORE_META.
///
/// Errors: those of shmstore_part_schema.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shmstore_part_layout(
    part: *const shmstore_part,
    of: i32,
    layout: *mut shmstore_layout,
) -> shmstore_code {
    call(|| {
        let schema = schema_of(handle!(part), of)?;
        let hash = schema.hash().to_u128();
        let size = usize::try_from(schema.size()).unwrap_or(usize::MAX);
        optional!(layout = shmstore_layout { of, size, hash_high: (hash >> 64) as u64, hash_low: hash as u64 });
        Ok(())
    })
}

/// The type of the values, keys or metadata of a part.
pub(crate) fn schema_of(part: &Part, of: i32) -> Result<&OwnedSchema, Failure> {
    match (part, of) {
        (Part::Atomic(part), SHMSTORE_VALUE) => Ok(part.schema()),
        (Part::Versioned(part), SHMSTORE_VALUE) => Ok(part.schema()),
        (Part::Queue(part), SHMSTORE_VALUE) => Ok(part.schema()),
        (Part::Broadcast(part), SHMSTORE_VALUE) => Ok(part.schema()),
        (Part::Map(part), SHMSTORE_VALUE) => Ok(part.schema()),
        (Part::Map(part), SHMSTORE_KEY) => Ok(part.key_schema()),
        (Part::Frames(part), SHMSTORE_VALUE) => Ok(part.schema()),
        (Part::Frames(part), SHMSTORE_META) => Ok(part.meta_schema()),
        _ => {
            let what = match of {
                SHMSTORE_VALUE => "values",
                SHMSTORE_KEY => "keys",
                SHMSTORE_META => "metadata",
                _ => {
                    return Err(Failure::argument(format!(
                        "{of} is not SHMSTORE_VALUE, SHMSTORE_KEY or SHMSTORE_META"
                    )));
                }
            };
            let text = format!("`{}` is {} and has no {what}", path_of_part(part), kind_of(part));
            Err(Failure::new(SHMSTORE_WRONG_PART, text))
        }
    }
}

fn path_of_part(part: &Part) -> &FieldPath {
    match part {
        Part::Atomic(part) => part.path(),
        Part::Versioned(part) => part.path(),
        Part::Lock(part) => part.path(),
        Part::Event(part) => part.path(),
        Part::Queue(part) => part.path(),
        Part::Broadcast(part) => part.path(),
        Part::Map(part) => part.path(),
        Part::Frames(part) => part.path(),
        _ => unreachable!("a part of another kind"),
    }
}

fn kind_of(part: &Part) -> &'static str {
    match part {
        Part::Atomic(_) => "an atomic",
        Part::Versioned(_) => "a `Versioned`",
        Part::Lock(_) => "a `Lock`",
        Part::Event(_) => "an `Event`",
        Part::Queue(_) => "a `Queue`",
        Part::Broadcast(_) => "a `Broadcast`",
        Part::Map(_) => "a `Map`",
        Part::Frames(_) => "a `Frames`",
        _ => "another part",
    }
}

/// The part of a handle, if it is of the kind.
macro_rules! kinds {
    ($($name:ident: $kind:ident, $expected:literal;)*) => {
        $(
            pub(crate) fn $name(part: &Part) -> Result<&$kind, Failure> {
                match part {
                    Part::$kind(part) => Ok(part),
                    other => Err(other_kind(other, $expected)),
                }
            }
        )*
    };
}

kinds! {
    atomic: Atomic, "an atomic";
    versioned: Versioned, "a `Versioned`";
    lock: Lock, "a `Lock`";
    event: Event, "an `Event`";
    queue: Queue, "a `Queue`";
    broadcast: Broadcast, "a `Broadcast`";
    map: Map, "a `Map`";
    frames: Frames, "a `Frames`";
}

fn other_kind(part: &Part, expected: &'static str) -> Failure {
    let path = path_of_part(part).to_string();
    DynamicError::WrongPart { path, expected, found: kind_of(part).to_owned() }.into()
}
