//! Purchase histories and the models over them, on the CD buyers that they were published with.

use std::collections::BTreeMap;

use custometer_loyalty::models::gamma_gamma::spend_frequency_correlation;
use custometer_loyalty::models::{BgNbd, GammaGamma, PurchaseHistory, PurchaseModel, Spend};
use custometer_testkit::Case;
use polars::prelude::DataFrame;
use serde_json::json;

use super::{shared, taken_for};
use crate::reading::inspect::pasted_everything;

/// The summary that comes with the data, by customer: frequency, recency, T and mean spend, times in weeks, all to two digits.
fn ready_summary() -> BTreeMap<String, [f64; 4]> {
    let text = std::fs::read_to_string(shared("cdnow").join("cdnow_customers_summary_with_transactions.csv")).unwrap();
    let customer = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[0].to_owned(), [1, 2, 3, 4].map(|cell| cells[cell].parse().unwrap()))
    };
    text.lines().skip(1).map(customer).collect()
}

/// The whole path from the raw purchase log: the first 39 weeks of 1997, as in the publications.
fn report(metric: &str, params: &str) -> String {
    let folder = shared("cdnow");
    format!(
        "[report]\nfrom = 1997-01-01\nuntil = 1997-10-01\n\
         [tables.log]\npath = \"{}/CDNOW_sample.txt\"\ndelimiter = \"spaces\"\n\
         column_names = [\"master_id\", \"customer_id\", \"time\", \"cds\", \"amount\"]\ntime_formats = {{ time = \"%Y%m%d\" }}\n\
         [[metrics]]\nmetric = \"{metric}\"\ntable = \"log\"\ndetail = true\nparams = {{ {params} }}\n",
        folder.display()
    )
}

/// The columns of a detail table, by customer; missing numbers as NaN.
fn by_customer<const N: usize>(detail: &DataFrame, columns: [&str; N]) -> BTreeMap<String, [f64; N]> {
    let ids = detail.column("customer_id").unwrap().cast(&polars::prelude::DataType::String).unwrap();
    let columns = columns.map(|name| detail.column(name).unwrap().cast(&polars::prelude::DataType::Float64).unwrap());
    let value = |row: usize| columns.each_ref().map(|column| column.f64().unwrap().get(row).unwrap_or(f64::NAN));
    // The log writes 0001, the summary 1.
    (0..detail.height()).map(|row| (ids.str().unwrap().get(row).unwrap().trim_start_matches('0').to_owned(), value(row))).collect()
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found} is not {expected}");
}

/// P. S. Fader, B. G. S. Hardie & K. L. Lee, Marketing Science 24 (2005), table 1; P. S. Fader & B. G. S. Hardie, note 025 (2013).
const PUBLISHED: [(&str, f64, f64); 8] = [
    ("r", 0.243, 5e-4),
    ("alpha", 4.414, 5e-4),
    ("a", 0.793, 5e-4),
    ("b", 2.426, 5e-4),
    ("log_likelihood", -9582.4, 0.05),
    ("p", 6.25, 5e-3),
    ("q", 3.74, 5e-3),
    ("v", 15.44, 5e-3),
];

/// lifetimes 0.11.3, fitted to its own summary of the log with a tolerance of 1e-9: P(alive), purchases within 12 months of 30.436875 days,
/// spend, and 0.3 · spend · Σ of each month's purchases / 1.12^(month/12).
const PREDICTED: [(&str, [f64; 4]); 10] = [
    ("1", [0.726_620_311_15, 1.563_038_828_385, 24.653_918_696_194, 10.921_534_345_251]),
    ("2", [0.212_391_044_119, 0.260_867_283_408, 18.910_018_441_882, 1.397_374_764_39]),
    ("3", [1.0, 0.252_437_038_187, 35.170_371_263_243, 2.512_693_806_15]),
    ("6", [0.641_834_708_561, 4.210_701_941_162, 71.464_705_724_362, 85.368_205_615_464]),
    ("18", [0.310_855_769_616, 0.381_805_647_633, 17.673_139_432_724, 1.911_425_519_275]),
    ("157", [0.969_221_268_479, 25.127_946_577_975, 26.394_263_501_756, 188.282_104_512_693]),
    ("325", [0.040_929_836_507, 0.937_248_411_527, 37.178_724_796_75, 9.892_848_910_729]),
    ("1000", [0.680_267_690_747, 2.967_011_980_549, 18.130_569_758_35, 15.261_561_192_024]),
    ("1516", [0.968_854_441_254, 25.821_635_724_372, 39.890_286_799_286, 292.613_231_521_638]),
    ("2357", [1.0, 0.333_037_048_029, 35.170_371_263_243, 3.317_255_946_371]),
];
/// The mean of the last over all customers.
const MEAN_VALUE: f64 = 9.134_009_862_8;

