//! The contract, proven on the four shapes that are hardest for it. Each is a metric like any other: none needs the runner to know it.
//!
//! Sessions from events; active users over a trailing window, as a stock that is kept by its movements; a triangle of cohorts by age with
//! cells that can't be known yet; a model fitted on sufficient statistics, with a table per customer.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use custometer_core::measure::Scope;
use custometer_core::prelude::*;
use custometer_core::time::{BUCKET, index_between};
use custometer_core::value::Annotations;
use custometer_core::{DimensionValue, Estimate, Evaluate, EvaluateContext, EvaluateError, Evaluation, Group, Observation};
use custometer_testkit::Case;
use polars::prelude::{DataType, SortMultipleOptions, UnionArgs, concat};
use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

const ABOUT: About = About {
    id: "test.shape",
    title: "A shape",
    summary: "Proves the contract.",
    formula: "as the test says",
    unit: Unit::Count,
    range: "any",
    direction: Direction::Neutral,
    edge_cases: &[],
    examples: &[],
    references: &[],
};

fn events() -> Source {
    Source::table("events").at("time").column(Column::identifier("user_id")).column(Column::time("time"))
}

// Sessions from events.

#[derive(Debug)]
struct Sessions {
    timeout_minutes: i64,
}

impl Derive for Sessions {
    fn entity(&self) -> &'static str {
        "user_id"
    }
    fn dimensions(&self) -> DimensionRule {
        DimensionRule::Attribute
    }
    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let gap = col("time").cast(DataType::Int64) - col("time").cast(DataType::Int64).shift(lit(1)).over([col("user_id")])?;
        let starts = gap.clone().is_null().or(gap.gt(lit(self.timeout_minutes * 60_000_000))).cast(DataType::Int64);
        let first = |column: Expr| column.sort_by([col("time")], SortMultipleOptions::default()).first();
        let mut columns = vec![first(col(BUCKET)), len().alias("views")];
        columns.extend(context.dimension_columns().into_iter().map(first));
        Ok(rows
            .sort(["user_id", "time"], SortMultipleOptions::default())
            .with_column(starts.cum_sum(false).over([col("user_id")])?.alias("session"))
            .group_by([col("user_id"), col("session")])
            .agg(columns))
    }
}

struct PagesPerSession;

impl Metric for PagesPerSession {
    type Params = NoParams;
    const ABOUT: &'static About = &About { id: "test.pages_per_session", ..ABOUT };
    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        Ok(Definition::over(events())
            .derive(Sessions { timeout_minutes: 30 })
            .measure(sum("views", col("views")))
            .measure(count("sessions"))
            .measure(count_distinct("users", col("user_id")))
            .value(Value::ratio("views", "sessions")))
    }
}
register_metric!(PagesPerSession);

const EVENTS: &str = "user_id,time,channel\n\
    a,2025-01-01 10:00:00,mail\na,2025-01-01 10:30:00,ads\na,2025-01-01 11:00:01,ads\n\
    b,2025-01-31 23:50:00,ads\nb,2025-02-01 00:10:00,mail\nc,2025-02-03 12:00:00,mail\n";

fn report(metric: &str, rest: &str) -> String {
    format!(
        "[report]\nfrom = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"\n[tables.events]\npath = \"e.csv\"\n\
         [[metrics]]\nmetric = \"{metric}\"\ntable = \"events\"\n{rest}\n"
    )
}

fn rows(json: &Json) -> &Vec<Json> {
    json["results"].as_array().unwrap()
}

