//! The examples do what they show: run as a user runs them, and judged by what they print and leave behind.

#![forbid(unsafe_code)]

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use shmstore_tests::privilege::{ALICE, BOB, GROUP, PublicPeer, with_users};
use shmstore_tests::scratch::{Scratch, remove_segment};
use shmstore_tests::{segments, wait};

/// What the demo promises.
const DEMO_ENDS_WITHIN: Duration = Duration::from_secs(10);

/// A running example; killed and reaped when dropped.
struct Program {
    child: Child,
    out: Receiver<String>,
    errors: Receiver<String>,
}

impl Program {
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let out = lines_of(child.stdout.take().expect("piped"));
        let errors = lines_of(child.stderr.take().expect("piped"));
        Self { child, out, errors }
    }

    #[track_caller]
    fn wait(&mut self) -> ExitStatus {
        wait::until("an example to end", || self.child.try_wait().expect("our own child"))
    }

    /// Waits for its end, and returns all it printed that nobody has read yet.
    #[track_caller]
    fn output(mut self) -> Printed {
        let status = self.wait();
        let [out, errors] = [&self.out, &self.errors].map(|lines| lines.iter().collect());
        Printed { status, out, errors }
    }

    /// Waits for a line of standard output that has `part` in it.
    #[track_caller]
    fn line_with(&mut self, part: &str) -> String {
        loop {
            match self.out.recv_timeout(wait::DEADLINE) {
                Ok(line) if line.contains(part) => return line,
                Ok(_) => {}
                Err(error) => panic!("it does not say {part:?}: {error}"),
            }
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.expect("`kill` of procps").success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // An error means that it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines that come through a pipe, ends of lines included, so that nobody need wait for them for ever.
fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = String::new();
        while pipe.read_line(&mut line).is_ok_and(|bytes| bytes > 0) && sender.send(std::mem::take(&mut line)).is_ok() {
        }
    });
    lines
}

/// What an example left on the screen.
#[derive(Debug)]
struct Printed {
    status: ExitStatus,
    out: String,
    errors: String,
}

/// An example as it was built with the tests, or is built now if they were built without it.
fn example(name: &str) -> Command {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| {
        let test = std::env::current_exe().expect("a path of our own");
        let profile = test.ancestors().nth(2).expect("tests are built two levels below the profile's directory");
        let examples = profile.join("examples");
        if !["demo", "parts", "transfer", "wait"].iter().all(|name| examples.join(name).exists()) {
            build_examples(profile);
        }
        examples
    });
    piped(Command::new(directory.join(name)))
}

