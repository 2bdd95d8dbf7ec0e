//! Finds the differences of two schemas, from the top down.
//!
//! A difference is reported where it begins, and what merely follows from it is not: the size of a struct that has one
//! more field, say. What is not equal is never passed over: a node in which no rule finds a difference is reported
//! itself.

use super::pairs::Pairs;
use super::shared_path::SharedPath;
use super::{Change, Difference, Offset, Side};
use crate::layout::schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant};

/// Lists the differences between two schemas: none if, and only if, they are equal.
pub(super) fn compare(ours: &OwnedSchema, theirs: &OwnedSchema) -> Vec<Difference> {
    let mut comparison = Comparison { found: Vec::new() };
    comparison.nodes(&Place::root(ours, theirs), ours, theirs);
    comparison.found
}

/// The place in both trees that is looked at.
struct Place<'a> {
    path: SharedPath,
    ours: Spot<'a>,
    theirs: Spot<'a>,
}

/// The place in one of the trees.
#[derive(Clone, Copy)]
struct Spot<'a> {
    /// The type of the field itself, which shows up in messages: `Versioned<Position>`, with which its value shares
    /// the path.
    field: &'a OwnedSchema,
    at: Offset,
    /// Where the node that is looked at starts.
    inside: Offset,
}

impl<'a> Spot<'a> {
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

impl<'a> Place<'a> {
    fn root(ours: &'a OwnedSchema, theirs: &'a OwnedSchema) -> Self {
        let start = Offset::Object(0);
        Self { path: SharedPath::root(), ours: Spot::new(ours, start), theirs: Spot::new(theirs, start) }
    }

    fn field(&self, ours: &'a OwnedField, theirs: &'a OwnedField) -> Self {
        Self { path: self.path.field(&ours.name), ours: self.ours.field(ours), theirs: self.theirs.field(theirs) }
    }

    fn element(&self, ours: &'a OwnedSchema, theirs: &'a OwnedSchema) -> Self {
        let start = Offset::Value(0);
        Self { path: self.path.element(), ours: Spot::new(ours, start), theirs: Spot::new(theirs, start) }
    }

    /// The value of a part that keeps it in a place of its own choice.
    fn value(&self) -> Self {
        let inside = Offset::Value(0);
        let (ours, theirs) = (Spot { inside, ..self.ours }, Spot { inside, ..self.theirs });
        Self { path: self.path.clone(), ours, theirs }
    }
}

struct Comparison {
    found: Vec<Difference>,
}

impl Comparison {
    fn nodes(&mut self, place: &Place<'_>, ours: &OwnedSchema, theirs: &OwnedSchema) {
        if ours == theirs {
            return;
        }
        let before = self.found.len();
        self.kinds(place, ours, theirs);
        if self.found.len() == before {
            self.size_and_align(place, ours, theirs);
        }
        if self.found.len() == before {
            self.push(place, Change::Retyped);
        }
    }

    fn kinds(&mut self, place: &Place<'_>, ours: &OwnedSchema, theirs: &OwnedSchema) {
        use OwnedKind as Of;
        match (ours.kind(), theirs.kind()) {
            (Of::Struct { .. }, Of::Struct { .. }) => self.structs(place, ours, theirs),
            (Of::Enum { .. }, Of::Enum { .. }) => self.enums(place, ours, theirs),
            (Of::Array { len: a, element: x }, Of::Array { len: b, element: y }) => {
                self.push_if(a != b, place, Change::ArrayLength);
                self.nodes(&place.element(x, y), x, y);
            }
            (Of::FixedVec { capacity: a, element: x }, Of::FixedVec { capacity: b, element: y }) => {
                self.push_if(a != b, place, Change::Capacity);
                self.nodes(&place.element(x, y), x, y);
            }
            (Of::FixedString { capacity: a }, Of::FixedString { capacity: b }) => {
                self.push_if(a != b, place, Change::Capacity);
            }
            (Of::AtomicCell { value: x }, Of::AtomicCell { value: y })
            | (Of::Versioned { value: x }, Of::Versioned { value: y }) => self.nodes(&place.value(), x, y),
            // The object is where the part is, so offsets go on counting.
            (Of::CacheAligned { object: x }, Of::CacheAligned { object: y }) => self.nodes(place, x, y),
            // The same but for size or alignment: the caller reports that.
            (a, b) if a == b => {}
            _ => self.retyped(place, ours, theirs),
        }
    }

