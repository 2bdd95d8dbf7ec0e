//! The rows of the comparison, and what the other process does in each.

mod board;
mod derive;
mod lock;
mod objects;
mod talk;
mod whole;

use std::path::Path;

use crate::Failure;
use crate::batch::{Contender, Plan, alternate};
use crate::partner::{Role, Stage};
use crate::place::Place;
use crate::row::{Other, Row, Target, Unit};

/// What a row is measured with.
pub struct Ground<'a> {
    /// Files and segments.
    pub place: &'a Place,
    /// How much.
    pub plan: Plan,
    /// Whether it is only to be seen that it runs.
    pub is_quick: bool,
    /// The processor of the other process.
    pub partner_cpu: usize,
}

impl Ground<'_> {
    /// A directory for one contender of one row.
    pub fn directory(&self, row: &str, system: &str) -> std::io::Result<std::path::PathBuf> {
        self.place.make(&format!("{row}-{system}").replace([' ', ','], "-"))
    }
}

/// One row that can be asked for.
#[derive(Debug)]
pub struct Work {
    /// What `--only` looks for.
    pub name: &'static str,
    /// Measures it.
    pub measure: fn(&Ground<'_>, &'static str) -> Result<Row, Failure>,
    /// About how long that takes, in seconds: in a quick run, and in a full one.
    pub seconds: (u32, u32),
}

impl PartialEq for Work {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Work {}

/// The row in which both processes do the same work, and an operation is one of either.
pub const OF_BOTH: &str = "lock-contended";

/// All rows, in the order of the table.
pub const ALL: &[Work] = &[
    Work { name: "load-64", measure: board::load::<8>, seconds: (1, 6) },
    Work { name: "load-4k", measure: board::load::<512>, seconds: (1, 6) },
    Work { name: "load-64k", measure: board::load::<8192>, seconds: (1, 6) },
    Work { name: "load-64-busy", measure: board::load_busy::<8>, seconds: (2, 9) },
    Work { name: "load-4k-busy", measure: board::load_busy::<512>, seconds: (4, 12) },
    Work { name: "load-64k-busy", measure: board::load_busy::<8192>, seconds: (5, 14) },
    Work { name: "load-64-paced", measure: board::load_paced::<8>, seconds: (2, 9) },
    Work { name: "store-64", measure: board::store::<8>, seconds: (1, 6) },
    Work { name: "store-4k", measure: board::store::<512>, seconds: (1, 6) },
    Work { name: "store-64k", measure: board::store::<8192>, seconds: (1, 6) },
    Work { name: "lock", measure: lock::idle, seconds: (1, 3) },
    Work { name: OF_BOTH, measure: lock::contended, seconds: (1, 3) },
    Work { name: "transaction", measure: lock::transaction, seconds: (1, 3) },
    Work { name: "wake", measure: talk::wake, seconds: (2, 20) },
    Work { name: "round-trip", measure: talk::round_trip, seconds: (1, 3) },
    Work { name: "attach", measure: whole::attach, seconds: (1, 5) },
    Work { name: "create", measure: whole::create, seconds: (1, 6) },
    Work { name: "many-attach", measure: objects::attach_of_many, seconds: (1, 2) },
    Work { name: "many-list", measure: objects::list_of_many, seconds: (1, 3) },
    Work { name: "memory", measure: objects::resident_memory, seconds: (1, 1) },
    Work { name: "derive", measure: derive::rebuild, seconds: (40, 90) },
    Work { name: "derive-whole", measure: derive::whole, seconds: (50, 150) },
];

/// The other process's part.
pub fn partner(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    let directory: &Path = &role.directory;
    match role.work.as_str() {
        work if board::is_role(work) => board::partner(role, directory, stage),
        "lock" => lock::partner(role, directory, stage),
        "wake" => talk::partner_of_wake(role, directory, stage),
        "round-trip" => talk::partner_of_round_trip(role, directory, stage),
        other => Err(format!("nobody plays `{other}`").into()),
    }
}

/// Measures a row.
fn row(ground: &Ground<'_>, name: &str, work: String, mut contenders: Vec<Contender<'_>>, targets: Vec<Target>) -> Row {
    let series = alternate(ground.plan, &mut contenders);
    Row { name: name.into(), work, unit: Unit::Nanoseconds, series, targets }
}

fn target(ours: &'static str, other: &'static str, at_most: f64) -> Target {
    Target::new(ours, Other::Named(other), at_most)
}
