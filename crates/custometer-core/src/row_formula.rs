//! Formulas: values that are a function of one row of measures.

use std::fmt;

use crate::dimension::DimensionValue;
use crate::value::{Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, MeasureRow, Observation, Value};

/// What a formula makes of a row of measures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The value with its uncertainty.
    pub estimate: Estimate,
    /// What else the result shows as evidence of it, by name.
    pub evidence: Vec<(String, Option<f64>)>,
    /// What a reader must know of this group, beside the definition's own note.
    pub note: Option<String>,
}

impl Found {
    /// A value and its evidence.
    pub fn new<N: Into<String>>(estimate: Estimate, evidence: impl IntoIterator<Item = (N, Option<f64>)>) -> Self {
        Self { estimate, evidence: evidence.into_iter().map(|(name, value)| (name.into(), value)).collect(), note: None }
    }

    /// What a reader must know of this group, if anything.
    #[must_use]
    pub fn note(self, note: Option<String>) -> Self {
        Self { note, ..self }
    }
}

type Find = dyn Fn(&MeasureRow, &Group<'_>, &EvaluateContext<'_>) -> Result<Found, EvaluateError> + Send + Sync;
type Test = dyn Fn(&MeasureRow, &MeasureRow) -> Option<f64> + Send + Sync;

/// A function of the one row of measures that a group has where a metric makes no dimensions of its own.
pub struct RowFormula {
    measures: Vec<&'static str>,
    find: Box<Find>,
    test: Option<Box<Test>>,
}

impl RowFormula {
    /// A function of these measures.
    pub fn of<F>(measures: &[&'static str], find: F) -> Self
    where
        F: Fn(&MeasureRow, &Group<'_>, &EvaluateContext<'_>) -> Found + Send + Sync + 'static,
    {
        Self::or_error(measures, move |row, group, context| Ok(find(row, group, context)))
    }

    /// A function of these measures that may have no value of a group, and then says why.
    pub fn or_error<F>(measures: &[&'static str], find: F) -> Self
    where
        F: Fn(&MeasureRow, &Group<'_>, &EvaluateContext<'_>) -> Result<Found, EvaluateError> + Send + Sync + 'static,
    {
        Self { measures: measures.to_vec(), find: Box::new(find), test: None }
    }

    /// With the test of no change between now and before: its two-sided p-value, none where the data can't support it.
    #[must_use]
    pub fn tested(self, test: impl Fn(&MeasureRow, &MeasureRow) -> Option<f64> + Send + Sync + 'static) -> Self {
        Self { test: Some(Box::new(test)), ..self }
    }

    /// The formula as a value.
    pub fn value(self) -> Value {
        Value::function(self)
    }
}

impl fmt::Debug for RowFormula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowFormula").field("measures", &self.measures).finish_non_exhaustive()
    }
}

impl Evaluate for RowFormula {
    fn measures(&self) -> Vec<&str> {
        self.measures.clone()
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let mut evaluation = Evaluation::default();
        for row in group.rows {
            let Found { estimate, evidence, note } = (self.find)(row, group, context)?;
            evaluation.observations.push(Observation { dimensions: Vec::new(), estimate, measures: evidence });
            evaluation.note = note;
        }
        Ok(evaluation)
    }

    fn p_value(&self, _: &[DimensionValue], now: &Group<'_>, before: &Group<'_>) -> Option<f64> {
        (self.test.as_ref()?)(now.rows.first()?, before.rows.first()?)
    }
}

/// 100 · part / whole; none of nothing.
pub fn percent(part: f64, whole: f64) -> Option<f64> {
    (whole != 0.0).then(|| 100.0 * part / whole)
}
