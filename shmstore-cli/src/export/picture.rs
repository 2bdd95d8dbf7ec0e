//! The layout as a picture for a terminal.

mod rows;
mod table;

use shmstore::schema::OwnedSchema;

/// Draws the layout: a line for each field, with its offset (decimal and hexadecimal), its size, its name below that of what
/// it is in, and its type; lines for bytes that mean nothing; for the control words and slots of a `Versioned`; and
/// for each boundary of a cache line of 64 bytes that something ends or begins at, or has in it.
///
/// Arrays are one line, and below it their element once: offsets that begin with `+` count from the start of an element, or
/// of a value. The lines are made to fit into `width` columns, 60 at least, as long as the numbers let them. Names are
/// escaped where they would play with the terminal.
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
    let name = table::cut(&schema.to_string(), width.max(table::LEAST_WIDTH));
    let (size, align, hash) = (schema.size(), schema.align(), schema.hash());
    format!("{name}: {size} bytes, align {align}\nlayout hash {hash}\n\n{}", table::draw(&rows, width))
}
