//! A worker that is built with the type.

use std::sync::atomic::Ordering::Relaxed;

use shmstore::error::{LoanError, PopError, RecvError};
use shmstore::{LockError, Store};

use super::{Mixed, OPERATIONS, Stamped};
use crate::random::Random;

/// Works until it is killed.
pub fn work(store: &Store, place: usize, seed: u64) -> ! {
    let mixed = store.attach_or_create::<Mixed>().expect("the object");
    let (mut random, mut subscriber) = (Random::new(seed), mixed.feed.subscribe());
    for number in seed.. {
        let found = match random.within(0..OPERATIONS) {
            0 => {
                let (from, to) = (random.within(0..8), random.within(0..8));
                mixed.accounts.update(|accounts| {
                    accounts[from] -= 1;
                    accounts[to] += 1;
                    accounts.iter().sum::<i64>() == 0
                })
            }
            1 => mixed.accounts.load().iter().sum::<i64>() == 0,
            2 => {
                let guard = match mixed.lock.lock() {
                    Err(LockError::OwnerDied { .. }) => mixed.lock.lock_or_repair(|| {
                        mixed.high.store(mixed.low.load(Relaxed), Relaxed);
                    }),
                    guard => guard.expect("the lock"),
                };
                let low = mixed.low.fetch_add(1, Relaxed);
                let high = mixed.high.fetch_add(1, Relaxed);
                drop(guard);
                low == high
            }
            3 => {
                let _ = mixed.jobs.try_push(Stamped::of(number));
                true
            }
            4 => match mixed.jobs.try_take() {
                Ok(job) => {
                    let is_whole = job.is_whole();
                    if random.one_in(2) {
                        job.done().expect("our own job");
                    }
                    is_whole
                }
                Err(PopError::Empty { .. } | PopError::Busy(_)) => true,
                Err(error) => panic!("{error}"),
            },
            5 => {
                mixed.feed.send(Stamped::of(number));
                mixed.turn.notify_all();
                true
            }
            6 => match subscriber.try_recv() {
                Ok(item) => item.is_whole(),
                Err(RecvError::Empty { .. } | RecvError::Lagged { .. }) => true,
                Err(error) => panic!("{error}"),
            },
            7 => {
                let key = random.within(0..24) as u32;
                match random.within(0..3) {
                    0 => drop(mixed.marks.insert(key, Stamped::of(number))),
                    1 => drop(mixed.marks.remove(&key)),
                    _ => {}
                }
                mixed.marks.get(&key).expect("any bits").is_none_or(|mark| mark.is_whole())
            }
            _ => frame(&mixed, number, &mut random),
        };
        if !found {
            println!("! the typed worker found something torn");
        }
        mixed.done[place].fetch_add(1, Relaxed);
    }
    unreachable!("there are more numbers than time")
}

/// Publishes a frame, or looks at one.
fn frame(mixed: &Mixed, number: u64, random: &mut Random) -> bool {
    if random.one_in(2) {
        let mut frame = match mixed.images.try_loan() {
            Ok(frame) => frame,
            Err(LoanError::Full { .. } | LoanError::Busy(_)) => return true,
            Err(error) => panic!("{error}"),
        };
        frame.set_meta(Stamped::of(number));
        frame.copy_from(&vec![number; random.within(0..64)]).expect("room");
        frame.publish().expect("our own loan");
        return true;
    }
    let Ok(Some(frame)) = mixed.images.pin_newest() else { return true };
    let meta = *frame.meta();
    meta.is_whole() && frame.to_vec().iter().all(|element| *element == meta.number)
}
