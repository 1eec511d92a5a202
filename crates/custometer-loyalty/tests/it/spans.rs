//! Metrics over customers' spans, against plain computations that go through all spans for every bucket, group and customer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use custometer_testkit::{Case, edge, is_close, results};
use jiff::civil::date;
use jiff::{Timestamp, ToSpan, Zoned};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const ZONE: &str = "Europe/Copenhagen";

/// A span as a file has it, in local time.
#[derive(Debug, Clone)]
struct Span {
    customer: u8,
    from: Timestamp,
    until: Option<Timestamp>,
    amount: f64,
    plan: bool,
}

fn instant(day: i64, hour: i8) -> Timestamp {
    let day = date(2024, 12, 1) + jiff::Span::new().days(day);
    day.at(hour, 0, 0, 0).in_tz(ZONE).unwrap().timestamp()
}

/// Spans that often begin and end at midnight, some of them before they begin.
fn spans(most: usize) -> impl Strategy<Value = Vec<Span>> {
    let hour = || prop::sample::select(vec![0_i8, 0, 0, 5, 23]);
    let amount = prop::sample::select(vec![0.0, 10.0, 10.0, 12.5, 20.1, 0.3]);
    let length = prop::option::weighted(0.8, prop::sample::select(vec![-3_i64, 0, 0, 1, 5, 28, 31, 31, 59, 90]));
    let span = (0..6_u8, 0..150_i64, hour(), length, hour(), amount, any::<bool>());
    let span = span.prop_map(|(customer, day, hour, length, end_hour, amount, plan)| Span {
        customer,
        from: instant(day, hour),
        until: length.map(|length| instant(day + length, end_hour)),
        amount,
        plan,
    });
    prop::collection::vec(span, 0..most)
}

fn rows_of(spans: &[Span]) -> String {
    let mut rows = String::from("customer_id,started_at,ended_at,amount_per_month,plan\n");
    for Span { customer, from, until, amount, plan } in spans {
        let until = until.map_or_else(String::new, |until| until.to_string());
        writeln!(rows, "c{customer},{from},{until},{amount},{}", plan_name(*plan)).unwrap();
    }
    rows
}

fn plan_name(plan: bool) -> &'static str {
    if plan { "pro" } else { "basic" }
}

impl Span {
    fn is_possible(&self) -> bool {
        self.until.is_none_or(|until| until >= self.from)
    }

    /// Whether it goes on at an instant at or after its beginning.
    fn goes_on_at(&self, instant: Timestamp) -> bool {
        self.until.is_none_or(|until| until > instant)
    }

    /// Whether it is part of the stock that a bucket opens with.
    fn is_held_at(&self, edge: Timestamp) -> bool {
        self.from < edge && self.until.is_none_or(|until| until >= edge) && self.until != Some(self.from)
    }
}

/// The spans that are used where overlaps are rejected.
fn alone(spans: &[Span]) -> Vec<Span> {
    let is_alone = |(index, span): &(usize, &Span)| {
        let begins_before = |other: &Span| other.from < span.from || other.from == span.from && span.until != Some(span.from);
        !spans.iter().enumerate().any(|(other_index, other)| {
            let is_another = other_index != *index && other.customer == span.customer && other.is_possible();
            is_another && begins_before(other) && other.goes_on_at(span.from)
        })
    };
    spans.iter().enumerate().filter(|(_, span)| span.is_possible()).filter(is_alone).map(|(_, span)| span.clone()).collect()
}

fn used(spans: &[Span], unite: bool) -> Vec<Span> {
    if unite { spans.iter().filter(|span| span.is_possible()).cloned().collect() } else { alone(spans) }
}

const REVENUE: [&str; 6] = ["mrr", "mrr_movement", "net_revenue_retention", "gross_revenue_retention", "revenue_churn_rate", "quick_ratio"];

fn config(grain: &str, metrics: &[(&str, &str)]) -> String {
    let mut config = format!(
        "[report]\ntimezone = \"{ZONE}\"\nfrom = 2025-01-15\nuntil = 2025-04-16\ngrain = \"{grain}\"\n[tables.t]\npath = \"t.csv\"\n"
    );
    for (metric, params) in metrics {
        let name = if params.contains("net") { format!("{metric}_net") } else { (*metric).to_owned() };
        write!(
            config,
            "[[metrics]]\nname = \"{name}\"\nmetric = \"loyalty.{metric}\"\ntable = \"t\"\nby = [[], [\"plan\"]]\nparams = {{ {params} }}\n"
        )
        .unwrap();
    }
    config
}

fn is_of(row: &Json, plan: bool) -> bool {
    row["dimensions"]["plan"].as_str().is_none_or(|of| of == plan_name(plan))
}

fn number(row: &Json, measure: &str) -> f64 {
    row["measures"][measure].as_f64().unwrap_or_else(|| panic!("no {measure} in {row}"))
}

/// Whether a value is that of a quotient, undefined where its denominator is 0.
fn is_percent(row: &Json, part: f64, whole: f64) -> bool {
    match row["value"].as_f64() {
        Some(found) => whole > 0.0 && is_close(found, 100.0 * part / whole),
        None => whole == 0.0,
    }
}

