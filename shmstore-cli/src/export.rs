//! The layout of an object for others: as a picture, as a C header, as a Python module.

use shmstore::OwnedSchema;
use thiserror::Error;

/// Why a layout can not be told to another language.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct ExportError(pub String);

/// A picture.
#[must_use]
pub fn picture(schema: &OwnedSchema, _width: usize) -> String {
    format!("{schema}\n")
}

/// A C header.
///
/// # Errors
///
/// [`ExportError`].
pub fn c_header(schema: &OwnedSchema, _id: char) -> Result<String, ExportError> {
    Ok(format!("/* {schema} */\n"))
}

/// A Python module.
///
/// # Errors
///
/// [`ExportError`].
pub fn python_module(schema: &OwnedSchema, _id: char) -> Result<String, ExportError> {
    Ok(format!("# {schema}\n"))
}
