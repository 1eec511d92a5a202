//! Two runs told apart: which values changed, and why as far as runs tell.
//!
//! A run keeps the hash of each input file, how many observations are behind each value, its config and its dates. So a change is told to follow from
//! another config, version or as-of date, and from rows by their number: new ones in a bucket that was not over, late ones or vanished ones in one
//! that was, and rows that hold something else where their number is the same. Where some came and others went, the number is what is left of both.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::recorded::{Recorded, RecordedValue, ValueKey};

/// What two runs differ in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// The earlier run.
    pub old: String,
    /// The later run.
    pub new: String,
    /// The settings that differ, where both runs keep theirs.
    pub settings: Vec<String>,
    /// The input files that differ.
    pub files: Vec<FileChange>,
    /// The values that differ, in the order of the report.
    pub values: Vec<Difference>,
    /// How many values are the same.
    pub same: usize,
}

/// An input file that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileChange {
    /// Its table.
    pub table: String,
    /// Its path.
    pub path: String,
    /// What became of it.
    pub change: FileChangeKind,
}

/// What became of an input file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileChangeKind {
    /// The later run alone has it.
    New,
    /// Its content is another.
    Changed,
    /// The earlier run alone has it.
    Gone,
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The request.
    pub request: String,
    /// The grain.
    pub grain: String,
    /// The first instant of the bucket, in UTC.
    pub start: Option<String>,
    /// The group, as a JSON object of dimensions.
    pub group: String,
    /// The value before; none where there was none.
    pub old: Option<f64>,
    /// The value now; none where there is none.
    pub new: Option<f64>,
    /// Whether the bucket was over, so that nothing more was to be expected of it.
    pub restated: bool,
    /// Why.
    pub causes: Vec<Cause>,
}

/// Why a value differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// The bucket lies beyond the period of the other run, or the other run did not ask for it.
    Period,
    /// The config says something else of it. The keys are not known where a run does not keep them.
    Config {
        /// The settings that differ.
        keys: Vec<String>,
    },
    /// Another version of the engine.
    Version {
        /// That of the earlier run.
        old: String,
        /// That of the later run.
        new: String,
    },
    /// The data were known up to another date.
    AsOf {
        /// That of the earlier run.
        old: Option<String>,
        /// That of the later run.
        new: Option<String>,
    },
    /// Rows of a bucket that was not over.
    NewRows {
        /// How many more observations there are.
        rows: f64,
    },
    /// Rows of a bucket that was over.
    LateRows {
        /// How many more observations there are.
        rows: f64,
    },
    /// Rows that are there no more.
    VanishedRows {
        /// How many fewer observations there are.
        rows: f64,
    },
    /// As many rows, which hold something else.
    ChangedRows,
    /// It is hidden in one of the runs.
    Hidden,
    /// Nothing that runs keep tells why.
    Unknown,
}

impl Cause {
    /// The cause in words, and what it is counted by.
    fn words(&self) -> &'static str {
        match self {
            Self::Period => "another period",
            Self::Config { .. } => "another config",
            Self::Version { .. } => "another version",
            Self::AsOf { .. } => "another as-of date",
            Self::NewRows { .. } => "new rows",
            Self::LateRows { .. } => "late rows",
            Self::VanishedRows { .. } => "vanished rows",
            Self::ChangedRows => "changed rows",
            Self::Hidden => "hidden in one of them",
            Self::Unknown => "nothing that is kept tells why",
        }
    }

    fn rows(&self) -> f64 {
        match self {
            Self::NewRows { rows } | Self::LateRows { rows } | Self::VanishedRows { rows } => *rows,
            _ => 0.0,
        }
    }
}

impl Diff {
    /// What a later run differs in from an earlier one.
    pub fn of(old: &Recorded, new: &Recorded) -> Self {
        let settings = changed_settings(old, new);
        let files = changed_files(old, new);
        let keys: BTreeSet<&ValueKey> = old.values.keys().chain(new.values.keys()).collect();
        let (mut values, mut same) = (Vec::new(), 0);
        for key in keys {
            let (before, now) = (old.values.get(key), new.values.get(key));
            if shown(before) == shown(now) && before.is_some() == now.is_some() {
                same += 1;
                continue;
            }
            let causes = causes((old, new), (&settings, &files), key, (before, now));
            let is_moved = causes.contains(&Cause::Period);
            values.push(Difference {
                request: key.request.clone(),
                grain: key.grain.clone(),
                start: key.start.map(|start| start.to_string()),
                group: key.group.clone(),
                old: before.and_then(|before| before.value),
                new: now.and_then(|now| now.value),
                restated: !is_moved && before.is_some_and(|before| !before.partial),
                causes,
            });
        }
        Self { old: old.name.clone(), new: new.name.clone(), settings, files, values, same }
    }

