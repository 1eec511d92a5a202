//! Metrics that a config defines: SQL aggregates of one table's rows, and a formula over them.
//!
//! Each becomes a [`Definition`] like that of a linked metric, and is planned, fused, compared and suppressed like one.

mod aggregates;
mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::registry::Descriptor;
use custometer_core::suggest::nearest;
use custometer_core::time::INSTANT;
use custometer_core::{
    About, Aggregate, Column, ColumnType, Definition, DimensionValue, Direction, Estimate, Evaluate, EvaluateContext, EvaluateError,
    Evaluation, Group, MeasureRow, NullRule, Observation, Registry, Source, Unit, Value,
};
use jiff::tz::TimeZone;
use polars::prelude::{DataFrame, DataType, Expr, IntoLazy, NULL, NonExistent, Schema, TimeZone as PolarsZone, lit, when};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use self::aggregates::{Kind, Refused, Written};
use self::shapes::Shape;
use crate::check::formula;
use crate::check::sql::{columns_there_are, place_of};
use crate::check::tables;
use crate::config::diagnostics::Collector;
use crate::config::section::Listed;
use crate::read::table::Table;
use crate::report::formula::Formula;

/// A metric of the report's own: SQL aggregates over the rows of a table, and a formula of them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefineConfig {
    /// A heading. The id unless said.
    pub title: Option<String>,
    /// What it measures, in one or two sentences.
    pub summary: Option<String>,
    /// The table whose rows it is about.
    #[schemars(with = "String")]
    pub table: Spanned<String>,
    /// The column whose instant decides the period of a row. `time` unless said.
    #[schemars(with = "Option<String>")]
    pub time: Option<Spanned<String>>,
    /// What is aggregated, by name: `count(*)`, `count(x)`, `count(distinct x)`, `sum(x)`, `avg(x)`, `min(x)`, `max(x)`, `variance(x)`,
    /// `stddev(x)`, `median(x)` or `quantile(x, 0.9)`, over expressions of SQL, each with an optional `filter (where …)`.
    #[schemars(with = "BTreeMap<String, String>")]
    pub measures: BTreeMap<Spanned<String>, Spanned<String>>,
    /// What the result is: measures with `+`, `-`, `*`, `/`, numbers and brackets. What is divided by zero is undefined.
    #[schemars(with = "String")]
    pub value: Spanned<String>,
    /// The unit of the result.
    pub unit: Unit,
    /// Which change of it is good news; neither unless said.
    #[serde(default = "neutral")]
    pub direction: Direction,
    /// SQL conditions for single rows: one for which any is false is rejected and counted. What is missing is not false.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub rules: Vec<Spanned<String>>,
    /// What columns are, where their first values do not tell.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, ColumnKind>")]
    pub types: BTreeMap<Spanned<String>, ColumnKind>,
}

impl DefineConfig {
    /// The column whose instant decides the period of a row.
    fn time(&self) -> &str {
        self.time.as_ref().map_or("time", |time| time.get_ref())
    }
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ColumnKind {
    /// Finite numbers.
    Number,
    /// Text.
    Text,
    /// True or false.
    Boolean,
    /// Instants.
    Time,
}

impl From<ColumnKind> for ColumnType {
    fn from(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Number => Self::Number,
            ColumnKind::Text => Self::Text,
            ColumnKind::Boolean => Self::Boolean,
            ColumnKind::Time => Self::Time,
        }
    }
}

fn neutral() -> Direction {
    Direction::Neutral
}

/// The metrics that a report's requests may name.
pub(crate) struct Metrics {
    pub(crate) registry: Registry,
    /// Those that the config defines.
    pub(crate) defined: Vec<&'static Descriptor>,
    /// Those that it defines wrongly.
    broken: BTreeSet<String>,
}

