//! One table of several.

use std::collections::BTreeMap;

use custometer_testkit::{Case, assert_close, rejections, results};
use polars::prelude::{Column, DataFrame, DataType, ParquetWriter, TimeUnit, df};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// Orders of a web shop: ISO 8601 with an offset, numbers with a point.
const WEB: &str = "order_id,created_at,customer_id,amount,region,coupon\n\
    1,2025-01-02T16:00:00Z,c1,120.0,Süd,\n2,2025-01-03T23:00:00Z,c2,45.5,Nord,\n3,2025-01-05T06:00:00Z,c3,7.25,Süd,X\n\
    4,2025-01-06T13:00:00Z,c4,19.9,Nord,\n5,2025-01-07T20:00:00Z,c0,120.0,Süd,\n6,2025-01-09T03:00:00Z,c1,45.5,Nord,X\n\
    7,2025-01-10T10:00:00Z,c2,7.25,Süd,\n8,2025-01-11T17:00:00Z,c3,19.9,Nord,\n9,2025-01-13T00:00:00Z,c4,120.0,Süd,X\n\
    10,2025-01-14T07:00:00Z,c0,45.5,Nord,\n11,2025-01-15T14:00:00Z,c1,7.25,Süd,\n12,2025-01-16T21:00:00Z,c2,19.9,Nord,X\n";

/// Orders of a till: local times, decimal commas, in Latin-1.
const SHOP: &str = "Bestellung;Datum;Kunde;Betrag;Gebiet\n\
    S-1;04.01.2025 17:00;c1;89,00;Öst\nS-2;06.01.2025 16:00;c2;0,99;Süd\nS-3;08.01.2025 15:00;c3;1.234,50;Öst\n\
    S-4;10.01.2025 14:00;c0;89,00;Süd\nS-5;12.01.2025 13:00;c1;0,99;Öst\nS-6;14.01.2025 12:00;c2;1.234,50;Süd\n\
    S-7;16.01.2025 11:00;c3;89,00;Öst\nS-8;18.01.2025 10:00;c0;0,99;Süd\nS-9;20.01.2025 09:00;c1;1.234,50;Öst\n";

const TABLES: &str = r#"
[tables.web]
path = "web.csv"
columns = { time = "created_at" }

[tables.shop]
path = "shop.csv"
delimiter = ";"
encoding = "latin-1"
decimal_comma = true
thousands = "."
columns = { order_id = "Bestellung", time = "Datum", customer_id = "Kunde", amount = "Betrag", region = "Gebiet" }
time_formats = { time = "%d.%m.%Y %H:%M" }

[tables.app]
path = "app.parquet"
timezone = "UTC"
columns = { time = "created_at" }
"#;

fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
}

fn parquet(mut frame: DataFrame) -> Vec<u8> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).unwrap();
    bytes
}

/// Orders of an app: ids as numbers, times as such in UTC, no region.
fn app() -> Vec<u8> {
    let rows = 1..8_i64;
    // 2025-01-03 10:00 UTC, and 53 hours from one to the next.
    let times: Vec<i64> = rows.clone().map(|row| (1_735_898_400 + row * 53 * 3600) * 1_000_000).collect();
    let times = Column::new("created_at".into(), times).cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap();
    let mut frame = df!(
        "order_id" => rows.clone().map(|row| 100 + row).collect::<Vec<_>>(),
        "customer_id" => rows.clone().map(|row| format!("c{}", row % 6)).collect::<Vec<_>>(),
        "amount" => rows.map(|row| 10.0 * row as f64 / 4.0).collect::<Vec<_>>(),
    )
    .unwrap();
    frame.with_column(times).unwrap();
    parquet(frame)
}

fn case() -> Case {
    Case::new().file("web.csv", WEB).file("shop.csv", latin_1(SHOP)).file("app.parquet", app())
}

const REPORT: &str =
    "[report]\ntimezone = \"Europe/Berlin\"\nfrom = 2025-01-01\nuntil = 2025-02-01\nas_of = 2025-02-01\nmax_rejected_percent = 100\n";

/// A report over the union of all three: what is said of it, and the request.
fn report(union: &str, request: &str) -> String {
    format!(
        "{REPORT}{TABLES}[tables.orders]\nunion = [\"web\", \"shop\", \"app\"]\n{union}\n[[metrics]]\nmetric = \
         \"loyalty.average_order_value\"\ntable = \"orders\"\n{request}\n"
    )
}

