//! What a path of an object leads to: the layout of a value, and the change that can be waited for.

use super::place::{Place, within};
use super::wait::{Aim, Wait};
use super::{Broadcast, DynamicError, Event, Frames, Map, Object, Queue, Versioned};
use crate::inspect::{FieldError, FieldPath, Limits};
use crate::layout::path::Step;
use crate::layout::schema::{OwnedKind, OwnedSchema};

/// What a path leads to.
impl Object {
    /// Returns the layout of the value that [`store`](Self::store) takes at a path.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Field`] if there is no such field.
    /// - [`DynamicError::NotAPart`] if the path leads to something that is not stored as a whole.
    pub fn value_schema(&self, path: &FieldPath) -> Result<&OwnedSchema, DynamicError> {
        let (place, depth) = Place::find(self, path)?;
        let (value, rest) = match (place.owned.kind(), &path.steps()[depth..]) {
            (OwnedKind::Atomic(_), rest) => (place.owned, rest),
            (OwnedKind::AtomicCell { value } | OwnedKind::Versioned { value }, rest) => (&**value, rest),
            (OwnedKind::Map { value, .. }, [_, rest @ ..]) => (&**value, rest),
            _ => return Err(self.no_such(path)),
        };
        within(value, rest).map(|(_, schema)| schema).ok_or_else(|| self.no_such(path))
    }

    /// Returns a wait for a change of the part at a path, or of the part that the path leads into, for
    /// [`wait_any`](crate::wait_any) and `.await`.
    ///
    /// It waits until [`changes_at`](crate::inspect::Object::changes_at) the path is more than `seen`. For a `Queue` it
    /// waits for an item, whatever was seen.
    ///
    /// ```
    /// # use shmstore::dynamic::{Limit, Object};
    /// # use shmstore::{ShmObject, Store, Versioned};
    /// # #[derive(ShmObject)] #[repr(C)] #[shm(id = 'D')] struct Door { angle: Versioned<[f64; 2]> }
    /// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
    /// # let door = store.create::<Door>()?;
    /// let object = Object::attach(&store, 'D')?;
    /// let angle = "angle[1]".parse()?;
    /// let seen = object.changes_at(&angle)?.expect("a part that counts its changes");
    /// door.angle.store([0.0, 1.5]); // most often in another process
    /// object.newer(&angle, seen)?.wait(Limit::Forever)?;
    /// assert_eq!(object.load(&angle)?.as_f64(), Some(1.5));
    /// # store.remove::<Door>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Field`] if there is no such field. A key that is not in its map is waited for.
    /// - [`DynamicError::NotAwaited`] if the path leads to nothing that counts its changes, as an atomic.
    pub fn newer(&self, path: &FieldPath, seen: u64) -> Result<Wait, DynamicError> {
        let (place, depth) = Place::find(self, path)?;
        let nothing = Limits { nodes: 1, ..Limits::default() };
        match self.read_at(path, &nothing) {
            Ok(_) | Err(FieldError::NoKey { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Wait::of(match (place.owned.kind(), path.steps().get(depth)) {
            (OwnedKind::Versioned { .. }, _) => Aim::Version { part: Versioned::at(place)?, seen },
            (OwnedKind::Event, _) => Aim::Notification { part: Event::at(place)?, seen },
            (OwnedKind::Queue { .. }, _) => Aim::Item { part: Queue::at(place)? },
            (OwnedKind::Broadcast { .. }, _) => {
                let part = Broadcast::at(place)?;
                Aim::Sent { place: part.raw().place_of(seen), part }
            }
            (OwnedKind::Map { .. }, Some(key @ (Step::Index(_) | Step::Key(_)))) => {
                let part = Map::at(place)?;
                Aim::Key { key: part.key_at(key)?, part, seen }
            }
            (OwnedKind::Map { .. }, _) => Aim::Keys { part: Map::at(place)?, seen },
            (OwnedKind::Frames { .. }, _) => Aim::Frame { part: Frames::at(place)?, seen },
            _ => return Err(DynamicError::NotAwaited { path: path.to_string() }),
        }))
    }
}
