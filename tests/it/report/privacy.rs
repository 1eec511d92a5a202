//! Privacy from end to end: small groups, what would tell of them, and ids.

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
