//! What a refusal of a lock word is called in public.

use std::ptr;
use std::time::Duration;

use super::word_lock::Refused;
use crate::error::{Busy, Holder};
use crate::process::current_token;
use crate::process::registry::segment_at;
use crate::schema::Schema;

/// Says who holds `part`, whose layout is `schema`.
#[cold]
pub(super) fn busy<P>(refused: Refused, schema: &'static Schema, part: &P) -> Busy {
    let (holder, waited) = match refused {
        Refused::ByThisThread => (Holder::ThisThread, Duration::ZERO),
        Refused::Busy { holder, patience } => (holder_of(holder, ptr::from_ref(part).addr()), patience.waited()),
    };
    Busy::new(schema.to_string(), holder, waited)
}

fn holder_of(token: u32, address: usize) -> Holder {
    if token == current_token() {
        return Holder::ThisProcess;
    }
    let pid = segment_at(address).and_then(|segment| segment.pid_of(token));
    pid.map_or(Holder::Unknown, Holder::Process)
}
