//! A child of `fork` inherits the pins and loans of its parent, and takes nothing from it. A new image of a process has
//! none of them. A follower belongs to each process that has it.

use shmstore_tests::framer::{find, framer, framer_with, put_some};
use shmstore_tests::objects::IMAGES;
use shmstore_tests::peer::{Child, Peer};
use shmstore_tests::sandbox::SANDBOX;
use shmstore_tests::scratch::Scratch;

/// The slots that can be loaned beside the newest frame and one more.
const FREE: usize = IMAGES - 2;

/// A process that makes children. `inherited_frames_without_wiping` runs these tests where the kernel does not wipe the
/// process's page in them.
fn forker(scratch: &Scratch) -> Peer {
    let is_wiped = !module_path!().contains("without_wiping");
    framer_with(scratch.path(), &[(SANDBOX, if is_wiped { "" } else { "EINVAL madvise(MADV_WIPEONFORK)" })])
}

/// A process that has something, a child that has inherited it, and another one. There are two frames. The first one is
/// what is pinned.
fn family(scratch: &Scratch, get: &str) -> (Peer, Child, Peer) {
    let mut parent = forker(scratch);
    parent.expect_ok("put 5");
    parent.expect_ok(get);
    let mut other = framer(scratch.path());
    other.expect_ok("put 6");
    let child = Child::fork(&mut parent);
    (parent, child, other)
}

#[test]
fn child_that_drops_what_it_inherited_takes_nothing_from_its_parent() {
    for (get, using, answer) in [("pin", "check", "1 5"), ("loan", "publish", "3")] {
        let scratch = Scratch::new();
        let (mut parent, _child, mut other) = family(&scratch, get);
        assert_eq!(parent.expect_ok("child drop"), "true");
        assert_eq!(other.expect_ok("loans"), FREE.to_string(), "`{get}`");
        // It has not even got a place among those that use the object.
        assert_eq!(other.expect_ok("participants"), "2");
        assert_eq!(parent.expect_ok(using), answer);
    }
}

#[test]
fn child_that_uses_what_it_inherited_is_refused_with_the_cure() {
    let part = format!("`Frames<u64, 4096, {IMAGES}, [u64; 2]>`");
    let of_loan = format!("forked with a `FrameMut` of {part} must not fill or publish it. It belongs to the parent");
    let of_pin = format!("forked with a `Pinned` of {part} must not read it. It belongs to the parent");
    for (get, using, cure, then, answer) in [
        ("pin", "check", &of_pin, "check", "1 5"),
        ("loan", "fill 7", &of_loan, "publish", "3"),
        ("loan", "publish", &of_loan, "publish", "3"),
    ] {
        let scratch = Scratch::new();
        let (mut parent, _child, mut other) = family(&scratch, get);
        let message = parent.expect_err(&format!("child {using}"), "Panicked");
        assert!(message.contains(cure), "{message}");
        assert_eq!(other.expect_ok("loans"), FREE.to_string(), "`{using}`");
        assert_eq!(parent.expect_ok(then), answer);
    }
}

#[test]
fn child_uses_frames_like_any_other_process() {
    let scratch = Scratch::new();
    let (mut parent, child, mut other) = family(&scratch, "pin");
    assert_eq!(parent.expect_ok("child put 7"), "3");
    assert_eq!(parent.expect_ok("child pin"), "3 7");
    put_some(&mut other, 3);
    // Both frames are kept, each for its process.
    assert_eq!((parent.expect_ok("child check"), parent.expect_ok("check")), ("3 7".into(), "1 5".into()));
    assert_eq!(other.expect_ok("loans"), (FREE - 1).to_string());
    child.kill();
    assert_eq!(other.expect_ok("loans"), FREE.to_string());
    assert_eq!(parent.expect_ok("check"), "1 5");
}

#[test]
fn follower_goes_on_in_both_from_the_same_frame() {
    let scratch = Scratch::new();
    let mut parent = forker(&scratch);
    let mut other = framer(scratch.path());
    parent.expect_ok("follow");
    other.expect_ok("put 5");
    assert_eq!(parent.expect_ok("next 20000"), "1 5");
    parent.expect_ok("drop");
    let _child = Child::fork(&mut parent);
    other.expect_ok("put 6");
    other.expect_ok("put 7");
    for answer in ["2 6", "3 7"] {
        assert_eq!(
            (parent.expect_ok("child next 20000"), parent.expect_ok("next 20000")),
            (answer.into(), answer.into())
        );
    }
    parent.expect_err("child next 60", "NotYet");
}

#[test]
fn what_a_killed_parent_had_is_taken_back_while_its_child_lives_with_a_copy() {
    for get in ["pin", "loan"] {
        let scratch = Scratch::new();
        let (mut parent, child, mut other) = family(&scratch, get);
        parent.kill();
        assert_eq!(other.expect_ok("loans"), (FREE + 1).to_string(), "`{get}`");
        put_some(&mut other, 2);
        assert!(std::fs::exists(format!("/proc/{}", child.0)).unwrap(), "the child has ended");
    }
}

#[test]
fn what_the_former_image_had_is_taken_back_after_exec() {
    for get in ["pin", "loan"] {
        for by_the_new_image in [false, true] {
            let scratch = Scratch::new();
            let mut image = forker(&scratch);
            image.expect_ok("put 5");
            image.expect_ok(get);
            image.expect_ok("put 6");
            assert_eq!(image.ask("exec"), "ok ready");
            let mut other = framer(scratch.path());
            let next = if by_the_new_image { &mut image } else { &mut other };
            assert_eq!(
                next.expect_ok("loans"),
                (FREE + 1).to_string(),
                "`{get}`, by the new image: {by_the_new_image}"
            );
            assert_eq!(find(next), "2 6");
        }
    }
}
