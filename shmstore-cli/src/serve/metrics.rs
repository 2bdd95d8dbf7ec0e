//! Metrics: the values of all objects as text, for Prometheus and others.

mod families;
mod scrape;
mod text;

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::http::HeaderValue;
use tokio::sync::Mutex;

use super::worker::Worker;
use crate::failure::Failure;

/// The shape of the metrics.
#[derive(Debug, Clone)]
pub struct Shape {
    /// The elements of an array, and the keys of a map, that are shown.
    pub elements: u64,
    /// The most series.
    pub most_series: usize,
    /// The fields whose text is shown.
    pub texts: Vec<String>,
}

/// A format of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format of Prometheus, 0.0.4.
    Prometheus,
}

impl Format {
    /// Returns the format that a client prefers. A client that does not know OpenMetrics gets the older format.
    pub(super) fn accepted_by<'a>(accepted: impl Iterator<Item = &'a HeaderValue>) -> Self {
        let ranges = accepted.filter_map(|accepted| accepted.to_str().ok()).flat_map(|accepted| accepted.split(','));
        let (mut open, mut plain) = (0.0_f32, 0.0_f32);
        for range in ranges {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let (mut weight, mut is_known) = (1.0, true);
            for (key, value) in parts.filter_map(|part| part.split_once('=')) {
                match key.trim() {
                    "q" => weight = value.trim().parse().unwrap_or(0.0),
                    "version" if name == "application/openmetrics-text" => {
                        is_known = matches!(value.trim(), "1.0.0" | "0.0.1");
                    }
                    _ => {}
                }
            }
            match name.as_str() {
                "application/openmetrics-text" if is_known => open = open.max(weight),
                "text/plain" | "text/*" => plain = plain.max(weight),
                _ => {}
            }
        }
        if open > 0.0 && open >= plain { Self::OpenMetrics } else { Self::Prometheus }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The scrapes, one at a time.
pub(super) struct Scrapes {
    shape: Arc<Shape>,
    last: [Mutex<Option<(Instant, Bytes)>>; 2],
}

impl Scrapes {
    pub(super) fn of(shape: Shape) -> Self {
        Self { shape: shape.into(), last: Default::default() }
    }

    /// Returns the metrics. All who ask while a scrape is at work share the next one.
    pub(super) async fn text(&self, worker: &Worker, format: Format) -> Option<Result<Bytes, Failure>> {
        let asked = Instant::now();
        let mut last = self.last[usize::from(format == Format::OpenMetrics)].lock().await;
        // Another client has had to wait for the same, and the scrape began after both had asked.
        if let Some((begun, text)) = last.as_ref().filter(|(begun, _)| *begun >= asked) {
            let _ = begun;
            return Some(Ok(text.clone()));
        }
        let shape = self.shape.clone();
        let made = worker.ask(move |machine| {
            machine.refresh()?;
            let begun = Instant::now();
            Ok((begun, Bytes::from(machine.scrape(&shape, format))))
        });
        let made = made.await?;
        Some(made.map(|(begun, text)| {
            *last = Some((begun, text.clone()));
            text
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_is_the_one_that_the_client_prefers() {
        let of = |accepted: &'static str| Format::accepted_by([HeaderValue::from_static(accepted)].iter());
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1";
        assert_eq!(of(prometheus), Format::OpenMetrics);
        assert_eq!(of("text/plain"), Format::Prometheus);
        assert_eq!(of("*/*"), Format::Prometheus);
        assert_eq!(of("application/openmetrics-text; version=9.0.0, text/plain;q=0.1"), Format::Prometheus);
        assert_eq!(of("application/openmetrics-text;q=0"), Format::Prometheus);
        assert_eq!(Format::accepted_by([].iter()), Format::Prometheus);
    }
}
