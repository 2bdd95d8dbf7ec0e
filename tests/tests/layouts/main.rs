//! What a type looks like: its layout, its hash, its schema, and the values of which it is made.

/// What the derives accept, and what becomes of it.
pub mod derives;
/// The values of this crate: `FixedString`, `FixedVec` and `Pad`.
mod fixed;
/// Types of other crates, and the time, are values.
mod foreign;
/// README and guide show what is tested, and stay short.
mod documents;
/// The hash of each kind of node never changes by accident.
mod golden_hashes;
/// Two types are the same to the store exactly when their layouts are the same.
mod identity;
/// The diff of two layouts names what differs.
mod layout_diff;
/// What the project says of itself.
mod project;
/// What holds for every schema.
mod schema_properties;
