//! Columns that a table takes from another one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use custometer_testkit::{Case, rejections, results};
use polars::prelude::{DataFrame, ParquetWriter, df};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const TICKETS: &str = "ticket_id,time,customer_id,agent_id,score\n\
    1,2025-01-03,c1,a1,5\n2,2025-01-04,c2,a1,2\n3,2025-01-05,c1,a2,4\n4,2025-01-06,c3,a2,1\n5,2025-01-07,c2,a1,5\n";
const CUSTOMERS: &str = "customer_id,segment\nc1,enterprise\nc2,small\nc9,small\n";

fn tickets() -> Case {
    Case::new().file("tickets.csv", TICKETS).file("customers.csv", CUSTOMERS)
}

/// A report on the satisfaction with tickets: what is looked up, the other tables, and the request.
fn report(lookup: &str, others: &str, request: &str) -> String {
    format!(
        "[report]\nfrom = 2025-01-01\nuntil = 2025-02-01\nas_of = 2025-02-01\nmax_rejected_percent = 100\n\
         [tables.tickets]\npath = \"tickets.csv\"\n{lookup}\n{others}\n[[metrics]]\nmetric = \"support.csat\"\ntable = \"tickets\"\n{request}\n"
    )
}

const CUSTOMER: &str = "[tables.customers]\npath = \"customers.csv\"";
const SEGMENT: &str = "lookup.customers = { on = \"customer_id\", columns = [\"segment\"] }";

/// How many answers each group has, and how many percent of them are satisfied.
fn groups(json: &Json, dimension: &str) -> BTreeMap<String, (u64, f64)> {
    let rows = results(json).iter().filter(|row| row["dimensions"].get(dimension).is_some());
    let of_row = |row: &Json| {
        let group = row["dimensions"][dimension].as_str().map_or_else(|| row["dimensions"][dimension].to_string(), str::to_owned);
        (group, (row["n"].as_u64().unwrap(), row["value"].as_f64().unwrap()))
    };
    rows.map(of_row).collect()
}

fn is(found: &BTreeMap<String, (u64, f64)>, expected: &[(&str, u64, f64)]) {
    let expected: BTreeMap<String, (u64, f64)> = expected.iter().map(|(group, n, value)| ((*group).to_owned(), (*n, *value))).collect();
    assert_eq!(*found, expected);
}

/// The manifest of a table.
fn table<'a>(json: &'a Json, name: &str) -> &'a Json {
    json["manifest"]["tables"].as_array().unwrap().iter().find(|table| table["table"] == name).unwrap()
}

fn parquet(mut frame: DataFrame) -> Vec<u8> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).unwrap();
    bytes
}

#[test]
fn rows_without_a_match_stay_and_are_counted() {
    let json = tickets().json(&report(SEGMENT, CUSTOMER, "by = [[], [\"segment\"]]")).unwrap();
    is(&groups(&json, "segment"), &[("enterprise", 2, 100.0), ("small", 2, 50.0), ("null", 1, 0.0)]);
    let tickets = table(&json, "tickets");
    assert_eq!(tickets["notes"], json!(["1 of 5 rows has no match in `customers`, for example `c3` (tickets.csv, row 4)"]));
    let expected = json!({
        "lookup": "customers", "table": "customers",
        "rows_found": 4, "rows_without_match": 1, "rows_not_then": 0, "rows_without_key": 0, "rows_without_time": 0
    });
    assert_eq!(tickets["lookups"], json!([expected]));
    // The other table is one of the inputs, with its files and what became of its rows.
    let customers = table(&json, "customers");
    assert_eq!((&customers["files"][0]["path"], &customers["rows_read"]), (&json!("customers.csv"), &json!(3)));
    assert_eq!((&customers["uses"][0]["rows_used"], &customers["uses"][0]["requests"]), (&json!(3), &json!(["support.csat"])));
}

#[test]
fn a_column_that_nobody_reads_is_not_looked_up() {
    let case = tickets().file("customers.csv", "customer_id,segment\nc1,a\nc1,b\n");
    let json = case.json(&report(SEGMENT, CUSTOMER, "")).unwrap();
    assert_eq!(results(&json)[0]["n"], 5);
    assert_eq!(json["manifest"]["tables"].as_array().unwrap().len(), 1);
    assert!(case.json(&report(SEGMENT, CUSTOMER, "by = [[\"segment\"]]")).is_err());
}

#[test]
fn a_key_of_several_rows_is_refused_or_settled_by_the_other_table() {
    let twice = "customer_id,segment,since\nc1,enterprise,2024\nc2,small,2023\nc2,large,2024\nc7,a,1\nc7,b,2\nc7,b,2\n";
    let case = tickets().file("customers.csv", twice);
    let of = |customers: &str| case.json(&report(SEGMENT, &format!("{CUSTOMER}\n{customers}"), "by = [[\"segment\"]]"));
    let refused = of("").unwrap_err();
    let expected = "2 keys (`customer_id`) of table `customers` have several rows, and a lookup finds one row or none: \
                    `c2` (customers.csv, row 2 and customers.csv, row 3); \
                    `c7` (customers.csv, row 4 and customers.csv, row 5, and 1 more); mend them, or say which is kept: \
                    `deduplicate = [\"customer_id\"]` in `[tables.customers]`";
    assert!(refused.contains(expected), "{refused}");
    for (settled, segment) in [
        ("deduplicate = [\"customer_id\"]", "small"),
        ("deduplicate = [\"customer_id\"]\nkeep = \"last\"", "large"),
        ("deduplicate = [\"customer_id\"]\nkeep = { newest = \"since\" }", "large"),
        ("where = \"segment <> 'large' AND customer_id <> 'c7'\"", "small"),
        ("skip_rows_where = \"segment = 'large' OR customer_id = 'c7'\"", "small"),
    ] {
        is(&groups(&of(settled).unwrap(), "segment"), &[("enterprise", 2, 100.0), (segment, 2, 50.0), ("null", 1, 0.0)]);
    }
    let refused = of("deduplicate = [\"customer_id\"]\nkeep = \"error\"").unwrap_err();
    assert!(refused.contains("3 rows of table `customers` repeat the `customer_id` of another"), "{refused}");
}

