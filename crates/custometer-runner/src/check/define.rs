//! Metrics that a config defines: SQL aggregates of one table's rows, and a formula over them.
//!
//! Each becomes a [`Definition`] like that of a linked metric, and is planned, fused, compared and suppressed like one.

mod aggregates;
mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::registry::Descriptor;
use custometer_core::suggest::{did_you_mean, nearest};
use custometer_core::value::Parts;
use custometer_core::{
    About, Aggregate, Column, ColumnType, Definition, DimensionValue, Direction, Estimate, Evaluate, EvaluateContext, EvaluateError,
    Evaluation, Expected, Group, MeasureRow, NullRule, Observation, Registry, Source, Unit, Value,
};
use polars::prelude::{DataType, Expr, col, lit};
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use self::aggregates::{Kind, Written};
use self::shapes::{Quotient, Shape};
use crate::check::expression::{self, Leaf, Mistake, Scope, Syntax, Translated, columns_there_are};
use crate::check::formula;
use crate::check::words::words_of;
use crate::config::diagnostics::Collector;
use crate::config::section::Listed;
use crate::read::fault::{Origin, Reason};
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
    /// The columns that hold amounts of money: whole units of their currency, and converted where the report has one.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub amounts: Vec<Spanned<String>>,
}

impl DefineConfig {
    /// The column whose instant decides the period of a row.
    fn time(&self) -> &str {
        self.time.as_ref().map_or("time", |time| time.get_ref())
    }

