//! Changes the object of workers in several languages once, by its schema alone: `untyped <path> <operation>`.

use shmstore::Store;
use shmstore::dynamic::{Limit, Object};
use shmstore::inspect::{FieldPath, Value};
use shmstore_tests::mixed::Stamped;

pub(crate) fn play() {
    let store = Store::open(super::path()).expect("a store");
    let operation = super::args().nth(1).expect("an operation");
    let object = Object::attach(&store, 'X').expect("the object");
    let at = |path: &str| path.parse::<FieldPath>().expect("a path");
    let (jobs, marks, images) = (object.queue(&at("jobs")), object.map(&at("marks")), object.frames(&at("images")));
    let (jobs, marks, images) = (jobs.expect("jobs"), marks.expect("marks"), images.expect("images"));
    let value = Stamped::of(7).to_value();
    match operation.as_str() {
        "store" => object.store(&at("accounts[0]"), &Value::Signed(0)).expect("a number"),
        "transfer" => {
            let accounts = object.versioned(&at("accounts")).expect("accounts");
            let mut begun = accounts.begin(Limit::Forever).expect("the accounts");
            begun.bytes_mut()[..8].copy_from_slice(&(-1_i64).to_le_bytes());
            begun.bytes_mut()[8..16].copy_from_slice(&1_i64.to_le_bytes());
            begun.commit().map(drop).expect("our own transaction");
        }
        "lock" => drop(object.lock(&at("lock")).expect("a lock").lock_to_repair(Limit::Forever).expect("the lock")),
        "notify" => drop(object.event(&at("turn")).expect("an event").notify_all()),
        "push" => jobs.push(&value, Limit::Forever).expect("room"),
        "pop" => drop(jobs.pop(Limit::Forever).expect("an item")),
        "done" => jobs.take(Limit::Forever).expect("an item").done().expect("our own job"),
        "return" => drop(jobs.take(Limit::Forever).expect("an item")),
        "send" => {
            let feed = object.broadcast(&at("feed")).expect("a feed");
            feed.send(&value, Limit::Forever).map(drop).expect("the feed");
        }
        "skip" => {
            let feed = object.broadcast(&at("feed")).expect("a feed");
            feed.skip_to(100, Limit::Forever).map(drop).expect("the feed");
        }
        "insert" => drop(marks.insert(&Value::Unsigned(9), &value, Limit::Forever).expect("room")),
        "replace" => drop(marks.insert(&Value::Unsigned(1), &value, Limit::Forever).expect("room")),
        "remove" => drop(marks.remove(&Value::Unsigned(1), Limit::Forever).expect("a number")),
        "publish" => {
            let mut frame = images.loan(Limit::Forever).expect("a slot");
            frame.set_meta(&value).expect("its metadata");
            frame.write_at(0, &7_u64.to_le_bytes().repeat(64)).expect("room");
            frame.publish().map(drop).expect("our own loan");
        }
        "pin" => drop(images.pin_newest().expect("a frame")),
        other => panic!("no operation `{other}`"),
    }
}