#[test]
fn keys_may_be_several_and_have_other_names_and_a_table_may_be_looked_up_twice() {
    let case = Case::new()
        .file(
            "tickets.csv",
            "time,score,shop,customer,opened_by,closed_by\n2025-01-03,5,dk,1,a,b\n2025-01-03,1,se,1,b,\n2025-01-04,5,se,2,,a\n",
        )
        .file("customers.csv", "country,id,segment\ndk,1,enterprise\nse,1,small\nse,3,small\n")
        .file("agents.csv", "id,kind\na,person\nb,bot\n");
    let lookup = "lookup.customers = { on = { shop = \"country\", customer = \"id\" }, columns = \"segment\" }\n\
                  lookup.opener = { table = \"agents\", on = { opened_by = \"id\" }, columns = { opened_by_kind = \"kind\" } }\n\
                  lookup.closer = { table = \"agents\", on = { closed_by = \"id\" }, columns = { closed_by_kind = \"kind\" } }";
    let others = "[tables.customers]\npath = \"customers.csv\"\n[tables.agents]\npath = \"agents.csv\"";
    let json = case.json(&report(lookup, others, "by = [[\"segment\"], [\"opened_by_kind\"], [\"closed_by_kind\"]]")).unwrap();
    is(&groups(&json, "segment"), &[("enterprise", 1, 100.0), ("small", 1, 0.0), ("null", 1, 100.0)]);
    is(&groups(&json, "opened_by_kind"), &[("person", 1, 100.0), ("bot", 1, 0.0), ("null", 1, 100.0)]);
    is(&groups(&json, "closed_by_kind"), &[("bot", 1, 100.0), ("null", 1, 0.0), ("person", 1, 100.0)]);
    let expected = [
        "1 of 3 rows has no `closed_by`, which `agents` by `lookup.closer` is looked up by, for example tickets.csv, row 2",
        "1 of 3 rows has no match in `customers`, for example `se, 2` (tickets.csv, row 3)",
        "1 of 3 rows has no `opened_by`, which `agents` by `lookup.opener` is looked up by, for example tickets.csv, row 3",
    ];
    assert_eq!(table(&json, "tickets")["notes"], json!(expected));
    // What two lookups found is said of each.
    assert_eq!(table(&json, "agents")["uses"].as_array().unwrap().len(), 2);
}

#[test]
fn lookups_chain_within_a_table_and_through_others() {
    let case =
        tickets().file("agents.csv", "id,team_id\na1,t1\na2,t2\n").file("teams.csv", "team_id,region,lead\nt1,north,a2\nt2,south,a1\n");
    let teams = "[tables.teams]\npath = \"teams.csv\"\n[tables.agents]\npath = \"agents.csv\"\n";
    let here = "lookup.agents = { on = { agent_id = \"id\" }, columns = [\"team_id\"] }\n\
                lookup.teams = { on = \"team_id\", columns = [\"region\"] }";
    let through = "lookup.agents = { on = { agent_id = \"id\" }, columns = [\"region\"] }";
    let of_agents = "lookup.teams = { on = \"team_id\", columns = [\"region\"] }";
    let expected = [("north", 3, 200.0 / 3.0), ("south", 2, 50.0)];
    for (lookup, others) in [(here, teams.to_owned()), (through, format!("{teams}{of_agents}"))] {
        let json = case.json(&report(lookup, &others, "by = [[\"region\"]]")).unwrap();
        let found = groups(&json, "region");
        for (group, n, value) in expected {
            assert_eq!(found[group].0, n);
            assert!((found[group].1 - value).abs() < 1e-9);
        }
    }
}

