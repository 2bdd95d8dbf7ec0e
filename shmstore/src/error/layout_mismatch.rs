//! The error of two programs that do not agree about the layout of an object.

use std::fmt;

use super::subject::{Creator, Subject};
use crate::layout::diff::{Change, Difference, LayoutDiff};
use crate::layout::hash::LayoutHash;

/// Two layouts of one type, and every difference between them.
#[non_exhaustive]
pub struct LayoutMismatch {
    /// Which object.
    pub subject: Subject,
    /// The layout of this program.
    pub ours: LayoutSummary,
    /// The layout of the segment.
    pub theirs: LayoutSummary,
    /// Which process made the segment.
    pub creator: Creator,
    /// All differences.
    pub diff: LayoutDiff,
    pub(crate) conflict: Option<Conflict>,
}

/// The first field of an object with room that is not the same in this program's type.
pub(crate) struct Conflict {
    pub(crate) field: String,
    /// The field that this program's type has before it, and the object does not have.
    pub(crate) inserted: Option<String>,
}

impl LayoutMismatch {
    /// Returns the first field of an object with room that is not the same in this program's type, so that neither type
    /// is the beginning of the other.
    ///
    /// `None` if the object has no room or is of another type. `None` also if no common field differs, as with other
    /// const arguments.
    #[must_use]
    pub fn first_conflict(&self) -> Option<&str> {
        self.conflict.as_ref().map(|conflict| conflict.field.as_str())
    }
}

/// A layout in four numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayoutSummary {
    /// The layout hash.
    pub hash: LayoutHash,
    /// The size in bytes.
    pub size: u64,
    /// The alignment in bytes.
    pub align: u64,
    /// The width of a pointer in the program, in bits. No object has pointers in it, but alignments depend on it.
    pub pointer_bits: u32,
}

impl fmt::Display for LayoutSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hash, size, align, pointer_bits } = self;
        write!(f, "hash {hash}, {size} bytes, align {align}")?;
        if *pointer_bits == usize::BITS { Ok(()) } else { write!(f, ", a {pointer_bits}-bit program") }
    }
}

impl fmt::Display for LayoutMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, ours, theirs, creator, diff, conflict } = self;
        writeln!(f, "layout mismatch for {subject}")?;
        writeln!(f, "  this program: {ours}")?;
        writeln!(f, "  the segment:  {theirs}; {creator}")?;
        for line in diff.to_string().lines() {
            writeln!(f, "  {line}")?;
        }
        let other_type =
            diff.differences().find(|found| found.path().is_empty() && *found.change() == Change::TypeRenamed);
        if let Some(theirs) = other_type.and_then(Difference::theirs) {
            let (id, name) = (subject.id, &theirs.type_name);
            return write!(
                f,
                "  help: the object with id {id:?} is a `{name}`: give one of the types another id, or use another \
                 path or name"
            );
        }
        match conflict {
            Some(Conflict { field, inserted: Some(new) }) => {
                writeln!(
                    f,
                    "  `{new}` stands before `{field}`, which the object has there: move `{new}` behind the last"
                )?;
                writeln!(f, "  field, and this program extends the object by it")?;
            }
            Some(Conflict { field, inserted: None }) => {
                writeln!(
                    f,
                    "  `{field}` stands in the way: programs with different structs share this object only if one"
                )?;
                writeln!(f, "  struct has all fields of the other, in the same order, and new fields only at its end")?;
            }
            None => {}
        }
        let (id, again) = (subject.id, subject.turbofish());
        writeln!(
            f,
            "  help: this program and the object were built from different structs. Run a build with the object's"
        )?;
        writeln!(
            f,
            "        struct, or start over without its values: `store.replace{again}`, or `shmstore rm PATH {id:?}`."
        )?;
        writeln!(f, "        To keep its values, end its programs and call `store.migrate{again}`, or")?;
        write!(f, "        `shmstore migrate PATH --to FILE`")
    }
}

impl std::error::Error for LayoutMismatch {}
