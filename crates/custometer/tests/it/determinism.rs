//! The same rows give the same bytes: in every format, packed or not, in one file or seven, in any order, on one thread or two, in much memory
//! or hardly any.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use polars::prelude::{CsvReadOptions, CsvWriter, DataFrame, IpcWriter, JsonFormat, JsonWriter, ParquetWriter, SerReader, SerWriter};
use tempfile::TempDir;

use super::{stdout, with_threads};

const REPORT: &str = r#"
[report]
timezone = "Europe/Copenhagen"
from = 2025-01-01
until = 2026-01-01
grain = "month"
compare = ["previous"]
multiple_comparisons = "benjamini_hochberg"
min_group_size = 20
max_rejected_percent = 100

[[metrics]]
metric = "loyalty.average_order_value"
table = "orders"
by = [[], ["region"], ["region", "channel"]]

[[metrics]]
metric = "loyalty.repeat_purchase_rate"
table = "orders"
by = [[], ["region"]]
params = { scope = "lifetime" }

[[metrics]]
name = "buyers"
metric = "web.visitors"
table = "orders"
columns = { user_id = "customer_id" }
by = [[], ["channel"]]
"#;

const FORMATS: [&str; 7] = ["csv", "csv.gz", "csv.zst", "tsv", "ndjson", "parquet", "arrow"];

/// Writes rows as one of the formats.
fn write(rows: &mut DataFrame, path: &Path, format: &str) {
    let delimited = |rows: &mut DataFrame, delimiter: u8| {
        let mut text = Vec::new();
        CsvWriter::new(&mut text).with_separator(delimiter).finish(rows).unwrap();
        text
    };
    let file = || File::create(path).unwrap();
    match format {
        "csv" => fs::write(path, delimited(rows, b',')).unwrap(),
        "tsv" => fs::write(path, delimited(rows, b'\t')).unwrap(),
        "csv.gz" => {
            let mut packed = GzEncoder::new(file(), Compression::fast());
            packed.write_all(&delimited(rows, b',')).unwrap();
            packed.finish().unwrap();
        }
        "csv.zst" => fs::write(path, zstd::encode_all(delimited(rows, b',').as_slice(), 1).unwrap()).unwrap(),
        "ndjson" => JsonWriter::new(file()).with_json_format(JsonFormat::JsonLines).finish(rows).unwrap(),
        "parquet" => drop(ParquetWriter::new(file()).finish(rows).unwrap()),
        _ => IpcWriter::new(file()).finish(rows).unwrap(),
    }
}

/// The results over files of a format, as CSV: without the manifest, which names the files.
fn results(folder: &Path, format: &str, threads: &str) -> String {
    results_with(folder, format, threads, &[])
}

fn results_with(folder: &Path, format: &str, threads: &str, arguments: &[&str]) -> String {
    let report = folder.join("report.toml");
    fs::write(&report, format!("[tables.orders]\npath = \"*.{format}\"\n{REPORT}")).unwrap();
    stdout(&with_threads(&[&["run", report.to_str().unwrap(), "--format", "csv"], arguments].concat(), Some(threads)))
}

fn orders(text: &str) -> DataFrame {
    CsvReadOptions::default().into_reader_with_file_handle(std::io::Cursor::new(text.as_bytes().to_vec())).finish().unwrap()
}

#[test]
fn formats_files_order_and_threads_do_not_matter() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/orders.csv")).unwrap();
    let (header, lines) = text.split_once('\n').unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    // A fixed permutation: 1009 has no factor in common with the number of lines.
    assert_ne!(lines.len() % 1009, 0);
    let shuffled: Vec<&str> = (0..lines.len()).map(|index| lines[index * 1009 % lines.len()]).collect();
    let mut expected: Option<String> = None;
    for (files, lines) in [(1, &lines), (7, &shuffled)] {
        for format in FORMATS {
            let folder = TempDir::new().unwrap();
            for (number, lines) in lines.chunks(lines.len().div_ceil(files)).enumerate() {
                let mut rows = orders(&format!("{header}\n{}\n", lines.join("\n")));
                write(&mut rows, &folder.path().join(format!("orders-{number}.{format}")), format);
            }
            for threads in ["1", "2"] {
                let found = results(folder.path(), format, threads);
                let expected = expected.get_or_insert_with(|| found.clone());
                assert!(found == *expected, "{format}, {files} files, {threads} threads:\n{found}");
            }
            let found = results_with(folder.path(), format, "2", &["--memory", "1MB"]);
            assert!(Some(&found) == expected.as_ref(), "{format}, {files} files, hardly any memory:\n{found}");
        }
    }
    let expected = expected.unwrap();
    assert!(expected.contains("previous.p_value") && expected.contains(",true,"), "{expected}");
}

#[test]
fn a_file_of_many_chunks_is_the_same_packed_or_not() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("orders.csv");
    stdout(&with_threads(&["sample", "--table", "orders", "--rows", "170000", "--out", folder.path().to_str().unwrap()], None));
    let expected = results(folder.path(), "csv", "2");
    assert_eq!(results(folder.path(), "csv", "1"), expected, "one thread");
    // Longer than two chunks.
    let text = fs::read(&path).unwrap();
    assert!(text.len() > 9 << 20, "{}", text.len());
    fs::write(path.with_extension("csv.zst"), zstd::encode_all(text.as_slice(), 1).unwrap()).unwrap();
    assert!(results(folder.path(), "csv.zst", "2") == expected, "packed");
    stdout(&with_threads(
        &["sample", "--table", "orders", "--rows", "170000", "--format", "parquet", "--out", folder.path().to_str().unwrap()],
        None,
    ));
    assert!(results(folder.path(), "parquet", "2") == expected, "parquet");
    for memory in ["1MB", "20MB", "400MB"] {
        assert!(results_with(folder.path(), "parquet", "2", &["--memory", memory]) == expected, "{memory}");
    }
}

#[test]
fn numbers_of_any_size_are_summed_exactly_in_any_order() {
    let report = "[tables.orders]\npath = \"o.csv\"\n[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\n\
                  params = { refunds = \"net\" }\n";
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("report.toml"), report).unwrap();
    for rows in [
        ["1e300", "3e284", "20", "-1e300", "-3e284"],
        ["3e284", "-1e300", "-3e284", "1e300", "20"],
        ["20", "1e300", "3e284", "-3e284", "-1e300"],
    ] {
        fs::write(folder.path().join("o.csv"), format!("amount\n{}\n", rows.join("\n"))).unwrap();
        let found = stdout(&with_threads(&["run", folder.path().join("report.toml").to_str().unwrap(), "--format", "csv"], None));
        // 20 over the three orders that are no refunds; floats added in turn give 0 or 5e283.
        assert!(found.contains(",false,6.66666666667,currency") && found.contains("\"\"revenue\"\":20,"), "{rows:?}: {found}");
    }
}
