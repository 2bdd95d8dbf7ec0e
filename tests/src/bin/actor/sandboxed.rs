//! Does all that a store is for, in a sandbox: `sandboxed PATH ERRNO CALL…` refuses the calls to itself, and prints a
//! line for each operation:
//! `name<TAB>milliseconds<TAB>ok`, or the error in place of `ok`.
//!
//! # Safety
//!
//! Assumes that the process has one thread when it makes children, which use the store and exit, and that an object is
//! mapped with all of its room.
#![allow(unsafe_code)]

use std::fmt::Display;
use std::mem::offset_of;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use shmstore::{Frames, LockError, Shared, ShmObject, Store, Versioned, WaitError, inspect, wait_any};
use shmstore_tests::objects::Telemetry;
use shmstore_tests::sandbox;
use shmstore_twin::Hold;

const SOON: Duration = Duration::from_millis(500);

/// An object that grows by a field of many pages, and is then moved to another layout.
mod grows {
    use super::{ShmObject, Versioned};

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'G', room = 1 << 17)]
    pub(super) struct Small {
        pub(super) count: Versioned<u64>,
    }

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'G', name = "Small", room = 1 << 17)]
    pub(super) struct Large {
        pub(super) count: Versioned<u64>,
        pub(super) table: Versioned<[u64; 4096]>,
    }

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'G')]
    pub(super) struct Moved {
        pub(super) count: Versioned<u32>,
    }
}

pub(crate) fn play() {
    let args: Vec<String> = super::args().collect();
    let calls: Vec<&str> = args[2..].iter().map(String::as_str).collect();
    sandbox::refuse(&calls, &args[1]);
    std::panic::set_hook(Box::new(|_| {}));

    tell("a part in private memory", || {
        let part = Versioned::<u64>::default();
        part.store(1);
        expect(part.load() == 1, "another value")
    });
    static FRAMES: Frames<u8, 10_000, 3> = Frames::new();
    tell("frames", || {
        FRAMES.try_loan().map_err(text)?.publish().map_err(text)?;
        let frame = FRAMES.pin_newest().map_err(text)?.ok_or("no frame")?;
        expect(frame.number() == 1, "another frame")
    });
    tell("prefault", || FRAMES.prefault().map_err(text));
    let open = || Store::options().wait(SOON).open(&args[0]).map_err(text);
    if let Some(store) = tell("open", open) {
        let replaced = tell("replace what the dead left", || store.attach_or_create::<Telemetry>().map_err(text));
        let names =
            || store.open_or_create_named("name").and_then(|_| store.open_or_create_named("name")).map_err(text);
        tell("a name", names);
        tell("create", || store.create::<Hold>().map_err(text));
        let attached = tell("attach", || store.attach::<Hold>().map_err(text));
        if let Some(object) = &attached {
            use_parts(&store, object);
        }
        let there = usize::from(replaced.is_some()) + usize::from(attached.is_some());
        tell("list", || store.list().map_err(text).and_then(|list| expect(list.len() >= there, &format!("{list:?}"))));
        tell("inspect", || inspect::usage().and_then(|_| inspect::segments()).map(drop).map_err(text));
        if tell("grow", || grow(&store)).is_some() {
            tell("migrate", || migrate(&store));
        }
        let remove = || store.remove::<Hold>().and_then(|()| store.remove::<Telemetry>()).map_err(text);
        tell("remove", remove);
    }
}

