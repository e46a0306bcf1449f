//! Counts things. One registry per server value, no global state, so that tests run side by side.

use std::sync::Arc;

use metrics::{Key, KeyName, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use metrics_process::Collector;

use super::names::{Metric, MetricKind};

static METADATA: Metadata<'static> = Metadata::new("csvp_server", Level::INFO, Some("csvp_server"));

/// The server's registry of metrics.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    process: Collector,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// An empty registry that knows all names.
    pub fn new() -> Self {
        let mut builder = PrometheusBuilder::new();
        for metric in Metric::ALL {
            if let MetricKind::Histogram(bounds) = metric.kind() {
                let bounds: Vec<f64> = bounds.iter().filter_map(|bound| bound.parse().ok()).collect();
                builder = builder
                    .set_buckets_for_metric(Matcher::Full(metric.name().to_owned()), &bounds)
                    .expect("the table gives each histogram at least one bound");
            }
        }
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        for metric in Metric::ALL {
            let (name, doc) = (KeyName::from(metric.name()), metric.doc().into());
            match metric.kind() {
                MetricKind::Counter => recorder.describe_counter(name, None, doc),
                MetricKind::Gauge => recorder.describe_gauge(name, None, doc),
                MetricKind::Histogram(_) => recorder.describe_histogram(name, None, doc),
            }
        }
        let process = Collector::default();
        ::metrics::with_local_recorder(&recorder, || process.describe());
        let this = Self { inner: Arc::new(Inner { recorder, handle, process }) };
        this.set(Metric::BuildInfo, &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
        this
    }

    /// Adds to a counter.
    pub fn add(&self, metric: Metric, labels: &[(&'static str, &str)], by: u64) {
        self.inner.recorder.register_counter(&key(metric, labels), &METADATA).increment(by);
    }

    /// Sets a gauge.
    pub fn set(&self, metric: Metric, labels: &[(&'static str, &str)], value: f64) {
        self.inner.recorder.register_gauge(&key(metric, labels), &METADATA).set(value);
    }

    /// Counts a value in a histogram.
    pub fn observe(&self, metric: Metric, labels: &[(&'static str, &str)], value: f64) {
        self.inner.recorder.register_histogram(&key(metric, labels), &METADATA).record(value);
    }

    /// Raises a gauge by one until the guard is dropped.
    pub fn hold(&self, metric: Metric) -> Held {
        let gauge = self.inner.recorder.register_gauge(&key(metric, &[]), &METADATA);
        gauge.increment(1.0);
        Held(gauge)
    }

    /// All metrics in the Prometheus text format.
    pub fn render(&self) -> String {
        ::metrics::with_local_recorder(&self.inner.recorder, || self.inner.process.collect());
        self.inner.handle.render()
    }

    /// Folds recorded values together; called every few seconds, or histograms grow without end.
    pub fn run_upkeep(&self) {
        self.inner.handle.run_upkeep();
    }
}

/// Lowers its gauge by one when dropped.
pub struct Held(::metrics::Gauge);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

fn key(metric: Metric, labels: &[(&'static str, &str)]) -> Key {
    debug_assert!(
        labels.iter().map(|(name, _)| name).eq(metric.labels().iter().map(|(name, _)| name)),
        "labels of {} must be those of the table",
        metric.name()
    );
    let labels: Vec<Label> =
        labels.iter().map(|(name, value)| Label::new(*name, (*value).to_owned())).collect();
    Key::from_parts(metric.name(), labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let metrics = Metrics::new();
        metrics.add(Metric::UploadBytes, &[], 5);
        metrics.add(Metric::UploadBytes, &[], 7);
        metrics.observe(Metric::ProcessingDuration, &[("way", "request")], 0.02);
        let held = metrics.hold(Metric::HttpInFlight);
        let text = metrics.render();
        for line in [
            "csvp_upload_bytes_total 12",
            "csv_processing_duration_seconds_bucket{way=\"request\",le=\"0.05\"} 1",
            "csvp_http_requests_in_flight 1",
            "process_open_fds ",
        ] {
            assert!(text.contains(line), "no `{line}` in\n{text}");
        }
        drop(held);
        assert!(metrics.render().contains("csvp_http_requests_in_flight 0"));
    }

    #[test]
    fn the_reference_page_is_up_to_date() {
        crate::test_support::assert_page("docs/reference/metrics.md", &super::super::metrics_page());
    }
}
