//! Real files with published figures. They are not part of the repository: where they are missing, a test says so and passes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use custometer_testkit::Case;
use serde_json::{Value as Json, json};

/// A folder or a file of real data beside the checkout; none when it is not there.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")).join(name);
    let found = folder.canonicalize().ok();
    if found.is_none() {
        println!("skipped: there is no {}", folder.display());
    }
    found
}

const SFO: &str = r#"
[report]
timezone = "America/Los_Angeles"

[tables.responses]
path = "FOLDER/2017_SFO_Customer_Survey_20250817.csv"
columns = { score = "NETPRO" }
where = "NETPRO <> 11"

# The file has the day of the month only. The survey ran in May 2017; two answers came on a weekday that May does not have on that day,
# and the publisher put them in the month that does.
[tables.responses.derive]
month = "CASE WHEN INTDATE = 5 AND DAY = 'MON' THEN '2017-06-' WHEN INTDATE = 15 AND DAY = 'TUE' THEN '2017-08-' ELSE '2017-05-' END"
time = "STRPTIME(CONCAT(month, LPAD(CAST(INTDATE AS VARCHAR), 2, '0')), '%Y-%m-%d')"

[[metrics]]
name = "total"
metric = "loyalty.nps"
table = "responses"

[[metrics]]
name = "daily"
metric = "loyalty.nps"
table = "responses"
grain = "day"
"#;

#[test]
fn the_airport_survey_gives_the_published_scores_on_every_day() {
    let Some(folder) = shared("sfo_survey") else { return };
    let json = Case::new().json(&SFO.replace("FOLDER", folder.to_str().unwrap())).unwrap();
    let rows = json["results"].as_array().unwrap();
    assert_eq!(rows[0]["measures"], json!({ "promoters": 1436, "passives": 968, "detractors": 342, "responses": 2746 }));

    let daily: BTreeMap<&str, &Json> = rows[1..].iter().map(|row| (&row["start"].as_str().unwrap()[..10], row)).collect();
    let published = std::fs::read_to_string(folder.join("published_nps_daily_2017.csv")).unwrap();
    let mut answers = 0.0;
    for line in published.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let row = daily[cells[0]];
        for (measure, published) in ["detractors", "passives", "promoters", "responses"].iter().zip(&cells[1..5]) {
            assert_eq!(row["measures"][measure].as_f64(), published.parse().ok(), "{measure} on {}", cells[0]);
        }
        let (value, published): (f64, f64) = (row["value"].as_f64().unwrap(), cells[5].parse().unwrap());
        assert!((value - published).abs() < 1e-9, "{value} is not {published} on {}", cells[0]);
        answers += row["n"].as_f64().unwrap();
    }
    // No day outside the published table has an answer.
    assert_eq!(answers, 2746.0);
}

#[test]
fn the_airport_survey_gives_the_weighted_scores_of_pandas_and_statsmodels() {
    let Some(folder) = shared("sfo_survey") else { return };
    let config = format!(
        "[tables.recommendation]\npath = \"{folder}/2017_SFO_Customer_Survey_20250817.csv\"\n\
         columns = {{ score = \"NETPRO\", weight = \"WEIGHT\" }}\nwhere = \"NETPRO <> 11\"\n\
         [tables.satisfaction]\npath = \"{folder}/2017_SFO_Customer_Survey_20250817.csv\"\n\
         columns = {{ score = \"Q7ALL\", weight = \"WEIGHT\" }}\nwhere = \"Q7ALL <> 'Blank'\"\n\
         [[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"recommendation\"\nparams = {{ weighted = true }}\n\
         [[metrics]]\nmetric = \"support.csat\"\ntable = \"satisfaction\"\nparams = {{ weighted = true }}\n\
         [[metrics]]\nmetric = \"support.csat_score\"\ntable = \"satisfaction\"\nparams = {{ weighted = true }}\n",
        folder = folder.display()
    );
    let json = Case::new().json(&config).unwrap();
    let rows = json["results"].as_array().unwrap();
    // Values from pandas; effective sizes as (Σw)²/Σw² there; intervals from statsmodels 0.15 for answers whose weights sum to that size:
    // DescrStatsW(ddof=0) with the normal quantile, proportion_confint(method="wilson"), and DescrStatsW.tconfint_mean.
    let expected = [
        (2746, [40.398_435_511_707_42, 37.543_361_400_069_6, 43.253_509_623_345_24, 2_266.512_355_086_742_4]),
        (2688, [82.279_306_485_058_21, 80.636_796_508_273_22, 83.810_461_390_501_23, 2_223.261_898_548_94]),
        (2688, [4.071_202_637_939_74, 4.042_037_148_514_513, 4.100_368_127_364_966, 2_223.261_898_548_94]),
    ];
    for (row, (n, expected)) in rows.iter().zip(expected) {
        assert_eq!(row["n"], json!(n));
        let found = [&row["value"], &row["low"], &row["high"], &row["measures"]["effective_n"]].map(|number| number.as_f64().unwrap());
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} is not {expected} in {}", row["metric"]);
        }
    }
    assert_eq!(rows.len(), 3);
}

