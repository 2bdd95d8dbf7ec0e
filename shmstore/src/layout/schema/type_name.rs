//! The name of a type in messages, as it is written in Rust.
//!
//! Names may come from another process, so characters that could control a terminal are escaped.

use std::fmt;

use super::{OwnedConstArg, OwnedKind, OwnedSchema, Primitive, Schema};
use crate::layout::path::article;

/// Shows the type as it is written in Rust: `f64`, `[f64; 4]`, `Versioned<Position>`, `Grid<4, 8>`.
impl fmt::Display for OwnedSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            OwnedKind::Primitive(primitive) => primitive.fmt(f),
            OwnedKind::Atomic(primitive) => write_atomic(f, *primitive),
            OwnedKind::Array { len, element } => write!(f, "[{element}; {len}]"),
            OwnedKind::Struct { name, const_args, .. } => {
                write!(f, "{}", name.escape_debug())?;
                write_args(f, const_args)
            }
            OwnedKind::Enum { name, .. } => write!(f, "{}", name.escape_debug()),
            OwnedKind::Pad => write!(f, "Pad<{}>", self.size()),
            OwnedKind::Phantom => f.write_str("PhantomData"),
            OwnedKind::FixedString { capacity } => write!(f, "FixedString<{capacity}>"),
            OwnedKind::FixedVec { capacity, element } => write!(f, "FixedVec<{element}, {capacity}>"),
            OwnedKind::AtomicCell { value } => write!(f, "AtomicValue<{value}>"),
            OwnedKind::Versioned { value } => write!(f, "Versioned<{value}>"),
            OwnedKind::CacheAligned { object } => write!(f, "CacheAligned<{object}>"),
            OwnedKind::Lock => f.write_str("Lock"),
            OwnedKind::Event => f.write_str("Event"),
            OwnedKind::Queue { capacity, value } => write!(f, "Queue<{value}, {capacity}>"),
            OwnedKind::Broadcast { capacity, value } => write!(f, "Broadcast<{value}, {capacity}>"),
            OwnedKind::Map { capacity, key, value } => write!(f, "Map<{key}, {value}, {capacity}>"),
            OwnedKind::Frames { capacity, slots, element, meta } => {
                write!(f, "Frames<{element}, {capacity}, {slots}")?;
                if meta.is_phantom() { f.write_str(">") } else { write!(f, ", {meta}>") }
            }
        }
    }
}

impl OwnedSchema {
    /// The type in a sentence: a `u8`, an `[f64; 4]`.
    pub(crate) fn with_article(&self) -> String {
        let name = self.to_string();
        format!("{} `{name}`", article(&name))
    }
}

/// Shows the type as it is written in Rust: `f64`, `[f64; 4]`, `Versioned<Position>`, `Grid<4, 8>`.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        OwnedSchema::from(self).fmt(f)
    }
}

impl fmt::Display for Primitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn write_atomic(f: &mut fmt::Formatter<'_>, integer: Primitive) -> fmt::Result {
    let (sign, bits) = integer.name().split_at(1);
    write!(f, "Atomic{}{bits}", sign.to_uppercase())
}

fn write_args(f: &mut fmt::Formatter<'_>, args: &[OwnedConstArg]) -> fmt::Result {
    for (at, arg) in args.iter().enumerate() {
        let separator = if at == 0 { "<" } else { ", " };
        write!(f, "{separator}{}", arg.value)?;
    }
    if args.is_empty() { Ok(()) } else { f.write_str(">") }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use crate::layout::schema::{OwnedKind, OwnedSchema};

    #[test]
    fn every_kind_is_named_as_it_is_written_in_rust() {
        let named: Vec<String> = samples::EVERY_KIND.iter().map(ToString::to_string).collect();
        let written = [
            "f64",
            "AtomicU64",
            "[f64; 4]",
            "Position",
            "Grid<4, -8>",
            "Mode",
            "Pad<7>",
            "PhantomData",
            "FixedString<32>",
            "FixedVec<u32, 8>",
            "AtomicValue<Mode>",
            "Versioned<Position>",
            "CacheAligned<AtomicU64>",
            "Lock",
            "Event",
            "Queue<Position, 4>",
            "Broadcast<u32, 3>",
            "Map<u32, Position, 4>",
            "Frames<u32, 8, 3, Position>",
        ];
        assert_eq!(named, written);
    }

    #[test]
    fn name_that_could_control_a_terminal_is_shown_escaped() {
        let kind = OwnedKind::Struct { name: "\u{1b}[2J\u{202e}\n".into(), const_args: vec![], fields: vec![] };
        let shown = OwnedSchema::new(0, 1, kind).unwrap().to_string();
        assert_eq!(shown, r"\u{1b}[2J\u{202e}\n");
    }
}
