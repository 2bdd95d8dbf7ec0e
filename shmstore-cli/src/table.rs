//! Aligned columns.

use crate::output::{Look, Output};

/// One cell of a table.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    look: Look,
}

/// The alignment of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

impl Cell {
    /// Makes a cell. The text must be fit for a terminal.
    pub fn new(look: Look, text: impl Into<String>) -> Self {
        Self { text: text.into(), look }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(Look::Plain, text)
    }
}

/// Returns the lines of a table, with two blanks between columns and none at the end of a line.
#[must_use]
pub fn lines(output: &Output, columns: &[Align], rows: &[Vec<Cell>]) -> Vec<String> {
    let mut widths = vec![0; columns.len()];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.text.chars().count());
        }
    }
    rows.iter().map(|row| line(output, columns, &widths, row)).collect()
}

fn line(output: &Output, columns: &[Align], widths: &[usize], row: &[Cell]) -> String {
    let last = row.iter().rposition(|cell| !cell.text.is_empty());
    let mut line = String::new();
    for (column, cell) in row.iter().enumerate().take(last.map_or(0, |last| last + 1)) {
        let fill = " ".repeat(widths[column].saturating_sub(cell.text.chars().count()));
        let text = output.look(cell.look, &cell.text);
        if column > 0 {
            line.push_str("  ");
        }
        if columns[column] == Align::Right {
            line.push_str(&fill);
            line.push_str(&text);
        } else {
            line.push_str(&text);
            if Some(column) != last {
                line.push_str(&fill);
            }
        }
    }
    line
}
