//! Orders as shops export them: lines of orders, money back, amounts that stand on one line only. Right values are counted by hand.

use custometer_testkit::{Case, assert_close};
use polars::prelude::{ChunkAgg as _, DataType};

/// One row per line item; the order's own columns stand on its first row only.
const EXPORT: &str = "\
Name,Email,Financial Status,Total,Created at,Lineitem name,Lineitem price
#1001,a@example.com,paid,50.00,2025-01-03 09:12:44 +0100,Mug,20.0
#1001,a@example.com,,,2025-01-03 09:12:44 +0100,Tee,30.0
#1002,b@example.com,paid,60.00,2025-01-04 10:00:00 +0100,Mug,20.0
#1002,b@example.com,,,2025-01-04 10:00:00 +0100,Cap,15.0
#1002,b@example.com,,,2025-01-04 10:00:00 +0100,Bag,25.0
#1003,c@example.com,paid,35.00,2025-01-10 23:30:00 +0100,Mug,20.0
#1003,c@example.com,,,2025-01-10 23:30:00 +0100,Cap,15.0
#1004,d@example.com,refunded,20.00,2025-01-12 12:00:00 +0100,Mug,20.0
#1005,a@example.com,paid,30.00,2025-01-20 08:00:00 +0100,Tee,30.0
";

/// An order's amount is spread over its lines.
const LINES: &str = "order_id,customer_id,time,amount\n1,a,2025-01-01,10\n1,a,2025-01-01,20\n2,b,2025-01-02,30\n";

const REFUNDS: &str = "\
time,customer_id,amount
2025-01-10,c1,100
2025-01-20,c2,50
2025-01-25,c2,-50
2025-01-28,c3,80
2025-02-03,c3,-80
2025-02-10,c1,40
";

/// A report over one table of orders, with requests as they would be written.
fn report(head: &str, table: &str, requests: &[&str]) -> String {
    let requests = requests.iter().map(|request| format!("[[metrics]]\ntable = \"orders\"\n{request}\n")).collect::<Vec<_>>().concat();
    format!("[report]\ntimezone = \"Europe/Copenhagen\"\n{head}\n[tables.orders]\n{table}\n{requests}")
}

/// The values of a request with their observations, in the order of the results, and the notes.
fn values(result: &custometer_runner::RunResult, request: &str) -> Vec<(Option<f64>, Option<f64>)> {
    result.results.iter().filter(|row| row.request == request).map(|row| (row.value, row.n)).collect()
}

const EXPORTED: &str = "path = \"orders.csv\"\n\
    columns = { order_id = \"Name\", customer_id = \"Email\", time = \"Created at\", amount = \"Total\" }\n\
    time_formats = { \"Created at\" = \"%Y-%m-%d %H:%M:%S %z\" }";
const JANUARY: &str = "from = 2025-01-01\nuntil = 2025-02-01";
const COUNTED: [&str; 4] = [
    "metric = \"loyalty.repeat_purchase_rate\"",
    "metric = \"loyalty.purchase_frequency\"",
    "metric = \"loyalty.average_order_value\"",
    "metric = \"loyalty.cohort_retention\"\nparams = { max_age = 0 }",
];

