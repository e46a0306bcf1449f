//! The scanner: every level gives the index of the plain one, and where blocks end changes nothing.

use csvp_parse::scan::{self, Level};
use csvp_parse::{Dialect, FieldIndex, Grammar, Terminator};

use crate::choices::Choices;

pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let grammar_of = dialect(&mut choices);
    let columns = 1 + choices.below(5);
    let grammar = Grammar::new(&grammar_of, Some(columns), choices.one_of(&[1 << 16, 200, 30]));
    let eof = choices.flag();
    let step = 1 + choices.below(100);
    let text = choices.text();

    let mut expected = FieldIndex::new(columns);
    let consumed = scan::plain::index(&grammar, text, eof, &mut expected);
    for level in Level::available() {
        let mut found = FieldIndex::new(columns);
        assert_eq!(scan::index_at(level, &grammar, text, eof, &mut found), consumed, "{level:?}");
        assert_eq!(found, expected, "{level:?}");
        assert_eq!(
            in_steps(level, &grammar, columns, text, step),
            in_steps(Level::Plain, &grammar, columns, text, text.len().max(1))
        );
    }
}

/// A dialect of any kind that detection or a person may give.
pub(crate) fn dialect(choices: &mut Choices<'_>) -> Dialect {
    Dialect {
        delimiter: choices.one_of(&[&b","[..], b",", b";", b"\t", b"||"]).to_vec(),
        quote: choices.one_of(&[Some(b'"'), Some(b'"'), Some(b'\''), None]),
        escape: choices.one_of(&[None, None, None, Some(b'\\')]),
        terminator: choices.one_of(&[Terminator::Lf, Terminator::Any]),
        comment: choices.one_of(&[None, None, Some(&b"#"[..]), Some(b"//")]).map(<[u8]>::to_vec),
        skip_initial_space: choices.below(4) == 1,
        ..Dialect::default()
    }
}

/// The fields of a record, and the line of its first byte.
type Row = (u32, Vec<Vec<u8>>);
/// A fault's record, byte in the text and kind.
type FaultAt = (u32, usize, String);

/// Reads in blocks that grow by `step` bytes; what a block leaves comes again in the next one.
fn in_steps(
    level: Level,
    grammar: &Grammar,
    columns: usize,
    bytes: &[u8],
    step: usize,
) -> (Vec<Row>, Vec<FaultAt>) {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    let (mut start, mut end, mut line) = (0, 0, 0);
    loop {
        let eof = end == bytes.len();
        let block = &bytes[start..end];
        let mut index = FieldIndex::new(columns);
        let consumed = scan::index_at(level, grammar, block, eof, &mut index);
        for fault in index.faults() {
            let record = rows.len() as u32 + fault.record;
            faults.push((record, start + fault.byte as usize, format!("{:?}", fault.kind)));
        }
        for record in 0..index.n_records() {
            let fields = index.fields(grammar, block, record);
            rows.push((line + index.line(record), fields.iter().map(|field| field.to_vec()).collect()));
        }
        line += index.n_lines();
        start += consumed;
        if eof {
            assert_eq!(start, bytes.len(), "at the end nothing is left");
            return (rows, faults);
        }
        end = (end + step).min(bytes.len());
    }
}
