//! Logs of changes, of which each lasts until the next one.

use custometer_runner::RunResult;
use custometer_testkit::{Case, assert_close};

const LOG: &str = "customer_id,plan,since,version\na,pro,2025-01-05,1\nb,basic,2025-01-20,2\nb,pro,2025-02-10,3\na,churn,2025-03-15,4\n";
const SPANS: &str = "spans = { of = \"customer_id\", at = \"since\", gone = \"plan = 'churn'\" }";
const AMOUNT: &str = "derive.amount_per_month = \"CASE plan WHEN 'pro' THEN 19.9 WHEN 'basic' THEN 9.9 WHEN 'max' THEN 49 ELSE 0 END\"";

fn report(table: &str, requests: &[(&str, &str)]) -> String {
    let requests = requests.iter().map(|(metric, more)| format!("[[metrics]]\nmetric = \"loyalty.{metric}\"\ntable = \"log\"\n{more}\n"));
    format!(
        "[report]\nfrom = 2025-01-01\nuntil = 2025-04-01\nas_of = 2026-01-01\ngrain = \"month\"\n[tables.log]\n{table}\n{}",
        requests.collect::<String>()
    )
}

fn table(path: &str, spans: &str) -> String {
    format!("path = \"{path}\"\ncolumns = {{ started_at = \"since\" }}\n{spans}\n{AMOUNT}")
}

fn values(result: &RunResult, request: &str) -> Vec<f64> {
    let rows = result.results.iter().filter(|row| row.request == request && row.dimensions.is_empty());
    rows.map(|row| row.value.unwrap_or(f64::NAN)).collect()
}

/// Rows read, repeated, without a span and filtered; then used and rejected. They add up.
fn ledger(result: &RunResult) -> ([u64; 4], [u64; 2]) {
    let table = &result.manifest.tables[0];
    let used = &table.uses[0];
    let gone = table.rows_deduplicated + table.rows_without_span + table.rows_filtered;
    assert_eq!(
        gone + used.rows_used.shown().unwrap() + used.rows_outside_period + used.rows_rejected,
        table.rows_read.shown().unwrap(),
        "{table:?}"
    );
    (
        [table.rows_read.shown().unwrap(), table.rows_deduplicated, table.rows_without_span, table.rows_filtered],
        [used.rows_used.shown().unwrap(), used.rows_rejected],
    )
}

#[test]
fn a_change_lasts_until_the_next_one() {
    let mut lines: Vec<&str> = LOG.lines().collect();
    let header = lines.remove(0);
    for turn in 0..lines.len() {
        lines.rotate_left(turn);
        let file = |lines: &[&str]| format!("{header}\n{}\n", lines.join("\n"));
        let case = Case::new().file("log.csv", file(&lines)).file("part_1.csv", file(&lines[..1])).file("part_2.csv", file(&lines[1..]));
        for path in ["log.csv", "part_*.csv"] {
            let result = case.run(&report(&table(path, SPANS), &[("mrr", ""), ("churn_rate", "")])).unwrap();
            for (found, expected) in values(&result, "loyalty.mrr").iter().zip([29.8, 39.8, 19.9]) {
                assert_close(*found, expected);
            }
            // Nobody is there as January begins.
            assert_eq!(values(&result, "loyalty.churn_rate")[1..], [0.0, 50.0]);
            assert_eq!(ledger(&result), ([4, 0, 1, 0], [3, 0]));
        }
    }
}

