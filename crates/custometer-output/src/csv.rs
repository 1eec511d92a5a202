//! CSV: one tidy file, a row per result.
//!
//! The columns are `request, metric, grain, start, end, partial`, one `by.<dimension>` for each dimension of the run, `value, unit,
//! direction, low, high, n, measures, suppressed`, for each baseline of the report `<baseline>.value, .change, .relative_change,
//! .p_value, .significant, .better`, where requests have targets `target.at_least, .at_most, .holds, .status, .progress, .decides`, where they
//! have benchmarks `benchmark.value, .source, .change, .relative_change, .better`, `alerts` with their names, and `note`; `measures` is a JSON
//! object. Fields are quoted as in RFC 4180, lines end in `\n`, the text is
//! UTF-8. Undefined numbers are empty. So is a dimension that a row's breakdown leaves out, and a value that the data lack: only JSON
//! tells these two apart.
//!
//! Text from the data or the config that a spreadsheet would run as a formula gets a single quote before the formula.

use std::borrow::Cow;

use custometer_core::{CurrencyCode, DimensionValue, dimension::from_series};
use custometer_runner::result::RunResult;
use polars::prelude::{DataFrame, PolarsResult};

use crate::tidy::{Field, Standing, baseline_column, change_numbers, dimension_column, dimension_names, instant, measures, number};

const BEFORE_DIMENSIONS: [&str; 6] = ["request", "metric", "grain", "start", "end", "partial"];
const AFTER_DIMENSIONS: [&str; 9] = ["value", "unit", "currency", "direction", "low", "high", "n", "measures", "suppressed"];

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
    for &baseline in &result.manifest.compare {
        for (name, _) in change_numbers(None) {
            csv.field(&baseline_column(baseline, name));
        }
        csv.field(&baseline_column(baseline, "significant"));
        csv.field(&baseline_column(baseline, "better"));
    }
    let standing = Standing::of(result);
    for (name, _) in standing.fields(None) {
        csv.field(name);
    }
    csv.field("note");
    csv.end_line();
    for (position, row) in result.results.iter().enumerate() {
        csv.foreign(&row.request);
        csv.field(row.metric);
        csv.field(row.grain.as_str());
        for edge in [&row.start, &row.end] {
            csv.field(&edge.as_ref().map(|at| instant(at).to_string()).unwrap_or_default());
        }
        csv.value(&DimensionValue::Boolean(row.partial));
        for name in &names {
            csv.value(row.dimension(name).unwrap_or(&DimensionValue::Missing));
        }
        csv.value(&number(row.value));
        csv.field(row.unit.as_str());
        csv.field(row.currency.as_ref().map_or("", CurrencyCode::as_str));
        csv.field(row.direction.as_str());
        for bound in [row.low, row.high, row.n] {
            csv.value(&number(bound));
        }
        csv.field(&measures(row)?);
        csv.value(&DimensionValue::Boolean(row.suppressed));
        for &baseline in &result.manifest.compare {
            let comparison = row.comparison(baseline);
            for (_, value) in change_numbers(comparison) {
                csv.value(&number(value));
            }
            csv.flag(comparison.and_then(|comparison| comparison.significant));
            csv.flag(row.is_better(comparison.and_then(|comparison| comparison.change)));
        }
        for (_, field) in standing.fields(Some((position, row))) {
            match field {
                Field::Text(text) => csv.foreign(text.as_deref().unwrap_or_default()),
                Field::Number(value) => csv.value(&number(value)),
                Field::Flag(flag) => csv.flag(flag),
            }
        }
        csv.foreign(row.note.as_deref().unwrap_or_default());
        csv.end_line();
    }
    Ok(csv.text.into_bytes())
}

/// The names of a frame's columns as a line.
pub(crate) fn header(frame: &DataFrame) -> String {
    let mut csv = Writer::default();
    for name in frame.get_column_names() {
        csv.foreign(name);
    }
    csv.end_line();
    csv.text
}

/// The rows of a frame as lines: numbers stay numbers, text is made safe.
pub(crate) fn lines(frame: &DataFrame) -> PolarsResult<String> {
    let columns = frame.columns().iter().map(|column| from_series(column.as_materialized_series())).collect::<PolarsResult<Vec<_>>>()?;
    let mut csv = Writer::default();
    for row in 0..frame.height() {
        for column in &columns {
            csv.value(&column[row]);
        }
        csv.end_line();
    }
    Ok(csv.text)
}

