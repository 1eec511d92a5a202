//! Exports as they come: Nordic, packed, without a header, in files that differ.

use std::io::Write as _;

use custometer_testkit::Case;
use flate2::Compression;
use flate2::write::GzEncoder;
use polars::prelude::{IpcWriter, SerWriter, df};
use serde_json::Value as Json;

/// The revenue of each day, by the first ten characters of its start, and the whole result.
fn revenue(case: &Case, table: &str, report: &str) -> (Vec<(String, f64)>, Json) {
    let config = format!(
        "[report]\ntimezone = \"Europe/Copenhagen\"\n{report}\n[tables.orders]\n{table}\n\
         [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\nparams = {{ refunds = \"net\" }}\n"
    );
    let json = case.json(&config).unwrap_or_else(|problems| panic!("{problems}"));
    let day = |row: &Json| (row["start"].as_str().unwrap_or("-").chars().take(10).collect(), row["measures"]["revenue"].as_f64().unwrap());
    let days: Vec<(String, f64)> = json["results"].as_array().unwrap().iter().map(day).collect();
    (days.into_iter().filter(|(_, revenue)| *revenue != 0.0).collect(), json)
}

/// Written by a till in Denmark, over both changes of its clock.
fn danish() -> Vec<u8> {
    let text = "Ordrenr;Oprettet;Beløb;Butik\r\n\
        1;29-03-2025 23:59;1.234,50;Århus\r\n\
        2;30-03-2025 00:00;10,00;Århus\r\n\
        3;30-03-2025 02:30;99,00;Århus\r\n\
        4;30-03-2025 23:59;-2,50;Ærø\r\n\
        5;31-03-2025 00:00;1,00;Ærø\r\n\
        6;26-10-2025 00:00;100;\"Sønderborg; Øst\"\r\n\
        7;26-10-2025 02:30;20,00;Ærø\r\n\
        8;26-10-2025 23:59;7,00;Ærø\r\n\
        9;27-10-2025 00:00;1.000.000,25;Ærø\r\n";
    encoding_rs::WINDOWS_1252.encode(text).0.into_owned()
}

const DANISH: &str = "path = \"o.csv\"\ndelimiter = \";\"\nencoding = \"windows-1252\"\ndecimal_comma = true\nthousands = \".\"\n\
    columns = { time = \"Oprettet\", amount = \"Beløb\" }\ntime_formats = { Oprettet = \"%d-%m-%Y %H:%M\" }";
const YEAR: &str = "from = 2025-01-01\nuntil = 2026-01-01\ngrain = \"day\"";

#[test]
fn a_danish_export_gives_the_right_days_and_amounts_over_both_clock_changes() {
    let case = Case::new().file("o.csv", danish());
    let (days, json) = revenue(&case, DANISH, YEAR);
    let expected = [("2025-03-29", 1234.5), ("2025-03-30", 7.5), ("2025-03-31", 1.0), ("2025-10-26", 127.0), ("2025-10-27", 1_000_000.25)];
    assert_eq!(days, expected.map(|(day, revenue)| (day.to_owned(), revenue)));
    let used = &json["manifest"]["tables"][0]["uses"][0];
    assert_eq!((used["rows_used"].as_u64(), used["rows_rejected"].as_u64(), used["ambiguous_times"].as_u64()), (Some(8), Some(1), Some(1)));
    assert_eq!(json["rejected"][0]["examples"][0]["value"], "30-03-2025 02:30");

    let by_hour = "from = 2025-10-26\nuntil = 2025-10-27\ngrain = \"hour\"";
    let start = |rule: &str| {
        let (_, json) = revenue(&case, &format!("{DANISH}\nambiguous_times = \"{rule}\""), by_hour);
        let rows = json["results"].as_array().unwrap().iter();
        rows.filter(|row| row["measures"]["revenue"] == 20.0).map(|row| row["start"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(start("earliest"), ["2025-10-26T02:00:00+02:00"]);
    assert_eq!(start("latest"), ["2025-10-26T02:00:00+01:00"]);
    assert!(start("reject").is_empty());
    let (days, _) = revenue(&case, &format!("{DANISH}\nnonexistent_times = \"shift_forward\""), YEAR);
    assert_eq!(days[1], ("2025-03-30".to_owned(), 106.5));
}

#[test]
fn columns_between_runs_of_spaces_need_no_header() {
    // As CDNOW's purchase log, with and without one.
    let rows = " 00001 19970101  1   11.77\r\n 00002 19970112  1   12.00\r\n 00002 19970112  5   77.00\r\n";
    let headed = format!(" customer_id  date number_of_cds  dollar_value\r\n{rows}");
    let expected = vec![("1997-01-01".to_owned(), 11.77), ("1997-01-12".to_owned(), 89.0)];
    let table = "path = \"o.txt\"\ndelimiter = \"spaces\"\ntime_formats = { time = \"%Y%m%d\" }\n";
    let with = |rows: &str, columns: &str| revenue(&Case::new().file("o.txt", rows), &format!("{table}{columns}"), "grain = \"day\"").0;
    assert_eq!(with(&headed, "columns = { time = \"date\", amount = \"dollar_value\" }"), expected);
    assert_eq!(with(rows, "column_names = [\"customer_id\", \"time\", \"cds\", \"amount\"]"), expected);
}

#[test]
fn times_are_read_in_the_zone_of_their_table_and_epochs_in_none() {
    let case =
        Case::new().file("o.csv", "time,amount\n2025-01-01 23:30:00,1\n").file("e.csv", "time,amount\n1735770600,1\n1735770600.5,2\n");
    let days = |table: &str| revenue(&case, table, "grain = \"day\"").0.into_iter().map(|(day, _)| day).collect::<Vec<_>>();
    assert_eq!(days("path = \"o.csv\""), ["2025-01-01"]);
    assert_eq!(days("path = \"o.csv\"\ntimezone = \"America/New_York\""), ["2025-01-02"]);
    // 2025-01-01T22:30:00Z is half an hour before midnight in Copenhagen.
    assert_eq!(days("path = \"e.csv\"\ntime_formats = { time = \"epoch_seconds\" }"), ["2025-01-01"]);
}

#[test]
fn packed_files_folders_and_arrow_are_tables_too() {
    let case = Case::new().file("plain.csv", "amount\n1\n");
    let folder = case.path().join("day");
    std::fs::create_dir(&folder).unwrap();
    let mut packed = GzEncoder::new(std::fs::File::create(folder.join("a.csv.gz")).unwrap(), Compression::default());
    packed.write_all(b"amount,x\n2,1\n").unwrap();
    packed.finish().unwrap();
    std::fs::write(folder.join("b.csv.zst"), zstd::encode_all(b"y,amount\n1,4\n".as_slice(), 1).unwrap()).unwrap();
    std::fs::write(folder.join(".hidden"), "no table").unwrap();
    IpcWriter::new(std::fs::File::create(case.path().join("o.arrow")).unwrap()).finish(&mut df!("amount" => [8.5, 1.5]).unwrap()).unwrap();
    assert_eq!(revenue(&case, "path = \"day\"", "").0, [("-".to_owned(), 6.0)]);
    assert_eq!(revenue(&case, "path = \"o.arrow\"", "").0, [("-".to_owned(), 10.0)]);
}
