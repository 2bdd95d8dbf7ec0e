//! Answers to requests.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::failure::Failure;

pub(super) const JSON: &str = "application/json";

/// Returns an answer of a type.
pub(super) fn of(content_type: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Returns an answer that says what is wrong: `{"error": "…"}`.
pub(super) fn said(status: StatusCode, what: &str) -> Response<Body> {
    let mut response = of(JSON, format!("{}\n", json!({ "error": what })));
    *response.status_mut() = status;
    response
}

/// A refused request.
#[derive(Debug)]
pub(super) struct Refused(StatusCode, Cow<'static, str>);

impl Refused {
    pub(super) fn new(status: StatusCode, why: impl Into<Cow<'static, str>>) -> Self {
        Self(status, why.into())
    }

    pub(super) fn answer(self) -> Response<Body> {
        let mut response = said(self.0, &self.1);
        if self.0 == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Returns a document, or the error in its place.
pub(super) fn document(content_type: &'static str, made: Option<Result<String, Failure>>) -> Response<Body> {
    match made {
        Some(Ok(text)) => of(content_type, text),
        Some(Err(failure)) => failed(&failure),
        None => {
            said(StatusCode::INTERNAL_SERVER_ERROR, "the thread that reads objects has ended: start the server anew")
        }
    }
}

/// Returns the answer for an error of the commands.
pub(super) fn failed(failure: &Failure) -> Response<Body> {
    let status = match failure.code() {
        _ if is_unfit(failure) => StatusCode::UNPROCESSABLE_ENTITY,
        3 => StatusCode::NOT_FOUND,
        2 | 4 | 6 => StatusCode::CONFLICT,
        5 => StatusCode::FORBIDDEN,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    said(status, &failure.to_string())
}

/// Returns `true` if no object of the type takes the value, or the part takes none.
fn is_unfit(failure: &Failure) -> bool {
    use shmstore::dynamic::DynamicError::{NotAPart, Value, WrongPart};
    let Failure::Write { error, .. } = failure else { return false };
    matches!(**error, Value(_) | NotAPart { .. } | WrongPart { .. })
}