/// The alerts, a line each: `alert, severity, message, request, start, end`, the dimensions, `value`.
pub(crate) fn alerts(result: &RunResult) -> String {
    let names = dimension_names(&result.results);
    let mut csv = Writer::default();
    for name in ["alert", "severity", "message", "request", "start", "end"] {
        csv.field(name);
    }
    for name in &names {
        csv.field(&dimension_column(name));
    }
    csv.field("value");
    csv.end_line();
    for (alert, row) in result.alerts.iter().filter_map(|alert| Some((alert, result.results.get(alert.row)?))) {
        csv.foreign(&alert.name);
        csv.field(alert.severity.as_str());
        csv.foreign(&alert.message);
        csv.foreign(&row.request);
        for edge in [&row.start, &row.end] {
            csv.field(&edge.as_ref().map(|at| instant(at).to_string()).unwrap_or_default());
        }
        for name in &names {
            csv.value(row.dimension(name).unwrap_or(&DimensionValue::Missing));
        }
        csv.value(&number(row.value));
        csv.end_line();
    }
    csv.text
}

/// The rejected rows by table and reason, a line for each example: `table, reason, rows, requests, file, row, column, value`.
pub(crate) fn rejected(result: &RunResult) -> String {
    let mut csv = Writer::default();
    for name in ["table", "reason", "rows", "requests", "file", "row", "column", "value"] {
        csv.field(name);
    }
    csv.end_line();
    for rejection in &result.rejected {
        let examples = rejection.examples.iter().map(Some).chain(rejection.examples.is_empty().then_some(None));
        for example in examples {
            csv.foreign(&rejection.table);
            csv.foreign(&rejection.reason);
            csv.field(&rejection.rows.to_string());
            csv.foreign(&rejection.requests.join(", "));
            csv.foreign(example.map_or("", |example| &example.file));
            csv.field(&example.map(|example| example.row.to_string()).unwrap_or_default());
            csv.foreign(example.and_then(|example| example.column.as_deref()).unwrap_or_default());
            csv.foreign(example.and_then(|example| example.value.as_deref()).unwrap_or_default());
            csv.end_line();
        }
    }
    csv.text
}

/// Text that no spreadsheet runs: where a cell of it would begin like a formula, a single quote comes first. Spreadsheets of many
/// countries begin a cell after a semicolon, and some after a tab or a line break in a field.
fn neutral(text: &str) -> Cow<'_, str> {
    let mut neutral = Cow::Borrowed("");
    let mut rest = text;
    let mut is_start = true;
    loop {
        let begins = if is_start { rest.starts_with(SIGNS) || rest.starts_with(BREAKS) } else { is_formula(rest) };
        if begins {
            neutral.to_mut().push('\'');
        }
        let end = rest.find([';', '\t', '\n', '\r']).map_or(rest.len(), |at| at + 1);
        neutral += &rest[..end];
        rest = &rest[end..];
        is_start = false;
        if rest.is_empty() {
            return neutral;
        }
    }
}

/// What a formula begins with, also in the width of Chinese and Japanese signs.
const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// What a spreadsheet may skip before a formula.
const BREAKS: [char; 3] = ['\t', '\r', '\n'];

