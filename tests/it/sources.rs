//! Tables: formats, several files, mapped and derived columns, conditions.

use custometer_testkit::Case;
use serde_json::Value as Json;

fn revenue(case: &Case, table: &str) -> Result<Json, String> {
    case.json(&format!("{table}\n[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\nby = [[], [\"shop\"]]\n"))
}

fn sums(json: &Json) -> Vec<(String, f64)> {
    let row = |row: &Json| (row["dimensions"]["shop"].to_string(), row["measures"]["revenue"].as_f64().unwrap());
    json["results"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn several_files_are_one_table() {
    let case = Case::new().file("o-1.csv", "amount,shop\n1.5,7\n").file("o-2.csv", "amount,shop\n2,8\n");
    let json = revenue(&case, "[tables.orders]\npath = \"o-*.csv\"").unwrap();
    assert_eq!(sums(&json), [("null".to_owned(), 3.5), ("7".to_owned(), 1.5), ("8".to_owned(), 2.0)]);
    assert_eq!(json["manifest"]["tables"][0]["files"].as_array().unwrap().len(), 2);
}

#[test]
fn files_of_one_table_must_have_the_same_columns() {
    let case = Case::new().file("o-1.csv", "amount,shop\n1,7\n").file("o-2.csv", "amount\n2\n");
    let problems = revenue(&case, "[tables.orders]\npath = \"o-*.csv\"").unwrap_err();
    assert!(problems.contains("`o-2.csv` has other columns than `o-1.csv`: `shop` is missing there"), "{problems}");
}

#[test]
fn columns_are_mapped_derived_and_filtered() {
    let case = Case::new().file("o.csv", "Sum,Land,postcode\n10,DK,0800\n20,SE,0900\n30,,0800\n");
    let table = "[tables.orders]\npath = \"o.csv\"\ncolumns = { amount = \"Sum\" }\n\
        derive = { shop = \"CASE WHEN nordic THEN 'north' ELSE 'other' END\", nordic = \"Land IN ('DK', 'NO')\" }\n\
        where = \"amount < 30 AND postcode LIKE '0%'\"";
    let json = revenue(&case, table).unwrap();
    let expected = [("null", 30.0), ("\"north\"", 10.0), ("\"other\"", 20.0)];
    assert_eq!(sums(&json), expected.map(|(shop, sum)| (shop.to_owned(), sum)));
    assert_eq!(json["manifest"]["tables"][0]["rows_filtered"], 1);
}

#[test]
fn a_value_unlike_the_first_rows_is_rejected_where_sql_needs_it() {
    let mut rows = String::from("amount,shop,year\n");
    for _ in 0..1000 {
        rows.push_str("1,a,2024\n");
    }
    rows.push_str("1,a,unknown\n");
    let case = Case::new().file("o.csv", rows);
    let json = revenue(&case, "[tables.orders]\npath = \"o.csv\"\nwhere = \"year > 2000 OR year IS NULL\"").unwrap();
    assert_eq!(json["rejected"][0]["reason"], "`year` is not a whole number, as it is in the first rows");
    assert_eq!(json["rejected"][0]["rows"], 1);
    assert_eq!(json["results"][0]["n"], 1000);
}

#[test]
fn a_circle_of_derived_columns_is_an_error() {
    let case = Case::new().file("o.csv", "amount,shop\n1,a\n");
    let problems = revenue(&case, "[tables.orders]\npath = \"o.csv\"\nderive = { a = \"b + 1\", b = \"a + 1\" }").unwrap_err();
    assert!(problems.contains("`a` is derived from a column that is derived from it"), "{problems}");
}

#[test]
fn numbers_and_truths_are_the_same_group_in_every_format() {
    let csv = Case::new().file("o.csv", "amount,shop\n1,7\n2,12\n3,\n");
    let ndjson = Case::new().file("o.ndjson", "{\"amount\":1,\"shop\":7}\n{\"amount\":2,\"shop\":12}\n{\"amount\":3,\"shop\":null}\n");
    let from_csv = revenue(&csv, "[tables.orders]\npath = \"o.csv\"").unwrap();
    let from_ndjson = revenue(&ndjson, "[tables.orders]\npath = \"o.ndjson\"").unwrap();
    assert_eq!(from_csv["results"], from_ndjson["results"]);
    // By number, not by text: 7 before 12.
    let shops: Vec<String> = sums(&from_csv).into_iter().map(|(shop, _)| shop).collect();
    assert_eq!(shops, ["null", "null", "7", "12"]);
}
