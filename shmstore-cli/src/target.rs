//! The object that the command line means: `PATH[/NAME] [TYPE]`.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use shmstore::inspect::{FieldPath, InspectError, Object, Segment, SegmentState};

use crate::about::{called, id};
use crate::anchors::{Anchors, is_certain, is_name};
use crate::failure::Failure;
use crate::leftovers;
use crate::saved::is_saved;
use crate::text::{shown, shown_path};

/// How long an object that is being made, replaced or removed is looked for again.
const A_MOMENT: Duration = Duration::from_secs(1);
/// The same for a list that may have missed an object, because another process changed the table meanwhile.
const A_LOOK: Duration = Duration::from_millis(20);
/// The least number of looks then, because a list takes long on a busy machine.
const LOOKS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(5);

/// An object, as the command line names it.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// The anchor of the object: a directory or file, or `DIR/NAME` for a named object
    #[arg(value_name = "PATH[/NAME]")]
    pub path: PathBuf,
    /// The name of the type, or its letter, if the path has more than one object
    #[arg(value_name = "TYPE")]
    pub type_name: Option<String>,
}

impl Target {
    /// Returns the segments that match: at the path, and of the type if one is given.
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if the path does not exist, and no object was created there.
    pub fn segments(&self) -> Result<Vec<Segment>, Failure> {
        let mut there = Anchors::of(&self.path).segments()?;
        there.retain(|segment| self.is_type_of(segment));
        Ok(there)
    }

    /// Attaches the one object that matches.
    ///
    /// If the object is being created, replaced, migrated or removed, it is looked for again, for at most a second.
    ///
    /// # Errors
    ///
    /// As [`segment`](Self::segment), and if the object cannot be attached. [`Failure::NotFound`] if there are only
    /// leftovers of an object.
    pub fn object(&self) -> Result<Object, Failure> {
        self.object_among(|_| true)
    }

    /// The same, of the segments that pass a filter.
    ///
    /// # Errors
    ///
    /// As [`object`](Self::object).
    pub fn object_among(&self, among: impl Fn(&Segment) -> bool) -> Result<Object, Failure> {
        let (since, mut looks) = (Instant::now(), 0);
        loop {
            looks += 1;
            let (found, patience) = match self.matching(&among) {
                Ok(found) => (self.attached(&found), patience(&found.there)),
                Err(failure) => (Err(failure), Duration::ZERO),
            };
            let patience = match &found {
                Err(Failure::Inspect(InspectError::Gone { .. })) => A_MOMENT,
                Err(_) => patience,
                Ok(object) if object.segment().state == SegmentState::Removed => A_LOOK,
                Ok(_) => Duration::ZERO,
            };
            if patience.is_zero() || looks >= LOOKS && since.elapsed() >= patience {
                return found;
            }
            thread::sleep(PAUSE);
        }
    }

    fn attached(&self, found: &Matching) -> Result<Object, Failure> {
        let segment = self.one(found)?;
        match segment.state {
            SegmentState::Abandoned | SegmentState::Initializing => Err(self.only_left(segment)),
            _ => Ok(Object::attach(segment)?),
        }
    }

    /// Returns the one segment that matches and passes a filter. If several match, the first of this order wins:
    ///
    /// 1. a segment at the path, or the journal of an interrupted migration if the object is not there. The leftovers
    ///    of an object that is there do not count: a journal, and segments that are abandoned or not complete
    /// 2. an orphan
    /// 3. a removed segment that is still attached
    /// 4. a segment that only has the key of the path
    /// 5. a foreign segment
    ///
    /// # Errors
    ///
    /// [`Failure::NotFound`] if none matches, [`Failure::Ambiguous`] if several do.
    pub fn segment(&self, among: impl Fn(&Segment) -> bool) -> Result<Segment, Failure> {
        let found = self.matching(&among)?;
        self.one(&found).cloned()
    }

    fn matching(&self, among: impl Fn(&Segment) -> bool) -> Result<Matching, Failure> {
        let anchors = Anchors::of(&self.path);
        let mut there: Vec<Segment> = anchors.segments()?.into_iter().filter(among).collect();
        leftovers::leave_aside(&mut there);
        let (mut there, others): (Vec<_>, Vec<_>) = there.into_iter().partition(|segment| self.is_type_of(segment));
        let first = there.iter().map(rank).min();
        there.retain(|segment| Some(rank(segment)) == first);
        Ok(Matching { there, others, anchors })
    }

