//! Amounts that are converted to the currency of the report.
//!
//! Rates are the European Central Bank's of 4 and 23 June 2004, as Banca d'Italia published them. The figures are those of DuckDB's `ASOF JOIN`
//! of the same rows, written by hand.

use custometer_runner::{RunResult, TableManifest};
use custometer_testkit::{Case, assert_close, rejections, results};

/// In the shape in which central banks write rates: one column per currency, so many of it for a euro.
const RATES: &str = "Date,USD,JPY,GBP,DKK\n\
    2004-06-23,1.2087,131.60,0.66510,7.4333\n\
    2004-06-04,1.2203,135.78,0.66385,7.4347\n";
const LONG: &str = "[tables.ecb]\npath = \"ecb.csv\"\nunpivot = { columns = [\"USD\", \"JPY\", \"GBP\", \"DKK\"], name = \"currency\", value = \"rate\" }\n";
const ORDERS: &str = "order_id,customer_id,time,amount,currency\n\
    1,a,2004-06-04,100,USD\n\
    2,b,2004-06-06,1000,JPY\n\
    3,c,2004-06-23,50,GBP\n\
    4,d,2004-06-23,200,DKK\n\
    5,e,2004-06-23,10,eur\n\
    6,f,2004-06-20,5,USD\n\
    7,g,2004-06-23,70,SEK\n";

fn case() -> Case {
    Case::new().file("ecb.csv", RATES).file("orders.csv", ORDERS)
}

/// A report of average order values, with these lines of `[report]` and of `[report.rates]`.
fn report(currency: &str, rates: &str) -> String {
    format!(
        "[report]\ncurrency = \"{currency}\"\nmax_rejected_percent = 100\n[report.rates]\n{rates}\n{LONG}[tables.orders]\npath = \"orders.csv\"\n\
         [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"orders\"\n"
    )
}

const DAILY: &str = "table = \"ecb\"\nquoted = \"units_per_base\"\nbase = \"EUR\"\ndate = \"Date\"";

fn average(result: &RunResult) -> (f64, f64, String) {
    let row = &result.results[0];
    (row.value.unwrap(), row.n.unwrap(), row.currency.unwrap().to_string())
}

#[test]
fn an_amount_has_the_rate_of_its_day_or_of_the_last_day_before_it() {
    // 70 SEK have no rate, and for 5 USD of the 20th the last one is 16 days old.
    for (currency, mean) in [("DKK", 299.430_203_059_232_67), ("EUR", 40.278_906_504_841_96)] {
        let json = case().json(&report(currency, DAILY)).unwrap();
        let row = &results(&json)[0];
        assert_close(row["value"].as_f64(), mean);
        assert_eq!((row["n"].as_f64(), row["currency"].as_str()), (Some(5.0), Some(currency)));
        assert_eq!(rejections(&json), [(format!("there is no exchange rate to {currency}").as_str(), 2)]);
        let examples = json["rejected"][0]["examples"].as_array().unwrap();
        let shown: Vec<_> = examples.iter().map(|row| (row["row"].as_u64(), row["column"].as_str(), row["value"].as_str())).collect();
        let expected = [(6, "USD on 2004-06-20"), (7, "SEK on 2004-06-23")].map(|(row, text)| (Some(row), Some("currency"), Some(text)));
        assert_eq!(shown, expected);
    }
    // A dollar is a dollar without any rate: that of the 20th, too.
    let (mean, n, _) = average(&case().run(&report("USD", DAILY)).unwrap());
    assert_close(mean, (5.0 * 48.892_317_940_098_09 + 5.0) / 6.0);
    assert_eq!(n, 6.0);
    let older = case().run(&report("EUR", &format!("{DAILY}\nmax_age_days = 16"))).unwrap();
    assert_eq!(average(&older).1, 6.0);
    let younger = case().run(&report("EUR", &format!("{DAILY}\nmax_age_days = 1"))).unwrap();
    assert_eq!(average(&younger).1, 4.0, "the rate of the 4th is two days old on the 6th");
}

