//! Funnel: how many of those who take a first step take all that follow.

use std::num::NonZeroU32;
use std::ops::Range;

use custometer_core::aggregation::Measured;
use custometer_core::prelude::*;
use custometer_core::time::BUCKET;
use custometer_core::{
    DimensionValue, Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, MeasureRow, Observation, statistics,
};
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::known::{instant, known};
use crate::shared::sessionization::{Sessionization, SessionsFrom, at_once};
use crate::tables::{EVENT, HAPPENED, TIME, USER, dated_events};

const STEP: &str = "step";
const REACHED: &str = "reached";
const TOO_RECENT: &str = "too_recent";
const SECONDS: &str = "seconds";
/// Who has an event of the step at all, in any order.
const WITH_EVENT: &str = "with_event";
const MEDIAN: &str = "median_seconds";
/// The steps that an event fits, one bit each.
const FITS: &str = "__fits";
const MOST_STEPS: usize = 50;

/// Parameters of [`Funnel`].
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunnelParams {
    /// The steps in their order, two or more, such as `[{ event = "view_item" }, { name = "pay", where = "event = 'purchase' AND value > 10" }]`:
    /// each the name of an event, an SQL condition over a row of the table, or both, and with a name of its own where that is not the event's.
    pub steps: Vec<FunnelStep>,
    /// Who takes the steps.
    #[serde(default)]
    pub per: FunnelEntity,
    /// Within how many hours of the first step all others must be taken. Needed unless `window_minutes` says it, or `per = "session"`.
    #[serde(default)]
    pub window_hours: Option<NonZeroU32>,
    /// The same in minutes.
    #[serde(default)]
    pub window_minutes: Option<NonZeroU32>,
    /// What is told of each step.
    #[serde(default)]
    pub statistic: FunnelStatistic,
    /// What a visit is. It matters only where visits take the steps, and not where users do. What it says of views, key events and
    /// refreshes does not matter.
    #[serde(default)]
    pub sessions: Sessionization,
}

/// A step of a funnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunnelStep {
    /// What it is called; as the event unless said.
    #[serde(default)]
    pub name: Option<String>,
    /// The event that takes it.
    #[serde(default)]
    pub event: Option<String>,
    /// What a row that takes it must meet, in SQL over the columns of the table.
    #[serde(default, rename = "where")]
    pub condition: Option<SqlCondition>,
}

/// Who takes the steps of a funnel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FunnelEntity {
    /// A user, in one visit or in several.
    #[default]
    User,
    /// A visit.
    Session,
}

/// What is told of each step of a funnel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FunnelStatistic {
    /// The share of those who took the first step who took this one.
    #[default]
    OverallConversion,
    /// The share of those who took the step before who took this one.
    StepConversion,
    /// How many took it.
    Reached,
    /// The median of the time from the step before, of those who took it.
    MedianTime,
}

/// `web.funnel`: where do we lose them?
pub struct Funnel;

impl Metric for Funnel {
    type Params = FunnelParams;

