//! Attaching and creating, next to the bare system calls in the same run.
//!
//! `cargo bench -p shmstore-bench --bench segments`
#![allow(unsafe_code)]

use std::ffi::CString;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use criterion::Criterion;
use nix::libc;
use shmstore::{ShmObject, Store, Versioned};
use shmstore_bench::place::Place;

/// As large as the segment of a small object.
const SEGMENT_BYTES: usize = 12 * 1024;

/// A small object.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'T')]
struct Telemetry {
    frames: AtomicU64,
    position: Versioned<[f64; 3]>,
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500))
        .sample_size(30)
        .without_plots()
        .configure_from_args();
    let place = Place::new().expect("a temporary directory");
    let bare = Bare::new(place.path());
    let store = Store::open(place.path()).expect("a directory of our own");
    // What both attach to.
    drop(store.create::<Telemetry>().expect("a free key"));
    let attach = [
        median(&mut criterion, "attach/bare system calls", || bare.attach_and_read()),
        median(&mut criterion, "attach/Store::attach", || attach_and_load(&store)),
    ];
    store.remove::<Telemetry>().expect("our own");
    let create = [
        median(&mut criterion, "create and remove/bare system calls", || bare.create_and_remove()),
        median(&mut criterion, "create and remove/Store", || create_and_remove(&store)),
    ];
    criterion.final_summary();
    for (what, [bare, ours]) in [("attach, first load, detach", attach), ("create and remove", create)] {
        println!("{what:<28} bare {bare:>6.1} µs, shmstore {ours:>6.1} µs: {:.2} ×", ours / bare);
    }
}

fn attach_and_load(store: &Store) {
    let attached = store.attach::<Telemetry>().expect("made by `main`");
    black_box(attached.position.load());
}

fn create_and_remove(store: &Store) {
    let created = store.create::<Telemetry>().expect("a free key");
    black_box(created.frames.fetch_add(1, Relaxed));
    store.remove::<Telemetry>().expect("our own");
}

/// Gives criterion its samples, and the table at the end their median, in microseconds.
fn median(criterion: &mut Criterion, name: &str, mut work: impl FnMut()) -> f64 {
    let mut samples = Vec::new();
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|rounds| {
            let start = Instant::now();
            for _ in 0..rounds {
                work();
            }
            let taken = start.elapsed();
            samples.push(taken.as_secs_f64() * 1e6 / rounds as f64);
            taken
        });
    });
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// What a program without the store would do, unchecked.
struct Bare {
    path: CString,
}

impl Bare {
    fn new(path: &Path) -> Self {
        Self { path: CString::new(path.as_os_str().as_bytes()).expect("a path without NUL") }
    }

    /// `ftok`, `shmget`, `shmat`, `IPC_STAT`, a read, `shmdt`.
    fn attach_and_read(&self) {
        let shmid = self.get(b'T', 0, 0);
        let address = attach(shmid);
        let mut status = MaybeUninit::<libc::shmid_ds>::uninit();
        // SAFETY: the buffer is what IPC_STAT fills.
        unsafe { libc::shmctl(shmid, libc::IPC_STAT, status.as_mut_ptr()) };
        // SAFETY: attached by now, and nobody writes there.
        black_box(unsafe { ptr::read_volatile(address) });
        detach(address);
    }

    /// `ftok`, `shmget`, `shmat`, a write, `shmdt`, `IPC_RMID`.
    fn create_and_remove(&self) {
        let shmid = self.get(b'b', SEGMENT_BYTES, libc::IPC_CREAT | libc::IPC_EXCL | 0o600);
        let address = attach(shmid);
        // SAFETY: attached by now, writable, and ours alone.
        unsafe { ptr::write_volatile(address, 1) };
        detach(address);
        // SAFETY: IPC_RMID ignores the buffer.
        unsafe { libc::shmctl(shmid, libc::IPC_RMID, ptr::null_mut()) };
    }

    fn get(&self, id: u8, size: usize, flags: libc::c_int) -> libc::c_int {
        // SAFETY: a C string, alive during the call.
        let key = unsafe { libc::ftok(self.path.as_ptr(), id.into()) };
        // SAFETY: takes numbers only.
        let shmid = unsafe { libc::shmget(key, size, flags) };
        assert!(shmid >= 0, "{}", std::io::Error::last_os_error());
        shmid
    }
}

fn attach(shmid: libc::c_int) -> *mut u8 {
    // SAFETY: at an address of the kernel's choice.
    let address = unsafe { libc::shmat(shmid, ptr::null(), 0) };
    assert!(address as isize != -1, "{}", std::io::Error::last_os_error());
    address.cast()
}

fn detach(address: *mut u8) {
    // SAFETY: attached there, and used no more.
    unsafe { libc::shmdt(address.cast()) };
}
