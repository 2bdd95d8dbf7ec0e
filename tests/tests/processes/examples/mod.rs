//! The examples do what they show: run as a user runs them, and judged by what they print and leave behind.

#![forbid(unsafe_code)]

mod program;
mod frames;
mod host;
mod service;

use std::process::Output;
use std::time::{Duration, Instant};

use shmstore_tests::scratch::{Scratch, remove_segment};
use shmstore_tests::{segments, wait};

use program::{Program, example, number_before, run, run_well, shmid_in};

/// What the demo promises.
const DEMO_ENDS_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn the_demo_tells_its_story_in_time_and_leaves_nothing() {
    let _turn = wait::flat_out();
    let scratch = Scratch::new();
    let mut demo = example("demo"); // may be built first
    let started = Instant::now();
    let story = run_well(demo.env("TMPDIR", scratch.path()));
    assert!(started.elapsed() < DEMO_ENDS_WITHIN, "it took {:?}", started.elapsed());
    for part in [
        "error: layout mismatch for `HostStats` (id 'H'",
        "the object was removed; until I let go I still see its sample",
        "is gone from `ipcs -m`: nothing is left behind.",
    ] {
        assert!(story.contains(part), "{part:?} is not in:\n{story}");
    }
    let chapter = include_str!("../../../../docs/guide/5-growing-and-changing-layouts.md");
    let (_, mismatch) = chapter.split_once("error: layout mismatch for `HostStats`").expect("a mismatch");
    let mismatch: Vec<&str> = mismatch.lines().skip(1).take_while(|line| *line != "```").collect();
    assert!(mismatch.len() >= 10, "{mismatch:#?}");
    for line in mismatch {
        let (steady, _) = line.split_once("; created by pid ").unwrap_or((line, ""));
        assert!(story.contains(steady), "the guide's {steady:?} is not in:\n{story}");
    }
    segments::wait_until_gone(shmid_in(&story));
    assert_eq!(std::fs::read_dir(scratch.path()).expect("it is there").count(), 0, "files are left");
}

#[test]
fn the_demo_that_is_interrupted_cleans_up() {
    let scratch = Scratch::new();
    let mut program = Program::start(example("demo").env("TMPDIR", scratch.path()));
    let shmid = shmid_in(&program.line_with("segment"));
    program.signal("INT");
    let printed = program.output();
    assert_eq!(printed.status.code(), Some(1), "{printed:?}");
    assert_eq!(printed.errors, "error: stopped before the end; all that the demo made is removed\n");
    segments::wait_until_gone(shmid);
    assert_eq!(std::fs::read_dir(scratch.path()).expect("it is there").count(), 0, "files are left");
}

#[test]
fn an_example_that_is_killed_leaves_no_segment() {
    for name in ["camera", "demo", "jobs", "lidar", "quotes", "tokio", "transfer"] {
        let scratch = Scratch::new();
        let mut program = Program::start(example(name).env("TMPDIR", scratch.path()).current_dir(scratch.path()));
        let shmid = shmid_in(&program.line_with("segment"));
        // Until its processes are attached, nobody is there to notice.
        wait::until_true("its processes", || segments::with_id(shmid).is_some_and(|segment| segment.attached > 1));
        program.signal("KILL");
        segments::wait_until_gone(shmid);
    }
}

#[test]
fn killed_clerks_lose_no_money_and_others_repair_what_they_left() {
    let _turn = wait::flat_out();
    let scratch = Scratch::new();
    let story = run_well(example("transfer").current_dir(scratch.path()));
    let lines: Vec<&str> = story.lines().filter(|line| line.contains(" processes killed, ")).collect();
    assert!(lines.len() == 2 && lines.iter().all(|line| line.ends_with(": 16000 coins")), "{story}");
    assert!(lines.iter().all(|line| number_before(line, " processes killed, ") > 10), "{story}");
    assert!(lines.iter().all(|line| number_before(line, " transfers, ") > 100), "{story}");
    assert!(number_before(lines[1], " repairs: ") > 0, "{story}");
    segments::wait_until_gone(shmid_in(&story));
}