/// The same log with a column for the time of each change.
#[test]
fn columns_of_times_become_changes() {
    let wide = "customer_id,basic,pro,churn\na,,2025-01-05,2025-03-15\nb,2025-01-20,2025-02-10,\n";
    let shape = "unpivot = { columns = [\"basic\", \"pro\", \"churn\"], name = \"plan\", value = \"since\" }";
    let left_out = "where = \"since IS NOT NULL\"\nwhere_first = true";
    let case = Case::new().file("log.csv", LOG).file("wide.csv", wide);
    let rows = |table: &str| case.run(&report(table, &[("mrr", ""), ("churn_rate", "")])).unwrap();
    let (long, made) = (rows(&table("log.csv", SPANS)), rows(&table("wide.csv", &format!("{SPANS}\n{shape}\n{left_out}"))));
    assert_eq!(values(&made, "loyalty.mrr"), values(&long, "loyalty.mrr"));
    assert_eq!(values(&made, "loyalty.churn_rate")[1..], [0.0, 50.0]);
    let read = &made.manifest.tables[0];
    assert_eq!((read.rows_read, read.rows_made), (2.into(), Some(6.into())));
    assert_eq!((read.rows_filtered, read.rows_without_span), (2, 1));
    assert_eq!((read.uses[0].rows_used.shown().unwrap(), read.uses[0].rows_rejected), (3, 0));
    // Two changes in one cell at one time are two changes at one instant.
    let twice = case.file("twice.csv", "customer_id,plan,since\na,basic;pro,2025-01-05\n");
    let exploded =
        table("twice.csv", "spans = { of = \"customer_id\", at = \"since\" }\nexplode = { column = \"plan\", separator = \";\" }");
    let error = twice.run(&report(&exploded, &[("mrr", "")])).unwrap_err();
    assert!(error.contains("row 1 of `twice.csv` and row 1"), "{error}");
    let result = twice.run(&report(&exploded.replace(", at = \"since\"", ", at = \"since\", keep = \"last\""), &[("mrr", "")])).unwrap();
    assert_close(values(&result, "loyalty.mrr")[0], 19.9);
}

/// A log of three items of 97 customers, made of arithmetic that any tool can repeat.
fn long_log() -> (String, Vec<[String; 4]>) {
    let first = jiff::civil::date(2024, 1, 1).at(0, 0, 0, 0);
    let place = |number: i64| usize::try_from(number).unwrap();
    let rows: Vec<[String; 4]> = (0_i64..600)
        .map(|row| {
            let since = first + jiff::Span::new().days(row * 37 % 730).seconds(row);
            let plan = ["basic", "gone", "pro", "gone", "trial", "max", "gone"][place((row * row * 3 + row / 5) % 7)];
            let item = ["seat", "support", "storage"][place(row % 3)];
            [format!("c{}", row * 7 % 97), item.to_owned(), plan.to_owned(), since.to_string()]
        })
        .collect();
    let lines: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
    (format!("customer_id,item,plan,since\n{}\n", lines.join("\n")), rows)
}

const ITEMS: &str = "spans = { of = [\"customer_id\", \"item\"], at = \"since\", gone = \"plan = 'gone'\" }\nwhere = \"plan <> 'trial'\"";
const UNITE: &str = "params = { overlaps = \"unite\" }";

/// The figures are DuckDB's, with `lead(since) OVER (PARTITION BY customer_id, item ORDER BY since)` as the end of each row.
#[test]
fn items_of_one_customer_are_told_apart() {
    let (log, _) = long_log();
    let case = Case::new().file("log.csv", log);
    let report =
        report(&table("log.csv", ITEMS), &[("mrr", UNITE), ("churn_rate", UNITE)]).replace("until = 2025-04-01", "until = 2026-01-01");
    let result = case.run(&report).unwrap();
    let mrr = [2639.0, 2708.6, 2846.3, 2876.1, 3072.8, 3201.3, 3191.4, 3191.4, 3181.5, 3260.3, 3171.5, 3230.4];
    let found = values(&result, "loyalty.mrr");
    assert_eq!(found.len(), mrr.len());
    for (found, expected) in found.iter().zip(mrr) {
        assert_close(*found, expected);
    }
    let lost = [(1, 68), (1, 69), (1, 73), (3, 78), (0, 76), (1, 79), (3, 83), (2, 82), (3, 84), (2, 83), (3, 84), (4, 83)];
    for (found, (lost, of)) in values(&result, "loyalty.churn_rate").iter().zip(lost) {
        assert_close(*found, 100.0 * f64::from(lost) / f64::from(of));
    }
    assert_eq!(ledger(&result), ([600, 0, 258, 102], [240, 0]));
}

