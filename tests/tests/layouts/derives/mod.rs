//! What the derives accept, and what becomes of it.

mod any_bits;
mod macro_fragments;
mod phantoms;
mod type_parameters;
