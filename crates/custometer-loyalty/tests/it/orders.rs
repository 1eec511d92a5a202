//! Metrics over customers' orders: histories against a plain computation, and what must not change them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use custometer_testkit::{Case, is_close};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Unit, Zoned};
use polars::prelude::{DataFrame, DataType};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const ZONE: &str = "Europe/Copenhagen";

#[derive(Debug, Clone)]
struct Order {
    customer: u8,
    /// Since the start of September 2024, UTC: over both clock changes of the winter.
    hour: i64,
    cents: i64,
    south: bool,
    /// In hundredths.
    margin: i64,
}

impl Order {
    fn at(&self) -> Zoned {
        let start: Timestamp = "2024-09-01T00:00:00Z".parse().unwrap();
        (start + self.hour.hours()).to_zoned(TimeZone::get(ZONE).unwrap())
    }
    fn amount(&self) -> f64 {
        self.cents as f64 / 100.0
    }
    fn is_purchase(&self) -> bool {
        self.cents >= 0
    }
}

/// Some orders of few customers, so that every one has several; one row in five is money back.
fn orders() -> impl Strategy<Value = Vec<Order>> {
    let cents = prop_oneof![4 => 0..9000_i64, 1 => -3000..0_i64];
    let order = (0..6_u8, 0..5800_i64, cents, any::<bool>(), 0..100_i64);
    let order = order.prop_map(|(customer, hour, cents, south, margin)| Order { customer, hour, cents, south, margin });
    prop::collection::vec(order, 0..60)
}

fn csv<'a>(orders: impl IntoIterator<Item = &'a Order>) -> String {
    let mut text = String::from("customer_id,time,amount,region,margin_rate\n");
    for order in orders {
        let region = if order.south { "south" } else { "north" };
        let (at, amount, margin) = (order.at().timestamp(), order.amount(), order.margin as f64 / 100.0);
        writeln!(text, "c{},{at},{amount},{region},{margin}", order.customer).unwrap();
    }
    text
}

/// From October to April, whose first and last months are cut.
fn report(metrics: &str) -> String {
    format!("[report]\ntimezone = \"{ZONE}\"\nfrom = 2024-10-20\nuntil = 2025-04-10\n[tables.orders]\npath = \"o*.csv\"\n{metrics}")
}

fn metric(id: &str, rest: &str) -> String {
    format!("[[metrics]]\nmetric = \"{id}\"\ntable = \"orders\"\n{rest}\n")
}

fn start_of(day: Date) -> Zoned {
    day.to_zoned(TimeZone::get(ZONE).unwrap()).unwrap()
}

/// Start and end of the buckets of a grain.
fn buckets(grain: &str) -> Vec<(Zoned, Zoned)> {
    let (from, until) = (date(2024, 10, 20), date(2025, 4, 10));
    let inner = std::iter::successors(Some(from), |day| day.tomorrow().ok()).take_while(|day| *day < until).skip(1);
    let inner = inner.filter(|day| grain == "month" && day.day() == 1);
    let edges: Vec<Zoned> = std::iter::once(from).chain(inner).chain([until]).map(start_of).collect();
    edges.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

/// What is known of a customer, found anew from all orders.
#[derive(Debug, PartialEq)]
struct Naive {
    orders: f64,
    frequency: f64,
    recency: f64,
    age: f64,
    spend: f64,
    profit: f64,
    mean_spend: Option<f64>,
}

fn period_start(day: Date, period: &str) -> Date {
    match period {
        "day" => day,
        "week" => day - i64::from(day.weekday().to_monday_zero_offset()).days(),
        _ => day.first_of_month(),
    }
}

fn days(from: Date, to: Date) -> f64 {
    f64::from((to - from).get_days())
}

fn naive(orders: &[&Order], end: &Zoned, period: &str) -> Option<Naive> {
    let orders: Vec<&&Order> = orders.iter().filter(|order| order.at() < *end).collect();
    let of = |order: &Order| period_start(order.at().date(), period);
    let periods: BTreeSet<Date> = orders.iter().filter(|order| order.is_purchase()).map(|order| of(order)).collect();
    let (first, last) = (*periods.first()?, *periods.last()?);
    let last_known = period_start((end.clone() - 1.microsecond()).date(), period);
    // Money back belongs to its period, or the one with a purchase before; before the first there is none.
    let paid = |order: &Order| periods.range(..=of(order)).next_back().copied();
    let counted = || orders.iter().filter(|order| paid(order).is_some());
    let again: f64 = counted().filter(|order| paid(order) != Some(first)).map(|order| order.amount()).sum();
    let frequency = periods.len() as f64 - 1.0;
    Some(Naive {
        orders: orders.iter().filter(|order| order.is_purchase()).count() as f64,
        frequency,
        recency: days(first, last),
        age: days(first, last_known),
        spend: counted().map(|order| order.amount()).sum(),
        profit: counted().map(|order| order.amount() * order.margin as f64 / 100.0).sum(),
        mean_spend: (frequency > 0.0).then(|| again / frequency),
    })
}

/// Who ordered in which group.
fn by_customer<'a>(orders: &'a [Order], by_region: bool) -> BTreeMap<(String, String), Vec<&'a Order>> {
    let mut customers: BTreeMap<_, Vec<&'a Order>> = BTreeMap::new();
    for order in orders {
        let region = if !by_region {
            ""
        } else if order.south {
            "south"
        } else {
            "north"
        };
        customers.entry((region.to_owned(), format!("c{}", order.customer))).or_default().push(order);
    }
    customers
}

