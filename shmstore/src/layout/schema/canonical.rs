//! The canonical bytes of a node, which its hash is made from: once for the const tree, once for the owned one.
//!
//! A const function cannot be generic over the two, so the functions stand here in pairs that take the same steps of
//! [`LayoutHasher`] in the same order. Any change of them is a new hash version.

use super::{ConstArg, Field, Kind, OwnedConstArg, OwnedField, OwnedKind, OwnedVariant, Variant};
use crate::layout::hash::{LayoutHash, LayoutHasher};

/// Hashes a node from its own numbers and names and the finished hashes of its children.
pub(super) const fn hash_node(size: u64, align: u64, kind: &Kind) -> LayoutHash {
    let node = LayoutHasher::node(kind.tag() as u8, size, align);
    match kind {
        Kind::Primitive(primitive) | Kind::Atomic(primitive) => node.byte(*primitive as u8),
        Kind::Array { len, element } => node.u64(*len as u64).child(element.hash()),
        Kind::Struct { name, const_args, fields } => hash_fields(hash_args(node.name(name), const_args), fields),
        Kind::Enum { name, repr, variants } => hash_variants(node.name(name).byte(*repr as u8), variants),
        Kind::Pad | Kind::Phantom | Kind::Lock | Kind::Event => node,
        Kind::FixedString { capacity } => node.u64(*capacity as u64),
        Kind::FixedVec { capacity, element } => node.u64(*capacity as u64).child(element.hash()),
        Kind::AtomicCell { value } | Kind::Versioned { value } => node.child(value.hash()),
        Kind::CacheAligned { object } => node.child(object.hash()),
    }
    .finish()
}

/// What [`hash_node`] does, for the owned tree.
pub(super) fn hash_owned_node(size: u64, align: u64, kind: &OwnedKind) -> LayoutHash {
    let node = LayoutHasher::node(kind.tag() as u8, size, align);
    match kind {
        OwnedKind::Primitive(primitive) | OwnedKind::Atomic(primitive) => node.byte(*primitive as u8),
        OwnedKind::Array { len, element } => node.u64(*len).child(element.hash()),
        OwnedKind::Struct { name, const_args, fields } => {
            hash_owned_fields(hash_owned_args(node.name(name), const_args), fields)
        }
        OwnedKind::Enum { name, repr, variants } => hash_owned_variants(node.name(name).byte(*repr as u8), variants),
        OwnedKind::Pad | OwnedKind::Phantom | OwnedKind::Lock | OwnedKind::Event => node,
        OwnedKind::FixedString { capacity } => node.u64(*capacity),
        OwnedKind::FixedVec { capacity, element } => node.u64(*capacity).child(element.hash()),
        OwnedKind::AtomicCell { value } | OwnedKind::Versioned { value } => node.child(value.hash()),
        OwnedKind::CacheAligned { object } => node.child(object.hash()),
    }
    .finish()
}

const fn hash_args(node: LayoutHasher, args: &[ConstArg]) -> LayoutHasher {
    let mut node = node.u64(args.len() as u64);
    let mut at = 0;
    while at < args.len() {
        node = node.named_number(args[at].name, args[at].value);
        at += 1;
    }
    node
}

fn hash_owned_args(node: LayoutHasher, args: &[OwnedConstArg]) -> LayoutHasher {
    args.iter().fold(node.u64(args.len() as u64), |node, arg| node.named_number(&arg.name, arg.value))
}

const fn hash_fields(node: LayoutHasher, fields: &[Field]) -> LayoutHasher {
    let mut node = node.u64(fields.len() as u64);
    let mut at = 0;
    while at < fields.len() {
        let field = &fields[at];
        node = node.field(field.name, field.offset as u64, field.schema.hash());
        at += 1;
    }
    node
}

fn hash_owned_fields(node: LayoutHasher, fields: &[OwnedField]) -> LayoutHasher {
    fields
        .iter()
        .fold(node.u64(fields.len() as u64), |node, field| node.field(&field.name, field.offset, field.schema.hash()))
}

const fn hash_variants(node: LayoutHasher, variants: &[Variant]) -> LayoutHasher {
    let mut node = node.u64(variants.len() as u64);
    let mut at = 0;
    while at < variants.len() {
        node = node.named_number(variants[at].name, variants[at].discriminant);
        at += 1;
    }
    node
}

fn hash_owned_variants(node: LayoutHasher, variants: &[OwnedVariant]) -> LayoutHasher {
    variants
        .iter()
        .fold(node.u64(variants.len() as u64), |node, variant| node.named_number(&variant.name, variant.discriminant))
}
