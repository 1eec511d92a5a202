//! A metric as the engine sees it: source, derivation, measures and value, as data.

use std::sync::Arc;

use polars::prelude::Expr;

use crate::column::ColumnType;
use crate::derivation::{BucketRule, Derive, DimensionRule};
use crate::dimension::DimensionValue;
use crate::measure::{Measure, Stock};
use crate::picture::Picture;
use crate::source::Source;
use crate::unit::{Direction, Unit};
use crate::value::Value;

/// A metric with its parameters settled.
#[derive(Debug, Clone)]
pub struct Definition {
    /// What is read.
    pub source: Source,
    /// Words that rows are to have.
    pub expected: Vec<Expected>,
    /// Rows to other rows, where the metric needs it.
    pub derivation: Option<Arc<dyn Derive>>,
    /// Dimensions that the metric itself makes, such as the score of a distribution or the age of a cohort.
    pub own_dimensions: Vec<OwnDimension>,
    /// What is aggregated.
    pub measures: Vec<Measure>,
    /// What the result is.
    pub value: Value,
    /// The unit, where the parameters change it from the metric's usual one.
    pub unit: Option<Unit>,
    /// Which change is good news, where the parameters change it from the metric's usual one.
    pub direction: Option<Direction>,
    /// Columns of the derived rows that make the metric's detail table, one row per entity; empty when it has none.
    pub detail: Vec<String>,
    /// What a reader must know of the choices made, such as which of several rival definitions was used.
    pub note: Option<String>,
    /// How the values over its own dimension are best shown, where their shape alone does not tell.
    pub picture: Option<Picture>,
    /// What it is by rates that change: a definition over amounts [in their own currencies](Source::in_own_currencies). None where it has no
    /// meaning then; a report that has such rates for amounts that are due again and again is refused.
    pub by_changing_rates: Option<Box<Self>>,
}

/// Words of a text column that a definition compares with. Where no row has them, the run says so, with the words that there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The source's column.
    pub column: &'static str,
    /// What names the words, such as a parameter.
    pub named_by: String,
    /// The words, written just so.
    pub words: Vec<String>,
    /// Whether one of them is enough, as it is for those that a metric takes unless told otherwise.
    pub any: bool,
}

/// A dimension that a metric makes itself.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnDimension {
    /// Its name in the result.
    pub name: String,
    /// What a row's value is.
    pub value: Expr,
    /// All values, where they are known beforehand: each then appears in every group, with or without rows.
    pub domain: Option<Vec<DimensionValue>>,
}

impl Definition {
    /// A definition over a source, whose value is set last.
    pub fn over(source: Source) -> Self {
        Self {
            source,
            expected: Vec::new(),
            derivation: None,
            own_dimensions: Vec::new(),
            measures: Vec::new(),
            value: Value::Measure { measure: String::new(), n: None },
            unit: None,
            direction: None,
            detail: Vec::new(),
            note: None,
            picture: None,
            by_changing_rates: None,
        }
    }

