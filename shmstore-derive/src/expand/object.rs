//! `ShmObject`.

use proc_macro2::TokenStream;
use quote::quote;

use crate::expand::check::{self, Checks};
use crate::expand::paths::Paths;
use crate::expand::{member, schema, view};
use crate::parse::{Field, Item};

pub(crate) fn expand(item: &Item, fields: &[Field], paths: &Paths) -> TokenStream {
    let checks = check::every_struct(item, fields, paths)
        .into_iter()
        .chain([has_no_drop(item, fields, paths)])
        .chain(view::checks(item, fields, paths));
    let Checks { beside, in_schema } = Checks::place(item, checks);
    let same_fields = check::same_fields(item, fields, paths);
    let layout = schema::expand_struct(item, fields, &in_schema, paths);
    let view = view::name(item, fields);
    let mirror = view::expand(item, &view, fields, paths);

    let private = paths.private();
    let (generics, views) = member::params(item, fields, "View", paths);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let this = check::this(item);
    quote! {
        #same_fields #beside #layout #mirror
        #[automatically_derived]
        unsafe impl #impl_generics #private::ShmObject for #this #where_clause {
            type View = #view<#(#views),*>;
        }
    }
}

fn has_no_drop(item: &Item, fields: &[Field], paths: &Paths) -> TokenStream {
    let (this, needed) = (check::this(item), fields.iter().map(|field| paths.of_field(field, "NEEDS_DROP")));
    let arguments = quote! { ::<#this>(false #(|| #needed)*) };
    check::call(item.ident.span(), paths, "has_no_drop", &arguments)
}
