//! Connections: where they come from, how many there may be, and how long each may take.
//!
//! A client that sends or takes nothing is not waited for: it has 5 seconds for its header, and 5 seconds to take what
//! was written. So 64 such clients stand in the way of others for 5 seconds at most.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use nix::sys::stat::{Mode, umask};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

use super::peers::Peer;
use super::settings::Listen;
use crate::failure::Failure;
use crate::text::shown_path;

/// The most connections, and the most that are told that there are too many.
const MOST: usize = 64;
const MOST_REFUSED: usize = 16;
/// How long a client may take for its header, and to take bytes that were written.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a client that is refused may take to read why.
const FAREWELL: Duration = Duration::from_millis(200);
/// The most bytes of a header. The library takes no less.
const HEADER: usize = 8192;
/// The bytes that the kernel keeps for a client that is slow to read.
const SEND_BUFFER: u32 = 256 << 10;
/// How long no connection is taken while this process has no descriptor left.
const PAUSE: Duration = Duration::from_millis(50);

const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 5\r\n\
    cache-control: no-store\r\nx-content-type-options: nosniff\r\ncontent-type: application/json\r\n\
    content-length: 55\r\n\r\n{\"error\": \"64 clients are connected: try again later\"}\n";

/// A socket that waits for clients.
pub(super) enum Listener {
    Tcp(TcpListener, SocketAddr),
    /// The path is removed at the end.
    Unix(UnixListener, PathBuf),
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            drop(fs::remove_file(path));
        }
    }
}

impl Listener {
    /// Begins to listen.
    pub(super) fn bind(at: &Listen) -> Result<Self, Failure> {
        match at {
            Listen::Tcp(address) => {
                let listener = bind_tcp(*address).map_err(|cause| not_bound(*address, &cause))?;
                let own = listener.local_addr()?;
                Ok(Self::Tcp(listener, own))
            }
            Listen::Unix(path) => bind_unix(path).map(|listener| Self::Unix(listener, path.clone())),
        }
    }

    /// Returns the TCP address.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(_, own) => Some(*own),
            Self::Unix(..) => None,
        }
    }

    /// Returns the address as a browser takes it, or the socket as `curl` does.
    pub(super) fn shown(&self, token: Option<&str>) -> String {
        let token = token.map(|token| format!("#token={token}")).unwrap_or_default();
        match self {
            Self::Tcp(_, own) => format!("http://{own}/{token}"),
            Self::Unix(_, path) => format!("unix:{} http://localhost/{token}", shown_path(path)),
        }
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    const BACKLOG: u32 = 1024;
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    // Connections get the size of the socket that they come from.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn not_bound(address: SocketAddr, cause: &io::Error) -> Failure {
    let (port, ip) = (address.port(), address.ip());
    Failure::Refused(match cause.kind() {
        ErrorKind::AddrInUse => format!(
            "cannot listen on {address}: another program does. `ss -ltnp 'sport = :{port}'` names it, and \
             `--listen {}` takes any free port",
            SocketAddr::new(ip, 0)
        ),
        ErrorKind::PermissionDenied => {
            format!("cannot listen on {address}: only root may use ports below 1024. Choose another port")
        }
        ErrorKind::AddrNotAvailable => {
            format!("cannot listen on {address}: this machine has no such address. `ip address` lists them")
        }
        _ => format!("cannot listen on {address}: {cause}"),
    })
}

fn bind_unix(path: &Path) -> Result<UnixListener, Failure> {
    if let Ok(there) = fs::symlink_metadata(path) {
        let refused = |why: &str| Failure::Refused(format!("cannot listen on {}: {why}", shown_path(path)));
        if !there.file_type().is_socket() {
            return Err(refused("a file that is no socket is there. Choose another path"));
        }
        match std::os::unix::net::UnixStream::connect(path) {
            // A server that was killed has left it.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                fs::remove_file(path).map_err(Failure::at(path))?;
            }
            _ => return Err(refused("another program does. Choose another path")),
        }
    }
    // No other thread of this process runs yet.
    let before = umask(Mode::from_bits_truncate(0o177));
    let bound = UnixListener::bind(path);
    umask(before);
    let listener = bound.map_err(Failure::at(path))?;
    fs::set_permissions(path, PermissionsExt::from_mode(0o600)).map_err(Failure::at(path))?;
    Ok(listener)
}

/// Answers clients. It never ends.
pub(super) async fn accept(listener: &Listener, router: Router) {
    let (free, refused) = (Arc::new(Semaphore::new(MOST)), Arc::new(Semaphore::new(MOST_REFUSED)));
    loop {
        let accepted = match listener {
            Listener::Tcp(listener, _) => match listener.accept().await {
                Ok((stream, peer)) => {
                    // A tick is written at once.
                    drop(stream.set_nodelay(true));
                    stream.local_addr().map(|own| take(stream, Peer::Tcp { peer, own }, &free, &refused, &router))
                }
                Err(error) => Err(error),
            },
            Listener::Unix(listener, _) => match listener.accept().await {
                Ok((stream, _)) => {
                    let user = stream.peer_cred().map(|peer| peer.uid()).ok();
                    take(stream, Peer::Unix(user), &free, &refused, &router);
                    Ok(())
                }
                Err(error) => Err(error),
            },
        };
        // The client is gone already, or there is no descriptor left.
        if accepted.is_err_and(|error| !matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::NotConnected))
        {
            sleep(PAUSE).await;
        }
    }
}

/// Answers a client in a task of its own, if there is room for one more.
fn take<S>(stream: S, peer: Peer, free: &Arc<Semaphore>, refused: &Arc<Semaphore>, router: &Router)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    match free.clone().try_acquire_owned() {
        Ok(place) => drop(tokio::spawn(answer(stream, peer, place, router.clone()))),
        Err(_) => {
            if let Ok(place) = refused.clone().try_acquire_owned() {
                tokio::spawn(timeout(FAREWELL, refuse(stream, place)));
            }
        }
    }
}

async fn answer<S>(stream: S, peer: Peer, place: OwnedSemaphorePermit, router: Router)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(PATIENCE));
    let answers = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<_>| {
        request.extensions_mut().insert(peer);
        answers.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEADER)
        .keep_alive(false)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    // An error is the client's: it is too slow, or gone.
    drop(connection.await);
    drop(place);
}

/// Says that there are too many clients. What the client sends is read, as the answer would get lost otherwise.
async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, _place: OwnedSemaphorePermit) {
    if stream.write_all(TOO_MANY).await.is_ok() && stream.shutdown().await.is_ok() {
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await.is_ok_and(|len| len > 0) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_has_the_length_that_it_says() {
        let text = std::str::from_utf8(TOO_MANY).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
    }
}
