//! The plan of a conversion: an action for each part of an object, found once for a pair of layouts.

use std::collections::HashMap;

use super::super::{Migration, Refused};
use super::numbers;
use crate::inspect::{FramesPlaces, FramesTypes, MapPlaces, RingPlaces};
use crate::layout::path::{FieldPath, Step};
use crate::layout::schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive};
use crate::sync::VersionedOffsets;

/// The conversion of one part.
pub(super) struct Plan<'s> {
    pub(super) from: &'s OwnedSchema,
    pub(super) to: &'s OwnedSchema,
    pub(super) how: How<'s>,
}

/// The kinds of conversion. In a pair, the old layout is first.
pub(super) enum How<'s> {
    /// There is nothing to carry.
    Nothing,
    /// The layout is the same: so many bytes, whatever they are.
    Copy(u64),
    Number(Primitive, Primitive),
    /// The sizes of the enums, and for each old variant the bits of both, in the order of the old ones.
    Variant([usize; 2], Vec<(u64, Option<u64>)>),
    /// The capacities.
    Text([u64; 2]),
    /// The fields that both structs have.
    Fields(Vec<Field<'s>>),
    Array(Elements<'s>),
    List(Elements<'s>),
    /// A part that holds one value.
    Value([Place; 2], Box<Plan<'s>>),
    Queue(RingPlaces, Box<Plan<'s>>),
    Broadcast(RingPlaces, Box<Plan<'s>>),
    Map(MapPlaces, Box<[Plan<'s>; 2]>),
    /// The metadata and the elements. The numbers of elements are the capacities.
    Frames(FramesPlaces, Box<(Plan<'s>, Elements<'s>)>),
}

pub(super) struct Field<'s> {
    pub(super) name: &'s str,
    pub(super) offsets: [u64; 2],
    pub(super) plan: Plan<'s>,
}

/// The elements of two lists: how many there are at most, their sizes, and the conversion of each.
pub(super) struct Elements<'s> {
    pub(super) lens: [u64; 2],
    pub(super) sizes: [u64; 2],
    pub(super) plan: Box<Plan<'s>>,
}

/// Where the value is in a part that holds one value.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Start,
    Versioned(VersionedOffsets),
}

/// Returns the plan for an object, and the paths of all that it carries and does not.
pub(super) fn plan_of<'s>(from: &'s OwnedSchema, to: &'s OwnedSchema) -> Result<(Plan<'s>, Migration), Refused> {
    let migration = Migration { carried: Vec::new(), new: Vec::new(), gone: Vec::new(), was_needed: from != to };
    let (mut planner, root) = (Planner { migration }, FieldPath::default());
    let plan = match (bare(from).kind(), bare(to).kind()) {
        // The fields of an object are listed, also if all of them are carried.
        (OwnedKind::Struct { fields: old, .. }, OwnedKind::Struct { fields: new, .. }) => {
            Plan { from, to, how: planner.fields(&root, old, new)? }
        }
        _ => planner.part(&root, from, to)?,
    };
    Ok((plan, planner.migration))
}

struct Planner {
    migration: Migration,
}

impl Planner {
    /// Plans a part, which is one path if all of it is carried.
    fn part<'s>(&mut self, path: &FieldPath, from: &'s OwnedSchema, to: &'s OwnedSchema) -> Result<Plan<'s>, Refused> {
        let listed = |migration: &Migration| [migration.new.len(), migration.gone.len()];
        let (before, carried) = (listed(&self.migration), self.migration.carried.len());
        let plan = self.plan(path, from, to)?;
        if listed(&self.migration) == before {
            self.migration.carried.truncate(carried);
            self.migration.carried.push(path.clone());
        }
        Ok(plan)
    }

    fn plan<'s>(&mut self, path: &FieldPath, from: &'s OwnedSchema, to: &'s OwnedSchema) -> Result<Plan<'s>, Refused> {
        let (from, to) = (bare(from), bare(to));
        let how = if !has_meaning(from) || !has_meaning(to) {
            How::Nothing
        } else if from == to {
            How::Copy(from.size())
        } else {
            self.kinds(path, from, to)?
        };
        Ok(Plan { from, to, how })
    }

    fn kinds<'s>(&mut self, path: &FieldPath, from: &'s OwnedSchema, to: &'s OwnedSchema) -> Result<How<'s>, Refused> {
        use OwnedKind as Of;
        let refused = |why: String| refused(path, from, to, why);
        let element = || path.with(Step::Element);
        Ok(match (from.kind(), to.kind()) {
            (Of::Struct { fields: old, .. }, Of::Struct { fields: new, .. }) => self.fields(path, old, new)?,
            (Of::Array { len: a, element: x }, Of::Array { len: b, element: y }) => {
                How::Array(self.elements(&element(), [*a, *b], x, y)?)
            }
            (Of::FixedVec { capacity: a, element: x }, Of::FixedVec { capacity: b, element: y }) => {
                How::List(self.elements(&element(), [*a, *b], x, y)?)
            }
            (Of::FixedString { capacity: a }, Of::FixedString { capacity: b }) => How::Text([*a, *b]),
            (Of::Enum { repr: a, variants: old, .. }, Of::Enum { repr: b, variants: new, .. }) => {
                variants((*a, old), (*b, new))
            }
            (Of::Queue { capacity: a, value: x }, Of::Queue { capacity: b, value: y }) => {
                RingPlaces::of_queue(from, x, *a).map_err(refused)?;
                let places = RingPlaces::of_queue(to, y, *b).map_err(refused)?;
                How::Queue(places, Box::new(self.plan(&element(), x, y)?))
            }
            (Of::Broadcast { capacity: a, value: x }, Of::Broadcast { capacity: b, value: y }) => {
                RingPlaces::of_broadcast(from, x, *a).map_err(refused)?;
                let places = RingPlaces::of_broadcast(to, y, *b).map_err(refused)?;
                How::Broadcast(places, Box::new(self.plan(&element(), x, y)?))
            }
            (Of::Map { capacity: a, key: k, value: x }, Of::Map { capacity: b, key: l, value: y }) => {
                MapPlaces::of(from, (k, x, *a)).map_err(refused)?;
                let places = MapPlaces::of(to, (l, y, *b)).map_err(refused)?;
                let plans = [self.plan(&path.field("key"), k, l)?, self.plan(&element(), x, y)?];
                How::Map(places, Box::new(plans))
            }
            (
                Of::Frames { capacity: a, slots: old_slots, element: x, meta: m },
                Of::Frames { capacity: b, slots: new_slots, element: y, meta: n },
            ) => {
                let old = FramesTypes { frames: from, element: x, meta: m, capacity: *a, slots: *old_slots };
                let new = FramesTypes { frames: to, element: y, meta: n, capacity: *b, slots: *new_slots };
                FramesPlaces::of(old).map_err(refused)?;
                let places = FramesPlaces::of(new).map_err(refused)?;
                let meta = self.meta(&path.field("meta"), m, n)?;
                let plan = Box::new(self.part(&element(), x, y)?);
                How::Frames(places, Box::new((meta, Elements { lens: [*a, *b], sizes: [x.size(), y.size()], plan })))
            }
            _ => match (number(from), number(to), held(from), held(to)) {
                (Some(a), Some(b), ..) if numbers::are_alike(a, b) => How::Number(a, b),
                (_, _, Some((a, x)), Some((b, y))) => {
                    let places = [a.map_err(refused)?, b.map_err(refused)?];
                    How::Value(places, Box::new(self.plan(path, x, y)?))
                }
                _ => return Err(refused("no rule leads from one type to the other".into())),
            },
        })
    }

    /// Plans the metadata of frames, which only one of the two layouts may have.
    fn meta<'s>(&mut self, path: &FieldPath, from: &'s OwnedSchema, to: &'s OwnedSchema) -> Result<Plan<'s>, Refused> {
        match (has_meaning(from), has_meaning(to)) {
            (true, true) => return self.part(path, from, to),
            (false, true) => self.migration.new.push(path.clone()),
            (true, false) => self.migration.gone.push(path.clone()),
            (false, false) => {}
        }
        Ok(Plan { from, to, how: How::Nothing })
    }

    fn elements<'s>(
        &mut self,
        path: &FieldPath,
        lens: [u64; 2],
        from: &'s OwnedSchema,
        to: &'s OwnedSchema,
    ) -> Result<Elements<'s>, Refused> {
        Ok(Elements { lens, sizes: [from.size(), to.size()], plan: Box::new(self.plan(path, from, to)?) })
    }

    fn fields<'s>(
        &mut self,
        path: &FieldPath,
        from: &'s [OwnedField],
        to: &'s [OwnedField],
    ) -> Result<How<'s>, Refused> {
        let with_meaning = |field: &&OwnedField| has_meaning(&field.schema);
        let named = from.iter().filter(with_meaning).map(|field| (field.name.as_str(), field));
        let mut left: HashMap<&str, &OwnedField> = named.collect();
        let mut plans = Vec::new();
        for new in to.iter().filter(with_meaning) {
            let path = path.field(&new.name);
            let Some(old) = left.remove(new.name.as_str()) else {
                self.migration.new.push(path);
                continue;
            };
            let plan = self.part(&path, &old.schema, &new.schema)?;
            if !matches!(plan.how, How::Nothing) {
                plans.push(Field { name: &new.name, offsets: [old.offset, new.offset], plan });
            }
        }
        let gone = from.iter().filter(|field| left.contains_key(field.name.as_str()));
        self.migration.gone.extend(gone.filter(with_meaning).map(|field| path.field(&field.name)));
        Ok(if plans.is_empty() { How::Nothing } else { How::Fields(plans) })
    }
}