    const ABOUT: &'static About = &About {
        id: "web.funnel",
        title: "Funnel",
        summary: "The share of the users, or visits, with a first step who also take the following ones, in their order and in time.",
        formula: "100 · those who reached the step / those who took the first one; by `statistic`, of those who reached the step before, the \
            number itself, or the median time since the step before",
        unit: Unit::Percent,
        range: "0 to 100; numbers and times 0 or more",
        direction: Direction::HigherIsBetter,
        edge_cases: &[
            "No user took the first step: the shares are undefined, and the numbers are 0. The first step has no step before it, so its \
             step conversion and its time are undefined.",
            "Every event of the first step begins an attempt. The attempt takes each further step by the first event that fits the step, \
             comes after the event of the step before, and is within the window of the first step; an event exactly at its end is within. \
             Other events in between do not matter.",
            "A user counts once in every bucket in which they begin an attempt, by the attempt that got furthest, and by the first of \
             several such. It may be completed in a later bucket.",
            "One event takes one step. Events at the same instant come in the order of the first steps that they fit.",
            "Attempts whose window is not over at the as-of date (or else when the data end) are left out, completed or not. Users who have \
             no other attempt in the bucket are counted as `too_recent`. Without a window, visits are taken to be over.",
            "`with_event` counts the users with an event of the step in the bucket in any order. Where that is 0, as for a misspelled event, a note says so.",
            "In a breakdown, a user belongs to every group they have events in, and takes all steps within it; a visit belongs to the group of its \
                first event.",
            "Where a row does not tell whether a condition holds, it is not met. An event without a user is rejected; where `session_id` \
             tells sessions apart, an event without it is.",
        ],
        examples: &[
            Example {
                title: "100 view, 60 of them put into the cart, 30 buy",
                params: "steps = [{ event = \"view_item\" }, { event = \"add_to_cart\" }, { event = \"purchase\" }]\nwindow_hours = 2",
                header: "user_id,event,time",
                rows: VIEWED,
                expected: &[("step=view_item", Some(100.0)), ("step=add_to_cart", Some(60.0)), ("step=purchase", Some(30.0))],
                ..Example::NONE
            },
            Example {
                title: "the same from step to step",
                params: "steps = [{ event = \"view_item\" }, { event = \"add_to_cart\" }, { event = \"purchase\" }]\nwindow_hours = 2\nstatistic = \"step_conversion\"",
                header: "user_id,event,time",
                rows: VIEWED,
                expected: &[("step=view_item", None), ("step=add_to_cart", Some(60.0)), ("step=purchase", Some(50.0))],
                ..Example::NONE
            },
            Example {
                title: "order matters, and so does the window: of three, one buys within two hours of a view",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                params: "steps = [{ event = \"view\" }, { name = \"pay\", where = \"event = 'purchase' AND value > 10\" }]\nwindow_hours = 2\nstatistic = \"reached\"",
                header: "user_id,event,value,time",
                rows: &[
                    (1, "a,view,,2025-01-05 08:00:00"),
                    (1, "a,view,,2025-01-05 10:00:00"),
                    (1, "a,purchase,20,2025-01-05 12:00:00"),
                    (1, "b,purchase,20,2025-01-05 10:00:00"),
                    (1, "b,view,,2025-01-05 11:00:00"),
                    (1, "c,view,,2025-01-05 10:00:00"),
                    (1, "c,purchase,5,2025-01-05 11:00:00"),
                ],
                expected: &[("step=view", Some(3.0)), ("step=pay", Some(1.0))],
            },
            Example {
                title: "of two visits of one user, the second begins with the cart",
                params: "steps = [{ event = \"view\" }, { event = \"add_to_cart\" }]\nper = \"session\"",
                header: "user_id,event,time",
                rows: &[(1, "a,view,2025-01-05 10:00:00"), (1, "a,add_to_cart,2025-01-05 12:00:00"), (1, "a,view,2025-01-05 12:01:00")],
                expected: &[("step=view", Some(100.0)), ("step=add_to_cart", Some(0.0))],
                ..Example::NONE
            },
            Example {
                title: "the data's own visits",
                params: "steps = [{ event = \"view\" }, { event = \"add_to_cart\" }]\nper = \"session\"\nsessions = { from = \"session_id\" }",
                header: "session_id,event,time",
                rows: &[(1, "s1,view,2025-01-05 10:00:00"), (1, "s1,add_to_cart,2025-01-05 12:00:00"), (1, "s2,view,2025-01-05 12:01:00")],
                expected: &[("step=view", Some(100.0)), ("step=add_to_cart", Some(50.0))],
                ..Example::NONE
            },
            Example {
                title: "a minute and three minutes from the view to the purchase",
                report: "from = 2025-01-01\nuntil = 2025-02-01",
                params: "steps = [{ event = \"view\" }, { event = \"purchase\" }]\nwindow_minutes = 30\nstatistic = \"median_time\"",
                header: "user_id,event,time",
                rows: &[
                    (2, "u{i},view,2025-01-05 10:00:00"),
                    (1, "u{i},purchase,2025-01-05 10:01:00"),
                    (1, "u1,purchase,2025-01-05 10:03:00"),
                ],
                expected: &[("step=view", None), ("step=purchase", Some(120.0))],
            },
        ],
        references: &[
            "E. B. Wilson, JASA 22 (1927), for the interval of a share",
            "W. J. Conover, \"Practical Nonparametric Statistics\", 3rd ed. (1999), section 3.2, for that of a median",
        ],
    };

    fn define(params: &FunnelParams) -> Result<Definition, ParamError> {
        let FunnelParams { steps, statistic, .. } = params;
        let names = names(steps)?;
        let window = params.window()?;
        let who = params.who()?;
        let source = dated_events().column(who.column()).column(HAPPENED);
        let source = if steps.iter().any(|step| step.event.is_some()) { source.column(EVENT) } else { source };
        let mut conditions: Vec<&SqlCondition> = steps.iter().filter_map(|step| step.condition.as_ref()).collect();
        conditions.sort_by_key(|condition| condition.sql());
        conditions.dedup();
        let source = conditions.into_iter().fold(source, |source, condition| source.column(condition.column()));
        let is = |flag: &str| col(flag).eq(lit(1));
        let positions = (0_i64..).zip(steps).map(|(position, _)| DimensionValue::Integer(position)).collect();
        let definition = Definition::over(source)
            .expects(EVENT.name, "steps", steps.iter().filter_map(|step| step.event.as_ref()))
            .derive(Attempts { steps: steps.clone(), who, window_microseconds: window })
            .own_dimension_over(STEP, col(STEP), positions)
            .measure(count(REACHED).filter(is(REACHED)))
            .measure(count(WITH_EVENT).filter(is(WITH_EVENT)))
            .measure(count(TOO_RECENT).filter(is(TOO_RECENT)));
        let definition = match statistic {
            FunnelStatistic::OverallConversion | FunnelStatistic::StepConversion => definition,
            FunnelStatistic::Reached => definition.unit(Unit::Count),
            FunnelStatistic::MedianTime => {
                let median = quantile(MEDIAN, col(SECONDS), 0.5).filter(is(REACHED));
                definition.measure(median).unit(Unit::Seconds).direction(Direction::LowerIsBetter)
            }
        };
        Ok(definition.value(Value::function(Steps { names, statistic: *statistic })).note(params.note()))
    }
}

