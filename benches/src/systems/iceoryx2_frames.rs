//! iceoryx2: values that are loaned, published and borrowed in place, by publish-subscribe.
//!
//! In its favor: a payload of fixed size, and the default of two values in a subscriber's buffer, of which the older one
//! is overwritten. A reader that sleeps waits for an event, and borrows the value then.
//!
//! # Safety
//!
//! Relies on the memory of a payload, which is mapped, so that all of its bytes have values.
#![allow(unsafe_code)]

use std::path::Path;

use ::iceoryx2::port::publisher::Publisher;
use ::iceoryx2::port::subscriber::Subscriber;
use ::iceoryx2::prelude::{Node, ipc};
use ::iceoryx2::sample_mut::SampleMut;
use ::iceoryx2::service::port_factory::publish_subscribe::PortFactory;

use super::frames::{Fill, Hand, Pin, Publish, Sum, WORDS, fill_words, sum_words};
use super::iceoryx2::{Events, failed, name, node};
use super::{Poll, Sides, Talk};
use crate::Failure;

type Value = [u64; WORDS];
type Service = PortFactory<ipc::Service, Value, ()>;

const NAME: &str = "iceoryx2";

/// Values in one direction.
pub struct Loaned;

/// One end. Fields are dropped in this order.
pub struct End<P> {
    port: P,
    _service: Service,
    _node: Node<ipc::Service>,
}

/// The write side.
pub type Writes = End<Publisher<ipc::Service, Value, ()>>;
/// The read side.
pub type Borrows = End<Subscriber<ipc::Service, Value, ()>>;

/// Opens or creates the values of a name.
fn service(directory: &Path, of: &str) -> Result<(Node<ipc::Service>, Service), Failure> {
    let node = node(directory)?;
    let service = node.service_builder(&name(of)?).publish_subscribe::<Value>().open_or_create().map_err(failed)?;
    Ok((node, service))
}

impl Writes {
    fn new(directory: &Path, of: &str) -> Result<Self, Failure> {
        let (node, service) = service(directory, of)?;
        let port = service.publisher_builder().create().map_err(failed)?;
        Ok(Self { port, _service: service, _node: node })
    }

    /// Borrows room for a value.
    #[inline]
    fn loan(&self) -> SampleMut<ipc::Service, Value, ()> {
        let room = self.port.loan_uninit().expect("a sample to lend");
        // SAFETY: mapped memory, and any bytes are words.
        unsafe { room.assume_init() }
    }
}

impl Borrows {
    fn new(directory: &Path, of: &str) -> Result<Self, Failure> {
        let (node, service) = service(directory, of)?;
        let port = service.subscriber_builder().create().map_err(failed)?;
        Ok(Self { port, _service: service, _node: node })
    }
}

impl Hand for Loaned {
    const NAME: &'static str = NAME;
    type Writer = Writes;
    type Reader = Borrows;

    fn create(directory: &Path) -> Result<Writes, Failure> {
        Writes::new(directory, "values")
    }

    fn open(directory: &Path) -> Result<Borrows, Failure> {
        Borrows::new(directory, "values")
    }
}

impl Publish for Writes {
    #[inline]
    fn publish(&mut self, word: impl FnOnce() -> u64) {
        let mut value = self.loan();
        value.payload_mut()[0] = word();
        value.send().expect("a port that works");
    }
}

impl Pin for Borrows {
    #[inline]
    fn next(&mut self) -> Option<u64> {
        self.port.receive().expect("a port that works").map(|value| value[0])
    }
}

impl Fill for Writes {
    fn fill(&mut self, first: u64) {
        let mut value = self.loan();
        fill_words(value.payload_mut(), first);
        value.send().expect("a port that works");
    }
}

impl Sum for Borrows {
    fn sum(&mut self) -> Option<u64> {
        self.port.receive().expect("a port that works").map(|value| sum_words(&*value))
    }
}

/// One side of a conversation.
pub struct Lending {
    tells: Writes,
    hears: Borrows,
}

impl Lending {
    fn new(directory: &Path, tells: &str, hears: &str) -> Result<Self, Failure> {
        Ok(Self { tells: Writes::new(directory, tells)?, hears: Borrows::new(directory, hears)? })
    }
}

impl Sides for Lending {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Self::new(directory, "answers", "calls")
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Self::new(directory, "calls", "answers")
    }
}

impl Poll for Lending {
    #[inline]
    fn tell(&mut self, number: u64) {
        self.tells.publish(|| number);
    }

    #[inline]
    fn hears(&mut self, number: u64) -> bool {
        self.hears.next() == Some(number)
    }
}

/// The directory of the events. An event is a socket, and the path of a socket has at most 108 bytes.
fn above(directory: &Path) -> &Path {
    directory.parent().unwrap_or(directory)
}

/// One side of a conversation, which sleeps until an event says that there is a value.
pub struct LendingAsleep {
    values: Lending,
    events: Events,
}

impl Sides for LendingAsleep {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { values: Lending::create(directory)?, events: Events::create(above(directory))? })
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { values: Lending::open(directory)?, events: Events::open(above(directory))? })
    }
}

impl Talk for LendingAsleep {
    fn call(&mut self) {
        self.answer();
        while !self.receive() {}
    }

    fn receive(&mut self) -> bool {
        self.events.receive() && self.values.hears.next().is_some()
    }

    fn answer(&mut self) {
        self.values.tells.publish(|| 0);
        self.events.answer();
    }
}