/// What a customer pays at the start and at the end of a bucket, and whether they ever paid before.
fn paid(spans: &[Span], row: &Json) -> BTreeMap<u8, (f64, f64, bool)> {
    let (start, end) = (edge(row, "start"), edge(row, "end"));
    let of_group: Vec<&Span> = spans.iter().filter(|span| is_of(row, span.plan) && span.amount > 0.0).collect();
    let customers: BTreeSet<u8> = of_group.iter().map(|span| span.customer).collect();
    let of = |customer: u8| {
        let own = || of_group.iter().filter(move |span| span.customer == customer);
        let at = |edge: Timestamp| own().filter(|span| span.is_held_at(edge)).map(|span| span.amount).sum::<f64>();
        (at(start), at(end), own().any(|span| span.from < start && span.until != Some(span.from)))
    };
    customers.into_iter().map(|customer| (customer, of(customer))).collect()
}

/// Opening, new, expansion, reactivation, contraction, churn and closing.
fn walk(paid: &BTreeMap<u8, (f64, f64, bool)>) -> [f64; 7] {
    let mut walk = [0.0; 7];
    for (opening, closing, before) in paid.values() {
        walk[0] += opening;
        walk[6] += closing;
        let movement = match (*opening > 0.0, *closing > 0.0) {
            (false, true) if *before => 3,
            (false, true) => 1,
            (true, false) => 5,
            _ if is_close(*opening, *closing) => continue,
            _ if closing > opening => 2,
            _ => 4,
        };
        walk[movement] += (closing - opening).abs();
    }
    walk
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn customers_stay_or_leave(spans in spans(40), unite: bool, grain in prop::sample::select(vec!["day", "week", "month", "total"])) {
        let overlaps = if unite { "overlaps = \"unite\"" } else { "" };
        let config = config(grain, &[("retention_rate", overlaps), ("churn_rate", overlaps)]);
        let json = Case::new().file("t.csv", rows_of(&spans)).json(&config).unwrap();
        let used = used(&spans, unite);
        let rejected = &json["manifest"]["tables"][0]["uses"][0]["rows_rejected"];
        prop_assert_eq!(rejected, &json!(spans.len() - used.len()));
        for row in results(&json) {
            let held = |at: &str| -> BTreeSet<u8> {
                let held = used.iter().filter(|span| is_of(row, span.plan) && span.is_held_at(edge(row, at)));
                held.map(|span| span.customer).collect()
            };
            let (start, end) = (held("start"), held("end"));
            let kept = start.intersection(&end).count() as f64;
            let whole = start.len() as f64;
            let part = if row["request"] == "retention_rate" { kept } else { whole - kept };
            prop_assert!(is_percent(row, part, whole), "{kept} of {whole}: {row}");
            prop_assert_eq!(number(row, "customers_at_start"), whole);
            if row["request"] == "retention_rate" {
                prop_assert_eq!(number(row, "customers_at_end"), end.len() as f64);
                prop_assert_eq!(number(row, "new_customers"), end.difference(&start).count() as f64);
            }
        }
        // Those who stay and those who leave are all.
        let (retention, churn) = results(&json).split_at(results(&json).len() / 2);
        for (retention, churn) in retention.iter().zip(churn) {
            prop_assert_eq!(&retention["start"], &churn["start"]);
            let both = retention["value"].as_f64().zip(churn["value"].as_f64());
            prop_assert!(both.is_none_or(|(retention, churn)| is_close(retention + churn, 100.0)), "{retention} {churn}");
        }
    }

    #[test]
    fn revenue_moves_as_its_customers_do(spans in spans(40), unite: bool, grain in prop::sample::select(vec!["day", "week", "month", "total"])) {
        let overlaps = if unite { "overlaps = \"unite\"" } else { "overlaps = \"reject\"" };
        let net = format!("{overlaps}, kind = \"net\"");
        let metrics: Vec<(&str, &str)> = REVENUE.iter().map(|metric| (*metric, overlaps)).chain([("revenue_churn_rate", net.as_str())]).collect();
        let json = Case::new().file("t.csv", rows_of(&spans)).json(&config(grain, &metrics)).unwrap();
        let used = used(&spans, unite);
        for row in results(&json) {
            let paid = paid(&used, row);
            let [opening, new, expansion, reactivation, contraction, churn, closing] = walk(&paid);
            let payers = |at: fn(&(f64, f64, bool)) -> f64| paid.values().filter(|paid| at(paid) > 0.0).count() as f64;
            let holds = match row["request"].as_str().unwrap() {
                "mrr" => {
                    is_close(row["value"].as_f64().unwrap(), closing) && (closing > 0.0 || row["value"] == 0)
                        && number(row, "customers") == payers(|paid| paid.1)
                }
                "mrr_movement" => {
                    let movements = BTreeMap::from([
                        ("new", new), ("expansion", expansion), ("reactivation", reactivation), ("contraction", contraction), ("churn", churn),
                    ]);
                    is_close(row["value"].as_f64().unwrap(), movements[row["dimensions"]["movement"].as_str().unwrap()])
                        && is_close(number(row, "opening_mrr"), opening)
                        && is_close(number(row, "closing_mrr"), closing)
                }
                "net_revenue_retention" => is_percent(row, opening + expansion - contraction - churn, opening),
                "gross_revenue_retention" => {
                    let value = row["value"].as_f64();
                    is_percent(row, opening - contraction - churn, opening) && value.is_none_or(|value| (0.0..=100.0).contains(&value))
                        && (contraction + churn > 0.0 || value.is_none_or(|value| value == 100.0))
                }
                "revenue_churn_rate" => is_percent(row, churn + contraction, opening),
                "revenue_churn_rate_net" => is_percent(row, churn + contraction - expansion - reactivation, opening),
                "quick_ratio" => match row["value"].as_f64() {
                    Some(value) => is_close(value, (new + expansion) / (churn + contraction)),
                    None => churn + contraction == 0.0,
                },
                other => panic!("{other}"),
            };
            prop_assert!(holds, "{paid:?}: {row}");
        }
        // From the opening to the closing, as the result has them.
        let movements: Vec<&Json> = results(&json).iter().filter(|row| row["request"] == "mrr_movement").collect();
        for movements in movements.chunks(5) {
            let names = ["new", "expansion", "reactivation", "contraction", "churn"];
            let changes = movements.iter().zip(names).zip([1.0, 1.0, 1.0, -1.0, -1.0]).map(|((row, name), sign)| {
                assert_eq!(row["dimensions"]["movement"], name);
                sign * row["value"].as_f64().unwrap()
            });
            let closing = number(movements[0], "opening_mrr") + changes.sum::<f64>();
            prop_assert!(is_close(closing, number(movements[0], "closing_mrr")), "{movements:?}");
        }
    }

    /// Two lifetimes, one of them known in part, and all that is made of them.
    #[test]
    fn lifetimes_are_united_spans(spans in spans(40), unite: bool, known in prop::option::of(0..120_i64)) {
        let overlaps = if unite { "overlaps = \"unite\"" } else { "overlaps = \"reject\"" };
        let as_of = known.map(|days| date(2025, 1, 16) + days.days());
        let case = Case::new().file("t.csv", rows_of(&spans));
        let case = as_of.into_iter().fold(case, Case::as_of);
        // What begins or ends on the as-of date or later is not known yet.
        let is_known = |instant: Timestamp| as_of.is_none_or(|as_of| instant < as_of.in_tz(ZONE).unwrap().timestamp());
        let at = format!("{overlaps}, at = [0, 1, 10, 31, 60]");
        let json = case.json(&config("month", &[("customer_lifespan", overlaps), ("survival", &at)])).unwrap();
        let used = used(&spans, unite).into_iter().filter(|span| is_known(span.from));
        let used: Vec<Span> = used.map(|span| Span { until: span.until.filter(|until| is_known(*until)), ..span }).collect();
        let seen = as_of.unwrap_or(date(2025, 4, 16)).in_tz(ZONE).unwrap();
        for row in results(&json) {
            let lifetimes = lifetimes(used.iter().filter(|span| is_of(row, span.plan)));
            let within = |instant: Timestamp| edge(row, "start") <= instant && instant < edge(row, "end");
            if row["request"] == "customer_lifespan" {
                let ended: Vec<f64> = lifetimes.iter().filter_map(|(from, until)| Some(days(*from, until.filter(|until| within(*until))?))).collect();
                let mean = ended.iter().sum::<f64>() / ended.len() as f64;
                prop_assert_eq!(number(row, "ended"), ended.len() as f64);
                prop_assert!(row["value"].as_f64().map_or(ended.is_empty(), |value| is_close(value, mean)), "{mean}: {row}");
                let open = lifetimes.iter().filter(|(from, until)| *from < edge(row, "end") && until.is_none_or(|until| until >= edge(row, "end")));
                prop_assert_eq!(number(row, "open"), open.count() as f64, "{}", row);
                continue;
            }
            let age = row["dimensions"]["age"].as_i64().unwrap();
            let seen: Vec<(i64, bool)> = lifetimes.iter().filter(|(from, _)| within(*from) && *from < seen.timestamp()).map(|(from, until)| {
                let last = until.filter(|until| *until < seen.timestamp());
                let local = |instant: Timestamp| instant.in_tz(ZONE).unwrap().date();
                let until = last.map_or(seen.date(), local);
                (i64::from(local(*from).until(until).unwrap().get_days()), last.is_some())
            }).collect();
            let survival = (0..=age).fold(1.0, |survival, day| {
                let at_risk = seen.iter().filter(|(duration, _)| *duration >= day).count() as f64;
                let ended = seen.iter().filter(|(duration, ended)| *duration == day && *ended).count() as f64;
                if at_risk > 0.0 { survival * (1.0 - ended / at_risk) } else { survival }
            });
            let longest = seen.iter().map(|(duration, _)| *duration).max();
            let is_known = longest.is_some_and(|longest| age <= longest || survival == 0.0);
            prop_assert_eq!(row["n"].as_u64(), Some(seen.len() as u64));
            prop_assert_eq!(number(row, "at_risk"), seen.iter().filter(|(duration, _)| *duration >= age).count() as f64);
            prop_assert!(row["value"].as_f64().map_or(!is_known, |value| is_known && is_close(value, 100.0 * survival)), "{survival} {seen:?}: {row}");
        }
    }

    #[test]
    fn customers_are_active_until_some_days_after_an_order(spans in spans(40), days in prop::sample::select(vec![1_u32, 28, 31]), known in 0..=90_i64) {
        let as_of = date(2025, 1, 16) + known.days();
        let case = Case::new().as_of(as_of).file("t.csv", rows_of(&spans).replace("started_at", "time"));
        let activity = format!("basis = \"activity\", inactive_after_days = {days}");
        let json = case.json(&config("week", &[("retention_rate", &activity), ("churn_rate", &activity)])).unwrap();
        let seen = as_of.min(date(2025, 4, 16)).in_tz(ZONE).unwrap().timestamp();
        // An order on the as-of date or later is not known yet.
        let known = spans.iter().filter(|span| span.from < seen);
        let active: Vec<Span> = known.map(|span| {
            let until = (span.from.in_tz(ZONE).unwrap() + i64::from(days).days()).timestamp();
            Span { until: Some(until).filter(|until| *until < seen), ..span.clone() }
        }).collect();
        for row in results(&json) {
            let held = |at: &str| -> BTreeSet<u8> {
                active.iter().filter(|span| is_of(row, span.plan) && span.is_held_at(edge(row, at))).map(|span| span.customer).collect()
            };
            let (start, end) = (held("start"), held("end"));
            let kept = start.intersection(&end).count() as f64;
            let part = if row["request"] == "retention_rate" { kept } else { start.len() as f64 - kept };
            prop_assert!(is_percent(row, part, start.len() as f64), "{kept}: {row}");
        }
    }
}

