//! The parts of a copy, and the application of changes to them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use shmstore::dynamic::{self, DynamicError, Limit};
use shmstore::inspect::FieldPath;
use shmstore::map::InsertError;
use shmstore::schema::{OwnedKind, OwnedSchema};

use crate::parts::{TooMany, parts_of};
use crate::wire::{Change, Part};

/// The keys of a map of which more is remembered than it has, before the whole map is asked for.
const REMEMBERED: usize = 1024;

/// The longest wait for a part that a process of this host has stopped in.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);

/// A part of a copy, with the number of the update that it has.
pub(super) enum Target {
    Versioned {
        part: dynamic::Versioned,
        has: u64,
    },
    Atomic {
        part: dynamic::Atomic,
        has: u64,
    },
    Event {
        part: dynamic::Event,
    },
    Broadcast {
        part: dynamic::Broadcast,
        size: usize,
    },
    Map {
        part: dynamic::Map,
        capacity: usize,
        has: Entries,
    },
    Frames {
        part: dynamic::Frames,
        has: u64,
    },
    /// A queue or a lock. It stays as it is in a new object.
    Local,
}

/// The numbers of the updates that the entries of a map have.
#[derive(Default)]
pub(super) struct Entries {
    /// That of all keys without one of their own.
    whole: u64,
    keys: HashMap<Vec<u8>, u64>,
}

/// How a change was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applied {
    Yes,
    /// Others are missing before it.
    NotYet,
}

pub(super) fn targets(object: &dynamic::Object) -> Result<Vec<Target>, CopyError> {
    let target = |(path, schema): &(FieldPath, &OwnedSchema)| {
        Ok(match object.part(path)? {
            dynamic::Part::Versioned(part) => Target::Versioned { part, has: 0 },
            dynamic::Part::Atomic(part) => Target::Atomic { part, has: 0 },
            dynamic::Part::Event(part) => Target::Event { part },
            dynamic::Part::Broadcast(part) => Target::Broadcast { size: part.schema().size() as usize, part },
            dynamic::Part::Map(part) => {
                let OwnedKind::Map { capacity, .. } = *schema.kind() else { unreachable!("it is a map") };
                Target::Map { part, capacity: capacity as usize, has: Entries::default() }
            }
            dynamic::Part::Frames(part) => Target::Frames { part, has: 0 },
            _ => Target::Local,
        })
    };
    parts_of(object.schema())?.iter().map(target).collect()
}

