//! Derived results: arithmetic over the results of requests, row by row, where bucket and group are the same.
//!
//! A derived value is made of what the results show, after small groups are hidden: what is suppressed in one of its inputs is suppressed
//! in it, and nothing can be told from it that its inputs do not tell. For the same reason its baselines are made of the inputs' baselines.
//! It has neither n nor an interval: its inputs may share observations, or be of different ones, and no textbook says how they vary together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use custometer_core::suggest::nearest;
use custometer_core::{Baseline, DimensionValue, Direction, Grain, Unit};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::check::formula::{self, Formula};
use crate::check::goals::{self as targets, Goal, Judged};
use crate::config::diagnostics::Collector;
use crate::config::{BenchmarkConfig, Named, TargetConfig};
use crate::observe::compare::relative;
use crate::observe::shown;
use crate::report::Request;
use crate::result::{Benchmark, Comparison, ResultRow};

/// What result rows have in the place of a metric's id.
const METRIC: &str = "derived";

/// A result that is calculated from those of requests.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DerivedConfig {
    /// What its rows are: names of requests, or of other derived results, with `+`, `-`, `*`, `/`, numbers and brackets. Rows of the same
    /// bucket and group are taken together. What is divided by zero is undefined, and so is what is made of something undefined.
    #[schemars(with = "String")]
    pub value: Spanned<String>,
    /// The unit of the values.
    pub unit: Unit,
    /// Which change of them is good news; neither unless said.
    #[serde(default = "neutral")]
    pub direction: Direction,
    /// What a reader must know of it; stands beside its values.
    pub summary: Option<String>,
    /// What its values are to be.
    #[schemars(with = "Option<TargetConfig>")]
    pub target: Option<Spanned<TargetConfig>>,
    /// A value from elsewhere that its values are compared with.
    pub benchmark: Option<BenchmarkConfig>,
}

fn neutral() -> Direction {
    Direction::Neutral
}

/// A derived result, checked.
#[derive(Debug, Clone)]
pub struct Derived {
    /// Its name in the results.
    pub name: String,
    /// The formula, as the config has it.
    pub written: String,
    /// The unit of its values.
    pub unit: Unit,
    /// Which change of them is good news.
    pub direction: Direction,
    summary: Option<String>,
    formula: Formula,
    /// The results it is made of, in the order of the formula.
    inputs: Vec<String>,
    form: Form,
    target: Option<Goal>,
    benchmark: Option<Arc<Benchmark>>,
    /// Where it stands among the others in the config. They are kept in the order in which they can be computed.
    position: usize,
}

/// What rows a result has.
#[derive(Debug, Clone)]
struct Form {
    grain: Grain,
    /// Whether its rows are of no time.
    is_timeless: bool,
    /// The breakdowns, as the columns come.
    by: Vec<Vec<String>>,
    /// The metric's own dimensions.
    own: Vec<String>,
    compare: Vec<Baseline>,
}

impl Form {
    fn of(request: &Request, has_period: bool) -> Self {
        Self {
            grain: request.grain,
            is_timeless: !has_period && request.is_timeless_without_period(),
            by: request.by.clone(),
            own: request.definition.dimensions(),
            compare: request.compare.clone(),
        }
    }

    fn breakdowns(&self) -> Vec<BTreeSet<&String>> {
        self.by.iter().map(|by| by.iter().collect()).collect()
    }

