//! Tables of another shape than their files: columns and lists that become rows.
//!
//! Figures that are not counted by hand are DuckDB's `UNPIVOT` and `UNNEST` over the same rows.

use custometer_runner::RunResult;
use custometer_testkit::Case;
use polars::prelude::{IntoColumn, NamedFrom, ParquetWriter, Series, df};

const NPS: &str = "metric = \"loyalty.nps\"";
const VIEWS: &str = "metric = \"web.page_views\"\nparams = { view_events = [] }";

fn run(case: &Case, table: &str, request: &str) -> Result<RunResult, String> {
    case.run(&format!("[tables.t]\n{table}\n[[metrics]]\ntable = \"t\"\n{request}\n"))
}

/// The values of a breakdown by one column, as `key=value/n`.
fn by(result: &RunResult) -> String {
    let row = |row: &custometer_runner::ResultRow| {
        let key = row.dimensions.first().map_or_else(|| "all".to_owned(), |(_, value)| value.to_string());
        format!("{key}={}/{}", row.value.unwrap_or(f64::NAN), row.n.unwrap_or(f64::NAN))
    };
    result.results.iter().map(row).collect::<Vec<_>>().join(" ")
}

/// Rows read, made, filtered, repeated; then used, without an answer, rejected.
fn ledger(result: &RunResult) -> (u64, Option<u64>, u64, u64, [u64; 3]) {
    let table = &result.manifest.tables[0];
    let used = &table.uses[0];
    let all = table.rows_filtered + table.rows_deduplicated + used.rows_left_out + used.rows_outside_period;
    let fates = [used.rows_used.shown().unwrap(), used.rows_without_answer, used.rows_rejected];
    assert_eq!(
        all + fates.iter().sum::<u64>(),
        table.rows_made.map_or(table.rows_read.shown().unwrap() - table.rows_no_data.all(), |rows| rows.shown().unwrap()),
        "{table:?}"
    );
    (
        table.rows_read.shown().unwrap(),
        table.rows_made.and_then(custometer_runner::RowCount::shown),
        table.rows_filtered,
        table.rows_deduplicated,
        fates,
    )
}

const SURVEY: &str = "id,time,region,Q1,Q2,Q3\n\
    1,2025-01-05,north,9,10,\n\
    2,2025-01-06,north,3,eight,7\n\
    3,2025-01-07,south,10,0,11\n\
    3,2025-01-08,south,9,9,9\n";
const UNPIVOT: &str = "path = \"survey.csv\"\nunpivot = { columns = \"Q*\", name = \"question\", value = \"score\" }";

#[test]
fn each_question_is_an_answer() {
    let case = Case::new().file("survey.csv", SURVEY);
    let result = run(&case, UNPIVOT, &format!("{NPS}\nby = [[\"question\"]]")).unwrap();
    // Q1: 9, 3, 10, 9. Q2: 10, 0, 9. Q3: 7, 9.
    assert_eq!(by(&result), format!("Q1=50/4 Q2={}/3 Q3=50/2", 33.333_333_333_3));
    assert_eq!(ledger(&result), (4, Some(12), 0, 0, [9, 1, 2]));
    let examples: Vec<_> = result.rejected.iter().map(|rejection| (rejection.reason.as_str(), &rejection.examples[0])).collect();
    let shown: Vec<_> =
        examples.iter().map(|(reason, row)| (*reason, row.row, row.column.as_deref().unwrap(), row.value.as_deref().unwrap())).collect();
    assert_eq!(
        shown,
        [("`score` is not a number", 2, "Q2", "eight"), ("`score` is not a whole number from 0 to 10", 3, "Q3", "11")],
        "a value is shown in the column of the file"
    );
}

/// The same rows, long already.
#[test]
fn a_wide_file_says_what_a_long_one_does() {
    let mut long = "id,time,region,question,score\n".to_owned();
    let mut lines = SURVEY.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        for question in 3..6 {
            long += &[cells[0], cells[1], cells[2], header[question], cells[question]].join(",");
            long.push('\n');
        }
    }
    let case = Case::new().file("survey.csv", SURVEY).file("long.csv", long);
    let request = format!("{NPS}\nby = [[], [\"question\"], [\"region\", \"question\"]]");
    for more in
        ["", "\nwhere = \"question <> 'Q2'\"", "\nderive = { question = \"LOWER(question) || region\" }", "\nblank = { score = [9] }"]
    {
        let wide = run(&case, &format!("{UNPIVOT}{more}"), &request).unwrap();
        let long = run(&case, &format!("path = \"long.csv\"{more}"), &request).unwrap();
        assert_eq!(wide.results, long.results, "{more}");
    }
}

