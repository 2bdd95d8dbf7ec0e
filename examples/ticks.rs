//! A feed that waits for no reader: `cargo run --example ticks`.
//!
//! The program starts itself twice more. The first process is the only sender of quotes. The other two subscribe to all
//! of them. The slow one learns how many quotes it missed, and slows neither of the others.

#![forbid(unsafe_code)]

use shmstore::error::RecvError;
use shmstore::{Broadcast, Event, Shared, ShmObject, ShmValue, Store};
use std::error::Error;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

const QUOTES: u64 = 2_000;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Quote {
    bid: f64,
    ask: f64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'F')]
struct Feed {
    quotes: Broadcast<Quote, 512>, // the last 512 are kept
    subscribed: Event,
}

impl Feed {
    fn send_all(&self) -> Result<(), Box<dyn Error>> {
        self.subscribed.wait_past(1, PATIENCE)?; // until both have subscribed
        let mut quotes = self.quotes.sender(); // no other process sends until it is dropped
        for number in 0..QUOTES {
            let bid = 100.0 + number as f64 / 100.0;
            quotes.send(Quote { bid, ask: bid + 0.01 });
            if number % 10 == 9 {
                sleep(Duration::from_millis(1));
            }
        }
        Ok(())
    }

    fn receive_all(&self, name: &str, pause: Duration) -> Result<(), Box<dyn Error>> {
        let mut quotes = self.quotes.subscribe();
        self.subscribed.notify_all();
        let (mut received, mut missed, mut spread) = (0, 0, 0.0);
        while quotes.position() < QUOTES {
            match quotes.recv_timeout(PATIENCE) {
                Ok(quote) => {
                    received += 1;
                    spread += quote.ask - quote.bid;
                    sleep(pause);
                }
                Err(RecvError::Lagged { missed: more }) => missed += more, // the next call goes on
                Err(error) => return Err(error.into()),
            }
        }
        println!("{name}: {received} received, {missed} missed, mean spread {:.2}", spread / f64::from(received));
        Ok(())
    }
}

fn start_subscriber(name: &str) -> Result<Child, std::io::Error> {
    Command::new(std::env::current_exe()?).arg(name).spawn()
}

fn main() -> Result<(), Box<dyn Error>> {
    let store = Store::open_or_create("./ticks-feed")?;
    if let Some(name) = std::env::args().nth(1) {
        let pause = Duration::from_millis(if name == "slow" { 1 } else { 0 });
        return store.attach::<Feed>()?.receive_all(&name, pause);
    }
    let feed = store.replace::<Feed>()?;
    println!("{QUOTES} quotes, in segment {}", Shared::info(&feed).map_or(0, |info| info.shmid));
    let mut subscribers = [start_subscriber("fast")?, start_subscriber("slow")?];
    let sent = feed.send_all();
    for subscriber in &mut subscribers {
        subscriber.wait()?;
    }
    store.remove::<Feed>()?;
    sent
}
