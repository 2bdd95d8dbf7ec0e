//! `ShmObject`, and the view of an object.
//!
//! The view is a struct of the same layout. Its fields are the views of the object's fields. The types of its fields
//! are parameters, so it is sound by itself, and an error in a field of the object causes no other error in the view.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{Ident, Member};

use crate::Derive;
use crate::attr::ReprKind;
use crate::expand::paths::Paths;
use crate::expand::types::Types;
use crate::expand::{check, member, schema};
use crate::parse::{Field, Item, at};

pub(crate) fn expand(item: &Item, fields: &[Field], paths: &Paths) -> TokenStream {
    let types = Types::new(fields);
    let checks = check::layout(Derive::Object, item, fields, paths);
    let same_fields = check::same_fields(item, fields, &types, paths);
    let layout = schema::expand_struct(item, fields, &checks, paths);
    let view = view_name(item);
    let mirror = expand_view(item, &view, fields, &types, paths);

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

/// Returns the name of the view: `TelemetryView`, or another one if the item mentions this name.
fn view_name(item: &Item) -> Ident {
    let mut name = format!("{}View", item.ident.unraw());
    while item.names.contains(&name) {
        name.push('_');
    }
    Ident::new(&name, at(item.ident.span()))
}

fn expand_view(item: &Item, view: &Ident, fields: &[Field], types: &Types<'_>, paths: &Paths) -> TokenStream {
    let (reprs, vis) = (reprs(item), &item.vis);
    let doc = format!("The view of `{}`: the same memory, for reading only.", item.ident.unraw());
    let params: Vec<_> = params(types).collect();
    let mirrored = fields.iter().zip(&types.of).map(|(field, &number)| mirrored(field, &params[number]));
    let body = if is_tuple(fields) {
        quote! { (#(#mirrored),*); }
    } else {
        quote! { { #(#mirrored),* } }
    };
    let debug = expand_debug(item, view, fields, &params, paths);
    quote! {
        #[doc = #doc]
        #reprs
        #vis struct #view<#(#params),*> #body
        #debug
    }
}

/// Returns the `#[repr]` of the view. rustc cannot check `transparent` with parameters, so it becomes `C`, which has
/// the same layout.
fn reprs(item: &Item) -> TokenStream {
    if item.reprs.iter().any(|repr| repr.kind == ReprKind::Transparent) {
        quote! { #[repr(C)] }
    } else {
        item.repr_tokens.clone()
    }
}

/// Returns a type parameter for each type.
fn params(types: &Types<'_>) -> impl Iterator<Item = Ident> {
    (0..types.firsts.len()).map(|at| format_ident!("__ShmView{at}"))
}

fn is_tuple(fields: &[Field]) -> bool {
    matches!(fields.first().map(|field| &field.member), Some(Member::Unnamed(_)))
}

fn mirrored(field: &Field, param: &Ident) -> TokenStream {
    let doc = format!("The view of `{}`.", field.name);
    let vis = &field.vis;
    match &field.member {
        Member::Named(name) => quote! { #[doc = #doc] #vis #name: #param },
        Member::Unnamed(_) => quote! { #[doc = #doc] #vis #param },
    }
}

/// Generates `Debug` with the name of the object, because a reader of the view sees the same object.
fn expand_debug(item: &Item, view: &Ident, fields: &[Field], params: &[Ident], paths: &Paths) -> TokenStream {
    let private = paths.private();
    let name = item.ident.unraw().to_string();
    let members = fields.iter().map(|field| &field.member);
    let names = fields.iter().map(|field| &field.name);
    let shown = if is_tuple(fields) {
        quote! { debug_tuple(__shm_formatter, #name, &[#(&self.#members),*]) }
    } else {
        quote! { debug_struct(__shm_formatter, #name, &[#(#names),*], &[#(&self.#members),*]) }
    };
    quote! {
        #[automatically_derived]
        impl<#(#params: #private::fmt::Debug),*> #private::fmt::Debug for #view<#(#params),*> {
            fn fmt(&self, __shm_formatter: &mut #private::fmt::Formatter<'_>) -> #private::fmt::Result {
                #private::#shown
            }
        }
    }
}
