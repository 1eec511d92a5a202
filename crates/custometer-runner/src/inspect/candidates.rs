//! Which logical tables a file could be: by the names of its columns, and by what they hold.

use std::collections::{BTreeMap, BTreeSet};

use custometer_core::registry::Descriptor;
use custometer_core::{Column, ColumnType, Domain, NullRule, Registry, Source, SqlCondition, Table};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::column::{InspectedColumn, LooksLike};
use super::hints::no_answers;
use super::words::{self, Known};

/// So many candidates are worth naming.
const MOST: usize = 3;
/// Names less like each other than this do not match.
const LIKE: f64 = 0.58;
/// The file could not be a table that is less like it than this.
const ENOUGH: f64 = 0.35;
/// What a table is worth that no metric could run on.
const IDLE: f64 = 0.8;
/// A column whose name is at least so much like a logical one's could be meant in the place of the one that is most like it.
const RIVAL: f64 = 0.75;
/// The longest scale that answers are given on.
const LONGEST_SCALE: f64 = 100.0;
/// The longest scale that half answers are given on, too.
const LONGEST_OF_STARS: f64 = 10.0;
/// A match by type alone, where no other column could be meant.
const BY_TYPE: f64 = 0.35;

/// A logical table that a file could be.
#[derive(Debug, Clone, Serialize)]
pub struct Candidate {
    /// The logical table's name.
    pub table: String,
    /// How well it fits, for comparing candidates only.
    pub score: f64,
    /// The logical columns that the file seems to have.
    pub columns: Vec<Match>,
    /// The ones that it does not seem to have.
    pub missing: Vec<String>,
    /// The metrics that could run on it.
    pub metrics: Vec<Runnable>,
    /// What speaks against it.
    pub doubt: Option<String>,
    /// The parameter of all its metrics that says that rows are lines, in TOML; none where they do not seem to be.
    pub lines: Option<String>,
}

impl Candidate {
    /// The file's column that a logical one seems to be.
    pub(super) fn column_of(&self, logical: &str) -> Option<&str> {
        self.columns.iter().find(|of| of.logical == logical).map(|of| of.column.as_str())
    }
}

/// A logical column and the file's column that it could be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Match {
    /// The logical name.
    pub logical: String,
    /// The file's name.
    pub column: String,
    /// Whether only the type speaks for it, and not the name.
    pub by_type_alone: bool,
    /// Other columns of the file whose names speak for it as well.
    pub rivals: Vec<String>,
}

/// A metric that could run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Runnable {
    /// Its id.
    pub metric: String,
    /// The parameters that it needs, as in its documented example, in TOML; none where it needs none.
    pub params: Option<String>,
    /// Whether it goes through rows as they are, and not through each entity's in order.
    pub is_plain: bool,
    /// Whether its rows have a time, so that it can be reported by month.
    pub timed: bool,
    /// How many rows it would reject at least, because a value is missing, unreadable or out of its range.
    pub rejects: u64,
    /// Whether it would reject no more.
    pub rejects_no_more: bool,
    /// The logical columns that it reads, but for the time.
    pub reads: Vec<&'static str>,
}

/// A metric with the parameters of one of its examples.
struct Variant {
    metric: &'static Descriptor,
    params: &'static str,
    is_plain: bool,
    source: Source,
}

/// What was found in files.
pub(super) struct Found<'a> {
    pub(super) columns: &'a [InspectedColumn],
    /// The files' names, without their folders.
    pub(super) files: &'a [String],
    pub(super) has_names: bool,
    pub(super) rows: u64,
}