impl Metrics {
    /// The linked metrics, and those that a config defines over its tables. `zone` is the report's.
    pub(crate) fn read(
        config: &[(Spanned<String>, Option<DefineConfig>)],
        tables: &BTreeMap<&str, Option<Table>>,
        registry: &Registry,
        zone: &TimeZone,
        problems: &mut Collector,
    ) -> Self {
        let mut metrics = Self { registry: registry.clone(), defined: Vec::new(), broken: BTreeSet::new() };
        for (id, define) in config {
            let is_named = is_id(id, registry, problems);
            let definition = define.as_ref().and_then(|define| Draft::read(id, define, tables, zone, problems)?.finish());
            match (define, definition.filter(|_| is_named)) {
                (Some(define), Some(definition)) => {
                    // A metric lives as long as the program, wherever it comes from.
                    let descriptor: &'static Descriptor =
                        Box::leak(Box::new(Descriptor::given(about(id.get_ref(), define), "of the report itself", definition)));
                    metrics.registry = metrics.registry.with(descriptor);
                    metrics.defined.push(descriptor);
                }
                _ => drop(metrics.broken.insert(id.get_ref().clone())),
            }
        }
        metrics
    }

    /// What to say of an id that is not known.
    pub(crate) fn help(&self, id: &str) -> String {
        if let Some(near) = nearest(id, self.broken.iter().map(String::as_str)) {
            return format!("did you mean `{near}`?");
        }
        let help = self.registry.help(id);
        if help.starts_with("no metric of") { format!("{help}; or define it here: `[define.\"{id}\"]`") } else { help }
    }

    /// Whether a metric is defined, and its definition is wrong.
    pub(crate) fn is_broken(&self, id: &str) -> bool {
        self.broken.contains(id)
    }
}

/// Checks that a new metric has a name of its own.
fn is_id(id: &Spanned<String>, registry: &Registry, problems: &mut Collector) -> bool {
    let name = id.get_ref();
    if let Some(linked) = registry.get(name) {
        problems
            .report(id.span(), format!("`{name}` is a metric of the crate `{}` already", linked.krate))
            .help("give this one an id of its own, such as `acme.name`");
        return false;
    }
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
    };
    let is_id = name.split_once('.').is_some_and(|(domain, name)| is_word(domain) && is_word(name));
    if !is_id {
        problems
            .report(id.span(), format!("`{name}` is no id of a metric"))
            .help("write it in quotes, with a domain of yours: `[define.\"acme.big_orders\"]`, in small letters, digits and `_`");
    }
    is_id
}

fn about(id: &str, define: &DefineConfig) -> &'static About {
    let text = |text: String| -> &'static str { text.leak() };
    let measures = in_order(define).into_iter().map(|(name, written)| format!("{} = {}", name.get_ref(), written.get_ref()));
    let formula = format!("{}, of {}", define.value.get_ref(), measures.collect::<Vec<_>>().join(", "));
    Box::leak(Box::new(About {
        id: text(id.to_owned()),
        title: text(define.title.clone().unwrap_or_else(|| id.to_owned())),
        summary: text(define.summary.clone().unwrap_or_default()),
        formula: text(formula),
        unit: define.unit,
        range: "as the formula has it",
        direction: define.direction,
        edge_cases: &["What is divided by zero is undefined, and so is what is made of something undefined."],
        examples: &[],
        references: &[],
    }))
}

/// The measures in the order they are written in.
fn in_order(define: &DefineConfig) -> Vec<(&Spanned<String>, &Spanned<String>)> {
    let mut measures: Vec<_> = define.measures.iter().collect();
    measures.sort_by_key(|(name, _)| name.span().start);
    measures
}

/// The expressions of a definition, as they are written.
struct Parsed<'c> {
    define: &'c DefineConfig,
    /// In the order of the config.
    measures: Vec<(&'c Spanned<String>, &'c Spanned<String>, Written)>,
    rules: Vec<(&'c Spanned<String>, Expr)>,
    /// Whether every one of them can be read.
    is_right: bool,
}