fn piped(mut command: Command) -> Command {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn build_examples(profile: &Path) {
    let target = profile.parent().expect("a profile's directory is in the target directory");
    let release = profile.ends_with("release").then_some("--release");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--package", "shmstore-examples", "--examples"]).args(release);
    let built = cargo.arg("--target-dir").arg(target).current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(built.expect("cargo").success(), "{cargo:?} failed");
}

fn writer(scratch: &Scratch, args: &[&str]) -> Command {
    let mut command = example("writer");
    command.arg("--path").arg(scratch.path()).args(args);
    command
}

fn reader(scratch: &Scratch, args: &[&str]) -> Command {
    let mut command = example("reader");
    command.arg("--path").arg(scratch.path()).args(args);
    command
}

fn observer(scratch: &Scratch, args: &[&str]) -> Command {
    let mut command = example("observe");
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

#[track_caller]
fn run(command: &mut Command) -> Printed {
    Program::start(command).output()
}

#[track_caller]
fn run_well(command: &mut Command) -> String {
    let printed = run(command);
    assert!(printed.status.success() && printed.errors.is_empty(), "{command:?}: {printed:?}");
    printed.out
}

/// The number before the first `what` of a text.
#[track_caller]
fn number_before(text: &str, what: &str) -> u64 {
    let (before, _) = text.split_once(what).unwrap_or_else(|| panic!("{what:?} is not in {text:?}"));
    let digits = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    before[digits..].parse().unwrap_or_else(|_| panic!("no number before {what:?} in {text:?}"))
}

/// The number behind the first `segment ` of a text.
fn shmid_in(text: &str) -> i32 {
    let (_, rest) = text.split_once("segment ").expect("the segment is named");
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().expect("a number")
}

#[test]
fn the_demo_tells_its_story_in_time_and_leaves_nothing() {
    let scratch = Scratch::new();
    let started = Instant::now();
    let story = run_well(example("demo").env("TMPDIR", scratch.path()));
    assert!(started.elapsed() < DEMO_ENDS_WITHIN, "it took {:?}", started.elapsed());
    for part in [
        "error: layout mismatch for `HostStats` (id 'H'",
        "~ load.one        f32 at +0      f64 at +0         type differs",
        "+ cpus_left_out   -              AtomicU32 at 28   only in the segment",
        "the object was removed; until I let go I still see its sample",
        "is gone from `ipcs -m`: nothing is left behind.",
    ] {
        assert!(story.contains(part), "{part:?} is not in:\n{story}");
    }
    assert_eq!(segments::with_id(shmid_in(&story)), None);
    assert_eq!(std::fs::read_dir(scratch.path()).expect("it is there").count(), 0, "files are left");
}

/// Examples that make a place of their own, and what they say when they are stopped.
const WITH_A_PLACE: [(&str, &str); 3] = [
    ("demo", "error: stopped before the end; all that the demo made is removed\n"),
    ("transfer", "error: stopped before the end; all that was made is removed\n"),
    ("wait", "error: stopped before the end; all that was made is removed\n"),
];

#[test]
fn an_example_that_is_interrupted_cleans_up() {
    for (name, complaint) in WITH_A_PLACE {
        let scratch = Scratch::new();
        let mut program = Program::start(example(name).env("TMPDIR", scratch.path()));
        let shmid = shmid_in(&program.line_with("segment"));
        program.signal("INT");
        let printed = program.output();
        assert_eq!(printed.status.code(), Some(1), "{name}: {printed:?}");
        assert_eq!(printed.errors, complaint, "{name}");
        assert_eq!(segments::with_id(shmid), None, "{name}");
        assert_eq!(std::fs::read_dir(scratch.path()).expect("it is there").count(), 0, "{name} leaves files");
    }
}

#[test]
fn an_example_that_is_killed_leaves_no_segment() {
    for (name, _) in WITH_A_PLACE {
        let scratch = Scratch::new();
        let mut program = Program::start(example(name).env("TMPDIR", scratch.path()));
        let shmid = shmid_in(&program.line_with("segment"));
        // Until its processes are attached, nobody is there to notice.
        wait::until_true("its processes", || segments::with_id(shmid).is_some_and(|segment| segment.attached > 1));
        program.signal("KILL");
        wait::until_true("its processes to notice", || segments::with_id(shmid).is_none());
    }
}

#[test]
fn killed_clerks_lose_no_money_and_others_repair_what_they_left() {
    let scratch = Scratch::new();
    let args = ["--seconds", "4", "--kills", "200", "--processes", "3"];
    let story = run_well(example("transfer").args(args).env("TMPDIR", scratch.path()));
    let lines: Vec<&str> = story.lines().filter(|line| line.contains("transfers/s")).collect();
    assert!(lines.len() >= 4 && lines.iter().all(|line| line.ends_with(" | 16000 coins")), "{story}");
    assert!(number_before(lines[lines.len() - 1], " repaired") > 0, "{story}");
    let killed = number_before(&story, " processes were killed, and not a coin is lost.");
    assert!(killed > 20, "{story}");
    assert_eq!(segments::with_id(shmid_in(&story)), None);
    assert_eq!(std::fs::read_dir(scratch.path()).expect("it is there").count(), 0, "files are left");
}

#[test]
fn a_waiting_process_is_woken_for_values_and_tells_how_long_they_took() {
    let scratch = Scratch::new();
    let told = run_well(example("wait").args(["--updates", "200"]).env("TMPDIR", scratch.path()));
    for way in ["`Versioned::store`, a lock each", "`Writer::store`, leased"] {
        let (_, part) = told.split_once(way).unwrap_or_else(|| panic!("{way} is missing in {told}"));
        let seen = number_before(part, " of them seen");
        // A value may be overtaken by the next, on a busy machine.
        assert!((1..=200).contains(&seen), "{told}");
        let (_, histogram) = part.split_once("from the store until they were here: min ").expect("a summary");
        let bars = histogram.lines().skip(1).take_while(|line| line.starts_with("  <") && line.contains(" µs | "));
        let counted: u64 = bars.map(|bar| number_before(&format!("{bar}."), ".")).sum();
        assert_eq!(counted, seen, "{told}");
    }
    assert_eq!(segments::with_id(shmid_in(&told)), None);
    assert_eq!(std::fs::read_dir(scratch.path()).expect("it is there").count(), 0, "files are left");
}

#[test]
fn a_process_that_waits_is_told_that_the_object_was_removed() {
    let scratch = Scratch::new();
    let mut program = Program::start(example("wait").args(["--hz", "1"]).env("TMPDIR", scratch.path()));
    let shmid = shmid_in(&program.line_with("segment"));
    remove_segment(shmid);
    let printed = program.output();
    let complaint = "error: the object was removed while we waited for a version of `Versioned<Tick>` newer than ";
    assert!(!printed.status.success() && printed.errors.contains(complaint), "{printed:?}");
    assert_eq!(segments::with_id(shmid), None);
}

#[test]
fn a_reader_that_comes_first_waits_for_the_writer() {
    let scratch = Scratch::new();
    let reader = Program::start(&mut reader(&scratch, &["--once", "--timeout", "20"]));
    let wrote = run_well(&mut writer(&scratch, &["--seconds", "1"]));
    assert!(wrote.starts_with("created `HostStats`, segment "), "{wrote}");
    let Printed { status, out, .. } = reader.output();
    assert!(status.success() && out.contains("\nmemory  [") && out.contains("\n all "), "{out}");
}

#[test]
fn a_reader_that_comes_last_sees_the_last_sample() {
    let scratch = Scratch::new();
    let wrote = run_well(&mut writer(&scratch, &["--seconds", "1", "--hz", "5"]));
    assert!(wrote.contains("took 5 samples; the object stays"), "{wrote}");
    let table = run_well(&mut reader(&scratch, &["--once"]));
    assert!(table.contains(", sample 5, ") && table.contains("has ended"), "{table}");
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
    let mut killed = Program::start(&mut writer(&scratch, &["--hz", "1"]));
    killed.line_with("created");
    wait::until_true("the first sample", || run(&mut reader(&scratch, &["--once"])).out.contains(", sample 1, "));
    let before = run_well(&mut reader(&scratch, &["--once"]));
    assert!(before.contains(", sample 1, from pid "), "{before}");
    killed.signal("KILL");
    killed.wait();

    let after = run_well(&mut reader(&scratch, &["--once"]));
    assert!(after.contains(", sample 1, from pid "), "{after}");
    let wrote = run_well(&mut writer(&scratch, &["--seconds", "1", "--hz", "4"]));
    assert!(wrote.starts_with("going on after sample 1 of `HostStats`"), "{wrote}");
    assert!(run_well(&mut reader(&scratch, &["--once"])).contains(", sample 5, "));
}

#[test]
fn a_reader_ends_when_the_object_is_removed() {
    let scratch = Scratch::new();
    let reader = Program::start(&mut reader(&scratch, &["--hz", "20"]));
    let wrote = run_well(&mut writer(&scratch, &["--seconds", "1", "--remove"]));
    assert!(wrote.ends_with("removed the object\n"), "{wrote}");
    let Printed { status, out, .. } = reader.output();
    assert!(status.success() && out.ends_with("after 10 samples; a new writer makes a new one\n"), "{out}");
    assert_eq!(scratch.segments(), []);
}

#[test]
fn a_writer_ends_when_it_is_asked_to() {
    for signal in ["INT", "TERM"] {
        let scratch = Scratch::new();
        let mut writer = Program::start(&mut writer(&scratch, &["--remove"]));
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
    run_well(&mut writer(&scratch, &["--seconds", "1"]));
    let wrote = run_well(&mut writer(&scratch, &["--seconds", "1", "--replace"]));
    assert!(wrote.starts_with("created `HostStats`"), "{wrote}");
}

#[test]
<<<<<<< HEAD
fn an_observer_prints_each_new_sample_and_sees_the_end() {
    let scratch = Scratch::new();
    let mut observer = Program::start(&mut observer(&scratch, &["--timeout", "20"]));
    let mut writer = Program::start(&mut writer(&scratch, &["--hz", "20", "--remove"]));
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
    with_users("an_observer_of_another_user_sees_what_it_is_allowed_to", || {
        let scratch = Scratch::new();
        std::os::unix::fs::chown(scratch.path(), Some(ALICE), Some(GROUP)).unwrap();
        std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o755)).unwrap();
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
    run_well(&mut writer(&scratch, &["--seconds", "1"]));
    let mut observer = Program::start(&mut observer(&scratch, &[]));
    assert!(observer.line_with("sample ").contains("has ended"));
    observer.signal("TERM");
    assert!(observer.wait().success());
}

/// The first program of the README.
fn program_of_the_readme() -> &'static str {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```rust,no_run\n").expect("the README begins with a program");
    rest.split_once("```").expect("it ends").0
=======
fn the_programs_of_the_readme_are_the_examples() {
    // The README has less room: only the layout of the text may differ.
    let tokens = |text: &str| text.split_whitespace().collect::<String>().replace(",}", "}");
    let programs = include_str!("../../README.md").split("```rust,no_run\n").skip(1);
    let programs: Vec<&str> = programs.map(|rest| rest.split_once("```").expect("it ends").0).collect();
    let examples = [include_str!("../../examples/rover.rs"), include_str!("../../examples/parts.rs")];
    assert_eq!(programs.len(), examples.len());
    for (program, example) in programs.into_iter().zip(examples) {
        assert!(tokens(example).ends_with(&tokens(program)), "they differ:\n{program}");
    }
>>>>>>> 6a19ec0 (Teach the new parts: which for which need, what happens when a process dies with one, and how each works)
}

#[test]
fn the_parts_of_the_readme_do_what_it_says() {
    let scratch = Scratch::new();
    let run = || run_well(example("parts").env("TMPDIR", scratch.path()));
    assert_eq!(run(), "day 1: [-30, 30], rate 1.25, paid in 5\n");
    assert_eq!(run(), "day 2: [-60, 60], rate 1.25, paid in 10\n");
}

#[test]
fn the_program_of_the_readme_goes_on_where_it_stopped() {
    let scratch = Scratch::new();
    let run = || run_well(example("rover").env("TMPDIR", scratch.path()));
    assert_eq!(run(), "frame 1: Position { x: 0.5, y: 0.0 }\n");
    assert_eq!(run(), "frame 2: Position { x: 1.0, y: 0.0 }\n");
}

#[test]
fn help_and_mistakes_are_answered() {
    for (name, _) in WITH_A_PLACE {
        let Output { status, stdout, .. } = example(name).arg("--help").output().expect("it runs");
        let help = String::from_utf8_lossy(&stdout);
        assert!(status.success() && !help.contains("play-"), "inner workings are not for users:\n{help}");
    }
    let mistake = run(example("writer").args(["--hz", "0"]));
    assert!(!mistake.status.success() && mistake.errors.contains("0 is not in 1..=1000"), "{mistake:?}");
}
