//! Which parts are replayed.

use shmstore::inspect::FieldPath;
use shmstore::schema::OwnedSchema;

use super::ReplayError;
use crate::reading::Recorded;

/// The parts that are replayed: all, or those at or below some paths.
#[derive(Debug, Clone, Default)]
pub struct Only(Vec<FieldPath>);

impl Only {
    /// The parts at or below these paths. Without a path, all parts.
    ///
    /// # Errors
    ///
    /// [`ReplayError::NoSuchPart`] if one is in none of the objects.
    pub fn of(paths: Vec<FieldPath>, objects: &[Recorded]) -> Result<Self, ReplayError> {
        let is_there = |path: &FieldPath| objects.iter().any(|object| object.schema.part_at(path).is_some());
        match paths.iter().find(|path| !is_there(path)) {
            Some(path) => Err(ReplayError::NoSuchPart { part: path.to_string() }),
            None => Ok(Self(paths)),
        }
    }

    /// Returns `true` if a part is replayed.
    #[must_use]
    pub fn has(&self, part: &FieldPath) -> bool {
        self.0.is_empty() || self.0.iter().any(|path| is_at_or_below(part, path))
    }

    /// Returns `true` if an object of this layout has a part that is replayed.
    #[must_use]
    pub fn has_some_of(&self, schema: &OwnedSchema) -> bool {
        self.0.is_empty() || self.0.iter().any(|path| schema.part_at(path).is_some())
    }
}

fn is_at_or_below(part: &FieldPath, path: &FieldPath) -> bool {
    let (part, above) = (part.to_string(), path.to_string());
    path.is_empty() || part.strip_prefix(&above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