#[test]
fn rows_that_are_made_of_one_are_kept_together() {
    let case = Case::new().file("survey.csv", SURVEY);
    let result = run(&case, &format!("{UNPIVOT}\ndeduplicate = [\"id\"]\nkeep = \"last\""), NPS).unwrap();
    assert_eq!(ledger(&result), (4, Some(12), 0, 3, [7, 1, 1]));
    let result = run(&case, &format!("{UNPIVOT}\ndeduplicate = [\"id\"]\nwhere = \"region = 'south'\""), NPS).unwrap();
    assert_eq!(ledger(&result), (4, Some(12), 6, 3, [2, 0, 1]));
    // Before any row is read: nothing may keep some of the rows that are made of one.
    let derived = "deduplicate = [\"id\"]\nkeep = { newest = \"best\" }\nderive.best = \"CAST(score AS INTEGER)\"";
    for (more, made) in [
        ("deduplicate = [\"id\", \"question\"]", "question"),
        ("deduplicate = [\"id\"]\nkeep = { newest = \"score\" }", "score"),
        (derived, "score"),
        ("deduplicate = [\"id\"]\nwhere = \"question <> 'Q2'\"\nwhere_first = true", "question"),
    ] {
        let report = format!("[tables.t]\n{UNPIVOT}\n{more}\n[[metrics]]\ntable = \"t\"\n{NPS}\n");
        let error = case.load(&report).err().unwrap();
        assert!(error.contains(&format!("`{made}` differs between the rows that are made of one row of the file")), "{more}: {error}");
    }
    let lists = Case::new().file("t.csv", TICKETS);
    let report = format!(
        "[tables.t]\npath = \"t.csv\"\nexplode = {{ column = \"tags\", separator = \";\" }}\ndeduplicate = [\"ticket_id\", \"tags\"]\n\
         [[metrics]]\ntable = \"t\"\n{VIEWS}\n"
    );
    let error = lists.load(&report).err().unwrap();
    assert!(error.contains("`tags` differs between the rows that are made of one row of the file"), "{error}");
}

#[test]
fn a_damaged_row_is_one() {
    let case = Case::new().file("survey.csv", "id,time,Q1,Q2\n1,2025-01-05,9,10\n2,2025-01-05,9\n");
    let result = run(&case, UNPIVOT, NPS).unwrap();
    assert_eq!(ledger(&result), (2, Some(3), 0, 0, [2, 0, 1]));
    // What is wrong with all rows that are made of one is shown once.
    let case = Case::new().file("survey.csv", "id,time,Q1,Q2\n1,2025-01-05,9,10\n2,soon,9,9\n");
    let result = run(&case, UNPIVOT, &format!("{NPS}\ngrain = \"month\"")).unwrap();
    assert_eq!((result.rejected[0].rows, result.rejected[0].examples.len()), (2, 1), "{:?}", result.rejected);
}

#[test]
fn the_format_of_the_files_does_not_matter() {
    let frame = df!["id" => [1, 2, 3], "time" => ["2025-01-05", "2025-01-06", "2025-01-07"], "Q1" => [Some(9_i64), None, Some(3)],
        "Q2" => [7.0, 9.0, 10.0]]
    .unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame.clone()).unwrap();
    let csv = "id,time,Q1,Q2\n1,2025-01-05,9,7\n2,2025-01-06,,9\n3,2025-01-07,3,10\n";
    let case = Case::new()
        .file("t.parquet", bytes)
        .file("t.csv", csv)
        .file("split_1.csv", "id,time,Q1,Q2\n1,2025-01-05,9,7\n")
        .file("split_2.csv", "Q2,time,Q1,id\n10,2025-01-07,3,3\n9,2025-01-06,,2\n");
    let unpivot = "unpivot = { columns = [\"Q1\", \"Q2\"], name = \"question\", value = \"score\" }";
    let results: Vec<RunResult> = ["t.parquet", "t.csv", "split_*.csv"]
        .iter()
        .map(|path| run(&case, &format!("path = \"{path}\"\n{unpivot}"), &format!("{NPS}\nby = [[\"question\"]]")).unwrap())
        .collect();
    // Q1: 9 and 3. Q2: 7, 9 and 10.
    assert_eq!(by(&results[0]), format!("Q1=0/2 Q2={}/3", 66.666_666_666_7));
    assert_eq!(results[0].results, results[1].results);
    assert_eq!(results[0].results, results[2].results);
}

