//! The catalogue as data: all that is known of each metric, for programs that show or choose them.
//!
//! It is what `metrics list --format json` and `metrics describe ID --format json` print, and what a host of another language gets. Keys may
//! be added to it, and none is removed or comes to mean something else before the next major version.

use std::collections::BTreeMap;

use custometer_core::metric::Example as Written;
use custometer_core::registry::Descriptor;
use custometer_core::{Column, ColumnType, Definition, DimensionValue, Direction, Domain, NullRule, Registry, Source, Unit};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::description;

/// All metrics of a registry, by id.
pub fn all(registry: &Registry) -> Vec<Entry> {
    registry.iter().map(Entry::of).collect()
}

/// A metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// `domain.name`, as requests write it.
    pub id: &'static str,
    /// A heading.
    pub title: &'static str,
    /// What it measures.
    pub summary: &'static str,
    /// The formula, in words and symbols.
    pub formula: &'static str,
    /// The crate that it is of.
    #[serde(rename = "crate")]
    pub krate: &'static str,
    /// The usual unit.
    pub unit: Unit,
    /// The values it can take, in words.
    pub range: &'static str,
    /// Which change is usually good news.
    pub direction: Direction,
    /// The JSON Schema of its parameters.
    pub params: Json,
    /// What it reads and what its results have. With other parameters this may differ: the first is what it usually is, and each other one
    /// differs from those before it.
    pub variants: Vec<Variant>,
    /// What happens in each unusual case.
    pub edge_cases: &'static [&'static str],
    /// Worked examples, each of which is run as a test.
    pub examples: Vec<Example>,
    /// Where the definition comes from.
    pub references: &'static [&'static str],
}

/// What a metric reads, and what its results have, with parameters that are an example of those it is so with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Variant {
    /// The parameters.
    pub params: Map<String, Json>,
    /// The rest, which is what variants differ in.
    #[serde(flatten)]
    pub shape: Shape,
}

/// What a metric reads, and what its results have.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Shape {
    /// The unit.
    pub unit: Unit,
    /// Which change is good news.
    pub direction: Direction,
    /// What is read.
    pub input: Input,
    /// The dimensions that results have beside those of a breakdown.
    pub dimensions: Vec<String>,
    /// The numbers that results show beside the value.
    pub measures: Vec<String>,
    /// The columns of the table of details; none where there is no such table.
    pub detail: Vec<String>,
}

/// What is read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Input {
    /// The logical table.
    pub table: &'static str,
    /// What one row of it is; none where the domain does not say.
    pub row: Option<&'static str>,
    /// The column whose instant decides the bucket; none where the metric knows no time.
    pub time: Option<&'static str>,
    /// Whether that column is read even where a report has neither period nor grain.
    pub time_is_required: bool,
    /// The columns; the one of `time` only where it is read for more than the bucket.
    pub columns: Vec<InputColumn>,
    /// Why a row is rejected, beside what is said of each column.
    pub rejected_when: Vec<String>,
}

/// A column that is read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct InputColumn {
    /// Its logical name, which `columns` of a table maps to the file's.
    pub name: &'static str,
    /// What its values are: `identifier`, `text`, `number`, `boolean` or `time`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The unit of its values, where they have one.
    pub unit: Option<Unit>,
    /// What it holds, in a sentence.
    pub description: &'static str,
    /// What becomes of a row where it is missing: `rejected`, `left_out` or `used`.
    pub missing: &'static str,
    /// Whether the table may do without it.
    pub is_optional: bool,
    /// Which values are possible; any other is rejected.
    pub values: Values,
    /// What exports call it, by `inspect`.
    pub also_called: Vec<&'static str>,
}

/// Which values are possible. What is none is not bounded.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Values {
    /// The least number, or the first year of times.
    pub min: DimensionValue,
    /// The greatest number, or the last year of times.
    pub max: DimensionValue,
    /// Whether they are whole numbers.
    pub is_whole: bool,
    /// The words that are possible.
    pub one_of: Option<&'static [&'static str]>,
}

/// A worked example: a small table, and the results it must have.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Example {
    /// What it shows.
    pub title: &'static str,
    /// What the report says beside the request, in TOML: lines of its `[report]`, and sections after them.
    pub report: &'static str,
    /// The parameters.
    pub params: Map<String, Json>,
    /// The table, as a CSV file.
    pub table: String,
    /// The results.
    pub expected: Vec<Expected>,
}

/// A result of an example.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Expected {
    /// The first day of the bucket, where the report has a grain.
    pub start: Option<Date>,
    /// The metric's own dimensions.
    pub dimensions: BTreeMap<String, String>,
    /// The value; none where it is undefined.
    pub value: DimensionValue,
}

