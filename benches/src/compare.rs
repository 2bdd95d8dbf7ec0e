//! The comparison: measures row after row, and prints the results.

use std::time::Duration;

use clap::Args;

use crate::batch::{Plan, Series};
use crate::place::Place;
use crate::report::keep::Keep;
use crate::report::machine::{self, Machine};
use crate::report::{Entry, Report};
use crate::work::{self, Ground, Work};
use crate::{Failure, interrupt, partner};

/// The rows to compare.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Fewer and shorter batches: only to see that it runs.
    #[arg(long)]
    quick: bool,
    #[arg(long, value_name = "NAME", value_parser = Rows::parse, help = help_of_only())]
    only: Option<Rows>,
    #[command(flatten)]
    keep: Keep,
}

/// The amount of a full comparison.
pub const FULL: Plan = Plan { batches: 25, time: Duration::from_millis(20) };
/// The amount of a comparison that only shows that everything works.
pub const QUICK: Plan = Plan { batches: 5, time: Duration::from_millis(4) };

/// Above this load for each processor, other programs disturb the measurement.
const HIGH_LOAD: f64 = 0.25;

/// The rows of a name.
#[derive(Debug, Clone)]
struct Rows(Vec<&'static Work>);

impl Rows {
    /// Finds the row of that name or, if there is none, all rows whose names contain it.
    fn parse(name: &str) -> Result<Self, String> {
        let with = |is: &dyn Fn(&str) -> bool| work::ALL.iter().filter(|work| is(work.name)).collect::<Vec<_>>();
        let exactly = with(&|row| row == name);
        let rows = if exactly.is_empty() { with(&|row| row.contains(name)) } else { exactly };
        if rows.is_empty() {
            Err(format!("no row has this in its name; there are {}", names()))
        } else {
            Ok(Self(rows))
        }
    }
}

fn names() -> String {
    work::ALL.iter().map(|work| work.name).collect::<Vec<_>>().join(", ")
}

fn help_of_only() -> String {
    format!("Only the row of this name or, if there is none, the rows whose names contain it. Rows: {}", names())
}

/// Runs the comparison.
pub fn run(options: &Options) -> Result<(), Failure> {
    let is_whole = !options.quick && options.only.is_none();
    options.keep.check(is_whole)?;
    let rows = options.only.clone().map_or_else(|| work::ALL.iter().collect(), |only| only.0);
    println!("{}", beginning(&rows, options.quick));
    let [cpu, partner_cpu] = partner::processors()?;
    partner::pin(cpu)?;
    let place = Place::new()?;
    interrupt::clean_first(place.path())?;
    if !cfg!(boost) {
        println!("Boost.Interprocess is skipped: its headers are missing. Debian: apt-get install g++ libboost-dev");
    }
    let plan = if options.quick { QUICK } else { FULL };
    let ground = Ground { place: &place, plan, is_quick: options.quick, partner_cpu };
    let mut torn = 0;
    let mut report = Report { machine: Machine::describe(plan), rows: Vec::new() };
    for work in rows {
        let row = (work.measure)(&ground, work.name)?;
        torn += row.series.iter().filter(|series| series.is_ours()).map(Series::torn).sum::<u64>();
        let row = Entry::from(&row);
        println!("{}", row.table());
        report.rows.push(row);
    }
    if torn > 0 {
        return Err(format!("{torn} values of shmstore mix two stores, which must never happen").into());
    }
    options.keep.keep(&report, is_whole)
}

/// The text before the measurement.
fn beginning(rows: &[&Work], is_quick: bool) -> String {
    let seconds: u32 = rows.iter().map(|work| if is_quick { work.seconds.0 } else { work.seconds.1 }).sum();
    let load = machine::load();
    let plural = if rows.len() == 1 { "" } else { "s" };
    let mut text = format!("{} row{plural}, about {}", rows.len(), about(seconds));
    if let Some(load) = load {
        text.push_str(&format!("; load of the machine: {load:.2}"));
    }
    if load.is_some_and(|load| load > HIGH_LOAD * machine::processors() as f64) {
        text.push_str("\nwarning: other programs are running: times will be too long, and ratios less certain");
    }
    text + "\n"
}

fn about(seconds: u32) -> String {
    match seconds {
        ..90 => format!("{} s", seconds.div_ceil(5) * 5),
        _ => format!("{} minutes", (seconds + 30) / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Vec<&'static str> {
        Rows::parse(name).map(|rows| rows.0.iter().map(|work| work.name).collect()).unwrap_or_default()
    }

    #[test]
    fn a_named_row_is_measured_alone() {
        assert_eq!(named("load-64"), ["load-64"]);
        assert_eq!(named("derive"), ["derive"]);
        assert_eq!(named("-busy"), ["load-64-busy", "load-4k-busy", "load-64k-busy"]);
    }

    #[test]
    fn a_name_of_no_row_is_refused_with_all_names() {
        let error = Rows::parse("nonsense").expect_err("no such row");
        assert!(
            work::ALL.iter().all(|work| error.contains(work.name) && help_of_only().contains(work.name)),
            "{error}"
        );
    }

    #[test]
    fn the_duration_is_printed_before() {
        let whole = beginning(&work::ALL.iter().collect::<Vec<_>>(), false);
        let begins = whole.starts_with(&format!("{} rows, about ", work::ALL.len()));
        assert!(begins && whole.contains("minutes"), "{whole}");
        assert_eq!([3, 46, 91, 470].map(about), ["5 s", "50 s", "2 minutes", "8 minutes"]);
    }
}
