//! Drawing a model, on a screen of any size.

use std::time::Duration;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthChar;

use super::board::Board;
use super::list::List;
use super::model::{Head, Model};
use crate::about::{bytes, counted, times};

mod spark;
mod table;

use spark::sparkline;
use table::{Column, Side, Table};

/// The styles of a frame.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// Whether to use colors.
    colors: bool,
    /// The time since the last news.
    age: Duration,
}

/// After this time without news, the reader is late.
const LATE: Duration = Duration::from_secs(3);

impl Look {
    /// Uses no colors if `NO_COLOR` is set and not empty: <https://no-color.org>.
    pub(super) fn new(age: Duration) -> Self {
        let colors = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colors, age }
    }

    fn color(&self, color: Color) -> Style {
        if self.colors { Style::new().fg(color) } else { Style::new() }
    }

    fn changed(&self) -> Style {
        self.color(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    fn dim(&self) -> Style {
        self.color(Color::DarkGray)
    }

    fn warning(&self) -> Style {
        self.color(Color::Red).add_modifier(Modifier::BOLD)
    }
}

const KEYS: &str = "q quit  space pause  / filter  \u{2191}\u{2193} PgUp PgDn Home End move";
const TURN_KEYS: &str = "Tab \u{2190}\u{2192} other objects";

/// Draws one object. Returns the number of rows that fit.
pub(super) fn draw_model(frame: &mut Frame<'_>, model: &Model, look: &Look) -> usize {
    let (area, buffer) = (frame.area(), frame.buffer_mut());
    if let Some(head) = &model.head {
        draw_head(buffer, area, model, head, look);
    } else {
        put(buffer, area, 0, " reading …", look.dim());
    }
    let table = Table::new(vec![
        Column::share("FIELD", 14, 38, 34),
        Column::share("VALUE", 8, 60, 30),
        Column::fixed("VERSION", 8, Side::Right).from(50),
        Column::fixed("RATE/s", 9, Side::Right).from(40),
        Column::share("HISTORY", 6, 60, 24).from(62),
    ]);
    let body = below(area, 2);
    let page = usize::from(body.height.saturating_sub(1 + foot_height(&model.list)));
    let count = model.matching().count();
    let first = model.list.first_row(count, page);
    table.head(buffer, body, look.dim());
    for (index, row) in model.matching().enumerate().skip(first).take(page) {
        let is_changed = model.is_changed(row);
        let history = |width: usize| sparkline(row.history.iter().copied(), width);
        let rate = row.rate.map(short).unwrap_or_default();
        let version = row.version.map(|version| version.to_string()).unwrap_or_default();
        let cells: [&dyn Fn(usize) -> String; 5] =
            [&|_| row.path.clone(), &|_| row.text.clone(), &|_| version.clone(), &|_| rate.clone(), &history];
        let style = if is_changed { look.changed() } else { Style::new() };
        table.row(buffer, body, 1 + index - first, &cells, style, mark(is_changed), index == model.list.selected);
    }
    let left_out = if model.left_out > 0 { format!(", {} more left out", model.left_out) } else { String::new() };
    let what = match count == model.rows.len() {
        true => format!("{count} fields{left_out}"),
        false => format!("{count} of {} fields{left_out}", model.rows.len()),
    };
    draw_if_none(buffer, body, count, &model.list, look);
    let foot = Foot { what, hz: model.hz, note: model.note.as_deref(), keys: format!("{KEYS}  {TURN_KEYS}  ? less") };
    draw_foot(buffer, area, &model.list, &foot, look);
    page
}

fn draw_head(buffer: &mut Buffer, area: Rect, model: &Model, head: &Head, look: &Look) {
    let (position, count) = head.position;
    let which = if count > 1 { format!("  [{position} of {count}: Tab]") } else { String::new() };
    put(
        buffer,
        area,
        0,
        &format!(" {}  {}{which}", head.type_name, head.path),
        Style::new().add_modifier(Modifier::BOLD),
    );
    let updates = model.updates.map(|updates| format!("  {} updates/s", short(updates))).unwrap_or_default();
    let text = format!(
        " {}  attached {}  {} alive, {} dead{updates}  {}  segment {}",
        head.state,
        head.attached,
        head.alive,
        head.dead,
        bytes(head.size),
        head.shmid
    );
    let is_well = head.state == "ready" && head.dead == 0;
    put(buffer, area, 1, &text, if is_well { look.color(Color::Green) } else { look.warning() });
}

/// Draws all objects. Returns the number of rows that fit.
pub(super) fn draw_board(frame: &mut Frame<'_>, board: &Board, look: &Look) -> usize {
    let (area, buffer) = (frame.area(), frame.buffer_mut());
    let (size, attached, dead) = board.totals();
    let under = board.path.as_ref().map(|path| format!(" under {path}")).unwrap_or_default();
    let bold = Style::new().add_modifier(Modifier::BOLD);
    put(buffer, area, 0, &format!(" {}{under}", counted(board.rows.len(), "object")), bold);
    let (attached, dead_ones) = (times(attached), counted(dead, "dead participant"));
    let totals = format!(" {} in all, attached {attached}, {dead_ones}", bytes(size));
    put(buffer, area, 1, &totals, if dead == 0 { look.color(Color::Green) } else { look.warning() });
    let table = Table::new(vec![
        Column::share("PATH", 12, 100, 40),
        Column::share("TYPE", 6, 40, 16),
        Column::fixed("UPDATES/s", 9, Side::Right),
        Column::fixed("ATT", 4, Side::Right).from(44),
        Column::fixed("SIZE", 6, Side::Right).from(56),
        Column::fixed("DEAD", 4, Side::Right).from(50),
        Column::fixed("STATE", 12, Side::Left).from(70),
    ]);
    let body = below(area, 2);
    let page = usize::from(body.height.saturating_sub(1 + foot_height(&board.list)));
    let count = board.matching().count();
    let first = board.list.first_row(count, page);
    table.head(buffer, body, look.dim());
    for (index, row) in board.matching().enumerate().skip(first).take(page) {
        let one = &row.one;
        let cells: [&dyn Fn(usize) -> String; 7] = [
            &|width| from_the_end(&one.title, width),
            &|_| one.type_shown(),
            &|_| row.rate.map(short).unwrap_or_default(),
            &|_| one.attached.to_string(),
            &|_| bytes(one.size),
            &|_| one.dead.to_string(),
            &|_| one.state.to_string(),
        ];
        let style = match (row.is_changed, one.dead > 0) {
            (_, true) => look.warning(),
            (true, _) => look.changed(),
            _ => Style::new(),
        };
        table.row(buffer, body, 1 + index - first, &cells, style, mark(row.is_changed), index == board.list.selected);
    }
    let what = match count == board.rows.len() {
        true => counted(count, "object"),
        false => format!("{count} of {}", counted(board.rows.len(), "object")),
    };
    draw_if_none(buffer, body, count, &board.list, look);
    let foot = Foot { what, hz: board.hz, note: board.note.as_deref(), keys: format!("{KEYS}  ? less") };
    draw_foot(buffer, area, &board.list, &foot, look);
    page
}

/// Explains an empty list, if the filter is the reason.
fn draw_if_none(buffer: &mut Buffer, body: Rect, count: usize, list: &List, look: &Look) {
    if count == 0 && !list.filter.is_empty() {
        put(buffer, body, 1, &format!(" nothing matches /{}: Esc shows all", list.filter), look.dim());
    }
}

/// The bottom of the screen: the state of the list, an error, the keys.
struct Foot<'a> {
    what: String,
    hz: f64,
    note: Option<&'a str>,
    /// Groups of words, separated by two spaces.
    keys: String,
}

