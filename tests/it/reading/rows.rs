//! How files become rows: what is no data, which of several rows is kept, what is read at all, and what happens to damaged files.

use std::io::Write as _;

use custometer_core::Registry;
use custometer_runner::{RunResult, inspect};
use custometer_testkit::Case;
use polars::prelude::{DataFrame, IpcWriter, ParquetWriter, SerWriter, df};

const VIEWS: &str = "metric = \"web.page_views\"\nparams = { view_events = [] }";
const NPS: &str = "metric = \"loyalty.nps\"";
const ORDER_VALUE: &str = "metric = \"loyalty.average_order_value\"";

fn run(case: &Case, table: &str, request: &str) -> Result<RunResult, String> {
    case.run(&format!("[tables.t]\n{table}\n[[metrics]]\ntable = \"t\"\n{request}\n"))
}

fn value(result: &RunResult) -> Option<f64> {
    result.results[0].value
}

fn used(result: &RunResult) -> u64 {
    result.manifest.tables[0].uses[0].rows_used.shown().unwrap()
}

fn parquet(frame: &DataFrame) -> Vec<u8> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame.clone()).unwrap();
    bytes
}

fn arrow(frame: &DataFrame) -> Vec<u8> {
    let mut bytes = Vec::new();
    IpcWriter::new(&mut bytes).finish(&mut frame.clone()).unwrap();
    bytes
}

// Which of several rows is kept.

/// The field case: two exports hold the same tickets, first open, then solved.
#[test]
fn files_sort_by_the_numbers_in_their_names() {
    let case = Case::new().file("export_9.csv", "ticket_id,time,solved_at\n1,2025-01-01 10:00:00,\n2,2025-01-01 10:00:00,\n").file(
        "export_10.csv",
        "ticket_id,time,solved_at\n1,2025-01-01 10:00:00,2025-01-02 10:00:00\n2,2025-01-01 10:00:00,2025-01-01 12:00:00\n",
    );
    let table =
        |keep: &str| format!("path = \"export_*.csv\"\ndeduplicate = [\"ticket_id\"]\nkeep = {keep}\nwhere = \"solved_at IS NULL\"");
    let result = run(&case, &table("\"last\""), VIEWS).unwrap();
    assert_eq!(used(&result), 0, "none is open");
    let manifest = &result.manifest.tables[0];
    assert_eq!((manifest.rows_read.shown().unwrap(), manifest.rows_deduplicated, manifest.rows_filtered), (4, 2, 2));
    assert_eq!(used(&run(&case, &table("\"first\""), VIEWS).unwrap()), 2);
    // What is missing is older than anything.
    assert_eq!(used(&run(&case, &table("{ newest = \"solved_at\" }"), VIEWS).unwrap()), 0);
}

const STATES: &str = "ticket_id,time,status,updated_at\n\
    1,2025-01-01 10:00:00,open,2025-01-01\n2,2025-01-01 10:00:00,open,2025-01-01\n1,2025-01-01 10:00:00,closed,2025-01-05\n";

/// The field case: of ticket 1 the newest state is closed, so one ticket is open.
#[test]
fn a_condition_comes_after_repetition_unless_said() {
    let case = Case::new().file("states.csv", STATES);
    let table = "path = \"states.csv\"\ndeduplicate = [\"ticket_id\"]\nkeep = { newest = \"updated_at\" }\nwhere = \"status = 'open'\"";
    let result = run(&case, table, VIEWS).unwrap();
    assert_eq!(used(&result), 1);
    let manifest = &result.manifest.tables[0];
    assert_eq!((manifest.rows_read.shown().unwrap(), manifest.rows_deduplicated, manifest.rows_filtered), (3, 1, 1));
    assert!(manifest.notes.is_empty(), "{:?}", manifest.notes);
    let result = run(&case, &format!("{table}\nwhere_first = true"), VIEWS).unwrap();
    let manifest = &result.manifest.tables[0];
    assert_eq!((used(&result), manifest.rows_deduplicated, manifest.rows_filtered), (2, 0, 1));
}