#[test]
fn the_lines_of_an_order_are_one_order_for_every_metric() {
    let table = format!("{EXPORTED}\nparams = {{ one_order_per = \"order_id\" }}");
    let requests = [
        &COUNTED[..3],
        &[
            "metric = \"loyalty.clv\"\nparams = { lifespan_years = 1, one_order_per = \"order_id\" }",
            "metric = \"loyalty.rfm\"\nparams = { one_order_per = \"order_id\" }\ndetail = true",
            "metric = \"loyalty.retention_rate\"\nparams = { basis = \"activity\", inactive_after_days = 30, one_order_per = \"order_id\" }",
        ],
    ]
    .concat();
    let case = Case::new().file("orders.csv", EXPORT).as_of(jiff::civil::date(2025, 2, 1));
    let result = case.run(&report(JANUARY, &table, &requests)).unwrap();
    assert_eq!(result.rejected, [], "a line without an amount is no mistake");
    assert_eq!(values(&result, "loyalty.repeat_purchase_rate"), [(Some(25.0), Some(4.0))]);
    assert_eq!(values(&result, "loyalty.purchase_frequency"), [(Some(1.25), Some(4.0))]);
    assert_eq!(values(&result, "loyalty.average_order_value"), [(Some(39.0), Some(5.0))]);
    // 195 over 4 customers, whose orders of a twelfth of a year are those of a year: 195 / 4 / (31/365) a year.
    assert_close(values(&result, "loyalty.clv")[0].0, 195.0 / 4.0 / (31.0 / 365.0));
    let orders = result.details[0].frame.column("orders").unwrap().cast(&DataType::Float64).unwrap();
    assert_eq!(orders.f64().unwrap().sum(), Some(5.0));
    assert!(result.results.iter().all(|row| row.note.as_deref().is_none_or(|note| !note.contains("order_id"))));
}

#[test]
fn amounts_that_are_spread_over_lines_add_up() {
    let table = "path = \"lines.csv\"\nparams = { one_order_per = \"order_id\" }";
    let case = Case::new().file("lines.csv", LINES);
    let result = case.run(&report("", table, &COUNTED[..3])).unwrap();
    assert_eq!(values(&result, "loyalty.repeat_purchase_rate"), [(Some(0.0), Some(2.0))]);
    assert_eq!(values(&result, "loyalty.purchase_frequency"), [(Some(1.0), Some(2.0))]);
    assert_eq!(values(&result, "loyalty.average_order_value"), [(Some(30.0), Some(2.0))]);
}

#[test]
fn ids_that_repeat_without_a_rule_are_said() {
    for (name, file) in [
        ("lines.csv", LINES.to_owned()),
        ("lines.ndjson", "{\"order_id\":1,\"customer_id\":\"a\",\"time\":\"2025-01-01\",\"amount\":10}\n{\"order_id\":1,\"customer_id\":\"b\",\"time\":\"2025-01-02\",\"amount\":10}\n".to_owned()),
    ] {
        let result = Case::new().file(name, file).run(&report("", &format!("path = \"{name}\""), &COUNTED)).unwrap();
        for row in &result.results {
            assert!(row.note.as_deref().unwrap_or_default().contains("say `one_order_per = \"order_id\"`"), "{}: {:?}", row.metric, row.note);
        }
    }
    // Money back has the id of what it is paid back for; and a table without ids has none that repeat.
    let once = "order_id,customer_id,time,amount\n1,a,2025-01-01,10\n1,a,2025-01-03,-10\n2,b,2025-01-02,30\n";
    let table = "path = \"once.csv\"\nparams = { refunds = \"net\" }";
    let result = Case::new().file("once.csv", once).run(&report("", table, &COUNTED)).unwrap();
    assert!(result.results.iter().all(|row| row.note.as_deref().is_none_or(|note| !note.contains("order_id"))));
    let result = Case::new()
        .file("refunds.csv", REFUNDS)
        .run(&report("", "path = \"refunds.csv\"\nparams = { refunds = \"net\" }", &COUNTED))
        .unwrap();
    assert!(result.results.iter().all(|row| row.note.as_deref().is_none_or(|note| !note.contains("order_id"))));
}

#[test]
fn an_order_without_any_amount_is_rejected_with_all_its_lines() {
    let file = "order_id,customer_id,time,amount\n1,a,2025-01-01,10\n1,a,2025-01-01,\n2,b,2025-01-02,\n2,b,2025-01-02,\n";
    let table = "path = \"lines.csv\"\nparams = { one_order_per = \"order_id\" }";
    let result = Case::new().file("lines.csv", file).run(&report("", table, &COUNTED[..3])).unwrap();
    assert_eq!(values(&result, "loyalty.average_order_value"), [(Some(10.0), Some(1.0))]);
    // Of a metric that reads no amounts, both are orders.
    assert_eq!(values(&result, "loyalty.repeat_purchase_rate"), [(Some(0.0), Some(2.0))]);
    let reasons: Vec<(&str, u64)> = result.rejected.iter().map(|rejection| (rejection.reason.as_str(), rejection.rows)).collect();
    assert_eq!(reasons, [("no line of the order has an amount", 2)]);
}

