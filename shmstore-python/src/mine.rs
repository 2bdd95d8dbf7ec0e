//! What belongs to the thread that made it: a transaction, and the guard of a lock.
//!
//! # Safety
//!
//! Promises that `content` is used, moved and dropped only in the thread that made it. In any other thread, a call is
//! refused, and a drop forgets the content.
#![allow(unsafe_code)]

use std::cell::{RefCell, RefMut};
use std::thread::{self, ThreadId};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// What belongs to the thread that made it, until it is taken.
pub(crate) struct Mine<T> {
    thread: ThreadId,
    /// The name in an error: `a transaction`.
    name: &'static str,
    content: RefCell<Option<T>>,
}

// SAFETY: another thread gets an error instead of the content, and forgets it when it drops this. It only learns
// whether there is one, which no thread changes meanwhile: a drop has the only reference.
unsafe impl<T> Send for Mine<T> {}
// SAFETY: as above. `RefCell` is reached after the check of the thread only.
unsafe impl<T> Sync for Mine<T> {}

impl<T> Mine<T> {
    pub(crate) fn new(name: &'static str, content: T) -> Self {
        Self { thread: thread::current().id(), name, content: RefCell::new(Some(content)) }
    }

    fn is_mine(&self) -> bool {
        self.thread == thread::current().id()
    }

    /// The content, and `None` once it is taken. Refuses all other threads.
    pub(crate) fn get(&self) -> PyResult<RefMut<'_, Option<T>>> {
        if !self.is_mine() {
            return Err(PyRuntimeError::new_err(format!(
                "{0} belongs to the thread that began it: use and end it there, or begin another one in this thread",
                self.name
            )));
        }
        self.content.try_borrow_mut().map_err(|_| {
            PyRuntimeError::new_err(format!("{} is in use: this call is made within another one", self.name))
        })
    }

    /// Takes the content, to end it. `None` if it was taken before. Refuses all other threads.
    pub(crate) fn take(&self) -> PyResult<Option<T>> {
        Ok(self.get()?.take())
    }
}

impl<T> Drop for Mine<T> {
    fn drop(&mut self) {
        if self.is_mine() {
            return;
        }
        if let Some(content) = self.content.get_mut().take() {
            std::mem::forget(content);
            let text = format!(
                "{} was dropped in another thread than the one that began it: its part stays taken until this process \
                 ends",
                self.name
            );
            // Without an interpreter, nobody reads it.
            let _ = Python::try_attach(|py| PyRuntimeError::new_err(text).write_unraisable(py, None));
        }
    }
}