#[test]
fn killed_workers_lose_no_job_and_the_job_that_ends_them_is_put_aside() {
    let _turn = wait::flat_out();
    let scratch = Scratch::new();
    let story = run_well(example("jobs").current_dir(scratch.path()));
    let end = " processes killed, job 0 put aside, the shares add up to 7484017\n";
    assert!(story.ends_with(end) && number_before(&story, " processes killed, ") > 10, "{story}");
    segments::wait_until_gone(shmid_in(&story));
}

#[test]
fn killed_traders_and_their_killed_feed_lose_no_quote_and_no_lot_of_a_position() {
    let _turn = wait::flat_out();
    let scratch = Scratch::new();
    let story = run_well(example("quotes").current_dir(scratch.path()));
    let end = " processes killed: 42 quotes, 43 positions, 8600 lots\n";
    assert!(story.ends_with(end) && number_before(&story, " processes killed: ") > 10, "{story}");
    segments::wait_until_gone(shmid_in(&story));
    assert_eq!(std::fs::read_dir(scratch.path()).expect("it is there").count(), 0, "files are left");
}

#[test]
fn slow_subscriber_learns_how_many_quotes_it_missed_and_slows_neither_of_the_others() {
    let _turn = wait::flat_out();
    let scratch = Scratch::new();
    let story = run_well(example("ticks").current_dir(scratch.path()));
    let of = |name| {
        let (_, line) = story.split_once(name).unwrap_or_else(|| panic!("{name:?} is not in {story}"));
        (number_before(line, " received, "), number_before(line, " missed, "))
    };
    let [(fast, missed), (slow, missed_by_slow)] = [of("fast: "), of("slow: ")];
    assert_eq!((fast + missed, slow + missed_by_slow), (2_000, 2_000), "{story}");
    // A busy machine may stop the fast one for a while, too.
    assert!(missed_by_slow > 0 && fast > slow, "{story}");
    segments::wait_until_gone(shmid_in(&story));
}

#[test]
fn one_thread_that_watches_many_values_misses_no_store() {
    let scratch = Scratch::new();
    let story = run_well(example("select").current_dir(scratch.path()));
    assert_eq!(number_before(&story, " stores seen, by one thread that woke up "), 100, "{story}");
    let printed = story.lines().filter(|line| line.starts_with("sensor ")).count();
    assert!((50..=100).contains(&printed), "{story}");
    segments::wait_until_gone(shmid_in(&story));
    assert_eq!(std::fs::read_dir(scratch.path()).expect("it is there").count(), 0, "files are left");
}

#[test]
fn a_thread_that_watches_many_values_ends_when_it_is_asked_to() {
    let scratch = Scratch::new();
    let mut program = Program::start(example("select").arg("1000000").current_dir(scratch.path()));
    let shmid = shmid_in(&program.line_with("segment"));
    program.line_with("sensor");
    program.signal("INT");
    let printed = program.output();
    assert!(printed.status.success() && printed.errors.is_empty(), "{printed:?}");
    assert!(printed.out.contains(" stores seen, by one thread "), "{printed:?}");
    segments::wait_until_gone(shmid);
    assert_eq!(std::fs::read_dir(scratch.path()).expect("it is there").count(), 0, "files are left");
}

#[test]
fn a_waiting_process_is_woken_for_values_and_tells_how_long_they_took() {
    let _turn = wait::flat_out();
    let scratch = Scratch::new();
    let told = run_well(example("wait").current_dir(scratch.path()));
    for way in ["by store: ", "by writer: "] {
        let (_, part) = told.split_once(way).unwrap_or_else(|| panic!("{way} is missing in {told}"));
        let seen = number_before(part, " of 500 values seen: min ");
        // On a busy machine the next value may overtake one. A process that is not woken sleeps for two values, and sees half.
        assert!((350..=500).contains(&seen), "{told}");
    }
    segments::wait_until_gone(shmid_in(&told));
}

