//! The whole profile against exact computation.

use csvp_report::{NumberMarks, TopValue};
use proptest::prelude::*;

use super::*;

fn integer() -> ColumnType {
    ColumnType::Integer { marks: NumberMarks::default() }
}

fn integers(values: &[i64]) -> ColumnProfile {
    let mut profile = ColumnProfile::new(&integer());
    for n in values {
        profile.add(n.to_string().as_bytes(), Some(&Value::Integer(*n)));
    }
    profile
}

/// Numbers that look random and repeat in every run.
fn random(n: usize, below: u64) -> Vec<i64> {
    let mut state = 3u64;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 20) % below) as i64
        })
        .collect()
}

#[test]
fn a_small_column_is_exact() {
    let mut profile = ColumnProfile::new(&integer());
    for (cell, n) in [("10", 10), ("9", 9), ("10", 10), ("200", 200)] {
        profile.add(cell.as_bytes(), Some(&Value::Integer(n)));
    }
    profile.add("süß".as_bytes(), None);
    profile.add_null();
    let found = profile.finish();
    assert_eq!((found.values, found.nulls, found.distinct, found.distinct_error), (5, 1, 4, None));
    assert_eq!((found.min.as_deref(), found.max.as_deref()), (Some("9"), Some("200")));
    assert_eq!(found.mean, Some(57.25));
    let deviation = found.standard_deviation.expect("there are several numbers");
    assert!((deviation - 95.167_834_201_828_23).abs() < 1e-9, "{deviation}");
    let quantiles = found.quantiles.expect("there are numbers");
    assert_eq!(
        (quantiles.p05, quantiles.p50, quantiles.p95, quantiles.relative_error),
        (9.0, 10.0, 200.0, 0.0)
    );
    assert_eq!((found.min_length, found.max_length, found.mean_length), (Some(1), Some(3), Some(2.2)));
    assert_eq!(found.top[0], TopValue { value: "10".into(), count: 2, error: 0 });
    assert_eq!(found.top.len(), 4);
    assert_eq!(found.histogram.iter().map(|bin| bin.count).sum::<u64>(), 4);
    assert_eq!(found.sorted, None);
}

#[test]
fn an_empty_column_says_nothing() {
    let found = ColumnProfile::new(&integer()).finish();
    assert_eq!(found, Profile::default());
}

#[test]
fn merged_blocks_give_the_same_as_one() {
    for (n, below) in [(900, 50), (5_000, 1_000), (60_000, 1 << 40)] {
        let values = random(n, below);
        let whole = integers(&values).finish();
        let merge = || {
            let mut merged = ColumnProfile::new(&integer());
            values.chunks(777).for_each(|chunk| merged.merge(integers(chunk)));
            merged.finish()
        };
        let merged = merge();
        assert_eq!(merged, merge(), "a second run differs");
        let (mean, deviation) = (whole.mean.expect("numbers"), whole.standard_deviation.expect("numbers"));
        assert!((merged.mean.expect("numbers") / mean - 1.0).abs() < 1e-12);
        assert!((merged.standard_deviation.expect("numbers") / deviation - 1.0).abs() < 1e-12);
        // All but these is the same, whatever the blocks.
        let same =
            |profile: Profile| Profile { mean: None, standard_deviation: None, top: Vec::new(), ..profile };
        assert_eq!(same(merged), same(whole));
    }
}

#[test]
fn of_few_values_not_even_the_last_digit_depends_on_the_blocks() {
    let whole = integers(&[42, 677, 2_814]).finish();
    for split in 0..=3 {
        let (first, second) = [42, 677, 2_814].split_at(split);
        let mut merged = integers(first);
        merged.merge(integers(second));
        assert_eq!(merged.finish(), whole, "split before value {split}");
    }
}

