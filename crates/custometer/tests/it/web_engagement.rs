//! The web-engagement report over the sample tables.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{custometer, stdout};

fn results() -> Vec<Json> {
    let json: Json = serde_json::from_str(&stdout(&custometer(&["run", "config/web-engagement.toml", "--format", "json"]))).unwrap();
    json["results"].as_array().unwrap().clone()
}

#[test]
fn the_web_report_has_users_funnels_and_search() {
    let results = results();
    let with_values = results.iter().filter(|row| row["value"].is_number());
    let found: BTreeSet<&str> = with_values.map(|row| row["metric"].as_str().unwrap()).collect();
    for metric in [
        "user_retention",
        "user_churn",
        "funnel",
        "organic_clicks",
        "impressions",
        "click_through_rate",
        "average_position",
        "keyword_ranking",
    ] {
        assert!(found.contains(format!("web.{metric}").as_str()), "{metric}");
    }

    let value = |request: &str, start: &str, dimensions: &[(&str, &str)]| {
        let same = |row: &&Json| {
            let starts = row["start"].as_str().unwrap().starts_with(start);
            row["request"] == request && starts && dimensions.iter().all(|(name, value)| row["dimensions"][name] == *value)
        };
        results.iter().find(same).unwrap_or_else(|| panic!("{request} {dimensions:?}"))["value"].as_f64().unwrap()
    };
    // What the sample data were made to tell: in September some pages change places, and most purchases are made from the cart.
    assert!(value("movers", "2025-07", &[("movement", "stayed")]) < value("movers", "2025-04", &[("movement", "stayed")]));
    assert!(value("web.funnel", "2025", &[("step", "purchase")]) > value("web.funnel", "2025", &[("step", "cart")]) / 3.0);
}