#[test]
fn what_is_looked_up_may_stand_wherever_a_column_may() {
    let case = tickets()
        .file("customers.csv", "id,segment,good\nC1,enterprise,4\nC2,small,5\nC3,small,1\n")
        .file("limits.csv", "level,least\n1,4\n");
    let others = "[tables.customers]\npath = \"customers.csv\"\nderive = { is_small = \"segment = 'small'\" }\n[tables.limits]\npath = \"limits.csv\"";
    // A key may be derived, and what is derived may come from a lookup.
    let lookup = "lookup.customers = { on = { customer_key = \"id\" }, columns = { is_small = \"is_small\", customer_segment = \"segment\" } }\n\
                  derive = { customer_key = \"UPPER(customer_id)\", group = \"CASE WHEN is_small THEN 's' ELSE customer_segment END\" }";
    let json = case.json(&report(lookup, others, "by = [[\"group\"]]")).unwrap();
    is(
        &groups(&json, "group"),
        &[("enterprise", 2, 100.0), ("s", 3, 100.0 / 3.0)].map(|(g, n, v): (&str, u64, f64)| (g, n, (v * 1e10).round() / 1e10)),
    );
    let json = case.json(&report(&format!("{lookup}\nwhere = \"is_small\""), others, "")).unwrap();
    assert_eq!((&results(&json)[0]["n"], &table(&json, "tickets")["rows_filtered"]), (&json!(3), &json!(2)));
    // As a column of a metric, which a request or the lookup calls by the metric's name.
    let lookup = "lookup.customers = { on = { key = \"id\" }, columns = [\"good\"] }\nderive = { key = \"UPPER(customer_id)\" }";
    let json = case.json(&report(lookup, others, "columns = { score = \"good\" }")).unwrap();
    // Of customers 1, 2, 1, 3 and 2: 4, 5, 4, 1 and 5.
    assert_eq!((&results(&json)[0]["n"], &results(&json)[0]["value"]), (&json!(5), &json!(80)));
}

#[test]
fn segments_requests_and_parameters_read_what_is_looked_up() {
    let case = Case::new()
        .file(
            "events.csv",
            "time,user_id,event,product_id\n2025-01-03T10:00,u1,view,p1\n2025-01-03T10:05,u1,buy,p1\n2025-01-04T10:00,u2,view,p2\n\
             2025-01-04T10:05,u2,buy,p2\n2025-01-05T10:00,u3,view,p1\n2025-01-05T10:05,u3,buy,p9\n",
        )
        .file("products.csv", "id,kind\np1,book\np2,toy\n");
    let config = "[report]\nfrom = 2025-01-01\nuntil = 2025-02-01\nas_of = 2025-02-01\n\
        [tables.events]\npath = \"events.csv\"\nlookup.products = { on = { product_id = \"id\" }, columns = [\"kind\"] }\n\
        [tables.products]\npath = \"products.csv\"\n[segments.books]\nwhere = \"kind = 'book'\"\n\
        [[metrics]]\nname = \"by_step\"\nmetric = \"web.funnel\"\ntable = \"events\"\n\
        params = { window_hours = 2, statistic = \"reached\", steps = [{ event = \"view\" }, \
        { name = \"book\", where = \"event = 'buy' AND kind = 'book'\" }] }\n\
        [[metrics]]\nname = \"toys\"\nmetric = \"web.visitors\"\ntable = \"events\"\nwhere = \"kind = 'toy'\"\n\
        [[metrics]]\nname = \"books\"\nmetric = \"web.visitors\"\ntable = \"events\"\nsegment = \"books\"\n";
    let json = case.json(config).unwrap();
    let values =
        |request: &str| -> Vec<&Json> { results(&json).iter().filter(|row| row["request"] == request).map(|row| &row["value"]).collect() };
    // Three users saw something; u1 bought a book, u2 a toy, and u3 what nobody knows.
    let mut steps = values("by_step");
    steps.sort_by_key(|value| value.as_u64());
    assert_eq!(steps, [&json!(1), &json!(3)]);
    assert_eq!((values("toys"), values("books")), (vec![&json!(1)], vec![&json!(2)]));
    assert_eq!(table(&json, "events")["notes"], json!(["1 of 6 rows has no match in `products`, for example `p9` (events.csv, row 6)"]));
}

#[test]
fn ids_meet_as_they_are_written_in_every_format() {
    let tickets = "time,score,customer_id\n2025-01-03,5,7\n2025-01-03,1,007\n2025-01-03,5, 7\n2025-01-03,1,12\n";
    let customers = || df!("customer_id" => [Some(7_i64), Some(12), None], "segment" => ["a", "b", "c"]).unwrap();
    let by_text = Case::new().file("tickets.csv", tickets).file("customers.csv", "customer_id,segment\n7,a\n12,b\n,c\n");
    let by_number = Case::new().file("tickets.csv", tickets).file("customers.parquet", parquet(customers()));
    for (case, file) in [(by_text, "customers.csv"), (by_number, "customers.parquet")] {
        let json = case.json(&report(SEGMENT, &format!("[tables.customers]\npath = \"{file}\""), "by = [[\"segment\"]]")).unwrap();
        is(&groups(&json, "segment"), &[("a", 1, 100.0), ("b", 1, 0.0), ("null", 2, 50.0)]);
        assert_eq!(rejections(&json), [("`customer_id` is missing", 1)]);
    }
    // The other way round.
    let frame = df!("time" => ["2025-01-03"; 2], "score" => [5_i64, 1], "customer_id" => [7_i64, 12]).unwrap();
    let case = Case::new().file("tickets.parquet", parquet(frame)).file("customers.csv", "customer_id,segment\n7,a\n12,b\n012,c\n");
    let config = report(SEGMENT, CUSTOMER, "by = [[\"segment\"]]").replace("tickets.csv", "tickets.parquet");
    is(&groups(&case.json(&config).unwrap(), "segment"), &[("a", 1, 100.0), ("b", 1, 0.0)]);
    // Numbers that may have a fraction are no ids.
    let frame = df!("customer_id" => [7.0, 12.0], "segment" => ["a", "b"]).unwrap();
    let case = Case::new().file("tickets.csv", tickets).file("customers.parquet", parquet(frame));
    let problem = case.json(&report(SEGMENT, "[tables.customers]\npath = \"customers.parquet\"", "by = [[\"segment\"]]")).unwrap_err();
    assert!(
        problem.contains("`customers` can't be looked up by `customer_id`: `customer_id` must be an identifier, and is f64"),
        "{problem}"
    );
    // That nothing fits is said with what does not.
    let case = Case::new().file("tickets.csv", TICKETS).file("customers.csv", "customer_id,segment\n0001,a\n0002,b\n");
    let json = case.json(&report(SEGMENT, CUSTOMER, "by = [[\"segment\"]]")).unwrap();
    let note = table(&json, "tickets")["notes"][0].as_str().unwrap().to_owned();
    assert!(note.starts_with("no row has a match in `customers`, for example `c1` (tickets.csv, row 1)"), "{note}");
    assert!(note.ends_with(", where a key is such as `0001`"), "{note}");
}

