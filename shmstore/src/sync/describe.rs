//! The names of parts and of lock holders in errors.
//!
//! A program may ask for a lock again and again, and never look at the error. So an error keeps only numbers and the
//! layout of the object, which is part of the program. The message is made when it is shown, even if the object no
//! longer exists.

use std::ptr;
use std::time::Duration;

use super::locking::AcquireError;
use crate::error::{Busy, Holder, KeyText, PartName};
use crate::layout::ShmLayout;
use crate::layout::schema::{Kind, Schema};
use crate::segment::this_process::current_token;
use crate::segment::this_process::registry::{SegmentRef, segment_at};

/// A part, for errors: its type and its address.
#[derive(Debug, Clone, Copy)]
pub(super) struct PartRef {
    schema: &'static Schema,
    address: usize,
}

impl PartRef {
    #[inline(always)]
    pub(super) fn of<P: ShmLayout>(part: &P) -> Self {
        Self { schema: P::SCHEMA, address: ptr::from_ref(part).addr() }
    }

    /// A part with this schema at this address.
    pub(super) fn new(schema: &'static Schema, address: usize) -> Self {
        Self { schema, address }
    }

    pub(super) fn address(self) -> usize {
        self.address
    }

    /// Names the part by its path in its object.
    #[cold]
    pub(super) fn name(self) -> PartName {
        self.name_in(segment_at(self.address).as_ref())
    }

    /// Names the part by its type alone, for errors that a program may get in a loop without a pause.
    pub(super) fn kind(self) -> PartName {
        PartName::new(self.schema, None)
    }

    /// A key of the map as it is written in the name of its entry.
    #[cold]
    pub(super) fn key_text(self, key: &[u8]) -> KeyText {
        match self.schema.kind() {
            Kind::Map { key: schema, .. } => KeyText::of(schema, key),
            _ => unreachable!("only the entries of maps have keys"),
        }
    }

    /// Describes which process or thread holds the part.
    #[cold]
    pub(super) fn busy(self, error: AcquireError) -> Busy {
        let segment = segment_at(self.address);
        let (holder, waited) = match error {
            AcquireError::HeldByThisThread => (Holder::ThisThread, Duration::ZERO),
            AcquireError::Busy { holder, backoff } => (holder_of(holder, segment.as_ref()), backoff.waited()),
        };
        Busy::new(self.name_in(segment.as_ref()), holder, waited)
    }

    /// Describes a part whose words were disturbed, or held by other processes, for all of this time.
    #[cold]
    pub(super) fn busy_for(self, waited: Duration) -> Busy {
        Busy::new(self.name(), Holder::Unknown, waited)
    }

    fn name_in(self, segment: Option<&SegmentRef>) -> PartName {
        PartName::new(self.schema, segment.and_then(|segment| segment.locate(self.address)))
    }
}

/// Names a part by its path in its object.
#[cold]
pub(super) fn part<P: ShmLayout>(part: &P) -> PartName {
    PartRef::of(part).name()
}

/// Describes which process or thread holds a part.
#[cold]
pub(super) fn busy<P: ShmLayout>(error: AcquireError, part: &P) -> Busy {
    PartRef::of(part).busy(error)
}

/// The result of a call that waits without a limit, which is busy only if this thread would wait for itself.
#[track_caller]
pub(super) fn or_panic<T>(taken: Result<T, Busy>) -> T {
    match taken {
        Ok(taken) => taken,
        Err(busy) => panic!("{busy}"),
    }
}

/// Panics in a process that was forked with `what` of a part, and must not `do_it`.
#[cold]
#[track_caller]
pub(super) fn belongs_to_the_parent<P: ShmLayout>(what: &str, do_it: &str) -> ! {
    panic!("a process that was forked with {what} of `{}` must not {do_it}. It belongs to the parent", P::SCHEMA)
}

fn holder_of(token: u32, segment: Option<&SegmentRef>) -> Holder {
    if token == current_token() {
        return Holder::ThisProcess;
    }
    segment.and_then(|segment| segment.pid_of(token)).map_or(Holder::Unknown, Holder::Process)
}
