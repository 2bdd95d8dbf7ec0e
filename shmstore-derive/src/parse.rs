//! The item under a derive, with all data for the later passes.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{
    ConstParam, Data, DeriveInput, Fields, GenericParam, Generics, Ident, Index, LitStr, Member, Type, Visibility,
};

use crate::attr::{self, Repr, ReprKind, Shm};
use crate::errors::Errors;
use crate::names::Names;
use crate::{advice, krate, lint};

/// A struct, enum or union under a derive.
pub(crate) struct Item {
    pub(crate) shm: Shm,
    /// The path to the runtime, if there is one.
    pub(crate) krate: Option<TokenStream>,
    pub(crate) reprs: Vec<Repr>,
    /// The tokens of the `#[repr(…)]` attributes.
    pub(crate) repr_tokens: TokenStream,
    /// The lint levels of the item, as attributes for the generated code.
    pub(crate) lint_levels: TokenStream,
    /// Every identifier in the item.
    pub(crate) names: Names,
    pub(crate) vis: Visibility,
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    Struct(Vec<Field>),
    Enum(Vec<Variant>),
    Union(syn::token::Union),
}

pub(crate) struct Field {
    pub(crate) member: Member,
    /// Its name in the schema, without `r#`. In a tuple struct, this is a number.
    pub(crate) name: String,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    /// Whether the type is a parameter of the item.
    pub(crate) is_param: bool,
    /// The tokens of the type.
    pub(crate) tokens: TokenStream,
    /// The spans of the first and the last token of the type. Names with these spans have the meaning of generated
    /// code.
    pub(crate) ends: (Span, Span),
}

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    /// Its fields, which are an error.
    pub(crate) fields: Fields,
}

impl Item {
    pub(crate) fn parse(input: DeriveInput, names: Names, errors: &mut Errors) -> Self {
        let shm = Shm::parse(&input.attrs, errors);
        let reprs = Repr::parse(&input.attrs, errors);
        let lint_levels = lint::levels(&input);
        let body = match input.data {
            Data::Struct(data) => Body::Struct(fields(data.fields, &input.generics, errors)),
            Data::Enum(data) => Body::Enum(data.variants.into_iter().map(|v| variant(v, errors)).collect()),
            Data::Union(data) => Body::Union(data.union_token),
        };
        let krate = shm.krate.clone().or_else(|| krate::find(errors));
        Self {
            shm,
            krate,
            reprs,
            repr_tokens: attr::repr_tokens(&input.attrs),
            lint_levels,
            names,
            vis: input.vis,
            ident: input.ident,
            generics: without_attributes(input.generics),
            body,
        }
    }

    pub(crate) fn const_params(&self) -> impl Iterator<Item = &ConstParam> {
        self.generics.const_params()
    }

    /// Returns the parameters that the type of a field mentions.
    pub(crate) fn params_in<'item>(&'item self, field: &Field) -> impl Iterator<Item = &'item Ident> {
        let names = Names::of(field.tokens.clone(), &mut Errors::default());
        let is_in = move |param: &str| names.as_ref().is_some_and(|names| names.contains(param));
        let params = self.generics.params.iter().filter_map(|param| match param {
            GenericParam::Type(param) => Some(&param.ident),
            GenericParam::Const(param) => Some(&param.ident),
            GenericParam::Lifetime(_) => None,
        });
        params.filter(move |param| is_in(&param.unraw().to_string()))
    }

    /// Returns `true` if the item has parameters. The compiler can check it only with arguments.
    pub(crate) fn is_generic(&self) -> bool {
        !self.generics.params.is_empty()
    }

    /// Returns the alignment in `#[repr(align(N))]`, or 1.
    pub(crate) fn min_align(&self) -> usize {
        let asked = self.reprs.iter().filter_map(|repr| match repr.kind {
            ReprKind::Align(align) => usize::try_from(align?).ok(),
            _ => None,
        });
        asked.max().unwrap_or(1)
    }

    /// Returns its name in the schema.
    pub(crate) fn schema_name(&self) -> String {
        self.shm.name.as_ref().map_or_else(|| self.ident.unraw().to_string(), LitStr::value)
    }
}

/// Removes the attributes of the parameters, which generated code repeats. Their lint levels apply to all of it.
fn without_attributes(mut generics: Generics) -> Generics {
    for param in &mut generics.params {
        match param {
            GenericParam::Lifetime(param) => param.attrs.clear(),
            GenericParam::Type(param) => param.attrs.clear(),
            GenericParam::Const(param) => param.attrs.clear(),
        }
    }
    generics
}

fn fields(fields: Fields, generics: &Generics, errors: &mut Errors) -> Vec<Field> {
    let number =
        |at: usize| Member::Unnamed(Index { index: at.try_into().unwrap_or(u32::MAX), span: Span::mixed_site() });
    let fields = fields.into_iter().enumerate().map(|(at, field)| {
        attr::refuse_shm(&field.attrs, errors);
        let name = field.ident.as_ref().map_or_else(|| at.to_string(), |ident| ident.unraw().to_string());
        let member = field.ident.map_or_else(|| number(at), Member::Named);
        let tokens = field.ty.to_token_stream();
        let ends = ends(&tokens);
        let is_param = generics.type_params().any(|param| advice::is(&field.ty, &param.ident));
        Field { member, name, vis: field.vis, ty: field.ty, is_param, tokens, ends }
    });
    fields.collect()
}

/// Returns the spans of the first and the last token.
pub(crate) fn ends(tokens: &TokenStream) -> (Span, Span) {
    let mut spans = tokens.clone().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (at(first), at(spans.last().unwrap_or(first)))
}

/// Returns the location of `span`, for names with the meaning of generated code.
pub(crate) fn at(span: Span) -> Span {
    Span::call_site().located_at(span)
}

fn variant(variant: syn::Variant, errors: &mut Errors) -> Variant {
    attr::refuse_shm(&variant.attrs, errors);
    Variant { ident: variant.ident, fields: variant.fields }
}

impl Field {
    /// Returns the span for a message about the field: its name, or its type if it has no name.
    pub(crate) fn span(&self) -> Span {
        match &self.member {
            Member::Named(name) => name.span(),
            Member::Unnamed(_) => self.ends.0,
        }
    }
}
