//! Threads that wait, and what the kernel says of them.

use std::fs;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::gettid;
use shmstore_tests::wait;

/// A wait ends some milliseconds after what ends it. On a busy machine it may be later, but long before [`TIME`].
pub(crate) const SOON: Duration = Duration::from_secs(6);

/// The limit of waits that are to end before.
pub(crate) const TIME: Duration = Duration::from_secs(25);

/// Lets threads wait, does something once all of them have slept for long, and asserts that all of them go on soon.
#[track_caller]
pub(crate) fn all_go_on(name: &str, waits: &[&(dyn Fn() + Sync)], news: impl FnOnce()) {
    thread::scope(|scope| {
        let (tell, told) = channel();
        let start = |wait| {
            let tell = tell.clone();
            scope.spawn(move || {
                tell.send(gettid().as_raw()).expect("a test that listens");
                let wait: &(dyn Fn() + Sync) = wait;
                wait();
                Instant::now()
            })
        };
        let threads: Vec<_> = waits.iter().copied().map(start).collect();
        told.iter().take(waits.len()).for_each(wait_until_long_asleep);
        news();
        let since = Instant::now();
        for (index, thread) in threads.into_iter().enumerate() {
            let late = thread.join().unwrap_or_else(|_| panic!("{name}: wait {index} failed"));
            let late = late.saturating_duration_since(since);
            println!("{name}: wait {index} went on after {late:?}");
            assert!(late < SOON, "{name}: wait {index} went on after {late:?}");
        }
    });
}

/// Waits until a thread has slept through some slices. It was woken at their ends, or the hub looks after it.
#[track_caller]
pub(crate) fn wait_until_long_asleep(tid: i32) {
    const SLICES: Duration = Duration::from_millis(40);
    const TIMES: u64 = 12;
    let sleeps = || sleeps_of(&format!("/proc/{tid}/status"));
    let (first, mut last, mut since) = (sleeps(), 0, Instant::now());
    wait::until_true("a thread to sleep for long", || {
        let now = sleeps();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        since.elapsed() > SLICES || now > first + TIMES
    });
}

/// How often threads of a process have fallen asleep.
pub(crate) fn sleeps_of_all(pid: u32) -> u64 {
    threads_of(pid).into_iter().map(|tid| sleeps_of(&format!("/proc/{pid}/task/{tid}/status"))).sum()
}

fn sleeps_of(path: &str) -> u64 {
    status(path, "voluntary_ctxt_switches:").parse().unwrap_or(0)
}

/// Returns what the kernel says of a thread on a line of its status. It is empty if the thread has ended.
pub(crate) fn status(path: &str, name: &str) -> String {
    let status = fs::read_to_string(path).unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").trim().to_owned()
}

/// The thread of a process that wakes its tasks, once it has its name.
#[track_caller]
pub(crate) fn hub_of(pid: u32) -> i32 {
    let is_hub = |tid: &i32| {
        fs::read_to_string(format!("/proc/{pid}/task/{tid}/comm")).is_ok_and(|name| name.trim_end() == "shmstore-hub")
    };
    wait::until("the thread of the hub", || threads_of(pid).into_iter().find(is_hub))
}

pub(crate) fn threads_of(pid: u32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads.filter_map(|thread| thread.file_name().to_str()?.parse().ok()).collect()
}