#[test]
fn what_is_looked_up_is_read_as_its_own_table_writes_it() {
    let case = Case::new()
        .file("tickets.csv", "time,plan,weight\n2025-01-03,a,\"1.5\"\n2025-01-03,b,2.5\n")
        .file("plans.csv", "plan;price;since\na;1.234,5;03-01-2025 00:00\nb;n/a;04-01-2025 00:00\n");
    let plans = "[tables.plans]\npath = \"plans.csv\"\ndelimiter = \";\"\ndecimal_comma = true\nthousands = \".\"\nnull_values = [\"n/a\"]\n\
                 time_formats = { since = \"%d-%m-%Y %H:%M\" }\ntimezone = \"Asia/Tokyo\"";
    let lookup = "lookup.plans = { on = \"plan\", columns = { score = \"price\", since = \"since\" } }\n\
                  derive = { price_twice = \"score * 2\", hours = \"EXTRACT(hour FROM since)\" }";
    let config = |metric: &str| {
        report(lookup, plans, "by = [[], [\"price_twice\"], [\"hours\"]]")
            .replace("metric = \"support.csat\"", &format!("metric = \"{metric}\""))
    };
    let defined = "[define.\"a.mean\"]\ntable = \"tickets\"\ntypes = { score = \"number\", since = \"time\" }\ntime = \"since\"\n\
                   measures = { total = \"sum(score)\" }\nvalue = \"total\"\nunit = \"count\"\n";
    let json = case.json(&format!("{defined}{}", config("a.mean"))).unwrap();
    let row = |dimension: &str| results(&json).iter().find(|row| row["dimensions"].get(dimension).is_some()).unwrap();
    assert_eq!(results(&json)[0]["value"], 1234.5);
    assert_eq!(row("price_twice")["dimensions"]["price_twice"], Json::Null);
    // Midnight in Tokyo is 15:00 UTC on the day before.
    assert_eq!(row("hours")["dimensions"]["hours"], 15);
}

#[test]
fn a_fault_in_a_looked_up_column_rejects_the_rows_that_use_it() {
    let case = tickets().file("customers.csv", "customer_id,score,rank\nc1,five,2\nc2,4,x\nc3,1,\n");
    let config = |columns: &str, derive: &str, request: &str| {
        let tickets = format!("columns = {{ answer = \"score\" }}\nlookup.customers = {{ on = \"customer_id\", columns = {columns} }}");
        report(&tickets, &format!("{CUSTOMER}\nderive = {{ {derive} }}"), request)
    };
    // A cell that can't be read, with the row of the other table.
    let json = case.json(&config("{ customer_score = \"score\" }", "", "columns = { score = \"customer_score\" }")).unwrap();
    assert_eq!(rejections(&json), [("`customer_score` is not a number", 2)]);
    let example = json!({
        "file": "tickets.csv", "row": 1, "column": "customer_score", "value": "five",
        "looked_up_in": { "file": "customers.csv", "row": 1 }
    });
    assert_eq!(json["rejected"][0]["examples"][0], example);
    // What an expression of the other table fails for, for those who read it alone.
    let derive = "level = \"CAST(rank AS INTEGER)\"";
    let json = case
        .json(&config(
            "[\"level\"]",
            derive,
            "by = [[], [\"level\"]]\n[[metrics]]\nname = \"all\"\nmetric = \"support.csat\"\ntable = \"tickets\"",
        ))
        .unwrap();
    assert_eq!(rejections(&json), [("`rank` is not a whole number that `INTEGER` holds in `customers`", 2)]);
    assert_eq!(json["rejected"][0]["requests"], json!(["support.csat"]));
    assert_eq!(json["rejected"][0]["examples"][0]["looked_up_in"], json!({ "file": "customers.csv", "row": 2 }));
    // The fault goes on through what is made of it.
    let config = config("[\"level\"]", derive, "by = [[\"next\"]]")
        .replace("[tables.customers]", "derive = { next = \"level + 1\" }\n[tables.customers]");
    let json = case.json(&config).unwrap();
    assert_eq!(rejections(&json), [("`rank` is not a whole number that `INTEGER` holds in `customers`", 2)]);
    assert_eq!(groups(&json, "next").keys().collect::<Vec<_>>(), ["3", "null"]);
    // A row of the other table that is damaged is not found, and is rejected there.
    let case = tickets().file("customers.csv", "customer_id,segment\nc1\nc2,small\nc3,small\n");
    let json = case.json(&report(SEGMENT, CUSTOMER, "by = [[\"segment\"]]")).unwrap();
    assert_eq!(rejections(&json), [("the row has fewer values than the header", 1)]);
    assert_eq!((&json["rejected"][0]["table"], &json["rejected"][0]["requests"]), (&json!("customers"), &json!(["support.csat"])));
    assert_eq!(groups(&json, "segment")["null"].0, 2);
}