    /// Words of a text column that a parameter of the report names: each that no row has is said.
    #[must_use]
    pub fn expects<'a>(self, column: &'static str, param: &str, words: impl IntoIterator<Item = &'a String>) -> Self {
        self.expecting(column, format!("`{param}`"), words.into_iter().cloned().collect(), false)
    }

    /// Words of a text column that a parameter has unless the report gives others: it is said when no row has any of them.
    #[must_use]
    pub fn expects_any<'a>(self, column: &'static str, param: &str, words: impl IntoIterator<Item = &'a String>) -> Self {
        self.expecting(column, format!("`{param}`"), words.into_iter().cloned().collect(), true)
    }

    /// Words of a text column, and what names them, as messages call it.
    #[must_use]
    pub fn expecting(mut self, column: &'static str, named_by: String, words: Vec<String>, any: bool) -> Self {
        if !words.is_empty() {
            self.expected.push(Expected { column, named_by, words, any });
        }
        self
    }

    /// Derives other rows before anything is measured.
    #[must_use]
    pub fn derive(mut self, derivation: impl Derive + 'static) -> Self {
        self.derivation = Some(Arc::new(derivation));
        self
    }

    /// Adds a dimension of the metric's own.
    #[must_use]
    pub fn own_dimension(mut self, name: &str, value: Expr) -> Self {
        self.own_dimensions.push(OwnDimension { name: name.to_owned(), value, domain: None });
        self
    }

    /// Adds a dimension of the metric's own, all of whose values appear in every group.
    #[must_use]
    pub fn own_dimension_over(mut self, name: &str, value: Expr, domain: Vec<DimensionValue>) -> Self {
        self.own_dimensions.push(OwnDimension { name: name.to_owned(), value, domain: Some(domain) });
        self
    }

    /// Adds a measure.
    #[must_use]
    pub fn measure(mut self, measure: Measure) -> Self {
        self.measures.push(measure);
        self
    }

    /// Says what the result is.
    #[must_use]
    pub fn value(mut self, value: Value) -> Self {
        self.value = value;
        self
    }

    /// A unit other than the metric's usual one.
    #[must_use]
    pub fn unit(mut self, unit: Unit) -> Self {
        self.unit = Some(unit);
        self
    }

    /// A direction other than the metric's usual one.
    #[must_use]
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = Some(direction);
        self
    }

    /// The columns of the derived rows that make the detail table.
    #[must_use]
    pub fn detail(mut self, columns: &[&str]) -> Self {
        self.detail = columns.iter().map(|&column| column.to_owned()).collect();
        self
    }

    /// How the values over its own dimension are best shown.
    #[must_use]
    pub fn picture(mut self, picture: Picture) -> Self {
        self.picture = Some(picture);
        self
    }

    /// What it is where amounts that are due again and again are converted by rates that change.
    #[must_use]
    pub fn by_changing_rates(mut self, definition: Self) -> Self {
        self.by_changing_rates = Some(Box::new(definition));
        self
    }

    /// What a reader must know of the choices made; after what was said before.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(self.note.into_iter().chain([note.into()]).collect::<Vec<_>>().join("; "));
        self
    }

    /// The names of the dimensions that its results have beside those of a breakdown.
    pub fn dimensions(&self) -> Vec<String> {
        match &self.value {
            Value::Function(function) => function.dimensions(),
            _ => self.own_dimensions.iter().map(|own| own.name.clone()).collect(),
        }
    }

    /// Whether a measure's values over the groups of a breakdown add up to the total. Groups that share entities never do.
    pub fn is_additive_over_dimensions(&self, measure: &Measure) -> bool {
        let shares_entities = self.derivation.as_ref().is_some_and(|derivation| derivation.dimensions() == DimensionRule::PartOfEntity);
        measure.is_additive() && !shares_entities
    }

    /// Why the change of a total is not that of its groups taken together, if it isn't.
    pub fn no_contributions(&self) -> Option<&'static str> {
        let Some(summed) = self.value.summed() else { return Some("it is neither a sum nor a share nor a mean") };
        if !self.dimensions().is_empty() {
            return Some("it has values of its own for each total");
        }
        let measures = self.measures.iter().filter(|measure| summed.contains(&measure.name.as_str()));
        let adds_up = measures.clone().all(|measure| self.is_additive_over_dimensions(measure));
        (!adds_up).then_some("what is measured of groups does not add up to what is measured of all")
    }

    /// Why its values have no meaning over windows that overlap, if they have none.
    pub fn no_windows(&self) -> Option<&'static str> {
        if self.source.time.is_none() {
            return Some("its rows are not placed in time");
        }
        match self.derivation.as_ref().map(|derivation| derivation.buckets()) {
            Some(BucketRule::AtEnd) => return Some("it tells of a bucket's end, wherever the bucket starts"),
            Some(BucketRule::InSequence) => return Some("it is counted from one bucket to the next"),
            Some(BucketRule::Nothing | BucketRule::EachAnew) | None => {}
        }
        self.closes().then_some("it is a stock as a bucket closes, wherever the bucket starts")
    }

    /// Whether its values tell of a bucket's end alone, so that much of one is in the next.
    pub fn tells_of_ends(&self) -> bool {
        let at_end = self.derivation.as_ref().is_some_and(|derivation| derivation.buckets() == BucketRule::AtEnd);
        at_end || self.closes()
    }

    /// Whether it is a stock as a bucket closes.
    fn closes(&self) -> bool {
        let of_value = self.value.measures();
        let mut stocks =
            self.measures.iter().filter(|measure| of_value.contains(&measure.name.as_str())).map(|measure| measure.stock).peekable();
        stocks.peek().is_some() && stocks.all(|stock| stock == Stock::Closing)
    }

    /// Whether windows are made of what is measured of pieces of time: where no row depends on where buckets begin.
    pub fn unites_over_time(&self) -> bool {
        self.derivation.as_ref().is_none_or(|derivation| derivation.buckets() == BucketRule::Nothing)
    }

    /// What an author got wrong, if anything: names that do not match, or a measure that the value does not have.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for measure in &self.measures {
            if !seen.insert(measure.name.as_str()) {
                problems.push(format!("two measures are called `{}`", measure.name));
            }
        }
        for name in self.value.measures() {
            if !seen.contains(name) {
                let known = self.measures.iter().map(|measure| measure.name.as_str());
                let help = crate::suggest::nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                problems.push(format!("the value names a measure `{name}` that the metric does not have{help}"));
            }
        }
        let columns = self.source.table.columns.iter().chain(&self.source.columns);
        let of_columns = columns.map(|column| (column.name, column.also_called));
        for (name, list) in of_columns.chain([(self.source.table.name, self.source.table.words)]) {
            problems.extend(badly_written(name, list));
        }
        for Expected { column, named_by, .. } in &self.expected {
            if !self.source.columns.iter().any(|known| known.name == *column && known.kind == ColumnType::Text) {
                problems.push(format!("the words of {named_by} are of `{column}`, and the source reads no such text"));
            }
        }
        if !self.detail.is_empty() && self.derivation.is_none() {
            problems.push("a detail table needs a derivation with one row per entity".to_owned());
        }
        if let Some(exchanging) = &self.by_changing_rates {
            problems.extend(exchanging.problems());
            let (is_derived, is_own) = (exchanging.derivation.is_some(), exchanging.source.in_own_currencies.is_some());
            if !is_derived || !is_own {
                problems.push(
                    "what it is by changing rates needs amounts in their own currencies, and a derivation that converts them".to_owned(),
                );
            }
        }
        problems
    }
}

/// What is wrong with a list of other names or words, if anything: `inspect` compares names as words in small letters of ASCII, one space apart.
fn badly_written(of: &str, list: &str) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let is_plain = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let wrong = list.split(", ").filter(|name| !list.is_empty() && (!seen.insert(*name) || !name.split(' ').all(is_plain)));
    wrong.map(|name| format!("`{name}`, a word for `{of}`, comes twice or is not in small letters of ASCII")).collect()
}
