//! iceoryx2: nodes, services and ports; here its blackboard, which has one writer and two cells for each key.
//!
//! In its favour: no logging, no signal handlers, the writer writes in place (`loan_uninit`), and a reader takes the value
//! as it is returned, without a copy more to where the others copy to.
//!
//! # Safety
//!
//! Promises to make a loaned value the newest only after all of it is written.
#![allow(unsafe_code)]

pub mod event;
pub mod pub_sub;

use std::hint::black_box;
use std::path::Path;

use ::iceoryx2::port::reader::{EntryHandle, Reader};
use ::iceoryx2::port::writer::{EntryHandleMut, Writer};
use ::iceoryx2::prelude::{
    Config, FileName, LogLevel, Node, NodeBuilder, SemanticString, ServiceName, SignalHandlingMode, ipc, set_log_level,
};
use ::iceoryx2::service::port_factory::blackboard::PortFactory;

use super::{Board, Read, Reads, Whole, Write};
use crate::Failure;
use crate::payload::Payload;
use crate::place;

/// A blackboard with one key.
pub struct Iceoryx2;

const NAME: &str = "iceoryx2";
const KEY: u64 = 0;

/// The write side, with all that keeps it alive: fields are dropped in this order.
pub struct Writing<const WORDS: usize> {
    // `None` only while a value is written.
    entry: Option<EntryHandleMut<ipc::Service, u64, [u64; WORDS]>>,
    _writer: Writer<ipc::Service, u64>,
    _service: PortFactory<ipc::Service, u64>,
    _node: Node<ipc::Service>,
}

/// The read side, likewise.
pub struct Reading<const WORDS: usize> {
    entry: EntryHandle<ipc::Service, u64, [u64; WORDS]>,
    _reader: Reader<ipc::Service, u64>,
    _service: PortFactory<ipc::Service, u64>,
    _node: Option<Node<ipc::Service>>,
}

/// A node that keeps all its files under this directory, or under names that a run removes when it ends.
fn node(directory: &Path) -> Result<Node<ipc::Service>, Failure> {
    set_log_level(LogLevel::Fatal);
    let mut config = Config::default();
    let root = directory.to_str().ok_or("a path of text")?;
    config.global.set_root_path(&::iceoryx2::prelude::Path::new(root.as_bytes()).map_err(said)?);
    config.global.prefix = FileName::new(place::prefix(directory).as_bytes()).map_err(said)?;
    let quiet = NodeBuilder::new().signal_handling_mode(SignalHandlingMode::Disabled);
    quiet.config(&config).create::<ipc::Service>().map_err(said)
}

/// One name for all: each contender has a directory of its own.
fn name(of: &str) -> Result<ServiceName, Failure> {
    ServiceName::new(of).map_err(said)
}

fn said(failure: impl std::fmt::Debug) -> Failure {
    format!("iceoryx2: {failure:?}").into()
}

impl<const WORDS: usize> Writing<WORDS> {
    fn new(node: Node<ipc::Service>) -> Result<Self, Failure> {
        let (service, writer, entry) = Self::parts(&node)?;
        Ok(Self { entry: Some(entry), _writer: writer, _service: service, _node: node })
    }

    #[allow(clippy::type_complexity)]
    fn parts(
        node: &Node<ipc::Service>,
    ) -> Result<
        (PortFactory<ipc::Service, u64>, Writer<ipc::Service, u64>, EntryHandleMut<ipc::Service, u64, [u64; WORDS]>),
        Failure,
    > {
        let creator = node.service_builder(&name("board")?).blackboard_creator::<u64>();
        let service = creator.add::<[u64; WORDS]>(KEY, [1; WORDS]).create().map_err(said)?;
        let writer = service.writer_builder().create().map_err(said)?;
        let entry = writer.entry::<[u64; WORDS]>(&KEY).map_err(said)?;
        Ok((service, writer, entry))
    }
}

impl<const WORDS: usize> Reading<WORDS> {
    fn new(node: &Node<ipc::Service>) -> Result<Self, Failure> {
        let service = node.service_builder(&name("board")?).blackboard_opener::<u64>().open().map_err(said)?;
        let reader = service.reader_builder().create().map_err(said)?;
        let entry = reader.entry::<[u64; WORDS]>(&KEY).map_err(said)?;
        Ok(Self { entry, _reader: reader, _service: service, _node: None })
    }
}

impl Board for Iceoryx2 {
    const NAME: &'static str = NAME;
    type Writer<const WORDS: usize> = Writing<WORDS>;
    type Reader<const WORDS: usize> = Reading<WORDS>;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Writing<WORDS>, Failure> {
        Writing::new(node(directory)?)
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
        loan.value_mut().write(*value.words());
        // SAFETY: written above.
        self.entry = Some(unsafe { loan.assume_init_and_update() });
    }
}

impl<const WORDS: usize> Read<WORDS> for Reading<WORDS> {
    #[inline]
    fn read(&mut self, into: &mut Payload<WORDS>) {
        *into.words_mut() = *self.entry.get();
    }

    fn read_rounds(&mut self, _: &mut Payload<WORDS>, rounds: u64) -> Reads {
        let mut torn = 0;
        for _ in 0..rounds {
            let value = self.entry.get();
            let words: &[u64; WORDS] = black_box(&value);
            torn += u64::from(words[0] != words[WORDS - 1]);
        }
        Reads { done: rounds, torn, starved: 0 }
    }
}

impl Whole for Iceoryx2 {
    const NAME: &'static str = NAME;

    /// Both nodes are there before, as a process has but one.
    fn attaching(directory: &Path) -> Result<impl FnMut(u64) + 'static, Failure> {
        let writer = Self::create::<8>(directory)?;
        let node = node(directory)?;
        Ok(move |rounds| {
            let _writer = &writer;
            for _ in 0..rounds {
                let reading = Reading::<8>::new(&node).expect("a service that was made");
                black_box(&*reading.entry.get());
            }
        })
    }

    fn creating(directory: &Path) -> Result<impl FnMut(u64) + 'static, Failure> {
        let node = node(directory)?;
        Ok(move |rounds| {
            for _ in 0..rounds {
                let (_service, _writer, entry) = Writing::<8>::parts(&node).expect("a free name");
                entry.update_with_copy([2; 8]);
            }
        })
    }
}