#[test]
fn sessions_begin_after_half_an_hour_and_belong_to_the_bucket_and_channel_they_begin_in() {
    let json = Case::new().file("e.csv", EVENTS).json(&report("test.pages_per_session", "by = [[], [\"channel\"]]")).unwrap();
    let found: Vec<(String, String, i64, i64)> = rows(&json)
        .iter()
        .map(|row| {
            let channel = row["dimensions"]["channel"].as_str().unwrap_or("all").to_owned();
            let count = |name: &str| row["measures"][name].as_i64().unwrap();
            (row["start"].as_str().unwrap()[..7].to_owned(), channel, count("sessions"), count("views"))
        })
        .collect();
    // By hand: a has 10:00–10:30 (exactly half an hour still belongs) and 11:00:01; b's one crosses the month's end; c has one.
    let expected = [
        ("2025-01", "all", 3, 5),
        ("2025-02", "all", 1, 1),
        ("2025-01", "ads", 2, 3),
        ("2025-01", "mail", 1, 2),
        ("2025-02", "ads", 0, 0),
        ("2025-02", "mail", 1, 1),
    ];
    assert_eq!(found, expected.map(|(month, channel, sessions, views)| (month.to_owned(), channel.to_owned(), sessions, views)));
}

// Active users over a trailing window.

#[derive(Debug)]
struct ActiveSpans {
    days: i64,
}

impl Derive for ActiveSpans {
    fn entity(&self) -> &'static str {
        "user_id"
    }
    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }
    /// An event makes its user active from its own bucket to the last whose window still reaches back to it. Each user's spans are
    /// united, and a span becomes two movements of the stock of active users: one more, and one fewer.
    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let user = || [context.dimension_columns(), vec![col("user_id")]].concat();
        let ends: Vec<i64> = context.buckets.edges()[1..].to_vec();
        let reaches: Vec<i64> = ends.iter().map(|end| end - self.days * 86_400_000_000).collect();
        let time = || col("time");
        let spans = rows
            .with_columns([
                (index_between(time(), ends.into()) + lit(1)).alias("from"),
                (index_between(time(), reaches.into()) + lit(1)).alias("until"),
            ])
            .filter(col("from").lt(col("until")))
            .unique(None, polars::prelude::UniqueKeepStrategy::Any)
            .sort(["from", "until"], SortMultipleOptions::default());
        let reached = col("until").cum_max(false).shift(lit(1)).over(user())?;
        let islands = spans
            .with_column((reached.clone().is_null().or(col("from").gt(reached))).cast(DataType::Int64).alias("opens"))
            .with_column(col("opens").cum_sum(false).over(user())?.alias("island"))
            .group_by([user(), vec![col("island")]].concat())
            .agg([col("from").min(), col("until").max()]);
        let movement = |bucket: &str, change: i64| {
            islands.clone().select([user(), vec![col(bucket).alias(BUCKET), lit(change).alias("change")]].concat())
        };
        concat([movement("from", 1), movement("until", -1)], UnionArgs::default())
    }
}

struct ActiveUsers;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ActiveUsersParams {
    window_days: i64,
}

impl Metric for ActiveUsers {
    type Params = ActiveUsersParams;
    const ABOUT: &'static About = &About { id: "test.active_users", ..ABOUT };
    fn define(params: &ActiveUsersParams) -> Result<Definition, ParamError> {
        Ok(Definition::over(events())
            .derive(ActiveSpans { days: params.window_days })
            .measure(sum("active", col("change")).closing())
            .value(Value::measure("active")))
    }
}
register_metric!(ActiveUsers);

/// Random events: user, day from 2024-12-01 on, hour, channel.
fn random_events() -> impl Strategy<Value = Vec<(u8, i64, i64, bool)>> {
    prop::collection::vec((0..6_u8, 0..90_i64, 0..24_i64, any::<bool>()), 0..80)
}

