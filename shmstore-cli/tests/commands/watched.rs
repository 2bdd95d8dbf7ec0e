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

/// How often a segment is attached, as the kernel says to who does not attach it.
fn attached(shmid: i32) -> Option<u64> {
    let table = fs::read_to_string("/proc/sysvipc/shm").expect("the kernel's table");
    let mut rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    // key shmid perms size cpid lpid nattch …
    rows.find(|row| row[1] == shmid.to_string()).map(|row| row[6].parse().expect("a number"))
}

#[test]
fn what_is_watched_is_attached_by_nobody_most_of_the_time_and_can_be_removed() {
    alone("watched::what_is_watched_is_attached_by_nobody_most_of_the_time_and_can_be_removed", || {
        let scratch = Scratch::new();
        let made =
            ["orphan", "ready"].map(|name| Shared::info(&scratch.store_at(name).create::<Counter>().unwrap()).unwrap());
        let [orphan, ready] = made.map(|info| info.shmid);
        fs::remove_dir(scratch.join("orphan")).unwrap();
        let mut watch = program();
        watch.args(["ls", "--watch", "--hz", "60"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut watch = EndedAtEnd(watch.spawn().unwrap());
        let mut lines = BufReader::new(watch.0.stdout.take().unwrap()).lines().map_while(Result::ok);
        let found: Vec<String> = lines.by_ref().take(2).collect();
        assert!(found[0].contains("state=orphaned") && found[1].contains("state=ready"), "{found:?}");
        for shmid in [orphan, ready] {
            let held = (0..200).filter(|_| {
                thread::sleep(Duration::from_millis(1));
                attached(shmid) != Some(0)
            });
            assert!(held.count() < 100);
        }
        run(["gc", "--yes"]).with(0);
        run(["rm", "--yes", scratch.join("ready").to_str().unwrap()]).with(0);
        assert_eq!([orphan, ready].map(attached), [None; 2]);
        assert!(watch.0.try_wait().unwrap().is_none(), "it was watched all the time");
    });
}
