//! What a refusal of a lock word, and a part, are called in public.
//!
//! A program may ask again and again, and look at no refusal: so what is kept here are numbers and the layout of the
//! object, which is part of the program. Their message is made when it is shown, whatever has become of the object.

use std::ptr;
use std::time::Duration;

use super::word_lock::Refused;
use crate::error::{Busy, Holder, PartName};
use crate::layout::ShmLayout;
use crate::segment::process::current_token;
use crate::segment::process::registry::{SegmentRef, segment_at};

/// Names a part, by its path in the object that it is in.
#[cold]
pub(super) fn name<P: ShmLayout>(part: &P) -> PartName {
    name_in(segment_at(address(part)).as_ref(), part)
}

/// Says who holds a part.
#[cold]
pub(super) fn busy<P: ShmLayout>(refused: Refused, part: &P) -> Busy {
    let segment = segment_at(address(part));
    let (holder, waited) = match refused {
        Refused::ByThisThread => (Holder::ThisThread, Duration::ZERO),
        Refused::Busy { holder, backoff } => (holder_of(holder, segment.as_ref()), backoff.waited()),
    };
    Busy::new(name_in(segment.as_ref(), part), holder, waited)
}

fn name_in<P: ShmLayout>(segment: Option<&SegmentRef>, part: &P) -> PartName {
    PartName::new(P::SCHEMA, segment.and_then(|segment| segment.locate(address(part))))
}

fn holder_of(token: u32, segment: Option<&SegmentRef>) -> Holder {
    if token == current_token() {
        return Holder::ThisProcess;
    }
    segment.and_then(|segment| segment.pid_of(token)).map_or(Holder::Unknown, Holder::Process)
}

fn address<P>(part: &P) -> usize {
    ptr::from_ref(part).addr()
}