// These run many reports for each case.
proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn cohorts_are_of_the_first_activity(spans in spans(25), known in 0..=90_i64, by_week: bool) {
        let as_of = date(2025, 1, 16) + known.days();
        let case = || Case::new().as_of(as_of);
        let grain = if by_week { "week" } else { "month" };
        let kinds = ["kind = \"bounded\"", "kind = \"unbounded\"", "kind = \"bracket\", brackets = [[0, 1], [2, 2], [3, 5]]"];
        for (kind, of_orders) in kinds.into_iter().flat_map(|kind| [(kind, false), (kind, true)]) {
            // The orders are the beginnings of the spans.
            let rows = if of_orders { rows_of(&spans).replace("started_at", "time") } else { rows_of(&spans) };
            let basis = if of_orders { "" } else { ", basis = \"spans\", overlaps = \"unite\"" };
            let json = case().file("t.csv", rows).json(&config(grain, &[("cohort_retention", &format!("{kind}{basis}"))])).unwrap();
            let seen = as_of.min(date(2025, 4, 16)).in_tz(ZONE).unwrap().timestamp();
            let mut buckets: Vec<(Timestamp, Timestamp)> = results(&json).iter().map(|row| (edge(row, "start"), edge(row, "end"))).collect();
            buckets.sort_unstable();
            buckets.dedup();
            for row in results(&json) {
                let of_group = || spans.iter().filter(|span| is_of(row, span.plan) && span.from < seen && (of_orders || (span.is_possible() && span.until != Some(span.from))));
                let is_active = |customer: u8, (start, end): (Timestamp, Timestamp)| {
                    of_group().filter(|span| span.customer == customer).any(|span| {
                        span.from < end && if of_orders { span.from >= start } else { span.goes_on_at(start) }
                    })
                };
                let cohort = buckets.iter().position(|bucket| bucket.0 == edge(row, "start")).unwrap();
                let members: Vec<u8> = (0..6).filter(|customer| {
                    let first = of_group().filter(|span| span.customer == *customer).map(|span| span.from).min();
                    first.is_some_and(|first| buckets[cohort].0 <= first && first < buckets[cohort].1)
                }).collect();
                let age = row["dimensions"]["age"].as_str().map_or_else(|| row["dimensions"]["age"].to_string(), str::to_owned);
                let (first, last) = age.split_once(" to ").unwrap_or((&age, &age));
                let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
                let is_known = buckets.get(cohort + last).is_some_and(|bucket| bucket.1 <= seen);
                let at_ages = if kind.contains("unbounded") { first..=buckets.len() } else { first..=last };
                let ages: Vec<(Timestamp, Timestamp)> = at_ages.filter_map(|age| buckets.get(cohort + age).copied()).collect();
                let retained = members.iter().filter(|customer| ages.iter().any(|bucket| is_active(**customer, *bucket))).count();
                prop_assert_eq!(number(row, "cohort"), members.len() as f64, "{}", row);
                let expected = (is_known && !members.is_empty()).then(|| 100.0 * retained as f64 / members.len() as f64);
                let found = row["value"].as_f64();
                prop_assert!(found.zip(expected).map_or(found == expected, |(found, expected)| is_close(found, expected)), "{expected:?} {members:?}: {row}");
            }
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(spans in spans(30), unite: bool, seed: u64) {
        let overlaps = if unite { "overlaps = \"unite\"" } else { "overlaps = \"reject\"" };
        let cohorts = format!("{overlaps}, basis = \"spans\"");
        let others = ["retention_rate", "churn_rate", "customer_lifespan", "survival"];
        let metrics: Vec<(&str, &str)> =
            REVENUE.iter().chain(&others).map(|metric| (*metric, overlaps)).chain([("cohort_retention", cohorts.as_str())]).collect();
        let results_of = |spans: &[Span]| Case::new().file("t.csv", rows_of(spans)).json(&config("month", &metrics)).unwrap()["results"].clone();
        let mut shuffled = spans.clone();
        let mut state = seed;
        for last in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(last, (state >> 33) as usize % (last + 1));
        }
        prop_assert_eq!(results_of(&spans), results_of(&shuffled));
    }
}

