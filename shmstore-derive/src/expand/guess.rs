//! Guesses about the layout of a field, from the tokens of its type.
//!
//! A guess only decides where a check is made: together with others if it will pass, or alone if it may fail. So all
//! errors of a struct are reported at once, each on its field. Every check is made in any case, on the type that the
//! compiler sees.

use syn::{Expr, ExprLit, GenericArgument, Lit, PathArguments, PathSegment, Type};

use crate::parse::{Field, Item};
use crate::{advice, attr};

/// Guesses the size and the alignment of a value.
fn layout(ty: &Type) -> Option<(usize, usize)> {
    match ty {
        Type::Array(array) => {
            let (size, align) = layout(&array.elem)?;
            Some((size.checked_mul(number(&array.len)?)?, align))
        }
        _ => named(advice::last_segment(ty)?),
    }
}

fn named(segment: &PathSegment) -> Option<(usize, usize)> {
    let size = match segment.ident.to_string().as_str() {
        "u8" | "i8" | "bool" => 1,
        "u16" | "i16" => 2,
        "u32" | "i32" | "f32" | "char" => 4,
        "u64" | "i64" | "f64" => 8,
        "PhantomData" => return Some((0, 1)),
        "Pad" => return Some((number(argument(segment)?)?, 1)),
        _ => return None,
    };
    Some((size, size))
}

/// Returns the only argument, if it is an expression.
fn argument(segment: &PathSegment) -> Option<&Expr> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
            GenericArgument::Const(argument) => Some(argument),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the value of an integer literal that is not 0.
fn number(expr: &Expr) -> Option<usize> {
    match attr::ungrouped(expr) {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok().filter(|&number| number > 0),
        _ => None,
    }
}

/// Returns the numbers of the fields that may have padding before them. The number after the last field stands for
/// padding at the end.
pub(crate) fn gaps(item: &Item, fields: &[Field]) -> Vec<usize> {
    let mut gaps = Vec::new();
    // `end` is the end of the fields so far, if it is known. It is surely a multiple of `multiple`.
    let (mut end, mut multiple, mut most) = (Some(0), usize::MAX, item.min_align());
    for (at, field) in fields.iter().enumerate() {
        let layout = layout(&field.ty);
        let fits = match (layout, end) {
            (Some((_, align)), Some(end)) => end % align == 0,
            (Some((_, align)), None) => align <= multiple,
            (None, _) => at == 0,
        };
        if !fits {
            gaps.push(at);
        }
        // A gap has its own error, so the next fields are checked as if it were closed.
        let closed = |(size, align): (usize, usize)| end?.checked_next_multiple_of(align)?.checked_add(size);
        end = layout.and_then(closed);
        multiple = layout.map_or(1, |(_, align)| align);
        most = most.max(layout.map_or(1, |(_, align)| align));
    }
    if end.is_none_or(|end| end % most != 0) {
        gaps.push(fields.len());
    }
    gaps
}

/// Returns `true` if the name of a type says that it has bytes.
pub(crate) fn surely_has_bytes(ty: &Type) -> bool {
    let Some(last) = advice::last_segment(ty) else { return false };
    layout(ty).is_some_and(|(size, _)| size > 0)
        || (!matches!(ty, Type::Array(_)) && has_bytes(&last.ident.to_string()))
}

/// Returns `true` if every type of this name has bytes.
fn has_bytes(name: &str) -> bool {
    matches!(name, "Versioned" | "Lock" | "Event" | "FixedString" | "FixedVec") || name.starts_with("Atomic")
}

/// Returns `true` if the name of a type, or of an array's element, is a number for which all bits are valid.
pub(crate) fn is_any_number(ty: &Type) -> bool {
    let name = advice::last_segment(ty).map(|last| last.ident.to_string()).unwrap_or_default();
    matches!(name.as_str(), "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" | "f32" | "f64")
}
