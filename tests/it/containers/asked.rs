//! A net promoter score of a table, and what comes of asking for it.

use serde_json::Value as Json;

pub(super) fn report(table: &str) -> String {
    format!("[tables.t]\n{table}\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\n")
}

/// The values of a result, in its order.
pub(super) fn values(result: &Json) -> Vec<f64> {
    result["results"].as_array().unwrap().iter().filter_map(|row| row["value"].as_f64()).collect()
}

/// A message on one line, without the frame that is drawn around it.
pub(super) fn words(text: &str) -> String {
    text.replace(['\n', '│', '╰', '├', '·'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}
