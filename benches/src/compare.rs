//! The comparison: measures row after row, and tells.

use std::time::Duration;

use clap::Args;

use crate::batch::{Plan, Series};
use crate::place::Place;
use crate::report::keep::Keep;
use crate::report::machine::Machine;
use crate::report::{Entry, Report, terminal};
use crate::work::{self, Ground};
use crate::{Failure, cpu, interrupt};

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
    interrupt::clean_first(place.path())?;
    if !cfg!(boost) {
        println!("Boost.Interprocess is skipped: its headers are not here. Debian: apt-get install g++ libboost-dev");
    }
    let ground =
        Ground { place: &place, plan: if options.quick { QUICK } else { FULL }, is_quick: options.quick, partner_cpu };
    let mut torn = 0;
    let mut report = Report { machine: Machine::describe(), rows: Vec::new() };
    for work in work::ALL {
        if options.only.as_ref().is_some_and(|only| !work.name.contains(only.as_str())) {
            continue;
        }
        let row = (work.measure)(&ground, work.name)?;
        torn += row.series.iter().filter(|series| series.is_ours()).map(Series::torn).sum::<u64>();
        let row = Entry::from(&row);
        println!("{}", terminal::table(&row));
        report.rows.push(row);
    }
    if torn > 0 {
        return Err(format!("{torn} values of shmstore were a mixture of two stores: none may be").into());
    }
    options.keep.keep(&report, !options.quick && options.only.is_none())
}