/// The rows of a detail table, each an id, a region and numbers, sorted.
fn detail_rows(frame: &DataFrame, columns: &[&str]) -> Vec<(String, String, Vec<Option<f64>>)> {
    let text = |name: &str| frame.column(name).ok().map(|column| column.cast(&DataType::String).unwrap());
    let (ids, regions) = (text("customer_id").unwrap(), text("region"));
    let numbers: Vec<_> = columns.iter().map(|name| frame.column(name).unwrap().cast(&DataType::Float64).unwrap()).collect();
    let row = |row: usize| {
        let region = regions.as_ref().map_or("", |regions| regions.str().unwrap().get(row).unwrap());
        let numbers = numbers.iter().map(|column| column.f64().unwrap().get(row)).collect();
        (region.to_owned(), ids.str().unwrap().get(row).unwrap().to_owned(), numbers)
    };
    let mut rows: Vec<_> = (0..frame.height()).map(row).collect();
    sort(&mut rows);
    rows
}

fn sort(rows: &mut [(String, String, Vec<Option<f64>>)]) {
    rows.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)).then(a.2.partial_cmp(&b.2).unwrap()));
}

fn alike(found: &[(String, String, Vec<Option<f64>>)], expected: &[(String, String, Vec<Option<f64>>)]) -> bool {
    found.len() == expected.len()
        && found.iter().zip(expected).all(|(a, b)| {
            let numbers = a.2.iter().zip(&b.2).all(|(a, b)| is_close(*a, *b));
            (&a.0, &a.1) == (&b.0, &b.1) && numbers
        })
}

fn rows(json: &Json) -> &Vec<Json> {
    json["results"].as_array().unwrap()
}