    fn structs(&mut self, place: &Place<'_>, ours: &OwnedSchema, theirs: &OwnedSchema) {
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
            return self.push(place, Change::Retyped);
        }
        self.push_if(our_name != their_name, place, Change::TypeRenamed);
        if our_args != their_args {
            let (ours, theirs) = (our_args.clone(), their_args.clone());
            self.push(place, Change::ConstArgs { ours, theirs });
        }
        pairs.add(our_fields.iter().map(in_place), their_fields.iter().map(in_place));
        self.fields(place, our_fields, their_fields, &pairs);
        if !(is_natural(ours, our_fields) && is_natural(theirs, their_fields)) {
            self.size_and_align(place, ours, theirs);
        }
    }

    fn fields(&mut self, place: &Place<'_>, ours: &[OwnedField], theirs: &[OwnedField], pairs: &Pairs) {
        let before = self.found.len();
        let mut next = 0;
        for (at, field) in ours.iter().enumerate() {
            if let Some(partner) = pairs.theirs(at) {
                self.added(place, theirs, pairs.alone(next..partner));
                next = next.max(partner + 1);
                self.field(&place.field(field, &theirs[partner]), field, &theirs[partner]);
            } else {
                self.one_sided(place, field, Change::Removed);
            }
        }
        self.added(place, theirs, pairs.alone(next..theirs.len()));
        // Fields that stand in another order have moved, unless they have no bytes.
        let moved = self.found[before..].iter().any(|difference| difference.change == Change::Moved);
        self.push_if(!moved && !pairs.in_order(), place, Change::FieldOrder);
    }

    fn field(&mut self, place: &Place<'_>, ours: &OwnedField, theirs: &OwnedField) {
        if ours.name != theirs.name {
            return self.push(place, Change::Renamed { theirs: theirs.name.clone() });
        }
        let before = self.found.len();
        self.nodes(place, &ours.schema, &theirs.schema);
        // A difference of the field itself shows both offsets already.
        let shown = |difference: &Difference| difference.path.is(&place.path) && difference.change.shows_offsets();
        if ours.offset != theirs.offset && !self.found[before..].iter().any(shown) {
            self.found.insert(before, difference(place, Change::Moved));
        }
    }

    fn added(&mut self, place: &Place<'_>, theirs: &[OwnedField], alone: impl Iterator<Item = usize>) {
        alone.for_each(|at| self.one_sided(place, &theirs[at], Change::Added));
    }

    fn one_sided(&mut self, place: &Place<'_>, field: &OwnedField, change: Change) {
        let path = place.path.field(&field.name);
        let (ours, theirs) = match change {
            Change::Added => (None, Some(place.theirs.field(field).side())),
            _ => (Some(place.ours.field(field).side()), None),
        };
        self.found.push(Difference { path, change, ours, theirs });
    }