/// The same spans, with their ends in the file.
#[test]
fn a_log_says_what_its_spans_do() {
    let (log, rows) = long_log();
    let end = |row: &[String; 4]| {
        let later = rows.iter().filter(|other| other[..2] == row[..2] && other[3] > row[3]);
        later.map(|other| other[3].clone()).min().unwrap_or_default()
    };
    let spans: Vec<String> = rows.iter().filter(|row| row[2] != "gone").map(|row| format!("{},{}", row.join(","), end(row))).collect();
    let case = Case::new().file("log.csv", log).file("spans.csv", format!("customer_id,item,plan,since,ended_at\n{}\n", spans.join("\n")));
    let by = format!("{UNITE}\nby = [[], [\"item\"], [\"days\"]]");
    let requests =
        [("mrr", by.as_str()), ("mrr_movement", &by), ("churn_rate", &by), ("customer_lifespan", "params = { overlaps = \"unite\" }")];
    // What is said of columns is said of the ends, too.
    let more =
        "\nderive.days = \"CASE WHEN ended_at IS NULL THEN 'open' WHEN ended_at > since + INTERVAL '30' DAY THEN 'long' ELSE 'short' END\"";
    let told = case.run(&report(&(table("log.csv", ITEMS) + more), &requests)).unwrap();
    let written = case.run(&report(&(table("spans.csv", "where = \"plan <> 'trial'\"") + more), &requests)).unwrap();
    assert!(told.results.len() > 30);
    assert_eq!(told.results, written.results);
}

#[test]
fn several_changes_at_one_instant_are_for_the_report_to_settle() {
    let log = format!("{LOG}b,max,2025-02-10,5\nb,basic,2025-02-10,4\n");
    let case = Case::new().file("log.csv", log);
    let run = |keep: &str| {
        let spans = SPANS.replace(" }", &format!("{keep} }}"));
        case.run(&report(&table("log.csv", &spans), &[("mrr", "")]))
    };
    let error = run("").unwrap_err();
    assert!(
        error.contains("table `log` has several changes of one `customer_id` at one instant of `since`: row 3 of `log.csv` and row 5; say"),
        "{error}"
    );
    for (keep, february) in [("\"first\"", 39.8), ("\"last\"", 29.8), ("{ newest = \"version\" }", 68.9)] {
        let result = run(&format!(", keep = {keep}")).unwrap();
        assert_close(values(&result, "loyalty.mrr")[1], february);
        assert_eq!(ledger(&result), ([6, 0, 3, 0], [3, 0]), "{keep}");
    }
    // Of equal versions none is the newest.
    let tied = Case::new().file("log.csv", format!("{LOG}b,max,2025-02-10,3\n"));
    let newest = SPANS.replace(" }", ", keep = { newest = \"version\" } }");
    let error = tied.run(&report(&table("log.csv", &newest), &[("mrr", "")])).unwrap_err();
    assert!(error.contains("row 3 of `log.csv` and row 5"), "{error}");
    let error = run(", keep = { newest = \"customer_id\" }").unwrap_err();
    assert!(error.contains("which row is the newest can't be told"), "{error}");
}

#[test]
fn repetition_comes_before_and_conditions_after_unless_they_are_first() {
    // The newest row of a version counts; notes are no changes.
    let log = "customer_id,plan,since,id,at\na,pro,2025-01-05,1,1\na,basic,2025-01-05,1,2\na,note,2025-02-01,2,3\na,churn,2025-03-15,3,4\n";
    let case = Case::new().file("log.csv", log);
    let more = "\ndeduplicate = [\"id\"]\nkeep = { newest = \"at\" }\nwhere = \"plan <> 'note'\"";
    let result = case.run(&report(&table("log.csv", &format!("{SPANS}{more}")), &[("mrr", "")])).unwrap();
    assert_eq!((values(&result, "loyalty.mrr"), ledger(&result)), (vec![9.9, 0.0, 0.0], ([4, 1, 1, 1], [1, 0])));
    let first = format!("{SPANS}{more}\nwhere_first = true");
    let result = case.run(&report(&table("log.csv", &first), &[("mrr", "")])).unwrap();
    assert_eq!((values(&result, "loyalty.mrr"), ledger(&result)), (vec![9.9, 9.9, 0.0], ([4, 1, 1, 1], [1, 0])));
    let without = format!("{SPANS}\nwhere = \"plan <> 'note'\"\nwhere_first = true");
    let case = Case::new().file("log.csv", log.replace("a,basic,2025-01-05,1,2\n", ""));
    let result = case.run(&report(&table("log.csv", &without), &[("mrr", "")])).unwrap();
    assert_eq!(values(&result, "loyalty.mrr"), [19.9, 19.9, 0.0]);
}

