//! Which object is meant: `PATH[/NAME] [TYPE]`.

use std::path::PathBuf;

use clap::Args;
use shmstore::inspect::{Object, Segment, SegmentState};

use crate::about::{called, id};
use crate::anchors::{Anchors, is_certain, is_name};
use crate::failure::Failure;
use crate::saved::is_saved;
use crate::text::{shown, shown_path};

/// An object, as the command line names it.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// The directory or file that the object stands at; `DIR/NAME` for a named one
    #[arg(value_name = "PATH[/NAME]")]
    pub path: PathBuf,
    /// The type, or its letter, where more than one object stands at the path
    #[arg(value_name = "TYPE")]
    pub type_name: Option<String>,
}

impl Target {
    /// The segments that it may mean: at its path, and of its type if that is said.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if nothing is at the path, and no object that is left was made there.
    pub fn segments(&self) -> Result<Vec<Segment>, Failure> {
        let mut there = Anchors::of(&self.path).segments()?;
        there.retain(|segment| self.is_type_of(segment));
        Ok(there)
    }

    /// Attaches the one object that is meant.
    ///
    /// # Errors
    ///
    /// As [`segment`](Self::segment), and what attaching it refuses.
    pub fn object(&self) -> Result<Object, Failure> {
        Ok(Object::attach(&self.segment(|_| true)?)?)
    }

    /// The one segment that is meant, among some: one that stands at the path rather than one that is orphaned, that rather than one that was
    /// removed and lives on for those who have it, and one that only has the key of the path if there is no other.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if there is none, [`Failure::Ambiguous`] if there are several.
    pub fn segment(&self, among: impl Fn(&Segment) -> bool) -> Result<Segment, Failure> {
        let anchors = Anchors::of(&self.path);
        let there = anchors.segments()?.into_iter().filter(among);
        let (mut there, others): (Vec<_>, Vec<_>) = there.partition(|segment| self.is_type_of(segment));
        let first = there.iter().map(rank).min();
        there.retain(|segment| Some(rank(segment)) == first);
        match there.len() {
            0 => Err(Failure::NotFound(self.none(&others))),
            1 => Ok(there.remove(0)),
            _ => Err(Failure::Ambiguous(self.several(&there, &anchors))),
        }
    }

    /// What there is instead.
    fn none(&self, others: &[Segment]) -> String {
        let path = self.path_shown();
        let others: Vec<String> = others.iter().filter(|other| is_certain(other)).map(of_type).collect();
        match &self.type_name {
            Some(asked) if !others.is_empty() => {
                format!("no object of type `{}` is at {path}: there is {}", shown(asked), others.join(", "))
            }
            _ if is_saved(&self.path) => format!(
                "{path} is a saved object, not a shared one: `shmstore load` makes a shared one of it, `shmstore diff` compares its layout"
            ),
            Some(asked) => {
                format!("no object of type `{}` is at {path}: `shmstore ls` shows where there are some", shown(asked))
            }
            None => format!("no object is at {path}: `shmstore ls` shows where there are some"),
        }
    }

    /// By what several are told apart: by their anchors if these differ, else by type or id, and if all that is the same, by number.
    fn several(&self, there: &[Segment], anchors: &Anchors) -> String {
        let places: Vec<String> = there.iter().map(|segment| place(segment, anchors)).collect();
        let types: Vec<String> = there.iter().map(of_type).collect();
        let (by, all): (_, Vec<String>) = if !are_alike(&places) {
            let one = |(place, of_type)| format!("{place} ({of_type})");
            (
                if are_alike(&types) { "by anchor" } else { "by anchor, type or id" },
                places.iter().zip(&types).map(one).collect(),
            )
        } else if are_distinct(&types) {
            ("by type or id", types)
        } else {
            ("by its number (`shmstore rm --segment`)", there.iter().map(called).collect())
        };
        format!("{} objects are at {}: say which, {by}: {}", there.len(), self.path_shown(), all.join("; "))
    }

    fn path_shown(&self) -> String {
        shown_path(&self.path)
    }

    /// Whether a segment is of the type that was asked for, or may be.
    #[must_use]
    pub fn is_type_of(&self, segment: &Segment) -> bool {
        let Some(asked) = &self.type_name else { return true };
        let may_be = segment.state == SegmentState::Unreadable && asked.chars().count() > 1;
        may_be || segment.type_name() == Some(asked) || id(segment).is_some_and(|id| asked.chars().eq([id]))
    }
}

/// What is meant first has the lowest.
fn rank(segment: &Segment) -> u8 {
    match segment.state {
        SegmentState::Foreign => 4,
        _ if !is_certain(segment) => 3,
        SegmentState::Removed => 2,
        SegmentState::Orphaned => 1,
        _ => 0,
    }
}

/// Type and id: `Rover 'R'`.
fn of_type(segment: &Segment) -> String {
    let id = id(segment).map(|id| format!(" {id:?}")).unwrap_or_default();
    shown(segment.type_name().unwrap_or(segment.state.name())) + &id
}

/// The anchor as the command line takes it, and means no other by it.
fn place(segment: &Segment, anchors: &Anchors) -> String {
    match (anchors.of_segment(segment), &segment.description) {
        (Some(anchor), _) => shown_path(&anchor.path),
        (None, Some(of)) => shown(&format!("{}{}", of.path.display(), if is_name(&of.path) { "" } else { "/" })),
        (None, None) => String::new(),
    }
}

fn are_alike(texts: &[String]) -> bool {
    texts.iter().all(|text| *text == texts[0])
}

fn are_distinct(texts: &[String]) -> bool {
    (1..texts.len()).all(|at| !texts[..at].contains(&texts[at]))
}
