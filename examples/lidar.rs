//! Point clouds of any length, from two sensors: `cargo run --release --example lidar`.
//!
//! Two processes publish sweeps of 20,000 to 100,000 points. Two others look for the nearest point of each sweep. The
//! parent kills (SIGKILL) and stops (SIGSTOP) them again and again, at any instruction. The others go on, and each sweep
//! that is seen is whole: its points add up to the sum that its sensor has stored with it.

#![forbid(unsafe_code)]

use shmstore::error::PinError;
use shmstore::frames::Follower;
use shmstore::{AtomicValue, Frames, Shared, ShmObject, ShmValue, Store};
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::os::unix::process::parent_id;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::sleep;
use std::time::Duration;

const SWEEPS: u64 = 300;
const POINTS: usize = 100_000;

/// A slot for each of two sensors, one for each of two readers, and one for the newest sweep.
const SLOTS: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
struct Point {
    x: f32,
    y: f32,
    z: f32,
}

impl Point {
    fn distance(&self) -> f32 {
        (self.x * self.x + self.y * self.y + self.z * self.z).sqrt()
    }
}

/// A sweep's sensor, the number of its points and their sum, as the sensor has stored them.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Sweep {
    sensor: u32,
    points: u32,
    sum: f64, // of all coordinates
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'L')]
struct Lidar {
    sweeps: Frames<Point, POINTS, SLOTS, Sweep>,
    checked: AtomicU64,
    missed: AtomicU64,
    nearest: AtomicValue<f32>,
}

fn random() -> usize {
    RandomState::new().hash_one(0) as usize
}

fn sum_of(points: &[Point]) -> f64 {
    points.iter().map(|point| f64::from(point.x + point.y + point.z)).sum()
}

impl Lidar {
    /// Publishes a sweep: points around the sensor.
    fn sweep(&self, sensor: u32) -> Result<(), Box<dyn Error>> {
        let mut sweep = self.sweeps.loan_timeout(Duration::from_secs(10))?;
        let (len, far) = (20_000 + random() % 80_000, 5.0 + (random() % 100) as f32);
        let mut sum = 0.0;
        sweep.fill(len, |at, block| {
            for (point, at) in block.iter_mut().zip(at..) {
                let (sin, cos) = (at as f32 / 1_000.0).sin_cos();
                *point = Point { x: far * sin, y: far * cos, z: at as f32 / 10_000.0 };
            }
            sum += sum_of(block);
        })?;
        sweep.set_meta(Sweep { sensor, points: len as u32, sum });
        sweep.publish()?;
        Ok(())
    }

    /// Looks for the nearest point of the next sweep.
    fn look(&self, sweeps: &mut Follower<'_, Point, POINTS, SLOTS, Sweep>) -> Result<(), Box<dyn Error>> {
        let sweep = match sweeps.next(Duration::from_millis(100)) {
            Err(PinError::NotYet { .. }) => return Ok(()),
            sweep => sweep?,
        };
        let (mut nearest, mut sum) = (f32::INFINITY, 0.0);
        sweep.blocks(|_, block| {
            nearest = block.iter().map(Point::distance).fold(nearest, f32::min);
            sum += sum_of(block);
        });
        let Sweep { sensor, points, sum: expected } = *sweep.meta();
        if (sweep.len(), sum) != (points as usize, expected) {
            return Err(format!("sweep {} of sensor {sensor} is torn", sweep.number()).into());
        }
        self.nearest.store(nearest, Relaxed);
        self.missed.fetch_add(sweep.missed(), Relaxed);
        self.checked.fetch_add(1, Relaxed);
        Ok(())
    }
}

/// Works until this process is killed. If its parent is gone, removes the object and ends.
fn work(role: &str) -> Result<(), Box<dyn Error>> {
    let store = Store::open("./lidar-sweeps")?;
    let lidar = store.attach::<Lidar>()?;
    let mut sweeps = lidar.sweeps.follow();
    let creator = Shared::info(&lidar).and_then(|info| info.creator_pid);
    while creator == Some(parent_id()) {
        match role {
            "look" => lidar.look(&mut sweeps)?,
            sensor => lidar.sweep(sensor.parse()?)?,
        }
    }
    let _ = store.remove::<Lidar>(); // unless another process was faster
    Ok(())
}

const ROLES: [&str; 4] = ["1", "2", "look", "look"];

fn start(role: &str) -> Result<Child, Box<dyn Error>> {
    Ok(Command::new(std::env::current_exe()?).arg(role).stdin(Stdio::null()).spawn()?)
}

/// Stops a process for a moment. The shell lets it go on even if this process is killed meanwhile.
fn stop(child: &Child) -> Result<(), Box<dyn Error>> {
    let script = "kill -STOP $0 && sleep 0.02 && kill -CONT $0";
    let done = Command::new("sh").args(["-c", script]).arg(child.id().to_string()).status()?;
    if done.success() { Ok(()) } else { Err("no signal was sent".into()) }
}

/// Stops and kills processes in turn, until there are enough sweeps. Returns how often.
fn supervise(lidar: &Lidar, children: &mut [Child; 4]) -> Result<(u32, u32), Box<dyn Error>> {
    let (mut stopped, mut killed) = (0, 0);
    while lidar.sweeps.newest_number() < SWEEPS || lidar.checked.load(Relaxed) == 0 {
        let one = random() % 4;
        if let Some(status) = children[one].try_wait()? {
            return Err(format!("a process has ended by itself: {status}").into());
        }
        stop(&children[one])?;
        stopped += 1;

        let one = random() % 4;
        children[one].kill()?;
        children[one].wait()?;
        killed += 1;
        children[one] = start(ROLES[one])?;
        sleep(Duration::from_millis(20));
    }
    Ok((stopped, killed))
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(role) = std::env::args().nth(1) {
        return work(&role);
    }
    let store = Store::open_or_create("./lidar-sweeps")?;
    let lidar = store.replace::<Lidar>()?;
    println!("up to {POINTS} points, in segment {}", Shared::info(&lidar).map_or(0, |info| info.shmid));
    let mut children = [start(ROLES[0])?, start(ROLES[1])?, start(ROLES[2])?, start(ROLES[3])?];
    let supervised = supervise(&lidar, &mut children);
    for child in &mut children {
        child.kill()?;
        child.wait()?;
    }
    let (checked, missed) = (lidar.checked.load(Relaxed), lidar.missed.load(Relaxed));
    let (sweeps, nearest) = (lidar.sweeps.newest_number(), lidar.nearest.load(Relaxed));
    store.remove::<Lidar>()?;
    std::fs::remove_dir("./lidar-sweeps")?; // after its object
    let (stopped, killed) = supervised?;
    println!("the nearest point was {nearest:.1} m away");
    println!("{stopped} processes stopped, {killed} killed: {sweeps} sweeps, {checked} read whole, {missed} missed");
    Ok(())
}
