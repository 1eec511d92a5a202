//! Internal quality score: what reviewers think of the service's own work.

use std::collections::BTreeMap;

use custometer_core::prelude::*;
use custometer_core::time::BUCKET;
use polars::prelude::{ClosedInterval, DataType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{QUALITY_SCORES, TIME};

/// Parameters of [`QualityScore`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QualityScoreParams {
    /// The categories of a review. Without them, the columns `weight` and `is_critical` say what each score counts.
    pub criteria: Option<BTreeMap<String, Criterion>>,
    /// The lowest and the highest score of every category. Without it, the columns `min` and `max` say it of each score.
    pub scale: Option<ScoreRange>,
    /// Below which part of its scale, from 0 to 1, a critical category makes the whole review 0.
    pub critical_below: f64,
}

impl Default for QualityScoreParams {
    fn default() -> Self {
        Self { criteria: None, scale: None, critical_below: 0.5 }
    }
}

/// What a category of a review counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Criterion {
    /// Its weight among the others.
    pub weight: f64,
    /// Whether the whole review is 0 where it fails.
    pub critical: bool,
}

impl Default for Criterion {
    fn default() -> Self {
        Self { weight: 1.0, critical: false }
    }
}

/// The lowest and the highest score of a category, such as `[0, 5]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScoreRange(pub f64, pub f64);

const REVIEW_ID: &str = "review_id";
const CATEGORY: &str = "category";
const SCORE: &str = "score";
const REVIEW_SCORE: &str = "review_score";
const IS_FAILED: &str = "is_failed";

/// `support.quality_score`: how good do reviewers find our work?
pub struct QualityScore;

impl Metric for QualityScore {
    type Params = QualityScoreParams;

    const ABOUT: &'static About = &About {
        id: "support.quality_score",
        title: "Internal quality score",
        summary: "The mean score of reviewed cases (IQS), each the weighted mean of what it was given in several categories. A critical category \
                  that fails makes its review 0.",
        formula: "category = (score − min) / (max − min); review = 100 · Σ weight · category / Σ weight, and 0 where a critical category is below \
                  `critical_below`; Σ review / reviews",
        unit: Unit::Percent,
        range: "0 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No review: undefined.",
            "One review, or equal ones only: no interval.",
            "A category without a score was not rated, and is not part of its review.",
            "A review whose rated categories weigh nothing has no score; it is left out and counted as `weightless_reviews`.",
            "A score off its scale, a scale without room, and a weight below 0 are rejected, and the other scores of the review with them: \
             without it they would be another review.",
            "With `criteria`, a category that is not among them is rejected by itself.",
            "A review is of the bucket of its first score. In a breakdown, a review is in every group that has a score of it, and only \
             those count there: by category, the metric is the mean of that category.",
            "A category that comes twice in a review counts twice.",
        ],
        examples: &[
            Example {
                title: "reviews of 100, 9.91, 63.96 and 90.99, and one whose critical category fails",
                header: "review_id,score,min,max,weight,is_critical",
                rows: &[
                    (1, "a,100,0,100,1,no"),
                    (1, "b,9.91,0,100,1,no"),
                    (1, "c,63.96,0,100,1,no"),
                    (1, "d,90.99,0,100,1,no"),
                    (1, "e,95,0,100,3,no"),
                    (1, "e,49,0,100,1,yes"),
                ],
                expected: &[("", Some(52.972))],
                ..Example::NONE
            },
            Example {
                title: "4 and 2 on a scale from 1 to 5, where the first counts three times",
                params: "scale = [1, 5]\ncriteria = { solution = { weight = 3, critical = true }, tone = {} }",
                header: "review_id,category,score",
                rows: &[(1, "a,solution,4"), (1, "a,tone,2")],
                expected: &[("", Some(62.5))],
                ..Example::NONE
            },
            Example {
                title: "half of the scale does not fail a critical category",
                params: "scale = [0, 10]\ncriteria = { solution = { critical = true } }",
                header: "review_id,category,score",
                rows: &[(1, "a,solution,5"), (1, "b,solution,4.9")],
                expected: &[("", Some(25.0))],
                ..Example::NONE
            },
        ],
        references: &["Student, Biometrika 6 (1908), for the interval"],
    };

    fn define(params: &QualityScoreParams) -> Result<Definition, ParamError> {
        if !(0.0..=1.0).contains(&params.critical_below) {
            return Err(ParamError::new("critical_below", format!("{} is not part of a scale", params.critical_below))
                .help("write a part from 0 to 1, such as 0.5"));
        }
        if let Some(criteria) = &params.criteria {
            refuse_weightless(criteria)?;
        }
        let criteria = params.criteria.iter().flat_map(BTreeMap::keys);
        let definition = Definition::over(source(params)?)
            .expects(CATEGORY, "criteria", criteria)
            .derive(Reviews { params: params.clone() })
            .measure(sum("score_sum", col(REVIEW_SCORE)))
            .measure(count("reviews").filter(col(REVIEW_SCORE).is_not_null()))
            .measure(variance("score_variance", col(REVIEW_SCORE)))
            .measure(count("failed_reviews").filter(col(IS_FAILED).eq(lit(1))))
            .measure(count("weightless_reviews").filter(col(REVIEW_SCORE).is_null()))
            .value(Value::mean("score_sum", "reviews", "score_variance"))
            .detail(&[REVIEW_SCORE]);
        Ok(definition.note(format!("a critical category below {} % of its scale makes its review 0", 100.0 * params.critical_below)))
    }
}

