//! Where a path leads: to a part of an object, and within its value.
//!
//! # Safety
//!
//! Assumes that the layout of an [`Object`] passed the strict check, and that the object has the layout. Promises the
//! same of each part that a path leads to.
#![allow(unsafe_code)]

use std::fmt;

use super::{DynamicError, Object};
use crate::inspect::{FieldPath, Limits};
use crate::layout::path::{Step, article};
use crate::layout::schema::{Field, Kind, OwnedField, OwnedKind, OwnedSchema, Schema};
use crate::sync::raw::RawPart;

/// A part of an object.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) object: Object,
    pub(super) path: FieldPath,
    // INVARIANT: a part with the schema is at the offset.
    offset: usize,
    schema: &'static Schema,
    pub(super) owned: &'static OwnedSchema,
}

impl Place {
    /// Finds the part at a path, or the part in which the path ends. Returns the number of its steps, too.
    pub(super) fn find(object: &Object, path: &FieldPath) -> Result<(Self, usize), DynamicError> {
        let layout = object.layout();
        let (mut schema, mut owned, mut offset) = (layout.schema, &layout.owned, 0);
        let mut steps = path.steps().iter().enumerate();
        loop {
            match (schema.kind(), owned.kind()) {
                (Kind::CacheAligned { object }, OwnedKind::CacheAligned { object: of }) => {
                    (schema, owned) = (object, of)
                }
                (Kind::Struct { fields, .. }, OwnedKind::Struct { fields: of, .. }) => match steps.next() {
                    Some((_, Step::Field(name))) => {
                        let at = fields.iter().position(|field| field.name == name);
                        let Some(at) = at else { return Err(object.no_such(path)) };
                        let (Field { offset: by, schema: next, .. }, OwnedField { schema: next_of, .. }) =
                            (&fields[at], &of[at]);
                        (schema, owned, offset) = (next, next_of, offset + by);
                    }
                    _ => return Err(object.no_such(path)),
                },
                (Kind::Array { len, element }, OwnedKind::Array { element: of, .. }) => match steps.next() {
                    Some((_, Step::Index(index))) if *index < *len as u64 => {
                        (schema, owned, offset) = (element, of, offset + *index as usize * element.size());
                    }
                    _ => return Err(object.no_such(path)),
                },
                _ => break,
            }
        }
        let depth = steps.next().map_or(path.steps().len(), |(depth, _)| depth);
        let place = Self { object: object.clone(), path: path.up_to(depth), offset, schema, owned };
        Ok((place, depth))
    }

    /// The part itself.
    pub(super) fn raw(&self) -> RawPart<'_> {
        // SAFETY: the offset lies within the object. The mapping has all bytes of it, as the handshake has checked.
        let at = unsafe { self.object.payload().add(self.offset) };
        // SAFETY: by the invariant, a part with this schema is there. Its mapping stays while `object` lives, and is
        // writable, as this process has attached the object for writing. Every process touches parts by atomic accesses
        // alone.
        unsafe { RawPart::new(at, self.schema) }
    }

    /// The part, if it is of the kind that a method of [`RawPart`] returns.
    pub(super) fn of_kind<'a, T>(
        &'a self,
        expected: &'static str,
        is: impl FnOnce(RawPart<'a>) -> Option<T>,
    ) -> Result<T, DynamicError> {
        is(self.raw()).ok_or_else(|| self.is_not(expected))
    }

    pub(super) fn is_not(&self, expected: &'static str) -> DynamicError {
        let found = self.owned.to_string();
        DynamicError::WrongPart {
            path: self.path.to_string(),
            expected,
            found: format!("{} `{found}`", article(&found)),
        }
    }
}

/// The methods of the handle of any part.
macro_rules! path_and_object {
    () => {
        /// Returns the path of the part.
        #[must_use]
        pub fn path(&self) -> &crate::inspect::FieldPath {
            &self.place.path
        }

        /// Returns the object of which it is a part.
        #[must_use]
        pub fn object(&self) -> &crate::dynamic::Object {
            &self.place.object
        }
    };
}
pub(super) use path_and_object;

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (`{}`)", self.path, self.owned)
    }
}

/// Where a path leads within a value: how many bytes from its start, and to which type.
pub(super) fn within<'s>(schema: &'s OwnedSchema, steps: &[Step]) -> Option<(usize, &'s OwnedSchema)> {
    let (mut schema, mut offset) = (schema, 0);
    for step in steps {
        let (next, by) = match (schema.kind(), step) {
            (OwnedKind::Struct { fields, .. }, Step::Field(name)) => {
                let field = fields.iter().find(|field| field.name == *name)?;
                (&field.schema, field.offset)
            }
            (OwnedKind::Array { len, element }, Step::Index(index)) if index < len => {
                (&**element, index * element.size())
            }
            _ => return None,
        };
        (schema, offset) = (next, offset + by as usize);
    }
    Some((offset, schema))
}

impl Object {
    /// The error for a path that leads to no part.
    pub(super) fn no_such(&self, path: &FieldPath) -> DynamicError {
        match self.read_at(path, &Limits::default()) {
            Err(error) => DynamicError::Field(error),
            Ok(_) => DynamicError::NotAPart { path: path.to_string() },
        }
    }
}
