//! Objects with room: which fields a process knows, and whether an object grows from one layout to another.

use shmstore::inspect::Participant;
use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema};

use crate::about::counted;
use crate::text::shown;

/// The largest number of fields that a process notes.
const MOST_NOTED: usize = 1023;

/// Returns the fields of a struct, and none for any other type.
#[must_use]
pub fn fields(schema: &OwnedSchema) -> &[OwnedField] {
    match schema.kind() {
        OwnedKind::Struct { fields, .. } => fields,
        _ => &[],
    }
}

/// Returns the number of fields that a process knows, if that is less than the object has.
#[must_use]
pub fn knows_only(of: &Participant, schema: &OwnedSchema) -> Option<usize> {
    let known = of.fields? as usize;
    (known < fields(schema).len().min(MOST_NOTED)).then_some(known)
}

/// A layout with its name for people.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The layout.
    pub schema: &'a OwnedSchema,
    /// Its name.
    pub name: &'a str,
    /// If it is the layout of an object that exists: the room of the object, in bytes, or `None`.
    pub object: Option<Option<u64>>,
}

/// Says whether an object grows from one layout to the other, or which field stands in the way. The layouts differ.
#[must_use]
pub fn between(one: Named<'_>, other: Named<'_>) -> String {
    let Named { schema: a, name: name_a, .. } = one;
    let Named { schema: b, name: name_b, .. } = other;
    let (prefixes_a, prefixes_b) = (a.prefix_hashes(), b.prefix_hashes());
    let (len_a, len_b) = (prefixes_a.len(), prefixes_b.len());
    let common = prefixes_a.iter().zip(&prefixes_b).take_while(|(a, b)| a == b).count();
    if common > 0 && common == len_a.min(len_b) && len_a != len_b {
        let (short, long) = if len_a < len_b { (one, other) } else { (other, one) };
        let more = counted(len_a.abs_diff(len_b), "field");
        let (short_name, long_name, grows) = (short.name, long.name, growing(short, long));
        return format!("{long_name} has all fields of {short_name} and {more} more behind them: {grows}");
    }
    let inserted = inserted(a, b).or_else(|| inserted(b, a)).filter(|_| are_alike(a, b));
    if let Some(cure) = inserted {
        return format!("no object grows from one to the other: {cure}");
    }
    let why = match (fields(a).get(common), fields(b).get(common)) {
        _ if !are_alike(a, b) => "they are not structs with one name and the same const arguments".to_owned(),
        (Some(a), Some(b)) if a.name != b.name => {
            format!("{name_a} has the field `{}` where {name_b} has `{}`", shown(&a.name), shown(&b.name))
        }
        (Some(field), Some(_)) => format!("the field `{}` differs", shown(&field.name)),
        _ => "their fields are the same, but not their sizes".to_owned(),
    };
    format!("no object grows from one to the other: {why}. An object grows only by fields behind all others")
}

/// Says whether an object with all fields of the shorter layout grows to the longer one.
fn growing(short: Named<'_>, long: Named<'_>) -> String {
    let size = long.schema.size();
    match (short.object, long.object) {
        (Some(None), _) => {
            let name = short.name;
            format!("but {name} has no room, and does not grow. `shmstore migrate` with --room {size} gives it room")
        }
        (Some(Some(room)), _) if room < size => format!(
            "but {} has a room of {room} bytes, and does not grow to {size} bytes. `shmstore migrate` gives it more room",
            short.name
        ),
        (Some(Some(room)), _) => format!("{}, which has a room of {room} bytes, grows to it", short.name),
        (None, Some(None)) => {
            format!("but {} has no room, so programs that know only the first fields cannot attach it", long.name)
        }
        _ => format!("an object with a room of {size} bytes grows from one to the other"),
    }
}

/// Says what to do if `long` has all fields of `short` in the same order, and others between them.
fn inserted(short: &OwnedSchema, long: &OwnedSchema) -> Option<String> {
    let (old, all) = (fields(short), fields(long));
    let is_old = |field: &&OwnedField| old.iter().any(|of| of.name == field.name);
    let kept: Vec<_> = all.iter().filter(is_old).collect();
    let is_alike = |(old, field): (&OwnedField, &&OwnedField)| old.name == field.name && old.schema == field.schema;
    if kept.len() != old.len() || !old.iter().zip(&kept).all(is_alike) {
        return None;
    }
    let first = all.iter().position(|field| !is_old(&field))?;
    let behind = all[first..].iter().find(is_old)?;
    let (new, behind) = (shown(&all[first].name), shown(&behind.name));
    Some(format!(
        "`{new}` stands before `{behind}`. Move it behind the last field, and an object that has room for it grows"
    ))
}

