//! A type that each field's type brings along, `Validity` or `View`, for the implementation of the whole.
//!
//! The implementation takes each as a parameter that the field's type determines:
//! `impl<__View0> … where for<'__field> Field: FieldView<'__field, 0, View = __View0>`.
//! - To name it outright, `<Field as ShmObject>::View`, would be an error if the item is public and the field's type is
//!   private (E0446), though nobody outside can tell.
//! - The number keeps two fields of one type apart, whose parameters rustc could not tell apart otherwise.
//! - The lifetime keeps rustc from asking, before anybody does, whether the bound holds. Where it does not, there is an
//!   error on the field already; this one would not have its cure.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Generics, Ident, Type, parse_quote};

use crate::expand::paths::{Paths, ends};
use crate::parse::{Field, Item};

/// The item's parameters, with the bound that it is `Send` and `Sync`: without the bound, the compiler says so of an item
/// that is not, beside the error on the field that makes it so.
pub(crate) fn shareable(item: &Item, paths: &Paths) -> Generics {
    let private = paths.private();
    let mut generics = item.generics.clone();
    let bound = parse_quote! { for<'__any> Self: #private::Shareable<'__any> };
    generics.make_where_clause().predicates.push(bound);
    generics
}

/// The item's parameters with one more a field, and the names of these, in order.
pub(crate) fn params(item: &Item, fields: &[Field], member: &str, paths: &Paths) -> (Generics, Vec<Ident>) {
    let private = paths.private();
    let (name, field_trait) = (format_ident!("{member}"), format_ident!("Field{member}"));
    let mut generics = shareable(item, paths);
    let params = (0..fields.len()).map(|at| format_ident!("__{member}{at}")).collect::<Vec<_>>();
    for (at, (field, param)) in fields.iter().zip(&params).enumerate() {
        let (ty, bounds) = (&field.ty, bounds(member, &private));
        let (first, last) = ends(ty);
        let any_lifetime = quote_spanned! {first=> for<'__field> };
        let private = paths.private_at(last);
        let equation = equation(ty, &name, param);
        let bound = quote_spanned! {last=> #private::#field_trait<'__field, #at, #equation> };
        generics.params.push(parse_quote! { #param: #bounds });
        let predicate = parse_quote! { #any_lifetime #ty: #bound };
        generics.make_where_clause().predicates.push(predicate);
    }
    (generics, params)
}

/// `View = __View0`, in the very place of the type: rustc finds what is wrong in the type once more here, and it shows two
/// messages as one only if nothing in them differs.
fn equation(ty: &Type, name: &Ident, param: &Ident) -> TokenStream {
    let mut spans = ty.to_token_stream().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    let (name, param) =
        (Ident::new(&name.to_string(), first), Ident::new(&param.to_string(), spans.last().unwrap_or(first)));
    quote! { #name = #param }
}

/// What holds for every member of the kind.
fn bounds(member: &str, private: &TokenStream) -> TokenStream {
    match member {
        "Validity" => quote! { #private::Validity },
        _ => quote! { #private::Send + #private::Sync + 'static },
    }
}