    /// Whether a column holds amounts of money.
    fn is_amount(&self, column: &str) -> bool {
        self.amounts.iter().any(|amount| amount.get_ref() == column)
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
    /// The linked metrics, and those that a config defines over its tables.
    pub(crate) fn read(
        config: &[(Spanned<String>, Option<DefineConfig>)],
        tables: &BTreeMap<&str, Option<Table>>,
        registry: &Registry,
        problems: &mut Collector,
    ) -> Self {
        let mut metrics = Self { registry: registry.clone(), defined: Vec::new(), broken: BTreeSet::new() };
        for (id, define) in config {
            let is_named = is_id(id, registry, problems);
            let definition = define.as_ref().and_then(|define| Draft::read(id, define, tables, problems)?.finish());
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
            .report(id.span(), format!("`{name}` is not an id of a metric"))
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
    measures: Vec<(&'c Spanned<String>, &'c Spanned<String>, Written<Syntax>)>,
    rules: Vec<(&'c Spanned<String>, Syntax)>,
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
            match Syntax::parse(written.get_ref()) {
                Ok(rule) => parsed.rules.push((written, rule)),
                Err(mistake) => {
                    mistake.report("", written, problems);
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

    /// Every expression, with the text it stands in.
    fn expressions(&self) -> impl Iterator<Item = (&Syntax, &'c Spanned<String>)> {
        let of_measures =
            self.measures.iter().flat_map(|(_, written, of)| of.of_what().into_iter().chain(&of.filter).map(|part| (part, *written)));
        of_measures.chain(self.rules.iter().map(|(written, rule)| (rule, *written)))
    }

    /// Every column that an expression names.
    fn columns(&self) -> BTreeSet<String> {
        self.expressions().flat_map(|(of, _)| of.columns()).map(|(column, _)| column).collect()
    }

    /// Whether all columns that it names are in a table. Those that are not are reported.
    fn has_columns(&self, table: &Table, problems: &mut Collector) -> bool {
        let known = table.columns();
        let of = format!(" in `{}`", table.name);
        // A broken one was reported where it is made.
        let named: Vec<String> = known.iter().chain(&table.broken).cloned().collect();
        let mut all = self.columns().is_disjoint(&table.broken);
        for (part, written) in self.expressions() {
            all &= expression::has_columns(part, written, &named, &of, problems);
        }
        for column in self.define.time.iter().chain(self.define.types.keys()).chain(&self.define.amounts) {
            all &= !table.broken.contains(column.get_ref());
            if !named.contains(column.get_ref()) {
                let near = did_you_mean(column.get_ref(), known.iter().map(String::as_str));
                let message = format!("there is no column `{}`{of}", column.get_ref());
                problems.report(column.span(), message).help(near.unwrap_or_else(|| columns_there_are(&known)));
                all = false;
            }
        }
        all
    }

    /// What the columns that are read hold: as said, or as their first values look. What is only told apart is an identifier, and what is
    /// only converted is text.
    fn kinds(&self, table: &Table) -> BTreeMap<String, ColumnType> {
        let said = |column: &str| self.define.types.iter().find(|(name, _)| name.get_ref() == column).map(|(_, kind)| (*kind).into());
        let uses = |column: &str| -> Vec<&Syntax> {
            let names = |part: &Syntax| part.columns().iter().any(|(name, _)| name == column);
            self.expressions().map(|(part, _)| part).filter(|part| names(part)).collect()
        };
        let is_told_apart = |column: &str| {
            let bare =
                self.measures.iter().filter(|(.., of)| matches!(&of.kind, Kind::CountDistinct(of) if of.column() == Some(column))).count();
            bare > 0 && bare == uses(column).len()
        };
        let is_text = |column: &str| {
            table.schema.get(column) == Some(&DataType::String) && uses(column).iter().all(|part| part.reads_text_of(column))
        };
        let kind = |column: &str| match said(column) {
            Some(kind) => Some(kind),
            None if self.define.is_amount(column) => Some(ColumnType::Number),
            None if column == self.define.time() => Some(ColumnType::Time),
            None if is_told_apart(column) && table.typed(column, ColumnType::Identifier).is_ok() => Some(ColumnType::Identifier),
            None => match table.looks_like(column) {
                Some(ColumnType::Number | ColumnType::Boolean) if is_text(column) => Some(ColumnType::Text),
                looks => looks,
            },
        };
        self.columns().into_iter().filter_map(|column| kind(&column).map(|kind| (column, kind))).collect()
    }
}

/// A definition that can be computed.
struct Draft {
    source: Source,
    /// In the order of the config.
    measures: Vec<(String, Written)>,
    formula: Option<Formula>,
    expected: Vec<Expected>,
}

impl Draft {
    /// Reads a definition and reports everything that is wrong with it. None where nothing more can be said of it.
    fn read(id: &Spanned<String>, define: &DefineConfig, tables: &BTreeMap<&str, Option<Table>>, problems: &mut Collector) -> Option<Self> {
        let formula = formula(define, problems);
        let parsed = Parsed::read(id, define, problems);
        let name = define.table.get_ref();
        let Some(table) = tables.get(name.as_str()) else {
            let near = did_you_mean(name, tables.keys().copied());
            let help = near.unwrap_or_else(|| format!("describe it: `[tables.{name}]` with its `path`"));
            problems.report(define.table.span(), format!("there is no table `{name}`")).help(help);
            return None;
        };
        let table = table.as_ref()?;
        if !parsed.has_columns(table, problems) || !parsed.is_right {
            return None;
        }
        let kinds = parsed.kinds(table);
        if !are_amounts(define, &kinds, problems) {
            return None;
        }
        let mut source = Source::table(Column::name_from(name)).at(Column::name_from(define.time()));
        for (column, kind) in &kinds {
            if let Err(reason) = table.typed(column, *kind) {
                let of_column = |(part, written): (&Syntax, &'_ Spanned<String>)| {
                    let (_, place) = part.columns().into_iter().find(|(name, _)| name == column)?;
                    Some((Mistake::new(reason.clone()).at(place), written.clone()))
                };
                let found = parsed.expressions().find_map(of_column);
                if let Some((mistake, written)) = found {
                    mistake.report("", &written, problems);
                }
                return None;
            }
            let of_table = column_of(Column::name_from(column), *kind);
            source = source.column(if define.is_amount(column) { of_table.unit(Unit::Currency) } else { of_table });
        }
        let column = |name: &str| kinds.get(name).map(|kind| leaf(name, *kind, table)).ok_or(None);
        let scope = Scope { column: &column, style: &table.style, shown: &table.shown };
        let mut measures = Vec::new();
        let mut faults: Vec<(Reason, Expr)> = Vec::new();
        let mut expected = Vec::new();
        for (name, written, aggregate) in parsed.measures {
            let mut words: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (column, word) in words_of(written.get_ref()).into_iter().filter(|(column, _)| kinds.get(column) == Some(&ColumnType::Text))
            {
                words.entry(column).or_default().push(word);
            }
            expected.extend(words.into_iter().map(|(column, words)| Expected {
                column: Column::name_from(&column),
                named_by: format!("`{}`", name.get_ref()),
                words,
                any: false,
            }));
            let what = format!("`{}`: ", name.get_ref());
            match computed(aggregate, &scope, &mut faults) {
                Ok(aggregate) => measures.push((name.get_ref().clone(), aggregate)),
                Err(mistakes) => mistakes.into_iter().for_each(|mistake| mistake.report(&what, written, problems)),
            }
        }
        let mut rules = Vec::new();
        for (written, rule) in parsed.rules {
            match rule.translate(Some(&expression::Kind::Boolean), &scope).and_then(is_condition) {
                Ok(rule) => {
                    rules.push((format!("`{}` does not hold", written.get_ref()), rule.value.clone()));
                    faults.extend(failing(&rule, None));
                }
                Err(mistakes) => mistakes.into_iter().for_each(|mistake| mistake.report("", written, problems)),
            }
        }
        let is_whole = measures.len() == define.measures.len() && rules.len() == define.rules.len();
        for (Reason { text, origin, .. }, fails) in faults {
            let holds = fails.not();
            source = match origin {
                Some(origin) => source.rule_of(Column::name_from(&origin.column), text, holds),
                None => source.rule(text, holds),
            };
        }
        source = rules.into_iter().fold(source, |source, (reason, holds)| source.rule(reason, holds));
        is_whole.then_some(Self { source, measures, formula, expected })
    }

    /// The definition, as the engine takes it.
    fn finish(self) -> Option<Definition> {
        let Self { source, measures, formula, expected } = self;
        let formula = formula?;
        let by_name: BTreeMap<&str, &Written> = measures.iter().map(|(name, written)| (name.as_str(), written)).collect();
        let shape = Shape::of(&formula, &by_name);
        let mut definition = Definition { expected, ..Definition::over(source) };
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
            quotient: Quotient::of(&formula),
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
            let near = did_you_mean(name, known.iter().copied());
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

/// Whether the columns that hold amounts are read, and as numbers.
fn are_amounts(define: &DefineConfig, kinds: &BTreeMap<String, ColumnType>, problems: &mut Collector) -> bool {
    let mut all = true;
    for amount in &define.amounts {
        let name = amount.get_ref();
        let (message, help) = match kinds.get(name) {
            Some(ColumnType::Number) => continue,
            Some(_) => (format!("an amount is a number, and `types` says something else of `{name}`"), "leave out one of them"),
            None => (format!("nothing here reads the amounts of `{name}`"), "name the columns of amounts that measures read"),
        };
        problems.report(amount.span(), message).help(help);
        all = false;
    }
    all
}

/// One measure as it is written.
fn aggregate(name: &Spanned<String>, written: &Spanned<String>, problems: &mut Collector) -> Option<Written<Syntax>> {
    let text = name.get_ref();
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if !is_word {
        problems
            .report(name.span(), format!("`{text}` is not a name of a measure"))
            .help("write it in letters, digits and `_`, letters first");
    }
    match Written::parse(written.get_ref()) {
        Ok(parsed) => Some(parsed).filter(|_| is_word),
        Err(mistake) => {
            mistake.report(&format!("`{text}`: "), written, problems);
            None
        }
    }
}

fn column_of(name: &'static str, kind: ColumnType) -> Column {
    let column = match kind {
        ColumnType::Identifier => Column::identifier(name),
        ColumnType::Number => Column::number(name),
        ColumnType::Boolean => Column::boolean(name),
        ColumnType::Time => Column::time(name),
        _ => Column::text(name),
    };
    // As in SQL: a missing value takes part in `count(*)`, and in no other aggregate.
    column.nulls(NullRule::Keep)
}

/// A column as a definition's expressions see it: numbers as floats, the same whatever the file stores.
fn leaf(name: &str, kind: ColumnType, table: &Table) -> Leaf {
    let is_date = table.looks.get(name).map(|column| &column.looks_like).or(table.schema.get(name)) == Some(&DataType::Date);
    let (kind, value) = match kind {
        ColumnType::Number => (expression::Kind::Float, col(name).cast(DataType::Float64)),
        ColumnType::Boolean => (expression::Kind::Boolean, col(name)),
        ColumnType::Time if is_date => (expression::Kind::Date, table.style.clock.to_local(col(name)).cast(DataType::Date)),
        ColumnType::Time => (expression::Kind::Time, col(name)),
        _ if table.is_untold(name) => (expression::Kind::Untold, col(name)),
        _ => (expression::Kind::Text, col(name)),
    };
    Leaf { kind, value, text: None, unreadable: None, carried: None, origin: Some(Origin::itself(name)) }
}

fn is_condition(translated: Translated) -> Result<Translated, Vec<Mistake>> {
    match translated.kind {
        expression::Kind::Boolean => Ok(translated),
        found => Err(vec![Mistake::new(format!("a condition must be true or false for each row, and this is {found}"))]),
    }
}

/// What an expression fails for, and in which rows; with a filter, only in those that it lets through.
fn failing(translated: &Translated, filter: Option<&Expr>) -> Vec<(Reason, Expr)> {
    let Some(fault) = &translated.fault else { return Vec::new() };
    let fails = |number: i32| {
        let fails = fault.clone().eq(lit(number)).fill_null(lit(false));
        filter.map_or(fails.clone(), |filter| filter.clone().fill_null(lit(false)).and(fails))
    };
    translated.reasons.iter().cloned().zip(1..).map(|(reason, number)| (reason, fails(number))).collect()
}

/// A measure over columns, with numbers that are floats; or all that is wrong with it. What its expressions fail for is added to `faults`.
fn computed(written: Written<Syntax>, scope: &Scope<'_>, faults: &mut Vec<(Reason, Expr)>) -> Result<Written, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut keep = |translated: Result<Translated, Vec<Mistake>>| match translated {
        Ok(translated) => Some(translated),
        Err(wrong) => {
            mistakes.extend(wrong);
            None
        }
    };
    let is_of_numbers = written.is_of_numbers();
    let is_id = matches!(&written.kind, Kind::CountDistinct(of) if of.column().is_some());
    let number = is_of_numbers.then_some(&expression::Kind::Float);
    let condition = |filter: &Syntax| filter.translate(Some(&expression::Kind::Boolean), scope).and_then(is_condition);
    let filter = written.filter.as_ref().and_then(|filter| keep(condition(filter)));
    let of = written.of_what().and_then(|of| keep(of.translate(number, scope)));
    if let Some(found) =
        of.as_ref().map(|of| &of.kind).filter(|kind| is_of_numbers && !kind.is_number() && **kind != expression::Kind::Boolean)
    {
        mistakes.push(Mistake::new(format!("it is of {}, and needs numbers", of_kind(found))));
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    faults.extend(filter.iter().flat_map(|filter| failing(filter, None)));
    let taken = filter.as_ref().map(|filter| &filter.value);
    faults.extend(of.iter().flat_map(|of| failing(of, taken)));
    let as_number = |of: Translated| match of.kind {
        // An id is a code here, and only told apart.
        expression::Kind::Integer | expression::Kind::Boolean if !is_id && (is_of_numbers || of.kind.is_number()) => {
            of.value.cast(DataType::Float64)
        }
        _ => of.value,
    };
    written.with(of.map(as_number), filter.map(|filter| filter.value)).ok_or_else(Vec::new)
}

/// A kind, as what something is of.
fn of_kind(kind: &expression::Kind) -> String {
    match kind {
        expression::Kind::Text => "text".to_owned(),
        other => other.to_string(),
    }
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
    /// What it is the sum or the quotient of, where it is either.
    quotient: Option<Quotient>,
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

    fn summed(&self) -> Option<Vec<&str>> {
        match &self.shape {
            Some((shape, _)) => shape.summed(),
            None => Some(self.quotient.as_ref()?.names()),
        }
    }

    fn parts(&self, row: &MeasureRow) -> Option<Parts> {
        match &self.shape {
            Some((shape, factor)) => Some(shape.parts(row)?.times(*factor)),
            None => self.quotient.as_ref()?.parts(row),
        }
    }

    fn p_value(&self, dimensions: &[DimensionValue], now: &Group<'_>, before: &Group<'_>) -> Option<f64> {
        self.shape.as_ref()?.0.p_value(dimensions, now, before)
    }
}