const VIEWED: &[(usize, &str)] = &[
    (100, "u{i},view_item,2025-01-05 10:00:00"),
    (60, "u{i},add_to_cart,2025-01-05 10:05:00"),
    (30, "u{i},purchase,2025-01-05 10:06:00"),
    // Not by these steps.
    (5, "v{i},purchase,2025-01-05 10:00:00"),
];

impl FunnelParams {
    /// Whose steps are told of.
    fn who(&self) -> Result<Who, ParamError> {
        if self.per == FunnelEntity::User {
            return Ok(Who::Users);
        }
        if self.sessions.from == SessionsFrom::Rows {
            return Err(
                ParamError::at(&["sessions", "from"], "a table of sessions has no events to take steps by").help("take one of events")
            );
        }
        let sessions =
            Sessionization { from: self.sessions.from, timeout_minutes: self.sessions.timeout_minutes, ..Sessionization::default() };
        sessions.sessions("sessions", &[])?;
        Ok(Who::Sessions(sessions))
    }

    /// Whose steps are told of, and within which time.
    fn note(&self) -> String {
        let who = match self.per {
            FunnelEntity::User => "users".to_owned(),
            FunnelEntity::Session => format!("visits ({})", self.sessions.note()),
        };
        let window =
            self.window_hours.map(|hours| format!("{hours} hours")).or(self.window_minutes.map(|minutes| format!("{minutes} minutes")));
        window.map_or_else(|| who.clone(), |window| format!("{who}, within {window} of the first step"))
    }