impl<'c> Parsed<'c> {
    fn read(id: &Spanned<String>, define: &'c DefineConfig, problems: &mut Collector) -> Self {
        let mut parsed = Self { define, measures: Vec::new(), rules: Vec::new(), is_right: !define.measures.is_empty() };
        for (name, written) in in_order(define) {
            match aggregate(name, written, problems) {
                Some(aggregate) => parsed.measures.push((name, written, aggregate)),
                None => parsed.is_right = false,
            }
        }
        for written in &define.rules {
            match aggregates::row_expression(written.get_ref()) {
                Ok(rule) => parsed.rules.push((written, rule)),
                Err(Refused { message, help, .. }) => {
                    problems.report(written.span(), message).maybe_help(help);
                    parsed.is_right = false;
                }
            }
        }
        if define.measures.is_empty() {
            problems
                .report(id.span(), format!("`{}` has no measure", id.get_ref()))
                .help("add one: `measures = { orders = \"count(*)\" }`");
        }
        parsed
    }

    /// Every column that an expression names, with the text it stands in.
    fn columns(&self) -> Vec<(String, &'c Spanned<String>)> {
        let of_measures = self.measures.iter().flat_map(|(_, written, of)| reads(of).into_iter().map(|column| (column, *written)));
        let of_rules = self.rules.iter().flat_map(|(written, of)| roots(of).into_iter().map(|column| (column, *written)));
        of_measures.chain(of_rules).collect()
    }

    /// Whether all columns that it names are in a table. Those that are not are reported.
    fn has_columns(&self, table: &Table, problems: &mut Collector) -> bool {
        let known = table.columns();
        let in_expressions = self.columns().into_iter().map(|(column, written)| (place_of(&column, written, problems), column));
        let alone = self.define.time.iter().chain(self.define.types.keys()).map(|name| (name.span(), name.get_ref().clone()));
        let mut all = true;
        for (place, column) in in_expressions.chain(alone).collect::<Vec<_>>() {
            // A broken one was reported where it is made.
            all &= !table.broken.contains(&column);
            if !known.contains(&column) && !table.broken.contains(&column) {
                let near = nearest(&column, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
                let message = format!("there is no column `{column}` in `{}`", table.name);
                problems.report(place, message).help(near.unwrap_or_else(|| columns_there_are(&known)));
                all = false;
            }
        }
        all
    }

    /// What the columns that are read hold: as said, or as their first values look. What is only told apart is an identifier.
    fn kinds(&self, table: &Table) -> BTreeMap<String, ColumnType> {
        let said = |column: &str| self.define.types.iter().find(|(name, _)| name.get_ref() == column).map(|(_, kind)| (*kind).into());
        let is_told_apart = |column: &str| {
            let bare = |of: &Written| matches!(&of.kind, Kind::CountDistinct(Expr::Column(name)) if name == column);
            let filtered = |of: &Written| of.filter.as_ref().is_some_and(|filter| roots(filter).contains(column));
            let used = self.measures.iter().filter(|(.., of)| reads(of).contains(column));
            used.map(|(.., of)| of).all(|of| bare(of) && !filtered(of)) && !self.rules.iter().any(|(_, rule)| roots(rule).contains(column))
        };
        let kind = |column: &str| match said(column) {
            Some(kind) => Some(kind),
            None if column == self.define.time() => Some(ColumnType::Time),
            None if is_told_apart(column) && table.typed(column, ColumnType::Identifier).is_ok() => Some(ColumnType::Identifier),
            None => table.looks_like(column),
        };
        self.columns().into_iter().filter_map(|(column, _)| kind(&column).map(|kind| (column, kind))).collect()
    }
}

/// A definition that can be computed.
struct Draft {
    source: Source,
    /// In the order of the config.
    measures: Vec<(String, Written)>,
    formula: Option<Formula>,
}

impl Draft {
    /// Reads a definition and reports everything that is wrong with it. None where nothing more can be said of it.
    fn read(
        id: &Spanned<String>,
        define: &DefineConfig,
        tables: &BTreeMap<&str, Option<Table>>,
        zone: &TimeZone,
        problems: &mut Collector,
    ) -> Option<Self> {
        let formula = formula(define, problems);
        let parsed = Parsed::read(id, define, problems);
        let name = define.table.get_ref();
        let Some(table) = tables.get(name.as_str()) else {
            let near = nearest(name, tables.keys().copied()).map(|near| format!("did you mean `{near}`?"));
            let help = near.unwrap_or_else(|| format!("describe it: `[tables.{name}]` with its `path`"));
            problems.report(define.table.span(), format!("there is no table `{name}`")).help(help);
            return None;
        };
        let table = table.as_ref()?;
        if !parsed.has_columns(table, problems) || !parsed.is_right {
            return None;
        }
        let kinds = parsed.kinds(table);
        let mut source = Source::table(Column::name_from(name)).at(Column::name_from(define.time()));
        let mut schema = Schema::default();
        for (column, kind) in &kinds {
            if let Err(reason) = table.typed(column, *kind) {
                let written = parsed.columns().into_iter().find(|(read, _)| read == column).map(|(_, written)| written);
                let place = written.map_or_else(|| define.table.span(), |written| place_of(column, written, problems));
                problems.report(place, reason);
                return None;
            }
            schema.insert(column.as_str().into(), stored(*kind));
            source = source.column(column_of(Column::name_from(column), *kind));
        }
        let typed = |expression: Expr| as_numbers_and_local_times(expression, &kinds, zone);
        let mut measures = Vec::new();
        for (name, written, aggregate) in parsed.measures {
            match checked(aggregate.map(&mut |expression| typed(expression)), &schema) {
                Ok(aggregate) => measures.push((name.get_ref().clone(), aggregate)),
                Err((reason, help)) => {
                    problems.report(written.span(), format!("`{}` can't be computed: {reason}", name.get_ref())).maybe_help(help);
                }
            }
        }
        for (written, rule) in parsed.rules {
            let rule = typed(rule);
            match is_condition(&rule, &schema) {
                Ok(()) => source = source.rule(format!("`{}` does not hold", written.get_ref()), rule),
                Err((reason, help)) => {
                    problems.report(written.span(), format!("this rule can't be computed: {reason}")).maybe_help(help);
                }
            }
        }
        (measures.len() == define.measures.len() && source.rules.len() == define.rules.len()).then_some(Self { source, measures, formula })
    }