/// How many rows each group has, and its value.
fn groups(json: &Json, dimension: &str) -> BTreeMap<String, (u64, f64)> {
    let rows = results(json).iter().filter(|row| row["dimensions"].get(dimension).is_some());
    let of_row = |row: &Json| {
        let group = row["dimensions"][dimension].as_str().map_or_else(|| row["dimensions"][dimension].to_string(), str::to_owned);
        (group, (row["n"].as_u64().unwrap(), row["value"].as_f64().unwrap()))
    };
    rows.map(of_row).collect()
}

fn are(found: &BTreeMap<String, (u64, f64)>, expected: &[(&str, u64, f64)]) {
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.iter().map(|(group, ..)| *group).collect::<Vec<_>>());
    for (group, n, value) in expected {
        assert_eq!(found[*group].0, *n, "{group}");
        assert_close(found[*group].1, *value);
    }
}

fn table<'a>(json: &'a Json, name: &str) -> &'a Json {
    json["manifest"]["tables"].as_array().unwrap().iter().find(|table| table["table"] == name).unwrap()
}

#[test]
fn three_exports_are_one_table_as_duckdb_has_it() {
    // create table u as select *, 'web' as channel from web union all by name select *, 'shop' as channel from shop
    //   union all by name select *, 'app' as channel from app;
    // select channel, region, date_trunc('week', created_at), count(*), avg(amount) from u group by …;   -- set timezone='Europe/Berlin'
    let json = case().json(&report("source = \"channel\"", "by = [[], [\"channel\"], [\"region\"]]")).unwrap();
    let total = &results(&json)[0];
    assert_eq!((total["n"].as_u64(), total["value"].as_f64().map(|value| (value * 1e9).round())), (Some(28), Some(165_050_714_286.0)));
    are(&groups(&json, "channel"), &[("app", 7, 10.0), ("shop", 9, 441.496_666_666_7), ("web", 12, 48.1625)]);
    are(&groups(&json, "region"), &[("Nord", 6, 32.7), ("Süd", 10, 170.723), ("null", 7, 10.0), ("Öst", 5, 529.598)]);
    let weeks = case().json(&report("", "grain = \"week\"")).unwrap();
    let weeks = results(&weeks).iter().filter_map(|row| Some((row["n"].as_u64()?, (row["value"].as_f64()? * 1e6).round() / 1e6)));
    let weeks: Vec<(u64, f64)> = weeks.collect();
    assert_eq!(weeks, [(5, 52.85), (12, 130.044_167), (10, 156.214), (1, 1234.5)]);
}

#[test]
fn customers_of_several_exports_are_the_same_ones() {
    // select count(*), 100.0 * count(*) filter (k >= 2) / count(*) from (select customer_id, count(*) k from u group by 1);
    let json = case().json(&report("", "").replace("average_order_value", "repeat_purchase_rate")).unwrap();
    assert_eq!(results(&json)[0]["n"], 6);
    assert_close(results(&json)[0]["value"].as_f64().unwrap(), 83.333_333_333_333_33);
}

#[test]
fn expressions_see_what_each_source_reads() {
    // select count(*), avg(amount) from u where amount >= 45;
    let json = case().json(&report("where = \"amount >= 45\"\nderive = { day = \"CAST(time AS DATE)\" }", "by = [[], [\"day\"]]")).unwrap();
    assert_eq!((&results(&json)[0]["n"], &results(&json)[0]["value"]), (&json!(12), &json!(372.25)));
    // 4 January in Berlin, not the 3rd of UTC.
    assert_eq!(groups(&json, "day")["2025-01-04"], (2, 67.25));
    let orders = table(&json, "orders");
    assert_eq!((&orders["rows_read"], &orders["rows_filtered"], &orders["uses"][0]["rows_used"]), (&json!(28), &json!(16), &json!(12)));
}