fn number(row: &Json, name: &str) -> Option<f64> {
    row["measures"][name].as_f64()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn histories_are_those_a_naive_computation_finds(
        orders in orders(),
        period in prop::sample::select(vec!["day", "week", "month"]),
        unit in prop::sample::select(vec![("day", 1.0), ("week", 7.0), ("month", 30.436_875)]),
        grain in prop::sample::select(vec!["total", "month"]),
        by_region in any::<bool>(),
        as_of in prop::option::of(0..240_i64),
    ) {
        let as_of = as_of.map(|days| date(2024, 9, 1) + days.days());
        let by = if by_region { "by = [[\"region\"]]" } else { "" };
        let shared = "refunds = \"net\"";
        let metrics = [
            metric("loyalty.clv_predicted", &format!(
                "{by}\ndetail = true\ngrain = \"{grain}\"\n\
                 params = {{ {shared}, purchase_period = \"{period}\", time_unit = \"{}\" }}", unit.0)),
            metric("loyalty.clv_historic", &format!("{by}\ndetail = true\ngrain = \"{grain}\"\nparams = {{ {shared}, margin = \"column\" }}")),
            metric("loyalty.rfm", &format!("{by}\ndetail = true\ngrain = \"{grain}\"\nparams = {{ {shared} }}")),
        ];
        let case = Case::new().file("o.csv", csv(&orders));
        // The day after the period unless another one is drawn.
        let case = case.as_of(as_of.unwrap_or(date(2025, 4, 10)));
        let result = case.run(&report(&metrics.concat())).unwrap();

        let (mut predicted, mut historic, mut rfm) = (Vec::new(), Vec::new(), Vec::new());
        for (start, end) in buckets(grain) {
            let end = as_of.map_or(end.clone(), |as_of| start_of(as_of).min(end));
            if end <= start {
                continue;
            }
            for ((region, customer), orders) in by_customer(&orders, by_region) {
                if let Some(known) = naive(&orders, &end, period) {
                    let numbers = vec![Some(known.frequency), Some(known.recency / unit.1), Some(known.age / unit.1), known.mean_spend];
                    predicted.push((region.clone(), customer.clone(), numbers));
                }
                if let Some(known) = naive(&orders, &end, "day") {
                    let numbers = vec![Some(known.orders), Some(known.spend), Some(known.profit)];
                    historic.push((region.clone(), customer.clone(), numbers));
                    let numbers = vec![Some(known.age - known.recency), Some(known.orders), Some(known.spend)];
                    rfm.push((region, customer, numbers));
                }
            }
        }
        let columns: [&[&str]; 3] =
            [&["frequency", "recency", "T", "mean_spend"], &["orders", "revenue", "value"], &["recency_days", "orders", "spend"]];
        for (detail, (columns, mut expected)) in result.details.iter().zip(columns.into_iter().zip([predicted, historic, rfm])) {
            sort(&mut expected);
            let found = detail_rows(&detail.frame, columns);
            prop_assert!(alike(&found, &expected), "{}: {:#?} is not {:#?}", detail.request, found, expected);
        }
    }

    #[test]
    fn customers_are_counted_once_by_their_scores(orders in orders(), quantiles in 2..=10_u8) {
        let scores = format!("grain = \"month\"\nby = [[], [\"region\"]]\nparams = {{ show = \"scores\", quantiles = {quantiles}, refunds = \"net\" }}");
        let segments = "name = \"segments\"\ngrain = \"month\"\nby = [[], [\"region\"]]\nparams = { refunds = \"net\" }";
        let metrics = [metric("loyalty.rfm", &scores), metric("loyalty.rfm", segments)].concat();
        let json = Case::new().file("o.csv", csv(&orders)).as_of(date(2025, 4, 10)).json(&report(&metrics)).unwrap();
        let mut sums: BTreeMap<(String, String, String), (f64, f64, usize)> = BTreeMap::new();
        for row in rows(&json) {
            let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
            let key = (text(&row["request"]), text(&row["start"]), text(&row["dimensions"]["region"]));
            let (value, share, count) = sums.entry(key).or_default();
            *value += row["value"].as_f64().unwrap();
            *share += number(row, "share").unwrap_or(0.0);
            *count += 1;
        }
        let customers = |region: &str, end: &Zoned| {
            let known = by_customer(&orders, !region.is_empty());
            known.iter().filter(|((of, _), orders)| of == region && naive(orders, end, "day").is_some()).count()
        };
        let (_, last) = buckets("month").pop().unwrap();
        for (start, end) in buckets("month") {
            for region in ["", "north", "south"] {
                // A region in which nobody ever bought is not a group.
                if !region.is_empty() && customers(region, &last) == 0 {
                    continue;
                }
                let customers = customers(region, &end) as f64;
                for (request, combinations) in [("loyalty.rfm", usize::from(quantiles).pow(3)), ("segments", 10)] {
                    let start = rows(&json).iter().find_map(|row| {
                        let text = row["start"].as_str().unwrap();
                        text.starts_with(&start.date().to_string()).then(|| text.to_owned())
                    });
                    let (value, share, count) = sums[&(request.to_owned(), start.unwrap(), region.to_owned())];
                    prop_assert_eq!((value, count), (customers, combinations), "{} {} {}", request, end, region);
                    let whole = if customers > 0.0 { 100.0 } else { 0.0 };
                    prop_assert!((share - whole).abs() < 1e-6, "{} is not {}", share, whole);
                }
            }
        }
    }

    #[test]
    fn averages_are_those_a_naive_computation_finds(
        orders in orders(),
        inactive_after_days in 1..120_u32,
        as_of in prop::option::of(60..240_i64),
    ) {
        let as_of = as_of.map(|days| date(2024, 9, 1) + days.days());
        let common = "grain = \"month\"\nby = [[], [\"region\"]]";
        let metrics = [
            metric("loyalty.purchase_frequency", &format!("{common}\nparams = {{ per = \"month\", refunds = \"net\" }}")),
            metric("loyalty.clv", &format!("{common}\nparams = {{ lifespan_years = 2.5, refunds = \"net\", margin = \"column\" }}")),
            metric("loyalty.clv_forecast", &format!("{common}\nparams = {{ inactive_after_days = {inactive_after_days}, refunds = \"net\" }}")),
        ];
        let case = Case::new().file("o.csv", csv(&orders));
        // The day after the period unless another one is drawn.
        let case = case.as_of(as_of.unwrap_or(date(2025, 4, 10)));
        let json = case.json(&report(&metrics.concat())).unwrap();
        let mut buckets: BTreeMap<String, (Zoned, Zoned)> = BTreeMap::new();
        for (start, end) in self::buckets("month") {
            buckets.insert(start.date().to_string(), (start, end));
        }
        for row in rows(&json) {
            let (start, end) = &buckets[&row["start"].as_str().unwrap()[..10]];
            let known = as_of.map_or(end.clone(), |as_of| start_of(as_of).min(end.clone()));
            let region = row["dimensions"]["region"].as_str();
            let of_group: Vec<&Order> = orders.iter().filter(|order| region.is_none_or(|region| (region == "south") == order.south)).collect();
            let inside: Vec<&&Order> = of_group.iter().filter(|order| order.at() >= *start && order.at() < known).collect();
            let bought: Vec<&&&Order> = inside.iter().filter(|order| order.is_purchase()).collect();
            let customers = bought.iter().map(|order| order.customer).collect::<BTreeSet<_>>().len() as f64;
            let length = |unit: Unit| start.until((unit, &known)).unwrap().total((unit, start)).unwrap();
            let expected = (customers > 0.0).then(|| match row["metric"].as_str().unwrap() {
                "loyalty.purchase_frequency" => Some(bought.len() as f64 / customers / length(Unit::Month)),
                "loyalty.clv" => {
                    let profit: f64 = inside.iter().map(|order| order.amount() * order.margin as f64 / 100.0).sum();
                    Some(profit / customers / length(Unit::Year) * 2.5)
                }
                _ => {
                    let spans = ended_spans(&of_group, &known, i64::from(inactive_after_days));
                    let revenue: f64 = inside.iter().map(|order| order.amount()).sum();
                    let months = spans.iter().sum::<f64>() / spans.len() as f64 / 30.436_875;
                    (!spans.is_empty()).then(|| revenue / customers / length(Unit::Month) * months)
                }
            });
            let found = row["value"].as_f64();
            prop_assert!(is_close(found, expected.flatten()), "{:?} is not {:?} in {:#}", found, expected, row);
        }
    }

    #[test]
    fn cohorts_bring_what_a_naive_computation_finds(orders in orders(), kind in 0..2_usize, as_of in prop::option::of(30..240_i64)) {
        let known = as_of.map_or(date(2025, 4, 10), |days| date(2024, 9, 1) + days.days());
        let kind_name = ["at_age", "cumulative"][kind];
        let request = format!("grain = \"month\"\nby = [[], [\"region\"]]\nparams = {{ kind = \"{kind_name}\", refunds = \"net\" }}");
        let case = Case::new().file("o.csv", csv(&orders)).as_of(known);
        let json = case.json(&report(&metric("loyalty.cohort_revenue", &request))).unwrap();
        let buckets = buckets("month");
        let known = start_of(known);
        for row in rows(&json) {
            let cohort = buckets.iter().position(|(start, _)| row["start"].as_str().unwrap().starts_with(&start.date().to_string())).unwrap();
            let age = usize::try_from(row["dimensions"]["age"].as_u64().unwrap()).unwrap();
            let region = row["dimensions"]["region"].as_str();
            let mut brought: Vec<f64> = Vec::new();
            for ((_, _), mut of_customer) in by_customer(&orders, region.is_some()).into_iter().filter(|((of, _), _)| of == region.unwrap_or("")) {
                of_customer.retain(|order| order.at() < known);
                let Some(first) = of_customer.iter().filter(|order| order.is_purchase()).map(|order| order.at()).min() else { continue };
                if first < buckets[cohort].0 || first >= buckets[cohort].1 {
                    continue;
                }
                let from = if kind == 0 { cohort + age } else { cohort };
                let inside = |order: &&&Order| {
                    buckets.get(cohort + age).is_some_and(|last| order.at() >= buckets[from].0.clone().max(first.clone()) && order.at() < last.1)
                };
                brought.push(of_customer.iter().filter(inside).map(|order| order.amount()).sum());
            }
            let n = brought.len() as f64;
            let is_known = buckets.get(cohort + age).is_some_and(|(_, end)| *end <= known);
            let mean = (is_known && n > 0.0).then(|| brought.iter().sum::<f64>() / n);
            prop_assert!(is_close(row["value"].as_f64(), mean), "{:?} is not {:?} in {:#}", row["value"], mean, row);
            prop_assert_eq!(row["n"].as_f64(), Some(n));
            // Of two, Student's quantile is that of Cauchy's distribution: tan(0.475 π) standard errors to either side.
            if let (Some(mean), 2) = (mean, brought.len()) {
                let half = (brought[0] - brought[1]).abs() / 2.0 * (0.475 * std::f64::consts::PI).tan();
                let expected = (half > 1e-6).then_some(mean + half);
                prop_assert!(half <= 1e-6 || is_close(row["high"].as_f64(), expected), "{:?} is not {:?}", row["high"], expected);
            }
        }
    }

    #[test]
    fn neither_the_order_of_rows_nor_their_files_matter(orders in orders(), split in 0..60_usize) {
        let net = |rest: &str| format!("grain = \"month\"\nby = [[], [\"region\"]]\nparams = {{ refunds = \"net\"{rest} }}");
        let metrics = [
            metric("loyalty.purchase_frequency", &net("")),
            metric("loyalty.clv", &net(", inactive_after_days = 30")),
            metric("loyalty.clv_forecast", &net(", lifespan_months = 7.5, margin = \"column\"")),
            metric("loyalty.clv_historic", &net(", margin = \"column\"")),
            metric("loyalty.clv_predicted", &net("")),
            metric("loyalty.customers_at_risk", &net("")),
            metric("loyalty.rfm", &net("")),
        ];
        let whole = Case::new().file("o.csv", csv(&orders)).json(&report(&metrics.concat())).unwrap();
        let (first, second) = orders.split_at(split.min(orders.len()));
        let parts = Case::new().file("o1.csv", csv(first.iter().rev())).file("o0.csv", csv(second.iter().rev()));
        let parts = parts.json(&report(&metrics.concat())).unwrap();
        prop_assert_eq!(&whole["results"], &parts["results"]);
    }
}

