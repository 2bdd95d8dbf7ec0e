//! The diff of two layouts names what differs, where it begins, and nothing else.

use shmstore::schema::Primitive::{Bool, F32, F64, U8, U16, U32, U64};
use shmstore::schema::{Change, LayoutDiff, Offset, OwnedSchema};
use shmstore_tests::schemas::*;

fn table(ours: &OwnedSchema, theirs: &OwnedSchema) -> String {
    LayoutDiff::between(ours, theirs).to_string()
}

/// Checks the table of `S { f: ours }` against `S { f: theirs }`: each row, its cells separated by ` | `.
#[track_caller]
fn assert_rows(ours: OwnedSchema, theirs: OwnedSchema, rows: &[&str]) {
    let table = table(&structure("S", [("f", ours)]), &structure("S", [("f", theirs)]));
    let cells = |line: &str| {
        let cells: Vec<&str> = line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        cells.join(" | ")
    };
    let found: Vec<String> = table.lines().skip(1).map(cells).collect();
    assert_eq!(found, rows, "\n{table}");
}

fn position(x: OwnedSchema) -> OwnedSchema {
    structure("Position", [("x", x), ("y", primitive(F64)), ("z", primitive(F64))])
}

fn mode(variants: &[(&str, i128)]) -> OwnedSchema {
    enumeration("Mode", U8, variants)
}

#[test]
fn the_table_reads_as_the_design_shows_it() {
    let ours = structure("Telemetry", [("frames", atomic(U64)), ("position", versioned(position(primitive(F64))))]);
    let theirs = structure(
        "Telemetry",
        [("frames", atomic(U64)), ("position", versioned(position(primitive(F32)))), ("battery", atomic(U64))],
    );
    let expected = [
        "    field        this program   the segment",
        "  ~ position.x   f64 at +0      f32 at +0          type differs",
        "  + battery      -              AtomicU64 at 112   only in the segment",
    ];
    assert_eq!(table(&ours, &theirs), expected.join("\n"));
}

#[test]
fn equal_layouts_have_no_difference() {
    let layout = position(primitive(F64));
    assert!(LayoutDiff::between(&layout, &layout.clone()).is_empty());
    assert_eq!(table(&layout, &layout), "  no difference");
}

#[test]
fn both_sides_of_a_difference_can_be_read_as_data() {
    let ours = structure("S", [("a", primitive(U32))]);
    let theirs = structure("S", [("a", primitive(F32)), ("b", primitive(U64))]);
    let diff = LayoutDiff::between(&ours, &theirs);
    let [retyped, added] = diff.differences().collect::<Vec<_>>()[..] else { panic!("{diff}") };
    assert_eq!((retyped.path().as_str(), retyped.change()), ("a", &Change::Retyped));
    assert_eq!(retyped.ours().map(|side| side.type_name.as_str()), Some("u32"));
    assert_eq!((added.path().as_str(), added.change(), added.ours()), ("b", &Change::Added, None));
    let b = added.theirs().expect("they have it");
    assert_eq!((b.offset, b.size, b.align), (Offset::Object(8), 8, 8));
}

#[test]
fn offsets_count_from_the_object_except_below_what_has_no_one_place() {
    let inner = |x| structure("Inner", [("pad", pad(4)), ("x", x)]);
    let nested = |x| structure("Outer", [("n", primitive(U64)), ("inner", inner(x))]);
    let (a, b) = (nested(primitive(U32)), nested(primitive(F32)));
    let row = ["~ f.inner.x | u32 at 12 | f32 at 12 | type differs"];
    assert_rows(a.clone(), b.clone(), &row);
    assert_rows(cache_aligned(a.clone()), cache_aligned(b.clone()), &row);
    let row = ["~ f.inner.x | u32 at +12 | f32 at +12 | type differs"];
    assert_rows(versioned(a.clone()), versioned(b.clone()), &row);
    let row = ["~ f[].inner.x | u32 at +12 | f32 at +12 | type differs"];
    assert_rows(array(a.clone(), 3), array(b.clone(), 3), &row);
    assert_rows(fixed_vec(a, 3), fixed_vec(b, 3), &row);
}

