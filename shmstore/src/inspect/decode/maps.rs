//! Maps.

use std::cmp::Reverse;

use serde_json::Value as Json;

use super::Decoder;
use crate::dynamic::key_from_json;
use crate::inspect::map::{LiveKey, Map, Walked};
use crate::inspect::memory::Memory;
use crate::inspect::snapshot::Snapshot;
use crate::inspect::value::Value;
use crate::layout::map_key;
use crate::layout::path::{FieldError, FieldPath, Step};
use crate::layout::schema::OwnedSchema;

/// How often an entry is copied again, or a chain is followed again, if keys are removed meanwhile.
const TRIES: usize = 16;

/// The keys that an error lists, the most bytes of the JSON of each, and the entries among which they are looked for.
const SHOWN: usize = 10;
const LONGEST: usize = 128;
const NEAR: u64 = 1024;

const TOO_MANY: &str = "not decoded: more entries than the limit";
const TOO_FAST: &str = "not decoded: keys are inserted and removed faster than they can be copied";

/// The copy of a key's value, or the reason why it is not copied.
type Copied = Result<Snapshot, String>;

/// The types of a map.
#[derive(Clone, Copy)]
pub(super) struct Types<'s> {
    pub(super) map: &'s OwnedSchema,
    pub(super) key: &'s OwnedSchema,
    pub(super) value: &'s OwnedSchema,
    pub(super) capacity: u64,
}

impl<'s> Types<'s> {
    fn map<'m>(self, memory: Memory<'m>, at: usize) -> Result<Map<'m>, String> {
        Map::of(self.map, (self.key, self.value, self.capacity), memory, at)
    }
}

impl Decoder<'_, '_> {
    /// Counts a read of an entry. Returns `false` if there were too many.
    fn looks_at(&mut self, map: &Map<'_>) -> bool {
        let left = self.looks_left.checked_sub(map.cost());
        self.looks_left = left.unwrap_or(0);
        left.is_some()
    }

    /// Decodes a map. It follows no chains, so every key that is in the map all the time is decoded once.
    pub(super) fn map(&mut self, types: Types<'_>, memory: Memory<'_>, at: usize) -> Result<Value, String> {
        let map = types.map(memory, at)?;
        let (len, changes, mut first, mut is_whole) = (map.len()?, map.changes()?, Vec::new(), true);
        for index in 0..map.high_water()? {
            let is_enough = first.len() as u64 >= self.limits.elements || self.nodes_left == 0;
            if is_enough || !self.looks_at(&map) {
                is_whole = false;
                break;
            }
            first.extend(self.entry(&map, types, index)?);
        }
        // Meanwhile keys may have been inserted and removed.
        let shown = first.len() as u64;
        let len = if is_whole { shown } else { len.max(shown) };
        Ok(Value::Map { len, capacity: map.places.capacity, changes, first })
    }

    /// Decodes the key and the value of an entry, if the key is in the map.
    fn entry(&mut self, map: &Map<'_>, types: Types<'_>, index: u64) -> Result<Option<(Value, Value)>, String> {
        let mut copies = None;
        for _ in 0..TRIES {
            let Some(key) = map.live_key(index)? else { return Ok(None) };
            // The bytes of an entry are counted once, however often it is copied.
            let has_room = copies.get_or_insert_with(|| self.copies(types.key.size() + types.value.size()));
            let has_room = has_room.clone();
            let Some(value) = self.copy(map, &key, &has_room) else { continue };
            let decoded = match &has_room {
                // The key may have any number of elements: all of it is needed to find the value again.
                Ok(()) => self.whole(types.key, &key.bytes),
                Err(why) => Value::Invalid(why.clone()),
            };
            return Ok(Some((decoded, self.versioned(map, types, index, value)?)));
        }
        Ok(None)
    }

    /// Decodes bytes with all of their elements.
    fn whole(&mut self, schema: &OwnedSchema, bytes: &[u8]) -> Value {
        let limits = self.limits.clone().with_elements(u64::MAX);
        let mut decoder = Decoder::new(Memory::Copy(bytes), &limits);
        decoder.nodes_left = self.nodes_left;
        let value = decoder.value(schema, Memory::Copy(bytes), 0);
        self.nodes_left = decoder.nodes_left;
        value
    }

    /// Decodes the copy of an entry's value with its version. Without a copy, only the version is read.
    fn versioned(&mut self, map: &Map<'_>, types: Types<'_>, index: u64, copy: Copied) -> Result<Value, String> {
        self.spend(1);
        let (version, locked, value) = match copy {
            Ok(Snapshot { version, locked, bytes }) => {
                (version, locked, self.value(types.value, Memory::Copy(&bytes), 0))
            }
            Err(why) => {
                let (version, locked) = map.version(index)?;
                let value = if self.nodes_left == 0 { Value::Omitted } else { Value::Invalid(why) };
                self.spend(1);
                (version, locked, value)
            }
        };
        Ok(Value::Versioned { version, locked, value: Box::new(value) })
    }

