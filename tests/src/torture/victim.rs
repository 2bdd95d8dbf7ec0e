//! The victim: has a part that the measurer waits for, and is killed with it.

use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use shmstore::{Shared, Store};

use super::arena::{Arena, Made, Part};
use super::job::{Common, Job};
use super::op::Op;
use super::os::die_at;
use super::{holds, map_holds};

/// The name under which objects are created and removed for the measurer.
pub(super) const NAME: &str = "measured";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Lock,
    Store,
    Transaction,
    Writer,
    Create,
    Remove,
    Producer,
    Consumer,
    Job,
    Queue,
    Sender,
    Broadcast,
    Entry,
    Value,
    Keys,
    Updates,
}

/// All of them, as the report names them.
pub(super) const KINDS: [(Kind, &str); 16] = [
    (Kind::Lock, "Lock"),
    (Kind::Store, "store"),
    (Kind::Transaction, "Transaction"),
    (Kind::Writer, "Writer lease"),
    (Kind::Create, "create"),
    (Kind::Remove, "remove"),
    (Kind::Producer, "Producer"),
    (Kind::Consumer, "Consumer"),
    (Kind::Job, "Job"),
    (Kind::Queue, "push and pop"),
    (Kind::Sender, "Sender"),
    (Kind::Broadcast, "send"),
    (Kind::Entry, "Writer of a key"),
    (Kind::Value, "Transaction of a key"),
    (Kind::Keys, "insert and remove"),
    (Kind::Updates, "update of a key"),
];

/// The first kind in `KINDS` of queues and broadcasts, and that of maps. These are killed more often.
pub(super) const FIRST_OF_STREAMS: usize = 6;
pub(super) const FIRST_OF_MAPS: usize = 12;

const CREATE_STEPS: [&str; 8] = [
    "CreateLocked",
    "CreateClaimed",
    "CreateDescribed",
    "CreateInitializing",
    "CreateSchema",
    "CreateParticipant",
    "CreateInitialized",
    "CreateReady",
];
const REMOVE_STEPS: [&str; 3] = ["RemoveLocked", "RemoveMarked", "RemoveDone"];

pub(super) fn hold(common: &Common<'_>, kind: Kind, generation: u64) {
    let mut job = Job::new(common, 0, generation);
    job.enter(Op::Start);
    let step = match kind {
        Kind::Create => Some(CREATE_STEPS[job.random.within(0..CREATE_STEPS.len())]),
        Kind::Remove => Some(REMOVE_STEPS[job.random.within(0..REMOVE_STEPS.len())]),
        _ => None,
    };
    let Some((store, arena)) = job.attach() else { return };
    match kind {
        Kind::Lock => hold_lock(&job, &arena),
        Kind::Transaction => hold_transaction(&mut job, &arena),
        Kind::Writer => hold_writer(&mut job, &arena),
        Kind::Store => store_flat_out(&mut job, &arena),
        Kind::Create => create(&mut job, &store, step),
        Kind::Remove => remove(&mut job, &store, step),
        Kind::Entry | Kind::Value | Kind::Keys | Kind::Updates => map_holds::hold(&mut job, &arena.measured, kind),
        _ => holds::hold(&mut job, &arena.measured, kind),
    }
}

pub(super) fn say_that_we_have_it(job: &Job<'_>) {
    job.place.holding.store(job.generation, SeqCst);
    job.common.news.wake();
}

pub(super) fn keep_it() -> ! {
    loop {
        thread::sleep(Duration::from_secs(60));
    }
}

fn hold_lock(job: &Job<'_>, arena: &Shared<Arena>) {
    let _guard = arena.measured.lock.lock_or_repair(|| {});
    job.enter(Op::HoldLock);
    say_that_we_have_it(job);
    keep_it()
}

fn hold_transaction(job: &mut Job<'_>, arena: &Shared<Arena>) {
    let _transaction = arena.measured.transaction.begin();
    job.enter(Op::HoldTransaction);
    say_that_we_have_it(job);
    keep_it()
}

fn hold_writer(job: &mut Job<'_>, arena: &Shared<Arena>) {
    let first = job.next_stamp();
    let mut said = false;
    arena.measured.writer.lease(&mut || Some(first), &mut |_, _| {
        if !said {
            job.enter(Op::HoldWriter);
            say_that_we_have_it(job);
            said = true;
        }
    });
}

fn store_flat_out(job: &mut Job<'_>, arena: &Shared<Arena>) {
    job.enter(Op::HoldStore);
    say_that_we_have_it(job);
    loop {
        let stamp = job.next_stamp();
        Part::store(&arena.measured.store, stamp);
    }
}

/// How a victim dies that creates or removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In the init closure.
    AtWork,
    AtAStep,
    /// At any instant. Rare, because one in ten of these leaves a segment without a first word, which is waited for.
    FlatOut,
}

fn way_to_die(job: &mut Job<'_>) -> Way {
    match job.random.within(0..10) {
        0..4 => Way::AtWork,
        4..9 => Way::AtAStep,
        _ => Way::FlatOut,
    }
}

fn create(job: &mut Job<'_>, store: &Store, step: Option<&str>) {
    let Some(store) = job.expect("named", store.open_or_create_named(NAME)) else { return };
    job.enter(Op::HoldCreate);
    let way = way_to_die(job);
    if way != Way::AtWork {
        say_that_we_have_it(job);
    }
    if let (Way::AtAStep, Some(step)) = (way, step) {
        die_at(step);
    }
    loop {
        let stamp = job.next_stamp();
        let created = store.replace_with(|made: &Made| {
            if way == Way::AtWork {
                say_that_we_have_it(job);
                keep_it();
            }
            made.fill(stamp);
        });
        job.expect("replace", created);
    }
}

fn remove(job: &mut Job<'_>, store: &Store, step: Option<&str>) {
    let Some(store) = job.expect("named", store.open_or_create_named(NAME)) else { return };
    let stamp = job.next_stamp();
    job.expect("create", store.attach_or_create_with(|made: &Made| made.fill(stamp)));
    job.enter(Op::HoldRemove);
    say_that_we_have_it(job);
    if let (Way::AtWork | Way::AtAStep, Some(step)) = (way_to_die(job), step) {
        die_at(step);
    }
    loop {
        // Whether it is there or not: the measurer removes it, too.
        let _ = store.remove::<Made>();
        let created = store.attach_or_create_with(|made: &Made| made.fill(stamp));
        job.expect("create", created);
    }
}