    /// The window in microseconds.
    fn window(&self) -> Result<Option<i64>, ParamError> {
        const MINUTE: i64 = 60_000_000;
        let of = |count: NonZeroU32, each: i64| Some(i64::from(count.get()).saturating_mul(each));
        match (self.window_hours, self.window_minutes) {
            (Some(_), Some(_)) => Err(ParamError::new("window_minutes", "the window is said twice").help("leave one of them out")),
            (Some(hours), None) => Ok(of(hours, 60 * MINUTE)),
            (None, Some(minutes)) => Ok(of(minutes, MINUTE)),
            (None, None) if self.per == FunnelEntity::Session => Ok(None),
            (None, None) => Err(ParamError::at(&[], "a funnel of users needs a window, or who buys a year later would count")
                .help("say within how many hours of the first step: `window_hours = 168`, a week")),
        }
    }
}

/// The names of steps, each with one of its own.
fn names(steps: &[FunnelStep]) -> Result<Vec<String>, ParamError> {
    if steps.len() < 2 || steps.len() > MOST_STEPS {
        return Err(ParamError::new("steps", format!("a funnel has 2 to {MOST_STEPS} steps, and these are {}", steps.len()))
            .help("write them as `steps = [{ event = \"view_item\" }, { event = \"purchase\" }]`"));
    }
    let mut names: Vec<String> = Vec::new();
    for (position, step) in steps.iter().enumerate() {
        let place = position.to_string();
        let wrong = |key: Option<&str>, message: String, help: &str| {
            let path: Vec<&str> = ["steps", &place].into_iter().chain(key).collect();
            Err(ParamError::at(&path, message).help(help))
        };
        if step.event.is_none() && step.condition.is_none() {
            return wrong(
                None,
                "a step without an event and a condition".to_owned(),
                "say what takes it: `event = \"purchase\"`, or `where = \"value > 10\"`",
            );
        }
        let Some(name) = step.name.as_ref().or(step.event.as_ref()) else {
            return wrong(None, "a step by a condition alone has no name".to_owned(), "give it one: `name = \"pay\"`");
        };
        let key = if step.name.is_some() { "name" } else { "event" };
        if name.trim().is_empty() {
            return wrong(Some(key), "a step without a name".to_owned(), "give it one: `name = \"pay\"`");
        }
        if names.contains(name) {
            return wrong(Some(key), format!("two steps are called `{name}`"), "give one of them another `name`");
        }
        names.push(name.clone());
    }
    Ok(names)
}

/// Events → for each user (or visit) and bucket, a row for each step that they reached there, or have an event of.
///
/// | column | what it is |
/// |---|---|
/// | `step` | the position of the step, from 0 |
/// | `reached` | 1 where the attempt that got furthest of those begun in the bucket took it |
/// | `seconds` | how long after the step before |
/// | `with_event` | 1 where an event in the bucket fits the step, in any order |
/// | `too_recent` | in a row of the first step, 1 where all attempts of the bucket have windows that are not over |
#[derive(Debug)]
struct Attempts {
    steps: Vec<FunnelStep>,
    who: Who,
    window_microseconds: Option<i64>,
}

/// Who takes the steps.
#[derive(Debug)]
enum Who {
    Users,
    Sessions(Sessionization),
}

impl Who {
    fn column(&self) -> Column {
        match self {
            Self::Users => USER,
            Self::Sessions(sessions) => sessions.entity_column(),
        }
    }
}

impl FunnelStep {
    fn fits(&self) -> Expr {
        let event = self.event.as_ref().map(|event| col(EVENT.name).eq(lit(event.as_str())).fill_null(lit(false)));
        event.into_iter().chain(self.condition.as_ref().map(SqlCondition::holds)).reduce(Expr::and).unwrap_or_else(|| lit(false))
    }
}

