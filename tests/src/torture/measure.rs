//! The measurer: waits for what a victim has, while the victim is killed, and notes when it got it.

use std::fs::File;
use std::io::Read;
use std::sync::atomic::Ordering::SeqCst;

use shmstore::{RemoveError, Shared, Store};

use super::arena::{Arena, Held, Made, Part};
use super::board::Place;
use super::check::holders;
use super::job::{Common, Job, STUCK};
use super::op::Op;
use super::os::{not_scheduled, now};
use super::victim::{KINDS, Kind, NAME};
use super::{holds, map_holds};

pub(super) const PLACE: usize = 1;

/// What the supervisor writes to it: a kind's number and a generation.
pub(super) fn order(kind: usize, generation: u64) -> [u8; 9] {
    let mut order = [kind as u8; 9];
    order[1..].copy_from_slice(&generation.to_le_bytes());
    order
}

/// Obeys until there are no more orders.
pub(super) fn measure(common: &Common<'_>, mut orders: File) {
    let place: &Place = &common.board.long_lived[PLACE];
    // As a writer it takes the last number, which no worker has.
    let mut job = Job { place, ..Job::new(common, super::board::PLACES - 1, 0) };
    let Some((store, arena)) = job.attach() else { return };
    let mut order = [0; 9];
    loop {
        job.enter(Op::Idle);
        if orders.read_exact(&mut order).is_err() {
            return;
        }
        job.generation = u64::from_le_bytes(order[1..].try_into().expect("8 bytes"));
        let (kind, name) = KINDS[usize::from(order[0])];
        job.enter(Op::Measure);
        let measured = &common.board.measured;
        let delayed = not_scheduled();
        measured.began.store(now(), SeqCst);
        let acquired = loop {
            acquire(&mut job, &store, &arena, kind, name);
            let (at, released) = (now(), measured.released.load(SeqCst));
            if released != 0 && at >= released {
                break at;
            }
        };
        measured.acquired.store(acquired, SeqCst);
        measured.not_scheduled.store(not_scheduled().saturating_sub(delayed), SeqCst);
        measured.done.store(job.generation, SeqCst);
        common.news.wake();
    }
}

/// Gets it once, and looks whether it is as it must be.
fn acquire(job: &mut Job<'_>, store: &Store, arena: &Shared<Arena>, kind: Kind, name: &str) {
    let stamp = job.next_stamp();
    let held: &Held = &arena.measured;
    let refused = match kind {
        Kind::Lock => held.lock.lock_or_repair_timeout(STUCK, || {}).err().map(|error| error.to_string()),
        Kind::Transaction => written(&held.transaction, stamp),
        Kind::Writer => held.writer.writer_timeout(STUCK).err().map(|error| error.to_string()),
        Kind::Store => written(&held.store, stamp),
        Kind::Create => create(job, store).err(),
        Kind::Remove => remove(store).err(),
        Kind::Entry | Kind::Value | Kind::Keys | Kind::Updates => map_holds::acquire(held, kind, stamp).err(),
        _ => holds::acquire(held, kind, stamp).err(),
    };
    if let Some(refused) = refused {
        job.violation(&format!("{name} cannot be had: {refused}; holders: {}", holders(arena)));
    }
}

fn written(part: &impl Part, stamp: super::stamp::Stamp) -> Option<String> {
    let (before, value) = part.load();
    if let Err(torn) = value {
        return Some(torn);
    }
    if let Err(busy) = part.store_within(stamp, STUCK) {
        return Some(busy.to_string());
    }
    let (after, value) = part.load();
    value.err().or_else(|| (after <= before).then(|| format!("version {after} came after version {before}")))
}

/// By turns what asks for the lock only if the object is not there, and what always does.
fn create(job: &mut Job<'_>, store: &Store) -> Result<(), String> {
    let store = store.open_or_create_named(NAME).map_err(|error| error.to_string())?;
    let stamp = job.next_stamp();
    let fill = |made: &Made| made.fill(stamp);
    let made = if job.generation & 1 == 0 { store.attach_or_create_with(fill) } else { store.replace_with(fill) };
    made.map_err(|error| error.to_string())?.check()
}

fn remove(store: &Store) -> Result<(), String> {
    let store = store.open_or_create_named(NAME).map_err(|error| error.to_string())?;
    match store.remove::<Made>() {
        Ok(()) | Err(RemoveError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
