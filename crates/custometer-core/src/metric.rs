//! What a metric's author writes: a type with parameters, a page of documentation and a definition.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::definition::Definition;
use crate::params::ParamError;
use crate::unit::{Direction, Unit};

/// A metric, written once and registered with [`register_metric!`](crate::register_metric).
pub trait Metric: 'static {
    /// The parameters a report may give. Unknown ones must be refused (`#[serde(deny_unknown_fields)]`).
    type Params: DeserializeOwned + Serialize + JsonSchema;

    /// The documentation, as data.
    const ABOUT: &'static About;

    /// The metric with these parameters.
    fn define(params: &Self::Params) -> Result<Definition, ParamError>;
}

/// The documentation of a metric: what `metrics describe`, the reference and the JSON Schema are made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct About {
    /// `domain.name`, unique among all linked metrics.
    pub id: &'static str,
    /// A heading, such as "Net promoter score".
    pub title: &'static str,
    /// What it measures, in one or two sentences.
    pub summary: &'static str,
    /// The formula, in words and symbols.
    pub formula: &'static str,
    /// The usual unit.
    pub unit: Unit,
    /// The values it can take, such as "−100 to 100".
    pub range: &'static str,
    /// Which change is usually good news.
    pub direction: Direction,
    /// What happens in each unusual case.
    pub edge_cases: &'static [&'static str],
    /// Worked examples; every one is run as a test.
    pub examples: &'static [Example],
    /// Where the definition comes from.
    pub references: &'static [&'static str],
}

/// A worked example: a small table, and the value it must give.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Example {
    /// What the example shows.
    pub title: &'static str,
    /// What the report says beside the table, as lines of its `[report]`; the grain is `total` unless it says another.
    pub report: &'static str,
    /// Parameters as TOML `key = value` lines.
    pub params: &'static str,
    /// The header line of a CSV file.
    pub header: &'static str,
    /// Lines of the file, each with how often it comes. `{i}` in a line is its running number, so that ids can differ.
    pub rows: &'static [(usize, &'static str)],
    /// The value, for the metric's own dimensions written `name=value` (empty when it has none), after the start of the bucket where the
    /// report has a grain: `2025-01-01 age=1`. None is undefined.
    pub expected: &'static [(&'static str, Option<f64>)],
}

impl Example {
    /// An example of nothing, for what an example does not say: `..Example::NONE`.
    pub const NONE: Self = Self { title: "", report: "", params: "", header: "", rows: &[], expected: &[] };

    /// The lines of the file after its header, each as often as it comes.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.rows.iter().flat_map(|(times, line)| (0..*times).map(move |number| line.replace("{i}", &number.to_string())))
    }
}
