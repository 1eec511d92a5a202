//! Time as a report sees it: local periods, cut into buckets at the edges of a grain, and what clocks in a time zone show.
//!
//! Edges are found once, in the report's time zone, and rows are placed by looking their instant up between them. A day is as long as
//! it was, 23, 24 or 25 hours, and placing a row costs the same in every zone. Local times become instants by a look-up of the same
//! kind.

use polars::prelude::{DataType, TimeUnit};

mod baseline;
mod buckets;
mod calendar;
mod clock;
mod duration;
mod grain;
mod name;
mod named;
mod opening_hours;
mod period;
mod unit;
mod window;

pub use baseline::Baseline;
pub use buckets::{BUCKET, Bucket, Buckets, index_between};
pub use calendar::Calendar;
pub use clock::{AmbiguousTimes, ClockRule, LocalClock, NonexistentTimes};
pub use duration::{CalendarOfRow, Clock, Counter, NamedCalendar};
pub use grain::Grain;
pub use name::Name;
pub use named::{Earlier, NamedPeriod, NamedTimes};
pub use opening_hours::{BusinessClock, OpeningHours};
pub use period::{Last, LastError, Period};
pub use unit::{CalendarUnit, LONGEST_DAYS, checked_days};
pub use window::{Window, Windows};

/// The type of instants: microseconds since 1970, in UTC; or, as long as nobody has said where, as clocks show it.
pub const INSTANT: DataType = DataType::Datetime(TimeUnit::Microseconds, None);
