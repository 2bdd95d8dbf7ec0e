//! A C header for one object, with its types and functions that attach it and read its parts.

mod frames;
mod maps;
mod names;
mod open;
mod parts;
mod rings;
mod structs;
mod types;

use std::fmt::Write;

use shmstore::schema::OwnedSchema;

use super::error::{ExportError, check_id, check_name};
use super::labels::Labels;
use super::names::{comment, snake};
use super::prefix::prefix;
use types::Types;

/// The common part of all headers, with its own include guard.
const COMMON: &str = concat!(include_str!("c/parts.h"), include_str!("c/rings.h"), include_str!("c/attach.h"));
/// The common part of headers with a map, with its own include guard.
const MAPS: &str = include_str!("c/maps.h");
/// The common part of headers with frames, with its own include guard.
const FRAMES: &str = include_str!("c/frames.h");
const LANGUAGE: &str = "C header";

/// More than the address space of any process. No compiler accepts a larger array.
const MOST_BYTES: u64 = 1 << 47;

/// The suffixes of the functions and macros of the object.
const SUFFIXES: [&str; 1] = ["_attach"];
const MACRO_SUFFIXES: [&str; 6] = ["_H", "_ID", "_KEY", "_SIZE", "_LAYOUT_HASH_LOW", "_LAYOUT_HASH_HIGH"];

/// Writes a C11 header for the object of this layout and this type-id-char. It works with gcc and clang, and as C++17.
///
/// The header contains:
/// - a type for each type of the layout, with an assertion for each offset and size
/// - the layout hash, the type-id-char, and the key by `ftok`
/// - `shm_NAME_attach`, which attaches the object by `shmget` and `shmat`, after all checks of `docs/format.md`; and
///   `shmstore_detach`
/// - for each `Versioned`, a `_load` that follows the read protocol, and a `_try_load` with a limited number of
///   attempts
/// - for each `AtomicValue`, a `_load` and a `_store`
/// - for atomic integers, a `_load`, a `_store` and a `_fetch_add`
/// - for strings and lists, a `_len`
/// - for each `Broadcast`, a `_receive`, with `_sent` and `_oldest` for the position to begin with
/// - for each `Map`, a `_get` that looks a key up, a `_next` for all entries, a `_len` and a `_changes`; and for each
///   string in a key, a `_from` that makes it of a C string
/// - for each `Frames`, a `_newest` that copies the newest frame, and a `_newest_number`
/// - for each part with values, an `_open`, which is there if `shmstore.h` of the C library is included before; the
///   library writes the part
/// - for each `Queue`, a `_len`, an `_outstanding`, a `_positions`, and a `_look` that copies an item without taking it
///
/// `NAME` is `name`, or the name of the type, in lower case: `versioned_quote` for a `Versioned<Quote>`.
///
/// A program cannot include the headers of two types with the same name: the compiler says so. Give one of them a
/// `name`. Two instantiations of a generic type have the same name, because a schema has no type arguments.
///
/// # Errors
///
/// [`ExportError`] if the type-id-char or the name is not valid, or if the layout has overlapping fields, other
/// alignments than C on a 64-bit machine, or more bytes than an address space.
///
/// ```
/// use shmstore::schema::OwnedSchema;
/// use shmstore::{ShmLayout, Versioned};
///
/// let header = shmstore_cli::export::c_header(&OwnedSchema::from(<Versioned<[f64; 4]>>::SCHEMA), 'T', Some("samples"))?;
/// assert!(header.contains("shm_samples_attach("));
/// # Ok::<(), shmstore_cli::export::ExportError>(())
/// ```
pub fn c_header(schema: &OwnedSchema, id: char, name: Option<&str>) -> Result<String, ExportError> {
    let id = check_id(id)?;
    let name = name.map(check_name).transpose()?;
    let name = name.map_or_else(|| Labels::plain(snake).of(schema), |name| snake(&name));
    if schema.size() == 0 || schema.size() > MOST_BYTES {
        let problem = format!("it has {} bytes, but 1 to 2^47 bytes can be mapped", schema.size());
        return Err(ExportError::part(LANGUAGE, problem).below(&schema.to_string()));
    }
    let mut types = Types::new(schema, &format!("shm_{name}"), &SUFFIXES, &MACRO_SUFFIXES);
    types.define_object(schema).map_err(|error| error.below(&schema.to_string()))?;
    Ok(assemble(&types, schema, id))
}

