//! The layout of an object for others: as a picture, as a C header, as a Python module.
//!
//! All three are written from an [`OwnedSchema`](shmstore::schema::OwnedSchema) alone, which may come from a segment or a file that
//! somebody else wrote: so they stay as long as the schema is, whatever lengths and names stand in it, and every name is
//! escaped or made an identifier.

// In the order of their layers: each module imports only from those above it.
mod error;
mod names;
mod labels;
mod parts;
mod picture;
mod c;
mod python;

pub use c::c_header;
pub use error::{ExportError, check_name};
pub use picture::picture;
pub use python::python_module;
