//! `shmstore wait`.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering::Relaxed;

use shmstore::frames::FrameMut;
use shmstore::{Frames, Store};

use super::files::set_mode;
use super::plant::*;
use super::support::*;

fn start(mut program: Command, args: &[&str]) -> Child {
    program.arg("wait").args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Changes something until the command ends, as it may begin after the first change.
fn until_end(mut child: Child, mut change: impl FnMut()) -> Ended {
    until("the end of the wait", || {
        change();
        child.try_wait().unwrap()
    });
    ended(child.wait_with_output().unwrap())
}

fn publish(images: &Frames<u8, 16, 3>) {
    let mut frame: FrameMut<'_, u8, 16, 3, ()> = images.try_loan().unwrap();
    frame.copy_from(&[7, 8]).unwrap();
    frame.publish().unwrap();
}

/// Waits for each kind of change with a program, and checks what it prints.
fn waits(plant: &Plant, start: impl Fn(&[&str]) -> Child) {
    let mut x = 0.0;
    let out = until_end(start(&["position.x"]), || {
        x += 1.0;
        plant.position.store(Position { x, y: 0.5 });
    });
    assert!(out.with(0).out.trim_end().parse::<f64>().unwrap() <= x);
    let key = "EURUSD".try_into().unwrap();
    let put = || {
        plant.quotes.insert(key, Position { x: 1.0, y: 2.0 }).unwrap();
    };
    assert_eq!(until_end(start(&[r#"quotes["EURUSD"].y"#]), put).with(0).out, "2.0\n");
    plant.quotes.remove(&key).unwrap();
    let out = until_end(start(&["quotes", "--json"]), || {
        drop(plant.quotes.remove(&key));
        put();
    });
    assert_eq!(out.with(0).json()["capacity"], 3);
    assert!(until_end(start(&["news"]), || _ = plant.news.notify_all()).with(0).out.trim() >= "1");
    let sent = until_end(start(&["ticks", "--json"]), || _ = plant.ticks.send(1.5)).with(0);
    assert_eq!(sent.json()["last"][0]["value"], 1.5);
    assert_eq!(until_end(start(&["images[1]"]), || publish(&plant.images)).with(0).out, "8\n");
    let job = Job { id: 7, speed: 0, kind: Mode::Idle, urgent: false };
    let item = until_end(start(&["jobs", "--json"]), || drop(plant.jobs.try_push(job)));
    assert_eq!(item.with(0).json()["first"][0]["id"], 7);
    // It looks for another value, so a change that is undone may be missed.
    let turn = || {
        plant
            .mode
            .store(if plant.frames.fetch_add(1, Relaxed) % 100 < 50 { Mode::Driving } else { Mode::Idle }, Relaxed)
    };
    let mode = until_end(start(&["mode"]), turn).with(0).out;
    assert!(["Driving\n", "Idle\n"].contains(&&*mode), "{mode}");
}

#[test]
fn each_kind_of_change_ends_the_wait() {
    let (_scratch, path, plant) = plant();
    waits(&plant, |args| start(program(), &[&[&*path], args].concat()));
}

#[test]
fn process_that_may_only_read_waits_for_each_kind_too() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let plant = Store::options().mode(0o644).open(store.path()).unwrap().create::<Plant>().unwrap();
    set_mode(&scratch.text("rover"), 0o755);
    if scratch.program_of_another_user().is_none() {
        return;
    }
    let path = scratch.text("rover");
    waits(&plant, |args| start(scratch.program_of_another_user().unwrap(), &[&[&*path], args].concat()));
    let mut reader = scratch.program_of_another_user().unwrap();
    let late = ended(reader.args(["wait", &path, "news", "--newer", "99", "--timeout", "0.1"]).output().unwrap());
    assert!(late.with(6).err.contains("waited 1"), "a time of 100 ms and a little");
    let mut reader = scratch.program_of_another_user().unwrap();
    let waiting = reader.args(["wait", &path, "position"]).stderr(Stdio::piped()).spawn().unwrap();
    until("the command to attach", || (store.list().unwrap()[0].attached > 1).then_some(()));
    store.remove::<Plant>().unwrap();
    let ended = ended(waiting.wait_with_output().unwrap()).with(3);
    assert!(ended.err.contains("was removed during the wait"), "{ended:?}");
}

#[test]
fn change_with_a_known_number_is_not_missed() {
    let (_scratch, path, plant) = plant();
    for version in 1..=3 {
        plant.position.store(Position { x: version as f64, y: 0.0 });
    }
    assert_eq!(run(["wait", &path, "position.x", "--newer", "2"]).with(0).out, "3.0\n");
    let newest = run(["wait", "--json", &path, "position", "--newer", "0"]).with(0).json();
    assert_eq!((&newest["version"], &newest["value"]["x"]), (&3.into(), &3.0.into()));
    let late = run(["wait", &path, "position", "--newer", "3", "--timeout", "0.1"]).with(6);
    assert!(late.err.contains("newer than 3") && late.err.contains("100ms") && late.out.is_empty(), "{late:?}");
    run(["wait", &path, "position", "--timeout", "0"]).with(6);
    run(["wait", &path, "frames", "--timeout", "0"]).with(6);
    let next = std::thread::spawn({
        let path = path.clone();
        move || run(["wait", &path, "position.x", "--newer", "3"])
    });
    until("the command to attach", || (Store::open(&path).unwrap().list().unwrap()[0].attached > 1).then_some(()));
    plant.position.store(Position { x: 4.0, y: 0.0 });
    assert_eq!(next.join().unwrap().with(0).out, "4.0\n");
}

#[test]
fn wrong_waits_are_refused_and_the_end_of_the_reader_ends_one() {
    let (scratch, path, plant) = plant();
    plant.frames.store(1, Relaxed);
    assert!(run(["wait", &path, "frames", "--newer", "1"]).with(1).err.contains("its changes have no number"));
    assert!(run(["wait", &path, "jobs", "--newer", "1"]).with(1).err.contains("an item is waited for"));
    run(["wait", &path, "none"]).with(3);
    run(["wait", &path, "position.z"]).with(3);
    run(["wait", &path, "jobs[0]"]).with(3);
    run(["wait", &scratch.text("none"), "x"]).with(3);
    for text in ["-1", "NaN", "1e10", "x", ""] {
        run(["wait", &path, "position", "--timeout", text]).with(2);
    }
    let mut child = start(program(), &[&path, "position"]);
    drop(child.stdout.take());
    let status = until("the end of the wait", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    let removed = start(program(), &[&path, "position"]);
    until("the command to attach", || (scratch.store().list().unwrap()[0].attached > 1).then_some(()));
    scratch.store().remove::<Plant>().unwrap();
    assert!(ended(removed.wait_with_output().unwrap()).with(3).err.contains("removed"));
}
