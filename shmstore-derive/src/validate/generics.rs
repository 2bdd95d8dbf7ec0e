//! Parameters: const ones only.

use syn::GenericParam;

use crate::errors::Errors;
use crate::parse::{Body, Item};

pub(crate) fn validate(item: &Item, errors: &mut Errors) {
    for param in &item.generics.params {
        match param {
            GenericParam::Lifetime(lifetime) => errors.add(
                lifetime,
                "shared memory outlives every process, so what is in it borrows nothing: remove the lifetime",
            ),
            GenericParam::Type(ty) => errors.add(
                ty,
                "a shared type has one layout: write the type itself instead of a parameter (const parameters are fine)",
            ),
            GenericParam::Const(param) if matches!(item.body, Body::Enum(_)) => {
                errors.add(param, "a shared enum is a number and has no parameters: remove it");
            }
            GenericParam::Const(_) => {}
        }
    }
}