/// Returns `true` if both are structs with one name and the same const arguments.
fn are_alike(a: &OwnedSchema, b: &OwnedSchema) -> bool {
    match (a.kind(), b.kind()) {
        (OwnedKind::Struct { name, const_args, .. }, OwnedKind::Struct { name: other, const_args: args, .. }) => {
            name == other && const_args == args
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use shmstore::schema::{OwnedConstArg, Primitive};

    use super::*;

    fn named<'a>(schema: &'a OwnedSchema, name: &'a str) -> Named<'a> {
        Named { schema, name, object: None }
    }

    fn rover(name: &str, fields: &[(&str, Primitive)], args: &[(&str, i128)]) -> OwnedSchema {
        let field = |(&(name, of), offset): (&(&str, Primitive), u64)| {
            let schema = OwnedSchema::new(of.size() as u64, of.size() as u64, OwnedKind::Atomic(of)).unwrap();
            OwnedField { name: name.into(), offset, schema }
        };
        let size = 8 * fields.len() as u64;
        let fields = fields.iter().zip((0..).step_by(8)).map(field).collect();
        let const_args = args.iter().map(|&(name, value)| OwnedConstArg { name: name.into(), value }).collect();
        OwnedSchema::new(size, 8, OwnedKind::Struct { name: name.into(), const_args, fields }).unwrap()
    }

    #[test]
    fn longer_layout_and_field_in_the_way_are_named() {
        let (frames, level, load) = (("frames", Primitive::U64), ("level", Primitive::I32), ("load", Primitive::U64));
        let short = rover("Rover", &[frames, level], &[]);
        let long = rover("Rover", &[frames, level, load], &[]);
        let says = |a: &OwnedSchema, b: &OwnedSchema| between(named(a, "A"), named(b, "B"));
        let grows = "1 field more behind them: an object with a room of 24 bytes grows from one to the other";
        assert!(says(&short, &long).starts_with("B has all fields of A and "), "{}", says(&short, &long));
        assert!(says(&short, &long).ends_with(grows), "{}", says(&short, &long));
        assert!(says(&long, &short).starts_with("A has all fields of B and "), "{}", says(&long, &short));
        for (other, why) in [
            (rover("Rover", &[frames, ("level", Primitive::U32), load], &[]), "the field `level` differs"),
            (rover("Rover", &[frames, load], &[]), "A has the field `level` where B has `load`"),
            (rover("Rover", &[level], &[]), "`frames` stands before `level`. Move it"),
            (rover("Other", &[frames, level, load], &[]), "they are not structs with one name"),
            (rover("Rover", &[frames, level, load], &[("N", 4)]), "they are not structs with one name"),
            (OwnedSchema::new(8, 8, OwnedKind::Event).unwrap_or_else(|_| rover("E", &[], &[])), "not structs"),
        ] {
            let said = says(&short, &other);
            assert!(said.starts_with("no object grows from one to the other: ") && said.contains(why), "{said}");
        }
    }

    #[test]
    fn room_of_an_object_decides_whether_it_grows() {
        let (frames, level, load) = (("frames", Primitive::U64), ("level", Primitive::I32), ("load", Primitive::U64));
        let (short, long) = (rover("Rover", &[frames, level], &[]), rover("Rover", &[frames, level, load], &[]));
        let says = |a: Option<Option<u64>>, b: Option<Option<u64>>| {
            let short = Named { schema: &short, name: "A", object: a };
            between(Named { schema: &long, name: "B", object: b }, short)
        };
        assert!(
            says(Some(None), None).contains("but A has no room, and does not grow. `shmstore migrate` with --room 24")
        );
        assert!(says(Some(Some(23)), None).contains("but A has a room of 23 bytes, and does not grow to 24 bytes"));
        assert!(says(Some(Some(24)), Some(None)).ends_with("A, which has a room of 24 bytes, grows to it"));
        assert!(says(None, Some(None)).contains("but B has no room, so programs that know only the first"));
        assert!(says(None, Some(Some(24))).ends_with("an object with a room of 24 bytes grows from one to the other"));
    }

    #[test]
    fn field_that_was_put_between_others_is_the_one_to_move() {
        let (frames, level, load) = (("frames", Primitive::U64), ("level", Primitive::I32), ("load", Primitive::U64));
        let [old, new] = [&[frames, load][..], &[frames, level, load]].map(|fields| rover("Rover", fields, &[]));
        for said in [between(named(&old, "A"), named(&new, "B")), between(named(&new, "A"), named(&old, "B"))] {
            assert!(said.contains(": `level` stands before `load`. Move it behind the last field"), "{said}");
        }
        let swapped = rover("Rover", &[load, level, frames], &[]);
        assert!(
            between(named(&old, "A"), named(&swapped, "B")).contains("A has the field `frames` where B has `load`")
        );
    }
}
