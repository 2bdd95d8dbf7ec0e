//! Makes every call that neither takes nor returns a value, on values of 16 MiB, by a thread with a stack of 256 KiB. It
//! says each call before it makes it: a value on the stack ends the process.

use std::error::Error;
use std::fmt::Debug;
use std::thread;
use std::time::Duration;

use shmstore::{AnyBits, FixedVec, Pad, ReadOnly, Shared, ShmObject, ShmValue, Versioned, WaitError};
use shmstore_tests::scratch::Scratch;

const STACK: usize = 256 << 10;
const SIZE: usize = 16 << 20;
const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(20);

/// One array.
type Block = [u64; SIZE / 8];

/// No bare array.
#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
struct Frame {
    width: u64,
    height: u64,
    pixels: FixedVec<u8, SIZE>,
}

/// Some bits are no value.
#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
struct Switched {
    is_on: bool,
    _pad: Pad<7>,
    number: u64,
    rest: [u64; SIZE / 8],
}

/// What the calls here do with a value.
trait Large: ShmValue + Debug {
    fn put(&mut self, number: u64);
    fn number(&self) -> u64;
}

impl Large for Block {
    fn put(&mut self, number: u64) {
        self[SIZE / 8 - 1] = number;
    }

    fn number(&self) -> u64 {
        self[SIZE / 8 - 1]
    }
}

impl Large for Frame {
    fn put(&mut self, number: u64) {
        (self.width, self.height) = (number, 1);
        self.pixels.clear();
        self.pixels.extend_from_slice(&[1; 100]).expect("there is room");
    }

    fn number(&self) -> u64 {
        self.width
    }
}

impl Large for Switched {
    fn put(&mut self, number: u64) {
        (self.is_on, self.number) = (true, number);
    }

    fn number(&self) -> u64 {
        self.number
    }
}

#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
struct Object<V: ShmValue> {
    part: Versioned<V>,
}

/// Says which call comes.
macro_rules! call {
    ($call:expr) => {{
        println!("{}", stringify!($call));
        $call
    }};
}

/// Asserts that a value is the expected one, by its number.
fn is<V: Large>(value: &V, number: u64) {
    assert_eq!(value.number(), number);
}

fn assert_shown(shown: &str, name: &str, version: u64, size: usize) {
    assert_eq!(shown, format!("{name} {{ version: {version}, value: <{size} bytes> }}"));
}

/// The calls for values of any type. Leaves version 8, of number 8.
fn of_any_type<V: Large>(part: &Versioned<V>) -> Result<(), Box<dyn Error>> {
    let mut value = call!(V::zeroed_box());
    value.put(1);
    assert_eq!(call!(part.store_from(&value)), 1);
    call!(part.update_checked(|value| value.put(2)))?;
    let mut transaction = call!(part.begin_checked())?;
    transaction.put(3);
    assert_shown(&call!(format!("{transaction:?}")), "Transaction", 2, size_of::<V>());
    assert_eq!(call!(transaction.commit()), 3);
    call!(call!(part.begin_checked())?.rollback());

    let mut writer = call!(part.writer());
    value.put(4);
    assert_eq!(call!(writer.store_from(&value)), 4);
    call!(writer.update_checked(|value| value.put(5)))?;
    assert!(call!(format!("{writer:?}")).contains("version: 5"));
    drop(writer);
    call!(call!(part.try_writer())?.update_checked(|value| value.put(6)))?;
    call!(call!(part.writer_timeout(SHORT))?.update_checked(|value| value.put(7)))?;
    value.put(8);
    assert_eq!(call!(part.store_from(&value)), 8);

    is(&*call!(part.load_boxed_checked())?, 8);
    value.put(0);
    assert_eq!(call!(part.load_into_checked(&mut value))?, 8);
    is(&*value, 8);
    assert_eq!(call!(part.load_into_timeout(&mut value, LONG))?, 8);
    assert_eq!(call!(part.wait_newer_into(7, &mut value, LONG))?, 8);
    assert!(matches!(call!(part.wait_newer_into(8, &mut value, SHORT)), Err(WaitError::Timeout { .. })));
    is(&*value, 8);
    assert_shown(&call!(format!("{part:?}")), "Versioned", 8, size_of::<V>());
    Ok(())
}

