//! A change from a baseline: how large, whether good news, and whether more than chance.

use custometer_core::Direction;
use custometer_runner::result::{Comparison, GroupComparison, ResultRow};
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
        Self::by(row, (comparison.change, comparison.relative_change, comparison.significant), language)
    }

    /// The difference of a row from another group; none where it is not known.
    pub(super) fn beside(row: &ResultRow, other: &GroupComparison, language: Language) -> Option<Self> {
        Self::by(row, (other.difference, other.relative_difference, other.significant), language)
    }

    fn by(row: &ResultRow, (change, relative, significant): (Option<f64>, Option<f64>, Option<bool>), language: Language) -> Option<Self> {
        let change = defined(change).filter(|_| !row.suppressed)?;
        let relative = defined(relative).map(|percent| format!("({})", language.relative(percent)));
        let (verdict, class) = verdict(row, change, significant, language.words);
        Some(Self { text: language.change(change, row), relative, verdict, class })
    }
}

/// What a change means: filled where it is significant, in outline where nothing tells, muted where it may be chance.
fn verdict(row: &ResultRow, change: f64, significant: Option<bool>, words: &'static Words) -> (&'static str, &'static str) {
    let news = match (row.is_better(Some(change)), significant) {
        (_, Some(false)) => return (words.not_significant, "chance"),
        (Some(true), _) => (words.better, "better"),
        (Some(false), _) => (words.worse, "worse"),
        (None, Some(true)) if row.direction == Direction::Neutral => return (words.significant, "sure"),
        (None, _) => return ("", ""),
    };
    match (significant, news) {
        (Some(true), (word, "better")) => (word, "better sure"),
        (Some(true), (word, _)) => (word, "worse sure"),
        _ => news,
    }
}