#[test]
fn the_newest_is_told_by_times_and_numbers_of_every_format() {
    let frame = df!["id" => [1, 2, 1, 1], "version" => [2.5, 1.0, 10.0, 9.0], "state" => ["b", "x", "c", "a"]].unwrap();
    let csv = "id,version,state\n1,2.5,b\n2,1.0,x\n1,10.0,c\n1,9.0,a\n";
    let ndjson = csv
        .lines()
        .skip(1)
        .map(|row| row.split(',').collect::<Vec<_>>())
        .map(|row| format!("{{\"id\":{},\"version\":{},\"state\":\"{}\"}}\n", row[0], row[1], row[2]))
        .collect::<Vec<_>>()
        .concat();
    let case = Case::new().file("v.csv", csv).file("v.ndjson", ndjson).file("v.parquet", parquet(&frame)).file("v.arrow", arrow(&frame));
    for file in ["v.csv", "v.ndjson", "v.parquet", "v.arrow"] {
        let table = format!("path = \"{file}\"\ndeduplicate = [\"id\"]\nkeep = {{ newest = \"version\" }}\nwhere = \"state = 'c'\"");
        let result = run(&case, &table, VIEWS).unwrap();
        assert_eq!((used(&result), result.manifest.tables[0].rows_deduplicated), (1, 2), "{file}");
    }
}

#[test]
fn equally_new_rows_are_said_and_unreadable_ages_are_rejected() {
    let case = Case::new().file("v.csv", "id,at\n1,2025-01-05\n1,2025-01-05\n2,2025-01-05\n2,yesterday\n3,2025-01-05\n3,\n");
    let table = "path = \"v.csv\"\ndeduplicate = [\"id\"]\nkeep = { newest = \"at\" }\ntime_formats = { at = \"%Y-%m-%d\" }";
    let result = run(&case, table, VIEWS).unwrap();
    let manifest = &result.manifest.tables[0];
    assert_eq!((used(&result), manifest.rows_deduplicated, result.rejected[0].rows), (3, 2, 1));
    assert_eq!(result.rejected[0].examples[0].value.as_deref(), Some("yesterday"));
    assert_eq!(manifest.notes, ["1 of `id` has several newest rows by `at`: of these the last one by file and row is kept"]);
}

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    let case = Case::new().file("v.csv", "id,state,updated_at\n1,open,2025-01-01\n");
    for (settings, message) in [
        ("deduplicate = [\"id\"]\nkeep = { newest = \"state\" }", "which row is the newest can't be told"),
        ("deduplicate = [\"id\"]\nkeep = { newest = \"updated\" }", "there is no column `updated`"),
        ("keep = \"last\"", "nothing says which do"),
        ("deduplicate = [\"id\"]\nkeep = \"newest\"", "newest"),
        ("header_lines = 0", "without a header line"),
        ("comment = \"\"", "every line starts with that"),
        ("skip_rows_where = \"state\"", "`skip_rows_where` must be true or false"),
    ] {
        let problems = run(&case, &format!("path = \"v.csv\"\n{settings}"), VIEWS).unwrap_err();
        assert!(problems.contains(message), "{settings}: {problems}");
    }
}

/// Rejected rows of many, of which some repeat others: the examples are the first ones, every time.
#[test]
fn the_examples_of_rejected_rows_are_the_first_ones() {
    let rows = (0..30_000).map(|row| format!("{},{}\n", row / 2, if row % 3 == 0 { "x" } else { "9" })).collect::<Vec<_>>().concat();
    let case = Case::new().file("r.csv", format!("id,score\n{rows}"));
    for _ in 0..3 {
        let result = run(&case, "path = \"r.csv\"\ndeduplicate = [\"id\"]", NPS).unwrap();
        // Of each pair the first row is kept: rows 0, 2, 4, … of which every third is unreadable.
        let examples: Vec<u64> = result.rejected[0].examples.iter().map(|row| row.row).collect();
        assert_eq!((result.rejected[0].rows, examples), (5000, vec![1, 7, 13]));
    }
}

// What is no data.

