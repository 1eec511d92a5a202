//! Sessionization: events, or what a source says of visits, as the sessions that metrics are taken over.
//!
//! All metrics with equal settings share one pass over each user's events.

use std::ops::Range;

use custometer_core::prelude::*;
use custometer_core::time::BUCKET;
use polars::prelude::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::refreshes::{self, Viewed};
use crate::tables::{CONVERSIONS, DURATION, EVENT, HAPPENED, PAGE, PAGE_VIEWS, SESSION, TIME, USER, events, sessions};

/// How many seconds a session took: from its first event to its last.
const SECONDS: &str = "session_seconds";
/// How many events it has.
const EVENTS: &str = "session_events";
/// How many of them are views.
const VIEWS: &str = "session_views";
/// How many of them are key events.
const KEY_EVENTS: &str = "session_key_events";

const MICROSECONDS: i64 = 1_000_000;
/// How long a session goes on without an event, where nothing else is said.
const TIMEOUT_MINUTES: u32 = 30;

/// What a session is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Sessionization {
    /// What tells sessions apart.
    pub from: SessionsFrom,
    /// For sessions by inactivity: the longest time between two events of a session, 30 minutes unless said. An event after exactly that
    /// time still belongs to it.
    pub timeout_minutes: Option<u32>,
    /// The events that are page views; an empty list when every row is one, as in a server's log.
    pub view_events: Option<Vec<String>>,
    /// The events that matter: a session with one of them is an engaged one.
    pub key_events: Vec<String>,
    /// Drops views of a page that the same user has viewed at most so many seconds before, as a browser's refresh does. The time counts
    /// from the view before, dropped or not. All views are kept unless said.
    pub refresh_seconds: Option<u32>,
}

/// What tells sessions apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionsFrom {
    /// The time between a user's events.
    #[default]
    Inactivity,
    /// The `session_id` of the events. Ids that are unique only within a user have to be made whole before, with the table's `derive`.
    SessionId,
    /// The table has one row per session already, with `started_at`, `duration_seconds`, `page_views` and `conversions`.
    Rows,
}

/// What a metric looks at in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// From its first event to its last.
    Duration,
    /// Its views, which have to be named.
    Views,
    /// Its key events.
    KeyEvents,
}

/// Sessions to define a metric over.
pub struct Sessions {
    /// What is read and derived.
    pub definition: Definition,
    /// How many seconds a session took.
    pub seconds: Expr,
    /// How many views it has.
    pub views: Expr,
    /// How many key events it has.
    pub key_events: Expr,
    /// Whether it has more than one event; of sessions that are rows, more than one view.
    pub goes_on: Expr,
}

impl Sessionization {
    /// Sessions with what is read of them. `param` is the name that these settings have among a metric's parameters.
    pub fn sessions(&self, param: &str, reads: &[Reads]) -> Result<Sessions, ParamError> {
        let wrong = |key: &str, message: &str| {
            let mut error = ParamError::new(param, message);
            error.path.push(key.to_owned());
            error
        };
        let only_by_inactivity = |key| Err(wrong(key, "sessions that the data tell apart have no timeout").help("leave it out"));
        if self.from == SessionsFrom::Rows {
            let of_events = [
                ("timeout_minutes", self.timeout_minutes.is_some()),
                ("view_events", self.view_events.is_some()),
                ("key_events", !self.key_events.is_empty()),
                ("refresh_seconds", self.refresh_seconds.is_some()),
            ];
            if let Some((key, _)) = of_events.into_iter().find(|(_, given)| *given) {
                return Err(wrong(key, "a table of sessions has no events").help("leave it out"));
            }
            return Ok(Self::of_rows(reads));
        }
        match self.timeout_minutes {
            Some(_) if self.from == SessionsFrom::SessionId => return only_by_inactivity("timeout_minutes"),
            Some(0) => return Err(wrong("timeout_minutes", "a session needs some time").help("30 minutes are usual")),
            _ => {}
        }
        refreshes::checked(self.refresh_seconds)
            .map_err(|error| ParamError { help: error.help, ..wrong("refresh_seconds", &error.message) })?;
        let reads_views = reads.contains(&Reads::Views) || self.refresh_seconds.is_some();
        if reads_views && self.view_events.is_none() {
            return Err(ParamError { path: vec![param.to_owned()], ..wrong("view_events", "which events are page views?") }
                .help("name them: `view_events = [\"page_view\"]`, or `[]` where every row is one"));
        }
        Ok(self.of_events())
    }

    fn of_events(&self) -> Sessions {
        let names_events = self.view_events.as_ref().is_some_and(|names| !names.is_empty()) || !self.key_events.is_empty();
        let mut source = events().column(self.entity_column()).column(HAPPENED);
        if names_events {
            source = source.column(EVENT);
        }
        if self.refresh_seconds.is_some() {
            source = source.column(PAGE);
        }
        Sessions {
            definition: Definition::over(source)
                .expects(EVENT.name, "view_events", self.view_events.iter().flatten())
                .expects(EVENT.name, "key_events", &self.key_events)
                .derive(self.clone()),
            seconds: col(SECONDS),
            views: col(VIEWS),
            key_events: col(KEY_EVENTS),
            goes_on: col(EVENTS).gt(lit(1)),
        }
    }

