//! Rows as lines of columns, with a rule at the start of each cache line.

use super::super::parts::LINE;
use super::rows::{Offset, Row};
use crate::text::shortened;

pub(super) const LEAST_WIDTH: usize = 60;
/// The least width of a name or a type.
const LEAST_TEXT: usize = 12;
const INDENT: &str = "  ";
/// Deeper rows are not indented any further, so that their names stay visible.
const MOST_INDENTS: usize = 8;

/// The widths of the columns.
struct Columns {
    offset: usize,
    hex: usize,
    size: usize,
    name: usize,
    type_name: usize,
}

/// Draws the table. Each line ends with a newline.
pub(super) fn draw(rows: &[Row], width: usize) -> String {
    let columns = Columns::of(rows, width.max(LEAST_WIDTH));
    let mut out = columns.line(["offset", "hex", "size", "field", "type"]);
    // The start of the next cache line without a rule.
    let mut next = 0;
    for row in rows {
        match row.offset {
            Offset::Object(at) if at >= next => {
                out.push_str(&columns.rule(at));
                next = boundary_after(at);
            }
            _ => {}
        }
        out.push_str(&columns.row(row));
        match row.last() {
            Some(last) if last >= next => {
                out.push_str(&columns.crossed(next, last));
                next = boundary_after(last);
            }
            _ => {}
        }
    }
    out
}

fn boundary_after(at: u64) -> u64 {
    (at / LINE).saturating_add(1).saturating_mul(LINE)
}

impl Columns {
    fn of(rows: &[Row], width: usize) -> Self {
        let cells: Vec<[String; 5]> = rows.iter().map(cells).collect();
        let widest = |column: usize| cells.iter().map(|cell| cell[column].chars().count()).max().unwrap_or(0);
        let (offset, hex, size) = (widest(0).max(6), widest(1).max(3), widest(2).max(4));
        // Two blanks between columns.
        let left = width.saturating_sub(offset + hex + size + 8).max(2 * LEAST_TEXT);
        let (name, type_name) = (widest(3).max(5), widest(4).max(4));
        let for_name = name.min((left - left / 2).max(left.saturating_sub(type_name)));
        Self { offset, hex, size, name: for_name, type_name: left - for_name }
    }

    fn line(&self, [offset, hex, size, name, type_name]: [&str; 5]) -> String {
        let (name, type_name) = (shortened(name, self.name), shortened(type_name, self.type_name));
        let line = format!(
            "{offset:>0$}  {hex:>1$}  {size:>2$}  {name:<3$}  {type_name}",
            self.offset, self.hex, self.size, self.name
        );
        line.trim_end().to_owned() + "\n"
    }

    fn row(&self, row: &Row) -> String {
        let [offset, hex, size, name, type_name] = cells(row);
        self.line([&offset, &hex, &size, &name, &type_name])
    }

    /// Draws a rule before a row that begins in another cache line.
    fn rule(&self, at: u64) -> String {
        format!("{:->1$}--\n", format!(" cache line {} ", at / LINE), self.before_types())
    }

    /// Draws a note below a row that continues in other cache lines.
    fn crossed(&self, first: u64, last: u64) -> String {
        let (first, last) = (first / LINE, last / LINE);
        let range = if first == last { format!("line {first}") } else { format!("lines {first} to {last}") };
        format!("{:.>1$}..\n", format!(" continues in cache {range} "), self.before_types())
    }

    fn before_types(&self) -> usize {
        self.offset + self.hex + self.size + self.name + 6
    }
}

fn cells(row: &Row) -> [String; 5] {
    let (sign, at) = match row.offset {
        Offset::Object(at) => ("", at),
        Offset::Element(at) => ("+", at),
    };
    let name = format!("{}{}", INDENT.repeat(row.depth.min(MOST_INDENTS)), row.name);
    [format!("{sign}{at}"), format!("{sign}{at:#x}"), row.size.to_string(), name, row.type_name.clone()]
}
