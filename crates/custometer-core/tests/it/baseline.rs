//! Baselines: every bucket has one of its own kind and length, and no row of a gap is lost or reported.

use std::collections::BTreeSet;

use custometer_core::time::Bucket;
use custometer_core::{Baseline, Buckets, Grain};
use jiff::ToSpan;
use jiff::civil::Date;
use polars::prelude::{IntoLazy, col, df};
use proptest::option::weighted;
use proptest::prelude::{ProptestConfig, Strategy, proptest};
use proptest::sample::select;

use crate::buckets::{Cut, cuts};
use crate::engine::collect;

/// A cut, the as-of date, and what it is compared with.
#[derive(Debug, Clone)]
struct Compared {
    cut: Cut,
    as_of: Option<Date>,
    by: Baseline,
    baseline: Buckets,
}

fn compared() -> impl Strategy<Value = Compared> {
    (cuts(), weighted(0.7, -3..1003_i64), select(vec![Baseline::Previous, Baseline::YearAgo])).prop_map(|(cut, known, by)| {
        let as_of = known.map(|days| cut.period.from.checked_add(days.days()).unwrap());
        let baseline = cut.buckets.baseline(by, &cut.calendar, as_of).unwrap();
        Compared { cut, as_of, by, baseline }
    })
}

fn instants(bucket: &Bucket) -> (i64, i64) {
    let instant = |edge: &Option<jiff::Zoned>| edge.as_ref().unwrap().timestamp().as_microsecond();
    (instant(&bucket.start), instant(&bucket.end))
}

/// The local dates that begin in a bucket.
fn dates(bucket: &Bucket) -> BTreeSet<Date> {
    let (start, end) = (bucket.start.as_ref().unwrap().date(), bucket.end.as_ref().unwrap().date());
    start.series(1.day()).take_while(|date| *date < end).collect()
}

impl Compared {
    /// The dates of a bucket that are known.
    fn known(&self, bucket: &Bucket) -> BTreeSet<Date> {
        dates(bucket).into_iter().filter(|date| self.as_of.is_none_or(|as_of| *date < as_of)).collect()
    }

    /// The buckets with what they are compared with.
    fn pairs(&self) -> impl Iterator<Item = (&Bucket, &Bucket)> {
        self.cut.buckets.as_slice().iter().zip(self.baseline.reported().map(|(_, bucket)| bucket))
    }

    /// How many months before; none where it is counted in days.
    fn months(&self) -> Option<i64> {
        let first_of_month = self.cut.period.from.day() == 1 && self.cut.period.until.day() == 1;
        match (self.by, self.cut.grain) {
            (_, Grain::Hour | Grain::Day | Grain::Week) => None,
            (Baseline::Named(_), _) | (_, Grain::Named(_)) => panic!("no name is made up here"),
            (Baseline::YearAgo, _) | (Baseline::Previous, Grain::Year) => Some(12),
            (Baseline::Previous, Grain::Month) => Some(1),
            (Baseline::Previous, Grain::Quarter) => Some(3),
            (Baseline::Previous, Grain::Total) => first_of_month.then(|| {
                let number = |date: Date| 12 * i64::from(date.year()) + i64::from(date.month());
                number(self.cut.period.until) - number(self.cut.period.from)
            }),
        }
    }

    /// How many days before, where it is counted in days.
    fn days(&self) -> i64 {
        match (self.by, self.cut.grain) {
            (Baseline::YearAgo, _) => 364,
            (_, Grain::Week) => 7,
            (_, Grain::Total) => dates_between(self.cut.period.from, self.cut.period.until),
            _ => 1,
        }
    }
}

fn dates_between(from: Date, until: Date) -> i64 {
    i64::from((until - from).get_days())
}

/// The buckets that the engine puts instants in.
fn placed(buckets: &Buckets, rows: &[i64]) -> Vec<i32> {
    let placed = df!("t" => rows).unwrap().lazy().select([buckets.index_of(col("t"))]);
    collect(vec![placed])[0].column("t").unwrap().i32().unwrap().iter().flatten().collect()
}

