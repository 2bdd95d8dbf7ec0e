//! iceoryx2: its blackboard, which has one writer and two cells for each key, its publish-subscribe as a broadcast, and
//! for calls and answers its events and its publish-subscribe, a service for each direction.
//!
//! In its favor: no logging, no signal handlers, the writer writes in place (`loan_uninit`), and a reader takes the
//! value as it is returned, without another copy to the common destination.
//!
//! # Safety
//!
//! Promises to publish a loaned value only after all of it is written.
#![allow(unsafe_code)]

use std::hint::black_box;
use std::path::Path;

use ::iceoryx2::port::listener::Listener;
use ::iceoryx2::port::notifier::Notifier;
use ::iceoryx2::port::publisher::Publisher;
use ::iceoryx2::port::reader::{EntryHandle, Reader};
use ::iceoryx2::port::subscriber::Subscriber;
use ::iceoryx2::port::writer::{EntryHandleMut, Writer};
use ::iceoryx2::prelude::{
    BackpressureStrategy, Config, FileName, LogLevel, Node, NodeBuilder, SemanticString, ServiceName,
    SignalHandlingMode, ipc, set_log_level,
};
use ::iceoryx2::service::port_factory::blackboard::PortFactory;
use ::iceoryx2::service::port_factory::{event, publish_subscribe};

use super::channel::{CAPACITY, Channel, Ends, Receives, Sends};
use super::{Board, Poll, Read, Reads, Sides, Talk, Whole, Write};
use crate::Failure;
use crate::payload::Payload;
use crate::place;

/// A blackboard with one key.
pub struct Iceoryx2;

const NAME: &str = "iceoryx2";
const KEY: u64 = 0;

/// The write side. Fields are dropped in this order.
pub struct Writing<const WORDS: usize> {
    // `None` only while a value is written.
    entry: Option<EntryHandleMut<ipc::Service, u64, [u64; WORDS]>>,
    _writer: Writer<ipc::Service, u64>,
    _service: PortFactory<ipc::Service, u64>,
    _node: Option<Node<ipc::Service>>,
}

/// The read side. Fields are dropped in this order.
pub struct Reading<const WORDS: usize> {
    entry: EntryHandle<ipc::Service, u64, [u64; WORDS]>,
    _reader: Reader<ipc::Service, u64>,
    _service: PortFactory<ipc::Service, u64>,
    _node: Option<Node<ipc::Service>>,
}

/// A node that keeps all its files under this directory, or under names that a run removes when it ends.
pub(super) fn node(directory: &Path) -> Result<Node<ipc::Service>, Failure> {
    set_log_level(LogLevel::Fatal);
    let mut config = Config::default();
    let root = directory.to_str().ok_or("a path of text")?;
    config.global.set_root_path(&::iceoryx2::prelude::Path::new(root.as_bytes()).map_err(failed)?);
    config.global.prefix = FileName::new(place::prefix(directory).as_bytes()).map_err(failed)?;
    let quiet = NodeBuilder::new().signal_handling_mode(SignalHandlingMode::Disabled);
    quiet.config(&config).create::<ipc::Service>().map_err(failed)
}

/// Every contender may use the same name, because it has a directory of its own.
pub(super) fn name(of: &str) -> Result<ServiceName, Failure> {
    ServiceName::new(of).map_err(failed)
}

pub(super) fn failed(failure: impl std::fmt::Debug) -> Failure {
    format!("iceoryx2: {failure:?}").into()
}

impl<const WORDS: usize> Writing<WORDS> {
    fn new(node: &Node<ipc::Service>) -> Result<Self, Failure> {
        let creator = node.service_builder(&name("board")?).blackboard_creator::<u64>();
        let service = creator.add::<[u64; WORDS]>(KEY, [1; WORDS]).create().map_err(failed)?;
        let writer = service.writer_builder().create().map_err(failed)?;
        let entry = Some(writer.entry::<[u64; WORDS]>(&KEY).map_err(failed)?);
        Ok(Self { entry, _writer: writer, _service: service, _node: None })
    }
}

