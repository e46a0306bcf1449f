//! A histogram whose bins keep an even width while its range grows.

use csvp_report::HistogramBin;

use super::quantiles::floor;

/// Bins that are kept.
const FINE_BINS: i64 = 256;
/// Bins in the report.
const SHOWN: i64 = 20;
/// log2 of the narrowest bin: 2^-1022 is the smallest normal number, below it scaling is no longer exact.
const LEAST_WIDTH: i32 = -1_022;

/// Counts by ranges of equal width; at most 2 KiB.
///
/// The width is a power of two and bins begin at its multiples. When the values span more bins than are kept,
/// the width doubles and neighbours are joined: no count is ever split, so all counts are exact, and the
/// result depends on the set of values only.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    /// log2 of the width of a bin.
    width: i32,
    /// The smallest `width` that makes sense: 0 for whole numbers.
    least_width: i32,
    range: Option<(f64, f64)>,
    first: i64,
    counts: Vec<u64>,
}

impl Histogram {
    /// A histogram of whole numbers has no bins narrower than 1.
    pub(super) fn new(whole_numbers: bool) -> Self {
        let least_width = if whole_numbers { 0 } else { LEAST_WIDTH };
        Self { width: least_width, least_width, range: None, first: 0, counts: Vec::new() }
    }

    /// Adds a finite number.
    pub(super) fn add(&mut self, x: f64, count: u64) {
        if let Some((low, high)) = &mut self.range {
            let at = bin_of(x, self.width).wrapping_sub(self.first);
            if let Some(counted) = usize::try_from(at).ok().and_then(|at| self.counts.get_mut(at)) {
                *counted += count;
                *low = low.min(x);
                *high = high.max(x);
                return;
            }
        }
        self.include(x, x);
        let bin = bin_of(x, self.width);
        self.counts[(bin - self.first) as usize] += count;
    }

    pub(super) fn merge(&mut self, mut later: Self) {
        let Some((low, high)) = later.range else { return };
        self.include(low, high);
        // Both see the same range now, hence the same bins.
        if let Some((low, high)) = self.range {
            later.include(low, high);
        }
        self.counts.iter_mut().zip(later.counts).for_each(|(ours, theirs)| *ours += theirs);
    }

    /// At most 20 bins of equal width over the whole range. Empty when there are no values.
    pub(super) fn finish(&self) -> Vec<HistogramBin> {
        let Some((low, high)) = self.range else { return Vec::new() };
        if low == high && self.least_width != 0 {
            return vec![HistogramBin { from: low, to: high, count: self.counts.iter().sum() }];
        }
        let joined = (self.counts.len() as i64 + SHOWN - 1) / SHOWN;
        self.counts
            .chunks(joined as usize)
            .enumerate()
            .map(|(at, counts)| {
                let first = self.first + at as i64 * joined;
                HistogramBin {
                    from: lower_end(first, self.width),
                    to: lower_end(first + joined, self.width),
                    count: counts.iter().sum(),
                }
            })
            .collect()
    }

    /// Widens the range so that it holds all from `low` to `high`.
    fn include(&mut self, low: f64, high: f64) {
        let range = self.range.map_or((low, high), |(min, max)| (min.min(low), max.max(high)));
        if self.range == Some(range) {
            return;
        }
        let width = width_for(range.0, range.1, self.least_width.max(self.width));
        let (first, last) = (bin_of(range.0, width), bin_of(range.1, width));
        let mut counts = vec![0; (last - first + 1) as usize];
        for (at, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let bin = (self.first + at as i64) >> (width - self.width).min(63);
            counts[(bin - first) as usize] += count;
        }
        *self = Self { width, least_width: self.least_width, range: Some(range), first, counts };
    }
}

/// The smallest width from `width` on at which a range has few enough bins, with bin numbers that are exact.
fn width_for(low: f64, high: f64, width: i32) -> i32 {
    const EXACT: i64 = 1 << 52;
    // Start near the answer: 52 bits of the largest number.
    let exponent = (low.abs().max(high.abs()).to_bits() >> 52) as i32 - 1_023;
    let mut width = width.max(exponent - 52).max(LEAST_WIDTH);
    loop {
        let (first, last) = (bin_of(low, width), bin_of(high, width));
        // Bin numbers that are too large saturate.
        if first >= -EXACT && last <= EXACT && last - first < FINE_BINS {
            return width;
        }
        width += 1;
    }
}

fn bin_of(x: f64, width: i32) -> i64 {
    let bin = floor(x * power_of_two(-width));
    // A product too small for a number still has its sign.
    if bin == 0 && x < 0.0 { -1 } else { bin }
}

fn lower_end(bin: i64, width: i32) -> f64 {
    (bin as f64 * power_of_two(width)).clamp(f64::MIN, f64::MAX)
}

/// 2^power, for powers of normal numbers.
fn power_of_two(power: i32) -> f64 {
    debug_assert!((-1_022..=1_023).contains(&power));
    f64::from_bits(((power + 1_023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64], whole: bool) -> Histogram {
        let mut histogram = Histogram::new(whole);
        values.iter().for_each(|x| histogram.add(*x, 1));
        histogram
    }

    fn check(values: &[f64], whole: bool) -> Vec<HistogramBin> {
        let bins = of(values, whole).finish();
        for split in [0, 1.min(values.len()), values.len() / 2, values.len()] {
            let mut merged = of(&values[..split], whole);
            merged.merge(of(&values[split..], whole));
            assert_eq!(merged.finish(), bins, "split at {split}");
        }
        assert!(bins.len() <= 20);
        for (at, bin) in bins.iter().enumerate() {
            let last = at + 1 == bins.len();
            let inside = |x: f64| bin.from <= x && (x < bin.to || last && x <= bin.to);
            assert_eq!(bin.count, values.iter().filter(|x| inside(**x)).count() as u64, "{bin:?}");
        }
        assert_eq!(bins.iter().map(|bin| bin.count).sum::<u64>(), values.len() as u64);
        bins
    }

    #[test]
    fn counts_are_exact_and_bins_are_few() {
        assert_eq!(check(&[], false), []);
        let bins = check(&[1.0, 2.0, 2.0, 5.0], true);
        let found: Vec<_> = bins.iter().map(|bin| (bin.from, bin.to, bin.count)).collect();
        assert_eq!(found, [(1.0, 2.0, 1), (2.0, 3.0, 2), (3.0, 4.0, 0), (4.0, 5.0, 0), (5.0, 6.0, 1)]);
        assert_eq!(check(&[5.5, 5.5], false), [HistogramBin { from: 5.5, to: 5.5, count: 2 }]);
        check(&(0..10_000).map(|n| f64::from(n) / 100.0).collect::<Vec<_>>(), false);
        check(&(0..3_000).rev().map(|n| 1.7e15 + f64::from(n) * 1e9).collect::<Vec<_>>(), true);
        check(&[-1e300, 1e300, 0.0, 1e-300, f64::MIN_POSITIVE, f64::MAX, f64::MIN], false);
        check(&[i64::MAX as f64, i64::MIN as f64, 0.0], true);
        check(&[5e-324, 1e-310, 0.0], false);
        check(&[0.1, 0.2, 0.3, -0.1], false);
    }
}
