//! Formulas: values that are a function of one row of measures.

use std::fmt;

use custometer_core::{DimensionValue, Value};
use custometer_core::{Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, MeasureRow, Observation};

/// A value, and what else the result shows as evidence of it.
pub(crate) type Found = (Estimate, Vec<(&'static str, Option<f64>)>);

type Test = fn(&MeasureRow, &MeasureRow) -> Option<f64>;

/// A function of the one row of measures that a group without dimensions of the metric's own has.
pub(crate) struct Formula<F> {
    measures: Vec<&'static str>,
    evaluate: F,
    test: Option<Test>,
}

impl<F: Fn(&MeasureRow, &Group<'_>, &EvaluateContext<'_>) -> Found + Send + Sync + 'static> Formula<F> {
    /// A function of these measures.
    pub(crate) fn of(measures: &[&'static str], evaluate: F) -> Self {
        Self { measures: measures.to_vec(), evaluate, test: None }
    }

    /// With the test of no change between now and before.
    pub(crate) fn tested(self, test: Test) -> Self {
        Self { test: Some(test), ..self }
    }

    /// The formula as a value.
    pub(crate) fn value(self) -> Value {
        Value::function(self)
    }
}

impl<F> fmt::Debug for Formula<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Formula").field("measures", &self.measures).finish_non_exhaustive()
    }
}

impl<F: Fn(&MeasureRow, &Group<'_>, &EvaluateContext<'_>) -> Found + Send + Sync> Evaluate for Formula<F> {
    fn measures(&self) -> Vec<&str> {
        self.measures.clone()
    }

    fn dimensions(&self) -> Vec<String> {
        Vec::new()
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let observe = |row: &MeasureRow| {
            let (estimate, evidence) = (self.evaluate)(row, group, context);
            let measures = evidence.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            Observation { dimensions: Vec::new(), estimate, measures }
        };
        Ok(Evaluation { observations: group.rows.iter().map(observe).collect(), ..Evaluation::default() })
    }

    fn p_value(&self, _: &[DimensionValue], now: &Group<'_>, before: &Group<'_>) -> Option<f64> {
        self.test?(now.rows.first()?, before.rows.first()?)
    }
}

/// 100 · part / whole; none of nothing.
pub(crate) fn percent(part: f64, whole: f64) -> Option<f64> {
    (whole != 0.0).then(|| 100.0 * part / whole)
}
