//! Layouts that the command line names: those of objects, saved objects and schemas.

use std::path::Path;

use shmstore::schema::OwnedSchema;

use crate::anchors::Anchors;
use crate::failure::Failure;
use crate::saved;
use crate::target::Target;
use crate::text::shown_path;

/// Returns the layout of an object, of a saved object, or of a schema in a file whose name ends in `.json`.
///
/// # Errors
///
/// It does not exist, or is not a layout.
pub fn of(path: &Path, type_name: Option<&String>) -> Result<OwnedSchema, Failure> {
    if path.extension().is_some_and(|extension| extension == "json") {
        return saved::read_schema(path);
    }
    if let Some(saved) = saved::read_if_saved(path)? {
        return Ok(saved.schema().clone());
    }
    let target = Target { path: path.into(), type_name: type_name.cloned() };
    if path.is_file() && Anchors::of(path).segments()?.is_empty() {
        let path = shown_path(path);
        let why = "is not the anchor of an object, nor a file of `save` or of `schema --json` (with a name that ends \
                   in `.json`)";
        return Err(Failure::NotFound(format!("{path} {why}")));
    }
    Ok(target.object()?.schema().clone())
}

/// Returns the layout of a schema in a file of any name, or else that of a saved object, or of an object.
///
/// # Errors
///
/// As [`of`].
pub fn file_or_object(path: &Path, type_name: Option<&String>) -> Result<OwnedSchema, Failure> {
    let is_anchor = || Anchors::of(path).segments().is_ok_and(|there| !there.is_empty());
    if path.is_dir() || saved::is_saved(path) || is_anchor() { of(path, type_name) } else { saved::read_schema(path) }
}
