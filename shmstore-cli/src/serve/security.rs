//! The checks of each request: its host, its origin, its user and its token.
//!
//! | danger | answer |
//! |---|---|
//! | a page of another site that names this server (DNS rebinding) | 421: `Host` must name this server |
//! | a page of another site that sends a request | 403: `Origin` and `Sec-Fetch-Site` must be of this server |
//! | another user of this machine | 401 without the token |
//! | another machine | 401 without the token |

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;
use nix::unistd::Uid;

use super::answers::Refused;
use super::connections::Listener;
use super::peers::Peer;
use super::routes::Server;
use super::settings::{Settings, token_in};
use crate::failure::Failure;

/// The headers of each answer.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        axum::http::header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (axum::http::header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (axum::http::header::REFERRER_POLICY, "no-referrer"),
    (axum::http::header::CACHE_CONTROL, "no-store"),
];

/// The checks of a request.
pub(super) struct Guard {
    /// The values of `Host` that name this server. Empty for a Unix socket, which no page of another site reaches.
    hosts: Vec<String>,
    token: Option<String>,
    /// Whether the token was made here, so that it has to be shown.
    is_made: bool,
    /// Whether each reader needs the token.
    is_for_all: bool,
    /// The users who may read without it.
    users: Vec<u32>,
    writes: bool,
}

impl Guard {
    pub(super) fn of(settings: &Settings, listener: &Listener) -> Result<Self, Failure> {
        let is_for_all = !settings.listen.is_local();
        let given = settings.token_file.as_deref().map(token_in).transpose()?;
        let is_made = given.is_none() && (is_for_all || settings.write);
        let token = if is_made { Some(new_token()?) } else { given };
        let mut users = vec![0, Uid::effective().as_raw()];
        users.extend(&settings.users);
        let hosts = listener.address().map_or_else(Vec::new, |address| hosts(address, &settings.hosts));
        Ok(Self { hosts, token, is_made, is_for_all, users, writes: settings.write })
    }

    /// Returns the token, if nobody knows it yet.
    pub(super) fn token_to_show(&self) -> Option<&str> {
        self.token.as_deref().filter(|_| self.is_made)
    }

    /// Returns `true` if clients may store values.
    pub(super) fn writes(&self) -> bool {
        self.writes
    }

    fn is_own_host(&self, host: &str) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
    }

    /// Checks that a request is for this server, and that no page of another site sent it.
    fn check_origin(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refused> {
        let mut named = headers.get_all(HOST).iter();
        let host = named.next().and_then(|host| host.to_str().ok()).filter(|_| named.next().is_none());
        let is_ours = host.is_some_and(|host| self.is_own_host(host))
            && uri.authority().is_none_or(|authority| self.is_own_host(authority.as_str()));
        if !is_ours {
            let why = "this server has another name. Use the address that it printed, or start it with --host NAME";
            return Err(Refused::new(StatusCode::MISDIRECTED_REQUEST, why));
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let is_own = |origin: &HeaderValue| {
            let host = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
            let host = host.or_else(|| origin.to_str().ok()?.strip_prefix("https://"));
            host.is_some_and(|host| self.is_own_host(host))
        };
        // Pages of other ports of this machine are `same-site`. They are of other programs.
        let is_same = |site: &HeaderValue| matches!(site.as_bytes(), b"same-origin" | b"none");
        if !origins.all(is_own) || !headers.get_all("sec-fetch-site").iter().all(is_same) {
            return Err(Refused::new(StatusCode::FORBIDDEN, "a page of another site sent this request"));
        }
        Ok(())
    }

    /// Checks that the sender may read.
    async fn check_reader(&self, headers: &HeaderMap, peer: Peer) -> Result<(), Refused> {
        if headers.contains_key(AUTHORIZATION) {
            return self.check_token(headers);
        }
        if self.is_for_all {
            return Err(no_token("this server needs its token: `Authorization: Bearer TOKEN`"));
        }
        // The tables of the kernel are long on a busy machine.
        let user = match peer {
            Peer::Unix(user) => user,
            Peer::Tcp { .. } => tokio::task::spawn_blocking(move || peer.user()).await.ok().flatten(),
        };
        match user {
            Some(user) if self.users.contains(&user) => Ok(()),
            Some(user) => Err(no_token(format!(
                "user {user} needs the token, or the server needs the option --allow-user {user}"
            ))),
            None => Err(no_token("it is not known which user asks, so the token is needed")),
        }
    }

    /// Checks that the sender may write.
    fn check_writer(&self, headers: &HeaderMap) -> Result<(), Refused> {
        if !self.writes {
            return Err(Refused::new(StatusCode::FORBIDDEN, "this server only reads: start it with --write"));
        }
        if !headers.contains_key(AUTHORIZATION) {
            return Err(no_token("a write needs the token: `Authorization: Bearer TOKEN`"));
        }
        self.check_token(headers)?;
        if !headers.contains_key(ORIGIN) {
            return Err(Refused::new(
                StatusCode::FORBIDDEN,
                "a write needs an `Origin`, such as the address of this server",
            ));
        }
        let content = headers.get(CONTENT_TYPE).and_then(|content| content.to_str().ok()).unwrap_or_default();
        let essence = content.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Refused::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "a write needs `Content-Type: application/json`",
            ));
        }
        Ok(())
    }

    fn check_token(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let mut given = headers.get_all(AUTHORIZATION).iter();
        let bearer = given.next().filter(|_| given.next().is_none()).and_then(|given| given.to_str().ok());
        let bearer = bearer.and_then(|given| given.split_once(' '));
        let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        match (&self.token, bearer) {
            (Some(token), Some(bearer)) if is_equal(token.as_bytes(), bearer.as_bytes()) => Ok(()),
            (None, _) => Err(no_token("this server has no token: start it with --token-file")),
            _ => Err(no_token("the token is not the one of this server. A new one is made at each start")),
        }
    }
}

