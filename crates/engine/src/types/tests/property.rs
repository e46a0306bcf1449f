//! What must hold for any column: the promises of `types/mod.rs`, on columns of many kinds.

use proptest::prelude::*;

use super::super::{Format, TypePolicy, decide};
use super::{decide_and_check, shapes};

/// One way of writing cells.
fn kind() -> impl Strategy<Value = String> {
    let digits = "-?[1-9][0-9]{0,5}";
    prop::sample::select(vec![
        digits.to_owned(),
        "-?[0-9]{1,3}".to_owned(),
        "[1-9][0-9]{15,22}".to_owned(),
        "[0-9]{36,40}".to_owned(),
        "0[0-9]{1,5}".to_owned(),
        r"-?[0-9]{1,3}\.[0-9]{2}".to_owned(),
        r"-?(0|[1-9][0-9]{0,4})\.[0-9]{1,4}".to_owned(),
        r"-?(0|[1-9][0-9]{0,4}),[0-9]{1,4}".to_owned(),
        r"(0|[1-9][0-9]{0,2})\.0".to_owned(),
        r"0\.[0-9]{14,19}".to_owned(),
        r"[1-9][0-9]{0,25}\.[0-9]{1,30}".to_owned(),
        r"0\.[0-9]{30,38}".to_owned(),
        "-?[1-9][0-9]{0,2}(,[0-9]{3}){0,3}".to_owned(),
        r"-?[1-9][0-9]{0,2}(\.[0-9]{3}){0,3}".to_owned(),
        r"-?[1-9][0-9]{0,2}(,[0-9]{3}){0,2}\.[0-9]{1,3}".to_owned(),
        r"-?[1-9][0-9]{0,2}(\.[0-9]{3}){0,7},[0-9]{1,3}".to_owned(),
        r"[1-9][0-9]{0,2}([ '\u{a0}\u{202f}’][0-9]{3}){0,2}([.,][0-9]{1,2})?".to_owned(),
        "[1-9][0-9]{0,2}(,[0-9]{3}){5,6}".to_owned(),
        r"-?[1-9](\.[0-9]{1,3})?[eE][+-]?[0-9]{1,3}".to_owned(),
        r"-?[1-9](\.[1-9])?e[+-][0-9]{2}".to_owned(),
        "-?[1-9][0-9]?(000)?(e[3-9]|e-[5-9]|e[+]0[5-9])?".to_owned(),
        r"[1-9](\.[0-9]{1,3})?E-?[0-9]{1,2}|[1-9][0-9]{0,7}\.0".to_owned(),
        r"0\.0{0,6}[1-9]{1,3}|[1-9][0-9]?e-0?[3-7]|[0-9]{1,2}0{0,6}".to_owned(),
        "-?0(\\.0{1,3})?".to_owned(),
        r"-0\.0{3}|-?(0|[1-9][0-9]{0,3})\.[0-9]{3}".to_owned(),
        r"-0,00|[1-9][0-9]{0,12},[0-9]{2}".to_owned(),
        r"-?0\.0{5,16}|0\.[0-9]{14,16}".to_owned(),
        r"20[0-9]{2}-[01][0-9]-[0-3][0-9]".to_owned(),
        r"20[0-9]{2}[-/.][1-9]{1,2}[-/.][1-9]{1,2}".to_owned(),
        r"[0-3]?[0-9]/[01]?[0-9]/20[0-9]{2}".to_owned(),
        r"0[1-9]/0[1-9]/2024".to_owned(),
        r"[0-3][0-9]\.[01][0-9]\.[0-9]{2}".to_owned(),
        r"[1-9]-(Jan|May|JAN|MAY|May|March|jul)-(20)?24".to_owned(),
        r"(Jan|May|January|DEC|DECEMBER) [0-3]?[0-9],? 2024".to_owned(),
        r"[0-2]?[0-9]:[0-6][0-9](:[0-5][0-9](\.[0-9]{1,7})?)?".to_owned(),
        r"1?[0-9]:[0-5][0-9](:[0-5][0-9])?( ?[AP]M| ?[ap]m)".to_owned(),
        r"2024-0[1-9]-[12][0-9][T ]1[0-9]:30(:15)?(Z|[+-]0[0-3]:?[03]0|\+02| \+0100)?".to_owned(),
        r"2024-01-[12][0-9] 1?[0-9]:30:15\.[0-9]{1,3}".to_owned(),
        r"2024-01-31T00:00:00(\.[0-9]{3})?Z".to_owned(),
        r"0[1-9]/0[1-9]/2024 12:00".to_owned(),
        "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}".to_owned(),
        "[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-A[0-9A-F]{3}-[0-9]{12}".to_owned(),
        "true|false".to_owned(),
        "TRUE|False".to_owned(),
        "Y|N".to_owned(),
        "yes|no|si|n".to_owned(),
        "NA|-|null|\\\\N|NaN|\\?|".to_owned(),
        "[+$€ ]?[0-9]{1,3}[% .]?".to_owned(),
        r"[0-9.,:/eE+ T'Z-]{0,12}".to_owned(),
        "[ -~]{0,30}".to_owned(),
    ])
}

