//! The attributes that the derives read: `#[shm(…)]` and `#[repr(…)]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, ExprLit, Lit, LitChar, LitInt, LitStr, Path};

use crate::errors::Errors;
use crate::names;

/// Returns `true` if an attribute has this name, also as a raw identifier: `r#repr` is `repr`.
pub(crate) fn is(attr: &Attribute, name: &str) -> bool {
    attr.path().get_ident().is_some_and(|ident| ident.unraw() == name)
}

/// The contents of `#[shm(…)]`.
#[derive(Default)]
pub(crate) struct Shm {
    /// The type-id-char, in printable ASCII.
    pub(crate) id: Option<LitChar>,
    /// The bytes that a new object has for itself and for fields that are appended later.
    pub(crate) room: Option<Room>,
    /// The name in the schema, instead of the name of the type.
    pub(crate) name: Option<LitStr>,
    /// The path of the runtime, instead of a dependency.
    pub(crate) krate: Option<TokenStream>,
}

/// `room = 4096`.
pub(crate) struct Room {
    pub(crate) key: Path,
    /// Any expression, which becomes part of the generated code once.
    pub(crate) bytes: Expr,
}

impl Shm {
    /// Reads all `#[shm(…)]` attributes of an item.
    pub(crate) fn parse(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut shm = Self::default();
        for attr in attrs.iter().filter(|attr| is(attr, "shm")) {
            let parsed = attr.parse_nested_meta(|meta| shm.one(&meta, errors));
            errors.keep(parsed);
        }
        shm
    }

    fn one(&mut self, meta: &ParseNestedMeta<'_>, errors: &mut Errors) -> syn::Result<()> {
        let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match key.as_str() {
            "id" => once(&mut self.id, meta, parse_id(meta), errors),
            "room" => once(&mut self.room, meta, parse_room(meta), errors),
            "name" => once(&mut self.name, meta, parse_name(meta), errors),
            "crate" => {
                let path = parse_crate(meta, errors);
                once(&mut self.krate, meta, path, errors);
                // After an error, this path keeps the derive from searching for another one.
                self.krate.get_or_insert_with(|| quote! { ::shmstore });
            }
            _ => {
                let known = "write `id = 'T'`, `room = 4096`, `name = \"…\"` or `crate = \"…\"`";
                return Err(meta.error(format!("unknown `shm` attribute: {known}")));
            }
        }
        Ok(())
    }
}

/// Refuses `#[shm(…)]` on a field or a variant.
pub(crate) fn refuse_shm(attrs: &[Attribute], errors: &mut Errors) {
    for attr in attrs.iter().filter(|attr| is(attr, "shm")) {
        errors.add(attr, "a field or a variant has no `shm` attribute: write it on the struct or the enum");
    }
}

fn once<T>(place: &mut Option<T>, meta: &ParseNestedMeta<'_>, value: syn::Result<T>, errors: &mut Errors) {
    if place.is_some() {
        let key = meta.path.to_token_stream();
        errors.push(meta.error(format!("`{key}` is given twice: remove one")));
    }
    *place = errors.keep(value).or(place.take());
}

fn parse_id(meta: &ParseNestedMeta<'_>) -> syn::Result<LitChar> {
    const CURE: &str = "a type-id-char is one printable ASCII character: write `id = 'T'`";
    match literal(meta, CURE)? {
        Lit::Char(id) if matches!(id.value(), ' '..='~') => Ok(id),
        other => Err(syn::Error::new_spanned(other, CURE)),
    }
}

/// Parses the number, or another expression. The compiler checks its type, and the runtime its value.
fn parse_room(meta: &ParseNestedMeta<'_>) -> syn::Result<Room> {
    const CURE: &str = "`room` is a number of bytes: write `room = 4096`, or a constant of type `usize`";
    match ungrouped(&value(meta, CURE)?) {
        Expr::Lit(ExprLit { lit, .. }) if !matches!(lit, Lit::Int(_)) => Err(syn::Error::new_spanned(lit, CURE)),
        bytes => Ok(Room { key: meta.path.clone(), bytes: bytes.clone() }),
    }
}

