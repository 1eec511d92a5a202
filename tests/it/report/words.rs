//! Words that a report names and no row has: said, with the words that there are.

use custometer_runner::RunResult;
use custometer_testkit::Case;
use polars::prelude::{CsvParseOptions, CsvReadOptions, ParquetWriter, SerReader as _};

/// Three tickets: one solved, one reopened and closed, one open.
const HISTORY: &str = "ticket_id,time,status
1,2025-01-02 09:00:00,New
1,2025-01-03 09:00:00,Solved
2,2025-01-02 09:00:00,New
2,2025-01-04 09:00:00,Solved
2,2025-01-05 09:00:00,Open
2,2025-01-06 09:00:00,Closed
3,2025-01-02 09:00:00,New
";

fn report(table: &str, path: &str, settings: &str, requests: &str) -> String {
    let requests = requests
        .lines()
        .map(|request| format!("[[metrics]]\ntable = \"{table}\"\n{}\n", request.replace("; ", "\n")))
        .collect::<Vec<_>>()
        .concat();
    format!("[report]\nfrom = 2025-01-01\nuntil = 2025-02-01\n[tables.{table}]\npath = \"{path}\"\n{settings}\n{requests}")
}

/// The notes of a run.
fn notes(result: &RunResult) -> Vec<&str> {
    result.notes.iter().map(|note| note.text.as_str()).collect()
}

/// A case with a file as CSV, and the same rows as Parquet.
fn both(name: &str, rows: &str) -> Case {
    let case = Case::new().file(&format!("{name}.csv"), rows);
    let options = CsvReadOptions::default().with_parse_options(CsvParseOptions::default()).with_infer_schema_length(None);
    let mut frame = options.into_reader_with_file_handle(std::io::Cursor::new(rows.as_bytes().to_vec())).finish().unwrap();
    let file = std::fs::File::create(case.path().join(format!("{name}.parquet"))).unwrap();
    ParquetWriter::new(file).finish(&mut frame).unwrap();
    case
}

const OF_HISTORY: &str = "metric = \"support.backlog\"; params = { basis = \"history\" }
metric = \"support.resolution_time\"; params = { basis = \"history\" }
metric = \"support.reopen_rate\"; params = { basis = \"history\" }";

#[test]
fn statuses_that_no_row_has_are_said() {
    let case = both("history", HISTORY);
    for format in ["csv", "parquet"] {
        let result = case.run(&report("history", &format!("history.{format}"), "", OF_HISTORY)).unwrap();
        let [note] = result.notes.as_slice() else { panic!("{:?}", result.notes) };
        assert_eq!(note.requests, ["support.backlog", "support.resolution_time", "support.reopen_rate"]);
        assert_eq!(
            note.text,
            "no row has `solved` or `closed` in `status`, named by `solved_statuses`; there are `Solved`, `Closed`, `New` and `Open`: did you \
             mean `Closed` and `Solved`?"
        );
        // Whoever reads only the rows is told, too.
        assert!(result.results.iter().all(|row| row.note.as_ref().is_some_and(|text| text.contains(&note.text))));
    }
}

#[test]
fn statuses_are_found_where_they_are_written_as_the_rows_have_them_or_their_case_is_ignored() {
    // Ticket 3 is open at the end. Ticket 1 took a day and ticket 2 four, until it was solved last; one of two was reopened.
    let written = OF_HISTORY.replace("\"history\" }", "\"history\", solved_statuses = [\"Solved\", \"Closed\"] }");
    let case = both("history", HISTORY);
    for format in ["csv", "parquet"] {
        let path = format!("history.{format}");
        for report in [report("history", &path, "", &written), report("history", &path, "ignore_case = true", OF_HISTORY)] {
            let result = case.run(&report).unwrap();
            assert_eq!(notes(&result), [""; 0], "{report}");
            let value = |metric: &str| result.results.iter().find(|row| row.metric == metric).unwrap().value;
            assert_eq!(value("support.backlog"), Some(1.0));
            assert_eq!(value("support.resolution_time"), Some(2.5 * 86_400.0));
            assert_eq!(value("support.reopen_rate"), Some(50.0));
        }
    }
    // One of the usual statuses is enough, and each that a report names itself is to be there.
    let one = HISTORY.replace("Solved", "solved");
    let result = Case::new().file("h.csv", one).run(&report("history", "h.csv", "", OF_HISTORY)).unwrap();
    assert_eq!(notes(&result), [""; 0]);
    let result = case.run(&report("history", "history.csv", "", &written.replace("\"Closed\"", "\"Closed\", \"Done\""))).unwrap();
    assert!(notes(&result)[0].starts_with("no row has `Done` in `status`"), "{:?}", notes(&result));
}

