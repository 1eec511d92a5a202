//! A metric with one set of parameters, and what it is tried on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use custometer_core::Definition;
use custometer_core::registry::Descriptor;
use serde_json::{Map, Value as Json};

use super::law::{Law, Violation};
use crate::input::{self, Input};

/// At most so many sets of parameters are tried, the first ones of the examples.
const VARIANTS: usize = 3;

/// A metric with one set of parameters.
pub(super) struct Variant {
    pub(super) metric: &'static Descriptor,
    pub(super) params: String,
    pub(super) given: Map<String, Json>,
    pub(super) definition: Definition,
    /// Made up.
    pub(super) inputs: Vec<Input>,
    pub(super) examples: Vec<Input>,
}

impl Variant {
    /// The metric with every set of parameters that an example has, and with none where it needs none.
    pub(super) fn all(metric: &'static Descriptor) -> Vec<Self> {
        let examples: Vec<Input> = metric.about.examples.iter().map(Input::of_example).collect();
        let mut all: Vec<Self> = Vec::new();
        for params in examples.iter().map(|example| example.params.as_str()).chain([""]) {
            let Some(given) = input::params(params).filter(|given| all.len() < VARIANTS && !all.iter().any(|known| known.given == *given))
            else {
                continue;
            };
            let Some(definition) = quietly(|| metric.define(given.clone()).ok()).flatten() else { continue };
            let alike: Vec<Input> =
                examples.iter().filter(|example| input::params(&example.params).as_ref() == Some(&given)).cloned().collect();
            let shown = if alike.is_empty() { &examples } else { &alike };
            let mut inputs = vec![input::made_up(&definition, params, shown, false)];
            // One set of parameters shows what clocks do.
            if definition.source.time.is_some() && all.is_empty() {
                inputs.push(input::made_up(&definition, params, shown, true));
            }
            let examples = alike.into_iter().filter(|example| example.rows.len() > 1).collect();
            all.push(Self { metric, params: params.to_owned(), given, definition, inputs, examples });
        }
        all
    }

    pub(super) fn violation(&self, law: Law, input: Option<&Input>, expected: impl Into<String>, found: impl Into<String>) -> Violation {
        Violation {
            law,
            metric: self.metric.about.id.to_owned(),
            params: self.params.clone(),
            input: input.map(|input| format!("{}\n{}\n{}", input.title, input.report, input.csv())),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// What a function of a metric's gives; none where it panics.
pub(super) fn quietly<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}
