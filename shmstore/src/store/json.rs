//! The schemas of objects as they are written into segments: made once for each type.

use crate::layout::schema::Schema;
use crate::segment::process::append_list::AppendList;

/// As many as the program has types of objects, or, as threads may come together, a few more.
static WRITTEN: AppendList<(&Schema, String)> = AppendList::new();

/// The schema as JSON.
pub(super) fn json_of(schema: &'static Schema) -> &'static str {
    let known = WRITTEN.iter().find(|(known, _)| std::ptr::eq(*known, schema));
    let (_, json) = known.unwrap_or_else(|| WRITTEN.push((schema, schema.to_json())));
    json
}
