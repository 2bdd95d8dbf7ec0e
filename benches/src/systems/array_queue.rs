//! crossbeam's `ArrayQueue`: a queue of threads within one process, without shared memory.

use std::path::Path;
use std::sync::Arc;

use crossbeam_queue::ArrayQueue;

use super::channel::{CAPACITY, Channel, Ends, Receives, Sends};
use crate::Failure;
use crate::payload::Payload;

/// A queue within one process.
pub struct InProcess;

/// Either end.
pub type End<const WORDS: usize> = Arc<ArrayQueue<Payload<WORDS>>>;

impl Channel for InProcess {
    const NAME: &'static str = "ArrayQueue";
    type Sender<const WORDS: usize> = End<WORDS>;
    type Receiver<const WORDS: usize> = End<WORDS>;

    fn create<const WORDS: usize>(_: &Path) -> Result<Ends<Self, WORDS>, Failure> {
        let queue = Arc::new(ArrayQueue::new(CAPACITY));
        Ok((Arc::clone(&queue), queue))
    }

    fn sender<const WORDS: usize>(_: &Path) -> Result<End<WORDS>, Failure> {
        Err("no process can open the memory of another one".into())
    }

    fn receiver<const WORDS: usize>(directory: &Path) -> Result<End<WORDS>, Failure> {
        Self::sender(directory)
    }
}

impl<const WORDS: usize> Sends<WORDS> for End<WORDS> {
    #[inline]
    fn try_send(&mut self, value: &Payload<WORDS>) -> bool {
        self.push(*value).is_ok()
    }
}

impl<const WORDS: usize> Receives<WORDS> for End<WORDS> {
    #[inline]
    fn try_receive(&mut self, into: &mut Payload<WORDS>) -> bool {
        let Some(value) = self.pop() else { return false };
        *into = value;
        true
    }
}