fn parse_name(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    const CURE: &str = "the name in the schema is a string that is not empty: write `name = \"Telemetry\"`";
    match literal(meta, CURE)? {
        Lit::Str(name) if !name.value().is_empty() => Ok(name),
        other => Err(syn::Error::new_spanned(other, CURE)),
    }
}

/// Parses a path in a string, or without quotes as in a `macro_rules!` macro: `$crate::shmstore`.
fn parse_crate(meta: &ParseNestedMeta<'_>, errors: &mut Errors) -> syn::Result<TokenStream> {
    const CURE: &str = "`crate` is the path of the shmstore crate: write `crate = \"::my_crate::shmstore\"`";
    match ungrouped(&value(meta, CURE)?) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
            let path = text.parse_with(Path::parse_mod_style).map_err(|_| syn::Error::new_spanned(text, CURE))?;
            path.segments.iter().for_each(|segment| names::refuse_reserved(&segment.ident, errors));
            Ok(path.to_token_stream())
        }
        Expr::Path(path) if path.qself.is_none() => Ok(path.to_token_stream()),
        other => Err(syn::Error::new_spanned(other, CURE)),
    }
}

/// Parses the literal after `=`.
fn literal(meta: &ParseNestedMeta<'_>, cure: &str) -> syn::Result<Lit> {
    match ungrouped(&value(meta, cure)?) {
        Expr::Lit(ExprLit { lit, .. }) => Ok(lit.clone()),
        other => Err(syn::Error::new_spanned(other, cure)),
    }
}

fn value(meta: &ParseNestedMeta<'_>, cure: &str) -> syn::Result<Expr> {
    meta.value().map_err(|_| meta.error(cure))?.parse()
}

/// Removes the invisible groups around an expression. `macro_rules!` puts them around a fragment.
pub(crate) fn ungrouped(mut expr: &Expr) -> &Expr {
    while let Expr::Group(group) = expr {
        expr = &group.expr;
    }
    expr
}

/// One word of `#[repr(…)]`.
pub(crate) struct Repr {
    pub(crate) path: Path,
    pub(crate) kind: ReprKind,
}

/// The meaning of a word of `#[repr(…)]`.
#[derive(PartialEq, Eq)]
pub(crate) enum ReprKind {
    C,
    Transparent,
    Packed,
    /// `align(N)`, with `N` if it is a number.
    Align(Option<u64>),
    /// The name of an integer type.
    Integer(String),
    Other,
}

impl Repr {
    /// Reads all words of all `#[repr(…)]` attributes of an item.
    pub(crate) fn parse(attrs: &[Attribute], errors: &mut Errors) -> Vec<Self> {
        let mut words = Vec::new();
        for attr in attrs.iter().filter(|attr| is(attr, "repr")) {
            let parsed = attr.parse_nested_meta(|meta| {
                words.push(Self::one(&meta)?);
                Ok(())
            });
            errors.keep(parsed);
        }
        words
    }

    fn one(meta: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let argument = if meta.input.peek(syn::token::Paren) { Some(argument(meta)?) } else { None };
        let kind = match word.as_str() {
            "C" => ReprKind::C,
            "transparent" => ReprKind::Transparent,
            "packed" => ReprKind::Packed,
            "align" => {
                ReprKind::Align(argument.and_then(|tokens| syn::parse2::<LitInt>(tokens).ok()?.base10_parse().ok()))
            }
            "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => {
                ReprKind::Integer(word)
            }
            _ => ReprKind::Other,
        };
        Ok(Self { path: meta.path.clone(), kind })
    }
}

fn argument(meta: &ParseNestedMeta<'_>) -> syn::Result<TokenStream> {
    let content;
    syn::parenthesized!(content in meta.input);
    content.parse()
}

/// Returns the tokens of the `#[repr(…)]` attributes, for another struct of the same layout.
pub(crate) fn repr_tokens(attrs: &[Attribute]) -> TokenStream {
    attrs.iter().filter(|attr| is(attr, "repr")).map(ToTokens::to_token_stream).collect()
}
