//! Waits for changes of parts of any type.

use std::time::Instant;

use super::{Broadcast, DynamicError, Event, Frames, Limit, Map, Queue, Versioned};
use crate::error::Awaited;
use crate::sync::raw::RawPlace;
use crate::sync::waiting::{Condition, Pending, Signal, Waitable, awaitable, wait_for};

/// A wait for a change of a part. Methods named `newer`, `past`, `changed`, `not_empty` and `not_full` return it.
///
/// [`wait_any`](crate::wait_any) takes it, and `.await` waits for the change. Dropping it ends the wait. It keeps the
/// object attached.
///
/// ```
/// use shmstore::dynamic::{Limit, Object};
/// use shmstore::{Event, ShmObject, Store, wait_any};
/// use std::time::Duration;
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'D')]
/// struct Doors { opened: Event, closed: Event }
///
/// # let dir = tempfile::tempdir()?;
/// let store = Store::open(dir.path())?;
/// let doors = store.create::<Doors>()?;
/// let object = Object::attach(&store, 'D')?;
/// let opened = object.event(&"opened".parse()?)?.past(0);
/// let closed = object.event(&"closed".parse()?)?.past(0);
/// doors.closed.notify_all();
/// let ready = wait_any(&[&opened, &closed], Duration::from_secs(1))?;
/// assert!(ready.contains(1) && !ready.contains(0));
/// # store.remove::<Doors>()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a wait does nothing unless it is awaited, or passed to `wait_any`"]
pub struct Wait {
    aim: Aim,
    pending: Pending,
}

/// The change that is waited for.
pub(super) enum Aim {
    Version { part: Versioned, seen: u64 },
    Notification { part: Event, seen: u64 },
    Item { part: Queue },
    Slot { part: Queue },
    Sent { part: Broadcast, place: RawPlace },
    Key { part: Map, key: Vec<u8>, seen: u64 },
    Keys { part: Map, seen: u64 },
    Frame { part: Frames, seen: u64 },
}

awaitable!([] Wait, Aim, ());

impl Wait {
    /// Waits for the change.
    ///
    /// # Errors
    ///
    /// [`DynamicError::Wait`] if the time is over, or if the object or its anchor was removed.
    pub fn wait(&self, limit: Limit) -> Result<(), DynamicError> {
        Ok(wait_for(&self.aim, limit.duration())?)
    }

    /// Waits for the change, and returns what `get` returns after it. Waits again if that is `None`, because the change
    /// is gone again.
    pub(super) fn wait_for<T>(
        &self,
        limit: Limit,
        mut get: impl FnMut() -> Result<Option<T>, DynamicError>,
    ) -> Result<T, DynamicError> {
        let (started, time) = (Instant::now(), limit.duration());
        loop {
            self.wait(Limit::Within(time.saturating_sub(started.elapsed())))?;
            if let Some(found) = get()? {
                return Ok(found);
            }
        }
    }
}

impl Waitable for Aim {
    fn condition(&self) -> Condition<'_> {
        match self {
            Self::Version { part, seen } => part.raw().newer_than(*seen),
            Self::Notification { part, seen } => part.event_part().past_condition(*seen),
            Self::Item { part } => part.raw().has_item(),
            Self::Slot { part } => part.raw().has_room(),
            Self::Sent { part, place } => part.raw().is_sent(*place),
            Self::Key { part, key, seen } => part.raw().newer_than(key, *seen),
            Self::Keys { part, seen } => part.raw().changed_since(*seen),
            Self::Frame { part, seen } => part.raw().newer_than(*seen),
        }
    }

    fn is_there(&self) -> bool {
        match self {
            Self::Key { part, key, seen } => part.raw().is_newer(key, *seen),
            _ => self.condition().holds(),
        }
    }

    fn settle(&self) {
        match self {
            Self::Item { part } | Self::Slot { part } => part.raw().reap(),
            Self::Key { part, .. } | Self::Keys { part, .. } => part.raw().settle(),
            Self::Frame { part, .. } => part.raw().settle(),
            Self::Version { .. } | Self::Notification { .. } | Self::Sent { .. } => {}
        }
    }

    fn describe(&self) -> Awaited {
        match self {
            Self::Version { part, seen } => {
                Awaited::Version { part: part.raw().name(), seen: *seen, newest: part.version() }
            }
            Self::Notification { part, seen } => part.event_part().describe_past(*seen),
            Self::Item { part } => Awaited::Item { queue: part.raw().name() },
            Self::Slot { part } => Awaited::Slot { queue: part.raw().name() },
            Self::Sent { part, place } => Awaited::Sent { broadcast: part.raw().name(), position: place.position() },
            Self::Key { part, key, seen } => part.raw().describe(key, *seen),
            Self::Keys { part, seen } => Awaited::Keys { map: part.raw().name(), seen: *seen },
            Self::Frame { part, seen } => {
                Awaited::Frame { frames: part.raw().name(), seen: *seen, newest: part.newest_number() }
            }
        }
    }
}

impl Signal for Aim {}
