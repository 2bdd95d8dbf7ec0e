//! Frames in a saved object: the newest one, in slot 0. All other slots are free.

use super::{Copier, Refused, here};
use crate::inspect::frames::{Frames, FramesTypes};
use crate::inspect::memory::Memory;

impl Copier<'_> {
    /// Copies the newest frame. Damaged words in the bytes of a file are no frame.
    pub(super) fn frames(&mut self, types: FramesTypes<'_>, at: usize) -> Result<(), Refused> {
        let frames = Frames::of(types, self.memory, at).map_err(here)?;
        self.copies(types.frames.size())?;
        let copied = frames.copy_newest(&mut self.waits, |frame| {
            let len = frame.len()?;
            Ok((len, frame.meta()?, frame.elements(0, len)?))
        });
        let newest = match (self.memory, copied) {
            (Memory::Copy(_), copied) => copied.unwrap_or_default(),
            (Memory::Live(_), copied) => copied.map_err(here)?,
        };
        let Some((number, (len, meta, elements))) = newest else { return Ok(()) };
        let places = frames.places;
        self.put_at(at, places.meta(0), &meta)?;
        self.put_at(at, places.elements(0), &elements)?;
        self.image.finish_frames(&places, at, number, len).map_err(here)
    }
}

#[cfg(test)]
mod tests;