fn draw_foot(buffer: &mut Buffer, area: Rect, list: &List, foot: &Foot<'_>, look: &Look) {
    let Foot { what, hz, note, keys } = foot;
    let height = foot_height(list);
    // The smallest screens show only rows.
    if area.height <= height + 1 {
        return;
    }
    let top = area.height - height;
    let (text, style) = if list.typing.is_some() {
        (format!(" /{}\u{2588}  Enter keeps the filter, Esc undoes it", list.filter), Style::new())
    } else if let Some(note) = note {
        (format!(" {note}"), look.warning())
    } else if list.paused {
        (format!(" PAUSED: space continues  {what}"), look.warning())
    } else if look.age > LATE.max(Duration::from_secs_f64(2.0 / *hz)) {
        (format!(" slow read: {} s so far  {what}", look.age.as_secs()), look.warning())
    } else {
        let filter = if list.filter.is_empty() { String::new() } else { format!("  /{}", list.filter) };
        (format!(" {what}, {hz} Hz{filter}  q quit  space pause  / filter  ? keys"), look.dim())
    };
    put(buffer, area, top, &text, style);
    if list.help {
        for (index, line) in wrapped(keys, usize::from(area.width)).into_iter().take(HELP_LINES.into()).enumerate() {
            put(buffer, area, top + 1 + index as u16, &format!(" {line}"), Style::new());
        }
    }
}