pub(super) fn refused(path: &FieldPath, from: &OwnedSchema, to: &OwnedSchema, why: String) -> Refused {
    Refused { path: path.clone(), from: from.to_string(), to: to.to_string(), why }
}

/// Returns the object in cache lines of its own, which begins where these begin.
fn bare(schema: &OwnedSchema) -> &OwnedSchema {
    match schema.kind() {
        OwnedKind::CacheAligned { object } => bare(object),
        _ => schema,
    }
}

/// Returns `false` for padding, `PhantomData` and `()`, and arrays of them.
fn has_meaning(schema: &OwnedSchema) -> bool {
    match schema.kind() {
        OwnedKind::Pad | OwnedKind::Phantom => false,
        OwnedKind::Array { element, .. } => has_meaning(element),
        _ => true,
    }
}

/// Returns the type of a number, atomic or not.
fn number(schema: &OwnedSchema) -> Option<Primitive> {
    match schema.kind() {
        OwnedKind::Primitive(of) | OwnedKind::Atomic(of) => Some(*of),
        _ => None,
    }
}

/// Returns the place and the type of the value in a part that holds one value. An atomic integer is its own value.
fn held(schema: &OwnedSchema) -> Option<(Result<Place, String>, &OwnedSchema)> {
    match schema.kind() {
        OwnedKind::Atomic(_) => Some((Ok(Place::Start), schema)),
        OwnedKind::AtomicCell { value } => Some((Ok(Place::Start), value)),
        OwnedKind::Versioned { value } => {
            let offsets = VersionedOffsets::of(value.size(), value.align());
            let is_own = |offsets: &VersionedOffsets| (offsets.size, offsets.align) == (schema.size(), schema.align());
            let place = offsets.filter(is_own).map(Place::Versioned).ok_or_else(|| {
                format!("no `Versioned` of this program is {} bytes, aligned to {}", schema.size(), schema.align())
            });
            Some((place, value))
        }
        _ => None,
    }
}

fn variants<'s>(old: (Primitive, &[OwnedVariant]), new: (Primitive, &[OwnedVariant])) -> How<'s> {
    let bits = |of: Primitive, variant: &OwnedVariant| numbers::low_bits(of, variant.discriminant);
    let names: HashMap<&str, u64> = new.1.iter().map(|of| (of.name.as_str(), bits(new.0, of))).collect();
    let pair = |of: &OwnedVariant| (bits(old.0, of), names.get(of.name.as_str()).copied());
    let mut pairs: Vec<_> = old.1.iter().map(pair).collect();
    pairs.sort_unstable();
    How::Variant([old.0.size(), new.0.size()], pairs)
}