/// The logical tables that columns could be, the likeliest first.
pub(super) fn candidates(found: &Found<'_>, registry: &Registry) -> Vec<Candidate> {
    let &Found { columns, files, has_names, rows } = found;
    let mut tables: BTreeMap<&str, Vec<Variant>> = BTreeMap::new();
    for variant in registry.iter().flat_map(variants) {
        tables.entry(variant.source.table.name).or_default().push(variant);
    }
    let known = Known::of(tables.values().flatten().map(|variant| &variant.source));
    // A column that many tables have says little of which one it is.
    let mut tables_with: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (table, variants) in &tables {
        for name in variants.iter().flat_map(|variant| names(&variant.source)) {
            tables_with.entry(name).or_default().insert(table);
        }
    }
    let weight = |name: &str| 1.0 / tables_with.get(name).map_or(1, BTreeSet::len) as f64;
    let mut fitting: Vec<Candidate> = tables
        .iter()
        .filter_map(|(table, variants)| Fit { columns, files, has_names, rows, known: &known }.candidate(table, variants, &weight))
        .collect();
    // Of a table that has a row for each, and one that has many, a file with one row for each is the former.
    let taken: Vec<(String, f64)> =
        fitting.iter().filter(|other| other.doubt.is_none()).map(|other| (other.table.clone(), other.score)).collect();
    for candidate in fitting.iter_mut().filter(|candidate| candidate.doubt.is_none()) {
        let Some(entity) = known.many_rows_per(&candidate.table) else { continue };
        let is_rival = |(other, score): &&(String, f64)| own_id(other).is_some_and(|own| own == entity) && 2.0 * score >= candidate.score;
        let rival = taken.iter().find(is_rival).map(|(other, _)| other);
        let once = candidate.column_of(entity).and_then(|name| columns.iter().find(|column| column.name == name));
        if let (Some(rival), Some(column)) = (rival, once.filter(|column| column.distinct.count > 1 && has_each_once(column))) {
            candidate.doubt = Some(format!("every `{}` has one row here, as in `{rival}`", column.name));
        }
    }
    if fitting.iter().any(|candidate| candidate.doubt.is_none()) {
        fitting.retain(|candidate| candidate.doubt.is_none());
    }
    fitting.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.table.cmp(&b.table)));
    let best = fitting.first().map_or(0.0, |best| best.score);
    fitting.retain(|candidate| candidate.score >= best / 2.0);
    fitting.truncate(MOST);
    fitting
}

/// How a table of files fits one metric, which is asked for: the columns that it reads, in the file, and what speaks against it. `said` are
/// the columns that are known, by their logical names.
pub(super) fn of_metric(
    found: &Found<'_>,
    metric: &'static Descriptor,
    source: &Source,
    said: &[(String, String)],
    registry: &Registry,
) -> Candidate {
    let known_variants: Vec<Variant> = registry.iter().flat_map(variants).collect();
    let known = Known::of(known_variants.iter().map(|variant| &variant.source).chain([source]));
    let columns: Vec<InspectedColumn> =
        found.columns.iter().filter(|column| said.iter().all(|(_, of)| *of != column.name)).cloned().collect();
    let mut asked = source.clone();
    asked.columns.retain(|column| said.iter().all(|(logical, _)| logical != column.name));
    asked.time = asked.time.filter(|time| said.iter().all(|(logical, _)| logical != time));
    let variant = Variant { metric, params: "", is_plain: true, source: asked };
    let fit = Fit { columns: &columns, files: found.files, has_names: found.has_names, rows: found.rows, known: &known };
    let table = source.table.name;
    let matches: Vec<Match> = fit.matches(table, &wanted(std::slice::from_ref(&variant))).into_iter().map(|(of, _)| of).collect();
    let doubt = fit.doubt(table, &matches);
    let takes = metric.param_names();
    let lines = fit.lines(table, &matches).filter(|params| takes.iter().any(|name| params.starts_with(&format!("{name} ="))));
    let runs = Runnable {
        metric: metric.about.id.to_owned(),
        params: None,
        is_plain: true,
        timed: false,
        rejects: 0,
        rejects_no_more: false,
        reads: Vec::new(),
    };
    Candidate { table: table.to_owned(), score: 1.0, columns: matches, missing: Vec::new(), metrics: vec![runs], doubt, lines }
}