    /// A breakdown of another that this one lacks.
    fn lacks<'a>(&self, other: &'a Self) -> Option<BTreeSet<&'a String>> {
        let there = self.breakdowns();
        other.breakdowns().into_iter().find(|wanted| !there.contains(wanted))
    }

    /// Why rows of the one are not rows of the other, and what to do about it.
    fn differs(&self, name: &str, other: &Self, other_name: &str) -> Option<(String, String)> {
        let by = |by: &BTreeSet<&String>| {
            let columns: Vec<String> = by.iter().map(|column| format!("`{column}`")).collect();
            columns.join(" and ")
        };
        if self.grain != other.grain {
            let by = |grain: Grain| if grain == Grain::Total { "of the whole period".to_owned() } else { format!("by {}", grain.as_str()) };
            let message = format!("`{name}` is {}, and `{other_name}` is {}", by(self.grain), by(other.grain));
            return Some((message, "give both one `grain`".to_owned()));
        }
        if self.is_timeless != other.is_timeless {
            let [with, without] = if self.is_timeless { [other_name, name] } else { [name, other_name] };
            return Some((
                format!("`{with}` is placed in time, and `{without}` is not"),
                "give the report a period: `from` and `until`".to_owned(),
            ));
        }
        let lacking = [(name, self, other_name, other), (other_name, other, name, self)];
        for (lacks, form, has, whose) in lacking {
            if let Some(wanted) = form.lacks(whose) {
                return Some(if wanted.is_empty() {
                    (format!("`{lacks}` has no total, and `{has}` has one"), format!("add `[]` to the `by` of `{lacks}`"))
                } else {
                    let wanted = by(&wanted);
                    (
                        format!("`{lacks}` is not broken down by {wanted}, and `{has}` is"),
                        "rows are matched by their groups: give both the same `by`".to_owned(),
                    )
                });
            }
        }
        let [own, others]: [BTreeSet<&String>; 2] = [self, other].map(|form| form.own.iter().collect());
        (own != others).then(|| {
            let dimension = by(&own.symmetric_difference(&others).copied().collect());
            (
                format!("{dimension} is a dimension of one of `{name}` and `{other_name}` only"),
                "derive from results of like rows".to_owned(),
            )
        })
    }
}

/// What is derived, in an order in which it can be computed.
pub(crate) struct Reading<'a> {
    /// All requests by their names; none for one that is wrong.
    pub(crate) requests: BTreeMap<&'a str, Option<&'a Request>>,
    pub(crate) has_period: bool,
}

