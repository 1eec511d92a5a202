//! Metrics of search, against plain computations over all rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use custometer_testkit::Case;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

#[derive(Debug, Clone)]
struct Row {
    day: Date,
    query: Option<u8>,
    page: u8,
    clicks: u32,
    impressions: u32,
    /// In quarters of a place, so that sums are exact.
    quarters: u32,
}

impl Row {
    fn position(&self) -> f64 {
        f64::from(self.quarters) / 4.0
    }

    fn is_possible(&self) -> bool {
        self.clicks <= self.impressions
    }

    fn has_position(&self) -> bool {
        self.quarters >= 4
    }
}

fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    let query = prop::option::weighted(0.9, 0..7_u8);
    let shown = prop::sample::select(vec![0_u32, 1, 2, 8, 8, 64]);
    let row = (0..140_i64, query, 0..3_u8, 0..6_u32, shown, 2..60_u32);
    let row = row.prop_map(|(day, query, page, clicks, impressions, quarters)| Row {
        day: date(2024, 12, 1) + day.days(),
        query,
        page,
        clicks,
        impressions,
        quarters,
    });
    prop::collection::vec(row, 0..most)
}

fn text<'r>(rows: impl IntoIterator<Item = &'r Row>) -> String {
    let mut text = String::from("date,query,page,clicks,impressions,position\n");
    for row in rows {
        let Row { day, page, clicks, impressions, .. } = row;
        let query = row.query.map_or_else(String::new, |query| format!("q{query}"));
        writeln!(text, "{day},{query},/{page},{clicks},{impressions},{}", row.position()).unwrap();
    }
    text
}

const METRICS: [(&str, &str); 9] = [
    ("organic_clicks", ""),
    ("impressions", ""),
    ("click_through_rate", ""),
    ("average_position", ""),
    ("keyword_ranking", "tiers = [2, 5, 10], min_impressions = 2"),
    ("keyword_ranking", "tiers = [2, 5, 10], statistic = \"count\", min_impressions = 2"),
    ("keyword_ranking", "tiers = [2, 5, 10], of = \"impressions\", min_impressions = 2"),
    ("keyword_ranking", "view = \"movers\", statistic = \"count\", min_impressions = 2"),
    ("keyword_ranking", "view = \"movers\", min_impressions = 2"),
];

fn results(files: &[String]) -> Vec<Json> {
    let mut config = "[report]\nfrom = 2025-01-01\nuntil = 2025-04-10\nas_of = 2025-04-10\ngrain = \"month\"\nmax_rejected_percent = 100\n\
        [tables.t]\npath = \"t*.csv\"\n"
        .to_owned();
    for (number, (metric, params)) in METRICS.iter().enumerate() {
        writeln!(
            config,
            "[[metrics]]\nname = \"{number}\"\nmetric = \"web.{metric}\"\ntable = \"t\"\nby = [[], [\"page\"]]\nparams = {{ {params} }}"
        )
        .unwrap();
    }
    let case = files.iter().enumerate().fold(Case::new(), |case, (number, rows)| case.file(&format!("t{number}.csv"), rows));
    case.json(&config).unwrap()["results"].as_array().unwrap().clone()
}

/// The impressions and the position of every query that is shown between two days.
fn standings(rows: &[&Row], from: Date, until: Date) -> BTreeMap<u8, (f64, f64)> {
    let mut sums: BTreeMap<u8, (f64, f64)> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.has_position() && (from..until).contains(&row.day)) {
        let Some(query) = row.query else { continue };
        let (shown, places) = sums.entry(query).or_default();
        *shown += f64::from(row.impressions);
        *places += f64::from(row.impressions) * row.position();
    }
    sums.into_iter().filter(|(_, (shown, _))| *shown >= 2.0).map(|(query, (shown, places))| (query, (shown, places / shown))).collect()
}

