//! `shmstore gc`.

use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};

use shmstore::Shared;
use shmstore::inspect::{Segment, SegmentState};

use super::support::*;

#[test]
fn only_unused_orphans_are_removed() {
    alone("gc::only_unused_orphans_are_removed", || {
        let scratch = Scratch::new();
        let ready = scratch.store_at("ready").create::<Counter>().unwrap();
        let ready = Shared::info(&ready).unwrap().shmid;
        let orphan = Shared::info(&scratch.store_at("orphan").create::<Counter>().unwrap()).unwrap().shmid;
        let used = scratch.store_at("used").create::<Counter>().unwrap();
        let used_orphan = Shared::info(&used).unwrap().shmid;
        for name in ["orphan", "used"] {
            std::fs::remove_dir(scratch.join(name)).unwrap();
        }
        let foreign = scratch.plant(0x0123_4567, 4096);
        let half_made = scratch.plant(0x4321_4567, 4096 + 1357);
        assert_eq!(Segment::of_shmid(half_made).unwrap().state, SegmentState::Abandoned);

        let dry = run(["gc", "--dry-run"]).with(0);
        let told = |shmid: i32, how: &str| {
            let shmid = format!("(segment {shmid}");
            let shmid = shmid.trim_start_matches('(').to_owned();
            dry.out.lines().any(|line| line.starts_with(how) && line.contains(&shmid))
        };
        assert!(told(orphan, "to remove: ") && told(half_made, "kept "), "{dry:?}");
        assert!(dry.out.contains("it is empty"), "its size alone does not make it ours: {dry:?}");
        assert!(told(used_orphan, "kept ") && dry.out.contains("attached once"), "{dry:?}");
        assert!(dry.out.contains("orphaned: its anchor is gone") && dry.out.contains("abandoned: its creator died"));
        assert!(!told(ready, "") && !told(foreign, ""), "{dry:?}");

        assert!(run(["gc"]).with(4).err.contains("--yes"));
        let mut asked = program();
        asked.arg("gc");
        on_terminal(asked, "n\n").with(4);
        for shmid in [ready, orphan, used_orphan, foreign, half_made] {
            assert!(Segment::of_shmid(shmid).is_ok(), "removed without agreement");
        }

        let done = run(["gc", "--yes"]).with(0);
        assert_eq!(done.out.lines().filter(|line| line.starts_with("removed ")).count(), 1, "{done:?}");
        assert!(Segment::of_shmid(orphan).is_err());
        for kept in [ready, used_orphan, foreign, half_made] {
            assert!(exists(kept));
        }
        assert!(!Shared::is_removed(&used));
        assert!(run(["gc", "--yes"]).with(0).out.contains("nothing to remove"));
    });
}

#[test]
fn objects_are_removed_even_if_the_output_is_closed() {
    alone("gc::objects_are_removed_even_if_the_output_is_closed", || {
        let scratch = Scratch::new();
        for (name, code) in [("unread", 0), ("full", 1)] {
            drop(scratch.store_at(name).create::<Counter>().unwrap());
            std::fs::remove_dir(scratch.join(name)).unwrap();
            let (reader, writer) = nix::unistd::pipe().unwrap();
            drop(reader);
            let out: Stdio = if code == 0 { writer.into() } else { File::create("/dev/full").unwrap().into() };
            let output = program().args(["gc", "--yes"]).stdout(out).stderr(Stdio::piped()).output().unwrap();
            let ended = ended(output).with(code);
            assert!(scratch.segments().is_empty(), "{ended:?}");
            assert_eq!(ended.err.contains("removed "), code == 1, "{ended:?}");
        }
    });
}

/// Any user can lock a directory that a segment names.
#[test]
fn locked_directories_delay_it_only_once() {
    alone("gc::locked_directories_delay_it_only_once", || {
        const DIRECTORIES: usize = 6;
        const COPIES: usize = 4;
        let scratch = Scratch::new();
        let mut locks = Vec::new();
        for number in 0..DIRECTORIES {
            let name = format!("held-{number}");
            let object = scratch.store_at(&name).create::<Counter>().unwrap();
            let whole = Segment::of_shmid(Shared::info(&object).unwrap().shmid).unwrap();
            // The copies are orphans, because their keys do not fit their anchors.
            for copy in 0..COPIES {
                scratch.copy(&whole, 0x7654_0000 + i32::try_from(number * COPIES + copy).unwrap());
            }
            let directory = File::open(scratch.join(&name)).unwrap();
            directory.lock().unwrap();
            locks.push(directory);
        }
        let since = Instant::now();
        let done = run(["gc", "--yes"]).with(0);
        let took = since.elapsed();
        let removed = done.out.lines().filter(|line| line.starts_with("removed ")).count();
        assert_eq!(removed, DIRECTORIES * COPIES, "{done:?}");
        // Half a second for each segment would be 12 s, and for each directory 3 s. All together have 2 s.
        assert!(took < Duration::from_millis(2_800), "{took:?}");
    });
}
