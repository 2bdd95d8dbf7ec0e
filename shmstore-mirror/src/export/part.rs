//! A part of an exported object: what of it has changed.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher as _;

use shmstore::broadcast::RecvError;
use shmstore::dynamic::{self, DynamicError, Limit, Subscriber, Wait};
use shmstore::schema::{OwnedKind, OwnedSchema};

use crate::wire::Change;

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

/// A change, with its bytes.
pub(super) enum Owned {
    Value { version: u64, bytes: Vec<u8> },
    Atomic(Vec<u8>),
    Event(u64),
    Items { first: u64, items: Vec<u8> },
    Entries { removed: Vec<u8>, entries: Vec<u8>, whole: bool },
    Frame { number: u64, meta: Vec<u8>, elements: Vec<u8> },
}

impl Owned {
    pub(super) fn as_change(&self) -> Change<'_> {
        match self {
            Self::Value { version, bytes } => Change::Value { version: *version, bytes },
            Self::Atomic(bytes) => Change::Atomic(bytes),
            Self::Event(count) => Change::Event(*count),
            Self::Items { first, items } => Change::Items { first: *first, items },
            Self::Entries { removed, entries, whole } => Change::Entries { removed, entries, whole: *whole },
            Self::Frame { number, meta, elements } => Change::Frame { number: *number, meta, elements },
        }
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
                if let Owned::Value { version, .. } = owned {
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
                Some(Owned::Atomic(bytes))
            }
            Part::Event { part, seen } => {
                let count = part.count();
                let is_new = std::mem::replace(seen, count) != count;
                is_new.then_some(Owned::Event(count))
            }
            Part::Broadcast { subscriber, .. } => items_of(subscriber, BATCH),
            Part::Map { part, seen } => seen.changes_of(part),
            Part::Frames { part, seen } => {
                if part.newest_number() == *seen {
                    return None;
                }
                let owned = frame_of(part)?;
                if let Owned::Frame { number, .. } = owned {
                    *seen = number;
                }
                Some(owned)
            }
            Part::Local => None,
        }
    }

    /// The state, for a copy that has all updates up to `since`, and the items before `position`.
    pub(super) fn state(&self, since: u64, position: Option<u64>) -> Option<Owned> {
        if let Part::Broadcast { part, capacity, .. } = &self.part {
            let from = position.unwrap_or(0).max(oldest(part, *capacity));
            return items_of(&mut part.subscribe_from(from), usize::MAX);
        }
        if since != 0 && self.sent <= since {
            return None;
        }
        match &self.part {
            Part::Versioned { part, .. } => (part.version() != 0).then(|| value_of(part)).flatten(),
            Part::Atomic { part, seen } => {
                let mut bytes = vec![0; seen.len()];
                part.load_bytes(&mut bytes).ok().map(|()| Owned::Atomic(bytes))
            }
            Part::Event { part, .. } => Some(Owned::Event(part.count())),
            Part::Map { part, .. } => {
                let mut entries = Vec::new();
                part.for_each_bytes(|key, _, value| {
                    entries.extend_from_slice(key);
                    entries.extend_from_slice(value);
                });
                Some(Owned::Entries { removed: Vec::new(), entries, whole: true })
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
    Some(Owned::Value { version, bytes })
}

/// The next items, which are one behind the other. `None` if there is none.
fn items_of(subscriber: &mut Subscriber, most: usize) -> Option<Owned> {
    let size = subscriber.schema().size() as usize;
    let (mut first, mut items, mut item) = (subscriber.position(), Vec::new(), vec![0; size]);
    while items.len() < most {
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
    (!items.is_empty()).then_some(Owned::Items { first, items })
}

fn frame_of(part: &dynamic::Frames) -> Option<Owned> {
    let pinned = part.pin_newest().ok()??;
    let mut elements = vec![0; pinned.len() * pinned.schema().size() as usize];
    pinned.copy_at(0, &mut elements);
    Some(Owned::Frame { number: pinned.number(), meta: pinned.meta_bytes().to_vec(), elements })
}

impl Seen {
    fn changes_of(&mut self, part: &dynamic::Map) -> Option<Owned> {
        // Before the entries are read, so that a later change is seen next time.
        let changes = part.changes();
        let may_be_inserted_again = self.changes != Some(changes);
        let (mut entries, mut there) = (Vec::new(), 0);
        let mut now = HashMap::with_capacity(self.entries.len());
        part.for_each_bytes(|key, version, value| {
            there += 1;
            let known = self.entries.get(key).copied();
            if known.is_some_and(|(seen, _)| seen == version) && !may_be_inserted_again {
                return;
            }
            let mut hasher = DefaultHasher::new();
            hasher.write(value);
            let hash = hasher.finish();
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
        (!is_none).then_some(Owned::Entries { removed, entries, whole: false })
    }
}