/// The days of every span of activity that is over.
fn ended_spans(orders: &[&Order], known: &Zoned, inactive_after_days: i64) -> Vec<f64> {
    let mut customers: BTreeMap<u8, Vec<Zoned>> = BTreeMap::new();
    for order in orders.iter().filter(|order| order.is_purchase() && order.at() < *known) {
        customers.entry(order.customer).or_default().push(order.at());
    }
    let mut spans = Vec::new();
    for mut times in customers.into_values() {
        times.sort();
        let mut first = times[0].clone();
        for (row, time) in times.iter().enumerate() {
            let gone = time.checked_add(inactive_after_days.days()).unwrap();
            match times.get(row + 1) {
                Some(next) if *next <= gone => {}
                next => {
                    // What ends as the next bucket begins ends in that.
                    if gone < *known {
                        spans.push(days(first.date(), gone.date()));
                    }
                    first = next.cloned().unwrap_or(gone);
                }
            }
        }
    }
    spans
}

/// Customers who buy at a rate of their own until they leave, by a generator that gives the same everywhere.
fn simulated() -> String {
    let mut state = 1_u64;
    let mut uniform = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut text = String::from("customer_id,time,amount,region\n");
    for customer in 0..600 {
        let region = if customer % 3 == 0 { "south" } else { "north" };
        let (mean_gap, mean_amount) = (10.0 - 60.0 * uniform().ln(), 20.0 + 60.0 * uniform());
        let leaves = 0.6 * uniform() * uniform();
        let mut day = 200.0 * uniform();
        loop {
            let date = date(2024, 1, 1).at(0, 0, 0, 0) + SignedDuration::from_secs_f64(day.floor() * 86_400.0);
            let date = date.date();
            let amount = (mean_amount * (0.5 + uniform()) * 100.0).round() / 100.0;
            writeln!(text, "c{customer},{date} 12:00:00,{amount},{region}").unwrap();
            day -= mean_gap * uniform().ln();
            if uniform() < leaves || day >= 366.0 {
                break;
            }
        }
    }
    text
}