fn refuse_weightless(criteria: &BTreeMap<String, Criterion>) -> Result<(), ParamError> {
    let wrong = |criterion: &Criterion| !criterion.weight.is_finite() || criterion.weight < 0.0;
    if let Some((name, criterion)) = criteria.iter().find(|(_, criterion)| wrong(criterion)) {
        return Err(ParamError::new("criteria", format!("`{name}` has a weight of {}", criterion.weight)).help("write 0 or more"));
    }
    if criteria.values().all(|criterion| criterion.weight <= 0.0) {
        return Err(ParamError::new("criteria", "no category weighs anything").help("write `criteria = { tone = { weight = 1 } }`"));
    }
    Ok(())
}

/// The scores, and what each needs to be one.
fn source(params: &QualityScoreParams) -> Result<Source, ParamError> {
    let score = Column::number(SCORE)
        .also_called(
            "csat, satisfaction, rating, stars, grade, answer, tilfredshed, bedoemmelse, karakter, svar, vurdering, \
                 tilfredshet, noejdhet, betyg, zufriedenheit, bewertung, note",
        )
        .nulls(NullRule::Skip)
        .describe("what the category was given; missing: not rated");
    let mut source = Source::table(QUALITY_SCORES).at(TIME).column(
        Column::identifier(REVIEW_ID)
            .also_called(
                "review, evaluation id, evaluation, assessment id, audit id, scorecard id, qa id, qa review id, conversation \
                 review id, evaluering, evaluerings id, vurderings id, granskning, granskning id, pruefung, pruefungs id, \
                 bewertungs id",
            )
            .describe("the review of a case"),
    );
    // What a score of a review must be, so that none of the review is missing.
    let mut sound = Vec::new();
    // Scores that do not belong to the review.
    let mut foreign = col(SCORE).is_null();
    source =
        match params.scale {
            Some(ScoreRange(min, max)) if min < max && (max - min).is_finite() => {
                sound.push(col(SCORE).is_between(lit(min), lit(max), ClosedInterval::Both));
                source.column(score.between(min, max))
            }
            Some(ScoreRange(min, max)) => {
                return Err(ParamError::new("scale", format!("a scale from {min} to {max} has no room")).help("write `scale = [0, 5]`"));
            }
            None => {
                let has_room = || col("max").gt(col("min"));
                let on_scale = || col(SCORE).gt_eq(col("min")).and(col(SCORE).lt_eq(col("max")));
                // A missing or unreadable end is not an end.
                sound.extend([has_room().fill_null(lit(false)), on_scale()]);
                source
                .column(score)
                .column(Column::number("min").also_called(
                "minimum, lowest, scale min, min score, lower bound, scale from, mindste, laveste, minst, laegst, kleinster",
            ).describe("the lowest score of the category"))
                .column(Column::number("max").also_called(
                "maximum, highest, scale max, max score, upper bound, scale to, max points, possible points, stoerste, \
                 hoejeste, stoerst, hoegst, groesster",
            ).describe("the highest score of the category"))
                .rule("`max` is not above `min`", has_room())
                .rule("`score` is not from `min` to `max`", on_scale())
            }
        };
    source = if let Some(criteria) = &params.criteria {
        let is_known = is_one_of(CATEGORY, &criteria.keys().cloned().collect::<Vec<_>>());
        foreign = foreign.or(is_known.clone().not());
        source
            .column(
                Column::text(CATEGORY)
                    .also_called(
                        "criterion, criteria, question, rating category, section, subject, kategori, kategorier, kriterium, kategorie, \
                 kategorien",
                    )
                    .describe("what was rated: one of `criteria`"),
            )
            .rule("`category` is not among `criteria`", is_known)
    } else {
        sound.push(col("weight").gt_eq(lit(0.0)).fill_null(lit(false)));
        source
            .column(
                Column::number("weight")
                    .also_called(
                        "weighting, weights, weight factor, sample weight, importance, share, vaegt, vaegtning, vekt, vekting, vikt, \
                 viktning, gewicht, gewichtung",
                    )
                    .between(0.0, f64::INFINITY)
                    .describe("the category's weight, 0 or more"),
            )
            .column(
                Column::boolean("is_critical")
                    .also_called(
                        "critical, auto fail, autofail, is auto fail, fatal, critical error, knockout, kritisk, er kritisk, kritisch, \
                 ko kriterium",
                    )
                    .nulls(NullRule::Keep)
                    .describe("whether it fails the whole review; missing: no"),
            )
    };
    let is_sound = sound.into_iter().reduce(Expr::and).unwrap_or_else(|| lit(true)).or(foreign);
    let all_are = is_sound.cast(DataType::Int8).min().over([col(REVIEW_ID)]);
    let all_are = all_are.map_err(|error| ParamError::new("criteria", error.to_string()))?;
    Ok(source.rule_among_all("another score of the review can't be used", all_are.eq(lit(1))))
}

