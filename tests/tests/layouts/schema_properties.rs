//! What holds for every schema, whoever wrote it.

use proptest::prelude::*;
use shmstore::schema::{Change, Difference, LayoutDiff, OwnedKind, OwnedSchema, Primitive};
use shmstore_tests::schemas::*;

const INTEGERS: [Primitive; 4] = [Primitive::U8, Primitive::I16, Primitive::U32, Primitive::I64];
const PRIMITIVES: [Primitive; 6] =
    [Primitive::U8, Primitive::Bool, Primitive::U32, Primitive::Char, Primitive::F32, Primitive::F64];

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z]{1,3}", 1 => any::<String>().prop_map(|name| format!("_{}", name.escape_debug()))]
        .prop_filter("names have at most 255 bytes", |name| name.len() < 200)
}

fn unique<T>(list: Vec<(String, T)>) -> Vec<(String, T)> {
    list.into_iter().enumerate().map(|(at, (name, part))| (format!("{name}{at}"), part)).collect()
}

fn any_const_args() -> impl Strategy<Value = Vec<(String, i128)>> {
    prop::collection::vec((any_name(), i128::from(i64::MIN)..=i128::from(u64::MAX)), 0..3).prop_map(unique)
}

fn any_enum() -> impl Strategy<Value = OwnedSchema> {
    (any_name(), prop::sample::select(&INTEGERS), prop::collection::vec((any_name(), Just(())), 1..6)).prop_map(
        |(name, repr, variants)| {
            let variants = unique(variants).into_iter().map(|(name, ())| name).zip(0..).collect();
            enum_of(&name, repr, variants)
        },
    )
}

fn any_leaf() -> impl Strategy<Value = OwnedSchema> {
    prop_oneof![
        prop::sample::select(&PRIMITIVES).prop_map(primitive),
        prop::sample::select(&INTEGERS).prop_map(atomic),
        any_enum(),
        (1_u64..9).prop_map(pad),
        Just(phantom()),
        (1_u64..99).prop_map(fixed_string),
        prop::sample::select(vec![lock(), event()]),
    ]
}

fn any_schema() -> impl Strategy<Value = OwnedSchema> {
    any_leaf().prop_recursive(6, 40, 5, |inner| {
        let fields = prop::collection::vec((any_name(), inner.clone()), 1..5).prop_map(unique);
        let align = prop::sample::select(&[1_u64, 1, 1, 64]);
        prop_oneof![
            4 => (any_name(), any_const_args(), fields, align)
                .prop_map(|(name, args, fields, align)| struct_of(&name, args, fields, align)),
            1 => (inner.clone(), 1_u64..9).prop_map(|(element, len)| array(element, len)),
            1 => (inner.clone(), 1_u64..9).prop_map(|(element, capacity)| fixed_vec(element, capacity)),
            1 => inner.clone().prop_map(versioned),
            1 => (inner.clone(), 1_u64..9).prop_map(|(value, capacity)| queue(value, capacity)),
            1 => (inner.clone(), 2_u64..9).prop_map(|(value, capacity)| broadcast(value, capacity)),
            1 => (inner.clone(), inner.clone(), 1_u64..9).prop_map(|(key, value, capacity)| map(key, value, capacity)),
            1 => (inner.clone(), 1_u64..9, 3_u64..=16, inner.clone())
                .prop_map(|(element, capacity, slots, meta)| frames(element, capacity, slots, meta)),
            1 => inner.clone().prop_map(cache_aligned),
            1 => prop::sample::select(&PRIMITIVES).prop_map(|value| atomic_cell(primitive(value))),
        ]
    })
}

macro_rules! mutations {
    ($($mutation:ident)*) => {
        /// A small change of one node. Where it does not apply, the node becomes an array of one of it instead.
        #[derive(Debug, Clone, Copy)]
        enum Mutation { $($mutation),* }

        const MUTATIONS: &[Mutation] = &[$(Mutation::$mutation),*];
    };
}