const YEAR: &str = "[report]\nfrom = 2024-01-01\nuntil = 2025-01-01\n[tables.orders]\npath = \"o.csv\"\n";

#[test]
fn each_group_is_fitted_for_itself() {
    let case = Case::new().file("o.csv", simulated());
    let both = [metric("loyalty.clv_predicted", "by = [[], [\"region\"]]"), metric("loyalty.customers_at_risk", "by = [[], [\"region\"]]")];
    let together = case.json(&format!("{YEAR}{}", both.concat())).unwrap();
    let alone = |region: &str| {
        let both = [metric("loyalty.clv_predicted", ""), metric("loyalty.customers_at_risk", "")];
        case.json(&format!("{YEAR}where = \"region = '{region}'\"\n{}", both.concat())).unwrap()
    };
    let (north, south) = (alone("north"), alone("south"));
    let alone = [&rows(&north)[0], &rows(&south)[0], &rows(&north)[1], &rows(&south)[1]];
    let together = rows(&together);
    for (found, expected) in [1, 2, 4, 5].into_iter().map(|row| &together[row]).zip(alone) {
        assert!(expected["value"].as_f64().unwrap() > 0.0, "{expected:#}");
        assert_eq!((&found["value"], &found["measures"], &found["note"]), (&expected["value"], &expected["measures"], &expected["note"]));
    }
    // The groups are fitted apart, and all customers once more.
    let r = |row: usize| number(&together[row], "r").unwrap();
    assert!(r(0) != r(1) && r(1) != r(2));
    assert_eq!(number(&together[0], "customers"), Some(600.0));
}

