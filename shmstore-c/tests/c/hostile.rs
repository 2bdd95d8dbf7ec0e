//! Garbage from C, and garbage from other processes.

use crate::all::filled;
use crate::installed::{Objects, Scratch, run};
use crate::objects::with_header;

#[test]
fn garbage_arguments_give_codes() {
    let scratch = Scratch::new();
    with_header(&scratch, "hostile.c", include_str!("hostile.c"));
    let objects = Objects::new(&scratch, &['A', 'B']);
    let _all = filled(&objects);
    let program = scratch.compile("hostile.c");
    let path = objects.path.as_os_str();
    assert_eq!(run(&mut program.with(&[path])), "garbage\n");
    assert_eq!(run(&mut program.below_valgrind(&[path])), "garbage\n");
}
