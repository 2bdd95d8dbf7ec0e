//! The layout as a picture on a terminal.

mod rows;
mod svg;
mod table;

use shmstore::schema::OwnedSchema;

pub use svg::svg;

use crate::text::shortened;

/// Draws the layout, with a line for each field: its offset (decimal and hexadecimal), its size, its name and its type.
///
/// - There are lines for padding, and for the control words and slots of a `Versioned`.
/// - A rule marks each boundary of a cache line of 64 bytes.
/// - An array shows its element once. An offset with a `+` counts from the start of an element or a value.
/// - Lines fit into `width` columns, but at least 60, unless the numbers are too long.
/// - Names are escaped for the terminal.
///
/// ```
/// use shmstore::schema::OwnedSchema;
/// use shmstore::ShmLayout;
///
/// let picture = shmstore_cli::export::picture(&OwnedSchema::from(<[u16; 4]>::SCHEMA), 80);
/// assert!(picture.contains("[u16; 4]"));
/// ```
#[must_use]
pub fn picture(schema: &OwnedSchema, width: usize) -> String {
    let rows = rows::rows(schema);
    let name = shortened(&schema.to_string(), width.max(table::LEAST_WIDTH));
    let (size, align, hash) = (schema.size(), schema.align(), schema.hash());
    format!("{name}: {size} bytes, align {align}\nlayout hash {hash}\n\n{}", table::draw(&rows, width))
}