impl Reading<'_> {
    /// Reads what a config derives, and reports everything that is wrong with it.
    pub(crate) fn read(&self, config: &Named<DerivedConfig>, problems: &mut Collector) -> Vec<Derived> {
        let names: BTreeSet<&str> = config.iter().map(|(name, _)| name.get_ref().as_str()).collect();
        let mut waiting = Vec::new();
        for (position, (name, derived)) in config.iter().enumerate() {
            if self.requests.contains_key(name.get_ref().as_str()) {
                problems
                    .report(name.span(), format!("a request is called `{}`, too", name.get_ref()))
                    .help("give one of them another name");
            }
            let Some(config) = derived else { continue };
            let Some(formula) = self.formula(config, &names, problems) else { continue };
            waiting.push((position, name, config, formula));
        }
        let mut done: BTreeMap<&str, Derived> = BTreeMap::new();
        let mut ordered = Vec::new();
        loop {
            let is_waiting: BTreeSet<&str> = waiting.iter().map(|(_, name, ..)| name.get_ref().as_str()).collect();
            let is_ready = |(.., formula): &(usize, &Spanned<String>, &DerivedConfig, formula::Written)| {
                !formula.names.iter().any(|(name, _)| is_waiting.contains(name.as_str()))
            };
            let (now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
            if now.is_empty() {
                circles(&later, problems);
                break;
            }
            for (position, name, config, formula) in now {
                if let Some(form) = self.form(&formula.names, &done, problems) {
                    let mut inputs: Vec<String> = Vec::new();
                    for (name, _) in formula.names {
                        if !inputs.contains(&name) {
                            inputs.push(name);
                        }
                    }
                    let mut derived = Derived {
                        name: name.get_ref().clone(),
                        written: config.value.get_ref().clone(),
                        unit: config.unit,
                        direction: config.direction,
                        summary: config.summary.clone(),
                        formula: formula.formula,
                        inputs,
                        form,
                        target: None,
                        benchmark: config.benchmark.as_ref().map(targets::benchmark),
                        position,
                    };
                    derived.target = config.target.as_ref().map(|target| targets::read(target, &derived.judged(), problems));
                    done.insert(name.get_ref(), derived.clone());
                    ordered.push(derived);
                }
            }
            waiting = later;
        }
        ordered
    }

    /// A formula whose names are all known.
    fn formula(&self, config: &DerivedConfig, derived: &BTreeSet<&str>, problems: &mut Collector) -> Option<formula::Written> {
        let formula = formula::parse(&config.value, problems)?;
        let known: BTreeSet<&str> = self.requests.keys().copied().chain(derived.iter().copied()).collect();
        let known: Vec<&str> = known.into_iter().collect();
        let mut is_known = true;
        for (name, place) in &formula.names {
            if !known.contains(&name.as_str()) {
                let near = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                let help = near.unwrap_or_else(|| format!("there is {}", crate::config::Listed(&known)));
                problems.report(place.clone(), format!("there is no request `{name}`")).help(help);
                is_known = false;
            }
        }
        if formula.names.is_empty() {
            problems.report(config.value.span(), "the value names no request, and would always be the same");
            is_known = false;
        }
        is_known.then_some(formula)
    }

    /// The rows of what is made of these results. None where they do not match, or where one of them is wrong itself.
    fn form(&self, names: &[(String, Range<usize>)], done: &BTreeMap<&str, Derived>, problems: &mut Collector) -> Option<Form> {
        let form = |name: &str| match self.requests.get(name) {
            Some(request) => request.map(|request| Form::of(request, self.has_period)),
            None => done.get(name).map(|derived| derived.form.clone()),
        };
        let mut forms = Vec::new();
        for (name, place) in names {
            forms.push((name, place, form(name)?));
        }
        let ((first_name, _, first), others) = forms.split_first()?;
        let mut of_all = first.clone();
        for (name, place, other) in others {
            if let Some((message, help)) = other.differs(name, first, first_name) {
                problems.report((*place).clone(), message).help(help);
                return None;
            }
            of_all.compare.retain(|baseline| other.compare.contains(baseline));
        }
        Some(of_all)
    }
}

/// Reports what is made of itself.
fn circles(waiting: &[(usize, &Spanned<String>, &DerivedConfig, formula::Written)], problems: &mut Collector) {
    let uses: BTreeMap<&str, Vec<&str>> = waiting
        .iter()
        .map(|(_, name, _, formula)| (name.get_ref().as_str(), formula.names.iter().map(|(name, _)| name.as_str()).collect()))
        .collect();
    for (_, name, _, formula) in waiting {
        for (used, place) in &formula.names {
            let mut reached: BTreeSet<&str> = BTreeSet::new();
            let mut next = vec![used.as_str()];
            while let Some(at) = next.pop() {
                if reached.insert(at) {
                    next.extend(uses.get(at).into_iter().flatten().copied());
                }
            }
            if reached.contains(name.get_ref().as_str()) {
                let round = if used == name.get_ref() { String::new() } else { format!(", and `{used}` is made of it") };
                problems
                    .report(place.clone(), format!("`{}` is made of `{used}`{round}", name.get_ref()))
                    .help("derived results may use each other, but not in a circle");
                break;
            }
        }
    }
}

/// Adds the rows of what is derived to those of the requests, in the order of the config.
pub(crate) fn append(results: &mut Vec<ResultRow>, derived: &[Derived]) {
    let mut made: Vec<(usize, Vec<ResultRow>)> = Vec::new();
    for derived in derived {
        let all = || results.iter().chain(made.iter().flat_map(|(_, rows)| rows));
        let inputs: Vec<Vec<&ResultRow>> = derived.inputs.iter().map(|name| all().filter(|row| row.request == *name).collect()).collect();
        let rows = derived.rows(&inputs);
        made.push((derived.position, rows));
    }
    made.sort_by_key(|(position, _)| *position);
    results.extend(made.into_iter().flat_map(|(_, rows)| rows));
}