fn use_parts(store: &Store, object: &Shared<Hold>) {
    tell("store", || expect(object.value.store(7) == 1 && object.value.load() == 7, "another version"));
    tell("lease", || expect(object.value.writer().store(8) == 2, "another version"));
    tell("lock", || object.lock.lock().map(drop).map_err(text));
    tell("wait", || {
        store_soon(object, |seen| object.value.wait_newer(seen, Duration::from_secs(2)).map(drop).map_err(text))
    });
    tell("wait for one of two", || {
        store_soon(object, |seen| {
            let (next, one_after) = (object.value.newer(seen), object.value.newer(seen + 1));
            let ready = wait_any(&[&one_after, &next], Duration::from_secs(2)).map_err(text)?;
            expect(ready.eq([1]), "another change")
        })
    });
    tell("wait in vain", || match object.value.wait_newer(object.value.version(), Duration::from_millis(30)) {
        Err(WaitError::Timeout { .. }) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let fork: fn() -> libc::pid_t = || {
        // SAFETY: one thread, by the assumption above.
        unsafe { libc::fork() }
    };
    tell("a death after fork", || let_die(object, fork));
    let clone: fn() -> libc::pid_t = || {
        // SAFETY: one thread, as above; without a stack the child goes on as one of `fork` does.
        unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) as libc::pid_t }
    };
    tell("a death after a raw clone", || let_die(object, clone));
    // A child that has its parent's number.
    if std::process::id() == 1 {
        unshare(CloneFlags::CLONE_NEWPID).expect("a process that may be 1 may make another");
        tell("a death after fork into a new PID namespace", || let_die(object, fork));
    }
    tell("attach to read", || {
        let seen = store.attach_read_only::<Hold>().map_err(text)?;
        expect(seen.value.load() == object.value.load(), "another value")
    });
}

fn grow(store: &Store) -> Result<(), String> {
    let small = store.create::<grows::Small>().map_err(text)?;
    small.count.store(7);
    // As a process that keeps to no rule may write.
    let new = offset_of!(grows::Large, table)..size_of::<grows::Large>();
    let behind = ptr::with_exposed_provenance_mut::<u8>(ptr::from_ref(&*small).expose_provenance() + new.start);
    // SAFETY: within the room, which is mapped as long as `small`. No reference is there.
    unsafe { behind.write_bytes(1, new.len()) };
    let large = store.attach::<grows::Large>().map_err(text)?;
    let is_grown = Shared::grown_from(&large) == Some(1) && large.count.load() == 7;
    expect(is_grown && *large.table.load_boxed() == [0; 4096], "another value")
}

fn migrate(store: &Store) -> Result<(), String> {
    store.migrate::<grows::Moved>().map_err(text)?;
    let count = store.attach::<grows::Moved>().map_err(text)?.count.load();
    store.remove::<grows::Moved>().map_err(text)?;
    expect(count == 7, "another value")
}

/// Stores a version soon, and meanwhile waits for a version newer than the present one.
fn store_soon(object: &Shared<Hold>, wait: impl FnOnce(u64) -> Result<(), String>) -> Result<(), String> {
    let seen = object.value.version();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(20));
            object.value.store(9);
        });
        wait(seen)
    })
}

/// A child takes the lock, and ends with it: its token is another than ours, so we see that it has died.
fn let_die(object: &Shared<Hold>, make_child: fn() -> libc::pid_t) -> Result<(), String> {
    let child = make_child();
    if child == 0 {
        let locked = catch_unwind(AssertUnwindSafe(|| object.lock.lock_timeout(SOON).map(std::mem::forget).is_ok()));
        // SAFETY: takes a number only, and ends the child: no destructor of the parent's runs.
        unsafe { libc::_exit(i32::from(locked.is_err())) };
    }
    waitpid(Pid::from_raw(child), None).map_err(text)?;
    match object.lock.lock_timeout(SOON) {
        Err(LockError::OwnerDied { .. }) => {
            drop(object.lock.lock_or_repair(|| ()));
            Ok(())
        }
        Err(error) => Err(text(error)),
        Ok(_) => Err("the child has not taken the lock".into()),
    }
}

fn tell<T>(name: &str, operation: impl FnOnce() -> Result<T, String>) -> Option<T> {
    let started = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(operation)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        Err(format!("panic: {}", said.or(panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()))
    });
    let line = outcome.as_ref().map_or_else(|error| error.replace('\n', " "), |_| "ok".into());
    println!("{name}\t{}\t{line}", started.elapsed().as_millis());
    outcome.ok()
}

fn text(error: impl Display) -> String {
    error.to_string()
}

fn expect(is_right: bool, otherwise: &str) -> Result<(), String> {
    if is_right { Ok(()) } else { Err(otherwise.into()) }
}
