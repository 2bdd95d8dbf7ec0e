//! The server: objects over HTTP, as a page, as metrics and as JSON.
//!
//! One thread answers requests, and another one reads objects. Both sleep while nobody asks.

mod answers;
mod connections;
mod events;
mod history;
mod look;
mod machine;
mod metrics;
mod page;
mod peers;
mod routes;
mod security;
mod settings;
mod tick;
mod troubles;
mod worker;
mod write;

pub use metrics::Shape;
pub use settings::{Listen, Settings, host, listen, user};

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Failure, Outcome};
use crate::output::Output;
use connections::Listener;
use machine::Machine;
use routes::Server;
use security::Guard;
use worker::Worker;

/// How long a request that is being answered may still take when the server ends.
const LAST: Duration = Duration::from_millis(300);

/// The threads that store values. They wait for locks, and end when there is nothing to store.
const WRITERS: usize = 4;
const WRITER_IDLE: Duration = Duration::from_secs(1);

/// Serves until a signal comes.
///
/// # Errors
///
/// As [`commands::serve::run`](crate::commands::serve::run).
pub fn run(settings: Settings) -> Result<Outcome, Failure> {
    settings.check()?;
    let machine = Machine::of(settings.paths.clone())?;
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(WRITERS)
        .thread_keep_alive(WRITER_IDLE)
        .build()?;
    let ended = runtime.block_on(serve(settings, machine));
    write::stop();
    runtime.shutdown_timeout(LAST);
    ended.map(|()| Outcome::Done)
}

async fn serve(settings: Settings, machine: Machine) -> Result<(), Failure> {
    // Before the address is printed, so that a signal that comes then ends the server in order.
    let ends = ends()?;
    let listener = Listener::bind(&settings.listen)?;
    let guard = Guard::of(&settings, &listener)?;
    Output::lines(&[format!("serving {}", listener.shown(guard.token_to_show()))])?;
    let server = Server::of(settings, guard, Worker::of(machine)?);
    let router = routes::router(Arc::new(server));
    select(pin!(connections::accept(&listener, router)), pin!(ends)).await;
    Ok(())
}

/// Returns a future that ends when a signal comes. A signal that the parent has set to be ignored is still ignored.
fn ends() -> io::Result<impl Future<Output = ()>> {
    let mut signals = Vec::new();
    for (kind, number) in [
        (SignalKind::interrupt(), signal_hook::consts::SIGINT),
        (SignalKind::terminate(), signal_hook::consts::SIGTERM),
        (SignalKind::hangup(), signal_hook::consts::SIGHUP),
    ] {
        if !crate::signals::is_ignored(number) {
            signals.push(signal(kind)?);
        }
    }
    Ok(std::future::poll_fn(move |context| {
        match signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    }))
}