/// The calls for values of which any bits are one.
fn of_any_bits<V: Large + AnyBits>(part: &Versioned<V>) -> Result<(), Box<dyn Error>> {
    let mut value = V::zeroed_box();
    call!(part.update(|value| value.put(9)));
    let mut transaction = call!(part.begin());
    transaction.put(10);
    assert_eq!(transaction.commit(), 10);
    call!(call!(part.try_begin())?.rollback());
    call!(call!(part.begin_timeout(SHORT))?.rollback());
    call!(part.writer().update(|value| value.put(11)));
    is(&*call!(part.load_boxed()), 11);
    assert_eq!(call!(part.load_into(&mut value)), 11);
    is(&*value, 11);
    Ok(())
}

/// The calls through a view.
fn of_views<V: Large>(seen: &ReadOnly<Object<V>>, version: u64) -> Result<(), Box<dyn Error>> {
    let part = &seen.part;
    let mut value = V::zeroed_box();
    is(&*call!(part.load_boxed_checked())?, version);
    assert_eq!(call!(part.load_into_checked(&mut value))?, version);
    assert_eq!(call!(part.load_into_timeout(&mut value, LONG))?, version);
    value.put(0);
    assert_eq!(call!(part.wait_newer_into(0, &mut value, LONG))?, version);
    assert!(matches!(call!(part.wait_newer_into(version, &mut value, SHORT)), Err(WaitError::Timeout { .. })));
    is(&*value, version);
    assert_shown(&call!(format!("{part:?}")), "VersionedView", version, size_of::<V>());
    assert!(call!(format!("{seen:?}")).contains("VersionedView"));
    Ok(())
}

fn of_views_of_any_bits<V: Large + AnyBits>(seen: &ReadOnly<Object<V>>, version: u64) {
    let mut value = V::zeroed_box();
    is(&*call!(seen.part.load_boxed()), version);
    assert_eq!(call!(seen.part.load_into(&mut value)), version);
}

fn on_segment_and_private<V: Large>(
    work: impl Fn(&Shared<Object<V>>, Option<&ReadOnly<Object<V>>>) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let private = call!(Shared::<Object<V>>::new_private())?;
    work(&private, None)?;
    assert!(call!(format!("{private:?}")).contains(" bytes>"));
    drop(private);
    let scratch = Scratch::new();
    let shared = call!(scratch.store().create::<Object<V>>())?;
    let seen = call!(scratch.store().attach_read_only::<Object<V>>())?;
    work(&shared, Some(&seen))?;
    call!(scratch.store().remove::<Object<V>>())?;
    Ok(())
}

fn of_type<V: Large + AnyBits>() -> Result<(), Box<dyn Error>> {
    on_segment_and_private::<V>(|object, seen| {
        of_any_type(&object.part)?;
        of_any_bits(&object.part)?;
        if let Some(seen) = seen {
            of_views(seen, 11)?;
            of_views_of_any_bits(seen, 11);
        }
        Ok(())
    })
}

fn all() -> Result<(), Box<dyn Error>> {
    of_type::<Block>()?;
    of_type::<Frame>()?;
    on_segment_and_private::<Switched>(|object, seen| {
        of_any_type(&object.part)?;
        seen.map_or(Ok(()), |seen| of_views(seen, 8))
    })
}

fn main() {
    let thread = thread::Builder::new().stack_size(STACK).spawn(|| all().map_err(|error| error.to_string()));
    thread.expect("a thread").join().expect("no panic").expect("no error");
    println!("all calls were made");
}