const PLANS: &str = "customer_id,plan,from,until\n\
    c1,basic,2024-06-01,2025-01-05\nc1,pro,2025-01-05,\nc2,basic,2025-01-05,2025-01-07\nc3,basic,,2025-01-06\n";

fn plans(keys: &str) -> String {
    format!("lookup.plans = {{ on = \"customer_id\", columns = [\"plan\"], {keys} }}")
}

const PLAN: &str = "[tables.plans]\npath = \"plans.csv\"";

#[test]
fn a_row_may_hold_for_a_time() {
    let case = tickets().file("plans.csv", PLANS);
    let of = |keys: &str| case.json(&report(&plans(keys), PLAN, "by = [[\"plan\"]]")).unwrap();
    // Tickets of 3 and 5 January by c1, of the 4th and 7th by c2, of the 6th by c3: the end is exclusive.
    let json = of("valid_from = \"from\", valid_until = \"until\", at = \"time\"");
    is(
        &groups(&json, "plan"),
        &[("basic", 1, 100.0), ("pro", 1, 100.0), ("null", 3, 100.0 / 3.0)]
            .map(|(g, n, v): (&str, u64, f64)| (g, n, (v * 1e10).round() / 1e10)),
    );
    let notes = json!([
        "3 of 5 rows have no match in `plans` at its `time`, for example `c2` (tickets.csv, row 2), `c3` (tickets.csv, row 4), `c2` (tickets.csv, row 5)"
    ]);
    assert_eq!(table(&json, "tickets")["notes"], notes);
    assert_eq!(table(&json, "tickets")["lookups"][0]["rows_not_then"], 3);
    // Without an end, a row holds until the next one of its key; without a beginning, from the one before on.
    let json = of("valid_from = \"from\", at = \"time\"");
    assert_eq!(
        groups(&json, "plan").iter().map(|(plan, (n, _))| (plan.as_str(), *n)).collect::<Vec<_>>(),
        [("basic", 3), ("null", 1), ("pro", 1)]
    );
    let json = of("valid_until = \"until\", at = \"time\"");
    assert_eq!(
        groups(&json, "plan").iter().map(|(plan, (n, _))| (plan.as_str(), *n)).collect::<Vec<_>>(),
        [("basic", 2), ("null", 2), ("pro", 1)]
    );
}

#[test]
fn what_holds_at_one_time_is_one_row() {
    let refused = |plans: &str, keys: &str| {
        let case = tickets().file("plans.csv", format!("customer_id,plan,from,until\n{plans}"));
        case.json(&report(&self::plans(keys), PLAN, "by = [[\"plan\"]]"))
    };
    let both = "valid_from = \"from\", valid_until = \"until\", at = \"time\"";
    for (plans, keys) in [
        ("c1,a,2025-01-01,2025-01-10\nc1,b,2025-01-09,2025-01-12\n", both),
        ("c1,a,2025-01-01,\nc1,b,2025-01-09,2025-01-12\n", both),
        ("c1,a,,2025-01-10\nc1,b,2025-01-02,2025-01-03\n", both),
        ("c1,a,2025-01-01,\nc1,b,2025-01-01,\n", "valid_from = \"from\", at = \"time\""),
        ("c1,a,,2025-01-01\nc1,b,,2025-01-01\n", "valid_until = \"until\", at = \"time\""),
    ] {
        let problem = refused(plans, keys).unwrap_err();
        let expected = "one key (`customer_id`) of table `plans` has several rows at one time, and a lookup finds one row or none: `c1` \
                        (plans.csv, row 1 and plans.csv, row 2); mend from when until when they hold";
        assert!(problem.contains(expected), "{plans}: {problem}");
    }
    // Rows that touch do not overlap, and what ends when it begins never holds.
    let json = refused("c1,a,2025-01-01,2025-01-05\nc1,b,2025-01-05,2025-01-12\nc1,c,2025-01-03,2025-01-03\n", both).unwrap();
    assert_eq!(
        groups(&json, "plan").iter().map(|(plan, (n, _))| (plan.as_str(), *n)).collect::<Vec<_>>(),
        [("a", 1), ("b", 1), ("null", 3)]
    );
}