/// Adds the headers of each answer, and refuses requests of other sites.
pub(super) async fn of_this_site(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let mut response = match server.guard.check_origin(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.answer(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Refuses requests of those who may not read, or not write.
pub(super) async fn of_one_who_may(
    State(server): State<Arc<Server>>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let guard = &server.guard;
    let checked = match *request.method() {
        Method::GET | Method::HEAD => guard.check_reader(request.headers(), peer).await,
        _ => guard.check_writer(request.headers()),
    };
    match checked {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.answer(),
    }
}

fn no_token(why: impl Into<Cow<'static, str>>) -> Refused {
    Refused::new(StatusCode::UNAUTHORIZED, why)
}

/// Compares without telling by its duration where the first difference is.
fn is_equal(one: &[u8], other: &[u8]) -> bool {
    let differences = one.iter().zip(other).fold(0, |all, (one, other)| std::hint::black_box(all | (one ^ other)));
    std::hint::black_box(differences) == 0 && one.len() == other.len()
}

/// Makes a token of 128 random bits.
fn new_token() -> Result<String, Failure> {
    let source = std::path::Path::new("/dev/urandom");
    let mut bytes = [0_u8; 16];
    File::open(source).and_then(|mut file| file.read_exact(&mut bytes)).map_err(Failure::at(source))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Returns the values of `Host` that name a server at an address.
fn hosts(address: SocketAddr, more: &[String]) -> Vec<String> {
    let port = address.port();
    let mut names = vec!["127.0.0.1".to_owned(), "localhost".into(), "[::1]".into()];
    if !address.ip().is_unspecified() {
        names.push(SocketAddr::new(address.ip(), 0).to_string().trim_end_matches(":0").to_owned());
    }
    let mut hosts: Vec<String> = names.iter().chain(more).map(|name| format!("{name}:{port}")).collect();
    hosts.extend(more.iter().cloned());
    if port == 80 {
        hosts.extend(names);
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_the_loopback_names_with_the_port_and_the_given_names() {
        let hosts = hosts("192.168.1.2:9464".parse().unwrap(), &["plant7".into()]);
        for own in ["127.0.0.1:9464", "localhost:9464", "[::1]:9464", "192.168.1.2:9464", "plant7", "plant7:9464"] {
            assert!(hosts.iter().any(|host| host == own), "{own}");
        }
        assert!(!hosts.iter().any(|host| host == "localhost"));
    }

    #[test]
    fn tokens_are_equal_only_with_all_their_bytes() {
        assert!(is_equal(b"abc", b"abc"));
        assert!(!is_equal(b"abc", b"abd") && !is_equal(b"abc", b"ab") && !is_equal(b"", b"a"));
    }

    #[test]
    fn new_tokens_have_128_bits_and_differ() {
        let [one, other] = [new_token().unwrap(), new_token().unwrap()];
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
    }
}
