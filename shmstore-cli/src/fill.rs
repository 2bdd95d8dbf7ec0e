//! How full the maps of an object are.

use serde::Serialize;
use shmstore::inspect::{FieldPath, Limits, Object, Value};
use shmstore::schema::{OwnedKind, OwnedSchema};

use crate::text::{shortened, shown};

/// The most maps of an object that are looked at, and the most parts of its type that are searched for them.
const MOST_MAPS: usize = 64;
const MOST_PARTS: usize = 10_000;

/// A map, as in `ls --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fill {
    /// The path of the map: `quotes`.
    pub field: String,
    /// The number of its keys.
    pub len: u64,
    /// The greatest number of its keys.
    pub capacity: u64,
}

/// Returns the maps of an object, at most 64. Returns `None` if one of them cannot be read.
#[must_use]
pub fn of(object: &Object) -> Option<Vec<Fill>> {
    let mut search = Search { maps: Vec::new(), parts_left: MOST_PARTS };
    search.visit(object.schema(), &FieldPath::default());
    // Only the counts are read, and no entry.
    let mut limits = Limits::default();
    (limits.nodes, limits.bytes) = (1, 0);
    let fill = |(path, capacity): (FieldPath, u64)| match object.read_at(&path.field("len"), &limits) {
        Ok(Value::Unsigned(len)) => Some(Fill { field: path.to_string(), len, capacity }),
        _ => None,
    };
    search.maps.into_iter().map(fill).collect()
}

/// Returns the fullest map and the number of the others as text for a column, and `true` if it is full: `quotes 3/64`.
#[must_use]
pub fn fullest(maps: &[Fill]) -> Option<(String, bool)> {
    const LONGEST_NAME: usize = 24;
    let share = |map: &Fill| map.len as f64 / map.capacity as f64;
    // The first one of several that are as full.
    let fullest = maps.iter().rev().max_by(|one, other| share(one).total_cmp(&share(other)))?;
    let more = if maps.len() > 1 { format!(" +{}", maps.len() - 1) } else { String::new() };
    let name = shortened(&shown(&fullest.field), LONGEST_NAME);
    Some((format!("{name} {}/{}{more}", fullest.len, fullest.capacity), fullest.len == fullest.capacity))
}

/// A search for maps in a type.
struct Search {
    maps: Vec<(FieldPath, u64)>,
    parts_left: usize,
}

impl Search {
    fn visit(&mut self, schema: &OwnedSchema, path: &FieldPath) {
        if self.maps.len() >= MOST_MAPS || self.parts_left == 0 {
            return;
        }
        self.parts_left -= 1;
        match schema.kind() {
            OwnedKind::Map { capacity, .. } => self.maps.push((path.clone(), *capacity)),
            OwnedKind::CacheAligned { object } => self.visit(object, path),
            OwnedKind::Struct { fields, .. } => {
                fields.iter().for_each(|field| self.visit(&field.schema, &path.field(&field.name)));
            }
            OwnedKind::Array { len, element } => {
                for index in 0..*len {
                    let before = self.maps.len();
                    self.visit(element, &path.index(index));
                    if self.maps.len() == before {
                        return;
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(field: &str, len: u64, capacity: u64) -> Fill {
        Fill { field: field.into(), len, capacity }
    }

    #[test]
    fn the_column_has_the_fullest_map() {
        assert_eq!(fullest(&[]), None);
        assert_eq!(fullest(&[fill("quotes", 3, 64)]), Some(("quotes 3/64".into(), false)));
        let maps = [fill("a", 3, 64), fill("b\n", 4, 4), fill("c", 9, 9)];
        assert_eq!(fullest(&maps), Some(("b\\n 4/4 +2".into(), true)));
        let long = fill(&"n".repeat(300), 0, 1);
        assert_eq!(fullest(&[long]).map(|(text, _)| text.chars().count()), Some(24 + 4));
    }
}