    /// The definition, as the engine takes it.
    fn finish(self) -> Option<Definition> {
        let Self { source, measures, formula } = self;
        let formula = formula?;
        let by_name: BTreeMap<&str, &Written> = measures.iter().map(|(name, written)| (name.as_str(), written)).collect();
        let shape = Shape::of(&formula, &by_name);
        let mut definition = Definition::over(source);
        for (name, written) in &measures {
            definition = definition.measure(written.measure(name));
        }
        for measure in shape.iter().flat_map(|shape| &shape.measures) {
            definition = definition.measure(measure.clone());
        }
        let n = match (measures.as_slice(), shapes::counted_by(&formula, &by_name)) {
            ([(name, written)], _) if matches!(written.kind, Kind::Count(_) | Kind::CountDistinct(_)) => name.clone(),
            (_, Some(counted)) => counted,
            _ => {
                // Whoever is in any of the measures is behind the value.
                let filters: Option<Vec<Expr>> = measures.iter().map(|(_, written)| written.taking_part()).collect();
                let any = filters.and_then(|filters| filters.into_iter().map(|filter| filter.fill_null(lit(false))).reduce(Expr::or));
                definition = definition.measure(aggregates::measure("__n", Aggregate::Count, any));
                "__n".to_owned()
            }
        };
        let roots = measures.iter().filter(|(_, written)| matches!(written.kind, Kind::Deviation(_))).map(|(name, _)| name.clone());
        let value = Calculated {
            formula,
            measures: measures.iter().map(|(name, _)| name.clone()).collect(),
            roots: roots.collect(),
            shape: shape.map(|shape| (shape.value, shape.factor)),
            n,
        };
        Some(definition.value(Value::function(value)))
    }
}

/// The formula of a definition, whose names are all measures.
fn formula(define: &DefineConfig, problems: &mut Collector) -> Option<Formula> {
    let written = formula::parse(&define.value, problems)?;
    let known: Vec<&str> = define.measures.keys().map(|name| name.get_ref().as_str()).collect();
    let mut is_known = true;
    for (name, place) in &written.names {
        if !known.contains(&name.as_str()) {
            let near = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let help = near.unwrap_or_else(|| format!("the measures are {}", Listed(&known)));
            problems.report(place.clone(), format!("there is no measure `{name}`")).help(help);
            is_known = false;
        }
    }
    if written.names.is_empty() {
        problems.report(define.value.span(), "the value names no measure, and would always be the same");
        is_known = false;
    }
    is_known.then_some(written.formula)
}

/// One measure as it is written.
fn aggregate(name: &Spanned<String>, written: &Spanned<String>, problems: &mut Collector) -> Option<Written> {
    let text = name.get_ref();
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if !is_word {
        problems
            .report(name.span(), format!("`{text}` is no name of a measure"))
            .help("write it in letters, digits and `_`, letters first");
    }
    match Written::parse(written.get_ref()) {
        Ok(parsed) => Some(parsed).filter(|_| is_word),
        Err(Refused { message, help, word }) => {
            let place = word.map_or_else(|| written.span(), |word| place_of(&word, written, problems));
            problems.report(place, format!("`{text}`: {message}")).maybe_help(help);
            None
        }
    }
}

/// The columns that a measure reads.
fn reads(written: &Written) -> BTreeSet<String> {
    written.of_what().into_iter().chain(&written.filter).flat_map(roots).collect()
}

/// The columns that an expression names.
fn roots(expression: &Expr) -> BTreeSet<String> {
    expression.clone().meta().root_names().into_iter().map(|name| name.to_string()).collect()
}

fn column_of(name: &'static str, kind: ColumnType) -> Column {
    let column = match kind {
        ColumnType::Identifier => Column::identifier(name),
        ColumnType::Number => Column::number(name),
        ColumnType::Boolean => Column::boolean(name),
        ColumnType::Time => Column::time(name),
        _ => Column::text(name),
    };
    // As in SQL: what is missing takes part in no aggregate but `count(*)`.
    column.nulls(NullRule::Keep)
}

fn stored(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Number => DataType::Float64,
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Time => INSTANT,
        _ => DataType::String,
    }
}

