//! The associated type `Validity` or `View` of each field, for the implementation of the item.
//!
//! The implementation has a parameter for each, and the type of the field determines it:
//! `impl<__ShmView0> … where for<'__shm_field> Field: FieldView<'__shm_field, 0, View = __ShmView0>`.
//! - The direct form `<Field as ShmObject>::View` is an error (E0446) if the item is public and the type of the field
//!   is private.
//! - The number distinguishes two names of one type. Without it, rustc could not tell their parameters apart.
//! - The lifetime delays the check of the bound. If the bound does not hold, the field has an error with advice
//!   already.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;

use crate::expand::paths::Paths;
use crate::expand::types::Types;
use crate::parse::{Field, Item};

/// The parameters and the `where` clause of an `impl`.
pub(crate) struct Generics {
    pub(crate) params: TokenStream,
    pub(crate) where_clause: TokenStream,
}

impl Generics {
    /// Adds parameters and bounds to those of the item.
    ///
    /// The bounds include that the item is `Send` and `Sync`. Without them, an item that is not would have a second
    /// error beside the error on its field.
    fn new(item: &Item, more: &TokenStream, bounds: &TokenStream, paths: &Paths) -> Self {
        let (private, own, predicates) = (paths.private(), item.params(), item.predicates());
        Self {
            params: quote! { <#own #more> },
            where_clause: quote! { where #predicates for<'__shm_any> Self: #private::Shareable<'__shm_any>, #bounds },
        }
    }
}

/// Returns the item's parameters, with the bound that the item is `Send` and `Sync`.
pub(crate) fn shareable(item: &Item, paths: &Paths) -> Generics {
    Generics::new(item, &TokenStream::new(), &TokenStream::new(), paths)
}

/// Returns the item's parameters with one more for each type, and the names of these.
pub(crate) fn params(item: &Item, types: &Types<'_>, member: &str, paths: &Paths) -> (Generics, Vec<Ident>) {
    let private = paths.private();
    let params = (0..types.firsts.len()).map(|at| format_ident!("__Shm{member}{at}")).collect::<Vec<_>>();
    let bound = format_ident!("{}", if member == "View" { "SharedView" } else { member });
    let bounds = types.firsts.iter().zip(&params).enumerate();
    let bounds = bounds.map(|(at, (field, param))| field_bound(field, at, member, param));
    let generics = Generics::new(item, &quote! { #(#params: #private::#bound),* }, &bounds.collect(), paths);
    (generics, params)
}

/// Generates the bound of one field.
///
/// `View = __ShmView0` has the span of the type. rustc reports an error in the type once more here, and merges two
/// messages only if they are equal.
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
