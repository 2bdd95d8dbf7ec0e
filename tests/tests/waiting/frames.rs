//! Waits for frames and for slots: in calls, by `wait_any`, and in tasks of each runtime. Removal and a lost anchor end
//! them.

use std::fs;
use std::time::Duration;

use shmstore::error::{LoanError, PinError, WaitAnyError};
use shmstore::{Shared, Store, wait_any};
use shmstore_tests::objects::{Camera, IMAGES, Parts};
use shmstore_tests::scratch::{Planted, Scratch, remove_segment};
use shmstore_tests::tasks::{block_on, poll_once};

use crate::threads::{TIME, all_go_on};

type Removal = fn(&Store, i32);

const FRAMES: u64 = 200;
const MOMENT: Duration = Duration::from_millis(30);

fn publish(camera: &Camera, value: u64) -> u64 {
    let mut frame = camera.images.loan_timeout(TIME).unwrap();
    frame.set_meta([value, 0]);
    frame.publish().unwrap()
}

/// Asserts that all waits for a frame and for a slot end, by an error for which this is true.
fn assert_ends(
    name: &str,
    camera: &Camera,
    is_end: fn(Option<&PinError>, Option<&LoanError>) -> bool,
    end: impl FnOnce(),
) {
    let newest = publish(camera, 1);
    let _loans: Vec<_> = (1..IMAGES).map(|_| camera.images.try_loan().unwrap()).collect();
    let pins: [&(dyn Fn() -> PinError + Sync); 4] = [
        &|| camera.images.wait_newer(newest, TIME).unwrap_err(),
        &|| camera.images.follow().next(TIME).unwrap_err(),
        &|| block_on(camera.images.newer(newest)).unwrap_err(),
        &|| block_on(camera.images.follow().newer()).unwrap_err(),
    ];
    let pins = pins.map(|wait| {
        move || {
            let error = wait();
            assert!(is_end(Some(&error), None), "{error}");
        }
    });
    let loan = || {
        let error = camera.images.loan_timeout(TIME).unwrap_err();
        assert!(is_end(None, Some(&error)), "{error}");
    };
    let any = || {
        let ended = wait_any(&[&camera.images.newer(newest), &camera.images.follow().newer()], TIME);
        let Err(WaitAnyError::Removed { index: 0, .. } | WaitAnyError::AnchorLost { index: 0, .. }) = ended else {
            panic!("{ended:?}")
        };
    };
    all_go_on(name, &[&pins[0], &pins[1], &pins[2], &pins[3], &loan, &any], end);
    assert_eq!(camera.images.pin_newest().unwrap().unwrap().number(), newest);
}

fn is_removal(pin: Option<&PinError>, loan: Option<&LoanError>) -> bool {
    matches!(pin, Some(PinError::Removed { .. })) || matches!(loan, Some(LoanError::Removed { .. }))
}

fn is_loss(pin: Option<&PinError>, loan: Option<&LoanError>) -> bool {
    matches!(pin, Some(PinError::AnchorLost { .. })) || matches!(loan, Some(LoanError::AnchorLost { .. }))
}

#[test]
fn waits_for_frames_and_slots_end_when_the_object_is_removed_replaced_or_removed_past_the_store() {
    let ends: [(&str, Removal); 3] = [
        ("remove", |store, _| store.remove::<Camera>().unwrap()),
        ("replace", |store, _| drop(store.replace::<Camera>().unwrap())),
        ("ipcrm", |_, shmid| remove_segment(shmid)),
    ];
    for (name, end) in ends {
        let scratch = Scratch::new();
        let store = scratch.store();
        let camera: Shared<Camera> = store.create().unwrap();
        let shmid = Shared::info(&camera).unwrap().shmid;
        assert_ends(name, &camera, is_removal, || end(&store, shmid));
        // A frame that came before is found, also later.
        assert_eq!(block_on(camera.images.newer(0)).unwrap().number(), 1);
    }
}

#[test]
fn waits_for_frames_and_slots_end_when_the_anchor_is_lost() {
    let scratch = Scratch::new();
    let store = Store::open(scratch.reserve("store")).unwrap();
    let camera: Shared<Camera> = store.create().unwrap();
    let _removed = Planted { shmid: Shared::info(&camera).unwrap().shmid };
    assert_ends("the anchor", &camera, is_loss, || fs::remove_dir(store.path()).unwrap());
}

