//! Quantiles with a bound on their relative error.

/// Bins of both signs together.
const MAX_BINS: i64 = 2_048;
/// ln(gamma) for a relative error of 1 %: gamma = (1 + 0.01) / (1 - 0.01) (DDSketch, lemma 2).
const LN_GAMMA: f64 = 0.020_000_666_706_669_435;
/// Bins per octave of `approximate_log2`, whose slope over ln(x) is never below 10/7.
const BINS_PER_OCTAVE: f64 = 7.0 / (10.0 * LN_GAMMA);

/// A DDSketch (Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
/// guarantees", 2019); at most 16 KiB.
///
/// Bins grow by a constant factor. Where the values span more orders of magnitude than there are bins for (17
/// at 1 %), neighbouring bins are joined and the error about doubles, as in UDDSketch (Epicoco et al. 2020):
/// the error is always known and the same for all quantiles. The result depends on the set of values only.
/// The logarithm is a polynomial of the bits of the number, so that it is the same on every machine.
#[derive(Debug, Clone, Default)]
pub(super) struct Sketch {
    positive: Bins,
    negative: Bins,
    zeros: u64,
    /// How often neighbours were joined.
    level: u32,
}

/// Counts of a range of neighbouring bins.
#[derive(Debug, Clone, Default)]
struct Bins {
    first: i64,
    counts: Vec<u64>,
}

impl Sketch {
    /// Adds a finite number.
    pub(super) fn add(&mut self, x: f64, count: u64) {
        let bins = match x.partial_cmp(&0.0) {
            Some(std::cmp::Ordering::Greater) => &mut self.positive,
            Some(std::cmp::Ordering::Less) => &mut self.negative,
            _ => return self.zeros += count,
        };
        let bin = bin_of(x.abs()) >> self.level;
        if let Some(counted) = bins.counts.get_mut((bin - bins.first) as usize) {
            *counted += count;
            return;
        }
        bins.reserve(bin, bin);
        bins.counts[(bin - bins.first) as usize] += count;
        self.shrink();
    }

    pub(super) fn merge(&mut self, mut later: Self) {
        let level = self.level.max(later.level);
        self.coarsen(level);
        later.coarsen(level);
        self.zeros += later.zeros;
        self.positive.add(&later.positive);
        self.negative.add(&later.negative);
        self.shrink();
    }

    /// The largest relative error of a quantile.
    pub(super) fn relative_error(&self) -> f64 {
        let gamma = (LN_GAMMA * f64::from(1u32 << self.level.min(31))).exp();
        if gamma.is_finite() { (gamma - 1.0) / (gamma + 1.0) } else { 1.0 }
    }

    /// The value at a rank from 0 among all values in ascending order.
    pub(super) fn at_rank(&self, mut rank: u64) -> f64 {
        for (bin, count) in self.negative.iter().rev() {
            if rank < count {
                return -self.middle(bin);
            }
            rank -= count;
        }
        if rank < self.zeros {
            return 0.0;
        }
        rank -= self.zeros;
        let mut found = 0.0;
        for (bin, count) in self.positive.iter() {
            found = self.middle(bin);
            if rank < count {
                break;
            }
            rank -= count;
        }
        found
    }

    /// The value of a bin from which both its ends have the same relative distance.
    fn middle(&self, bin: i64) -> f64 {
        let (low, high) = (lower_end(bin << self.level), lower_end((bin + 1) << self.level));
        // 2 * low * high / (low + high), in an order that neither overflows nor divides 0 by 0.
        if low > 0.0 { low * (high / (0.5 * low + 0.5 * high)) } else { low }
    }

    fn shrink(&mut self) {
        while (self.positive.counts.len() + self.negative.counts.len()) as i64 > MAX_BINS {
            self.coarsen(self.level + 1);
        }
    }

    fn coarsen(&mut self, level: u32) {
        if level > self.level {
            self.positive.join(level - self.level);
            self.negative.join(level - self.level);
            self.level = level;
        }
    }
}

impl Bins {
    fn iter(&self) -> impl DoubleEndedIterator<Item = (i64, u64)> {
        self.counts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(at, n)| (self.first + at as i64, *n))
    }

    /// Makes room for the bins from `low` to `high`, these among them.
    fn reserve(&mut self, low: i64, high: i64) {
        if self.counts.is_empty() {
            self.first = low;
        }
        if low < self.first {
            let more = (self.first - low) as usize;
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.first = low;
        }
        let len = (high - self.first + 1) as usize;
        if len > self.counts.len() {
            self.counts.resize(len, 0);
        }
    }

    fn add(&mut self, other: &Self) {
        if let Some(last) = other.counts.len().checked_sub(1) {
            self.reserve(other.first, other.first + last as i64);
            for (bin, count) in other.iter() {
                self.counts[(bin - self.first) as usize] += count;
            }
        }
    }

    fn join(&mut self, levels: u32) {
        let mut joined = Self::default();
        for (bin, count) in self.iter() {
            joined.reserve(bin >> levels, bin >> levels);
            joined.counts[((bin >> levels) - joined.first) as usize] += count;
        }
        *self = joined;
    }
}

