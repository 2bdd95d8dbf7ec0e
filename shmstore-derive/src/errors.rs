//! The errors of one item, which are reported together.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The errors of all passes.
#[derive(Default)]
pub(crate) struct Errors {
    error: Option<syn::Error>,
    /// The tokens given to [`Errors::add`]. A test cannot see the place to which a span points.
    #[cfg(test)]
    added: Vec<TokenStream>,
}

impl Errors {
    /// Adds an error about `tokens`. The message says how to change them.
    pub(crate) fn add(&mut self, tokens: impl ToTokens, message: impl Display) {
        #[cfg(test)]
        self.added.push(tokens.to_token_stream());
        self.push(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.error {
            None => self.error = Some(error),
            Some(first) => first.combine(error),
        }
    }

    pub(crate) fn append(&mut self, others: Self) {
        #[cfg(test)]
        self.added.extend(others.added);
        if let Some(error) = others.error {
            self.push(error);
        }
    }

    /// Returns the value, or keeps the error.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.error.is_none()
    }

    pub(crate) fn into_compile_error(self) -> Option<TokenStream> {
        self.error.map(syn::Error::into_compile_error)
    }

    /// Returns the messages, in the order in which they were added.
    #[cfg(test)]
    pub(crate) fn messages(self) -> Vec<String> {
        self.error.into_iter().flatten().map(|error| error.to_string()).collect()
    }

    /// The tokens that must change, in the order they were found.
    #[cfg(test)]
    pub(crate) fn added(&self) -> Vec<String> {
        self.added.iter().map(ToString::to_string).collect()
    }
}
