//! A key as JSON.

use std::fmt;

use super::schema::Schema;

pub(crate) fn write_key(f: &mut dyn fmt::Write, _: &Schema, _: &[u8]) -> fmt::Result {
    f.write_str("?")
}
