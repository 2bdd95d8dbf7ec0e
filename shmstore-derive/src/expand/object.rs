//! `ShmObject`.

use proc_macro2::TokenStream;
use quote::quote;

use crate::Derive;
use crate::expand::paths::Paths;
use crate::expand::types::Types;
use crate::expand::{check, member, schema, view};
use crate::parse::{Field, Item};

pub(crate) fn expand(item: &Item, fields: &[Field], paths: &Paths) -> TokenStream {
    let types = Types::new(fields);
    let checks = check::layout(Derive::Object, item, fields, paths);
    let same_fields = check::same_fields(item, fields, &types, paths);
    let layout = schema::expand_struct(item, fields, &checks, paths);
    let view = view::name(item);
    let mirror = view::expand(item, &view, fields, &types, paths);

    let private = paths.private();
    let (generics, views) = member::params(item, &types, "View", paths);
    let (params, where_clause) = (&generics.params, &generics.where_clause);
    let this = item.this();
    quote! {
        #same_fields #layout #mirror
        #[automatically_derived]
        unsafe impl #params #private::ShmObject for #this #where_clause {
            type View = #view<#(#views),*>;
        }
    }
}