    fn one<'a>(&self, Matching { there, others, anchors }: &'a Matching) -> Result<&'a Segment, Failure> {
        match there.as_slice() {
            [] => Err(Failure::NotFound(self.none(others))),
            [one] => Ok(one),
            _ => Err(Failure::Ambiguous(self.several(there, anchors))),
        }
    }

    /// Says that the object is not complete, and what to do.
    fn only_left(&self, segment: &Segment) -> Failure {
        let (path, number) = (shown_path(&self.path), segment.shmid);
        let id = id(segment).map(|id| format!(" {id:?}")).unwrap_or_default();
        Failure::NotFound(match segment.state {
            SegmentState::Abandoned => format!(
                "{path} has only the leftovers of an object{id} (segment {number}), because its creator died before it \
                 was complete. The next program that creates the object removes them, and so does `shmstore gc`"
            ),
            _ => format!(
                "the object{id} at {path} (segment {number}) is not complete yet: its creator is at work. Try again; \
                 `shmstore doctor {path}` names the process that has the anchor locked"
            ),
        })
    }

    /// Says that nothing matches, and what exists instead.
    fn none(&self, others: &[Segment]) -> String {
        let path = shown_path(&self.path);
        let others: Vec<String> = others.iter().filter(|other| is_certain(other)).map(of_type).collect();
        let of_type = self.type_name.as_ref().map(|asked| format!(" of type `{}`", shown(asked)));
        match &of_type {
            Some(of_type) if !others.is_empty() => format!("{path} has no object{of_type}, but {}", others.join(", ")),
            _ if is_saved(&self.path) => format!(
                "{path} is a saved object, not a shared one: `shmstore load` creates a shared one from it, and \
                 `shmstore diff` compares its layout"
            ),
            _ => format!("{path} has no object{}: `shmstore ls` lists all objects", of_type.unwrap_or_default()),
        }
    }

    /// Says that several match, and how to choose: by anchor if the anchors differ, else by type or id, else by number.
    fn several(&self, there: &[Segment], anchors: &Anchors) -> String {
        let anchors_shown: Vec<String> = there.iter().map(|segment| anchor_shown(segment, anchors)).collect();
        let types: Vec<String> = there.iter().map(of_type).collect();
        let (by, all): (_, Vec<String>) = if !are_alike(&anchors_shown) {
            let one = |(anchor, of_type)| format!("{anchor} ({of_type})");
            (
                if are_alike(&types) { "by anchor" } else { "by anchor, type or id" },
                anchors_shown.iter().zip(&types).map(one).collect(),
            )
        } else if are_distinct(&types) {
            ("by type or id", types)
        } else {
            ("by number (`shmstore rm --segment`)", there.iter().map(called).collect())
        };
        format!("{} has {} objects. Choose {by}: {}", shown_path(&self.path), there.len(), all.join("; "))
    }

    /// Returns `true` if a segment is of the given type, or may be.
    #[must_use]
    pub fn is_type_of(&self, segment: &Segment) -> bool {
        let Some(asked) = &self.type_name else { return true };
        let may_be = segment.state == SegmentState::Unreadable && asked.chars().count() > 1;
        may_be || segment.type_name() == Some(asked) || id(segment).is_some_and(|id| asked.chars().eq([id]))
    }
}

/// Refuses an empty field on the command line.
///
/// # Errors
///
/// The message for an empty text.
pub fn not_empty(field: &str) -> Result<String, &'static str> {
    if field.is_empty() { Err("a field has a name: `.` is the whole object") } else { Ok(field.into()) }
}

/// Reads the path of a field from the command line.
///
/// # Errors
///
/// [`Failure::Field`] if it is no path. If the shell has split it at its braces, the rest of it is in the place of the
/// type, and the error says so.
pub fn field_path(field: &str, type_name: Option<&String>) -> Result<FieldPath, Failure> {
    let up_to_key = field.split_inclusive('[').next().filter(|name| name.ends_with('['));
    field.parse::<FieldPath>().map_err(|error| match (up_to_key, type_name) {
        (Some(name), Some(rest)) if rest.starts_with(name) => Failure::NotFound(format!(
            "the shell has split the path of a field at its braces, into `{}` and `{}`: put the path in single quotes",
            shown(field),
            shown(rest)
        )),
        _ => error.into(),
    })
}

/// Attaches the object of `shmstore COMMAND PATH FIELD [TYPE]`. If the last argument is no type at the path, but the
/// field is one, the error says so.
///
/// # Errors
///
/// As [`Target::object`].
pub fn with_field(command: &str, path: &Path, field: &String, type_name: Option<&String>) -> Result<Object, Failure> {
    let of_type = |type_name: Option<&String>| Target { path: path.to_owned(), type_name: type_name.cloned() };
    let is_type = |name| of_type(Some(name)).segments().is_ok_and(|found| !found.is_empty());
    of_type(type_name).object().map_err(|failure| match (failure, type_name) {
        (Failure::NotFound(why), Some(last)) if is_type(field) => {
            let [path, field, of_type] = [shown_path(path), shown(last), shown(field)];
            let right = format!("`shmstore {command} {path} {field} {of_type}`");
            Failure::NotFound(format!("{why}. The type is the last argument: {right}"))
        }
        (other, _) => other,
    })
}

/// The segments that the command line may mean.
struct Matching {
    /// Those that match, of the lowest rank.
    there: Vec<Segment>,
    /// Those of another type.
    others: Vec<Segment>,
    anchors: Anchors,
}

/// Returns how long to look again if none of these can be attached.
fn patience(there: &[Segment]) -> Duration {
    use SegmentState::{Initializing, Removed};
    match there {
        [] => A_LOOK,
        _ if there.iter().any(|segment| matches!(segment.state, Initializing | Removed)) => A_MOMENT,
        _ => Duration::ZERO,
    }
}

/// Returns the rank of a segment: the lowest wins.
fn rank(segment: &Segment) -> u8 {
    match segment.state {
        SegmentState::Foreign => 4,
        _ if !is_certain(segment) => 3,
        SegmentState::Removed => 2,
        SegmentState::Orphaned => 1,
        _ => 0,
    }
}

/// Returns type and id: `Rover 'R'`.
fn of_type(segment: &Segment) -> String {
    let id = id(segment).map(|id| format!(" {id:?}")).unwrap_or_default();
    shown(segment.type_name().unwrap_or(segment.state.name())) + &id
}

/// Returns the anchor in a form that the command line understands without doubt.
fn anchor_shown(segment: &Segment, anchors: &Anchors) -> String {
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
