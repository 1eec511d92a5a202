//! What suppression has to know of a request: which rows it is made of, and how large its groups are.

use custometer_core::{Definition, Scope, Value};

use crate::result::ResultRow;

/// What suppression has to know of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Basis {
    /// The number of its rows: requests of one number are taken to be made of the same ones.
    pub(crate) table: usize,
    /// How large its groups are.
    pub(crate) size: GroupSize,
    /// Whether its rows tell a total over all groups of their bucket, as shares do.
    pub(crate) tells_bucket: bool,
}

/// Where a row says how large its group is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupSize {
    /// In its n.
    N,
    /// In this measure, because its n counts the whole bucket.
    Measure(String),
}

impl Basis {
    /// What there is to know of a definition's results, over rows of this number.
    ///
    /// A share of a bucket has the bucket's n: its group is as large as the part. A function is taken at its word about n.
    pub(crate) fn of(table: usize, definition: &Definition) -> Self {
        let size = GroupSize::in_results_of(definition);
        Self { table, size, tells_bucket: definition.measures.iter().any(|measure| measure.scope == Scope::Bucket) }
    }
}

impl GroupSize {
    /// Where a definition's results say it. A share of a bucket has the bucket's n: its group is as large as the part. A function is taken at
    /// its word about n.
    pub(crate) fn in_results_of(definition: &Definition) -> Self {
        let of_bucket = |name: &String| definition.measures.iter().any(|measure| measure.name == *name && measure.scope == Scope::Bucket);
        match &definition.value {
            Value::Proportion { part: own, whole: n, weights: None }
            | Value::Ratio { numerator: own, denominator: n, .. }
            | Value::Measure { measure: own, n: Some(n) }
                if of_bucket(n) =>
            {
                Self::Measure(own.clone())
            }
            _ => Self::N,
        }
    }

    /// What a row says; none where it does not.
    pub(crate) fn of(&self, row: &ResultRow) -> Option<f64> {
        self.among(row.n, &row.measures)
    }

    /// What an n and measures say; none where they do not.
    pub(crate) fn among(&self, n: Option<f64>, measures: &[(String, Option<f64>)]) -> Option<f64> {
        match self {
            Self::N => n,
            Self::Measure(name) => measures.iter().find(|(known, _)| known == name).and_then(|(_, measure)| *measure),
        }
    }
}