#[test]
fn amounts_may_have_the_rates_of_the_end_of_their_month_or_of_one_day() {
    let (mean, n, _) = average(&case().run(&report("EUR", &format!("{DAILY}\non = \"month_end\""))).unwrap());
    assert_close(mean, 34.425_265_120_496_775);
    assert_eq!(n, 6.0);
    let (mean, n, _) = average(&case().run(&report("EUR", &format!("{DAILY}\nat = 2004-06-04"))).unwrap());
    assert_close(mean, 34.271_395_565_231_72);
    assert_eq!(n, 6.0);
    // Of a month that is not over, the last day that is known stands for its end.
    let as_of = case().as_of(jiff::civil::date(2004, 6, 8));
    let june =
        report("EUR", &format!("{DAILY}\non = \"month_end\"")).replace("[report]", "[report]\nfrom = 2004-06-01\nuntil = 2004-07-01");
    let (mean, n, _) = average(&as_of.run(&june).unwrap());
    assert_close(mean, f64::midpoint(81.947_062_197_820_22, 7.364_854_912_358_226_5));
    assert_eq!(n, 2.0);
}

/// 1 dollar is 0.96 euros, 100 yen are 0.61.
#[test]
fn rates_may_stand_in_the_report() {
    let orders = "customer_id,time,amount,currency\na,2025-01-03,100,EUR\nb,2025-01-04,26400,JPY\nc,2025-01-05,10,USD\n";
    let case = Case::new().file("ecb.csv", RATES).file("orders.csv", orders);
    let fixed = report("EUR", "quoted = \"base_per_unit\"\nfixed = { USD = 0.96, JPY = 0.0061 }");
    let (mean, ..) = average(&case.run(&fixed).unwrap());
    assert_close(mean, (100.0 + 161.04 + 9.6) / 3.0);
    // By way of another currency, and told the other way round.
    let crossed = report("EUR", "quoted = \"units_per_base\"\nbase = \"USD\"\nfixed = { EUR = 0.96, JPY = 157.5 }");
    let (mean, ..) = average(&case.run(&crossed).unwrap());
    assert_close(mean, (100.0 + 26_400.0 / 157.5 * 0.96 + 9.6) / 3.0);
}

/// Midnight in Copenhagen is two hours before that of UTC: the day is the report's.
#[test]
fn the_day_of_an_amount_is_that_of_the_clocks_of_the_report() {
    let rates = "date,currency,rate\n2025-06-01,USD,2\n2025-06-02,USD,4\n";
    let orders = "customer_id,time,amount,currency\na,2025-06-01T22:30:00Z,10,USD\n";
    let case = Case::new().file("r.csv", rates).file("o.csv", orders);
    let value = |zone: &str| {
        let report = format!(
            "[report]\ntimezone = \"{zone}\"\ncurrency = \"EUR\"\nrates = {{ table = \"r\", quoted = \"base_per_unit\" }}\n[tables.r]\npath = \"r.csv\"\n\
             [tables.o]\npath = \"o.csv\"\n[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"o\"\n"
        );
        average(&case.run(&report).unwrap()).0
    };
    assert_eq!([value("UTC"), value("Europe/Copenhagen")], [20.0, 40.0]);
}

const FIVE: &str = "customer_id,time,amount,currency,segment\n\
    a,2025-01-03,100,EUR,x\na,2025-02-03,60,USD,x\nb,2025-01-04,40,USD,y\nb,2025-03-04,30,EUR,y\nc,2025-02-05,8,GBP,x\nc,2025-02-25,16,USD,x\n\
    d,2025-03-05,24,GBP,y\ne,2025-01-15,12,EUR,x\ne,2025-02-15,12,USD,x\ne,2025-03-15,12,GBP,x\nf,2025-01-20,7,GBP,y\n";

