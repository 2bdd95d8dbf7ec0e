//! Garbage from C, and garbage from other processes.

use crate::all::filled;
use crate::installed::{Objects, Scratch, run};
use crate::objects::with_header;

#[test]
fn garbage_arguments_give_codes() {
    let scratch = Scratch::new();
    with_header(&scratch, "hostile.c", include_str!("hostile.c"));
    let program = scratch.compile("hostile.c");
    let objects = Objects::new(&scratch, &['A', 'B']);
    let path = objects.path.as_os_str();
    for mut command in [program.with(&[path]), program.below_valgrind(&[path])] {
        let all = filled(&objects); // which the program removes
        assert_eq!(run(&mut command), "garbage\n");
        drop(all);
    }
}
