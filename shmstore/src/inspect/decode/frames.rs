//! Frames.

use super::Decoder;
use super::errors::{check_index, no_such_part};
use crate::inspect::frames::{Frame, Frames, FramesTypes};
use crate::inspect::memory::Memory;
use crate::inspect::value::Value;
use crate::layout::path::{FieldError, FieldPath, Step};

/// The reads of slots that the words of a `Frames` count as. There are at most 81 words.
const COST: u64 = 10;

impl Decoder<'_, '_> {
    /// Decodes the counts and the newest frame. If the frame cannot be copied, its metadata says why.
    pub(super) fn frames(&mut self, types: FramesTypes<'_>, memory: Memory<'_>, at: usize) -> Result<Value, String> {
        let FramesTypes { element, meta, capacity, slots, .. } = types;
        let frames = Frames::of(types, memory, at)?;
        let looks_left = self.looks_left.checked_sub(COST);
        self.looks_left = looks_left.ok_or("not decoded: more slots than the limit")?;
        let [pins, loans] = frames.uses()?;
        let room = self.copies(meta.size());
        let most = self.limits.elements.min(self.nodes_left).min(self.bytes_left as u64 / element.size());
        let copied = frames.copy_newest(&mut self.waits, |frame| {
            let len = frame.len()?;
            let meta = room.clone().and_then(|()| frame.meta());
            Ok((len, meta, frame.elements(0, len.min(most))?))
        });
        let (newest, len, copied, elements) = match copied {
            Ok(Some((number, (len, meta, elements)))) => (number, len, meta.map(Some), elements),
            Ok(None) => (0, 0, Ok(None), Vec::new()),
            Err(why) => (frames.number()?, 0, Err(why), Vec::new()),
        };
        self.copies(elements.len() as u64)?;
        let decoded = match copied {
            Ok(Some(bytes)) => self.value(meta, Memory::Copy(&bytes), 0),
            _ if self.nodes_left == 0 => Value::Omitted,
            without => {
                self.spend(1);
                without.map_or_else(Value::Invalid, |_| Value::Nothing)
            }
        };
        let count = elements.len() as u64 / element.size();
        let first = self.elements(count, element, Memory::Copy(&elements), 0);
        Ok(Value::Frames { newest, capacity, slots, pins, loans, len, meta: Box::new(decoded), first })
    }

    /// Decodes an element of the newest frame, its metadata, or a count: what is below the frames at `path[..done]`.
    pub(super) fn frames_part(
        &mut self,
        types: FramesTypes<'_>,
        memory: Memory<'_>,
        at: usize,
        path: &FieldPath,
        done: usize,
    ) -> Result<Value, FieldError> {
        let FramesTypes { frames, element, meta, .. } = types;
        match path.steps().get(done) {
            Some(Step::Index(index)) => {
                let copied = self.copy_newest(types, memory, at, element.size(), |frame| {
                    let len = frame.len()?;
                    Ok((len, if *index < len { frame.elements(*index, 1)? } else { Vec::new() }))
                });
                match copied {
                    Ok(Some((len, bytes))) => {
                        check_index(*index, len, path, done)?;
                        self.part(element, Memory::Copy(&bytes), 0, path, done + 1)
                    }
                    Ok(None) => Err(FieldError::NoFrame { path: path.up_to(done).to_string() }),
                    Err(why) => Ok(Value::Invalid(why)),
                }
            }
            Some(Step::Field(name)) if name == "meta" && !meta.is_phantom() => {
                match self.copy_newest(types, memory, at, meta.size(), |frame| frame.meta()) {
                    Ok(Some(bytes)) => self.part(meta, Memory::Copy(&bytes), 0, path, done + 1),
                    Ok(None) => Err(FieldError::NoFrame { path: path.up_to(done).to_string() }),
                    Err(why) => Ok(Value::Invalid(why)),
                }
            }
            Some(Step::Field(name)) => self.count(frames, memory, at, name, path, done),
            _ => Err(no_such_part(frames, path, done)),
        }
    }

    /// Copies `size` bytes of the newest frame. `None` if there is no frame yet.
    fn copy_newest<T>(
        &mut self,
        types: FramesTypes<'_>,
        memory: Memory<'_>,
        at: usize,
        size: u64,
        copy: impl FnMut(Frame<'_>) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let frames = Frames::of(types, memory, at)?;
        self.copies(size)?;
        Ok(frames.copy_newest(&mut self.waits, copy)?.map(|(_, copied)| copied))
    }
}

#[cfg(test)]
mod tests;
