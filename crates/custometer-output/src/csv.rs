//! CSV: one tidy file, a row per result.
//!
//! The columns are `request, metric, start, end, partial`, one `by.<dimension>` for each dimension of the run, and `value, unit,
//! direction, low, high, n, measures, note`; `measures` is a JSON object. Fields are quoted as in RFC 4180, lines end in `\n`, the
//! text is UTF-8. Undefined numbers are empty. So is a dimension that a row's breakdown leaves out, and a value that the data lack:
//! only JSON tells these two apart.
//!
//! Text from the data or the config that a spreadsheet would run as a formula gets a leading single quote.

use custometer_core::DimensionValue;
use custometer_runner::result::RunResult;

use crate::tidy::{dimension, dimension_column, dimension_names, instant, measures, number};

const BEFORE_DIMENSIONS: [&str; 5] = ["request", "metric", "start", "end", "partial"];
const AFTER_DIMENSIONS: [&str; 8] = ["value", "unit", "direction", "low", "high", "n", "measures", "note"];

/// The result as CSV with a header.
pub(crate) fn render(result: &RunResult) -> serde_json::Result<Vec<u8>> {
    let names = dimension_names(&result.results);
    let mut csv = Writer::default();
    for name in BEFORE_DIMENSIONS {
        csv.field(name);
    }
    for name in &names {
        csv.field(&dimension_column(name));
    }
    for name in AFTER_DIMENSIONS {
        csv.field(name);
    }
    csv.end_line();
    for row in &result.results {
        csv.foreign(&row.request);
        csv.field(row.metric);
        for edge in [&row.start, &row.end] {
            csv.field(&edge.as_ref().map(|at| instant(at).to_string()).unwrap_or_default());
        }
        csv.field(if row.partial { "true" } else { "false" });
        for name in &names {
            csv.value(dimension(row, name).unwrap_or(&DimensionValue::Missing));
        }
        csv.value(&number(row.value));
        csv.field(row.unit.as_str());
        csv.field(row.direction.as_str());
        for bound in [row.low, row.high, row.n] {
            csv.value(&number(bound));
        }
        csv.field(&measures(row)?);
        csv.foreign(row.note.as_deref().unwrap_or_default());
        csv.end_line();
    }
    Ok(csv.text.into_bytes())
}

/// Puts fields into lines.
#[derive(Default)]
struct Writer {
    text: String,
    inside_line: bool,
}

impl Writer {
    /// Adds a field, quoted where it needs to be.
    fn field(&mut self, field: &str) {
        if self.inside_line {
            self.text.push(',');
        }
        self.inside_line = true;
        if field.contains([',', '"', '\n', '\r']) {
            self.text.push('"');
            self.text.push_str(&field.replace('"', "\"\""));
            self.text.push('"');
        } else {
            self.text.push_str(field);
        }
    }

    /// Adds text that this program did not write, so that no spreadsheet runs it.
    fn foreign(&mut self, text: &str) {
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            self.field(&format!("'{text}"));
        } else {
            self.field(text);
        }
    }

    /// Adds a value: numbers stay numbers, whatever their sign.
    fn value(&mut self, value: &DimensionValue) {
        match value {
            DimensionValue::Text(text) => self.foreign(text),
            other => self.field(&other.to_string()),
        }
    }

    fn end_line(&mut self) {
        self.text.push('\n');
        self.inside_line = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn the_file_is_tidy() {
        let csv = String::from_utf8(render(&fixture::result()).unwrap()).unwrap();
        let expected = r#"request,metric,start,end,partial,by.region,by.year,value,unit,direction,low,high,n,measures,note
NPS,loyalty.nps,2025-01-01T00:00:00+01:00,2025-02-01T00:00:00+01:00,false,,,-5,points,higher_is_better,-12.25,2,1310,{},
NPS,loyalty.nps,2025-01-01T00:00:00+01:00,2025-02-01T00:00:00+01:00,false,Nordics,2024,41.3,points,higher_is_better,35,47.5,1204,"{""promoters"":600,""detractors"":null}",
NPS,loyalty.nps,2025-02-01T00:00:00+01:00,2025-03-01T00:00:00+01:00,true,,2024,,points,higher_is_better,,,0,{},no rows
'=Time,support.first_response_time,,,false,"'=HYPERLINK(""http://x"",""y"")",-3,7505,seconds,lower_is_better,,,12.5,{},"two
lines, ""quoted"""
"#;
        assert_eq!(csv, expected);
    }

    fn written(value: impl Into<DimensionValue>) -> String {
        let mut csv = Writer::default();
        csv.value(&value.into());
        csv.text
    }

    #[test]
    fn text_that_looks_like_a_formula_is_neutralised() {
        for text in ["=1+1", "+45 11", "-5", "@SUM(A1)", "\tx"] {
            assert_eq!(written(text), format!("'{text}"));
        }
        assert_eq!(written("\rx"), "\"'\rx\"");
        assert_eq!(written("a=b"), "a=b");
        assert_eq!(written("Ærø, DK"), "\"Ærø, DK\"");
    }

    #[test]
    fn negative_numbers_stay_numbers() {
        assert_eq!(written(-5), "-5");
        assert_eq!(written(-0.25), "-0.25");
        assert_eq!(written(60.0), "60");
    }
}
