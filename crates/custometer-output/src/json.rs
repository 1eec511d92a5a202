//! JSON: one document with the manifest, the results and the rejected rows.
//!
//! Whole numbers are written as integers, undefined ones as `null`. `start` and `end` are RFC 3339 with offset.

use custometer_core::{DimensionValue, Direction, Unit};
use custometer_runner::result::{Manifest, Rejection, ResultRow, RunResult, SCHEMA_VERSION};
use serde::{Serialize, Serializer};

use crate::tidy::{Measures, instant, number};

/// The whole document.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    manifest: &'a Manifest,
    results: Rows<'a>,
    rejected: &'a [Rejection],
}

/// The results, turned into JSON one at a time.
struct Rows<'a>(&'a [ResultRow]);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Row::from))
    }
}

/// One result.
#[derive(Serialize)]
struct Row<'a> {
    request: &'a str,
    metric: &'a str,
    start: Option<String>,
    end: Option<String>,
    partial: bool,
    dimensions: Dimensions<'a>,
    value: DimensionValue,
    unit: Unit,
    direction: Direction,
    low: DimensionValue,
    high: DimensionValue,
    n: DimensionValue,
    measures: Measures<'a>,
    note: Option<&'a str>,
}

impl<'a> From<&'a ResultRow> for Row<'a> {
    fn from(row: &'a ResultRow) -> Self {
        Self {
            request: &row.request,
            metric: row.metric,
            start: row.start.as_ref().map(|at| instant(at).to_string()),
            end: row.end.as_ref().map(|at| instant(at).to_string()),
            partial: row.partial,
            dimensions: Dimensions(&row.dimensions),
            value: number(row.value),
            unit: row.unit,
            direction: row.direction,
            low: number(row.low),
            high: number(row.high),
            n: number(row.n),
            measures: Measures(&row.measures),
            note: row.note.as_deref(),
        }
    }
}

/// The group of a result, as an object in the order of its dimensions.
struct Dimensions<'a>(&'a [(String, DimensionValue)]);

impl Serialize for Dimensions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The result as indented JSON with a line end after it.
pub(crate) fn render(result: &RunResult) -> serde_json::Result<Vec<u8>> {
    let document =
        Document { schema_version: SCHEMA_VERSION, manifest: &result.manifest, results: Rows(&result.results), rejected: &result.rejected };
    let mut json = serde_json::to_vec_pretty(&document)?;
    json.push(b'\n');
    Ok(json)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::render;
    use crate::fixture;

    fn rendered() -> String {
        String::from_utf8(render(&fixture::result()).unwrap()).unwrap()
    }

    #[test]
    fn a_row_has_every_field_in_a_fixed_order() {
        let expected = r#"
    {
      "request": "NPS",
      "metric": "loyalty.nps",
      "start": "2025-01-01T00:00:00+01:00",
      "end": "2025-02-01T00:00:00+01:00",
      "partial": false,
      "dimensions": {
        "region": "Nordics",
        "year": 2024
      },
      "value": 41.3,
      "unit": "points",
      "direction": "higher_is_better",
      "low": 35,
      "high": 47.5,
      "n": 1204,
      "measures": {
        "promoters": 600,
        "detractors": null
      },
      "note": null
    },"#;
        assert!(rendered().contains(expected), "{}", rendered());
    }

    #[test]
    fn the_document_parses_back() {
        let document: Value = serde_json::from_str(&rendered()).unwrap();
        let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["schema_version", "manifest", "results", "rejected"]);
        assert_eq!(document["schema_version"], json!(2));
        assert_eq!(document["manifest"]["timezone"], json!("Europe/Copenhagen"));
        assert_eq!(document["manifest"]["period"], json!({ "from": "2025-01-01", "until": "2025-03-01" }));
        assert_eq!(document["results"].as_array().unwrap().len(), fixture::result().results.len());
        let rejection = json!({ "table": "responses", "reason": "`score` is above 10", "rows": 1500, "requests": ["NPS", "CSAT"], "examples": [] });
        assert_eq!(document["rejected"], json!([rejection]));
    }

    #[test]
    fn what_is_undefined_or_missing_is_null() {
        let document: Value = serde_json::from_str(&rendered()).unwrap();
        let row = &document["results"][2];
        assert_eq!(row["dimensions"], json!({ "region": null, "year": 2024 }));
        assert_eq!((&row["value"], &row["low"], &row["high"]), (&Value::Null, &Value::Null, &Value::Null));
        assert_eq!(row["n"], json!(0));
        let timeless = document["results"].as_array().unwrap().last().unwrap();
        assert_eq!((&timeless["start"], &timeless["end"]), (&Value::Null, &Value::Null));
    }

    #[test]
    fn whole_numbers_have_no_fraction_and_the_text_ends_in_one_line_end() {
        let json = rendered();
        assert!(!json.contains(".0,"), "{json}");
        assert!(json.ends_with("}\n") && !json.ends_with("\n\n"));
    }
}
