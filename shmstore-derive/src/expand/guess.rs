//! What a field's type, as it is written, lets expect of its layout.
//!
//! It decides only where a check is written: many that will pass, in one place; one that may fail, by itself, so that the
//! errors of one struct are told at once, each on its field. All are made all the same, on the type as the compiler sees it.

use syn::{Expr, ExprLit, GenericArgument, Lit, PathArguments, PathSegment, Type};

use crate::parse::{Field, Item};
use crate::{advice, attr};

/// Size and alignment of a value.
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

/// The only argument, if it is an expression.
fn argument(segment: &PathSegment) -> Option<&Expr> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
            GenericArgument::Const(argument) => Some(argument),
            _ => None,
        },
        _ => None,
    }
}

/// An integer, if it is written as one, and is not 0.
fn number(expr: &Expr) -> Option<usize> {
    match attr::ungrouped(expr) {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_parse().ok().filter(|&number| number > 0),
        _ => None,
    }
}

/// The fields before which there may be padding, by number; and one more than there are fields, if there may be some after
/// the last.
pub(crate) fn gaps(item: &Item, fields: &[Field]) -> Vec<usize> {
    let mut gaps = Vec::new();
    // Where the fields so far end, if all are known; and what that surely is a multiple of.
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
        // A gap has its own error: what comes after it is looked at as if it were closed.
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

/// Whether a field has bytes, as far as the name of its type tells.
pub(crate) fn surely_has_bytes(ty: &Type) -> bool {
    let Some(last) = advice::last_segment(ty) else { return false };
    layout(ty).is_some_and(|(size, _)| size > 0)
        || (!matches!(ty, Type::Array(_)) && has_bytes(&last.ident.to_string()))
}

/// Whether whatever is called so has bytes.
fn has_bytes(name: &str) -> bool {
    matches!(name, "Versioned" | "Lock" | "Event" | "FixedString" | "FixedVec") || name.starts_with("Atomic")
}

/// Whether a type is called a number any bits of which are valid, or an array of these.
pub(crate) fn is_any_number(ty: &Type) -> bool {
    let name = advice::last_segment(ty).map(|last| last.ident.to_string()).unwrap_or_default();
    matches!(name.as_str(), "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" | "f32" | "f64")
}