#[test]
fn what_is_known_later_is_not_tested_against_what_was_known_before() {
    let case = Case::new().file("o.csv", simulated());
    let all = [
        metric("loyalty.clv_historic", "params = { margin_rate = 1 }"),
        metric("loyalty.customers_at_risk", ""),
        metric("loyalty.clv_predicted", ""),
        metric("loyalty.clv", "params = { inactive_after_days = 60 }"),
        metric("loyalty.clv", "name = \"given\"\nparams = { lifespan_years = 3 }"),
        metric("loyalty.purchase_frequency", "params = { per = \"year\" }"),
    ];
    let config = YEAR.replace("until", "grain = \"quarter\"\ncompare = [\"previous\"]\nuntil") + &all.concat();
    let json = case.json(&config).unwrap();
    let last = |request: &str| {
        let mut of_request = rows(&json).iter().filter(|row| row["request"] == json!(request));
        of_request.next_back().map(|row| row["comparisons"][0].clone()).unwrap()
    };
    for known_by_end in ["loyalty.clv_historic", "loyalty.customers_at_risk", "loyalty.clv_predicted", "loyalty.clv"] {
        let comparison = last(known_by_end);
        assert!(comparison["change"].is_number(), "{known_by_end}: {comparison:#}");
        assert_eq!(comparison["p_value"], Json::Null, "{known_by_end}");
    }
    for of_bucket in ["given", "loyalty.purchase_frequency"] {
        assert!(last(of_bucket)["p_value"].is_number(), "{of_bucket}: {:#}", last(of_bucket));
    }
}

#[test]
fn models_say_why_there_is_no_value_and_what_there_is_instead() {
    let few: Vec<String> = (0..39).map(|customer| format!("c{customer},2024-03-01,5\nc{customer},2024-0{},7", 4 + customer % 5)).collect();
    let rows_of = format!("customer_id,time,amount\n{}\nd,2024-03-01,5\n", few.join("\n").replace(",7", "-11,7"));
    let both = [metric("loyalty.clv_predicted", "detail = true"), metric("loyalty.customers_at_risk", "")].concat();
    let result = Case::new().file("o.csv", rows_of).run(&format!("{YEAR}{both}")).unwrap();
    let too_few = "39 customers bought again, and at least 40 must have for the model to be fitted";
    let [predicted, at_risk] = result.results.as_slice() else { panic!("two rows") };
    assert_eq!((predicted.value, predicted.n), (None, Some(40.0)));
    let note = predicted.note.as_deref().unwrap();
    assert!(note.starts_with("over 12 months, undiscounted; in revenue, since no margin is given; "), "{note}");
    assert!(note.contains(&format!("purchases: {too_few}")), "{note}");
    assert_eq!(predicted.measures[..2], [("customers".to_owned(), Some(40.0)), ("repeat_customers".to_owned(), Some(39.0))]);
    assert_eq!((at_risk.value, at_risk.n), (None, Some(40.0)));
    assert!(at_risk.note.as_deref().unwrap().ends_with(too_few), "{:?}", at_risk.note);
    // The histories are there all the same.
    assert_eq!(result.details[0].frame.height(), 40);
}

