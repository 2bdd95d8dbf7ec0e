//! The comparison: measures row after row, and tells.

use std::time::Duration;

use clap::Args;

use crate::batch::Plan;
use crate::place::Place;
use crate::report::keep::Keep;
use crate::report::machine::Machine;
use crate::report::{Entry, Report, terminal};
use crate::work::{self, Ground};
use crate::{Failure, cpu};

/// What to compare.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Fewer and shorter batches: to see that it runs.
    #[arg(long)]
    quick: bool,
    /// Only rows whose name has this in it.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    #[command(flatten)]
    keep: Keep,
}

const FULL: Plan = Plan { batches: 25, time: Duration::from_millis(20) };
const QUICK: Plan = Plan { batches: 5, time: Duration::from_millis(4) };

/// Runs the comparison.
pub fn run(options: &Options) -> Result<(), Failure> {
    let [cpu, partner_cpu] = cpu::pair()?;
    cpu::pin(cpu)?;
    let place = Place::new()?;
    let ground = Ground { place: &place, plan: if options.quick { QUICK } else { FULL }, partner_cpu };
    let mut report = Report { machine: Machine::describe(), rows: Vec::new() };
    for work in work::ALL {
        if options.only.as_ref().is_some_and(|only| !work.name.contains(only.as_str())) {
            continue;
        }
        let row = Entry::from(&(work.measure)(&ground, work.name)?);
        println!("{}", terminal::table(&row));
        report.rows.push(row);
    }
    options.keep.keep(&report, !options.quick && options.only.is_none())
}
