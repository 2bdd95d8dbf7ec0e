//! `shmstore push`, `pop`, `send` and `notify`.

use std::io::Write;
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::plant::*;
use super::support::*;

const JOB: &str = r#"{"id": 7, "speed": -2, "kind": "Driving", "urgent": true}"#;

fn job(id: u32) -> Job {
    Job { id, speed: 0, kind: Mode::Idle, urgent: false }
}

fn json(id: u32) -> String {
    format!(r#"{{"id": {id}, "speed": 0, "kind": "Idle", "urgent": false}}"#)
}

/// Starts the program with a text as its standard input.
fn start(args: &[&str]) -> Child {
    program().args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn with_input(args: &[&str], input: &[u8]) -> Ended {
    let mut child = start(args);
    // It may end before it has read everything.
    drop(child.stdin.take().unwrap().write_all(input));
    ended(child.wait_with_output().unwrap())
}

#[test]
fn items_are_pushed_and_popped_in_order() {
    let (_scratch, path, plant) = plant();
    run(["push", &path, "jobs", JOB, &json(8)]).with(0);
    assert_eq!(plant.jobs.pop().unwrap(), Job { id: 7, speed: -2, kind: Mode::Driving, urgent: true });
    plant.jobs.push(job(9)).unwrap();
    let out = run(["pop", &path, "jobs"]).with(0).out;
    assert_eq!(out, "{ id: 8, speed: 0, kind: Idle, urgent: false }\n");
    let ended = run(["pop", &path, "jobs", "--json", "--count", "3", "--timeout", "0"]).with(6);
    assert_eq!(ended.json()["id"], 9);
    assert!(ended.err.contains("is empty") && plant.jobs.is_empty(), "{ended:?}");
    assert!(run(["pop", &path, "jobs", "--timeout", "0.1"]).with(6).err.contains("100ms"));
    run(["pop", &path, "ticks"]).with(3);
    run(["pop", &path, "jobs", "--timeout", "-1"]).with(2);
    run(["pop", &path, "jobs", "--count", "0"]).with(0);
}

#[test]
fn lines_of_the_input_are_pushed_and_a_wrong_one_is_named() {
    let (_scratch, path, plant) = plant();
    with_input(&["push", &path, "jobs", "-"], format!("{}\n{}", json(1), json(2)).as_bytes()).with(0);
    assert_eq!((plant.jobs.pop().unwrap(), plant.jobs.pop().unwrap()), (job(1), job(2)));
    let wrong = format!("{}\n{}\n{{\"id\": 3}}\n{}\n", json(1), json(2), json(4));
    let ended = with_input(&["push", &path, "jobs", "-"], wrong.as_bytes()).with(4);
    assert!(ended.err.contains("`jobs` does not fit its type"), "{ended:?}");
    assert!(ended.err.contains("line 3 of the input, after 2 lines that went well"), "{ended:?}");
    assert_eq!(plant.jobs.len(), 2);
    let ended = with_input(&["push", &path, "jobs", "-"], b"\xff\n").with(1);
    assert!(ended.err.contains("not UTF-8") && ended.err.contains("first line"), "{ended:?}");
    with_input(&["push", &path, "jobs", "-"], b"").with(0);
    // Arguments are pushed all, or none.
    run(["push", &path, "jobs", &json(3), "7"]).with(4);
    assert_eq!(plant.jobs.len(), 2);
}

#[test]
fn full_queue_is_waited_for() {
    let (_scratch, path, plant) = plant();
    (0..4).for_each(|id| plant.jobs.push(job(id)).unwrap());
    let ended = run(["push", &path, "jobs", &json(4), "--timeout", "0.1"]).with(6);
    assert!(ended.err.contains("is full") && ended.err.contains("100ms"), "{ended:?}");
    let lines: String = (4..20).map(|id| json(id) + "\n").collect();
    let mut child = start(&["push", &path, "jobs", "-"]);
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    for id in 0..20 {
        assert_eq!(plant.jobs.pop_timeout(DEADLINE).unwrap(), job(id));
    }
    ended_of(child).with(0);
}

fn ended_of(child: Child) -> Ended {
    ended(child.wait_with_output().unwrap())
}

#[test]
fn item_that_cannot_be_printed_is_delivered_again() {
    let (_scratch, path, plant) = plant();
    plant.jobs.push(job(5)).unwrap();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = program().args(["pop", &path, "jobs"]).stdout(full).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!((plant.jobs.len(), plant.jobs.outstanding()), (1, 0));
    assert_eq!(plant.jobs.pop().unwrap(), job(5));
}

#[test]
fn interrupted_commands_let_go_of_the_object() {
    let (_scratch, path, plant) = plant();
    (0..4).for_each(|id| plant.jobs.push(job(id)).unwrap());
    let commands: [&[&str]; 4] = [
        &["push", &path, "jobs", "-"],
        &["push", &path, "jobs", &json(4)],
        &["wait", &path, "position"],
        &["wait", &path, "frames"],
    ];
    for args in commands {
        let mut child = start(args);
        let pid = child.id();
        let is_attached = || {
            let there = shmstore::Shared::participants(&plant);
            there.iter().any(|one| one.pid == pid && one.alive && !one.left).then_some(())
        };
        until("the command to attach", is_attached);
        let since = std::time::Instant::now();
        let interrupted = || {
            kill(Pid::from_raw(pid as i32), Signal::SIGTERM).unwrap();
            std::thread::sleep(Duration::from_millis(20));
            child.try_wait().unwrap()
        };
        // A signal that comes before it is caught ends the program all the same.
        let status = until("the end", interrupted);
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15), "{args:?}");
        assert!(since.elapsed() < Duration::from_secs(5), "{args:?} ended after {:?}", since.elapsed());
        let there = shmstore::Shared::participants(&plant);
        assert!(there.iter().all(|one| one.pid != pid || one.left), "{args:?}: {there:?}");
    }
    assert_eq!(plant.jobs.len(), 4);
}

#[test]
fn sent_items_are_received() {
    let (_scratch, path, plant) = plant();
    let mut subscriber = plant.ticks.subscribe();
    run(["send", &path, "ticks", "1.5", "-2", "inf"]).with(0);
    with_input(&["send", &path, "ticks", "-"], b"4\n5\n").with(0);
    let mut next = || subscriber.recv_timeout(DEADLINE).unwrap();
    assert_eq!([next(), next(), next(), next(), next()], [1.5, -2.0, f64::INFINITY, 4.0, 5.0]);
    let out = run(["tail", &path, "ticks", "--from", "0", "--count", "5"]).with(0).out;
    assert_eq!(out, "0 1.5\n1 -2.0\n2 inf\n3 4.0\n4 5.0\n");
    assert!(run(["send", &path, "ticks", "x"]).with(4).err.contains("`ticks` does not fit"));
    run(["send", &path, "jobs", "1"]).with(3);
}

#[test]
fn notified_event_wakes_a_typed_process() {
    let (_scratch, path, plant) = plant();
    let waiter = std::thread::spawn({
        let path = path.clone();
        move || run(["notify", &path, "news"]).with(0)
    });
    assert_eq!(plant.news.wait_past(0, DEADLINE).unwrap(), 1);
    waiter.join().unwrap();
    run(["notify", "--one", &path, "news"]).with(0);
    assert_eq!(run(["get", &path, "news"]).with(0).out, "2\n");
    assert!(run(["notify", &path, "position"]).with(3).err.contains("`shmstore set`"));
    run(["notify", &path, "none"]).with(3);
}
