//! Entities that are in several of the groups which a request compares.

use polars::prelude::{DataType, LazyFrame, col, lit};

use crate::plan::input::InputPlan;
use crate::plan::names::dimension_name;
use crate::report::Request;

/// A request that compares groups which entities may be in several of.
pub(crate) struct SharedGroups {
    pub(crate) request: usize,
    pub(crate) input: usize,
    pub(crate) entity: &'static str,
    /// The column of the groups.
    by: String,
}

impl SharedGroups {
    /// None where a request compares no groups, or where each row is an entity by itself.
    pub(crate) fn of(index: usize, request: &Request, input: usize, plan: &InputPlan) -> Option<Self> {
        let compared = &request.compare_groups.as_ref()?.by;
        let entity = request.definition.derivation.as_ref()?.entity();
        plan.key.source.columns.iter().find(|column| column.name == entity)?;
        let is_known = request.by.iter().flatten().any(|name| name == compared);
        is_known.then(|| Self { request: index, input, entity, by: dimension_name(compared) })
    }

    /// Counts the entities that are in several groups, of rows that have all those of each entity.
    pub(crate) fn count(&self, rows: LazyFrame) -> LazyFrame {
        let group = || col(self.by.as_str());
        let (some, all) = (group().is_not_null().any(true), group().is_not_null().all(true));
        let is_in_several = group().min().neq(group().max()).fill_null(lit(false)).or(some.neq(all));
        let entities = rows.group_by([col(self.entity)]).agg([is_in_several.alias("several")]);
        entities.select([col("several").cast(DataType::UInt64).sum()])
    }
}
