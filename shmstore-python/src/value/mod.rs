//! Values between Python and the bytes of a schema.

mod buffer;
mod from_python;
mod layout;
mod number;

pub(crate) use buffer::{Buffer, BufferMut};
pub(crate) use from_python::as_array;
pub(crate) use from_python::{bytes_of, tree_of};
pub(crate) use layout::{InPlace, Layout, forget_layouts};
