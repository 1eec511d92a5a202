//! Workbooks, read back by another library.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};
use custometer_core::Unit;
use custometer_runner::Locale;
use custometer_runner::result::{ResultRow, RunResult};

use super::{render, workbook};
use crate::fixture;

type Book = Xlsx<Cursor<Vec<u8>>>;

fn open(bytes: Vec<u8>) -> Book {
    open_workbook_from_rs(Cursor::new(bytes)).unwrap()
}

/// The cells of a sheet as text, from the row whose first cell is this one.
fn rows(book: &mut Book, sheet: &str, first: &str) -> Vec<Vec<String>> {
    let cells = book.worksheet_range(sheet).unwrap();
    let rows = cells.rows().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>());
    rows.skip_while(|row| row[0] != first).collect()
}

#[test]
fn every_request_has_a_sheet_among_those_that_every_workbook_has() {
    let book = open(render(&fixture::result()).unwrap());
    let names = ["At a glance", "NPS", "=Time", "Data quality", "Definitions", "How this report was made"];
    assert_eq!(book.sheet_names(), names);
    assert_eq!(open(render(&fixture::empty()).unwrap()).sheet_names().len(), 4);
}

#[test]
fn cells_have_numbers_and_dates_and_not_texts_of_them() {
    let mut book = open(render(&fixture::result()).unwrap());
    let cells = book.worksheet_range("NPS").unwrap();
    let head = cells.rows().position(|row| row[0] == Data::String("Period".to_owned())).unwrap();
    let heads: Vec<String> = cells.rows().nth(head).unwrap().iter().map(ToString::to_string).collect();
    let cell = |row: usize, name: &str| {
        let column = heads.iter().position(|head| head == name).unwrap_or_else(|| panic!("{name} in {heads:?}"));
        cells.rows().nth(head + 1 + row).unwrap()[column].clone()
    };
    assert_eq!((cell(0, "Value"), cell(0, "95% interval, lowest")), (Data::Float(-5.0), Data::Float(-12.25)));
    assert_eq!((cell(1, "region"), cell(1, "year")), (Data::String("Nordics".to_owned()), Data::Float(2024.0)));
    assert_eq!((cell(1, "vs previous"), cell(1, "vs previous, significant")), (Data::Float(4.8), Data::String("yes".to_owned())));
    assert_eq!(cell(0, "vs previous, %"), Data::Float(-0.42));
    assert_eq!((cell(1, "Target"), cell(1, "Target ≥")), (Data::String("met".to_owned()), Data::Float(40.0)));
    assert_eq!((cell(0, "Alerts"), cell(2, "Note")), (Data::String("dropped".to_owned()), Data::String("partial; no rows".to_owned())));
    let Data::DateTime(start) = cell(2, "Start") else { panic!("{:?}", cell(2, "Start")) };
    assert_eq!(start.to_ymd_hms_milli(), (2025, 2, 1, 0, 0, 0, 0));
}

#[test]
fn of_a_hidden_group_there_is_its_name_and_nothing_else() {
    let mut result = fixture::result();
    // What a careless step might have left.
    let row = result.results.iter_mut().find(|row| row.suppressed).unwrap();
    (row.low, row.high, row.n) = (Some(1.25), Some(2.25), Some(3.0));
    row.measures = vec![("promoters".to_owned(), Some(4.0))];
    row.comparisons[0].value = Some(5.5);
    row.comparisons[0].change = Some(6.5);
    let mut book = open(render(&result).unwrap());
    let all = rows(&mut book, "NPS", "Period");
    let of_group = all.iter().find(|row| row.contains(&"Iceland".to_owned())).unwrap();
    let filled: Vec<&str> = of_group.iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect();
    // The period, the group, the target that the report itself says, and why there is no more.
    assert_eq!(filled[0], "Feb\u{a0}2025");
    assert_eq!(filled[2..], ["Iceland", "2024", "40", "partial; hidden"]);
}

#[test]
fn no_text_is_a_formula() {
    let mut book = open(render(&fixture::result()).unwrap());
    for sheet in book.sheet_names() {
        assert!(book.worksheet_formula(&sheet).unwrap().is_empty(), "{sheet}");
    }
    let all = rows(&mut book, "=Time", "region");
    assert_eq!(all[1][..3], ["=HYPERLINK(\"http://x\",\"y\")", "-3", "2.08472222222"]);
}