#[test]
fn what_a_rejected_row_may_have_held_is_not_guessed() {
    let run = |plans: &str, keys: &str| {
        let case = tickets().file("plans.csv", format!("customer_id,plan,from,until\n{plans}"));
        let all = "by = [[\"plan\"]]\n[[metrics]]\nname = \"all\"\nmetric = \"support.csat\"\ntable = \"tickets\"";
        case.json(&report(&self::plans(keys), PLAN, all)).unwrap()
    };
    let found = |json: &Json| -> Vec<(String, u64)> { groups(json, "plan").into_iter().map(|(plan, (n, _))| (plan, n)).collect() };
    let are = |json: &Json, expected: &[(&str, u64)]| {
        assert_eq!(found(json), expected.iter().map(|(plan, n)| ((*plan).to_owned(), *n)).collect::<Vec<_>>());
    };
    let rejected = "the row of `plans` with its key is rejected";
    let both = "valid_from = \"from\", valid_until = \"until\", at = \"time\"";

    // The tickets of c1 and c2, on 3 and 5, and on 4 and 7 January: what ends before it begins, and what can't be read.
    let json = run("c1,a,2025-01-10,2025-01-01\nc2,b,soon,2025-01-09\nc3,c,2025-01-01,\n", both);
    assert_eq!(rejections(&json), [("`from` is not a time like `2025-01-31`", 1), ("`until` is before `from`", 1), (rejected, 4)]);
    are(&json, &[("c", 1)]);
    // They are rejected for those who ask for the plan.
    assert_eq!(results(&json).iter().find(|row| row["request"] == "all").unwrap()["n"], 5);
    let of_tickets = json["rejected"].as_array().unwrap().iter().find(|reason| reason["table"] == "tickets").unwrap();
    let example = &of_tickets["examples"][0];
    assert_eq!((&example["row"], &example["looked_up_in"]), (&json!(1), &json!({ "file": "plans.csv", "row": 1 })));
    assert_eq!(of_tickets["requests"], json!(["support.csat"]));

    // A row that says both ends holds whatever the other one is. Where none does, it may have been the other one.
    let json = run("c1,a,2025-01-01,2025-01-04\nc1,b,2025-01-04,then\nc2,b,,\nc3,c,,\n", both);
    assert_eq!(rejections(&json), [("`until` is not a time like `2025-01-31`", 1), (rejected, 1)]);
    are(&json, &[("a", 1), ("b", 2), ("c", 1)]);
    // One that says only when it begins holds until the other one does, and nobody knows when that is.
    let json = run("c1,a,2024-01-01,\nc1,b,soon,\nc2,b,2024-01-01,\nc3,c,,\n", "valid_from = \"from\", at = \"time\"");
    assert_eq!(rejections(&json), [("`from` is not a time like `2025-01-31`", 1), (rejected, 2)]);
    are(&json, &[("b", 2), ("c", 1)]);

    // Whether the row of c2 is one of the table can't be told, in whatever order its rows come.
    for customers in ["c1,a,1\nc2,b,x\nc3,c,1\n", "c2,a,1\nc1,a,1\nc2,b,x\nc3,c,1\n"] {
        let case = tickets().file("customers.csv", format!("customer_id,segment,rank\n{customers}"));
        let customers = format!("{CUSTOMER}\nwhere = \"CAST(rank AS INTEGER) > 0\"");
        let json = case.json(&report(SEGMENT, &customers, "by = [[], [\"segment\"]]")).unwrap();
        assert_eq!(
            rejections(&json),
            [("`rank` is not a whole number that `INTEGER` holds", 1), ("the row of `customers` with its key is rejected", 2)]
        );
        is(&groups(&json, "segment"), &[("a", 2, 100.0), ("c", 1, 0.0)]);
    }
}

#[test]
fn a_time_that_cannot_be_read_rejects_the_row_that_looks_up() {
    let tickets = "time,score,customer_id,asked\n2025-01-03,5,c1,2025-01-02\n2025-01-03,5,c1,yesterday\n2025-01-03,1,c1,\n";
    let case = Case::new().file("tickets.csv", tickets).file("plans.csv", PLANS);
    let keys = "valid_from = \"from\", valid_until = \"until\", at = \"asked\"";
    let json = case
        .json(&report(
            &plans(keys),
            PLAN,
            "by = [[], [\"plan\"]]\n[[metrics]]\nname = \"all\"\nmetric = \"support.csat\"\ntable = \"tickets\"",
        ))
        .unwrap();
    assert_eq!(rejections(&json), [("`asked` is not a time like `2025-01-31`", 1)]);
    assert_eq!(json["rejected"][0]["requests"], json!(["support.csat"]));
    assert_eq!(json["rejected"][0]["examples"][0]["value"], "yesterday");
    is(&groups(&json, "plan"), &[("basic", 1, 100.0), ("null", 1, 0.0)]);
    let notes = json!([
        "2 of 3 rows have no time that can be read in `asked`, at which `plans` is looked up, for example `c1` (tickets.csv, row 2), `c1` (tickets.csv, row 3)"
    ]);
    assert_eq!(table(&json, "tickets")["notes"], notes);
}

