//! The Parquet file: types, metadata, row groups.

use arrow::array::Array;
use arrow::datatypes::{DataType, TimeUnit};
use bytes::Bytes;
use csvp_convert::parquet::{COLUMNS_KEY, NULL_WORDS_KEY, REPORT_VERSION_KEY, TYPE_KEY};
use csvp_convert::{FileKind, ParquetOutput};
use csvp_engine::{Check, Limits, OnBad, Policy, Second, Settings};
use csvp_report::ColumnType;
use parquet::basic::{Compression, LogicalType};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;

use crate::support::convert;

const ORDERS: &str = "\
id,customer,price,ratio,paid,ordered,at,shipped,local,key
1,Müller,1.50,1.5e+16,yes,31.12.2023,12:30:00,2024-01-01T10:00:00Z,2024-01-01 10:00:00,0189a3c2-5b1f-7c3e-8d4a-1f2e3d4c5b6a
2,\"a \"\"b\"\", c\",20.00,2e-05,no,01.01.2024,23:59:59,2024-06-01T10:00:01Z,2024-01-01 10:00:01,0189a3c2-5b1f-7c3e-8d4a-1f2e3d4c5b6b
3,,,32.5,yes,13.02.2024,00:00:00,,2024-01-01 10:00:02,0189a3c2-5b1f-7c3e-8d4a-1f2e3d4c5b6c
";

#[test]
fn each_type_has_its_parquet_type_and_its_written_format() {
    let written = convert(ORDERS.as_bytes(), Settings::default());
    let batch = written.batch();
    let types: Vec<&DataType> = batch.schema_ref().fields().iter().map(|field| field.data_type()).collect();
    let expected = [
        DataType::Int64,
        DataType::Utf8,
        DataType::Decimal128(4, 2),
        DataType::Float64,
        DataType::Boolean,
        DataType::Date32,
        DataType::Time64(TimeUnit::Microsecond),
        DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::FixedSizeBinary(16),
    ];
    assert_eq!(types, expected.iter().collect::<Vec<_>>());
    for (field, column) in batch.schema_ref().fields().iter().zip(&written.report.columns) {
        let column_type: ColumnType = serde_json::from_str(&field.metadata()[TYPE_KEY]).unwrap();
        assert_eq!((field.name(), &column_type), (&column.name, &column.column_type));
        assert!(field.is_nullable() && field.metadata().contains_key(NULL_WORDS_KEY));
    }
    let reader = SerializedFileReader::new(written.parquet()).unwrap();
    let file = reader.metadata().file_metadata();
    let uuid = file.schema_descr().column(9);
    assert_eq!(uuid.logical_type_ref(), Some(&LogicalType::Uuid));
    let metadata = file.key_value_metadata().unwrap();
    let value = |key: &str| metadata.iter().find(|kv| kv.key == key).and_then(|kv| kv.value.clone()).unwrap();
    assert_eq!(value(REPORT_VERSION_KEY), csvp_report::REPORT_VERSION.to_string());
    let columns: serde_json::Value = serde_json::from_str(&value(COLUMNS_KEY)).unwrap();
    assert_eq!(columns[2]["type"]["kind"], "decimal");
    assert!(
        reader.metadata().row_group(0).column(0).offset_index_offset().is_some(),
        "a page index is there"
    );
}

#[test]
fn equal_records_give_equal_bytes() {
    let once = convert(ORDERS.as_bytes(), Settings::default());
    let again = convert(ORDERS.as_bytes(), Settings::default());
    assert_eq!(once.parquet(), again.parquet());
}

