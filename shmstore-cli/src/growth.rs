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

/// Says whether an object grows from one layout to the other, or which field stands in the way. The layouts differ, and
/// have these names.
#[must_use]
pub fn between(a: &OwnedSchema, b: &OwnedSchema, [name_a, name_b]: [&str; 2]) -> String {
    let (prefixes_a, prefixes_b) = (a.prefix_hashes(), b.prefix_hashes());
    let (len_a, len_b) = (prefixes_a.len(), prefixes_b.len());
    let common = prefixes_a.iter().zip(&prefixes_b).take_while(|(a, b)| a == b).count();
    if common > 0 && common == len_a.min(len_b) && len_a != len_b {
        let (short, long, size) = if len_a < len_b { (name_a, name_b, b.size()) } else { (name_b, name_a, a.size()) };
        let more = counted(len_a.abs_diff(len_b), "field");
        return format!(
            "{long} has all fields of {short} and {more} more behind them: an object with a room of {size} bytes grows \
             from one to the other"
        );
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
        let says = |a: &OwnedSchema, b: &OwnedSchema| between(a, b, ["A", "B"]);
        let grows = "1 field more behind them: an object with a room of 24 bytes grows from one to the other";
        assert!(says(&short, &long).starts_with("B has all fields of A and "), "{}", says(&short, &long));
        assert!(says(&short, &long).ends_with(grows), "{}", says(&short, &long));
        assert!(says(&long, &short).starts_with("A has all fields of B and "), "{}", says(&long, &short));
        for (other, why) in [
            (rover("Rover", &[frames, ("level", Primitive::U32), load], &[]), "the field `level` differs"),
            (rover("Rover", &[frames, load], &[]), "A has the field `level` where B has `load`"),
            (rover("Rover", &[level], &[]), "A has the field `frames` where B has `level`"),
            (rover("Other", &[frames, level, load], &[]), "they are not structs with one name"),
            (rover("Rover", &[frames, level, load], &[("N", 4)]), "they are not structs with one name"),
            (OwnedSchema::new(8, 8, OwnedKind::Event).unwrap_or_else(|_| rover("E", &[], &[])), "not structs"),
        ] {
            let said = says(&short, &other);
            assert!(said.starts_with("no object grows from one to the other: ") && said.contains(why), "{said}");
        }
    }
}