/// Whatever a metric makes of amounts: that of converted ones is that of amounts which were converted beforehand. A half and a double of a float
/// are exact, so the results are the same to the last digit.
#[test]
fn every_metric_sees_converted_amounts() {
    let beforehand = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let amount: f64 = cells[2].parse().unwrap_or_default();
        let amount = match cells[3] {
            "USD" => amount / 2.0,
            "GBP" => amount * 2.0,
            _ => amount,
        };
        if cells[3] == "currency" { line.to_owned() } else { format!("{},{},{amount},EUR,{}", cells[0], cells[1], cells[4]) }
    };
    let converted: String = FIVE.lines().map(|line| beforehand(line) + "\n").collect();
    let requests = [
        "metric = \"loyalty.average_order_value\"\nby = [[], [\"segment\"]]",
        "metric = \"loyalty.clv\"\nparams = { lifespan_years = 3 }",
        "metric = \"loyalty.clv_historic\"\nparams = { margin_rate = 0.5 }",
        "metric = \"loyalty.clv_forecast\"\nparams = { lifespan_months = 24 }",
        "metric = \"loyalty.rfm\"",
        "metric = \"loyalty.cohort_revenue\"",
        "metric = \"loyalty.repeat_purchase_rate\"\nparams = { refunds = \"net\" }",
        "metric = \"shop.large\"",
        "metric = \"shop.median\"",
    ];
    let requests = requests.map(|request| format!("[[metrics]]\ntable = \"o\"\n{request}\n")).concat();
    let report = |rates: &str| {
        format!(
            "[report]\ngrain = \"month\"\nfrom = 2025-01-01\nuntil = 2025-04-01\n{rates}\n[tables.o]\npath = \"o.csv\"\n\
             [define.\"shop.large\"]\ntable = \"o\"\namounts = [\"amount\"]\nmeasures = {{ large = \"count(*) filter (where amount >= 20)\" }}\nvalue = \"large\"\nunit = \"count\"\n\
             [define.\"shop.median\"]\ntable = \"o\"\namounts = [\"amount\"]\nmeasures = {{ half = \"median(amount)\" }}\nvalue = \"half\"\nunit = \"currency\"\n{requests}"
        )
    };
    let rates = "currency = \"EUR\"\nrates = { quoted = \"units_per_base\", fixed = { USD = 2, GBP = 0.5 } }";
    let of =
        |orders: &str, rates: &str| Case::new().file("o.csv", orders).run(&report(rates)).unwrap_or_else(|problems| panic!("{problems}"));
    let (mixed, before) = (of(FIVE, rates), of(&converted, ""));
    assert!(mixed.results.len() > 50, "{}", mixed.results.len());
    assert_eq!(mixed.results, before.results);
    // Without the rule, not one of them has a value.
    assert!(Case::new().file("o.csv", FIVE).run(&report("")).unwrap_err().contains("in several currencies, `EUR`, `GBP` and `USD`"));
    // A row has the same amount wherever it stands.
    let mut lines: Vec<&str> = FIVE.lines().collect();
    lines[1..].reverse();
    assert_eq!(of(&lines.join("\n"), rates).results, mixed.results);
}

const SPANS: &str = "customer_id,started_at,ended_at,amount_per_month,currency\n\
    a,2025-01-05,2025-02-10,10,USD\na,2025-02-10,,30,EUR\nb,2025-01-10,,20,EUR\nc,2025-02-05,,8,USD\n";

fn of_spans(metric: &str, rates: &str) -> Result<RunResult, String> {
    let rates_table = "date,currency,rate\n2025-01-31,USD,0.5\n2025-02-28,USD,4\n";
    Case::new().file("s.csv", SPANS).file("r.csv", rates_table).run(&format!(
        "[report]\ngrain = \"month\"\nfrom = 2025-01-01\nuntil = 2025-03-01\ncurrency = \"EUR\"\nrates = {{ quoted = \"base_per_unit\", {rates} }}\n\
         [tables.r]\npath = \"r.csv\"\n[tables.s]\npath = \"s.csv\"\n[[metrics]]\nmetric = \"{metric}\"\ntable = \"s\"\n"
    ))
}

/// By rates of one day nothing is exchanged.
#[test]
fn recurring_amounts_may_have_rates_of_one_day() {
    for rates in ["fixed = { USD = 0.5 }", "table = \"r\", at = 2025-01-31"] {
        let result = of_spans("loyalty.mrr", rates).unwrap();
        let values: Vec<_> = result.results.iter().map(|row| (row.value, row.currency.unwrap().to_string())).collect();
        // 5 and 20; 30, 20 and 4.
        assert_eq!(values, [(Some(25.0), "EUR".to_owned()), (Some(54.0), "EUR".to_owned())]);
        let movements = of_spans("loyalty.mrr_movement", rates).unwrap();
        let moved: f64 = movements
            .results
            .iter()
            .filter(|row| row.start.as_ref().is_some_and(|start| start.month() == 2))
            .filter_map(|row| row.value)
            .sum();
        assert_eq!(moved, 54.0 - 25.0, "what moves is the difference of what there is");
    }
}

