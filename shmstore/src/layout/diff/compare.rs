//! Finds the differences of two schemas, from the top down.
//!
//! A difference is reported where it begins. Its consequences are not, such as the size of a struct with one more
//! field. No difference is passed over. If two nodes are not equal and no rule finds a difference in them, the nodes
//! themselves are reported.

use super::pairs::Pairs;
use super::shared_path::SharedPath;
use super::{Change, Difference, Offset, Side};
use crate::layout::schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant};

/// Lists the differences between two schemas. There are none if, and only if, the schemas are equal.
pub(super) fn compare(ours: &OwnedSchema, theirs: &OwnedSchema) -> Vec<Difference> {
    let mut comparison = Comparison { found: Vec::new() };
    comparison.compare(&NodePair::root(ours, theirs), ours, theirs);
    comparison.found
}

/// The nodes of both trees that are compared.
struct NodePair<'a> {
    path: SharedPath,
    ours: Node<'a>,
    theirs: Node<'a>,
}

/// A node of one of the trees.
#[derive(Clone, Copy)]
struct Node<'a> {
    /// The type of the field, for messages. A value in a part has the part's path, so its field is the part.
    field: &'a OwnedSchema,
    at: Offset,
    /// The offset of the node itself.
    inside: Offset,
}

impl<'a> Node<'a> {
    fn new(field: &'a OwnedSchema, at: Offset) -> Self {
        Self { field, at, inside: at }
    }

    fn field(&self, field: &'a OwnedField) -> Self {
        Self::new(&field.schema, self.inside.plus(field.offset))
    }

    fn side(self) -> Side {
        let field = self.field;
        Side { type_name: field.to_string(), offset: self.at, size: field.size(), align: field.align() }
    }
}

impl<'a> NodePair<'a> {
    fn root(ours: &'a OwnedSchema, theirs: &'a OwnedSchema) -> Self {
        let start = Offset::Object(0);
        Self { path: SharedPath::root(), ours: Node::new(ours, start), theirs: Node::new(theirs, start) }
    }

    fn field(&self, ours: &'a OwnedField, theirs: &'a OwnedField) -> Self {
        Self { path: self.path.field(&ours.name), ours: self.ours.field(ours), theirs: self.theirs.field(theirs) }
    }

    fn element(&self, ours: &'a OwnedSchema, theirs: &'a OwnedSchema) -> Self {
        let start = Offset::Value(0);
        Self { path: self.path.element(), ours: Node::new(ours, start), theirs: Node::new(theirs, start) }
    }

    /// What two parts have beside their elements: the keys of maps, the metadata of frames. Each part decides itself
    /// where that is.
    fn beside(&self, name: &str, ours: &'a OwnedSchema, theirs: &'a OwnedSchema) -> Self {
        Self { path: self.path.field(name), ..self.element(ours, theirs) }
    }

    /// The values in two parts. A part decides itself where its value is, so offsets begin at the value.
    fn value(&self) -> Self {
        let inside = Offset::Value(0);
        let (ours, theirs) = (Node { inside, ..self.ours }, Node { inside, ..self.theirs });
        Self { path: self.path.clone(), ours, theirs }
    }
}

struct Comparison {
    found: Vec<Difference>,
}

impl Comparison {
    fn compare(&mut self, nodes: &NodePair<'_>, ours: &OwnedSchema, theirs: &OwnedSchema) {
        if ours == theirs {
            return;
        }
        let before = self.found.len();
        self.kinds(nodes, ours, theirs);
        if self.found.len() == before {
            self.size_and_align(nodes, ours, theirs);
        }
        if self.found.len() == before {
            self.push(nodes, Change::Retyped);
        }
    }

    fn kinds(&mut self, nodes: &NodePair<'_>, ours: &OwnedSchema, theirs: &OwnedSchema) {
        use OwnedKind as Of;
        match (ours.kind(), theirs.kind()) {
            (Of::Struct { .. }, Of::Struct { .. }) => self.structs(nodes, ours, theirs),
            (Of::Enum { .. }, Of::Enum { .. }) => self.enums(nodes, ours, theirs),
            (Of::Array { len: a, element: x }, Of::Array { len: b, element: y }) => {
                self.push_if(a != b, nodes, Change::ArrayLength);
                self.compare(&nodes.element(x, y), x, y);
            }
            (Of::FixedVec { capacity: a, element: x }, Of::FixedVec { capacity: b, element: y }) => {
                self.push_if(a != b, nodes, Change::Capacity);
                self.compare(&nodes.element(x, y), x, y);
            }
            (Of::FixedString { capacity: a }, Of::FixedString { capacity: b }) => {
                self.push_if(a != b, nodes, Change::Capacity);
            }
            (Of::AtomicCell { value: x }, Of::AtomicCell { value: y })
            | (Of::Versioned { value: x }, Of::Versioned { value: y }) => self.compare(&nodes.value(), x, y),
            (Of::Queue { capacity: a, value: x }, Of::Queue { capacity: b, value: y })
            | (Of::Broadcast { capacity: a, value: x }, Of::Broadcast { capacity: b, value: y }) => {
                self.push_if(a != b, nodes, Change::Capacity);
                self.compare(&nodes.element(x, y), x, y);
            }
            (Of::Map { capacity: a, key: our_key, value: x }, Of::Map { capacity: b, key: their_key, value: y }) => {
                self.push_if(a != b, nodes, Change::Capacity);
                self.compare(&nodes.beside("key", our_key, their_key), our_key, their_key);
                self.compare(&nodes.element(x, y), x, y);
            }
            (
                Of::Frames { capacity: a, slots: our_slots, element: x, meta: m },
                Of::Frames { capacity: b, slots: their_slots, element: y, meta: n },
            ) => {
                self.push_if(a != b, nodes, Change::Capacity);
                self.push_if(our_slots != their_slots, nodes, Change::Slots);
                self.compare(&nodes.beside("meta", m, n), m, n);
                self.compare(&nodes.element(x, y), x, y);
            }
            // The object is at the start of the part, so offsets go on counting.
            (Of::CacheAligned { object: x }, Of::CacheAligned { object: y }) => self.compare(nodes, x, y),
            // The caller reports a difference of size or alignment.
            (a, b) if a == b => {}
            _ => self.retyped(nodes, ours, theirs),
        }
    }

