//! Parameters, which are constants, or types with a bound.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{GenericParam, Ident, Type, TypeParam, TypeParamBound, WherePredicate};

use crate::Derive;
use crate::advice;
use crate::errors::Errors;
use crate::parse::{Body, Item};
use crate::validate::{tokens, validate_name};

pub(crate) fn validate(derive: Derive, item: &Item, errors: &mut Errors) {
    for param in &item.generics.params {
        match param {
            GenericParam::Lifetime(lifetime) => errors.add(
                lifetime,
                "shared memory outlives every process, so a type in it cannot borrow: remove the lifetime",
            ),
            GenericParam::Type(_) | GenericParam::Const(_) if matches!(item.body, Body::Enum(_)) => {
                errors.add(param, "a shared enum is a number and has no parameters: remove this one");
            }
            GenericParam::Type(param) if !is_bounded(item, param) => {
                errors.add(&param.ident, bound_for(derive, item, param))
            }
            GenericParam::Type(_) => {}
            GenericParam::Const(param) => validate_name(&param.ident, &param.ident.unraw().to_string(), errors),
        }
    }
    tokens::refuse(item.params(), errors);
    tokens::refuse(item.generics.where_clause.to_token_stream(), errors);
}

/// Returns `true` if a parameter has a bound. Without one, the compiler would report for every derived trait that the
/// parameter may not live long enough.
fn is_bounded(item: &Item, param: &TypeParam) -> bool {
    let clause = item.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let elsewhere = clause.filter_map(|predicate| match predicate {
        WherePredicate::Type(predicate) if advice::is(&predicate.bounded_ty, &param.ident) => Some(&predicate.bounds),
        _ => None,
    });
    elsewhere.chain([&param.bounds]).flatten().any(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.maybe.is_none(),
        _ => true,
    })
}

/// Returns the message with the bound that the parameter needs.
fn bound_for(derive: Derive, item: &Item, param: &TypeParam) -> String {
    let (ident, none) = (&param.ident, Vec::new());
    let fields = if let Body::Struct(fields) = &item.body { fields } else { &none };
    let mut uses = fields.iter().filter(|field| item.params_in(field).any(|param| param == ident));
    let is_marker =
        uses.clone().all(|field| advice::last_segment(&field.ty).is_some_and(|last| last.ident == "PhantomData"));
    let bound = if is_marker {
        match derive {
            Derive::Value | Derive::Key => "Copy + Send + Sync + 'static",
            Derive::Object => "Send + Sync + 'static",
        }
    } else if derive == Derive::Object && uses.clone().any(|field| is_object(&field.ty, ident)) {
        "ShmObject"
    } else if uses.any(|field| is_key(&field.ty, ident)) {
        "ShmKey"
    } else {
        "ShmValue"
    };
    format!("not every type can be in shared memory: write `{ident}: {bound}`")
}

/// Returns `true` if a field of this type holds the parameter itself as an object, and not as a value in a part.
fn is_object(ty: &Type, ident: &Ident) -> bool {
    advice::last_segment(ty).is_some_and(|last| {
        last.ident == *ident
            || (last.ident == "CacheAligned"
                && advice::type_argument(last, 0).is_some_and(|inner| is_object(inner, ident)))
    })
}

/// Returns `true` if a field of this type is a map whose keys are the parameter itself.
fn is_key(ty: &Type, ident: &Ident) -> bool {
    advice::last_segment(ty)
        .filter(|last| last.ident == "Map")
        .and_then(|map| advice::type_argument(map, 0))
        .and_then(advice::last_segment)
        .is_some_and(|key| key.ident == *ident)
}
