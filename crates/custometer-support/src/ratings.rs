//! Ratings of a survey: their mean, and the share of some of them, each answer counted once or by its weight.

use custometer_core::prelude::*;

use crate::tables::{RESPONSES, Scale, TIME, WEIGHT};

/// The mean rating.
pub fn mean(scale: Scale, weighted: bool) -> Result<Definition, ParamError> {
    let score = || col("score");
    let source = Source::table(RESPONSES).at(TIME).column(scale.column()?);
    if weighted {
        let weight = || col(WEIGHT.name);
        return Ok(Definition::over(source.column(WEIGHT))
            .measure(sum("weighted_rating_sum", weight() * score()))
            .measure(sum("weighted_rating_squares", weight() * score() * score()))
            .measure(sum("total_weight", weight()))
            .measure(sum("squared_weights", weight() * weight()))
            .measure(count("responses"))
            .value(Value::weighted_mean(
                "weighted_rating_sum",
                "weighted_rating_squares",
                "total_weight",
                Weights::new("squared_weights", "responses"),
            )));
    }
    Ok(Definition::over(source)
        .measure(sum("rating_sum", score()))
        .measure(count("responses"))
        .measure(variance("rating_variance", score()))
        .value(Value::mean("rating_sum", "responses", "rating_variance")))
}

/// The share of the ratings of one kind; `kind` is what the measure is called that counts them.
pub fn share(scale: Scale, weighted: bool, kind: &str, is_of_kind: Expr) -> Result<Definition, ParamError> {
    let source = Source::table(RESPONSES).at(TIME).column(scale.column()?);
    if weighted {
        let weight = || col(WEIGHT.name);
        let weight_of_kind = format!("{kind}_weight");
        return Ok(Definition::over(source.column(WEIGHT))
            .measure(sum(&weight_of_kind, weight()).filter(is_of_kind))
            .measure(sum("total_weight", weight()))
            .measure(sum("squared_weights", weight() * weight()))
            .measure(count("responses"))
            .value(Value::weighted_proportion(&weight_of_kind, "total_weight", Weights::new("squared_weights", "responses"))));
    }
    Ok(Definition::over(source)
        .measure(count(kind).filter(is_of_kind))
        .measure(count("responses"))
        .value(Value::proportion(kind, "responses")))
}