/// The metrics that a first report on a logical table asks for, in the order of the domains.
pub(crate) fn first_report(table: &str, registry: &Registry) -> Vec<&'static str> {
    let mut metrics: Vec<&str> = Vec::new();
    for source in registry.iter().flat_map(variants).map(|variant| variant.source).filter(|source| source.table.name == table) {
        metrics.extend(source.table.first_report.iter().filter(|id| !metrics.contains(*id)).collect::<Vec<_>>());
    }
    metrics
}

/// A metric without parameters where it needs none, and with those of each of its examples.
fn variants(metric: &'static Descriptor) -> Vec<Variant> {
    let mut seen = BTreeSet::new();
    let params =
        std::iter::once("").chain(metric.about.examples.iter().map(|example| example.params)).filter(|params| seen.insert(*params));
    params
        .filter_map(|params| {
            let given: Map<String, Json> = toml::from_str(params).ok()?;
            let definition = metric.define(given).ok()?;
            let mut source = definition.source;
            if source.columns.iter().any(|column| is_told(column, &source.table, params)) {
                return None;
            }
            // What an example asks of its own columns says nothing of these.
            source.columns.retain(|column| SqlCondition::written(column.name).is_none() && !column.is_optional);
            Some(Variant { metric, params, is_plain: definition.derivation.is_none(), source })
        })
        .collect()
}

/// Whether a column has its name from an example's parameters, and from nowhere else: then it says nothing of other files.
fn is_told(column: &Column, table: &Table, params: &str) -> bool {
    let is_known = !column.also_called.is_empty() || table.columns.iter().any(|known| known.name == column.name);
    !is_known && params.contains(&format!("\"{}\"", column.name))
}

fn names(source: &Source) -> impl Iterator<Item = &'static str> {
    let time = source.time.filter(|time| source.columns.iter().all(|column| column.name != *time));
    time.into_iter().chain(source.columns.iter().map(|column| column.name))
}

/// A logical column.
struct Wanted {
    kind: ColumnType,
    /// Whether its numbers are on a scale, which differs from survey to survey.
    on_scale: bool,
    /// How many metrics read it; one that does only with some parameters counts less.
    readers: f64,
    /// Whether every metric can do without it.
    is_optional: bool,
    /// Whether every metric that reads it can do without its values.
    may_be_missing: bool,
}

/// The columns of a logical table.
fn wanted(variants: &[Variant]) -> BTreeMap<&'static str, Wanted> {
    let mut wanted: BTreeMap<&str, Wanted> = BTreeMap::new();
    for variant in variants {
        let of_metric = variants.iter().filter(|other| other.metric.about.id == variant.metric.about.id).count();
        for name in names(&variant.source) {
            let column = variant.source.columns.iter().find(|column| column.name == name);
            let kind = column.map_or(ColumnType::Time, |column| column.kind);
            let on_scale = column.and_then(|column| ends(column.domain)).is_some_and(|(min, max)| (max - min).is_finite());
            let wanted = wanted.entry(name).or_insert(Wanted { kind, on_scale, readers: 0.0, is_optional: false, may_be_missing: true });
            wanted.readers += 1.0 / of_metric as f64;
            wanted.may_be_missing &= column.is_some_and(|column| column.nulls == NullRule::Keep);
        }
    }
    let mut metrics: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
    for variant in variants {
        metrics.entry(variant.metric.about.id).or_default().push(&variant.source);
    }
    let needs = |of_metric: &Vec<&Source>, name: &str| of_metric.iter().all(|source| names(source).any(|read| read == name));
    for (name, wanted) in &mut wanted {
        wanted.is_optional = !metrics.values().any(|of_metric| needs(of_metric, name));
    }
    wanted
}

/// What is known of the files.
struct Fit<'a> {
    columns: &'a [InspectedColumn],
    files: &'a [String],
    has_names: bool,
    rows: u64,
    known: &'a Known,
}