#[test]
#[cfg_attr(not(data = "cdnow"), ignore = "there is no ../shared/data/cdnow")]
fn the_ready_summary_gives_the_published_models() {
    let summary = ready_summary();
    let history = |[frequency, recency, age, _]: [f64; 4]| PurchaseHistory { frequency, recency, age, customers: 1.0 };
    let histories: Vec<_> = summary.values().copied().map(history).collect();
    let repeat = summary.values().filter(|[frequency, ..]| *frequency > 0.0);
    let spends: Vec<_> = repeat.map(|&[frequency, _, _, mean]| Spend { frequency, mean, customers: 1.0 }).collect();
    assert_eq!((histories.len(), spends.len()), (2357, 946));
    let (purchases, spend) = (BgNbd::fit(PurchaseModel::BgNbd, &histories).unwrap(), GammaGamma::fit(&spends).unwrap());
    let (BgNbd { r, alpha, a, b, .. }, GammaGamma { p, q, v }) = (purchases.model, spend.model);
    for (found, (name, published, tolerance)) in [r, alpha, a, b, purchases.log_likelihood, p, q, v].into_iter().zip(PUBLISHED) {
        // Of means rounded to cents, v is 15.448 for lifetimes, too.
        close(found, published, if name == "v" { 0.01 } else { tolerance }, name);
    }
    // lifetimes 0.11.3, BetaGeoFitter and GammaGammaFitter: summary, likelihoods of the published parameters, the sum of the conditional
    // expectations; pandas 2.3.3 for the correlation.
    for (found, expected) in [p, q, v].into_iter().zip([6.248_802, 3.744_588, 15.447_748]) {
        close(found, expected, 1e-6, "the spend's parameters");
    }
    let BgNbd { r, alpha, a, b, .. } = purchases.standard_errors;
    for (found, expected) in [r, alpha, a, b].into_iter().zip([0.012_557, 0.378_221, 0.185_719, 0.705_345]) {
        close(found, expected, 1e-4 * expected, "the purchases' errors");
    }
    let GammaGamma { p, q, v } = spend.standard_errors;
    for (found, expected) in [p, q, v].into_iter().zip([1.189_687, 0.290_166, 4.159_994]) {
        close(found, expected, 1e-5 * expected, "the spend's errors");
    }
    let published = BgNbd { kind: PurchaseModel::BgNbd, r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 };
    close(published.log_likelihood(&histories), -9_582.426_831_182_365, 1e-8, "the likelihood of the published purchases");
    let published = GammaGamma { p: 6.25, q: 3.74, v: 15.44 };
    close(published.log_likelihood(&spends), -4_055.924_712_730_169_6, 1e-8, "the likelihood of the published spend");
    let expected = histories.iter().map(|row| purchases.model.expected_purchases(39.0, row.frequency, row.recency, row.age)).sum();
    close(expected, 1_653.423_283_330_689_6, 2e-3, "all purchases of 39 weeks");
    close(spend_frequency_correlation(&spends).unwrap(), 0.113_884, 1e-6, "correlation");
    assert_eq!((purchases.customers, spend.customers), (2357.0, 946.0));
    assert!(purchases.iterations < 100);
    // lifetimes 0.11.3, fitted to the same summary with a tolerance of 1e-9: P(alive), purchases within 39 weeks, and spend.
    let expected = [
        ("1", [0.726_609_151_034_596_6, 1.225_910_450_588_946, 24.658_616_174_356_787]),
        ("2", [0.212_227_408_506_978_13, 0.203_250_644_580_129_34, 18.911_479_841_643]),
        ("3", [1.0, 0.194_780_846_812_745_32, 35.171_002_088_258_575]),
        ("6", [0.641_800_608_112_412_8, 3.337_239_425_830_259, 71.462_850_804_489]),
        ("18", [0.310_915_315_702_527_4, 0.297_764_265_091_590_5, 17.674_697_353_020_54]),
        ("157", [0.969_133_587_945_753, 20.053_664_426_657_864, 26.392_947_662_342_95]),
        ("325", [0.040_996_304_108_894_22, 0.749_731_773_580_058_4, 37.174_795_883_233_04]),
        ("1000", [0.680_351_341_681_987_5, 2.352_955_070_433_57, 18.131_063_271_660_62]),
        ("1516", [0.968_919_710_021_552_2, 20.750_568_769_489_624, 39.890_277_229_232_09]),
        ("2357", [1.0, 0.258_977_493_018_735_46, 35.171_002_088_258_575]),
    ];
    for (customer, [alive, within_39_weeks, mean_spend]) in expected {
        let [frequency, recency, age, mean] = summary[customer];
        close(purchases.model.probability_alive(frequency, recency, age), alive, 1e-6, customer);
        close(purchases.model.expected_purchases(39.0, frequency, recency, age), within_39_weeks, 1e-6, customer);
        close(spend.model.expected_mean_spend(frequency, mean).unwrap(), mean_spend, 1e-6, customer);
    }
}

