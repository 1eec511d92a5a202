//! What leaves a machine is what codes stand for, and what comes is coded again: codes are of one process.

use custometer_core::aggregation::KEY;
use polars::prelude::{Column, DataFrame, DataType, Expr, PolarsError, PolarsResult};

use super::item::Of;
use crate::plan::TablePlan;
use crate::plan::codes::Coded;
use crate::report::Report;

/// How the columns of rows are coded.
#[derive(Clone, Copy)]
pub(super) struct Coding<'a> {
    pub(super) plan: &'a TablePlan,
    pub(super) report: &'a Report,
    pub(super) rows: RowsOf,
}

/// What rows are of.
#[derive(Clone, Copy)]
pub(super) enum RowsOf {
    Input(usize),
    Node(usize),
}

impl From<Of> for RowsOf {
    fn from(of: Of) -> Self {
        match of {
            Of::Node { node, .. } => Self::Node(node),
            Of::Doubts { input } => Self::Input(input),
        }
    }
}

impl<'a> Coding<'a> {
    fn coded(&self, column: &str) -> Option<Coded<'a>> {
        match self.rows {
            RowsOf::Input(input) => self.plan.coded_in(input, column, self.report),
            RowsOf::Node(node) => self.plan.coded(&self.plan.nodes[node], column, self.report),
        }
    }

    /// Rows with what codes stand for, and the columns that were codes.
    pub(super) fn decoded(&self, frame: &DataFrame) -> PolarsResult<(DataFrame, Vec<String>)> {
        let mut coded = Vec::new();
        let mut column = |column: &Column| match self.coded(column.name()).filter(|_| column.dtype() == &DataType::UInt32) {
            Some(coding) => {
                coded.push(column.name().to_string());
                coding.column(column)
            }
            None => Ok(column.clone()),
        };
        let columns = frame.columns().iter().map(&mut column).collect::<PolarsResult<_>>()?;
        Ok((DataFrame::new(frame.height(), columns)?, coded))
    }

    /// Rows with codes in these columns.
    pub(super) fn encoded(&self, frame: &DataFrame, coded: &[String]) -> PolarsResult<DataFrame> {
        let is_coded = |column: &Column| coded.iter().any(|name| name == column.name().as_str());
        let column = |column: &Column| match self.coded(column.name()).filter(|_| is_coded(column)) {
            Some(coding) => coding.codes(column),
            None => Ok(column.clone()),
        };
        DataFrame::new(frame.height(), frame.columns().iter().map(column).collect::<PolarsResult<_>>()?)
    }

    /// Members of a set with what the codes of their keys stand for, which are an expression's values.
    ///
    /// # Errors
    ///
    /// When the keys are made of codes, and are none any more: what they stand for can't be told, and on another machine they are others.
    pub(super) fn with_decoded_keys(&self, members: &DataFrame, key: &Expr) -> PolarsResult<DataFrame> {
        let Some(coding) = key.clone().meta().root_names().iter().find_map(|name| self.coded(name)) else { return Ok(members.clone()) };
        let keys = members.column(KEY)?;
        if keys.dtype() != &DataType::UInt32 && !keys.is_empty() && !matches!(key, Expr::Column(_)) {
            let reason =
                format!("distinct values of `{key}` are counted, which computes with ids: a run in stages can't tell what they stand for");
            return Err(PolarsError::ComputeError(reason.into()));
        }
        let mut members = members.clone();
        members.with_column(coding.column(keys)?)?;
        Ok(members)
    }
}
