//! iceoryx2's publish-subscribe: a service for each direction, polled.

use std::hint::spin_loop;
use std::path::Path;

use ::iceoryx2::port::publisher::Publisher;
use ::iceoryx2::port::subscriber::Subscriber;
use ::iceoryx2::prelude::{Node, ipc};
use ::iceoryx2::service::port_factory::publish_subscribe::PortFactory;

use super::{NAME, name, node, said};
use crate::Failure;
use crate::systems::{PATIENCE, Talk};

/// Either side: fields are dropped in this order.
pub struct Side {
    publisher: Publisher<ipc::Service, u64, ()>,
    subscriber: Subscriber<ipc::Service, u64, ()>,
    round: u64,
    _services: [PortFactory<ipc::Service, u64, ()>; 2],
    _node: Node<ipc::Service>,
}

impl Side {
    fn new(directory: &Path, tells: &str, hears: &str) -> Result<Self, Failure> {
        let node = node(directory)?;
        let service =
            |of: &str| node.service_builder(&name(of)?).publish_subscribe::<u64>().open_or_create().map_err(said);
        let services = [service(tells)?, service(hears)?];
        let publisher = services[0].publisher_builder().create().map_err(said)?;
        let subscriber = services[1].subscriber_builder().create().map_err(said)?;
        Ok(Self { publisher, subscriber, round: 0, _services: services, _node: node })
    }

    #[inline]
    fn tell(&self) {
        let sample = self.publisher.loan_uninit().expect("a sample to lend");
        sample.write_payload(self.round).send().expect("a subscriber");
    }

    #[inline]
    fn hear(&self) -> Option<u64> {
        self.subscriber.receive().expect("a publisher").map(|sample| *sample)
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

    #[inline]
    fn call(&mut self) {
        self.round += 1;
        self.tell();
        while self.hear() != Some(self.round) {
            spin_loop();
        }
    }

    #[inline]
    fn receive(&mut self) -> bool {
        for _ in 0..PATIENCE {
            if let Some(round) = self.hear() {
                self.round = round;
                return true;
            }
            spin_loop();
        }
        false
    }

    #[inline]
    fn answer(&mut self) {
        self.tell();
    }
}