    fn of_rows(reads: &[Reads]) -> Sessions {
        let column = |source: Source, read: &Reads| {
            source.column(match read {
                Reads::Duration => DURATION,
                Reads::Views => PAGE_VIEWS,
                Reads::KeyEvents => CONVERSIONS,
            })
        };
        let whole = |name: &str| col(name).cast(DataType::Int64);
        Sessions {
            definition: Definition::over(reads.iter().fold(sessions().column(SESSION), column)),
            seconds: col(DURATION.name),
            views: whole(PAGE_VIEWS.name),
            key_events: whole(CONVERSIONS.name),
            goes_on: col(PAGE_VIEWS.name).gt(lit(1)),
        }
    }

    /// The column by which events are told apart that can't be of one session.
    pub(crate) fn entity_column(&self) -> Column {
        if self.from == SessionsFrom::SessionId { SESSION } else { USER }
    }

    /// The longest time between two events of a session, in microseconds.
    pub(crate) fn timeout(&self) -> i64 {
        match self.from {
            SessionsFrom::SessionId => i64::MAX,
            _ => i64::from(self.timeout_minutes.unwrap_or(TIMEOUT_MINUTES)) * 60 * MICROSECONDS,
        }
    }

    /// What a reader must know of the sessions.
    pub fn note(&self) -> String {
        let told = match self.from {
            SessionsFrom::Inactivity => {
                let minutes = self.timeout_minutes.unwrap_or(TIMEOUT_MINUTES);
                format!("a session ends after {minutes} minutes without an event")
            }
            SessionsFrom::SessionId => "sessions by the data's `session_id`".to_owned(),
            SessionsFrom::Rows => "sessions as the table tells them".to_owned(),
        };
        let refreshes = self.refresh_seconds.map(|seconds| format!("; pages viewed again within {seconds} seconds are dropped"));
        told + &refreshes.unwrap_or_default()
    }
}

/// What an event is, in one number: sessions need no more of its name.
const VIEW: i64 = 1;
const KEY_EVENT: i64 = 2;

/// A session in the making.
struct Visit {
    /// The position of its first event.
    first: usize,
    /// When its last event was.
    until: i64,
    events: i64,
    views: i64,
    key_events: i64,
}

impl Visit {
    fn begin(first: usize, time: i64, kind: i64) -> Self {
        let mut visit = Self { first, until: time, events: 0, views: 0, key_events: 0 };
        visit.add(time, kind);
        visit
    }

    fn add(&mut self, time: i64, kind: i64) {
        self.until = time;
        self.events += 1;
        self.views += i64::from(kind & VIEW != 0);
        self.key_events += i64::from(kind & KEY_EVENT != 0);
    }
}

/// The events at the same instant as one of them. They have no order: none of them is the one that a session begins with.
pub(crate) fn at_once(times: &[i64], event: usize) -> Range<usize> {
    let before = times[..event].iter().rev().take_while(|time| **time == times[event]).count();
    let after = times[event..].iter().take_while(|time| **time == times[event]).count();
    event - before..event + after
}

impl Derive for Sessionization {
    fn entity(&self) -> &'static str {
        self.entity_column().name
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::Attribute
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::Nothing
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let is_view = match &self.view_events {
            Some(names) if !names.is_empty() => is_one_of(EVENT.name, names).fill_null(lit(false)),
            _ => lit(true),
        };
        let is_key_event =
            if self.key_events.is_empty() { lit(false) } else { is_one_of(EVENT.name, &self.key_events).fill_null(lit(false)) };
        let flag = |flag: Expr, value: i64| when(flag).then(lit(value)).otherwise(lit(0_i64));
        let kind = flag(is_view, VIEW) + flag(is_key_event, KEY_EVENT);
        let page = if self.refresh_seconds.is_some() { refreshes::page() } else { lit(0_i64) };
        let timeout = self.timeout();
        let refresh_seconds = self.refresh_seconds;
        let instant = col(TIME).cast(DataType::Int64);
        let events = Entities::with_attributes(rows, self.entity(), context).integers([instant, col(BUCKET), kind, page]);
        Ok(events.derive("sessions", [BUCKET, EVENTS, VIEWS, KEY_EVENTS], [SECONDS], move |user, derived| {
            let [times, buckets, kinds, pages] = user.integers();
            let mut viewed = refresh_seconds.map(Viewed::new);
            let mut is_refresh =
                |row: usize| kinds[row] & VIEW != 0 && viewed.as_mut().is_some_and(|viewed| viewed.is_refresh(pages[row], times[row]));
            let mut end = |visit: Visit| {
                let seconds = (visit.until - times[visit.first]) as f64 / MICROSECONDS as f64;
                let integers = [buckets[visit.first], visit.events, visit.views, visit.key_events];
                derived.push_like_any(user, at_once(times, visit.first), integers, [seconds]);
            };
            let mut open: Option<Visit> = None;
            for row in (0..user.len()).filter(|row| !is_refresh(*row)) {
                match &mut open {
                    Some(visit) if times[row] - visit.until <= timeout => visit.add(times[row], kinds[row]),
                    _ => {
                        let begun = Visit::begin(row, times[row], kinds[row]);
                        open.replace(begun).into_iter().for_each(&mut end);
                    }
                }
            }
            open.into_iter().for_each(end);
        }))
    }
}