/// The field case: names, questions and ids, then answers. 4 promoters, 2 passives, 3 detractors: 100 / 9.
#[test]
fn a_header_may_have_several_rows() {
    let case = Case::new().file("survey.csv", include_bytes!("odd/three_header_rows.csv"));
    let table =
        "path = \"survey.csv\"\nheader_lines = 3\ncolumns = { score = \"Q1\", time = \"RecordedDate\" }\ntimezone = \"America/Denver\"";
    let result = run(&case, table, NPS).unwrap();
    assert_eq!((value(&result), result.results[0].n), (Some(11.111_111_111_1), Some(9.0)));
    assert!(result.rejected.is_empty(), "{:?}", result.rejected);
    assert_eq!((result.manifest.tables[0].rows_no_data.headers, result.manifest.tables[0].rows_read.shown().unwrap()), (2, 12));
}

fn many() -> String {
    let rows = (0..40).map(|row| format!("{:02}.03.2025;C{};{},00\n", row % 28 + 1, row % 7, 10 + row));
    format!("Order date;Customer;Amount\n{}Total;;1180,00\n", rows.collect::<String>())
}

/// The field case: 40 orders from 10 to 49, whose mean is 29.5, and their total.
#[test]
fn a_total_is_no_order() {
    let case = Case::new().file("many.csv", many());
    let table =
        |more: &str| format!("path = \"many.csv\"\ndelimiter = \";\"\ndecimal_comma = true\ncolumns = {{ amount = \"Amount\" }}\n{more}");
    for (rule, skipped) in [("skip_rows_where = \"\\\"Order date\\\" = 'Total'\"", 1), ("footer_lines = 1", 0)] {
        let result = run(&case, &table(rule), ORDER_VALUE).unwrap();
        let manifest = &result.manifest.tables[0];
        assert_eq!((value(&result), used(&result), manifest.rows_read.shown().unwrap()), (Some(29.5), 40, 41), "{rule}");
        assert_eq!((manifest.rows_no_data.skipped, manifest.rows_no_data.footers), (skipped, 1 - skipped));
        assert!(manifest.notes.is_empty(), "{:?}", manifest.notes);
    }
    let result = run(&case, &table(""), ORDER_VALUE).unwrap();
    assert_eq!(used(&result), 41);
    assert!(
        result.manifest.tables[0].notes[0].starts_with("row 41 of `many.csv` looks like a total"),
        "{:?}",
        result.manifest.tables[0].notes
    );
}

/// The field case: 1234.5, 20 and 30 are 428.1666… on average.
#[test]
fn rows_that_are_skipped_do_not_tell_what_columns_are() {
    let text = "Order date;Customer;Amount\n01.03.2025;A;1 234,50\n02.03.2025;B;20,00\n03.03.2025;A;30,00\n;;\nTotal;;1 284,50\n";
    let table = "delimiter = \";\"\ndecimal_comma = true\nthousands = \" \"\ncolumns = { amount = \"Amount\" }\n\
        skip_rows_where = \"\\\"Order date\\\" IS NULL OR \\\"Order date\\\" = 'Total'\"\nwhere = \"Amount > 0\"";
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|row| row.split(';').collect()).collect();
    let column = |position: usize| rows.iter().map(|row| Some(row[position]).filter(|value| !value.is_empty())).collect::<Vec<_>>();
    let frame = df!["Order date" => column(0), "Customer" => column(1), "Amount" => column(2)].unwrap();
    let case = Case::new().file("t.csv", text).file("t.parquet", parquet(&frame));
    for file in ["t.csv", "t.parquet"] {
        let table = if file == "t.csv" { table.to_owned() } else { table.replace("delimiter = \";\"\n", "") };
        let result = run(&case, &format!("path = \"{file}\"\n{table}"), ORDER_VALUE).unwrap();
        assert_eq!((value(&result), used(&result)), (Some(428.166_666_667), 3), "{file}");
        assert_eq!(result.manifest.tables[0].rows_no_data.skipped, 2, "{file}");
    }
}

#[test]
fn comments_and_headers_that_come_again_are_counted() {
    let text = "# made \"today\nscore,x\n# so\n9,1\nscore,x\n3,2\n#\n10,3\n";
    let case = Case::new().file("c.csv", text);
    let result = run(&case, "path = \"c.csv\"\ncomment = \"#\"", NPS).unwrap();
    let manifest = &result.manifest.tables[0];
    assert_eq!((manifest.rows_read.shown().unwrap(), manifest.rows_no_data.headers, manifest.rows_no_data.comments), (7, 1, 3));
    assert_eq!((used(&result), manifest.rows_filtered, result.rejected.len()), (3, 0, 0));
    // 2 promoters and 1 detractor of 3.
    assert_eq!(value(&result), Some(33.333_333_333_3));
}

