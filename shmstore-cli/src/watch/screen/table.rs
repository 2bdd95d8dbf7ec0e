//! Rows of cells, in columns that share the width of the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::{fitted, width_of};

/// The side of a column at which its text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A column and its width.
#[derive(Debug, Clone)]
pub(super) struct Column {
    title: &'static str,
    least: usize,
    most: usize,
    /// Its share of the remaining width, relative to the other columns.
    share: usize,
    side: Side,
    /// The narrowest screen that shows it.
    from: usize,
}

impl Column {
    pub(super) fn fixed(title: &'static str, width: usize, side: Side) -> Self {
        Self { title, least: width, most: width, share: 0, side, from: 0 }
    }

    pub(super) fn share(title: &'static str, least: usize, most: usize, share: usize) -> Self {
        Self { title, least, most, share, side: Side::Left, from: 0 }
    }

    pub(super) fn from(self, from: usize) -> Self {
        Self { from, ..self }
    }
}

pub(super) struct Table {
    columns: Vec<Column>,
}

impl Table {
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self { columns }
    }

    /// Writes the titles into the first line of an area.
    pub(super) fn head(&self, buffer: &mut Buffer, area: Rect, style: Style) {
        let titles: Vec<String> = self.columns.iter().map(|column| column.title.to_owned()).collect();
        self.line(buffer, area, 0, &|index, _| titles[index].clone(), style, ' ');
    }

    /// Writes a row. Each cell receives its width.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn row(
        &self,
        buffer: &mut Buffer,
        area: Rect,
        at: usize,
        cells: &[&dyn Fn(usize) -> String],
        style: Style,
        mark: char,
        is_selected: bool,
    ) {
        let style = if is_selected { style.add_modifier(Modifier::REVERSED) } else { style };
        self.line(buffer, area, at, &|index, width| cells[index](width), style, mark);
    }

    fn line(
        &self,
        buffer: &mut Buffer,
        area: Rect,
        at: usize,
        cell: &dyn Fn(usize, usize) -> String,
        style: Style,
        mark: char,
    ) {
        let Some(at) = u16::try_from(at).ok().filter(|at| *at < area.height) else { return };
        let room = usize::from(area.width);
        let mut line = String::from(mark);
        for (index, (column, width)) in self.columns.iter().zip(self.widths(room)).enumerate() {
            if width == 0 {
                continue;
            }
            let text = fitted(&cell(index, width), width);
            let gap = " ".repeat(width.saturating_sub(width_of(&text)));
            let (before, after) = if column.side == Side::Left { ("", &*gap) } else { (&*gap, "") };
            line.push_str(&format!("{before}{text}{after} "));
        }
        let line = fitted(line.trim_end(), room);
        let padded = format!("{line}{}", " ".repeat(room.saturating_sub(width_of(&line))));
        buffer.set_string(area.x, area.y + at, padded, style);
    }

    /// Returns the widths of the columns; 0 for a hidden column.
    fn widths(&self, room: usize) -> Vec<usize> {
        let shown = |column: &Column| room >= column.from;
        let mut widths: Vec<usize> =
            self.columns.iter().map(|column| if shown(column) { column.least } else { 0 }).collect();
        let count = widths.iter().filter(|width| **width > 0).count();
        // One for the mark, and one after each column except the last.
        let mut left = room.saturating_sub(widths.iter().sum::<usize>() + count);
        let mut shares: usize = self.columns.iter().filter(|column| shown(column)).map(|column| column.share).sum();
        for (column, width) in self.columns.iter().zip(&mut widths).filter(|(column, _)| shown(column)) {
            if column.share == 0 {
                continue;
            }
            let more = (left * column.share / shares).min(column.most.saturating_sub(*width));
            shares -= column.share;
            left -= more;
            *width += more;
        }
        widths
    }
}