#[test]
fn a_change_of_nobody_or_at_no_time_is_rejected() {
    let case = Case::new().file("log.csv", format!("{LOG}b,churn,soon,5\n,churn,2025-02-11,6\nb,churn,,7\nb,pro,2025-03-01\n"));
    let result = case.run(&report(&table("log.csv", SPANS), &[("mrr", "")])).unwrap();
    assert_eq!(values(&result, "loyalty.mrr").len(), 3);
    assert_close(values(&result, "loyalty.mrr")[2], 19.9);
    assert_eq!(ledger(&result), ([8, 0, 1, 0], [3, 4]));
    let reasons: Vec<&str> = result.rejected.iter().map(|rejection| rejection.reason.as_str()).collect();
    let expected = [
        "`customer_id` is missing",
        "`since` is missing",
        "`since` is not a time like `2025-01-31`",
        "the row has fewer values than the header",
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn a_word_of_those_who_are_gone_that_no_row_has_is_said() {
    let case = Case::new().file("log.csv", LOG);
    let result = case.run(&report(&table("log.csv", &SPANS.replace("'churn'", "'churned'")), &[("mrr", "")])).unwrap();
    let notes: Vec<&str> = result.notes.iter().map(|note| note.text.as_str()).collect();
    assert!(notes.iter().any(|note| note.contains("no row has `churned` in `plan`, named by `gone`")), "{notes:?}");
}

#[test]
fn the_data_reach_until_the_last_change() {
    let case = Case::new().file("log.csv", LOG);
    let report = report(&table("log.csv", SPANS), &[("mrr", "")]).replace("as_of = 2026-01-01\n", "");
    let result = case.run(&report).unwrap();
    assert_eq!(result.manifest.tables[0].uses[0].data_until.as_deref(), Some("2025-03-15T00:00:00+00:00"), "a was gone then");
}

#[test]
fn mistakes_in_spans_are_said_where_they_stand() {
    let case = Case::new().file("log.csv", LOG).file("spans.csv", LOG.replace("version", "ended_at"));
    for (path, spans, said) in [
        ("log.csv", "spans = { of = \"customer\", at = \"since\" }", "there is no column `customer`"),
        ("log.csv", "spans = { of = \"customer_id\", at = \"sinse\" }", "there is no column `sinse`"),
        ("log.csv", "spans = { of = \"customer_id\", at = \"plan\" }", "when changes are can't be told: `plan` must be a time"),
        ("log.csv", "spans = { of = \"customer_id\", at = \"since\", gone = \"plan\" }", "`gone` must be true or false for each row"),
        ("log.csv", "spans = { of = \"customer_id\", at = \"since\", gone = \"status = 'x'\" }", "there is no column `status`"),
        ("log.csv", "spans = { of = \"customer_id\", at = \"since\", gone = \"ended_at IS NULL\" }", "it rests on `ended_at`"),
        ("log.csv", "spans = { of = \"customer_id\", at = \"since\", end = \"plan\" }", "`plan` is a column of the file already"),
        (
            "log.csv",
            "spans = { of = \"customer_id\", at = \"since\", end = \"started_at\" }",
            "`started_at` is a name that `columns` gives",
        ),
        ("spans.csv", SPANS, "`ended_at` is a column of the file already"),
        ("log.csv", "spans = { of = \"customer_id\", at = \"since\", keep = { newest = \"wersion\" } }", "there is no column `wersion`"),
        (
            "log.csv",
            "spans = { of = \"customer_id\", at = \"since\" }\ndeduplicate = [\"ended_at\"]",
            "`ended_at` is not known yet: `spans` tells it of the rows that this leaves",
        ),
        (
            "log.csv",
            "spans = { of = \"customer_id\", at = \"since\" }\nwhere = \"ended_at IS NULL\"\nwhere_first = true",
            "`ended_at` is not known yet",
        ),
        ("log.csv", "spans = { at = \"since\" }", "`of` is missing"),
    ] {
        let error = case.run(&report(&table(path, spans), &[("mrr", "")])).unwrap_err();
        assert!(error.contains(said), "{spans}: {error}");
    }
}