mutations! {
    RenameType RenameFirst SwapFirstAndLast RemoveFirst AddLast AddFirst AddConstArg ChangeConstArg RenameConstArg
    RemoveConstArg Align Renumber OtherNumberOfTheSize OneMore OtherWrapper OtherPart
}

/// Changes the node that is number `target` in preorder, and lays out everything around it anew.
fn mutate(schema: &OwnedSchema, target: &mut usize, mutation: Mutation) -> OwnedSchema {
    let here = *target == 0;
    *target = target.wrapping_sub(1);
    if here {
        return mutate_node(schema, mutation).unwrap_or_else(|| array(schema.clone(), 1));
    }
    let mut child = |child: &OwnedSchema| mutate(child, target, mutation);
    match schema.kind() {
        OwnedKind::Array { len, element } => array(child(element), *len),
        OwnedKind::FixedVec { capacity, element } => fixed_vec(child(element), *capacity),
        OwnedKind::AtomicCell { value } => atomic_cell(child(value)),
        OwnedKind::Versioned { value } => versioned(child(value)),
        OwnedKind::Queue { capacity, value } => queue(child(value), *capacity),
        OwnedKind::Broadcast { capacity, value } => broadcast(child(value), *capacity),
        OwnedKind::Map { capacity, key, value } => {
            let key = child(key);
            map(key, child(value), *capacity)
        }
        OwnedKind::Frames { capacity, slots, element, meta } => {
            let element = child(element);
            frames(element, *capacity, *slots, child(meta))
        }
        OwnedKind::CacheAligned { object } => cache_aligned(child(object)),
        OwnedKind::Struct { name, const_args, fields } => {
            let fields: Vec<_> = fields.iter().map(|field| (field.name.clone(), child(&field.schema))).collect();
            let args = const_args.iter().map(|arg| (arg.name.clone(), arg.value)).collect();
            struct_of(name, args, fields, own_align(schema))
        }
        _ => schema.clone(),
    }
}

/// The alignment that a struct asks for itself: more than any of its fields.
fn own_align(schema: &OwnedSchema) -> u64 {
    let OwnedKind::Struct { fields, .. } = schema.kind() else { return 1 };
    let fields = fields.iter().map(|field| field.schema.align()).max().unwrap_or(1);
    if schema.align() > fields { schema.align() } else { 1 }
}

fn mutate_node(schema: &OwnedSchema, mutation: Mutation) -> Option<OwnedSchema> {
    match (schema.kind(), mutation) {
        (OwnedKind::Struct { .. }, _) => mutate_struct(schema, mutation),
        (OwnedKind::Enum { .. }, _) => mutate_enum(schema, mutation),
        (OwnedKind::Primitive(number), Mutation::OtherNumberOfTheSize) => match number {
            Primitive::F64 => Some(primitive(Primitive::U64)),
            Primitive::F32 => Some(primitive(Primitive::Char)),
            Primitive::U32 => Some(primitive(Primitive::F32)),
            Primitive::U8 => Some(primitive(Primitive::Bool)),
            _ => None,
        },
        (OwnedKind::Array { len, element }, Mutation::OneMore) => Some(array(*element.clone(), len + 1)),
        (OwnedKind::FixedString { capacity }, Mutation::OneMore) => Some(fixed_string(capacity + 1)),
        (OwnedKind::FixedVec { capacity, element }, Mutation::OneMore) => {
            Some(fixed_vec(*element.clone(), capacity + 1))
        }
        (OwnedKind::Queue { capacity, value }, Mutation::OneMore) => Some(queue(*value.clone(), capacity + 1)),
        (OwnedKind::Broadcast { capacity, value }, Mutation::OneMore) => Some(broadcast(*value.clone(), capacity + 1)),
        (OwnedKind::Queue { capacity, value }, Mutation::OtherPart) if *capacity > 1 => {
            Some(broadcast(*value.clone(), *capacity))
        }
        (OwnedKind::Broadcast { capacity, value }, Mutation::OtherPart) => Some(queue(*value.clone(), *capacity)),
        (OwnedKind::Map { capacity, key, value }, Mutation::OneMore) => {
            Some(map(*key.clone(), *value.clone(), capacity + 1))
        }
        (OwnedKind::Map { capacity, key, value }, Mutation::SwapFirstAndLast) if key != value => {
            Some(map(*value.clone(), *key.clone(), *capacity))
        }
        (OwnedKind::Map { capacity, value, .. }, Mutation::OtherPart) => Some(queue(*value.clone(), *capacity)),
        (OwnedKind::Frames { .. }, _) => mutate_frames(schema, mutation),
        (OwnedKind::Queue { value: part, .. }, Mutation::OtherWrapper) => Some(versioned(*part.clone())),
        (OwnedKind::Pad, Mutation::OneMore) => Some(pad(schema.size() + 1)),
        (OwnedKind::Versioned { value: part }, Mutation::OtherWrapper) => Some(cache_aligned(*part.clone())),
        (OwnedKind::CacheAligned { object: part }, Mutation::OtherWrapper) => Some(versioned(*part.clone())),
        (OwnedKind::Lock, Mutation::OtherPart) => Some(event()),
        (OwnedKind::Event, Mutation::OtherPart) => Some(lock()),
        (OwnedKind::Lock | OwnedKind::Event, Mutation::OtherNumberOfTheSize) => Some(words_of(schema)),
        _ => None,
    }
}

