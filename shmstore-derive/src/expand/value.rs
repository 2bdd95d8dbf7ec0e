//! `ShmValue` for structs.

use proc_macro2::TokenStream;
use quote::quote;

use crate::expand::check::{self, Checks};
use crate::expand::paths::Paths;
use crate::expand::schema;
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
    let (impl_generics, ty_generics, where_clause) = item.generics.split_for_impl();
    let ident = &item.ident;
    let validity = validity(fields, paths);
    let field_checks = fields.iter().map(|field| check_field(item, field, paths));
    quote! {
        #[automatically_derived]
        unsafe impl #impl_generics #private::ShmValue for #ident #ty_generics #where_clause {
            type Validity = #validity;
            fn check_bits(__bytes: &[#private::primitive::u8]) -> #private::Result<(), #private::InvalidValue> {
                if <<Self as #private::ShmValue>::Validity as #private::Validity>::ANY {
                    return #private::Result::Ok(());
                }
                #(#field_checks?;)*
                #private::Result::Ok(())
            }
        }
    }
}

/// Any bits are valid only if they are in every field.
fn validity(fields: &[Field], paths: &Paths) -> TokenStream {
    let private = paths.private();
    fields.iter().rev().fold(quote! { #private::Any }, |rest, field| {
        let own = paths.of_field(field, "Validity");
        quote! { <#own as #private::Validity>::And<#rest> }
    })
}

fn check_field(item: &Item, field: &Field, paths: &Paths) -> TokenStream {
    let private = paths.private();
    let (check, name) = (paths.of_field(field, "check_bits"), &field.name);
    let offset = schema::offset(item, field, paths);
    quote! { #private::check_field(#check, __bytes, #offset, #name) }
}
