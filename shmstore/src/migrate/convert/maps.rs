//! Maps, key by key.

use std::collections::HashSet;

use super::plan::{How, Plan};
use super::{Converted, Converter, below};
use crate::inspect::{Map, MapPlaces, Memory, Used, offset};
use crate::layout::map_key;
use crate::layout::path::Step;
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::sync::map_state::{LIVE, kind};

/// The most bytes of a key in an error.
const LONGEST: usize = 128;

impl Converter<'_> {
    /// Converts the keys that are in the map, with their values. In the same order, they get the first entries.
    pub(super) fn map(
        &mut self,
        plan: &Plan<'_>,
        places: &MapPlaces,
        [key_plan, value_plan]: &[Plan<'_>; 2],
        from: usize,
        to: usize,
    ) -> Converted {
        let OwnedKind::Map { capacity, key, value } = plan.from.kind() else { return Ok(()) };
        let fails = plan.fails();
        self.spend_part(plan).map_err(&fails)?;
        let bytes = self.old;
        let old = Map::of(plan.from, (key, value, *capacity), Memory::Copy(bytes), from).map_err(&fails)?;
        let (seed, changes) = (old.seed().map_err(&fails)?, old.changes().map_err(&fails)?);
        let floor = old.floor().map_err(&fails)?;
        let (mut live, mut used) = (Vec::new(), Vec::new());
        for index in 0..old.high_water().map_err(&fails)? {
            let state = old.state(index).map_err(&fails)?;
            // The floor of a saved map is not below the version of any free entry.
            if kind(state) == LIVE {
                let (version, _) = old.version(index).map_err(&fails)?;
                live.push(index);
                used.push(Used { state, version, is_live: true });
            }
        }
        let len = live.len() as u64;
        if len > places.capacity {
            return Err(fails(format!("it has {len} keys, and the new capacity is {}", places.capacity)));
        }
        for (new, (index, entry)) in (0..).zip(live.into_iter().zip(&used)) {
            let [old_key, old_value] = [old.places.key(index), old.places.value(index, entry.version)];
            let [old_key, old_value] = [offset(from, old_key), offset(from, old_value)].map(|at| at.map_err(&fails));
            let [new_key, new_value] = [places.key(new), places.value(new, entry.version)];
            let [new_key, new_value] = [offset(to, new_key), offset(to, new_value)].map(|at| at.map_err(&fails));
            let (old_key, old_value) = (old_key?, old_value?);
            let step = || step_to(key, bytes.get(old_key..), index);
            self.part(key_plan, old_key, new_key?).map_err(below(step))?;
            self.part(value_plan, old_value, new_value?).map_err(below(step))?;
        }
        if !matches!(key_plan.how, How::Copy(_)) {
            self.check_that_keys_differ(plan, places, len, to)?;
        }
        self.image.finish_map(places, to, &used, [seed, changes, floor]).map_err(&fails)
    }

    /// Checks that no two of the first entries of a new map have equal keys.
    fn check_that_keys_differ(&self, plan: &Plan<'_>, places: &MapPlaces, count: u64, at: usize) -> Converted {
        let OwnedKind::Map { key, .. } = plan.to.kind() else { return Ok(()) };
        let mut keys = HashSet::with_capacity(count as usize);
        for index in 0..count {
            let bytes = offset(at, places.key(index)).and_then(|at| self.image.bytes(at, places.key_len));
            let bytes = bytes.map_err(plan.fails())?;
            if !keys.insert(bytes) {
                let json = map_key::json_of(key, bytes, LONGEST).unwrap_or_default();
                return Err(plan.fails()(format!("two of its keys become the same key {json}")));
            }
        }
        Ok(())
    }
}

/// Returns the step from a map to the value of a key, which begins with these bytes.
fn step_to(key: &OwnedSchema, bytes: Option<&[u8]>, entry: u64) -> Step {
    let bytes = bytes.and_then(|bytes| bytes.get(..usize::try_from(key.size()).ok()?));
    let json = bytes.and_then(|bytes| map_key::json_of(key, bytes, LONGEST));
    let json = json.and_then(|json| serde_json::from_str(&json).ok());
    json.map_or(Step::Entry(entry), |json| Step::of_json(&json))
}
