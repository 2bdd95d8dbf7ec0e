//! A process of Rust for the tests of the Python package: commands on lines of its input, answers on lines of its output.
//!
//! The first argument is the path of a store. The object is a `Robot`.

use std::error::Error;
use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use shmstore::{Shared, Store, Timestamp};
use shmstore_tests::python_types::{Everything, ImageInfo, Job, Mode, Position, Quote, Reading, Robot, Side};

const SOON: Duration = Duration::from_secs(20);

fn reading(number: u8) -> Reading {
    Reading {
        at: Timestamp::from_nanos(1_000_000_007),
        ok: true,
        mode: Mode::Fast,
        side: Side::Left,
        letter: 'é',
        name: "sensor".try_into().expect("short"),
        values: [1.0, 0.5].as_slice().try_into().expect("two of three"),
        _pad: Default::default(),
        position: Position { x: number.into(), y: 2.0, z: 3.0 },
        grid: [[1, -2], [3, -4]],
    }
}

fn fill(robot: &Robot) {
    robot.frames.store(7, Relaxed);
    robot.level.store(-3, Relaxed);
    robot.rate.store(2.5, Relaxed);
    robot.mode.store(Mode::Fast, Relaxed);
    robot.position.store(Position { x: 1.0, y: 2.0, z: 3.0 });
    robot.reading.store(reading(1));
    robot.grid.store([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    robot.name.store("rover".try_into().expect("short"));
    robot.list.store([1, 2, 3].as_slice().try_into().expect("three of eight"));
    robot.accounts.store([100, 0, 0, 0]);
    robot.bell.notify_all();
    robot.arms[1].angle.store(0.5);
    robot.padded.store(9, Relaxed);
    robot.load.store(200);
}

fn publish(robot: &Robot, number: u8) -> Result<u64, Box<dyn Error>> {
    let mut frame = robot.images.loan_timeout(SOON)?;
    frame.set_meta(ImageInfo { width: 4, height: number.into() });
    frame.copy_from(&vec![number; 4 * usize::from(number)])?;
    Ok(frame.publish()?)
}

fn answer(robot: &Robot, command: &str, number: u64) -> Result<String, Box<dyn Error>> {
    let small = number as u8;
    Ok(match command {
        "counts" => format!("{} {}", robot.frames.load(Relaxed), robot.level.load(Relaxed)),
        "cells" => format!("{:?} {:?}", robot.rate.load(Relaxed), robot.mode.load_checked(Relaxed)?),
        "position" => format!("{:?}", robot.position.load_versioned()),
        "reading" => format!("{:?}", robot.reading.load_checked()?),
        "values" => format!("{:?} {:?} {:?}", robot.grid.load(), robot.name.load(), robot.list.load()),
        "accounts" => format!("{:?}", robot.accounts.load_versioned()),
        "fill" => {
            fill(robot);
            "ok".into()
        }
        "move" => {
            robot.position.store(Position { x: number as f64, y: 0.0, z: 0.0 });
            "ok".into()
        }
        "wait" => format!("{:?}", robot.position.wait_newer(number, SOON)?),
        "notify" => robot.bell.notify_all().to_string(),
        "past" => robot.bell.wait_past(number, SOON)?.to_string(),
        "push" => {
            robot.jobs.push_timeout(Job { number, name: "job".try_into()?, _pad: Default::default() }, SOON)?;
            "ok".into()
        }
        "pop" => format!("{:?}", robot.jobs.pop_timeout(SOON)?),
        "send" => robot.ticks.send(number).to_string(),
        "insert" => {
            robot.quotes.insert("EURUSD".try_into()?, Quote { bid: number as f64, ask: 2.0 })?;
            "ok".into()
        }
        "get" => format!("{:?}", robot.quotes.get(&"EURUSD".try_into()?)),
        "publish" => publish(robot, small)?.to_string(),
        "newest" => match robot.images.pin_newest()? {
            Some(frame) => format!("{} {:?} {:?}", frame.number(), frame.meta(), frame.to_vec()),
            None => "none".into(),
        },
        "hold" => {
            let _guard = robot.guard.lock()?;
            std::thread::sleep(Duration::from_millis(number));
            "ok".into()
        }
        other => return Err(format!("there is no command {other}").into()),
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("the first argument is the path of a store")?;
    let store = Store::open_or_create(path)?;
    let mut robot: Option<Shared<Robot>> = None;
    for line in stdin().lock().lines() {
        let line = line?;
        let (command, number) = line.split_once(' ').unwrap_or((&line, "0"));
        let answered = match command {
            "create" => {
                store.create_with(fill).map(|created| robot = Some(created)).map_err(Into::into).map(|()| "ok".into())
            }
            "everything" => store.attach::<Everything>().map(|_| "ok".into()).map_err(Into::into),
            "remove" => store.remove::<Robot>().map(|()| "ok".into()).map_err(Into::into),
            _ => number.parse().map_err(Into::into).and_then(|number| {
                let attached = match robot.take() {
                    Some(attached) => attached,
                    None => store.attach::<Robot>()?,
                };
                answer(robot.insert(attached), command, number)
            }),
        };
        let answered = answered.unwrap_or_else(|error: Box<dyn Error>| format!("error: {error}"));
        writeln!(stdout(), "{answered}")?;
        stdout().flush()?;
    }
    Ok(())
}
