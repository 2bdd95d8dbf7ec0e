//! The words of frames, made to fit the frame that was put.

use super::Image;
use crate::inspect::frames::FramesPlaces;
use crate::inspect::memory::offset;
use crate::sync::frames::word::{FrameAt, published};
use crate::sync::frames_words;

impl Image {
    /// Writes the words of frames that begin at `at`, after their newest frame in slot 0, which has `len` elements.
    pub(crate) fn finish_frames(
        &mut self,
        places: &FramesPlaces,
        at: usize,
        number: u64,
        len: u64,
    ) -> Result<(), String> {
        let newest = FrameAt { number, slot: 0 }.word();
        self.put(offset(at, places.frame(0))?, &len.to_le_bytes())?;
        self.put(offset(at, places.word(0))?, &published(number).to_le_bytes())?;
        self.put(offset(at, frames_words::NEWEST)?, &newest.to_le_bytes())
    }
}
