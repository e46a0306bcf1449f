//! What the program tells about itself: metrics with names and labels from closed lists, and log lines.

mod logs;
mod metrics;
mod names;

pub use logs::init_logs;
pub use metrics::Metrics;
pub use names::{Metric, MetricKind, TextMetric, metrics_page};
