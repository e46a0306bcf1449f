//! How many different values there are: exact while they are few, then HyperLogLog.

/// Different values that are counted exactly. Above, the count is an estimate.
pub(super) const EXACT_LIMIT: usize = 3_000;
const MAX_SLOTS: usize = 4_096;
const MIN_SLOTS: usize = 16;

/// Bits of the hash that choose the register: 2^14 registers of one byte.
const REGISTER_BITS: u32 = 14;
const REGISTERS: usize = 1 << REGISTER_BITS;
/// Bits of the hash that are left for the rank.
const RANK_BITS: usize = 64 - REGISTER_BITS as usize;

/// Relative standard error of the estimate: 1.04 / sqrt(registers) (Flajolet et al. 2007).
pub(super) const STANDARD_ERROR: f64 = 1.04 / 128.0;

/// A count of different 64-bit hashes; at most 32 KiB.
///
/// The exact part compares hashes, not values: that two of 3,000 values share one has a chance of about 1 in
/// 4 * 10^12. The result depends on the set of hashes only, not on their order or on how they were merged.
#[derive(Debug, Clone)]
pub(super) enum Distinct {
    /// A hash set with open addressing; 0 is a free slot.
    Exact { slots: Vec<u64>, n: usize },
    /// Registers of a HyperLogLog.
    Estimate { registers: Vec<u8> },
}

impl Distinct {
    pub(super) fn new() -> Self {
        Self::Exact { slots: Vec::new(), n: 0 }
    }

    pub(super) fn add(&mut self, hash: u64) {
        match self {
            Self::Estimate { registers } => register(registers, hash),
            Self::Exact { slots, n } => {
                if *n * 4 >= slots.len() * 3 && slots.len() < MAX_SLOTS {
                    grow(slots);
                }
                if insert(slots, hash) {
                    *n += 1;
                    if *n > EXACT_LIMIT {
                        self.estimate();
                    }
                }
            }
        }
    }

    pub(super) fn merge(&mut self, later: Self) {
        match later {
            Self::Exact { slots, .. } => {
                slots.into_iter().filter(|hash| *hash != 0).for_each(|hash| self.add(hash))
            }
            Self::Estimate { registers: theirs } => {
                self.estimate();
                if let Self::Estimate { registers } = self {
                    registers.iter_mut().zip(theirs).for_each(|(ours, theirs)| *ours = theirs.max(*ours));
                }
            }
        }
    }

    /// The count, and its relative standard error when it is an estimate.
    pub(super) fn finish(&self) -> (u64, Option<f64>) {
        match self {
            Self::Exact { n, .. } => (*n as u64, None),
            Self::Estimate { registers } => {
                (cardinality(registers).round().max(EXACT_LIMIT as f64 + 1.0) as u64, Some(STANDARD_ERROR))
            }
        }
    }

    /// Gives up exactness.
    fn estimate(&mut self) {
        if let Self::Exact { slots, .. } = self {
            let mut registers = vec![0; REGISTERS];
            slots.iter().filter(|hash| **hash != 0).for_each(|hash| register(&mut registers, *hash));
            *self = Self::Estimate { registers };
        }
    }
}

/// Inserts a hash into a table with at least one free slot; true when it is new.
fn insert(slots: &mut [u64], hash: u64) -> bool {
    let hash = hash.max(1);
    let mask = slots.len() - 1;
    let mut at = hash as usize & mask;
    loop {
        match slots[at] {
            0 => {
                slots[at] = hash;
                return true;
            }
            other if other == hash => return false,
            _ => at = (at + 1) & mask,
        }
    }
}

fn grow(slots: &mut Vec<u64>) {
    let mut larger = vec![0; (slots.len() * 2).max(MIN_SLOTS)];
    slots.iter().filter(|hash| **hash != 0).for_each(|hash| {
        insert(&mut larger, *hash);
    });
    *slots = larger;
}

fn register(registers: &mut [u8], hash: u64) {
    let at = (hash >> RANK_BITS) as usize;
    // The guard bit ends the run of zeros, so that the rank is at most RANK_BITS + 1.
    let rank = ((hash << REGISTER_BITS) | (1 << (REGISTER_BITS - 1))).leading_zeros() as u8 + 1;
    registers[at] = registers[at].max(rank);
}

/// The improved raw estimator of Ertl ("New cardinality estimation algorithms for HyperLogLog sketches",
/// 2017, algorithm 6): without bias from 0 to 2^64, and without tables.
fn cardinality(registers: &[u8]) -> f64 {
    let mut counts = [0u32; RANK_BITS + 2];
    registers.iter().for_each(|rank| counts[usize::from(*rank)] += 1);
    let m = REGISTERS as f64;
    let mut z = m * tau(1.0 - f64::from(counts[RANK_BITS + 1]) / m);
    for rank in (1..=RANK_BITS).rev() {
        z = 0.5 * (z + f64::from(counts[rank]));
    }
    z += m * sigma(f64::from(counts[0]) / m);
    m * m / (2.0 * std::f64::consts::LN_2 * z)
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash::hash64;
    use super::*;

    fn of(range: std::ops::Range<u64>) -> Distinct {
        let mut distinct = Distinct::new();
        range.for_each(|n| distinct.add(hash64(&n.to_le_bytes())));
        distinct
    }

    #[test]
    fn few_are_exact_and_many_are_within_the_error() {
        for n in [0, 1, 2, 15, 16, 17, 2_999, 3_000] {
            assert_eq!(of(0..n).finish(), (n, None));
        }
        for n in [3_001, 10_000, 50_000, 300_000, 2_000_000] {
            let (found, error) = of(0..n).finish();
            let off = (found as f64 - n as f64).abs() / n as f64;
            assert_eq!(error, Some(STANDARD_ERROR));
            assert!(off < 3.0 * STANDARD_ERROR, "{n} different values, estimated {found}");
        }
    }

    #[test]
    fn merging_equals_adding_whatever_the_sizes() {
        for (split, end) in [(10, 20), (2_000, 2_500), (2_000, 5_000), (5_000, 5_100), (20_000, 90_000)] {
            let mut merged = of(0..split);
            merged.merge(of(split / 2..end));
            assert_eq!(merged.finish(), of(0..end).finish(), "{split} of {end}");
        }
    }
}
