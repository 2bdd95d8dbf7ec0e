//! The exact output for a layout with every kind of part. `SHMSTORE_BLESS=1` writes the golden files again: review the
//! difference.

use std::fs;
use std::path::Path;

use shmstore_cli::export::{c_header, picture, python_module};

use crate::camera::camera;
use crate::objects::everything;
use crate::planted::feeds;
use crate::planted_map::shelf;

#[track_caller]
fn assert_golden(name: &str, written: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_peers/golden").join(name);
    if std::env::var_os("SHMSTORE_BLESS").is_some() {
        fs::write(&path, written).expect("the golden files can be written");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let differs = golden.lines().zip(written.lines()).position(|(golden, written)| golden != written);
    let line = differs.unwrap_or(golden.lines().count().min(written.lines().count()));
    assert!(
        golden == written,
        "{name} differs from line {}: {:?}, expected {:?}; if it should, set SHMSTORE_BLESS=1",
        line + 1,
        written.lines().nth(line),
        golden.lines().nth(line)
    );
}

/// The part of the object. The common part is in the sources.
fn from<'a>(text: &'a str, start: &str) -> &'a str {
    &text[text.find(start).expect("the common part is before it")..]
}

#[test]
fn the_picture_of_every_kind_has_not_changed() {
    assert_golden("everything.txt", &picture(&everything(), 80));
}

#[test]
fn the_c_header_of_every_kind_has_not_changed() {
    let header = c_header(&everything(), 'E', None).expect("a header");
    assert_golden("everything.h", from(&header, "#define SHM_EVERYTHING_ID"));
}

#[test]
fn the_python_module_of_every_kind_has_not_changed() {
    let module = python_module(&everything(), 'E', None).expect("a module");
    assert_golden("everything.py", from(&module, "# The object."));
}

#[test]
fn pictures_and_exports_of_queues_and_broadcasts_have_not_changed() {
    assert_golden("feeds.txt", &picture(&feeds(), 80));
    let header = c_header(&feeds(), 'F', None).expect("a header");
    assert_golden("feeds.h", from(&header, "#define SHM_FEEDS_ID"));
    let module = python_module(&feeds(), 'F', None).expect("a module");
    assert_golden("feeds.py", from(&module, "# The object."));
}

#[test]
fn pictures_and_exports_of_maps_have_not_changed() {
    let schema = shelf();
    assert_golden("shelf.txt", &picture(&schema, 80));
    let header = c_header(&schema, 'S', None).expect("a header");
    assert_golden("shelf.h", from(&header, "#define SHM_SHELF_ID"));
    let module = python_module(&schema, 'S', None).expect("a module");
    assert_golden("shelf.py", from(&module, "# The object."));
}

#[test]
fn pictures_and_exports_of_frames_have_not_changed() {
    assert_golden("camera.txt", &picture(&camera(), 80));
    let header = c_header(&camera(), 'I', None).expect("a header");
    assert_golden("camera.h", from(&header, "#define SHM_CAMERA_ID"));
    let module = python_module(&camera(), 'I', None).expect("a module");
    assert_golden("camera.py", from(&module, "# The object."));
}
