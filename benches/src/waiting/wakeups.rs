//! The time from a store in another process until a sleeping waiter runs, by each way of waiting.
//!
//! The other process stores the time itself. All ways take turns, batch by batch.

use std::cell::RefCell;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::thread;
use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;
use shmstore::{Awaitable, Shared, Store, wait_any};

use super::tasks::Tasks;
use super::{Handle, Random, Values, kept};
use crate::batch::{Plan, Sample, Series, now};
use crate::partner::{self, Partner, Role, Stage};
use crate::place::Place;
use crate::report::keep::Keep;
use crate::report::machine::Machine;
use crate::report::{Entry, Report};
use crate::row::{Other, Row, Target};
use crate::systems::bare::{tell, wait};
use crate::systems::mapped::Mapped;
use crate::{Failure, interrupt};

/// The other process's work, by its name.
pub const WORK: &str = "store-the-time";

/// How to measure.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The number of batches of each way of waiting.
    #[arg(long, default_value_t = 25, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    batches: usize,
    /// Both processes run on any processor, and the storing one sleeps before each store. Otherwise it spins on a
    /// processor of its own.
    #[arg(long)]
    free: bool,
    #[command(flatten)]
    keep: Keep,
}

/// The stores in a batch.
const ROUNDS: usize = 64;

/// The pause before each batch, so that everything that begins with a wait is done.
const SETTLE: Duration = Duration::from_millis(10);

/// A wait that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(10);

/// The pause before each store, so that the waiter sleeps. It is random, in nanoseconds.
const PAUSE: Range<u64> = 100_000..300_000;

/// The time after which the storing process looks for another order.
const LOOK: Duration = Duration::from_millis(5);

/// The numbers of values that one wait is for.
const ANY: [usize; 7] = [1, 2, 8, 16, 32, 64, 128];

/// The numbers of pending futures.
const FUTURES: [usize; 5] = [1, 2, 8, 32, 127];

const PLAIN: &str = "shmstore, wait_newer";
const BARE: &str = "bare futex";

/// The file of the bare futex, the line of its word, and the line of the time.
const PAGE: &str = "page";
const WORD: usize = 0;
const TIME: usize = 1;

/// The order to wake the bare futex. Other orders are the numbers of values.
const BARE_WORD: u64 = u64::MAX - 1;

/// Measures, and prints a table.
///
/// # Errors
///
/// A failure of shmstore, or of the other process.
pub fn run(options: &Options) -> Result<(), Failure> {
    options.keep.check(false)?;
    let [cpu, partner_cpu] = partner::processors()?;
    if !options.free {
        partner::pin(cpu)?;
    }
    let place = Place::new()?;
    interrupt::clean_first(place.path())?;
    let caller = Caller::new(place.path(), partner_cpu, options.free)?;
    let store = Store::open(place.path())?;
    let (read_only, view) = (kept(store.attach_read_only::<Values>()?), kept(store.attach_view::<Values>()?));
    let mut all: Vec<Way<'_>> = vec![(BARE, Box::new(|| caller.bare()))];
    all.extend(ways(&caller, caller.values, ""));
    all.extend(ways(&caller, view, ", view"));
    all.extend(ways(&caller, read_only, ", read-only"));
    let row = Row {
        name: "wakeups".into(),
        work: "store until a sleeping waiter in another process runs".into(),
        unit: "ns",
        series: alternate(options.batches, &all),
        targets: targets(),
    };
    let entry = Entry::from(&row);
    println!("{}", entry.table());
    let plan =
        Plan { batches: options.batches, time: ROUNDS as u32 * Duration::from_nanos(PAUSE.end + PAUSE.start) / 2 };
    options.keep.keep(&Report { machine: Machine::describe(plan), rows: vec![entry] }, false)
}

/// The targets of waits that announce themselves.
fn targets() -> Vec<Target> {
    let limits = |numbers: &[usize], name: fn(usize, &str) -> &'static str, at_most| {
        let limit = |&number| Target::new(name(number, ""), Other::Named(PLAIN), at_most);
        numbers.iter().map(limit).collect::<Vec<_>>()
    };
    let mut targets = vec![Target::new(PLAIN, Other::Named(BARE), 1.1)];
    targets.extend(limits(&ANY[..5], any_of, 1.5));
    targets.extend(limits(&FUTURES[..3], future_of, 3.0));
    targets.extend(limits(&FUTURES[4..], future_of, 5.0));
    targets
}

fn any_of(number: usize, handle: &str) -> &'static str {
    format!("shmstore, wait_any of {number}{handle}").leak()
}

fn future_of(number: usize, handle: &str) -> &'static str {
    format!("shmstore, future among {number}{handle}").leak()
}

/// A way of waiting: its name, and what measures one batch of it.
type Way<'a> = (&'static str, Box<dyn Fn() -> Sample + 'a>);

/// All ways of waiting by one handle.
fn ways<'a>(caller: &'a Caller, handle: &'a impl Handle, name: &str) -> Vec<Way<'a>> {
    let mut all: Vec<Way<'a>> = vec![(format!("{PLAIN}{name}").leak(), Box::new(|| caller.plain(handle)))];
    for number in ANY {
        all.push((any_of(number, name), Box::new(move || caller.any(handle, number))));
    }
    for number in FUTURES {
        all.push((future_of(number, name), Box::new(move || caller.futures(handle, number))));
    }
    all
}

