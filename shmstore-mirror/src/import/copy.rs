//! A copy of an object, and the application of changes to it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use shmstore::Shared;
use shmstore::dynamic::{self, DynamicError, Limit, MirroredObject};
use shmstore::inspect::FieldPath;
use shmstore::map::InsertError;
use shmstore::schema::{OwnedKind, OwnedSchema};

use crate::parts::{TooMany, parts_of};
use crate::status::{MirrorStatus, PartKey, cut};
use crate::wire::{Change, ObjectKey, Part, Update};

/// The keys of a map of which more is remembered than it has, before the whole map is asked for.
const REMEMBERED: usize = 1024;

/// The pauses between two requests for one copy: the shortest one, and twice as long after each one that brought nothing.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The longest wait for a part that a process of this host has stopped in.
const PATIENCE: Duration = Duration::from_millis(100);

/// A copy that this process owns.
pub(super) struct Copy {
    pub(super) key: ObjectKey,
    status: Shared<MirrorStatus>,
    inner: Mutex<Inner>,
}

struct Inner {
    /// The run of the exporter whose updates are counted.
    session: String,
    /// `None` once the copy is given up.
    mirrored: Option<MirroredObject>,
    layout: u128,
    parts: Vec<Target>,
    /// All updates up to this number are applied.
    have: u64,
    /// The largest number of an update that came, or that the origin has listed.
    known: u64,
    /// A request was sent, and its replies have not ended.
    asked: bool,
    /// When the last request was sent, and the pause after it.
    asked_at: Option<Instant>,
    pause: Duration,
    /// The number of the request whose replies are waited for.
    request: u64,
    /// `true` until the first state is applied: the copy may have the very values.
    is_fresh: bool,
    counts: Counts,
}

/// What a copy lacks.
pub(super) struct Missing {
    pub(super) request: u64,
    pub(super) since: u64,
    pub(super) positions: Vec<(u32, u64)>,
}

/// How much has happened to a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) updates: u64,
    pub(super) bytes: u64,
    pub(super) requests: u64,
    /// What was wrong with the last change that was refused.
    pub(super) wrong: String,
}

/// A part of a copy, with the number of the update that it has.
enum Target {
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
struct Entries {
    /// That of all keys without one of their own.
    whole: u64,
    keys: HashMap<Vec<u8>, u64>,
}

/// How a change was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Applied {
    Yes,
    /// Others are missing before it.
    NotYet,
}