#[test]
fn footers_are_of_each_file_and_of_many_chunks() {
    let long = (0..600_000).map(|row| format!("{},some text\n", row % 11)).collect::<Vec<_>>().concat();
    let case = Case::new()
        .file("f_1.csv", format!("score,x\n{long}end,1\nend,2\n"))
        .file("f_2.csv", "score,x\n9,a\nend,1\nend,2\n")
        .file("f_3.csv", "score,x\nend,1\n");
    let result = run(&case, "path = \"f_*.csv\"\nfooter_lines = 2", NPS).unwrap();
    let manifest = &result.manifest.tables[0];
    assert_eq!(
        (used(&result), manifest.rows_no_data.footers, manifest.rows_read.shown().unwrap(), result.rejected.len()),
        (600_001, 5, 600_006, 0)
    );
}

/// The field case: one row is wider than the header.
#[test]
fn a_row_that_is_too_wide_is_rejected_alone_and_names_come_again() {
    let wide = "Issue key,Labels,Labels,Text\nSD-1,one,a,text\nSD-2,one, two,b,text\nSD-3,,c,text\n";
    let case = Case::new().file("wide.csv", wide);
    let result = run(&case, "path = \"wide.csv\"", &format!("{VIEWS}\nby = [[\"Labels\"], [\"Labels_2\"]]")).unwrap();
    assert_eq!((used(&result), result.rejected[0].rows), (2, 1));
    assert_eq!(result.rejected[0].reason, "the row has more values than the header");
    assert_eq!(result.results.len(), 4);
}

// What is read at all.

#[test]
fn old_line_ends_and_utf16_are_read() {
    let text = "Dato;Score\r\n2025-01-05;9\r\n2025-01-06;3\r\n";
    let units: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = [0xff, 0xfe].into_iter().chain(units.iter().flat_map(|unit| unit.to_le_bytes())).collect();
    let big: Vec<u8> = [0xfe, 0xff].into_iter().chain(units.iter().flat_map(|unit| unit.to_be_bytes())).collect();
    let case =
        Case::new().file("cr.csv", text.replace("\r\n", "\r")).file("le.csv", &little).file("be.csv", big).file("no.csv", &little[2..]);
    let table = |file: &str| format!("path = \"{file}\"\ndelimiter = \";\"\ncolumns = {{ time = \"Dato\", score = \"Score\" }}");
    for file in ["cr.csv", "le.csv", "be.csv"] {
        let result = run(&case, &table(file), NPS).unwrap();
        assert_eq!((value(&result), used(&result)), (Some(0.0), 2), "{file}");
    }
    assert!(run(&case, &table("no.csv"), NPS).unwrap_err().contains("UTF-16 without a byte-order mark"));
}

#[test]
fn mac_roman_is_read_where_it_is_said() {
    let case = Case::new().file("m.csv", b"score,city\r9,K\x9aln\r3,\x81rhus\r");
    assert!(run(&case, "path = \"m.csv\"", NPS).unwrap_err().contains("mac-roman"));
    let result = run(&case, "path = \"m.csv\"\nencoding = \"mac-roman\"", &format!("{NPS}\nby = [[\"city\"]]")).unwrap();
    let cities: Vec<String> = result.results.iter().map(|row| row.dimensions[0].1.to_string()).collect();
    assert_eq!(cities, ["Köln", "Århus"]);
}

