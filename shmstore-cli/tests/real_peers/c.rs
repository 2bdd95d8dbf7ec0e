//! A C program.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::schema::OwnedSchema;
use shmstore::{Shared, ShmLayout, Store, Versioned};
use shmstore_cli::export::c_header;

use crate::objects::{Block, Everything, Mode, everything, status};
use crate::run;
use crate::scratch::{Scratch, while_busy};

pub(crate) fn compiled(scratch: &Scratch) -> PathBuf {
    let program = scratch.join("peer");
    fs::write(scratch.join("everything.h"), c_header(&everything(), 'E', None).expect("a header")).expect("written");
    fs::write(scratch.join("peer.c"), include_str!("peer.c")).expect("written");
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&program).arg(scratch.join("peer.c"));
    run(&mut gcc);
    program
}

/// Compiles headers together, as C11 and as C++17, with all warnings and a body for `main`.
#[track_caller]
pub(crate) fn compile(headers: &[String], body: &str) {
    let scratch = Scratch::new();
    let mut source = "#ifndef _GNU_SOURCE\n#define _GNU_SOURCE\n#endif\n".to_owned();
    for (at, header) in headers.iter().enumerate() {
        fs::write(scratch.join(&format!("h{at}.h")), header).expect("written");
        source.push_str(&format!("#include \"h{at}.h\"\n"));
    }
    fs::write(scratch.join("all.c"), format!("{source}int main(void)\n{{\n{body}return 0;\n}}\n")).expect("written");
    for (compiler, language, standard) in [("cc", "c", "-std=c11"), ("c++", "c++", "-std=c++17")] {
        let mut command = Command::new(compiler);
        command.args([standard, "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-x", language]);
        run(command.arg(scratch.join("all.c")));
    }
}

#[test]
fn the_example_in_a_header_compiles() {
    let scratch = Scratch::new();
    let schemas = [everything(), OwnedSchema::from(<Versioned<[f64; 4]>>::SCHEMA), OwnedSchema::from(u64::SCHEMA)];
    for (schema, load) in schemas.iter().zip(["_load(&object->count)", "_load(&object->object, &value, NULL)", "%p"]) {
        let header = c_header(schema, 'E', None).expect("a header");
        let lines: Vec<_> = header.lines().filter_map(|line| line.strip_prefix(" *     ")).collect();
        let example = lines.join("\n").replace("*/", "");
        assert!(lines.len() == 5 && example.contains(load), "{example}");
        let program = format!("{header}\nint main(void)\n{{\n{example}\nreturn 0;\n}}\n");
        fs::write(scratch.join("example.c"), program).expect("written");
        let args = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-but-set-variable", "-fsyntax-only"];
        run(Command::new("gcc").args(args).arg(scratch.join("example.c")));
    }
}

#[test]
fn a_c_program_without_gnu_extensions_gets_one_error_with_advice() {
    let scratch = Scratch::new();
    fs::write(scratch.join("everything.h"), c_header(&everything(), 'E', None).expect("a header")).expect("written");
    let compile = |source: &str| {
        let path = scratch.join("plain.c");
        fs::write(&path, format!("{source}#include \"everything.h\"\n")).expect("written");
        let output = Command::new("gcc").args(["-std=c11", "-fsyntax-only"]).arg(path).output().expect("gcc runs");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (compiles, said) = compile("");
    assert!(!compiles && said.contains("compile with -std=gnu11, or define _GNU_SOURCE"), "{said}");
    assert_eq!(said.matches(" error: ").count(), 1, "there is more than the `#error`: {said}");
    let (compiles, said) = compile("#define _GNU_SOURCE\n");
    assert!(compiles, "{said}");
}

pub(crate) fn filled(store: &Store) -> Shared<Everything> {
    let object = store.create::<Everything>().expect("created");
    object.status.store(status());
    object.triple.store([1.0, 2.0, 3.0]);
    object.mode.store(Mode::Fast, Relaxed);
    object.rows[2].corner.store([-1, -2, -3], Relaxed);
    object.wide_grid.cells[5].store(55, Relaxed);
    object.lonely.store(77, Relaxed);
    for _ in 0..3 {
        object.rung.notify_all();
    }
    object.hint.store(9, Relaxed);
    object
}

#[test]
fn a_c_program_reads_and_changes_the_values_of_rust() {
    let scratch = Scratch::new();
    let program = compiled(&scratch);
    let object = filled(&scratch.own_store());
    run(Command::new(program).arg(scratch.path()).arg("use"));
    assert_eq!(object.count.load(Relaxed), 1000);
    assert_eq!(object.tiny.load(Relaxed), -5);
    assert_eq!(object.mode.load_checked(Relaxed), Ok(Mode::Idle));
}

#[test]
fn a_c_program_never_reads_a_torn_version() {
    let scratch = Scratch::new();
    let program = compiled(&scratch);
    let object = filled(&scratch.own_store());
    while_busy(
        |number| {
            object.block.store(Block { words: [number; 512] });
        },
        || println!("{}", run(Command::new(&program).arg(scratch.path()).args(["read", "300000"]))),
    );
    assert!(object.block.version() > 0);
}
