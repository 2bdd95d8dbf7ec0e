//! Objects as a whole: attaching, creating and removing, by the thousand, and the memory that a small one takes.
//!
//! Each function gives a row a contender: its name, and one sample a batch, in microseconds unless it says otherwise. Batches
//! alternate, so the samples of one index were taken side by side and may be divided by each other.
//!
//! # Safety
//!
//! Assumes that nobody else removes the segments that are made here. Promises to touch only the bytes that were asked
//! for, of segments that are attached.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use nix::libc;
use shmstore::{Shared, ShmObject, ShmValue, Store, Versioned};

/// A contender's name, and its samples.
pub type Row = (String, Vec<f64>);

/// How many times an operation is repeated in one batch.
const ROUNDS: u32 = 50;

/// What the bare system calls are called in the rows.
pub const BARE: &str = "bare system calls";

/// What the store is called in the rows.
pub const OURS: &str = "shmstore";

/// A value of three numbers.
#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
pub struct Position {
    /// East.
    pub x: f64,
    /// North.
    pub y: f64,
    /// Up.
    pub z: f64,
}

/// A small object.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'T')]
pub struct Telemetry {
    /// A count.
    pub frames: AtomicU64,
    /// A value.
    pub position: Versioned<Position>,
}

/// Attach, first load, detach: next to `ftok`, `shmget`, `shmat`, `IPC_STAT`, a read of as many bytes, `shmdt`.
pub fn attach(directory: &Path, samples: usize) -> Vec<Row> {
    let store = Store::open(directory).expect("a directory of our own");
    drop(store.create::<Telemetry>().expect("a free key"));
    let bare = Bare::new(directory);
    let rows = alternate(samples, [(BARE, &mut || bare.attach_and_read()), (OURS, &mut || attach_and_load(&store))]);
    store.remove::<Telemetry>().expect("our own");
    rows
}

/// Create, first touch, remove, detach: next to `ftok`, `shmget`, `shmat`, a write, `shmdt`, `IPC_RMID`, for a segment of
/// the same size.
pub fn create_and_remove(directory: &Path, samples: usize) -> Vec<Row> {
    let store = Store::open(directory).expect("a directory of our own");
    let bytes = {
        let sample = store.create::<Telemetry>().expect("a free key");
        store.remove::<Telemetry>().expect("our own");
        Shared::info(&sample).expect("attached").size
    };
    let bare = Bare::new(directory);
    alternate(samples, [(BARE, &mut || bare.create_and_remove(bytes)), (OURS, &mut || create_touch_and_remove(&store))])
}

/// As many named objects as asked for, each attached alone and then all at once. Needs as many free segments:
/// `unshare -i`, and a larger `/proc/sys/kernel/shmmni`.
///
/// | row | what |
/// |---|---|
/// | `make` | the name and the object, one sample for each |
/// | `bare, first`, `bare, last` | the bare system calls, for the first and the last object |
/// | `first`, `last` | attach, first load, detach of the first and of the last |
/// | `list` | [`Store::list`], for each object |
/// | `first, all attached`, `last, all attached` | as above, in a process that has all the others attached |
pub fn many(directory: &Path, objects: usize, samples: usize) -> Vec<Row> {
    let store = Store::open(directory).expect("a directory of our own");
    let (mut stores, mut made) = (Vec::new(), Vec::new());
    for index in 0..objects {
        let start = Instant::now();
        let named = store.named(&format!("object-{index}")).expect("a name of our own");
        drop(named.create::<Telemetry>().expect("room for one more segment"));
        made.push(start.elapsed().as_secs_f64() * 1e6);
        stores.push(named);
    }
    let mut rows = vec![("make".into(), made)];
    let (first, last) = (&stores[0], &stores[objects - 1]);
    let [bare_first, bare_last] = [first, last].map(|named| Bare::new(named.path()));
    rows.extend(alternate(
        samples,
        [
            ("bare, first", &mut || bare_first.attach_and_read()),
            ("bare, last", &mut || bare_last.attach_and_read()),
            ("first", &mut || attach_and_load(first)),
            ("last", &mut || attach_and_load(last)),
        ],
    ));
    let list = || {
        let start = Instant::now();
        assert_eq!(black_box(store.list().expect("our own")).len(), objects);
        start.elapsed().as_secs_f64() * 1e6 / objects as f64
    };
    rows.push(("list".into(), (0..samples.min(10)).map(|_| list()).collect()));
    let attached: Vec<_> =
        stores[1..objects - 1].iter().map(|named| named.attach::<Telemetry>().expect("made above")).collect();
    rows.extend(alternate(
        samples,
        [
            ("first, all attached", &mut || attach_and_load(first)),
            ("last, all attached", &mut || attach_and_load(last)),
        ],
    ));
    drop(attached);
    for named in &stores {
        named.remove::<Telemetry>().expect("our own");
    }
    rows
}

