//! The header and the module are what they say: a C program and a Python program, which know nothing but them, share an
//! object with Rust.

mod objects;
mod scratch;
mod c;
mod python;
mod golden;
mod hostile;
mod names;
mod together;
