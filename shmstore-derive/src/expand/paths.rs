//! The ways to what the generated code mentions.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;

use crate::parse::{Field, Item, at};
use crate::{Derive, advice};

/// The runtime, as seen from the generated code.
pub(crate) struct Paths {
    derive: Derive,
    krate: TokenStream,
}

impl Paths {
    /// `None` where the runtime is not to be found.
    pub(crate) fn new(derive: Derive, item: &Item) -> Option<Self> {
        Some(Self { derive, krate: item.krate.clone()? })
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
        let module = module(self.derive, last);
        let field_trait = Ident::new(advice::field_trait(self.derive, &field.ty), last);
        let (ty, item) = (&field.tokens, Ident::new(item, last));
        if field.is_param {
            // By a function with the bound that the parameter should have: rustc advises to write it.
            let (of_param, item) = (Ident::new("of_param", last), Ident::new(&item.to_string().to_lowercase(), last));
            return quote_spanned! {last=> (#private::#module::#of_param::<#ty>().#item) };
        }
        let open = quote_spanned! {first=> < };
        let close = quote_spanned! {last=> as #private::#module::#field_trait>::#item };
        quote! { #open #ty #close }
    }

    /// Asks about the type within a field's type that there is advice about, if the field's type is refused: whether it is,
    /// and what it is made of, only the compiler knows, as a user may have a `Versioned` of their own.
    ///
    /// The compiler says once more here what is wrong with the field's type, and shows that as one message with that about
    /// the field if it has the very place of the type.
    pub(crate) fn advice_within(&self, field: &Field) -> Option<TokenStream> {
        let (derive, inner, advice) = advice::within(self.derive, &field.ty)?;
        let mut own = field.tokens.clone().into_iter().map(|token| token.span());
        let first = own.next()?;
        let last = own.last().unwrap_or(first);
        let spot = advice::last_segment(inner).map_or_else(|| first_span(inner), |segment| segment.ident.span());
        let (member, private) = (&field.member, self.private());
        let (module, advice) = (module(derive, last), Ident::new(advice, last));
        let function = if self.derive == Derive::Value { "of_value" } else { "of_object" };
        let (open, function) = (Ident::new("__shm", first), Ident::new(function, last));
        // A parameter, unlike an item, is found only where it was named: in generated code.
        let this = Ident::new("__shm_this", at(last));
        let argument = quote_spanned! {last=> (&raw const #this.#member) };
        let any = syn::token::Underscore(spot);
        let ask = format_ident!("__shm_{module}");
        Some(quote! {{
            use #private::within::Refused as _;
            <#any as #private::#module::#advice>::asked(#open::within::#function #argument.#ask::<#inner>());
        }})
    }
}

/// The module of the traits for a derive's fields.
fn module(derive: Derive, span: Span) -> Ident {
    Ident::new(if derive == Derive::Value { "value" } else { "object" }, span)
}

fn first_span(tokens: &impl ToTokens) -> Span {
    tokens.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| token.span())
}