/// Numbers as floats, the same whatever the file stores, and times as clocks show them in the report's zone.
fn as_numbers_and_local_times(expression: Expr, kinds: &BTreeMap<String, ColumnType>, zone: &TimeZone) -> Expr {
    let zone = zone.iana_name().filter(|name| *name != "UTC").and_then(|name| PolarsZone::opt_try_new(Some(name)).ok().flatten());
    expression.map_expr(|part| match &part {
        Expr::Column(name) => match kinds.get(name.as_str()) {
            Some(ColumnType::Number) => part.cast(DataType::Float64),
            Some(ColumnType::Time) => match &zone {
                Some(zone) => part
                    .dt()
                    .replace_time_zone(Some(PolarsZone::UTC), lit("raise"), NonExistent::Raise)
                    .dt()
                    .convert_time_zone(zone.clone())
                    .dt()
                    .replace_time_zone(None, lit("raise"), NonExistent::Raise),
                None => part,
            },
            _ => part,
        },
        _ => part,
    })
}

/// Why an expression can't be computed, and what to do about it.
type Wrong = (String, Option<String>);

/// The type of an expression over such rows.
fn type_of(expression: &Expr, schema: &Schema) -> Result<DataType, Wrong> {
    let rows = DataFrame::empty_with_schema(schema).lazy();
    tables::result_type(&rows, expression).map_err(|reason| {
        let mixed = reason.contains("compare string with");
        let help = "a column is taken for what its first values look like; if they do not tell, say it: `types = { column = \"number\" }`";
        (reason, mixed.then(|| help.to_owned()))
    })
}