/// The same day of a month so many months on; none where that month does not have it.
fn same_day(date: Date, months: i64) -> Option<Date> {
    let moved = date.checked_add(jiff::Span::new().months(months)).unwrap();
    (moved.day() == date.day()).then_some(moved)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_bucket_of_which_something_is_known_has_a_baseline_and_gaps_are_not_reported(case in compared()) {
        let buckets = case.cut.buckets.as_slice();
        let known = buckets.iter().filter(|bucket| case.as_of.is_none_or(|as_of| bucket.start.as_ref().unwrap().date() < as_of));
        assert_eq!(case.baseline.reported().count(), known.count());
        let spans: Vec<(i64, i64)> = case.baseline.as_slice().iter().map(instants).collect();
        assert!(spans.iter().all(|(start, end)| start <= end), "{spans:?}");
        assert!(spans.windows(2).all(|pair| pair[0].1 == pair[1].0), "{spans:?}");
        assert!(case.baseline.as_slice().iter().all(|bucket| bucket.reported || !bucket.is_empty()));
        let edges: Vec<i64> = spans.iter().map(|span| span.0).chain(spans.last().map(|span| span.1)).collect();
        assert_eq!(case.baseline.edges(), edges);
        // Rows fall into the bucket that encloses them, a gap too, and never into an empty one.
        let rows: Vec<i64> = edges.iter().flat_map(|edge| [edge - 1, *edge, edge + 1]).collect();
        let place = |row: &i64| match spans.iter().position(|(start, end)| start <= row && row < end) {
            Some(position) => i32::try_from(position).unwrap(),
            None if *row < edges[0] => -1,
            None => i32::try_from(spans.len()).unwrap(),
        };
        assert_eq!(placed(&case.baseline, &rows), rows.iter().map(place).collect::<Vec<_>>());
        for ((start, _), (earlier, end)) in case.pairs().map(|(bucket, baseline)| (instants(bucket), instants(baseline))) {
            // A total may be longer than a year, and share days with the total a year before.
            let before = if case.cut.grain == Grain::Total && case.by == Baseline::YearAgo { earlier < start } else { end <= start };
            assert!(before, "a baseline is not before its bucket");
        }
    }

    #[test]
    fn known_days_are_compared_with_the_same_days_of_an_earlier_month(case in compared()) {
        let Some(months) = case.months() else { return Ok(()) };
        for (bucket, baseline) in case.pairs() {
            let (known, compared) = (case.known(bucket), dates(baseline));
            for date in &known {
                if let Some(before) = same_day(*date, -months) {
                    assert!(compared.contains(&before), "{date} is known, and {before} is not compared");
                }
            }
            let (first, last) = (known.first().unwrap(), known.last().unwrap());
            for date in &compared {
                match same_day(*date, months) {
                    // The last day of a shorter month stands for the days that it lacks.
                    Some(after) if after < *first => assert_eq!((date, date.days_in_month()), (compared.first().unwrap(), date.day())),
                    Some(after) => assert!(known.contains(&after), "{date} is compared, and {after} is not known"),
                    // A longer month is compared to its end where the shorter one is known to its own.
                    None if date.last_of_month() == compared.last().unwrap().last_of_month() => assert_eq!(last.day(), last.days_in_month()),
                    None => {}
                }
            }
        }
    }

    #[test]
    fn known_days_are_compared_with_days_so_many_days_before(case in compared()) {
        if case.months().is_some() || case.cut.grain == Grain::Hour {
            return Ok(());
        }
        for (bucket, baseline) in case.pairs() {
            let before = case.known(bucket).into_iter().map(|date| date.checked_sub(case.days().days()).unwrap());
            assert_eq!(before.collect::<BTreeSet<_>>(), dates(baseline));
        }
    }

    #[test]
    fn hours_are_compared_with_the_hour_before_or_the_same_hour_of_the_same_weekday(case in compared()) {
        if case.cut.grain != Grain::Hour {
            return Ok(());
        }
        for (bucket, baseline) in case.pairs() {
            let (start, earlier) = (bucket.start.as_ref().unwrap(), baseline.start.as_ref().unwrap());
            if case.by == Baseline::Previous {
                assert_eq!(instants(bucket).0, instants(baseline).1);
                assert!(!baseline.is_empty());
            } else if !baseline.is_empty() {
                assert_eq!((dates_between(earlier.date(), start.date()), earlier.hour()), (364, start.hour()));
            }
        }
        // A clock change skips or repeats an hour or two of a day, never more.
        let empty = case.baseline.reported().filter(|(_, hour)| hour.is_empty()).count();
        let gaps = case.baseline.as_slice().len() - case.baseline.reported().count();
        assert!(empty <= 2 && gaps <= 2, "{empty} empty baselines, {gaps} gaps");
    }
}