const EVENTS: &str = "user_id,time,event
a,2025-01-02 09:00:00,page_view
a,2025-01-02 09:01:00,Purchase
b,2025-01-03 09:00:00,page_view
";

#[test]
fn events_brands_kinds_priorities_and_sources_are_said_alike() {
    let cases = [
        (
            "events",
            EVENTS,
            "metric = \"web.conversions\"; params = { events = [\"purchase\"] }",
            "no row has `purchase` in `event`, named by `events`; there are `Purchase` and `page_view`: did you mean `Purchase`?",
        ),
        (
            "events",
            EVENTS,
            "metric = \"web.conversion_rate\"; params = { events = [\"signup\"] }",
            "no row has `signup` in `event`, named by `events`; there are `page_view` and `Purchase`",
        ),
        (
            "events",
            EVENTS,
            "metric = \"web.page_views\"; params = { view_events = [\"page_view\", \"screen\"] }",
            "no row has `screen` in `event`, named by `view_events`; there are `page_view` and `Purchase`",
        ),
        (
            "events",
            EVENTS,
            "metric = \"web.engagement_rate\"; params = { sessions = { view_events = [], key_events = [\"order\"] } }",
            "no row has `order` in `event`, named by `key_events`; there are `page_view` and `Purchase`",
        ),
        (
            "mentions",
            "time,brand\n2025-01-02,Acme\n2025-01-03,Globex\n",
            "metric = \"support.share_of_voice\"; params = { own = [\"ACME\"], competitors = [\"Globex\"] }",
            "no row has `ACME` in `brand`, named by `own`; there are `Acme` and `Globex`: did you mean `Acme`?",
        ),
        (
            "tickets",
            "ticket_id,created_at,solved_at,first_replied_at,priority\n1,2025-01-02,2025-01-03,2025-01-02,High\n",
            "metric = \"support.sla_attainment\"; params = { for = \"resolution\", target_minutes = { high = 60 } }",
            "no row has `high` in `priority`, named by `target_minutes`; there are `High`: did you mean `High`?",
        ),
        (
            "customers",
            "customer_id,created_at,source\na,2025-01-02,Friend\n",
            "metric = \"loyalty.referral_rate\"; params = { referral_sources = [\"friend\"] }",
            "no row has `friend` in `source`, named by `referral_sources`; there are `Friend`: did you mean `Friend`?",
        ),
    ];
    for (table, rows, request, expected) in cases {
        let case = both(table, rows);
        for format in ["csv", "parquet"] {
            let result = case.run(&report(table, &format!("{table}.{format}"), "", request)).unwrap();
            assert_eq!(notes(&result), [expected], "{format}: {request}");
            let result = case.run(&report(table, &format!("{table}.{format}"), "ignore_case = true", request)).unwrap();
            let found_by_case = expected.contains("did you mean");
            assert_eq!(notes(&result).is_empty(), found_by_case, "{format}: {request}: {:?}", notes(&result));
        }
    }
}