/// Scores → reviews, each with its own.
#[derive(Debug)]
struct Reviews {
    params: QualityScoreParams,
}

impl Reviews {
    /// What a criterion says of a score's category.
    fn of_category(criteria: &BTreeMap<String, Criterion>, says: impl Fn(&Criterion) -> Expr) -> Expr {
        criteria
            .iter()
            .fold(lit(0), |others, (name, criterion)| when(col(CATEGORY).eq(lit(name.as_str()))).then(says(criterion)).otherwise(others))
    }
}

impl Derive for Reviews {
    fn entity(&self) -> &'static str {
        REVIEW_ID
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::Nothing
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let (weight, is_critical) = match &self.params.criteria {
            Some(criteria) => (
                Self::of_category(criteria, |criterion| lit(criterion.weight)),
                Self::of_category(criteria, |criterion| lit(i32::from(criterion.critical))),
            ),
            None => (col("weight"), col("is_critical").fill_null(lit(false))),
        };
        let (min, max) = match self.params.scale {
            Some(ScoreRange(min, max)) => (lit(min), lit(max)),
            None => (col("min"), col("max")),
        };
        let reached = (col(SCORE) - min.clone()).cast(DataType::Float64) / (max - min).cast(DataType::Float64);
        let critical_below = self.params.critical_below;
        let scores = Entities::in_groups(rows, REVIEW_ID, context).integers([col(BUCKET), is_critical]).numbers([reached, weight]);
        Ok(scores.derive("reviews", [BUCKET, IS_FAILED], [REVIEW_SCORE], move |review, derived| {
            let ([buckets, critical], [reached, weights]) = (review.integers(), review.numbers());
            let total: f64 = weights.iter().sum();
            let weighted: f64 = reached.iter().zip(weights).map(|(reached, weight)| reached * weight).sum();
            let fails = critical.iter().zip(reached).any(|(critical, reached)| *critical == 1 && *reached < critical_below);
            let score = match (total > 0.0, fails) {
                (false, _) => f64::NAN,
                (true, true) => 0.0,
                (true, false) => 100.0 * weighted / total,
            };
            derived.push(review, [buckets[0], i64::from(fails && total > 0.0)], [score]);
        }))
    }
}

register_metric!(QualityScore);
