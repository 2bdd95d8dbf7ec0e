//! The comparison: measures row after row, and tells.

use std::time::Duration;

use clap::Args;

use crate::batch::{Plan, Series};
use crate::place::Place;
use crate::row::{Figure, Other, Row};
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
    let ground = Ground { place: &place, plan: if options.quick { QUICK } else { FULL }, partner_cpu };
    let mut torn = 0;
    for work in work::ALL {
        if options.only.as_ref().is_some_and(|only| !work.name.contains(only.as_str())) {
            continue;
        }
        let row = (work.measure)(&ground, work.name)?;
        print(&row);
        torn += row.series.iter().filter(|series| series.is_ours()).map(Series::torn).sum::<u64>();
    }
    if torn > 0 {
        return Err(format!("{torn} values of shmstore were a mixture of two stores: none may be").into());
    }
    Ok(())
}

fn print(row: &Row) {
    println!("{} ({})", row.work, row.name);
    for series in &row.series {
        let spread = series.spread();
        print!("  {:<34} {:>12.2} ns  [{:.2} - {:.2}]", series.name, spread.median, spread.low, spread.high);
        if let Some(partner) = series.partner() {
            print!("   the other process {partner:.1} ns");
            if row.name == work::OF_BOTH {
                print!(", {:.0} % of all", 100.0 * series.median() / partner);
            }
        }
        if series.checked.values > 0 {
            print!("   {} values checked", series.checked.values);
        }
        if series.starved() > 0 {
            print!("   starved: {} reads gave up, it is more", series.starved());
        }
        if series.torn() > 0 {
            print!("   TORN {}", series.torn());
        }
        println!();
    }
    for verdict in row.verdicts() {
        let sign = if verdict.is_met() { "met" } else { "MISSED" };
        let of = if verdict.target.other == Other::Figure { String::new() } else { format!(" x {}", verdict.other) };
        let (target, ratio) = (verdict.target, verdict.ratio);
        let whose = if target.figure == Figure::Partner { ", the other process" } else { "" };
        println!(
            "    {}{whose}: {:.2}{of} [{:.2} - {:.2}], at most {:.2}: {sign}",
            target.ours, ratio.median, ratio.low, ratio.high, target.at_most
        );
    }
}
