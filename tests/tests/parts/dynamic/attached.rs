//! Objects that are attached while other processes create, replace and remove them.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use shmstore::dynamic::{self, DynamicError, Object, Options};
use shmstore::inspect::{self, InspectError, SegmentState};
use shmstore::schema::OwnedSchema;
use shmstore::{CreateError, ShmLayout, ShmObject, Store};
use shmstore_tests::scratch::Scratch;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'C')]
struct Counters {
    hits: AtomicU64,
    misses: [AtomicU64; 64],
}

/// Ends the other threads, also if the test panics.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Runs `look` again and again while other threads call `change`. Returns how often it found something.
fn while_changing(scratch: &Scratch, change: impl Fn(&Store) + Sync, look: impl Fn(&Store) -> bool) -> u64 {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let store = scratch.store();
                while !is_over.load(Relaxed) {
                    change(&store);
                }
            });
        }
        let _ends = Ends(&is_over);
        let (store, started, mut found) = (scratch.store(), Instant::now(), 0);
        while started.elapsed() < Duration::from_secs(2) {
            found += u64::from(look(&store));
        }
        found
    })
}

fn create_and_remove(store: &Store) {
    drop(store.attach_or_create::<Counters>());
    thread::yield_now();
    let _ = store.remove::<Counters>();
}

#[test]
fn object_that_is_created_and_removed_all_the_time_is_there_or_not() {
    let scratch = Scratch::new();
    let found = while_changing(&scratch, create_and_remove, |store| match Object::attach(store, 'C') {
        Ok(object) => object.schema().to_string() == "Counters",
        Err(DynamicError::Inspect(InspectError::NotFound { .. })) => false,
        Err(error) => panic!("{error}"),
    });
    assert!(found > 0);
    let found =
        while_changing(&scratch, create_and_remove, |store| match inspect::Object::find(store.path(), Some('C')) {
            Ok(object) => object.schema().to_string() == "Counters",
            Err(InspectError::NotFound { .. } | InspectError::NotReady { state: SegmentState::Initializing, .. }) => {
                false
            }
            Err(error) => panic!("{error}"),
        });
    assert!(found > 0);
}

#[test]
fn creator_of_an_object_by_its_schema_has_the_object_that_it_made() {
    let scratch = Scratch::new();
    let schema = OwnedSchema::from(Counters::SCHEMA);
    let remove = |store: &Store| _ = store.remove::<Counters>();
    let made = while_changing(&scratch, remove, |store| {
        match dynamic::create(store, &schema, Options { id: 'C', room: None }) {
            Ok(object) => object.schema() == &schema,
            Err(DynamicError::Create(CreateError::AlreadyExists { .. })) => false,
            Err(error) => panic!("{error}"),
        }
    });
    assert!(made > 0);
}

#[test]
fn creator_at_work_is_waited_for() {
    let scratch = Scratch::new();
    let (is_made, began) = (Barrier::new(2), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            let init = |counters: &Counters| {
                is_made.wait();
                // The other thread is in its call, or about to call.
                thread::sleep(Duration::from_millis(200));
                counters.hits.store(7, Relaxed);
                began.store(true, Relaxed);
            };
            scratch.store().create_with(init).unwrap()
        });
        is_made.wait();
        let object = Object::attach(&scratch.store(), 'C').unwrap();
        assert!(began.load(Relaxed));
        assert_eq!(object.load(&super::path("hits")).unwrap().to_string(), "7");
    });
}

#[test]
fn creator_that_does_not_finish_is_waited_for_as_long_as_the_store_says() {
    let scratch = Scratch::new();
    let (is_made, is_over) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            let init = |_: &Counters| {
                is_made.wait();
                is_over.wait();
            };
            scratch.store().create_with(init).unwrap()
        });
        is_made.wait();
        let store = Store::options().wait(Duration::from_millis(50)).open(scratch.store().path()).unwrap();
        let error = Object::attach(&store, 'C').map(|_| ()).unwrap_err();
        is_over.wait();
        let expected = matches!(error, DynamicError::Attach(shmstore::AttachError::StillInitializing { .. }));
        assert!(expected, "{error}");
    });
}
