//! Mention volume: how often a brand is spoken of, and when.

use custometer_core::DimensionValue;
use custometer_core::measure::Scope;
use custometer_core::prelude::*;
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::{MENTIONS, TIME};

/// Parameters of [`MentionVolume`].
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MentionVolumeParams {
    /// Whether the value is the number of mentions or their share.
    pub show: Show,
    /// Which part of local time the mentions are counted by.
    pub per: Per,
}

/// What the value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// The number of mentions.
    #[default]
    Count,
    /// Their percentage: of the group's mentions by the hour or the weekday, else of the bucket's.
    Share,
}

/// Which part of local time mentions are counted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// None: all are counted together.
    #[default]
    None,
    /// The hour of the day, 0 to 23.
    HourOfDay,
    /// The day of the week, from Monday on.
    Weekday,
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const HOUR_OF_DAY: &str = "hour_of_day";
const WEEKDAY: &str = "weekday";

/// `support.mention_volume`: how often are we mentioned?
pub struct MentionVolume;

impl Metric for MentionVolume {
    type Params = MentionVolumeParams;

    const ABOUT: &'static About = &About {
        id: "support.mention_volume",
        title: "Mention volume",
        summary: "Mentions on social media, by any column, by hour of the day or by weekday: their number or their share.",
        formula: "mentions; 100 · mentions of the hour or weekday / mentions of the group; 100 · mentions of the group / mentions of the bucket",
        unit: Unit::Count,
        range: "0 or more; shares 0 to 100, and those of all hours, of all weekdays and of a breakdown sum to 100",
        direction: Direction::Neutral,
        edge_cases: &[
            "No mention: the number is 0, every share is undefined.",
            "All 24 hours and all 7 weekdays appear, those without a mention with 0.",
            "Hours and weekdays are what clocks in the report's time zone show; an hour that they show twice counts both times.",
            "A period of whole weeks has each weekday equally often; any other favours some.",
            "With `per`, a mention without a time is rejected.",
        ],
        examples: &[
            Example {
                title: "three mentions",
                header: "time",
                rows: &[(3, "2025-01-06 09:30:00")],
                expected: &[("", Some(3.0))],
                ..Example::NONE
            },
            Example {
                title: "two on a Monday and one on a Sunday, in New York",
                report: "timezone = \"America/New_York\"",
                params: "per = \"weekday\"",
                header: "time",
                rows: &[(1, "2025-01-07T04:59:59Z"), (1, "2025-01-06T05:00:00Z"), (1, "2025-01-06T04:59:59Z")],
                expected: &[
                    ("weekday=monday", Some(2.0)),
                    ("weekday=tuesday", Some(0.0)),
                    ("weekday=wednesday", Some(0.0)),
                    ("weekday=thursday", Some(0.0)),
                    ("weekday=friday", Some(0.0)),
                    ("weekday=saturday", Some(0.0)),
                    ("weekday=sunday", Some(1.0)),
                ],
            },
            Example {
                title: "the shares of the same",
                report: "timezone = \"America/New_York\"",
                params: "per = \"weekday\"\nshow = \"share\"",
                header: "time",
                rows: &[(1, "2025-01-07T04:59:59Z"), (1, "2025-01-06T05:00:00Z"), (1, "2025-01-06T04:59:59Z")],
                expected: &[
                    ("weekday=monday", Some(200.0 / 3.0)),
                    ("weekday=tuesday", Some(0.0)),
                    ("weekday=wednesday", Some(0.0)),
                    ("weekday=thursday", Some(0.0)),
                    ("weekday=friday", Some(0.0)),
                    ("weekday=saturday", Some(0.0)),
                    ("weekday=sunday", Some(100.0 / 3.0)),
                ],
            },
        ],
        references: &["E. B. Wilson, JASA 22 (1927), for the intervals of the shares"],
    };

    fn define(params: &MentionVolumeParams) -> Result<Definition, ParamError> {
        let source = Source::table(MENTIONS).at(TIME);
        let timed = || source.clone().column(Column::time(TIME).describe("when it was posted"));
        let (definition, whole) = match params.per {
            Per::None => (Definition::over(source), Scope::Bucket),
            Per::HourOfDay => {
                let hours = (0..24_i64).map(DimensionValue::from).collect();
                let definition = Definition::over(timed()).derive(LocalTimes);
                (definition.own_dimension_over(HOUR_OF_DAY, col(HOUR_OF_DAY), hours), Scope::OwnDimensions)
            }
            Per::Weekday => {
                let weekdays = WEEKDAYS.map(DimensionValue::from).to_vec();
                let definition = Definition::over(timed()).derive(LocalTimes);
                (definition.own_dimension_over(WEEKDAY, col(WEEKDAY), weekdays), Scope::OwnDimensions)
            }
        };
        let definition = definition.measure(count("mentions")).measure(count("all_mentions").scope(whole));
        Ok(match params.show {
            Show::Count => definition.value(Value::measure("mentions")),
            Show::Share => definition.value(Value::proportion("mentions", "all_mentions")).unit(Unit::Percent),
        })
    }
}

/// Mentions → the same, with the hour and the weekday that local clocks show.
#[derive(Debug)]
struct LocalTimes;

impl Derive for LocalTimes {
    fn entity(&self) -> &'static str {
        TIME
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::Attribute
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::Nothing
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        const MICROSECONDS_PER_HOUR: i64 = 3_600_000_000;
        let hours = context.clock.to_local(col(TIME)).cast(DataType::Int64).floor_div(lit(MICROSECONDS_PER_HOUR));
        let hour = hours.clone() - hours.floor_div(lit(24_i64)) * lit(24_i64);
        // 1970 began on a Thursday.
        let days = context.clock.days_since_1970(col(TIME)) + lit(3_i64);
        let day = days.clone() - days.floor_div(lit(7_i64)) * lit(7_i64);
        let weekday = (0_i64..).zip(WEEKDAYS).fold(lit(NULL).cast(DataType::String), |others, (number, name)| {
            when(day.clone().eq(lit(number))).then(lit(name)).otherwise(others)
        });
        Ok(rows.with_columns([hour.alias(HOUR_OF_DAY), weekday.alias(WEEKDAY)]))
    }
}

register_metric!(MentionVolume);
