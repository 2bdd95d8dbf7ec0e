//! Objects of any type by their schema, for writing too.
//!
//! Layers it may use: all.

mod strict;
