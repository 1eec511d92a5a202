//! The same rows give the same results, whatever the format, the order, the files or the threads.

use std::fs::File;

use custometer_testkit::Case;
use polars::prelude::{CsvReadOptions, DataFrame, JsonFormat, JsonWriter, ParquetWriter, SerReader, SerWriter};

const REPORT: &str = r#"
[report]
timezone = "Europe/Copenhagen"
from = 2025-01-01
until = 2026-01-01
grain = "month"

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

fn orders() -> (String, Vec<String>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/orders.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(str::to_owned);
    (lines.next().unwrap(), lines.collect())
}

fn csv(header: &str, lines: &[String]) -> String {
    format!("{header}\n{}\n", lines.join("\n"))
}

fn frame(text: &str) -> DataFrame {
    CsvReadOptions::default().into_reader_with_file_handle(std::io::Cursor::new(text.as_bytes().to_vec())).finish().unwrap()
}

/// The results and the rejections, without the manifest, which names the files.
fn results(case: &Case, pattern: &str) -> String {
    let json = case.json(&format!("[tables.orders]\npath = \"{pattern}\"\n{REPORT}")).unwrap();
    serde_json::to_string_pretty(&(&json["results"], &json["rejected"])).unwrap()
}

#[test]
fn format_order_and_files_do_not_matter() {
    let (header, lines) = orders();
    let whole = csv(&header, &lines);
    let expected = results(&Case::new().file("orders.csv", &whole), "orders.csv");
    assert!(expected.contains("\"value\""));

    let mut shuffled = lines.clone();
    // A fixed permutation: 1009 has no factor in common with the number of lines.
    (0..lines.len()).for_each(|index| shuffled[index].clone_from(&lines[index * 1009 % lines.len()]));
    assert_eq!(results(&Case::new().file("orders.csv", csv(&header, &shuffled)), "orders.csv"), expected, "shuffled");

    let seven = lines.chunks(lines.len().div_ceil(7)).enumerate();
    let case = seven.fold(Case::new(), |case, (part, lines)| case.file(&format!("orders-{part}.csv"), csv(&header, lines)));
    assert_eq!(results(&case, "orders-*.csv"), expected, "seven files");

    let case = Case::new();
    JsonWriter::new(File::create(case.path().join("orders.ndjson")).unwrap())
        .with_json_format(JsonFormat::JsonLines)
        .finish(&mut frame(&whole))
        .unwrap();
    assert_eq!(results(&case, "orders.ndjson"), expected, "ndjson");

    ParquetWriter::new(File::create(case.path().join("orders.parquet")).unwrap()).finish(&mut frame(&whole)).unwrap();
    assert_eq!(results(&case, "orders.parquet"), expected, "parquet");
}
