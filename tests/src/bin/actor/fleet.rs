//! A process of a small fleet, with parts of every kind, for pictures and for the tests of the page in a browser.
//!
//! `actor fleet PATH drive` stores what a rover does, `imu` what its sensor measures, and `agv` what a cart does.
//! `plan` locks the route of a rover, and keeps it. All play until their input ends.

use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use shmstore::{
    AtomicValue, Broadcast, FixedString, FixedVec, Frames, Lock, Map, Pad, Queue, Shared, ShmObject, ShmValue, Store,
    Timestamp, Versioned,
};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Pose {
    x: f64,
    y: f64,
    heading: f64,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Imu {
    accel: [f64; 3],
    temperature: f32,
    is_calibrated: bool,
    _pad: Pad<3>,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Battery {
    measured: Timestamp,
    volts: f32,
    amps: f32,
    charge: f32,
    is_balanced: bool,
    _pad: Pad<3>,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(u8)]
enum Mode {
    Idle,
    Driving,
    Charging,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Goal {
    x: f64,
    y: f64,
    priority: u32,
    _pad: Pad<4>,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Limits {
    speed: f32,
    torque: f32,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Picture {
    width: u32,
    height: u32,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'R')]
struct Rover {
    position: Versioned<Pose>,
    imu: Versioned<Imu>,
    battery: Versioned<Battery>,
    mode: AtomicValue<Mode>,
    distance: AtomicU64,
    label: Versioned<FixedString<24>>,
    limits: Map<FixedString<12>, Limits, 16>,
    goals: Queue<Goal, 8>,
    log: Broadcast<FixedString<40>, 16>,
    images: Frames<u8, 4096, 4, Picture>,
    scan: Versioned<FixedVec<f32, 32>>,
    route: Lock,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'A')]
struct Agv {
    position: Versioned<Pose>,
    load: AtomicU64,
}

/// How often a process stores in a second.
const HZ: f64 = 50.0;

static IS_OVER: AtomicBool = AtomicBool::new(false);

pub(crate) fn play() {
    let store = Store::open_or_create(super::path()).expect("a store");
    let part = super::args().nth(1).expect("a part");
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        IS_OVER.store(true, Relaxed);
    });
    if part == "agv" {
        let agv = store.attach_or_create::<Agv>().expect("an object");
        return repeat(|time| {
            agv.position.store(pose(time / 2.0 + f64::from(std::process::id() % 60)));
            agv.load.store(40 + (time / 5.0) as u64 % 60, Relaxed);
        });
    }
    let rover = store.attach_or_create::<Rover>().expect("an object");
    match part.as_str() {
        "drive" => drive(&rover),
        "imu" => measure(&rover),
        "plan" => {
            // The lock of an owner that died is left inconsistent.
            if let Ok(_guard) = rover.route.lock() {
                repeat(|_| {});
            }
        }
        other => panic!("there is no part `{other}`"),
    }
}

/// Calls `step` with the seconds since the start, until the input ends.
fn repeat(mut step: impl FnMut(f64)) {
    println!("ok ready");
    let started = Instant::now();
    let mut count = 0.0;
    while !IS_OVER.load(Relaxed) {
        step(started.elapsed().as_secs_f64());
        count += 1.0;
        std::thread::sleep(Duration::from_secs_f64(count / HZ).saturating_sub(started.elapsed()));
    }
}

fn pose(time: f64) -> Pose {
    Pose { x: 3.0 + time / 6.0 + (time / 2.0).sin(), y: 4.0 * (time / 5.0).cos(), heading: (time / 8.0).sin() }
}

fn text<const N: usize>(text: &str) -> FixedString<N> {
    FixedString::try_from(text).expect("a short text")
}

fn drive(rover: &Shared<Rover>) {
    rover.label.store(text("North yard"));
    for (name, speed) in [("indoors", 0.8), ("yard", 2.5), ("ramp", 0.4)] {
        rover.limits.insert(text(name), Limits { speed, torque: 12.0 }).expect("room");
    }
    for number in 0..3 {
        let goal = Goal { x: 4.5 * f64::from(number), y: -1.25, priority: 3 - number, _pad: Pad::new() };
        rover.goals.try_push(goal).expect("room");
    }
    rover.mode.store(Mode::Driving, Relaxed);
    let mut ticks = 0_u32;
    repeat(|time| {
        rover.position.store(pose(time));
        rover.distance.store((time * 14.0) as u64, Relaxed);
        if ticks % 25 == 0 {
            let ripple = f32::from((ticks.wrapping_mul(2_654_435_761) >> 16) as u16 % 64) / 640.0;
            let volts = 25.2 - time as f32 / 300.0 - ripple;
            let amps = 6.0 + (time as f32 / 3.0).sin();
            let (measured, is_balanced, _pad) = (Timestamp::now(), true, Pad::new());
            rover.battery.store(Battery { measured, volts, amps, charge: 0.83, is_balanced, _pad });
            let ranges: [f32; 12] = std::array::from_fn(|at| 2.0 + ((time + at as f64) / 3.0).sin() as f32);
            rover.scan.store(FixedVec::try_from(&ranges[..]).expect("room"));
        }
        if ticks % 250 == 0 {
            rover.log.send(text(&format!("passed marker {}", ticks / 250)));
        }
        if ticks % 5 == 0 {
            if let Ok(mut image) = rover.images.try_loan() {
                image.set_meta(Picture { width: 64, height: 64 });
                image.fill_rows(64, 64, 64, |y, row| row.fill((y as u32 * 4 + ticks) as u8)).expect("an image");
                image.publish().expect("an image");
            }
        }
        ticks += 1;
    });
}

fn measure(rover: &Shared<Rover>) {
    let mut imu = rover.imu.writer();
    repeat(|time| {
        let accel = [2.0 * time.sin(), -(time / 1.7).cos(), 9.81 + (time * 9.0).sin() / 20.0];
        let temperature = 38.0 + (time / 20.0) as f32;
        imu.store(Imu { accel, temperature, is_calibrated: true, _pad: Pad::new() });
    });
}