#[test]
fn containers_get_the_same_advice_everywhere() {
    // The head of a member, and no more.
    let zip = |name: &str| [b"PK\x03\x04".as_slice(), &[0; 26], name.as_bytes(), b"a,b\n1,2\n"].concat();
    let case = Case::new()
        .file("one.json", "{\n  \"score\": 9\n}\n")
        .file("cut.json", "[{\"score\": 9}, {\"sco")
        .file("book.xlsx", zip("[Content_Types].xml"))
        .file("packed.zip", zip("a.csv"))
        .file("packed.csv", zip("a.csv"));
    for file in ["one.json", "cut.json", "book.xlsx", "packed.zip", "packed.csv"] {
        let problems = run(&case, &format!("path = \"{file}\""), NPS).unwrap_err();
        let path = case.path().join(file).display().to_string();
        let advice = inspect(&[path], &Registry::linked().unwrap()).unwrap_err().to_string();
        let advice = advice.split_once("` ").unwrap().1;
        let words = |text: &str| text.replace(['│', '×', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words(&problems).contains(&words(advice)), "{problems} / {advice}");
    }
}

/// Written by pyarrow: scores 9, 3 and 10 at 10:00 on 1 March, 20:00 on 2 March and 01:00 on 3 March, all UTC; with an offset for a zone, a zone
/// that is none, half floats, and a column of nothing.
#[test]
fn what_other_programs_store_is_read() {
    let stored: [(&str, &[u8]); 8] = [
        ("zone.parquet", include_bytes!("odd/zone.parquet")),
        ("zone.arrow", include_bytes!("odd/zone.arrow")),
        ("mars.parquet", include_bytes!("odd/mars.parquet")),
        ("mars.arrow", include_bytes!("odd/mars.arrow")),
        ("half.parquet", include_bytes!("odd/half.parquet")),
        ("half.arrow", include_bytes!("odd/half.arrow")),
        ("null.parquet", include_bytes!("odd/null.parquet")),
        ("null.arrow", include_bytes!("odd/null.arrow")),
    ];
    for (file, bytes) in stored {
        let case = Case::new().file(file, bytes);
        let result = run(&case, &format!("path = \"{file}\""), &format!("{NPS}\ngrain = \"day\""));
        let values: Vec<Option<f64>> =
            result.unwrap_or_else(|problems| panic!("{file}: {problems}")).results.iter().map(|row| row.value).collect();
        assert_eq!(values, [Some(100.0), Some(-100.0), Some(100.0)], "{file}");
    }
}

#[test]
fn a_column_of_nothing_is_a_group_of_nothing_in_every_format() {
    let case = Case::new()
        .file("odd.parquet", include_bytes!("odd/null.parquet"))
        .file("odd.csv", "score,time,comment\n9,2025-03-01,\n3,2025-03-02,\n10,2025-03-03,\n");
    let groups = |file: &str| {
        let result = run(&case, &format!("path = \"{file}\""), &format!("{NPS}\nby = [[\"comment\"]]")).unwrap();
        result.results.iter().map(|row| (row.dimensions[0].1.to_string(), row.value)).collect::<Vec<_>>()
    };
    assert_eq!(groups("odd.parquet"), groups("odd.csv"));
}

#[test]
fn what_can_not_be_read_is_refused_where_it_is_used() {
    let case = Case::new().file("half.parquet", include_bytes!("odd/half.parquet")).file("runs.arrow", include_bytes!("odd/runs.arrow"));
    let problems = run(&case, "path = \"half.parquet\"\ncolumns = { score = \"half\" }", NPS).unwrap_err();
    assert!(problems.contains("`half` is stored as Float16, which is not read"), "{problems}");
    let problems = run(&case, "path = \"runs.arrow\"", NPS).unwrap_err();
    assert!(problems.contains("`runs.arrow` can't be read"), "{problems}");
}

#[test]
fn blank_texts_are_missing_in_every_format() {
    let frame = df!["score" => [9, 3, 10], "shop" => ["a", "  ", "\u{a0}"]].unwrap();
    let ndjson = "{\"score\":9,\"shop\":\"a\"}\n{\"score\":3,\"shop\":\"  \"}\n{\"score\":10,\"shop\":\"\u{a0}\"}\n";
    let csv = "score,shop\n9,a\n3,\"  \"\n10,\u{a0}\n";
    let case = Case::new().file("b.csv", csv).file("b.ndjson", ndjson).file("b.parquet", parquet(&frame)).file("b.arrow", arrow(&frame));
    for file in ["b.csv", "b.ndjson", "b.parquet", "b.arrow"] {
        let result = run(&case, &format!("path = \"{file}\""), &format!("{NPS}\nby = [[\"shop\"]]")).unwrap();
        let groups: Vec<(String, Option<f64>)> = result.results.iter().map(|row| (row.dimensions[0].1.to_string(), row.n)).collect();
        assert_eq!(groups.len(), 2, "{file}: {groups:?}");
        assert!(groups.iter().any(|(shop, n)| shop == "a" && *n == Some(1.0)), "{file}: {groups:?}");
    }
}

#[test]
fn what_ndjson_can_not_mean_is_an_error_with_its_line() {
    let deep = format!("{{\"score\":9}}\n{{\"score\":3,\"x\":{}1{}}}\n", "[".repeat(2000), "]".repeat(2000));
    let case = Case::new().file("deep.ndjson", deep).file("twice.ndjson", "{\"score\":9}\n{\"score\":3,\"x\":1,\"score\":10}\n");
    let problems = |file: &str| run(&case, &format!("path = \"{file}\""), NPS).unwrap_err().replace(['\n', '│'], " ");
    assert!(problems("deep.ndjson").contains("line 2 is not a JSON object"), "{}", problems("deep.ndjson"));
    assert!(
        problems("twice.ndjson").contains("line 2") && problems("twice.ndjson").contains("`score` twice"),
        "{}",
        problems("twice.ndjson")
    );
    // A mark at the start, nested values, and a line that ends in blanks.
    let case = Case::new().file("n.ndjson", "\u{feff}{\"score\":9,\"tags\":[\"a\",\"b\"]}  \n\n{\"tags\":null,\"score\":\"10\"}\n");
    assert_eq!(value(&run(&case, "path = \"n.ndjson\"", NPS).unwrap()), Some(100.0));
}

#[test]
fn packed_files_may_be_padded_and_have_frames_to_skip() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"score\n9\n3\n").unwrap();
    let padded = [gzip.finish().unwrap(), vec![0; 512]].concat();
    let case = Case::new().file("p.csv.gz", padded);
    assert_eq!(value(&run(&case, "path = \"p.csv.gz\"", NPS).unwrap()), Some(0.0));
}

