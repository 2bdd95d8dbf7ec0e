//! `ShmValue` for structs.

use proc_macro2::TokenStream;
use quote::quote;

use crate::Derive;
use crate::expand::member::Generics;
use crate::expand::paths::Paths;
use crate::expand::types::Types;
use crate::expand::{check, guess, member, schema};
use crate::parse::{Field, Item};

pub(crate) fn expand(item: &Item, fields: &[Field], paths: &Paths) -> TokenStream {
    let types = Types::new(fields);
    let checks = check::layout(Derive::Value, item, fields, paths);
    let same_fields = check::same_fields(item, fields, &types, paths);
    let layout = schema::expand_struct(item, fields, &checks, paths);
    let value = shm_value(item, fields, &types, paths);
    quote! { #same_fields #layout #value }
}

fn shm_value(item: &Item, fields: &[Field], types: &Types<'_>, paths: &Paths) -> TokenStream {
    let private = paths.private();
    let Validity { beside, generics, ty, any } = validity(item, types, paths);
    let (params, where_clause) = (&generics.params, &generics.where_clause);
    let this = item.this();
    let checks = if item.is_generic() {
        fields.iter().map(|field| check_field(item, field, paths)).collect()
    } else {
        check_fields(item, fields, types, paths)
    };
    quote! {
        #beside
        #[automatically_derived]
        unsafe impl #params #private::ShmValue for #this #where_clause {
            type Validity = #ty;
            fn check_bits(__shm_bytes: &[#private::primitive::u8]) -> #private::Result<(), #private::InvalidValue> {
                if #any {
                    return #private::Result::Ok(());
                }
                // `?` would slow the user's build several times more. `let` cannot match a constant of this name.
                #(
                    let __shm_checked = #checks;
                    if #private::Result::is_err(&__shm_checked) {
                        return __shm_checked;
                    }
                )*
                #private::Result::Ok(())
            }
        }
    }
}

/// Whether all bits of the value are valid, as a type and as an expression.
struct Validity {
    beside: TokenStream,
    generics: Generics,
    ty: TokenStream,
    any: TokenStream,
}

/// Generates the validity, which is `Any` if it is `Any` for all fields.
///
/// A constant is better than parameters, because it names no types (see `member`). But it cannot depend on a parameter
/// of the item.
fn validity(item: &Item, types: &Types<'_>, paths: &Paths) -> Validity {
    let private = paths.private();
    if item.is_generic() {
        let (generics, validities) = member::params(item, types, "Validity", paths);
        let any = quote! { #private::Any };
        let ty = validities.iter().rfold(any, |rest, own| quote! { <#own as #private::Validity>::And<#rest> });
        let any = quote! { <#ty as #private::Validity>::ANY };
        return Validity { beside: TokenStream::new(), generics, ty, any };
    }
    let any_bits = types.firsts.iter().map(|field| paths.of_field(field, "ANY_BITS"));
    Validity {
        beside: quote! { const __SHM_ANY_BITS: #private::primitive::bool = true #(&& #any_bits)*; },
        generics: member::shareable(item, paths),
        ty: quote! { <#private::AnyBitsIf<__SHM_ANY_BITS> as #private::ToValidity>::Validity },
        any: quote! { __SHM_ANY_BITS },
    }
}

fn check_field(item: &Item, field: &Field, paths: &Paths) -> TokenStream {
    let (check, offset, name) = (paths.of_field(field, "check_field"), schema::offset(item, field, paths), &field.name);
    quote! { #check(__shm_bytes, #offset, #name) }
}

/// Generates the checks of all fields. Fields of the same number type share a check, because a real number has nothing
/// to check.
fn check_fields(item: &Item, fields: &[Field], types: &Types<'_>, paths: &Paths) -> Vec<TokenStream> {
    let table = schema::table(item);
    let others = (0..fields.len()).filter(|&at| !guess::is_any_number(&fields[at].ty)).map(|at| {
        let check = paths.of_field(&fields[at], "check_fields");
        quote! { #check(__shm_bytes, #table, &[#at]) }
    });
    let numbers = types.with_fields().filter(|(first, _)| guess::is_any_number(&first.ty)).map(|(first, places)| {
        let check = paths.of_field(first, "check_fields");
        quote! { #check(__shm_bytes, #table, &[#(#places),*]) }
    });
    others.chain(numbers).collect()
}
