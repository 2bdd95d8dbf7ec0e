//! The rows of a picture as SVG. It has no style sheet and no script, so that every content security policy lets it be.

use std::fmt::Write;

use shmstore::schema::OwnedSchema;

use super::rows::{Offset, Row, rows};
use crate::text::{shortened, shown};

/// The height of a row, and the places of the columns, in pixels.
const ROW: usize = 22;
const SIZE_AT: usize = 130;
const BOX_AT: usize = 150;
const STEP: usize = 16;
const WIDTH: usize = 760;
/// The first row begins below the heading.
const TOP: usize = 48;
/// The most rows, and the most characters of a name and its type.
const MOST: usize = 2000;
const LONGEST: usize = 76;
const LINE: u64 = 64;

/// Draws the layout as an SVG image, with a box for each field: its offset and size in bytes, its name and its type.
///
/// Names are escaped. A dashed rule marks the first field of each cache line of 64 bytes. At most 2,000 rows are drawn.
///
/// ```
/// use shmstore::schema::OwnedSchema;
/// use shmstore::ShmLayout;
///
/// let svg = shmstore_cli::export::svg(&OwnedSchema::from(<[u16; 4]>::SCHEMA));
/// assert!(svg.starts_with("<svg xmlns=") && svg.contains("[u16; 4]"));
/// ```
#[must_use]
pub fn svg(schema: &OwnedSchema) -> String {
    let rows = rows(schema);
    let (drawn, left_out) = (&rows[..rows.len().min(MOST)], rows.len().saturating_sub(MOST));
    let height = TOP + ROW * (drawn.len() + usize::from(left_out > 0)) + 8;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"ui-monospace, monospace\" font-size=\"13\" \
         fill=\"currentColor\">\n"
    );
    let name = escaped(&shortened(&shown(&schema.to_string()), LONGEST));
    text(
        &mut svg,
        8,
        18,
        "font-weight=\"bold\"",
        &format!("{name}: {} bytes, align {}", schema.size(), schema.align()),
    );
    text(&mut svg, SIZE_AT, 38, FAINT_RIGHT, "size");
    text(&mut svg, SIZE_AT - 60, 38, FAINT_RIGHT, "offset");
    let mut line = 0;
    for (at, row) in drawn.iter().enumerate() {
        let top = TOP + ROW * at;
        if let Some(begun) = row.line().filter(|begun| *begun > line) {
            line = begun;
            svg += &format!(
                "<line x1=\"8\" y1=\"{top}\" x2=\"{}\" y2=\"{top}\" stroke=\"currentColor\" \
                 stroke-dasharray=\"3 3\" opacity=\"0.4\"/>\n",
                WIDTH - 8
            );
        }
        row.draw(&mut svg, top);
    }
    if left_out > 0 {
        text(&mut svg, BOX_AT, TOP + ROW * drawn.len() + 15, "opacity=\"0.6\"", &format!("… {left_out} more rows"));
    }
    svg + "</svg>\n"
}

const FAINT_RIGHT: &str = "text-anchor=\"end\" opacity=\"0.6\"";

impl Row {
    /// Returns the cache line in which the row begins, if it occurs once.
    fn line(&self) -> Option<u64> {
        match self.offset {
            Offset::Object(at) => Some(at / LINE),
            Offset::Element(_) => None,
        }
    }

    fn draw(&self, svg: &mut String, top: usize) {
        let offset = match self.offset {
            Offset::Object(at) => at.to_string(),
            Offset::Element(at) => format!("+{at}"),
        };
        // Deeply nested boxes stay within the picture.
        let left = BOX_AT + STEP * self.depth.min(20);
        // Words and padding of shmstore have names in parentheses.
        let is_own = !self.name.starts_with('(');
        let color = if is_own { "#3b82f6" } else { "#888888" };
        let shade = if self.is_leaf { "0.22" } else { "0.08" };
        writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"3\" fill=\"{color}\" fill-opacity=\"{shade}\" \
             stroke=\"{color}\" stroke-opacity=\"0.6\"/>",
            top + 1,
            WIDTH - 8 - left,
            ROW - 3
        )
        .expect("a string takes everything");
        text(svg, SIZE_AT - 60, top + 15, FAINT_RIGHT, &offset);
        text(svg, SIZE_AT, top + 15, FAINT_RIGHT, &self.size.to_string());
        let colon = if self.type_name.is_empty() { "" } else { ": " };
        let name = shown(&format!("{}{colon}{}", self.name, self.type_name));
        let most = LONGEST.saturating_sub(2 * self.depth.min(20));
        let look = if is_own { "" } else { "opacity=\"0.7\"" };
        text(svg, left + 8, top + 15, look, &escaped(&shortened(&name, most)));
    }
}

fn text(svg: &mut String, x: usize, y: usize, look: &str, text: &str) {
    writeln!(svg, "<text x=\"{x}\" y=\"{y}\" {look}>{text}</text>").expect("a string takes everything");
}

/// Escapes a text for XML, in which some characters cannot be.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use shmstore::schema::{OwnedField, OwnedKind, Primitive};

    #[test]
    fn hostile_names_are_text() {
        let number = OwnedSchema::new(1, 1, OwnedKind::Primitive(Primitive::U8)).unwrap();
        let name = "<script>&\"\u{0}\u{ffff}".to_owned();
        let fields = vec![OwnedField { name: name.clone(), offset: 0, schema: number }];
        let schema = OwnedSchema::new(1, 1, OwnedKind::Struct { name, const_args: vec![], fields }).unwrap();
        let svg = svg(&schema);
        assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;&amp;&quot;"), "{svg}");
        assert!(!svg.contains(['\u{0}', '\u{ffff}']), "{svg}");
    }
}
