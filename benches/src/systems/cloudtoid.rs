//! cloudtoid-interprocess: a queue of bytes, by any number of publishers and subscribers, that recovers from crashes.
//!
//! In its favor: a waiting subscriber takes the bytes as they are returned, without a copy to the common destination.

use std::path::Path;

use cloudtoid_interprocess::{Options, Publisher, Subscriber};

use super::SECOND;
use super::channel::{CAPACITY, Channel, Ends, Receives, Sends, Waits};
use crate::Failure;
use crate::payload::Payload;
use crate::place;

/// A queue.
pub struct Cloudtoid;

/// The head of a message, in bytes.
const HEAD: usize = 8;

fn options<const WORDS: usize>(directory: &Path) -> Options {
    Options::new(place::name_in_memory(directory), CAPACITY * (Payload::<WORDS>::BYTES + HEAD)).with_path(directory)
}

impl Channel for Cloudtoid {
    const NAME: &'static str = "cloudtoid";
    type Sender<const WORDS: usize> = Publisher;
    type Receiver<const WORDS: usize> = Subscriber;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Ends<Self, WORDS>, Failure> {
        Ok((Self::sender::<WORDS>(directory)?, Self::receiver::<WORDS>(directory)?))
    }

    fn sender<const WORDS: usize>(directory: &Path) -> Result<Publisher, Failure> {
        Ok(Publisher::open(&options::<WORDS>(directory))?)
    }

    fn receiver<const WORDS: usize>(directory: &Path) -> Result<Subscriber, Failure> {
        Ok(Subscriber::open(&options::<WORDS>(directory))?)
    }
}

impl<const WORDS: usize> Sends<WORDS> for Publisher {
    #[inline]
    fn try_send(&mut self, value: &Payload<WORDS>) -> bool {
        match Publisher::try_send(self, value.bytes()) {
            Ok(()) => true,
            Err(error) if error.is_full() => false,
            Err(error) => panic!("{error}"),
        }
    }
}

impl<const WORDS: usize> Receives<WORDS> for Subscriber {
    #[inline]
    fn try_receive(&mut self, into: &mut Payload<WORDS>) -> bool {
        self.try_recv_into(into.bytes_mut()).expect("a queue that is whole").is_some()
    }
}

impl<const WORDS: usize> Waits<WORDS> for Subscriber {
    fn wait(&mut self, _: &mut Payload<WORDS>) -> bool {
        self.recv_timeout(SECOND).expect("a queue that is whole").is_some()
    }
}
