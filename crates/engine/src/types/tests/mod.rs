//! Columns as a whole: what is decided, and that the three parts of this module keep their promises together.

mod columns;
mod formats;
mod property;

use super::{Decision, Format, Shapes, TypePolicy, decide};

/// The shapes of a column.
fn shapes<'a>(cells: impl IntoIterator<Item = &'a [u8]>) -> Shapes {
    let mut shapes = Shapes::new();
    for cell in cells {
        shapes.add(cell);
    }
    shapes
}

/// Decides a column and holds the decision against its cells: every accepted cell is written back byte by byte, and
/// null, accepted and exceptional cells are as many as the decision says.
fn decide_and_check(cells: &[Vec<u8>], policy: &TypePolicy) -> Decision {
    let decision = decide(&shapes(cells.iter().map(Vec::as_slice)), policy);
    let format = Format::new(&decision.column_type).expect("a decided type can be read");
    let (mut nulls, mut exceptions) = (0, 0);
    for cell in cells {
        if cell.is_empty() || decision.null_words.iter().any(|word| word.as_bytes() == cell) {
            nulls += 1;
        } else if let Some(value) = format.parse(cell) {
            let mut text = Vec::new();
            format.write(&value, &mut text);
            assert_eq!(text, *cell, "{value:?} of {:?} was written as another text", decision.column_type);
        } else {
            exceptions += 1;
        }
    }
    assert_eq!((nulls, exceptions), (decision.nulls, decision.exceptions), "counts of {decision:?}");
    decision
}