#[test]
fn what_is_wrong_with_a_lookup_is_said_before_rows_are_read() {
    let case = tickets().file("agents.csv", "agent_id,kind,from\na1,person,2025-01-01\na1,bot,2025-02-01\n");
    let agents = "[tables.agents]\npath = \"agents.csv\"";
    let others = format!("{CUSTOMER}\n{agents}");
    for (lookup, said) in [
        ("lookup.customer = { on = \"customer_id\", columns = [\"segment\"] }", "there is no table `customer`"),
        ("lookup.tickets = { on = \"customer_id\", columns = [\"score\"] }", "`tickets` can't look something up in itself"),
        ("lookup.customers = { on = \"customer\", columns = [\"segment\"] }", "there is no column `customer`"),
        ("lookup.customers = { on = { customer_id = \"id\" }, columns = [\"segment\"] }", "there is no column `id` in `customers`"),
        ("lookup.customers = { on = \"customer_id\", columns = [\"segmnt\"] }", "did you mean `segment`?"),
        (
            "lookup.customers = { on = \"customer_id\", columns = [\"customer_id\"] }",
            "give it another name: `columns = { customers_customer_id = \"customer_id\" }`",
        ),
        ("lookup.customers = { on = \"customer_id\", columns = [\"segment\", \"segment\"] }", "`segment` is a column of `tickets` already"),
        ("lookup.customers = { on = \"customer_id\", columns = [] }", "the lookup takes no column"),
        ("lookup.customers = { on = [], columns = [\"segment\"] }", "the lookup goes by no column"),
        ("lookup.customers = { on = \"customer_id\" }", "`columns` is missing"),
        ("lookup.customers = { on = \"customer_id\", columns = [\"segment\"], when = \"time\" }", "unknown key `when`"),
        (
            "lookup.agents = { on = \"agent_id\", columns = [\"kind\"], valid_from = \"from\" }",
            "add `at`, the column with the time of the row",
        ),
        (
            "lookup.agents = { on = \"agent_id\", columns = [\"kind\"], at = \"time\" }",
            "nothing says from when until when rows of `agents` hold",
        ),
        (
            "lookup.agents = { on = \"agent_id\", columns = [\"kind\"], valid_from = \"kind\", at = \"time\" }",
            "`agents` can't be looked up by `kind`: `kind` must be a time",
        ),
        (
            "lookup.agents = { on = \"agent_id\", columns = [\"kind\"], valid_from = \"from\", at = \"score\" }",
            "nothing can be looked up by `score`",
        ),
        ("lookup.customers = { on = \"key\", columns = [\"segment\"] }\nderive = { key = \"segment || 'x'\" }", "in a circle"),
        (
            "lookup.customers = { on = \"customer_id\", columns = [\"segment\"] }\nderive = { segment = \"UPPER(segment)\" }",
            "`segment` is a column of `tickets` already",
        ),
    ] {
        let problem = case.load(&report(lookup, &others, "")).err().unwrap_or_else(|| panic!("{lookup}"));
        assert!(problem.contains(said), "{lookup}: {problem}");
    }
    // Tables that look each other up, said once.
    let circle = format!("{CUSTOMER}\n{agents}\nlookup.customers = {{ on = {{ agent_id = \"customer_id\" }}, columns = [\"segment\"] }}")
        .replace(
            "path = \"customers.csv\"",
            "path = \"customers.csv\"\nlookup.agents = { on = { customer_id = \"agent_id\" }, columns = [\"kind\"] }",
        );
    let problem = case.load(&report("", &circle, "")).err().unwrap();
    assert_eq!(problem.matches("in a circle").count(), 1, "{problem}");
    // All that is wrong at once, and what follows from a table that is wrong is not said again.
    let problem = case.load(&report("lookup.customers = { on = \"a\", columns = [\"b\"] }", CUSTOMER, "by = [[\"b\"]]")).err().unwrap();
    assert_eq!(
        ["no column `a`", "no column `a` in `customers`", "no column `b` in `customers`"].map(|said| problem.contains(said)),
        [true; 3],
        "{problem}"
    );
    assert!(!problem.contains("to break down by"), "{problem}");
    let problem = case.load(&report(SEGMENT, "[tables.customers]\npath = \"nothing.csv\"", "by = [[\"segment\"]]")).err().unwrap();
    assert!(problem.contains("nothing.csv") && !problem.contains("segment`"), "{problem}");
}

#[test]
fn what_is_an_id_there_is_one_here() {
    let case = Case::new()
        .variable("SECRET", "correct horse battery staple")
        .file("tickets.csv", "time,score,who\n2025-01-03,5,c1\n2025-01-03,1,c2\n2025-01-04,1,c7\n")
        .file("customers.csv", "customer_id,account_id\nc1,acme\nc2,acme\n");
    let lookup = "lookup.customers = { on = { who = \"customer_id\" }, columns = { account = \"account_id\" } }\nderive = { firm = \"UPPER(account)\" }";
    let config =
        report(lookup, CUSTOMER, "by = [[\"account\"], [\"firm\"], [\"who\"]]").replace("[report]\n", "[report]\nhash_ids = \"SECRET\"\n");
    let json = case.json(&config).unwrap().to_string();
    for id in ["acme", "ACME", "c1", "c2", "c7"] {
        assert!(!json.contains(&format!("\"{id}\"")) && !json.contains(&format!("`{id}`")), "{id}: {json}");
    }
}

#[test]
fn nothing_tells_how_large_a_hidden_group_is() {
    // Six rows find a customer, and two do not.
    let tickets = "time,score,customer_id\n".to_owned() + &"2025-01-03,5,c1\n".repeat(6) + "2025-01-03,1,c3\n2025-01-03,1,c4\n";
    let case = Case::new().file("tickets.csv", tickets).file("customers.csv", CUSTOMERS);
    let config = report(SEGMENT, CUSTOMER, "by = [[], [\"segment\"]]").replace("[report]\n", "[report]\nmin_group_size = 5\n");
    let json = case.json(&config).unwrap();
    assert!(results(&json).iter().filter(|row| row["dimensions"].get("segment").is_some()).all(|row| row["suppressed"] == true));
    let tickets = table(&json, "tickets");
    assert_eq!(tickets["notes"], json!(["some rows have no match in `customers`, for example tickets.csv, row 7"]));
    for count in ["rows_found", "rows_without_match", "rows_without_key"] {
        assert_eq!(tickets["lookups"][0][count], Json::Null);
    }
}

