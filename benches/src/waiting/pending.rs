//! Many pending futures: the time to make, poll, wake and drop them, and their memory.

use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::RangedU64ValueParser;
use shmstore::wait::{Changes, KeysChanged, Newer, NewerOfEntry, NewerOfKey};
use shmstore::wait::{NotEmpty, NotFull, Past, Pop, Push, Recv, Take};
use shmstore::{Shared, Store};

use super::tasks::Tasks;
use super::{Random, VALUES, Values, heap, kept};
use crate::place::Place;
use crate::report::figures::{amount, plain};
use crate::{Failure, interrupt};

/// How to measure.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The number of futures.
    #[arg(long, default_value_t = VALUES, value_parser = RangedU64ValueParser::<usize>::new().range(1..=VALUES as u64))]
    futures: usize,
    /// The number of trials of each step. The table has the medians.
    #[arg(long, default_value_t = 5, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    trials: usize,
}

/// The most futures that are woken one by one.
const IN_TURN: usize = 100;

/// Measures, and prints two tables.
///
/// # Errors
///
/// A failure of shmstore.
pub fn run(options: &Options) -> Result<(), Failure> {
    let place = Place::new()?;
    interrupt::clean_first(place.path())?;
    let futures = Futures { object: kept(Store::open(place.path())?.create::<Values>()?), number: options.futures };
    println!("| future, of numbers of 64 bits | memory |\n|---|---:|");
    for (name, bytes) in sizes() {
        println!("| `{name}` itself | {bytes} bytes |");
    }
    if let Some(bytes) = futures.heap() {
        println!("| heap of the process for each pending `Newer` | {} bytes |", plain(bytes));
    }
    println!("\n| of {} futures | number | all | each |\n|---|---:|---:|---:|", options.futures);
    for (name, step) in STEPS {
        let (times, numbers): (Vec<_>, Vec<_>) = (0..options.trials).map(|_| step(&futures)).unzip();
        let (all, number) = (median(times).as_nanos() as f64, numbers[0]);
        println!("| {name} | {number} | {} | {} |", amount(all, "ns"), amount(all / number as f64, "ns"));
    }
    Ok(())
}

/// The sizes of futures.
fn sizes() -> [(&'static str, usize); 12] {
    [
        ("Newer", size_of::<Newer<'_, u64>>()),
        ("Changes", size_of::<Changes<Newer<'_, u64>>>()),
        ("NewerOfKey", size_of::<NewerOfKey<'_, u64, u64>>()),
        ("NewerOfEntry", size_of::<NewerOfEntry<'_, u64, u64>>()),
        ("KeysChanged", size_of::<KeysChanged<'_, u64, u64>>()),
        ("Past", size_of::<Past<'_>>()),
        ("NotEmpty", size_of::<NotEmpty<'_>>()),
        ("NotFull", size_of::<NotFull<'_>>()),
        ("Push", size_of::<Push<'_, u64, 64>>()),
        ("Pop", size_of::<Pop<'_, u64, 64>>()),
        ("Take", size_of::<Take<'_, u64, 64>>()),
        ("Recv", size_of::<Recv<'_, '_, u64, 64>>()),
    ]
}

fn median(mut times: Vec<Duration>) -> Duration {
    let middle = times.len() / 2;
    *times.select_nth_unstable(middle).1
}

/// A step, which returns the time that it takes, and for how many futures.
type Step = (&'static str, fn(&Futures) -> (Duration, usize));

const STEPS: [Step; 6] = [
    ("made", |futures| {
        let mut made = None;
        (timed(|| made = Some(futures.made())), futures.number)
    }),
    ("polled for the first time", |futures| {
        let mut made = futures.made();
        (timed(|| assert!(made.poll_all())), futures.number)
    }),
    ("woken one by one, at random", Futures::woken_in_turn),
    ("woken all at once", Futures::woken_at_once),
    ("dropped in the order of birth", |futures| {
        let pending = futures.pending().into_futures();
        (timed(|| pending.into_iter().for_each(drop)), futures.number)
    }),
    ("dropped in the opposite order", |futures| {
        let pending = futures.pending().into_futures();
        (timed(|| pending.into_iter().rev().for_each(drop)), futures.number)
    }),
];

fn timed(step: impl FnOnce()) -> Duration {
    let start = Instant::now();
    step();
    start.elapsed()
}

/// Futures, each of a value of its own.
struct Futures {
    object: &'static Shared<Values>,
    number: usize,
}

impl Futures {
    fn made(&self) -> Tasks<Newer<'static, u64>> {
        let values = &self.object.values[..self.number];
        Tasks::new(values.iter().map(|value| value.newer(value.load_versioned().0)))
    }

    fn pending(&self) -> Tasks<Newer<'static, u64>> {
        let mut tasks = self.made();
        assert!(tasks.poll_all(), "nothing was stored");
        tasks
    }

    /// The bytes that the process allocates for a future when it is polled for the first time.
    fn heap(&self) -> Option<f64> {
        let mut tasks = self.made();
        let before = heap::allocated()?;
        assert!(tasks.poll_all(), "nothing was stored");
        Some((heap::allocated()? as f64 - before as f64) / self.number as f64)
    }

    /// Stores to a value, and takes its future's output, before it stores to the next one.
    fn woken_in_turn(&self) -> (Duration, usize) {
        let (mut tasks, number) = (self.pending(), self.number.min(IN_TURN));
        let mut left: Vec<usize> = (0..self.number).collect();
        let mut random = Random(1);
        let time = timed(|| {
            for _ in 0..number {
                let at = left.swap_remove(random.within(&(0..left.len() as u64)) as usize);
                self.object.values[at].store(1);
                assert_eq!(tasks.next().0, at, "only this future was woken");
            }
        });
        (time, number)
    }

    /// Stores to all values, and then takes all outputs.
    fn woken_at_once(&self) -> (Duration, usize) {
        let mut tasks = self.pending();
        let time = timed(|| {
            self.object.values[..self.number].iter().for_each(|value| {
                value.store(1);
            });
            (0..self.number).for_each(|_| drop(tasks.next()));
        });
        (time, self.number)
    }
}
