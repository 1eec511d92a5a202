//! Expressions: what fails in one is a fault of its row, times are those of the report's clocks, and the book's page says what they may say.

use std::fmt::Write as _;

use custometer_testkit::Case;
use polars::prelude::{DataFrame, IntoColumn as _, NamedFrom as _, ParquetWriter, Series};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// Of each request, its values.
fn values(json: &Json, request: &str) -> Vec<Option<f64>> {
    let rows = json["results"].as_array().unwrap().iter().filter(|row| row["request"] == request);
    rows.map(|row| row["value"].as_f64()).collect()
}

/// A reason, with row, column and text of its first example.
type Fault = (String, u64, String, String);

/// What was rejected: reason, row, column and text of the first example.
fn rejected(json: &Json) -> Vec<Fault> {
    let of = |rejection: &Json| {
        let example = &rejection["examples"][0];
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        (text(&rejection["reason"]), example["row"].as_u64().unwrap_or(0), text(&example["column"]), text(&example["value"]))
    };
    json["rejected"].as_array().unwrap().iter().map(of).collect()
}

fn fault(reason: &str, row: u64, column: &str, value: &str) -> Vec<Fault> {
    vec![(reason.to_owned(), row, column.to_owned(), value.to_owned())]
}

const WAITS: &str = "ticket_id,created_at,wait_min\n1,2025-01-06 09:00:00,10\n2,2025-01-06 09:00:00,\"1,200\"\n3,2025-01-06 09:00:00,20\n";

fn waits(table: &str) -> String {
    format!(
        "[tables.tickets]\npath = \"waits.csv\"\n{table}\n\
         [[metrics]]\nmetric = \"support.first_response_time\"\ntable = \"tickets\"\nparams = {{ statistic = \"mean\" }}\ngrain = \"total\"\n\
         [[metrics]]\nmetric = \"support.ticket_volume\"\ntable = \"tickets\"\ngrain = \"total\"\n"
    )
}

#[test]
fn a_cell_that_can_not_be_read_rejects_its_row_where_the_column_is_read() {
    let case = Case::new().file("waits.csv", WAITS);
    let cast = |cast: &str| format!("derive = {{ first_replied_at = \"created_at + {cast} * INTERVAL '1 minute'\" }}");
    let json = case.json(&waits(&cast("CAST(wait_min AS INTEGER)"))).unwrap();
    assert_eq!(values(&json, "support.first_response_time"), [Some(900.0)]);
    // Who does not read the column loses no row.
    assert_eq!(values(&json, "support.ticket_volume"), [Some(3.0)]);
    assert_eq!(rejected(&json), fault("`wait_min` is not a whole number that `INTEGER` holds", 2, "wait_min", "1,200"));
    assert_eq!(json["rejected"][0]["requests"], json!(["support.first_response_time"]));
    // With the thousands declared it is read: (10 + 1200 + 20) / 3 minutes.
    let json = case.json(&waits(&format!("thousands = \",\"\n{}", cast("CAST(wait_min AS INTEGER)")))).unwrap();
    assert_eq!(values(&json, "support.first_response_time"), [Some(24_600.0)]);
    assert_eq!(rejected(&json), []);
    // Who says that it may fail has a missing value.
    let json = case.json(&waits(&cast("TRY_CAST(wait_min AS INTEGER)"))).unwrap();
    assert_eq!((values(&json, "support.first_response_time"), rejected(&json)), (vec![Some(900.0)], vec![]));
    let json = case.json(&waits(&cast("COALESCE(TRY_CAST(wait_min AS INTEGER), 30)"))).unwrap();
    assert_eq!(values(&json, "support.first_response_time"), [Some(1200.0)]);
}

#[test]
fn an_end_that_can_not_be_read_is_no_span_that_goes_on() {
    let subs = "customer_id,started_at,ended,price\na,2024-06-01,31.01.2025,\"$10.00\"\nb,2024-06-01,,\"$20.00\"\n\
        c,2024-06-01,2025-01-15,\"$1,000.00\"\nd,2024-06-01,15-02-2025,\"$5.00\"\n";
    let report = "[report]\nfrom = 2025-01-01\nuntil = 2025-02-01\ngrain = \"month\"\n\
        [tables.subscriptions]\npath = \"subs.csv\"\nderive = { ended_at = \"CAST(ended AS DATE)\" }\n\
        [[metrics]]\nmetric = \"loyalty.churn_rate\"\ntable = \"subscriptions\"\n";
    let json = Case::new().file("subs.csv", subs).json(report).unwrap();
    // Of b and c, c ended.
    assert_eq!(values(&json, "loyalty.churn_rate"), [Some(50.0)]);
    assert_eq!(json["rejected"][0]["rows"], 2);
    assert_eq!(rejected(&json), fault("`ended` is not a date", 1, "ended", "31.01.2025"));
}

/// One column of texts and a number of rows, as CSV and as Parquet.
fn both(column: &str, cells: &[&str]) -> [Case; 2] {
    let mut csv = format!("id,{column}\n");
    for (row, cell) in cells.iter().enumerate() {
        writeln!(csv, "{row},\"{}\"", cell.replace('"', "\"\"")).unwrap();
    }
    let ids: Vec<i64> = (0..i64::try_from(cells.len()).unwrap()).collect();
    let texts: Vec<Option<&str>> = cells.iter().map(|cell| Some(*cell).filter(|cell| !cell.is_empty())).collect();
    let columns = vec![Series::new("id".into(), ids).into_column(), Series::new(column.into(), texts).into_column()];
    let mut parquet = Vec::new();
    ParquetWriter::new(&mut parquet).finish(&mut DataFrame::new(cells.len(), columns).unwrap()).unwrap();
    [Case::new().file("t.csv", csv), Case::new().file("t.parquet", parquet)]
}

