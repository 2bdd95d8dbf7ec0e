//! Waits end with an error when an object is removed or replaced, or loses its anchor. A process that follows the
//! object waits for the next one.

use std::fs;

use shmstore::error::{PopError, WaitAnyError};
use shmstore::migrate::MigrateError;
use shmstore::{Awaitable, Shared, Store, WaitError, wait_any};
use shmstore_tests::moves::{v1, v2};
use shmstore_tests::objects::{Parts, Rounds, Streams};
use shmstore_tests::scratch::{Planted, Scratch, remove_segment};
use shmstore_tests::tasks::{block_on, poll_once};

use crate::threads::{TIME, all_go_on};

/// Asserts that a future, a wait for any change and two plain waits end when an object is removed.
fn assert_ends(name: &str, removal: fn(&Store, i32)) {
    let scratch = Scratch::new();
    let store = scratch.store();
    let parts = store.create::<Parts>().unwrap();
    let shmid = Shared::info(&parts).unwrap().shmid;
    let other = store.create::<Streams>().unwrap();
    let call = || {
        let ended = parts.value.wait_newer(0, TIME).unwrap_err();
        assert!(matches!(ended, WaitError::Removed { .. }), "{ended}");
    };
    let any = || {
        let ended = wait_any(&[&other.queue.not_empty(), &parts.ping.newer(0), &parts.called.past(0)], TIME);
        assert!(matches!(ended, Err(WaitAnyError::Removed { index: 1, .. })), "{ended:?}");
    };
    let task = || {
        let ended = block_on(parts.value.newer(0)).unwrap_err();
        assert!(matches!(ended, WaitError::Removed { .. }), "{ended}");
        let ended = block_on(parts.called.past(0)).unwrap_err();
        assert!(matches!(ended, WaitError::Removed { .. }), "{ended}");
    };
    all_go_on(name, &[&call, &call, &any, &task], || removal(&store, shmid));
    // A change that came before the removal is found, also later.
    parts.value.store([7; 32]);
    assert_eq!(block_on(parts.value.newer(0)).unwrap(), (1, [7; 32]));
}

#[test]
fn waits_end_when_the_object_is_removed_replaced_or_removed_past_the_store() {
    assert_ends("remove", |store, _| store.remove::<Parts>().unwrap());
    assert_ends("replace", |store, _| drop(store.replace::<Parts>().unwrap()));
    assert_ends("ipcrm", |_, shmid| remove_segment(shmid));
}

#[test]
fn tasks_of_queues_broadcasts_and_maps_end_when_the_object_is_removed() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let (streams, rounds) = (store.create::<Streams>().unwrap(), store.create::<Rounds>().unwrap());
    let waits: [&(dyn Fn() + Sync); 6] = [
        &|| assert!(matches!(block_on(streams.queue.pop_async()), Err(PopError::Removed { .. }))),
        &|| assert!(matches!(block_on(streams.queue.take_async()), Err(PopError::Removed { .. }))),
        &|| assert!(matches!(block_on(streams.queue.not_empty()), Err(WaitError::Removed { .. }))),
        &|| drop(block_on(streams.feed.subscribe().recv_async()).unwrap_err()),
        &|| assert!(matches!(block_on(rounds.maps[0].newer(&7, 0)), Err(WaitError::Removed { .. }))),
        &|| assert!(matches!(block_on(rounds.maps[1].changed(0)), Err(WaitError::Removed { .. }))),
    ];
    all_go_on("remove", &waits, || {
        store.remove::<Streams>().unwrap();
        store.remove::<Rounds>().unwrap();
    });
}

