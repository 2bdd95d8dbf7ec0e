//! Which part of an object it is that begins at an offset: for errors.

use super::{Kind, Schema};

impl Schema {
    /// The path of the lock, event or versioned value that begins at an offset: `position`, `accounts[3].value`; empty if
    /// it is the whole. `None` if none does.
    pub(crate) fn path_of_part(&'static self, offset: usize) -> Option<String> {
        match self.kind() {
            Kind::Versioned { .. } | Kind::Lock | Kind::Event => (offset == 0).then(String::new),
            Kind::CacheAligned { object } => object.path_of_part(offset),
            Kind::Array { element, .. } => {
                let (index, within) = (offset.checked_div(element.size())?, offset.checked_rem(element.size())?);
                Some(join(&format!("[{index}]"), &element.path_of_part(within)?))
            }
            Kind::Struct { fields, .. } => fields.iter().find_map(|field| {
                let within = offset.checked_sub(field.offset).filter(|&within| within < field.schema.size())?;
                Some(join(field.name, &field.schema.path_of_part(within)?))
            }),
            _ => None,
        }
    }
}

/// A path, and one that goes on from there.
fn join(first: &str, rest: &str) -> String {
    let separator = if rest.is_empty() || rest.starts_with('[') { "" } else { "." };
    format!("{first}{separator}{rest}")
}

#[cfg(test)]
mod tests {
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
        let path = |offset: usize| Bank::SCHEMA.path_of_part(offset);
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
        assert_eq!(Lock::SCHEMA.path_of_part(0).as_deref(), Some(""));
    }
}