#[test]
fn another_type_of_a_wrapped_value_is_shown_with_its_wrapper() {
    let row = ["~ f | AtomicValue<f64> at 0 | AtomicValue<f32> at 0 | type differs"];
    assert_rows(atomic_cell(primitive(F64)), atomic_cell(primitive(F32)), &row);
    let row = ["~ f | Versioned<f64> at 0 | AtomicValue<f64> at 0 | type differs"];
    assert_rows(versioned(primitive(F64)), atomic_cell(primitive(F64)), &row);
}

#[test]
fn a_lock_an_event_and_an_atomic_are_never_taken_for_each_other() {
    assert_rows(lock(), event(), &["~ f | Lock at 0 | Event at 0 | type differs"]);
    assert_rows(lock(), atomic(U64), &["~ f | Lock at 0 | AtomicU64 at 0 | type differs"]);
    let row = ["~ f | Event at 0 | [AtomicU64; 2] at 0 | type differs"];
    assert_rows(event(), array(atomic(U64), 2), &row);
    let row = ["~ f | CacheAligned<Lock> at 0 | CacheAligned<Event> at 0 | type differs"];
    assert_rows(cache_aligned(lock()), cache_aligned(event()), &row);
    let row = ["~ f | Lock (shmstore's own) at 0 | Lock (a struct) at 0 | type differs"];
    assert_rows(lock(), structure("Lock", [("word", atomic(U64))]), &row);
}

#[test]
fn another_capacity_and_another_item_of_a_queue_or_broadcast_are_told_apart() {
    let capacity = ["~ f | Queue<u64, 4> at 0 | Queue<u64, 8> at 0 | capacity differs"];
    assert_rows(queue(primitive(U64), 4), queue(primitive(U64), 8), &capacity);
    let capacity = ["~ f | Broadcast<u64, 4> at 0 | Broadcast<u64, 8> at 0 | capacity differs"];
    assert_rows(broadcast(primitive(U64), 4), broadcast(primitive(U64), 8), &capacity);
    let item = ["~ f[] | u64 at +0 | f64 at +0 | type differs"];
    assert_rows(queue(primitive(U64), 4), queue(primitive(F64), 4), &item);
    assert_rows(broadcast(primitive(U64), 4), broadcast(primitive(F64), 4), &item);
    let field = ["~ f[].x | f64 at +0 | f32 at +0 | type differs"];
    assert_rows(queue(position(primitive(F64)), 4), queue(position(primitive(F32)), 4), &field);
    let kind = ["~ f | Queue<u64, 4> at 0 | Broadcast<u64, 4> at 0 | type differs"];
    assert_rows(queue(primitive(U64), 4), broadcast(primitive(U64), 4), &kind);
}

#[test]
fn another_capacity_key_or_value_of_a_map_is_told_apart() {
    let of = |key, value, capacity| map(primitive(key), primitive(value), capacity);
    let capacity = ["~ f | Map<u32, u64, 4> at 0 | Map<u32, u64, 8> at 0 | capacity differs"];
    assert_rows(of(U32, U64, 4), of(U32, U64, 8), &capacity);
    let key = ["~ f.key | u32 at +0 | f32 at +0 | type differs"];
    assert_rows(of(U32, U64, 4), of(F32, U64, 4), &key);
    let value = ["~ f[] | u64 at +0 | f64 at +0 | type differs"];
    assert_rows(of(U32, U64, 4), of(U32, F64, 4), &value);
    let all = [capacity[0].replace("<u32, u64, 8>", "<f32, f64, 8>"), key[0].into(), value[0].into()];
    assert_rows(of(U32, U64, 4), of(F32, F64, 8), &all.iter().map(String::as_str).collect::<Vec<_>>());
    let positions = |x| map(position(primitive(x)), position(primitive(x)), 4);
    let fields = ["~ f.key.x | f64 at +0 | f32 at +0 | type differs", "~ f[].x | f64 at +0 | f32 at +0 | type differs"];
    assert_rows(positions(F64), positions(F32), &fields);
    let kind = ["~ f | Map<u32, u64, 4> at 0 | Queue<u64, 4> at 0 | type differs"];
    assert_rows(of(U32, U64, 4), queue(primitive(U64), 4), &kind);
}