    /// The values of buckets that were over.
    pub fn restated(&self) -> impl Iterator<Item = &Difference> {
        self.values.iter().filter(|difference| difference.restated)
    }

    /// The differences in words: cause by cause, then value by value, at most so many.
    pub fn in_words(&self, most: usize) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text, most);
        text
    }

    fn write(&self, text: &mut String, most: usize) -> std::fmt::Result {
        let restated = self.restated().count();
        writeln!(
            text,
            "{} → {}: {} differ, {restated} of them of buckets that were over; {} are the same",
            self.old,
            self.new,
            counted(self.values.len(), "value"),
            self.same
        )?;
        if !self.settings.is_empty() {
            writeln!(text, "settings: {}", self.settings.join(", "))?;
        }
        for FileChange { table, path, change } in &self.files {
            let change = match change {
                FileChangeKind::New => "new",
                FileChangeKind::Changed => "changed",
                FileChangeKind::Gone => "gone",
            };
            writeln!(text, "file of `{table}` {change}: {path}")?;
        }
        let mut by_cause: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
        for cause in self.values.iter().flat_map(|difference| &difference.causes) {
            let (values, rows) = by_cause.entry(cause.words()).or_default();
            *values += 1;
            *rows += cause.rows();
        }
        for (cause, (values, rows)) in by_cause {
            let observations = if (rows - 1.0).abs() < f64::EPSILON { "observation" } else { "observations" };
            let rows = if rows > 0.0 { format!(", {rows} {observations} in all of them") } else { String::new() };
            writeln!(text, "{cause}: {}{rows}", counted(values, "value"))?;
        }
        let number = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        for difference in self.values.iter().take(most) {
            let start = difference.start.as_deref().unwrap_or("all time");
            let group = if difference.group == "{}" { String::new() } else { format!(" {}", difference.group) };
            let why: Vec<String> = difference.causes.iter().map(told).collect();
            let (old, new) = (number(difference.old), number(difference.new));
            writeln!(text, "  {} {} from {start}{group}: {old} → {new} ({})", difference.request, difference.grain, why.join("; "))?;
        }
        let more = self.values.len().saturating_sub(most);
        if more > 0 { writeln!(text, "  and {more} more: `--format json` has all of them") } else { Ok(()) }
    }
}