#[test]
fn a_rate_that_can_not_be_read_ends_the_run() {
    for (rates, told) in [
        ("date,currency,rate\n2025-01-01,USD,2\n2025-01-02,USD,\n", vec!["row 2 of `r.csv`", "`rate` is not a number above 0"]),
        ("date,currency,rate\n2025-01-01,USD,0\n2025-01-02,USD,-2\n", vec!["row 1 of `r.csv`", "row 2 of `r.csv`"]),
        (
            "date,currency,rate\n2025-01-01,dollar,2\n,USD,2\n",
            vec!["`currency` is not the code of a currency, but `dollar`", "row 2 of `r.csv` is no exchange rate: `date` is not a date"],
        ),
        (
            "date,currency,rate\n2025-01-01,USD,2\n2025-01-01,usd,3\n",
            vec!["row 2 of `r.csv` is no exchange rate: USD has two rates on 2025-01-01, 2 and 3"],
        ),
    ] {
        let case = Case::new().file("r.csv", rates).file("o.csv", FIVE);
        let report = "[report]\ncurrency = \"EUR\"\nrates = { table = \"r\", quoted = \"base_per_unit\" }\n[tables.r]\npath = \"r.csv\"\n\
             [tables.o]\npath = \"o.csv\"\n[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"o\"\n";
        let problem = case.run(report).unwrap_err();
        for told in told {
            assert!(problem.contains(told), "{told}: {problem}");
        }
    }
}

#[test]
fn what_becomes_of_amounts_is_explained() {
    for (rates, told) in [
        (DAILY.to_owned(), "amounts are converted to DKK by the rate of their day"),
        (format!("{DAILY}\non = \"month_end\""), "amounts are converted to DKK by the rate of the end of their month"),
        (format!("{DAILY}\nat = 2004-06-04"), "amounts are converted to DKK by the rate of 2004-06-04"),
        ("quoted = \"base_per_unit\"\nfixed = { USD = 6 }".to_owned(), "amounts are converted to DKK by a fixed rate"),
    ] {
        let cents = report("DKK", &rates).replace("path = \"orders.csv\"\n", "path = \"orders.csv\"\namounts_in = \"minor_units\"\n");
        let explained = custometer_runner::explain(&case().load(&cents).unwrap(), false).unwrap();
        assert!(explained.contains(&told.replace("are ", "are taken as minor units, ")), "{explained}");
    }
}

/// The table of rates is accounted for as any other.
#[test]
fn the_rates_stand_in_the_manifest() {
    let rates = "Date,USD,JPY,GBP,DKK\n2004-06-23,1.2087,131.60,0.66510,7.4333\n2004-06-23,1.2087,131.60,0.66510,7.4333\n2004-06-04,1.2203,N/A,0.66385,7.4347\n";
    let case = Case::new().file("ecb.csv", rates).file("orders.csv", ORDERS);
    let report = report("EUR", DAILY).replace(
        "path = \"ecb.csv\"\n",
        "path = \"ecb.csv\"\nnull_values = [\"N/A\"]\nwhere = \"rate IS NOT NULL\"\ndeduplicate = [\"Date\"]\n",
    );
    let result = case.run(&report).unwrap_or_else(|problems| panic!("{problems}"));
    let ecb = result.manifest.tables.iter().find(|table| table.table == "ecb").unwrap();
    let TableManifest { rows_read, rows_made, rows_filtered, rows_deduplicated, files, .. } = ecb;
    assert_eq!(
        (
            rows_read.shown().unwrap(),
            rows_made.and_then(custometer_runner::RowCount::shown),
            *rows_filtered,
            *rows_deduplicated,
            files.len()
        ),
        (3, Some(12), 1, 4, 1)
    );
    // 1000 JPY of the 6th have no rate now.
    assert_eq!(average(&result).1, 4.0);
}