impl Entry {
    /// All that is known of a metric.
    pub fn of(metric: &Descriptor) -> Self {
        let about = metric.about;
        let mut variants: Vec<Variant> = Vec::new();
        for (params, definition) in description::definitions(metric) {
            let shape = Shape::of(metric, &definition);
            if variants.iter().all(|known| known.shape != shape) {
                variants.push(Variant { params: description::read(params), shape });
            }
        }
        Self {
            id: about.id,
            title: about.title,
            summary: about.summary,
            formula: about.formula,
            krate: metric.krate,
            unit: about.unit,
            range: about.range,
            direction: about.direction,
            params: metric.params_schema().to_value(),
            variants,
            edge_cases: about.edge_cases,
            examples: about.examples.iter().map(Example::of).collect(),
            references: about.references,
        }
    }
}

impl Shape {
    fn of(metric: &Descriptor, definition: &Definition) -> Self {
        Self {
            unit: definition.unit.unwrap_or(metric.about.unit),
            direction: definition.direction.unwrap_or(metric.about.direction),
            input: Input::of(&definition.source),
            dimensions: definition.dimensions(),
            measures: definition.measures.iter().map(|measure| measure.name.clone()).collect(),
            detail: definition.detail.clone(),
        }
    }
}

impl Input {
    fn of(source: &Source) -> Self {
        Self {
            table: source.table.name,
            row: Some(source.table.row).filter(|row| !row.is_empty()),
            time: source.time,
            time_is_required: source.is_always_timed,
            columns: description::columns(source).map(InputColumn::of).collect(),
            rejected_when: source.reasons(),
        }
    }
}

impl InputColumn {
    fn of(column: &Column) -> Self {
        Self {
            name: column.name,
            kind: match column.kind {
                // What messages call by three words is one here.
                ColumnType::Boolean => "boolean",
                kind => kind.as_str(),
            },
            unit: column.unit,
            description: column.description,
            missing: match column.nulls {
                NullRule::Reject => "rejected",
                NullRule::Skip => "left_out",
                NullRule::Keep => "used",
            },
            is_optional: column.is_optional,
            values: Values::of(column.domain),
            also_called: column.also_called.split(',').map(str::trim).filter(|name| !name.is_empty()).collect(),
        }
    }
}

impl Values {
    fn of(domain: Domain) -> Self {
        let any = Self { min: DimensionValue::Missing, max: DimensionValue::Missing, is_whole: false, one_of: None };
        match domain {
            Domain::Between { min, max } => Self { min: Some(min).into(), max: Some(max).into(), ..any },
            Domain::Whole { min, max } => Self { min: min.into(), max: max.into(), is_whole: true, ..any },
            Domain::Years { from, until } => Self { min: i64::from(from).into(), max: i64::from(until).into(), ..any },
            Domain::OneOf(words) => Self { one_of: Some(words), ..any },
            _ => any,
        }
    }
}

impl Example {
    fn of(example: &Written) -> Self {
        let lines = std::iter::once(example.header.to_owned()).chain(example.lines());
        Self {
            title: example.title,
            report: example.report,
            params: description::read(example.params),
            table: lines.map(|line| line + "\n").collect(),
            expected: example.expected.iter().map(|(of, value)| Expected::of(of, *value)).collect(),
        }
    }
}

impl Expected {
    /// A result as authors write it: `2025-01-01 age=1,source=web`.
    fn of(written: &str, value: Option<f64>) -> Self {
        let (first, rest) = written.split_once(' ').unwrap_or((written, ""));
        let start = first.parse::<Date>().ok();
        let mut dimensions: Vec<(String, String)> = Vec::new();
        for part in if start.is_some() { rest } else { written }.split(',') {
            match (part.split_once('='), dimensions.last_mut()) {
                (Some((name, value)), _) => dimensions.push((name.to_owned(), value.to_owned())),
                // A value may have a comma in it.
                (None, Some((_, value))) => *value = format!("{value},{part}"),
                (None, None) => {}
            }
        }
        Self { start, dimensions: dimensions.into_iter().collect(), value: value.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_example_expects_is_told_apart() {
        let of = |written: &str| {
            let found = Expected::of(written, None);
            let dimensions: Vec<String> = found.dimensions.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            (found.start.map(|start| start.to_string()), dimensions.join("; "))
        };
        assert_eq!(of(""), (None, String::new()));
        assert_eq!(of("2025-01-01"), (Some("2025-01-01".to_owned()), String::new()));
        assert_eq!(of("2025-01-01 age=1,source=web"), (Some("2025-01-01".to_owned()), "age: 1; source: web".to_owned()));
        assert_eq!(of("topic=how, and why,age=2"), (None, "age: 2; topic: how, and why".to_owned()));
        assert_eq!(of("stage=checked out"), (None, "stage: checked out".to_owned()));
    }

    #[test]
    fn what_has_no_bound_says_none() {
        let values = |domain| serde_json::to_string(&Values::of(domain)).unwrap();
        assert_eq!(values(Domain::Between { min: 0.0, max: f64::INFINITY }), r#"{"min":0,"max":null,"is_whole":false,"one_of":null}"#);
        assert_eq!(values(Domain::Whole { min: 0, max: 10 }), r#"{"min":0,"max":10,"is_whole":true,"one_of":null}"#);
        assert_eq!(values(Domain::OneOf(&["a"])), r#"{"min":null,"max":null,"is_whole":false,"one_of":["a"]}"#);
    }
}