/// A cause of one value, in words.
fn told(cause: &Cause) -> String {
    match cause {
        Cause::NewRows { rows } => format!("{rows} new"),
        Cause::LateRows { rows } => format!("{rows} late"),
        Cause::VanishedRows { rows } => format!("{rows} vanished"),
        Cause::Config { keys } if !keys.is_empty() => format!("another config: {}", keys.join(", ")),
        Cause::Version { old, new } => format!("version {old} → {new}"),
        Cause::AsOf { old, new } => {
            let date = |date: &Option<String>| date.clone().unwrap_or_else(|| "none".to_owned());
            format!("as-of date {} → {}", date(old), date(new))
        }
        other => other.words().to_owned(),
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// What a reader saw.
fn shown(value: Option<&RecordedValue>) -> Option<(Option<u64>, bool)> {
    value.map(|value| (value.value.map(|value| (value + 0.0).to_bits()), value.suppressed))
}

/// The keys of settings that differ, where both runs keep theirs.
fn changed_settings(old: &Recorded, new: &Recorded) -> Vec<String> {
    let Some((before, now)) = old.settings.as_ref().zip(new.settings.as_ref()) else { return Vec::new() };
    let keys: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    keys.into_iter().filter(|key| before.get(*key) != now.get(*key)).cloned().collect()
}

fn changed_files(old: &Recorded, new: &Recorded) -> Vec<FileChange> {
    let keys: BTreeSet<&(String, String)> = old.files.keys().chain(new.files.keys()).collect();
    let change = |key: &(String, String)| match (old.files.get(key), new.files.get(key)) {
        (None, _) => Some(FileChangeKind::New),
        (_, None) => Some(FileChangeKind::Gone),
        (Some(before), Some(now)) => (before != now).then_some(FileChangeKind::Changed),
    };
    let of = |key: &(String, String)| Some(FileChange { table: key.0.clone(), path: key.1.clone(), change: change(key)? });
    keys.into_iter().filter_map(of).collect()
}

/// Sections of the config that say nothing of values.
const SAYING_NOTHING: [&str; 7] = ["alerts.", "webhooks.", "mail.", "report.title", "report.link", "report.locale", "report.restated"];

/// Why a value differs.
fn causes(
    (old, new): (&Recorded, &Recorded),
    (settings, files): (&[String], &[FileChange]),
    key: &ValueKey,
    (before, now): (Option<&RecordedValue>, Option<&RecordedValue>),
) -> Vec<Cause> {
    let mut causes = Vec::new();
    // A request has no say in what another one is.
    let concerns = |setting: &&String| {
        let of_metrics = setting
            .strip_prefix("metrics.")
            .is_none_or(|rest| rest.strip_prefix(key.request.as_str()).is_some_and(|rest| rest.starts_with('.')));
        let tables = new.tables.get(&key.request).or_else(|| old.tables.get(&key.request));
        let of_tables = setting.strip_prefix("tables.").is_none_or(|rest| {
            // Others may be looked up.
            tables.is_none_or(|tables| tables.iter().any(|table| rest.starts_with(&format!("{table}."))))
        });
        of_metrics && of_tables && !SAYING_NOTHING.iter().any(|section| setting.starts_with(section))
    };
    let keys: Vec<String> = settings.iter().filter(concerns).cloned().collect();
    // What other files say, and variables of the environment, are no settings of their own.
    let is_unknown_config = old.config_hash != new.config_hash && settings.is_empty();
    if !keys.is_empty() || is_unknown_config {
        causes.push(Cause::Config { keys });
    }
    if old.version != new.version {
        causes.push(Cause::Version { old: old.version.clone(), new: new.version.clone() });
    }
    let (Some(before), Some(now)) = (before, now) else {
        let known = |run: &Recorded| {
            let starts =
                run.values.keys().filter(|other| other.request == key.request && other.grain == key.grain).map(|other| other.start);
            starts.collect::<BTreeSet<_>>()
        };
        // A group of a bucket that both have came with its rows, or went with them.
        let is_of_both = known(old).contains(&key.start) && known(new).contains(&key.start);
        if is_of_both {
            let rows = before.or(now).and_then(|value| value.n).unwrap_or(0.0);
            let was_over =
                old.values.iter().any(|(other, value)| other.request == key.request && other.start == key.start && !value.partial);
            causes.push(match (now.is_some(), was_over) {
                (false, _) => Cause::VanishedRows { rows },
                (true, true) => Cause::LateRows { rows },
                (true, false) => Cause::NewRows { rows },
            });
        } else if causes.is_empty() || old.as_of != new.as_of {
            causes.push(Cause::Period);
        }
        return causes;
    };
    if old.as_of != new.as_of && before.partial {
        causes.push(Cause::AsOf { old: old.as_of.clone(), new: new.as_of.clone() });
    }
    if before.suppressed != now.suppressed {
        causes.push(Cause::Hidden);
        return causes;
    }
    let more = now.n.unwrap_or(0.0) - before.n.unwrap_or(0.0);
    let tables = new.tables.get(&key.request);
    let is_of_table = |file: &FileChange| tables.is_none_or(|tables| tables.contains(&file.table));
    if more > 0.0 {
        causes.push(if before.partial { Cause::NewRows { rows: more } } else { Cause::LateRows { rows: more } });
    } else if more < 0.0 {
        causes.push(Cause::VanishedRows { rows: -more });
    } else if files.iter().any(is_of_table) {
        causes.push(Cause::ChangedRows);
    }
    if causes.is_empty() {
        // What is looked up may be in a table of another name.
        causes.push(if files.is_empty() { Cause::Unknown } else { Cause::ChangedRows });
    }
    causes
}