#[test]
fn another_capacity_number_of_slots_element_or_metadata_of_frames_is_told_apart() {
    let of = |element, capacity, slots, meta| frames(primitive(element), capacity, slots, meta);
    let plain = || of(U8, 64, 4, phantom());
    let capacity = ["~ f | Frames<u8, 64, 4> at 0 | Frames<u8, 80, 4> at 0 | capacity differs"];
    assert_rows(plain(), of(U8, 80, 4, phantom()), &capacity);
    let slots = ["~ f | Frames<u8, 64, 4> at 0 | Frames<u8, 64, 3> at 0 | number of slots differs"];
    assert_rows(plain(), of(U8, 64, 3, phantom()), &slots);
    let element = ["~ f[] | u8 at +0 | bool at +0 | type differs"];
    assert_rows(plain(), of(Bool, 64, 4, phantom()), &element);
    let meta = ["~ f.meta | PhantomData at +0 | u64 at +0 | type differs"];
    assert_rows(plain(), of(U8, 64, 4, primitive(U64)), &meta);
    let (x, y) = (position(primitive(F64)), position(primitive(F32)));
    let field = ["~ f.meta.x | f64 at +0 | f32 at +0 | type differs"];
    assert_rows(of(U8, 64, 4, x.clone()), of(U8, 64, 4, y), &field);
    let kind = ["~ f | Frames<u8, 64, 4, Position> at 0 | Queue<u8, 64> at 0 | type differs"];
    assert_rows(of(U8, 64, 4, x), queue(primitive(U8), 64), &kind);
}

#[test]
fn a_lock_that_was_added_is_told_with_what_it_moved() {
    let fields = || ["from", "to"].map(|name| (name, versioned(primitive(U64))));
    let ours = structure("T", [("n", atomic(U64))].into_iter().chain(fields()));
    let theirs = structure("T", [("n", atomic(U64)), ("lock", lock()), ("done", event())].into_iter().chain(fields()));
    let rows = [
        "+ f.lock | - | Lock at 8 | only in the segment",
        "+ f.done | - | Event at 16 | only in the segment",
        "~ f.from … to | at 16 … 80 | at 32 … 96 | 2 fields moved by +16",
    ];
    assert_rows(ours, theirs, &rows);
}

#[test]
fn kinds_of_the_same_name_are_told_apart() {
    let row = ["~ f | f64 (a primitive) at 0 | f64 (a struct) at 0 | type differs"];
    assert_rows(primitive(F64), structure("f64", [("0", primitive(F64))]), &row);
}

#[test]
fn fields_that_made_room_share_a_row() {
    let fields = || ["a", "b", "c", "d"].map(|name| (name, primitive(U64)));
    let theirs = structure("T", [("new", primitive(U32))].into_iter().chain(fields()));
    let rows =
        ["+ f.new | - | u32 at 0 | only in the segment", "~ f.a … d | at 0 … 24 | at 8 … 32 | 4 fields moved by +8"];
    assert_rows(structure("T", fields()), theirs, &rows);
}

#[test]
fn swapped_fields_of_one_size_have_moved() {
    let rows = ["~ f.x | f64 at 0 | f64 at 8 | moved", "~ f.y | f64 at 8 | f64 at 0 | moved"];
    let (x, y) = (("x", primitive(F64)), ("y", primitive(F64)));
    assert_rows(structure("P", [x.clone(), y.clone()]), structure("P", [y, x]), &rows);
}

