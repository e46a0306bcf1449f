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
        self.spread.add(x, 1, self.kind);
    }

    /// Adds the numbers of a block, each with how often it came.
    pub(super) fn add_all(&mut self, numbers: &[(f64, u64)]) {
        let finite = || numbers.iter().filter(|(x, _)| x.is_finite());
        finite().for_each(|(x, count)| self.spread.add(*x, *count, self.kind));
        let n: u64 = finite().map(|(_, count)| count).sum();
        if n == 0 || self.kind == NumberKind::Time {
            self.n += n;
            return;
        }
        // Scaled before they are added, so that no sum of large numbers is beyond all numbers.
        let share = 1.0 / n as f64;
        let mean: f64 = finite().map(|(x, count)| x * (*count as f64 * share)).sum();
        let squares = finite().map(|(x, count)| (x - mean) * (x - mean) * *count as f64).sum();
        self.merge_moments(n, mean, squares);
    }

    /// Chan, Golub, LeVeque 1979.
    fn merge_moments(&mut self, n: u64, mean: f64, squares: f64) {
        let (ours, theirs) = (self.n as f64, n as f64);
        let distance = mean - self.mean;
        self.mean += distance * (theirs / (ours + theirs));
        self.squares += squares + distance * distance * (ours * theirs / (ours + theirs));
        self.n += n;
    }

    pub(super) fn merge(&mut self, later: Self) {
        if later.n == 0 {
            return;
        }
        self.merge_moments(later.n, later.mean, later.squares);
        self.spread.merge(later.spread, self.kind);
    }

    /// The mean; none when it is beyond the range of floating point numbers.
    pub(super) fn mean(&self) -> Option<f64> {
        let (mean, _) = self.moments()?;
        Some(mean).filter(|mean| mean.is_finite())
    }

    /// The standard deviation of the sample (n - 1).
    pub(super) fn standard_deviation(&self) -> Option<f64> {
        let (_, squares) = self.moments()?;
        let deviation = (squares / (self.n as f64 - 1.0)).sqrt();
        Some(deviation).filter(|found| self.n > 1 && found.is_finite())
    }

    /// The mean and the sum of the squared distances to it. Of values that are kept in their order of size, so
    /// that where blocks end is not seen even in the last digit; of more, what the blocks gave.
    fn moments(&self) -> Option<(f64, f64)> {
        if self.n == 0 || self.kind == NumberKind::Time {
            return None;
        }
        Some(match &self.spread {
            Spread::Exact(values) => two_pass(&sorted(values)),
            Spread::Sketched { .. } => (self.mean, self.squares),
        })
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
                let sorted = sorted(values);
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
                values.iter().for_each(|x| histogram.add(*x, 1));
                histogram.finish()
            }
        }
    }
}

impl Spread {
    fn add(&mut self, x: f64, count: u64, kind: NumberKind) {
        if let Self::Exact(values) = self {
            if values.len() as u64 + count <= EXACT_LIMIT as u64 {
                values.extend(std::iter::repeat_n(x, count as usize));
                return;
            }
            self.sketch(kind);
        }
        if let Self::Sketched { sketch, histogram } = self {
            if kind != NumberKind::Time {
                sketch.add(x, count);
            }
            histogram.add(x, count);
        }
    }

    fn merge(&mut self, later: Self, kind: NumberKind) {
        match later {
            Self::Exact(values) => values.into_iter().for_each(|x| self.add(x, 1, kind)),
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
            values.into_iter().for_each(|x| self.add(x, 1, kind));
        }
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The mean of `values` and the sum of their squared distances to it.
fn two_pass(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let sum: f64 = values.iter().sum();
    // A sum beyond all numbers may still have a mean.
    let mean = if sum.is_finite() { sum / n } else { values.iter().map(|x| x / n).sum() };
    (mean, values.iter().map(|x| (x - mean) * (x - mean)).sum())
}