#[test]
fn wait_for_any_is_ready_for_a_frame_among_other_changes() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let (camera, parts): (Shared<Camera>, Shared<Parts>) = (store.create().unwrap(), store.create().unwrap());
    let (view, seen) = (store.attach_view::<Camera>().unwrap(), store.attach_read_only::<Camera>().unwrap());
    let wait = || {
        let (values, newer) =
            (parts.value.newer(0), [camera.images.newer(0), view.images.newer(0), seen.images.newer(0)]);
        wait_any(&[&values, &newer[0], &parts.called.past(0), &newer[1], &newer[2]], TIME).unwrap().collect::<Vec<_>>()
    };
    let ready = || assert!(!wait().is_empty() && !wait().contains(&0) && !wait().contains(&2));
    all_go_on("publish", &[&ready, &ready], || assert_eq!(publish(&camera, 7), 1));
    assert_eq!(wait(), [1, 3, 4]);
}

#[test]
fn writer_that_waits_for_a_slot_goes_on_when_a_pin_or_a_loan_is_dropped() {
    let scratch = Scratch::new();
    let camera: Shared<Camera> = scratch.store().create().unwrap();
    let fill = || camera.images.loan_timeout(TIME).map(drop).unwrap();
    let pins: Vec<_> = (0..IMAGES as u64).map(|value| (publish(&camera, value), camera.images.pin_newest())).collect();
    all_go_on("pin", &[&fill, &fill], || drop(pins));
    let mut loans: Vec<_> = (1..IMAGES).map(|_| camera.images.try_loan().unwrap()).collect();
    all_go_on("loan", &[&fill, &fill], || drop(loans.pop()));
    let loan = camera.images.try_loan().unwrap();
    all_go_on("publication", &[&fill, &fill], || _ = loan.publish().unwrap());
}

/// What a task of a runtime does: it owns a handle, and sees each frame or those after it.
async fn follow(camera: Shared<Camera>) -> u64 {
    let mut seen = 0;
    while seen < FRAMES {
        let frame = camera.images.newer(seen).await.unwrap();
        assert_eq!(frame.meta()[0], frame.number());
        assert_eq!(frame.missed(), frame.number() - seen - 1);
        seen = frame.number();
    }
    seen
}

fn publish_all(camera: &Camera) {
    for number in 1..=FRAMES {
        assert_eq!(publish(camera, number), number);
    }
}

fn in_tokio(runtime: &tokio::runtime::Runtime) {
    let scratch = Scratch::new();
    let camera: Shared<Camera> = scratch.store().create().unwrap();
    runtime.block_on(async {
        assert!(tokio::time::timeout(MOMENT, camera.images.newer(0)).await.is_err());
        let tasks: Vec<_> = (0..20).map(|_| tokio::spawn(follow(camera.clone()))).collect();
        tokio::task::yield_now().await;
        let writer = camera.clone();
        let publishing = tokio::task::spawn_blocking(move || publish_all(&writer));
        for task in tasks {
            assert_eq!(tokio::time::timeout(TIME, task).await.expect("a task that is woken in time").unwrap(), FRAMES);
        }
        publishing.await.unwrap();
        assert!(tokio::time::timeout(MOMENT, camera.images.newer(FRAMES)).await.is_err());
    });
}

#[test]
fn tasks_of_tokio_are_woken_for_frames() {
    in_tokio(&tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap());
    in_tokio(&tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap());
}

#[test]
fn tasks_of_smol_are_woken_for_frames() {
    let scratch = Scratch::new();
    let camera: Shared<Camera> = scratch.store().create().unwrap();
    smol::block_on(async {
        let tasks: Vec<_> = (0..20).map(|_| smol::spawn(follow(camera.clone()))).collect();
        let writer = camera.clone();
        let publishing = smol::unblock(move || publish_all(&writer));
        for task in tasks {
            assert_eq!(task.await, FRAMES);
        }
        publishing.await;
    });
}

#[test]
fn future_that_is_dropped_pins_nothing() {
    let scratch = Scratch::new();
    let camera: Shared<Camera> = scratch.store().create().unwrap();
    for number in 0..100 {
        let mut dropped = camera.images.newer(number);
        assert!(poll_once(&mut dropped).is_pending());
        publish(&camera, 1);
        drop(dropped);
    }
    let loans: Vec<_> = (1..IMAGES).map(|_| camera.images.try_loan().unwrap()).collect();
    assert_eq!(loans.len(), IMAGES - 1);
}