fn expected(request: usize, row: &Json, rows: &[Row]) -> Option<f64> {
    let edge = |name: &str| row[name].as_str().unwrap().parse::<Timestamp>().unwrap().to_zoned(TimeZone::UTC).date();
    let (from, until) = (edge("start"), edge("end"));
    let page = &row["dimensions"]["page"];
    let of_page: Vec<&Row> = rows.iter().filter(|row| page.as_str().is_none_or(|of| of == format!("/{}", row.page))).collect();
    let here: Vec<&Row> = of_page.iter().copied().filter(|row| (from..until).contains(&row.day)).collect();
    let sum = |of: &dyn Fn(&Row) -> f64, keep: &dyn Fn(&Row) -> bool| here.iter().filter(|row| keep(row)).map(|row| of(row)).sum::<f64>();
    let (clicks, shown) = (|row: &Row| f64::from(row.clicks), |row: &Row| f64::from(row.impressions));
    let divided = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
    let now = standings(&of_page, from, until);
    let before = standings(&of_page, from - 1.month(), from);
    let in_tier = || now.values().filter(|(_, position)| *position <= row["dimensions"]["top"].as_f64().unwrap());
    match request {
        0 => Some(sum(&clicks, &Row::is_possible)),
        1 => Some(sum(&shown, &Row::is_possible)),
        2 => divided(100.0 * sum(&clicks, &Row::is_possible), sum(&shown, &Row::is_possible)),
        3 => divided(sum(&|row| shown(row) * row.position(), &Row::has_position), sum(&shown, &Row::has_position)),
        4 => divided(100.0 * in_tier().count() as f64, now.len() as f64),
        5 => Some(in_tier().count() as f64),
        6 => divided(100.0 * in_tier().map(|(shown, _)| shown).sum::<f64>(), now.values().map(|(shown, _)| shown).sum::<f64>()),
        _ => {
            let queries: BTreeSet<&u8> = now.keys().chain(before.keys()).collect();
            let movement = |query: &u8| match (before.get(query), now.get(query)) {
                (Some((_, before)), Some((_, now))) if before - now >= 1.0 => "rose",
                (Some((_, before)), Some((_, now))) if now - before >= 1.0 => "fell",
                (Some(_), Some(_)) => "stayed",
                (None, _) => "came",
                (_, None) => "went",
            };
            let count = queries.iter().filter(|query| row["dimensions"]["movement"] == movement(query)).count() as f64;
            let known = (!before.is_empty()).then_some(count);
            if request == 7 { known } else { known.map(|count| 100.0 * count / queries.len() as f64) }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_cell_is_what_going_through_all_rows_gives(rows in rows(80)) {
        for row in &results(&[text(&rows)]) {
            let expected = expected(row["request"].as_str().unwrap().parse().unwrap(), row, &rows);
            match (row["value"].as_f64(), expected) {
                (None, None) => {}
                (Some(found), Some(expected)) => prop_assert!((found - expected).abs() < 1e-9, "{} is not {}: {}", found, expected, row),
                _ => prop_assert!(false, "not {:?}: {}", expected, row),
            }
        }
    }

    #[test]
    fn the_order_of_rows_and_files_does_not_matter(rows in rows(80), at in any::<prop::sample::Index>()) {
        let at = at.index(rows.len() + 1);
        let files = [text(rows[..at].iter().rev()), text(rows[at..].iter().rev())];
        prop_assert_eq!(results(&[text(&rows)]), results(&files));
    }
}

fn one(metric: &str, rows: &str) -> Json {
    let config = format!("[tables.t]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"web.{metric}\"\ntable = \"t\"\n");
    Case::new().file("t.csv", rows).json(&config).unwrap()["results"][0].clone()
}

fn assert_interval(row: &Json, low: f64, high: f64) {
    for (name, expected) in [("low", low), ("high", high)] {
        let found = row[name].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-9, "{name} {found} is not {expected}");
    }
}

#[test]
fn intervals_are_those_of_scipy() {
    let positions = one("average_position", "impressions,position\n300,2\n310,10\n290,7.5\n305,1.2\n0,\n");
    assert_eq!((&positions["n"], &positions["measures"]["impressions"]), (&json!(4), &json!(1205)));
    // scipy: Student's t of three degrees of freedom, and the residuals' standard error.
    assert_interval(&positions, -1.686_735_554_900_051, 12.045_241_778_966_442);
    // scipy: binomtest(35, 1100).proportion_ci(method = "wilson").
    assert_interval(&one("click_through_rate", "clicks,impressions\n30,1000\n5,100\n"), 2.296_601_815_381_763_3, 4.392_896_774_350_839);
}

#[test]
fn rows_that_can_not_be_true_are_rejected_by_reason() {
    let rows = "query,clicks,impressions,position\n\
        a,5,3,1\na,1,2,0.5\na,1,2,\na,1.5,2,1\na,-1,2,1\na,1,-2,1\na,,2,1\na,1,2,1\n,1,2,1\na,0,0,\n";
    let config = "[report]\nmax_rejected_percent = 100\n[tables.t]\npath = \"t.csv\"\n\
        [[metrics]]\nmetric = \"web.click_through_rate\"\ntable = \"t\"\n[[metrics]]\nmetric = \"web.average_position\"\ntable = \"t\"\n\
        [[metrics]]\nmetric = \"web.keyword_ranking\"\ntable = \"t\"\n";
    let result = Case::new().file("t.csv", rows).run(config).unwrap();
    insta::assert_snapshot!(custometer_testkit::lines(&result));
}

#[test]
fn the_detail_table_tells_of_every_query_and_what_became_of_it() {
    let rows = "query,date,impressions,position\n\
        a,2024-12-05,10,9\nb,2024-12-05,10,2\na,2025-01-05,10,4\na,2025-01-06,30,8\nc,2025-02-01,5,1\n";
    let config = "[report]\nfrom = 2025-01-01\nuntil = 2025-03-01\nas_of = 2025-03-01\ngrain = \"month\"\n[tables.t]\npath = \"t.csv\"\n[[metrics]]\n\
        metric = \"web.keyword_ranking\"\ntable = \"t\"\nparams = { view = \"movers\" }\ndetail = true\n";
    let result = Case::new().file("t.csv", rows).run(config).unwrap();
    let frame = &result.details[0].frame;
    assert_eq!(frame.get_column_names(), ["query", "start", "movement", "impressions", "position", "position_before"]);
    let shown = |row| frame.get(row).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ").replace('"', "");
    let rows: Vec<String> = (0..frame.height()).map(shown).collect();
    assert_eq!(
        rows,
        [
            "a 2025-01-01T00:00:00 rose 40 7.0 9.0",
            "a 2025-02-01T00:00:00 went 0 null 7.0",
            "b 2025-01-01T00:00:00 went 0 null 2.0",
            "c 2025-02-01T00:00:00 came 5 1.0 null",
        ]
    );
}

#[test]
fn what_a_ranking_can_not_mean_is_an_error_at_its_place() {
    let wrong = [
        "tiers = []",
        "tiers = [10, 3]",
        "tiers = [0, 3]",
        "min_impressions = 0",
        "min_change = 2",
        "view = \"movers\", tiers = [3]",
        "view = \"movers\", of = \"impressions\"",
        "view = \"movers\", min_change = -1",
    ];
    let request = |(number, params): (usize, &&str)| {
        format!("[[metrics]]\nname = \"{number}\"\nmetric = \"web.keyword_ranking\"\ntable = \"t\"\nparams = {{ {params} }}\n")
    };
    let config = format!("[tables.t]\npath = \"t.csv\"\n{}", wrong.iter().enumerate().map(request).collect::<String>());
    let case = Case::new().file("t.csv", "date,query,impressions,position\n2025-01-01,a,1,1\n");
    insta::assert_snapshot!(case.load(&config).err().unwrap());
}