impl<const WORDS: usize> Reading<WORDS> {
    fn new(node: &Node<ipc::Service>) -> Result<Self, Failure> {
        let service = node.service_builder(&name("board")?).blackboard_opener::<u64>().open().map_err(failed)?;
        let reader = service.reader_builder().create().map_err(failed)?;
        let entry = reader.entry::<[u64; WORDS]>(&KEY).map_err(failed)?;
        Ok(Self { entry, _reader: reader, _service: service, _node: None })
    }
}

impl Board for Iceoryx2 {
    const NAME: &'static str = NAME;
    type Writer<const WORDS: usize> = Writing<WORDS>;
    type Reader<const WORDS: usize> = Reading<WORDS>;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Writing<WORDS>, Failure> {
        let node = node(directory)?;
        let mut writing = Writing::new(&node)?;
        writing._node = Some(node);
        Ok(writing)
    }

    fn open<const WORDS: usize>(directory: &Path) -> Result<Reading<WORDS>, Failure> {
        let node = node(directory)?;
        let mut reading = Reading::new(&node)?;
        reading._node = Some(node);
        Ok(reading)
    }
}

impl<const WORDS: usize> Write<WORDS> for Writing<WORDS> {
    #[inline]
    fn write(&mut self, value: &Payload<WORDS>) {
        let mut loan = self.entry.take().expect("no value is being written").loan_uninit();
        loan.value_mut().write(value.0);
        // SAFETY: written above.
        self.entry = Some(unsafe { loan.assume_init_and_update() });
    }
}

impl<const WORDS: usize> Read<WORDS> for Reading<WORDS> {
    #[inline]
    fn read(&mut self, into: &mut Payload<WORDS>) {
        into.0 = *self.entry.get();
    }

    fn read_rounds(&mut self, _: &mut Payload<WORDS>, rounds: u64) -> Reads {
        let mut torn = 0;
        for _ in 0..rounds {
            let value = self.entry.get();
            let words: &[u64; WORDS] = black_box(&value);
            torn += u64::from(words[0] != words[WORDS - 1]);
        }
        Reads { done: rounds, torn, ..Reads::default() }
    }
}

/// A process has one node, so the node is created before anything is measured.
impl Whole for Iceoryx2 {
    const NAME: &'static str = NAME;

    fn attaching(directory: &Path) -> Result<impl FnMut() + 'static, Failure> {
        let writer = Self::create::<8>(directory)?;
        let node = node(directory)?;
        Ok(move || {
            let _writer = &writer;
            black_box(&*Reading::<8>::new(&node).expect("a service that exists").entry.get());
        })
    }

    fn creating(directory: &Path) -> Result<impl FnMut() + 'static, Failure> {
        let node = node(directory)?;
        Ok(move || {
            let mut writing = Writing::<8>::new(&node).expect("a free name");
            writing.entry.take().expect("no value is being written").update_with_copy([2; 8]);
        })
    }
}

/// Either side of two events. Fields are dropped in this order.
pub struct Events {
    notifier: Notifier<ipc::Service>,
    listener: Listener<ipc::Service>,
    _services: [event::PortFactory<ipc::Service>; 2],
    _node: Node<ipc::Service>,
}

impl Events {
    fn new(directory: &Path, tells: &str, hears: &str) -> Result<Self, Failure> {
        let node = node(directory)?;
        let service = |of: &str| node.service_builder(&name(of)?).event().open_or_create().map_err(failed);
        let services = [service(tells)?, service(hears)?];
        let notifier = services[0].notifier_builder().create().map_err(failed)?;
        let listener = services[1].listener_builder().create().map_err(failed)?;
        Ok(Self { notifier, listener, _services: services, _node: node })
    }
}

impl Sides for Events {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Self::new(directory, "answer", "call")
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Self::new(directory, "call", "answer")
    }
}

impl Talk for Events {
    fn call(&mut self) {
        self.answer();
        while !self.receive() {}
    }

    /// Has no limit, which would cost two system calls more.
    fn receive(&mut self) -> bool {
        self.listener.blocking_wait(|_| ()).expect("a listener") > 0
    }

    fn answer(&mut self) {
        self.notifier.notify().expect("a listener");
    }
}