fn mutate_frames(schema: &OwnedSchema, mutation: Mutation) -> Option<OwnedSchema> {
    let OwnedKind::Frames { capacity, slots, element, meta } = schema.kind() else { return None };
    let of = |capacity: u64, slots: u64| frames(*element.clone(), capacity, slots, *meta.clone());
    match mutation {
        Mutation::OneMore => Some(of(capacity + 1, *slots)),
        Mutation::AddLast if *slots < 16 => Some(of(*capacity, slots + 1)),
        Mutation::RemoveFirst if *slots > 3 => Some(of(*capacity, slots - 1)),
        Mutation::SwapFirstAndLast if element != meta && meta.size() > 0 => {
            Some(frames(*meta.clone(), *capacity, *slots, *element.clone()))
        }
        Mutation::OtherPart => Some(queue(*element.clone(), *capacity)),
        _ => None,
    }
}

/// Plain atomics of the same size and alignment.
fn words_of(part: &OwnedSchema) -> OwnedSchema {
    let word = atomic(Primitive::U64);
    if part.size() == word.size() { word } else { array(word, part.size() / 8) }
}

fn mutate_struct(schema: &OwnedSchema, mutation: Mutation) -> Option<OwnedSchema> {
    let OwnedKind::Struct { name, const_args, fields } = schema.kind() else { return None };
    let (mut name, mut align) = (name.clone(), own_align(schema));
    let mut args: Vec<_> = const_args.iter().map(|arg| (arg.name.clone(), arg.value)).collect();
    let mut fields: Vec<_> = fields.iter().map(|field| (field.name.clone(), field.schema.clone())).collect();
    match mutation {
        Mutation::RenameType => name.push('\''),
        Mutation::RenameFirst => fields.first_mut()?.0.push('\''),
        Mutation::SwapFirstAndLast if fields.len() > 1 => {
            let last = fields.len() - 1;
            fields.swap(0, last);
        }
        Mutation::RemoveFirst if fields.len() > 1 => drop(fields.remove(0)),
        Mutation::AddLast => fields.push(("new".into(), phantom())),
        Mutation::AddFirst => fields.insert(0, ("new".into(), primitive(Primitive::U16))),
        Mutation::AddConstArg => args.push(("NEW".into(), 0)),
        Mutation::ChangeConstArg => args.first_mut()?.1 ^= 1,
        Mutation::RenameConstArg => args.first_mut()?.0.push('\''),
        Mutation::RemoveConstArg => drop(args.pop()?),
        Mutation::Align => align = schema.align() * 2,
        _ => return None,
    }
    Some(struct_of(&name, args, fields, align))
}

