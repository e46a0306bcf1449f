//! Types: the cells that a decision counts as of its type are those that the format reads and writes back.

use csvp_engine::types::{Format, Looks, Shapes, TypePolicy, decide};

use crate::choices::Choices;

pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let policy = TypePolicy { threshold: choices.one_of(&[0.99, 1.0, 0.5, 0.1]) };
    let repeat = choices.one_of(&[1, 1, 150]);
    let cut = choices.below(256);
    let mut cells: Vec<&[u8]> = choices.text().split(|&byte| byte == b'\n').collect();
    // A column of one kind with rare others.
    let first = cells[0];
    cells.extend(std::iter::repeat_n(first, repeat - 1));

    let whole = one_by_one(&cells);
    let decision = decide(&whole, &policy);
    let (front, back) = cells.split_at(cut.min(cells.len()));
    let (mut merged, later) = (one_by_one(front), by_looks(back));
    merged.merge(&later);
    assert_eq!(decide(&merged, &policy), decision, "cut at {cut}");

    let format = Format::new(&decision.column_type).expect("a decided type can be read");
    let (mut nulls, mut exceptions) = (0, 0);
    for cell in &cells {
        if cell.is_empty() || decision.null_words.iter().any(|word| word.as_bytes() == *cell) {
            nulls += 1;
        } else if let Some(value) = format.parse(cell) {
            let mut text = Vec::new();
            format.write(&value, &mut text);
            assert_eq!(text, *cell, "{value:?} of {:?}", decision.column_type);
        } else {
            exceptions += 1;
        }
    }
    assert_eq!((nulls, exceptions), (decision.nulls, decision.exceptions), "{decision:?}");
}

fn one_by_one(cells: &[&[u8]]) -> Shapes {
    let mut shapes = Shapes::new();
    cells.iter().for_each(|cell| shapes.add(cell));
    shapes
}

fn by_looks(cells: &[&[u8]]) -> Shapes {
    let (mut looks, mut shapes) = (Looks::new(), Shapes::new());
    for cell in cells {
        looks.add(cell, &mut shapes);
    }
    looks.flush(&mut shapes);
    shapes
}