/// Either side of two publish-subscribe services. Fields are dropped in this order.
pub struct PubSub {
    publisher: Publisher<ipc::Service, u64, ()>,
    subscriber: Subscriber<ipc::Service, u64, ()>,
    _services: [publish_subscribe::PortFactory<ipc::Service, u64, ()>; 2],
    _node: Node<ipc::Service>,
}

impl PubSub {
    fn new(directory: &Path, tells: &str, hears: &str) -> Result<Self, Failure> {
        let node = node(directory)?;
        let service =
            |of: &str| node.service_builder(&name(of)?).publish_subscribe::<u64>().open_or_create().map_err(failed);
        let services = [service(tells)?, service(hears)?];
        let publisher = services[0].publisher_builder().create().map_err(failed)?;
        let subscriber = services[1].subscriber_builder().create().map_err(failed)?;
        Ok(Self { publisher, subscriber, _services: services, _node: node })
    }
}

impl Sides for PubSub {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Self::new(directory, "answer", "call")
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Self::new(directory, "call", "answer")
    }
}

impl Poll for PubSub {
    #[inline]
    fn tell(&mut self, number: u64) {
        let sample = self.publisher.loan_uninit().expect("a sample to lend");
        sample.write_payload(number).send().expect("a subscriber");
    }

    #[inline]
    fn hears(&mut self, number: u64) -> bool {
        self.subscriber.receive().expect("a publisher").is_some_and(|sample| *sample == number)
    }
}

/// Publish-subscribe that overwrites nothing: a broadcast, and a queue if it has one subscriber.
pub struct Publishing;

/// One end. Fields are dropped in this order.
pub struct End<P, const WORDS: usize> {
    port: P,
    _service: Values<WORDS>,
    _node: Node<ipc::Service>,
}

type Values<const WORDS: usize> = publish_subscribe::PortFactory<ipc::Service, [u64; WORDS], ()>;
type Publishes<const WORDS: usize> = End<Publisher<ipc::Service, [u64; WORDS], ()>, WORDS>;
type Subscribes<const WORDS: usize> = End<Subscriber<ipc::Service, [u64; WORDS], ()>, WORDS>;

/// Opens or creates the service.
fn values<const WORDS: usize>(node: &Node<ipc::Service>) -> Result<Values<WORDS>, Failure> {
    let service = node.service_builder(&name("values")?).publish_subscribe::<[u64; WORDS]>();
    let service = service.subscriber_max_buffer_size(CAPACITY).enable_safe_overflow(false);
    service.open_or_create().map_err(failed)
}

impl Channel for Publishing {
    const NAME: &'static str = NAME;
    type Sender<const WORDS: usize> = Publishes<WORDS>;
    type Receiver<const WORDS: usize> = Subscribes<WORDS>;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Ends<Self, WORDS>, Failure> {
        Ok((Self::sender(directory)?, Self::receiver(directory)?))
    }

    fn sender<const WORDS: usize>(directory: &Path) -> Result<Publishes<WORDS>, Failure> {
        let node = node(directory)?;
        let service = values(&node)?;
        let publisher = service.publisher_builder().backpressure_strategy(BackpressureStrategy::DiscardData);
        let port = publisher.create().map_err(failed)?;
        Ok(End { port, _service: service, _node: node })
    }

    fn receiver<const WORDS: usize>(directory: &Path) -> Result<Subscribes<WORDS>, Failure> {
        let node = node(directory)?;
        let service = values(&node)?;
        let port = service.subscriber_builder().create().map_err(failed)?;
        Ok(End { port, _service: service, _node: node })
    }
}

impl<const WORDS: usize> Sends<WORDS> for Publishes<WORDS> {
    #[inline]
    fn try_send(&mut self, value: &Payload<WORDS>) -> bool {
        let sample = self.port.loan_uninit().expect("a sample to lend");
        sample.write_payload(value.0).send().expect("a port that works") > 0
    }
}

impl<const WORDS: usize> Receives<WORDS> for Subscribes<WORDS> {
    #[inline]
    fn try_receive(&mut self, into: &mut Payload<WORDS>) -> bool {
        self.port.receive().expect("a port that works").map(|sample| into.0 = *sample).is_some()
    }
}