const HELP_LINES: u16 = 2;

fn foot_height(list: &List) -> u16 {
    if list.help { 1 + HELP_LINES } else { 1 }
}

fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect { y: area.y + rows, height: area.height - rows, ..area }
}

/// Breaks a text between groups of words, which are separated by two spaces.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for group in text.split("  ") {
        let last = lines.len() - 1;
        if lines[last].is_empty() {
            lines[last].push_str(group);
        } else if width_of(&lines[last]) + 2 + width_of(group) < width {
            lines[last].push_str("  ");
            lines[last].push_str(group);
        } else {
            lines.push(group.to_owned());
        }
    }
    lines
}

/// Writes one line, cut to the width of the area.
fn put(buffer: &mut Buffer, area: Rect, row: u16, text: &str, style: Style) {
    if row < area.height {
        buffer.set_string(area.x, area.y + row, fitted(text, usize::from(area.width)), style);
    }
}

fn mark(is_changed: bool) -> char {
    if is_changed { '\u{2022}' } else { ' ' }
}

/// Cuts the end of a text to fit a width. The last character is then `…`.
fn fitted(text: &str, width: usize) -> String {
    match width {
        _ if width_of(text) <= width => text.to_owned(),
        0 => String::new(),
        _ => until(text.chars(), width - 1).chain(['…']).collect(),
    }
}

/// Cuts the beginning of a path to fit a width, because its end says more. The first character is then `…`.
fn from_the_end(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let kept: Vec<char> = until(text.chars().rev(), width.saturating_sub(1)).collect();
    std::iter::once('…').chain(kept.into_iter().rev()).collect()
}

/// Returns the first letters, until their width is reached.
fn until(letters: impl Iterator<Item = char>, mut width: usize) -> impl Iterator<Item = char> {
    letters.map_while(move |letter| {
        width = width.checked_sub(letter.width().unwrap_or(0))?;
        Some(letter)
    })
}

fn width_of(text: &str) -> usize {
    text.chars().map(|letter| letter.width().unwrap_or(0)).sum()
}

/// Formats a number with a few characters.
fn short(number: f64) -> String {
    let size = number.abs();
    match size {
        _ if size == 0.0 => "0".into(),
        _ if !(0.01..1e15).contains(&size) => format!("{number:.1e}"),
        _ if size >= 1e12 => format!("{:.2}T", number / 1e12),
        _ if size >= 1e9 => format!("{:.2}G", number / 1e9),
        _ if size >= 1e6 => format!("{:.2}M", number / 1e6),
        _ if size >= 1e4 => format!("{:.1}k", number / 1e3),
        _ if size >= 100.0 => format!("{number:.0}"),
        // Otherwise a small negative number would become "-0.0".
        _ if size < 0.05 => "0.0".into(),
        _ => format!("{number:.1}"),
    }
}

#[cfg(test)]
#[path = "screen/tests.rs"]
mod tests;
