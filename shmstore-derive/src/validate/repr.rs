//! Representations with a fixed layout.

use crate::attr::ReprKind;
use crate::errors::Errors;
use crate::parse::Item;

const MAX_ALIGN: u64 = 4096;

/// The integers that can store an enum.
pub(crate) const ENUM_REPRS: [&str; 8] = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"];

/// Checks that a struct is `C` or `transparent`. It may have an alignment, too.
pub(crate) fn validate_struct(item: &Item, errors: &mut Errors) {
    let mut is_fixed = false;
    let mut is_refused = false;
    for repr in &item.reprs {
        let refusal = match &repr.kind {
            ReprKind::C | ReprKind::Transparent => {
                is_fixed = true;
                continue;
            }
            ReprKind::Align(Some(align)) if *align > MAX_ALIGN => {
                "objects start at a page of 4096 bytes and cannot be aligned to more: use 4096 or less"
            }
            ReprKind::Align(_) => continue,
            ReprKind::Packed => "a field of a packed struct is not aligned, and cannot be referenced: remove `packed`",
            ReprKind::Integer(_) | ReprKind::Other => {
                is_refused = true;
                "a shared struct has the layout of C: write `C` instead"
            }
        };
        errors.add(&repr.path, refusal);
    }
    if !is_fixed && !is_refused {
        errors.add(
            &item.ident,
            "add `#[repr(C)]` to this struct: without it, each compiler may choose another order of the fields",
        );
    }
}

/// Checks that an enum is an integer of fixed width.
pub(crate) fn validate_enum(item: &Item, errors: &mut Errors) {
    if item.reprs.is_empty() {
        errors.add(&item.ident, "add `#[repr(u8)]` to this enum: without it, each compiler may choose another size");
    }
    for repr in &item.reprs {
        let refusal = match &repr.kind {
            ReprKind::Integer(name) if ENUM_REPRS.contains(&name.as_str()) => continue,
            ReprKind::Integer(name) => format!("{}: write `{}` instead", why_not(name), instead_of(name)),
            ReprKind::C => {
                "the width of a C enum is the compiler's choice: write `u32` or another fixed width instead".into()
            }
            ReprKind::Align(_) => "an alignment would leave padding in the enum: remove `align`".into(),
            ReprKind::Transparent | ReprKind::Packed | ReprKind::Other => {
                "a shared enum is stored as an integer of fixed width: write `u8` instead".into()
            }
        };
        errors.add(&repr.path, refusal);
    }
}

fn why_not(name: &str) -> &'static str {
    if name.ends_with("128") { "a shared enum has 8 to 64 bits" } else { "its width depends on the platform" }
}

fn instead_of(name: &str) -> &'static str {
    if name.starts_with('u') { "u64" } else { "i64" }
}