/// The lifetimes of all customers: spans that adjoin or overlap are one.
fn lifetimes<'a>(spans: impl Iterator<Item = &'a Span>) -> Vec<(Timestamp, Option<Timestamp>)> {
    let mut by_customer: BTreeMap<u8, Vec<(Timestamp, Option<Timestamp>)>> = BTreeMap::new();
    for span in spans {
        by_customer.entry(span.customer).or_default().push((span.from, span.until));
    }
    for own in by_customer.values_mut() {
        // Two that touch become one, as long as there are any.
        while let Some((one, another)) = touching(own) {
            let (a, b) = (own[one], own.swap_remove(another));
            own[one] = (a.0.min(b.0), a.1.zip(b.1).map(|(a, b)| a.max(b)));
        }
    }
    by_customer.into_values().flatten().collect()
}

fn touching(spans: &[(Timestamp, Option<Timestamp>)]) -> Option<(usize, usize)> {
    let touch = |a: &(Timestamp, Option<Timestamp>), b: &(Timestamp, Option<Timestamp>)| {
        a.1.is_none_or(|until| until >= b.0) && b.1.is_none_or(|until| until >= a.0)
    };
    (0..spans.len())
        .flat_map(|one| (one + 1..spans.len()).map(move |another| (one, another)))
        .find(|(one, another)| touch(&spans[*one], &spans[*another]))
}

