//! Frames: the time to hand them over, and to fill and read their elements.

// In the order of their layers.
pub mod processing;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use crate::place::Place;
use crate::report::keep::Keep;
use crate::report::machine::Machine;
use crate::report::{Entry, Report};
use crate::row::Row;
use crate::work::{self, Ground};
use crate::{Failure, compare, interrupt, partner};

/// How to measure.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Few frames, and short batches: only to see that it runs.
    #[arg(long)]
    quick: bool,
    /// The number of frames that each system fills or reads.
    #[arg(long, default_value_t = 200, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    frames: usize,
    /// Only rows whose name begins so.
    #[arg(long, value_name = "NAME", default_value = "")]
    only: String,
    #[command(flatten)]
    keep: Keep,
}

/// The frames that each system fills or reads in a quick run.
const QUICK_FRAMES: usize = 5;

/// Measures one row.
type Measure = Box<dyn Fn(&Options) -> Result<Row, Failure>>;

/// Measures, and prints a table for each row.
///
/// # Errors
///
/// A failure of shmstore.
pub fn run(options: &Options) -> Result<(), Failure> {
    options.keep.check(false)?;
    let [cpu, other] = partner::processors()?;
    partner::pin(cpu)?;
    let place = Place::new()?;
    interrupt::clean_first(place.path())?;
    let frames = if options.quick { QUICK_FRAMES } else { options.frames };
    let options = &Options { frames, ..options.clone() };
    let plan = if options.quick { compare::QUICK } else { compare::FULL };
    let ground = Ground { place: &place, plan, is_quick: options.quick, partner_cpu: other };
    let mut entries = Vec::new();
    let mut show = |name: &str, row: Result<Row, Failure>| -> Result<(), Failure> {
        let entry = Entry::from(&row.map_err(|failure| format!("{name}: {failure}"))?);
        println!("{}", entry.table());
        entries.push(entry);
        Ok(())
    };
    for work in work::ALL.iter().filter(|work| work.is_of_frames() && work.name.starts_with(&options.only)) {
        show(work.name, (work.measure)(&ground, work.name))?;
    }
    for (name, measure) in processing::rows(place.path(), other)? {
        if name.starts_with(&options.only) {
            show(&name, measure(options))?;
        }
    }
    options.keep.keep(&Report { machine: Machine::describe(plan), rows: entries }, false)
}
