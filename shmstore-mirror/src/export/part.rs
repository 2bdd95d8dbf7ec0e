//! A part of an exported object: what of it has changed.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher as _;

use shmstore::broadcast::RecvError;
use shmstore::dynamic::{self, DynamicError, Limit, Subscriber, Wait};
use shmstore::schema::{OwnedKind, OwnedSchema};

use crate::wire::{self, Change};

/// The most items that are sent at once.
const MOST_ITEMS: u64 = 1 << 20;

/// Items are sent at once until they have so many bytes.
const BATCH: usize = 256 << 10;

/// A part that is followed.
pub(super) struct Followed {
    part: Part,
    /// The number of the update that had its last change. 0 if there was none.
    pub(super) sent: u64,
}

/// A part, and what of it was sent.
enum Part {
    Versioned {
        part: dynamic::Versioned,
        seen: u64,
    },
    Atomic {
        part: dynamic::Atomic,
        seen: Vec<u8>,
    },
    Event {
        part: dynamic::Event,
        seen: u64,
    },
    Broadcast {
        part: dynamic::Broadcast,
        capacity: u64,
        subscriber: Subscriber,
    },
    Map {
        part: dynamic::Map,
        seen: Seen,
    },
    Frames {
        part: dynamic::Frames,
        seen: u64,
    },
    /// A queue or a lock, which belong to the processes of one host.
    Local,
}

/// The entries of a map that were sent.
#[derive(Default)]
struct Seen {
    /// How often keys had been inserted and removed.
    changes: Option<u64>,
    /// The version and a hash of the value of each key. A key that was removed and inserted again may have an old
    /// version with a new value.
    entries: HashMap<Vec<u8>, (u64, u64)>,
}

/// A change, and the bytes that belong to it.
pub(super) struct Owned {
    kind: Kind,
    pub(super) bytes: Vec<u8>,
}

enum Kind {
    Value { version: u64 },
    Atomic,
    Event(u64),
    Items { first: u64 },
    Entries { removed: Vec<u8>, whole: bool },
    Frame { number: u64, meta: Vec<u8> },
}

impl Owned {
    pub(super) fn as_part(&self, at: usize) -> wire::Part<'_> {
        let change = match &self.kind {
            Kind::Value { version } => Change::Value { version: *version },
            Kind::Atomic => Change::Atomic,
            Kind::Event(count) => Change::Event(*count),
            Kind::Items { first } => Change::Items { first: *first },
            Kind::Entries { removed, whole } => Change::Entries { removed, whole: *whole },
            Kind::Frame { number, meta } => Change::Frame { number: *number, meta },
        };
        wire::Part::new(at as u32, change, &self.bytes)
    }
}

impl Followed {
    pub(super) fn of(part: dynamic::Part, schema: &OwnedSchema) -> Self {
        let part = match part {
            dynamic::Part::Versioned(part) => Part::Versioned { part, seen: 0 },
            dynamic::Part::Atomic(part) => Part::Atomic { seen: vec![0; part.schema().size() as usize], part },
            dynamic::Part::Event(part) => Part::Event { part, seen: 0 },
            dynamic::Part::Broadcast(part) => {
                let OwnedKind::Broadcast { capacity, .. } = *schema.kind() else { unreachable!("it is a broadcast") };
                Part::Broadcast { subscriber: part.subscribe_from(oldest(&part, capacity)), part, capacity }
            }
            dynamic::Part::Map(part) => Part::Map { part, seen: Seen::default() },
            dynamic::Part::Frames(part) => Part::Frames { part, seen: 0 },
            _ => Part::Local,
        };
        Self { part, sent: 0 }
    }

    /// A wait for the next change. `None` if no change of the part wakes.
    pub(super) fn wait(&self) -> Option<Wait> {
        Some(match &self.part {
            Part::Versioned { part, seen } => part.newer(*seen),
            Part::Event { part, seen } => part.past(*seen),
            Part::Broadcast { subscriber, .. } => subscriber.not_empty(),
            Part::Map { part, seen } => part.changed(seen.changes.unwrap_or(0)),
            Part::Frames { part, seen } => part.newer(*seen),
            Part::Atomic { .. } | Part::Local => return None,
        })
    }