/// Local days, and parts of a day.
fn days(from: Timestamp, until: Timestamp) -> f64 {
    let local = |instant: Timestamp| -> Zoned { instant.in_tz(ZONE).unwrap() };
    local(from).datetime().duration_until(local(until).datetime()).as_secs_f64() / 86_400.0
}

const CHURN: &str = "[report]\nfrom = 2025-01-01\nuntil = 2025-02-01\n[tables.s]\npath = \"s.csv\"\n[[metrics]]\nmetric = \"loyalty.churn_rate\"\n\
    table = \"s\"\n";

/// Customers at the start and the rejected rows by reason.
fn start_and_rejected(rows: &str, params: &str) -> (f64, Vec<(String, u64)>) {
    let rows = format!("customer_id,started_at,ended_at\n{}\n", rows.replace(' ', "\n"));
    let json = Case::new().file("s.csv", rows).json(&format!("{CHURN}params = {{ {params} }}\n")).unwrap();
    let rejected = json["rejected"].as_array().unwrap().iter();
    let rejected = rejected.map(|rejection| (rejection["reason"].as_str().unwrap().to_owned(), rejection["rows"].as_u64().unwrap()));
    (number(&json["results"][0], "customers_at_start"), rejected.collect())
}

const OVERLAP: &str = "`started_at` is before another span of the customer has ended (`overlaps = \"unite\"` counts them together)";

fn overlapping(rows: &str) -> u64 {
    let (_, rejected) = start_and_rejected(rows, "");
    rejected.iter().find(|(reason, _)| reason == OVERLAP).map_or(0, |(_, rows)| *rows)
}

#[test]
fn a_span_that_begins_before_another_has_ended_is_rejected() {
    // The earlier one stays.
    assert_eq!(start_and_rejected("a,2024-06-01,2024-08-01 a,2024-07-01,", ""), (0.0, vec![(OVERLAP.to_owned(), 1)]));
    assert_eq!(start_and_rejected("a,2024-07-01, a,2024-06-01,2024-08-01", ""), (0.0, vec![(OVERLAP.to_owned(), 1)]));
    assert_eq!(start_and_rejected("a,2024-06-01,2024-08-01 a,2024-07-01,", "overlaps = \"unite\""), (1.0, vec![]));
    // One that adjoins, one of another customer, and one that begins and ends at once.
    assert_eq!(overlapping("a,2024-06-01,2024-08-01 a,2024-08-01, b,2024-07-01,"), 0);
    assert_eq!(overlapping("a,2024-06-01,2024-06-01 a,2024-06-01,2024-08-01 a,2024-08-01,2024-08-01"), 0);
    assert_eq!(overlapping("a,2024-06-01,2024-08-01 a,2024-07-01,2024-07-01"), 1);
    // Without an end, a span goes on for ever.
    assert_eq!(overlapping("a,2024-06-01, a,2030-07-01,2030-08-01"), 1);
    // A long one overlaps all that begin in it, and not only the next.
    assert_eq!(overlapping("a,2024-01-01,2025-01-01 a,2024-02-01,2024-03-01 a,2024-05-01,2024-06-01 a,2025-01-01,"), 2);
    // Of those that begin together none is the earlier.
    assert_eq!(start_and_rejected("a,2024-06-01, a,2024-06-01,2024-08-01 b,2024-06-01,", ""), (1.0, vec![(OVERLAP.to_owned(), 2)]));
}