#[test]
fn waits_end_when_the_anchor_is_lost() {
    let scratch = Scratch::new();
    let store = Store::open(scratch.reserve("store")).unwrap();
    let parts = store.create::<Parts>().unwrap();
    let _removed = Planted { shmid: Shared::info(&parts).unwrap().shmid };
    let call = || {
        let ended = parts.value.wait_newer(0, TIME).unwrap_err();
        assert!(matches!(ended, WaitError::AnchorLost { .. }), "{ended}");
    };
    let task = || {
        let ended = block_on(parts.value.newer(0)).unwrap_err();
        assert!(matches!(&ended, WaitError::AnchorLost { anchor, .. } if *anchor == store.path()), "{ended}");
    };
    let any = || {
        let ended = wait_any(&[&parts.value.newer(0), &parts.called.past(0)], TIME);
        assert!(matches!(ended, Err(WaitAnyError::AnchorLost { index: 0, .. })), "{ended:?}");
    };
    all_go_on("the anchor", &[&call, &call, &task, &any], || fs::remove_dir(store.path()).unwrap());
    // The object is as it was, and a change wakes a task that has asked before the next check.
    let mut newer = parts.value.newer(0);
    assert!(poll_once(&mut newer).is_pending());
    parts.value.store([7; 32]);
    assert_eq!(block_on(newer).unwrap(), (1, [7; 32]));
}

#[test]
fn removed_object_hides_no_change_that_is_there_and_is_named_only_if_there_is_none() {
    let (scratch, others) = (Scratch::new(), Scratch::new());
    let (removed, other) = (scratch.store().create::<Parts>().unwrap(), others.store().create::<Parts>().unwrap());
    scratch.store().remove::<Parts>().unwrap();
    other.ping.store(1);
    let all: [&dyn Awaitable; 3] = [&removed.ping.newer(0), &other.ping.newer(0), &other.pong.newer(0)];
    assert_eq!(wait_any(&all, TIME).unwrap().collect::<Vec<_>>(), [1]);
    for index in 0..3 {
        let mut all: Vec<&dyn Awaitable> = Vec::new();
        let (gone, others) = (removed.pong.newer(0), [other.pong.newer(0), other.ping.newer(1)]);
        all.extend(others.iter().map(|newer| newer as &dyn Awaitable));
        all.insert(index, &gone);
        let ended = wait_any(&all, TIME).unwrap_err();
        assert!(matches!(ended, WaitAnyError::Removed { index: found, .. } if found == index), "{ended}");
    }
    // A change that comes to the removed object meanwhile is there, too.
    removed.pong.store(1);
    assert_eq!(wait_any(&[&other.pong.newer(0), &removed.pong.newer(0)], TIME).unwrap().first(), 1);
}

#[test]
fn follower_waits_for_the_next_object_after_each_replacement() {
    let scratch = Scratch::new();
    let store = scratch.store();
    drop(store.create::<Parts>().unwrap());
    let mut following = store.follow::<Parts>().unwrap();
    for changes in 1..4 {
        let old = following.current().unwrap().clone();
        let task = || {
            let ended = block_on(old.value.newer(old.value.version())).unwrap_err();
            assert!(matches!(ended, WaitError::Removed { .. }), "{ended}");
        };
        all_go_on("replace", &[&task], || drop(store.replace::<Parts>().unwrap()));
        let new = following.current().unwrap().clone();
        assert_eq!(following.changes(), changes);
        let task = || assert_eq!(block_on(new.value.newer(0)).unwrap(), (1, [changes; 32]));
        all_go_on("store", &[&task, &task], || {
            store.attach::<Parts>().unwrap().value.store([changes; 32]);
        });
    }
}

#[test]
fn migration_is_refused_while_something_is_awaited_and_the_wait_goes_on() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let ledger = store.create::<v1::Ledger>().unwrap();
    let task = || assert_eq!(block_on(ledger.note.newer(0)).unwrap(), (1, [7; 4]));
    let any = || assert_eq!(wait_any(&[&ledger.note.newer(0)], TIME).unwrap().first(), 0);
    all_go_on("store", &[&task, &any], || {
        assert!(matches!(store.migrate::<v2::Ledger>(), Err(MigrateError::InUse { .. })));
        ledger.note.store([7; 4]);
    });
    drop(ledger);
    assert!(store.migrate::<v2::Ledger>().unwrap().was_needed());
    let ledger = store.attach::<v2::Ledger>().unwrap();
    let task = || assert_eq!(block_on(ledger.note.newer(1)).unwrap(), (2, [8; 4]));
    all_go_on("store", &[&task], || _ = ledger.note.store([8; 4]));
}
