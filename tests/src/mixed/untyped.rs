//! A worker that has the schema alone.

use shmstore::Store;
use shmstore::dynamic::{DynamicError, Limit, Object};
use shmstore::error::{LoanError, PinError, PopError, PushError, RecvError};
use shmstore::inspect::{FieldPath, Value};
use shmstore::{LockError, error::InsertError};

use super::{OPERATIONS, Stamped};
use crate::random::Random;

fn path(text: &str) -> FieldPath {
    text.parse().expect("a path")
}

impl Stamped {
    /// The value of a process that does not have the type.
    #[must_use]
    pub fn to_value(self) -> Value {
        let fields = [("number", self.number), ("check", self.check)];
        let fields = fields.map(|(name, number)| (name.to_owned(), Value::Unsigned(number)));
        Value::Struct { name: "Stamped".into(), fields: fields.to_vec() }
    }

    fn of_value(value: &Value) -> Self {
        let number = |name| match value.field(name) {
            Some(Value::Unsigned(number)) => *number,
            _ => panic!("{value}"),
        };
        Self { number: number("number"), check: number("check") }
    }
}

fn sum(accounts: &Value) -> i64 {
    let Value::List { first, .. } = accounts else { panic!("{accounts}") };
    first.iter().map(|account| if let Value::Signed(number) = account { *number } else { panic!("{account}") }).sum()
}

/// `None` if the call found the part full, empty or busy.
fn unless_unlucky<T>(result: Result<T, DynamicError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(
            DynamicError::Push(PushError::Full { .. } | PushError::Busy(_))
            | DynamicError::Pop(PopError::Empty { .. } | PopError::Busy(_))
            | DynamicError::Recv(RecvError::Empty { .. } | RecvError::Lagged { .. } | RecvError::NeverWhole { .. })
            | DynamicError::Insert(InsertError::Full { .. } | InsertError::Busy(_))
            | DynamicError::Loan(LoanError::Full { .. } | LoanError::Busy(_))
            | DynamicError::Pin(PinError::Disturbed { .. } | PinError::Full { .. })
            | DynamicError::Busy(_),
        ) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Works until it is killed.
pub fn work(store: &Store, place: usize, seed: u64) -> ! {
    let object = Object::attach(store, 'X').expect("the object");
    let (low, high, lock) = (path("low"), path("high"), object.lock(&path("lock")).expect("a lock"));
    let (jobs, feed) = (object.queue(&path("jobs")).expect("jobs"), object.broadcast(&path("feed")).expect("a feed"));
    let (marks, images) = (object.map(&path("marks")).expect("marks"), object.frames(&path("images")).expect("images"));
    let (turn, done) = (object.event(&path("turn")).expect("an event"), path(&format!("done[{place}]")));
    let (mut random, mut subscriber) = (Random::new(seed), feed.subscribe());
    for number in seed.. {
        let found = match random.within(0..OPERATIONS) {
            0 => {
                let (from, to) = (random.within(0..8), random.within(0..8));
                let accounts = object.versioned(&path("accounts")).expect("accounts");
                let mut begun = accounts.begin(Limit::Forever).expect("the accounts");
                for (at, by) in [(from, -1), (to, 1)] {
                    let account = &mut begun.bytes_mut()[8 * at..][..8];
                    let balance = i64::from_le_bytes(account.try_into().expect("eight bytes"));
                    account.copy_from_slice(&(balance + by).to_le_bytes());
                }
                let is_zero = sum(&begun.value().expect("numbers")) == 0;
                begun.commit().expect("our own transaction");
                is_zero
            }
            1 => sum(&object.load(&path("accounts")).expect("numbers")) == 0,
            2 => {
                let guard = match lock.lock(Limit::Forever) {
                    Err(DynamicError::Lock(LockError::OwnerDied { .. })) => {
                        let guard = lock.lock_to_repair(Limit::Forever).expect("the lock");
                        object.store(&high, &object.load(&low).expect("a number")).expect("a number");
                        guard.mark_consistent();
                        guard
                    }
                    guard => guard.expect("the lock"),
                };
                let both = [&low, &high].map(|path| object.fetch_add(path, 1).expect("a number"));
                drop(guard);
                both[0] == both[1]
            }
            3 => {
                unless_unlucky(jobs.push(&Stamped::of(number).to_value(), Limit::Never));
                true
            }
            4 => unless_unlucky(jobs.take(Limit::Never)).is_none_or(|job| {
                let is_whole = Stamped::of_value(&job.value().expect("a value")).is_whole();
                if random.one_in(2) {
                    job.done().expect("our own job");
                }
                is_whole
            }),
            5 => {
                feed.send(&Stamped::of(number).to_value(), Limit::Forever).expect("the feed");
                turn.notify_all();
                true
            }
            6 => unless_unlucky(subscriber.recv(Limit::Never)).is_none_or(|item| Stamped::of_value(&item).is_whole()),
            7 => {
                let key = Value::Unsigned(random.within(0..24) as u64);
                match random.within(0..3) {
                    0 => drop(unless_unlucky(marks.insert(&key, &Stamped::of(number).to_value(), Limit::Forever))),
                    1 => drop(unless_unlucky(marks.remove(&key, Limit::Forever))),
                    _ => {}
                }
                marks.get(&key).expect("numbers").is_none_or(|(_, mark)| Stamped::of_value(&mark).is_whole())
            }
            _ if random.one_in(2) => {
                if let Some(mut frame) = unless_unlucky(images.loan(Limit::Never)) {
                    frame.set_meta(&Stamped::of(number).to_value()).expect("its metadata");
                    frame.write_at(0, &number.to_le_bytes().repeat(random.within(0..64))).expect("room");
                    frame.publish().expect("our own loan");
                }
                true
            }
            _ => unless_unlucky(images.pin_newest()).flatten().is_none_or(|frame| {
                let meta = Stamped::of_value(&frame.meta().expect("its metadata"));
                let mut bytes = vec![0; 8 * frame.len()];
                frame.copy_at(0, &mut bytes);
                meta.is_whole() && bytes.chunks(8).all(|element| element == meta.number.to_le_bytes())
            }),
        };
        if !found {
            println!("! the worker with the schema found something torn");
        }
        object.fetch_add(&done, 1).expect("a number");
    }
    unreachable!("there are more numbers than time")
}
