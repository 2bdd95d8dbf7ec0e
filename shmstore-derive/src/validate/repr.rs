//! The representations that fix a layout.

use crate::attr::ReprKind;
use crate::errors::Errors;
use crate::parse::Item;

const MAX_ALIGN: u64 = 4096;

/// The integers an enum may be stored as.
pub(crate) const ENUM_REPRS: [&str; 8] = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"];

/// A struct is `C` or `transparent`, and may ask for an alignment.
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
            ReprKind::Packed => "a packed field cannot be referenced, and no atomic can be in one: remove `packed`",
            ReprKind::Integer(_) | ReprKind::Other => {
                is_refused = true;
                "the layout of a shared struct is C's: write `C` instead"
            }
        };
        errors.add(&repr.path, refusal);
    }
    if !is_fixed && !is_refused {
        errors.add(
            &item.ident,
            "add `#[repr(C)]` to this struct: without it each compiler orders the fields as it likes",
        );
    }
}

/// An enum is a fixed-width integer.
pub(crate) fn validate_enum(item: &Item, errors: &mut Errors) {
    if item.reprs.is_empty() {
        errors.add(&item.ident, "add `#[repr(u8)]` to this enum: without it each compiler stores it as it likes");
    }
    for repr in &item.reprs {
        let refusal = match &repr.kind {
            ReprKind::Integer(name) if ENUM_REPRS.contains(&name.as_str()) => continue,
            ReprKind::Integer(name) => format!("{}: write `{}` instead", why_not(name), instead_of(name)),
            ReprKind::C => {
                "the width of a C enum is the compiler's choice: write `u32` or another fixed width instead".into()
            }
            ReprKind::Align(_) => "an alignment would leave padding in the enum: remove it".into(),
            ReprKind::Transparent | ReprKind::Packed | ReprKind::Other => {
                "a shared enum is stored as an integer of fixed width: write `u8` instead".into()
            }
        };
        errors.add(&repr.path, refusal);
    }
}

fn why_not(name: &str) -> &'static str {
    if name.ends_with("128") { "a shared enum is stored in 8 to 64 bits" } else { "its width is this process's own" }
}

fn instead_of(name: &str) -> &'static str {
    if name.starts_with('u') { "u64" } else { "i64" }
}