impl Fit<'_> {
    fn candidate(&self, table: &str, variants: &[Variant], weight: &dyn Fn(&str) -> f64) -> Option<Candidate> {
        let wanted = wanted(variants);
        let matches = self.matches(table, &wanted);
        let others = self.columns.iter().map(|column| column.name.as_str()).filter(|name| matches.iter().all(|(of, _)| of.column != *name));
        let (files, columns) = (self.hits_of_files(table), self.known.hits(table, others));
        // People and times are in every table: only what else there is, or a name that can mean nothing else, tells which one.
        let entity = self.known.many_rows_per(table);
        let telling = matches.iter().any(|(of, likeness)| {
            let special = wanted[of.logical.as_str()].kind != ColumnType::Time && entity != Some(of.logical.as_str());
            !of.by_type_alone && (special || *likeness >= 1.0 && entity == Some(of.logical.as_str()))
        });
        if matches.is_empty() || self.has_names && !telling && files + columns == 0 {
            return None;
        }
        // What nobody needs speaks for a table where it is there, and not against it where it is not.
        let is_there = |name: &str| matches.iter().any(|(of, _)| of.logical == name);
        let counted = wanted.iter().filter(|(name, wanted)| !wanted.is_optional || is_there(name));
        let all: f64 = counted.map(|(name, wanted)| weight(name) * wanted.readers).sum();
        let found: f64 = matches.iter().map(|(of, likeness)| weight(&of.logical) * wanted[of.logical.as_str()].readers * likeness).sum();
        let spoken = 0.12 * columns.min(4) as f64 + 0.3 * files.min(1) as f64;
        // Of two tables that are both there in full, the one that says more of the file is meant.
        let named = matches.iter().filter(|(of, _)| !of.by_type_alone).count();
        let explained = if self.has_names { 0.9 + 0.1 * named as f64 / self.columns.len().max(1) as f64 } else { 1.0 };
        let columns: Vec<Match> = matches.into_iter().map(|(of, _)| of).collect();
        let doubt = self.doubt(table, &columns);
        let missing = wanted.keys().filter(|name| columns.iter().all(|of| of.logical != **name)).map(ToString::to_string).collect();
        let lines = self.lines(table, &columns);
        let metrics = self.runnable(variants, &columns);
        let (certainty, use_of) = (if doubt.is_some() { 0.5 } else { 1.0 }, if metrics.is_empty() { IDLE } else { 1.0 });
        let score = (found / all.max(f64::MIN_POSITIVE) + spoken) * explained * certainty * use_of;
        let score = (score * 100.0).round() / 100.0;
        (score >= ENOUGH).then(|| Candidate { table: table.to_owned(), score, columns, missing, metrics, doubt, lines })
    }

    /// The parameter that says that rows are lines, where they seem to be.
    fn lines(&self, table: &str, matches: &[Match]) -> Option<String> {
        let lines = self.known.lines_of(table).filter(|(of, _)| {
            let of = matches.iter().find(|column| column.logical == *of);
            of.and_then(|of| self.columns.iter().find(|column| column.name == of.column)).is_some_and(|column| column.repeats > 0)
        });
        lines.map(|(_, params)| params.to_owned())
    }

    /// How many words in the files' names speak of a table.
    fn hits_of_files(&self, table: &str) -> usize {
        self.known.hits(table, self.files.iter().map(String::as_str))
    }

    /// The likeliest pairs of a logical column and one of the files, each column in one pair at most.
    fn matches(&self, table: &str, wanted: &BTreeMap<&str, Wanted>) -> Vec<(Match, f64)> {
        let mut pairs: Vec<(f64, &str, &InspectedColumn, bool)> = Vec::new();
        for (logical, Wanted { kind, on_scale, may_be_missing, .. }) in wanted {
            let is_there = |column: &&InspectedColumn| {
                let could_be_empty = *may_be_missing && column.looks_like == LooksLike::Nothing;
                self.could_hold(column, *kind) && (could_be_empty || column.looks_like != LooksLike::Nothing || self.rows == 0)
            };
            let fitting: Vec<&InspectedColumn> = self.columns.iter().filter(is_there).collect();
            for column in &fitting {
                let mut likeness = self.likeness(table, logical, column, *kind);
                // A day beside a time says no more than the time.
                let is_time = |other: &&&InspectedColumn| other.looks_like == LooksLike::Time;
                let timed = || fitting.iter().filter(is_time).any(|other| self.likeness(table, logical, other, *kind) >= LIKE);
                if column.looks_like == LooksLike::Date && timed() {
                    likeness = likeness.min(LIKE);
                }
                if likeness >= LIKE {
                    pairs.push((likeness, logical, column, false));
                }
            }
            // The only time there is, and the only number that is not a count, can hardly be another's.
            let alone: Vec<&&InspectedColumn> = match kind {
                ColumnType::Time => fitting.iter().filter(|column| column.looks_like != LooksLike::Nothing).collect(),
                ColumnType::Number if !on_scale => {
                    let is_amount = |column: &InspectedColumn| column.looks_like == LooksLike::Number && !words::are_of_id(&column.name);
                    fitting.iter().filter(|column| is_amount(column)).collect()
                }
                _ => Vec::new(),
            };
            let typed = if let ([only], true) = (alone.as_slice(), self.rows > 0) { Some(**only) } else { None };
            pairs.extend(typed.map(|column| (BY_TYPE, *logical, column, true)));
            if !self.has_names {
                // Names that are guesses are as good as types.
                pairs
                    .extend(fitting.iter().filter(|column| proposed(*kind, &column.name)).map(|column| (BY_TYPE, *logical, *column, true)));
            }
        }
        // The sort is stable: of equal ones the first column is the likeliest.
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut matches: Vec<(Match, f64)> = Vec::new();
        for (likeness, logical, column, by_type_alone) in pairs {
            if matches.iter().all(|(of, _)| of.logical != logical && of.column != column.name) {
                matches.push((
                    Match { logical: logical.to_owned(), column: column.name.clone(), by_type_alone, rivals: Vec::new() },
                    likeness,
                ));
            }
        }
        for position in 0..matches.len() {
            let (of, likeness) = &matches[position];
            let kind = wanted[of.logical.as_str()].kind;
            let is_free = |column: &&InspectedColumn| matches.iter().all(|(other, _)| other.column != column.name);
            // A name that is the logical one's own has no rival.
            let could_be = |column: &&InspectedColumn| {
                *likeness < 1.0 && self.could_hold(column, kind) && self.likeness(table, &of.logical, column, kind) >= RIVAL.min(*likeness)
            };
            let rivals = self.columns.iter().filter(is_free).filter(could_be).map(|column| column.name.clone()).collect();
            matches[position].0.rivals = rivals;
        }
        matches.sort_by_key(|(of, _)| self.columns.iter().position(|column| column.name == of.column));
        matches
    }

    /// Whether a column could hold a type; one without values could hold times that have not come yet.
    fn could_hold(&self, column: &InspectedColumn, kind: ColumnType) -> bool {
        self.rows == 0 || fits(column, kind) || kind == ColumnType::Time && column.looks_like == LooksLike::Nothing
    }

    fn likeness(&self, table: &str, logical: &str, column: &InspectedColumn, kind: ColumnType) -> f64 {
        let likeness = self.known.likeness(logical, &column.name);
        if kind != ColumnType::Identifier {
            return likeness;
        }
        // A table's own rows are often told apart by no more than `id`.
        let own = own_id(table).is_some_and(|own| own == logical);
        let bare = ["id", "nr", "key"].contains(&words::words(&column.name).concat().as_str());
        // A shop numbers its orders, and calls the number a name.
        let is_numbered = |text: &String| text.strip_prefix('#').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
        if own && likeness < 0.75 && !column.examples.is_empty() && column.examples.iter().all(is_numbered) {
            return 0.75;
        }
        if own && bare && tells_rows_apart(column) && self.hits_of_files(table) > 0 {
            return 0.75;
        }
        // What only has to do with customers does not tell them apart.
        if likeness < 0.75 && !words::are_of_id(&column.name) { likeness * 0.7 } else { likeness }
    }

    /// What speaks against a table whose columns all seem to be there.
    fn doubt(&self, table: &str, matches: &[Match]) -> Option<String> {
        let column_of = |logical: &str| {
            let of = matches.iter().find(|of| of.logical == logical)?;
            self.columns.iter().find(|column| column.name == of.column)
        };
        let may_be_lines = |own: &String| self.known.lines_of(table).is_some_and(|(of, _)| of == own.as_str());
        let own = own_id(table).filter(|own| !may_be_lines(own));
        if let Some(own) = own.and_then(|own| column_of(&own)).filter(|own| !tells_rows_apart(own)) {
            return Some(format!("a `{}` has several rows here, and one in `{table}`", own.name));
        }
        let column = column_of(self.known.many_rows_per(table)?)?;
        let once = has_each_once(column) && column.distinct.count > 20;
        once.then(|| format!("every `{}` has one row here, and many in `{table}`", column.name))
    }

    /// The metrics whose columns are all there, each with the first parameters that suit them.
    fn runnable(&self, variants: &[Variant], matches: &[Match]) -> Vec<Runnable> {
        let found: Vec<Runnable> = variants.iter().filter_map(|variant| self.runs(variant, matches)).collect();
        // Of scales that a column could be on, the one that fits best is meant.
        let fewest = |reads: &[&str]| found.iter().filter(|other| other.reads == reads).map(|other| other.rejects).min();
        let mut seen = BTreeSet::new();
        let best = found.iter().filter(|metric| fewest(&metric.reads) == Some(metric.rejects) && seen.insert(&metric.metric));
        best.cloned().collect()
    }

    fn runs(&self, variant: &Variant, matches: &[Match]) -> Option<Runnable> {
        let column_of = |logical: &str| {
            let of = matches.iter().find(|of| of.logical == logical)?;
            self.columns.iter().find(|column| column.name == of.column)
        };
        let inputs = variant.source.columns.iter().map(|column| Some((column, column_of(column.name)?)));
        let inputs: Vec<(&Column, &InspectedColumn)> = inputs.collect::<Option<_>>()?;
        // One row may be rejected for several columns.
        let rejected: Vec<u64> = inputs.iter().map(|(wanted, column)| rejected(column, wanted)).collect();
        let rejects = rejected.iter().copied().max().unwrap_or(0);
        let counted = inputs.iter().all(|(wanted, column)| column.counts().is_some() || outside(column, wanted.domain) == 0);
        let fits = inputs.iter().all(|(wanted, column)| is_on_scale(column, wanted.domain)) && rejects * 2 <= self.rows;
        fits.then(|| Runnable {
            metric: variant.metric.about.id.to_owned(),
            params: (!variant.params.is_empty()).then(|| variant.params.trim().to_owned()),
            is_plain: variant.is_plain,
            timed: variant.source.time.is_some_and(|time| column_of(time).is_some()),
            rejects,
            rejects_no_more: counted && rejected.iter().filter(|rows| **rows > 0).count() < 2,
            reads: inputs.iter().map(|(wanted, _)| wanted.name).collect(),
        })
    }
}

