//! Types that can be refused without asking the compiler what they are.

use syn::{Expr, ExprLit, Lit, Type, TypeArray};

use crate::Derive;
use crate::attr;
use crate::errors::Errors;

/// Reports what is wrong with the type of a field, at most once.
pub(crate) fn validate(derive: Derive, ty: &Type, errors: &mut Errors) {
    if let Type::Array(array) = ty {
        if has_no_elements(array) {
            errors.add(
                &array.len,
                "an array in shared memory has at least one element: make it longer, or remove the field",
            );
        } else {
            validate(derive, &array.elem, errors);
        }
    } else if let Type::Group(syn::TypeGroup { elem, .. }) | Type::Paren(syn::TypeParen { elem, .. }) = ty {
        validate(derive, elem, errors);
    } else if let Some(refusal) = refusal(derive, ty) {
        errors.add(ty, refusal);
    }
}

fn refusal(derive: Derive, ty: &Type) -> Option<&'static str> {
    Some(match (derive, ty) {
        (_, Type::Array(_) | Type::Group(_) | Type::Paren(_) | Type::Path(_) | Type::Macro(_) | Type::Infer(_)) => {
            return None;
        }
        (Derive::Value, Type::Reference(_)) => {
            "an address means nothing in another process: use the value itself, `FixedString<N>` for a `&str`, `FixedVec<V, N>` for a slice"
        }
        (Derive::Object, Type::Reference(_)) => {
            "an address means nothing in another process: use the object itself, or `Versioned<V>` with `FixedString<N>` for a `&str`, `FixedVec<V, N>` for a slice"
        }
        (_, Type::Ptr(_)) => {
            "an address means nothing in another process: use the thing itself, or an index into an array"
        }
        (_, Type::FnPtr(_)) => {
            "the address of a function means nothing in another process: use an enum that names what to do"
        }
        (_, Type::TraitObject(_)) => {
            "a trait object is made of addresses, which mean nothing in another process: use a struct or an enum"
        }
        (Derive::Value, Type::Slice(_)) => "a slice has no fixed length: use `FixedVec<V, N>` or an array",
        (Derive::Object, Type::Slice(_)) => "a slice has no fixed length: use an array, or `Versioned<FixedVec<V, N>>`",
        (_, Type::Tuple(_)) => "the compiler decides how a tuple is laid out: use a struct with `#[repr(C)]`",
        (_, Type::Never(_)) => "there is no value of this type: remove the field",
        _ => "this is not the name of a type, or an array: write one",
    })
}

fn has_no_elements(array: &TypeArray) -> bool {
    match attr::ungrouped(&array.len) {
        Expr::Lit(ExprLit { lit: Lit::Int(len), .. }) => len.base10_parse::<u64>().is_ok_and(|len| len == 0),
        _ => false,
    }
}
