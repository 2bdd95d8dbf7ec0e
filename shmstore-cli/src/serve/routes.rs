//! The paths of the server.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{ACCEPT, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::get;
use shmstore::inspect::{FieldPath, Limits, Object};

use super::answers::{JSON, document, of, said};
use super::events::{self, Ticker};
use super::metrics::{Format, Scrapes};
use super::security::{Guard, of_one_who_may, of_this_site};
use super::settings::Settings;
use super::worker::Worker;
use super::{page, write};
use crate::commands::{get as get_command, ls, schema, show};
use crate::export;
use crate::failure::Failure;
use crate::target;

/// The most bytes of a request after its header.
const BODY: usize = 64 << 10;

/// What the answers need.
pub(super) struct Server {
    pub(super) guard: Guard,
    pub(super) worker: Worker,
    pub(super) ticker: Ticker,
    scrapes: Scrapes,
}

impl Server {
    pub(super) fn of(settings: Settings, guard: Guard, worker: Worker) -> Self {
        Self { guard, ticker: Ticker::of(worker.clone()), worker, scrapes: Scrapes::of(settings.metrics) }
    }
}

/// Returns the answers to all paths.
pub(super) fn router(server: Arc<Server>) -> Router {
    let for_readers = Router::new()
        .route("/metrics", get(metrics))
        .route("/events", get(events::answer))
        .route("/api/doctor", get(doctor))
        .route("/api/objects", get(objects))
        .route("/api/objects/{shmid}", get(object))
        .route("/api/objects/{shmid}/schema", get(layout))
        .route("/api/objects/{shmid}/layout.svg", get(picture))
        .route("/api/objects/{shmid}/fields/{path}", get(field).post(write::answer))
        .route_layer(from_fn_with_state(server.clone(), of_one_who_may));
    // The page has no data, so it needs no token. It reads the token from its address, which is not sent.
    let for_all = Router::new().route("/healthz", get(async || "ok\n"));
    page::FILES
        .iter()
        .fold(for_all, |router, file| {
            router.route(file.path, get(async |headers: HeaderMap| page::answer(file, &headers)))
        })
        .merge(for_readers)
        .fallback(async || said(StatusCode::NOT_FOUND, "there is no such path: `shmstore serve --help` lists them"))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(map_response(with_reason))
        .layer(from_fn_with_state(server.clone(), of_this_site))
        .with_state(server)
}

/// Says what is wrong where the library says nothing.
async fn with_reason(mut response: Response) -> Response {
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let mut reason = said(StatusCode::METHOD_NOT_ALLOWED, "this path takes other methods");
        reason.headers_mut().extend(std::mem::take(response.headers_mut()));
        return reason;
    }
    response
}

/// Reads the number of a segment.
pub(super) fn number(shmid: &str) -> Result<i32, Failure> {
    let number = shmid.parse().ok();
    number.ok_or_else(|| Failure::NotFound("the number of a segment is expected, as in `/api/objects`".into()))
}

/// Answers with a document about one object.
async fn about(
    server: &Server,
    shmid: &str,
    content_type: &'static str,
    make: impl FnOnce(&Object) -> Result<String, Failure> + Send + 'static,
) -> Response {
    let made = match number(shmid) {
        Ok(shmid) => server.worker.ask(move |machine| machine.object(shmid).and_then(|object| make(&object))).await,
        Err(failure) => Some(Err(failure)),
    };
    document(content_type, made)
}

async fn objects(State(server): State<Arc<Server>>) -> Response {
    let made = server.worker.ask(|machine| {
        machine.refresh()?;
        let (listed, attacher, users) = machine.parts();
        Ok(ls::document(listed, users, |segment| attacher.attach(segment).ok()))
    });
    document(JSON, made.await)
}

async fn object(State(server): State<Arc<Server>>, Path(shmid): Path<String>) -> Response {
    about(&server, &shmid, JSON, |object| Ok(show::document(object, &Limits::default()))).await
}

async fn layout(State(server): State<Arc<Server>>, Path(shmid): Path<String>) -> Response {
    about(&server, &shmid, JSON, |object| Ok(schema::document(object.schema()))).await
}

async fn picture(State(server): State<Arc<Server>>, Path(shmid): Path<String>) -> Response {
    about(&server, &shmid, "image/svg+xml", |object| Ok(export::svg(object.schema()))).await
}

async fn field(State(server): State<Arc<Server>>, Path((shmid, path)): Path<(String, String)>) -> Response {
    let path: FieldPath = match target::field_path(&path, None) {
        Ok(path) => path,
        Err(failure) => return document(JSON, Some(Err(failure))),
    };
    let made = match number(&shmid) {
        Ok(shmid) => {
            let make = move |object: &Object| {
                // Before the value, so that a store in between is noticed by its writer.
                let version = object.changes_at(&path).ok().flatten();
                Ok((get_command::short_document(object, &path)?, version))
            };
            server.worker.ask(move |machine| machine.object(shmid).and_then(|object| make(&object))).await
        }
        Err(failure) => Some(Err(failure)),
    };
    let (made, version) = match made {
        Some(Ok((made, version))) => (Some(Ok(made)), version),
        Some(Err(failure)) => (Some(Err(failure)), None),
        None => (None, None),
    };
    let mut response = document(JSON, made);
    if let Some(tag) = version.and_then(|version| HeaderValue::try_from(format!("\"{version}\"")).ok()) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

async fn doctor(State(server): State<Arc<Server>>) -> Response {
    document(JSON, server.worker.ask(|machine| machine.doctor()).await)
}

async fn metrics(State(server): State<Arc<Server>>, request: Request) -> Response {
    let format = Format::accepted_by(request.headers().get_all(ACCEPT).iter());
    match server.scrapes.text(&server.worker, format).await {
        Some(Ok(text)) => of(format.content_type(), text),
        other => document(JSON, other.map(|made| made.map(|text| String::from_utf8_lossy(&text).into_owned()))),
    }
}
