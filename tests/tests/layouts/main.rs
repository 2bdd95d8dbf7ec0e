//! What a type looks like: its layout, its hash, its schema, and the values of which it is made.

pub mod derives;
mod fixed;
mod foreign;
mod conversion;
mod documents;
mod dynamic;
mod golden_hashes;
mod golden_log;

mod identity;
mod layout_diff;
mod project;
mod python_types;
mod schema_properties;
