//! The support report over the sample tables.

use std::collections::BTreeSet;

use custometer::core::Registry;
use serde_json::Value as Json;

use super::{custometer, stdout};

fn results() -> Vec<Json> {
    let json: Json = serde_json::from_str(&stdout(&custometer(&["run", "config/support.toml", "--format", "json"]))).unwrap();
    json["results"].as_array().unwrap().clone()
}

#[test]
fn the_support_report_has_every_support_metric() {
    let results = results();
    let with_values = results.iter().filter(|row| row["value"].is_number());
    let found: BTreeSet<&str> = with_values.map(|row| row["metric"].as_str().unwrap()).filter(|id| id.starts_with("support.")).collect();
    let registry = Registry::linked().unwrap();
    let linked = registry.iter().map(|metric| metric.about.id).filter(|id| id.starts_with("support."));
    assert_eq!(found, linked.collect());

    let value = |request: &str, dimensions: &[(&str, &str)]| {
        let same = |row: &&Json| row["request"] == request && dimensions.iter().all(|(name, value)| row["dimensions"][name] == *value);
        results.iter().find(same).unwrap_or_else(|| panic!("{request} {dimensions:?}"))["value"].as_f64().unwrap()
    };
    // What the sample data were made to tell: a chat is easier than a call, and more would like to chat than do.
    assert!(value("support.ces", &[("channel", "chat")]) > value("support.ces", &[("channel", "phone")]) + 0.5);
    let row = results.iter().find(|row| row["request"] == "support.channel_preference" && row["dimensions"]["channel"] == "chat").unwrap();
    assert!(row["low"].as_f64().unwrap() > row["measures"]["observed_share"].as_f64().unwrap());
    // The rate whose base comes from another table.
    let rates = results.iter().filter(|row| row["request"] == "contact_rate");
    assert_eq!(rates.clone().count(), 12);
    for rate in rates {
        let [tickets, subscribers] = ["tickets_by_month", "subscribers"].map(|part| rate["measures"][part].as_f64().unwrap());
        assert!((rate["value"].as_f64().unwrap() - 100.0 * tickets / subscribers).abs() < 1e-9);
    }
    // Most feedback comes and is answered by email.
    let email = value("support.feedback_response_rate", &[("channel", "email")]);
    assert!(email > value("support.feedback_response_rate", &[("channel", "store")]) + 20.0);
}
