//! The reader and the writer: what the `csv` crate writes we read as it does, and both read what we write.

use csvp_parse::{Dialect, Grammar, reader, writer};

use crate::choices::Choices;

type Table = Vec<Vec<Vec<u8>>>;

pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let columns = 1 + choices.below(6);
    let delimiter = choices.one_of(b",;\t|");
    let table = table(choices.text(), columns);

    let mut theirs = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    let mut ours = Vec::new();
    for row in &table {
        theirs.write_record(row).expect("all records have one length");
        writer::write_record(&mut ours, row.iter().map(Vec::as_slice), delimiter);
    }
    let theirs = theirs.into_inner().expect("writing to memory does not fail");
    for (who, bytes) in [("the csv crate", &theirs), ("we", &ours)] {
        assert_eq!(read(bytes, columns, delimiter), table, "we read what {who} wrote");
        // The csv crate takes a byte order mark for no part of the first field.
        if !bytes.starts_with(b"\xef\xbb\xbf") {
            assert_eq!(read_as_they_do(bytes, delimiter), table, "the csv crate reads what {who} wrote");
        }
    }
}

/// Whole records of cells of any bytes; NUL separates the cells of the input.
fn table(text: &[u8], columns: usize) -> Table {
    let cells: Vec<Vec<u8>> = text.split(|&byte| byte == 0 || byte == b'~').map(<[u8]>::to_vec).collect();
    cells.chunks_exact(columns).map(<[Vec<u8>]>::to_vec).collect()
}

fn read(bytes: &[u8], columns: usize, delimiter: u8) -> Table {
    let dialect = Dialect { delimiter: vec![delimiter], ..Dialect::default() };
    let grammar = Grammar::new(&dialect, Some(columns), 1 << 20);
    reader::records(&grammar, bytes)
        .map(|row| row.into_iter().map(std::borrow::Cow::into_owned).collect())
        .collect()
}

fn read_as_they_do(bytes: &[u8], delimiter: u8) -> Table {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(bytes);
    let row = |row: csv::ByteRecord| row.iter().map(<[u8]>::to_vec).collect();
    reader.byte_records().map(|found| row(found.expect("all records have one length"))).collect()
}
