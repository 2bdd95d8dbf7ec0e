//! The path of the part of an object that begins at an offset, for errors.

use super::{Kind, Schema};
use crate::layout::path::Step;

impl Schema {
    /// Returns the path of the `Lock`, `Event`, `Versioned`, `Queue`, `Broadcast`, `Map` or `Frames` that begins at an
    /// offset, or `None` if none begins there.
    ///
    /// The path has no steps if that part is the whole object.
    pub(crate) fn path_of_part(&'static self, offset: usize) -> Option<Vec<Step<&'static str>>> {
        let mut steps = Vec::new();
        let (mut schema, mut offset) = (self, offset);
        loop {
            match schema.kind() {
                Kind::Versioned { .. }
                | Kind::Lock
                | Kind::Event
                | Kind::Queue { .. }
                | Kind::Broadcast { .. }
                | Kind::Map { .. }
                | Kind::Frames { .. } => return (offset == 0).then_some(steps),
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
}