#[test]
fn the_ledger_says_what_each_source_gave() {
    let tables = TABLES.replace("[tables.app]", "where = \"Kunde <> 'c0'\"\n[tables.app]");
    let case = case().file("shop.csv", latin_1(&format!("{SHOP}S-10;21.01.2025;c1;5,00;Süd\nS-11;21.01.2025 10:00;c1;fünf;Süd\n")));
    let json = case.json(&report("deduplicate = [\"order_id\"]", "by = [[\"region\"]]").replace(TABLES, &tables)).unwrap();
    let orders = table(&json, "orders");
    let counts = |table: &Json| {
        let used = &table["uses"][0];
        [&table["rows_read"], &table["rows_filtered"], &table["rows_deduplicated"], &used["rows_used"], &used["rows_rejected"]]
            .map(|count| count.as_u64().unwrap())
    };
    assert_eq!(counts(orders), [30, 2, 0, 26, 2]);
    let sources = orders["sources"].as_array().unwrap();
    assert_eq!(sources.iter().map(|source| source["table"].as_str().unwrap()).collect::<Vec<_>>(), ["web", "shop", "app"]);
    assert_eq!(sources.iter().map(counts).collect::<Vec<_>>(), [[12, 0, 0, 12, 0], [11, 2, 0, 7, 2], [7, 0, 0, 7, 0]]);
    // Rejected rows are shown where they stand.
    let reasons = rejections(&json);
    assert_eq!(reasons.iter().map(|(_, rows)| rows).sum::<u64>(), 2);
    let example = |row: u64| {
        let rejected = json["rejected"].as_array().unwrap().iter().flat_map(|reason| reason["examples"].as_array().unwrap());
        rejected.clone().find(|example| example["row"] == row).unwrap().clone()
    };
    let (time, amount) = (example(10), example(11));
    assert_eq!((&time["file"], &time["column"], &time["value"]), (&json!("shop.csv"), &json!("time"), &json!("21.01.2025")));
    assert_eq!((&amount["file"], &amount["column"], &amount["value"]), (&json!("shop.csv"), &json!("amount"), &json!("fünf")));
    assert_eq!(orders["notes"], json!(["`app`: it has no column `region`, which is missing in its 7 rows"]));
    let files: Vec<&str> = orders["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(files, ["web.csv", "shop.csv", "app.parquet"]);
    // The sources are no tables of requests of their own.
    assert_eq!(json["manifest"]["tables"].as_array().unwrap().len(), 1);
}

#[test]
fn the_same_order_in_two_exports_is_one() {
    let web = "order_id,time,amount,version\n1,2025-01-02,10,1\n2,2025-01-03,20,1\n";
    let shop = "order_id;time;amount;version\n2;2025-01-03;25,5;2\n3;2025-01-04;30,5;1\n";
    let case = Case::new().file("web.csv", web).file("shop.csv", shop);
    let config = |order: &str, keep: &str| {
        format!(
            "{REPORT}[tables.web]\npath = \"web.csv\"\n[tables.shop]\npath = \"shop.csv\"\ndelimiter = \";\"\ndecimal_comma = \
             true\n[tables.orders]\nunion = {order}\ndeduplicate = [\"order_id\"]\n{keep}\n[[metrics]]\nmetric = \
             \"loyalty.average_order_value\"\ntable = \"orders\"\n"
        )
    };
    let value = |order: &str, keep: &str| {
        let json = case.json(&config(order, keep)).unwrap();
        assert_eq!((&results(&json)[0]["n"], &table(&json, "orders")["rows_deduplicated"]), (&json!(3), &json!(1)));
        (results(&json)[0]["value"].as_f64().unwrap() * 3e6).round() / 1e6
    };
    let (one, other) = ("[\"web\", \"shop\"]", "[\"shop\", \"web\"]");
    // The first is that of the first source, and the newest is the newest in whatever order.
    assert_eq!((value(one, ""), value(other, "")), (60.5, 66.0));
    let newest = "keep = { newest = \"version\" }";
    assert_eq!((value(one, newest), value(other, newest)), (66.0, 66.0));
}

#[test]
fn amounts_are_of_the_currency_and_the_units_that_each_source_says() {
    // A payment provider counts cents and yen; a shop has euros.
    let stripe = "time,amount,currency\n2025-01-02,1250,eur\n2025-01-03,5000,jpy\n";
    let shop = "time,amount\n2025-01-02,7.5\n2025-01-05,2.5\n";
    let case = Case::new().file("stripe.csv", stripe).file("shop.csv", shop);
    let config = |currency: &str, request: &str| {
        format!(
            "{REPORT}{currency}\n[tables.stripe]\npath = \"stripe.csv\"\namounts_in = \"minor_units\"\n[tables.shop]\npath = \
             \"shop.csv\"\ncurrency = \"EUR\"\n[tables.orders]\nunion = [\"shop\", \"stripe\"]\n[[metrics]]\nmetric = \
             \"loyalty.average_order_value\"\ntable = \"orders\"\n{request}\n"
        )
    };
    let error = case.json(&config("", "")).unwrap_err();
    assert!(error.contains("`EUR` and `JPY`"), "{error}");
    let json = case.json(&config("", "by = [[\"currency\"]]")).unwrap();
    let by: BTreeMap<String, (u64, f64)> = groups(&json, "currency");
    assert_eq!(by.len(), 3, "{by:?}");
    // EUR: 7.5 + 2.5 of the shop and 12.50 of the provider; JPY: 5000, at 0.006.
    let rates = "currency = \"EUR\"\n[report.rates]\nfixed = { JPY = 0.006 }\nquoted = \"base_per_unit\"";
    let json = case.json(&config(rates, "")).unwrap();
    assert_close(results(&json)[0]["value"].as_f64().unwrap(), (7.5 + 2.5 + 12.5 + 30.0) / 4.0);
}

#[test]
fn a_source_has_its_own_lookups_and_may_be_asked_by_itself() {
    let customers = "customer_id,segment\nc1,big\nc2,small\n";
    let config = report("", "by = [[\"segment\"]]")
        .replace("[tables.shop]", "lookup.customers = { on = \"customer_id\", columns = [\"segment\"] }\n[tables.shop]")
        + "[tables.customers]\npath = \"customers.csv\"\n[[metrics]]\nname = \"of the web\"\nmetric = \"loyalty.average_order_value\"\n\
           table = \"web\"\nby = [[\"segment\"]]\n";
    let json = case().file("customers.csv", customers).json(&config).unwrap();
    let counts = |name: &str| -> BTreeMap<String, u64> {
        let rows = results(&json).iter().filter(|row| row["request"] == name);
        rows.map(|row| (row["dimensions"]["segment"].to_string(), row["n"].as_u64().unwrap())).collect()
    };
    // select segment, count(*) from web left join customers using (customer_id) group by 1; the other sources have no segment.
    let of_web = counts("of the web");
    assert_eq!(of_web, BTreeMap::from([("\"big\"".to_owned(), 3), ("\"small\"".to_owned(), 3), ("null".to_owned(), 6)]));
    let of_all = counts("loyalty.average_order_value");
    assert_eq!(of_all, BTreeMap::from([("\"big\"".to_owned(), 3), ("\"small\"".to_owned(), 3), ("null".to_owned(), 22)]));
    let notes = table(&json, "orders")["notes"].to_string();
    assert!(notes.contains("`web`: 6 of 12 rows have no match in `customers`, for example `c3` (web.csv, row 3)"), "{notes}");
    assert!(notes.contains("`app`: it has no column `segment`, which is missing in its 7 rows"), "{notes}");
}

#[test]
fn a_union_is_looked_up_as_its_sources_read_it() {
    let config = format!(
        "{REPORT}[tables.people]\npath = \"people.csv\"\n[tables.persons]\npath = \"persons.csv\"\ndelimiter = \";\"\ndecimal_comma = \
         true\n[tables.customers]\nunion = [\"people\", \"persons\"]\n[tables.orders]\npath = \"orders.csv\"\nlookup.customers = {{ on = \
         \"customer_id\", columns = [\"discount\"] }}\nderive = {{ paid = \"amount * (1 - discount)\" }}\ncolumns = {{ }}\n[[metrics]]\nmetric = \
         \"loyalty.average_order_value\"\ntable = \"orders\"\ncolumns = {{ amount = \"paid\" }}\n"
    );
    let case = Case::new()
        .file("people.csv", "customer_id,discount\na,0.5\n")
        .file("persons.csv", "customer_id;discount\nb;0,25\n")
        .file("orders.csv", "time,customer_id,amount\n2025-01-02,a,10\n2025-01-03,b,100\n");
    let json = case.json(&config).unwrap();
    assert_eq!(results(&json)[0]["value"], 40.0);
    // One key in both is two rows of one key.
    let error = case.file("persons.csv", "customer_id;discount\na;0,25\n").json(&config).unwrap_err();
    assert!(error.contains("`a` (people.csv, row 1 and persons.csv, row 1)"), "{error}");
}

#[test]
fn what_is_wrong_with_a_union_is_said_before_rows_are_read() {
    let wrong = |union: &str, others: &str| {
        let config = format!(
            "{REPORT}{TABLES}{others}\n[tables.orders]\n{union}\n[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\n"
        );
        case().load(&config).err().unwrap_or_default()
    };
    for (union, others, expected) in [
        ("union = []", "", "the union is of no table"),
        ("union = [\"wep\"]", "", "there is no table `wep`"),
        ("union = [\"web\", \"web\"]", "", "`web` is named twice"),
        ("union = [\"orders\"]", "", "`orders` is this table itself"),
        ("union = [\"web\", \"all\"]", "[tables.all]\nunion = [\"shop\"]", "`all` is a union itself"),
        ("union = [\"web\", \"shop\"]\ndelimiter = \";\"\ndecimal_comma = true", "", "`delimiter`, `decimal_comma` are said of files"),
        ("union = [\"web\", \"shop\"]\npath = \"web.csv\"", "", "`path` is said of files"),
        ("union = [\"web\", \"shop\"]\nsource = \"region\"", "", "`region` is a column of a source already"),
        ("path = \"web.csv\"\nsource = \"channel\"", "", "`source` names the tables of a union"),
        ("union = [\"web\", \"shop\"]\nwhere = \"regoin = 'Nord'\"", "", "there is no column `regoin`"),
        ("format = \"csv\"", "", "`path` is missing"),
    ] {
        let error = wrong(union, others);
        assert!(error.contains(expected), "{expected}\n{error}");
    }
    let error = wrong(
        "union = [\"web\", \"prices\"]",
        "[tables.prices]\npath = \"shop.csv\"\ndelimiter = \";\"\nencoding = \"latin-1\"\ncolumns = { amount = \"Kunde\" }",
    );
    assert!(error.contains("in `prices`, `amount` must be a number"), "{error}");
}

#[test]
fn words_that_a_source_names_and_no_row_of_it_has_are_said() {
    let web = "where = \"region <> 'West'\"\nnull_values = [\"n/a\"]\n[tables.shop]";
    let result = case().run(&report("", "").replace("[tables.shop]", web)).unwrap();
    let notes = result.notes.iter().map(|note| note.text.clone()).collect::<Vec<_>>().join("\n");
    assert!(notes.contains("`web`: no row has `West` in `region`, named by `where`; there are `Nord` and `Süd`"), "{notes}");
    assert!(notes.contains("`web`: no row has `n/a` in a column that is read, which `null_values` takes for a missing value"), "{notes}");
}

#[test]
fn small_groups_stay_hidden() {
    let hidden = report("source = \"channel\"", "by = [[\"channel\"]]").replace("max_rejected", "min_group_size = 8\nmax_rejected");
    let json = case().json(&hidden).unwrap();
    // The app has seven rows, and nothing tells that.
    assert!(table(&json, "orders").get("sources").is_none());
    let error =
        case().json(&(hidden + "[[metrics]]\nname = \"web\"\nmetric = \"loyalty.average_order_value\"\ntable = \"web\"\n")).unwrap_err();
    assert!(error.contains("`orders` and `web` have rows of the same files"), "{error}");
}

#[test]
fn explain_shows_one_scan_of_each_file() {
    let text = custometer_runner::explain(&case().load(&report("", "by = [[], [\"region\"]]")).unwrap(), false).unwrap();
    assert!(text.starts_with("table `orders`: 3 scans of 2 csv files and 1 parquet file\n  has the rows of `web`: 1 csv file\n"), "{text}");
}

/// Rows with texts that CSV of any dialect can hold.
fn rows() -> impl Strategy<Value = Vec<(u8, u32, u8)>> {
    prop::collection::vec((1..29_u8, 0..100_000_u32, 0..4_u8), 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_union_is_what_somebody_would_put_together_by_hand(rows in rows(), cut in 0..30_usize, turned in any::<bool>()) {
        let cut = cut.min(rows.len());
        let line = |(day, cents, region): &(u8, u32, u8)| format!("2025-01-{day:02},{}.{:02},r{region}\n", cents / 100, cents % 100);
        let other = |(day, cents, region): &(u8, u32, u8)| format!("{day:02}.01.2025;r{region};{},{:02}\n", cents / 100, cents % 100);
        let header = "time,amount,region\n".to_owned();
        let whole = header.clone() + &rows.iter().map(line).collect::<String>();
        // There is a row of each, so that types can be told.
        let seed = (1, 100, 0);
        let one = header + &line(&seed) + &rows[..cut].iter().map(line).collect::<String>();
        let two = "Tag;region;Betrag\n".to_owned() + &other(&seed) + &rows[cut..].iter().map(other).collect::<String>();
        let both = whole + &line(&seed) + &line(&seed);
        let request = "[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\nby = [[], [\"region\"]]\ngrain = \"week\"\n";
        let sources = if turned { "[\"one\", \"two\"]" } else { "[\"two\", \"one\"]" };
        let united = format!(
            "{REPORT}[tables.one]\npath = \"one.csv\"\n[tables.two]\npath = \"two.csv\"\ndelimiter = \";\"\ndecimal_comma = true\ncolumns = {{ time = \
             \"Tag\", amount = \"Betrag\" }}\ntime_formats = {{ time = \"%d.%m.%Y\" }}\n[tables.orders]\nunion = {sources}\n{request}"
        );
        let by_hand = format!("{REPORT}[tables.orders]\npath = \"both.csv\"\n{request}");
        let case = Case::new().file("one.csv", one).file("two.csv", two).file("both.csv", both);
        let bytes = |config: &str| serde_json::to_string(results(&case.json(config).unwrap())).unwrap();
        prop_assert_eq!(bytes(&united), bytes(&by_hand));
    }
}