#[test]
fn a_long_column_is_within_the_stated_errors() {
    let mut values = random(100_000, 1_000_000);
    let found = integers(&values).finish();
    let sum: i64 = values.iter().sum();
    assert!((found.mean.expect("numbers") - sum as f64 / 100_000.0).abs() < 1e-6);
    values.sort_unstable();
    let quantiles = found.quantiles.expect("numbers");
    let pairs =
        [(quantiles.p05, 4_999), (quantiles.p25, 24_999), (quantiles.p50, 49_999), (quantiles.p95, 94_999)];
    for (estimate, rank) in pairs {
        let exact = values[rank] as f64;
        assert!(
            (estimate - exact).abs() <= exact * quantiles.relative_error,
            "{estimate} instead of {exact}"
        );
    }
    values.dedup();
    let error = found.distinct_error.expect("too many to be exact");
    let off = (found.distinct as f64 - values.len() as f64).abs() / values.len() as f64;
    assert!(off < 3.0 * error, "{} instead of {}", found.distinct, values.len());
    assert!(found.histogram.len() <= 20 && found.histogram.len() > 10);
}

#[test]
fn decimals_dates_and_texts_have_what_suits_them() {
    let decimal = ColumnType::Decimal {
        precision: 4,
        scale: 2,
        form: csvp_report::DecimalForm::Fixed,
        marks: NumberMarks::default(),
    };
    let mut profile = ColumnProfile::new(&decimal);
    profile.add(b"1.50", Some(&Value::Decimal(150)));
    profile.add(b"10.50", Some(&Value::Decimal(1_050)));
    let found = profile.finish();
    assert_eq!(
        (found.mean, found.max.as_deref(), found.sorted.as_deref()),
        (Some(6.0), Some("10.50"), Some("ascending"))
    );

    let mut profile = ColumnProfile::new(&ColumnType::Date { format: "%d.%m.%Y".into() });
    profile.add(b"31.12.2023", Some(&Value::Date(19_722)));
    profile.add(b"01.01.2024", Some(&Value::Date(19_723)));
    let found = profile.finish();
    assert_eq!((found.min.as_deref(), found.max.as_deref()), (Some("31.12.2023"), Some("01.01.2024")));
    assert_eq!((found.mean, found.quantiles, found.sorted.as_deref()), (None, None, Some("ascending")));
    assert_eq!((found.histogram[0].from, found.histogram.len()), (19_722.0, 2));

    let mut profile = ColumnProfile::new(&ColumnType::Text);
    for cell in ["ada@example.org", "bob@example.org"] {
        profile.add(cell.as_bytes(), Some(&Value::Text(cell.as_bytes())));
    }
    let found = profile.finish();
    assert_eq!(found.pii[0].kind, "email");
    assert_eq!((found.histogram, found.mean), (Vec::new(), None));
}

proptest! {
    #[test]
    fn a_batch_is_equal_to_its_plain_twin(
        blocks in prop::collection::vec(prop::collection::vec("|x|-?[0-9]{1,2}|[0-9]{1,9}", 0..600), 1..5)
    ) {
        let value = |cell: &[u8]| std::str::from_utf8(cell).unwrap().parse().ok().map(Value::Integer);
        let (mut plain, mut batched) = (ColumnProfile::new(&integer()), ColumnProfile::new(&integer()));
        for block in &blocks {
            let mut batch = Batch::new(&mut batched, block.len());
            for cell in block.iter().map(String::as_bytes) {
                if cell.is_empty() {
                    plain.add_null();
                    batch.add_null();
                } else {
                    plain.add(cell, value(cell).as_ref());
                    batch.add(cell, value);
                }
            }
            batch.finish();
        }
        let (plain, batched) = (plain.finish(), batched.finish());
        let near = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * (1.0 + a.abs()),
            (a, b) => a == b,
        };
        prop_assert!(near(plain.mean, batched.mean), "{:?} and {:?}", plain.mean, batched.mean);
        prop_assert!(near(plain.standard_deviation, batched.standard_deviation));
        // Where there are more different values than are followed, counts of top values have an error.
        let is_exact = plain.distinct <= 256;
        let rest = |profile: Profile| Profile {
            mean: None,
            standard_deviation: None,
            top: if is_exact { profile.top } else { Vec::new() },
            ..profile
        };
        prop_assert_eq!(rest(plain), rest(batched));
    }
}
