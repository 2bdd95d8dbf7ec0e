//! Layouts that the command line names: those of objects, saved objects and schemas.

use std::path::Path;

use shmstore::schema::OwnedSchema;

use crate::anchors::Anchors;
use crate::failure::Failure;
use crate::growth::Named;
use crate::saved;
use crate::target::Target;
use crate::text::shown_path;

/// A layout, and the object that has it.
#[derive(Debug)]
pub struct Layout {
    /// The layout.
    pub schema: OwnedSchema,
    /// The room of the object, in bytes, or `None`. `None` for a file.
    pub object: Option<Option<u64>>,
}

impl Layout {
    /// Gives it a name for people.
    #[must_use]
    pub fn named<'a>(&'a self, name: &'a str) -> Named<'a> {
        Named { schema: &self.schema, name, object: self.object }
    }
}

impl From<OwnedSchema> for Layout {
    fn from(schema: OwnedSchema) -> Self {
        Self { schema, object: None }
    }
}

/// Returns the layout of an object, of a saved object, or of a schema in a file whose name ends in `.json`.
///
/// # Errors
///
/// It does not exist, or is not a layout.
pub fn of(path: &Path, type_name: Option<&String>) -> Result<Layout, Failure> {
    if path.extension().is_some_and(|extension| extension == "json") {
        return Ok(saved::read_schema(path)?.into());
    }
    if let Some(saved) = saved::read_if_saved(path)? {
        return Ok(saved.schema().clone().into());
    }
    let target = Target { path: path.into(), type_name: type_name.cloned() };
    if path.is_file() && Anchors::of(path).segments()?.is_empty() {
        let path = shown_path(path);
        let why = "is not the anchor of an object, nor a file of `save` or of `schema --json` (with a name that ends \
                   in `.json`)";
        return Err(Failure::NotFound(format!("{path} {why}")));
    }
    let object = target.object()?;
    let room = object.segment().description.as_ref().and_then(|of| of.room);
    Ok(Layout { schema: object.schema().clone(), object: Some(room) })
}

/// Returns the layout of a schema in a file of any name, or else that of a saved object, or of an object.
///
/// # Errors
///
/// As [`of`].
pub fn file_or_object(path: &Path, type_name: Option<&String>) -> Result<OwnedSchema, Failure> {
    Ok(with_id(path, type_name)?.0)
}

/// Returns the same, and the type-id-char of the object or the saved object.
///
/// # Errors
///
/// As [`of`].
pub fn with_id(path: &Path, type_name: Option<&String>) -> Result<(OwnedSchema, Option<char>), Failure> {
    if let Some(saved) = saved::read_if_saved(path)? {
        return Ok((saved.schema().clone(), Some(saved.id())));
    }
    let is_anchor = || Anchors::of(path).segments().is_ok_and(|there| !there.is_empty());
    if path.is_dir() || is_anchor() {
        let object = Target { path: path.into(), type_name: type_name.cloned() }.object()?;
        return Ok((object.schema().clone(), object.segment().description.as_ref().map(|of| of.id)));
    }
    Ok((saved::read_schema(path)?, None))
}