/// A type, as messages call it.
fn in_words(stored: &DataType) -> String {
    match stored {
        DataType::String => "text".to_owned(),
        DataType::Boolean => "true or false".to_owned(),
        DataType::Date | DataType::Datetime(..) => "a time".to_owned(),
        number if number.is_primitive_numeric() => "a number".to_owned(),
        other => other.to_string(),
    }
}

fn is_condition(expression: &Expr, schema: &Schema) -> Result<(), Wrong> {
    match type_of(expression, schema)? {
        DataType::Boolean => Ok(()),
        found => Err((format!("a condition must be true or false for each row, and this is {}", in_words(&found)), None)),
    }
}

/// A measure whose expressions can be computed over such rows, with numbers that are finite; or why not.
fn checked(written: Written, schema: &Schema) -> Result<Written, Wrong> {
    if let Some(filter) = &written.filter {
        is_condition(filter, schema)?;
    }
    let Some(of) = written.of_what() else { return Ok(written) };
    let found = type_of(of, schema)?;
    let is_number = found.is_primitive_numeric() || matches!(found, DataType::Decimal(..));
    if written.is_of_numbers() && !is_number && found != DataType::Boolean {
        return Err((format!("it is of {}, and needs numbers", in_words(&found)), None));
    }
    // What is no number is missing for counts as well: a mean is over those that its sum is of.
    let is_made_finite = is_number || written.is_of_numbers();
    let filter = written.filter.clone();
    let finite = |of: Expr| match &of {
        Expr::Cast { expr, .. } if matches!(**expr, Expr::Column(_)) => of,
        _ => {
            let number = of.cast(DataType::Float64);
            when(number.clone().is_finite()).then(number).otherwise(lit(NULL))
        }
    };
    let mut written = if is_made_finite { written.map(&mut |of| finite(of)) } else { written };
    written.filter = filter;
    Ok(written)
}

/// The value of a metric that a config defines.
#[derive(Debug)]
struct Calculated {
    formula: Formula,
    /// The measures that results show.
    measures: Vec<String>,
    /// Those that are variances and are meant to be their roots.
    roots: BTreeSet<String>,
    /// What it is in a textbook, and what that has to be multiplied by.
    shape: Option<(Value, f64)>,
    /// The measure that counts the observations, where the textbook's do not.
    n: String,
}

impl Calculated {
    fn measure(&self, row: &MeasureRow, name: &str) -> Option<f64> {
        let value = row.get(name)?;
        if self.roots.contains(name) { Some(value.sqrt()) } else { Some(value) }
    }

    fn observation(&self, row: &MeasureRow, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Observation, EvaluateError> {
        let value = self.formula.value(&|name| self.measure(row, name));
        let mut estimate = Estimate { value, interval: None, n: row.get(&self.n) };
        if let Some((shape, factor)) = &self.shape {
            let group = Group { index: group.index, bucket: group.bucket, rows: std::slice::from_ref(row) };
            if let Some(known) = shape.evaluate(&group, context)?.observations.first() {
                let scaled = known.estimate.interval.map(|(low, high)| (factor * low, factor * high));
                estimate.interval = scaled.map(|(low, high)| (low.min(high), low.max(high))).filter(|_| value.is_some());
                estimate.n = known.estimate.n;
            }
        }
        let measures = self.measures.iter().map(|name| (name.clone(), self.measure(row, name)));
        Ok(Observation { dimensions: row.dimensions.clone(), estimate, measures: measures.collect() })
    }
}

impl Evaluate for Calculated {
    fn measures(&self) -> Vec<&str> {
        let shape = self.shape.iter().flat_map(|(value, _)| value.measures());
        self.measures.iter().map(String::as_str).chain(shape).chain([self.n.as_str()]).collect()
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let observations = group.rows.iter().map(|row| self.observation(row, group, context)).collect::<Result<_, _>>()?;
        Ok(Evaluation { observations, ..Evaluation::default() })
    }

    fn p_value(&self, dimensions: &[DimensionValue], now: &Group<'_>, before: &Group<'_>) -> Option<f64> {
        self.shape.as_ref()?.0.p_value(dimensions, now, before)
    }
}
