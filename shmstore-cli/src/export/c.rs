//! A C header of one object: its types, and functions that attach it and read its parts.

mod names;
mod parts;
mod structs;
mod types;

use std::fmt::Write;

use shmstore::schema::OwnedSchema;

use super::error::{ExportError, check_id, check_name};
use super::labels::Labels;
use super::names::{comment, snake};
use types::Types;

/// What every header holds, between guards of its own.
const COMMON: &str = include_str!("c/common.h");
const LANGUAGE: &str = "C header";

/// More than the address space of any process: no compiler takes an array of that size.
const MOST_BYTES: u64 = 1 << 47;

/// What belongs to the type of the object: the names end in these.
const SUFFIXES: [&str; 1] = ["_attach"];
const MACRO_SUFFIXES: [&str; 6] = ["_H", "_ID", "_KEY", "_SIZE", "_LAYOUT_HASH_LOW", "_LAYOUT_HASH_HIGH"];

/// Writes a C11 header (gcc and clang, also C++17) for the object that has this layout and this type-id-char.
///
/// It holds
/// - a type for each type of the layout, with an assertion for each offset and size;
/// - the layout hash, the type-id-char, and the key by `ftok`;
/// - `shm_NAME_attach`, which maps the object by plain `shmget` and `shmat` and believes it only after all checks that
///   `docs/format.md` asks for; `shmstore_detach`;
/// - for each `Versioned` a `_load` that follows the read protocol, by atomic loads, and a `_try_load` that gives up; `_load`
///   and `_store` for each `Atomic`; load, store and fetch_add for atomic integers; lengths of strings and vectors.
///
/// `NAME` is the `name`, or that of the type, in lower case: `versioned_quote` for a `Versioned<Quote>`. Headers of two types
/// that have one name can be included together if a name is given to one of them; if not, the compiler stops with a message
/// that says so. Two instantiations of a generic type have one name, because a schema does not hold type arguments.
///
/// # Errors
///
/// [`ExportError`]: the type-id-char or the name is not valid; or the layout has overlapping fields, other alignments than
/// C gives on a 64-bit machine, or a size that no address space has room for.
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
        let problem = format!("an object of {} bytes cannot be mapped: 1 to 2^47 can", schema.size());
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
    let hash = schema.hash().to_u128();
    let (high, low) = ((hash >> 64) as u64, hash as u64);
    let letter = comment(&char::from(id).to_string());
    // `??/` is a backslash to some compilers.
    let what = format!("{shown} (id '{letter}')").replace('?', "\\?");
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "/* {shown}, as shared by shmstore: {size} bytes, align {align}, type-id-char {letter}, format version 1.\n \
         *\n \
         * {name}_attach(&segment, path, SHMSTORE_READ_ONLY) maps the object whose anchor is the file or directory at\n \
         * path: DIRECTORY/NAME.shm for a named object. A program that attaches so is nobody to the others: it has no\n \
         * slot among the participants, and must take no lock. Written from the schema; to be written anew with it.\n \
         *\n \
         *     shmstore_segment segment;\n \
         *     {name} *object = {name}_attach(&segment, \"/run/anchor\", SHMSTORE_READ_ONLY);\n \
         *     if (!object) {{ fprintf(stderr, \"%s\\n\", segment.message); return 1; }}\n \
         *     {example}\n \
         *     shmstore_detach(&segment); */\n\
         #ifndef {upper}_H\n#define {upper}_H\n\n{COMMON}\n\
         #ifdef SHMSTORE_C_COMMON_1\n\n\
         #define {upper}_ID {id}\n\
         #define {upper}_SIZE UINT64_C({size})\n\
         #define {upper}_LAYOUT_HASH_LOW UINT64_C({low:#018x})\n\
         #define {upper}_LAYOUT_HASH_HIGH UINT64_C({high:#018x})\n\
         /* Where processes meet, not who they are: the attach function tells objects of the same key apart. */\n\
         #define {upper}_KEY(path) ftok((path), {upper}_ID)\n\n\
         {declarations}\
         /* Attaches the object at the path. Returns NULL, with errno and segment->message, if there is none, or none that\n \
         * can be believed: ENOENT, EAGAIN and ESTALE ask to try again. Detach with shmstore_detach(segment). */\n\
         static inline {name} *{name}_attach(shmstore_segment *segment, const char *path, int flags)\n{{\n    \
         shmstore_wanted wanted;\n    \
         memset(&wanted, 0, sizeof wanted);\n    \
         wanted.path = path;\n    \
         wanted.what = \"{what}\";\n    \
         wanted.id = {upper}_ID;\n    \
         wanted.flags = flags;\n    \
         wanted.hash_low = {upper}_LAYOUT_HASH_LOW;\n    \
         wanted.hash_high = {upper}_LAYOUT_HASH_HIGH;\n    \
         wanted.len = {upper}_SIZE;\n    \
         return ({name} *)shmstore_attach(segment, wanted);\n}}\n\n\
         #endif /* SHMSTORE_C_COMMON_1 */\n\n\
         #elif defined SHMSTORE_C_COMMON_1 && ({upper}_ID != {id} || {upper}_LAYOUT_HASH_LOW != UINT64_C({low:#018x}) || \\\n    \
         {upper}_LAYOUT_HASH_HIGH != UINT64_C({high:#018x}))\n\
         #error \"two headers are named {name} but describe different types: rename one, with shmstore schema --c --name NAME\"\n\
         #endif /* {upper}_H */\n",
        size = schema.size(),
        align = schema.align(),
        example = types.example().unwrap_or("printf(\"%p\\n\", (void *)object);"),
        declarations = types.declarations(),
    );
    out
}