fn targets(object: &dynamic::Object) -> Result<Vec<Target>, CopyError> {
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

impl Copy {
    pub(super) fn new(
        key: ObjectKey,
        mirrored: MirroredObject,
        status: Shared<MirrorStatus>,
    ) -> Result<Self, CopyError> {
        let (parts, layout) = (targets(mirrored.object())?, mirrored.object().schema().hash().to_u128());
        let inner = Inner {
            session: String::new(),
            mirrored: Some(mirrored),
            layout,
            parts,
            have: 0,
            known: 0,
            asked: false,
            asked_at: None,
            pause: SHORTEST_PAUSE,
            request: 0,
            is_fresh: true,
            counts: Counts::default(),
        };
        Ok(Self { key, status, inner: Mutex::new(inner) })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Each change leaves it complete.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn layout(&self) -> u128 {
        self.lock().layout
    }

    /// The size of the object in bytes.
    pub(super) fn size(&self) -> u64 {
        self.lock().mirrored.as_ref().map_or(0, |mirrored| mirrored.object().schema().size())
    }

    /// Returns `true` until the first state is applied.
    pub(super) fn is_waiting(&self) -> bool {
        let inner = self.lock();
        inner.is_fresh && inner.counts.updates == 0
    }

    pub(super) fn counts(&self) -> Counts {
        self.lock().counts.clone()
    }

    /// Returns `true` if the copy was removed by some other program of this host.
    pub(super) fn is_removed(&self) -> bool {
        self.lock().mirrored.as_ref().is_none_or(|mirrored| mirrored.object().is_removed())
    }

    /// Notes that the origin lives, and that it has updates up to a number.
    pub(super) fn hear(&self, sequence: u64) {
        let mut inner = self.lock();
        inner.known = inner.known.max(sequence);
        if let Some(mirrored) = &inner.mirrored {
            mirrored.set_heard();
        }
    }

    /// The run of the exporter whose updates are counted.
    pub(super) fn session(&self) -> String {
        self.lock().session.clone()
    }

    /// Forgets all numbers, because each run of an exporter counts its own.
    pub(super) fn begin_again(&self, session: &str) {
        let mut inner = self.lock();
        session.clone_into(&mut inner.session);
        (inner.have, inner.known, inner.is_fresh, inner.asked_at) = (0, 0, true, None);
        (inner.asked, inner.pause) = (false, SHORTEST_PAUSE);
        for target in &mut inner.parts {
            match target {
                Target::Versioned { has, .. } | Target::Atomic { has, .. } | Target::Frames { has, .. } => *has = 0,
                Target::Map { has, .. } => *has = Entries::default(),
                Target::Event { .. } | Target::Broadcast { .. } | Target::Local => {}
            }
        }
    }

    /// What to ask for, if anything is missing and was not asked for.
    pub(super) fn missing(&self) -> Option<Missing> {
        let mut inner = self.lock();
        let is_complete = !inner.is_fresh && inner.have >= inner.known;
        // A part that cannot take its value at this moment is not asked for without a pause.
        let is_soon = inner.asked_at.is_some_and(|at| at.elapsed() < inner.pause);
        if is_complete || is_soon || inner.asked || inner.mirrored.is_none() {
            return None;
        }
        inner.asked = true;
        inner.asked_at = Some(Instant::now());
        inner.pause = (inner.pause * 2).min(LONGEST_PAUSE);
        inner.request += 1;
        inner.counts.requests += 1;
        let positions = inner.parts.iter().enumerate().filter_map(|(at, target)| match target {
            // A new copy gets all that the origin has.
            Target::Broadcast { part, .. } => Some((at as u32, part.sent())),
            _ => None,
        });
        // Without a first state, the parts that did not change since then are asked for, too.
        let since = if inner.is_fresh { 0 } else { inner.have };
        Some(Missing { request: inner.request, since, positions: positions.collect() })
    }

    /// Notes that the replies to a request have ended.
    pub(super) fn answered(&self, request: u64) {
        let mut inner = self.lock();
        if inner.request == request {
            inner.asked = false;
        }
    }

    /// Appends the parts that the origin has more. Returns `false` if the layout does not begin with that of the copy.
    pub(super) fn grow(&self, schema: &OwnedSchema) -> Result<bool, CopyError> {
        let mut inner = self.lock();
        let Some(mirrored) = &mut inner.mirrored else { return Ok(false) };
        if mirrored.grow(schema).is_err() {
            return Ok(false);
        }
        let more = targets(mirrored.object())?;
        let layout = mirrored.object().schema().hash().to_u128();
        let known = inner.parts.len();
        inner.parts.extend(more.into_iter().skip(known));
        inner.layout = layout;
        // The state of the new parts is asked for, as that of all.
        (inner.have, inner.is_fresh) = (0, true);
        Ok(true)
    }

    /// Detaches the copy, and gives its ownership up.
    pub(super) fn give_up(&self) {
        let mut inner = self.lock();
        inner.parts.clear();
        inner.mirrored = None;
    }

    /// Applies an update of a run of the exporter. Returns `true` if others are missing before it.
    pub(super) fn apply(&self, session: &str, update: &Update<'_>, is_state: bool, bytes: usize) -> bool {
        let mut inner = self.lock();
        if inner.session != session {
            return false;
        }
        let Inner { mirrored, parts, have, known, is_fresh, counts, pause, .. } = &mut *inner;
        let Some(mirrored) = mirrored else { return false };
        mirrored.set_heard();
        let sequence = update.sequence;
        *known = (*known).max(sequence);
        if !is_state && sequence <= *have {
            return false;
        }
        let is_next = have.checked_add(1) == Some(sequence);
        let mut is_whole = true;
        for part in &update.parts {
            let Some(target) = parts.get_mut(part.at as usize) else { continue };
            let how = How { sequence, is_state, may_skip: is_state || is_next, compare: *is_fresh };
            match target.apply(part, how) {
                Ok(Applied::Yes) => self.note_version(part),
                Ok(Applied::NotYet) => is_whole = false,
                Err(error) => {
                    counts.wrong = error.to_string();
                    is_whole &= !may_work_later(&error);
                }
            }
        }
        counts.updates += 1;
        counts.bytes += bytes as u64;
        if is_whole && (is_next || is_state) {
            *have = (*have).max(sequence);
            *pause = SHORTEST_PAUSE;
            *is_fresh &= !is_state;
        }
        *is_fresh || *have < *known
    }

    /// The origin's version of a part.
    fn note_version(&self, part: &Part<'_>) {
        let (Change::Value { version } | Change::Frame { number: version, .. }) = part.change else { return };
        let key = PartKey { name: cut(self.key.name.as_str()), id: self.key.id(), part: part.at };
        // With more parts than the status has room for, those that came later have none.
        let _ = self.status.versions.insert_timeout(key, version, PATIENCE);
    }
}

/// Returns `true` if the origin should be asked again.
fn may_work_later(error: &DynamicError) -> bool {
    use DynamicError::{Busy, Insert, Loan};
    matches!(error, Loan(_) | Busy(_) | Insert(InsertError::Busy(_) | InsertError::Full { .. }))
}

/// How a change is applied.
#[derive(Clone, Copy)]
struct How {
    /// The number of the update.
    sequence: u64,
    /// It is part of the whole state.
    is_state: bool,
    /// No update is missing before it, so items that are missing are missing for good.
    may_skip: bool,
    /// The copy may have the very value.
    compare: bool,
}

impl Target {
    fn apply(&mut self, from: &Part<'_>, how: How) -> Result<Applied, DynamicError> {
        let (How { sequence, .. }, bytes) = (how, from.bytes);
        match (self, &from.change) {
            (Self::Versioned { has, .. } | Self::Atomic { has, .. } | Self::Frames { has, .. }, _)
                if *has > sequence => {}
            (Self::Versioned { part, has }, Change::Value { .. }) => {
                *has = sequence;
                let mut old = vec![0; part.schema().size() as usize];
                let is_same = how.compare && part.load_bytes(&mut old).is_ok() && part.version() != 0 && old == bytes;
                if !is_same {
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
