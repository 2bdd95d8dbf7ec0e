//! Stores of values.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::header::IF_MATCH;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use shmstore::dynamic::{DynamicError, Limit, from_text};
use shmstore::inspect::FieldPath;
use tokio::time::timeout;

use super::answers::{JSON, Refused, document, failed, said};
use super::routes::{Server, number};
use crate::commands::get;
use crate::failure::{Failure, is_late};
use crate::{target, writing};

/// How long the client may take to send the value.
const TO_SEND: Duration = Duration::from_secs(5);
/// How long another writer may have the part.
const TO_WAIT: Duration = Duration::from_secs(1);
/// How long one call waits, so that the server ends soon.
const SLICE: Duration = Duration::from_millis(50);
/// The most bytes of a value as JSON.
const LONGEST: usize = 64 << 10;

static IS_OVER: AtomicBool = AtomicBool::new(false);

/// Ends the waits of all stores.
pub(super) fn stop() {
    IS_OVER.store(true, Relaxed);
}

/// Stores a value, and answers with the value that is there then.
pub(super) async fn answer(
    State(server): State<Arc<Server>>,
    Path((shmid, path)): Path<(String, String)>,
    request: Request,
) -> Response {
    let read = number(&shmid).and_then(|shmid| Ok((shmid, target::field_path(&path, None)?)));
    let (shmid, path) = match read {
        Ok(read) => read,
        Err(failure) => return failed(&failure),
    };
    let expected = match expected(request.headers()) {
        Ok(expected) => expected,
        Err(refused) => return refused.answer(),
    };
    let text = match timeout(TO_SEND, to_bytes(request.into_body(), LONGEST)).await {
        Ok(Ok(body)) => String::from_utf8(body.into()),
        Ok(Err(_)) => return said(StatusCode::PAYLOAD_TOO_LARGE, "a value has at most 65536 bytes"),
        Err(_) => return said(StatusCode::REQUEST_TIMEOUT, "the value did not come within 5 seconds"),
    };
    let Ok(text) = text else { return said(StatusCode::BAD_REQUEST, "the value is not UTF-8") };
    if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err() {
        return said(StatusCode::BAD_REQUEST, "the value is not JSON");
    }
    // The object is found as for a look. The store has an attachment of its own, and waits in a thread of its own.
    let found = server.worker.ask(move |machine| machine.object(shmid)).await;
    let object = match found {
        Some(Ok(object)) => object,
        failed => return document(JSON, failed.map(|found| found.map(|_| String::new()))),
    };
    let stored = tokio::task::spawn_blocking(move || {
        store(&object, &path, &text, expected)?;
        get::short_document(&object, &path)
    });
    document(JSON, stored.await.ok())
}

/// Reads the version in `If-Match`. Without a number, any version will do.
fn expected(headers: &HeaderMap) -> Result<Option<u64>, Refused> {
    let Some(given) = headers.get(IF_MATCH) else { return Ok(None) };
    let given = given.to_str().unwrap_or("?").trim();
    if given == "*" {
        return Ok(None);
    }
    let refused =
        || Refused::new(StatusCode::BAD_REQUEST, "`If-Match` has the version of the part, as `ETag` gives it");
    given.trim_matches('"').parse().map(Some).map_err(|_| refused())
}

fn store(
    found: &shmstore::inspect::Object,
    path: &FieldPath,
    text: &str,
    expected: Option<u64>,
) -> Result<(), Failure> {
    let anchor = found.segment().path().map(std::path::Path::to_owned).unwrap_or_default();
    let object = writing::attach(&anchor, found)?;
    // Another object may have taken its place.
    if object.nonce() != found.nonce() {
        return Err(Failure::Refused("the object was removed meanwhile, and another one is in its place".into()));
    }
    let value = from_text(object.value_schema(path)?, text).map_err(|error| DynamicError::Value(Box::new(error)))?;
    let since = Instant::now();
    loop {
        let limit = Limit::Within(SLICE);
        let stored = match expected {
            Some(version) => object.store_if(path, &value, version, limit).map(drop),
            None => object.store_within(path, &value, limit),
        };
        match stored {
            Err(error) if is_late(&error) && since.elapsed() < TO_WAIT && !IS_OVER.load(Relaxed) => {}
            _ if object.is_removed() => return Err(Failure::Refused("the object was removed meanwhile".into())),
            ended => return Ok(ended?),
        }
    }
}
