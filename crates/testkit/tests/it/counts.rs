//! Every case, some times over, counted in small pieces: as many records as the check finds.

use csvp_engine::{Check, Count, Limits, Settings};
use csvp_testkit::corpus::cases;

#[test]
fn every_case_is_counted_as_it_is_checked() {
    for case in cases() {
        let bytes = case.bytes().repeat(20);
        for (block_bytes, tail_bytes) in [(64, 200), (1_000, 100)] {
            let limits = Limits { detect_bytes: 500, block_bytes, tail_bytes, ..case.settings().limits };
            let settings = Settings { limits, ..case.settings() };
            let mut check = Check::new(settings.clone()).expect("settings of the case are good");
            // An archive may end before its second copy begins; then both stop.
            let checked = check.push(&bytes).and_then(|()| check.finish());
            for threads in 1..4 {
                let mut count = Count::new(settings.clone()).expect("settings of the case are good");
                let read_at = |buffer: &mut [u8], at: u64| {
                    let rest = &bytes[bytes.len().min(at as usize)..];
                    let n = rest.len().min(buffer.len());
                    buffer[..n].copy_from_slice(&rest[..n]);
                    Ok(n)
                };
                let counted = count.read(&read_at, bytes.len() as u64, threads).and_then(|()| count.finish());
                let (Ok(counted), Ok(checked)) = (&counted, &checked) else {
                    assert_eq!(counted.is_ok(), checked.is_ok(), "case {}", case.name());
                    continue;
                };
                let expected = &checked.report.counts;
                assert_eq!(
                    (counted.data_records, &counted.skipped),
                    (expected.data_records(), &expected.skipped),
                    "case {}, {threads} threads",
                    case.name()
                );
            }
        }
    }
}