#[test]
fn a_correlation_of_spend_and_frequency_is_told() {
    // Who buys more often pays more each time.
    let text = simulated();
    let customer = |line: &str| line.split(',').next().unwrap().to_owned();
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for line in text.lines().skip(1) {
        *counts.entry(customer(line)).or_default() += 1;
    }
    let mut lines: Vec<String> = text.lines().take(1).map(str::to_owned).collect();
    for (row, line) in text.lines().enumerate().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        lines.push(format!(
            "{},{},{},{}",
            cells[0],
            cells[1],
            20 + 5 * counts[&customer(line)] + u32::try_from(row % 40).unwrap(),
            cells[3]
        ));
    }
    let case = Case::new().file("o.csv", lines.join("\n") + "\n");
    let json = case.json(&format!("{YEAR}{}", metric("loyalty.clv_predicted", ""))).unwrap();
    let row = &rows(&json)[0];
    let correlation = number(row, "spend_frequency_correlation").unwrap();
    assert!(correlation > 0.3, "{correlation}");
    let note = row["note"].as_str().unwrap();
    assert!(note.contains(&format!("how often customers buy and what they spend correlate ({correlation:.2})")), "{note}");
}

#[test]
fn lines_of_one_order_are_one() {
    let rows_of = "customer_id,time,amount,order_id\n\
        a,2024-01-05 10:00:00,10,1\na,2024-01-05 10:00:00,20,1\na,2024-02-20 10:00:00,5,1\na,2024-01-09 10:00:00,8,2\n\
        a,2024-01-09 11:00:00,-3,2\nb,2024-01-05 10:00:00,10,1\nb,2024-02-05 10:00:00,10,\n";
    let lines = "one_order_per = \"order_id\", refunds = \"net\"";
    let metrics = [
        metric("loyalty.purchase_frequency", &format!("grain = \"month\"\nparams = {{ {lines} }}")),
        metric("loyalty.clv_historic", &format!("detail = true\nparams = {{ {lines}, margin_rate = 0.5 }}")),
        metric("loyalty.clv", &format!("params = {{ {lines}, lifespan_years = 2 }}")),
    ];
    let case = Case::new().file("o.csv", rows_of);
    let result =
        case.run(&format!("{YEAR}{}", metrics.concat()).replace("until = 2025", "until = 2024-03-01\nas_of = 2024-03-01 #")).unwrap();
    // January: a has two orders and b one. In February there is only another line of a's first.
    assert_eq!(result.results[..2].iter().map(|row| row.value).collect::<Vec<_>>(), [Some(1.5), None]);
    assert_eq!(result.results[1].measures[0], ("orders".to_owned(), Some(0.0)));
    let detail = detail_rows(&result.details[0].frame, &["orders", "revenue", "margin_rate", "value"]);
    let numbers: Vec<&[Option<f64>]> = detail.iter().map(|row| row.2.as_slice()).collect();
    assert_eq!(numbers, [[Some(2.0), Some(40.0), Some(0.5), Some(20.0)], [Some(1.0), Some(10.0), Some(0.5), Some(5.0)]]);
    // 50 by two customers in 60 of 366 days, over two years.
    let value = result.results[3].value.unwrap();
    assert!((value - 25.0 * 366.0 / 60.0 * 2.0).abs() < 1e-9, "{value}");
    assert_eq!(result.rejected[0].reason, "`order_id` is missing");
}

#[test]
fn weeks_of_purchases_start_on_the_day_of_the_report() {
    // A Saturday, the Sunday after it and the Monday after that.
    let rows_of = "customer_id,time,amount\na,2024-01-06,1\na,2024-01-07,10\na,2024-01-08,100\n";
    let known = |week_start: &str| {
        let config = YEAR
            .replace("[report]", &format!("[report]\nweek_start = \"{week_start}\""))
            .replace("until = 2025-01-01", "until = 2024-01-22\nas_of = 2024-01-22");
        let config = config + &metric("loyalty.clv_predicted", "detail = true\nparams = { purchase_period = \"week\" }");
        let result = Case::new().file("o.csv", rows_of).run(&config).unwrap();
        detail_rows(&result.details[0].frame, &["frequency", "recency", "T", "mean_spend"])[0].2.clone()
    };
    assert_eq!(known("monday"), [Some(1.0), Some(1.0), Some(2.0), Some(100.0)]);
    assert_eq!(known("sunday"), [Some(1.0), Some(1.0), Some(3.0), Some(110.0)]);
}

