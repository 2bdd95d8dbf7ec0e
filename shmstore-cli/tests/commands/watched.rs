//! `gc` and `rm` while `ls --watch` runs.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use shmstore::Shared;

use super::support::*;

struct EndedAtEnd(Child);

impl Drop for EndedAtEnd {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts `ls --watch`, and returns its lines.
fn ls_watch() -> (EndedAtEnd, impl Iterator<Item = String>) {
    let mut watch = program();
    watch.args(["ls", "--watch", "--hz", "60"]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut watch = EndedAtEnd(watch.spawn().unwrap());
    let lines = BufReader::new(watch.0.stdout.take().unwrap()).lines();
    (watch, lines.map_while(Result::ok))
}

#[test]
fn watched_objects_are_rarely_attached_and_can_be_removed() {
    alone("watched::watched_objects_are_rarely_attached_and_can_be_removed", || {
        let scratch = Scratch::new();
        let made =
            ["orphan", "ready"].map(|name| Shared::info(&scratch.store_at(name).create::<Counter>().unwrap()).unwrap());
        let [orphan, ready] = made.map(|info| info.shmid);
        fs::remove_dir(scratch.join("orphan")).unwrap();
        let (mut watch, mut lines) = ls_watch();
        let found: Vec<String> = lines.by_ref().take(2).collect();
        assert!(found[0].contains("state=orphaned") && found[1].contains("state=ready"), "{found:?}");
        for shmid in [orphan, ready] {
            let held = (0..200).filter(|_| {
                thread::sleep(Duration::from_millis(1));
                in_kernel(shmid).is_none_or(|(attached, _)| attached != 0)
            });
            assert!(held.count() < 100);
        }
        run(["gc", "--yes"]).with(0);
        run(["rm", "--yes", &scratch.text("ready")]).with(0);
        // The program may have them attached at this moment.
        [orphan, ready].into_iter().for_each(until_gone);
        assert!(watch.0.try_wait().unwrap().is_none(), "the watch ended too early");
    });
}

/// Other tests that list the objects would change the number of attachments, which is news.
#[test]
fn idle_object_has_no_more_lines() {
    alone("watched::idle_object_has_no_more_lines", || {
        let scratch = Scratch::new();
        let rover = scratch.store().create::<Rover>().unwrap();
        let (_watch, lines) = ls_watch();
        // An object may have a line before it is complete.
        let mut lines = lines.filter(|line| line.ends_with(" state=ready"));
        let mut next = || lines.next().expect("a line");
        assert!(next().contains(" Rover updates/s=- "));
        let counter = scratch.store().create::<Counter>().unwrap();
        assert!(next().contains(" Counter updates/s=- "));
        drop(counter);
        let line = next();
        assert!(line.contains(" Counter updates/s=0 attached=0 "), "{line}");
        drop(rover);
        let line = next();
        assert!(line.contains(" Rover updates/s=0 attached=0 "), "{line}");
    });
}
