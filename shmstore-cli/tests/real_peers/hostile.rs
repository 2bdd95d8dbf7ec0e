//! Schemas that no type has. Their exports are harmless and short.

use std::fs;
use std::process::Command;

use shmstore::schema::{OwnedField, OwnedKind, OwnedSchema, OwnedVariant, Primitive};
use shmstore_cli::export::{ExportError, c_header, picture, python_module};

use crate::planted::{broadcast, queue};
use crate::planted_map::map;
use crate::python::python;
use crate::run;
use crate::scratch::Scratch;

/// Names that begin or end a comment or a string, collide, or are words of a language.
const NAMES: [&str; 30] = [
    "*/",
    "/*",
    "\"\"\"",
    "'",
    "\\",
    "\n",
    "\u{1b}[2J",
    "\u{202e}",
    "é",
    "??/",
    "a b",
    "a.b",
    "a-b",
    "a_b",
    "0",
    "1x",
    "int",
    "class",
    "None",
    "def",
    "errno",
    "linux",
    "EINVAL",
    "Segment",
    "np",
    "mro",
    "__init__",
    "_x_",
    "pad_at_1",
    "name",
];

pub(crate) fn schema(size: u64, align: u64, kind: OwnedKind) -> OwnedSchema {
    OwnedSchema::new(size, align, kind).expect("a schema that is believed")
}

pub(crate) fn number(of: Primitive) -> OwnedSchema {
    schema(of.size() as u64, of.size() as u64, OwnedKind::Primitive(of))
}

pub(crate) fn structure(name: &str, size: u64, align: u64, fields: Vec<(&str, u64, OwnedSchema)>) -> OwnedSchema {
    let field = |(name, offset, schema): (&str, u64, OwnedSchema)| OwnedField { name: name.to_owned(), offset, schema };
    let fields = fields.into_iter().map(field).collect();
    schema(size, align, OwnedKind::Struct { name: name.to_owned(), const_args: vec![], fields })
}

pub(crate) fn array(len: u64, element: OwnedSchema) -> OwnedSchema {
    schema(element.size() * len, element.align(), OwnedKind::Array { len, element: Box::new(element) })
}

pub(crate) fn versioned(value: OwnedSchema) -> OwnedSchema {
    schema(
        (80 + 2 * value.size().next_multiple_of(16)).next_multiple_of(64),
        64,
        OwnedKind::Versioned { value: Box::new(value) },
    )
}

fn badly_named_struct(name: &str) -> OwnedSchema {
    let fields = NAMES.iter().zip(0..).map(|(field, at)| (*field, at, number(Primitive::U8)));
    structure(name, 37, 1, fields.collect())
}

/// A struct of `Versioned` structs and enums with all these names, for themselves and for their fields.
fn badly_named() -> OwnedSchema {
    let parts = NAMES.iter().zip(0_u64..).map(|(name, at)| (*name, at * 192, versioned(badly_named_struct(name))));
    let variants =
        NAMES.iter().zip(0..).map(|(name, discriminant)| OwnedVariant { name: (*name).to_owned(), discriminant });
    let variants: Vec<OwnedVariant> = variants.collect();
    let enums = NAMES.iter().zip(0_u64..).map(|(name, at)| {
        let kind = OwnedKind::Enum { name: (*name).to_owned(), repr: Primitive::U16, variants: variants.clone() };
        (*name, at * 2, schema(2, 2, kind))
    });
    let enums = structure("open", 60, 2, enums.collect());
    let end = NAMES.len() as u64 * 192;
    structure("info", end + 64, 64, parts.chain([("enums", end, enums)]).collect())
}

/// Parts without bytes, and an array with the greatest number of them.
fn empty_parts() -> OwnedSchema {
    let phantom = || schema(0, 1, OwnedKind::Phantom);
    let many = schema(0, 1, OwnedKind::Array { len: u64::MAX, element: Box::new(phantom()) });
    let nothing = structure("Nothing", 0, 1, vec![("a", 0, phantom()), ("b", 0, many.clone())]);
    let vec = schema(8, 1, OwnedKind::FixedVec { capacity: u64::MAX, element: Box::new(nothing.clone()) });
    let string = schema(4, 1, OwnedKind::FixedString { capacity: 0 });
    let cell = schema(8, 8, OwnedKind::AtomicCell { value: Box::new(nothing.clone()) });
    let no_value = schema(128, 64, OwnedKind::Versioned { value: Box::new(nothing.clone()) });
    let no_variants = OwnedKind::Enum { name: "Never".to_owned(), repr: Primitive::U8, variants: vec![] };
    let fields = vec![
        ("many", 0, many),
        ("nothing", 0, nothing),
        ("vec", 0, vec),
        ("string", 8, string),
        ("cell", 16, cell),
        ("no_value", 64, no_value),
        ("never", 192, schema(1, 1, no_variants)),
        ("pad", 193, schema(0, 1, OwnedKind::Pad)),
    ];
    structure("Empties", 256, 64, fields)
}

