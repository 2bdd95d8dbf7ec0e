//! An object that is exported.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use shmstore::dynamic::{self, DynamicError, Wait};
use shmstore::error::WaitAnyError;
use shmstore::inspect::FieldPath;
use shmstore::schema::OwnedSchema;
use shmstore::{Awaitable, wait_any};
use zenoh::bytes::ZBytes;
use zenoh::pubsub::Publisher;
use zenoh::qos::CongestionControl;
use zenoh::{Session, Wait as _};

use super::part::{Followed, Owned};
use super::scan::Found;
use crate::lock::lock;
use crate::parts::{TooMany, parts_of};
use crate::wire::{self, ObjectKey, Reply, Request, Update};

/// The pauses between two looks at parts that wake no waiter: the shortest one after a change, and twice as long after
/// each look without one.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// The share of the time that looks take at most: one in so many parts.
const LOOK_SHARE: u32 = 20;

/// The most parts that one thread waits for. Others are looked at.
const MOST_AWAITED: usize = 120;

/// The most updates of an object that are sent one after the other before others get its lock.
const MOST_AT_ONCE: usize = 16;

/// A thread that was told to end lets go of its object after this time at most. A process that migrates or replaces the
/// object waits for a second.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// The stack of a thread that waits. It calls nothing deep.
const STACK: usize = 256 << 10;

/// An object whose changes are sent.
pub(super) struct Exported {
    pub(super) key: ObjectKey,
    /// The layout hash.
    pub(super) layout: u128,
    object: dynamic::Object,
    publisher: Publisher<'static>,
    ended: AtomicBool,
    state: Mutex<State>,
}

/// All changes before the lock is released are sent in the order of their numbers.
struct State {
    /// The number before the first update.
    began: u64,
    /// The number of the last update.
    sequence: u64,
    parts: Vec<Followed>,
    /// The parts whose changes the thread waits for, by their position in `parts`.
    awaited: Vec<usize>,
    /// The parts that are looked at.
    polled: Vec<usize>,
    pause: Duration,
    due: Instant,
}

