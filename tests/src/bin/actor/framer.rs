//! A process that uses frames as it is told: see `shmstore_tests::framer`, and `shmstore_tests::peer` for the way it
//! listens and answers.

use std::time::Duration;

use shmstore::error::{LoanError, PinError, WaitAnyError};
use shmstore::frames::{Follower, FrameMut, Pinned};
use shmstore::{ReadOnly, Shared, Store, wait_any};
use shmstore_tests::objects::{Camera, IMAGE, IMAGES};

use super::obey::{Answer, Heir, Line, Obey, done, exec, serve};

type Loan = FrameMut<'static, u64, IMAGE, IMAGES, [u64; 2]>;
type Pin = Pinned<'static, u64, IMAGE, IMAGES, [u64; 2]>;

enum Grip {
    Loan(Loan),
    Pin(Pin),
}

struct Framer {
    store: Store,
    /// `None` where this process may only read.
    parts: Option<&'static Shared<Camera>>,
    seen: &'static ReadOnly<Camera>,
    /// The newest last.
    grips: Vec<Grip>,
    follower: Option<Follower<'static, u64, IMAGE, IMAGES, [u64; 2]>>,
    line: Line,
}

pub(crate) fn play() {
    let (store, parts, seen) = super::peer::attach();
    println!("ok ready");
    serve(&mut Framer::new(store, parts, seen));
}

impl Framer {
    fn new(store: Store, parts: Option<&'static Shared<Camera>>, seen: &'static ReadOnly<Camera>) -> Self {
        Self { store, parts, seen, grips: Vec::new(), follower: None, line: Line::default() }
    }
}

impl Obey for Framer {
    fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    fn heir(&mut self) -> Heir {
        let (store, parts, seen) = (self.store.clone(), self.parts, self.seen);
        Box::new(move || Box::new(Self::new(store, parts, seen)))
    }

    fn obey(&mut self, command: &str, rest: &str) -> Answer {
        let numbers: Vec<u64> = rest.split_ascii_whitespace().map(|word| word.parse().expect("a number")).collect();
        let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
        let time = |at: usize| Duration::from_millis(number(at));
        match command {
            "see" => return self.see(),
            "see_newer" => return self.see_newer(number(0), time(1)),
            _ => {}
        }
        let parts = self.parts.ok_or("Reader This process may only read")?;
        let images = &parts.images;
        match command {
            "exec" => exec("framer"),
            "remove" => self.store.remove::<Camera>().map(|()| String::new()).map_err(|error| error.to_string()),
            "participants" => done(Shared::participants(parts).len()),
            "loan" => {
                self.grips.push(Grip::Loan(loan(parts, time(0))?));
                done("")
            }
            "loans" => count_loans(parts),
            "put" => {
                let mut frame = loan(parts, time(1))?;
                fill(&mut frame, number(0));
                publish(frame)
            }
            "fill" | "publish" => self.use_loan(command, number(0)),
            "pin" => self.hold_pin(images.pin_newest()),
            "pin_number" => self.hold_pin(images.pin(number(0))),
            "wait_newer" => self.hold_pin(images.wait_newer(number(0), time(1)).map(Some)),
            "follow" => {
                self.follower = Some(images.follow());
                done("")
            }
            "next" => {
                let next = self.follower.as_mut().ok_or("Nothing is followed")?.next(time(0));
                self.hold_pin(next.map(Some))
            }
            "check" => match self.grips.last() {
                Some(Grip::Pin(pin)) => said(pin),
                _ => Err("Nothing is pinned".into()),
            },
            "drop" => done(self.grips.pop().is_some()),
            "newest" => done(images.newest_number()),
            other => Err(format!("BadCommand {other}")),
        }
    }
}

/// Loans a slot, and waits for one if there is a time.
fn loan(parts: &'static Shared<Camera>, time: Duration) -> Result<Loan, String> {
    let loan = if time.is_zero() { parts.images.try_loan() } else { parts.images.loan_timeout(time) };
    loan.map_err(|error| match error {
        LoanError::Full { .. } => format!("Full {error}"),
        LoanError::Busy(_) => format!("Busy {error}"),
        _ => format!("Other {error}"),
    })
}

fn fill(frame: &mut Loan, value: u64) {
    let len = IMAGE - value as usize;
    frame.fill(len, |_, block| block.fill(value)).expect("a frame with room");
    frame.set_meta([value, len as u64]);
}

fn publish(frame: Loan) -> Answer {
    frame.publish().map_err(|error| format!("FrameLost {error}")).and_then(done)
}

/// Says the number and the value of a frame, of which all elements and the metadata agree.
fn said(pin: &Pin) -> Answer {
    if !pin.is_intact() {
        return Err("Lost the pin was removed".into());
    }
    check(pin.number(), *pin.meta(), pin.len(), &pin.to_vec())
}

fn check(number: u64, meta: [u64; 2], len: usize, elements: &[u64]) -> Answer {
    let [value, meta_len] = meta;
    if len as u64 != meta_len || len != elements.len() || elements.iter().any(|element| *element != value) {
        return Err(format!("Torn frame {number} of {value}, {len} elements"));
    }
    done(format!("{number} {value}"))
}

impl Framer {
    fn hold_pin(&mut self, pin: Result<Option<Pin>, PinError>) -> Answer {
        let pin = pin.map_err(|error| match error {
            PinError::NotYet { .. } => format!("NotYet {error}"),
            PinError::Full { .. } => format!("Full {error}"),
            _ => format!("Other {error}"),
        })?;
        let Some(pin) = pin else { return done("none") };
        let said = said(&pin);
        self.grips.push(Grip::Pin(pin));
        said
    }

    fn use_loan(&mut self, command: &str, value: u64) -> Answer {
        let Some(Grip::Loan(mut frame)) = self.grips.pop() else { return Err("Nothing is loaned".into()) };
        if command == "publish" {
            return publish(frame);
        }
        fill(&mut frame, value);
        self.grips.push(Grip::Loan(frame));
        done("")
    }

    /// Waits for a frame without a pin.
    fn see_newer(&self, seen: u64, time: Duration) -> Answer {
        let ready = wait_any(&[&self.seen.images.newer(seen)], time);
        ready.map_err(|error| match error {
            WaitAnyError::Removed { .. } => format!("Removed {error}"),
            _ => format!("Other {error}"),
        })?;
        self.see()
    }

    /// Reads the newest frame without a pin.
    fn see(&self) -> Answer {
        let read = self.seen.images.read_newest(|frame| {
            let meta = frame.meta().map_err(Box::<dyn std::error::Error>::from)?;
            Ok::<_, Box<dyn std::error::Error>>((frame.number(), *meta, frame.len(), frame.to_vec()?))
        });
        match read.map_err(|error| format!("Overrun {error}"))? {
            Some((number, meta, len, elements)) => check(number, meta, len, &elements),
            None => done("none"),
        }
    }
}

/// Counts the slots that can be loaned at once, and gives them back.
fn count_loans(parts: &'static Shared<Camera>) -> Answer {
    let mut loans = Vec::new();
    loop {
        match loan(parts, Duration::ZERO) {
            Ok(frame) => loans.push(frame),
            Err(error) if error.starts_with("Full") => return done(loans.len()),
            Err(error) => return Err(error),
        }
    }
}
