//! Waits of asyncio: futures of Rust that an event loop polls.
//!
//! Each event loop has one bridge with one eventfd, which the loop watches. The waker of a future notes its number, and
//! writes the eventfd if it is the first one noted. The loop then calls [`Bridge::on_ready`], the only reader, which
//! polls the futures that were noted.
//!
//! In a child of `fork` the eventfd is that of the parent, so [`forked`] closes the child's copy. No waker writes it
//! there, and a loop of the child gets a bridge of its own.

use std::collections::HashMap;
use std::os::fd::{AsRawFd as _, RawFd};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};

use nix::sys::eventfd::{EfdFlags, EventFd};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use shmstore::dynamic;

use crate::error::OrRaise as _;

/// What a finished wait returns to Python.
pub(crate) type Outcome = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;
/// A wait.
pub(crate) type Wait = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// How often this process was forked from another one. A bridge with another number belongs to an ancestor.
static FORKS: AtomicU64 = AtomicU64::new(0);
/// The eventfds of this process. Used with the interpreter attached only, so it is not locked during a `fork`.
static SIGNALS: Mutex<Vec<Weak<Signal>>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What wakers have.
struct Signal {
    /// Emptied in a child. Only `forked` does so, before any other code of the child runs.
    eventfd: Mutex<Option<EventFd>>,
    forks: u64,
    ready: Mutex<Vec<u64>>,
}

struct Note {
    signal: Arc<Signal>,
    number: u64,
}

impl Wake for Note {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Signal { eventfd, forks, ready } = &*self.signal;
        if *forks != FORKS.load(Relaxed) {
            return;
        }
        let is_first = {
            let mut ready = lock(ready);
            ready.push(self.number);
            ready.len() == 1
        };
        if !is_first {
            return;
        }
        if let Some(eventfd) = &*lock(eventfd) {
            // It fails if its count is 2^64 - 2, and then the loop is woken already.
            _ = eventfd.write(1);
        }
    }
}

struct Task {
    wait: Wait,
    waker: Waker,
    /// The future of asyncio.
    future: Py<PyAny>,
}

/// The waits by their numbers.
type Tasks = Mutex<HashMap<u64, Task>>;

/// The waits of one event loop.
///
/// The loop has the only lasting reference, as the reader of the eventfd. So it all ends with the loop, also if futures
/// of waits are pending.
#[pyclass(frozen, weakref, module = "shmstore._shmstore")]
pub(crate) struct Bridge {
    signal: Arc<Signal>,
    // Locked for a moment only, with the interpreter attached and not run.
    tasks: Arc<Tasks>,
    next: AtomicU64,
}

#[pymethods]
impl Bridge {
    #[new]
    fn new() -> PyResult<Self> {
        let eventfd =
            EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK).map_err(std::io::Error::from)?;
        let (eventfd, forks) = (Mutex::new(Some(eventfd)), FORKS.load(Relaxed));
        let signal = Arc::new(Signal { eventfd, forks, ready: Mutex::default() });
        let mut signals = lock(&SIGNALS);
        signals.retain(|signal| signal.strong_count() > 0);
        signals.push(Arc::downgrade(&signal));
        Ok(Self { signal, tasks: Arc::default(), next: AtomicU64::new(0) })
    }

    /// The number of the eventfd. -1 in a child.
    fn fileno(&self) -> RawFd {
        lock(&self.signal.eventfd).as_ref().map_or(-1, |eventfd| eventfd.as_raw_fd())
    }

    /// Polls the waits that were woken. The event loop calls it.
    fn on_ready(slf: &Bound<'_, Self>) -> PyResult<()> {
        let this = slf.get();
        match &*lock(&this.signal.eventfd) {
            // Nothing to read is no error: a wake-up before the last call was handled by it.
            Some(eventfd) => _ = eventfd.read(),
            None => return Ok(()),
        }
        let ready = std::mem::take(&mut *lock(&this.signal.ready));
        for number in ready {
            this.poll(slf.py(), number)?;
        }
        Ok(())
    }

    /// The number of waits.
    fn __len__(&self) -> usize {
        lock(&self.tasks).len()
    }

    // A future has its loop, and the loop this.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Free, because no thread that has the lock runs the garbage collector.
        let Ok(tasks) = self.tasks.try_lock() else { return Ok(()) };
        tasks.values().try_for_each(|task| visit.call(&task.future))
    }

    fn __clear__(&self) {
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        drop(tasks);
    }
}