#[test]
fn money_back_is_no_purchase_and_a_row_without_an_amount_is_one() {
    let rows_of = "customer_id,time,amount\na,2024-01-06,5\na,2024-02-07,-5\nb,2024-01-06,\n";
    let case = Case::new().file("o.csv", rows_of);
    let found = |refunds: &str| {
        let json = case.json(&format!("{YEAR}{}", metric("loyalty.purchase_frequency", &format!("params = {{ {refunds} }}")))).unwrap();
        let rejected: u64 = json["rejected"].as_array().unwrap().iter().map(|rejected| rejected["rows"].as_u64().unwrap()).sum();
        (rows(&json)[0]["value"].as_f64().unwrap(), rejected)
    };
    assert_eq!(found(""), (1.0, 1));
    assert_eq!(found("refunds = \"net\""), (1.0, 0));
    assert_eq!(found("refunds = \"reject\""), (1.0, 1));
}

#[test]
fn parameters_that_mean_nothing_are_refused() {
    let problems = |id: &str, params: &str| {
        let config = format!("{YEAR}{}", metric(id, &format!("params = {{ {params} }}")));
        let case = Case::new().file("o.csv", "customer_id,time,amount,margin_rate,segment\n");
        case.load(&config).err().unwrap_or_default()
    };
    for (id, params, expected) in [
        ("loyalty.clv", "", "how long customers stay is not said"),
        ("loyalty.clv", "lifespan_years = 3, inactive_after_days = 90", "the lifespan is said twice: by `lifespan_years`, and by this"),
        ("loyalty.clv", "lifespan_years = 0", "a lifespan is above 0, and not 0"),
        ("loyalty.clv", "inactive_after_days = 0", "0 is not from 1 to 36525 days"),
        ("loyalty.clv", "lifespan_years = 3, margin_rate = 20", "a margin is a share of what was paid, from -1 to 1, and not 20"),
        ("loyalty.clv", "lifespan_years = 3, margin_rate = 0.2, margin = \"column\"", "the margin is said twice"),
        ("loyalty.clv_forecast", "lifespan_years = 3", "unknown key `lifespan_years`"),
        ("loyalty.clv_historic", "", "the gross margin is not said"),
        ("loyalty.clv_predicted", "horizon_months = 0", "0 is not from 1 to 600 months"),
        ("loyalty.clv_predicted", "discount_rate_per_year = 10", "a discount rate is from 0 to 1, and not 10"),
        ("loyalty.customers_at_risk", "threshold = 0", "a probability to be below is above 0 and at most 1, and not 0"),
        ("loyalty.rfm", "quantiles = 4", "the segments are of scores from 1 to 5"),
        ("loyalty.rfm", "quantiles = 11, show = \"scores\"", "there are 2 to 10 scores, and not 11"),
    ] {
        let found = problems(id, params).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(found.contains(expected), "{id} {params}: {found}");
    }
    assert_eq!(problems("loyalty.rfm", "show = \"scores\", quantiles = 10"), "");
    let taken = Case::new().file("o.csv", "customer_id,time,amount,segment\n");
    let taken = taken.load(&format!("{YEAR}{}", metric("loyalty.rfm", "by = [[\"segment\"]]"))).err().unwrap();
    assert!(taken.contains("`segment` is a dimension of `loyalty.rfm` itself"), "{taken}");
}

#[test]
fn a_bucket_that_is_not_known_yet_has_no_customers_by_score() {
    let rows_of = "customer_id,time,amount\na,2024-01-06,5\na,2024-02-20,5\n";
    let config = YEAR.replace("until = 2025-01-01", "until = 2024-04-01\ngrain = \"month\"") + &metric("loyalty.rfm", "detail = true");
    let result = Case::new().file("o.csv", rows_of).as_of(date(2024, 2, 15)).run(&config).unwrap();
    let new: Vec<Option<f64>> =
        result.results.iter().filter(|row| row.dimensions[0].1.to_string() == "new customers").map(|row| row.value).collect();
    assert_eq!(new, [Some(1.0), Some(1.0), None]);
    // Known up to 14 February: the order after that is not.
    let detail = detail_rows(&result.details[0].frame, &["recency_days", "orders"]);
    assert_eq!(detail.iter().map(|row| row.2.clone()).collect::<Vec<_>>(), [vec![Some(25.0), Some(1.0)], vec![Some(39.0), Some(1.0)]]);
}
