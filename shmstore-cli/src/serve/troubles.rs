//! Troubles of objects that `doctor` does not name.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde::Serialize;
use shmstore::inspect::{Object, Segment, SegmentState, Value};
use shmstore::schema::OwnedSchema;

use super::look::{Found, walk};
use crate::about::called;
use crate::clock;
use crate::findings::{Finding, Severity};

/// How long a process may hold a part until that is told.
const LONG: Duration = Duration::from_secs(5);

/// A finding as `doctor --json` has it, with the segment of the object.
#[derive(Debug, Serialize)]
pub(super) struct Trouble {
    #[serde(flatten)]
    finding: Finding,
    /// `null` if it is about the machine.
    segment: Option<i32>,
    /// The part of the object, if it is about one.
    part: Option<String>,
}

impl Trouble {
    /// Makes troubles of those findings that need attention.
    pub(super) fn of_machine(findings: Vec<Finding>) -> impl Iterator<Item = Self> {
        let needed = findings.into_iter().filter(|finding| finding.severity > Severity::Ok);
        needed.map(|finding| Self { finding, segment: None, part: None })
    }

    pub(super) fn severity(&self) -> Severity {
        self.finding.severity
    }
}

/// A part that a process holds: the nonce of its object, the process, and its path.
type Held = (u64, u32, String);

/// The parts that processes hold, each with the moment when that was first seen.
#[derive(Default)]
pub(super) struct Troubles(HashMap<Held, Instant>);

/// A look at all objects, one after the other.
#[derive(Default)]
pub(super) struct Round {
    troubles: Vec<Trouble>,
    held: Vec<Held>,
}

impl Troubles {
    /// Looks at an object that is attached.
    pub(super) fn look(&self, round: &mut Round, object: &Object, value: &Value) {
        let segment = object.segment();
        round.troubles.extend(inconsistent(segment, object.schema(), value));
        let mut locks = HashSet::new();
        walk(object.schema(), value, |path, found| {
            if let Found::Lock { .. } = found {
                locks.insert(path.to_owned());
            }
        });
        for process in object.participants() {
            // A share of a queue or of frames may be held for long: `jobs (item 17)`.
            for part in process.holding.iter().filter(|part| !part.ends_with(')')) {
                if !process.alive {
                    round.troubles.push(died(segment, process.pid, part));
                    continue;
                }
                let one = (object.nonce(), process.pid, part.clone());
                let held = self.0.get(&one).map_or(Duration::ZERO, Instant::elapsed);
                // An exclusive writer keeps its part for as long as it likes.
                if held >= LONG && locks.contains(part) {
                    round.troubles.push(held_long(segment, process.pid, part, held));
                }
                round.held.push(one);
            }
        }
    }

    /// Ends a look at all objects, and returns what needs attention.
    pub(super) fn end(&mut self, round: Round, listed: &[Segment]) -> Vec<Trouble> {
        let now = Instant::now();
        let since = |one: Held| (one.clone(), self.0.get(&one).copied().unwrap_or(now));
        let held = round.held.into_iter().map(since).collect();
        self.0 = held;
        round.troubles.into_iter().chain(listed.iter().filter_map(of_state)).collect()
    }
}

fn of_state(segment: &Segment) -> Option<Trouble> {
    let advice = match segment.state {
        SegmentState::Orphaned | SegmentState::Abandoned => {
            format!(
                "no program can find it: `shmstore rm --segment {}` removes it, and so does `shmstore gc`",
                segment.shmid
            )
        }
        SegmentState::Damaged => format!("`shmstore rm --segment {}` removes it", segment.shmid),
        _ => return None,
    };
    let why = segment.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    let finding = Finding::mend(&called(segment), format!("{}{why}", segment.state), advice);
    Some(Trouble { finding, segment: Some(segment.shmid), part: None })
}

fn inconsistent(segment: &Segment, schema: &OwnedSchema, value: &Value) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    walk(schema, value, |path, found| {
        if let Found::Lock { inconsistent: true, .. } = found {
            let found = format!("the lock `{path}` is inconsistent: an owner died or panicked while it held the lock");
            let advice = "a program has to lock it, repair the data that it guards, and call `mark_consistent`";
            troubles.push(of_part(segment, path, Finding::mend(&called(segment), found, advice)));
        }
    });
    troubles
}

fn died(segment: &Segment, pid: u32, part: &str) -> Trouble {
    let found = format!("pid {pid} died while it held `{part}`");
    let advice = "the next process that needs the part takes it over";
    of_part(segment, part, Finding::mend(&called(segment), found, advice))
}

fn held_long(segment: &Segment, pid: u32, part: &str, held: Duration) -> Trouble {
    let found = format!("pid {pid} has held `{part}` for {}", clock::age(held));
    let advice = "other writers of the part wait: look at what the process does";
    of_part(segment, part, Finding::note(&called(segment), found, advice))
}

fn of_part(segment: &Segment, part: &str, finding: Finding) -> Trouble {
    Trouble { finding, segment: Some(segment.shmid), part: Some(part.to_owned()) }
}
