//! The examples, and the headers as strict compilers see them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shmstore::{Shared, ShmObject, Versioned};

use crate::all::filled;
use crate::installed::{Objects, Program, Scratch, prefix, run};
use crate::objects::{Position, with_header, write_header};

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'T')]
pub(crate) struct Telemetry {
    pub(crate) frames: AtomicU64,
    pub(crate) position: Versioned<Position>,
}

/// The rover at three quarters of its way.
pub(crate) fn rover(objects: &Objects) -> Shared<Telemetry> {
    let rover = objects.store.create::<Telemetry>().expect("created");
    rover.frames.store(2, Relaxed);
    rover.position.store(Position { x: 1.0, y: 0.25 });
    rover
}

/// The two examples. `None` in a published package, which has none.
fn examples(scratch: &Scratch) -> Option<[Program; 2]> {
    let sources = ["rover.c", "follow.cpp"].map(|name| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/c").join(name);
        Some((name, fs::read_to_string(source).ok()?))
    });
    let [Some(drive), Some(follow)] = sources else {
        println!("skipped: no examples");
        return None;
    };
    Some([drive, follow].map(|(name, source)| {
        scratch.write(name, &source);
        scratch.compile(name)
    }))
}

#[test]
fn the_examples_write_beside_a_rust_process() {
    let scratch = Scratch::new();
    let objects = Objects::new(&scratch, &['T']);
    let rover = rover(&objects);
    let Some([drive, follow]) = examples(&scratch) else { return };
    let path = objects.path.as_os_str();
    assert_eq!(run(&mut drive.with(&[path])), "frame 3: {\"x\":1.5,\"y\":0.0}\n");
    assert_eq!((rover.frames.load(Relaxed), rover.position.load()), (3, Position { x: 1.5, y: 0.0 }));

    rover.position.update(|position| position.x = 3.0);
    let version = rover.position.version();
    let shown = run(&mut follow.with(&[path, "300".as_ref()]));
    let expected = format!("version {version}: 3 0\nversion {}: 1 0\n", version + 1);
    assert!(shown.starts_with(&expected) && shown.contains("\"frames\":3"), "{shown}");
    assert_eq!(rover.position.load().x, 1.0);
}

#[test]
fn the_examples_say_what_is_wrong() {
    let scratch = Scratch::new();
    let objects = Objects::new(&scratch, &['T']);
    for program in examples(&scratch).into_iter().flatten() {
        let output = program.with(&[objects.path.as_os_str()]).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.starts_with("SHMSTORE_NOT_FOUND: "), "{said}");
    }
}

#[test]
fn a_cpp_program_uses_the_header_with_destructors() {
    let scratch = Scratch::new();
    with_header(&scratch, "peer.cpp", include_str!("peer.cpp"));
    let program = scratch.compile("peer.cpp");
    let objects = Objects::new(&scratch, &['A']);
    let all = filled(&objects);
    assert_eq!(run(&mut program.below_valgrind(&[objects.path.as_os_str()])), "C++\n");
    assert_eq!((all.count.load(Relaxed), all.jobs.len(), all.quotes.len()), (50, 1, 2));
    assert_eq!(all.state.load_checked().expect("valid").at, Position { x: 2.5, y: 6.0 });
}

/// The header of an object has functions for the library only if that comes first. Each order compiles.
#[test]
fn the_headers_compile_as_strict_c11_and_cpp17_in_each_order() {
    let scratch = Scratch::new();
    write_header(&scratch);
    let use_it =
        "int main(void) { shmstore_part *part = 0; return shm_all_versioned_state_open(0, \"\", &part) == 1; }\n";
    let plain = "int main(void) { return shmstore_wait(0, 0, 0) != 1; }\n";
    let programs = [
        format!("#include <shmstore.h>\n#include <shmstore.h>\n{plain}"),
        format!("#define _GNU_SOURCE 1\n#include <shmstore.h>\n#include \"all.h\"\n{use_it}"),
        format!("#define _GNU_SOURCE 1\n#include \"all.h\"\n#include <shmstore.h>\n{plain}"),
    ];
    for program in programs {
        scratch.write(
            "strict.c",
            &program.replace("#define _GNU_SOURCE 1", "#ifndef _GNU_SOURCE\n#define _GNU_SOURCE\n#endif"),
        );
        for (compiler, language, standard) in [("cc", "c", "-std=c11"), ("c++", "c++", "-std=c++17")] {
            let mut command = Command::new(compiler);
            command.args([standard, "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "-x", language]);
            run(command.arg(scratch.path().join("strict.c")).arg("-I").arg(prefix().join("include")));
        }
    }
}