fn event_rows(events: &[(u8, i64, i64, bool)]) -> String {
    let first = jiff::civil::date(2024, 12, 1);
    let mut text = String::from("user_id,time,channel\n");
    for (user, day, hour, mail) in events {
        let date = first + jiff::Span::new().days(*day);
        let channel = if *mail { "mail" } else { "ads" };
        writeln!(text, "u{user},{date} {hour:02}:00:00,{channel}").unwrap();
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn active_users_are_those_a_naive_count_finds(events in random_events(), window in prop::sample::select(vec![1_i64, 7, 28])) {
        let config = report("test.active_users", &format!("grain = \"day\"\nby = [[], [\"channel\"]]\nparams = {{ window_days = {window} }}"));
        let json = Case::new().file("e.csv", event_rows(&events)).json(&config).unwrap();
        for row in rows(&json) {
            let start: jiff::civil::Date = row["start"].as_str().unwrap()[..10].parse().unwrap();
            let day = (start - jiff::civil::date(2024, 12, 1)).get_days();
            let channel = row["dimensions"]["channel"].as_str();
            let users: std::collections::BTreeSet<u8> = events
                .iter()
                .filter(|(_, at, _, mail)| {
                    let within = *at <= i64::from(day) && *at > i64::from(day) - window;
                    within && channel.is_none_or(|channel| (channel == "mail") == *mail)
                })
                .map(|(user, ..)| *user)
                .collect();
            prop_assert_eq!(row["value"].as_u64(), Some(users.len() as u64), "{} {:?}", start, channel);
        }
    }

    /// The law of derivations: other users' events change nobody's sessions.
    #[test]
    fn sessions_of_a_user_do_not_change_when_others_are_added(events in random_events(), others in random_events()) {
        let config = report("test.pages_per_session", "by = [[\"user_id\"]]\ngrain = \"total\"");
        let sessions = |rows: &str| -> BTreeMap<String, (Json, Json)> {
            let json = Case::new().file("e.csv", rows).json(&config).unwrap();
            let of = |row: &Json| (row["dimensions"]["user_id"].as_str().unwrap().to_owned(), (row["value"].clone(), row["measures"].clone()));
            self::rows(&json).iter().map(of).collect()
        };
        let alone = sessions(&event_rows(&events));
        let mut both = event_rows(&events);
        both.extend(event_rows(&others).lines().skip(1).map(|line| format!("other-{line}\n")));
        let together = sessions(&both);
        for (user, found) in &alone {
            prop_assert_eq!(found, &together[user]);
        }
    }
}

// A triangle of cohorts by age.

#[derive(Debug)]
struct Cohorts;

impl Derive for Cohorts {
    fn entity(&self) -> &'static str {
        "user_id"
    }
    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }
    /// A user's buckets, by their distance from the first; the first is the cohort, and the bucket of every row.
    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let user = [context.dimension_columns(), vec![col("user_id")]].concat();
        let cohort = col(BUCKET).min().over(user.clone())?;
        Ok(rows
            .select([user.clone(), vec![col(BUCKET)]].concat())
            .unique(None, polars::prelude::UniqueKeepStrategy::Any)
            .with_columns([(col(BUCKET) - cohort.clone()).alias("age"), cohort.alias(BUCKET)]))
    }
}

/// Retention by age: 0 where nobody came back, undefined where nobody could have yet.
#[derive(Debug)]
struct Triangle;

impl Evaluate for Triangle {
    fn measures(&self) -> Vec<&str> {
        vec!["active", "cohort"]
    }
    fn dimensions(&self) -> Vec<String> {
        vec!["age".to_owned()]
    }
    fn evaluate(&self, group: &Group<'_>, context: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let buckets = context.buckets.as_slice();
        let cohort = group.rows.first().and_then(|row| row.get("cohort"));
        let observations = (0_i64..).take(buckets.len()).map(|age| {
            let here = buckets.get(group.index + usize::try_from(age).unwrap_or(usize::MAX));
            let known = here
                .and_then(|bucket| bucket.end.as_ref())
                .is_some_and(|end| context.as_of.is_none_or(|as_of| end.timestamp().as_microsecond() <= as_of));
            let row = group.rows.iter().find(|row| row.dimensions[0] == DimensionValue::Integer(age));
            let active = row.and_then(|row| row.get("active")).unwrap_or(0.0);
            let value = cohort.filter(|_| known).map(|cohort| 100.0 * active / cohort);
            Observation {
                dimensions: vec![age.into()],
                estimate: Estimate { value, interval: None, n: cohort },
                measures: vec![("active".to_owned(), known.then_some(active)), ("cohort".to_owned(), cohort)],
            }
        });
        Ok(Evaluation { observations: observations.collect(), ..Evaluation::default() })
    }
}

