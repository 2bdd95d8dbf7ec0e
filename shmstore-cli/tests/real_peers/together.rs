//! Several headers in one program, and several types with one name.

use std::fs;
use std::process::Command;

use shmstore::schema::{OwnedConstArg, OwnedField, OwnedKind, OwnedSchema, Primitive};
use shmstore::{AtomicValue, CacheAligned, Event, Lock, ShmLayout, ShmValue, Versioned};
use shmstore_cli::export::{c_header, python_module};

use crate::c::compile;
use crate::hostile::{array, number, schema, structure, versioned};
use crate::objects::Mode;
use crate::python::python;
use crate::run;
use crate::scratch::Scratch;

/// A value that an object can consist of.
#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
#[shm(id = 'Q')]
struct Quote {
    price: f64,
    amount: u64,
}

#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
#[shm(id = 'P')]
struct Position {
    x: f64,
    y: f64,
}

fn header(schema: &OwnedSchema) -> String {
    c_header(schema, 'T', None).expect("a header")
}

/// The schema of a `Ring<T, 16>` with slots for values of this type.
fn ring(value: OwnedSchema) -> OwnedSchema {
    let fields = [("next", 0, number(Primitive::U64)), ("slots", 64, array(16, versioned(value)))];
    let fields = fields.map(|(name, offset, schema)| OwnedField { name: name.to_owned(), offset, schema }).into();
    let const_args = vec![OwnedConstArg { name: "N".to_owned(), value: 16 }];
    schema(64 + 16 * 192, 64, OwnedKind::Struct { name: "Ring".to_owned(), const_args, fields })
}

fn pair(value: OwnedSchema) -> OwnedSchema {
    structure("Pair", 32, 8, vec![("values", 0, array(2, value))])
}

fn quote() -> OwnedSchema {
    Quote::SCHEMA.into()
}

fn position() -> OwnedSchema {
    Position::SCHEMA.into()
}

fn object(fields: &[(&str, OwnedSchema)]) -> OwnedSchema {
    let mut end = 0;
    let mut placed = Vec::new();
    for (name, schema) in fields {
        placed.push((*name, end, schema.clone()));
        end = (end + schema.size()).next_multiple_of(64);
    }
    structure("Both", end, 64, placed)
}

#[test]
fn one_program_uses_the_headers_of_two_single_part_objects() {
    let scratch = Scratch::new();
    let quote = scratch.own_store().create::<Versioned<Quote>>().expect("created");
    let position = scratch.own_store().create::<Versioned<Position>>().expect("created");
    quote.store(Quote { price: 1.5, amount: 7 });
    position.store(Position { x: 2.5, y: 3.5 });
    let write = |name: &str, text: &str| fs::write(scratch.join(name), text).expect("written");
    write("quote.h", &c_header(&<Versioned<Quote>>::SCHEMA.into(), 'Q', None).expect("a header"));
    write("position.h", &c_header(&<Versioned<Position>>::SCHEMA.into(), 'P', None).expect("a header"));
    write("both.c", include_str!("both.c"));
    for (compiler, standard) in [("gcc", "-std=gnu11"), ("g++", "-std=c++17")] {
        let mut command = Command::new(compiler);
        let language = if compiler == "gcc" { "c" } else { "c++" };
        command.args([standard, "-Wall", "-Wextra", "-Werror", "-x", language, "-o"]).arg(scratch.join("both"));
        run(command.arg(scratch.join("both.c")));
        let read = run(Command::new(scratch.join("both")).arg(scratch.path()));
        assert_eq!(read, "1.5 7 2.5 3.5\n", "{compiler}");
    }
}

#[test]
fn headers_of_all_single_part_objects_compile_together_in_any_order() {
    let mut headers = [
        <Versioned<Quote>>::SCHEMA,
        <Versioned<Position>>::SCHEMA,
        <Versioned<[Quote; 2]>>::SCHEMA,
        <Versioned<[[f64; 3]; 2]>>::SCHEMA,
        <Versioned<[[f64; 4]; 2]>>::SCHEMA,
        <[Versioned<Quote>; 2]>::SCHEMA,
        <[[Versioned<Quote>; 2]; 2]>::SCHEMA,
        <[[Versioned<Quote>; 3]; 2]>::SCHEMA,
        <AtomicValue<Mode>>::SCHEMA,
        <AtomicValue<[i16; 3]>>::SCHEMA,
        <CacheAligned<Lock>>::SCHEMA,
        <CacheAligned<Versioned<Quote>>>::SCHEMA,
        Lock::SCHEMA,
        Event::SCHEMA,
        Quote::SCHEMA,
    ]
    .map(|schema| header(&schema.into()));
    compile(&headers, "");
    headers.reverse();
    compile(&headers, "");
}

