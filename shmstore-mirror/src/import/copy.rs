//! A copy of an object, and the updates that it has.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use shmstore::Shared;
use shmstore::dynamic::MirroredObject;
use shmstore::schema::OwnedSchema;

use super::target::{Applied, CopyError, How, PATIENCE, Target, may_work_later, targets};
use crate::lock::lock;
use crate::status::{MirrorStatus, PartKey, cut};
use crate::wire::{Change, ObjectKey, Part, Update};

/// The pauses between two requests for one copy: the shortest one, and twice as long after each one that brought nothing.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

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
        lock(&self.inner)
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
        inner.parts.iter_mut().for_each(Target::begin_again);
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
        let parts = inner.parts.iter().enumerate();
        let positions = parts.filter_map(|(at, target)| Some((at as u32, target.position()?)));
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
