//! A Python module for one object: numpy types of its bytes, and a class that attaches and reads it.

mod types;

use shmstore::schema::OwnedSchema;

use super::error::{ExportError, check_id, check_name};
use super::labels::Labels;
use super::names::{comment, snake};
use types::Types;

/// What every module holds.
const RUNTIME: &str =
    concat!(include_str!("python/types.py"), include_str!("python/views.py"), include_str!("python/segment.py"));
const LANGUAGE: &str = "Python module";

/// The most bytes that numpy describes.
const MOST_BYTES: u64 = i32::MAX as u64;

/// Writes a Python 3 module, for x86-64, that reads the object of this layout and this type-id-char: it needs numpy and
/// nothing else.
///
/// It holds a numpy dtype, with all offsets, for the object and each of its values; an `IntEnum` for each enum; and the class
/// `Segment`, which maps the object for reading, believes it only after all checks that `docs/format.md` asks for, and
/// gives views of its fields: `segment.object.position.load()` is a consistent copy, by the read protocol of a `Versioned`.
///
/// The module calls the object's type by the `name`, or by the name that it has in Rust.
///
/// # Errors
///
/// [`ExportError`]: the type-id-char or the name is not valid; or the object is larger than numpy can describe, 2 GiB, or
/// has arrays nested deeper than it can.
///
/// ```
/// use shmstore::schema::OwnedSchema;
/// use shmstore::{ShmLayout, Versioned};
///
/// let module = shmstore_cli::export::python_module(&OwnedSchema::from(<Versioned<[f64; 4]>>::SCHEMA), 'T', None)?;
/// assert!(module.contains("class Segment"));
/// # Ok::<(), shmstore_cli::export::ExportError>(())
/// ```
pub fn python_module(schema: &OwnedSchema, id: char, name: Option<&str>) -> Result<String, ExportError> {
    let id = check_id(id)?;
    let name = name.map(check_name).transpose()?;
    let shown = schema.to_string();
    if schema.size() > MOST_BYTES {
        let problem = format!("numpy describes types of at most {MOST_BYTES} bytes, and it has {}", schema.size());
        return Err(ExportError::part(LANGUAGE, problem).below(&shown));
    }
    let mut types = Types::new(schema, name.as_deref());
    let object = types.of(schema).map_err(|error| error.below(&shown))?;
    Ok(format!(
        "\"\"\"{shown}, as shared by shmstore: {size} bytes, align {align}, type-id-char {letter}, format version 1.\n\n\
         `with Segment(path) as segment:` attaches for reading, and `segment.object` has the fields. Nothing can be changed:\n\
         assignments raise `ReadOnlyError`. The other processes do not see this reader, which has no slot among the participants.\n\
         This module was written from the schema, and has to be written again when the schema changes.\n\n    \
         # If this is shm_{module}.py:\n    \
         from shm_{module} import Segment\n\n    \
         with Segment(\"/run/anchor\") as segment:\n        \
         print(segment.object{example})\n\"\"\"\n\n\
         {RUNTIME}\n\n# The object.\n\nTYPE = \"{shown}\"\nID = {id}\nSIZE = {size}\nALIGN = {align}\nLAYOUT_HASH = {hash:#034x}\n\n\
         {definitions}\n_OBJECT = {object}\nDTYPE = _OBJECT.dtype\nassert DTYPE.itemsize == SIZE\n",
        shown = comment(&shown),
        module = name.map_or_else(|| Labels::plain(snake).of(schema), |name| snake(&name)),
        example = types::example(schema),
        letter = comment(&char::from(id).to_string()),
        size = schema.size(),
        align = schema.align(),
        hash = schema.hash().to_u128(),
        definitions = types.definitions(),
    ))
}
