//! A report depends on the bytes alone: not on chunks, not on where blocks end.

use crate::run;
use csvp_engine::{Check, JudgedBlock, Limits, Output, Second, Settings};
use csvp_report::{Problem, ProblemCode};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Something like a CSV file, with damage of many kinds.
pub(crate) fn files() -> impl Strategy<Value = Vec<u8>> {
    let cell = prop_oneof![
        4 => "[0-9]{1,4}", 2 => "[a-z]{0,6}", 1 => "\"[a-z,\n]{0,8}\"", 1 => "\"[a-z\"]{0,4}",
        1 => Just("2024-02-30".to_owned()), 1 => Just("é".to_owned()), 1 => Just("NA".to_owned()),
    ];
    let row = proptest::collection::vec(cell, 1..5).prop_map(|cells| cells.join(","));
    let end = prop_oneof![8 => Just("\n"), 1 => Just("\r\n"), 1 => Just("\n\n")];
    let blank = prop_oneof![4 => Just(0_usize), 1 => 1..5_usize, 1 => 50..3_000_usize];
    let blank_line = prop_oneof![Just("\n"), Just("\r\n"), Just(" \n")];
    (proptest::collection::vec((row, end), 0..500), blank, blank_line).prop_flat_map(|(rows, blank, line)| {
        let mut text: Vec<u8> =
            rows.into_iter().flat_map(|(row, end)| [row, end.to_owned()].concat().into_bytes()).collect();
        text.extend(line.repeat(blank).into_bytes());
        (
            Just(text),
            any::<prop::sample::Index>(),
            prop_oneof![Just(0xff_u8), Just(0), Just(b'"'), Just(b'a')],
            any::<bool>(),
        )
            .prop_map(|(mut text, at, byte, damage)| {
                if damage && !text.is_empty() {
                    let at = at.index(text.len());
                    text[at] = byte;
                }
                text
            })
    })
}

fn settings(detect_bytes: usize, block_bytes: usize) -> Settings {
    // The text kept back holds more records than are looked at for a footer, so that small blocks find the same one.
    let limits =
        Limits { detect_bytes, block_bytes, tail_bytes: 2_000, max_record_bytes: 200, ..Limits::default() };
    Settings { limits, ..Settings::default() }
}

/// Takes every problem of a pass: those of the blocks, and those of the file as a whole.
#[derive(Default)]
struct List(Vec<Problem>, Vec<Problem>);

impl Output for List {
    fn block(&mut self, block: &JudgedBlock<'_>) -> std::io::Result<()> {
        self.0.extend_from_slice(block.problems());
        Ok(())
    }

    fn file_problems(&mut self, problems: &[Problem]) -> std::io::Result<()> {
        self.1.extend_from_slice(problems);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A report counts the problems that a list of all of them has, and shows the first ones, however few it shows.
    #[test]
    fn what_is_only_counted_is_in_the_list(bytes in files(), shown in 0..20_usize, threads in 1..4_usize) {
        let mut settings = settings(1_000, 64);
        let (whole, plan) = run(settings.clone(), &bytes, bytes.len());
        let mut second = Second::new(&plan, List::default()).unwrap();
        second.push(&bytes).unwrap();
        let (_, List(mut list, of_file)) = second.finish().unwrap();
        let mut counts = BTreeMap::<(ProblemCode, Option<u32>), u64>::new();
        for problem in list.iter().chain(&of_file) {
            *counts.entry((problem.code, problem.position.column.as_ref().map(|column| column.number))).or_default() += 1;
        }
        let said: Vec<_> = whole.problems.by_code.iter().map(|code| ((code.code, code.column), code.count)).collect();
        prop_assert_eq!(said, counts.into_iter().collect::<Vec<_>>());

        settings.limits.problems_shown = shown;
        let mut check = Check::new(settings).unwrap().with_threads(threads);
        check.push(&bytes).unwrap();
        let checked = check.finish().unwrap();
        let mut second = Second::new(&checked.plan, ()).unwrap().with_threads(threads);
        second.push(&bytes).unwrap();
        let few = second.finish().unwrap().0;
        prop_assert!(checked.needs_second_pass || checked.report == few);
        prop_assert_eq!(&few.problems.by_code, &whole.problems.by_code);
        // Problems of the file as a whole are shown in any case.
        list.truncate(shown);
        list.extend(of_file);
        let in_order = |problems: &[Problem]| {
            let mut words: Vec<String> = problems.iter().map(|problem| format!("{problem:?}")).collect();
            words.sort_unstable();
            words
        };
        prop_assert_eq!(in_order(&few.problems.first), in_order(&list));
    }

    #[test]
    fn chunks_and_blocks_do_not_matter(
        bytes in files(), chunk in 1..50_usize, detect_bytes in prop_oneof![Just(1_usize), Just(64), Just(1_000)],
    ) {
        let (whole, _) = run(settings(detect_bytes, 1 << 20), &bytes, bytes.len());
        let (bytewise, _) = run(settings(detect_bytes, 1 << 20), &bytes, 1);
        prop_assert_eq!(&whole, &bytewise);
        let (small_blocks, plan) = run(settings(detect_bytes, 64), &bytes, chunk);
        prop_assert_eq!(&whole, &small_blocks);
        for threads in [2, 3] {
            let mut check = Check::new(settings(detect_bytes, 64)).unwrap().with_threads(threads);
            check.push(&bytes).unwrap();
            let checked = check.finish().unwrap();
            prop_assert_eq!(&checked.report, plan.report(), "{} threads", threads);
            let mut second = Second::new(&checked.plan, ()).unwrap().with_profiles().with_threads(threads);
            second.push(&bytes).unwrap();
            prop_assert_eq!(&whole, &second.finish().unwrap().0, "{} threads", threads);
        }
        prop_assert!(bytes.len() < 6_000 || plan.n_blocks() > 10, "{} blocks", plan.n_blocks());
    }

    #[test]
    fn every_record_is_accounted_for(bytes in files()) {
        let (report, _) = run(settings(64, 256), &bytes, bytes.len());
        let counts = report.counts;
        prop_assert_eq!(counts.accepted + counts.rejected + counts.skipped.total(), counts.records);
    }
}
