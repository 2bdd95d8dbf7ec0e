//! The names of parts and of lock holders in errors.
//!
//! A program may ask for a lock again and again, and never look at the error. So an error keeps only numbers and the
//! layout of the object, which is part of the program. The message is made when it is shown, even if the object no
//! longer exists.

use std::ptr;
use std::time::Duration;

use super::locking::AcquireError;
use crate::error::{Busy, Holder, PartName};
use crate::layout::ShmLayout;
use crate::segment::this_process::current_token;
use crate::segment::this_process::registry::{SegmentRef, segment_at};

/// Names a part by its path in its object.
#[cold]
pub(super) fn part<P: ShmLayout>(part: &P) -> PartName {
    name_in(segment_at(address(part)).as_ref(), part)
}

/// Describes which process or thread holds a part.
#[cold]
pub(super) fn busy<P: ShmLayout>(error: AcquireError, part: &P) -> Busy {
    let segment = segment_at(address(part));
    let (holder, waited) = match error {
        AcquireError::HeldByThisThread => (Holder::ThisThread, Duration::ZERO),
        AcquireError::Busy { holder, backoff } => (holder_of(holder, segment.as_ref()), backoff.waited()),
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
