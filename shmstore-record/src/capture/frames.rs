//! Frames: the newest one, when there is a newer one.

use shmstore::inspect::{Part, Reading};

use super::image::Image;
use super::lane::{Lane, Sink};

/// A `Frames`.
pub(super) struct FramesWatch {
    part: Part,
    lane: Lane,
    /// Set if frames become the standard message of images.
    image: Option<Image>,
    /// The number of the newest message. `None` before the first look at an object that was there before the recorder.
    number: Option<u64>,
    meta: Vec<u8>,
    elements: Vec<u8>,
}

impl FramesWatch {
    pub(super) fn new(part: Part, lane: Lane, image: Option<Image>, is_new: bool) -> Self {
        let number = is_new.then_some(0);
        Self { part, lane, image, number, meta: Vec::new(), elements: Vec::new() }
    }

    pub(super) fn lane(&self) -> &Lane {
        &self.lane
    }

    pub(super) fn lane_mut(&mut self) -> &mut Lane {
        &mut self.lane
    }

    pub(super) fn restart(&mut self, part: impl Fn(&str) -> Option<Part>) {
        if let Some(part) = part(&self.lane.part) {
            (self.part, self.number) = (part, Some(0));
        }
    }

    pub(super) fn poll(&mut self, reading: &Reading<'_>, sink: &mut Sink<'_>) {
        match reading.changes(&self.part) {
            Ok(Some(number)) if Some(number) == self.number && !sink.is_again => {}
            Ok(None | Some(0)) => {}
            Ok(Some(_)) if self.lane.is_resting(sink) => {}
            Ok(Some(_)) => self.copy(reading, sink),
            Err(_) if self.lane.is_resting(sink) => {}
            Err(error) => self.lane.fails(sink, &error),
        }
    }

    fn copy(&mut self, reading: &Reading<'_>, sink: &mut Sink<'_>) {
        let number = match reading.newest_frame_into(&self.part, &mut self.meta, &mut self.elements) {
            Ok(Some(number)) => number,
            Ok(None) => return,
            Err(error) => return self.lane.fails(sink, &error),
        };
        self.lane.is_well();
        sink.read += self.elements.len() as u64;
        let is_new = !sink.is_again || Some(number) != self.number;
        if let Some(seen) = self.number.filter(|seen| is_new && number > *seen) {
            self.lane.miss(seen + 1, number - seen - 1);
        }
        self.number = Some(number);
        self.write(sink, number, is_new);
    }

    fn write(&mut self, sink: &mut Sink<'_>, number: u64, is_new: bool) {
        let Self { lane, image, meta, elements, .. } = self;
        match image {
            None if is_new => lane.write(sink, number, &[meta, elements]),
            None => lane.repeat(sink, number, &[meta, elements]),
            Some(image) => {
                let time = image.time(meta).unwrap_or(sink.now);
                lane.send(sink, (number, time), is_new, |to| image.encode(meta, elements, time, to));
            }
        }
    }
}