#[test]
fn mistakes_in_a_shape_are_said_where_they_stand() {
    let case = Case::new().file("survey.csv", "id,time,Q1,Q2,tags\n1,2025-01-05,9,10,a\n");
    for (shape, said) in [
        ("unpivot = { columns = \"R*\", name = \"q\", value = \"v\" }", "no column is called like `R*` in the file"),
        ("unpivot = { columns = [\"Q1\", \"Q3\"], name = \"q\", value = \"v\" }", "there is no column `Q3` in the file"),
        ("unpivot = { columns = \"Q*\", name = \"id\", value = \"v\" }", "`id` is a column of the file already"),
        ("unpivot = { columns = \"Q*\", name = \"v\", value = \"v\" }", "`v` is the column of the names already"),
        ("unpivot = { columns = \"Q*\", name = \"__q\", value = \"v\" }", "`__q` is not a name that a report can use"),
        ("explode = \"tags\"", "`tags` is text"),
        ("explode = \"tag\"", "there is no column `tag` in the file"),
        ("explode = { column = \"tags\", separator = \"\" }", "nothing separates nothing"),
        ("explode = { column = \"tags\", separator = \";\", json = true }", "has separators or is JSON"),
        (
            "explode = { column = \"tags\", separator = \";\" }\nformats = { tags = { list = \";\" } }",
            "each value of `tags` is a row of its own",
        ),
    ] {
        let error = run(&case, &format!("path = \"survey.csv\"\n{shape}"), VIEWS).unwrap_err();
        assert!(error.contains(said), "{shape}: {error}");
    }
    let frame = df!["time" => ["2025-01-05"], "Q1" => [1], "Q2" => ["a"]].unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame.clone()).unwrap();
    let case = Case::new().file("t.parquet", bytes);
    let error = run(&case, "path = \"t.parquet\"\nunpivot = { columns = \"Q*\", name = \"q\", value = \"v\" }", VIEWS).unwrap_err();
    assert!(error.contains("`Q1` is stored as i32 and `Q2` as str"), "{error}");
}

// Lists.

const TICKETS: &str = "ticket_id,time,tags\n1,2025-01-05,billing; refund\n2,2025-01-06,\n3,2025-01-07,refund;;login;\n";

#[test]
fn each_tag_is_a_row() {
    let json = "ticket_id,time,tags\n1,2025-01-05,\"[\"\"billing\"\", \"\"refund\"\"]\"\n2,2025-01-06,[]\n3,2025-01-07,\"[\"\"refund\"\",\"\"login\"\"]\"\n";
    let ndjson = "{\"ticket_id\": 1, \"time\": \"2025-01-05\", \"tags\": [\"billing\", \"refund\"]}\n\
        {\"ticket_id\": 2, \"time\": \"2025-01-06\", \"tags\": []}\n\
        {\"ticket_id\": 3, \"time\": \"2025-01-07\", \"tags\": [\"refund\", \"login\"]}\n";
    let tags = ["billing,refund", "", "refund,login"]
        .map(|tags| Series::new("".into(), tags.split(',').filter(|tag| !tag.is_empty()).collect::<Vec<_>>()));
    let mut frame = df!["ticket_id" => [1, 2, 3], "time" => ["2025-01-05", "2025-01-06", "2025-01-07"]].unwrap();
    frame.with_column(Series::new("tags".into(), &tags).into_column()).unwrap();
    let mut parquet = Vec::new();
    ParquetWriter::new(&mut parquet).finish(&mut frame).unwrap();
    let case = Case::new().file("t.csv", TICKETS).file("json.csv", json).file("t.ndjson", ndjson).file("t.parquet", parquet);
    for (path, explode) in [
        ("t.csv", "{ column = \"tags\", separator = \";\" }"),
        ("json.csv", "{ column = \"tags\", json = true }"),
        ("t.ndjson", "\"tags\""),
        ("t.parquet", "{ column = \"tags\" }"),
    ] {
        let result = run(&case, &format!("path = \"{path}\"\nexplode = {explode}"), &format!("{VIEWS}\nby = [[\"tags\"]]")).unwrap();
        assert_eq!(ledger(&result), (3, Some(5), 0, 0, [5, 0, 0]), "{path}");
        assert_eq!(by(&result), "=1/1 billing=1/1 login=1/1 refund=2/2", "{path}: a ticket without tags remains");
    }
}

