//! `shmstore rm`.

use std::time::Duration;

use shmstore::Shared;

use super::support::*;

#[test]
fn object_is_removed_without_a_terminal_only_with_yes() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Counter>().unwrap());
    assert!(run(["rm", &scratch.text("rover")]).with(4).err.contains("--yes"));
    assert_eq!(scratch.segments().len(), 1);
    let ended = run(["rm", "--yes", &scratch.text("rover")]).with(0);
    assert!(ended.out.starts_with("removed "), "{ended:?}");
    assert!(scratch.segments().is_empty());
    run(["rm", "--yes", &scratch.text("rover")]).with(3);
}

#[test]
fn removal_on_a_terminal_needs_the_answer_y() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Counter>().unwrap());
    let asked = |typed: &str| {
        let mut rm = program();
        rm.args(["rm", &scratch.text("rover")]);
        on_terminal(rm, typed)
    };
    assert!(asked("\n").with(4).out.contains("[y/N]"));
    asked("n\n").with(4);
    assert_eq!(scratch.segments().len(), 1);
    asked("y\n").with(0);
    assert!(scratch.segments().is_empty());
}

#[test]
fn object_in_use_is_removed_only_with_force() {
    alone("rm::object_in_use_is_removed_only_with_force", || {
        let scratch = Scratch::new();
        let counter = scratch.store().create::<Counter>().unwrap();
        let ended = run(["rm", "--yes", &scratch.text("rover")]).with(4);
        assert!(ended.err.contains("attached once") && ended.err.contains("--force"), "{ended:?}");
        assert!(
            ended.err.contains("these processes would keep it, and other processes could not find it"),
            "{ended:?}"
        );
        assert!(!Shared::is_removed(&counter));
        run(["rm", "--yes", "--force", &scratch.text("rover")]).with(0);
        assert!(Shared::is_removed(&counter));
    });
}

#[test]
fn foreign_segment_is_never_removed() {
    let scratch = Scratch::new();
    let store = scratch.store();
    // One has a foreign size. The other has a size of shmstore, and foreign bytes.
    let foreign = scratch.plant(key(store.path(), b'F'), 4096);
    let disguised = scratch.plant(key(store.path(), b'D'), 8192 + 1357);
    let script = "shmwrite($ARGV[0], 'not a header', 0, 12) or die $!";
    let written = std::process::Command::new("perl").args(["-e", script, &disguised.to_string()]).status().unwrap();
    assert!(written.success());
    for id in ["F", "D"] {
        let ended = run(["rm", "--yes", "--force", &scratch.text("rover"), id]).with(4);
        assert!(ended.err.contains("does not belong to shmstore"), "{ended:?}");
    }
    for shmid in [foreign, disguised, scratch.plant(0, 4096 + 1357)] {
        run(["rm", "--yes", "--force", "--segment", &shmid.to_string()]).with(4);
        assert!(exists(shmid));
    }
}

#[test]
fn named_objects_do_not_belong_to_their_directory() {
    let scratch = Scratch::new();
    drop(scratch.store().open_or_create_named("left").unwrap().create::<Counter>().unwrap());
    run(["rm", "--yes", &scratch.text("rover")]).with(3);
    assert_eq!(scratch.segments().len(), 1);
    run(["rm", "--yes", &format!("{}/left", scratch.text("rover"))]).with(0);
    assert!(scratch.segments().is_empty());
}

#[test]
fn orphan_is_removed_by_its_former_path() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Counter>().unwrap());
    std::fs::remove_dir(scratch.text("rover")).unwrap();
    run(["rm", "--yes", &scratch.text("rover")]).with(0);
    assert!(scratch.segments().is_empty());
}

#[test]
fn directory_and_the_name_beside_it_are_told_apart_by_their_anchors() {
    let scratch = Scratch::new();
    drop(scratch.store().open_or_create_named("foo").unwrap().create::<Counter>().unwrap());
    drop(scratch.store_at("rover/foo").create::<Counter>().unwrap());
    let foo = format!("{}/foo", scratch.text("rover"));
    let ended = run(["rm", "--yes", &foo]).with(2);
    assert!(ended.err.contains(&format!("{foo}/")) && ended.err.contains(&format!("{foo}.shm")), "{ended:?}");
    run(["rm", "--yes", &format!("{foo}.shm")]).with(0);
    drop(scratch.store().open_or_create_named("foo").unwrap().create::<Counter>().unwrap());
    run(["rm", "--yes", &format!("{foo}/")]).with(0);
    let [left] = scratch.segments().try_into().unwrap();
    assert!(left.path().unwrap().ends_with("foo.shm"));
}

#[test]
fn missing_type_is_reported_with_the_existing_types() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Counter>().unwrap());
    for args in [&["rm", "--yes"][..], &["show"], &["schema"]] {
        let ended = run(args.iter().copied().chain([scratch.text("rover").as_str(), "Wheel"])).with(3);
        assert!(ended.err.contains(" has no object of type `Wheel`, but Counter 'C'"), "{ended:?}");
    }
}

/// A program that lists segments attaches each of them for a moment.
#[test]
fn object_that_is_only_listed_is_not_in_use() {
    let scratch = Scratch::new();
    let look = |_| {
        let looks: Vec<_> = scratch.segments().iter().map(shmstore::inspect::Object::attach).collect();
        std::thread::sleep(Duration::from_millis(30));
        drop(looks);
        std::thread::sleep(Duration::from_millis(20));
    };
    let remove = |_| {
        drop(scratch.store().create::<Counter>().unwrap());
        run(["rm", "--yes", &scratch.text("rover")]).code
    };
    let codes: Vec<i32> = while_busy(look, || (0..20).map(remove).collect());
    assert_eq!(codes, [0; 20]);
}

