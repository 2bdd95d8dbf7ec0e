//! The differences as a table: a mark, the field, a column for each side, and a note.

use std::fmt;

use super::{Change, Difference, Side};
use crate::layout::schema::OwnedConstArg;

/// The most rows that are shown, because the table is part of an error message.
const MAX_ROWS: usize = 50;
/// The greatest width of a column, in characters. A wider cell moves the rest of its row to the right.
const MAX_COLUMN: usize = 40;
const GAP: &str = "   ";

/// A [`LayoutDiff`](crate::schema::LayoutDiff) as a table, made by
/// [`LayoutDiff::table`](crate::schema::LayoutDiff::table).
///
/// Neighboring fields that all moved by the same distance share a row. The first 50 rows are shown, and the others are
/// counted.
#[derive(Debug, Clone, Copy)]
pub struct DiffTable<'a> {
    differences: &'a [Difference],
    ours: &'a str,
    theirs: &'a str,
}

/// One line of the table.
struct Row {
    mark: char,
    cells: [String; 3],
    note: String,
}

impl<'a> DiffTable<'a> {
    pub(super) fn new(differences: &'a [Difference], ours: &'a str, theirs: &'a str) -> Self {
        Self { differences, ours, theirs }
    }

    /// The differences, grouped by the row that they share.
    fn runs(&self) -> impl Iterator<Item = &[Difference]> {
        self.differences.chunk_by(moved_together)
    }

    fn run(&self, run: &[Difference]) -> Row {
        match run {
            [first, .., last] => run_row(first, last, run.len()),
            _ => self.row(&run[0]),
        }
    }

    fn row(&self, difference: &Difference) -> Row {
        let mark = match difference.change {
            Change::Added | Change::VariantAdded { .. } => '+',
            Change::Removed | Change::VariantRemoved { .. } => '-',
            _ => '~',
        };
        let field = if difference.path.is_root() { "(the type)".into() } else { difference.path() };
        let [ours, theirs] = cells(difference);
        Row { mark, cells: [field, ours, theirs], note: self.note(&difference.change) }
    }

    fn note(&self, change: &Change) -> String {
        match change {
            Change::Added => format!("only in {}", self.theirs),
            Change::Removed => format!("only in {}", self.ours),
            Change::Moved => "moved".into(),
            Change::Retyped => "type differs".into(),
            Change::Renamed { theirs } => format!("named `{}` in {}", theirs.escape_debug(), self.theirs),
            Change::TypeRenamed => "type name differs".into(),
            Change::ConstArgs { .. } => "const arguments differ".into(),
            Change::Size { .. } => "size differs".into(),
            Change::Align { .. } => "alignment differs".into(),
            Change::ArrayLength => "array length differs".into(),
            Change::Capacity => "capacity differs".into(),
            Change::Slots => "number of slots differs".into(),
            Change::FieldOrder => "order of fields differs".into(),
            Change::Repr { .. } => "repr differs".into(),
            Change::VariantAdded { .. } => format!("variant only in {}", self.theirs),
            Change::VariantRemoved { .. } => format!("variant only in {}", self.ours),
            Change::VariantRenamed { .. } => "variant name differs".into(),
            Change::VariantRenumbered { .. } => "number of the variant differs".into(),
            Change::VariantOrder => "order of variants differs".into(),
        }
    }
}

impl fmt::Display for DiffTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<Row> = self.runs().take(MAX_ROWS).map(|run| self.run(run)).collect();
        if rows.is_empty() {
            return f.write_str("  no difference");
        }
        let heading =
            Row { mark: ' ', cells: ["field", self.ours, self.theirs].map(String::from), note: String::new() };
        let widths = [0, 1, 2].map(|column| {
            let cells = rows.iter().chain([&heading]).map(|row| row.cells[column].chars().count());
            cells.max().unwrap_or(0).min(MAX_COLUMN)
        });
        heading.write(f, widths)?;
        for row in &rows {
            f.write_str("\n")?;
            row.write(f, widths)?;
        }
        match self.runs().count() - rows.len() {
            0 => Ok(()),
            more => write!(f, "\n    and {more} more"),
        }
    }
}