#[test]
#[cfg_attr(not(data = "cdnow"), ignore = "there is no ../shared/data/cdnow")]
fn the_raw_log_gives_the_ready_summary_customer_by_customer() {
    let summary = ready_summary();
    let result = Case::new().run(&report("loyalty.clv_predicted", "")).unwrap();
    let derived = by_customer(&result.details[0].frame, ["frequency", "recency", "T", "mean_spend"]);
    assert_eq!(derived.len(), 2357);
    for (customer, ready) in summary {
        let found = derived[&customer];
        assert_eq!(found[0], ready[0], "the frequency of {customer}");
        close(found[1], ready[1], 0.005_001, &customer);
        close(found[2], ready[2], 0.005_001, &customer);
        assert_eq!(found[3].is_nan(), ready[0] == 0.0, "the mean spend of {customer}");
        close(if found[3].is_nan() { 0.0 } else { found[3] }, ready[3], 0.005_001, &customer);
    }
    // The first day of all, 272 days before the last.
    assert_eq!(derived["1"][2], 272.0 / 7.0);
}

#[test]
#[cfg_attr(not(data = "cdnow"), ignore = "there is no ../shared/data/cdnow")]
fn the_raw_log_gives_the_published_models_and_the_predictions_of_lifetimes() {
    let config = report("loyalty.clv_predicted", "discount_rate_per_year = 0.12, margin_rate = 0.3");
    let result = Case::new().run(&config).unwrap();
    let row = &result.results[0];
    let measures: BTreeMap<&str, f64> = row.measures.iter().map(|(name, value)| (name.as_str(), value.unwrap())).collect();
    for (name, published, tolerance) in PUBLISHED {
        close(measures[name], published, tolerance, name);
    }
    assert_eq!([measures["customers"], measures["repeat_customers"], measures["spend_customers"]], [2357.0, 946.0, 946.0]);
    // pandas' corr of the summary's repeat buyers.
    close(measures["spend_frequency_correlation"], 0.113_888, 1e-6, "correlation");
    assert_eq!(row.note.as_deref(), Some("over 12 months, discounted by 12 % a year; in gross margin, one rate for all orders"));

    close(row.value.unwrap(), MEAN_VALUE, 1e-6, "mean value");
    let predicted = by_customer(&result.details[0].frame, ["p_alive", "expected_purchases", "expected_spend", "clv"]);
    for (customer, expected) in PREDICTED {
        for (found, expected) in predicted[customer].into_iter().zip(expected) {
            close(found, expected, 1e-6, customer);
        }
    }
}

#[test]
#[cfg_attr(not(data = "cdnow"), ignore = "there is no ../shared/data/cdnow")]
fn customers_at_risk_are_those_of_lifetimes() {
    let config = report("loyalty.customers_at_risk", "threshold = 0.5");
    let result = Case::new().run(&config).unwrap();
    // lifetimes 0.11.3: 393 of 2 357 have a P(alive) below 0.5; statsmodels' proportion_confint(393, 2357, method="wilson").
    let row = &result.results[0];
    assert_eq!(row.measures[0], ("customers_at_risk".to_owned(), Some(393.0)));
    for (found, expected) in
        [row.value, row.low, row.high].into_iter().zip([39_300.0 / 2357.0, 15.223_422_626_240_431, 18.232_507_074_995_915])
    {
        close(found.unwrap(), expected, 1e-9, "share");
    }
    let detail = by_customer(&result.details[0].frame, ["p_alive", "at_risk"]);
    assert!(detail.values().all(|[p_alive, at_risk]| (*p_alive < 0.5) == (*at_risk == 1.0)));
    close(detail["2"][0], PREDICTED[1].1[0], 1e-6, "P(alive)");
}