fn assemble(types: &Types<'_>, schema: &OwnedSchema, id: u8) -> String {
    let (name, upper) = (types.object(), types.object_macro());
    let shown = comment(&schema.to_string());
    let mut out = String::new();
    let halves = |hash: u128| ((hash >> 64) as u64, hash as u64);
    let (high, low) = halves(schema.hash().to_u128());
    let (fields, prefix) = prefix(schema);
    let (prefix_high, prefix_low) = halves(prefix);
    let letter = comment(&char::from(id).to_string());
    // To some compilers, the trigraph `??/` is a backslash.
    let what = format!("{shown} (id '{letter}')").replace('?', "\\?");
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "/* {shown}, as shared by shmstore: {size} bytes, align {align}, type-id-char {letter}, format version 1.\n \
         *\n \
         * {name}_attach(&segment, path, SHMSTORE_READ_ONLY) attaches the object with the anchor `path`: a\n \
         * file or directory, or DIRECTORY/NAME.shm for a named object. This program takes no participant slot,\n \
         * so it must not take a lock. To write, include shmstore.h before, and link with -lshmstore: see the\n \
         * functions ..._open. Generate this header again when the schema changes. An object that has only grown\n \
         * by fields behind these can still be attached.\n \
         *\n \
         *     shmstore_segment segment;\n \
         *     {name} *object = {name}_attach(&segment, \"/run/anchor\", SHMSTORE_READ_ONLY);\n \
         *     if (!object) {{ fprintf(stderr, \"%s\\n\", segment.message); return 1; }}\n \
         *     {example}\n \
         *     shmstore_detach(&segment); */\n\
         #ifndef {upper}_H\n#define {upper}_H\n\n{COMMON}\n\
         #ifdef SHMSTORE_C_COMMON_1\n{maps}{frames}\n\
         #define {upper}_ID {id}\n\
         #define {upper}_SIZE UINT64_C({size})\n\
         #define {upper}_LAYOUT_HASH_LOW UINT64_C({low:#018x})\n\
         #define {upper}_LAYOUT_HASH_HIGH UINT64_C({high:#018x})\n\
         /* Two anchors may have the same key. The attach function tells their objects apart. */\n\
         #define {upper}_KEY(path) ftok((path), {upper}_ID)\n\n\
         {declarations}\
         /* Attaches the object at the path. Returns NULL if it does not exist or fails a check: errno and\n \
         * segment->message say why. After ENOENT, EAGAIN and ESTALE, try again. Detach with shmstore_detach. */\n\
         static inline {name} *{name}_attach(shmstore_segment *segment, const char *path, int flags)\n{{\n    \
         shmstore_wanted wanted;\n    \
         memset(&wanted, 0, sizeof wanted);\n    \
         wanted.path = path;\n    \
         wanted.what = \"{what}\";\n    \
         wanted.id = {upper}_ID;\n    \
         wanted.flags = flags;\n    \
         wanted.hash_low = {upper}_LAYOUT_HASH_LOW;\n    \
         wanted.hash_high = {upper}_LAYOUT_HASH_HIGH;\n    \
         wanted.fields = {fields};\n    \
         wanted.prefix_low = UINT64_C({prefix_low:#018x});\n    \
         wanted.prefix_high = UINT64_C({prefix_high:#018x});\n    \
         wanted.len = {upper}_SIZE;\n    \
         return ({name} *)shmstore_attach(segment, wanted);\n}}\n\n\
         #endif /* SHMSTORE_C_COMMON_1 */\n\n\
         #elif defined SHMSTORE_C_COMMON_1 && ({upper}_ID != {id} || {upper}_LAYOUT_HASH_LOW != UINT64_C({low:#018x}) || \\\n    \
         {upper}_LAYOUT_HASH_HIGH != UINT64_C({high:#018x}))\n\
         #error \"two headers named {name} describe different types: rename one with shmstore schema --c --name NAME\"\n\
         #endif /* {upper}_H */\n",
        size = schema.size(),
        align = schema.align(),
        example = types.example().unwrap_or("printf(\"%p\\n\", (void *)object);"),
        maps = if types.has_maps { MAPS } else { "" },
        frames = if types.has_frames { FRAMES } else { "" },
        declarations = types.declarations(),
    );
    out
}