#[test]
fn a_rejected_row_makes_no_other_overlap() {
    let before = ("`ended_at` is before `started_at`".to_owned(), 1);
    assert_eq!(start_and_rejected("a,2024-09-01,2024-08-01 a,2024-06-01, b,2024-06-01,", ""), (2.0, vec![before.clone()]));
    assert_eq!(start_and_rejected("a,2024-06-01,2024-05-01 a,2024-06-01,", ""), (1.0, vec![before]));
    // An end that can't be read is no endless span, nor is a span without a customer that of all.
    let (start, rejected) = start_and_rejected("a,2024-05-01,soon a,2024-06-01, ,2024-05-01, ,2024-06-01, b,,2024-05-01 b,2024-04-01,", "");
    assert_eq!(start, 2.0);
    let reasons: Vec<(&str, u64)> = rejected.iter().map(|(reason, rows)| (reason.as_str(), *rows)).collect();
    assert_eq!(
        reasons,
        [("`customer_id` is missing", 2), ("`ended_at` is not a time like `2025-01-31`", 1), ("`started_at` is missing", 1)]
    );
}

#[test]
fn a_rule_over_mapped_columns_is_in_their_order() {
    // As text, 9 comes after 10, and the file has no column of the metric's own names.
    let rows = "who;start;end\na;10.06.2024;01.08.2024\na;09.07.2024;\nb;09.06.2024;10.06.2024\nb;10.06.2024;\n";
    let config = CHURN.replace(
        "path = \"s.csv\"",
        "path = \"s.csv\"\ndelimiter = \";\"\ncolumns = { customer_id = \"who\", started_at = \"start\", ended_at = \"end\" }\n\
         time_formats = { start = \"%d.%m.%Y\", end = \"%d.%m.%Y\" }",
    );
    let json = Case::new().file("s.csv", rows).json(&config).unwrap();
    assert_eq!((&json["rejected"][0]["rows"], &json["rejected"][0]["examples"][0]["row"]), (&json!(1), &json!(2)));
    assert_eq!(number(&json["results"][0], "customers_at_start"), 1.0);
}

fn problem(metric: &str, params: &str) -> String {
    let rows = "customer_id,started_at,ended_at,time,amount_per_month,duration,has_ended\n";
    let config =
        format!("[tables.t]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"loyalty.{metric}\"\ntable = \"t\"\nparams = {{ {params} }}\n");
    Case::new().file("t.csv", rows).json(&config).unwrap_err()
}

#[test]
fn parameters_that_can_not_be_meant_are_refused() {
    let says = |metric: &str, params: &str, part: &str| {
        let problem = problem(metric, params);
        assert!(problem.contains(part), "{problem}");
    };
    for metric in ["retention_rate", "churn_rate", "customer_lifespan"] {
        says(metric, "basis = \"activity\"", "needs to know when a customer is gone");
        says(metric, "inactive_after_days = 30", "spans say themselves when they end");
        says(metric, "basis = \"activity\", inactive_after_days = 0", "0 is not from 1 to 36525 days");
        says(metric, "basis = \"activity\", inactive_after_days = 30, overlaps = \"unite\"", "orders are not spans");
    }
    says("survival", "statistic = \"restricted_mean\"", "needs its limit");
    says("survival", "limit = 3", "only a restricted mean has a limit");
    says("survival", "statistic = \"median\", at = [1]", "only a curve has ages");
    says("survival", "at = [2, 1]", "each once and ascending");
    says("survival", "unit = \"months\"", "spans are counted in days");
    says("survival", "basis = \"durations\", overlaps = \"unite\"", "durations do not overlap");
    says("cohort_retention", "kind = \"bracket\"", "needs brackets of ages");
    says("cohort_retention", "brackets = [[1, 2]]", "has brackets");
    says("cohort_retention", "kind = \"bracket\", brackets = [[1, 2], [2, 3]]", "begins after the one before");
    says("cohort_retention", "kind = \"bracket\", brackets = [[2, 1]]", "begins after the one before");
    says("cohort_retention", "overlaps = \"unite\"", "orders are not spans");
}

