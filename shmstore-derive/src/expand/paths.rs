//! The ways to what the generated code mentions.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Ident;

use crate::parse::{Field, Item, at};
use crate::{Derive, advice};

/// The runtime, as seen from the generated code.
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

    /// Gives the module that holds everything the generated code mentions a short name: each token of a path costs the
    /// user's build.
    pub(crate) fn import(&self) -> TokenStream {
        let (krate, private) = (&self.krate, self.private());
        quote! { use #krate::__private as #private; }
    }

    /// That name.
    pub(crate) fn private(&self) -> Ident {
        Ident::new("__shm", Span::call_site())
    }

    /// The same, blamed on the given place if something is wrong with what follows.
    pub(crate) fn private_at(&self, span: Span) -> Ident {
        Ident::new("__shm", at(span))
    }

    /// `<Type as Trait>::item` for a field's type, with the trait whose message is the best advice.
    ///
    /// It begins and ends where the type does, so that rustc underlines the whole type. The type's own tokens stay as
    /// they are: their spans say what they name.
    pub(crate) fn of_field(&self, field: &Field, item: &str) -> TokenStream {
        let (first, last) = field.ends;
        let private = Ident::new("__shm", last);
        let module = Ident::new(if self.derive == Derive::Value { "value" } else { "object" }, last);
        let field_trait = Ident::new(advice::field_trait(self.derive, &field.ty), last);
        let (ty, item) = (&field.tokens, Ident::new(item, last));
        let open = quote_spanned! {first=> < };
        let close = quote_spanned! {last=> as #private::#module::#field_trait>::#item };
        quote! { #open #ty #close }
    }
}