impl Derive for Attempts {
    fn entity(&self) -> &'static str {
        self.who.column().name
    }

    fn dimensions(&self) -> DimensionRule {
        match self.who {
            Who::Users => DimensionRule::PartOfEntity,
            Who::Sessions(_) => DimensionRule::Attribute,
        }
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let nothing = || lit(0_i64);
        let fits = self.steps.iter().enumerate();
        let fits = fits.map(|(step, of)| when(of.fits()).then(lit(1_i64 << step)).otherwise(nothing())).reduce(|all, bit| all + bit);
        let rows = known(rows, context).with_column(fits.unwrap_or_else(nothing).alias(FITS));
        let (window, known_until, count) = (self.window_microseconds, context.known_until(), self.steps.len());
        // Other events in between do not matter, but for where a visit begins and ends.
        let (entities, timeout) = match &self.who {
            Who::Users => (Entities::in_groups(rows.filter(col(FITS).neq(nothing())), self.entity(), context), None),
            Who::Sessions(sessions) => (Entities::with_attributes(rows, self.entity(), context), Some(sessions.timeout())),
        };
        let entities = entities.integers([instant(TIME), first_step(&col(FITS), count), col(FITS), col(BUCKET)]);
        Ok(entities.derive("funnel", [BUCKET, STEP, REACHED, WITH_EVENT, TOO_RECENT], [SECONDS], move |entity, derived| {
            let [times, _, fits, buckets] = entity.integers();
            let Some(timeout) = timeout else {
                let story = Story::of(times, fits, count);
                return story.tell(buckets, window, known_until, |integers, seconds| derived.push(entity, integers, [seconds]));
            };
            let mut from = 0;
            for visit in times.chunk_by(|one, next| next - one <= timeout) {
                let first = at_once(times, from);
                let events = from..from + visit.len();
                from = events.end;
                let fitting: Vec<usize> = events.filter(|event| fits[*event] != 0).collect();
                let of_fitting = |column: &[i64]| fitting.iter().map(|event| column[*event]).collect::<Vec<i64>>();
                let [times, fits, buckets] = [times, fits, buckets].map(of_fitting);
                let story = Story::of(&times, &fits, count);
                story.tell(&buckets, window, known_until, |integers, seconds| {
                    derived.push_like_any(entity, first.clone(), integers, [seconds]);
                });
            }
        }))
    }
}

/// The first of the steps that an event fits, by which those of the same instant are ordered.
fn first_step(fits: &Expr, count: usize) -> Expr {
    let first = |otherwise: Expr, step: usize| {
        let bit = 1_i64 << step;
        when((fits.clone() % lit(2 * bit)).gt_eq(lit(bit))).then(lit(i64::try_from(step).unwrap_or(i64::MAX))).otherwise(otherwise)
    };
    (0..count).rev().fold(lit(0_i64), first).cast(DataType::Int64)
}

/// The events of one user, in order.
struct Story<'a> {
    times: &'a [i64],
    fits: &'a [i64],
    count: usize,
    /// For each step, and from each event on, the next one that fits it; the number of events where none does.
    next: Vec<u32>,
}

impl<'a> Story<'a> {
    fn of(times: &'a [i64], fits: &'a [i64], count: usize) -> Self {
        let events = fits.len();
        let stride = events + 1;
        let number = |event: usize| u32::try_from(event).unwrap_or(u32::MAX);
        let mut next = vec![number(events); count * stride];
        // An attempt begins where it does: only further steps are looked for.
        for step in 1..count {
            for event in (0..events).rev() {
                let at = step * stride + event;
                next[at] = if fits[event] >> step & 1 == 1 { number(event) } else { next[at + 1] };
            }
        }
        Self { times, fits, count, next }
    }

