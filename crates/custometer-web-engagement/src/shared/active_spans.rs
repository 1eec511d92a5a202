//! Active spans: in which buckets a user counts as active, since the window that ends with the bucket still reaches back to an event.
//!
//! A user's spans are united, and each is two movements of a stock: one more active user where it begins, one fewer where it ends. So the
//! work grows with the events, and not with events times the buckets that their windows cover.

use custometer_core::prelude::*;
use custometer_core::time::{BUCKET, Buckets, checked_days};
use custometer_core::{EvaluateContext, Group};
use jiff::{Span, Zoned};
use polars::prelude::DataType;

use crate::tables::{HAPPENED, TIME, USER, dated_events};

/// One more or one fewer active user.
pub(crate) const ACTIVE: &str = "active_change";
/// One more or one fewer of those whose first event is within the window.
pub(crate) const NEW: &str = "new_change";
/// One more of those who were ever seen.
pub(crate) const SEEN: &str = "seen_change";
/// One more or one fewer day within the window on which a user was active.
pub(crate) const USER_DAYS: &str = "user_days_change";

/// The movements of users who are active within so many local days, the last of which ends with the bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ActiveSpans {
    window_days: u32,
    /// Whether days are counted, and not users alone.
    counts_days: bool,
}

impl ActiveSpans {
    /// Active users. `param` is the name of the window among a metric's parameters.
    pub(crate) fn users(param: &str, window_days: u32) -> Result<Definition, ParamError> {
        Self { window_days, counts_days: false }.definition(param)
    }

    /// The same with the days on which they were active.
    pub(crate) fn days(param: &str, window_days: u32) -> Result<Definition, ParamError> {
        Self { window_days, counts_days: true }.definition(param)
    }

    fn definition(self, param: &str) -> Result<Definition, ParamError> {
        checked_days(param, self.window_days).map_err(|error| error.help("1, 7 and 28 are usual"))?;
        Ok(Definition::over(dated_events().column(USER).column(HAPPENED)).derive(self))
    }

    /// Where the window of each bucket begins, in microseconds since 1970.
    fn starts(self, buckets: &Buckets) -> Vec<i64> {
        let window = Span::new().days(self.window_days);
        let start = |end: &Zoned| end.checked_sub(window).map_or(i64::MIN, |start| start.timestamp().as_microsecond());
        buckets.as_slice().iter().map(|bucket| bucket.end.as_ref().map_or(i64::MIN, start)).collect()
    }
}

impl Derive for ActiveSpans {
    fn entity(&self) -> &'static str {
        USER.name
    }

    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }

    fn buckets(&self) -> BucketRule {
        BucketRule::AtEnd
    }

    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let starts = self.starts(&context.buckets);
        let count = i64::try_from(starts.len()).unwrap_or(i64::MAX);
        let counts_days = self.counts_days;
        let day = if counts_days { context.clock.days_since_1970(col(TIME)).cast(DataType::Int64) } else { lit(0_i64) };
        let events = Entities::in_groups(rows, USER.name, context).integers([col(TIME).cast(DataType::Int64), col(BUCKET), day]);
        Ok(events.derive("active spans", [BUCKET, ACTIVE, NEW, SEEN, USER_DAYS], [], move |user, derived| {
            let [times, buckets, days] = user.integers();
            // The first bucket whose window does not reach back to an instant.
            let until = |time: i64| i64::try_from(starts.partition_point(|start| *start <= time)).unwrap_or(i64::MAX);
            let mut moves = |bucket: i64, changes: [i64; 4]| {
                if bucket < count {
                    let [active, new, seen, user_days] = changes;
                    derived.push(user, [bucket, active, new, seen, user_days], []);
                }
            };
            moves(buckets[0], [0, 1, 1, 0]);
            moves(until(times[0]), [0, -1, 0, 0]);
            if counts_days {
                let mut from = 0;
                for day in days.chunk_by(|one, next| one == next) {
                    moves(buckets[from], [0, 0, 0, 1]);
                    from += day.len();
                    moves(until(times[from - 1]), [0, 0, 0, -1]);
                }
            }
            let mut spans: Vec<(i64, i64)> = Vec::new();
            let mut from = 0;
            // Of the events of a bucket, the last one is seen longest.
            for of_bucket in buckets.chunk_by(|one, next| one == next) {
                from += of_bucket.len();
                let (begin, end) = (of_bucket[0], until(times[from - 1]));
                match spans.last_mut() {
                    Some((_, last)) if begin <= *last => *last = end,
                    _ => spans.push((begin, end)),
                }
            }
            for (begin, end) in spans {
                moves(begin, [1, 0, 0, 0]);
                moves(end, [-1, 0, 0, 0]);
            }
        }))
    }
}

/// What a reader must know of a window that begins before the data do.
pub(crate) fn window_note(window_days: u32, group: &Group<'_>, context: &EvaluateContext<'_>) -> Option<String> {
    let end = group.bucket.end.as_ref()?;
    let start = end.checked_sub(jiff::Span::new().days(window_days)).ok()?.timestamp().as_microsecond();
    (context.known_since? > start).then(|| "the window begins before the data do".to_owned())
}
