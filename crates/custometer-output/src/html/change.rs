//! A change from a baseline: how large, whether good news, and whether more than chance.

use custometer_core::{Baseline, Direction};
use custometer_runner::result::{Comparison, ResultRow};
use serde::Serialize;

use crate::locale::{Language, Words};
use crate::tidy::defined;

/// A change with its verdict in words, so that it does not depend on colour.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Change {
    text: String,
    relative: Option<String>,
    verdict: &'static str,
    class: &'static str,
}

impl Change {
    /// The change of a row from a baseline; none where it is not known.
    pub(super) fn of(row: &ResultRow, comparison: &Comparison, language: Language) -> Option<Self> {
        let change = defined(comparison.change).filter(|_| !row.suppressed)?;
        let relative = defined(comparison.relative_change).map(|percent| format!("({})", language.relative(percent)));
        let (verdict, class) = verdict(row, comparison, language.words);
        Some(Self { text: language.change(change, row.unit), relative, verdict, class })
    }
}

/// What a change means: filled where it is significant, in outline where nothing tells, muted where it may be chance.
fn verdict(row: &ResultRow, comparison: &Comparison, words: &'static Words) -> (&'static str, &'static str) {
    let news = match (row.is_better(defined(comparison.change)), comparison.significant) {
        (_, Some(false)) => return (words.not_significant, "chance"),
        (Some(true), _) => (words.better, "better"),
        (Some(false), _) => (words.worse, "worse"),
        (None, Some(true)) if row.direction == Direction::Neutral => return (words.significant, "sure"),
        (None, _) => return ("", ""),
    };
    match (comparison.significant, news) {
        (Some(true), (word, "better")) => (word, "better sure"),
        (Some(true), (word, _)) => (word, "worse sure"),
        _ => news,
    }
}

/// How the column of a baseline is called.
pub(super) fn versus(baseline: Baseline, words: &Words) -> &'static str {
    match baseline {
        Baseline::Previous => words.versus_previous,
        Baseline::YearAgo => words.versus_year_ago,
    }
}

/// How a baseline is called.
pub(super) fn name(baseline: Baseline, words: &Words) -> &'static str {
    match baseline {
        Baseline::Previous => words.previous,
        Baseline::YearAgo => words.year_ago,
    }
}