#[test]
fn what_is_said_of_rates_is_checked() {
    for (report, told) in [
        (report("Euro", DAILY), vec!["`Euro` is not the code of a currency"]),
        (
            report("EUR", DAILY).replace("currency = \"EUR\"\n", ""),
            vec!["what these rates convert to is not said", "add `currency = \"EUR\"`"],
        ),
        (report("EUR", "table = \"ecb\"\nquoted = \"base_per_unit\""), vec!["there is no column `date` in `ecb`", "`Date`"]),
        (report("EUR", "table = \"ecbb\"\nquoted = \"base_per_unit\""), vec!["there is no table `ecbb`", "did you mean `ecb`?"]),
        (report("EUR", "table = \"ecb\""), vec!["what a rate says is not said", "`quoted = \"base_per_unit\"`"]),
        (report("EUR", "quoted = \"base_per_unit\""), vec!["there are no rates"]),
        (report("EUR", &format!("{DAILY}\non = \"day\"\nat = 2004-06-04")), vec!["the day of rates is said twice"]),
        (
            report("EUR", "quoted = \"base_per_unit\"\nfixed = { USD = 0, usd = 2, EUR = 3 }\non = \"day\""),
            vec!["0 is no exchange rate", "`usd` is not the code", "whose own is 1", "have no day"],
        ),
        (report("EUR", "quoted = \"base_per_unit\"\nbase = \"USD\"\nfixed = { JPY = 0.01 }"), vec!["nothing can be converted to EUR"]),
        (report("EUR", "quoted = \"base_per_unit\"\nfixed = { USD = 2 }\ndate = \"Date\""), vec!["`date` names a column of a table"]),
    ] {
        let problem = case().load(&report).err().unwrap_or_else(|| panic!("{told:?}"));
        for told in told {
            assert!(problem.contains(told), "{told}: {problem}");
        }
    }
    let problem = case().load(&report("EUR", DAILY).replace(&format!("[report.rates]\n{DAILY}\n"), "")).err().unwrap();
    assert!(problem.contains("by which rates amounts are converted is not said"), "{problem}");
    // Amounts of nobody knows what.
    let unknown = Case::new().file("ecb.csv", RATES).file("orders.csv", "customer_id,time,amount\na,2004-06-04,1\n");
    let problem = unknown.load(&report("EUR", DAILY)).err().unwrap();
    assert!(
        problem.contains("`orders` does not say in which currency its amounts are") && problem.contains("currency = { column"),
        "{problem}"
    );
    // All in one currency, which is that of the report or not.
    let said =
        |code: &str| report("EUR", DAILY).replace("path = \"orders.csv\"\n", &format!("path = \"orders.csv\"\ncurrency = \"{code}\"\n"));
    assert_eq!(average(&unknown.run(&said("EUR")).unwrap()), (1.0, 1.0, "EUR".to_owned()));
    assert_close(average(&unknown.run(&said("USD")).unwrap()).0, 1.0 / 1.2203);
    let without = unknown.json(&said("SEK")).unwrap();
    assert_eq!(without["rejected"][0]["examples"][0]["value"], "SEK on 2004-06-04");
    assert_eq!(rejections(&without), [("there is no exchange rate to EUR", 1)]);
}

/// The currency may stand in another table.
#[test]
fn a_currency_may_be_looked_up() {
    let case = Case::new()
        .file("o.csv", "customer_id,time,amount\na,2025-01-03,100\nb,2025-01-04,100\n")
        .file("c.csv", "customer_id,paid_in\na,EUR\nb,USD\n");
    let report = "[report]\ncurrency = \"EUR\"\nrates = { quoted = \"base_per_unit\", fixed = { USD = 0.5 } }\n[tables.c]\npath = \"c.csv\"\n\
        [tables.o]\npath = \"o.csv\"\ncurrency = { column = \"paid_in\" }\nlookup.c = { on = \"customer_id\", columns = [\"paid_in\"] }\n\
        [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"o\"\n";
    assert_eq!(average(&case.run(report).unwrap_or_else(|problems| panic!("{problems}"))), (75.0, 2.0, "EUR".to_owned()));
}