    /// Returns `true` if the part has changes that wake no waiter.
    pub(super) fn is_polled(&self) -> bool {
        matches!(self.part, Part::Atomic { .. } | Part::Map { .. })
    }

    /// What has changed since the last call. Items may be left for the next call.
    pub(super) fn changes(&mut self) -> Option<Owned> {
        match &mut self.part {
            Part::Versioned { part, seen } => {
                let newest = part.version();
                if newest == *seen {
                    return None;
                }
                // Bytes that are no value are not sent. The next store is.
                *seen = newest;
                let owned = value_of(part)?;
                if let Kind::Value { version } = owned.kind {
                    *seen = version;
                }
                Some(owned)
            }
            Part::Atomic { part, seen } => {
                let mut bytes = vec![0; seen.len()];
                part.load_bytes(&mut bytes).ok()?;
                if bytes == *seen {
                    return None;
                }
                seen.copy_from_slice(&bytes);
                Some(Owned { kind: Kind::Atomic, bytes })
            }
            Part::Event { part, seen } => {
                let count = part.count();
                let is_new = std::mem::replace(seen, count) != count;
                is_new.then_some(Owned { kind: Kind::Event(count), bytes: Vec::new() })
            }
            Part::Broadcast { subscriber, .. } => items_of(subscriber, BATCH),
            Part::Map { part, seen } => seen.changes_of(part),
            Part::Frames { part, seen } => {
                let newest = part.newest_number();
                if newest == *seen {
                    return None;
                }
                // A frame that cannot be read is passed over, since its number would wake at once again.
                *seen = newest;
                let owned = frame_of(part)?;
                if let Kind::Frame { number, .. } = owned.kind {
                    *seen = number;
                }
                Some(owned)
            }
            Part::Local => None,
        }
    }

    /// The state, for a copy that has all updates up to `since`, and the items before `position`.
    ///
    /// Changes that are not sent yet may be in it. They are sent all the same, since other copies need them.
    pub(super) fn state(&mut self, since: u64, position: impl FnOnce() -> Option<u64>) -> Option<Owned> {
        if let Part::Broadcast { part, capacity, .. } = &self.part {
            let from = position().unwrap_or(0).max(oldest(part, *capacity));
            return items_of(&mut part.subscribe_from(from), usize::MAX);
        }
        if since != 0 && self.sent <= since {
            return None;
        }
        match &mut self.part {
            Part::Versioned { part, .. } => (part.version() != 0).then(|| value_of(part)).flatten(),
            // What was sent: a value that is gone again before it is sent would stay in this copy.
            Part::Atomic { seen, .. } => Some(Owned { kind: Kind::Atomic, bytes: seen.clone() }),
            Part::Event { part, .. } => Some(Owned { kind: Kind::Event(part.count()), bytes: Vec::new() }),
            Part::Map { part, seen } => {
                let kind = Kind::Entries { removed: Vec::new(), whole: true };
                Some(Owned { kind, bytes: seen.whole(part) })
            }
            Part::Frames { part, .. } => frame_of(part),
            Part::Broadcast { .. } | Part::Local => None,
        }
    }
}

/// The number of the oldest item that may be there.
fn oldest(part: &dynamic::Broadcast, capacity: u64) -> u64 {
    part.sent().saturating_sub(capacity)
}

fn value_of(part: &dynamic::Versioned) -> Option<Owned> {
    let mut bytes = vec![0; part.schema().size() as usize];
    let version = part.load_bytes(&mut bytes).ok()?;
    Some(Owned { kind: Kind::Value { version }, bytes })
}

