//! Damaged files: each comes to a clear error, or to results with an exact account of the rows that are not in them.

use std::fmt::Write as _;
use std::io::Write as _;

use custometer_testkit::{Case, lines};
use flate2::Compression;
use flate2::write::GzEncoder;
use polars::prelude::{DataFrame, ParquetWriter, df};

/// A table, and a report of recommendation and of money over it.
struct Damaged {
    case: Case,
    table: String,
    metrics: &'static str,
}

const SCORES: &str = "[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\ngrain = \"month\"\n";
const AMOUNTS: &str = "[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"t\"\n";

impl Damaged {
    fn scores(name: &str, content: impl AsRef<[u8]>) -> Self {
        Self { case: Case::new().file(name, content), table: format!("path = \"{name}\""), metrics: SCORES }
    }

    fn amounts(name: &str, content: impl AsRef<[u8]>) -> Self {
        Self { metrics: AMOUNTS, ..Self::scores(name, content) }
    }

    fn with(mut self, options: &str) -> Self {
        self.table = format!("{}\n{options}", self.table);
        self
    }

    fn and_file(mut self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.case = self.case.file(name, content);
        self
    }

    /// What a reader sees: the results and the ledger, or the problems.
    fn outcome(&self) -> String {
        let config = format!("[report]\ntimezone = \"Europe/Copenhagen\"\n[tables.t]\n{}\n{}", self.table, self.metrics);
        let result = match self.case.run(&config) {
            Ok(result) => result,
            Err(problems) => return problems,
        };
        let mut text = lines(&result);
        for rejection in &result.rejected {
            for example in &rejection.examples {
                let place = format!("{}, row {}", example.file, example.row);
                let _ = writeln!(text, "  {place}: {} = {:?}", example.column.as_deref().unwrap_or("-"), example.value);
            }
        }
        for table in &result.manifest.tables {
            for used in &table.uses {
                let accounted = table.rows_no_data.all()
                    + table.rows_filtered
                    + table.rows_deduplicated
                    + used.rows_used.shown().unwrap()
                    + used.rows_left_out
                    + used.rows_outside_period
                    + used.rows_without_answer
                    + used.rows_rejected;
                assert_eq!(table.rows_read.shown().unwrap(), accounted, "the ledger balances: {table:?}");
                if table.rows_no_data.all() > 0 {
                    let _ = writeln!(text, "{:?}", table.rows_no_data);
                }
                let _ = writeln!(
                    text,
                    "{} read = {} filtered + {} deduplicated + {} used + {} outside + {} without answer + {} rejected; {} ambiguous",
                    table.rows_read.shown().unwrap(),
                    table.rows_filtered,
                    table.rows_deduplicated,
                    used.rows_used.shown().unwrap(),
                    used.rows_outside_period,
                    used.rows_without_answer,
                    used.rows_rejected,
                    used.ambiguous_times
                );
            }
        }
        text
    }
}

const CSV: &str = "id,time,score\n1,2025-01-03,10\n2,2025-01-04,9\n3,2025-02-05,3\n";

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// More than is looked at beforehand.
fn long() -> String {
    let rows = (0..60_000).map(|row| format!("{row},2025-01-{:02},{}\n", row % 28 + 1, row % 11));
    std::iter::once("id,time,score\n".to_owned()).chain(rows).collect()
}

fn parquet(mut frame: DataFrame) -> Vec<u8> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).unwrap();
    bytes
}

macro_rules! damaged {
    ($($name:ident => $damaged:expr;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!($damaged.outcome());
        })*
    };
}