fn bin_of(x: f64) -> i64 {
    floor(approximate_log2(x) * BINS_PER_OCTAVE)
}

/// The largest whole number that is not above x; without a call into the C library, unlike [`f64::floor`].
pub(super) fn floor(x: f64) -> i64 {
    let whole = x as i64;
    whole.saturating_sub(i64::from(whole as f64 > x))
}

/// log2 of a positive number to within 1 %: the exponent, plus a cubic polynomial of the fraction that is
/// continuous where octaves meet (the cubically interpolated mapping of DataDog's sketches).
fn approximate_log2(x: f64) -> f64 {
    const FRACTION: u64 = (1 << 52) - 1;
    let bits = x.to_bits();
    let exponent = (bits >> 52) as i64 - 1_023;
    let s = f64::from_bits((bits & FRACTION) | 1.0f64.to_bits()) - 1.0;
    exponent as f64 + polynomial(s)
}

fn polynomial(s: f64) -> f64 {
    const A: f64 = 6.0 / 35.0;
    const B: f64 = -3.0 / 5.0;
    const C: f64 = 10.0 / 7.0;
    ((A * s + B) * s + C) * s
}

/// The smallest number of a bin.
fn lower_end(bin: i64) -> f64 {
    let log = bin as f64 / BINS_PER_OCTAVE;
    let exponent = log.floor();
    let (mut low, mut high) = (0.0, 1.0);
    // Halving 60 times is exact to the last bit of the fraction.
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if polynomial(middle) < log - exponent {
            low = middle;
        } else {
            high = middle;
        }
    }
    ((1.0 + high) * 2.0f64.powi(exponent as i32)).min(f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f64], worst_error: f64) {
        let mut whole = Sketch::default();
        values.iter().for_each(|x| whole.add(*x, 1));
        let mut merged = Sketch::default();
        for chunk in values.chunks(values.len() / 7 + 1) {
            let mut part = Sketch::default();
            chunk.iter().for_each(|x| part.add(*x, 1));
            merged.merge(part);
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let error = whole.relative_error();
        assert!(error <= worst_error, "error {error} with {} values", values.len());
        for percent in 0..=100 {
            let rank = percent * (values.len() - 1) / 100;
            let (found, exact) = (whole.at_rank(rank as u64), sorted[rank]);
            assert_eq!(found, merged.at_rank(rank as u64));
            let off = (found - exact).abs();
            assert!(off <= exact.abs() * error * 1.000_001, "{percent} %: {found} instead of {exact}");
        }
        assert!((whole.positive.counts.len() + whole.negative.counts.len()) as i64 <= MAX_BINS);
    }

    #[test]
    fn quantiles_are_within_the_error() {
        let mut state = 11u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        check(&(0..20_000).map(|_| random() * 1_000.0).collect::<Vec<_>>(), 0.010_000_1);
        check(&(0..20_000).map(|_| random() * 200.0 - 100.0).collect::<Vec<_>>(), 0.010_000_1);
        check(&(0..20_000).map(|_| (random() * 30.0).exp()).collect::<Vec<_>>(), 0.010_000_1);
        check(&(0..20_000).map(|n| f64::from(n % 10)).collect::<Vec<_>>(), 0.010_000_1);
        check(
            &(0..5_000).map(|_| ((random() - 0.5) * 80.0).exp() * (random() - 0.5)).collect::<Vec<_>>(),
            0.09,
        );
        check(&[0.0, 0.0, -0.0], 0.010_000_1);
        check(&[f64::MAX, f64::MIN, 1.0, -1.0, f64::MIN_POSITIVE], 1.0);
    }

    #[test]
    fn bins_hold_what_their_ends_say() {
        for x in [1e-9, 0.5, 0.999_999, 1.0, 1.000_1, 1.5, 2.0, 3.0, 1e6, 9.9e18] {
            let bin = bin_of(x);
            assert!(lower_end(bin) <= x * (1.0 + 1e-12) && x <= lower_end(bin + 1) * (1.0 + 1e-12), "{x}");
            assert!(lower_end(bin + 1) / lower_end(bin) <= LN_GAMMA.exp() * (1.0 + 1e-9), "{x}");
        }
    }
}