#[test]
fn the_telephone_customers_load_and_group_as_they_are() {
    let Some(folder) = shared("telco_churn") else { return };
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
fn the_summary_of_cd_buyers_loads_and_groups_as_it_is() {
    let Some(folder) = shared("cdnow") else { return };
    let config = format!(
        "[tables.customers]\npath = \"{}/cdnow_customers_summary_with_transactions.csv\"\ncolumns = {{ amount = \"zbar\", user_id = \"ID\" }}\n\
         derive = {{ repeat = \"x > 0\" }}\n\
         [[metrics]]\nmetric = \"web.visitors\"\ntable = \"customers\"\nby = [[], [\"repeat\"]]\n\
         [[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"customers\"\nby = [[\"x\"]]\n",
        folder.display()
    );
    let json = Case::new().json(&config).unwrap();
    let rows = json["results"].as_array().unwrap();
    // Fader & Hardie (2013), note 025: 946 of the 2 357 customers bought again in the calibration period.
    assert_eq!(rows[0]["value"], json!(2357));
    assert_eq!((&rows[1]["dimensions"], &rows[1]["value"]), (&json!({ "repeat": false }), &json!(1411)));
    assert_eq!((&rows[2]["dimensions"], &rows[2]["value"]), (&json!({ "repeat": true }), &json!(946)));
    assert_eq!(rows[3]["dimensions"], json!({ "x": 0 }));
    assert!(json["rejected"].as_array().unwrap().is_empty());
}

const CDNOW: &str = r#"
[tables.log]
path = "FOLDER/CDNOW_master.txt"
delimiter = "spaces"
columns = { time = "date", amount = "dollar_value" }
time_formats = { time = "%Y%m%d" }

[tables.sample]
path = "FOLDER/CDNOW_sample.txt"
delimiter = "spaces"
column_names = ["master_id", "customer_id", "time", "cds", "amount"]
time_formats = { time = "%Y%m%d" }

[[metrics]]
metric = "loyalty.average_order_value"
table = "log"

[[metrics]]
name = "customers"
metric = "web.visitors"
columns = { user_id = "customer_id" }
table = "log"

[[metrics]]
name = "customers_of_the_sample"
metric = "web.visitors"
columns = { user_id = "customer_id" }
table = "sample"
grain = "year"
by = [[]]
"#;

#[test]
fn the_raw_purchase_logs_load_by_config_alone() {
    let Some(folder) = shared("cdnow") else { return };
    let json = Case::new().json(&CDNOW.replace("FOLDER", folder.to_str().unwrap())).unwrap();
    let rows = json["results"].as_array().unwrap();
    assert_eq!((rows[0]["n"].as_u64(), rows[1]["value"].as_u64()), (Some(69_659), Some(23_570)));
    // Every customer of the sample bought first in 1997.
    assert_eq!(rows[2]["value"].as_u64(), Some(2357));
    assert!(json["rejected"].as_array().unwrap().is_empty());
}

#[test]
fn the_telephone_customers_survive_as_lifelines_says() {
    let Some(folder) = shared("telco_churn") else { return };
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
