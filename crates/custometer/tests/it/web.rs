//! The web-engagement report over the sample tables.

use std::collections::BTreeSet;

use custometer::core::Registry;
use serde_json::Value as Json;

use super::{custometer, stdout};

#[test]
fn the_web_report_has_every_web_metric() {
    let json: Json = serde_json::from_str(&stdout(&custometer(&["run", "config/web-engagement.toml", "--format", "json"]))).unwrap();
    let results = json["results"].as_array().unwrap();
    let with_values = results.iter().filter(|row| row["value"].is_number());
    let found: BTreeSet<&str> = with_values.map(|row| row["metric"].as_str().unwrap()).collect();
    let registry = Registry::linked().unwrap();
    let linked = registry.iter().map(|metric| metric.about.id).filter(|id| id.starts_with("web."));
    assert_eq!(found, linked.collect());

    let sum = |request: &str, dimension: Option<&str>| -> f64 {
        let of_request = results.iter().filter(|row| row["request"] == request);
        let rows = of_request.filter(|row| row["dimensions"].as_object().unwrap().keys().map(String::as_str).eq(dimension));
        rows.map(|row| row["value"].as_f64().unwrap()).sum()
    };
    // A session has one landing page and one channel, and is in one month.
    let sessions = sum("web.sessions", None);
    assert!(sessions > 100.0);
    assert_eq!(sum("landing_pages", Some("page")), sessions);
    assert_eq!(sum("web.sessions", Some("channel")), sessions);
}
