//! The examples of frames, whose processes are killed and stopped.

use std::fs;

use shmstore_tests::scratch::Scratch;
use shmstore_tests::{peer, segments, wait};

use super::program::{Program, example, number_before, run_well, shmid_in};

/// The pid in a line of the camera.
fn pid_in(line: &str) -> u32 {
    line.trim_end().rsplit(' ').next().and_then(|pid| pid.parse().ok()).unwrap_or_else(|| panic!("{line}"))
}

#[test]
fn users_of_a_camera_go_on_while_others_are_stopped_and_killed() {
    let _turn = wait::flat_out();
    let scratch = Scratch::new();
    let mut program = Program::start(example("camera").current_dir(scratch.path()));
    let shmid = shmid_in(&program.line_with("segment"));
    let [film, light, record] = ["film", "light", "record"].map(|role| {
        let line = program.line_with(&format!("{role} has pid"));
        pid_in(&line)
    });
    program.line_with("light: image ");

    peer::signal(light, "STOP");
    program.line_with("record: ");
    program.line_with("record: ");
    peer::signal(film, "KILL");
    program.line_with("film has pid");
    program.line_with("record: ");
    program.line_with("record: ");

    peer::signal(light, "CONT");
    program.line_with("light: image ");
    let line = program.line_with("light: image ");
    assert!(number_before(&line, " missed") > 0, "{line}");
    peer::signal(record, "KILL");
    program.line_with("record has pid");
    program.line_with("record: ");

    program.signal("INT");
    let printed = program.output();
    assert!(printed.status.success() && printed.errors.is_empty(), "{printed:?}");
    let images = number_before(&printed.out, " images, without a gap");
    segments::wait_until_gone(shmid);
    let files =
        fs::read_dir(scratch.join("camera-images")).expect("a directory").map(|entry| entry.expect("a file").path());
    let names: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "png")).collect();
    assert!(names.len() > 4, "{names:?}");
    for name in names {
        let number: u64 = name.file_stem().expect("a name").to_string_lossy().parse().expect("a number");
        assert!((1..=images).contains(&number), "{number} of {images}");
        let file = fs::read(&name).expect("a file");
        assert!(file.starts_with(b"\x89PNG\r\n") && file.ends_with(b"IEND\xaeB`\x82"), "{name:?} is not whole");
    }
}

#[test]
fn killed_and_stopped_users_of_point_clouds_tear_none_and_no_sensor_waits_for_them() {
    let _turn = wait::flat_out();
    let scratch = Scratch::new();
    let story = run_well(example("lidar").current_dir(scratch.path()));
    assert!(number_before(&story, " killed: ") > 5 && number_before(&story, " processes stopped, ") > 5, "{story}");
    assert!(number_before(&story, " sweeps, ") >= 300 && number_before(&story, " read whole, ") > 0, "{story}");
    segments::wait_until_gone(shmid_in(&story));
    assert_eq!(fs::read_dir(scratch.path()).expect("it is there").count(), 0, "files are left");
}