    /// What is derived for each step and bucket, given to `push`: the bucket, the step, whether it was reached, has an event, and is too recent;
    /// and the seconds since the step before.
    fn tell(&self, buckets: &[i64], window: Option<i64>, known_until: i64, mut push: impl FnMut([i64; 5], f64)) {
        let mut from = 0;
        for rows in buckets.chunk_by(|one, next| one == next) {
            let of_bucket = from..from + rows.len();
            from = of_bucket.end;
            if rows[0] < 0 {
                continue;
            }
            let with_event = self.fits[of_bucket.clone()].iter().fold(0, |all, fits| all | fits);
            let (best, too_recent) = self.furthest(of_bucket, window, known_until);
            for step in 0..self.count {
                let is_reached = step < best.len();
                let has_event = with_event >> step & 1;
                let is_too_recent = step == 0 && too_recent;
                if !is_reached && has_event == 0 {
                    continue;
                }
                let seconds = match step.checked_sub(1) {
                    Some(before) if is_reached => (best[step] - best[before]) as f64 / 1e6,
                    _ => f64::NAN,
                };
                let position = i64::try_from(step).unwrap_or(i64::MAX);
                push([rows[0], position, i64::from(is_reached), has_event, i64::from(is_too_recent)], seconds);
            }
        }
    }

    /// The times of the steps that the furthest of the attempts got that begin in a range, and whether the windows of all are not over.
    fn furthest(&self, range: Range<usize>, window: Option<i64>, known_until: i64) -> (Vec<i64>, bool) {
        let (mut best, mut taken) = (Vec::new(), Vec::new());
        let mut too_recent = false;
        for begin in range.filter(|event| self.fits[*event] & 1 == 1) {
            let deadline = window.map(|window| self.times[begin].saturating_add(window));
            if deadline.is_some_and(|deadline| deadline >= known_until) {
                too_recent = true;
                // Those that begin later are so, too.
                break;
            }
            self.attempt(begin, deadline.unwrap_or(i64::MAX), &mut taken);
            if taken.len() > best.len() {
                std::mem::swap(&mut best, &mut taken);
            }
            if best.len() == self.count {
                break;
            }
        }
        let too_recent = too_recent && best.is_empty();
        (best, too_recent)
    }

    /// The times of the steps that an attempt takes.
    fn attempt(&self, begin: usize, deadline: i64, taken: &mut Vec<i64>) {
        taken.clear();
        taken.push(self.times[begin]);
        let mut at = begin;
        for step in 1..self.count {
            let next = self.next[step * (self.fits.len() + 1) + at + 1] as usize;
            let Some(time) = self.times.get(next).filter(|time| **time <= deadline) else { break };
            taken.push(*time);
            at = next;
        }
    }
}

/// What is told of each step.
#[derive(Debug)]
struct Steps {
    names: Vec<String>,
    statistic: FunnelStatistic,
}

impl Steps {
    /// How many reached a step, and of how many; none for the conversion of the first from the one before.
    fn share(&self, rows: &[MeasureRow], step: usize) -> Option<(f64, f64)> {
        let reached = |step: usize| rows.get(step)?.get(REACHED);
        let whole = match self.statistic {
            FunnelStatistic::OverallConversion => reached(0),
            FunnelStatistic::StepConversion => reached(step.checked_sub(1)?),
            FunnelStatistic::Reached | FunnelStatistic::MedianTime => None,
        };
        reached(step).zip(whole)
    }