/// 40 customers: in January every fifth leaves, others pay 2 less or 5 more; in February every fourth pays 4 less, and two leave.
fn two_months() -> String {
    let mut rows = String::from("customer_id,started_at,ended_at,amount_per_month\n");
    let mut stayed = 0;
    for customer in 0..40 {
        let opening = 10 + 3 * (customer % 7);
        let january = match customer % 5 {
            0 => 0,
            1 => opening - 2,
            2 => opening + 5,
            _ => opening,
        };
        let leaves = january > 0 && stayed % 16 == 0;
        let february = if january > 0 && stayed % 4 == 0 && !leaves { january - 4 } else { january };
        stayed += i32::from(january > 0);
        let end = |until: &str, goes_on: bool| if goes_on { String::new() } else { until.to_owned() };
        let spans = [
            ("2024-06-01", end("2025-01-10", opening == january), opening),
            ("2025-01-10", end("2025-02-10", january == february && !leaves), if opening == january { 0 } else { january }),
        ];
        let first_end = if opening == january { end("2025-02-10", january == february && !leaves) } else { spans[0].1.clone() };
        writeln!(rows, "c{customer},{},{first_end},{}", spans[0].0, spans[0].2).unwrap();
        if spans[1].2 > 0 {
            writeln!(rows, "c{customer},{},{},{}", spans[1].0, spans[1].1, spans[1].2).unwrap();
        }
        if january != february && !leaves {
            writeln!(rows, "c{customer},2025-02-10,,{february}").unwrap();
        }
    }
    rows
}

#[test]
fn shares_of_revenue_have_the_intervals_and_tests_of_ratios() {
    let metric = |name: &str, params: &str| {
        format!("[[metrics]]\nname = \"{name}\"\nmetric = \"loyalty.{name}\"\ntable = \"t\"\nparams = {{ {params} }}\n")
    };
    let config = format!(
        "[report]\nfrom = 2025-01-01\nuntil = 2025-03-01\ngrain = \"month\"\ncompare = [\"previous\"]\n[tables.t]\npath = \"t.csv\"\n{}{}{}{}",
        metric("net_revenue_retention", ""),
        metric("gross_revenue_retention", ""),
        metric("revenue_churn_rate", ""),
        metric("mrr", "show = \"per_customer\"")
    );
    let json = Case::new().file("t.csv", two_months()).json(&config).unwrap();
    let found = |row: usize| ["value", "low", "high"].map(|name| results(&json)[row][name].as_f64().unwrap());
    // NumPy and SciPy 1.17: Σc/Σo ± t(0.975; n − 1) · √(Σ((c − r·o)/ō)² / (n·(n − 1))) over the 40 and the 32 customers of the openings.
    let expected = [
        [84.026_845_637_583_89, 69.672_263_478_097_25, 98.381_427_797_070_53],
        [93.130_990_415_335_48, 87.810_013_026_201_45, 98.451_967_804_469_49],
        [78.657_718_120_805_37, 65.607_115_073_530_15, 91.708_321_168_080_57],
        [93.130_990_415_335_48, 87.810_013_026_201_45, 98.451_967_804_469_49],
        [21.342_281_879_194_63, 8.291_678_831_919_43, 34.392_884_926_469_85],
        [6.869_009_584_664_52, 1.548_032_195_530_51, 12.189_986_973_798_55],
        // scipy.stats.t.interval of the 32 amounts at the end of January.
        [19.5625, 17.247_692_271_057_247, 21.877_307_728_942_753],
    ];
    for (row, expected) in expected.into_iter().enumerate() {
        assert!(found(row).into_iter().zip(expected).all(|(found, expected)| is_close(found, expected)), "{:?} {expected:?}", found(row));
    }
    assert_eq!([0, 1, 6].map(|row| results(&json)[row]["n"].as_u64().unwrap()), [40, 32, 32]);
    let p_value = |row: usize| results(&json)[row]["comparisons"][0]["p_value"].as_f64();
    // 2 · scipy.stats.norm.sf of the difference by the root of both variances.
    for (row, expected) in [(1, 0.228_562_240_950_979_54), (3, 0.037_561_364_251_803_85), (5, 0.037_561_364_251_803_85)] {
        assert!(is_close(p_value(row).unwrap(), expected), "{:?}", p_value(row));
    }
    // What a stock closed with is part of what it closes with later.
    assert_eq!(p_value(7), None);
}

#[test]
fn shares_of_customers_have_the_intervals_and_tests_of_proportions() {
    let mut rows = String::from("customer_id,started_at,ended_at\n");
    let groups = [
        ("a", 120, "2024-06-01", ""),
        ("b", 23, "2024-06-01", "2025-02-20"),
        ("c", 7, "2024-06-01", "2025-01-20"),
        ("d", 50, "2025-01-10", ""),
    ];
    for (name, count, from, until) in groups {
        (0..count).for_each(|number| writeln!(rows, "{name}{number},{from},{until}").unwrap());
    }
    let config = CHURN.replace("until = 2025-02-01", "until = 2025-03-01\ngrain = \"month\"\ncompare = [\"previous\"]");
    let retention = config.replace("churn_rate", "retention_rate");
    for (config, is_churn) in [(config, true), (retention, false)] {
        let json = Case::new().file("s.csv", &rows).json(&config).unwrap();
        let [january, february] = results(&json).as_slice() else { panic!("two months") };
        // statsmodels' proportion_confint(143, 150, method="wilson") and proportions_ztest([143, 170], [150, 193]).
        let [low, high] = [90.681_352_760_087_25, 97.721_345_083_873_81];
        let expected = if is_churn { [100.0 - high, 100.0 - low] } else { [low, high] };
        assert!(
            ["low", "high"].iter().zip(expected).all(|(name, expected)| is_close(january[name].as_f64().unwrap(), expected)),
            "{january}"
        );
        assert!(is_close(february["comparisons"][0]["p_value"].as_f64().unwrap(), 0.018_384_816_278_778_467), "{february}");
    }
}

