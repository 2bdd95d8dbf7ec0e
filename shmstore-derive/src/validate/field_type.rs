//! Types that the derive refuses by their syntax.

use syn::{Expr, ExprLit, GenericArgument, Lit, PathArguments, Type, TypeArray};

use crate::Derive;
use crate::errors::Errors;
use crate::{advice, attr};

/// Reports the error of a field's type, at most once.
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
    } else if let Some((zero, refusal)) = zero_capacity(ty) {
        errors.add(zero, refusal);
    }
}

fn refusal(derive: Derive, ty: &Type) -> Option<&'static str> {
    Some(match (derive, ty) {
        (_, Type::Array(_) | Type::Group(_) | Type::Paren(_) | Type::Path(_) | Type::Macro(_) | Type::Infer(_)) => {
            return None;
        }
        (Derive::Value, Type::Reference(_)) => {
            "an address means nothing in another process: use the value itself, `FixedString<N>` for a `&str`, \
             `FixedVec<V, N>` for a slice"
        }
        (Derive::Object, Type::Reference(_)) => {
            "an address means nothing in another process: use the object itself, or `Versioned<V>` with \
             `FixedString<N>` for a `&str`, `FixedVec<V, N>` for a slice"
        }
        (_, Type::Ptr(_)) => {
            "an address means nothing in another process: use the value or object itself, or an index into an array"
        }
        (_, Type::FnPtr(_)) => {
            "the address of a function means nothing in another process: use an enum that names the function"
        }
        (_, Type::TraitObject(_)) => {
            "a trait object is made of addresses, which mean nothing in another process: use a struct or an enum"
        }
        (Derive::Value, Type::Slice(_)) => "a slice has no fixed length: use `FixedVec<V, N>` or an array",
        (Derive::Object, Type::Slice(_)) => "a slice has no fixed length: use an array, or `Versioned<FixedVec<V, N>>`",
        (_, Type::Tuple(_)) => "the compiler decides how a tuple is laid out: use a struct with `#[repr(C)]`",
        (_, Type::Never(_)) => "there is no value of this type: remove the field",
        _ => "a field has a named type or an array: write one of these",
    })
}

fn has_no_elements(array: &TypeArray) -> bool {
    is_zero(&array.len)
}

fn is_zero(number: &Expr) -> bool {
    match attr::ungrouped(number) {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
            number.base10_parse::<u64>().is_ok_and(|number| number == 0)
        }
        _ => false,
    }
}

/// Finds a capacity of 0 in a type, as in `Versioned<FixedVec<u8, 0>>`.
///
/// The runtime refuses it, too, but its error is on a line of the runtime. A user's own type of the same name is
/// refused only if its argument is the literal 0.
fn zero_capacity(ty: &Type) -> Option<(&Expr, &'static str)> {
    let last = advice::last_segment(ty)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let refusal = match last.ident.to_string().as_str() {
        "PhantomData" => return None,
        "FixedString" => {
            "a `FixedString<N>` has room for at least one byte: write a larger number, or remove the field"
        }
        "FixedVec" => {
            "a `FixedVec<V, N>` has room for at least one element: write a larger number, or remove the field"
        }
        "Pad" => "a `Pad<N>` has at least one byte: write a larger number, or remove the field",
        _ => return arguments.args.iter().find_map(within),
    };
    let zero = arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Const(number) if is_zero(number) => Some((number, refusal)),
        _ => None,
    });
    zero.or_else(|| arguments.args.iter().find_map(within))
}

fn within(argument: &GenericArgument) -> Option<(&Expr, &'static str)> {
    if let GenericArgument::Type(ty) = argument { zero_capacity(ty) } else { None }
}
