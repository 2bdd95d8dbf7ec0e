//! Those who share the state of this machine: `writer`, `reader`, `observe`.
use std::path::Path;
use std::process::Command;

use shmstore_tests::privilege::{ALICE, BOB, GROUP, PublicPeer, with_users};
use shmstore_tests::scratch::{Scratch, set_mode};
use shmstore_tests::wait;

use super::program::{Printed, Program, example, number_before, piped, run, run_well};

/// An example, at the path of `scratch`.
fn host(name: &str, scratch: &Scratch, args: &[&str]) -> Command {
    let mut command = example(name);
    command.arg("--path").arg(scratch.path()).args(args);
    command
}

/// An example as another user runs it, at the path of `scratch`.
fn as_user(uid: u32, name: &str, scratch: &Scratch, args: &[&str]) -> (Command, PublicPeer) {
    let program = PublicPeer::of(Path::new(example(name).get_program()));
    let mut command = piped(program.run_as(uid));
    command.arg("--path").arg(scratch.path()).args(args);
    (command, program)
}

/// How many samples a writer says it took: fewer than it should, if the machine is busy.
#[track_caller]
fn taken(wrote: &str) -> u64 {
    number_before(wrote, " samples; ")
}

#[test]
fn a_reader_that_comes_first_waits_for_the_writer() {
    let scratch = Scratch::new();
    let reader = Program::start(&mut host("reader", &scratch, &["--once", "--timeout", "20"]));
    let wrote = run_well(&mut host("writer", &scratch, &["--seconds", "1"]));
    assert!(wrote.starts_with("created `HostStats`, segment "), "{wrote}");
    let Printed { status, out, .. } = reader.output();
    assert!(status.success() && out.contains("\nmemory  [") && out.contains("\n all "), "{out}");
}

#[test]
fn a_reader_that_comes_last_sees_the_last_sample() {
    let scratch = Scratch::new();
    let wrote = run_well(&mut host("writer", &scratch, &["--seconds", "1", "--hz", "5"]));
    assert!(wrote.contains(" samples; the object stays"), "{wrote}");
    let last = format!(", sample {}, ", taken(&wrote));
    let table = run_well(&mut host("reader", &scratch, &["--once"]));
    assert!(table.contains(&last) && table.contains("has ended"), "{table}");
}

#[test]
fn a_reader_without_a_writer_says_what_to_do() {
    let scratch = Scratch::new();
    let missing = scratch.join("nobody");
    for (path, what) in [(missing.as_path(), "there is no such file"), (scratch.path(), "does not exist")] {
        let printed = run(example("reader").args(["--timeout", "1", "--path"]).arg(path));
        assert_eq!(printed.status.code(), Some(1), "{printed:?}");
        let expected = ["error: ", what, " after ", "hint: start a writer: `cargo run --example writer -- --path "];
        for part in expected {
            assert!(printed.errors.contains(part), "{part:?} is not in {printed:?}");
        }
    }
}

#[test]
fn a_killed_writer_takes_nothing_along_and_another_goes_on() {
    let scratch = Scratch::new();
    // Once a second, so that it has one sample to its name when it is killed.
    let mut killed = Program::start(&mut host("writer", &scratch, &["--hz", "1"]));
    killed.line_with("created");
    wait::until_true("the first sample", || {
        run(&mut host("reader", &scratch, &["--once"])).out.contains(", sample 1, ")
    });
    let before = run_well(&mut host("reader", &scratch, &["--once"]));
    assert!(before.contains(", sample 1, from pid "), "{before}");
    killed.signal("KILL");
    killed.wait();

    let after = run_well(&mut host("reader", &scratch, &["--once"]));
    assert!(after.contains(", sample 1, from pid "), "{after}");
    let wrote = run_well(&mut host("writer", &scratch, &["--seconds", "1", "--hz", "4"]));
    assert!(wrote.starts_with("going on after sample 1 of `HostStats`"), "{wrote}");
    let last = format!(", sample {}, ", 1 + taken(&wrote));
    assert!(run_well(&mut host("reader", &scratch, &["--once"])).contains(&last));
}