    fn structs(&mut self, nodes: &NodePair<'_>, ours: &OwnedSchema, theirs: &OwnedSchema) {
        let (
            OwnedKind::Struct { name: our_name, const_args: our_args, fields: our_fields },
            OwnedKind::Struct { name: their_name, const_args: their_args, fields: their_fields },
        ) = (ours.kind(), theirs.kind())
        else {
            return;
        };
        let mut pairs =
            Pairs::by_name(our_fields.iter().map(|f| f.name.as_str()), their_fields.iter().map(|f| f.name.as_str()));
        if our_name != their_name && pairs.is_empty() {
            return self.push(nodes, Change::Retyped);
        }
        self.push_if(our_name != their_name, nodes, Change::TypeRenamed);
        if our_args != their_args {
            let (ours, theirs) = (our_args.clone(), their_args.clone());
            self.push(nodes, Change::ConstArgs { ours, theirs });
        }
        pairs.add(our_fields.iter().map(offset_and_schema), their_fields.iter().map(offset_and_schema));
        self.fields(nodes, our_fields, their_fields, &pairs);
        if !(is_natural(ours, our_fields) && is_natural(theirs, their_fields)) {
            self.size_and_align(nodes, ours, theirs);
        }
    }

    fn fields(&mut self, nodes: &NodePair<'_>, ours: &[OwnedField], theirs: &[OwnedField], pairs: &Pairs) {
        let before = self.found.len();
        let mut next = 0;
        for (at, field) in ours.iter().enumerate() {
            if let Some(partner) = pairs.theirs(at) {
                self.added(nodes, theirs, pairs.alone(next..partner));
                next = next.max(partner + 1);
                self.field(&nodes.field(field, &theirs[partner]), field, &theirs[partner]);
            } else {
                self.one_sided(nodes, field, Change::Removed);
            }
        }
        self.added(nodes, theirs, pairs.alone(next..theirs.len()));
        // Fields in another order have moved, unless they have no bytes.
        let moved = self.found[before..].iter().any(|difference| difference.change == Change::Moved);
        self.push_if(!moved && !pairs.in_order(), nodes, Change::FieldOrder);
    }

    fn field(&mut self, nodes: &NodePair<'_>, ours: &OwnedField, theirs: &OwnedField) {
        if ours.name != theirs.name {
            return self.push(nodes, Change::Renamed { theirs: theirs.name.clone() });
        }
        let before = self.found.len();
        self.compare(nodes, &ours.schema, &theirs.schema);
        // A difference of the field itself shows both offsets already.
        let shown = |difference: &Difference| difference.path.is(&nodes.path) && difference.change.shows_offsets();
        if ours.offset != theirs.offset && !self.found[before..].iter().any(shown) {
            self.found.insert(before, difference(nodes, Change::Moved));
        }
    }

    fn added(&mut self, nodes: &NodePair<'_>, theirs: &[OwnedField], alone: impl Iterator<Item = usize>) {
        alone.for_each(|at| self.one_sided(nodes, &theirs[at], Change::Added));
    }

    fn one_sided(&mut self, nodes: &NodePair<'_>, field: &OwnedField, change: Change) {
        let path = nodes.path.field(&field.name);
        let (ours, theirs) = match change {
            Change::Added => (None, Some(nodes.theirs.field(field).side())),
            _ => (Some(nodes.ours.field(field).side()), None),
        };
        self.found.push(Difference { path, change, ours, theirs });
    }

