//! `ShmValue` for structs.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Generics;

use crate::expand::check::{self, Checks};
use crate::expand::paths::Paths;
use crate::expand::{member, schema};
use crate::parse::{Field, Item};

pub(crate) fn expand(item: &Item, fields: &[Field], paths: &Paths) -> TokenStream {
    let checks = check::every_struct(item, fields, paths).into_iter().chain(check::gaps(item, fields, paths));
    let Checks { beside, in_schema } = Checks::place(item, checks);
    let same_fields = check::same_fields(item, fields, paths);
    let layout = schema::expand_struct(item, fields, &in_schema, paths);
    let value = shm_value(item, fields, paths);
    quote! { #same_fields #beside #layout #value }
}

fn shm_value(item: &Item, fields: &[Field], paths: &Paths) -> TokenStream {
    let private = paths.private();
    let (generics, validity) = validity(item, fields, paths);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let this = check::this(item);
    let field_checks = fields.iter().map(|field| check_field(item, field, paths));
    quote! {
        #[automatically_derived]
        unsafe impl #impl_generics #private::ShmValue for #this #where_clause {
            type Validity = #validity;
            fn check_bits(__bytes: &[#private::primitive::u8]) -> #private::Result<(), #private::InvalidValue> {
                if <#validity as #private::Validity>::ANY {
                    return #private::Result::Ok(());
                }
                #(#field_checks?;)*
                #private::Result::Ok(())
            }
        }
    }
}

/// `Any` if all fields are, as no bits are wrong in a struct if none are in its fields; and the parameters to say so.
///
/// A constant says it best, as it names no types: see `member`. But rustc takes none that depends on a parameter.
fn validity(item: &Item, fields: &[Field], paths: &Paths) -> (Generics, TokenStream) {
    let private = paths.private();
    if item.is_generic() {
        let (generics, validities) = member::params(item, fields, "Validity", paths);
        let any = quote! { #private::Any };
        let all = validities.iter().rfold(any, |rest, own| quote! { <#own as #private::Validity>::And<#rest> });
        return (generics, all);
    }
    let any_bits = fields.iter().map(|field| paths.of_field(field, "ANY_BITS"));
    let all = quote! { <#private::AnyBitsIf<{ true #(&& #any_bits)* }> as #private::ToValidity>::Validity };
    (member::shareable(item, paths), all)
}

fn check_field(item: &Item, field: &Field, paths: &Paths) -> TokenStream {
    let (check, offset, name) = (paths.of_field(field, "check_field"), schema::offset(item, field, paths), &field.name);
    quote! { #check(__bytes, #offset, #name) }
}