/// Dimensions with their values as they are written: one side may show numbers where the other shows text.
type Values = BTreeMap<String, Option<String>>;

/// What rows must have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    by: Values,
}

impl Key {
    fn of(row: &ResultRow) -> Self {
        let instant = |edge: &Option<jiff::Zoned>| edge.as_ref().map(jiff::Zoned::timestamp);
        Self { start: instant(&row.start), end: instant(&row.end), by: values(&row.dimensions[..row.breakdown]) }
    }
}

fn values(dimensions: &[(String, DimensionValue)]) -> Values {
    let written = |value: &DimensionValue| (*value != DimensionValue::Missing).then(|| value.to_string());
    dimensions.iter().map(|(name, value)| (name.clone(), written(value))).collect()
}

/// One bucket of one group: the rows of each input, by their own dimensions.
struct Cell<'a> {
    inputs: Vec<BTreeMap<Values, &'a ResultRow>>,
    /// All of these combinations, each with a row that has it.
    rows: Vec<(Values, &'a ResultRow)>,
    is_suppressed: bool,
}

impl Derived {
    /// What judging must know of it.
    pub(crate) fn judged(&self) -> Judged<'_> {
        Judged {
            name: &self.name,
            unit: self.unit,
            direction: self.direction,
            by: &self.form.by,
            own: self.form.own.clone(),
            compare: &self.form.compare,
            target: self.target.as_ref(),
            benchmark: self.benchmark.as_ref(),
            is_derived: true,
        }
    }

    /// What the rows of the inputs come to.
    fn rows(&self, inputs: &[Vec<&ResultRow>]) -> Vec<ResultRow> {
        let mut cells: HashMap<Key, Cell<'_>> = HashMap::new();
        for (input, rows) in inputs.iter().enumerate() {
            for &row in rows {
                let cell = cells.entry(Key::of(row)).or_insert_with(|| Cell {
                    inputs: vec![BTreeMap::new(); inputs.len()],
                    rows: Vec::new(),
                    is_suppressed: false,
                });
                let own = values(&row.dimensions[row.breakdown..]);
                cell.is_suppressed |= row.suppressed;
                if !cell.rows.iter().any(|(known, _)| *known == own) {
                    cell.rows.push((own.clone(), row));
                }
                cell.inputs[input].insert(own, row);
            }
        }
        let mut made: Vec<ResultRow> = cells.values().flat_map(|cell| self.cell(cell)).collect();
        as_one_type(&mut made);
        let breakdown = |row: &ResultRow| {
            let columns: BTreeSet<&String> = row.dimensions[..row.breakdown].iter().map(|(name, _)| name).collect();
            self.form.breakdowns().iter().position(|by| *by == columns)
        };
        let order = |row: &ResultRow| {
            let dimensions: Vec<DimensionValue> = row.dimensions.iter().map(|(_, value)| value.clone()).collect();
            (breakdown(row), row.start.as_ref().map(jiff::Zoned::timestamp), dimensions)
        };
        made.sort_by_cached_key(order);
        made
    }

    fn cell(&self, cell: &Cell<'_>) -> Vec<ResultRow> {
        if cell.is_suppressed {
            // The values of a metric's own dimensions would tell of a group that is hidden.
            let any = cell.rows.first().map(|(_, row)| row);
            return any.map(|row| ResultRow { suppressed: true, ..self.row(row, &vec![None; self.inputs.len()]) }).into_iter().collect();
        }
        let of = |(own, row): &(Values, &ResultRow)| {
            let inputs: Vec<Option<&ResultRow>> = cell.inputs.iter().map(|rows| rows.get(own).copied()).collect();
            let made = self.row(row, &inputs);
            let own = row.dimensions[row.breakdown..].iter().cloned();
            let mut dimensions = made.dimensions.clone();
            dimensions.extend(own);
            ResultRow { dimensions, ..made }
        };
        cell.rows.iter().map(of).collect()
    }

    /// The row of one combination, without own dimensions. `like` is any of the inputs' rows for it; where nothing is given, nothing is
    /// said.
    fn row(&self, like: &ResultRow, inputs: &[Option<&ResultRow>]) -> ResultRow {
        let value = |of: &dyn Fn(&ResultRow) -> Option<f64>| {
            let input = |name: &str| {
                let position = self.inputs.iter().position(|input| input == name)?;
                inputs[position].and_then(of)
            };
            shown(self.formula.value(&input))
        };
        let now = value(&|row| row.value);
        let comparisons = self.form.compare.iter().map(|&baseline| {
            let of = |row: &ResultRow| row.comparisons.iter().find(|comparison| comparison.baseline == baseline).cloned();
            let Some(time) = of(like).filter(|comparison| comparison.start.is_some()) else { return Comparison::unknown(baseline) };
            // A baseline from before the data of one input has no value there, and so none here.
            let then = value(&|row| of(row)?.value);
            let change = now.zip(then).map(|(now, then)| now - then);
            Comparison {
                start: time.start,
                end: time.end,
                value: then,
                change: shown(change),
                relative_change: shown(change.zip(then).and_then(|(change, then)| relative(change, then, self.unit))),
                ..Comparison::unknown(baseline)
            }
        });
        let absent = self.inputs.iter().zip(inputs).filter(|(_, row)| row.is_none()).map(|(name, _)| format!("`{name}`"));
        let absent: Vec<String> = absent.collect();
        let nothing = inputs.iter().all(Option::is_none);
        let lacking = (!absent.is_empty() && !nothing).then(|| format!("no such group in {}", absent.join(" and ")));
        let notes: Vec<String> = self.summary.iter().cloned().chain(lacking).collect();
        ResultRow {
            target: None,
            benchmark: None,
            request: self.name.clone(),
            metric: METRIC,
            start: like.start.clone(),
            end: like.end.clone(),
            partial: like.partial || inputs.iter().flatten().any(|row| row.partial),
            grain: like.grain,
            dimensions: self.breakdown(like),
            breakdown: like.breakdown,
            value: now,
            unit: self.unit,
            direction: self.direction,
            low: None,
            high: None,
            n: None,
            measures: self.inputs.iter().zip(inputs).map(|(name, row)| (name.clone(), row.and_then(|row| row.value))).collect(),
            note: Some(notes.join("; ")).filter(|note| !note.is_empty()),
            suppressed: false,
            comparisons: comparisons.collect(),
        }
    }

    /// The breakdown's dimensions of a row, in the order that the first input has them.
    fn breakdown(&self, row: &ResultRow) -> Vec<(String, DimensionValue)> {
        let mut dimensions = row.dimensions[..row.breakdown].to_vec();
        let columns: BTreeSet<&String> = row.dimensions[..row.breakdown].iter().map(|(name, _)| name).collect();
        if let Some(by) = self.form.by.iter().find(|by| by.iter().collect::<BTreeSet<_>>() == columns) {
            dimensions.sort_by_key(|(name, _)| by.iter().position(|column| column == name));
        }
        dimensions
    }
}

/// What is a number in one input and text in another is text, so that a column is of one type.
fn as_one_type(rows: &mut [ResultRow]) {
    let is_text = |value: &DimensionValue| matches!(value, DimensionValue::Text(_));
    let texts = rows.iter().flat_map(|row| &row.dimensions).filter(|(_, value)| is_text(value)).map(|(name, _)| name.clone());
    let texts: BTreeSet<String> = texts.collect();
    for (_, value) in rows.iter_mut().flat_map(|row| &mut row.dimensions).filter(|(name, _)| texts.contains(name)) {
        if *value != DimensionValue::Missing && !is_text(value) {
            *value = DimensionValue::Text(value.to_string());
        }
    }
}