#[test]
fn a_field_that_moved_and_changed_inside_says_both() {
    let outer = |first, x| structure("O", [("n", primitive(first)), ("p", structure("P", [("x", x)]))]);
    let rows = [
        "~ f.n | u8 at 0 | u64 at 0 | type differs",
        "~ f.p | P at 4 | P at 8 | moved",
        "~ f.p.x | u32 at 4 | f32 at 8 | type differs",
    ];
    assert_rows(outer(U8, primitive(U32)), outer(U64, primitive(F32)), &rows);
}

#[test]
fn a_field_under_another_name_is_a_renamed_one() {
    let row = ["~ f.lat | f64 at 0 | f64 at 0 | named `latitude` in the segment"];
    assert_rows(structure("P", [("lat", primitive(F64))]), structure("P", [("latitude", primitive(F64))]), &row);
}

#[test]
fn a_removed_field_is_marked_so() {
    let (a, b) = (("a", primitive(U64)), ("b", primitive(U64)));
    let row = ["- f.b | u64 at 8 | - | only in this program"];
    assert_rows(structure("P", [a.clone(), b]), structure("P", [a]), &row);
}

#[test]
fn structs_and_enums_of_another_name_are_compared_inside_if_they_have_something_in_common() {
    let renamed = ["~ f | A at 0 | B at 0 | type name differs"];
    let other = ["~ f | A at 0 | B at 0 | type differs"];
    let a = structure("A", [("x", primitive(U8))]);
    assert_rows(a.clone(), structure("B", [("x", primitive(U8))]), &renamed);
    assert_rows(a, structure("B", [("y", primitive(U64))]), &other);
    let a = enumeration("A", U8, &[("X", 0)]);
    assert_rows(a.clone(), enumeration("B", U8, &[("X", 0)]), &renamed);
    assert_rows(a, enumeration("B", U8, &[("Y", 0)]), &other);
}

#[test]
fn const_arguments_differ_in_value_or_name() {
    let grid = |args: &[(&str, i128)]| {
        let args = args.iter().map(|&(name, value)| (name.to_owned(), value)).collect();
        struct_of("Grid", args, [("n".to_owned(), primitive(U8))], 1)
    };
    let row = ["~ f | <W = 4, H = 8> | <W = 4, H = 9> | const arguments differ"];
    assert_rows(grid(&[("W", 4), ("H", 8)]), grid(&[("W", 4), ("H", 9)]), &row);
    assert_rows(grid(&[("W", 4)]), grid(&[("X", 4)]), &["~ f | <W = 4> | <X = 4> | const arguments differ"]);
}

#[test]
fn lengths_and_capacities_differ() {
    let row = ["~ f | [u8; 4] at 0 | [u8; 8] at 0 | array length differs"];
    assert_rows(array(primitive(U8), 4), array(primitive(U8), 8), &row);
    let row = ["~ f | FixedString<28> at 0 | FixedString<32> at 0 | capacity differs"];
    assert_rows(fixed_string(28), fixed_string(32), &row);
    let row = ["~ f | FixedVec<u8, 3> at 0 | FixedVec<u8, 4> at 0 | capacity differs"];
    assert_rows(fixed_vec(primitive(U8), 3), fixed_vec(primitive(U8), 4), &row);
    assert_rows(pad(3), pad(4), &["~ f | 3 bytes | 4 bytes | size differs"]);
}

#[test]
fn an_alignment_that_no_field_asks_for_is_a_difference() {
    let aligned = |align| struct_of("P", vec![], [("x".to_owned(), primitive(U64))], align);
    let rows = ["~ f | 8 bytes | 64 bytes | size differs", "~ f | align 8 | align 64 | alignment differs"];
    assert_rows(aligned(8), aligned(64), &rows);
}

