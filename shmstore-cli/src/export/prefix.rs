//! The beginning of an object with room, as headers and modules compare it.

use shmstore::schema::OwnedSchema;

/// Returns the number of fields of a struct, and the hash of all its fields: an object that has grown begins with them.
/// Zeros for any other type, which never grows.
pub(super) fn prefix(schema: &OwnedSchema) -> (usize, u128) {
    let prefixes = schema.prefix_hashes();
    (prefixes.len(), prefixes.last().map_or(0, |hash| hash.to_u128()))
}
