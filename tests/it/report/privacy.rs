//! Privacy from end to end: small groups, what would tell of them, and ids.

use std::fmt::Write as _;

use custometer_testkit::Case;
use serde_json::Value as Json;

const ORDERS: &str = "Kunde;Beløb;region;note\nK1;10;north;a\nK1;20;north;b\nK2;30;south;c\nK3;x;north;d\nK4;5;north;e\n";

fn report(settings: &str, table: &str, metrics: &str) -> String {
    format!(
        "[report]\nmax_rejected_percent = 100\nrejected_rows = true\n{settings}\n[tables.orders]\npath = \"o.csv\"\ndelimiter = \";\"\n\
         columns = {{ customer_id = \"Kunde\", amount = \"Beløb\" }}\n{table}\n{metrics}"
    )
}

const BY_CUSTOMER: &str = "[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\n\
    by = [[], [\"Kunde\"], [\"customer_id\", \"region\"], [\"initial\"]]\n";

#[test]
fn no_id_leaves_under_any_of_its_names() {
    let settings = "hash_ids = \"SECRET\"";
    let derive = "derive = { initial = \"'x' || Kunde\" }";
    let case = Case::new().file("o.csv", ORDERS).variable("SECRET", "sixteen bytes or more");
    let result = case.run(&report(settings, derive, BY_CUSTOMER)).unwrap();
    let shown = format!("{:?} {:?} {:?}", result.results, result.rejected, result.rejected_rows);
    for id in ["K1", "K2", "K3", "K4"] {
        assert!(!shown.contains(id), "{id} is in {shown}");
    }
    let plain = case.run(&report("", derive, BY_CUSTOMER)).unwrap();
    assert_eq!(plain.results.len(), result.results.len());
    let values = |result: &custometer_runner::RunResult| {
        let mut values: Vec<String> = result.results.iter().map(|row| format!("{:?} {:?}", row.value, row.n)).collect();
        values.sort();
        values
    };
    assert_eq!(values(&plain), values(&result));
    // The same customer has the same hash in every breakdown.
    let hashes = |name: &str| -> Vec<String> {
        let named = result.results.iter().flat_map(|row| &row.dimensions).filter(|(known, _)| known == name);
        let mut hashes: Vec<String> = named.map(|(_, value)| value.to_string()).collect();
        hashes.sort();
        hashes.dedup();
        hashes
    };
    assert_eq!(hashes("Kunde"), hashes("customer_id"));
    assert!(hashes("Kunde").iter().all(|hash| hash.len() == 32));
}

/// What a run shows anywhere.
fn everything(result: &custometer_runner::RunResult) -> String {
    let details: Vec<String> = result.details.iter().map(|detail| detail.frame.to_string()).collect();
    format!("{:?} {:?} {:?} {details:?}", result.results, result.rejected, result.rejected_rows)
}

#[test]
fn an_id_is_one_however_its_column_is_called() {
    for name in ["Customer_ID", "customerId", "ID", "Customer ID"] {
        let orders = format!("{name},amount\nK1,10\nK2,x\n");
        let report = format!(
            "[report]\nmax_rejected_percent = 100\nhash_ids = \"SECRET\"\n[tables.orders]\npath = \"o.csv\"\n\
             [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\nby = [[\"{name}\"]]\n"
        );
        let result = Case::new().file("o.csv", orders).variable("SECRET", "sixteen bytes or more").run(&report).unwrap();
        assert!(!everything(&result).contains("K1"), "{name}: {}", everything(&result));
    }
}

#[test]
fn an_id_is_one_in_a_metrics_own_dimension_and_in_every_table_over_its_file() {
    let report = "[report]\nhash_ids = \"SECRET\"\n\
        [tables.customers]\npath = \"c.csv\"\ncolumns = { source = \"referrer_id\" }\n\
        [tables.people]\npath = \"c.csv\"\ncolumns = { kind = \"friend\" }\n\
        [tables.friends]\npath = \"c.csv\"\ncolumns = { customer_id = \"friend\" }\n\
        [[metrics]]\nmetric = \"loyalty.acquisition_source\"\ntable = \"customers\"\nparams = { show = \"count\" }\n\
        [[metrics]]\nname = \"by_friend\"\nmetric = \"loyalty.acquisition_source\"\ntable = \"people\"\n\
        params = { show = \"count\" }\ncolumns = { source = \"kind\" }\nby = [[\"kind\"]]\n\
        [[metrics]]\nname = \"friends\"\nmetric = \"loyalty.acquisition_source\"\ntable = \"friends\"\n\
        params = { show = \"count\" }\ncolumns = { source = \"channel\" }\n";
    let customers = "customer_id,created_at,referrer_id,friend,channel\nK1,2025-01-01,R1,F1,shop\nK2,2025-01-02,R2,F2,web\n";
    let result = Case::new().file("c.csv", customers).variable("SECRET", "sixteen bytes or more").run(report).unwrap();
    let shown = everything(&result);
    for id in ["K1", "R1", "R2", "F1", "F2"] {
        assert!(!shown.contains(id), "{id} is in {shown}");
    }
    assert!(shown.contains("shop"), "{shown}");
}

