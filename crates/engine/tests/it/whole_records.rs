//! Records that are wrong as a whole, and values that are unlike the others of their column.

use csvp_engine::{Check, Settings};
use csvp_report::{ProblemCode, Report};

use crate::{check, run};

/// How many problems of a code a report has.
fn count(report: &Report, code: ProblemCode) -> u64 {
    report.problems.by_code.iter().filter(|of| of.code == code).map(|of| of.count).sum()
}

#[test]
fn a_header_that_lost_its_front_is_still_known_when_it_comes_again() {
    let records = "2008-08-01,20.09,19777000\n2008-06-30,21.12,17173500\nDay,Open,Volume\n".repeat(8);
    let report = check(format!("Open,Volume\n{records}").as_bytes());
    assert_eq!(count(&report, ProblemCode::HeaderRepeated), 8);
    assert_eq!((report.counts.accepted, report.counts.rejected), (16, 8));
    let types: Vec<String> = report.columns.iter().map(|column| column.column_type.to_string()).collect();
    assert_eq!(types, ["date %Y-%m-%d", "decimal(4,2)", "integer"]);
}

#[test]
fn totals_are_strange_only_where_they_are_rare() {
    let months = (1..=22).map(|month| format!("m{month},{}\n", month * 3)).collect::<String>();
    let rare = check(format!("month,sold\n{months}Total,759\nm23,69\n").as_bytes());
    assert_eq!(count(&rare, ProblemCode::RowTotal), 1);
    let usual = "men,3\nwomen,4\nTotal,7\n".repeat(9);
    assert_eq!(count(&check(format!("sex,n\n{usual}men,2\n").as_bytes()), ProblemCode::RowTotal), 0);
    let words = "word,meaning\n".to_owned() + &"tea,a drink\n".repeat(20) + "total,all of it\nmilk,a drink\n";
    assert_eq!(count(&check(words.as_bytes()), ProblemCode::RowTotal), 0, "no number, no total");
}

#[test]
fn single_values_are_strange_only_where_they_are_rare() {
    let full = "1,tea,Leeds\n".repeat(15);
    let rare = check(format!("id,name,city\n{full}2,,\n{full}").as_bytes());
    assert_eq!(count(&rare, ProblemCode::RowSingleValue), 1);
    let usual = check(format!("id,name,city\n{}{full}", "2,,\n".repeat(10)).as_bytes());
    assert_eq!(count(&usual, ProblemCode::RowSingleValue), 0);
    let two_columns = check(format!("id,name\n{}2,\n3,milk\n", "1,tea\n".repeat(15)).as_bytes());
    assert_eq!(count(&two_columns, ProblemCode::RowSingleValue), 0, "of two values one may be missing");
}

#[test]
fn other_spellings_of_numbers_are_not_unusual() {
    let unusual = |others: &str| {
        let numbers = (1..=50).map(|n| format!("{n},x\n")).collect::<String>();
        let last = "51,x\n";
        count(&check(format!("number,letter\n{numbers}{others}{last}").as_bytes()), ProblemCode::ValueUnusual)
    };
    assert_eq!(unusual("n/k,x\nnone at all,x\n"), 2);
    assert_eq!(unusual("007,x\n042,x\n"), 0);
    assert_eq!(unusual("+5,x\nn/k,x\n"), 0);
    assert_eq!(unusual(&"word,x\n".repeat(9)), 0, "too many to be exceptions");
}

#[test]
fn unusual_values_are_the_same_for_any_threads_and_chunks() {
    let mut text = "id,rooms,town\n".to_owned();
    for n in 0..70_000 {
        let rooms = if n % 23 == 5 { "n/k".to_owned() } else { (n % 7).to_string() };
        text += &format!("{n},{rooms},town number {}\n", n % 97);
    }
    let (report, _) = run(Settings::default(), text.as_bytes(), 1 << 16);
    assert_eq!(count(&report, ProblemCode::ValueUnusual), (0..70_000).filter(|n| n % 23 == 5).count() as u64);
    assert_eq!(report.counts.accepted, 70_000);
    let first_pass = |threads: usize, chunk: usize| {
        let mut check = Check::new(Settings::default()).unwrap().with_threads(threads);
        text.as_bytes().chunks(chunk).for_each(|chunk| check.push(chunk).unwrap());
        let checked = check.finish().unwrap();
        assert!(!checked.needs_second_pass, "the first block has told what to expect");
        checked.report
    };
    assert_eq!(first_pass(1, 1 << 20), first_pass(3, 1_000));
}

#[test]
fn short_records_are_right_where_no_width_is_usual() {
    let text = "a,b,c\n".repeat(9) + &"d,e\n".repeat(9) + &"f\n".repeat(8) + "g,h,i,j\n";
    let report = check(text.as_bytes());
    assert_eq!(count(&report, ProblemCode::FieldCountVaries), 1);
    assert_eq!((report.counts.accepted, report.counts.rejected, report.columns.len()), (26, 1, 3));
    let most = "a,b,c\n".repeat(20) + &"d,e\n".repeat(9);
    let report = check(most.as_bytes());
    assert_eq!((report.counts.accepted, report.counts.rejected), (20, 9), "a usual width is a rule");
}

#[test]
fn a_rejected_header_stays_rejected_until_it_is_corrected() {
    let replay = |record: &str| {
        let text = format!(
            "csvp_record,csvp_line,csvp_byte,csvp_codes,csvp_messages,id,name,price,csvp_extra\n\
             2,3,25,header-repeated,record repeats the header,{record},\n"
        );
        check(text.as_bytes()).counts
    };
    assert_eq!(replay("id,name,price").rejected, 1);
    assert_eq!(replay("2,milk,1.10").accepted, 1);
}
