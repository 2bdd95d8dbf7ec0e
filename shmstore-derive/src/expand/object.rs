//! `ShmObject`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use crate::expand::check::{self, Checks};
use crate::expand::paths::{Paths, at};
use crate::expand::{schema, view};
use crate::parse::{Field, Item};

pub(crate) fn expand(item: &Item, fields: &[Field], paths: &Paths) -> TokenStream {
    let view = view::name(item, fields);
    let checks = check::every_struct(item, fields, paths)
        .into_iter()
        .chain([never_dropped(item, paths)])
        .chain(view::checks(item, &view, fields, paths));
    let Checks { beside, in_schema } = Checks::place(item, checks);
    let same_fields = check::same_fields(item, fields, paths);
    let layout = schema::expand_struct(item, fields, &in_schema, paths);
    let mirror = view::expand(item, &view, fields, paths);

    let private = paths.private();
    let (impl_generics, ty_generics, where_clause) = item.generics.split_for_impl();
    let ident = &item.ident;
    quote! {
        #same_fields #beside #layout #mirror
        #[automatically_derived]
        unsafe impl #impl_generics #private::ShmObject for #ident #ty_generics #where_clause {
            type View = #view #ty_generics;
        }
    }
}

fn never_dropped(item: &Item, paths: &Paths) -> TokenStream {
    let (span, this) = (at(item.ident.span()), check::this(item));
    let private = paths.private_at(span);
    quote_spanned! {span=> #private::is_never_dropped::<#this>() }
}