#[test]
fn another_difference_does_not_hide_an_alignment_that_it_does_not_explain() {
    let aligned = |name: &str, align| struct_of("P", vec![], [(name.to_owned(), primitive(U64))], align);
    let rows = [
        "~ f.x | u64 at 0 | u64 at 0 | named `y` in the segment",
        "~ f | 8 bytes | 64 bytes | size differs",
        "~ f | align 8 | align 64 | alignment differs",
    ];
    assert_rows(aligned("x", 8), aligned("y", 64), &rows);
}

#[test]
fn ten_thousand_differences_below_forty_long_names_have_their_whole_paths() {
    let nested = |leaf| {
        let fields = (0..10_000).map(|at| (format!("f{at}"), primitive(leaf)));
        let inner = struct_of("S", vec![], fields, 1);
        (0..38).fold(inner, |inner, _| struct_of("S", vec![], [("\u{1b}".repeat(255), inner)], 1))
    };
    let (ours, theirs) = (nested(U32), nested(F32));
    let diff = LayoutDiff::between(&ours, &theirs);
    assert_eq!(diff.differences().len(), 10_000);
    let longest_path = 38 * 255 * r"\u{1b}".len() + 38 + "f9999".len();
    assert_eq!(diff.differences().last().map(|last| last.path().len()), Some(longest_path));
}

#[test]
fn fields_without_bytes_in_another_order_are_a_difference() {
    let fields = |names: [&'static str; 2]| structure("P", names.map(|name| (name, phantom())));
    assert_rows(fields(["a", "b"]), fields(["b", "a"]), &["~ f | P at 0 | P at 0 | order of fields differs"]);
}

#[test]
fn every_change_of_an_enum_is_named() {
    let idle = ("Idle", 0);
    let ours = || mode(&[idle, ("Slow", 1)]);
    assert_rows(ours(), mode(&[idle]), &["- f::Slow | Slow = 1 | - | variant only in this program"]);
    let row = ["+ f::Fast | - | Fast = 2 | variant only in the segment"];
    assert_rows(ours(), mode(&[idle, ("Slow", 1), ("Fast", 2)]), &row);
    let row = ["~ f::Slow | Slow = 1 | Slow = 5 | number of the variant differs"];
    assert_rows(ours(), mode(&[idle, ("Slow", 5)]), &row);
    let row = ["~ f::Slow | Slow = 1 | Lento = 1 | variant name differs"];
    assert_rows(ours(), mode(&[idle, ("Lento", 1)]), &row);
    let row = ["~ f | Mode at 0 | Mode at 0 | order of variants differs"];
    assert_rows(ours(), mode(&[("Slow", 1), idle]), &row);
    let row = ["~ f | repr(u8) | repr(u16) | repr differs"];
    assert_rows(ours(), enumeration("Mode", U16, &[idle, ("Slow", 1)]), &row);
}

#[test]
fn names_from_elsewhere_are_shown_escaped() {
    let named = |name| structure("P", [("x", primitive(U8)), (name, primitive(U8))]);
    let table = table(&named("\u{1b}[2J"), &named("\u{7}\n"));
    assert!(table.contains(r"~ \u{1b}[2J") && table.contains(r"named `\u{7}\n` in"), "{table}");
    assert!(!table.contains('\u{1b}') && !table.contains('\u{7}') && table.lines().count() == 2, "{table}");
}

#[test]
fn of_a_thousand_differences_fifty_are_shown_and_the_rest_is_counted() {
    let fields = (0..1000).map(|at| (format!("f{at}"), primitive(U8)));
    let theirs = struct_of("S", vec![], fields, 1);
    let ours = structure("S", [("f0", primitive(U8))]);
    let table = table(&ours, &theirs);
    assert_eq!((table.lines().count(), table.lines().last()), (52, Some("    and 949 more")));
    assert_eq!(LayoutDiff::between(&ours, &theirs).differences().len(), 999);
}
