//! Keyword ranking: how many queries show us near the top, and which of them move.

use custometer_core::measure::Scope;
use custometer_core::prelude::*;
use custometer_core::statistics::Clusters;
use custometer_core::time::BUCKET;
use custometer_core::{
    DimensionValue, Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, MeasureRow, Observation, statistics,
};
use polars::prelude::{DataType, Field, IntoColumn, StringChunked};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::search::{DATE, DAY, IMPRESSIONS, POSITION, QUERY, SEARCH, with_positions};
use crate::shared::sequence::Sequence;

const QUERIES: &str = "queries";
const ALL_QUERIES: &str = "all_queries";
const OF_QUERY: &str = "impressions";
const MEAN_POSITION: &str = "position";
const POSITION_BEFORE: &str = "position_before";
const MOVEMENT: &str = "movement";
/// The movement's place among all that there are.
const MOVED: &str = "moved";
const START: &str = "start";

/// Parameters of [`KeywordRanking`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeywordRankingParams {
    /// What queries are sorted by.
    pub view: RankingView,
    /// What is told of those in a tier, or with a movement.
    pub statistic: RankingStatistic,
    /// What is counted in the tiers.
    pub of: Ranked,
    /// The tiers, from the top on: a query is in the top 10 when its position is 10 or less.
    pub tiers: Vec<u16>,
    /// A query with fewer impressions in a bucket is taken as not shown in it.
    pub min_impressions: u32,
    /// By how many positions a query must have moved to have risen or fallen, with `view = "movers"`.
    pub min_change: f64,
}

impl Default for KeywordRankingParams {
    fn default() -> Self {
        let (view, statistic, of) = (RankingView::default(), RankingStatistic::default(), Ranked::default());
        Self { view, statistic, of, tiers: vec![3, 10, 20, 50], min_impressions: 1, min_change: 1.0 }
    }
}

/// What queries are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RankingView {
    /// Tiers of positions; the top 10 has the top 3 in it.
    #[default]
    Tiers,
    /// How they moved since the bucket before: rose, fell, stayed, came or went.
    Movers,
}

/// What is told of a tier or a movement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RankingStatistic {
    /// The share of all.
    #[default]
    Share,
    /// Their number.
    Count,
}

/// What is counted in the tiers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ranked {
    /// Distinct queries.
    #[default]
    Queries,
    /// Their impressions: queries that are often asked count for more.
    Impressions,
}

/// `web.keyword_ranking`: for how many queries are we near the top?
pub struct KeywordRanking;

impl Metric for KeywordRanking {
    type Params = KeywordRankingParams;