#[test]
fn a_measure_whose_value_is_an_id_is_refused() {
    let report = |settings: &str| {
        format!(
            "[report]\n{settings}\n[tables.orders]\npath = \"o.csv\"\n[define.\"own.last\"]\ntable = \"orders\"\n\
             measures = {{ last = \"max(customer_id)\" }}\nvalue = \"last\"\nunit = \"count\"\n\
             [[metrics]]\nmetric = \"own.last\"\ntable = \"orders\"\n"
        )
    };
    let case = Case::new().file("o.csv", "customer_id,amount\n7,1\n9,2\n").variable("SECRET", "sixteen bytes or more");
    assert!(case.load(&report("")).is_ok());
    let message = case.load(&report("hash_ids = \"SECRET\"")).err().unwrap();
    assert!(message.contains("`last` of `own.last` would show an id"), "{message}");
}

#[test]
fn messages_show_no_id() {
    let problems = |settings: &str, table: &str| {
        let config = format!(
            "[report]\n{settings}\n[tables.orders]\npath = \"o.csv\"\n{table}\n[[metrics]]\nmetric = \"loyalty.average_order_value\"\n\
             table = \"orders\"\ngrain = \"month\"\n"
        );
        let orders = "kunde,tal,time,amount\nK11,7777777,2025-01-01,10\nK12,7777778,2025-01-02,11\n";
        Case::new().file("o.csv", orders).variable("SECRET", "sixteen bytes or more").run(&config).err().unwrap()
    };
    for (table, id) in [
        ("columns = { amount = \"kunde\" }", "K11"),
        ("columns = { time = \"kunde\" }", "K11"),
        ("formats = { kunde = \"money\" }", "K11"),
        ("time_formats = { tal = \"epoch_nanoseconds\" }", "7777777"),
    ] {
        let [open, hashed] = [problems("", table), problems("hash_ids = \"SECRET\"", table)];
        assert!(open.contains(id), "{open}");
        assert!(!hashed.contains("K1") && !hashed.contains("777777"), "{hashed}");
    }
}

#[test]
fn a_note_on_ids_that_no_row_has_names_none() {
    let note = |settings: &str| {
        let where_ = "where = \"Kunde IN ('K1', 'K8', 'K9')\"";
        let result = Case::new().file("o.csv", ORDERS).variable("SECRET", "sixteen bytes or more");
        let result = result.run(&report(settings, where_, "[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\n"));
        result.unwrap().notes.into_iter().map(|note| note.text).collect::<Vec<_>>()
    };
    assert_eq!(note("hash_ids = \"SECRET\""), ["no row has 2 of the 3 ids in `Kunde` that `where` names"]);
    assert_eq!(note(""), ["no row has `K8` or `K9` in `Kunde`, named by `where`; there are `K1`"]);
}

#[test]
fn a_secret_that_is_not_there_or_too_short_is_an_error() {
    let config = report("hash_ids = \"SECRET\"", "", BY_CUSTOMER);
    assert!(Case::new().file("o.csv", ORDERS).load(&config).err().unwrap().contains("the environment variable `SECRET` is not set"));
    assert!(Case::new().file("o.csv", ORDERS).variable("SECRET", "short").load(&config).err().unwrap().contains("at least 16"));
}

#[test]
fn small_groups_and_what_would_tell_of_them_are_not_shown() {
    let metrics = "[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\nby = [[], [\"region\"]]\n";
    let json = Case::new().file("o.csv", ORDERS).json(&report("min_group_size = 2", "", metrics)).unwrap();
    let rows: Vec<(&Json, &Json)> = json["results"].as_array().unwrap().iter().map(|row| (&row["value"], &row["suppressed"])).collect();
    // South is one order; the total less north would tell of it.
    assert_eq!(rows[0], (&Json::from(16.25), &Json::from(false)));
    assert_eq!(rows[1..], [(&Json::Null, &Json::from(true)), (&Json::Null, &Json::from(true))]);
    // Nor is what stands in a single row.
    assert_eq!(json["rejected"][0]["examples"][0]["value"], Json::Null);
    let without = Case::new().file("o.csv", ORDERS).json(&report("", "", metrics)).unwrap();
    assert_eq!(without["rejected"][0]["examples"][0]["value"], "x");
}

#[test]
fn the_ledger_is_withheld_where_all_that_it_counts_is_hidden() {
    let metrics = "[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\nby = [[], [\"region\"]]\n";
    let of = |settings: &str| Case::new().file("o.csv", ORDERS).json(&report(settings, "", metrics)).unwrap();
    let counts = |json: &Json| {
        let table = &json["manifest"]["tables"][0];
        [table["rows_read"].clone(), table["uses"][0]["rows_used"].clone(), table["uses"][0]["rows_rejected"].clone()]
    };
    let shown = of("");
    assert_eq!(counts(&shown), [5, 4, 1].map(Json::from));
    // Four orders, of which none is shown, are fewer than nine.
    let hidden = of("min_group_size = 9");
    assert!(hidden["results"].as_array().unwrap().iter().all(|row| row["suppressed"] == true));
    assert_eq!(counts(&hidden), [Json::Null, Json::Null, Json::from(1)]);
    // One order and three: that they are four together would leave each of them too few sizes.
    assert_eq!(counts(&of("min_group_size = 3")), counts(&hidden));
}

