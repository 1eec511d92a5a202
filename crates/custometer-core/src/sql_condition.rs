//! Conditions: SQL over one row, as a metric's parameter.

use polars::prelude::{Expr, col, lit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::column::{Column, NullRule};

/// What a row must meet, as a metric's parameter: an SQL expression over one row, such as `event = 'purchase' AND value > 10`.
///
/// The runner checks it against the columns of the request's table, and makes a column of it there. A metric adds [`Self::column`] to its
/// source, and asks [`Self::holds`]. As with a derived column, a row is rejected where what the expression reads is not what the first rows
/// hold, and for all requests of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlCondition {
    sql: String,
}

const PREFIX: &str = "__where:";

impl SqlCondition {
    /// The key by which a parameter's JSON Schema says that it is a condition.
    pub const MARK: &'static str = "x-sql-condition";

    /// A condition in SQL.
    pub fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into() }
    }

    /// As it is written.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The name of its column.
    pub fn name(&self) -> String {
        format!("{PREFIX}{}", self.sql)
    }

    /// The condition that a column is of, as it is written; none of other columns.
    pub fn written(column: &str) -> Option<&str> {
        column.strip_prefix(PREFIX)
    }

    /// The column that says of each row whether it holds; missing where that can't be told.
    pub fn column(&self) -> Column {
        Column::boolean(Column::name_from(&self.name())).nulls(NullRule::Keep).describe("a condition of the parameters")
    }

    /// Whether it holds for a row. Not where it can't be told.
    pub fn holds(&self) -> Expr {
        col(self.name()).fill_null(lit(false))
    }
}

impl Serialize for SqlCondition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.sql)
    }
}

impl<'de> Deserialize<'de> for SqlCondition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for SqlCondition {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SqlCondition".into()
    }
    /// A text, marked so that the runner knows that it is SQL.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", (Self::MARK): true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_text_that_says_what_it_is() {
        let condition: SqlCondition = serde_json::from_str("\"value > 10\"").unwrap();
        assert_eq!(serde_json::to_string(&condition).unwrap(), "\"value > 10\"");
        assert_eq!((SqlCondition::written(condition.column().name), SqlCondition::written("value")), (Some(condition.sql()), None));
        assert_eq!(schemars::schema_for!(SqlCondition).get(SqlCondition::MARK), Some(&true.into()));
    }
}