    const ABOUT: &'static About = &About {
        id: "web.keyword_ranking",
        title: "Keyword ranking",
        summary: "Queries, or their impressions, by the mean position that search shows us in: how many are in the top 3, 10, 20 and 50, or \
            how many rose and fell since the bucket before.",
        formula: "100 · queries whose position is at most that of the tier / queries; the position is Σ position · impressions / Σ impressions \
            of the query in the bucket, over all its pages, devices and countries. With `view = \"movers\"`: 100 · queries with the movement / \
            queries shown in the bucket or in the one before",
        unit: Unit::Percent,
        range: "0 to 100; numbers 0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No query: shares are undefined, numbers 0.",
            "A query in place 3.2 is not in the top 3.",
            "Tiers do not add up: a query in the top 3 is also in the top 10. Queries beyond the last tier are in no tier, but count in \
             the whole.",
            "A query with fewer than `min_impressions` in a bucket, or with none, is not shown in it.",
            "Movers: a query rose or fell when its position changed by `min_change` or more; a rise is towards place 1. It came when it was \
                not shown in the bucket before, and went when it is not shown in this one.",
            "Movers are undefined where no query was shown in the bucket before, or the bucket has not ended by the as-of date. The bucket \
                before the first one ends where the period begins, and needs rows from before it.",
            "In a breakdown, a query has a position in every group that it is shown in.",
            "Queries that a console keeps secret have no name, and are left out.",
            "The interval of a share of impressions takes queries as clusters. Changes are not tested: it is mostly the same queries that are compared.",
            "A position below 1, impressions without a position, and a number of impressions that is not whole or below 0, are rejected.",
        ],
        examples: &[
            Example {
                title: "of four queries one is in the top 3: `a`, on two pages, is in place 3.4",
                params: "tiers = [3, 10]",
                header: "query,page,date,impressions,position",
                rows: RANKED,
                expected: &[("top=3", Some(25.0)), ("top=10", Some(75.0))],
                ..Example::NONE
            },
            Example {
                title: "their impressions",
                params: "tiers = [3, 10]\nof = \"impressions\"",
                header: "query,page,date,impressions,position",
                rows: RANKED,
                expected: &[("top=3", Some(35.0)), ("top=10", Some(90.0))],
                ..Example::NONE
            },
            Example {
                title: "since December, one query rose, one stayed, one came and one went",
                report: "from = 2025-01-01\nuntil = 2025-02-01\nas_of = 2025-02-01\ngrain = \"month\"",
                params: "view = \"movers\"\nstatistic = \"count\"",
                header: "query,date,impressions,position",
                rows: &[
                    (1, "a,2024-12-05,10,9"),
                    (1, "b,2024-12-05,10,2.5"),
                    (1, "c,2024-12-05,10,4"),
                    (1, "a,2025-01-05,10,4"),
                    (1, "a,2025-01-06,30,8"),
                    (1, "b,2025-01-06,10,3"),
                    (1, "d,2025-01-06,10,3"),
                ],
                expected: &[
                    ("2025-01-01 movement=rose", Some(1.0)),
                    ("2025-01-01 movement=fell", Some(0.0)),
                    ("2025-01-01 movement=stayed", Some(1.0)),
                    ("2025-01-01 movement=came", Some(1.0)),
                    ("2025-01-01 movement=went", Some(1.0)),
                ],
            },
        ],
        references: &[
            "E. B. Wilson, JASA 22 (1927), for the interval of a share of queries",
            "W. G. Cochran, \"Sampling Techniques\", 3rd ed. (1977), chapter 6, for that of a share of impressions",
        ],
    };

    fn define(params: &KeywordRankingParams) -> Result<Definition, ParamError> {
        let KeywordRankingParams { view, statistic, of, min_impressions, min_change, .. } = *params;
        let usual = KeywordRankingParams::default();
        let leave_out = |param: &str, message: &str| Err(ParamError::new(param, message).help("leave it out"));
        if min_impressions == 0 {
            return Err(ParamError::new("min_impressions", "a query without impressions has no position").help("1 or more"));
        }
        if !(min_change >= 0.0 && min_change.is_finite()) {
            return Err(ParamError::new("min_change", format!("{min_change} is not a number of positions")).help("0 or more"));
        }
        if params.tiers.first().is_none_or(|first| *first == 0) || !params.tiers.is_sorted_by(|one, next| one < next) {
            return Err(
                ParamError::new("tiers", "these are not tiers").help("name one or more, from 1 on and in their order: `[3, 10, 20, 50]`")
            );
        }
        let of_queries = of == Ranked::Queries;
        match view {
            RankingView::Tiers if min_change.to_bits() != usual.min_change.to_bits() => {
                return leave_out("min_change", "only `view = \"movers\"` tells of changes");
            }
            RankingView::Movers if params.tiers != usual.tiers => return leave_out("tiers", "movers have no tiers"),
            RankingView::Movers if !of_queries => return leave_out("of", "movers are counted as queries"),
            _ => {}
        }
        let source = Source::table(SEARCH).at(DATE).column(QUERY);
        let rankings = Rankings { min_impressions, min_change: (view == RankingView::Movers).then_some(min_change) };
        let definition = match view {
            RankingView::Tiers => {
                let definition = Definition::over(with_positions(source)).derive(rankings).detail(&[START, OF_QUERY, MEAN_POSITION]);
                let definition = Tiers::measured(definition, params);
                definition.value(Value::function(Tiers { tiers: params.tiers.clone(), of, statistic }))
            }
            RankingView::Movers => {
                let positions = (0_i64..).take(Movement::ALL.len()).map(DimensionValue::Integer).collect();
                Definition::over(with_positions(source.always_at(DATE).column(DAY)))
                    .derive(rankings)
                    .own_dimension_over(MOVED, col(MOVED), positions)
                    .measure(count(QUERIES))
                    .measure(count(ALL_QUERIES).scope(Scope::OwnDimensions))
                    .direction(Direction::Neutral)
                    .detail(&[START, MOVEMENT, OF_QUERY, MEAN_POSITION, POSITION_BEFORE])
                    .value(Value::function(Movers { statistic }))
            }
        };
        let definition = if statistic == RankingStatistic::Count { definition.unit(Unit::Count) } else { definition };
        Ok(if min_impressions > 1 { definition.note(format!("queries with {min_impressions} impressions or more")) } else { definition })
    }
}