struct CohortRetention;

impl Metric for CohortRetention {
    type Params = NoParams;
    const ABOUT: &'static About = &About { id: "test.cohort_retention", unit: Unit::Percent, ..ABOUT };
    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        Ok(Definition::over(events())
            .derive(Cohorts)
            .own_dimension("age", col("age"))
            .measure(count("active"))
            .measure(count("cohort").filter(col("age").eq(lit(0))).scope(Scope::OwnDimensions))
            .value(Value::function(Triangle)))
    }
}
register_metric!(CohortRetention);

#[test]
fn cells_that_can_not_be_known_yet_are_undefined_and_the_others_are_not() {
    let rows_of = "user_id,time\na,2025-01-05\na,2025-02-05\nb,2025-01-06\nb,2025-03-07\nc,2025-02-08\nc,2025-02-09\nd,2025-04-01\n";
    let config = report("test.cohort_retention", "").replace("until = 2025-03-01", "until = 2025-05-01");
    let json = Case::new().file("e.csv", rows_of).as_of(jiff::civil::date(2025, 4, 1)).json(&config).unwrap();
    let cells: Vec<(String, i64, Option<f64>)> = rows(&json)
        .iter()
        .map(|row| (row["start"].as_str().unwrap()[..7].to_owned(), row["dimensions"]["age"].as_i64().unwrap(), row["value"].as_f64()))
        .collect();
    let cohort = |month: &str| -> Vec<Option<f64>> { cells.iter().filter(|cell| cell.0 == month).map(|cell| cell.2).collect() };
    // Known up to 1 April: January's cohort to age 2, February's to age 1, March has no cohort, April is not over.
    assert_eq!(cohort("2025-01"), [Some(100.0), Some(50.0), Some(50.0), None]);
    assert_eq!(cohort("2025-02"), [Some(100.0), Some(0.0), None, None]);
    assert_eq!(cohort("2025-03"), [None; 4]);
    assert_eq!(cohort("2025-04"), [None; 4]);
}

// A model fitted on sufficient statistics, with a table per customer.

#[derive(Debug)]
struct Histories;

impl Derive for Histories {
    fn entity(&self) -> &'static str {
        "user_id"
    }
    fn dimensions(&self) -> DimensionRule {
        DimensionRule::PartOfEntity
    }
    fn derive(&self, rows: LazyFrame, context: &DeriveContext) -> PolarsResult<LazyFrame> {
        let user = [context.dimension_columns(), vec![col("user_id")]].concat();
        Ok(rows.group_by(user).agg([len().cast(DataType::Int64).alias("visits"), col(BUCKET).max()]))
    }
}

/// A geometric distribution of visits, whose maximum-likelihood estimate is p = 1 / mean. Each customer is expected to come (1 − p)/p times.
#[derive(Debug)]
struct GeometricFit;

