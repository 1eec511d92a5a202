//! Tables: formats, several files, mapped and derived columns, conditions.

use std::fs::File;

use custometer_testkit::Case;
use polars::prelude::{Categories, DataType, NamedFrom, ParquetWriter, Series, df};
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
fn files_of_one_table_may_have_other_columns_in_another_order() {
    let case =
        Case::new().file("o-1.csv", "amount,shop\n1,7\n").file("o-2.csv", "shop,note,amount\n8,x,2\n").file("o-3.csv", "amount\n4\n");
    let json = revenue(&case, "[tables.orders]\npath = \"o-*.csv\"").unwrap();
    let expected = [("null", 7.0), ("null", 4.0), ("7", 1.0), ("8", 2.0)];
    assert_eq!(sums(&json), expected.map(|(shop, sum)| (shop.to_owned(), sum)));
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

/// The values of a count-like request over one table, in the order of the results.
fn counted(case: &Case, table: &str, request: &str) -> Result<(Vec<Option<f64>>, Json), String> {
    let json = case.json(&format!("[tables.t]\n{table}\n[[metrics]]\ntable = \"t\"\n{request}\n"))?;
    Ok((json["results"].as_array().unwrap().iter().map(|row| row["value"].as_f64()).collect(), json))
}

const VIEWS: &str = "metric = \"web.page_views\"\nparams = { view_events = [] }";

#[test]
fn ids_that_look_like_numbers_stay_what_they_are() {
    for ids in ["1234567890.1700000001\n1234567890.1700000002", "12345678901234567890\n12345678901234567891", "1e5\n100000", "007\n7"] {
        let case = Case::new().file("e.csv", format!("id,x\n{}\n", ids.replace('\n', ",1\n") + ",1"));
        let table = "path = \"e.csv\"\nderive = { user_id = \"'u' || id\" }";
        assert_eq!(counted(&case, table, "metric = \"web.visitors\"").unwrap().0, [Some(2.0)], "{ids}");
    }
}

#[test]
fn a_condition_that_can_not_be_told_does_not_drop_the_row_in_silence() {
    let rows = format!("score,w\n{}{}", "9,1\n".repeat(1000), "3,often\n".repeat(5));
    let (values, json) =
        counted(&Case::new().file("r.csv", rows), "path = \"r.csv\"\nwhere = \"w > 0\"", "metric = \"loyalty.nps\"").unwrap();
    assert_eq!(values, [Some(100.0)]);
    assert_eq!(json["manifest"]["tables"][0]["rows_filtered"], 0);
    assert_eq!((&json["rejected"][0]["rows"], json["results"][0]["n"].as_i64()), (&Json::from(5), Some(1000)));
}

#[test]
fn a_derived_column_may_take_the_place_of_the_files_own() {
    let case = Case::new().file("r.csv", "score,age\n5,10\n1,70\n");
    let table = "path = \"r.csv\"\nderive = { score = \"score * 2\", age = \"CASE WHEN age > 18 THEN 'adult' ELSE 'minor' END\" }";
    let (values, json) = counted(&case, table, "metric = \"loyalty.nps\"\nby = [[], [\"age\"]]").unwrap();
    assert_eq!(values, [Some(0.0), Some(-100.0), Some(100.0)]);
    assert!(json["rejected"].as_array().unwrap().is_empty());
}

#[test]
fn a_derived_time_is_read_like_a_stored_one() {
    let case = Case::new().file("e.csv", "day,clock\n2025-03-01,10:00:00\n2025-03-02,11:00:00\n");
    let request = format!("{VIEWS}\ngrain = \"day\"");
    assert_eq!(
        counted(&case, "path = \"e.csv\"\nderive = { time = \"day || ' ' || clock\" }", &request).unwrap().0,
        [Some(1.0), Some(1.0)]
    );
}

#[test]
fn several_spellings_of_time_in_one_column_are_all_read() {
    let rows = "time\n2025-03-01T10:00:00Z\n2025-03-01T11:00:00+02:00\n2025-03-02 10:00:00\n2025-03-03\nyesterday\n";
    let (values, json) = counted(&Case::new().file("e.csv", rows), "path = \"e.csv\"", &format!("{VIEWS}\ngrain = \"day\"")).unwrap();
    assert_eq!(values, [Some(2.0), Some(1.0), Some(1.0)]);
    assert_eq!(json["rejected"][0]["rows"], 1);
}

#[test]
fn an_unreadable_cell_in_a_conversion_rejects_its_row_and_not_the_run() {
    let case = Case::new().file("e.csv", "d\n31/01/2025\n30/02/2025\n01/02/2025\n");
    let table = "path = \"e.csv\"\nderive = { time = \"STRPTIME(d, '%d/%m/%Y')\" }";
    let (values, json) = counted(&case, table, &format!("{VIEWS}\ngrain = \"month\"")).unwrap();
    assert_eq!(values, [Some(1.0), Some(1.0)]);
    assert_eq!(json["rejected"][0]["rows"], 1);
}

#[test]
fn what_looks_at_more_than_one_row_or_mixes_types_is_an_error_before_the_run() {
    let case = Case::new().file("o.csv", "amount,zip\n1,1071\n2,1072\n");
    let problems =
        |table: &str| case.load(&format!("[tables.t]\npath = \"o.csv\"\n{table}\n[[metrics]]\ntable = \"t\"\n{VIEWS}\n")).err().unwrap();
    assert!(
        problems("derive = { q = \"QUANTILE_CONT(amount, 0.5)\" }").contains("an aggregate has no place in an expression over one row")
    );
    assert!(problems("where = \"zip = '1071'\"").contains("a column of numbers is compared with text"));
}

#[test]
fn ndjson_whose_types_and_keys_change_is_read_to_its_end() {
    let rows = format!("{}{{\"amount\":2.5,\"shop\":\"b\"}}\n{{\"amount\":\"free\",\"shop\":true}}\n", "{\"amount\":1}\n".repeat(1500));
    let json = revenue(&Case::new().file("o.ndjson", rows), "[tables.orders]\npath = \"o.ndjson\"").unwrap();
    assert_eq!(json["results"][0]["measures"]["revenue"], 1502.5);
    assert_eq!(json["rejected"][0]["reason"], "`amount` is not a number");
}

#[test]
fn headers_are_taken_as_they_are_written() {
    let case = Case::new().file("o.csv", "amount,is_duplicated_order\n1,a\n").file("two.csv", "amount,amount\n1,2\n");
    let table = "[tables.orders]\npath = \"o.csv\"\nderive = { shop = \"is_duplicated_order\" }";
    assert_eq!(sums(&revenue(&case, table).unwrap())[1], ("\"a\"".to_owned(), 1.0));
    let again = "[tables.orders]\npath = \"two.csv\"\ncolumns = { shop = \"amount_2\" }";
    assert_eq!(sums(&revenue(&case, again).unwrap())[1], ("2".to_owned(), 1.0));
}

#[test]
fn blank_lines_are_no_rows() {
    let tickets = "metric = \"support.ticket_volume\"";
    assert_eq!(counted(&Case::new().file("t.csv", "ticket_id\na\n\n\n"), "path = \"t.csv\"", tickets).unwrap().0, [Some(1.0)]);
    assert_eq!(counted(&Case::new().file("t.csv", "ticket_id,x\na,1\n\n\nb,2\n"), "path = \"t.csv\"", tickets).unwrap().0, [Some(2.0)]);
}

#[test]
fn dictionaries_are_text_and_lists_are_no_dimension() {
    let case = Case::new();
    let list = |values: [i64; 4]| Series::new("".into(), values);
    let mut frame =
        df!("user_id" => ["a", "b"], "device" => ["x", "y"], "tags" => [list([1, 2, 3, 4]), list([1, 2, 9, 4])], "m" => [f64::NAN, 1.0])
            .unwrap();
    let categories = DataType::from_categories(Categories::global());
    frame.apply("device", |column| column.cast(&categories).unwrap()).unwrap();
    ParquetWriter::new(File::create(case.path().join("e.parquet")).unwrap()).finish(&mut frame).unwrap();
    let request = "metric = \"web.visitors\"\nby = [[\"device\"], [\"m\"]]";
    let (values, json) = counted(&case, "path = \"e.parquet\"", request).unwrap();
    assert_eq!(values, [Some(1.0); 4]);
    let groups: Vec<String> = json["results"].as_array().unwrap().iter().map(|row| row["dimensions"].to_string()).collect();
    assert_eq!(groups, [r#"{"device":"x"}"#, r#"{"device":"y"}"#, r#"{"m":null}"#, r#"{"m":1}"#]);
    let problems = counted(&case, "path = \"e.parquet\"", "metric = \"web.visitors\"\nby = [[\"tags\"]]").unwrap_err();
    assert!(problems.contains("`tags` can't be broken down by"), "{problems}");
}

#[test]
fn years_of_two_digits_are_never_guessed() {
    // The 5th of January 2025, which is not a day of the year 5.
    let case = Case::new().file("e.csv", "time,x\n05-01-25,1\n17-01-25,1\n");
    let request = format!("{VIEWS}\ngrain = \"day\"");
    let problems = counted(&case, "path = \"e.csv\"", &request).unwrap_err();
    assert!(problems.contains("`time` must be a time such as 2025-01-31"), "{problems}");
    let table = "path = \"e.csv\"\ntime_formats = { time = \"%d-%m-%y\" }";
    assert_eq!(counted(&case, table, &request).unwrap().0.len(), 13);
    // Nor where it comes after years of four.
    let rows = format!("time,x\n{}05-01-25,1\n", "2025-01-05,1\n".repeat(3));
    let (values, json) = counted(&Case::new().file("e.csv", rows), "path = \"e.csv\"", &request).unwrap();
    assert_eq!((values, &json["rejected"][0]["rows"]), (vec![Some(3.0)], &Json::from(1)));
}

#[test]
fn a_column_that_is_called_like_one_of_ours_is_left_out() {
    let names = ["__row", "__fault", "__raw:amount", "__fault:x", "__key0", "__read1", "__bucket", "__own0", "__condition", "__made_of"];
    let csv = format!("{},__v,amount,shop\n{}7,1,a\n{}7,2,b\n", names.join(","), "9,".repeat(names.len()), ",".repeat(names.len()));
    let keys = names.map(|name| format!("\"{name}\":9,")).concat();
    let ndjson = format!("{{{keys}\"__v\":7,\"amount\":1,\"shop\":\"a\"}}\n{{\"__v\":7,\"amount\":2,\"shop\":\"b\"}}\n");
    let case = Case::new().file("o.csv", csv).file("o.ndjson", ndjson);
    let mut frame = df!("amount" => [1, 2], "shop" => ["a", "b"], "__v" => [7, 7]).unwrap();
    for name in names {
        frame.with_column(Series::new(name.into(), [9, 9]).into()).unwrap();
    }
    ParquetWriter::new(File::create(case.path().join("o.parquet")).unwrap()).finish(&mut frame).unwrap();
    for format in ["csv", "ndjson", "parquet"] {
        let table = |columns: &str| {
            format!("[tables.orders]\npath = \"o.{format}\"\ndeduplicate = [\"amount\"]\nwhere = \"amount > 0\"\n{columns}")
        };
        let expected = [("null", 3.0), ("\"a\"", 1.0), ("\"b\"", 2.0)].map(|(shop, sum)| (shop.to_owned(), sum));
        assert_eq!(sums(&revenue(&case, &table("")).unwrap()), expected, "{format}");
        // Any other name is a column's own.
        let json = revenue(&case, &table("columns = { shop = \"__v\" }")).unwrap();
        assert_eq!(sums(&json)[1], ("7".to_owned(), 3.0), "{format}");
        let problems = revenue(&case, &table("columns = { shop = \"__row\" }")).unwrap_err();
        assert!(problems.contains("`__row` is a column with a name that custometer gives its own"), "{problems}");
    }
}

#[cfg(unix)]
#[test]
fn a_name_need_be_no_utf8_and_what_is_no_file_is_not_waited_for() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::net::UnixListener;

    let case = Case::new().file("b.csv", "amount,shop\n2,8\n");
    std::fs::write(case.path().join(OsStr::from_bytes(b"k\xf8benhavn.csv")), "amount,shop\n1.5,7\n").unwrap();
    assert_eq!(sums(&revenue(&case, "[tables.orders]\npath = \"*.csv\"").unwrap()).len(), 3);
    let _socket = UnixListener::bind(case.path().join("live.csv")).unwrap();
    let problems = revenue(&case, "[tables.orders]\npath = \"live.csv\"").unwrap_err();
    assert!(problems.contains("it is a pipe or a device, which can't be read twice: write it into a file"), "{problems}");
}