/// An object cannot be exported.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExportError {
    #[error(transparent)]
    Dynamic(#[from] DynamicError),
    #[error(transparent)]
    TooMany(#[from] TooMany),
    #[error("no thread: {0}")]
    Thread(std::io::Error),
    #[error("the network refuses its key: {0}")]
    Network(zenoh::Error),
    #[error("it was replaced at this moment")]
    Replaced,
}

impl Exported {
    /// Begins to send the changes of an object. The updates count from `sequence` on.
    pub(super) fn begin(
        session: &Session,
        found: Found,
        updates: String,
        sequence: u64,
    ) -> Result<Arc<Self>, ExportError> {
        let Found { key, store, object: seen, .. } = found;
        let object = dynamic::Object::attach(&store, key.id())?;
        if object.nonce() != key.nonce {
            return Err(ExportError::Replaced);
        }
        drop(seen);
        let followed = |(path, schema): &(FieldPath, &OwnedSchema)| Ok(Followed::of(object.part(path)?, schema));
        let parts = parts_of(object.schema())?.iter().map(followed).collect::<Result<Vec<_>, DynamicError>>()?;
        let awaited: Vec<usize> =
            (0..parts.len()).filter(|at| parts[*at].wait().is_some()).take(MOST_AWAITED).collect();
        let is_polled = |at: &usize| parts[*at].is_polled() || parts[*at].wait().is_some() && !awaited.contains(at);
        let polled = (0..parts.len()).filter(is_polled).collect();
        let publisher = session.declare_publisher(updates).congestion_control(CongestionControl::Drop).express(true);
        let exported = Arc::new(Self {
            layout: object.schema().hash().to_u128(),
            key,
            object,
            publisher: publisher.wait().map_err(ExportError::Network)?,
            ended: AtomicBool::new(false),
            state: Mutex::new(State {
                began: sequence,
                sequence,
                parts,
                awaited,
                polled,
                pause: SHORTEST_PAUSE,
                due: Instant::now(),
            }),
        });
        let thread = std::thread::Builder::new().name("shm-export".into()).stack_size(STACK);
        let follower = exported.clone();
        thread.spawn(move || follower.follow()).map_err(ExportError::Thread)?;
        Ok(exported)
    }

    /// Ends the sending, and returns the number of the last update.
    pub(super) fn end(&self) -> u64 {
        // Under the lock, so that no update comes after this.
        let state = lock(&self.state);
        self.ended.store(true, Relaxed);
        state.sequence
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Relaxed)
    }

    /// Returns `true` if the object is about to be migrated, replaced or removed.
    pub(super) fn is_moving(&self) -> bool {
        self.object.is_moving()
    }

    pub(super) fn sequence(&self) -> u64 {
        lock(&self.state).sequence
    }

    /// The thread: sends each change that wakes it, until the object is removed or the sending ends.
    fn follow(&self) {
        loop {
            if self.has_ended() {
                return;
            }
            let waits: Vec<Wait> = {
                let mut state = lock(&self.state);
                let awaited = std::mem::take(&mut state.awaited);
                // Not without an end, since others wait for the lock.
                for _ in 0..MOST_AT_ONCE {
                    if !self.send(&mut state, &awaited) {
                        break;
                    }
                }
                let waits = awaited.iter().filter_map(|at| state.parts[*at].wait()).collect();
                state.awaited = awaited;
                waits
            };
            let all: Vec<&dyn Awaitable> = waits.iter().map(|wait| wait as _).collect();
            if all.is_empty() {
                return;
            }
            match wait_any(&all, LONGEST_WAIT) {
                Ok(_) | Err(WaitAnyError::Timeout { .. }) => {}
                Err(_) => {
                    self.ended.store(true, Relaxed);
                    return;
                }
            }
        }
    }

    /// Looks at the parts that wake no thread, if it is time. Returns the time of the next look, if there is any.
    pub(super) fn look_if_due(&self, now: Instant) -> Option<Instant> {
        if self.has_ended() {
            return None;
        }
        let mut state = lock(&self.state);
        if state.polled.is_empty() {
            return None;
        }
        if now >= state.due {
            let started = Instant::now();
            let polled = std::mem::take(&mut state.polled);
            let has_changed = self.send(&mut state, &polled);
            state.polled = polled;
            state.pause = if has_changed { SHORTEST_PAUSE } else { (state.pause * 2).min(LONGEST_PAUSE) };
            state.due = Instant::now() + state.pause.max(started.elapsed() * LOOK_SHARE);
        }
        Some(state.due)
    }

    /// Sends the changes of some parts as one update. Returns `true` if there was any.
    fn send(&self, state: &mut State, parts: &[usize]) -> bool {
        if self.has_ended() {
            return false;
        }
        let mut changed: Vec<(usize, Owned)> = Vec::new();
        for at in parts {
            changed.extend(state.parts[*at].changes().map(|change| (*at, change)));
        }
        if changed.is_empty() {
            return false;
        }
        state.sequence += 1;
        for (at, _) in &changed {
            state.parts[*at].sent = state.sequence;
        }
        let head = wire::encode(&update_of(state.sequence, &changed));
        // A copy that misses it finds that in the next update or in the next listing, and asks.
        drop(self.publisher.put(payload_of(changed)).attachment(head).wait());
        true
    }

    /// Answers a request.
    pub(super) fn answer(&self, request: &Request, reply: impl FnOnce(Vec<u8>, ZBytes)) {
        if self.has_ended() {
            return reply(wire::encode(&Reply::Gone), ZBytes::new());
        }
        match request {
            Request::Describe => {
                let schema = self.object.schema().to_json();
                let room = self.object.segment().description.as_ref().and_then(|description| description.room);
                reply(wire::encode(&Reply::Layout { schema: &schema, room }), ZBytes::new());
            }
            Request::State { since, positions } => {
                let mut state = lock(&self.state);
                if positions.len() > state.parts.len() {
                    return;
                }
                // A number from before means nothing here.
                let since = if (state.began..=state.sequence).contains(since) { *since } else { 0 };
                let sequence = state.sequence;
                let position =
                    |at: usize| positions.iter().find(|(part, _)| *part as usize == at).map(|(_, next)| *next);
                let all = state.parts.iter_mut().enumerate();
                let changed = all.filter_map(|(at, part)| Some((at, part.state(since, || position(at))?)));
                let changed: Vec<(usize, Owned)> = changed.collect();
                let head = wire::encode(&Reply::State(update_of(sequence, &changed)));
                // Without the lock, since a slow host may be waited for.
                drop(state);
                reply(head, payload_of(changed));
            }
        }
    }
}

fn update_of(sequence: u64, changed: &[(usize, Owned)]) -> Update<'_> {
    Update { sequence, parts: changed.iter().map(|(at, change)| change.as_part(*at)).collect() }
}

/// The bytes of all changes, one behind the other, without a copy.
fn payload_of(changed: Vec<(usize, Owned)>) -> ZBytes {
    let mut writer = ZBytes::writer();
    for (_, change) in changed {
        writer.append(change.bytes.into());
    }
    writer.finish()
}