impl Evaluate for GeometricFit {
    fn measures(&self) -> Vec<&str> {
        vec!["customers"]
    }
    fn evaluate(&self, group: &Group<'_>, _: &EvaluateContext<'_>) -> Result<Evaluation, EvaluateError> {
        let statistics: Vec<(i64, f64)> = group
            .rows
            .iter()
            .filter_map(|row| match row.dimensions[0] {
                DimensionValue::Integer(visits) => Some((visits, row.get("customers")?)),
                _ => None,
            })
            .collect();
        let customers: f64 = statistics.iter().map(|(_, customers)| customers).sum();
        let visits: f64 = statistics.iter().map(|(visits, customers)| *visits as f64 * customers).sum();
        if visits <= customers {
            return Err(EvaluateError("the fit needs customers who came back".to_owned()));
        }
        let p = customers / visits;
        Ok(Evaluation {
            observations: vec![Observation {
                dimensions: Vec::new(),
                estimate: Estimate { value: Some(p), interval: None, n: Some(customers) },
                measures: vec![("customers".to_owned(), Some(customers))],
            }],
            annotations: Some(Annotations {
                columns: vec!["likelihood".to_owned()],
                rows: statistics
                    .iter()
                    .map(|(visits, _)| (vec![(*visits).into()], vec![(p * (1.0 - p).powf(*visits as f64 - 1.0)).into()]))
                    .collect(),
            }),
            note: None,
        })
    }
}

struct Fitted;

impl Metric for Fitted {
    type Params = NoParams;
    const ABOUT: &'static About = &About { id: "test.fitted", ..ABOUT };
    fn define(_: &NoParams) -> Result<Definition, ParamError> {
        Ok(Definition::over(events())
            .derive(Histories)
            .own_dimension("visits", col("visits"))
            .measure(count("customers"))
            .value(Value::function(GeometricFit))
            .detail(&["visits"]))
    }
}
register_metric!(Fitted);

#[test]
fn a_fit_runs_on_equal_customers_counted_once_and_tells_each_one_its_own() {
    let rows_of = "user_id,time\na,2025-01-05\na,2025-01-06\na,2025-01-07\nb,2025-01-06\nc,2025-02-08\nc,2025-02-09\n";
    let config = report("test.fitted", "grain = \"total\"\ndetail = true");
    let result = Case::new().file("e.csv", rows_of).run(&config).unwrap();
    assert_eq!(result.results.len(), 1);
    assert_eq!((result.results[0].value, result.results[0].n), (Some(0.5), Some(3.0)));
    let detail = &result.details[0].frame;
    assert_eq!(detail.get_column_names(), ["user_id", "visits", "likelihood"]);
    let column = |name: &str| -> Vec<String> {
        let values = detail.column(name).unwrap().cast(&DataType::String).unwrap();
        values.str().unwrap().iter().flatten().map(str::to_owned).collect()
    };
    assert_eq!(column("user_id"), ["a", "b", "c"]);
    assert_eq!(column("visits"), ["3", "1", "2"]);
    assert_eq!(column("likelihood"), ["0.125", "0.5", "0.25"]);
}

#[test]
fn ids_of_a_detail_table_leave_as_hashes_and_not_beside_hidden_groups() {
    let case =
        Case::new().file("e.csv", "user_id,time\na,2025-01-05\na,2025-01-06\nb,2025-01-06\n").variable("SECRET", "sixteen bytes or more");
    let config = report("test.fitted", "grain = \"total\"\ndetail = true");
    let result = case.run(&config.replace("[report]", "[report]\nhash_ids = \"SECRET\"")).unwrap();
    let ids = result.details[0].frame.column("user_id").unwrap().clone();
    let mut ids: Vec<&str> = ids.str().unwrap().iter().flatten().collect();
    ids.dedup();
    assert!(ids.len() == 2 && ids.iter().all(|id| id.len() == 32), "{ids:?}");
    let problems = case.load(&config.replace("[report]", "[report]\nmin_group_size = 5")).err().unwrap();
    assert!(problems.contains("a detail table shows single ones"), "{problems}");
}

#[test]
fn a_fit_that_fails_says_why_and_gives_no_value() {
    let config = report("test.fitted", "grain = \"total\"");
    let result = Case::new().file("e.csv", "user_id,time\na,2025-01-05\nb,2025-01-06\n").run(&config).unwrap();
    assert_eq!(result.results[0].value, None);
    assert_eq!(result.results[0].note.as_deref(), Some("the fit needs customers who came back"));
}