#[test]
fn tables_with_different_rows_of_one_file_are_refused_where_groups_are_hidden() {
    let problems = |least: u64, [first, second]: [&str; 2], other: &str| {
        let table = |name: &str, path: &str, rest: &str| {
            format!(
                "[tables.{name}]\npath = \"{path}\"\ndelimiter = \";\"\ncolumns = {{ customer_id = \"Kunde\", amount = \"Beløb\" }}\n{rest}\n"
            )
        };
        let metric = |table: &str| format!("[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"{table}\"\n");
        let tables = table("all", "o.csv", first) + &table("some", other, second) + &metric("all") + &metric("some");
        let case = Case::new().file("o.csv", ORDERS).file("p.csv", ORDERS);
        case.load(&format!("[report]\nmin_group_size = {least}\n{tables}")).err().unwrap_or_default()
    };
    let north = "where = \"region = 'north'\"";
    let found = problems(2, ["", north], "o.csv");
    assert!(found.contains("`all` and `some` have different rows of the same file"), "{found}");
    assert_eq!(found.matches("different rows").count(), 1);
    assert!(problems(2, ["", "deduplicate = [\"Kunde\"]"], "o.csv").contains("different rows"));
    assert!(problems(2, ["", ""], "*.csv").contains("different rows"));
    // The same words may mean another column.
    let renamed = "where = \"part = 'north'\"\nderive = { part = \"note\" }";
    assert!(problems(2, [renamed, &renamed.replace("note", "region")], "o.csv").contains("different rows"));
    // The same rows, other files, and nothing to hide.
    for (least, tables, other) in
        [(2, [north, north], "o.csv"), (2, ["", ""], "o.csv"), (2, ["", north], "p.csv"), (1, ["", north], "o.csv")]
    {
        assert_eq!(problems(least, tables, other), "", "{least} {tables:?} {other}");
    }
}

/// How many answers a group may have, by all that a report shows: the smallest and the largest count of each hidden group of a region, where every
/// hidden one has at least one answer, and all groups add up to what the ledger says was used. None where it says nothing.
fn bounds(result: &custometer_runner::RunResult) -> Vec<(f64, f64)> {
    let Some(used) = result.manifest.tables[0].uses[0].rows_used.shown() else { return Vec::new() };
    let used = used as f64;
    let shown: f64 = result.results.iter().filter(|row| row.breakdown == 1).filter_map(|row| row.n).sum();
    let hidden = result.results.iter().filter(|row| row.breakdown == 1 && row.suppressed).count();
    let left = used - shown;
    (0..hidden).map(|_| (1.0_f64.max(if hidden == 1 { left } else { 1.0 }), left - (hidden as f64 - 1.0))).collect()
}

#[test]
fn no_hidden_group_is_known_more_closely_than_the_least_size() {
    const LEAST: f64 = 5.0;
    // A generator of its own, so that the same reports are made everywhere.
    let mut state = 20_261_201_u64;
    let mut below = |most: u64| -> usize {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 33) % most).unwrap()
    };
    let (mut looked_at, mut hidden) = (0, 0);
    for _ in 0..120 {
        let regions = 2 + below(5);
        let mut rows = String::from("time,score,region\n");
        for region in 0..regions {
            let answers = if below(2) == 0 { 1 + below(6) } else { 5 + below(40) };
            for answer in 0..answers {
                writeln!(rows, "2025-0{}-{:02},{},r{region}", 1 + below(3), 1 + answer % 28, answer % 11).unwrap();
            }
        }
        let (grain, complete) = ([("total", ""), ("month", ""), ("month", "complete_periods_only = true\n")])[below(3)];
        let by = ["[[\"region\"]]", "[[], [\"region\"]]"][below(2)];
        let config = format!(
            "[report]\nfrom = 2025-01-01\nuntil = 2025-04-01\nas_of = 2025-03-20\ngrain = \"{grain}\"\n{complete}min_group_size = 5\n[tables.t]\npath = \"t.csv\"\n\
             [[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\nby = {by}\n"
        );
        let result = Case::new().file("t.csv", rows).run(&config).unwrap();
        assert!(result.results.iter().filter_map(|row| row.n).all(|n| n == 0.0 || n >= LEAST));
        if !complete.is_empty() {
            continue;
        }
        looked_at += 1;
        for (least, most) in bounds(&result) {
            hidden += 1;
            assert!(most - least >= LEAST, "between {least} and {most}: {:#?}", result.results);
        }
    }
    assert!(looked_at > 40 && hidden > 60, "{looked_at} {hidden}");
}