#[test]
fn explain_says_what_is_looked_up() {
    let case = tickets().file("plans.csv", PLANS);
    let lookup = format!("{SEGMENT}\n{}", plans("valid_from = \"from\", valid_until = \"until\", at = \"time\""));
    let loaded = case.load(&report(&lookup, &format!("{CUSTOMER}\n{PLAN}"), "by = [[\"segment\"], [\"plan\"]]")).unwrap();
    let explained = custometer_runner::explain(&loaded, false).unwrap();
    for line in [
        "table `tickets`: 1 scan of 1 csv file\n",
        "  looks up `segment` in `customers` by `customer_id`\n",
        "    `customers` is gone through once beforehand: 1 csv file; its keys, and what is read of these columns, are held\n",
        "  looks up `plan` in `plans` by `customer_id`, the row that holds from `from` until `until` at `time`\n",
        "  each row meets, in this order: `lookup` (`customers`, `plans`), the rules of each metric\n",
    ] {
        assert!(explained.contains(line), "{line}{explained}");
    }
}

/// One row of a history: a key, from when until when it holds, and what.
type Held = (u8, Option<u8>, Option<u8>, u8);

/// What a scan of all rows finds: the only one that holds.
fn scanned(history: &[Held], key: u8, day: u8) -> Option<u8> {
    let holds = |(of, from, until, _): &&Held| *of == key && from.is_none_or(|from| from <= day) && until.is_none_or(|until| day < until);
    history.iter().find(holds).map(|(.., value)| *value)
}

fn day(day: Option<u8>) -> String {
    day.map_or_else(String::new, |day| format!("2025-01-{:02}", day + 1))
}

/// Rows of each key that do not overlap, and may leave gaps: cut at some days, some pieces left out.
fn history() -> impl Strategy<Value = Vec<Held>> {
    let of_key = (proptest::collection::btree_set(0_u8..28, 0..5), any::<u8>(), any::<[u8; 6]>());
    proptest::collection::vec(of_key, 3).prop_map(|keys| {
        let mut history = Vec::new();
        for ((cuts, left_out, values), key) in keys.into_iter().zip(0..) {
            let ends: Vec<Option<u8>> = std::iter::once(None).chain(cuts.into_iter().map(Some)).chain([None]).collect();
            for (piece, ends) in ends.windows(2).enumerate().filter(|(piece, _)| left_out >> piece & 1 == 0) {
                history.push((key, ends[0], ends[1], values[piece] % 4));
            }
        }
        history
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_lookup_finds_what_a_scan_finds_and_changes_no_count(
        history in history(),
        asked in proptest::collection::vec((0_u8..4, 0_u8..28), 1..30),
        turn in any::<usize>(),
        cut in any::<usize>(),
    ) {
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        for (key, at) in &asked {
            let group = scanned(&history, *key, *at).map_or_else(|| "null".to_owned(), |value| format!("v{value}"));
            *expected.entry(group).or_default() += 1;
        }
        let run = |turn: usize, cut: usize| {
            let (mut history, mut asked) = (history.clone(), asked.clone());
            let (by, of) = (turn % history.len().max(1), turn % asked.len());
            history.rotate_left(by);
            asked.rotate_left(of);
            let mut files = Case::new();
            let (first, second) = history.split_at(cut % (history.len() + 1));
            for (name, rows) in [("h1.csv", first), ("h2.csv", second)] {
                let mut text = "key,from,until,value\n".to_owned();
                for (key, from, until, value) in rows {
                    writeln!(text, "k{key},{},{},v{value}", day(*from), day(*until)).unwrap();
                }
                files = files.file(name, text);
            }
            let (first, second) = asked.split_at(cut % (asked.len() + 1));
            for (name, rows) in [("t1.csv", first), ("t2.csv", second)] {
                let mut text = "time,key,score\n".to_owned();
                for (key, at) in rows {
                    writeln!(text, "{},k{key},5", day(Some(*at))).unwrap();
                }
                files = files.file(name, text);
            }
            let lookup = "lookup.h = { on = \"key\", columns = [\"value\"], valid_from = \"from\", valid_until = \"until\", at = \"time\" }";
            let with = report(lookup, "[tables.h]\npath = \"h*.csv\"", "by = [[], [\"value\"]]").replace("tickets.csv", "t*.csv");
            let without = report("", "", "").replace("tickets.csv", "t*.csv");
            (files.json(&with).unwrap(), files.json(&without).unwrap())
        };
        let (with, without) = run(0, 0);
        let found: BTreeMap<String, u64> = groups(&with, "value").into_iter().map(|(group, (n, _))| (group, n)).collect();
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(&table(&with, "tickets")["uses"], &table(&without, "tickets")["uses"]);
        prop_assert_eq!(&table(&with, "tickets")["rows_read"], &table(&without, "tickets")["rows_read"]);
        prop_assert_eq!(&results(&with)[0], &results(&without)[0]);
        let (turned, _) = run(turn, cut);
        prop_assert_eq!(&turned["results"], &with["results"]);
    }
}
