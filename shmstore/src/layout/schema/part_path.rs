//! The path of the part of an object that begins at an offset, for errors.

use super::{Kind, Schema};
use crate::layout::path::Step;

impl Schema {
    /// Returns the path of the `Lock`, `Event`, `Versioned`, `Queue`, `Broadcast` or `Map` that begins at an offset, or
    /// `None` if none begins there.
    ///
    /// The path has no steps if that part is the whole object. For the start or the lock of an entry of a map, the last
    /// step is [`Step::Entry`].
    pub(crate) fn path_of_part(&'static self, offset: usize) -> Option<Vec<Step<&'static str>>> {
        let mut steps = Vec::new();
        let (mut schema, mut offset) = (self, offset);
        loop {
            match schema.kind() {
                Kind::Versioned { .. } | Kind::Lock | Kind::Event | Kind::Queue { .. } | Kind::Broadcast { .. } => {
                    return (offset == 0).then_some(steps);
                }
                Kind::Map { capacity, .. } => {
                    if offset > 0 {
                        steps.push(Step::Entry(entry_at(schema, *capacity, offset)?));
                    }
                    return Some(steps);
                }
                Kind::CacheAligned { object } => schema = object,
                Kind::Array { element, .. } => {
                    steps.push(Step::Index(offset.checked_div(element.size())? as u64));
                    (schema, offset) = (element, offset % element.size());
                }
                Kind::Struct { fields, .. } => {
                    let is_within = |at: usize, size: usize| offset.checked_sub(at).is_some_and(|within| within < size);
                    let field = fields.iter().find(|field| is_within(field.offset, field.schema.size()))?;
                    steps.push(Step::Field(field.name));
                    (schema, offset) = (field.schema, offset - field.offset);
                }
                _ => return None,
            }
        }
    }
}

/// Returns the number of the entry of a map that begins at an offset, or has its lock there.
fn entry_at(map: &Schema, capacity: usize, offset: usize) -> Option<u64> {
    // The format, of which this layer knows only what the size of the map does not say.
    const WORDS: usize = 256;
    const HEAD: usize = 4;
    const LOCK: usize = 16;
    let entries = (WORDS + 2 * HEAD * capacity).next_multiple_of(map.align());
    let stride = map.size().checked_sub(entries)?.checked_div(capacity)?;
    let within = offset.checked_sub(entries)?;
    let (index, word) = (within.checked_div(stride)?, within % stride);
    (index < capacity && [0, LOCK].contains(&word)).then_some(index as u64)
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use crate::layout::path::{Step, write_path};
    use crate::{CacheAligned, Event, Lock, ShmLayout, ShmObject, Versioned};
    use std::sync::atomic::AtomicU64;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(crate = "crate")]
    struct Account {
        number: AtomicU64,
        value: Versioned<u64>,
    }

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(crate = "crate")]
    struct Bank {
        till: CacheAligned<Lock>,
        accounts: [Account; 4],
        doors: [[Event; 2]; 2],
    }

    #[test]
    fn parts_are_found_where_they_begin_and_nowhere_else() {
        let written = |steps: Vec<Step<&str>>| {
            let mut path = String::new();
            write_path(&mut path, &steps).map(|()| path).unwrap()
        };
        let path = |offset: usize| Bank::SCHEMA.path_of_part(offset).map(written);
        let (accounts, account) = (std::mem::offset_of!(Bank, accounts), size_of::<Account>());
        let doors = std::mem::offset_of!(Bank, doors);
        assert_eq!(path(0).as_deref(), Some("till"));
        assert_eq!(path(4), None);
        assert_eq!(
            path(accounts + 2 * account + std::mem::offset_of!(Account, value)).as_deref(),
            Some("accounts[2].value")
        );
        assert_eq!(path(accounts), None, "an atomic is no part of this kind");
        assert_eq!(path(doors + 3 * size_of::<Event>()).as_deref(), Some("doors[1][1]"));
        assert_eq!(path(size_of::<Bank>()), None);
        assert_eq!(Lock::SCHEMA.path_of_part(0), Some(vec![]));
        for part in &samples::EVERY_KIND[15..] {
            assert_eq!(part.path_of_part(0), Some(vec![]), "{part}");
            assert_eq!(part.path_of_part(128), None, "{part}: its second lock word is no part of its own");
        }
    }
    #[test]
    fn entries_of_a_map_are_found_where_they_or_their_locks_begin() {
        use crate::layout::schema::{Kind, Schema};
        use crate::sync::{MapOffsets, entry_words};
        for (value, capacity) in [(u64::SCHEMA, 1), (<[u64; 8]>::SCHEMA, 7), (<[u8; 100]>::SCHEMA, 64)] {
            let offsets = MapOffsets::of((1, 1), (value.size() as u64, value.align() as u64), capacity).unwrap();
            let kind = Kind::Map { capacity: capacity as usize, key: u8::SCHEMA, value };
            let map: &Schema = Box::leak(Box::new(Schema::new(offsets.size as usize, offsets.align as usize, kind)));
            assert_eq!(map.path_of_part(0), Some(vec![]));
            for index in 0..capacity {
                let entry = (offsets.entries + index * offsets.stride) as usize;
                for at in [entry, entry + entry_words::LOCK as usize] {
                    assert_eq!(map.path_of_part(at), Some(vec![Step::Entry(index)]), "{map} {at}");
                }
                assert_eq!(map.path_of_part(entry + 4), None);
            }
            for at in [4, 128, 256, map.size(), map.size() + 16, usize::MAX] {
                assert!(at as u64 == offsets.entries || map.path_of_part(at).is_none(), "{map} {at}");
            }
        }
        let path = [Step::Field("quotes"), Step::Entry(5)];
        let mut written = String::new();
        write_path(&mut written, &path).unwrap();
        assert_eq!(written, "quotes (entry 5)");
    }
}