const RANKED: &[(usize, &str)] = &[
    (1, "a,/one,2025-01-01,70,1"),
    (1, "a,/two,2025-01-02,30,9"),
    (1, "b,/one,2025-01-01,70,3"),
    (1, "c,/one,2025-01-02,10,9.5"),
    (1, "d,/one,2025-01-02,20,40"),
    (1, ",/one,2025-01-02,50,1"),
    (1, "e,/one,2025-01-02,0,"),
];

/// What became of a query since the bucket before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Movement {
    Rose,
    Fell,
    Stayed,
    Came,
    Went,
}

impl Movement {
    const ALL: [Self; 5] = [Self::Rose, Self::Fell, Self::Stayed, Self::Came, Self::Went];

    /// From one position to another, which it must differ from by `min_change`; none where it was in neither.
    fn of(before: Option<f64>, now: Option<f64>, min_change: f64) -> Option<Self> {
        Some(match (before, now) {
            (Some(before), Some(now)) if now < before && before - now >= min_change => Self::Rose,
            (Some(before), Some(now)) if now > before && now - before >= min_change => Self::Fell,
            (Some(_), Some(_)) => Self::Stayed,
            (None, Some(_)) => Self::Came,
            (Some(_), None) => Self::Went,
            (None, None) => return None,
        })
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Rose => "rose",
            Self::Fell => "fell",
            Self::Stayed => "stayed",
            Self::Came => "came",
            Self::Went => "went",
        }
    }
}

/// Rows of a search console → a row for each query and bucket that it is shown in, with its position there. For movers also one for each
/// bucket before which it was shown last.
#[derive(Debug)]
struct Rankings {
    min_impressions: u32,
    /// By how much a query must have moved; none where movements are not asked for.
    min_change: Option<f64>,
}

/// What a query comes to between two edges.
#[derive(Debug, Clone, Copy)]
struct Standing {
    impressions: i64,
    position: f64,
}

impl Standing {
    /// None where there are fewer impressions than it takes.
    fn of(impressions: &[i64], positions: &[f64], min_impressions: u32) -> Option<Self> {
        let all: i64 = impressions.iter().sum();
        let sum: f64 = impressions.iter().zip(positions).filter(|(shown, _)| **shown > 0).map(|(shown, at)| *shown as f64 * at).sum();
        (all >= i64::from(min_impressions)).then(|| Self { impressions: all, position: sum / all as f64 })
    }
}

impl Derive for Rankings {
    fn entity(&self) -> &'static str {
        QUERY.name
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn buckets(&self) -> BucketRule {
        if self.min_change.is_some() { BucketRule::InSequence } else { BucketRule::EachAnew }
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let Self { min_impressions, min_change } = *self;
        let sequence = min_change.map(|_| Sequence::of(context));
        let index = sequence.as_ref().map_or_else(|| col(BUCKET), |sequence| sequence.index_of(col(DATE)));
        let impressions = col(IMPRESSIONS.name).cast(DataType::Int64);
        let queries = Entities::in_groups(rows, QUERY.name, context).integers([index, impressions]);
        let queries = queries.numbers([col(POSITION.name).fill_null(lit(0.0))]);
        let numbers = [MEAN_POSITION, POSITION_BEFORE];
        let derived = queries.derive("keyword_ranking", [BUCKET, OF_QUERY, MOVED], numbers, move |query, derived| {
            let ([indices, impressions], [positions]) = (query.integers(), query.numbers());
            let mut from = 0;
            let standings = indices.chunk_by(|one, next| one == next).filter_map(|rows| {
                let rows = from..from + rows.len();
                from = rows.end;
                Standing::of(&impressions[rows.clone()], &positions[rows.clone()], min_impressions).map(|of| (indices[rows.start], of))
            });
            let Some((sequence, min_change)) = sequence.as_ref().zip(min_change) else {
                standings.for_each(|(bucket, of)| derived.push(query, [bucket, of.impressions, 0], [of.position, f64::NAN]));
                return;
            };
            let mut push = |position: usize, before: Option<Standing>, now: Option<Standing>| {
                let places = [now, before].map(|standing| standing.map(|standing| standing.position));
                let movement = Movement::of(places[1], places[0], min_change);
                if let Some((bucket, movement)) = sequence.ended_bucket(position).zip(movement) {
                    let shown = now.map_or(0, |now| now.impressions);
                    derived.push(query, [bucket, shown, movement as i64], places.map(|place| place.unwrap_or(f64::NAN)));
                }
            };
            let mut last: Option<(usize, Standing)> = None;
            for (position, now) in standings.filter_map(|(index, of)| Some((sequence.position(index)?, of))) {
                let before = last.filter(|(before, _)| before + 1 == position).map(|(_, before)| before);
                if let Some((gone, of)) = last.filter(|(before, _)| before + 1 < position) {
                    push(gone + 1, Some(of), None);
                }
                push(position, before, Some(now));
                last = Some((position, now));
            }
            if let Some((gone, of)) = last {
                push(gone + 1, Some(of), None);
            }
        });
        let names = Movement::ALL.map(|movement| Some(movement.as_str().to_owned()));
        let starts = context.buckets.as_slice().iter().map(|bucket| bucket.start.as_ref().map(|start| start.datetime().to_string()));
        let columns = [named(MOVED, names).alias(MOVEMENT), named(BUCKET, starts).alias(START)];
        Ok(derived.with_columns(columns))
    }
}

