//! Every function of the library, in C, beside this process.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::Shared;

use crate::installed::{Objects, Program, Scratch, flags, run};
use crate::objects::{All, Info, Mode, Position, State, with_header};

pub(crate) fn filled(objects: &Objects) -> Shared<All> {
    let all = objects.store.create::<All>().expect("created");
    all.count.store(41, Relaxed);
    all.depth.store(-3, Relaxed);
    all.state.store(State { mode: Mode::Idle, is_on: true, pad: [0; 6], at: Position { x: 1.5, y: 2.5 } });
    all.jobs.push(Position { x: 10.0, y: 0.0 }).expect("room");
    all.quotes.insert("USDJPY".try_into().expect("it fits"), Position { x: 150.0, y: 151.0 }).expect("room");
    let mut frame = all.images.try_loan().expect("a slot");
    frame.copy_from(&[77, 78]).expect("they fit");
    frame.publish().expect("published");
    all
}

/// Runs the program beside this process, which then looks at what it has written.
fn beside(scratch: &Scratch, run_it: impl FnOnce(&OsStr) -> Command) {
    let objects = Objects::new(scratch, &['A', 'B', ' ']);
    let all = filled(&objects);
    assert_eq!(run(&mut run_it(objects.path.as_os_str())), "all\n");
    assert_eq!((all.count.load(Relaxed), all.depth.load(Relaxed)), (200, -12));
    assert_eq!(all.mode.load_checked(Relaxed), Ok(Mode::Fast));
    let expected = State { mode: Mode::Fast, is_on: true, pad: [0; 6], at: Position { x: 4.0, y: -1.0 } };
    assert_eq!(all.state.load_checked(), Ok(expected));
    assert_eq!(all.label.load().to_str(), Ok("rover 7"));
    assert_eq!((all.rung.count(), all.jobs.len(), all.ticks.sent()), (2, 3, 6));
    assert_eq!(all.jobs.pop().expect("an item").x, 1.0);
    let quote = all.quotes.get(&"EURUSD".try_into().expect("it fits")).expect("valid");
    assert_eq!(quote, Some(Position { x: 1.0, y: 3.0 }));
    assert_eq!(all.quotes.len(), 2);
    let newest = all.images.pin_newest().expect("valid").expect("a frame");
    assert_eq!((newest.number(), *newest.meta()), (2, Info { width: 3, height: 2 }));
    assert_eq!(newest.to_vec(), [1, 2, 3, 4, 5, 6, 9]);
}

fn compiled(scratch: &Scratch) -> Program {
    with_header(scratch, "all.c", include_str!("all.c"));
    scratch.compile("all.c")
}

#[test]
fn a_c_program_uses_each_function_beside_a_rust_process() {
    let scratch = Scratch::new();
    let program = compiled(&scratch);
    beside(&scratch, |path| program.with(&[path]));
}

#[test]
fn valgrind_finds_no_wrong_access_and_no_leak() {
    let scratch = Scratch::new();
    let program = compiled(&scratch);
    beside(&scratch, |path| program.below_valgrind(&[path]));
}

#[test]
fn the_same_program_links_statically() {
    let scratch = Scratch::new();
    with_header(&scratch, "all.c", include_str!("all.c"));
    let program = scratch.path().join("static");
    let mut command = Command::new("cc");
    command.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&program).arg(scratch.path().join("all.c"));
    let libraries = flags(&["--cflags", "--libs", "--static"]);
    command.args(libraries.iter().map(|flag| if flag == "-lshmstore" { "-l:libshmstore.a" } else { flag }));
    run(&mut command);
    beside(&scratch, |path| {
        let mut command = Command::new(&program);
        command.arg(path);
        command
    });
}

#[test]
fn the_tests_call_each_function_of_the_header() {
    let header = include_str!("../../include/shmstore.h");
    let programs = [include_str!("all.c"), include_str!("checks.h"), include_str!("hostile.c")].concat();
    let names = |text: &'static str| {
        let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '(');
        let calls = words.filter_map(|word| word.split_once('(')).map(|(name, _)| name);
        calls.filter(|name| name.starts_with("shmstore_")).collect::<BTreeSet<_>>()
    };
    let functions = names(header);
    assert!(functions.len() > 75, "{functions:?}");
    for function in functions {
        assert!(programs.contains(&format!("{function}(")), "no test calls {function}");
    }
}
