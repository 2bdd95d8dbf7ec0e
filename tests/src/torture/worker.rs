//! A worker: one operation after the other on what stays, and on what comes and goes, until it is killed.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use shmstore::{STEPS, Shared, Store};

use super::arena::{Arena, load_read_only};
use super::board::PARTS;
use super::job::{Common, Job};
use super::op::Op;
use super::os::{News, die_at, spawn};
use super::{churn, feeding, mapping, million, queueing};

/// How a worker spends its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// On the object that stays.
    Using,
    /// On objects that come and go.
    Churning,
    /// Likewise, until it comes to a failpoint, which kills it.
    ToAStep,
    /// On the queues and broadcasts.
    Streaming,
    /// Likewise, until it comes to a failpoint.
    StreamingToAStep,
    /// On the maps.
    Mapping,
    /// Likewise, until it comes to a failpoint.
    MappingToAStep,
}

const STREAM_STEPS: [&str; 13] = [
    "WriterBegun",
    "QueueCopied",
    "QueuePushed",
    "QueuePopped",
    "JobTaken",
    "JobDone",
    "JobReturned",
    "SendOdd",
    "SendCopied",
    "ItemSent",
    "StoreUntold",
    "VersionUnwoken",
    "VersionAwaited",
];

const MAP_STEPS: [&str; 17] = [
    "MapIntended",
    "EntryTaken",
    "EntryLinked",
    "EntryChained",
    "KeyInserted",
    "KeyRemoved",
    "EntryUnlinked",
    "EntryFreed",
    "EntryListed",
    "KeysCounted",
    "StoreOdd",
    "StoreCopied",
    "StoreEven",
    "TransactionBegun",
    "WriterBegun",
    "VersionUnwoken",
    "VersionAwaited",
];

pub(super) fn work(common: &Common<'_>, number: usize, generation: u64) {
    let mut job = Job::new(common, number, generation);
    job.place.live(generation);
    job.enter(Op::Start);
    let way = match job.random.within(0..22) {
        0..6 => Way::Using,
        6..10 => Way::Streaming,
        10..12 => Way::StreamingToAStep,
        12 => Way::Churning,
        13..16 => Way::ToAStep,
        16..20 => Way::Mapping,
        _ => Way::MappingToAStep,
    };
    match way {
        Way::ToAStep => die_at(a_step(&mut job)),
        Way::StreamingToAStep => die_at(STREAM_STEPS[job.random.within(0..STREAM_STEPS.len())]),
        Way::MappingToAStep => die_at(MAP_STEPS[job.random.within(0..MAP_STEPS.len())]),
        _ => {}
    }
    let Some((store, mut arena)) = job.attach() else { return };
    let is_mapping = matches!(way, Way::Mapping | Way::MappingToAStep);
    let million = if is_mapping && common.large_map { million::attach(&job, &store) } else { None };
    loop {
        match way {
            Way::Using => {
                let Some(kept) = one(&mut job, &store, arena) else { return };
                arena = kept;
            }
            Way::Streaming | Way::StreamingToAStep => stream(&mut job, &arena),
            Way::Mapping | Way::MappingToAStep => match &million {
                Some(million) if job.random.one_in(2) => million::one(&mut job, million),
                _ => mapping::one(&mut job, &arena),
            },
            Way::Churning | Way::ToAStep => churn::one(&mut job, &store),
        }
    }
}