/// Files whose inodes end in the same bits have the same key. The first word of a segment tells them apart in all
/// formats.
#[test]
fn object_of_another_anchor_with_the_same_key_is_kept() {
    let scratch = Scratch::new();
    let (ours, others) = (scratch.store(), scratch.store_at("other"));
    drop(others.create::<Counter>().unwrap());
    let [of_other] = scratch.segments().try_into().unwrap();
    let collides = scratch.copy(&of_other, key(ours.path(), b'C'));
    for (offset, word) in [(8, 2), (8, 1), (12, 9)] {
        write_over(collides, offset, word);
        let ended = run(["rm", "--yes", &scratch.text("rover")]).with(3);
        assert!(exists(collides), "{ended:?}");
        let listed = run(["ls", &scratch.text("rover")]).with(0);
        assert!(!listed.out.contains(&collides.to_string()), "{listed:?}");
    }
}

#[test]
fn object_of_another_format_and_damaged_object_are_removed_by_their_path() {
    let scratch = Scratch::new();
    for (offset, word) in [(8, 2), (12, 9)] {
        drop(scratch.store().create::<Counter>().unwrap());
        let shmid = scratch.segments()[0].shmid;
        scratch.remove_at_end(shmid);
        write_over(shmid, offset, word);
        run(["rm", "--yes", &scratch.text("rover")]).with(0);
        until_gone(shmid);
    }
}

#[test]
fn object_without_a_usable_path_is_removed_by_its_number() {
    let scratch = Scratch::new();
    let long = ["a", "b", "c"].map(|letter| letter.repeat(200)).join("/");
    let counter = scratch.store_at(&long).create::<Counter>().unwrap();
    let shmid = Shared::info(&counter).unwrap().shmid;
    scratch.remove_at_end(shmid);
    std::fs::remove_dir_all(scratch.join(&"a".repeat(200))).unwrap();
    let number = shmid.to_string();
    assert!(run(["rm", "--yes", "--segment", &number]).with(4).err.contains("is attached "));
    drop(counter);
    assert!(run(["rm", "--segment", &number]).with(4).err.contains("--yes"));
    run(["rm", "--yes", "--segment", &number, &scratch.text("rover")]).with(2);
    run(["rm", "--yes"]).with(2);
    assert!(exists(shmid));
    run(["rm", "--yes", "--segment", &number]).with(0);
    until_gone(shmid);
    run(["rm", "--yes", "--segment", &number]).with(3);
}

#[test]
fn file_of_a_name_is_removed_only_with_remove_name() {
    let scratch = Scratch::new();
    let make = || drop(scratch.store().open_or_create_named("left").unwrap().create::<Counter>().unwrap());
    let path = format!("{}/left", scratch.text("rover"));
    let file = scratch.join("rover/left.shm");
    make();
    let left = run(["rm", "--yes", &path]).with(0);
    assert!(left.out.contains("kept the name's file") && left.out.contains("--remove-name"), "{left:?}");
    assert!(file.exists());
    // The name has no object any more.
    let name_removed = run(["rm", "--yes", "--remove-name", &path]).with(0);
    assert!(name_removed.out.starts_with("removed the name's file "), "{name_removed:?}");
    assert!(!file.exists());
    make();
    let both = run(["rm", "--yes", "--remove-name", &path]).with(0);
    assert_eq!(both.out.lines().count(), 2, "{both:?}");
    assert!(!file.exists() && scratch.segments().is_empty());
    run(["rm", "--yes", "--remove-name", &path]).with(3);
}

#[test]
fn file_of_a_name_with_another_object_is_kept() {
    let scratch = Scratch::new();
    let named = scratch.store().open_or_create_named("left").unwrap();
    drop((named.create::<Counter>().unwrap(), named.create::<Rover>().unwrap()));
    let path = format!("{}/left", scratch.text("rover"));
    let ended = run(["rm", "--yes", "--remove-name", &path, "Counter"]).with(4);
    assert!(ended.out.is_empty() && ended.err.contains("Rover 'R'"), "{ended:?}");
    assert!(scratch.join("rover/left.shm").exists());
    assert_eq!(scratch.segments().len(), 2, "nothing is removed");
    run(["rm", "--yes", &path, "Counter"]).with(0);
    std::fs::write(scratch.join("rover/left.shm"), "precious").unwrap();
    run(["rm", "--yes", "--remove-name", &path]).with(4);
    assert_eq!(scratch.segments().len(), 1, "nothing is removed");
    assert_eq!(std::fs::read_to_string(scratch.join("rover/left.shm")).unwrap(), "precious");
    let other = scratch.store_at("other");
    drop(other.create::<Counter>().unwrap());
    run(["rm", "--yes", "--remove-name", other.path().to_str().unwrap()]).with(4);
    assert_eq!(scratch.segments().len(), 2, "a directory is not a name");
}

#[test]
fn removal_is_reported_in_the_error_if_the_output_is_full() {
    let scratch = Scratch::new();
    drop(scratch.store().create::<Counter>().unwrap());
    let full = std::fs::File::create("/dev/full").unwrap();
    let output = program().args(["rm", "--yes", &scratch.text("rover")]).stdout(full).output().unwrap();
    let ended = ended(output).with(1);
    assert!(ended.err.contains("removed ") && ended.err.contains("No space left"), "{ended:?}");
    assert!(scratch.segments().is_empty());
}
