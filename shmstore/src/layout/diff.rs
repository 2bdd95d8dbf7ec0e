//! The differences between two layouts, field by field.

mod compare;
mod pairs;
mod shared_path;
mod table;

use std::fmt;

use crate::layout::schema::{OwnedConstArg, OwnedSchema, Primitive};

use shared_path::SharedPath;
pub use table::DiffTable;

/// The differences between two layouts, each named by the field where it begins.
///
/// It is empty if, and only if, the two schemas are equal. So there is at least one difference if the hashes differ.
/// `Display` prints the table of an attach error. [`table`](Self::table) prints it under other labels.
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

/// The kind of a difference. The first of the two schemas is "ours", the second "theirs".
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A field that only their schema has.
    Added,
    /// A field that only our schema has.
    Removed,
    /// The same field at another offset, with the same layout or with differences of its own.
    Moved,
    /// A different type.
    Retyped,
    /// A field of the same offset and layout under another name.
    Renamed {
        /// Their name of the field.
        theirs: String,
    },
    /// A struct or enum of another name that has a field or variant in common.
    TypeRenamed,
    /// Const arguments of other values or names.
    ConstArgs {
        /// Our arguments.
        ours: Vec<OwnedConstArg>,
        /// Their arguments.
        theirs: Vec<OwnedConstArg>,
    },
    /// Another size that no difference inside the type explains.
    Size {
        /// Our size, in bytes.
        ours: u64,
        /// Their size, in bytes.
        theirs: u64,
    },
    /// Another alignment that no difference inside the type explains.
    Align {
        /// Our alignment, in bytes.
        ours: u64,
        /// Their alignment, in bytes.
        theirs: u64,
    },
    /// An array of another number of elements.
    ArrayLength,
    /// A `FixedString`, `FixedVec`, `Queue`, `Broadcast`, `Map` or `Frames` of another capacity.
    Capacity,
    /// A `Frames` of another number of slots.
    Slots,
    /// The same fields at the same offsets, declared in another order.
    FieldOrder,
    /// An enum stored in another integer.
    Repr {
        /// Our integer.
        ours: Primitive,
        /// Their integer.
        theirs: Primitive,
    },
    /// A variant that only their schema has. The path ends with its name.
    VariantAdded {
        /// Its number.
        discriminant: i128,
    },
    /// A variant that only our schema has. The path ends with its name.
    VariantRemoved {
        /// Its number.
        discriminant: i128,
    },
    /// A variant of the same number under another name. The path ends with our name.
    VariantRenamed {
        /// Their name of the variant.
        theirs: String,
        /// Its number.
        discriminant: i128,
    },
    /// A variant of another number. The path ends with its name.
    VariantRenumbered {
        /// Our number.
        ours: i128,
        /// Their number.
        theirs: i128,
    },
    /// The same variants with the same numbers, declared in another order.
    VariantOrder,
}

/// The field at a difference, as it is in one of the two layouts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Side {
    /// The type as it is written in Rust, for example `Versioned<Position>`. Unprintable characters are escaped.
    pub type_name: String,
    /// Its offset, in bytes.
    pub offset: Offset,
    /// Its size, in bytes.
    pub size: u64,
    /// Its alignment, in bytes.
    pub align: u64,
}

/// The offset of a field, in bytes. It is shown as `72` or `+8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offset {
    /// From the start of the object.
    Object(u64),
    /// From the start of an element, or of the value of a part. Shown with a `+`.
    Value(u64),
}

impl LayoutDiff {
    /// Compares two layouts.
    #[must_use]
    pub fn between(ours: &OwnedSchema, theirs: &OwnedSchema) -> Self {
        Self { differences: compare::compare(ours, theirs) }
    }

    /// Returns `true` if the two layouts are equal.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    /// Iterates over the differences in the order of our fields. A field that was added is where their schema declares
    /// it.
    ///
    /// ```
    /// use shmstore::schema::{Change, LayoutDiff, OwnedSchema};
    /// use shmstore::ShmLayout;
    ///
    /// let diff = LayoutDiff::between(&<[u8; 4]>::SCHEMA.into(), &<[u8; 8]>::SCHEMA.into());
    /// let changes: Vec<&Change> = diff.differences().map(|difference| difference.change()).collect();
    /// assert_eq!(changes, [&Change::ArrayLength]);
    /// ```
    pub fn differences(&self) -> impl ExactSizeIterator<Item = &Difference> {
        self.differences.iter()
    }

    /// Returns the differences as a table with a column for each side, under the given labels.
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

/// Shows the table with one difference a line, without a line break at the end.
impl fmt::Display for LayoutDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table("this program", "the segment").fmt(f)
    }
}

impl Difference {
    /// Returns the path of the field or variant: `position.x`, `samples[].t`, `mode::Fast`.
    ///
    /// It is empty for the type itself. Unprintable characters are escaped.
    #[must_use]
    pub fn path(&self) -> String {
        self.path.to_string()
    }

    /// Returns the kind of the difference.
    #[must_use]
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// Returns the field in our layout, or `None` if only their layout has it.
    #[must_use]
    pub fn ours(&self) -> Option<&Side> {
        self.ours.as_ref()
    }

    /// Returns the field in their layout, or `None` if only our layout has it.
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

    /// Returns the offset `bytes` further on. It saturates, because a static schema written by hand may overflow.
    fn plus(self, bytes: u64) -> Self {
        match self {
            Self::Object(offset) => Self::Object(offset.saturating_add(bytes)),
            Self::Value(offset) => Self::Value(offset.saturating_add(bytes)),
        }
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(offset) => write!(f, "{offset}"),
            Self::Value(offset) => write!(f, "+{offset}"),
        }
    }
}
