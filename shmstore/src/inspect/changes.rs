//! How often a part of an object has changed, by a reader that only loads.

use super::limits::Limits;
use super::object::Object;
use super::part::find;
use super::value::Value;
use crate::layout::path::{FieldError, FieldPath, Step};
use crate::layout::schema::OwnedKind;

impl Object {
    /// Returns how often the part at a path has changed, or the part that the path leads into.
    ///
    /// | part | number |
    /// |---|---|
    /// | `Versioned` | its version |
    /// | the key of a `Map` | its version, and 0 while the key is not in the map |
    /// | `Event` | the notifications |
    /// | `Queue` | the items that were pushed |
    /// | `Broadcast` | the items that were sent |
    /// | `Map` | the insertions and removals of keys |
    /// | `Frames` | the number of the newest frame |
    /// | any other | `None` |
    ///
    /// A reader that calls it repeatedly sees a change without a copy of the value.
    /// [`dynamic::Object::newer`](crate::dynamic::Object::newer) waits for a change.
    ///
    /// ```
    /// # use shmstore::inspect::Object;
    /// # use shmstore::{Event, ShmObject, Store, Versioned};
    /// # #[derive(ShmObject)] #[repr(C)] #[shm(id = 'D')] struct Door { opened: Event, angle: Versioned<[f64; 2]> }
    /// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
    /// # let door = store.create::<Door>()?;
    /// let object = Object::find(dir.path(), Some('D'))?;
    /// let before = object.changes_at(&"angle[1]".parse()?)?;
    /// door.angle.store([0.0, 1.5]);
    /// assert!(object.changes_at(&"angle[1]".parse()?)? > before);
    /// assert_eq!(object.changes_at(&"opened".parse()?)?, Some(0));
    /// assert_eq!(object.changes_at(&".".parse()?)?, None);
    /// # store.remove::<Door>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FieldError`] if there is no such part. What the path has after the part does not matter.
    pub fn changes_at(&self, path: &FieldPath) -> Result<Option<u64>, FieldError> {
        let Some(part) = self.part_on_the_way(path) else { return Ok(None) };
        // The number is read before the limits count.
        let limits = Limits { nodes: 1, bytes: 0, elements: 0, ..Limits::default() };
        match self.read_at(&part, &limits) {
            Ok(value) => Ok(changes(&value)),
            Err(FieldError::NoKey { .. }) => Ok(Some(0)),
            Err(error) => Err(error),
        }
    }

    /// The path of the first part that counts its changes. Of a map, it is the key.
    fn part_on_the_way(&self, path: &FieldPath) -> Option<FieldPath> {
        let steps = path.steps();
        for depth in 0..=steps.len() {
            let Some((part, _)) = find(self.schema(), Some(0), &steps[..depth]) else { return Some(path.clone()) };
            match part.kind() {
                OwnedKind::Map { .. } if matches!(steps.get(depth), Some(Step::Index(_) | Step::Key(_))) => {
                    return Some(path.up_to(depth + 1));
                }
                OwnedKind::Versioned { .. }
                | OwnedKind::Event
                | OwnedKind::Queue { .. }
                | OwnedKind::Broadcast { .. }
                | OwnedKind::Map { .. }
                | OwnedKind::Frames { .. } => return Some(path.up_to(depth)),
                _ => {}
            }
        }
        None
    }
}

fn changes(value: &Value) -> Option<u64> {
    match *value {
        Value::Versioned { version, .. } => Some(version),
        Value::Event { count } => Some(count),
        Value::Queue { pushed, .. } => Some(pushed),
        Value::Broadcast { sent, .. } => Some(sent),
        Value::Map { changes, .. } => Some(changes),
        Value::Frames { newest, .. } => Some(newest),
        _ => None,
    }
}
