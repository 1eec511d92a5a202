//! What a first report asks of a table: what its pack says, or what the domains want to see first of such a table.

use std::fmt::Write as _;

use custometer_core::Registry;

use super::groups::is_group;
use crate::inspect::{Answer, Choice, InspectedColumn, Looked, LooksLike, first_report, quoted};
use crate::packs::{PackTable, inline};

/// So many of a table's requests are broken down.
const BROKEN_DOWN: usize = 2;

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) metric: String,
    pub(super) table: String,
    /// Further lines, such as its parameters.
    lines: Vec<String>,
    /// The column that it is broken down by.
    by: Option<String>,
    /// A grain of its own.
    grain: Option<&'static str>,
    /// The file's columns that it reads.
    reads: Vec<String>,
    /// Why it stands as a comment.
    pub(super) comment: Option<String>,
}

impl Request {
    /// What a report says of it.
    pub(super) fn says(&self) -> String {
        let mut text = format!("[[metrics]]\nmetric = {}\ntable = {}\n", quoted(&self.metric), quoted(&self.table));
        for line in &self.lines {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{line}");
        }
        if let Some(by) = &self.by {
            let _ = writeln!(text, "by = [[], [{}]]", quoted(by));
        }
        if let Some(grain) = self.grain {
            let _ = writeln!(text, "grain = \"{grain}\"");
        }
        // The whole is compared with nothing before it.
        if self.grain.is_some() || self.lines.iter().any(|line| line == "grain = \"total\"") {
            let _ = writeln!(text, "compare = []");
        }
        text
    }

    /// The forms in which it may be read, the fullest first.
    pub(super) fn forms(&self) -> Vec<Self> {
        let plain = Self { by: None, ..self.clone() };
        let total = Self { grain: Some("total"), ..plain.clone() };
        let has_grain = self.lines.iter().any(|line| line.starts_with("grain "));
        let all = [Some(self.clone()), self.by.is_some().then_some(plain), (!has_grain).then_some(total)];
        all.into_iter().flatten().collect()
    }

    /// The first open choice that it rests on.
    pub(super) fn held_back_by<'a>(&self, open: &[&'a Choice]) -> Option<&'a Choice> {
        open.iter()
            .copied()
            .find(|choice| choice.is_needed && choice.columns.is_empty() || self.reads.iter().any(|column| choice.holds_back(column)))
    }

    /// The same as a comment.
    pub(super) fn held_back(self, choice: &Choice) -> Self {
        Self { comment: Some(format!("once `{}` of `{}` is chosen", choice.key, self.table)), ..self }
    }
}

/// What a pack asks of its table.
pub(super) fn of_pack(name: &str, is: &PackTable) -> Vec<Request> {
    let of_metric = |metric: &toml::Table| {
        let id = metric.get("metric")?.as_str()?.to_owned();
        let others = metric.iter().filter(|(key, _)| *key != "metric");
        let lines = others.map(|(key, value)| format!("{key} = {}", inline(value))).collect();
        // What it asks for is what nobody else can say.
        let reads = is.asks.keys().cloned().collect();
        Some(Request { metric: id, table: name.to_owned(), lines, by: None, grain: None, reads, comment: None })
    };
    is.metrics.iter().filter_map(of_metric).collect()
}

/// What domains want to see first of a table like this one.
pub(super) fn of_table(name: &str, looked: &Looked, looked_up: &[String], registry: &Registry) -> Vec<Request> {
    let Some(best) = looked.best() else { return Vec::new() };
    let columns = looked.columns();
    let mut groups = groups(looked, looked_up).into_iter().cycle();
    let mut requests: Vec<Request> = Vec::new();
    for id in first_report(&best.table, registry) {
        let Some(runnable) = best.metrics.iter().find(|runnable| runnable.metric == id) else { continue };
        if runnable.params.as_ref().is_some_and(|params| !are_meant(params, columns)) {
            continue;
        }
        let lines = runnable.params.iter().map(|params| format!("params = {{ {} }}", params.replace('\n', ", "))).collect();
        let times = best.columns.iter().filter(|of| is_time(columns, &of.column)).map(|of| of.column.clone());
        let reads = runnable.reads.iter().filter_map(|logical| best.columns.iter().find(|of| of.logical == *logical));
        let reads = reads.map(|of| of.column.clone()).chain(times).collect();
        let by = if requests.len() < BROKEN_DOWN { groups.next() } else { None };
        requests.push(Request { metric: id.to_owned(), table: name.to_owned(), lines, by, grain: None, reads, comment: None });
    }
    requests
}

fn is_time(columns: &[InspectedColumn], name: &str) -> bool {
    columns.iter().any(|column| column.name == name && matches!(column.looks_like, LooksLike::Date | LooksLike::Time))
}

/// Whether an example's parameters are meant here, too: `view_events = ["page_view"]` is not where no row is one, and a number of days is for people to say.
fn are_meant(params: &str, columns: &[InspectedColumn]) -> bool {
    let Ok(params) = toml::from_str::<toml::Table>(params) else { return false };
    if params.values().any(|value| value.is_integer() || value.is_float()) {
        return false;
    }
    let mut words = params.values().flat_map(lists);
    let is_there = |word: &str| columns.iter().any(|column| column.values.as_ref().is_some_and(|values| values.contains_key(word)));
    words.all(is_there)
}

/// The texts in lists of a value.
fn lists(value: &toml::Value) -> Vec<&str> {
    match value {
        toml::Value::Array(values) => values.iter().filter_map(toml::Value::as_str).collect(),
        toml::Value::Table(entries) => entries.values().flat_map(lists).collect(),
        _ => Vec::new(),
    }
}

/// The columns that people would compare groups by: those that are looked up, and the file's own.
fn groups(looked: &Looked, looked_up: &[String]) -> Vec<String> {
    let is_mapped = |name: &str| looked.best().is_some_and(|best| best.columns.iter().any(|of| of.column == name));
    let own = looked.columns().iter().filter(|column| is_group(column) && !is_mapped(&column.name));
    own.map(|column| column.name.clone()).chain(looked_up.iter().cloned()).collect()
}

/// Which column holds what a pack can't know.
pub(super) fn asked(logical: &str, what: &str, is: &PackTable, looked: &Looked) -> Choice {
    let is_known = |name: &str| is.has.iter().any(|known| known == name);
    let mut columns: Vec<&InspectedColumn> =
        looked.columns().iter().filter(|column| !is_known(&column.name) && column.present() > 0).collect();
    // The one that looks like it comes first.
    let likely =
        looked.candidate().and_then(|candidate| candidate.columns.iter().find(|of| of.logical == logical)).map(|of| of.column.as_str());
    columns.sort_by_key(|column| Some(column.name.as_str()) != likely);
    let option = |column: &&InspectedColumn| Answer {
        means: format!("`{}`", column.name),
        says: format!("columns.{logical} = {}", quoted(&column.name)),
    };
    Choice {
        key: format!("columns.{logical}"),
        asks: format!("Which column is {what}?"),
        options: columns.iter().map(option).collect(),
        columns: vec![logical.to_owned()],
        is_needed: true,
    }
}