/// How many rows are used, what they sum up to, and what is rejected.
fn sum(case: &Case, format: &str, table: &str, measure: &str) -> (Option<f64>, Json, Vec<Fault>) {
    let report = format!(
        "[tables.t]\npath = \"t.{format}\"\n{table}\n\
         [define.\"acme.sum\"]\ntable = \"t\"\ntime = \"id\"\nmeasures = {{ sum = \"{measure}\" }}\nvalue = \"sum\"\nunit = \"count\"\n\
         [[metrics]]\nmetric = \"acme.sum\"\ntable = \"t\"\ngrain = \"total\"\n"
    );
    let json = case.json(&report).unwrap_or_else(|problems| panic!("{table} {measure}: {problems}"));
    (json["results"][0]["value"].as_f64(), json["manifest"]["tables"][0]["uses"][0]["rows_used"].clone(), rejected(&json))
}

#[test]
fn every_way_to_fail_is_a_fault_in_csv_and_parquet_alike() {
    for (cells, expression, expected, reason, at) in [
        (["1", "x", "3"], "CAST(v AS INTEGER)", 4.0, "`v` is not a whole number that `INTEGER` holds", (2, "x")),
        (["1", "2.5", "3"], "CAST(v AS BIGINT)", 4.0, "`v` is not a whole number", (2, "2.5")),
        (["1", "3000000000", "3"], "CAST(v AS INTEGER)", 4.0, "`v` is not a whole number that `INTEGER` holds", (2, "3000000000")),
        (["1", "9", "n/a"], "CAST(v AS DOUBLE) / 2", 5.0, "`v` is not a number", (3, "n/a")),
        (
            ["1", "123456", "2"],
            "CAST(v AS DECIMAL(6, 2))",
            3.0,
            "`v` is not a number of 6 digits, 2 of them after the point",
            (2, "123456"),
        ),
        (["yes", "maybe", "no"], "CASE WHEN CAST(v AS BOOLEAN) THEN 1 ELSE 0 END", 1.0, "`v` is not true or false", (2, "maybe")),
        (["2025-01-31", "2025-02-30", "2025-02-01"], "EXTRACT(DAY FROM CAST(v AS DATE))", 32.0, "`v` is not a date", (2, "2025-02-30")),
        (
            ["2025-01-31 10:00", "10 o'clock", ""],
            "COALESCE(EXTRACT(HOUR FROM CAST(v AS TIMESTAMP)), 1)",
            11.0,
            "`v` is not a time",
            (2, "10 o'clock"),
        ),
        (
            ["31/01/2025", "30/02/2025", "01/02/2025"],
            "EXTRACT(DAY FROM strptime(v, '%d/%m/%Y'))",
            32.0,
            "`v` is not a time like `31/01/2025`",
            (2, "30/02/2025"),
        ),
        (
            ["10 min", "ten min", "20 min"],
            "CAST(split_part(v, ' ', 1) AS INTEGER)",
            30.0,
            "`split_part(v, ' ', 1)` is not a whole number that `INTEGER` holds",
            (2, "ten min"),
        ),
        (["4", "0", "2"], "8 / CAST(v AS INTEGER)", 6.0, "`8 / CAST(v AS INTEGER)` divides by zero", (2, "0")),
        (["4", "0", "2"], "8 % CAST(v AS INTEGER)", 0.0, "`8 % CAST(v AS INTEGER)` divides by zero", (2, "0")),
        (
            ["1", "9223372036854775807", "2"],
            "CAST(v AS BIGINT) + 1",
            5.0,
            "`CAST(v AS BIGINT) + 1` is too large",
            (2, "9223372036854775807"),
        ),
        (["1", "1000", "0"], "EXP(CAST(v AS DOUBLE)) * 0", 0.0, "`EXP(CAST(v AS DOUBLE))` is not a finite number", (2, "1000")),
        (["1", "0", "1"], "LN(CAST(v AS DOUBLE))", 0.0, "`LN(CAST(v AS DOUBLE))` is not a finite number", (2, "0")),
        (
            ["1", "99999999", "2"],
            "EXTRACT(DAY FROM DATE '2025-01-01' + CAST(v AS INTEGER))",
            5.0,
            "`DATE '2025-01-01' + CAST(v AS INTEGER)` is not in the calendar",
            (2, "99999999"),
        ),
        (["{\"a\": 1}", "{a}", "{}"], "COALESCE(CAST(json_extract(v, '$.a') AS INTEGER), 0)", 1.0, "`v` is not JSON", (2, "{a}")),
    ] {
        let rows = fault(reason, at.0, "v", at.1);
        for (case, format) in both("v", &cells).iter().zip(["csv", "parquet"]) {
            // In a derived column, in a condition, and in a definition.
            let derive = format!("derive = {{ made = \"{}\" }}", expression.replace('"', "\\\""));
            let (value, used, found) = sum(case, format, &derive, "sum(made)");
            assert_eq!((value, used, &found), (Some(expected), json!(2), &rows), "{expression} derived of {format}");
            let written = expression.replace('"', "\\\"");
            let (value, used, found) = sum(case, format, &format!("where = \"({written}) IS NOT NULL\""), "count(*)");
            assert_eq!((value, used, &found), (Some(2.0), json!(2), &rows), "{expression} in a condition of {format}");
            let (value, used, found) = sum(case, format, "", &format!("sum({written})"));
            assert_eq!((value, used, &found), (Some(expected), json!(2), &rows), "{expression} defined over {format}");
        }
    }
}

