//! The parameters of a metric: kept as they stand, with their places, for the metric to read.

use std::ops::Range;

use serde_json::{Map, Value as Json};
use toml::Spanned;
use toml::de::DeValue;

/// A metric's parameters with the places they stand at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params {
    /// The parameters themselves.
    pub given: Map<String, Json>,
    pub(crate) places: Places,
}

impl Params {
    /// Parameters with the place of their key, and the value that they stand in.
    pub(crate) fn new(given: Map<String, Json>, key: Range<usize>, value: &Spanned<DeValue<'_>>) -> Self {
        Self { given, places: Places { span: key, ..Places::of(value) } }
    }

    /// Takes the others that are asked for and not given here.
    pub(crate) fn fill(&mut self, others: &Self, is_asked: impl Fn(&str) -> bool) {
        for (name, value) in others.given.iter().filter(|(name, _)| is_asked(name)) {
            if !self.given.contains_key(name) {
                self.given.insert(name.clone(), value.clone());
                self.places.entries.extend(others.places.entries.iter().filter(|(entry, ..)| entry == name).cloned());
            }
        }
    }

    /// Where the value at a path stands; where the nearest one above it does, when it is missing. `key` asks for the key's own place.
    pub(crate) fn locate(&self, path: &[String], key: bool) -> Range<usize> {
        let mut here = &self.places;
        let mut span = here.span.clone();
        for step in path {
            let step = step.trim_matches(['[', ']']);
            let Some((_, name, value)) = here.entries.iter().find(|(name, ..)| name == step) else { return span };
            span = if key { name.clone() } else { value.span.clone() };
            here = value;
        }
        span
    }
}

/// Where a value stands, and all that is in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    pub(crate) span: Range<usize>,
    /// The entries of a table or an array: name or position, place of the name, and the value.
    entries: Vec<(String, Range<usize>, Places)>,
}

impl Places {
    pub(crate) fn of(value: &Spanned<DeValue<'_>>) -> Self {
        let entries = match value.get_ref() {
            DeValue::Table(table) => table.iter().map(|(name, value)| (name.get_ref().to_string(), name.span(), Self::of(value))).collect(),
            DeValue::Array(items) => {
                items.iter().enumerate().map(|(index, item)| (index.to_string(), item.span(), Self::of(item))).collect()
            }
            _ => Vec::new(),
        };
        Self { span: value.span(), entries }
    }
}

pub(crate) fn to_json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => Json::String(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).map_or(Json::Null, Json::from),
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Json::Null, Json::from),
        DeValue::Boolean(value) => Json::Bool(*value),
        DeValue::Datetime(time) => Json::String(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| to_json(item.get_ref())).collect(),
        DeValue::Table(table) => table.iter().map(|(key, value)| (key.get_ref().to_string(), to_json(value.get_ref()))).collect(),
    }
}