/// The column that tells a logical table's own rows apart, by the usual way to name it.
fn own_id(table: &str) -> Option<String> {
    table.strip_suffix('s').map(|row| format!("{row}_id"))
}

/// Whether a name that a column without one was given is that of a logical column's type.
fn proposed(kind: ColumnType, name: &str) -> bool {
    kind == ColumnType::Identifier && name == "id" || kind == ColumnType::Time && name == "time"
}

/// Whether a column can be read as a type.
pub(super) fn fits(column: &InspectedColumn, kind: ColumnType) -> bool {
    let looks = column.looks_like;
    match kind {
        // What is the same in every row tells nobody apart.
        ColumnType::Identifier => {
            // Some ids are two numbers with a point between them.
            let is_id = matches!(looks, LooksLike::Text | LooksLike::Code | LooksLike::WholeNumber)
                || looks == LooksLike::Number && words::are_of_id(&column.name);
            is_id && (column.distinct.count > 1 || column.present < 5)
        }
        ColumnType::Text => matches!(looks, LooksLike::Text | LooksLike::Code | LooksLike::WholeNumber | LooksLike::Boolean),
        ColumnType::Number => matches!(looks, LooksLike::WholeNumber | LooksLike::Number),
        ColumnType::Boolean => {
            looks == LooksLike::Boolean
                || column.counts().is_some_and(|counts| !counts.is_empty() && counts.keys().all(|key| is_truth(key)))
        }
        ColumnType::Time => matches!(looks, LooksLike::Date | LooksLike::Time),
        _ => false,
    }
}

