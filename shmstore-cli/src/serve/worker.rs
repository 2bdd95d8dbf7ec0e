//! The thread that reads objects. It sleeps while there is nothing to do.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use tokio::sync::oneshot;

use super::machine::Machine;

type Job = Box<dyn FnOnce(&mut Machine) + Send>;

/// The way to the thread. It does one job after the other, so that each object is attached at most once.
#[derive(Clone)]
pub(super) struct Worker(Sender<Job>);

impl Worker {
    /// Starts the thread.
    pub(super) fn of(mut machine: Machine) -> io::Result<Self> {
        let (jobs, to_do) = channel::<Job>();
        thread::Builder::new().name("objects".into()).spawn(move || to_do.iter().for_each(|job| job(&mut machine)))?;
        Ok(Self(jobs))
    }

    /// Does a job, and returns its result. Returns `None` if the thread has ended, which only a bug causes.
    ///
    /// If the returned future is dropped before the thread comes to the job, the job is left out.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Machine) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let job = move |machine: &mut Machine| {
            if !answer.is_closed() {
                drop(answer.send(job(machine)));
            }
        };
        self.0.send(Box::new(job)).ok()?;
        answered.await.ok()
    }
}