    fn estimate(&self, rows: &[MeasureRow], step: usize, confidence: f64) -> Estimate {
        let row = &rows[step];
        match self.statistic {
            FunnelStatistic::OverallConversion | FunnelStatistic::StepConversion => {
                let Some((part, whole)) = self.share(rows, step) else { return Estimate::undefined() };
                // That all who took the first step did is nothing that could be otherwise.
                let interval = (step > 0).then(|| statistics::wilson(part, whole, confidence)).flatten();
                Estimate {
                    value: (whole > 0.0).then(|| 100.0 * part / whole),
                    interval: interval.map(|(low, high)| (100.0 * low, 100.0 * high)),
                    n: Some(whole),
                }
            }
            FunnelStatistic::Reached => Estimate { value: row.get(REACHED), interval: None, n: row.get(REACHED) },
            FunnelStatistic::MedianTime => {
                let median = row.measures.iter().find(|(name, _)| name == MEDIAN).map(|(_, measured)| *measured);
                let Measured { value, interval, n } = median.unwrap_or_default();
                Estimate { value, interval, n }
            }
        }
    }

    fn note(&self, rows: &[MeasureRow]) -> Option<String> {
        let count = |row: &MeasureRow, name| row.get(name).unwrap_or(0.0);
        let too_recent = rows.first().map_or(0.0, |row| count(row, TOO_RECENT));
        let too_recent = (too_recent > 0.0).then(|| format!("{too_recent} left out, whose window is not over"));
        let unseen = rows.iter().zip(&self.names).filter(|(row, _)| count(row, WITH_EVENT) == 0.0 && count(row, REACHED) == 0.0);
        let unseen: Vec<String> = unseen.map(|(_, name)| format!("`{name}`")).collect();
        let unseen = (!unseen.is_empty()).then(|| format!("no event fits {}", unseen.join(", ")));
        let notes: Vec<String> = too_recent.into_iter().chain(unseen).collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}

impl Evaluate for Steps {
    fn measures(&self) -> Vec<&str> {
        let median = (self.statistic == FunnelStatistic::MedianTime).then_some(MEDIAN);
        [REACHED, WITH_EVENT, TOO_RECENT].into_iter().chain(median).collect()
    }

    fn dimensions(&self) -> Vec<String> {
        vec![STEP.to_owned()]
    }

    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let rows = group.rows;
        let observe = |(step, name): (usize, &String)| {
            let reached = |step: usize| rows.get(step).and_then(|row| row.get(REACHED));
            let evidence = [
                (REACHED, reached(step)),
                ("reached_before", step.checked_sub(1).and_then(reached)),
                ("started", reached(0)),
                (WITH_EVENT, rows[step].get(WITH_EVENT)),
                (TOO_RECENT, rows[0].get(TOO_RECENT)),
            ];
            Observation {
                dimensions: vec![name.as_str().into()],
                estimate: self.estimate(rows, step, context.confidence),
                measures: evidence.map(|(name, value)| (name.to_owned(), value)).into(),
            }
        };
        let observations = self.names.iter().enumerate().take(rows.len()).map(observe).collect();
        Ok(Evaluation { observations, note: self.note(rows), ..Evaluation::default() })
    }

    fn p_value(&self, dimensions: &[DimensionValue], now: &Group<'_>, before: &Group<'_>) -> Option<f64> {
        let step = self.names.iter().position(|name| dimensions == [name.as_str().into()]).filter(|step| *step > 0)?;
        statistics::two_proportions(self.share(now.rows, step)?, self.share(before.rows, step)?)
    }
}

register_metric!(Funnel);

#[cfg(test)]
mod tests {
    use super::*;

    /// The times of the furthest attempt over all events, each a time and the steps that it fits; and whether all are too recent.
    fn furthest(count: usize, window: Option<i64>, known_until: i64, events: &[(i64, &[u32])]) -> (Vec<i64>, bool) {
        let mut events: Vec<(i64, u32, i64)> = events
            .iter()
            .map(|(time, steps)| (*time, *steps.iter().min().unwrap(), steps.iter().fold(0, |fits, step| fits | 1 << (step - 1))))
            .collect();
        events.sort_unstable();
        let (times, fits): (Vec<i64>, Vec<i64>) = events.into_iter().map(|(time, _, fits)| (time, fits)).unzip();
        Story::of(&times, &fits, count).furthest(0..times.len(), window, known_until)
    }