#[test]
fn money_back_is_no_purchase_whatever_a_metric_reads() {
    let head = "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"";
    let requests = [
        "metric = \"loyalty.repeat_purchase_rate\"",
        "metric = \"loyalty.purchase_frequency\"",
        "metric = \"loyalty.average_order_value\"",
        "metric = \"loyalty.cohort_retention\"",
        "metric = \"loyalty.retention_rate\"\nparams = { basis = \"activity\", inactive_after_days = 30, refunds = \"net\" }",
        "metric = \"loyalty.churn_rate\"\nparams = { basis = \"activity\", inactive_after_days = 30, refunds = \"net\" }",
        "metric = \"loyalty.rfm\"\ndetail = true\ngrain = \"total\"",
        "metric = \"loyalty.customers_at_risk\"\ngrain = \"total\"",
    ];
    let table = "path = \"orders.csv\"\nparams = { refunds = \"net\" }";
    let result = Case::new().file("orders.csv", REFUNDS).as_of(jiff::civil::date(2025, 3, 1)).run(&report(head, table, &requests)).unwrap();
    assert_eq!(result.rejected, []);
    assert_eq!(values(&result, "loyalty.repeat_purchase_rate"), [(Some(0.0), Some(3.0)), (Some(0.0), Some(1.0))]);
    assert_eq!(values(&result, "loyalty.purchase_frequency"), [(Some(1.0), Some(3.0)), (Some(1.0), Some(1.0))]);
    // 230 − 50 over three orders; 40 − 80 over one.
    assert_eq!(values(&result, "loyalty.average_order_value"), [(Some(60.0), Some(3.0)), (Some(-40.0), Some(1.0))]);
    let cohorts = values(&result, "loyalty.cohort_retention");
    assert_close(cohorts[1].0, 100.0 / 3.0);
    assert_eq!(cohorts[1].1, Some(3.0));
    assert_close(values(&result, "loyalty.retention_rate")[1].0, 100.0 / 3.0);
    assert_close(values(&result, "loyalty.churn_rate")[1].0, 200.0 / 3.0);
    let orders = result.details[0].frame.column("orders").unwrap().cast(&DataType::Float64).unwrap();
    assert_eq!(orders.f64().unwrap().sum(), Some(4.0));
    let at_risk = result.results.iter().find(|row| row.request == "loyalty.customers_at_risk").unwrap();
    assert!(at_risk.note.as_deref().unwrap().contains("1 customers bought again"), "{:?}", at_risk.note);
}

#[test]
fn money_back_is_a_mistake_unless_said_also_where_amounts_are_not_summed() {
    let head = "from = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"";
    let requests = [COUNTED[0], "metric = \"loyalty.retention_rate\"\nparams = { basis = \"activity\", inactive_after_days = 30 }"];
    let case = Case::new().file("orders.csv", REFUNDS);
    let result = case.run(&report(head, "path = \"orders.csv\"", &requests)).unwrap();
    assert_eq!(values(&result, "loyalty.repeat_purchase_rate"), [(Some(0.0), Some(3.0)), (Some(0.0), Some(1.0))]);
    for request in ["loyalty.repeat_purchase_rate", "loyalty.retention_rate"] {
        let rejected: u64 = result.rejected.iter().filter(|of| of.requests.iter().any(|name| name == request)).map(|of| of.rows).sum();
        assert_eq!(rejected, 2, "{request}");
    }
    // Without amounts, every row is a purchase.
    let unpriced = REFUNDS.lines().map(|line| format!("{}\n", line.rsplit_once(',').unwrap().0)).collect::<Vec<_>>().concat();
    let result = Case::new().file("orders.csv", unpriced).run(&report(head, "path = \"orders.csv\"", &COUNTED[..1])).unwrap();
    assert_eq!(values(&result, "loyalty.repeat_purchase_rate")[0].1, Some(3.0));
    // What is said of amounts needs some.
    let table = "path = \"orders.csv\"\nparams = { refunds = \"net\" }";
    let problems = Case::new().file("orders.csv", "time,customer_id\n2025-01-01,a\n").run(&report(head, table, &COUNTED[..1])).unwrap_err();
    assert!(problems.contains("has no column `amount`"), "{problems}");
}

