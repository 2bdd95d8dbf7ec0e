//! Frames through read-only handles, and pins that are forgotten.

use std::mem;
use std::time::Duration;

use shmstore::error::PinError;
use shmstore::frames::{Overrun, Pinned};
use shmstore::{ReadOnly, Shared, wait_any};
use shmstore_tests::framer::{find, framer, put_some};
use shmstore_tests::objects::{Camera, IMAGE, IMAGES};
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::tasks::{block_on, poll_once};

const TIME: Duration = Duration::from_secs(20);

type Frame<'a> = Pinned<'a, u64, IMAGE, IMAGES, [u64; 2]>;

fn number(pin: Result<Frame<'_>, PinError>) -> u64 {
    pin.unwrap().number()
}

#[test]
fn view_pins_frames_and_keeps_them_from_being_overwritten() {
    let scratch = Scratch::new();
    let mut writer = framer(scratch.path());
    let view = scratch.store().attach_view::<Camera>().unwrap();
    assert!(view.images.pin_newest().unwrap().is_none());
    writer.expect_ok("put 5");
    let frame = view.images.pin_newest().unwrap().unwrap();
    let newest = put_some(&mut writer, 1);
    assert!(frame.is_intact());
    assert_eq!((frame.number(), *frame.meta(), frame.as_racy().get(0)), (1, [5, IMAGE as u64 - 5], Some(5)));
    assert_eq!(number(view.images.pin(newest).map(Option::unwrap)), newest);
    assert_eq!(number(view.images.wait_newer(1, TIME)), newest);
    assert_eq!(block_on(view.images.newer(1)).unwrap().number(), newest);
    let mut follower = view.images.follow();
    assert!(follower.try_next().unwrap().is_none());
    writer.expect_ok("put 6");
    assert_eq!(wait_any(&[&follower.newer()], TIME).unwrap().first(), 0);
    assert_eq!(number(follower.next(TIME)), newest + 1);
    drop(frame);
    assert_eq!(writer.expect_ok("loans"), (IMAGES - 1).to_string());
}

/// Asserts that all ways to pin are refused, and that all ways to read without a pin are not.
fn assert_reads_only(seen: &ReadOnly<Camera>, writer: &mut Peer) {
    let images = &seen.images;
    let refused = [
        images.pin_newest().map(drop),
        images.pin(1).map(drop),
        images.wait_newer(0, TIME).map(drop),
        images.wait_newer_while(0, || true).map(drop),
        images.follow().next(TIME).map(drop),
        images.follow().try_next().map(drop),
        block_on(images.newer(0)).map(drop),
        block_on(images.follow().newer()).map(drop),
    ];
    for refused in refused {
        let Err(error @ PinError::ReadOnly { .. }) = refused else { panic!("{refused:?}") };
        assert!(error.to_string().contains("attach_view"), "{error}");
    }
    writer.expect_ok("put 7");
    let newest = images.newest_number();
    assert_eq!(wait_any(&[&images.newer(newest - 1)], TIME).unwrap().first(), 0);
    let read = images.read_newest(|frame| Ok::<_, Overrun>((frame.number(), frame.to_vec()?)));
    assert_eq!(read.unwrap(), Some((newest, vec![7; IMAGE - 7])));
    writer.tell("put 8");
    assert_eq!(wait_any(&[&images.newer(newest)], TIME).unwrap().first(), 0);
    assert_eq!(writer.answer(), format!("ok {}", newest + 1));
}

#[test]
fn reader_is_refused_a_pin_reads_without_one_and_waits_for_any() {
    let scratch = Scratch::new();
    let mut writer = framer(scratch.path());
    let seen = scratch.store().attach_read_only::<Camera>().unwrap();
    assert_reads_only(&seen, &mut writer);
    // Another handle of this process may write. The mapping of this one stays read-only.
    let written = scratch.store().attach::<Camera>().unwrap();
    assert_reads_only(&seen, &mut writer);
    assert_eq!(number(written.images.wait_newer(0, TIME)), seen.images.newest_number());
}

#[test]
fn forgotten_pin_and_loan_keep_their_slots_through_detaching_and_attaching() {
    let scratch = Scratch::new();
    let mut writer = framer(scratch.path());
    writer.expect_ok("put 5");
    let attach = || scratch.store().attach::<Camera>().unwrap();
    let camera: Shared<Camera> = attach();
    mem::forget(camera.images.pin_newest().unwrap());
    mem::forget(camera.images.try_loan().unwrap());
    writer.expect_ok("put 6");
    let left = (IMAGES - 3).to_string();
    assert_eq!(writer.expect_ok("loans"), left);
    drop(camera);
    (0..20).for_each(|_| drop(writer.expect_ok("put 7")));
    assert_eq!(writer.expect_ok("loans"), left);
    let camera = attach();
    assert_eq!(camera.images.pin(1).unwrap().unwrap().as_racy().get(0), Some(5));
    assert_eq!(writer.expect_ok("loans"), left);
}

#[test]
fn forgotten_pin_keeps_its_frame_while_others_are_published() {
    let scratch = Scratch::new();
    let mut writer = framer(scratch.path());
    writer.expect_ok("put 5");
    let camera: Shared<Camera> = scratch.store().attach().unwrap();
    mem::forget(camera.images.pin_newest().unwrap());
    let mut follower = camera.images.follow();
    let mut forgotten = Box::pin(camera.images.newer(1));
    assert!(poll_once(&mut forgotten).is_pending());
    mem::forget(forgotten);
    put_some(&mut writer, 1);
    assert_eq!(writer.expect_ok("loans"), (IMAGES - 2).to_string());
    assert_eq!(camera.images.pin(1).unwrap().unwrap().as_racy().get(0), Some(5));
    assert!(follower.next(TIME).unwrap().number() > 1);
    assert_eq!(find(&mut writer), format!("{} {}", camera.images.newest_number(), 100 + camera.images.newest_number()));
}