    #[test]
    fn the_attempt_that_gets_furthest_counts_and_the_first_of_equal_ones() {
        // The first attempt is over before the second step; the second one is not.
        let events: &[(i64, &[u32])] = &[(0, &[1]), (6, &[1]), (12, &[2]), (15, &[3])];
        assert_eq!(furthest(3, Some(10), 100, events), (vec![6, 12, 15], false));
        assert_eq!(furthest(3, Some(12), 100, events), (vec![6, 12, 15], false));
        assert_eq!(furthest(3, Some(15), 100, events), (vec![0, 12, 15], false));
        assert_eq!(furthest(3, Some(5), 100, events), (vec![0], false));
        assert_eq!(furthest(3, None, 100, events), (vec![0, 12, 15], false));
        assert_eq!(furthest(2, Some(10), 100, &[(5, &[2]), (6, &[3])]), (vec![], false));
    }

    #[test]
    fn order_matters_and_one_event_takes_one_step() {
        assert_eq!(furthest(2, None, 100, &[(0, &[2]), (1, &[1])]), (vec![1], false));
        assert_eq!(furthest(2, None, 100, &[(0, &[1, 2])]), (vec![0], false));
        assert_eq!(furthest(2, None, 100, &[(0, &[1, 2]), (3, &[1, 2])]), (vec![0, 3], false));
        // At the same instant, in the order of the steps.
        assert_eq!(furthest(3, Some(1), 100, &[(0, &[3]), (0, &[2]), (0, &[1])]), (vec![0, 0, 0], false));
        assert_eq!(furthest(2, Some(1), 100, &[(0, &[2]), (0, &[1, 2])]), (vec![0, 0], false));
        assert_eq!(furthest(2, Some(1), 100, &[(0, &[1]), (0, &[1, 2])]), (vec![0, 0], false));
    }

    #[test]
    fn attempts_are_left_out_until_their_window_is_over() {
        assert_eq!(furthest(2, Some(10), 10, &[(0, &[1]), (1, &[2])]), (vec![], true));
        assert_eq!(furthest(2, Some(10), 11, &[(0, &[1]), (1, &[2])]), (vec![0, 1], false));
        // An earlier attempt is known to have failed.
        assert_eq!(furthest(2, Some(10), 20, &[(0, &[1]), (15, &[1]), (16, &[2])]), (vec![0], false));
        assert_eq!(furthest(2, None, 11, &[(10, &[1])]), (vec![10], false));
    }

    fn step(name: Option<&str>, event: Option<&str>, condition: Option<&str>) -> FunnelStep {
        FunnelStep { name: name.map(str::to_owned), event: event.map(str::to_owned), condition: condition.map(SqlCondition::new) }
    }

    #[test]
    fn steps_have_names_of_their_own() {
        let at = |steps: &[FunnelStep]| names(steps).map_err(|error| error.path.join("."));
        assert_eq!(at(&[step(None, Some("a"), None), step(Some("b"), None, Some("x > 1"))]), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(at(&[]), Err("steps".to_owned()));
        assert_eq!(at(&[step(None, Some("a"), None)]), Err("steps".to_owned()));
        assert_eq!(at(&[step(None, Some("a"), None), step(Some("b"), None, None)]), Err("steps.1".to_owned()));
        assert_eq!(at(&[step(None, None, Some("x > 1")), step(None, Some("a"), None)]), Err("steps.0".to_owned()));
        assert_eq!(at(&[step(None, Some("a"), None), step(Some("a"), Some("b"), None)]), Err("steps.1.name".to_owned()));
        assert_eq!(at(&[step(None, Some("a"), None), step(None, Some("a"), Some("x > 1"))]), Err("steps.1.event".to_owned()));
        assert_eq!(at(&[step(None, Some("a"), None), step(None, Some(" "), None)]), Err("steps.1.event".to_owned()));
    }
}
