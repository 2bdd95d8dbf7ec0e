//! What a refusal of a lock word, and a part, are called in public.

use std::ptr;
use std::time::Duration;

use super::word_lock::Refused;
use crate::error::{Busy, Holder};
use crate::layout::ShmLayout;
use crate::process::current_token;
use crate::process::registry::segment_at;

/// Names a part, by its path in the object that it is in: "`Bank.till` (a `Lock`)"; or "this `Lock`".
#[cold]
pub(super) fn name<P: ShmLayout>(part: &P) -> String {
    let path = segment_at(address(part)).and_then(|segment| segment.name_of_part(address(part)));
    let kind = P::SCHEMA;
    path.map_or_else(|| format!("this `{kind}`"), |path| format!("`{path}` (`{kind}`)"))
}

/// Says who holds a part.
#[cold]
pub(super) fn busy<P: ShmLayout>(refused: Refused, part: &P) -> Busy {
    let (holder, waited) = match refused {
        Refused::ByThisThread => (Holder::ThisThread, Duration::ZERO),
        Refused::Busy { holder, patience } => (holder_of(holder, address(part)), patience.waited()),
    };
    Busy::new(name(part), holder, waited)
}

fn holder_of(token: u32, address: usize) -> Holder {
    if token == current_token() {
        return Holder::ThisProcess;
    }
    let pid = segment_at(address).and_then(|segment| segment.pid_of(token));
    pid.map_or(Holder::Unknown, Holder::Process)
}

fn address<P>(part: &P) -> usize {
    ptr::from_ref(part).addr()
}