fn is_truth(text: &str) -> bool {
    text == "0" || text == "1"
}

/// The ends of a domain that has two.
fn ends(domain: Domain) -> Option<(f64, f64)> {
    match domain {
        Domain::Between { min, max } => Some((min, max)),
        Domain::Whole { min, max } => Some((min as f64, max as f64)),
        _ => None,
    }
}

/// Whether values are on a scale and not on a shorter one: answers from 1 to 5 are not answers from 0 to 10.
fn is_on_scale(column: &InspectedColumn, domain: Domain) -> bool {
    let Some((min, max)) = ends(domain) else { return true };
    // Counts have a limit, too, which says nothing of how large they are; shares and scores may all be low ones.
    let (is_whole, length) = (matches!(domain, Domain::Whole { .. }), max - min);
    if length > if is_whole { LONGEST_SCALE } else { LONGEST_OF_STARS } || length <= 1.0 {
        return true;
    }
    if is_whole && column.looks_like == LooksLike::Number {
        return false;
    }
    // What means no answer says nothing of the scale.
    let codes = no_answers(column);
    let answers = column.counts().into_iter().flatten().filter_map(|(text, _)| column.number(text));
    let answers = answers.filter(|number| codes.iter().all(|code| (*code as f64).total_cmp(number).is_ne()));
    answers.reduce(f64::max).or(column.largest()).is_none_or(|largest| largest * 2.0 > min + max)
}

