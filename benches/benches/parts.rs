//! The synchronised parts, idle, next to a bare copy and to the protocol without the features of a store around it.
//!
//! Absolute figures move from machine to machine: what counts is the ratios in one run, printed at the end.
//!
//! `cargo bench -p shmstore-bench --bench parts`
#![allow(unsafe_code)]

use std::hint::black_box;
use std::ptr;
use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use shmstore::{AtomicValue, Versioned};

#[path = "parts/prototype.rs"]
mod prototype;

use prototype::Prototype;

/// A value of `N` bytes.
type Bytes<const N: usize> = [u8; N];

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(30)
        .without_plots()
        .configure_from_args();
    let mut ratios = Vec::new();
    sizes::<8>(&mut criterion, &mut ratios);
    sizes::<64>(&mut criterion, &mut ratios);
    sizes::<4096>(&mut criterion, &mut ratios);
    sizes::<65536>(&mut criterion, &mut ratios);
    atomic(&mut criterion);
    criterion.final_summary();

    println!("\n{:>6} {:>6} | {:>10} {:>10} {:>10} | ratios", "bytes", "", "memcpy", "prototype", "Versioned");
    for Ratio { bytes, what, memcpy, prototype, versioned } in ratios {
        println!(
            "{bytes:>6} {what:>6} | {memcpy:>7.1} ns {prototype:>7.1} ns {versioned:>7.1} ns | {:.2} × prototype, {:.2} × memcpy",
            versioned / prototype,
            versioned / memcpy,
        );
    }
}

struct Ratio {
    bytes: usize,
    what: &'static str,
    memcpy: f64,
    prototype: f64,
    versioned: f64,
}

/// Gives criterion its samples, and the table at the end the fastest of them.
fn fastest(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut work: impl FnMut()) -> f64 {
    let mut fastest = f64::INFINITY;
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|rounds| {
            let start = Instant::now();
            for _ in 0..rounds {
                work();
            }
            let taken = start.elapsed();
            // Only long samples tell: the clock itself takes some 20 ns.
            if taken > Duration::from_millis(1) {
                fastest = fastest.min(taken.as_nanos() as f64 / rounds as f64);
            }
            taken
        });
    });
    fastest
}

fn sizes<const N: usize>(criterion: &mut Criterion, ratios: &mut Vec<Ratio>) {
    let value = Box::new([7; N]);
    let mut out = Box::new([0; N]);
    let versioned = Box::<Versioned<Bytes<N>>>::default();
    let prototype = Box::<Prototype<N>>::default();

    let mut group = criterion.benchmark_group(format!("load/{N}"));
    group.throughput(Throughput::Bytes(N as u64));
    let memcpy = fastest(&mut group, "memcpy", || copy(black_box(&value), black_box(&mut out)));
    let of_prototype = fastest(&mut group, "prototype", || black_box(&prototype).load_into(black_box(&mut out)));
    let of_versioned = fastest(&mut group, "Versioned::load_into", || {
        black_box(&versioned).load_into(black_box(&mut out));
    });
    fastest(&mut group, "Versioned::load", || {
        black_box(black_box(&versioned).load());
    });
    group.finish();
    ratios.push(Ratio { bytes: N, what: "load", memcpy, prototype: of_prototype, versioned: of_versioned });

    let mut group = criterion.benchmark_group(format!("store/{N}"));
    group.throughput(Throughput::Bytes(N as u64));
    let of_prototype = fastest(&mut group, "prototype", || black_box(&prototype).store(black_box(&value)));
    let of_versioned = fastest(&mut group, "Versioned::store_from", || {
        black_box(&versioned).store_from(black_box(&value));
    });
    fastest(&mut group, "Versioned::update", || {
        black_box(&versioned).update(|value| value[0] += 1);
    });
    group.finish();
    ratios.push(Ratio { bytes: N, what: "store", memcpy, prototype: of_prototype, versioned: of_versioned });
}

fn atomic(criterion: &mut Criterion) {
    use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
    let mut group = criterion.benchmark_group("atomic/f64");
    let part = AtomicValue::new(1.0f64);
    fastest(&mut group, "load", || {
        black_box(black_box(&part).load(Acquire));
    });
    fastest(&mut group, "store", || black_box(&part).store(black_box(2.0), Release));
    fastest(&mut group, "fetch_update", || {
        let _ = black_box(black_box(&part).fetch_update(AcqRel, Acquire, |value| Some(value + 1.0)));
    });
    group.finish();
}

#[inline(never)]
fn copy<const N: usize>(from: &Bytes<N>, to: &mut Bytes<N>) {
    // SAFETY: two arrays of one size; a unique reference overlaps nothing.
    unsafe { ptr::copy_nonoverlapping(from, to, 1) }
}
