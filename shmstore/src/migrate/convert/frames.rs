//! Frames: the newest one.

use super::plan::{Elements, Plan};
use super::{Converted, Converter, below};
use crate::inspect::{Frames, FramesPlaces, FramesTypes, Memory, offset};
use crate::layout::path::Step;
use crate::layout::schema::OwnedKind;

impl Converter<'_> {
    /// Converts the newest frame, which gets slot 0.
    pub(super) fn frames(
        &mut self,
        plan: &Plan<'_>,
        places: &FramesPlaces,
        (meta_plan, elements): &(Plan<'_>, Elements<'_>),
        from: usize,
        to: usize,
    ) -> Converted {
        let OwnedKind::Frames { capacity, slots, element, meta } = plan.from.kind() else { return Ok(()) };
        let types = FramesTypes { frames: plan.from, element, meta, capacity: *capacity, slots: *slots };
        let fails = plan.fails();
        self.spend_part(plan).map_err(&fails)?;
        let old = Frames::of(types, Memory::Copy(self.old), from).map_err(&fails)?;
        let Some(newest) = old.newest().map_err(&fails)? else { return Ok(()) };
        let len = old.frame(newest.slot).len().map_err(&fails)?;
        if len > places.capacity {
            let capacity = places.capacity;
            return Err(fails(format!("its newest frame has {len} elements, and the new capacity is {capacity}")));
        }
        let at = |start: usize, by: u64| offset(start, by).map_err(&fails);
        let [old_meta, new_meta] = [at(from, old.places.meta(newest.slot))?, at(to, places.meta(0))?];
        self.part(meta_plan, old_meta, new_meta).map_err(below(|| Step::Field("meta".into())))?;
        self.elements(elements, len, at(from, old.places.elements(newest.slot))?, at(to, places.elements(0))?)?;
        self.image.finish_frames(places, to, newest.number, len).map_err(&fails)
    }
}