/// How many rows a column's values are rejected of: for what is outside of the domain, one at least where nobody counted.
fn rejected(column: &InspectedColumn, wanted: &Column) -> u64 {
    let missing = if wanted.nulls == NullRule::Reject { column.missing } else { 0 };
    let unreadable = if wanted.kind == ColumnType::Number { column.unreadable } else { 0 };
    missing + unreadable + outside(column, wanted.domain)
}

/// Whether no value comes twice.
fn has_each_once(column: &InspectedColumn) -> bool {
    column.distinct.is_exact && column.distinct.count == column.present()
}

/// Whether nearly every row has a value of its own.
fn tells_rows_apart(column: &InspectedColumn) -> bool {
    column.repeats * 10 <= column.distinct.count
}

fn outside(column: &InspectedColumn, domain: Domain) -> u64 {
    if let Domain::OneOf(words) = domain {
        let others =
            |counts: &BTreeMap<String, u64>| counts.iter().filter(|(text, _)| !words.contains(&text.as_str())).map(|(_, rows)| rows).sum();
        return column.counts().map_or(1, others);
    }
    let Some((min, max)) = ends(domain) else { return 0 };
    let is_outside = |number: f64| {
        let fraction = matches!(domain, Domain::Whole { .. }) && number.fract() != 0.0;
        !(min..=max).contains(&number) || fraction
    };
    match column.counts() {
        Some(counts) => counts.iter().filter(|(text, _)| column.number(text).is_some_and(is_outside)).map(|(_, rows)| rows).sum(),
        None => u64::from([column.smallest(), column.largest()].into_iter().flatten().any(is_outside)),
    }
}
