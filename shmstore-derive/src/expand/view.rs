//! The view of an object: a struct of the same layout, whose fields are the views of the object's fields.
//!
//! It takes the types of its fields as parameters, so that it is sound by itself, and a field with an error in the
//! object has no other in the view.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{Ident, Member};

use crate::attr::ReprKind;
use crate::expand::paths::Paths;
use crate::expand::types::Types;
use crate::parse::{Field, Item, at};

/// Names the view: `TelemetryView`, unless the item mentions this name, which it would then mean.
pub(crate) fn name(item: &Item) -> Ident {
    let mut name = format!("{}View", item.ident.unraw());
    while item.names.contains(&name) {
        name.push('_');
    }
    Ident::new(&name, at(item.ident.span()))
}

pub(crate) fn expand(item: &Item, view: &Ident, fields: &[Field], types: &Types<'_>, paths: &Paths) -> TokenStream {
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

/// Those of the object; but `transparent`, which rustc cannot check with parameters, becomes what it is in memory.
fn reprs(item: &Item) -> TokenStream {
    if item.reprs.iter().any(|repr| repr.kind == ReprKind::Transparent) {
        quote! { #[repr(C)] }
    } else {
        item.repr_tokens.clone()
    }
}

/// One type parameter a type.
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

/// Shows the object's name: a view is the same object to whoever reads it.
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