    /// Decodes what a key of the map at `path[..done]` leads to.
    pub(super) fn map_part(
        &mut self,
        types: Types<'_>,
        memory: Memory<'_>,
        at: usize,
        path: &FieldPath,
        done: usize,
    ) -> Result<Value, FieldError> {
        let asked = path.steps().get(done).map_or(Json::Null, Step::as_json);
        let of = || path.up_to(done).to_string();
        let bytes = match key_from_json(types.key, &asked) {
            Ok(bytes) => bytes,
            Err(expected) => return Err(FieldError::WrongKey { path: of(), key: asked.to_string(), expected }),
        };
        let map = match types.map(memory, at) {
            Ok(map) => map,
            Err(why) => return Ok(Value::Invalid(why)),
        };
        let found = match self.find(&map, types, &bytes) {
            Ok(Some(found)) => found,
            Ok(None) => {
                let key = asked.to_string();
                return match self.near(&map, types, &key) {
                    Ok(there) => Err(FieldError::NoKey { path: of(), key, there }),
                    Err(why) => Ok(Value::Invalid(why)),
                };
            }
            Err(why) => return Ok(Value::Invalid(why)),
        };
        let (index, copy) = found;
        if path.steps().len() == done + 1 {
            return Ok(self.versioned(&map, types, index, copy).unwrap_or_else(Value::Invalid));
        }
        match copy {
            Ok(copy) => self.part(types.value, Memory::Copy(&copy.bytes), 0, path, done + 1),
            Err(why) => Ok(Value::Invalid(why)),
        }
    }

    /// Finds a key by its bytes, and copies its value.
    fn find(&mut self, map: &Map<'_>, types: Types<'_>, key: &[u8]) -> Result<Option<(u64, Copied)>, String> {
        let room = self.copies(types.key.size() + types.value.size());
        // No chain is longer. All tries together follow no more entries than that.
        let mut steps_left = map.places.capacity;
        for _ in 0..TRIES {
            let looks = || {
                let is_allowed = steps_left > 0 && self.looks_at(map);
                steps_left = steps_left.saturating_sub(1);
                is_allowed
            };
            match map.walk(key, looks)? {
                Walked::Absent => return Ok(None),
                Walked::Disturbed => {}
                Walked::Found(found) => {
                    if let Some(copy) = self.copy(map, &found, &room) {
                        return Ok(Some((found.index, copy)));
                    }
                }
            }
        }
        for _ in 0..TRIES {
            let mut was_there = false;
            for index in 0..map.high_water()? {
                if !self.looks_at(map) {
                    return Err(TOO_MANY.into());
                }
                let Some(found) = map.live_key(index)?.filter(|found| found.bytes == key) else { continue };
                if let Some(copy) = self.copy(map, &found, &room) {
                    return Ok(Some((index, copy)));
                }
                was_there = true;
            }
            if !was_there {
                return Ok(None);
            }
        }
        Err(TOO_FAST.into())
    }

    /// Copies the value of a key, if there is room for it. `None` if the key was removed meanwhile.
    fn copy(&mut self, map: &Map<'_>, key: &LiveKey, room: &Result<(), String>) -> Option<Copied> {
        match room {
            Ok(()) => map.value(key, &mut self.waits).transpose(),
            Err(why) => Some(Err(why.clone())),
        }
    }

    /// Lists the keys that are most similar to one that is not there, among the first ones.
    fn near(&mut self, map: &Map<'_>, types: Types<'_>, asked: &str) -> Result<String, String> {
        let mut there = Vec::new();
        for index in 0..map.high_water()?.min(NEAR) {
            if !self.looks_at(map) || self.copies(types.key.size()).is_err() {
                break;
            }
            let key = map.live_key(index)?;
            there.extend(key.and_then(|key| map_key::json_of(types.key, &key.bytes, LONGEST)));
        }
        let alike = |key: &String| key.chars().zip(asked.chars()).take_while(|(own, asked)| own == asked).count();
        there.sort_by_key(|key| Reverse(alike(key)));
        let len = map.len()?.max(there.len() as u64);
        there.truncate(SHOWN);
        let more = len - there.len() as u64;
        let mut shown = there;
        match (shown.is_empty(), more) {
            (_, 0) => {}
            (true, more) => shown.push(more.to_string()),
            (false, more) => shown.push(format!("{more} more")),
        }
        Ok(shown.join(", "))
    }
}

#[cfg(test)]
mod tests;
