//! A Python module for one object, with its numpy types and a class that attaches and reads it.

mod types;

use shmstore::schema::OwnedSchema;

use super::error::{ExportError, check_id, check_name};
use super::labels::Labels;
use super::names::{comment, snake};
use super::prefix::prefix;
use types::Types;

/// The common parts of all modules. Only modules with a map have the part about maps.
const VIEWS: &str =
    concat!(include_str!("python/types.py"), include_str!("python/views.py"), include_str!("python/rings.py"));
const MAPS: &str = include_str!("python/maps.py");
/// The part about frames, of modules that have some.
const FRAMES: &str = include_str!("python/frames.py");
const SEGMENT: &str = include_str!("python/segment.py");
const LANGUAGE: &str = "Python module";

/// The greatest size of a numpy type.
const MOST_BYTES: u64 = i32::MAX as u64;

/// Writes a Python 3 module that reads the object of this layout and this type-id-char. It needs x86-64 and numpy.
///
/// The module contains:
/// - a numpy dtype with all offsets, for the object and for each value
/// - an `IntEnum` for each enum
/// - the class `Segment`, which attaches the object for reading, after all checks of `docs/format.md`
/// - views of the fields: `segment.object.position.load()` copies a `Versioned` by its read protocol,
///   `segment.object.quotes.subscribe()` receives a `Broadcast`, `segment.object.jobs.items()` copies the items of a
///   `Queue`, `segment.object.prices.get("EURUSD")` looks a key of a `Map` up, `segment.object.images.newest()` copies
///   the newest frame of a `Frames`
///
/// `name` replaces the name of the type.
///
/// # Errors
///
/// [`ExportError`] if the type-id-char or the name is not valid, if the object is larger than 2 GiB, or if its arrays
/// are nested too deep for numpy.
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
        let problem = format!("it has {} bytes, but a numpy type has at most {MOST_BYTES} bytes", schema.size());
        return Err(ExportError::part(LANGUAGE, problem).below(&shown));
    }
    let mut types = Types::new(schema, name.as_deref());
    let object = types.of(schema).map_err(|error| error.below(&shown))?;
    let (fields, prefix) = prefix(schema);
    Ok(format!(
        "\"\"\"{shown}, as shared by shmstore: {size} bytes, align {align}, type-id-char {letter}, format version 1.\n\n\
         `with Segment(path) as segment:` attaches the object for reading, and `segment.object` has its fields.\n\
         The module only reads: assignments raise `ReadOnlyError`. Other processes do not see this reader,\n\
         because it takes no participant slot. Generate this module again when the schema changes.\n\
         An object that has only grown by fields behind these can still be attached.\n\n    \
         # If this is shm_{module}.py:\n    \
         from shm_{module} import Segment\n\n    \
         with Segment(\"/run/anchor\") as segment:\n        \
         print(segment.object{example})\n\"\"\"\n\n\
         {VIEWS}{maps}{frames}{SEGMENT}\n\n# The object.\n\nTYPE = \"{shown}\"\nID = {id}\nSIZE = {size}\nALIGN = {align}\nLAYOUT_HASH = {hash:#034x}\n\
         FIELDS = {fields}\nPREFIX_HASH = {prefix:#034x}\n\n\
         {definitions}\n_OBJECT = {object}\nDTYPE = _OBJECT.dtype\nassert DTYPE.itemsize == SIZE\n",
        shown = comment(&shown),
        maps = if types.has_maps() { MAPS } else { "" },
        frames = if types.has_frames() { FRAMES } else { "" },
        module = name.map_or_else(|| Labels::plain(snake).of(schema), |name| snake(&name)),
        example = types::example(schema),
        letter = comment(&char::from(id).to_string()),
        size = schema.size(),
        align = schema.align(),
        hash = schema.hash().to_u128(),
        definitions = types.definitions(),
    ))
}