/// Cells written in one way.
fn cells_of_one_kind(most: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
    kind().prop_flat_map(move |kind| {
        let cell = prop::string::string_regex(&kind).expect("a kind is a regular expression");
        prop::collection::vec(cell.prop_map(String::into_bytes), 1..most)
    })
}

/// A column: mostly of one kind, with cells of up to three others.
fn column() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let others = prop::collection::vec(cells_of_one_kind(4), 0..3);
    (cells_of_one_kind(60), others).prop_map(|(mut cells, others)| {
        cells.extend(others.into_iter().flatten());
        cells
    })
}

fn policy() -> impl Strategy<Value = TypePolicy> {
    prop::sample::select(vec![0.99, 1.0, 0.5, 0.1]).prop_map(|threshold| TypePolicy { threshold })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn accepted_cells_come_back_and_counts_are_exact(cells in column(), policy in policy()) {
        decide_and_check(&cells, &policy);
    }

    #[test]
    fn parts_of_a_column_decide_as_the_whole(cells in column(), cuts in prop::collection::vec(0_usize..80, 0..4)) {
        let whole = shapes(cells.iter().map(Vec::as_slice));
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(cells.len())).collect();
        cuts.extend([0, cells.len()]);
        cuts.sort_unstable();
        let part = |at: &[usize]| shapes(cells[at[0]..at[1]].iter().map(Vec::as_slice));
        let mut from_left = super::Shapes::new();
        let mut from_right = super::Shapes::new();
        for at in cuts.windows(2) {
            from_left.merge(&part(at));
        }
        for at in cuts.windows(2).rev() {
            let mut earlier = part(at);
            earlier.merge(&from_right);
            from_right = earlier;
        }
        let policy = TypePolicy::default();
        prop_assert_eq!(decide(&from_left, &policy), decide(&whole, &policy));
        prop_assert_eq!(decide(&from_right, &policy), decide(&whole, &policy));
        prop_assert_eq!(from_left.cells(), cells.len() as u64);
    }

    #[test]
    fn any_bytes_are_a_column(cells in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20)) {
        decide_and_check(&cells, &TypePolicy { threshold: 0.01 });
    }

    #[test]
    fn the_type_of_one_column_reads_any_cell_of_another(one in column(), other in column()) {
        let decision = decide(&shapes(one.iter().map(Vec::as_slice)), &TypePolicy { threshold: 0.1 });
        let format = Format::new(&decision.column_type).expect("a decided type can be read");
        for cell in &other {
            if let Some(value) = format.parse(cell) {
                let mut text = Vec::new();
                format.write(&value, &mut text);
                prop_assert_eq!(&text, cell, "{:?}", decision.column_type);
            }
        }
    }
}
