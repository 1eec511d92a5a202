//! How a value stands to its target and benchmark.

use custometer_core::Unit;
use custometer_runner::result::{Judgement, ResultRow, Status, Target};
use serde::Serialize;

use super::svg::Place;
use crate::human;
use crate::locale::{Language, Words, filled};
use crate::quantity::Quantity;

/// The status in a sign and a word.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Mark {
    class: &'static str,
    word: &'static str,
}

impl Mark {
    /// The mark of a status.
    pub(super) fn of(status: Status, words: &'static Words) -> Self {
        let word = match status {
            Status::Met => words.met,
            Status::AtRisk => words.at_risk,
            Status::Missed => words.missed,
            Status::Unknown => words.unknown,
        };
        Self { class: status.as_str(), word }
    }
}

/// A target with how far the value has come.
#[derive(Debug, Serialize)]
pub(super) struct Goal {
    label: &'static str,
    target: String,
    mark: Mark,
    progress: Option<Progress>,
}

#[derive(Debug, Serialize)]
struct Progress {
    text: String,
    length: Place,
}

impl Goal {
    /// The goal of a row, where it has one.
    pub(super) fn of(row: &ResultRow, language: Language) -> Option<Self> {
        let Judgement { target, status, progress, .. } = row.target.as_ref().filter(|_| !row.suppressed)?;
        let progress = progress.as_ref().map(|percent| Progress {
            text: filled(language.words.progress, &[&language.tick(*percent, 1.0, Unit::Percent)]),
            length: Place(percent.clamp(0.0, 100.0)),
        });
        Some(Self {
            label: language.words.target,
            target: described(target, row.into(), language),
            mark: Mark::of(*status, language.words),
            progress,
        })
    }
}

/// A target in words, such as "≥ 40".
pub(super) fn described(target: &Target, quantity: Quantity, language: Language) -> String {
    target.holds.as_deref().map_or_else(|| language.interval(target.at_least, target.at_most, quantity), human::line)
}
