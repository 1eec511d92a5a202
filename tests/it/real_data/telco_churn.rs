//! The customers of a telephone company: who left, and after how many months.

use custometer_core::statistics::{Lifetimes, kaplan_meier};
use custometer_testkit::Case;
use serde_json::{Value as Json, json};

use super::{shared, taken_for};

#[test]
#[cfg_attr(not(data = "telco_churn"), ignore = "there is no ../shared/data/telco_churn")]
fn the_telephone_customers_load_and_group_as_they_are() {
    let folder = shared("telco_churn");
    let config = format!(
        "[tables.customers]\npath = \"{}/*.csv\"\ncolumns = {{ amount = \"MonthlyCharges\", user_id = \"customerID\" }}\n\
         [[metrics]]\nmetric = \"web.visitors\"\ntable = \"customers\"\nby = [[], [\"Churn\"], [\"Contract\", \"Churn\"]]\n\
         [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"customers\"\nby = [[\"SeniorCitizen\"]]\n\
         [[metrics]]\nname = \"charged\"\nmetric = \"loyalty.average_order_value\"\ntable = \"customers\"\ncolumns = {{ amount = \"TotalCharges\" }}\n",
        folder.display()
    );
    let json = Case::new().json(&config).unwrap();
    let rows = json["results"].as_array().unwrap();
    // 1 869 of 7 043 churned.
    assert_eq!(rows[0]["value"], json!(7043));
    assert_eq!((&rows[1]["dimensions"], &rows[1]["value"]), (&json!({ "Churn": "No" }), &json!(5174)));
    assert_eq!((&rows[2]["dimensions"], &rows[2]["value"]), (&json!({ "Churn": "Yes" }), &json!(1869)));
    // Eleven customers of no full month have a blank total.
    assert_eq!(json["rejected"][0]["reason"], json!("`TotalCharges` is missing"));
    assert_eq!(json["rejected"][0]["rows"], json!(11));
}

#[test]
#[cfg_attr(not(data = "telco_churn"), ignore = "there is no ../shared/data/telco_churn")]
fn the_telephone_customers_survive_as_lifelines_says() {
    let folder = shared("telco_churn");
    let survival = |name: &str, params: &str| {
        format!(
            "[[metrics]]\nname = \"{name}\"\nmetric = \"loyalty.survival\"\ntable = \"customers\"\nby = [[], [\"Contract\"]]\n\
             params = {{ basis = \"durations\", unit = \"months\", {params} }}\n"
        )
    };
    let config = format!(
        "[tables.customers]\npath = \"{}/*.csv\"\ncolumns = {{ duration = \"tenure\", has_ended = \"Churn\" }}\n{}{}{}",
        folder.display(),
        survival("curve", "at = [12, 24, 36, 48, 60]"),
        survival("median", "statistic = \"median\""),
        survival("mean", "statistic = \"restricted_mean\", limit = 60")
    );
    let json = Case::new().json(&config).unwrap();
    let row = |request: &str, contract: Option<&str>, age: Option<u64>| -> &Json {
        let of = |row: &&Json| {
            let dimensions = &row["dimensions"];
            row["request"] == request && dimensions["Contract"].as_str() == contract && dimensions["age"].as_u64() == age
        };
        json["results"].as_array().unwrap().iter().find(of).unwrap()
    };
    // KaplanMeierFitter of lifelines 0.30.3 on `tenure` and `Churn`: the estimate, its log-log interval, and those who were at risk, had left,
    // and were censored before.
    let expected = [
        (12, [84.319_955_381_583_03, 83.416_868_581_146_2, 85.178_332_069_312_35], [4974, 1037, 1070]),
        (24, [78.873_639_837_059_66, 77.831_295_552_991_3, 79.873_520_213_617_6], [3927, 1331, 1808]),
        (36, [74.854_541_487_637_02, 73.707_856_212_086_33, 75.959_703_129_428_79], [3051, 1511, 2491]),
        (48, [70.884_018_434_607_41, 69.624_508_307_098_4, 72.102_273_321_026_13], [2303, 1656, 3093]),
        (60, [66.440_391_437_473_96, 65.022_679_285_339_68, 67.815_677_918_667_53], [1483, 1776, 3790]),
    ];
    let close = |found: &Json, expected: f64| {
        let found = found.as_f64().unwrap();
        assert!((found / expected - 1.0).abs() < 1e-9, "{found} is not {expected}");
    };
    for (age, estimate, counts) in expected {
        let row = row("curve", None, Some(age));
        for (name, expected) in ["value", "low", "high"].iter().zip(estimate) {
            close(&row[name], expected);
        }
        let measures = &row["measures"];
        assert_eq!(["at_risk", "ended", "censored"].map(|name| measures[name].as_u64().unwrap()), counts, "at {age}");
    }
    close(&row("curve", Some("Month-to-month"), Some(24))["value"], 58.591_547_390_466_62);
    close(&row("curve", Some("One year"), Some(24))["value"], 97.827_237_642_791_56);
    close(&row("mean", None, None)["value"], 46.817_351_873_331_71);
    let median = row("median", Some("Month-to-month"), None);
    assert_eq!(
        (&median["value"], &median["low"], &median["high"], &median["unit"]),
        (&json!(35), &json!(32), &json!(38), &json!("months"))
    );
    // More than half of all customers are still there.
    assert_eq!(row("median", None, None)["value"], Json::Null);
    // 1 869 of 7 043 churned, 26.54 %.
    let all = row("median", None, None);
    assert_eq!((&all["n"], &all["measures"]["ended"]), (&json!(7043), &json!(1869)));
    close(&json!(100.0 * all["measures"]["ended"].as_f64().unwrap() / all["n"].as_f64().unwrap()), 26.536_987_079_369_588);
}