/// What the numbers in a column stand for.
fn named(column: &str, names: impl IntoIterator<Item = Option<String>>) -> Expr {
    let names: Vec<Option<String>> = names.into_iter().collect();
    let name = move |column: polars::prelude::Column| {
        let numbers = column.as_materialized_series().cast(&DataType::Int64)?;
        let of = |number: Option<i64>| names.get(usize::try_from(number?).ok()?)?.as_deref();
        let named: StringChunked = numbers.i64()?.iter().map(of).collect();
        Ok(named.into_column())
    };
    col(column).map(name, |_, field| Ok(Field::new(field.name().clone(), DataType::String)))
}

/// Tiers of positions.
#[derive(Debug)]
struct Tiers {
    tiers: Vec<u16>,
    of: Ranked,
    statistic: RankingStatistic,
}

impl Tiers {
    fn measured(definition: Definition, params: &KeywordRankingParams) -> Definition {
        let definition = definition.measure(count(QUERIES)).measure(sum("impressions", col(OF_QUERY)));
        let with_interval = params.of == Ranked::Impressions && params.statistic == RankingStatistic::Share;
        let definition = if with_interval { definition.measure(variance("variance", col(OF_QUERY))) } else { definition };
        params.tiers.iter().fold(definition, |definition, tier| {
            let is_in = || col(MEAN_POSITION).lt_eq(lit(f64::from(*tier)));
            let in_tier = || when(is_in()).then(col(OF_QUERY)).otherwise(lit(0_i64));
            match params.of {
                Ranked::Queries => definition.measure(count(&format!("queries_in_{tier}")).filter(is_in())),
                Ranked::Impressions if with_interval => definition
                    .measure(sum(&format!("impressions_in_{tier}"), in_tier()))
                    .measure(variance(&format!("variance_in_{tier}"), in_tier()))
                    .measure(variance(&format!("variance_of_both_{tier}"), in_tier() + col(OF_QUERY))),
                Ranked::Impressions => definition.measure(sum(&format!("impressions_in_{tier}"), in_tier())),
            }
        })
    }