/// A copy cannot be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum CopyError {
    #[error(transparent)]
    Dynamic(#[from] DynamicError),
    #[error(transparent)]
    TooMany(#[from] TooMany),
}

/// Returns `true` if the origin should be asked again.
pub(super) fn may_work_later(error: &DynamicError) -> bool {
    use DynamicError::{Busy, Insert, Loan};
    matches!(error, Loan(_) | Busy(_) | Insert(InsertError::Busy(_) | InsertError::Full { .. }))
}

/// How a change is applied.
#[derive(Clone, Copy)]
pub(super) struct How {
    /// The number of the update.
    pub(super) sequence: u64,
    /// It is part of the whole state.
    pub(super) is_state: bool,
    /// No update is missing before it, so items that are missing are missing for good.
    pub(super) may_skip: bool,
    /// The copy may have the very value.
    pub(super) compare: bool,
}

impl Target {
    /// Forgets the number of the update that it has.
    pub(super) fn begin_again(&mut self) {
        match self {
            Self::Versioned { has, .. } | Self::Atomic { has, .. } | Self::Frames { has, .. } => *has = 0,
            Self::Map { has, .. } => *has = Entries::default(),
            Self::Event { .. } | Self::Broadcast { .. } | Self::Local => {}
        }
    }

    /// The number of the next item of a broadcast. A new copy gets all that the origin has.
    pub(super) fn position(&self) -> Option<u64> {
        match self {
            Self::Broadcast { part, .. } => Some(part.sent()),
            _ => None,
        }
    }

    pub(super) fn apply(&mut self, from: &Part<'_>, how: How) -> Result<Applied, DynamicError> {
        let (How { sequence, .. }, bytes) = (how, from.bytes);
        match (self, &from.change) {
            (Self::Versioned { has, .. } | Self::Atomic { has, .. } | Self::Frames { has, .. }, _)
                if *has > sequence => {}
            (Self::Versioned { part, has }, Change::Value { .. }) => {
                *has = sequence;
                if !(how.compare && has_value(part, bytes)) {
                    part.store_bytes(bytes, Limit::Within(PATIENCE))?;
                }
            }
            (Self::Atomic { part, has }, Change::Atomic) => {
                *has = sequence;
                part.store_bytes(bytes)?;
            }
            (Self::Event { part }, Change::Event(count)) => _ = part.advance_to(*count),
            (Self::Broadcast { part, size }, Change::Items { first }) => {
                return send_items(part, *size, *first, bytes, how.may_skip);
            }
            (Self::Map { part, capacity, has }, Change::Entries { removed, whole }) => {
                return has.apply(part, *capacity, (removed, bytes, *whole), how);
            }
            (Self::Frames { part, has }, Change::Frame { meta, .. }) => {
                let mut loan = part.loan(Limit::Never)?;
                *has = sequence;
                loan.set_meta_bytes(meta)?;
                loan.write_at(0, bytes)?;
                loan.publish()?;
            }
            // The origin has another layout, of which the list tells.
            _ => return Ok(Applied::NotYet),
        }
        Ok(Applied::Yes)
    }
}

/// Returns `true` if a part has been stored, and has this value.
fn has_value(part: &dynamic::Versioned, value: &[u8]) -> bool {
    let mut old = vec![0; part.schema().size() as usize];
    part.load_bytes(&mut old).is_ok() && part.version() != 0 && old == value
}

/// Sends the items that the copy does not have.
fn send_items(
    part: &dynamic::Broadcast,
    size: usize,
    first: u64,
    items: &[u8],
    may_skip: bool,
) -> Result<Applied, DynamicError> {
    let next = part.sent();
    if first > next {
        if !may_skip {
            return Ok(Applied::NotYet);
        }
        part.skip_to(first, Limit::Within(PATIENCE))?;
    }
    let had = usize::try_from(next.saturating_sub(first)).unwrap_or(usize::MAX);
    for item in items.chunks(size.max(1)).skip(had) {
        part.send_bytes(item, Limit::Within(PATIENCE))?;
    }
    Ok(Applied::Yes)
}

impl Entries {
    fn apply(
        &mut self,
        part: &dynamic::Map,
        capacity: usize,
        (removed, entries, whole): (&[u8], &[u8], bool),
        How { sequence, compare, is_state, .. }: How,
    ) -> Result<Applied, DynamicError> {
        let (key_size, value_size) = (part.key_schema().size() as usize, part.schema().size() as usize);
        let (key_size, entry_size) = (key_size.max(1), (key_size + value_size).max(1));
        if sequence < self.whole {
            return Ok(Applied::Yes);
        }
        let is_new = |keys: &HashMap<Vec<u8>, u64>, key: &[u8]| keys.get(key).is_none_or(|has| *has <= sequence);
        let mut old = vec![0; value_size];
        if whole {
            let listed: HashSet<&[u8]> = entries.chunks_exact(entry_size).map(|entry| &entry[..key_size]).collect();
            let mut extra = Vec::new();
            part.for_each_bytes(|key, _, _| {
                if !listed.contains(key) && is_new(&self.keys, key) {
                    extra.push(key.to_vec());
                }
            });
            for key in extra {
                remove(part, &key, &mut old)?;
            }
        }
        // An entry that cannot be changed keeps no other from being changed.
        let mut failed = None;
        for key in removed.chunks_exact(key_size).filter(|key| is_new(&self.keys, key)) {
            failed = failed.or(remove(part, key, &mut old).err());
        }
        for entry in entries.chunks_exact(entry_size) {
            let (key, value) = entry.split_at(key_size);
            if !is_new(&self.keys, key) {
                continue;
            }
            let is_same = (whole || compare) && matches!(part.get_bytes(key, &mut old), Ok(Some(_))) && old == value;
            if !is_same {
                failed = failed.or(part.insert_bytes(key, value, Limit::Within(PATIENCE)).err());
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if whole && is_state {
            self.whole = sequence;
            self.keys.retain(|_, has| *has > sequence);
            return Ok(Applied::Yes);
        }
        let keys = removed.chunks_exact(key_size);
        let keys = keys.chain(entries.chunks_exact(entry_size).map(|entry| &entry[..key_size]));
        self.keys.extend(keys.map(|key| (key.to_vec(), sequence)));
        // Removed keys are remembered, too, until the whole map comes.
        if self.keys.len() > 2 * capacity + REMEMBERED {
            self.keys.clear();
            self.whole = sequence;
            return Ok(Applied::NotYet);
        }
        Ok(Applied::Yes)
    }
}

/// Removes a key, whatever its value is.
fn remove(part: &dynamic::Map, key: &[u8], old: &mut [u8]) -> Result<(), DynamicError> {
    match part.remove_bytes(key, old, Limit::Within(PATIENCE)) {
        Ok(_) | Err(DynamicError::InvalidValue(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