#[test]
#[cfg_attr(not(data = "telco_churn"), ignore = "there is no ../shared/data/telco_churn")]
fn the_curve_of_the_telephone_customers_is_that_of_lifelines() {
    let text = std::fs::read_to_string(shared("telco_churn/Telco-Customer-Churn.csv")).unwrap();
    let customer = |line: &str| {
        let cells: Vec<&str> = line.trim_end().split(',').collect();
        let (ended, censored) = if *cells.last().unwrap() == "Yes" { (1.0, 0.0) } else { (0.0, 1.0) };
        Lifetimes { duration: cells[5].parse().unwrap(), ended, censored }
    };
    let curve = kaplan_meier(&text.lines().skip(1).map(customer).collect::<Vec<_>>()).unwrap();
    let first = &curve.steps()[0];
    assert_eq!([first.time, first.at_risk, first.ended, first.censored], [0.0, 7043.0, 0.0, 11.0]);
    let close = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-9, "{found} is not {expected}");
    // lifelines 0.30.3: survival_function_ and confidence_interval_ after so many months.
    let (low, high) = curve.interval(72.0, 0.95).unwrap();
    for (found, expected) in
        [(curve.at(72.0).unwrap(), 0.592_790_152_052_227_5), (low, 0.573_062_891_004_291_8), (high, 0.611_936_209_192_661_9)]
    {
        close(found, expected);
    }
    let (low, high) = curve.interval(36.0, 0.9).unwrap();
    close(low, 0.738_950_403_702_818_2);
    close(high, 0.757_847_959_652_144_2);
    // More than half are still there at the end.
    assert_eq!((curve.median(), curve.median_interval(0.95)), (None, (None, None)));
    // restricted_mean_survival_time, and the variance by Greenwood's formula.
    let mean = curve.restricted_mean(60.0).unwrap();
    close(mean.mean, 46.817_351_873_331_71);
    close(mean.variance, 0.076_713_002_671_370_52);
}

#[test]
#[cfg_attr(not(data = "telco_churn"), ignore = "there is no ../shared/data/telco_churn")]
fn the_telephone_customers_are_taken_for_customers() {
    assert_eq!(taken_for(&shared("telco_churn/Telco-Customer-Churn.csv")).as_deref(), Some("customers"));
}
