//! Frames: the time to fill and to read their elements.

// In the order of their layers.
pub mod processing;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use crate::batch::Plan;
use crate::place::Place;
use crate::report::keep::Keep;
use crate::report::machine::Machine;
use crate::report::{Entry, Report};
use crate::row::Row;
use crate::{Failure, interrupt, partner};

/// How to measure.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The number of frames of each system.
    #[arg(long, default_value_t = 200, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    frames: usize,
    /// Only rows whose name begins so.
    #[arg(long, value_name = "NAME", default_value = "")]
    only: String,
    #[command(flatten)]
    keep: Keep,
}

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
    let rows = processing::rows(place.path(), other)?;
    let mut entries = Vec::new();
    for (name, measure) in rows.into_iter().filter(|(name, _)| name.starts_with(&options.only)) {
        let entry = Entry::from(&measure(options).map_err(|failure| format!("{name}: {failure}"))?);
        println!("{}", entry.table());
        entries.push(entry);
    }
    let plan = Plan { batches: options.frames, time: processing::TIME };
    options.keep.keep(&Report { machine: Machine::describe(plan), rows: entries }, false)
}
