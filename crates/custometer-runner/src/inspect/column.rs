//! What is told of a column.

use std::collections::BTreeMap;

use custometer_core::dimension::DimensionValue;
use serde::Serialize;

use crate::read::number::NumberStyle;

/// A column.
#[derive(Debug, Clone, Serialize)]
pub struct InspectedColumn {
    /// The file's name for it, or the proposed one.
    pub name: String,
    /// What its values are.
    pub looks_like: LooksLike,
    /// How its times are written, as configs say it; none for ISO 8601, which is read as it is.
    pub time_format: Option<String>,
    /// How its cells are written, as configs say it; none for plain numbers, flags and times.
    pub format: Option<String>,
    /// Other ways to write times that fit as well, and give other times.
    pub rival_time_formats: Vec<String>,
    /// Whether its times say nothing of where clocks showed them.
    pub is_local_time: bool,
    /// How many values are missing.
    pub missing: u64,
    /// The share of missing values, from 0 to 1; none without rows.
    pub missing_share: Option<f64>,
    /// How many different values there are.
    pub distinct: Distinct,
    /// The smallest number, the first time, or the first text by the alphabet.
    pub min: Option<DimensionValue>,
    /// The largest one, or the last.
    pub max: Option<DimensionValue>,
    /// The length of the shortest text in characters.
    pub shortest: Option<usize>,
    /// The length of the longest one.
    pub longest: Option<usize>,
    /// The first different values.
    pub examples: Vec<String>,
    /// How many rows have each value, where there are few.
    pub values: Option<BTreeMap<String, u64>>,
    /// How many values are not what the others are.
    pub unreadable: u64,
    /// A few of them.
    pub unreadable_examples: Vec<String>,
    /// Texts among its values that mean a missing one.
    pub missing_words: Vec<String>,
    #[serde(skip)]
    pub(super) present: u64,
    /// Another format of times that fits all but so many values.
    #[serde(skip)]
    pub(super) near_rival: Option<(String, u64)>,
    /// How many rows repeat a value, as far as values were told apart.
    #[serde(skip)]
    pub(super) repeats: u64,
    #[serde(skip)]
    pub(super) numbers: NumberStyle,
}

/// How many different values there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Distinct {
    /// How many were told apart.
    pub count: u64,
    /// Whether these are all.
    pub is_exact: bool,
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LooksLike {
    /// There are none.
    Nothing,
    /// Text.
    Text,
    /// Digits that are not a number to compute with.
    Code,
    /// Whole numbers.
    WholeNumber,
    /// Numbers, some with fractions.
    Number,
    /// True and false, or yes and no.
    Boolean,
    /// Days.
    Date,
    /// Times of days.
    Time,
    /// More than one value.
    Nested,
}

impl LooksLike {
    /// How people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Text => "text",
            Self::Code => "code",
            Self::WholeNumber => "whole number",
            Self::Number => "number",
            Self::Boolean => "true/false",
            Self::Date => "date",
            Self::Time => "time",
            Self::Nested => "nested",
        }
    }
}

impl InspectedColumn {
    /// How many values there are.
    pub fn present(&self) -> u64 {
        self.present
    }

    /// Whether no value comes twice, and none is missing.
    pub fn is_unique(&self) -> bool {
        self.distinct.is_exact && self.distinct.count == self.present && self.missing == 0 && self.present > 1
    }

    pub(super) fn counts(&self) -> Option<&BTreeMap<String, u64>> {
        self.values.as_ref()
    }

    pub(super) fn number(&self, text: &str) -> Option<f64> {
        self.numbers.parse(text)
    }

    pub(super) fn smallest(&self) -> Option<f64> {
        number_of(self.min.as_ref()?)
    }

    pub(super) fn largest(&self) -> Option<f64> {
        number_of(self.max.as_ref()?)
    }
}

fn number_of(value: &DimensionValue) -> Option<f64> {
    match value {
        DimensionValue::Integer(value) => Some(*value as f64),
        DimensionValue::Number(value) => Some(value.0),
        _ => None,
    }
}
