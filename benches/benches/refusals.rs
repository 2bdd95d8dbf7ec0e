//! What a refusal costs, and a wait of no time, to one who does not read the message.
//!
//! `cargo bench -p shmstore-bench --bench refusals`

use std::sync::mpsc;
use std::time::Duration;

use criterion::Criterion;
use shmstore::{ShmObject, Store, Versioned};
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
    let place = Place::new().expect("a temporary directory");
    let store = Store::open(place.path()).expect("a directory of our own");
    let telemetry = store.create::<Telemetry>().expect("a free key");
    // It lives on for us alone, and ends with us.
    store.remove::<Telemetry>().expect("our own");
    measure(&mut criterion, &telemetry.position);
    criterion.final_summary();
}

fn measure(criterion: &mut Criterion, position: &Versioned<[f64; 3]>) {
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
            holds.send(()).expect("one that waits");
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
