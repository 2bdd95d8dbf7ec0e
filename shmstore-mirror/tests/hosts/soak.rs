//! Failures at random, for as many seconds as `SHMSTORE_MIRROR_SOAK` says: 5 without it.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::failures::Running;

#[test]
fn copy_survives_failures_at_random() {
    let seconds = std::env::var("SHMSTORE_MIRROR_SOAK").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let Some(mut running) = Running::new() else { return };
    let (end, mut state, mut rounds) = (Instant::now() + Duration::from_secs(seconds), 7_u64, [0; 6]);
    let mut random = |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    while Instant::now() < end {
        let (what, moment) = (random(6), 100 + random(600));
        rounds[what as usize] += 1;
        running.origin.tell("burst 1000");
        running.copy.tell("torn 1300");
        std::thread::sleep(Duration::from_millis(random(300)));
        match what {
            0 => {
                running.pair.cable.set(&json!({ "cut": true }));
                std::thread::sleep(Duration::from_millis(moment * 8));
            }
            1 => running.pair.cable.set(&json!({ "loss": 0.1, "duplicate": 0.1, "reorder": 0.2, "delay": 0.003 })),
            2 => running.pair.cable.set(&json!({ "rate": 100_000 + random(1_000_000) })),
            3 => {
                running.exporter.take().expect("it runs").kill();
                std::thread::sleep(Duration::from_millis(moment));
                running.exporter = Some(running.pair.one.exporter());
            }
            4 => {
                running.importer.take().expect("it runs").kill();
                std::thread::sleep(Duration::from_millis(moment));
                running.importer = Some(running.pair.other.importer(&running.pair.one));
            }
            _ => {
                drop(running.exporter.take().expect("it runs").end());
                drop(running.importer.take().expect("it runs").end());
                running.importer = Some(running.pair.other.importer(&running.pair.one));
                running.exporter = Some(running.pair.one.exporter());
            }
        }
        let (_, seen) = (running.origin.answer(), running.copy.answer());
        running.pair.cable.set(&json!({}));
        running.agree("after a failure");
        assert_eq!((&seen["torn"], &seen["older"]), (&json!(0), &json!(0)), "{what}: {seen}");
        assert_eq!(running.copy.ask("is_removed"), false);
    }
    println!("cuts, bad cables, slow cables, exporters, importers, both: {rounds:?}");
}
