//! Objects of containers, private `/tmp` directories and chroots. This program cannot see their anchors.

use std::panic::{catch_unwind, resume_unwind};
use std::path::Path;
use std::process::Command;

use shmstore::inspect::{Segment, segments};

use super::support::*;

/// A shell in its own mount namespace. `$SHMSTORE` is the program, and `$AT` is the directory of the test.
fn in_mount_namespace(at: &Path, script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-ec", script]);
    command.env("SHMSTORE", env!("CARGO_BIN_EXE_shmstore")).env("AT", at);
    command
}

/// A directory with a saved counter in the file `saved`.
fn with_saved_counter() -> Option<Scratch> {
    let scratch = Scratch::new();
    let possible = in_mount_namespace(scratch.path(), "mount --bind \"$AT\" \"$AT\"").output().expect("`unshare`");
    if !possible.status.success() {
        assert!(std::env::var_os("SHMSTORE_NO_SKIPS").is_none(), "no mount namespace can be made");
        println!("skipped: no mount namespace can be made");
        return None;
    }
    let store = scratch.store_at("source");
    drop(store.create::<Counter>().unwrap());
    let [source, saved] = ["source", "saved"].map(|name| scratch.join(name).into_os_string());
    run(["save".into(), source, saved]).with(0);
    store.remove::<Counter>().unwrap();
    Some(scratch)
}

fn all() -> Vec<i32> {
    segments().unwrap().iter().map(|segment| segment.shmid).collect()
}

/// Checks that the program keeps the object and says why. `look` starts the program.
#[track_caller]
fn assert_left_alone(look: impl Fn() -> Command) {
    const SENTENCE: &str =
        "its anchor is in another mount namespace or under another root directory, so nothing is known of it";
    let run = |args: &[&str]| ended(look().args(args).output().expect("it runs"));
    let there = all();
    assert_eq!(there.len(), 1, "the object of this test");
    let listed = run(&["ls", "--json"]).with(0).json();
    assert_eq!((&listed[0]["state"], &listed[0]["detail"]), (&"elsewhere".into(), &SENTENCE.into()), "{listed}");
    let said = "1 object is elsewhere: its anchor is in a mount namespace or under a root directory that this program \
                cannot see, so it is unknown whether it is orphaned";
    let table = run(&["ls"]).with(0);
    assert!(table.out.contains(" elsewhere"), "{table:?}");
    assert!(table.err.contains(said), "{table:?}");
    let doctor = run(&["doctor"]);
    assert!(doctor.out.contains(said), "{doctor:?}");
    assert!(!doctor.out.contains("shmstore gc"), "{doctor:?}");
    for args in [&["gc", "-n"][..], &["gc", "--yes"]] {
        assert_eq!(run(args).with(0).out, "nothing to remove\n");
        assert_eq!(all(), there, "{args:?} removed it");
    }
}

/// Checks this with the program in our mount namespace, and in its own one, which may have the inode of an earlier
/// namespace.
fn assert_left_alone_by_all() {
    assert_left_alone(program);
    assert_left_alone(|| {
        let mut unshare = Command::new("unshare");
        unshare.arg("--mount").arg(env!("CARGO_BIN_EXE_shmstore"));
        unshare
    });
}

#[test]
fn object_of_a_container_is_left_alone() {
    alone("elsewhere::object_of_a_container_is_left_alone", || {
        let Some(scratch) = with_saved_counter() else { return };
        let script = "mkdir -m 700 $AT/volume $AT/srv
            mount --bind $AT/volume $AT/srv
            $SHMSTORE load $AT/saved $AT/srv/shop";
        ended(in_mount_namespace(scratch.path(), script).output().unwrap()).with(0);
        assert_left_alone_by_all();
        // In a namespace where the path leads to the anchor, it is an ordinary object.
        let script = "mount --bind $AT/volume $AT/srv; $SHMSTORE ls --json";
        let seen = ended(in_mount_namespace(scratch.path(), script).output().unwrap()).with(0).json();
        assert_eq!(seen[0]["state"], "ready", "{seen}");
    });
}

#[test]
fn object_of_a_service_with_a_private_tmp_is_left_alone() {
    alone("elsewhere::object_of_a_service_with_a_private_tmp_is_left_alone", || {
        let Some(scratch) = with_saved_counter() else { return };
        let script = "mkdir -m 700 $AT/private
            cp $AT/saved $SHMSTORE $AT/private
            mount --bind $AT/private /tmp
            /tmp/shmstore load /tmp/saved /tmp/shmstore-test-of-a-private-tmp";
        ended(in_mount_namespace(scratch.path(), script).output().unwrap()).with(0);
        assert_left_alone_by_all();
    });
}

/// The creator and the program share a mount namespace, and have different root directories.
#[test]
fn object_of_a_chroot_is_left_alone() {
    alone("elsewhere::object_of_a_chroot_is_left_alone", || {
        let Some(scratch) = with_saved_counter() else { return };
        let script = "mkdir $AT/root $AT/root/proc
            cp $SHMSTORE $AT/saved $AT/root
            mount --rbind /proc $AT/root/proc
            for dir in /usr /lib /lib64 /bin; do
                if [ -L $dir ]; then cp -P $dir $AT/root; elif [ -d $dir ]; then mkdir $AT/root$dir; mount --rbind $dir $AT/root$dir; fi
            done
            chroot $AT/root /shmstore load /saved /shop
            exec sleep 1000";
        let mut namespace = in_mount_namespace(scratch.path(), script).spawn().unwrap();
        let target = namespace.id().to_string();
        let looked = catch_unwind(|| {
            let is_it = |segment: &Segment| segment.path() == Some(Path::new("/shop"));
            until("an object", || segments().unwrap().into_iter().find(is_it));
            assert_left_alone(|| {
                let mut nsenter = Command::new("nsenter");
                nsenter.args(["--mount", "--target", &target]).arg(env!("CARGO_BIN_EXE_shmstore"));
                nsenter
            });
            assert_left_alone(program);
        });
        namespace.kill().unwrap();
        namespace.wait().unwrap();
        looked.unwrap_or_else(|panic| resume_unwind(panic));
    });
}

#[test]
fn orphan_in_the_same_mount_namespace_is_removed() {
    alone("elsewhere::orphan_in_the_same_mount_namespace_is_removed", || {
        let Some(scratch) = with_saved_counter() else { return };
        let script = "$SHMSTORE load $AT/saved $AT/shop >&2
            rmdir $AT/shop
            $SHMSTORE ls --json
            $SHMSTORE gc --yes >&2";
        let seen = ended(in_mount_namespace(scratch.path(), script).output().unwrap()).with(0);
        assert_eq!(seen.json()[0]["state"], "orphaned", "{seen:?}");
        assert_eq!(all(), [0_i32; 0], "{seen:?}");
    });
}
