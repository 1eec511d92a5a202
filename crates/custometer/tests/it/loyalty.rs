//! The loyalty report over the sample tables.

use std::collections::BTreeSet;

use custometer::core::Registry;
use serde_json::Value as Json;

use super::{stdout, with_threads};

const REPORT: [&str; 4] = ["run", "config/loyalty.toml", "--format", "json"];

#[test]
fn the_loyalty_report_has_every_loyalty_metric_and_is_the_same_on_one_thread_and_two() {
    let [text, again] = ["1", "2"].map(|threads| stdout(&with_threads(&REPORT, Some(threads))));
    assert!(text == again);
    let json: Json = serde_json::from_str(&text).unwrap();
    let results = json["results"].as_array().unwrap();
    let with_values = results.iter().filter(|row| row["value"].is_number());
    let found: BTreeSet<&str> = with_values.map(|row| row["metric"].as_str().unwrap()).collect();
    let registry = Registry::linked().unwrap();
    let linked = registry.iter().map(|metric| metric.about.id).filter(|id| id.starts_with("loyalty."));
    assert_eq!(found, linked.collect());

    // What the sample data were made to tell: the trained are the more engaged, and the stars of Plus went down in September.
    let row = |request: &str, start: &str, dimension: &str, value: Json| {
        let mut rows = results.iter().filter(|row| row["request"] == request && row["start"].as_str().unwrap().starts_with(start));
        rows.find(|row| row["dimensions"][dimension] == value).unwrap_or_else(|| panic!("{request} {start} {value}"))
    };
    let engagement = |is_trained: bool| row("loyalty.engagement_score", "2025", "is_trained", is_trained.into());
    assert!(engagement(false)["high"].as_f64().unwrap() < engagement(true)["low"].as_f64().unwrap());
    let rating = |quarter: &str| row("loyalty.review_rating", quarter, "product", "Plus".into());
    assert!(rating("2025-10")["high"].as_f64().unwrap() < rating("2025-04")["low"].as_f64().unwrap());

    // And the bad rows that are in them.
    let rejected = json["rejected"].as_array().unwrap().iter().map(|rejection| rejection["reason"].as_str().unwrap());
    let rejected: BTreeSet<&str> = rejected.collect();
    for reason in [
        "`last_active_at` is before `created_at`",
        "`logins_per_month` is not 0 or more",
        "`converted_at` is before `time`",
        "`kind` is not `earn` or `redeem` or `expire`",
        "`rating` is not 1 to 5",
    ] {
        assert!(rejected.contains(reason), "{reason}: {rejected:?}");
    }
}
