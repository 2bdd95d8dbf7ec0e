//! iceoryx2's events: one for each direction.

use std::path::Path;

use ::iceoryx2::port::listener::Listener;
use ::iceoryx2::port::notifier::Notifier;
use ::iceoryx2::prelude::{Node, ipc};
use ::iceoryx2::service::port_factory::event::PortFactory;

use super::{NAME, name, node, said};
use crate::Failure;
use crate::systems::Talk;

/// Either side: fields are dropped in this order.
pub struct Side {
    notifier: Notifier<ipc::Service>,
    listener: Listener<ipc::Service>,
    _services: [PortFactory<ipc::Service>; 2],
    _node: Node<ipc::Service>,
}

impl Side {
    fn new(directory: &Path, tells: &str, hears: &str) -> Result<Self, Failure> {
        let node = node(directory)?;
        let service = |of: &str| node.service_builder(&name(of)?).event().open_or_create().map_err(said);
        let services = [service(tells)?, service(hears)?];
        let notifier = services[0].notifier_builder().create().map_err(said)?;
        let listener = services[1].listener_builder().create().map_err(said)?;
        Ok(Self { notifier, listener, _services: services, _node: node })
    }

    fn tell(&self) {
        self.notifier.notify().expect("a listener");
    }

    /// Whether it was told something. Without a limit, which would cost it two system calls more.
    fn hear(&self) -> bool {
        self.listener.blocking_wait(|_| ()).expect("a listener") > 0
    }
}

impl Talk for Side {
    const NAME: &'static str = NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Self::new(directory, "answer", "call")
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Self::new(directory, "call", "answer")
    }

    fn call(&mut self) {
        self.tell();
        while !self.hear() {}
    }

    fn receive(&mut self) -> bool {
        self.hear()
    }

    fn answer(&mut self) {
        self.tell();
    }
}