/// Types of the greatest depth and with the longest names.
fn deep() -> OwnedSchema {
    let mut inner = number(Primitive::U64);
    for level in 0..12 {
        let name = format!("{level}{}", "N".repeat(250));
        inner = structure(&name, inner.size() + 8, 8, vec![(&name, 8, array(1, inner))]);
    }
    inner
}

/// Ten thousand fields whose names become the same identifier.
fn colliding() -> OwnedSchema {
    let names: Vec<String> = ('\u{4e00}'..).take(10_000).map(String::from).collect();
    let fields = names.iter().zip(0..).map(|(name, at)| (name.as_str(), at, number(Primitive::U8)));
    structure("Colliding", 10_000, 1, fields.collect())
}

fn all() -> Vec<OwnedSchema> {
    let cell = structure("Cell", 16, 8, vec![("a", 0, number(Primitive::U64)), ("b", 8, number(Primitive::F32))]);
    vec![
        badly_named(),
        empty_parts(),
        deep(),
        array(100_000_000, cell),
        versioned(number(Primitive::Char)),
        colliding(),
        versioned(structure("\"??/\\%s\n", 1, 1, vec![("a", 0, number(Primitive::U8))])),
        array(3, queue(5, badly_named_struct("*/"))),
        array(3, map(5, badly_named_struct("*/"), badly_named_struct("??/"))),
        broadcast(100_000, structure("Wide", 4096, 4096, vec![("\"\"\"", 0, number(Primitive::U64))])),
    ]
}