#[test]
fn a_branch_that_is_not_taken_does_not_fail() {
    for expression in [
        "CASE WHEN v LIKE 'x%' THEN 0 ELSE CAST(v AS INTEGER) END",
        "CASE v WHEN 'x' THEN 0 ELSE CAST(v AS INTEGER) END",
        "COALESCE(NULLIF(0, 1), CAST(v AS INTEGER))",
        "if(v = 'x', 0, CAST(v AS INTEGER))",
        "CASE WHEN v <> 'x' AND CAST(v AS INTEGER) > 1 THEN 1 ELSE 0 END",
        "CASE WHEN v = 'x' OR CAST(v AS INTEGER) > 1 THEN 1 ELSE 0 END",
        "CASE WHEN CAST(v AS INTEGER) > 1 OR v = 'x' THEN 1 ELSE 0 END",
        "COALESCE(TRY_CAST(v AS INTEGER), 0)",
        "1 / NULLIF(LENGTH(v) - 1, 0)",
    ] {
        for (case, format) in both("v", &["1", "x", "3"]).iter().zip(["csv", "parquet"]) {
            let (_, used, found) = sum(case, format, &format!("derive = {{ made = \"{expression}\" }}"), "sum(made)");
            assert_eq!((used, found), (json!(3), vec![]), "{expression} of {format}");
        }
    }
    // One that is taken does, also where another row's is not.
    let [csv, _] = both("v", &["1", "x", "y"]);
    let (_, used, found) = sum(&csv, "csv", "derive = { made = \"CASE WHEN v = 'x' THEN 0 ELSE CAST(v AS INTEGER) END\" }", "sum(made)");
    assert_eq!((used, found), (json!(2), fault("`v` is not a whole number that `INTEGER` holds", 3, "v", "y")));
}