/// Rows of groups of several parts are the same as those of one.
#[test]
fn large_groups_are_read_in_parts() {
    let rows = 300_000_u32;
    let frame = df!["user_id" => (0..rows).map(|row| row % 1000).collect::<Vec<_>>(), "score" => (0..rows).map(|row| i64::from(row % 11)).collect::<Vec<_>>()].unwrap();
    let mut one_group = Vec::new();
    ParquetWriter::new(&mut one_group).with_row_group_size(Some(400_000)).finish(&mut frame.clone()).unwrap();
    let mut groups = Vec::new();
    ParquetWriter::new(&mut groups).with_row_group_size(Some(10_000)).finish(&mut frame.clone()).unwrap();
    let case = Case::new().file("one.parquet", one_group).file("many.parquet", groups).file("one.arrow", arrow(&frame));
    for file in ["one.parquet", "many.parquet", "one.arrow"] {
        let result = run(&case, &format!("path = \"{file}\"\nderive = {{ score = \"score + 1\" }}"), NPS).unwrap();
        // Scores 1 to 11: the last is none, and of 10 scores 1 to 10 there are 2 promoters and 6 detractors.
        let per_score = f64::from(rows) / 11.0;
        assert!((result.results[0].n.unwrap() - per_score * 10.0).abs() < 10.0, "{file}");
        let examples: Vec<u64> = result.rejected[0].examples.iter().map(|row| row.row).collect();
        assert_eq!(examples, [11, 22, 33], "{file}");
    }
}

/// A flipped byte may do anything but end the process: the file is read, or refused by name.
#[test]
fn damaged_columns_are_errors_of_their_file() {
    let frame = df!["score" => [9, 3, 10, 8], "shop" => ["a", "b", "a", "long enough to be no short text"]].unwrap();
    let (mut read, mut refused) = (0, 0);
    for (file, bytes) in [("d.parquet", parquet(&frame)), ("d.arrow", arrow(&frame))] {
        for place in (0..bytes.len()).step_by(17) {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << (place % 8);
            let case = Case::new().file(file, damaged);
            match run(&case, &format!("path = \"{file}\""), &format!("{NPS}\nby = [[\"shop\"]]")) {
                Ok(_) => read += 1,
                Err(problems) => {
                    assert!(problems.contains(file), "byte {place}: {problems}");
                    refused += 1;
                }
            }
        }
    }
    println!("{read} were read, {refused} refused");
    assert!(refused > 10 && read > 10);
}