/// Whether a part within a text is a formula, and not a sign of its own, such as a smiley after a semicolon.
fn is_formula(part: &str) -> bool {
    let part = part.trim_start_matches([' ', '"']);
    let mut characters = part.chars();
    match characters.next() {
        Some('=' | '＝' | '@' | '＠') => true,
        Some('+' | '-' | '＋' | '－') => {
            characters.next().is_some_and(|next| next.is_alphanumeric() || matches!(next, '(' | '"' | '\'' | '=' | '@' | '+' | '-'))
        }
        _ => false,
    }
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
        self.field(&neutral(text));
    }

    /// Adds a value: numbers stay numbers, whatever their sign.
    fn value(&mut self, value: &DimensionValue) {
        match value {
            DimensionValue::Text(text) => self.foreign(text),
            other => self.field(&other.to_string()),
        }
    }

    /// Adds a flag, if there is one.
    fn flag(&mut self, flag: Option<bool>) {
        self.value(&flag.map_or(DimensionValue::Missing, DimensionValue::Boolean));
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
        let expected = r#"request,metric,grain,start,end,partial,by.region,by.year,value,unit,currency,direction,low,high,n,measures,suppressed,previous.value,previous.change,previous.relative_change,previous.p_value,previous.significant,previous.better,year_ago.value,year_ago.change,year_ago.relative_change,year_ago.p_value,year_ago.significant,year_ago.better,target.at_least,target.at_most,target.holds,target.status,target.progress,target.decides,benchmark.value,benchmark.source,benchmark.change,benchmark.relative_change,benchmark.better,alerts,note
NPS,loyalty.nps,month,2025-01-01T00:00:00+01:00,2025-02-01T00:00:00+01:00,false,,,-5,points,,higher_is_better,-12.25,2,1310,{},false,36.5,-1.5,-42,0.4,false,false,,,,,,,40,,,missed,-12.5,true,32,our 2024 average,-37,,false,dropped,
NPS,loyalty.nps,month,2025-01-01T00:00:00+01:00,2025-02-01T00:00:00+01:00,false,Nordics,2024,41.3,points,,higher_is_better,35,47.5,1204,"{""promoters"":600,""detractors"":null}",false,36.5,4.8,,0.0125,true,true,,,,,,,40,,,met,103.25,false,32,our 2024 average,9.3,,true,,
NPS,loyalty.nps,month,2025-02-01T00:00:00+01:00,2025-03-01T00:00:00+01:00,true,,2024,,points,,higher_is_better,,,0,{},false,,,,,,,,,,,,,40,,,unknown,,false,32,our 2024 average,,,,,no rows
NPS,loyalty.nps,month,2025-02-01T00:00:00+01:00,2025-03-01T00:00:00+01:00,true,Iceland,2024,,points,,higher_is_better,,,,{},true,,,,,,,,,,,,,40,,,unknown,,false,32,our 2024 average,,,,,
'=Time,support.first_response_time,total,,,false,"'=HYPERLINK(""http://x"",""y"")",-3,7505,seconds,,lower_is_better,,,12.5,{},false,,,,,,,,,,,,,,,,,,,,,,,,,"two
lines, ""quoted"""
"#;
        assert_eq!(csv, expected);
    }

    #[test]
    fn without_baselines_there_are_no_columns_for_them() {
        let mut result = fixture::result();
        result.manifest.compare.clear();
        let csv = String::from_utf8(render(&result).unwrap()).unwrap();
        assert!(csv.lines().next().unwrap().contains(",measures,suppressed,target.at_least,"), "{csv}");
    }

    #[test]
    fn a_frame_is_written_safely() {
        let frame = fixture::result().rejected_rows.unwrap();
        assert_eq!(
            header(&frame) + &lines(&frame).unwrap(),
            "file,row,'=score,amount\nresponses.csv,17,11,-2.5\nresponses.csv,18,'=1\u{1b}[31m,\n"
        );
    }

    fn written(value: impl Into<DimensionValue>) -> String {
        let mut csv = Writer::default();
        csv.value(&value.into());
        csv.text
    }

    #[test]
    fn text_that_looks_like_a_formula_is_neutralised() {
        for text in ["=1+1", "+45 11", "-5", "@SUM(A1)", "\tx", "＝1+1", "＋1", "－1", "＠A1", "-"] {
            assert_eq!(written(text), format!("'{text}"));
        }
        assert_eq!(written("\rx"), "\"'\rx\"");
        assert_eq!(written("\n=1"), "\"'\n'=1\"");
        // Where a semicolon separates cells, the second begins within the field.
        assert_eq!(written("a;=1+1"), "a;'=1+1");
        assert_eq!(written("a; \"-2+3"), "\"a;' \"\"-2+3\"");
        assert_eq!(written("a;b\t@x;＝y"), "a;b\t'@x;'＝y");
        for text in ["a=b", "so good ;-)", "a; b - c; d", "æ;ø", ""] {
            assert_eq!(written(text), text);
        }
        assert_eq!(written("Ærø, DK"), "\"Ærø, DK\"");
    }

    #[test]
    fn negative_numbers_stay_numbers() {
        assert_eq!(written(-5), "-5");
        assert_eq!(written(-0.25), "-0.25");
        assert_eq!(written(60.0), "60");
    }
}