#[test]
fn any_number_of_threads_writes_the_same_file() {
    let text: String = std::iter::once("id,name,price,day\n".to_owned())
        .chain(
            (0..40_000)
                .map(|id| format!("{id},name {},{}.25,2024-01-0{}\n", id % 7, id * id % 99_991, 1 + id % 9)),
        )
        .collect();
    let mut check = Check::new(Settings::default()).unwrap();
    check.push(text.as_bytes()).unwrap();
    let plan = check.finish().unwrap().plan;
    let write = |threads| {
        let output = ParquetOutput::with_groups(plan.schema(), Vec::new(), 15_000, usize::MAX).unwrap();
        let mut second = Second::new(&plan, output.with_threads(threads)).unwrap().with_threads(threads);
        second.push(text.as_bytes()).unwrap();
        second.finish().unwrap().1.finish().unwrap()
    };
    let alone = write(1);
    assert!(alone.len() > 5_000, "{} bytes", alone.len());
    assert!(alone == write(2) && alone == write(3), "threads change the file");
}

#[test]
fn only_files_that_gain_by_it_are_compressed() {
    let compression = |n: u32| {
        let text: String = std::iter::once("id,name\n".to_owned())
            .chain((0..n).map(|id| format!("{id},name {id}\n")))
            .collect();
        let file = convert(text.as_bytes(), Settings::default()).parquet();
        let reader = SerializedFileReader::new(file).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), i64::from(n));
        reader.metadata().row_group(0).column(1).compression()
    };
    assert_eq!(compression(30), Compression::UNCOMPRESSED);
    assert!(matches!(compression(3_000), Compression::ZSTD(_)));
}

#[test]
fn a_file_without_records_is_a_parquet_file() {
    let written = convert(b"a,b\n", Settings::default());
    let batch = written.batch();
    assert_eq!((batch.num_rows(), batch.num_columns()), (0, 2));
}

#[test]
fn row_groups_end_at_their_bounds_and_lose_nothing() {
    let text: String = std::iter::once("id,name\n".to_owned())
        .chain((0..40_000).map(|id| format!("{id},name {}\n", id % 7)))
        .collect();
    let limits = Limits { block_bytes: 4_096, ..Limits::default() };
    let mut check = Check::new(Settings { limits, ..Settings::default() }).unwrap();
    check.push(text.as_bytes()).unwrap();
    let plan = check.finish().unwrap().plan;
    let write = |rows, bytes| {
        let output = ParquetOutput::with_groups(plan.schema(), Vec::new(), rows, bytes).unwrap();
        let mut second = Second::new(&plan, output).unwrap();
        second.push(text.as_bytes()).unwrap();
        let file = second.finish().unwrap().1.finish().unwrap();
        SerializedFileReader::new(Bytes::from(file)).unwrap()
    };
    for (rows, bytes) in [(1_000, usize::MAX), (u64::MAX, 10_000)] {
        let reader = write(rows, bytes);
        let groups = reader.metadata().row_groups();
        assert!(groups.len() > 3, "{} row groups", groups.len());
        // The last block may be larger.
        assert!(groups[..groups.len() - 1].iter().all(|group| group.num_rows() < 2_000));
        assert_eq!(groups.iter().map(|group| group.num_rows()).sum::<i64>(), 40_000);
        let ids: Vec<i64> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().get_long(0).unwrap()).collect();
        assert_eq!(ids, (0..40_000).collect::<Vec<_>>());
    }
    assert_eq!(write(u64::MAX, usize::MAX).metadata().num_row_groups(), 1);
}

#[test]
fn a_repaired_cell_is_null() {
    let text: String = std::iter::once("id,amount\n".to_owned())
        .chain(
            (1..=200).map(|id| if id == 100 { "100,oops\n".to_owned() } else { format!("{id},{id}.50\n") }),
        )
        .collect();
    let policy = Policy { on_bad: OnBad::Null, ..Policy::default() };
    let written = convert(text.as_bytes(), Settings { policy, ..Settings::default() });
    assert_eq!((written.report.counts.accepted, written.report.counts.repaired), (200, 1));
    let batch = written.batch();
    assert_eq!(batch.column(1).null_count(), 1);
    assert!(batch.column(1).is_null(99));
    assert!(written.text(FileKind::Csv).contains("\n100,\n"));
    assert_eq!(written.text(FileKind::Rejects).lines().count(), 1);
}