    fn enums(&mut self, nodes: &NodePair<'_>, ours: &OwnedSchema, theirs: &OwnedSchema) {
        let (
            OwnedKind::Enum { name: our_name, repr: our_repr, variants: our_variants },
            OwnedKind::Enum { name: their_name, repr: their_repr, variants: their_variants },
        ) = (ours.kind(), theirs.kind())
        else {
            return;
        };
        let mut pairs = Pairs::by_name(
            our_variants.iter().map(|v| v.name.as_str()),
            their_variants.iter().map(|v| v.name.as_str()),
        );
        if our_name != their_name && pairs.is_empty() {
            return self.push(nodes, Change::Retyped);
        }
        self.push_if(our_name != their_name, nodes, Change::TypeRenamed);
        let (ours, theirs) = (*our_repr, *their_repr);
        self.push_if(ours != theirs, nodes, Change::Repr { ours, theirs });
        pairs.add(our_variants.iter().map(|v| v.discriminant), their_variants.iter().map(|v| v.discriminant));
        self.variants(nodes, our_variants, their_variants, &pairs);
    }

    fn variants(&mut self, nodes: &NodePair<'_>, ours: &[OwnedVariant], theirs: &[OwnedVariant], pairs: &Pairs) {
        let before = self.found.len();
        for (at, variant) in ours.iter().enumerate() {
            match pairs.theirs(at).map(|partner| &theirs[partner]) {
                Some(partner) => self.variant(nodes, variant, partner),
                None => {
                    let discriminant = variant.discriminant;
                    self.push_variant(nodes, &variant.name, Change::VariantRemoved { discriminant });
                }
            }
        }
        for variant in pairs.alone(0..theirs.len()).map(|at| &theirs[at]) {
            let discriminant = variant.discriminant;
            self.push_variant(nodes, &variant.name, Change::VariantAdded { discriminant });
        }
        // Variants without explicit numbers have other numbers in another order. These are reported already.
        let is_renumbered = |difference: &Difference| matches!(difference.change, Change::VariantRenumbered { .. });
        let renumbered = self.found[before..].iter().any(is_renumbered);
        self.push_if(!renumbered && !pairs.in_order(), nodes, Change::VariantOrder);
    }

    fn variant(&mut self, nodes: &NodePair<'_>, ours: &OwnedVariant, theirs: &OwnedVariant) {
        if ours.name != theirs.name {
            let (theirs, discriminant) = (theirs.name.clone(), ours.discriminant);
            self.push_variant(nodes, &ours.name, Change::VariantRenamed { theirs, discriminant });
        } else if ours.discriminant != theirs.discriminant {
            let (ours_is, theirs_is) = (ours.discriminant, theirs.discriminant);
            self.push_variant(nodes, &ours.name, Change::VariantRenumbered { ours: ours_is, theirs: theirs_is });
        }
    }

    fn push_variant(&mut self, nodes: &NodePair<'_>, name: &str, change: Change) {
        let path = nodes.path.variant(name);
        self.found.push(Difference { path, ..difference(nodes, change) });
    }

    /// Reports two nodes of different kinds. If their types have the same name, the kinds are shown, too.
    fn retyped(&mut self, nodes: &NodePair<'_>, ours: &OwnedSchema, theirs: &OwnedSchema) {
        let mut found = difference(nodes, Change::Retyped);
        if let (Some(a), Some(b)) = (&mut found.ours, &mut found.theirs) {
            if a.type_name == b.type_name {
                a.type_name += &format!(" ({})", ours.kind().tag().word());
                b.type_name += &format!(" ({})", theirs.kind().tag().word());
            }
        }
        self.found.push(found);
    }

    fn size_and_align(&mut self, nodes: &NodePair<'_>, ours: &OwnedSchema, theirs: &OwnedSchema) {
        let size = Change::Size { ours: ours.size(), theirs: theirs.size() };
        self.push_if(ours.size() != theirs.size(), nodes, size);
        let align = Change::Align { ours: ours.align(), theirs: theirs.align() };
        self.push_if(ours.align() != theirs.align(), nodes, align);
    }

    fn push_if(&mut self, differs: bool, nodes: &NodePair<'_>, change: Change) {
        if differs {
            self.push(nodes, change);
        }
    }

    fn push(&mut self, nodes: &NodePair<'_>, change: Change) {
        self.found.push(difference(nodes, change));
    }
}

fn difference(nodes: &NodePair<'_>, change: Change) -> Difference {
    let (ours, theirs) = (Some(nodes.ours.side()), Some(nodes.theirs.side()));
    Difference { path: nodes.path.clone(), change, ours, theirs }
}

/// The key by which a renamed field is recognized.
fn offset_and_schema(field: &OwnedField) -> (u64, &OwnedSchema) {
    (field.offset, &field.schema)
}

/// Returns `true` if size and alignment of a struct follow from its fields.
fn is_natural(schema: &OwnedSchema, fields: &[OwnedField]) -> bool {
    let align = fields.iter().map(|field| field.schema.align()).max().unwrap_or(1);
    let end = fields.iter().map(|field| field.offset.saturating_add(field.schema.size())).max().unwrap_or(0);
    schema.align() == align && end.checked_next_multiple_of(align) == Some(schema.size())
}
