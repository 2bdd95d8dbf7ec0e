//! Errors that are visible in the syntax of an item.

mod field_type;
mod generics;
mod repr;
#[cfg(test)]
mod tests;
mod tokens;

use quote::ToTokens;
use syn::Fields;
use syn::ext::IdentExt;

use crate::Derive;
use crate::errors::Errors;
use crate::parse::{Body, Field, Item, Variant};

/// Reports every error of the item. Returns the fields without errors, so that the compiler can still check their
/// types.
pub(crate) fn validate<'item>(derive: Derive, item: &'item Item, errors: &mut Errors) -> Vec<&'item Field> {
    generics::validate(derive, item, errors);
    validate_name(&item.ident, &item.schema_name(), errors);
    validate_room(derive, item, errors);
    match &item.body {
        Body::Union(token) => {
            errors.add(token, "processes cannot know which field of a union is initialized: write a struct instead");
            Vec::new()
        }
        Body::Enum(variants) => {
            validate_enum(derive, item, variants, errors);
            Vec::new()
        }
        Body::Struct(fields) => {
            repr::validate_struct(item, errors);
            validate_fields(derive, item, fields, errors)
        }
    }
}

/// Refuses `room` where no object could be created with it. An enum or union has another error as an object.
fn validate_room(derive: Derive, item: &Item, errors: &mut Errors) {
    let Some(room) = &item.shm.room else { return };
    if derive != Derive::Object {
        errors.add(&room.key, "only an object grows: remove `room`, or put the value into an object that has it");
    } else if item.shm.id.is_none() {
        errors.add(
            &room.key,
            "only an object that is created by itself has room: add `id = 'T'`, or give `room` to the object that \
             this one is a field of",
        );
    }
}

fn validate_fields<'item>(
    derive: Derive,
    item: &Item,
    fields: &'item [Field],
    errors: &mut Errors,
) -> Vec<&'item Field> {
    if fields.is_empty() {
        errors.add(&item.ident, "there is nothing to share in a struct without bytes: add a field");
    }
    let mut is_fine = |field: &&Field| {
        let mut own = Errors::default();
        validate_name(&field.member, &field.name, &mut own);
        tokens::refuse(field.tokens.clone(), &mut own);
        field_type::validate(derive, &field.ty, &mut own);
        let is_fine = own.is_empty();
        errors.append(own);
        is_fine
    };
    fields.iter().filter(|field| is_fine(field)).collect()
}

/// Refuses a long name on its token. The runtime would refuse it only when a program creates the schema.
fn validate_name(tokens: impl ToTokens, name: &str, errors: &mut Errors) {
    if name.len() > 255 {
        errors.add(tokens, "a name in shared memory has at most 255 bytes: write a shorter name");
    }
}

fn validate_enum(derive: Derive, item: &Item, variants: &[Variant], errors: &mut Errors) {
    if derive == Derive::Object {
        let ident = &item.ident;
        errors.add(
            ident,
            format!(
                "an enum is a value: write `#[derive(Clone, Copy, ShmValue)]`, and `AtomicValue<{ident}>` in an object"
            ),
        );
        return;
    }
    repr::validate_enum(item, errors);
    for Variant { ident, .. } in variants {
        validate_name(ident, &ident.unraw().to_string(), errors);
    }
    for variant in variants.iter().filter(|variant| !matches!(variant.fields, Fields::Unit)) {
        let fields = variant.fields.to_token_stream();
        errors.add(fields, "a shared enum is a number and has no fields: move them to a struct beside it");
    }
}