/// Measures all ways in turn.
fn alternate(batches: usize, ways: &[Way<'_>]) -> Vec<Series> {
    let mut all: Vec<Series> = ways.iter().map(|(name, _)| Series { name, ..Series::default() }).collect();
    for batch in 0..batches {
        for turn in 0..ways.len() {
            let at = (batch + turn) % ways.len();
            all[at].samples.push(ways[at].1());
        }
    }
    all
}

/// The process that waits.
struct Caller {
    values: &'static Shared<Values>,
    page: Mapped,
    partner: RefCell<Partner>,
    random: RefCell<Random>,
}

/// The time at which a waiter runs, and the time that was stored for it.
type Woken = (u64, u64);

impl Caller {
    fn new(directory: &Path, partner_cpu: usize, is_free: bool) -> Result<Self, Failure> {
        let values = kept(Store::open(directory)?.create::<Values>()?);
        let page = Mapped::create(&directory.join(PAGE))?;
        let partner = Partner::start(WORK, "shmstore", is_free.into(), directory, partner_cpu)?;
        Ok(Self { values, page, partner: RefCell::new(partner), random: RefCell::new(Random(1)) })
    }

    /// Gives the other process one of the orders, again and again. Returns the median of the times until a waiter runs.
    fn batch(&self, orders: Range<u64>, mut wait: impl FnMut() -> Woken) -> Sample {
        let (asked, mut random) = (&self.values.asked, self.random.borrow_mut());
        let mut times = Vec::new();
        self.partner.borrow_mut().along(|_| {
            thread::sleep(SETTLE);
            for _ in 0..=ROUNDS {
                asked.store(random.within(&orders));
                let (now, stored) = wait();
                times.push(now.saturating_sub(stored));
            }
            Duration::ZERO
        });
        // The first one has costs of its own.
        times.swap_remove(0);
        let (_, median, _) = times.select_nth_unstable(ROUNDS / 2);
        Sample { nanoseconds: *median as f64, rounds: ROUNDS as u64, ..Sample::default() }
    }

    fn bare(&self) -> Sample {
        let (word, time) = (self.page.half_word(WORD), self.page.word(TIME));
        let mut next = word.load(Acquire);
        self.batch(BARE_WORD..BARE_WORD + 1, || {
            next = next.wrapping_add(1);
            assert!(wait(word, next), "the other process stores");
            (now(), time.load(Relaxed))
        })
    }

    fn plain(&self, handle: &impl Handle) -> Sample {
        let mut seen = self.seen(1)[0];
        self.batch(0..1, || {
            let (version, stored) = handle.wait_newer(0, seen, LIMIT).expect("the other process stores");
            seen = version;
            (now(), stored)
        })
    }

    fn any(&self, handle: &impl Handle, number: usize) -> Sample {
        let mut seen = self.seen(number);
        self.batch(0..number as u64, || {
            let newer: Vec<_> = seen.iter().enumerate().map(|(at, seen)| handle.newer(at, *seen)).collect();
            let awaited: Vec<_> = newer.iter().map(|newer| newer as &dyn Awaitable).collect();
            let ready = wait_any(&awaited, LIMIT).expect("the other process stores");
            let (now, at) = (now(), ready.first());
            let (version, stored) = self.values.values[at].load_versioned();
            seen[at] = version;
            (now, stored)
        })
    }

    fn futures(&self, handle: &impl Handle, number: usize) -> Sample {
        let mut tasks = Tasks::new(self.seen(number).into_iter().enumerate().map(|(at, seen)| handle.newer(at, seen)));
        assert!(tasks.poll_all(), "nothing was stored");
        self.batch(0..number as u64, || {
            let (at, woken) = tasks.next();
            let now = now();
            let (version, stored) = woken.expect("the object is there");
            tasks.replace(at, handle.newer(at, version));
            assert!(tasks.poll(at).is_pending(), "nothing was stored");
            (now, stored)
        })
    }

    /// Makes new versions of the first values, and returns their numbers. The announcements of earlier waiters end.
    fn seen(&self, number: usize) -> Vec<u64> {
        self.values.values[..number].iter().map(|value| value.store(0)).collect()
    }
}

/// The other process: stores the time whenever it is asked to.
///
/// # Errors
///
/// A failure of shmstore.
pub fn partner(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    let (is_free, object) = (role.words > 0, Store::open(&role.directory)?.attach::<Values>()?);
    let page = Mapped::open(&role.directory.join(PAGE))?;
    let (word, time) = (page.half_word(WORD), page.word(TIME));
    let (mut seen, mut random) = (0, Random(2));
    stage.perform(|| {
        let Ok((version, order)) = object.asked.wait_newer(seen, LOOK) else { return 0 };
        seen = version;
        let pause = Duration::from_nanos(random.within(&PAUSE));
        if is_free {
            thread::sleep(pause)
        } else {
            partner::spin(pause)
        }
        if order == BARE_WORD {
            time.store(now(), Relaxed);
            tell(word, word.load(Relaxed).wrapping_add(1));
        } else {
            object.values[order as usize].store(now());
        }
        1
    })
}