/// The next items, which are one behind the other. `None` if there is none.
fn items_of(subscriber: &mut Subscriber, most: usize) -> Option<Owned> {
    let size = subscriber.schema().size() as usize;
    let (mut first, mut items, mut item) = (subscriber.position(), Vec::new(), vec![0; size]);
    // A sender that is as fast as this one is not followed without an end.
    let end = subscriber.position().saturating_add(MOST_ITEMS);
    while items.len() < most && subscriber.position() < end {
        match subscriber.recv_bytes(&mut item, Limit::Never) {
            Ok(()) => items.extend_from_slice(&item),
            // Items are missing: those before them are not the newest, and those after them come next.
            Err(DynamicError::Recv(RecvError::Lagged { .. }) | DynamicError::InvalidValue(_)) => {
                if !items.is_empty() && most != usize::MAX {
                    break;
                }
                items.clear();
                first = subscriber.position();
            }
            Err(_) => break,
        }
    }
    (!items.is_empty()).then_some(Owned { kind: Kind::Items { first }, bytes: items })
}

fn frame_of(part: &dynamic::Frames) -> Option<Owned> {
    let pinned = part.pin_newest().ok()??;
    let mut elements = vec![0; pinned.len() * pinned.schema().size() as usize];
    pinned.copy_at(0, &mut elements);
    let kind = Kind::Frame { number: pinned.number(), meta: pinned.meta_bytes().to_vec() };
    Some(Owned { kind, bytes: elements })
}

/// Returns `true` if both are valid. No copy takes others.
fn is_entry(part: &dynamic::Map, key: &[u8], value: &[u8]) -> bool {
    dynamic::check(part.key_schema(), key).is_ok() && dynamic::check(part.schema(), value).is_ok()
}

fn hash_of(value: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(value);
    hasher.finish()
}

impl Seen {
    /// All entries. Those that are not as they were sent, and those that are missing, are sent with the next changes,
    /// whatever they are then: one copy knows them as they are now, and the others do not.
    fn whole(&mut self, part: &dynamic::Map) -> Vec<u8> {
        const NEITHER: (u64, u64) = (u64::MAX, 0);
        let (mut entries, mut there) = (Vec::new(), HashMap::new());
        part.for_each_bytes(|key, version, value| {
            if is_entry(part, key, value) {
                entries.extend_from_slice(key);
                entries.extend_from_slice(value);
                there.insert(key.to_vec(), (version, hash_of(value)));
            }
        });
        let mut is_other = false;
        for (key, sent) in &mut self.entries {
            if there.remove(key) != Some(*sent) {
                *sent = NEITHER;
                is_other = true;
            }
        }
        is_other |= !there.is_empty();
        self.entries.extend(there.into_keys().map(|key| (key, NEITHER)));
        if is_other {
            self.changes = None;
        }
        entries
    }

    fn changes_of(&mut self, part: &dynamic::Map) -> Option<Owned> {
        // Before the entries are read, so that a later change is seen next time.
        let changes = part.changes();
        let may_be_inserted_again = self.changes != Some(changes);
        let mut entries = Vec::new();
        let mut now = HashMap::with_capacity(self.entries.len());
        part.for_each_bytes(|key, version, value| {
            let known = self.entries.get(key).copied();
            let is_sent = known.is_some_and(|(seen, _)| seen == version) && !may_be_inserted_again;
            if is_sent || !is_entry(part, key, value) {
                return;
            }
            let hash = hash_of(value);
            if known != Some((version, hash)) {
                entries.extend_from_slice(key);
                entries.extend_from_slice(value);
            }
            now.insert(key.to_vec(), (version, hash));
        });
        let mut removed = Vec::new();
        if may_be_inserted_again {
            for key in self.entries.keys().filter(|key| !now.contains_key(*key)) {
                removed.extend_from_slice(key);
            }
            self.entries = now;
        } else {
            self.entries.extend(now);
        }
        self.changes = Some(changes);
        let is_none = removed.is_empty() && entries.is_empty();
        (!is_none).then_some(Owned { kind: Kind::Entries { removed, whole: false }, bytes: entries })
    }
}
