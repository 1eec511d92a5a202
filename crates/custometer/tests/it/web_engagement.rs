//! The web-engagement report over the sample tables.

use std::collections::BTreeSet;

use custometer::core::Registry;
use serde_json::Value as Json;

use super::{custometer, stdout};

fn results() -> Vec<Json> {
    let json: Json = serde_json::from_str(&stdout(&custometer(&["run", "config/web-engagement.toml", "--format", "json"]))).unwrap();
    json["results"].as_array().unwrap().clone()
}

#[test]
fn the_web_report_has_every_web_metric() {
    let results = results();
    let with_values = results.iter().filter(|row| row["value"].is_number());
    let found: BTreeSet<&str> = with_values.map(|row| row["metric"].as_str().unwrap()).collect();
    let registry = Registry::linked().unwrap();
    let linked = registry.iter().map(|metric| metric.about.id).filter(|id| id.starts_with("web."));
    assert_eq!(found, linked.collect());

    // A session has one landing page and one channel, and is in one month.
    let sum = |request: &str, dimension: Option<&str>| -> f64 {
        let of_request = results.iter().filter(|row| row["request"] == request);
        let rows = of_request.filter(|row| row["dimensions"].as_object().unwrap().keys().map(String::as_str).eq(dimension));
        rows.map(|row| row["value"].as_f64().unwrap()).sum()
    };
    let sessions = sum("web.sessions", None);
    assert!(sessions > 100.0);
    assert_eq!(sum("landing_pages", Some("page")).to_bits(), sessions.to_bits());
    assert_eq!(sum("web.sessions", Some("channel")).to_bits(), sessions.to_bits());

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