    fn observe(&self, row: &MeasureRow, tier: u16, confidence: f64) -> Observation {
        let get = |name: &str| row.get(name);
        let of = |name: &str| format!("{name}_{tier}");
        let whole = if self.of == Ranked::Queries { QUERIES } else { "impressions" };
        let part = get(&of(&format!("{whole}_in"))).unwrap_or(0.0);
        let all = get(whole).unwrap_or(0.0);
        let interval = || match self.of {
            Ranked::Queries => statistics::wilson(part, all, confidence),
            Ranked::Impressions => {
                let clusters = Clusters {
                    sum_x: part,
                    sum_y: all,
                    count: get(QUERIES)?,
                    variance_x: get(&of("variance_in"))?,
                    variance_y: get("variance")?,
                    variance_x_plus_y: get(&of("variance_of_both"))?,
                };
                statistics::ratio_of_means(&clusters, confidence).map(|(low, high)| (low.max(0.0), high.min(1.0)))
            }
        };
        let (value, interval) = match self.statistic {
            RankingStatistic::Share => ((all > 0.0).then(|| 100.0 * part / all), interval()),
            RankingStatistic::Count => (Some(part), None),
        };
        let mut measures = vec![(format!("{whole}_in_tier"), Some(part)), (QUERIES.to_owned(), get(QUERIES))];
        measures.push(("impressions".to_owned(), get("impressions")));
        let interval = interval.map(|(low, high)| (100.0 * low, 100.0 * high));
        Observation { dimensions: vec![i64::from(tier).into()], estimate: Estimate { value, interval, n: get(QUERIES) }, measures }
    }
}

impl Evaluate for Tiers {
    fn measures(&self) -> Vec<&str> {
        vec![QUERIES, "impressions"]
    }

    fn dimensions(&self) -> Vec<String> {
        vec!["top".to_owned()]
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let of = |row: &MeasureRow| self.tiers.iter().map(|tier| self.observe(row, *tier, context.confidence)).collect();
        Ok(Evaluation { observations: group.rows.first().map_or_else(Vec::new, of), ..Evaluation::default() })
    }
}

/// Movements since the bucket before.
#[derive(Debug)]
struct Movers {
    statistic: RankingStatistic,
}

impl Evaluate for Movers {
    fn measures(&self) -> Vec<&str> {
        vec![QUERIES, ALL_QUERIES]
    }

    fn dimensions(&self) -> Vec<String> {
        vec![MOVEMENT.to_owned()]
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let queries = |movement: Movement| group.rows.get(movement as usize).and_then(|row| row.get(QUERIES)).unwrap_or(0.0);
        let all = group.rows.first().and_then(|row| row.get(ALL_QUERIES)).unwrap_or(0.0);
        let before = all - queries(Movement::Came);
        let observe = |movement: Movement| {
            let part = queries(movement);
            // Where nothing is known of the bucket before, nothing came.
            let known = Some(part).filter(|_| before > 0.0);
            let estimate = match self.statistic {
                RankingStatistic::Count => Estimate { value: known, interval: None, n: Some(all) },
                RankingStatistic::Share => {
                    let interval = known.and_then(|part| statistics::wilson(part, all, context.confidence));
                    let interval = interval.map(|(low, high)| (100.0 * low, 100.0 * high));
                    Estimate { value: known.map(|part| 100.0 * part / all), interval, n: Some(all) }
                }
            };
            let evidence = [(QUERIES, Some(part)), (ALL_QUERIES, Some(all)), ("queries_before", Some(before))];
            let measures = evidence.map(|(name, value)| (name.to_owned(), value)).into();
            Observation { dimensions: vec![movement.as_str().into()], estimate, measures }
        };
        Ok(Evaluation { observations: Movement::ALL.map(observe).into(), ..Evaluation::default() })
    }
}

register_metric!(KeywordRanking);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_is_towards_the_top() {
        let moved = |before, now, least| Movement::of(before, now, least).map(Movement::as_str);
        assert_eq!(moved(Some(9.0), Some(8.0), 1.0), Some("rose"));
        assert_eq!(moved(Some(9.0), Some(8.5), 1.0), Some("stayed"));
        assert_eq!(moved(Some(9.0), Some(10.0), 1.0), Some("fell"));
        assert_eq!(moved(Some(9.0), Some(9.0), 0.0), Some("stayed"));
        assert_eq!(moved(Some(9.0), Some(9.1), 0.0), Some("fell"));
        assert_eq!(moved(None, Some(9.0), 1.0), Some("came"));
        assert_eq!(moved(Some(9.0), None, 1.0), Some("went"));
        assert_eq!(moved(None, None, 1.0), None);
    }

    #[test]
    fn a_position_is_weighted_by_impressions() {
        let standing = |min| Standing::of(&[0, 30, 10], &[0.0, 2.0, 10.0], min).map(|of| (of.impressions, of.position));
        assert_eq!(standing(1), Some((40, 4.0)));
        assert_eq!(standing(41), None);
        assert!(Standing::of(&[0], &[1.0], 1).is_none());
    }
}