#[test]
fn a_process_that_waits_is_told_that_the_object_was_removed() {
    let scratch = Scratch::new();
    let mut program = Program::start(example("wait").current_dir(scratch.path()));
    let shmid = shmid_in(&program.line_with("segment"));
    remove_segment(shmid);
    let printed = program.output();
    // Of either part: values that come all the time hide the removal from the first wait.
    let complaint = "the object was removed during the wait for a version of `Ticks.";
    assert!(!printed.status.success() && printed.errors.contains(complaint), "{printed:?}");
    segments::wait_until_gone(shmid);
}

#[test]
fn the_parts_of_the_readme_do_what_it_says() {
    let scratch = Scratch::new();
    let run = || run_well(example("parts").current_dir(scratch.path()));
    assert_eq!(run(), "day 1: [-30, 30], rate 1.25, paid in 5\n");
    assert_eq!(run(), "day 2: [-60, 60], rate 1.25, paid in 10\n");
}

#[test]
fn the_program_of_the_readme_goes_on_where_it_stopped() {
    let scratch = Scratch::new();
    let run = || run_well(example("rover").current_dir(scratch.path()));
    assert_eq!(run(), "frame 1: Position { x: 0.5, y: 0.0 }\n");
    assert_eq!(run(), "frame 2: Position { x: 1.0, y: 0.0 }\n");
    // And another user, in another directory, has another object.
    let elsewhere = Scratch::new();
    assert_eq!(run_well(example("rover").current_dir(elsewhere.path())), "frame 1: Position { x: 0.5, y: 0.0 }\n");
}

#[test]
fn three_versions_of_a_program_use_one_object_that_grows_and_lose_nothing() {
    let scratch = Scratch::new();
    let story = run_well(example("upgrade").current_dir(scratch.path()));
    let (_, told) = story.split_once('\n').expect("more than one line");
    let expected = [
        "v1 starts, and finds all its fields",
        "v1 frame 1",
        "v2 starts, and extends the object, which had 1 of its fields",
        "v2 frame 2, limit none",
        "v1 frame 3",
        "v1 stops",
        "v1 starts, and finds all its fields",
        "v1 frame 4",
        "v3 starts, and extends the object, which had 2 of its fields",
        "v3 frame 5, limit 2.5, wheel 2 slipped: 1",
        "v2 frame 6, limit 2.5",
        "v1 frame 7",
        "v1 stops",
        "v2 stops",
        "v3 frame 8, limit 2.5, wheel 2 slipped: 2",
        "v3 stops",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    segments::wait_until_gone(shmid_in(&story));
    assert_eq!(std::fs::read_dir(scratch.path()).expect("it is there").count(), 0, "files are left");
}

#[test]
fn part_of_a_library_serves_the_types_of_its_user() {
    let scratch = Scratch::new();
    let expected = "within a minute: Some(Position { x: 1.5, y: 0.5 }), Some(21.5)\nwithin a moment: None\n";
    assert_eq!(run_well(example("own_part").current_dir(scratch.path())), expected);
}

#[test]
fn types_of_other_crates_come_back_as_what_they_were() {
    let scratch = Scratch::new();
    let run = || run_well(example("foreign_types").current_dir(scratch.path()));
    assert_eq!(run(), "no visit yet\n");
    for visit in ["visit 1: 127.0.0.1:4001 at 20", "visit 2: 127.0.0.1:4002 at 20"] {
        let told = run();
        assert!(told.starts_with(visit) && told.ends_with(" s ago\n"), "{told}");
    }
}

#[test]
fn help_and_mistakes_are_answered() {
    let Output { status, stdout, .. } = example("demo").arg("--help").output().expect("it runs");
    let help = String::from_utf8_lossy(&stdout);
    assert!(status.success() && !help.contains("play-"), "inner workings are not for users:\n{help}");
    let mistake = run(example("writer").args(["--hz", "0"]));
    assert!(!mistake.status.success() && mistake.errors.contains("0 is not in 1..=1000"), "{mistake:?}");
}