#[test]
fn headers_of_hostile_schemas_compile_as_c_and_as_cpp_all_together() {
    let scratch = Scratch::new();
    let mut source = String::new();
    for (at, schema) in all().iter().enumerate() {
        fs::write(scratch.join(&format!("h{at}.h")), c_header(schema, '*', None).expect("a header")).expect("written");
        // A large program may include a header twice.
        source.push_str(&format!("#include \"h{at}.h\"\n#include \"h{at}.h\"\n"));
    }
    fs::write(scratch.join("all.c"), source + "int main(void) { return 0; }\n").expect("written");
    for (compiler, language, standard) in [("gcc", "c", "-std=gnu11"), ("g++", "c++", "-std=gnu++17")] {
        let mut command = Command::new(compiler);
        command.args([standard, "-O1", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", language]);
        run(command.arg(scratch.join("all.c")));
    }
}

/// Headers with lower-case macros that a program may include before this one.
const HEADERS: &str = "dirent.h ifaddrs.h inttypes.h math.h net/if.h netdb.h sched.h signal.h stdbool.h stdio.h sys/msg.h \
                       sys/stat.h";

#[test]
fn fields_with_the_names_of_macros_compile() {
    let scratch = Scratch::new();
    let includes: String = HEADERS.split(' ').map(|header| format!("#include <{header}>\n")).collect();
    let source = format!("#ifndef _GNU_SOURCE\n#define _GNU_SOURCE\n#endif\n{includes}#include \"macros.h\"\n");
    let path = scratch.join("macros.c");
    fs::write(&path, source).expect("written");
    let write = |schema: &OwnedSchema| {
        fs::write(scratch.join("macros.h"), c_header(schema, '*', None).expect("a header")).expect("written");
    };
    write(&number(Primitive::U8));
    let defined = run(Command::new("gcc").args(["-std=gnu11", "-dM", "-E"]).arg(&path));
    let names = defined.lines().filter_map(|line| line.strip_prefix("#define ")?.split(' ').next());
    let mut names: Vec<&str> = names.filter(|name| !name.contains('(')).collect();
    names.sort_unstable();
    for known in ["EINVAL", "PRIu64", "SYS_read", "P_tmpdir", "L_tmpnam", "M_LN2l", "st_atime", "si_value", "unix"] {
        assert!(names.contains(&known), "{known} is not a macro");
    }
    let fields = names.iter().zip(0..).map(|(name, at)| (*name, at, number(Primitive::U8)));
    write(&structure("Macros", names.len() as u64, 1, fields.collect()));
    for (compiler, language, standard) in [("gcc", "c", "-std=gnu11"), ("g++", "c++", "-std=gnu++17")] {
        run(Command::new(compiler).args([standard, "-Werror", "-fsyntax-only", "-x", language]).arg(&path));
    }
}

#[test]
fn modules_of_hostile_schemas_can_be_imported() {
    let Some(python) = python() else { return };
    let scratch = Scratch::new();
    for (at, schema) in all().iter().enumerate() {
        fs::write(scratch.join(&format!("m{at}.py")), python_module(schema, '"', None).expect("a module"))
            .expect("written");
    }
    let program = "import m0, m1, m2, m3, m4, m5, m6, m7, m8, m9\n\
        assert m0.DTYPE.fields['enums'][0].fields['a.b'][1] == 22\n\
        assert m0.open.fields['np'][1].numbers(27).value == 27\n\
        assert m1.DTYPE.fields['never'][1] == 192\n\
        assert m3.DTYPE.itemsize == 1600000000";
    run(Command::new(python).args(["-B", "-c", program]).current_dir(scratch.path()));
}

#[test]
fn the_size_of_an_export_depends_on_the_schema_and_not_on_its_lengths() {
    let huge = array(1 << 40, array(64, number(Primitive::U8)));
    assert!(picture(&huge, 80).len() < 1000, "{}", picture(&huge, 80));
    let most = array(i64::MAX as u64, number(Primitive::U8));
    assert!(picture(&most, 80).contains("9223372036854775807"));
    for schema in all() {
        let json = schema.to_json().len();
        assert!(picture(&schema, 80).len() < 20 * json + 1000);
        assert!(c_header(&schema, 'x', None).expect("a header").len() < 40 * json + 40_000);
        assert!(python_module(&schema, 'x', None).expect("a module").len() < 20 * json + 40_000);
    }
}

#[test]
fn pictures_of_hostile_schemas_have_no_control_characters_and_fit_the_terminal() {
    for schema in all() {
        for width in [0, 60, 80, 200] {
            let picture = picture(&schema, width);
            assert!(
                picture.chars().all(|letter| letter == '\n' || letter != '\u{202e}' && !letter.is_control()),
                "{picture}"
            );
            let widest = picture.lines().skip(1).map(|line| line.chars().count()).max();
            assert!(widest <= Some(width.max(60)), "{widest:?} columns of {width}\n{picture}");
        }
    }
}

#[test]
fn an_export_that_a_language_cannot_express_is_refused_with_path_and_reason() {
    let overlapping = structure("S", 8, 4, vec![("a", 0, number(Primitive::U32)), ("b", 0, number(Primitive::U16))]);
    let packed = structure("S", 12, 4, vec![("low", 4, schema(8, 4, OwnedKind::Primitive(Primitive::U64)))]);
    let old = schema(96, 32, OwnedKind::Versioned { value: Box::new(number(Primitive::U64)) });
    let most = array(i64::MAX as u64, number(Primitive::U8));
    let nested = (0..20).fold(number(Primitive::U8), |inner, _| array(1, inner));
    let c: [(&OwnedSchema, &str); 4] = [
        (&overlapping, "no C header can be written for `S.b`: it begins at 0, but the field before it ends at 4"),
        (&packed, "`S.low`: it has size 8 and align 4, but format version 1 has 8 and 8"),
        (&old, "`Versioned<u64>`: it has size 96 and align 32, which format version 1 never has"),
        (&most, "1 to 2^47 bytes can be mapped"),
    ];
    for (schema, says) in c {
        let error = c_header(schema, 'T', None).expect_err(says).to_string();
        assert!(error.contains(says), "{error}");
        assert!(!picture(schema, 80).is_empty());
    }
    for (schema, says) in [(&most, "at most 2147483647 bytes"), (&nested, "nested 20 deep"), (&old, "format version 1")]
    {
        let error = python_module(schema, 'T', None).expect_err(says).to_string();
        assert!(error.contains(says), "{error}");
    }
    for id in ['\n', '\u{7f}', 'é'] {
        assert_eq!(c_header(&overlapping, id, None), Err(ExportError::Id { id }));
        assert_eq!(python_module(&overlapping, id, None), Err(ExportError::Id { id }));
    }
}
