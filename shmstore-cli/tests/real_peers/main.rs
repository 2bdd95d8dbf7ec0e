//! A C program and a Python program share an object with Rust. They know only the header and the module.

mod objects;
mod scratch;
mod c;
mod python;
mod golden;
mod hostile;
mod names;
mod together;
