//! shmstore alone, by criterion: single calls that `compare` does not measure, beside loads and stores of every size.
//!
//! `cargo bench -p shmstore-bench`

use std::hint::black_box;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::sync::mpsc;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use shmstore::{AtomicValue, ShmObject, Store, Versioned};
use shmstore_bench::place::Place;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'T')]
struct Telemetry {
    position: Versioned<[f64; 3]>,
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(30)
        .without_plots()
        .configure_from_args();
    versioned::<8>(&mut criterion);
    versioned::<64>(&mut criterion);
    versioned::<4096>(&mut criterion);
    versioned::<65536>(&mut criterion);
    atomic(&mut criterion);
    busy(&mut criterion);
    criterion.final_summary();
}

fn versioned<const N: usize>(criterion: &mut Criterion) {
    let (part, value, mut out) = (Box::<Versioned<[u8; N]>>::default(), Box::new([7; N]), Box::new([0; N]));
    let mut group = criterion.benchmark_group(format!("load/{N}"));
    group.throughput(Throughput::Bytes(N as u64));
    group.bench_function("Versioned::load_into", |bencher| {
        bencher.iter(|| black_box(&part).load_into(black_box(&mut out)));
    });
    group.bench_function("Versioned::load", |bencher| bencher.iter(|| black_box(&part).load()));
    group.finish();

    let mut group = criterion.benchmark_group(format!("store/{N}"));
    group.throughput(Throughput::Bytes(N as u64));
    group.bench_function("Versioned::store_from", |bencher| {
        bencher.iter(|| black_box(&part).store_from(black_box(&value)));
    });
    group.bench_function("Versioned::update", |bencher| {
        bencher.iter(|| black_box(&part).update(|value| value[0] = value[0].wrapping_add(1)));
    });
    group.finish();
}

fn atomic(criterion: &mut Criterion) {
    let part = AtomicValue::new(1.0f64);
    let mut group = criterion.benchmark_group("atomic/f64");
    group.bench_function("load", |bencher| bencher.iter(|| black_box(&part).load(Acquire)));
    group.bench_function("store", |bencher| bencher.iter(|| black_box(&part).store(black_box(2.0), Release)));
    group.bench_function("fetch_update", |bencher| {
        bencher.iter(|| black_box(&part).fetch_update(AcqRel, Acquire, |value| Some(value + 1.0)));
    });
    group.finish();
}

/// The cost of an error, and of a wait of no time, for a caller that does not read the message.
fn busy(criterion: &mut Criterion) {
    let place = Place::new().expect("a temporary directory");
    let store = Store::open(place.path()).expect("a directory of this process");
    let telemetry = store.create::<Telemetry>().expect("a free key");
    // The object lives on until this process ends.
    store.remove::<Telemetry>().expect("an object of this process");
    let position = &telemetry.position;
    let private = Box::<Versioned<[f64; 3]>>::default();
    criterion.bench_function("wait_newer of no time", |bencher| {
        bencher.iter(|| private.wait_newer(9, Duration::ZERO).is_err());
    });
    let writer = position.writer();
    criterion.bench_function("try_writer, by the thread that has it", |bencher| {
        bencher.iter(|| position.try_writer().is_err());
    });
    drop(writer);
    std::thread::scope(|scope| {
        let (holds, is_held) = mpsc::channel();
        let (done, is_done) = mpsc::channel::<()>();
        scope.spawn(move || {
            let _writer = position.writer();
            holds.send(()).expect("a receiver");
            // Ends when the sender is dropped.
            let _ = is_done.recv();
        });
        is_held.recv().expect("a writer");
        criterion.bench_function("try_writer, by another thread", |bencher| {
            bencher.iter(|| position.try_writer().is_err());
        });
        drop(done);
    });
}
