//! The layout of an object as a picture, as a C header, and as a Python module.
//!
//! The only input is an [`OwnedSchema`](shmstore::schema::OwnedSchema). It may come from a segment or a file of another
//! program, so:
//! - The size of the output depends on the size of the schema, not on the lengths in it.
//! - Every name is escaped, or turned into an identifier.

// In the order of the layers: a module imports only from the modules above it.
mod error;
mod names;
mod labels;
mod parts;
mod prefix;
mod picture;
mod c;
mod python;

pub use c::c_header;
pub use error::{ExportError, check_name};
pub use picture::{picture, svg};
pub use python::python_module;
