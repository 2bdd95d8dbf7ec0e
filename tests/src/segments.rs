//! The kernel's table of shared-memory segments, as `/proc/sysvipc/shm` shows it.

use std::fs;

use crate::wait;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The key; 0 once it is removed.
    pub key: i32,
    pub shmid: i32,
    /// Permission and status bits: `0o1000` is marked for destruction.
    pub mode: u32,
    pub size: u64,
    pub creator_pid: u32,
    pub attached: u64,
    pub owner: u32,
    pub group: u32,
}

pub fn all() -> Vec<Segment> {
    let table = fs::read_to_string("/proc/sysvipc/shm").expect("the kernel has System V shared memory");
    table.lines().skip(1).map(parse).collect()
}

/// How many pages of a segment are in RAM.
pub fn resident_pages(shmid: i32) -> u64 {
    let table = fs::read_to_string("/proc/sysvipc/shm").expect("the kernel has System V shared memory");
    let mut lines = table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let column = lines.next().and_then(|names| names.iter().position(|name| *name == "rss")).expect("a column");
    let line = lines.find(|line| line[1].parse() == Ok(shmid)).expect("a segment of this number");
    line[column].parse::<u64>().expect("a number of bytes") / 4096
}

fn parse(line: &str) -> Segment {
    let columns: Vec<&str> = line.split_ascii_whitespace().collect();
    Segment {
        key: columns[0].parse().expect("a key"),
        shmid: columns[1].parse().expect("an id"),
        mode: u32::from_str_radix(columns[2], 8).expect("a mode"),
        size: columns[3].parse().expect("a size"),
        creator_pid: columns[4].parse().expect("a pid"),
        attached: columns[6].parse().expect("a count"),
        owner: columns[7].parse().expect("a user"),
        group: columns[8].parse().expect("a group"),
    }
}

pub fn at_key(key: i32) -> Vec<Segment> {
    all().into_iter().filter(|segment| segment.key == key).collect()
}

/// The segment of a number, also one that is only waiting to be detached.
pub fn with_id(shmid: i32) -> Option<Segment> {
    all().into_iter().find(|segment| segment.shmid == shmid)
}

/// Waits until the kernel has let a segment go. One that is removed stays until every process has detached it, and a list
/// of the machine's segments, which any other test may ask for, attaches it for a moment.
#[track_caller]
pub fn wait_until_gone(shmid: i32) {
    wait::until_equal(|| with_id(shmid), None);
}