    fn enums(&mut self, place: &Place<'_>, ours: &OwnedSchema, theirs: &OwnedSchema) {
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
            return self.push(place, Change::Retyped);
        }
        self.push_if(our_name != their_name, place, Change::TypeRenamed);
        let (ours, theirs) = (*our_repr, *their_repr);
        self.push_if(ours != theirs, place, Change::Repr { ours, theirs });
        pairs.add(our_variants.iter().map(|v| v.discriminant), their_variants.iter().map(|v| v.discriminant));
        self.variants(place, our_variants, their_variants, &pairs);
    }

    fn variants(&mut self, place: &Place<'_>, ours: &[OwnedVariant], theirs: &[OwnedVariant], pairs: &Pairs) {
        let before = self.found.len();
        for (at, variant) in ours.iter().enumerate() {
            match pairs.theirs(at).map(|partner| &theirs[partner]) {
                Some(partner) => self.variant(place, variant, partner),
                None => {
                    let discriminant = variant.discriminant;
                    self.push_variant(place, &variant.name, Change::VariantRemoved { discriminant });
                }
            }
        }
        for variant in pairs.alone(0..theirs.len()).map(|at| &theirs[at]) {
            let discriminant = variant.discriminant;
            self.push_variant(place, &variant.name, Change::VariantAdded { discriminant });
        }
        // Variants that count from their place have other numbers in another order, and are reported already.
        let is_renumbered = |difference: &Difference| matches!(difference.change, Change::VariantRenumbered { .. });
        let renumbered = self.found[before..].iter().any(is_renumbered);
        self.push_if(!renumbered && !pairs.in_order(), place, Change::VariantOrder);
    }

    fn variant(&mut self, place: &Place<'_>, ours: &OwnedVariant, theirs: &OwnedVariant) {
        if ours.name != theirs.name {
            let (theirs, discriminant) = (theirs.name.clone(), ours.discriminant);
            self.push_variant(place, &ours.name, Change::VariantRenamed { theirs, discriminant });
        } else if ours.discriminant != theirs.discriminant {
            let (ours_is, theirs_is) = (ours.discriminant, theirs.discriminant);
            self.push_variant(place, &ours.name, Change::VariantRenumbered { ours: ours_is, theirs: theirs_is });
        }
    }

    fn push_variant(&mut self, place: &Place<'_>, name: &str, change: Change) {
        let path = place.path.variant(name);
        self.found.push(Difference { path, ..difference(place, change) });
    }

    /// Reports two kinds that have nothing in common, and says which they are if they go by the same name.
    fn retyped(&mut self, place: &Place<'_>, ours: &OwnedSchema, theirs: &OwnedSchema) {
        let mut found = difference(place, Change::Retyped);
        if let (Some(a), Some(b)) = (&mut found.ours, &mut found.theirs) {
            if a.type_name == b.type_name {
                a.type_name += &format!(" ({})", ours.kind().tag().word());
                b.type_name += &format!(" ({})", theirs.kind().tag().word());
            }
        }
        self.found.push(found);
    }

    fn size_and_align(&mut self, place: &Place<'_>, ours: &OwnedSchema, theirs: &OwnedSchema) {
        let size = Change::Size { ours: ours.size(), theirs: theirs.size() };
        self.push_if(ours.size() != theirs.size(), place, size);
        let align = Change::Align { ours: ours.align(), theirs: theirs.align() };
        self.push_if(ours.align() != theirs.align(), place, align);
    }

    fn push_if(&mut self, differs: bool, place: &Place<'_>, change: Change) {
        if differs {
            self.push(place, change);
        }
    }

    fn push(&mut self, place: &Place<'_>, change: Change) {
        self.found.push(difference(place, change));
    }
}

fn difference(place: &Place<'_>, change: Change) -> Difference {
    let (ours, theirs) = (Some(place.ours.side()), Some(place.theirs.side()));
    Difference { path: place.path.clone(), change, ours, theirs }
}

/// What a field that was only renamed keeps.
fn in_place(field: &OwnedField) -> (u64, &OwnedSchema) {
    (field.offset, &field.schema)
}

/// Tells whether a struct is as large and as aligned as its fields make it, so that a difference follows from theirs.
fn is_natural(schema: &OwnedSchema, fields: &[OwnedField]) -> bool {
    let align = fields.iter().map(|field| field.schema.align()).max().unwrap_or(1);
    let end = fields.iter().map(|field| field.offset.saturating_add(field.schema.size())).max().unwrap_or(0);
    schema.align() == align && end.checked_next_multiple_of(align) == Some(schema.size())
}
