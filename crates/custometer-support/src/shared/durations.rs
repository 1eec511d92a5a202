//! What is reported of durations: their mean, a quantile, or how many are short enough.

use custometer_core::prelude::*;
use custometer_core::time::Clock;
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tables::TICKET_ID;

/// The interval of a quantile, for the references of metrics that report one.
pub(crate) const QUANTILE_INTERVAL: &str =
    "W. J. Conover, \"Practical Nonparametric Statistics\", 3rd ed. (1999), section 3.2, for the interval of a quantile";
/// The definition of a quantile.
pub(crate) const QUANTILE: &str = "R. J. Hyndman & Y. Fan, The American Statistician 50 (1996), definition 7, for the quantile";
/// The interval of a mean.
pub(crate) const MEAN_INTERVAL: &str = "Student, Biometrika 6 (1908), for the interval of a mean";
/// The interval of a share.
pub(crate) const SHARE_INTERVAL: &str = "E. B. Wilson, JASA 22 (1927), for the interval of a share";

/// What is reported of durations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Their mean.
    #[default]
    Mean,
    /// The time that half of them do not exceed.
    Median,
    /// The time that nine of ten do not exceed.
    P90,
    /// The time that nineteen of twenty do not exceed.
    P95,
    /// The share of those that are at most `within_seconds`, in percent.
    ShareWithin,
}

impl Statistic {
    /// The level of a quantile.
    fn level(self) -> Option<f64> {
        match self {
            Self::Mean | Self::ShareWithin => None,
            Self::Median => Some(0.5),
            Self::P90 => Some(0.9),
            Self::P95 => Some(0.95),
        }
    }
}

/// A metric's parameters of what it reports of durations.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reported {
    /// What is reported.
    pub statistic: Statistic,
    /// What is short enough, for `share_within`.
    pub within_seconds: Option<f64>,
    /// Whether values are rounded before a quantile is taken.
    pub approximate: bool,
}

impl Reported {
    /// Adds measures of durations and the value that is asked for. `seconds` is null where a duration has not ended.
    ///
    /// The measures are called by `name` (`wait` → `wait_seconds`), the one that counts the durations is `ended`.
    pub(crate) fn measure(self, definition: Definition, name: &str, ended: &str, seconds: &Expr) -> Result<Definition, ParamError> {
        let within = self.within()?;
        let counted = definition.measure(count(ended).filter(seconds.clone().is_not_null()));
        if let Some(within) = within {
            return Ok(counted
                .measure(count("within").filter(seconds.clone().lt_eq(lit(within))))
                .value(Value::proportion("within", ended))
                .unit(Unit::Percent)
                .direction(Direction::HigherIsBetter)
                .note(format!("within {within} seconds")));
        }
        let Some(level) = self.statistic.level() else {
            let [sum_name, variance_name] = ["seconds", "variance"].map(|part| format!("{name}_{part}"));
            return Ok(counted
                .measure(sum(&sum_name, seconds.clone()))
                .measure(variance(&variance_name, seconds.clone()))
                .value(Value::mean(&sum_name, ended, &variance_name)));
        };
        let quantile_name = format!("{name}_quantile");
        let values = if self.approximate { binned(seconds.clone()) } else { seconds.clone() };
        let measured = counted.measure(quantile(&quantile_name, values, level)).value(Value::quantile(&quantile_name));
        Ok(if self.approximate { measured.note("approximate: off by at most 0.4 %") } else { measured })
    }

    /// What is short enough, where that is asked for.
    fn within(self) -> Result<Option<f64>, ParamError> {
        if self.approximate && self.statistic.level().is_none() {
            return Err(
                ParamError::new("approximate", "only quantiles are approximated").help("leave it out: anything else is exact and fast")
            );
        }
        match (self.statistic, self.within_seconds) {
            (Statistic::ShareWithin, Some(within)) if within >= 0.0 && within.is_finite() => Ok(Some(within)),
            (Statistic::ShareWithin, Some(within)) => Err(ParamError::new("within_seconds", format!("{within} is not a duration"))),
            (Statistic::ShareWithin, None) => {
                Err(ParamError::new("statistic", "which durations are short enough?").help("give the longest: `within_seconds = …`"))
            }
            (_, Some(_)) => Err(ParamError::new("within_seconds", "only a share has a longest duration")
                .help("leave it out, or take `statistic = \"share_within\"`")),
            (_, None) => Ok(None),
        }
    }
}

/// The number of a row's calendar, in derived rows.
pub(crate) const CALENDAR: &str = "calendar";

/// A source whose durations a clock can tell: opening hours are known from 1900 to 2199, and a row with another instant is rejected. Where rows name
/// their calendars, the column is read, and a row that names none is rejected; of a table of several rows per ticket, the ticket as a whole.
pub(crate) fn on_clock(source: Source, clock: &Clock, columns: &[&str]) -> Source {
    /// The first instant of 1900 and that of 2200, in microseconds since 1970.
    const KNOWN: (i64, i64) = (-2_208_988_800_000_000, 7_258_118_400_000_000);
    if *clock == Clock::Calendar {
        return source;
    }
    let source = match clock.column() {
        None => source,
        Some(column) => {
            let is_of_tickets = source.columns.iter().any(|column| column.name == TICKET_ID);
            let source = if is_of_tickets { source.all_or_none(TICKET_ID) } else { source };
            let names = Column::text(column).nulls(NullRule::Keep).describe("which calendar counts, named by `clock`");
            source.column(names).rule_of(
                column,
                format!("`{column}` names none of the report's calendars"),
                clock.of_row().number().is_not_null(),
            )
        }
    };
    columns.iter().fold(source, |source, column| {
        let instant = || col(*column).cast(DataType::Int64);
        let known = instant().gt_eq(lit(KNOWN.0)).and(instant().lt(lit(KNOWN.1)));
        source.rule(format!("`{column}` is before 1900 or after 2199, where opening hours are not known"), known)
    })
}

/// Says of a definition which clock its durations are counted on, where it is not the usual one.
pub(crate) fn noted(definition: Definition, clock: &Clock) -> Definition {
    clock.note().into_iter().fold(definition, Definition::note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longest_duration_is_given_where_it_matters_and_only_there() {
        let with = |statistic, within_seconds, approximate| {
            Reported { statistic, within_seconds, approximate }.within().map_err(|error| error.path.concat())
        };
        assert_eq!(with(Statistic::ShareWithin, Some(60.0), false), Ok(Some(60.0)));
        assert_eq!(with(Statistic::Mean, None, false), Ok(None));
        assert_eq!(with(Statistic::P90, None, true), Ok(None));
        assert_eq!(with(Statistic::ShareWithin, None, false), Err("statistic".to_owned()));
        assert_eq!(with(Statistic::ShareWithin, Some(-1.0), false), Err("within_seconds".to_owned()));
        assert_eq!(with(Statistic::Median, Some(60.0), false), Err("within_seconds".to_owned()));
        assert_eq!(with(Statistic::Mean, None, true), Err("approximate".to_owned()));
        assert_eq!(with(Statistic::ShareWithin, Some(60.0), true), Err("approximate".to_owned()));
    }
}
