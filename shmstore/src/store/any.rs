//! Attaching an object of any type, whose layout comes from its segment.

use std::time::Duration;

use super::{Policy, Purpose, Target};
use crate::error::AttachError;
use crate::layout::interned::Interned;
use crate::layout::schema::OwnedSchema;
use crate::layout::type_layout::TypeLayout;
use crate::segment::header::{self, Damage};
use crate::segment::this_process::registry::SegmentRef;

impl Target<'_> {
    /// Attaches the object for writing, and never extends it. `intern` checks the layout in its segment, and keeps it.
    ///
    /// Waits for a creator as [`attach`](Self::attach) does, and not for an object that does not exist.
    pub(crate) fn attach_any<E>(
        &self,
        intern: impl Fn(&OwnedSchema) -> Result<&'static Interned, E>,
    ) -> Result<Result<(SegmentRef, &'static Interned), E>, AttachError> {
        self.attach_by(Duration::ZERO, |identity, found, deadline| {
            let geometry = self.check_ready(identity, &found)?;
            let damaged = |damage| self.damaged(identity, damage);
            let stored = header::read_layout(&found.mapping, &geometry).map_err(damaged)?;
            let schema = OwnedSchema::from_json(stored.json).map_err(|error| damaged(Damage::new("schema", error)))?;
            // Another process may have written since it was classified.
            if schema.size() != stored.size as u64 {
                return Err(damaged(Damage::new("schema", "of another size than the object")));
            }
            let layout = match intern(&schema) {
                Ok(layout) => layout,
                Err(refused) => return Ok(Err(refused)),
            };
            let of_type = TypeLayout::of_type(layout.schema, 0);
            // A layout that the object had just now must not be added to another one.
            let policy = Policy { grows: false, ..self.policy.clone() };
            let target = Target { layout: Some(&of_type), policy: &policy, ..*self };
            let entered = target.enter(identity, found, Purpose::Write, deadline)?;
            Ok(Ok((entered.attached, layout)))
        })
    }
}
