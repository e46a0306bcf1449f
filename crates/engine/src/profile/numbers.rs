//! Mean, standard deviation, quantiles and histogram of numbers; of dates and times, the histogram.

use csvp_report::{HistogramBin, Quantiles};

use super::histogram::Histogram;
use super::quantiles::Sketch;

/// Values that are kept as they are. Above, sketches take their place.
const EXACT_LIMIT: usize = 1_024;

/// Statistics of finite numbers; at most 19 KiB.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    kind: NumberKind,
    n: u64,
    mean: f64,
    /// Sum of the squared distances to the mean.
    squares: f64,
    spread: Spread,
}

/// What the numbers stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberKind {
    /// Whole numbers.
    Whole,
    /// Decimal or floating point numbers.
    Real,
    /// Days or microseconds: a mean or a relative error says nothing about these.
    Time,
}

#[derive(Debug, Clone)]
enum Spread {
    Exact(Vec<f64>),
    Sketched { sketch: Sketch, histogram: Histogram },
}

impl Numbers {
    pub(super) fn new(kind: NumberKind) -> Self {
        Self { kind, n: 0, mean: 0.0, squares: 0.0, spread: Spread::Exact(Vec::new()) }
    }

    pub(super) fn add(&mut self, x: f64) {
        if !x.is_finite() {
            return;
        }
        self.n += 1;
        if self.kind != NumberKind::Time {
            // Welford 1962.
            let distance = x - self.mean;
            self.mean += distance / self.n as f64;
            self.squares += distance * (x - self.mean);
        }
        self.spread.add(x, self.kind);
    }

    pub(super) fn merge(&mut self, later: Self) {
        if later.n == 0 {
            return;
        }
        // Chan, Golub, LeVeque 1979.
        let (ours, theirs) = (self.n as f64, later.n as f64);
        let distance = later.mean - self.mean;
        self.mean += distance * (theirs / (ours + theirs));
        self.squares += later.squares + distance * distance * (ours * theirs / (ours + theirs));
        self.n += later.n;
        self.spread.merge(later.spread, self.kind);
    }

    /// The mean; none when it is beyond the range of floating point numbers.
    pub(super) fn mean(&self) -> Option<f64> {
        Some(self.mean).filter(|mean| self.n > 0 && self.kind != NumberKind::Time && mean.is_finite())
    }

    /// The standard deviation of the sample (n - 1).
    pub(super) fn standard_deviation(&self) -> Option<f64> {
        let deviation = (self.squares / (self.n as f64 - 1.0)).sqrt();
        Some(deviation).filter(|found| self.n > 1 && self.kind != NumberKind::Time && found.is_finite())
    }

    /// Quantiles: the smallest value that is not below the given share of all values (`percentile_disc` of
    /// SQL).
    pub(super) fn quantiles(&self) -> Option<Quantiles> {
        if self.n == 0 || self.kind == NumberKind::Time {
            return None;
        }
        let rank =
            |percent: u64| ((u128::from(self.n) * u128::from(percent)).div_ceil(100) as u64).max(1) - 1;
        let of = |at: &dyn Fn(u64) -> f64, relative_error| Quantiles {
            p05: at(rank(5)),
            p25: at(rank(25)),
            p50: at(rank(50)),
            p75: at(rank(75)),
            p95: at(rank(95)),
            relative_error,
        };
        Some(match &self.spread {
            Spread::Exact(values) => {
                let mut sorted = values.clone();
                sorted.sort_by(f64::total_cmp);
                of(&|rank| sorted[rank as usize], 0.0)
            }
            Spread::Sketched { sketch, .. } => of(&|rank| sketch.at_rank(rank), sketch.relative_error()),
        })
    }

    pub(super) fn histogram(&self) -> Vec<HistogramBin> {
        match &self.spread {
            Spread::Sketched { histogram, .. } => histogram.finish(),
            Spread::Exact(values) => {
                let mut histogram = Histogram::new(self.kind != NumberKind::Real);
                values.iter().for_each(|x| histogram.add(*x));
                histogram.finish()
            }
        }
    }
}

impl Spread {
    fn add(&mut self, x: f64, kind: NumberKind) {
        match self {
            Self::Sketched { sketch, histogram } => {
                if kind != NumberKind::Time {
                    sketch.add(x);
                }
                histogram.add(x);
            }
            Self::Exact(values) if values.len() < EXACT_LIMIT => values.push(x),
            Self::Exact(_) => {
                self.sketch(kind);
                self.add(x, kind);
            }
        }
    }

    fn merge(&mut self, later: Self, kind: NumberKind) {
        match later {
            Self::Exact(values) => values.into_iter().for_each(|x| self.add(x, kind)),
            Self::Sketched { sketch: their_sketch, histogram: their_histogram } => {
                self.sketch(kind);
                if let Self::Sketched { sketch, histogram } = self {
                    sketch.merge(their_sketch);
                    histogram.merge(their_histogram);
                }
            }
        }
    }

    /// Gives up the single values.
    fn sketch(&mut self, kind: NumberKind) {
        if let Self::Exact(values) = self {
            let values = std::mem::take(values);
            let histogram = Histogram::new(kind != NumberKind::Real);
            *self = Self::Sketched { sketch: Sketch::default(), histogram };
            values.into_iter().for_each(|x| self.add(x, kind));
        }
    }
}
