//! The report: the same for any chunks, blocks and threads; its counts add up and its places are inside the file.

use csvp_engine::{Limits, Settings};
use csvp_report::{ProblemCode, Report};

use crate::choices::Choices;
use crate::decode::is_packed;
use crate::files::{both, first, reconcile, small_limits};

pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let chunk = 1 + choices.below(50);
    let limits = Limits { detect_bytes: choices.one_of(&[1 << 16, 1, 64, 1_000]), ..small_limits() };
    let threads = 1 + choices.below(3);
    let way = choices.below(4);
    let bytes = choices.text();
    if is_packed(bytes) {
        return;
    }
    let settings =
        |block_bytes| Settings { limits: Limits { block_bytes, ..limits.clone() }, ..Settings::default() };

    // One other way for each input: the fuzzer chooses the ways as it chooses bytes, and comes further in its time.
    if way == 3 {
        let one = first(&settings(64), bytes, bytes.len(), 1).map(|found| found.0);
        let several = first(&settings(64), bytes, chunk, 1 + threads).map(|found| found.0);
        return assert_eq!(one, several, "{} threads", 1 + threads);
    }
    let whole = both(&settings(1 << 14), bytes, bytes.len(), 1, ()).map(|found| found.0);
    let (block_bytes, chunk, threads) =
        [(1 << 14, chunk, threads), (64, bytes.len(), threads), (64, chunk, 1)][way];
    let other = both(&settings(block_bytes), bytes, chunk, threads, ()).map(|found| found.0);
    assert_eq!(whole, other, "blocks of {block_bytes}, chunks of {chunk}, {threads} threads");
    if let Ok(report) = whole {
        reconcile(&report);
        places(&report, bytes);
    }
}

/// Problems stand inside the file and, where the cell is plain UTF-8, at the value that they quote.
fn places(report: &Report, bytes: &[u8]) {
    let is_plain = report.encoding.name == "UTF-8";
    let quote = report.dialect.quote.clone().unwrap_or_default();
    for problem in &report.problems.first {
        let at = &problem.position;
        assert!(at.byte <= bytes.len() as u64, "{problem:?}");
        assert!(at.line >= 1 && at.line <= report.counts.lines + 1, "{problem:?}");
        let cell = problem.value.as_deref().filter(|value| {
            is_plain
                && problem.code == ProblemCode::TypeMismatch
                && (quote.is_empty() || !value.contains(&quote))
                && value.chars().count() < 200
        });
        if let (Some(value), Some(byte)) = (cell, at.column.as_ref().and_then(|column| column.byte)) {
            let there = String::from_utf8_lossy(&bytes[byte as usize..]);
            let blanks = there.trim_start_matches([' ', '\t']);
            let is_there = [&there[..], blanks].into_iter().any(|there| {
                there.starts_with(value)
                    || there.strip_prefix(&*quote).is_some_and(|inside| inside.starts_with(value))
            });
            assert!(is_there || value.contains('\\') || value.contains('\u{fffd}'), "{problem:?}");
        }
    }
}
