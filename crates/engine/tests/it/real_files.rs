//! Real files: counts that an independent reader found, and views from any place.

use std::sync::Arc;

use crate::run;
use csvp_engine::{Settings, View};

/// File, data records, columns: from the table beside the files.
const FILES: [(&str, u64, usize); 11] = [
    ("airlines.csv", 16, 2),
    ("airports.csv", 1458, 8),
    ("flights.csv", 336_776, 19),
    ("iowa-electricity.csv", 51, 3),
    ("la-riots.csv", 63, 11),
    ("planes.csv", 3322, 9),
    ("seattle-weather.csv", 1461, 6),
    ("sf-temps.csv", 8759, 2),
    ("stocks.csv", 560, 3),
    ("us-employment.csv", 120, 24),
    ("weather.csv", 26115, 15),
];

fn read(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/real").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

#[test]
fn counts_agree_with_an_independent_reader() {
    for (name, records, columns) in FILES {
        let (report, _) = run(Settings::default(), &read(name), 1 << 16);
        assert_eq!((report.counts.data_records(), report.columns.len()), (records, columns), "{name}");
        // Five pressures of weather.csv are written `1e3` among decimals such as `1012.3`: a float as readr writes it.
        assert_eq!(report.counts.rejected, 0, "{name}: {:?}", report.problems.first.first());
    }
}

#[test]
fn a_view_shows_the_same_records_from_any_place() {
    let bytes = read("weather.csv");
    let (_, plan) = run(Settings::default(), &bytes, 1 << 16);
    let plan = Arc::new(plan);
    let view = |first: u64, n: usize| {
        let mut view = View::new(Arc::clone(&plan), first, n).unwrap();
        let start = view.start_byte() as usize;
        for chunk in bytes[start..].chunks(10_000) {
            if view.push(chunk).unwrap() {
                break;
            }
        }
        (start, view.finish().unwrap())
    };
    let (_, all) = view(0, 30_000);
    assert_eq!(all.len(), 26_115);
    for first in [0, 1, 12_000, 26_110, 26_115, 40_000] {
        let (start, some) = view(first, 10);
        let expected: Vec<_> = all.iter().skip(first as usize).take(10).cloned().collect();
        assert_eq!(some, expected, "from record {first}");
        assert!(first < 20_000 || start > 1_000_000, "a late record is not read from the start");
    }
    let stored = serde_json::to_string(&*plan).unwrap();
    let plan: csvp_engine::Plan = serde_json::from_str(&stored).unwrap();
    assert!(plan.check_version().is_ok());
}