/// What dies at `CreateSegment` leaves a segment without a first word, on which all others wait for two seconds: that is
/// to be rare.
fn a_step(job: &mut Job<'_>) -> &'static str {
    let step = STEPS[job.random.within(0..STEPS.len())];
    if step != "CreateSegment" || job.random.one_in(10) { step } else { "CreateClaimed" }
}

fn stream(job: &mut Job<'_>, arena: &Arena) {
    if job.random.one_in(3) { feeding::one(job, arena) } else { queueing::one(job, arena) }
}

/// One operation. Returns the handle, or another one.
fn one(job: &mut Job<'_>, store: &Store, arena: Shared<Arena>) -> Option<Shared<Arena>> {
    match job.random.within(0..500) {
        400..450 => stream(job, &arena),
        450.. => mapping::one(job, &arena),
        0..50 => load(job, &arena),
        50..120 => store_one(job, &arena),
        120..170 => update(job, &arena),
        170..230 => transaction(job, &arena),
        230..270 => lease(job, &arena),
        270..340 => lock(job, &arena),
        340..363 => notify(job, &arena),
        363..366 => wait(job, &arena),
        366..380 => read_only(job, store),
        380..394 => {
            drop(arena);
            job.enter(Op::Attach);
            return job.expect("attach again", store.attach());
        }
        394..398 => fork(job, &arena),
        398 => churn::one(job, store),
        _ => exec(job, &arena),
    }
    Some(arena)
}

fn load(job: &mut Job<'_>, arena: &Arena) {
    job.enter(Op::Load);
    let part = job.random.within(0..PARTS);
    job.expect("load", arena.parts()[part].load().1);
    let (version, accounts) = arena.accounts.load_versioned();
    job.expect("load", accounts.check(version));
}

fn store_one(job: &mut Job<'_>, arena: &Arena) {
    job.enter(Op::Store);
    let (at, stamp) = (job.random.within(0..PARTS), job.next_stamp());
    let (part, seen) = (arena.parts()[at], &job.board().parts[at]);
    part.store(stamp);
    seen.acknowledge_counter(stamp);
    // Ours, or a newer one: there it is.
    seen.acknowledge(part.version(), None);
}

fn update(job: &mut Job<'_>, arena: &Arena) {
    job.enter(Op::Update);
    let (from, to, amount) = (job.random.within(0..8), job.random.within(0..8), job.random.within(1..100) as i64);
    let updates = arena.accounts.update(|accounts| {
        job.dawdle();
        accounts.transfer(from, to, amount)
    });
    job.board().updates.fetch_max(updates, SeqCst);
}

fn transaction(job: &mut Job<'_>, arena: &Arena) {
    job.enter(Op::Transaction);
    let commit = !job.random.one_in(4);
    if job.random.one_in(2) {
        let (at, stamp) = (job.random.within(0..PARTS), job.next_stamp());
        let version = arena.parts()[at].commit(stamp, commit);
        if commit {
            job.board().parts[at].acknowledge(version, Some(stamp));
            job.board().parts[at].acknowledge_counter(stamp);
        }
        return;
    }
    let (from, to) = (job.random.within(0..8), job.random.within(0..8));
    let mut transaction = arena.accounts.begin();
    let updates = transaction.transfer(from, to, 7);
    job.dawdle();
    if !commit {
        // What nobody may ever see.
        transaction.money[from] += 1;
    } else {
        let version = transaction.commit();
        if version != updates {
            job.violation(&format!("version {version} was committed as update {updates}"));
        }
        job.board().updates.fetch_max(updates, SeqCst);
    }
}

fn lease(job: &mut Job<'_>, arena: &Arena) {
    job.enter(Op::Lease);
    let at = job.random.within(0..PARTS);
    let stores = job.random.within(1..20);
    let stamps: Vec<_> = (0..stores).map(|_| job.next_stamp()).collect();
    let seen = &job.board().parts[at];
    let mut stamps = stamps.into_iter();
    arena.parts()[at].lease(&mut || stamps.next(), &mut |version, stamp| {
        seen.acknowledge(version, Some(stamp));
        seen.acknowledge_counter(stamp);
    });
}

fn lock(job: &mut Job<'_>, arena: &Arena) {
    job.enter(Op::Lock);
    let board = job.board();
    let ledger = &arena.ledger;
    let guard = if job.random.one_in(3) { ledger.lock_by_error(board) } else { ledger.lock(board) };
    for _ in 0..job.random.within(1..4) {
        let (from, to) = (job.random.within(0..8), job.random.within(0..8));
        let transfers = ledger.transfer(from, to, 3, || job.dawdle());
        board.transfers.fetch_max(transfers, SeqCst);
    }
    job.expect("under the lock", ledger.check(0));
    drop(guard);
}

fn notify(job: &mut Job<'_>, arena: &Arena) {
    job.enter(Op::Notify);
    let count = if job.random.one_in(2) { arena.news.notify_all() } else { arena.news.notify_one() };
    job.board().notifications.acknowledge(count, None);
}

fn wait(job: &mut Job<'_>, arena: &Arena) {
    job.enter(Op::Wait);
    let timeout = Duration::from_micros(job.random.within(0..5000) as u64);
    if job.random.one_in(2) {
        let part = arena.parts()[job.random.within(0..PARTS)];
        if let Ok((version, value)) = part.wait(part.version(), timeout) {
            job.expect(&format!("version {version} after a wait"), value);
        }
    } else {
        // The outcome does not matter.
        let _ = arena.news.wait_past(arena.news.count(), timeout);
    }
}

fn read_only(job: &mut Job<'_>, store: &Store) {
    job.enter(Op::ReadOnly);
    let Some(arena) = job.expect("attach read-only", store.attach_read_only::<Arena>()) else { return };
    let part = job.random.within(0..PARTS);
    job.expect("load read-only", load_read_only(&arena, part).1);
}

/// A child uses what it inherits; its parent may be killed meanwhile, which ends it, too.
fn fork(job: &mut Job<'_>, arena: &Shared<Arena>) {
    job.enter(Op::Fork);
    let rounds = job.random.within(1..30);
    let board = job.board();
    let child = spawn(job.common.news, || {
        for round in 0..rounds {
            arena.accounts.update(|accounts| accounts.transfer(round, round + 1, 1));
            let guard = arena.ledger.lock(board);
            arena.ledger.transfer(round, round + 3, 2, || {});
            drop(guard);
        }
    });
    if job.random.one_in(2) {
        update(job, arena);
        job.enter(Op::Fork);
    }
    let _ = nix::sys::wait::waitpid(child, None);
}

/// Becomes another image of this program, with a lock or a transaction in the hands of the former.
fn exec(job: &mut Job<'_>, arena: &Arena) {
    job.enter(Op::Exec);
    let guard = arena.ledger.lock(job.board());
    let argument = format!("{}:{}", job.common.news.number(), job.common.path.display());
    let mut command = Command::new("/proc/self/exe");
    // Or its first step would be its last.
    command.args(["image", &argument]).env_remove("SHMSTORE_FAILPOINT");
    if !job.random.one_in(3) {
        drop(guard);
    } else {
        std::mem::forget(guard);
    }
    let error = command.exec();
    job.violation(&format!("exec: {error}"));
}

/// The new image: it may find a lock that its former self holds.
pub(super) fn image(argument: &str) -> ExitCode {
    let (news, path) = argument.split_once(':').expect("the number of the pipe, and a path");
    let news = News::inherited(news.parse().expect("a number"));
    let attached = Store::open(path).map_err(shmstore::Error::from);
    let attached = attached.and_then(|store| Ok(store.attach::<Arena>()?));
    let arena = match attached {
        Ok(arena) => arena,
        Err(error) => {
            news.violation(&format!("attach after exec: {error}"));
            return ExitCode::FAILURE;
        }
    };
    for round in 0.. {
        arena.accounts.update(|accounts| accounts.transfer(round, round + 1, 1));
        // Leaves the part to others, too.
        (0..1000).for_each(|_| std::hint::spin_loop());
        let (version, accounts) = arena.accounts.load_versioned();
        if let Err(error) = accounts.check(version) {
            news.violation(&format!("after exec: {error}"));
        }
    }
    ExitCode::SUCCESS
}
