//! An object that is recorded: found, grown, removed, found again.

use std::collections::HashSet;
use std::path::PathBuf;

use shmstore::LayoutHash;
use shmstore::inspect::{Limits, Object, Part};
use shmstore::schema::OwnedSchema;

use super::atomics::Atomics;
use super::frames::FramesWatch;
use super::items::Items;
use super::lane::{Lane, Sink};
use super::maps::MapWatch;
use super::states::States;

/// Where an object stands, whichever object it is: the path of its anchor, and its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) id: char,
}

/// An object of a recording.
pub(super) struct Watched {
    pub(super) place: Place,
    /// Its number in the file.
    pub(super) number: usize,
    /// Its name in topics.
    pub(super) name: String,
    /// The name of its type.
    pub(super) type_name: String,
    /// The hashes of its layout, up to each field.
    pub(super) layout: Vec<LayoutHash>,
    /// `None` while it is away: removed, or about to be replaced.
    pub(super) attached: Option<Object>,
    /// The nonce of the newest object here.
    pub(super) nonce: u64,
    /// The paths of the parts that have channels, or were left out on purpose.
    pub(super) known: HashSet<String>,
    pub(super) parts: Parts,
    /// When its removal is next looked for.
    pub(super) next_check: u64,
}

/// The parts of an object, by kind.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) states: States,
    pub(super) atomics: Vec<Atomics>,
    pub(super) items: Vec<Items>,
    pub(super) maps: Vec<MapWatch>,
    pub(super) frames: Vec<FramesWatch>,
}

/// How a poll looks at objects.
pub(super) struct Look {
    pub(super) limits: Limits,
    /// The period of samples of atomics, in nanoseconds.
    pub(super) period: u64,
    /// The last poll of a recording takes samples in any case.
    pub(super) is_last: bool,
    /// A buffer for values.
    pub(super) value: Vec<u8>,
}

impl Watched {
    pub(super) fn new(place: Place, number: usize, name: String) -> Self {
        Self {
            place,
            number,
            name,
            type_name: String::new(),
            layout: Vec::new(),
            attached: None,
            nonce: 0,
            known: HashSet::new(),
            parts: Parts::default(),
            next_check: 0,
        }
    }

    /// Returns `true` if an object with a layout is of the same type as this one, or of one that has grown from it.
    pub(super) fn is_followed_by(&self, layout: &OwnedSchema) -> bool {
        let new = layout.prefix_hashes();
        self.layout.last().is_none_or(|last| new.get(self.layout.len() - 1) == Some(last))
    }

    /// Returns `true` if it has a broadcast that is to be looked at often.
    pub(super) fn is_hasty(&self) -> bool {
        self.parts.items.iter().any(Items::is_hasty)
    }

    /// The number of steps of a poll. Between two steps, other objects may have a turn.
    pub(super) fn steps(&self) -> usize {
        1 + self.parts.maps.len() + self.parts.frames.len()
    }

    /// Makes one step of a poll.
    pub(super) fn poll(&mut self, step: usize, sink: &mut Sink<'_>, look: &mut Look) {
        let Some(object) = &self.attached else { return };
        let reading = object.reading(&look.limits);
        let Parts { states, atomics, items, maps, frames } = &mut self.parts;
        if step == 0 {
            items.iter_mut().for_each(|items| items.poll(&reading, sink));
            states.poll(&reading, sink, &mut look.value);
            for atomics in atomics {
                atomics.poll(&reading, sink, &mut look.value, look.period, look.is_last);
            }
        } else if let Some(map) = maps.get_mut(step - 1) {
            map.poll(&reading, sink, look.is_last);
        } else if let Some(frames) = frames.get_mut(step - 1 - maps.len()) {
            frames.poll(&reading, sink);
        }
    }

    /// Receives the items of its broadcasts: of all, or of those that are to be looked at often.
    pub(super) fn receive(&mut self, sink: &mut Sink<'_>, look: &Look, only_hasty: bool) {
        let is_meant = |items: &&mut Items| items.is_broadcast() && (items.is_hasty() || !only_hasty);
        let mut meant = self.parts.items.iter_mut().filter(is_meant).peekable();
        let Some(object) = self.attached.as_ref().filter(|_| meant.peek().is_some()) else { return };
        let reading = object.reading(&look.limits);
        meant.for_each(|items| items.poll(&reading, sink));
    }

    /// Goes on with a new object in the same place, whose parts have the same types. Its versions begin at 0.
    pub(super) fn restart(&mut self, parts: &[Part]) {
        let find = |path: &str| parts.iter().find(|part| part.path().to_string() == path).cloned();
        let Parts { states, atomics, items, maps, frames } = &mut self.parts;
        states.restart(find);
        atomics.iter_mut().for_each(|of| of.restart(find));
        items.iter_mut().for_each(|of| of.restart(find));
        maps.iter_mut().for_each(|of| of.restart(find));
        frames.iter_mut().for_each(|of| of.restart(find));
    }
}

impl Parts {
    pub(super) fn lanes(&self) -> impl Iterator<Item = &Lane> {
        let Self { states, atomics, items, maps, frames } = self;
        let rings = items.iter().map(Items::lane).chain(maps.iter().map(MapWatch::lane));
        let rest = rings.chain(frames.iter().map(FramesWatch::lane));
        states.lanes().iter().chain(atomics.iter().map(Atomics::lane)).chain(rest)
    }

    pub(super) fn lanes_mut(&mut self) -> impl Iterator<Item = &mut Lane> {
        let Self { states, atomics, items, maps, frames } = self;
        let rings = items.iter_mut().map(Items::lane_mut).chain(maps.iter_mut().map(MapWatch::lane_mut));
        let rest = rings.chain(frames.iter_mut().map(FramesWatch::lane_mut));
        states.lanes_mut().iter_mut().chain(atomics.iter_mut().map(Atomics::lane_mut)).chain(rest)
    }
}