impl Row {
    fn write(&self, f: &mut fmt::Formatter<'_>, widths: [usize; 3]) -> fmt::Result {
        let mut line = format!("  {} ", self.mark);
        for (cell, width) in self.cells.iter().zip(widths) {
            line += &format!("{cell:width$}{GAP}");
        }
        f.write_str((line + &self.note).trim_end())
    }
}

impl Change {
    /// Returns `true` if the row of such a difference shows the offset of the field on both sides.
    pub(super) fn shows_offsets(&self) -> bool {
        match self {
            Self::Moved
            | Self::Retyped
            | Self::Renamed { .. }
            | Self::TypeRenamed
            | Self::ArrayLength
            | Self::Capacity
            | Self::Slots
            | Self::FieldOrder
            | Self::VariantOrder => true,
            Self::Added
            | Self::Removed
            | Self::ConstArgs { .. }
            | Self::Size { .. }
            | Self::Align { .. }
            | Self::Repr { .. }
            | Self::VariantAdded { .. }
            | Self::VariantRemoved { .. }
            | Self::VariantRenamed { .. }
            | Self::VariantRenumbered { .. } => false,
        }
    }
}

fn cells(difference: &Difference) -> [String; 2] {
    let variant = difference.path.last_name();
    let none = || "-".to_owned();
    match &difference.change {
        Change::ConstArgs { ours, theirs } => [args_cell(ours), args_cell(theirs)],
        Change::Size { ours, theirs } => [format!("{ours} bytes"), format!("{theirs} bytes")],
        Change::Align { ours, theirs } => [format!("align {ours}"), format!("align {theirs}")],
        Change::Repr { ours, theirs } => [format!("repr({ours})"), format!("repr({theirs})")],
        Change::VariantAdded { discriminant } => [none(), format!("{variant} = {discriminant}")],
        Change::VariantRemoved { discriminant } => [format!("{variant} = {discriminant}"), none()],
        Change::VariantRenamed { theirs, discriminant } => {
            [format!("{variant} = {discriminant}"), format!("{} = {discriminant}", theirs.escape_debug())]
        }
        Change::VariantRenumbered { ours, theirs } => [format!("{variant} = {ours}"), format!("{variant} = {theirs}")],
        _ => [&difference.ours, &difference.theirs].map(|side| match side {
            Some(side) if difference.path.is_root() => side.type_name.clone(),
            Some(side) => format!("{} at {}", side.type_name, side.offset),
            None => none(),
        }),
    }
}

fn args_cell(args: &[OwnedConstArg]) -> String {
    let args: Vec<String> = args.iter().map(|arg| format!("{} = {}", arg.name.escape_debug(), arg.value)).collect();
    format!("<{}>", args.join(", "))
}

/// Returns `true` if two neighboring differences are fields of one struct that moved by the same distance.
fn moved_together(one: &Difference, next: &Difference) -> bool {
    one.path.is_sibling_of(&next.path) && one.shift().is_some() && one.shift() == next.shift()
}

fn run_row(first: &Difference, last: &Difference, count: usize) -> Row {
    let field = format!("{} … {}", first.path, last.path.last_name());
    let from_to = |first: &Option<Side>, last: &Option<Side>| match (first, last) {
        (Some(first), Some(last)) => format!("at {} … {}", first.offset, last.offset),
        _ => "-".to_owned(),
    };
    let cells = [field, from_to(&first.ours, &last.ours), from_to(&first.theirs, &last.theirs)];
    Row { mark: '~', cells, note: format!("{count} fields moved by {:+}", first.shift().unwrap_or_default()) }
}

impl Difference {
    /// The distance in bytes by which the field moved, if it moved.
    fn shift(&self) -> Option<i128> {
        match (&self.change, &self.ours, &self.theirs) {
            (Change::Moved, Some(ours), Some(theirs)) => {
                Some(i128::from(theirs.offset.bytes()) - i128::from(ours.offset.bytes()))
            }
            _ => None,
        }
    }
}