#[test]
fn nobody_who_bought_again_is_no_negative_number() {
    let table = "path = \"orders.csv\"";
    let file = "customer_id,time\na,2025-01-05\nb,2025-01-06\n";
    let requests = ["metric = \"loyalty.customers_at_risk\""];
    let result = Case::new().file("orders.csv", file).run(&report("", table, &requests)).unwrap();
    let note = result.results[0].note.as_deref().unwrap();
    assert!(note.starts_with("at risk") || note.contains("0 customers bought again"), "{note}");
    assert!(!note.contains("-0"), "{note}");
    let empty = Case::new().file("orders.csv", "customer_id,time\n").run(&report("", table, &requests)).unwrap();
    assert!(empty.results.iter().all(|row| row.note.as_deref().is_none_or(|note| !note.contains("-0"))));
}

/// Spans whose last days are those of months.
const CONTRACTS: &str = "\
customer_id,started_at,ended_at,amount_per_month
a,2024-11-01,2025-01-31,10
b,2024-11-01,2025-02-28,20
c,2024-12-01,2024-12-31,40
d,2024-12-01,,80
";

#[test]
fn an_end_that_is_the_last_day_of_a_span_can_be_said() {
    let report = |params: &str| {
        format!(
            "[report]\ntimezone = \"Europe/Copenhagen\"\nfrom = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"\nas_of = 2025-03-02\n\
             [tables.contracts]\npath = \"contracts.csv\"\n{params}\n\
             [[metrics]]\nmetric = \"loyalty.mrr\"\ntable = \"contracts\"\n[[metrics]]\nmetric = \"loyalty.churn_rate\"\ntable = \"contracts\"\n"
        )
    };
    let case = Case::new().file("contracts.csv", CONTRACTS);
    let result = case.run(&report("params = { ends = \"inclusive\" }")).unwrap();
    // a pays through January, and is lost as February begins; b is lost as March does.
    assert_eq!(values(&result, "loyalty.mrr"), [(Some(110.0), Some(3.0)), (Some(100.0), Some(2.0))]);
    let churn = values(&result, "loyalty.churn_rate");
    assert_close(churn[0].0, 100.0 / 4.0);
    assert_close(churn[1].0, 100.0 / 3.0);
    assert!(result.results.iter().all(|row| row.note.is_none()));
    let result = case.run(&report("")).unwrap();
    assert_eq!(values(&result, "loyalty.mrr"), [(Some(100.0), Some(2.0)), (Some(80.0), Some(1.0))]);
    for row in &result.results {
        assert!(row.note.as_deref().unwrap_or_default().contains("say `ends = \"inclusive\"`"), "{}: {:?}", row.metric, row.note);
    }
    // One that ends within a month takes the doubt away.
    let other = CONTRACTS.replace("2025-02-28", "2025-02-27");
    let result = Case::new().file("contracts.csv", other).run(&report("")).unwrap();
    assert!(result.results.iter().all(|row| row.note.is_none()));
    // A contract that begins on another's last day overlaps it.
    let overlapping = format!("{CONTRACTS}a,2025-01-31,,10\n");
    let result = Case::new().file("contracts.csv", overlapping).run(&report("params = { ends = \"inclusive\" }")).unwrap();
    assert_eq!(result.rejected.iter().map(|rejection| rejection.rows).max(), Some(1));
}