fn mutate_enum(schema: &OwnedSchema, mutation: Mutation) -> Option<OwnedSchema> {
    let OwnedKind::Enum { name, repr, variants } = schema.kind() else { return None };
    let (mut name, mut repr) = (name.clone(), *repr);
    let mut variants: Vec<_> = variants.iter().map(|variant| (variant.name.clone(), variant.discriminant)).collect();
    match mutation {
        Mutation::RenameType => name.push('\''),
        Mutation::RenameFirst => variants.first_mut()?.0.push('\''),
        Mutation::SwapFirstAndLast if variants.len() > 1 => variants.rotate_left(1),
        Mutation::RemoveFirst if variants.len() > 1 => drop(variants.remove(0)),
        Mutation::AddLast => variants.push(("new".into(), 100)),
        Mutation::AddFirst => variants.insert(0, ("new".into(), 100)),
        Mutation::Renumber => variants.first_mut()?.1 = 100,
        Mutation::OtherNumberOfTheSize => repr = if repr == Primitive::I8 { Primitive::U8 } else { Primitive::I8 },
        _ => return None,
    }
    Some(enum_of(&name, repr, variants))
}

/// Checks both directions of a comparison of two layouts that differ.
fn check_differs(ours: &OwnedSchema, theirs: &OwnedSchema) -> Result<(), TestCaseError> {
    for (ours, theirs) in [(ours, theirs), (theirs, ours)] {
        let diff = LayoutDiff::between(ours, theirs);
        prop_assert!(!diff.is_empty(), "{:?}\n{:?}", ours, theirs);
        prop_assert!(diff.to_string().lines().count() > 1);
        // What no rule explains is reported as a type that differs from itself.
        let explained = |found: &Difference| match (found.change(), found.ours(), found.theirs()) {
            (Change::Retyped, Some(ours), Some(theirs)) => ours.type_name != theirs.type_name,
            _ => true,
        };
        prop_assert!(diff.differences().all(explained), "{}", diff);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_keeps_a_schema_and_its_hash(schema in any_schema()) {
        let json = schema.to_json();
        let back = OwnedSchema::from_json(&json).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&back, &schema);
        prop_assert_eq!(back.hash(), schema.hash());
        prop_assert_eq!(back.to_json(), json);
    }

    #[test]
    fn a_schema_does_not_differ_from_itself(schema in any_schema()) {
        prop_assert!(LayoutDiff::between(&schema, &schema.clone()).is_empty());
    }

    #[test]
    fn schemas_of_different_hashes_differ(ours in any_schema(), theirs in any_schema()) {
        prop_assert_eq!(ours == theirs, ours.hash() == theirs.hash());
        if ours != theirs {
            check_differs(&ours, &theirs)?;
        }
    }

    #[test]
    fn every_small_change_changes_the_hash_and_is_a_difference(schema in any_schema(), node in 0_usize..40) {
        let nodes = schema.to_json().matches("\"kind\"").count();
        for &mutation in MUTATIONS {
            let changed = mutate(&schema, &mut (node % nodes), mutation);
            prop_assert_ne!(changed.hash(), schema.hash(), "{:?}", mutation);
            check_differs(&schema, &changed)?;
        }
    }

    #[test]
    fn damaged_json_is_refused_or_read_as_another_sound_schema(
        schema in any_schema(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..9, "[\\[\\]{}\",:0-9a-z-]{0,9}"), 1..4),
    ) {
        let mut json = schema.to_json().into_bytes();
        for (at, removed, inserted) in edits {
            let at = at.index(json.len());
            let end = (at + removed).min(json.len());
            json.splice(at..end, inserted.into_bytes());
        }
        match OwnedSchema::from_json(&json) {
            Ok(read) => {
                prop_assert_eq!(OwnedSchema::from_json(read.to_json()).ok(), Some(read.clone()));
                prop_assert_eq!(LayoutDiff::between(&schema, &read).is_empty(), schema == read);
            }
            Err(error) => prop_assert!(!error.to_string().chars().any(char::is_control)),
        }
    }
}