#[test]
#[cfg_attr(not(data = "cdnow"), ignore = "there is no ../shared/data/cdnow")]
fn the_summary_of_cd_buyers_loads_and_groups_as_it_is() {
    let folder = shared("cdnow");
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
#[cfg_attr(not(data = "cdnow"), ignore = "there is no ../shared/data/cdnow")]
fn the_raw_purchase_logs_load_by_config_alone() {
    let folder = shared("cdnow");
    let json = Case::new().json(&CDNOW.replace("FOLDER", folder.to_str().unwrap())).unwrap();
    let rows = json["results"].as_array().unwrap();
    assert_eq!((rows[0]["n"].as_u64(), rows[1]["value"].as_u64()), (Some(69_659), Some(23_570)));
    // Every customer of the sample bought first in 1997.
    assert_eq!(rows[2]["value"].as_u64(), Some(2357));
    assert!(json["rejected"].as_array().unwrap().is_empty());
}

#[test]
#[cfg_attr(not(data = "cdnow"), ignore = "there is no ../shared/data/cdnow")]
fn the_purchase_logs_are_taken_for_orders() {
    assert_eq!(taken_for(&shared("cdnow/CDNOW_master.txt")).as_deref(), Some("orders"));
    assert_eq!(taken_for(&shared("cdnow/CDNOW_sample.txt")).as_deref(), Some("orders"));
}

#[test]
#[cfg_attr(not(data = "cdnow"), ignore = "there is no ../shared/data/cdnow")]
fn what_inspect_proposes_for_the_sample_counts_right() {
    // By Python over the lines: the mean of the last column, and 6919 lines of 2357 customers.
    let expected = [("loyalty.average_order_value", 35.278_499_783_205_67), ("loyalty.purchase_frequency", 6919.0 / 2357.0)];
    pasted_everything(shared("cdnow/CDNOW_sample.txt").to_str().unwrap(), &expected);
}

/// DuckDB 2.0 over the log of 18 months, by the month of the first purchase and the months since, and scipy's quantiles of Student's t: customers,
/// age, revenue at the age, up to it, and per customer up to it with its interval.
const COHORTS: [(&str, f64, i64, [f64; 5]); 6] = [
    ("1997-01-01", 781.0, 0, [28_592.7, 28_592.7, 36.610_371_318_822_025, 34.116_736_817_404_19, 39.104_005_820_239_86]),
    ("1997-01-01", 781.0, 5, [3_547.5, 50_974.18, 65.267_836_107_554_42, 58.464_683_576_983_41, 72.070_988_638_125_43]),
    ("1997-01-01", 781.0, 15, [1_615.13, 76_038.21, 97.360_064_020_486_55, 86.270_069_452_494_04, 108.450_058_588_479_05]),
    ("1997-02-01", 857.0, 1, [6_418.37, 39_848.45, 46.497_607_934_655_775, 42.133_030_242_950_13, 50.862_185_626_361_42]),
    ("1997-03-01", 719.0, 0, [32_812.09, 32_812.09, 45.635_730_180_806_67, 28.548_672_791_191_652, 62.722_787_570_421_69]),
    ("1997-03-01", 719.0, 15, [1_681.64, 74_568.89, 103.711_947_148_817_8, 82.474_444_993_636_82, 124.949_449_303_998_78]),
];

#[test]
#[cfg_attr(not(data = "cdnow"), ignore = "there is no ../shared/data/cdnow")]
fn cohorts_bring_what_they_do_in_duckdb() {
    let config = report("loyalty.cohort_revenue", "kind = \"cumulative\"")
        .replace("until = 1997-10-01", "until = 1998-07-01\ngrain = \"month\"")
        .replace("detail = true\n", "");
    let result = Case::new().as_of(jiff::civil::date(1998, 7, 1)).run(&config).unwrap();
    for (cohort, customers, age, [at_age, so_far, value, low, high]) in COHORTS {
        let is_cell = |row: &&custometer_runner::ResultRow| {
            row.start.as_ref().is_some_and(|start| start.to_string().starts_with(cohort)) && row.dimensions[0].1 == age.into()
        };
        let row = result.results.iter().find(is_cell).unwrap();
        let measure = |name: &str| row.measures.iter().find(|(known, _)| known == name).unwrap().1.unwrap();
        let found = [measure("revenue"), measure("cumulative_revenue"), row.value.unwrap(), row.low.unwrap(), row.high.unwrap()];
        for (found, expected) in found.into_iter().zip([at_age, so_far, value, low, high]) {
            close(found, expected, 1e-7, cohort);
        }
        assert_eq!(row.n, Some(customers));
    }
    // All customers of the sample came in these three months.
    let newcomers: f64 = result.results.iter().filter(|row| row.dimensions[0].1 == 0.into()).filter_map(|row| row.n).sum();
    assert_eq!(newcomers, 2357.0);
}

#[test]
#[cfg_attr(not(data = "cdnow"), ignore = "there is no ../shared/data/cdnow")]
fn the_modified_model_is_that_of_lifetimes() {
    let summary = ready_summary();
    let history = |[frequency, recency, age, _]: [f64; 4]| PurchaseHistory { frequency, recency, age, customers: 1.0 };
    let histories: Vec<_> = summary.values().copied().map(history).collect();
    let fit = BgNbd::fit(PurchaseModel::MbgNbd, &histories).unwrap();
    // lifetimes 0.11.3, ModifiedBetaGeoFitter: the maximum of its likelihood, by Newton's method with autograd from where its own search ends; errors
    // from the same second derivatives.
    let BgNbd { r, alpha, a, b, .. } = fit.model;
    for (found, expected) in [r, alpha, a, b].into_iter().zip([0.524_837_983_666, 6.182_992_019_672, 0.891_356_155_332, 1.613_999_334_730])
    {
        close(found, expected, 1e-6, "the parameters");
    }
    let BgNbd { r, alpha, a, b, .. } = fit.standard_errors;
    for (found, expected) in [r, alpha, a, b].into_iter().zip([0.083_264_064_614, 0.695_597_932_855, 0.154_785_311_403, 0.537_472_360_549])
    {
        close(found, expected, 1e-4 * expected, "their errors");
    }
    close(fit.log_likelihood, -9_582.132_684_899_9, 1e-8, "the likelihood");
    let expected = histories.iter().map(|row| fit.model.expected_purchases(39.0, row.frequency, row.recency, row.age)).sum();
    close(expected, 1_576.735_735_1, 2e-3, "all purchases of 39 weeks");
    // conditional_probability_alive and conditional_expected_number_of_purchases_up_to_time of the fit.
    let expected = [
        ("1", [0.706_126_246_667, 1.262_670_789_110]),
        ("2", [0.170_819_628_846, 0.188_789_254_456]),
        ("3", [0.389_716_313_514, 0.153_953_653_691]),
        ("6", [0.622_638_758_521, 3.166_805_487_299]),
        ("157", [0.965_843_214_656, 18.950_057_068_160]),
        ("2357", [0.428_462_992_319, 0.220_622_556_124]),
    ];
    for (customer, [alive, within_39_weeks]) in expected {
        let [frequency, recency, age, _] = summary[customer];
        close(fit.model.probability_alive(frequency, recency, age), alive, 1e-6, customer);
        close(fit.model.expected_purchases(39.0, frequency, recency, age), within_39_weeks, 1e-6, customer);
    }
    // Through a report over the raw log, whose times are not rounded, the same; who bought once, as 3 did, can be gone.
    for metric in ["loyalty.clv_predicted", "loyalty.customers_at_risk"] {
        let result = Case::new().run(&report(metric, "model = \"mbg_nbd\"")).unwrap();
        let row = &result.results[0];
        let measure = |name: &str| row.measures.iter().find(|(known, _)| known == name).unwrap().1.unwrap();
        close(measure("r"), 0.525, 5e-4, metric);
        close(measure("log_likelihood"), -9_582.13, 0.05, metric);
        assert!(row.note.as_deref().unwrap().contains("by MBG/NBD"), "{:?}", row.note);
        close(by_customer(&result.details[0].frame, ["p_alive"])["3"][0], 0.389_716, 1e-3, metric);
    }
}