#[test]
fn words_in_sql_are_said_and_so_is_a_condition_that_keeps_nothing() {
    let case = both("events", EVENTS);
    let plain = "metric = \"web.page_views\"; params = { view_events = [] }";
    for format in ["csv", "parquet"] {
        let run = |settings: &str, request: &str| {
            let result = case.run(&report("events", &format!("events.{format}"), settings, request)).unwrap();
            result.notes.into_iter().map(|note| note.text).collect::<Vec<_>>()
        };
        assert_eq!(
            run("where = \"event IN ('purchase', 'page_view')\"", plain),
            ["no row has `purchase` in `event`, named by `where`; there are `Purchase` and `page_view`: did you mean `Purchase`?"]
        );
        assert_eq!(
            run("where = \"event = 'purchase'\"", plain),
            [
                "`where` keeps none of 3 rows",
                "no row has `purchase` in `event`, named by `where`; there are `Purchase` and `page_view`: did you mean `Purchase`?"
            ]
        );
        assert_eq!(run("where = \"user_id = 'a' AND event <> 'purchase2'\"", plain).len(), 1);
        assert_eq!(run("where = \"event = 'Purchase' OR 'page_view' = event\"", plain), [""; 0]);
        let steps =
            "metric = \"web.funnel\"; params = { window_hours = 24, steps = [{ event = \"page_view\" }, { event = \"purchase\" }] }";
        assert_eq!(
            run("", steps),
            ["no row has `purchase` in `event`, named by `steps`; there are `Purchase` and `page_view`: did you mean `Purchase`?"]
        );
        let funnel = "metric = \"web.funnel\"; params = { window_hours = 24, steps = [{ name = \"view\", where = \"event = 'page_view'\" }, { name = \"buy\", where = \
                      \"event = 'purchase'\" }] }";
        assert_eq!(
            run("", funnel),
            [
                "no row has `purchase` in `event`, named by `event = 'purchase'`; there are `Purchase` and `page_view`: did you mean `Purchase`?"
            ]
        );
    }
    let defined = "[tables.events]\npath = \"events.csv\"\n[define.\"acme.buys\"]\ntable = \"events\"\nunit = \"count\"\nvalue = \"buys\"\n\
                   [define.\"acme.buys\".measures]\nbuys = \"count(*) FILTER (WHERE event = 'purchase')\"\n[[metrics]]\nmetric = \"acme.buys\"\n\
                   table = \"events\"\n";
    let result = case.run(defined).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(notes(&result)[0].starts_with("no row has `purchase` in `event`, named by `buys`"), "{:?}", notes(&result));
}

#[test]
fn words_of_small_groups_and_ids_are_not_told() {
    let case = both("events", EVENTS);
    let private = report("events", "events.csv", "", "metric = \"web.conversions\"; params = { events = [\"purchase\"] }")
        .replace("[report]", "[report]\nmin_group_size = 2");
    let result = case.run(&private).unwrap();
    assert_eq!(notes(&result), ["no row has `purchase` in `event`, named by `events`; there are `page_view`"]);
    let request = "metric = \"web.page_views\"; params = { view_events = [] }";
    let result = case.run(&report("events", "events.csv", "where = \"user_id = 'z'\"", request)).unwrap();
    assert_eq!(notes(&result)[1], "no row has `z` in `user_id`, named by `where`");
}

#[test]
fn texts_for_missing_values_that_no_row_has_are_said() {
    let rows = "time,score,channel\n2025-01-02,9,web\n2025-01-03,N/A,web\n2025-01-04,-,\n2025-01-05,3,app\n";
    let case = Case::new().file("r.csv", rows);
    let run = |settings: &str| {
        let result = case.run(&report("responses", "r.csv", settings, "metric = \"loyalty.nps\"; by = [[\"channel\"]]")).unwrap();
        result.notes.into_iter().map(|note| note.text).collect::<Vec<_>>()
    };
    assert_eq!(run("null_values = [\"N/A\", \"-\"]"), [""; 0]);
    assert_eq!(
        run("null_values = [\"N/A\", \"-\", \"n/a\"]"),
        ["no row has `n/a` in a column that is read, which `null_values` takes for a missing value"]
    );
    assert_eq!(
        run("blank = { score = [\"N/A\", \"-\", 99], channel = [\"web\"] }"),
        ["no row has `99` in `score`, which `blank` takes for a missing value"]
    );
}