#[test]
fn headers_of_two_types_with_one_name_are_an_error_with_advice() {
    let (quotes, positions) = (ring(quote()), ring(position()));
    let scratch = Scratch::new();
    fs::write(scratch.join("all.h"), header(&quotes) + &header(&positions)).expect("written");
    let output = Command::new("gcc").args(["-std=gnu11", "-fsyntax-only"]).arg(scratch.join("all.h")).output();
    let said = String::from_utf8_lossy(&output.expect("gcc runs").stderr).into_owned();
    let expected =
        "two headers named shm_ring_16 describe different types: rename one with shmstore schema --c --name NAME";
    assert!(said.contains(expected) && said.matches(" error: ").count() == 1, "{said}");

    let named = c_header(&positions, 'T', Some("Positions")).expect("a header");
    let body = "(void)shm_ring_16_attach; (void)shm_positions_attach; (void)sizeof(shm_positions_position);\n";
    compile(&[header(&quotes), named, header(&quotes)], body);
}

#[test]
fn instantiations_of_a_generic_type_are_named_by_the_value_that_differs() {
    let both = object(&[("quotes", ring(quote())), ("positions", ring(position()))]);
    let (header, module) = (header(&both), python_module(&both, 'T', None).expect("a module"));
    for (in_c, in_python) in [("ring_16_quote", "Ring_16_Quote"), ("ring_16_position", "Ring_16_Position")] {
        assert!(header.contains(&format!("}} __attribute__((aligned(64))) shm_both_{in_c};")), "{header}");
        assert!(module.contains(&format!("\n{in_python} = _Struct(\"Ring\"")), "{module}");
    }
}

#[test]
fn types_that_differ_only_in_a_nested_type_have_different_names() {
    let both = object(&[("a", versioned(pair(quote()))), ("b", versioned(pair(position())))]);
    let header = header(&both);
    for name in ["pair_quote", "pair_position", "versioned_pair_quote", "versioned_pair_position"] {
        assert!(header.contains(&format!(" shm_both_{name};")), "{name}: {header}");
    }
    let rings = [ring(pair(quote())), ring(pair(position()))];
    let both = object(&[("a", rings[0].clone()), ("b", rings[1].clone())]);
    let (header, module) = (self::header(&both), python_module(&both, 'T', None).expect("a module"));
    for ring in &rings {
        let hash = &ring.hash().to_string()[..8];
        assert!(header.contains(&format!(" shm_both_ring_16_{hash};")), "{hash}: {header}");
        assert!(module.contains(&format!("\nRing_16_{hash} = ")), "{hash}: {module}");
    }
}

/// The definitions of all types except the object's, in a header and a module.
fn definitions(schema: &OwnedSchema) -> Vec<String> {
    let (header, module) = (header(schema), python_module(schema, 'T', None).expect("a module"));
    let own = module.find("# The object.").expect("the object's part");
    let in_c = header.split("\n\n").filter(|text| text.contains("typedef struct shm_both_"));
    let in_python = module[own..].split("\n\n").filter(|text| text.contains(" = _Struct(") && !text.contains("Both"));
    in_c.chain(in_python).map(str::to_owned).collect()
}

#[test]
fn names_of_types_do_not_depend_on_the_order_and_on_other_fields() {
    let pairs = versioned(pair(quote()));
    let mut fields = vec![
        ("a", ring(quote())),
        ("b", ring(position())),
        ("c", ring(pair(quote()))),
        ("d", ring(pair(position()))),
        ("e", pairs),
    ];
    let before = definitions(&object(&fields));
    assert_eq!(before.len(), 20, "{before:#?}");
    fields.reverse();
    fields.insert(2, ("other", versioned(structure("Other", 8, 8, vec![("x", 0, number(Primitive::F64))]))));
    let after = definitions(&object(&fields));
    let lost: Vec<_> = before.iter().filter(|text| !after.contains(text)).collect();
    assert!(lost.is_empty(), "{lost:#?} are not in {after:#?}");
}

#[test]
fn a_module_takes_a_given_name() {
    let Some(python) = python() else { return };
    let scratch = Scratch::new();
    let module = python_module(&object(&[("quotes", ring(quote()))]), 'T', Some("Quote")).expect("a module");
    assert!(module.contains("    from shm_quote import Segment\n"), "{module}");
    fs::write(scratch.join("shm_quote.py"), module).expect("written");
    let program = "import shm_quote\nassert shm_quote.Quote is shm_quote._OBJECT and shm_quote.TYPE == 'Both'";
    run(Command::new(python).args(["-B", "-c", program]).current_dir(scratch.path()));
}

#[test]
fn an_invalid_name_is_refused_with_the_rules() {
    let long = "x".repeat(81);
    for name in ["", "1x", "_x", "a b", "a-b", "é", "x\n", &long] {
        for error in [c_header(&quote(), 'T', Some(name)), python_module(&quote(), 'T', Some(name))] {
            let expected = format!(
                "{name:?} cannot be the name of an object: a name begins with an ASCII letter, continues with ASCII \
                 letters, digits and underscores, and has at most 80 characters"
            );
            assert_eq!(error.expect_err(name).to_string(), expected);
        }
    }
    assert!(header(&quote()).contains("shm_quote_attach("));
}
