//! The programs of the guide.

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::ShmLayout;
use shmstore::schema::OwnedSchema;

use crate::examples::{Telemetry, rover};
use crate::installed::{Objects, Scratch, run};
use crate::objects::Position;

#[test]
fn the_programs_of_the_guide_write_to_the_rover() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/15-writing-from-c.md");
    // A published package has no guide.
    let Ok(chapter) = fs::read_to_string(path) else { return println!("skipped: no guide") };
    let block = |language: &str| {
        let (_, rest) = chapter.split_once(language).expect("a program");
        rest.split("```").next().expect("a block").to_owned()
    };
    let scratch = Scratch::new();
    let schema = OwnedSchema::from(Telemetry::SCHEMA);
    scratch.write("telemetry.h", &shmstore_cli::export::c_header(&schema, 'T', None).expect("a header"));
    scratch.write("drive.c", &block("```c\n"));
    scratch.write("drive.cpp", &block("```cpp\n"));

    let objects = Objects::at(&scratch, "rover", &['T']);
    let rover = rover(&objects);
    let said = run(scratch.compile("drive.c").with(&[]).current_dir(scratch.path()));
    assert_eq!(said, "version 2\n");
    assert!(chapter.contains(&format!("&& ./drive\n{said}")), "the chapter shows what it prints");
    let said = run(scratch.compile("drive.cpp").with(&[]).current_dir(scratch.path()));
    assert_eq!(said, "version 3: 2 3\n");
    assert_eq!((rover.frames.load(Relaxed), rover.position.load()), (3, Position { x: 2.0, y: 0.25 }));
}
