//! What differs between two layouts, field by field.

mod compare;
mod pairs;
mod shared_path;
mod table;

use std::fmt;

use crate::layout::schema::{OwnedConstArg, OwnedSchema, Primitive};

use shared_path::SharedPath;
pub use table::DiffTable;

/// The differences between two layouts: down to the field, and only where they begin.
///
/// It is empty if, and only if, the two schemas are equal; two with different hashes always differ in something that
/// it names. `Display` prints the table of an attach error; [`table`](Self::table) prints it under other labels.
///
/// ```
/// use shmstore::schema::{LayoutDiff, OwnedSchema};
/// use shmstore::ShmLayout;
///
/// let diff = LayoutDiff::between(&<[f64; 4]>::SCHEMA.into(), &<[f64; 8]>::SCHEMA.into());
/// assert_eq!(
///     diff.to_string(),
///     "    field        this program   the segment\n  \
///        ~ (the type)   [f64; 4]       [f64; 8]      array length differs"
/// );
/// ```
#[derive(Debug, Clone)]
pub struct LayoutDiff {
    differences: Vec<Difference>,
}

/// One difference between two layouts.
#[derive(Debug, Clone)]
pub struct Difference {
    path: SharedPath,
    change: Change,
    ours: Option<Side>,
    theirs: Option<Side>,
}

/// What kind of difference it is. "We" and "they" are the two schemas in the order they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A field that only they have.
    Added,
    /// A field that only we have.
    Removed,
    /// The same field at another offset, with the same layout or with differences of its own.
    Moved,
    /// Another type altogether.
    Retyped,
    /// A field of the same offset and layout under another name.
    Renamed {
        /// What they call it.
        theirs: String,
    },
    /// A struct or enum of another name, with something in common.
    TypeRenamed,
    /// Other const arguments, or other names of them.
    ConstArgs {
        /// Our arguments.
        ours: Vec<OwnedConstArg>,
        /// Their arguments.
        theirs: Vec<OwnedConstArg>,
    },
    /// Another size, which nothing inside the type explains.
    Size {
        /// Our size, in bytes.
        ours: u64,
        /// Their size, in bytes.
        theirs: u64,
    },
    /// Another alignment, which nothing inside the type explains.
    Align {
        /// Our alignment, in bytes.
        ours: u64,
        /// Their alignment, in bytes.
        theirs: u64,
    },
    /// An array of another number of elements.
    ArrayLength,
    /// A `FixedString` or `FixedVec` of another capacity.
    Capacity,
    /// The same fields at the same offsets, declared in another order.
    FieldOrder,
    /// An enum stored in another integer.
    Repr {
        /// Our integer.
        ours: Primitive,
        /// Their integer.
        theirs: Primitive,
    },
    /// A variant that only they have; the path ends with its name.
    VariantAdded {
        /// Its number.
        discriminant: i128,
    },
    /// A variant that only we have; the path ends with its name.
    VariantRemoved {
        /// Its number.
        discriminant: i128,
    },
    /// A variant of the same number under another name; the path ends with our name.
    VariantRenamed {
        /// What they call it.
        theirs: String,
        /// Its number.
        discriminant: i128,
    },
    /// A variant of another number; the path ends with its name.
    VariantRenumbered {
        /// Our number.
        ours: i128,
        /// Their number.
        theirs: i128,
    },
    /// The same variants with the same numbers, declared in another order.
    VariantOrder,
}

/// What one of the two layouts has in the place of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Side {
    /// The type as it is written in Rust, unprintable characters escaped: `Versioned<Position>`.
    pub type_name: String,
    /// Where it starts.
    pub offset: Offset,
    /// Its size, in bytes.
    pub size: u64,
    /// Its alignment, in bytes.
    pub align: u64,
}

/// Where a field starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offset {
    /// That many bytes from the start of the object.
    Object(u64),
    /// That many bytes from the start of an element, or of a value that has no one place: shown as `+8`.
    Value(u64),
}

impl LayoutDiff {
    /// Compares any two layouts.
    #[must_use]
    pub fn between(ours: &OwnedSchema, theirs: &OwnedSchema) -> Self {
        Self { differences: compare::compare(ours, theirs) }
    }

    /// Tells whether the two are equal.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    /// Walks over the differences: in the order of our fields, each of their additions where they declare it.
    pub fn differences(&self) -> impl ExactSizeIterator<Item = &Difference> {
        self.differences.iter()
    }

    /// Shows the differences as a table, with a column for each side under the given label.
    ///
    /// ```
    /// use shmstore::schema::{LayoutDiff, OwnedSchema};
    /// use shmstore::ShmLayout;
    ///
    /// let diff = LayoutDiff::between(&u32::SCHEMA.into(), &f32::SCHEMA.into());
    /// assert_eq!(
    ///     diff.table("a.json", "b.json").to_string(),
    ///     "    field        a.json   b.json\n  \
    ///        ~ (the type)   u32      f32      type differs"
    /// );
    /// ```
    #[must_use]
    pub fn table<'a>(&'a self, ours: &'a str, theirs: &'a str) -> DiffTable<'a> {
        DiffTable::new(&self.differences, ours, theirs)
    }
}

/// Shows the table, one difference a line and no line break at the end.
impl fmt::Display for LayoutDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table("this program", "the segment").fmt(f)
    }
}

impl Difference {
    /// Which field it is: `position.x`, `samples[].t`, `mode::Fast` for a variant; empty for the type itself.
    /// Unprintable characters are escaped.
    #[must_use]
    pub fn path(&self) -> String {
        self.path.to_string()
    }

    /// What kind of difference it is.
    #[must_use]
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// What we have there: `None` if only they have the field.
    #[must_use]
    pub fn ours(&self) -> Option<&Side> {
        self.ours.as_ref()
    }

    /// What they have there: `None` if only we have the field.
    #[must_use]
    pub fn theirs(&self) -> Option<&Side> {
        self.theirs.as_ref()
    }
}

impl Offset {
    fn bytes(self) -> u64 {
        let (Self::Object(bytes) | Self::Value(bytes)) = self;
        bytes
    }

    /// The offset of something `bytes` further on. Saturates: a schema written by hand may not add up.
    fn plus(self, bytes: u64) -> Self {
        match self {
            Self::Object(offset) => Self::Object(offset.saturating_add(bytes)),
            Self::Value(offset) => Self::Value(offset.saturating_add(bytes)),
        }
    }
}

/// Shows it as it follows the word "at": `72`, or `+8` from the start of a value.
impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(offset) => write!(f, "{offset}"),
            Self::Value(offset) => write!(f, "+{offset}"),
        }
    }
}
