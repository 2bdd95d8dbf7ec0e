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

#[cfg(test)]
mod tests {
    use std::hash::Hasher;

    use twox_hash::XxHash64;

    use super::*;

    fn hash(path: &str) -> (usize, u64) {
        let bytes = FILES.iter().find(|file| file.path == path).unwrap().bytes;
        let mut hasher = XxHash64::with_seed(0);
        hasher.write(bytes);
        (bytes.len(), hasher.finish())
    }

    /// `dist/uPlot.iife.min.js` and `dist/uPlot.min.css` of uPlot 1.6.32. Its license is in `page/uplot.LICENSE`.
    #[test]
    fn files_of_uplot_are_those_of_its_release() {
        assert_eq!(hash("/uplot.js"), (51_081, 13_951_096_824_749_078_528));
        assert_eq!(hash("/uplot.css"), (1857, 7_186_244_109_554_626_917));
    }

    #[test]
    fn page_has_at_most_50_kilobytes_compressed() {
        let size: usize = FILES.iter().map(|file| compressed(file.bytes).len()).sum();
        assert!(size <= 50_000, "{size} bytes");
    }

    #[test]
    fn scripts_make_no_markup_of_text_and_the_page_has_no_inline_code() {
        let app = std::str::from_utf8(APP).unwrap();
        for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
            assert!(!app.contains(way), "{way}");
        }
        let page = include_str!("page/index.html");
        assert!(!page.contains("style=") && !page.contains(" on") && !page.contains("<script>"), "{page}");
    }
}
