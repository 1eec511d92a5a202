//! Amounts in the smallest units of their currencies. Figures are counted by hand, by ISO 4217.

use custometer_testkit::{Case, assert_close, rejections, results};
use serde_json::Value as Json;

const CENTS: &str = "customer_id,time,amount,currency\n\
    a,2025-01-03,10000,EUR\nb,2025-01-04,26400,JPY\nc,2025-01-05,10500,KWD\nd,2025-01-06,500,XYZ\ne,2025-01-06,700,\nf,2025-01-07,12345,clf\n";

fn run(table: &str, request: &str) -> Result<Json, String> {
    Case::new().file("o.csv", CENTS).json(&format!(
        "[report]\nmax_rejected_percent = 100\n[tables.o]\npath = \"o.csv\"\n{table}\n[[metrics]]\ntable = \"o\"\n{request}\n"
    ))
}

const BY_CURRENCY: &str = "metric = \"loyalty.average_order_value\"\nby = [[\"currency\"]]";

/// `group=value currency` of each row.
fn values(json: &Json) -> Vec<String> {
    let row = |row: &Json| format!("{}={} {}", row["dimensions"]["currency"], row["value"], row["currency"]).replace('"', "");
    results(json).iter().map(row).collect()
}

#[test]
fn a_cent_is_a_hundredth_of_a_euro_and_no_part_of_a_yen() {
    let json = run("amounts_in = \"minor_units\"", BY_CURRENCY).unwrap();
    assert_eq!(values(&json), ["EUR=100 EUR", "JPY=26400 JPY", "KWD=10.5 KWD", "clf=1.2345 CLF"]);
    let expected = [
        ("`currency` is missing, which says the currency", 1),
        ("`currency` is no currency whose minor units are known (`minor_digits` can say them)", 1),
    ];
    assert_eq!(rejections(&json), expected);
    assert_eq!(json["rejected"][1]["examples"][0]["value"], "XYZ");
    // Units are what they are taken for unless something is said.
    for table in ["", "amounts_in = \"units\""] {
        assert_eq!(values(&run(table, BY_CURRENCY).unwrap())[1..3], ["EUR=10000 EUR", "JPY=26400 JPY"]);
    }
    let own = run("amounts_in = \"minor_units\"\nminor_digits = { XYZ = 1, JPY = 2 }", BY_CURRENCY).unwrap();
    assert_eq!(values(&own), ["EUR=100 EUR", "JPY=264 JPY", "KWD=10.5 KWD", "XYZ=50 XYZ", "clf=1.2345 CLF"]);
}

#[test]
fn all_amounts_may_have_one_currency() {
    for (currency, value) in [("EUR", 604.45 / 6.0), ("JPY", 60_445.0 / 6.0), ("KWD", 60.445 / 6.0)] {
        let json =
            run(&format!("amounts_in = \"minor_units\"\ncurrency = \"{currency}\""), "metric = \"loyalty.average_order_value\"").unwrap();
        let row = &results(&json)[0];
        let found = row["value"].as_f64();
        assert_close(found, value);
        assert_eq!(row["currency"], currency);
    }
}

/// Conditions and derived columns see what the file has; what a metric reads of them is an amount, once.
#[test]
fn expressions_see_the_numbers_of_the_file() {
    let table = "amounts_in = \"minor_units\"\ncurrency = \"EUR\"\nwhere = \"amount >= 10500\"\nderive = { double = \"amount * 2\" }";
    let json = run(table, "metric = \"loyalty.average_order_value\"\ncolumns = { amount = \"double\" }").unwrap();
    // 264, 105 and 123.45 euros.
    assert_eq!(results(&json)[0]["value"].as_f64(), Some(328.3));
}

#[test]
fn what_is_said_of_minor_units_is_checked() {
    for (table, told) in [
        ("amounts_in = \"minor_units\"\ncurrency = \"XAU\"", "how many minor units there are in one XAU is not known"),
        ("minor_digits = { EUR = 2 }", "amounts that are not in them"),
        ("amounts_in = \"cents\"", "unknown value `cents`"),
        ("amounts_in = \"minor_units\"\nminor_digits = { euro = 2 }", "`euro` is not the code of a currency"),
        ("amounts_in = \"minor_units\"\nminor_digits = { EUR = 20 }", "an amount has no 20 digits"),
        ("amounts_in = \"minor_units\"\nrename = {}", "unknown"),
    ] {
        let problem = run(table, BY_CURRENCY).unwrap_err();
        assert!(problem.contains(told), "{told}: {problem}");
    }
    let case = Case::new().file("o.csv", "customer_id,time,amount\na,2025-01-03,100\n");
    let problem = case.load("[tables.o]\npath = \"o.csv\"\namounts_in = \"minor_units\"\n[[metrics]]\ntable = \"o\"\nmetric = \"loyalty.average_order_value\"\n");
    let problem = problem.err().unwrap();
    assert!(problem.contains("is said by the currency") && problem.contains("currency = \"EUR\""), "{problem}");
}

/// A definition says which of its columns are amounts, or is not asked to tell cents from euros.
#[test]
fn a_definition_says_which_of_its_columns_are_amounts() {
    let defined = |line: &str| {
        format!(
            "amounts_in = \"minor_units\"\ncurrency = \"EUR\"\n[define.\"shop.revenue\"]\ntable = \"o\"\nmeasures = {{ revenue = \"sum(amount)\" }}\n\
             value = \"revenue\"\nunit = \"currency\"\n{line}"
        )
    };
    let request = "metric = \"shop.revenue\"";
    let json = run(&defined("amounts = [\"amount\"]"), request).unwrap();
    assert_eq!(results(&json)[0]["value"].as_f64(), Some(604.45));
    for (line, told) in [
        ("", "say it: `amounts = [\"…\"]` in `[define.\"shop.revenue\"]`"),
        ("amounts = [\"amout\"]", "did you mean `amount`?"),
        ("amounts = [\"currency\"]", "nothing here reads the amounts of `currency`"),
        ("amounts = [\"amount\"]\ntypes = { amount = \"text\" }", "an amount is a number"),
    ] {
        let problem = run(&defined(line), request).unwrap_err();
        assert!(problem.contains(told), "{told}: {problem}");
    }
}

/// Whether an integer counts cents, its name may say, and nobody else.
#[test]
fn a_name_that_says_cents_is_a_choice() {
    let proposed = |header: &str| {
        let case = Case::new().file("o.csv", format!("{header}\n1,a,2025-01-03,1200,EUR\n2,b,2025-01-04,900,EUR\n"));
        let path = case.path().join("o.csv").to_str().unwrap().to_owned();
        custometer_runner::inspect(&[path], &custometer_core::Registry::linked().unwrap()).unwrap().tables[0].block.clone()
    };
    let choice = "# amounts_in = \"minor_units\"   # if \"amount_cents\" counts cents";
    assert!(proposed("order_id,customer_id,time,amount_cents,currency").lines().any(|line| line == choice));
    let alone = proposed("order_id,customer_id,time,amount_cents,shop");
    assert!(alone.contains(&format!("{choice}, of the currency that `currency` says")), "{alone}");
    for name in ["amount", "percent", "recent"] {
        assert!(!proposed(&format!("order_id,customer_id,time,{name},currency")).contains("minor_units"), "{name}");
    }
}
