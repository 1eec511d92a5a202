//! `custometer inspect` as its users see it.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::{stderr, stdout};

/// The program, in a folder with one file.
fn inspect(file: &str, content: &[u8], arguments: &[&str]) -> Output {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(file), content).unwrap();
    Command::new(env!("CARGO_BIN_EXE_custometer")).arg("inspect").args(arguments).current_dir(folder.path()).output().unwrap()
}

/// Orders as a Danish shop system writes them, in Windows-1252.
fn danish() -> Vec<u8> {
    let mut rows = String::from("Ordrenr;Kundenr;Købsdato;Beløb;Vægt;By;Betalt\r\n");
    for order in 0..120 {
        let town = ["Ærøskøbing", "Østerbro", "Århus", "Køge"][order % 4];
        let (amount, weight) = (if order % 3 == 0 { "1.249,50" } else { "99,95" }, order % 9);
        let _ = write!(
            rows,
            "{};{:05};{:02}-{:02}-2025 {:02}:15;{amount};0,{weight};{town};",
            1000 + order,
            order * 7 % 31,
            order % 28 + 1,
            order % 12 + 1,
            order % 24
        );
        rows.push_str(if order == 7 { "\r\n" } else { "ja\r\n" });
    }
    // One order twice, and one whose line was cut.
    rows.push_str("1000;00000;01-01-2025 00:15;1.249,50;0,0;Ærøskøbing;ja\r\n1999;00001\r\n");
    rows.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

#[test]
fn a_danish_export() {
    insta::assert_snapshot!(stdout(&inspect("ordrer.csv", &danish(), &["ordrer.csv"])));
}

#[test]
fn purchases_without_a_header_in_columns_of_spaces() {
    let mut rows = String::new();
    for purchase in 0..200 {
        let (customer, day) = (purchase * 7 % 90 + 1, purchase % 28 + 1);
        let _ = writeln!(
            rows,
            " {customer:05} {:04} 1997{:02}{day:02} {:2} {:7.2}",
            customer / 10,
            purchase % 12 + 1,
            purchase % 3 + 1,
            f64::from(purchase) * 1.25
        );
    }
    insta::assert_snapshot!(stdout(&inspect("purchases.txt", rows.as_bytes(), &["purchases.txt"])));
}

#[test]
fn events_in_json_lines() {
    let mut rows = String::new();
    for event in 0..80_u64 {
        let (visitor, time) = (event % 13, 1_735_689_600_000 + event * 3_600_000);
        let value = if event % 4 == 0 { "null".to_owned() } else { format!("{}.5", event % 3) };
        let _ =
            writeln!(rows, "{{\"visitor\":\"v{visitor}\",\"ts\":{time},\"event\":\"view\",\"page\":{{\"path\":\"/\"}},\"value\":{value}}}");
    }
    insta::assert_snapshot!(stdout(&inspect("events.ndjson", rows.as_bytes(), &["events.ndjson"])));
}

#[test]
fn the_same_for_programs() {
    let output = stdout(&inspect("ordrer.csv", &danish(), &["ordrer.csv", "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&output).unwrap();
    let table = &json["tables"][0];
    assert_eq!((table["rows"].as_u64(), table["text"]["encoding"].as_str()), (Some(122), Some("Windows-1252")));
    assert_eq!(table["columns"][3]["max"].as_f64(), Some(1249.5));
    assert!(table["block"].as_str().unwrap().starts_with("[tables.orders]\n"));
}

#[test]
fn what_is_wrong_is_said_on_stderr() {
    let output = inspect("empty.csv", b"", &["empty.csv"]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
    assert_eq!(stderr(&output), "error: `empty.csv` is empty: it has not even a header line\n");
    // What can be read is told all the same.
    let output = inspect("r.csv", b"score\n9\n", &["r.csv", "none.csv"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout.clone()).unwrap().contains("[tables.responses]\n"));
    assert_eq!(stderr(&output), "`none.csv` is not a file, and no file matches it\nerror: 1 file could not be read\n");
}