#[test]
fn a_reader_ends_when_the_object_is_removed() {
    let scratch = Scratch::new();
    let reader = Program::start(&mut host("reader", &scratch, &["--hz", "20"]));
    let wrote = run_well(&mut host("writer", &scratch, &["--seconds", "1", "--remove"]));
    assert!(wrote.ends_with("removed the object\n"), "{wrote}");
    let Printed { status, out, .. } = reader.output();
    let last = format!("after {} samples; a new writer makes a new one\n", taken(&wrote));
    assert!(status.success() && out.ends_with(&last), "{out}");
    assert_eq!(scratch.segments(), []);
}

#[test]
fn a_writer_ends_when_it_is_asked_to() {
    for signal in ["INT", "TERM"] {
        let scratch = Scratch::new();
        let mut writer = Program::start(&mut host("writer", &scratch, &["--remove"]));
        writer.line_with("created");
        writer.signal(signal);
        let printed = writer.output();
        assert!(printed.status.success() && printed.out.ends_with("removed the object\n"), "{printed:?}");
        assert_eq!(scratch.segments(), []);
    }
}

#[test]
fn a_replacing_writer_starts_over() {
    let scratch = Scratch::new();
    run_well(&mut host("writer", &scratch, &["--seconds", "1"]));
    let wrote = run_well(&mut host("writer", &scratch, &["--seconds", "1", "--replace"]));
    assert!(wrote.starts_with("created `HostStats`"), "{wrote}");
}

#[test]
fn an_observer_prints_each_new_sample_and_sees_the_end() {
    let scratch = Scratch::new();
    let mut observer = Program::start(&mut host("observe", &scratch, &["--timeout", "20"]));
    let mut writer = Program::start(&mut host("writer", &scratch, &["--hz", "20", "--remove"]));
    writer.line_with("created");
    assert!(observer.line_with("reading").contains("mode 0600"));
    let first = observer.line_with("sample ");
    assert!(
        first.contains(" GiB used, CPUs ") && first.contains(&format!("from pid {}", writer.child.id())),
        "{first}"
    );
    let second = observer.line_with("sample ");
    assert_ne!(first, second, "each sample is shown once");

    writer.signal("INT");
    let wrote = writer.output();
    let samples = wrote.out.split_ascii_whitespace().nth(1).expect("took so many").to_owned();
    let Printed { status, out, errors } = observer.output();
    assert!(status.success() && errors.is_empty(), "{errors}");
    assert!(out.ends_with(&format!("the object was removed, after {samples} samples\n")), "{out}");
    let shown = second + &out;
    assert!(shown.contains(&format!("sample {samples}, ")), "the last one is not shown: {shown}");
}

#[test]
fn an_observer_of_another_user_sees_what_it_is_allowed_to() {
    with_users(|| {
        let scratch = Scratch::new();
        std::os::unix::fs::chown(scratch.path(), Some(ALICE), Some(GROUP)).unwrap();
        set_mode(scratch.path(), 0o755);
        let (mut command, _of_alice) = as_user(ALICE, "writer", &scratch, &["--mode", "644", "--remove"]);
        let mut writer = Program::start(&mut command);
        writer.line_with("created");

        let (mut command, _of_bob) = as_user(BOB, "observe", &scratch, &["--trust", &ALICE.to_string()]);
        let mut trusting = Program::start(&mut command);
        assert!(trusting.line_with("reading").contains(&format!("of uid {ALICE}, mode 0644")));
        assert!(trusting.line_with("sample ").contains(&format!("from pid {}", writer.child.id())));
        let (mut command, _of_bob) = as_user(BOB, "observe", &scratch, &[]);
        let refused = run(&mut command);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert!(refused.errors.contains(&format!("Store::options().trust({ALICE})")), "{refused:?}");

        writer.signal("INT");
        assert!(writer.output().status.success());
        assert!(trusting.output().out.contains("the object was removed, after "));
    });
}

#[test]
fn an_observer_tells_how_two_users_do_it_and_ends_when_it_is_asked_to() {
    let help = run_well(example("observe").arg("--help"));
    assert!(help.contains("--mode 644\n") && help.contains("--trust 1001\n"), "{help}");
    let scratch = Scratch::new();
    run_well(&mut host("writer", &scratch, &["--seconds", "1"]));
    let mut observer = Program::start(&mut host("observe", &scratch, &[]));
    assert!(observer.line_with("sample ").contains("has ended"));
    observer.signal("TERM");
    assert!(observer.wait().success());
}