#[test]
fn a_text_that_is_no_array_is_rejected() {
    let case = Case::new()
        .file("t.csv", "ticket_id,time,tags\n1,2025-01-05,\"[1, 2.50, null]\"\n2,2025-01-06,none\n3,2025-01-06,\"{\"\"a\"\": 1}\"\n");
    let result =
        run(&case, "path = \"t.csv\"\nexplode = { column = \"tags\", json = true }", &format!("{VIEWS}\nby = [[\"tags\"]]")).unwrap();
    assert_eq!(ledger(&result), (3, Some(5), 0, 0, [3, 0, 2]));
    let rejection = &result.rejected[0];
    assert_eq!(
        (rejection.reason.as_str(), rejection.examples[0].row, rejection.examples[0].value.as_deref()),
        ("`tags` is not an array of JSON", 2, Some("none"))
    );
}

/// Lines of an order in one cell, each with its amount: 2 · 10 + 5 and 7.
#[test]
fn lines_of_an_order_in_json_are_rows() {
    let items = r#"id,time,customer,items
1,2025-01-05,a,"[{""sku"": ""x"", ""price"": 10, ""quantity"": 2}, {""sku"": ""y"", ""price"": 5.0, ""quantity"": 1}]"
2,2025-01-06,b,"[{""sku"": ""x"", ""price"": 7, ""quantity"": 1}]"
"#;
    let case = Case::new().file("orders.csv", items);
    let table = "path = \"orders.csv\"\nexplode = { column = \"items\", json = true }\ncolumns = { order_id = \"id\", customer_id = \"customer\" }\n\
        [tables.t.derive]\nsku = \"items ->> '$.sku'\"\n\
        amount = \"CAST(items ->> '$.price' AS DOUBLE) * CAST(items ->> '$.quantity' AS INTEGER)\"";
    let request = "metric = \"loyalty.average_order_value\"\nparams = { one_order_per = \"order_id\" }";
    let result = run(&case, table, request).unwrap();
    assert_eq!(result.results[0].value, Some(16.0));
    let result = run(&case, table, "metric = \"web.page_views\"\nparams = { view_events = [] }\nby = [[\"sku\"]]").unwrap();
    assert_eq!(by(&result), "x=2/2 y=1/1");
}

#[test]
fn answers_to_several_questions_may_be_lists() {
    let case = Case::new().file("survey.csv", "id,time,Q1,Q2\n1,2025-01-05,a;b,c\n2,2025-01-06,,b;b\n");
    let table = "path = \"survey.csv\"\nunpivot = { columns = \"Q*\", name = \"question\", value = \"answer\" }\n\
        explode = { column = \"answer\", separator = \";\" }\ndeduplicate = [\"id\"]";
    let result = run(&case, table, &format!("{VIEWS}\nby = [[\"question\", \"answer\"]]")).unwrap();
    assert_eq!(ledger(&result), (2, Some(6), 0, 0, [6, 0, 0]));
    let rows: Vec<String> = result
        .results
        .iter()
        .map(|row| format!("{:?} {}", row.dimensions.iter().map(|(_, value)| value.to_string()).collect::<Vec<_>>(), row.value.unwrap()))
        .collect();
    assert_eq!(rows.len(), 5, "{rows:?}");
}