/// The resident pages of a small object that one process has created and used: of its mapping, as `/proc/self/smaps` says,
/// and of its segment, as `/proc/sysvipc/shm` does. One sample each, in pages.
pub fn resident_pages(directory: &Path) -> Vec<Row> {
    let store = Store::open(directory).expect("a directory of our own");
    let object = store.create::<Telemetry>().expect("a free key");
    object.frames.fetch_add(1, Relaxed);
    object.position.store(Position { x: 1.0, y: 2.0, z: 3.0 });
    black_box(object.position.load());
    let shmid = Shared::info(&object).expect("attached").shmid;
    let rows = vec![
        ("mapping".into(), vec![mapped_pages(ptr::from_ref(&*object).addr())]),
        ("segment".into(), vec![segment_pages(shmid)]),
    ];
    store.remove::<Telemetry>().expect("our own");
    rows
}

fn attach_and_load(store: &Store) {
    let attached = store.attach::<Telemetry>().expect("an object that was made");
    black_box(attached.position.load());
}

fn create_touch_and_remove(store: &Store) {
    let created = store.create::<Telemetry>().expect("a free key");
    black_box(created.frames.fetch_add(1, Relaxed));
    store.remove::<Telemetry>().expect("our own");
}

/// Runs batches of each contender in turn, the order reversed each time; warms up first.
fn alternate<const N: usize>(samples: usize, contenders: [(&str, &mut dyn FnMut()); N]) -> Vec<Row> {
    let mut rows: Vec<Row> = contenders.iter().map(|(name, _)| ((*name).to_owned(), Vec::new())).collect();
    for round in 0..samples + 2 {
        let mut order: Vec<usize> = (0..N).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                (contenders[index].1)();
            }
            let taken = start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
            if round >= 2 {
                rows[index].1.push(taken);
            }
        }
    }
    rows
}

/// The `Rss` of the mapping that has an address in it, in pages.
fn mapped_pages(address: usize) -> f64 {
    let smaps = fs::read_to_string("/proc/self/smaps").expect("/proc of our own");
    let mut within = false;
    for line in smaps.lines() {
        let range = line.split_once(' ').and_then(|(range, _)| range.split_once('-'));
        let range = range.and_then(|(from, to)| Some((hexadecimal(from)?, hexadecimal(to)?)));
        if let Some((from, to)) = range {
            within = (from..to).contains(&address);
        }
        if let Some(kilobytes) = line.strip_prefix("Rss:").filter(|_| within) {
            let kilobytes: f64 = kilobytes.trim_end_matches("kB").trim().parse().expect("a number of kB");
            return kilobytes / 4.0;
        }
    }
    panic!("nothing is mapped at {address:#x}");
}

fn hexadecimal(digits: &str) -> Option<usize> {
    usize::from_str_radix(digits, 16).ok()
}

/// The `rss` column of a segment, in pages.
fn segment_pages(shmid: i32) -> f64 {
    let table = fs::read_to_string("/proc/sysvipc/shm").expect("/proc of our own");
    let mut lines = table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let rss = lines.next().and_then(|names| names.iter().position(|name| *name == "rss")).expect("a column `rss`");
    let line = lines.find(|line| line[1].parse() == Ok(shmid)).expect("a segment that was not removed");
    line[rss].parse::<f64>().expect("bytes") / 4096.0
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
        let address = attach_segment(shmid);
        let mut status = MaybeUninit::<libc::shmid_ds>::uninit();
        // SAFETY: the buffer is what IPC_STAT fills.
        let asked = unsafe { libc::shmctl(shmid, libc::IPC_STAT, status.as_mut_ptr()) };
        assert_eq!(asked, 0, "{}", std::io::Error::last_os_error());
        // SAFETY: attached by now, a page at least, and nobody writes there.
        black_box(unsafe { ptr::read_volatile(address.cast::<[u64; 3]>()) });
        detach_segment(address);
    }

    /// `ftok`, `shmget`, `shmat`, a write, `shmdt`, `IPC_RMID`.
    fn create_and_remove(&self, bytes: usize) {
        let shmid = self.get(b'b', bytes, libc::IPC_CREAT | libc::IPC_EXCL | 0o600);
        let address = attach_segment(shmid);
        // SAFETY: attached by now, writable, a page at least, and ours alone.
        unsafe { ptr::write_volatile(address, 1) };
        detach_segment(address);
        // SAFETY: IPC_RMID ignores the buffer.
        let removed = unsafe { libc::shmctl(shmid, libc::IPC_RMID, ptr::null_mut()) };
        assert_eq!(removed, 0, "{}", std::io::Error::last_os_error());
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

fn attach_segment(shmid: libc::c_int) -> *mut u8 {
    // SAFETY: at an address of the kernel's choice.
    let address = unsafe { libc::shmat(shmid, ptr::null(), 0) };
    assert!(address as isize != -1, "{}", std::io::Error::last_os_error());
    address.cast()
}

fn detach_segment(address: *mut u8) {
    // SAFETY: attached there, and used no more.
    let detached = unsafe { libc::shmdt(address.cast()) };
    assert_eq!(detached, 0, "{}", std::io::Error::last_os_error());
}
