//! The page and its parts, which are in the program.

use std::io::Write;
use std::sync::OnceLock;

use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::answers;

/// A file of the page.
pub(super) struct File {
    pub(super) path: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    /// The same bytes compressed, once somebody has asked for them.
    compressed: OnceLock<Vec<u8>>,
}

impl File {
    const fn new(path: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        Self { path, content_type, bytes, compressed: OnceLock::new() }
    }
}

/// Puts files of the page together as one.
macro_rules! together {
    ($($name:literal),*) => { concat!($(include_str!(concat!("page/", $name))),*).as_bytes() };
}

/// The page as one module, so that a browser asks once.
const APP: &[u8] = together!(
    "text.js",
    "elements.js",
    "address.js",
    "connection.js",
    "history.js",
    "plots.js",
    "tree.js",
    "editor.js",
    "fields.js",
    "overview.js",
    "details.js",
    "app.js"
);

/// All files of the page.
pub(super) static FILES: [File; 5] = [
    File::new("/", "text/html; charset=utf-8", include_bytes!("page/index.html")),
    File::new("/app.js", "text/javascript; charset=utf-8", APP),
    File::new("/app.css", "text/css; charset=utf-8", include_bytes!("page/app.css")),
    File::new("/uplot.js", "text/javascript; charset=utf-8", include_bytes!("page/uplot.js")),
    File::new("/uplot.css", "text/css; charset=utf-8", include_bytes!("page/uplot.css")),
];

/// Answers with a file, compressed if the client takes that.
pub(super) fn answer(file: &'static File, headers: &HeaderMap) -> Response {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|accepted| accepted.to_str().ok());
    let mut codings = accepted.flat_map(|accepted| accepted.split(','));
    let takes = codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = weight.split_once('=').is_some_and(|(_, weight)| weight.trim().parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    });
    let bytes = if takes { file.compressed.get_or_init(|| compressed(file.bytes)) } else { file.bytes };
    let mut response = answers::of(file.content_type, bytes);
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    if takes {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("a vector takes all bytes")
}