#[test]
fn a_lifespan_has_the_interval_of_its_mean_or_of_the_churn_it_is_made_of() {
    let lifespan = |rows: &str, report: &str, params: &str| {
        let config = format!(
            "[report]\n{report}\n[tables.s]\npath = \"s.csv\"\n[[metrics]]\nmetric = \"loyalty.customer_lifespan\"\ntable = \"s\"\nparams = {{ {params} }}\n"
        );
        let case = Case::new().file("s.csv", format!("customer_id,started_at,ended_at\n{rows}")).as_of(date(2025, 4, 21));
        results(&case.json(&config).unwrap())[0].clone()
    };
    let found = |row: &Json| ["value", "low", "high"].map(|name| row[name].as_f64().unwrap());
    let all_close =
        |found: [f64; 3], expected: [f64; 3]| assert!(found.iter().zip(expected).all(|(f, e)| is_close(*f, e)), "{found:?} {expected:?}");
    // scipy.stats.t.interval of 10, 20 and 60.
    let rows = "a,2025-03-01,2025-03-11\nb,2025-03-01,2025-03-21\nc,2025-01-30,2025-03-31\nd,2025-03-01,\n";
    let march = lifespan(rows, "from = 2025-03-01\nuntil = 2025-04-01", "");
    all_close(found(&march), [30.0, -35.724_106_077_284_276, 95.724_106_077_284_28]);
    assert_eq!((&march["unit"], number(&march, "open")), (&json!("days"), 1.0));
    let months = lifespan(rows, "from = 2025-03-01\nuntil = 2025-04-01", "unit = \"months\"");
    all_close(found(&months), [30.0, -35.724_106_077_284_276, 95.724_106_077_284_28].map(|days| days / 30.436_875));
    assert_eq!(months["unit"], "months");
    // 20 of 30 days are known; the ends of proportion_confint(5, 100, method="wilson") are those of 30 days by 268.455… and 1392.519….
    let rows = (0..100)
        .map(|number| format!("c{number},2024-06-01,{}\n", if number < 5 { "2025-04-10" } else { "" }))
        .collect::<Vec<_>>()
        .concat();
    let april = lifespan(&rows, "from = 2025-04-01\nuntil = 2025-05-01", "method = \"inverse_churn\"");
    all_close(found(&april), [400.0, 268.455_248_610_545_77 / 1.5, 1_392.519_809_872_749_6 / 1.5]);
}

#[test]
fn a_curve_of_many_ages_shows_some_of_them_and_says_so() {
    let days = |has_ended: fn(i32) -> bool| (1..=150).map(|day| format!("{day},{}\n", has_ended(day))).collect::<Vec<_>>().concat();
    let config = "[tables.t]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"loyalty.survival\"\ntable = \"t\"\n";
    let curve = |rows: String, params: &str| {
        let json = Case::new().file("t.csv", format!("duration,has_ended\n{rows}"));
        json.json(&format!("{config}params = {{ basis = \"durations\" {params} }}\n")).unwrap()
    };
    let shown = curve(days(|day| day % 2 == 0 || day > 120), "");
    // 60 even days up to 120 and 30 after them.
    assert_eq!((results(&shown).len(), &results(&shown)[0]["note"]), (90, &Json::Null));
    let shown = curve(days(|_| true), "");
    assert_eq!(results(&shown).len(), 100);
    assert_eq!(results(&shown)[0]["note"], "100 of the 150 ages at which somebody left; `at` chooses others");
    assert_eq!(results(&shown)[99]["dimensions"]["age"], 150);
    // Nobody left: all stay as long as anyone was seen.
    let shown = curve("3,false\n5,false\n".to_owned(), "");
    assert_eq!((&results(&shown)[0]["dimensions"]["age"], &results(&shown)[0]["value"]), (&json!(5), &json!(100)));
    // Nothing at all: a row all the same.
    let shown = curve(String::new(), "");
    assert_eq!((results(&shown).len(), &results(&shown)[0]["value"], &results(&shown)[0]["n"]), (1, &Json::Null, &json!(0)));
    let shown = curve("-1,false\n".to_owned(), ", statistic = \"median\", unit = \"months\"");
    assert_eq!((&results(&shown)[0]["value"], &results(&shown)[0]["unit"]), (&Json::Null, &json!("months")));
    assert_eq!(shown["rejected"][0]["reason"], "`duration` is not 0 or more");
}