#[test]
fn a_fault_goes_on_through_what_is_derived_from_it() {
    let [csv, _] = both("wait", &["10 min", "1,200 min", "20 min"]);
    let derive =
        "derive = { minutes = \"split_part(wait, ' ', 1)\", seconds = \"CAST(minutes AS INTEGER) * 60\", again = \"seconds / 60\" }";
    let (value, used, found) = sum(&csv, "csv", derive, "sum(again)");
    assert_eq!((value, used), (Some(30.0), json!(2)));
    assert_eq!(found, fault("`minutes` is not a whole number that `INTEGER` holds", 2, "wait", "1,200 min"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_planted_fault_is_seen_and_never_part_of_a_value(
        numbers in prop::collection::vec(0..100_i64, 1..40),
        at in 0..40_usize,
        planted in prop::sample::select(vec!["x", "1,5", "1 2", "--1", "0x1", "1e", "NaN", "９"]),
        expression in prop::sample::select(vec!["CAST(v AS INTEGER)", "CAST(v AS BIGINT) * 1", "CAST(v AS DOUBLE)", "CAST(trim(v) AS INTEGER) + 0"]),
    ) {
        let at = at % numbers.len();
        let cells: Vec<String> = numbers.iter().map(ToString::to_string).enumerate().map(|(row, cell)| if row == at { planted.to_owned() } else { cell }).collect();
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let expected: i64 = numbers.iter().enumerate().filter(|(row, _)| *row != at).map(|(_, number)| number).sum();
        for (case, format) in both("v", &cells).iter().zip(["csv", "parquet"]) {
            let (value, used, found) = sum(case, format, &format!("derive = {{ made = \"{expression}\" }}"), "sum(made)");
            prop_assert_eq!(used, json!(numbers.len() - 1));
            prop_assert_eq!(value.unwrap_or(0.0), expected as f64);
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!((found[0].1, found[0].3.as_str()), (at as u64 + 1, planted));
        }
    }
}

const LOCAL: &str = "ticket_id,created_at,solved_at,local\n1,2025-07-01T22:30:00Z,2025-07-02T01:00:00Z,2025-07-02 00:30:00\n\
    2,2025-01-01T23:30:00Z,2025-01-02T01:00:00Z,2025-01-02 00:30:00\n3,2025-01-05T23:30:00Z,2025-01-06T01:00:00Z,2025-01-06 00:30:00\n";

/// How many tickets there are, by a derived column.
fn volume(rows: &str, table: &str, by: &str) -> Vec<(String, f64)> {
    let report = format!(
        "[report]\ntimezone = \"Europe/Copenhagen\"\n[tables.tickets]\npath = \"t.csv\"\n{table}\n\
         [[metrics]]\nmetric = \"support.ticket_volume\"\ntable = \"tickets\"\ngrain = \"total\"\nby = [[{by}]]\n"
    );
    let json = Case::new().file("t.csv", rows).json(&report).unwrap();
    let row = |row: &Json| {
        (
            row["dimensions"].as_object().unwrap().values().next().map(ToString::to_string).unwrap_or_default(),
            row["value"].as_f64().unwrap(),
        )
    };
    json["results"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn expressions_see_the_times_of_the_reports_clocks() {
    let all = |value: &str| vec![(value.to_owned(), 3.0)];
    for column in ["created_at", "local"] {
        let derive = |expression: &str| format!("derive = {{ made = \"{}\" }}", expression.replace("time", column));
        assert_eq!(volume(LOCAL, &derive("EXTRACT(HOUR FROM time)"), "\"made\""), all("0"), "{column}");
        assert_eq!(volume(LOCAL, &derive("STRFTIME(time, '%H:%M')"), "\"made\""), all("\"00:30\""), "{column}");
        assert_eq!(volume(LOCAL, &derive("hour(date_trunc('hour', time))"), "\"made\""), all("0"), "{column}");
        let days: Vec<(String, f64)> = ["2025-01-02", "2025-01-06", "2025-07-02"].map(|day| (format!("\"{day}\""), 1.0)).into();
        for day in ["CAST(time AS DATE)", "DATE_TRUNC('day', time)", "STRFTIME(time, '%Y-%m-%d')", "LEFT(CAST(time AS VARCHAR), 10)"] {
            assert_eq!(volume(LOCAL, &derive(day), "\"made\""), days, "{day} of {column}");
        }
        for (condition, kept) in [
            ("EXTRACT(HOUR FROM time) = 0", 3.0),
            ("time < '2025-01-02'", 0.0),
            ("time >= '2025-01-02 00:30'", 3.0),
            ("time > TIMESTAMP '2025-01-02 00:30:00'", 2.0),
            ("time >= DATE '2025-07-02'", 1.0),
            ("CAST(time AS DATE) = '2025-07-02'", 1.0),
            ("time BETWEEN '2025-01-06' AND '2025-01-07'", 1.0),
            ("time IN ('2025-01-06 00:30:00', '2025-01-05T23:30:00Z')", 1.0),
            ("time = '2025-07-01T22:30:00Z'", 1.0),
        ] {
            let table = format!("where = \"{}\"", condition.replace("time", column));
            let found: f64 = volume(LOCAL, &table, "").iter().map(|(_, value)| value).sum();
            assert_eq!(found, kept, "{condition} of {column}");
            // The same in a definition.
            let report = format!(
                "[report]\ntimezone = \"Europe/Copenhagen\"\n[tables.t]\npath = \"t.csv\"\n\
                 [define.\"acme.n\"]\ntable = \"t\"\ntime = \"created_at\"\nmeasures = {{ n = \"count(*) filter (where {})\" }}\nvalue = \"n\"\nunit = \"count\"\n\
                 [[metrics]]\nmetric = \"acme.n\"\ntable = \"t\"\ngrain = \"total\"\n",
                condition.replace("time", column)
            );
            let json = Case::new().file("t.csv", LOCAL).json(&report).unwrap();
            assert_eq!(values(&json, "acme.n"), [Some(kept)], "{condition} of {column}, defined");
        }
    }
}

/// Mean first response in seconds, by the clocks of Copenhagen.
fn response(rows: &str, table: &str) -> Option<f64> {
    let report = format!(
        "[report]\ntimezone = \"Europe/Copenhagen\"\n[tables.tickets]\npath = \"t.csv\"\n{table}\n\
         [[metrics]]\nmetric = \"support.first_response_time\"\ntable = \"tickets\"\nparams = {{ statistic = \"mean\" }}\ngrain = \"total\"\n"
    );
    let json = Case::new().file("t.csv", rows).json(&report).unwrap();
    assert_eq!(rejected(&json), [], "{table}");
    values(&json, "support.first_response_time")[0]
}

#[test]
fn a_day_and_some_minutes_are_a_time() {
    let rows = "ticket_id,created,created_ts,mins\n1,2025-01-06,2025-01-06 09:00:00,60\n2,2025-01-07,2025-01-07 09:00:00,120\n";
    let of = |created: &str, replied: &str| {
        response(rows, &format!("columns = {{ created_at = \"{created}\" }}\nderive = {{ first_replied_at = \"{replied}\" }}"))
    };
    assert_eq!(of("created", "created + INTERVAL '90 minute'"), Some(5400.0));
    assert_eq!(of("created", "created_at + INTERVAL '1 hour 30 minutes'"), Some(5400.0));
    assert_eq!(of("created", "created + mins * INTERVAL '1 minute'"), Some(5400.0));
    assert_eq!(of("created_ts", "created_ts + mins * INTERVAL '1 minute'"), Some(5400.0));
    assert_eq!(of("created_ts", "created + INTERVAL '9 hours' + mins * INTERVAL '60 seconds'"), Some(5400.0));
    assert_eq!(of("created_ts", "created_ts + 0.5 * INTERVAL '1 day'"), Some(43_200.0));
}

#[test]
fn hours_elapse_over_clock_changes_and_days_keep_the_clock() {
    // Clocks in Copenhagen were put forward on 30 March 2025 at 02:00, and back on 26 October at 03:00.
    let of = |created: &str, replied: &str| {
        response(&format!("ticket_id,created_at\n1,{created}\n"), &format!("derive = {{ first_replied_at = \"{replied}\" }}"))
    };
    assert_eq!(of("2025-03-30 01:30:00", "created_at + INTERVAL '1 hour'"), Some(3600.0));
    assert_eq!(of("2025-03-29 12:00:00", "created_at + INTERVAL '24 hours'"), Some(86_400.0));
    assert_eq!(of("2025-03-29 12:00:00", "created_at + INTERVAL '1 day'"), Some(82_800.0));
    assert_eq!(of("2025-10-25 12:00:00", "created_at + INTERVAL '1 day'"), Some(90_000.0));
    assert_eq!(of("2025-01-31 12:00:00", "created_at + INTERVAL '1 month'"), Some(28.0 * 86_400.0));
    // What clocks show is cut, and the instant is kept.
    assert_eq!(of("2025-10-26T01:30:00Z", "date_trunc('hour', created_at) + INTERVAL '40 minutes'"), Some(600.0));
}

#[test]
fn a_step_of_a_funnel_sees_local_times_and_faults() {
    let rows = "user_id,time,event,value\na,2025-07-01T21:30:00Z,view,1\na,2025-07-01T22:30:00Z,buy,x\nb,2025-07-01T22:30:00Z,view,1\nb,2025-07-01T22:40:00Z,buy,2\n";
    let report = "[report]\ntimezone = \"Europe/Copenhagen\"\nfrom = 2025-07-01\nuntil = 2025-07-03\ngrain = \"total\"\n\
        [tables.events]\npath = \"e.csv\"\n\
        [[metrics]]\nmetric = \"web.funnel\"\ntable = \"events\"\n\
        params = { window_hours = 2, statistic = \"reached\", steps = [{ name = \"late\", where = \"event = 'view' AND EXTRACT(HOUR FROM time) = 0\" }, \
        { name = \"bought\", where = \"event = 'buy' AND CAST(value AS INTEGER) > 1\" }] }\n";
    let json = Case::new().file("e.csv", rows).json(report).unwrap();
    assert_eq!(values(&json, "web.funnel"), [Some(1.0), Some(1.0)]);
    assert_eq!(rejected(&json), fault("`value` is not a whole number that `INTEGER` holds", 2, "value", "x"));
}

/// What is said of a condition that is wrong, in one line.
fn problem(condition: &str) -> String {
    let rows = "id,score,time,note\n1,2,2025-01-01 10:00:00,a\n";
    let report = format!(
        "[tables.t]\npath = \"t.csv\"\nwhere = '''{condition}'''\n[[metrics]]\nmetric = \"support.ticket_volume\"\ntable = \"t\"\ncolumns = {{ ticket_id = \"id\" }}\n"
    );
    let shown = Case::new().file("t.csv", rows).load(&report).err().unwrap_or_else(|| panic!("{condition} has no problem"));
    shown.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_not_supported_is_refused_at_its_place_with_what_is_there() {
    for (condition, expected) in [
        ("lenght(note) = 1", "there is no function `lenght`"),
        ("lenght(note) = 1", "did you mean `length`?"),
        ("now() > time", "a report does not read the clock"),
        ("to_char(time, 'x') = 'a'", "write `strftime(time, '%Y-%m-%d')`"),
        ("sum(score) > 1", "an aggregate has no place in an expression over one row"),
        ("score = 'a'", "a column of numbers is compared with text: write the number without quotes, or `CAST(score AS VARCHAR)`"),
        ("note > 1", "say what the text is: `CAST(note AS DOUBLE)`"),
        ("time = 'soon'", "`soon` is not a time"),
        ("score = NULL", "write `IS NULL`"),
        ("score + 1", "`where` must be true or false for each row, and is a whole number"),
        ("note + 1 = 2", "say what the text is: `CAST(note AS DOUBLE)`"),
        ("note + note = 'aa'", "texts are joined by `||`"),
        ("time + 1 > time", "n * INTERVAL '1 minute'"),
        ("regexp_like(note, '(')", "`(` is not a regular expression"),
        ("strftime(time, '%Q') = 'a'", "`strftime` has no directive `%Q`"),
        ("date_trunc('fortnight', time) = time", "there are year, quarter, month"),
        ("EXTRACT(FORTNIGHT FROM time) = 1", "there is no part `fortnight` of a time"),
        ("split_part(note, '-') = 'a'", "`split_part` takes 3 values, and has 2"),
        ("note[1] = 'a'", "`note` is text, and has no elements"),
        ("note.x = 'a'", "`note` is text, and has no field `x`"),
        ("score IN (SELECT 1)", "a query has no place"),
        ("CAST(score AS UUID) = 1", "there is no type `UUID` to convert to"),
        ("scroe > 1", "did you mean `score`?"),
        ("score >", "not an SQL expression"),
        ("score > 1 score", "`score` has no meaning here"),
        ("lower(score > 1) = 'a'", "`lower` takes text, and `score > 1` is true or false"),
        // What only breaks things.
        ("CAST(score AS DECIMAL(1000, 500)) > 1", "there is no `DECIMAL(1000,500)`"),
        ("time > time + INTERVAL '999999999 years'", "`999999999 years` is longer than the calendar"),
        ("LPAD(note, 2147483647, 'x') = 'a'", "takes a whole number from 0 to 10000 here"),
        ("repeat(note, 2147483647) = 'a'", "takes a whole number from 0 to 1000 here"),
    ] {
        let found = problem(condition);
        assert!(found.contains(expected), "{condition}: {found}");
    }
    let many = vec!["score = 1"; 5000].join(" OR ");
    assert!(problem(&many).contains("operators is too long"));
    // The parser would try each of these in two ways, and what is within each as often.
    for open in ["CAST(", "POSITION(", "NOT (", "CASE WHEN ", "CASE(", "SUBSTRING ("] {
        assert!(problem(&open.repeat(40)).contains("can't be read more than 10 deep in each other"), "{open}");
    }
    // And each of these in two ways once more.
    assert!(problem(&"POSITION(".repeat(6)).contains("can't be read more than 10 deep in each other"));
    let deep = format!("{}score{} = 1", "(".repeat(400), ")".repeat(400));
    assert!(problem(&deep).contains("so many brackets"));
    let chain = vec!["score"; 400].join(" + ") + " = 1";
    assert!(problem(&chain).contains("operators in a row are too many"));
}

#[test]
fn a_long_condition_is_computed() {
    let rows = "id,score\n1,2\n2,700\n";
    let condition = (0..120).map(|score| format!("score = {score}")).collect::<Vec<_>>().join(" OR ");
    let found = volume(rows, &format!("columns = {{ ticket_id = \"id\" }}\nwhere = \"{condition}\""), "");
    assert_eq!(found.iter().map(|(_, value)| value).sum::<f64>(), 1.0);
}

#[test]
fn every_example_of_the_books_page_is_right() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/reference/expressions.md")).unwrap();
    let mut examples: Vec<(String, String)> = Vec::new();
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let parts: Vec<&str> = line.split('`').collect();
        for window in parts.windows(3).filter(|window| window[1] == " is ") {
            examples.push((window[0].replace("\\|", "|"), window[2].replace("\\|", "|")));
        }
    }
    assert!(examples.len() > 100, "{} examples", examples.len());
    for some in examples.chunks(40) {
        let measure = |(position, (written, gives)): (usize, &(String, String))| {
            format!("m{position} = '''count(*) filter (where ({written}) IS NOT DISTINCT FROM ({gives}))'''")
        };
        let measures: Vec<String> = some.iter().enumerate().map(measure).collect();
        let report = format!(
            "[report]\ntimezone = \"Europe/Copenhagen\"\n[tables.t]\npath = \"t.csv\"\n[define.\"acme.n\"]\ntable = \"t\"\nvalue = \"m0\"\nunit = \"count\"\n\
             [define.\"acme.n\".measures]\n{}\n[[metrics]]\nmetric = \"acme.n\"\ntable = \"t\"\ngrain = \"total\"\n",
            measures.join("\n")
        );
        let json = Case::new().file("t.csv", "time\n2025-01-01\n").json(&report).unwrap();
        for (position, (written, gives)) in some.iter().enumerate() {
            let found = &json["results"][0]["measures"][format!("m{position}")];
            assert_eq!(found.as_f64(), Some(1.0), "{written} is not {gives}: {}", json["rejected"]);
        }
    }
}

#[test]
fn a_quotient_is_the_nearest_number_in_batches_of_any_size() {
    // 57 times the reciprocal of 100 is 0.5700000000000001: so it would be in a batch of many rows, and 0.57 in one of one row.
    let rows: Vec<String> = (1..=100).map(|amount| format!("{amount}\n")).collect();
    let many = Case::new().file("o.csv", format!("amount\n{}", rows.concat()));
    let single =
        rows.iter().enumerate().fold(Case::new(), |case, (file, row)| case.file(&format!("o-{file}.csv"), format!("amount\n{row}")));
    for (case, path) in [(many, "o.csv"), (single, "o-*.csv")] {
        let config = format!(
            "[tables.orders]\npath = \"{path}\"\nwhere = \"amount / 100 IN (0.35, 0.41, 0.57, 0.83) OR 41 / amount = 0.5\"\n\
             derive = {{ share = \"amount / 100\" }}\n\
             [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\nby = [[], [\"share\"]]\n"
        );
        let json = case.json(&config).unwrap();
        let shares: Vec<&Json> = json["results"].as_array().unwrap().iter().map(|row| &row["dimensions"]["share"]).collect();
        assert_eq!(shares, [&Json::Null, &json!(0.35), &json!(0.41), &json!(0.57), &json!(0.82), &json!(0.83)], "{path}");
    }
}

/// The parameters of events, as an analytics product exports them: in any order, some missing, one twice, one list missing and one empty.
#[test]
fn a_parameter_is_found_by_its_key() {
    let parameter =
        |key: &str, text: &str, number: &str| format!("{{\"key\": \"{key}\", \"value\": {{\"text\": {text}, \"number\": {number}}}}}");
    let (page, other, visit) = (parameter("page", "\"/a\"", "null"), parameter("page", "\"/b\"", "null"), parameter("visit", "null", "7"));
    let lists = [
        format!("[{page}, {visit}]"),
        format!("[{visit}, {page}]"),
        format!("[{other}]"),
        format!("[{other}, {page}]"),
        "[]".to_owned(),
        "null".to_owned(),
        format!("[{visit}]"),
    ];
    let line = |(row, list): (usize, &String)| format!("{{\"time\": \"2025-01-0{}\", \"params\": {list}}}\n", row + 1);
    let rows: String = lists.iter().enumerate().map(line).collect();
    let case = Case::new().file("events.ndjson", rows);
    let report = |page: &str| {
        format!(
            "[tables.events]\npath = \"events.ndjson\"\nderive = {{ page = \"{page}\" }}\n[[metrics]]\nmetric = \"web.page_views\"\ntable = \"events\"\n\
             params = {{ view_events = [] }}\nby = [[\"page\"]]\n"
        )
    };
    let counted = |page: &str| -> Vec<(String, f64)> {
        let json = case.json(&report(page)).unwrap();
        let row = |row: &Json| (row["dimensions"]["page"].to_string(), row["value"].as_f64().unwrap());
        json["results"].as_array().unwrap().iter().map(row).collect()
    };
    let expected = |of: &[(&str, f64)]| of.iter().map(|(page, views)| ((*page).to_owned(), *views)).collect::<Vec<_>>();
    assert_eq!(counted("params['page'].text"), expected(&[("null", 3.0), ("\"/a\"", 2.0), ("\"/b\"", 2.0)]));
    assert_eq!(counted("params['visit'].number"), expected(&[("null", 4.0), ("7", 3.0)]));
    assert_eq!(counted("params['nothing'].text"), expected(&[("null", 7.0)]));
    for (page, said) in [
        ("params['page'].txt", "`params['page']` has no field `txt`"),
        ("params['page']", "`page` can't be broken down by: it is struct[2], and not a single value"),
        ("params[1]['page']", "has no field `page`"),
        ("time['page']", "has no field `page`"),
        ("string_split('a', ',')['page']", "a list has elements by number"),
    ] {
        let error = case.json(&report(page)).unwrap_err();
        assert!(error.contains(said), "{page}: {error}");
    }
}

/// What a help desk and an analytics product put into one cell: objects, lists of keys and values, nothing, and what is neither.
#[test]
fn a_value_is_found_by_its_key_in_json_text() {
    let cells = [
        r#"{"page": "/a", "visit": 7}"#,
        r#"[{"key": "visit", "value": 7}, {"key": "page", "value": "/a"}]"#,
        r#"{"visit": {"number": 8}}"#,
        "",
        "page=/a",
        "[1, 2]",
    ];
    let line = |(row, cell): (usize, &&str)| format!("2025-01-0{},\"{}\"\n", row + 1, cell.replace('"', "\"\""));
    let case = Case::new().file("events.csv", format!("time,params\n{}", cells.iter().enumerate().map(line).collect::<String>()));
    let run = |page: &str| {
        let config = format!(
            "[report]\nmax_rejected_percent = 100\n[tables.events]\npath = \"events.csv\"\nderive = {{ page = \"{page}\" }}\n[[metrics]]\n\
             metric = \"web.page_views\"\ntable = \"events\"\nparams = {{ view_events = [] }}\nby = [[\"page\"]]\n"
        );
        case.json(&config).unwrap()
    };
    let counted = |json: &Json| -> Vec<(String, f64)> {
        let row = |row: &Json| (row["dimensions"]["page"].to_string(), row["value"].as_f64().unwrap());
        json["results"].as_array().unwrap().iter().map(row).collect()
    };
    let expected = |of: &[(&str, f64)]| of.iter().map(|(page, views)| ((*page).to_owned(), *views)).collect::<Vec<_>>();
    let json = run("params['page']");
    assert_eq!(counted(&json), expected(&[("null", 2.0), ("\"/a\"", 2.0)]));
    assert_eq!(counted(&run("CAST(params['visit'] ->> '$.number' AS INTEGER)")), expected(&[("null", 3.0), ("8", 1.0)]));
    // A cell that is no such JSON is a rejected one, shown with its text.
    let rejected = &json["rejected"][0];
    assert_eq!(
        (&rejected["reason"], &rejected["rows"]),
        (&json!("`params` is not an object of JSON, or a list of keys and values"), &json!(2))
    );
    assert_eq!((&rejected["examples"][0]["row"], &rejected["examples"][0]["value"]), (&json!(5), &json!("page=/a")));
}

/// Conditions over a column `v`, each with what of `10`, `7.5`, `2025-01-31`, `yes` and nothing it is true of, and what it can't be told of.
const ASKED: &[(&str, &[&str], &[&str])] = &[
    ("v > 8", &["10"], &["2025-01-31", "yes"]),
    ("8 < v", &["10"], &["2025-01-31", "yes"]),
    ("v IN (7.5, 11)", &["7.5"], &["2025-01-31", "yes"]),
    ("v BETWEEN 7 AND 10", &["10", "7.5"], &["2025-01-31", "yes"]),
    ("COALESCE(v, 0) = 0", &[""], &["2025-01-31", "yes"]),
    ("v * 2 + 1 = 16", &["7.5"], &["2025-01-31", "yes"]),
    ("-v = -10", &["10"], &["2025-01-31", "yes"]),
    ("abs(v) = 10", &["10"], &["2025-01-31", "yes"]),
    ("greatest(v, 9) = 10", &["10"], &["2025-01-31", "yes"]),
    ("CASE WHEN TRUE THEN v ELSE 1 END = 10", &["10"], &["2025-01-31", "yes"]),
    ("v % 10 = 0", &["10"], &["2025-01-31", "yes"]),
    ("v > DATE '2025-01-30'", &["2025-01-31"], &["10", "7.5", "yes"]),
    ("v < '2025-02-01'", &["2025-01-31"], &["10", "7.5", "yes"]),
    ("v + INTERVAL '1 day' = DATE '2025-02-01'", &["2025-01-31"], &["10", "7.5", "yes"]),
    ("DATE '2025-02-01' - v = 1", &["2025-01-31"], &["10", "7.5", "yes"]),
    ("EXTRACT(MONTH FROM v) = 1", &["2025-01-31"], &["10", "7.5", "yes"]),
    ("v", &["yes"], &["10", "7.5", "2025-01-31"]),
    ("NOT v", &[], &["10", "7.5", "2025-01-31"]),
    ("v AND TRUE", &["yes"], &["10", "7.5", "2025-01-31"]),
    ("v = 'yes'", &["yes"], &[]),
    ("v LIKE '1%'", &["10"], &[]),
    ("v || '!' = 'yes!'", &["yes"], &[]),
    ("length(v) = 3", &["7.5", "yes"], &[]),
    ("CAST(v AS VARCHAR) = '7.5'", &["7.5"], &[]),
    ("TRY_CAST(v AS DOUBLE) = 7.5", &["7.5"], &[]),
    ("v IS NULL", &[""], &[]),
    ("v['a'] = 'x'", &[], &["10", "7.5", "2025-01-31", "yes"]),
    ("NULLIF(v, 10) = 7.5", &["7.5"], &["2025-01-31", "yes"]),
];

/// A column without a value in the first rows is what the expression asks of it, whether or not one comes later: a nightly file may be empty.
#[test]
fn a_column_without_a_value_so_far_is_what_an_expression_asks_of_it() {
    let values = ["10", "7.5", "2025-01-31", "yes", ""];
    let empty = (0..1100).map(|row| format!("{row},,\n")).collect::<Vec<_>>().concat();
    let late = values.iter().enumerate().map(|(row, value)| format!("{},{value},x\n", 2000 + row)).collect::<Vec<_>>().concat();
    for (condition, holds, fails) in ASKED {
        for column in ["v", "w"] {
            // The same of a column that is derived of it.
            let turned = |of: &str| {
                let end = of.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric()).len();
                if &of[..end] == "v" { column.to_owned() + &of[end..] } else { of.to_owned() }
            };
            let condition: String = condition.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()).map(turned).collect();
            let derive = if column == "v" { "" } else { "derive = { w = \"v\" }\n" };
            let report = format!(
                "[report]\nmax_rejected_percent = 100\n[tables.tickets]\npath = \"t.csv\"\n{derive}where = \"{condition}\"\n\
                 [[metrics]]\nmetric = \"support.ticket_volume\"\ntable = \"tickets\"\nby = [[\"v\"]]\n"
            );
            let nothing =
                Case::new().file("t.csv", "ticket_id,v,note\n").json(&report).unwrap_or_else(|problem| panic!("{condition}: {problem}"));
            assert_eq!(nothing["rejected"], json!([]), "{condition}");
            let text = format!("ticket_id,v,note\n{empty}{late}");
            let json = Case::new().file("t.csv", text).json(&report).unwrap_or_else(|problem| panic!("{condition}: {problem}"));
            let groups = json["results"].as_array().unwrap().iter().filter(|row| row["dimensions"]["v"] != Json::Null);
            let mut found: Vec<String> = groups.map(|row| row["dimensions"]["v"].to_string().replace('"', "")).collect();
            let mut expected: Vec<&str> = holds.iter().copied().filter(|value| !value.is_empty()).collect();
            found.sort();
            expected.sort_unstable();
            assert_eq!(found, expected, "{condition}");
            let lost: u64 = json["rejected"].as_array().unwrap().iter().map(|reason| reason["rows"].as_u64().unwrap()).sum();
            assert_eq!(lost, fails.len() as u64, "{condition}: {}", json["rejected"]);
        }
    }
}

#[test]
fn two_columns_without_a_value_so_far_are_not_compared_by_guess() {
    let rows = (0..1100).map(|row| format!("{row},,\n")).collect::<Vec<_>>().concat();
    let text = format!("ticket_id,one,other\n{rows}2000,9,10\n2001,9,\n2002,,10\n");
    for (condition, said) in [
        ("one < other", true),
        ("one = other", true),
        ("greatest(one, other) = '9'", true),
        ("COALESCE(one, other) IS NOT NULL", false),
        ("one < 10 AND other IS NULL", false),
        ("CAST(one AS DOUBLE) < CAST(other AS DOUBLE)", false),
    ] {
        let report = format!(
            "[report]\nmax_rejected_percent = 100\n[tables.tickets]\npath = \"t.csv\"\nwhere = \"{condition}\"\n\
             [[metrics]]\nmetric = \"support.ticket_volume\"\ntable = \"tickets\"\n"
        );
        let json = Case::new().file("t.csv", &text).json(&report).unwrap_or_else(|problem| panic!("{condition}: {problem}"));
        let why =
            "`one` and `other` have no values in the first rows, which would say what they are; say it, such as `CAST(one AS DOUBLE)`";
        let expected = if said { fault(why, 1101, "one", "9") } else { Vec::new() };
        assert_eq!(rejected(&json), expected, "{condition}");
    }
}

/// In a file that stores types, a column may have none; and a metric that a report defines adds up what has not come yet.
#[test]
fn what_a_file_has_no_type_for_is_asked_for_too() {
    let mut frame =
        DataFrame::new(2, vec![Series::new("ticket_id".into(), [1_i64, 2]).into_column(), Series::new_null("v".into(), 2).into_column()])
            .unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).unwrap();
    let of_volume = "[[metrics]]\nmetric = \"support.ticket_volume\"\ntable = \"tickets\"\n";
    let report = format!("[tables.tickets]\npath = \"t.parquet\"\nwhere = \"v > 10 OR v IS NULL\"\n{of_volume}");
    let json = Case::new().file("t.parquet", bytes).json(&report).unwrap();
    assert_eq!(values(&json, "support.ticket_volume"), [Some(2.0)]);
    let defined = "[tables.tickets]\npath = \"t.csv\"\n[define.\"my.sum\"]\ntable = \"tickets\"\nvalue = \"all\"\nunit = \"count\"\n\
        measures = { all = \"sum(v)\", good = \"count(*) filter (where flag)\" }\n[[metrics]]\nmetric = \"my.sum\"\ntable = \"tickets\"\n";
    let rows = (0..1100).map(|row| format!("{row},,\n")).collect::<Vec<_>>().concat();
    let nothing = Case::new().file("t.csv", "ticket_id,v,flag\n").json(defined).unwrap();
    assert_eq!(nothing["rejected"], json!([]));
    let late = format!("ticket_id,v,flag\n{rows}2000,2.5,yes\n2001,4,no\n2002,x,yes\n");
    let json = Case::new().file("t.csv", late).json(&format!("[report]\nmax_rejected_percent = 1\n{defined}")).unwrap();
    assert_eq!((values(&json, "my.sum"), &json["results"][0]["measures"]["good"]), (vec![Some(6.5)], &json!(1)));
    assert_eq!(rejected(&json), fault("`v` is not a number", 1103, "v", "x"));
}
