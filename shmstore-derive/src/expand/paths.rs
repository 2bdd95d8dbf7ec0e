//! The ways to what the generated code mentions.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Ident, Type};

use crate::parse::{Field, Item};
use crate::{Derive, advice};

/// The runtime, as seen from the user's crate.
pub(crate) struct Paths {
    derive: Derive,
    krate: TokenStream,
}

impl Paths {
    pub(crate) fn new(derive: Derive, item: &Item) -> Self {
        let krate = match &item.shm.krate {
            Some(path) => path.to_token_stream(),
            None => quote! { ::shmstore },
        };
        Self { derive, krate }
    }

    /// The module that holds everything the generated code mentions.
    pub(crate) fn private(&self) -> TokenStream {
        let krate = &self.krate;
        quote! { #krate::__private }
    }

    /// The same, blamed on the given place if something is wrong with what follows.
    pub(crate) fn private_at(&self, span: Span) -> TokenStream {
        let span = at(span);
        let krate = self.krate.clone().into_iter().map(|mut token| {
            token.set_span(span);
            token
        });
        let krate: TokenStream = krate.collect();
        quote_spanned! {span=> #krate::__private }
    }

    /// `<Type as Trait>::item` for a field's type, with the trait whose message is the best advice.
    ///
    /// It begins and ends where the type does, so that rustc underlines the whole type. The type's own tokens stay as
    /// they are: their spans say what they name.
    pub(crate) fn of_field(&self, field: &Field, item: &str) -> TokenStream {
        let (first, last) = ends(&field.ty);
        let (ty, field_trait, item) = (&field.ty, self.field_trait(field), Ident::new(item, last));
        let open = quote_spanned! {first=> < };
        let close = quote_spanned! {last=> as #field_trait>::#item };
        quote! { #open #ty #close }
    }

    /// The trait that asks for a field's type.
    pub(crate) fn field_trait(&self, field: &Field) -> TokenStream {
        let (_, last) = ends(&field.ty);
        let name = Ident::new(advice::field_trait(self.derive, &field.ty), last);
        let module = Ident::new(if self.derive == Derive::Value { "value" } else { "object" }, last);
        let private = self.private_at(last);
        quote_spanned! {last=> #private::#module::#name }
    }
}

/// The place of `span`, with the meaning that names in generated code have.
pub(crate) fn at(span: Span) -> Span {
    Span::call_site().located_at(span)
}

/// The places of a type's first and last token.
pub(crate) fn ends(ty: &Type) -> (Span, Span) {
    let mut tokens = ty.to_token_stream().into_iter().map(|token| token.span());
    let first = tokens.next().unwrap_or_else(Span::call_site);
    (at(first), at(tokens.last().unwrap_or(first)))
}
