//! What charts are drawn on: pixels, with few colours and one kind of letters.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Failure;
use crate::report::Kind;

/// How wide all charts are.
pub(super) const WIDTH: i32 = 720;

/// What is read first.
pub(super) const INK: RGBColor = RGBColor(31, 35, 40);
/// What is read then.
pub(super) const FAINT: RGBColor = RGBColor(89, 99, 110);
/// What is missed.
pub(super) const BAD: RGBColor = RGBColor(232, 93, 86);
/// What is of shmstore.
pub(super) const ACCENT: RGBColor = RGBColor(64, 145, 247);
const GRID: RGBColor = RGBColor(225, 228, 232);
const PEER: RGBColor = RGBColor(232, 166, 86);
const BARE: RGBColor = RGBColor(175, 184, 193);

/// The colour of a bar or dot.
pub(super) fn colour(kind: Kind) -> RGBColor {
    match kind {
        Kind::Ours => ACCENT,
        Kind::Peer => PEER,
        Kind::Bare => BARE,
    }
}

/// Where a text is, seen from its place.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Left,
    Middle,
    Right,
}

pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

impl<'a> Canvas<'a> {
    /// An empty card.
    pub(super) fn new(svg: &'a mut String, height: i32) -> Result<Self, Failure> {
        let area = SVGBackend::with_string(svg, (WIDTH as u32, height as u32)).into_drawing_area();
        area.fill(&WHITE)?;
        Ok(Self { area })
    }

    /// Letters, `size` pixels high, with their middle at `y`.
    pub(super) fn text(
        &self,
        text: &str,
        (x, y): (i32, i32),
        size: i32,
        colour: RGBColor,
        side: Side,
    ) -> Result<(), Failure> {
        let horizontal = match side {
            Side::Left => HPos::Right,
            Side::Middle => HPos::Center,
            Side::Right => HPos::Left,
        };
        // The backend divides by this, for a font of its own.
        let font = ("sans-serif", f64::from(size) * 1.24).into_font();
        let style = font.color(&colour).pos(Pos::new(horizontal, VPos::Center));
        Ok(self.area.draw(&Text::new(text.to_owned(), (x, y), style))?)
    }

    /// A filled rectangle.
    pub(super) fn bar(&self, from: (i32, i32), to: (i32, i32), colour: RGBColor) -> Result<(), Failure> {
        Ok(self.area.draw(&Rectangle::new([from, to], colour.filled()))?)
    }

    /// A filled circle.
    pub(super) fn dot(&self, at: (i32, i32), radius: i32, colour: RGBColor) -> Result<(), Failure> {
        Ok(self.area.draw(&Circle::new(at, radius, colour.filled()))?)
    }

    /// A line that carries the eye only.
    pub(super) fn grid(&self, from: (i32, i32), to: (i32, i32)) -> Result<(), Failure> {
        self.line(from, to, GRID)
    }

    /// A line.
    pub(super) fn line(&self, from: (i32, i32), to: (i32, i32), colour: RGBColor) -> Result<(), Failure> {
        Ok(self.area.draw(&PathElement::new(vec![from, to], colour.stroke_width(1)))?)
    }

    /// From where to where the middle half of all lies, at the height `y`.
    pub(super) fn whisker(&self, from: i32, to: i32, y: i32) -> Result<(), Failure> {
        self.line((from, y), (to, y), INK)?;
        self.line((from, y - 4), (from, y + 4), INK)?;
        self.line((to, y - 4), (to, y + 4), INK)
    }

    /// Patches of colour and what they stand for, from the left.
    pub(super) fn legend(&self, meanings: &[(RGBColor, &str)], mut x: i32, y: i32) -> Result<(), Failure> {
        for (colour, meaning) in meanings {
            self.bar((x, y - 5), (x + 10, y + 5), *colour)?;
            self.text(meaning, (x + 15, y), 11, FAINT, Side::Right)?;
            x += 15 + width(meaning, 11) + 16;
        }
        Ok(())
    }
}

/// About how wide a text is: letters are of a font that is not known here.
pub(super) fn width(text: &str, size: i32) -> i32 {
    text.chars().count() as i32 * size * 58 / 100
}