impl Bridge {
    fn poll(&self, py: Python<'_>, number: u64) -> PyResult<()> {
        // It is not in the table meanwhile, so that what it calls may use the table.
        let Some(mut task) = lock(&self.tasks).remove(&number) else { return Ok(()) };
        // It was cancelled in this turn of the event loop, which calls `Forget` in the next one.
        if task.future.bind(py).call_method0(intern!(py, "done"))?.is_truthy()? {
            return Ok(());
        }
        match task.wait.as_mut().poll(&mut Context::from_waker(&task.waker)) {
            Poll::Ready(outcome) => {
                let future = task.future.bind(py);
                match outcome(py) {
                    Ok(result) => future.call_method1(intern!(py, "set_result"), (result,))?,
                    Err(error) => future.call_method1(intern!(py, "set_exception"), (error,))?,
                };
            }
            Poll::Pending => _ = lock(&self.tasks).insert(number, task),
        }
        Ok(())
    }
}

/// Drops a wait when its future of asyncio is done or cancelled.
#[pyclass(frozen, module = "shmstore._shmstore")]
struct Forget {
    tasks: Weak<Tasks>,
    number: u64,
}

#[pymethods]
impl Forget {
    fn __call__(&self, _future: &Bound<'_, PyAny>) {
        let forgotten = self.tasks.upgrade().and_then(|tasks| lock(&tasks).remove(&self.number));
        drop(forgotten);
    }
}

/// Begins a wait in the running event loop, and returns its future of asyncio. Cancelling it drops the wait.
pub(crate) fn begin<'py>(py: Python<'py>, mut wait: Wait) -> PyResult<Bound<'py, PyAny>> {
    let aio = py.import(intern!(py, "shmstore._aio"))?;
    let (event_loop, bridge): (Bound<'_, PyAny>, Bound<'_, Bridge>) =
        aio.call_method0(intern!(py, "bridge"))?.extract()?;
    let future = event_loop.call_method0(intern!(py, "create_future"))?;
    let this = bridge.get();
    let number = this.next.fetch_add(1, Relaxed);
    let waker = Waker::from(Arc::new(Note { signal: Arc::clone(&this.signal), number }));
    match wait.as_mut().poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(outcome) => match outcome(py) {
            Ok(result) => future.call_method1(intern!(py, "set_result"), (result,))?,
            Err(error) => future.call_method1(intern!(py, "set_exception"), (error,))?,
        },
        Poll::Pending => {
            let task = Task { wait, waker, future: future.clone().unbind() };
            lock(&this.tasks).insert(number, task);
            let forget = Forget { tasks: Arc::downgrade(&this.tasks), number };
            future.call_method1(intern!(py, "add_done_callback"), (forget,))?
        }
    };
    Ok(future)
}

/// The outcome of one attempt of a call.
pub(crate) enum Attempt {
    Done(Py<PyAny>),
    /// The next attempt is made after this wait.
    Again(dynamic::Wait),
}

/// The result of a call, or a future of asyncio.
type Attempted<'py> = (Option<Py<PyAny>>, Option<Bound<'py, PyAny>>);

/// Makes one attempt each time it is called: see [`coroutine`].
#[pyclass(frozen, module = "shmstore._shmstore")]
struct Attempts(Box<dyn Fn(Python<'_>) -> PyResult<Attempt> + Send + Sync>);

#[pymethods]
impl Attempts {
    /// Returns the result of the call, or a future to be awaited before the next attempt.
    fn __call__<'py>(&self, py: Python<'py>) -> PyResult<Attempted<'py>> {
        let wait = match (self.0)(py)? {
            Attempt::Done(result) => return Ok((Some(result), None)),
            Attempt::Again(wait) => wait,
        };
        let wait = async move {
            let changed = wait.await;
            Box::new(move |py: Python<'_>| changed.or_raise().map(|()| py.None())) as Outcome
        };
        Ok((None, Some(begin(py, Box::pin(wait))?)))
    }
}

/// A coroutine with this name, which makes attempts from `await` on.
///
/// An attempt is made by the task itself, in the step in which it returns. So a task that is cancelled in a wait has
/// taken nothing and stored nothing.
pub(crate) fn coroutine<'py>(
    py: Python<'py>,
    name: &str,
    attempt: impl Fn(Python<'_>) -> PyResult<Attempt> + Send + Sync + 'static,
) -> PyResult<Bound<'py, PyAny>> {
    let attempts = Bound::new(py, Attempts(Box::new(attempt)))?;
    py.import(intern!(py, "shmstore._aio"))?.call_method1(intern!(py, "coroutine"), (name, attempts))
}

/// Makes this process, a child of `fork`, leave the waits of its parent alone.
#[pyfunction]
pub(crate) fn forked() {
    FORKS.fetch_add(1, Relaxed);
    for signal in lock(&SIGNALS).drain(..).filter_map(|signal| signal.upgrade()) {
        // Another thread of the parent may have been about to write the eventfd, with the lock. It is not in this
        // process, so the lock stays taken, and the descriptor stays open. No code of this process uses it.
        if let Ok(mut eventfd) = signal.eventfd.try_lock() {
            drop(eventfd.take());
        }
    }
}

/// How often this process was forked, to tell what belongs to its parent.
pub(crate) fn forks() -> u64 {
    FORKS.load(Relaxed)
}