damaged! {
    truncated_gzip => Damaged::scores("t.csv.gz", { let whole = gzip(&long()); whole[..whole.len() / 2].to_vec() });
    truncated_gzip_of_few_rows => Damaged::scores("t.csv.gz", { let whole = gzip(CSV); whole[..whole.len() - 6].to_vec() });
    damaged_gzip => Damaged::scores("t.csv.gz", {
        let mut bytes = gzip(&long());
        let middle = bytes.len() / 2;
        bytes[middle..middle + 16].fill(0xff);
        bytes
    });
    truncated_zstd => Damaged::scores("t.csv.zst", { let whole = zstd::encode_all(long().as_bytes(), 3).unwrap(); whole[..whole.len() / 2].to_vec() });
    broken_utf8 => Damaged::scores("t.csv", b"id,time,score,city\n1,2025-01-03,10,\xc5rhus\n");
    broken_utf8_far_down => Damaged::scores("t.csv", [long().as_bytes(), b"x\xe6y,2025-01-03,10\n"].concat());
    utf16_without_a_mark => Damaged::scores("t.csv", b"i\x00d\x00");
    short_and_long_rows => Damaged::scores("t.csv", format!("{CSV}4,2025-02-06\n5\n6,2025-02-06,9,x\n7,2025-02-06,9,\n"));
    short_rows_that_may_be => Damaged::scores("t.csv", format!("{CSV}4,2025-02-06\n")).with("short_rows = \"fill\"");
    a_quote_that_is_never_closed => Damaged::scores("t.csv", format!("{CSV}\"4,2025-02-06,9\n5,2025-02-06,9\n"));
    a_quote_that_closes_in_another_row => Damaged::scores("t.csv", format!("{CSV}\"4,2025-02-06,9\n5\",2025-02-06,9\n6,\"a\nb\"c,1\n"));
    text_after_a_closing_quote => Damaged::scores("t.csv", format!("{CSV}\"4\"x,2025-02-06,9\n"));
    quotes_that_mean_nothing => Damaged::scores("t.csv", format!("{CSV}\"4,2025-02-06,9\n")).with("quote = \"\"");
    dates_that_never_were => Damaged::scores("t.csv", format!("{CSV}4,2025-02-31,9\n5,2025-13-01,9\n6,yesterday,9\n7,,9\n"));
    times_that_clocks_skipped_or_showed_twice => Damaged::scores("t.csv", "time,score\n2025-03-30 02:30:00,9\n2025-10-26 02:30:00,9\n2025-10-26 03:30:00,3\n");
    scores_off_the_scale => Damaged::scores("t.csv", format!("{CSV}4,2025-02-06,11\n5,2025-02-06,-1\n6,2025-02-06,9.5\n7,2025-02-06,nine\n8,2025-02-06,\n"));
    numbers_that_are_none => Damaged::amounts("t.csv", "amount\n1\nNaN\ninf\n-Infinity\n1e999\n1,5\n0x1F\n");
    numbers_of_another_style => Damaged::amounts("t.csv", "amount;x\n1,5;1\n2,5;2\n").with("delimiter = \";\"");
    numbers_that_are_none_in_parquet => Damaged::amounts("t.parquet", parquet(df!("amount" => [Some(1.0), Some(f64::NAN), Some(f64::INFINITY), None]).unwrap()));
    an_empty_file => Damaged::scores("t.csv", "");
    an_empty_gzip => Damaged::scores("t.csv.gz", gzip(""));
    a_byte_order_mark_alone => Damaged::scores("t.csv", b"\xef\xbb\xbf");
    a_header_alone => Damaged::scores("t.csv", "id,time,score\n");
    two_columns_of_one_name => Damaged::scores("t.csv", "id,score,score\n1,2,3\n");
    another_delimiter => Damaged::scores("t.csv", CSV.replace(',', ";"));
    a_line_that_is_no_json => Damaged::scores("t.ndjson", "{\"time\":\"2025-01-03\",\"score\":10}\n{\"time\":\"2025-01-04\",\"score\":\n");
    json_with_a_mark_and_blank_lines => Damaged::scores("t.ndjson", b"\xef\xbb\xbf{\"time\":\"2025-01-03\",\"score\":10}\n\n{\"time\":\"2025-01-04\",\"score\":11}\n");
    a_parquet_file_without_its_end => Damaged::scores("t.parquet", { let whole = parquet(df!("score" => [1, 2]).unwrap()); whole[..whole.len() / 2].to_vec() });
    text_that_is_called_parquet => Damaged::scores("t.parquet", CSV);
    files_that_store_a_column_differently => Damaged::amounts("t-1.parquet", parquet(df!("amount" => [1, 2]).unwrap()))
        .and_file("t-2.parquet", parquet(df!("amount" => ["1", "2"]).unwrap())).with("format = \"parquet\"").at("t-*.parquet");
    keys_that_repeat => Damaged::scores("t.csv", format!("{CSV}3,2025-02-05,4\n,2025-02-05,4\n,2025-02-05,4\n")).with("deduplicate = [\"id\"]\nkeep = \"error\"");
    keys_that_repeat_and_may => Damaged::scores("t.csv", format!("{CSV}3,2025-02-05,4\n,2025-02-05,4\n,2025-02-05,4\n")).with("deduplicate = [\"id\"]\nkeep = \"last\"");
    blank_lines_and_nothing_but_delimiters => Damaged::scores("t.csv", format!("\n{CSV}\n\r\n,,\n"));
    codes_for_no_answer => Damaged::scores("t.csv", format!("{CSV}4,2025-02-06,11\n5,2025-02-06,n/a\n")).with("blank = { score = [11] }\nnull_values = [\"n/a\"]");
    options_for_text_where_there_is_none => Damaged::scores("t.parquet", parquet(df!("time" => ["2025-01-03"], "score" => [9]).unwrap())).with("delimiter = \";\"\nencoding = \"latin-1\"");
    options_that_can_not_be => Damaged::scores("t.csv", CSV)
        .with("delimiter = \"ab\"\nquote = \"xx\"\nencoding = \"klingon\"\nthousands = \"x\"\ntime_formats = { time = \"%Q\", when = \"%d-%m-%Y\", id = \"day\" }\nkeep = \"best\"\ndeduplicate = [\"ids\"]\ntimezone = \"Mars\"\nambiguous_times = \"both\"");
}

impl Damaged {
    /// Several files as one table.
    fn at(mut self, pattern: &str) -> Self {
        let options = self.table.split_once('\n').map(|(_, options)| options.to_owned()).unwrap_or_default();
        self.table = format!("path = \"{pattern}\"\n{options}");
        self
    }
}
