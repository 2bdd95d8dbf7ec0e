//! A type that each field's type brings along, `Validity` or `View`, for the implementation of the whole.
//!
//! The implementation takes each as a parameter that the field's type determines:
//! `impl<__ShmView0> … where for<'__shm_field> Field: FieldView<'__shm_field, 0, View = __ShmView0>`.
//! - To name it outright, `<Field as ShmObject>::View`, would be an error if the item is public and the field's type is
//!   private (E0446), though nobody outside can tell.
//! - The number keeps apart two names of one type, whose parameters rustc could not tell apart otherwise.
//! - The lifetime keeps rustc from asking, before anybody does, whether the bound holds. Where it does not, there is an
//!   error on the field already; this one would not have its cure.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;

use crate::expand::paths::Paths;
use crate::expand::types::Types;
use crate::parse::{Field, Item};

/// What stands after `impl`, and before its body.
pub(crate) struct Generics {
    pub(crate) params: TokenStream,
    pub(crate) where_clause: TokenStream,
}

impl Generics {
    /// The item's own, with more parameters and more bounds. Those bounds include that the item is `Send` and `Sync`:
    /// without it, the compiler says so of an item that is not, beside the error on the field that makes it so.
    fn new(item: &Item, more: &TokenStream, bounds: &TokenStream, paths: &Paths) -> Self {
        let (private, own, predicates) = (paths.private(), item.params(), item.predicates());
        Self {
            params: quote! { <#own #more> },
            where_clause: quote! { where #predicates for<'__shm_any> Self: #private::Shareable<'__shm_any>, #bounds },
        }
    }
}

/// The item's parameters, with the bound that it is `Send` and `Sync`.
pub(crate) fn shareable(item: &Item, paths: &Paths) -> Generics {
    Generics::new(item, &TokenStream::new(), &TokenStream::new(), paths)
}

/// The item's parameters with one more a type, and the names of these, in order.
pub(crate) fn params(item: &Item, types: &Types<'_>, member: &str, paths: &Paths) -> (Generics, Vec<Ident>) {
    let private = paths.private();
    let params = (0..types.firsts.len()).map(|at| format_ident!("__Shm{member}{at}")).collect::<Vec<_>>();
    let bound = format_ident!("{}", if member == "View" { "SharedView" } else { member });
    let bounds = types.firsts.iter().zip(&params).enumerate();
    let bounds = bounds.map(|(at, (field, param))| field_bound(field, at, member, param));
    let generics = Generics::new(item, &quote! { #(#params: #private::#bound),* }, &bounds.collect(), paths);
    (generics, params)
}

/// `View = __ShmView0` stands in the very place of the type: rustc finds what is wrong in the type once more here, and it
/// shows two messages as one only if nothing in them differs.
fn field_bound(field: &Field, at: usize, member: &str, param: &Ident) -> TokenStream {
    let (first, last) = field.ends;
    let mut spans = field.tokens.clone().into_iter().map(|token| token.span());
    let own_first = spans.next().unwrap_or_else(Span::call_site);
    let own_last = spans.last().unwrap_or(own_first);
    let (name, param) = (Ident::new(member, own_first), Ident::new(&param.to_string(), own_last));
    let (private, field_trait) = (Ident::new("__shm", last), format_ident!("Field{member}", span = last));
    let ty = &field.tokens;
    let any_lifetime = quote_spanned! {first=> for<'__shm_field> };
    let bound = quote_spanned! {last=> #private::#field_trait<'__shm_field, #at, #name = #param>, };
    quote! { #any_lifetime #ty: #bound }
}
