//! Anything at all for what reads foreign bytes: headers of segments, schemas, saved objects, values.
//!
//! Every input is bytes, from wherever: random ones, a fuzzer's, proptest's. They are read as decisions: what to start from, what to
//! change, what to make right again, so that what lies behind a checksum or a length is reached.

pub mod choices;
mod json;
pub mod saved;
pub mod segment;
pub mod types;
mod values;

use std::cell::RefCell;

use choices::Choices;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parser {
    /// Headers of segments, with the schema and the table of processes; then the object behind.
    Segment,
    /// Schema JSON; then values by that schema.
    Schema,
    /// Saved objects; then their values, and the object made again.
    Saved,
    /// Bytes, trees and texts as values of a type.
    Values,
}

impl Parser {
    pub const ALL: [Self; 4] = [Self::Segment, Self::Schema, Self::Saved, Self::Values];

    pub fn name(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Schema => "schema",
            Self::Saved => "saved",
            Self::Values => "values",
        }
    }
}

/// What the inputs are tried on: made once, for all of them.
#[derive(Default)]
pub struct Bench {
    segments: segment::Segments,
    saved: Option<saved::Files>,
}

impl Bench {
    /// Tries an input. Returns whether it was accepted as what it pretends to be.
    pub fn try_input(&mut self, parser: Parser, input: &[u8]) -> bool {
        let mut choices = Choices::of(input);
        match parser {
            Parser::Segment => self.segments.try_input(&mut choices),
            Parser::Schema => json::try_input(&mut choices),
            Parser::Values => values::try_input(&mut choices),
            Parser::Saved => self.saved.get_or_insert_with(saved::Files::new).try_input(&mut choices),
        }
    }
}

pub fn try_input(parser: Parser, input: &[u8]) -> bool {
    thread_local! { static BENCH: RefCell<Bench> = RefCell::default(); }
    BENCH.with_borrow_mut(|bench| bench.try_input(parser, input))
}