#[test]
fn rows_that_a_sheet_has_no_room_for_are_on_the_next_one() {
    let mut result = fixture::result();
    let row = result.results[1].clone();
    result.alerts.clear();
    let of = |number: usize| ResultRow { dimensions: vec![("customer".to_owned(), format!("c{number}").as_str().into())], ..row.clone() };
    result.results = (0..40).map(of).collect();
    let mut book = open(workbook(&result, 20).unwrap());
    let names: Vec<String> = book.sheet_names().into_iter().filter(|name| name.starts_with("NPS")).collect();
    assert_eq!(names, ["NPS", "NPS (2)", "NPS (3)"]);
    let mut found = Vec::new();
    for name in &names {
        let cells = book.worksheet_range(name).unwrap();
        assert!(cells.end().unwrap().0 < 20, "{name}");
        found.extend(rows(&mut book, name, "Period").into_iter().skip(1).map(|row| row[2].clone()));
    }
    assert_eq!(found, (0..40).map(|number| format!("c{number}")).collect::<Vec<_>>());
    let title = book.worksheet_range("NPS (2)").unwrap().get_value((0, 0)).unwrap().to_string();
    assert!(title.starts_with("NPS, from row 1"), "{title}");
}

#[test]
fn a_text_that_no_cell_holds_is_cut_with_a_sign_and_said() {
    let mut result = fixture::result();
    result.results[4].dimensions[0].1 = "x".repeat(40_000).as_str().into();
    let mut book = open(render(&result).unwrap());
    let cell = rows(&mut book, "=Time", "region")[1][0].clone();
    assert_eq!(cell.chars().count(), 32_767);
    assert!(cell.ends_with("x…"));
    let overview = book.worksheet_range("At a glance").unwrap();
    let expected = "1 texts are longer than a cell holds. They are cut, and end in “…”.";
    let said = overview.rows().any(|row| row[0] == Data::String(expected.to_owned()));
    assert!(said);
}

/// A total over some months.
fn trend(values: &[Option<f64>], unit: Unit) -> RunResult {
    let mut result = fixture::result();
    let row = ResultRow { dimensions: Vec::new(), unit, ..result.results[0].clone() };
    let month = |(month, value): (i64, &Option<f64>)| {
        let at = |months: i64| row.start.as_ref().unwrap().checked_add(jiff::Span::new().months(months)).unwrap();
        ResultRow { value: *value, start: Some(at(month)), end: Some(at(month + 1)), ..row.clone() }
    };
    result.results = (0..).zip(values).map(month).collect();
    result
}

#[test]
fn a_trend_has_a_chart_with_its_numbers_on_a_sheet_of_their_own() {
    let mut result = trend(&[Some(10.0), None, Some(30.0)], Unit::Percent);
    result.locale = Locale::Da;
    let bytes = render(&result).unwrap();
    let mut book = open(bytes.clone());
    let numbers = rows(&mut book, "Diagramdata", "Periode");
    assert_eq!(numbers[0], ["Periode", "Værdi", "Mål ≥", "Benchmark"].map(str::to_owned), "{numbers:?}");
    let values: Vec<&str> = numbers[1..4].iter().map(|row| row[1].as_str()).collect();
    // What has no value is a gap, and no zero.
    assert_eq!(values, ["0.1", "", "0.3"]);
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut chart = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("xl/charts/chart1.xml").unwrap(), &mut chart).unwrap();
    assert!(chart.contains("<c:dispBlanksAs val=\"gap\"/>") && chart.contains("Diagramdata!$B$3:$B$5"), "{chart}");
}

#[test]
fn amounts_of_two_currencies_share_no_chart() {
    let mut result = trend(&[Some(10.0), Some(20.0), Some(30.0)], Unit::Currency);
    let in_euro = open(render(&result).unwrap()).sheet_names();
    assert!(in_euro.contains(&"Chart data".to_owned()));
    result.results[1].currency = custometer_core::CurrencyCode::new("SEK");
    assert!(!open(render(&result).unwrap()).sheet_names().contains(&"Chart data".to_owned()));
}
