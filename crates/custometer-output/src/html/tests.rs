//! What must hold of every page, without a browser to look at it.

use custometer_core::{About, Baseline, DimensionValue, Direction, Grain, Unit};
use custometer_runner::Locale;
use custometer_runner::result::{
    AgainstBenchmark, Alert, Asked, Benchmark, Comparison, Judgement, ResultRow, RunResult, Severity, Status, Target,
};
use jiff::civil::date;

use super::csp::policy;
use crate::fixture;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Texts that would do harm if they were markup, and some that are hard to show.
const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "'><img src=x onerror=alert(1)>",
    "שלום \u{202e}abc",
    "🦊🏽",
    "</title></svg>{{ 7 * 7 }}",
];

fn html(result: &RunResult) -> String {
    String::from_utf8(super::render(result).unwrap()).unwrap()
}

/// The page without its own style and script.
fn markup(result: &RunResult) -> String {
    let html = html(result);
    assert!(html.contains(STYLE) && html.contains(SCRIPT));
    html.replace(STYLE, "").replace(SCRIPT, "")
}

/// A metric by month, in total and in groups of each breakdown, with everything that a row can have.
fn rows(request: &str, breakdowns: &[&str], groups: &[&str]) -> Vec<ResultRow> {
    let first_of = |month: i16| {
        let months = month - 1;
        Some(date(2025 + months / 12, i8::try_from(months % 12 + 1).unwrap(), 1).in_tz("Europe/Copenhagen").unwrap())
    };
    let row = |month: i16, dimensions: Vec<(String, DimensionValue)>| {
        let value = 41.327_451 + f64::from(month);
        let change = |baseline| Comparison {
            start: first_of(1),
            end: first_of(2),
            value: Some(value - 3.217),
            change: Some(3.217),
            relative_change: Some(8.45),
            p_value: Some(0.012),
            significant: Some(month % 2 == 0),
            ..Comparison::unknown(baseline)
        };
        ResultRow {
            request: request.to_owned(),
            start: first_of(month),
            end: first_of(month + 1),
            grain: Grain::Month,
            breakdown: dimensions.len(),
            dimensions,
            value: Some(value),
            unit: Unit::Percent,
            direction: Direction::HigherIsBetter,
            low: Some(value - 2.5),
            high: Some(value + 2.5),
            n: Some(12_345.0),
            measures: vec![("positive".to_owned(), Some(4321.0)), ("answers".to_owned(), Some(12_345.0))],
            comparisons: vec![change(Baseline::Previous), change(Baseline::YearAgo)],
            ..fixture::result().results[0].clone()
        }
    };
    let mut rows = Vec::new();
    for month in 1..=12 {
        rows.push(row(month, Vec::new()));
        for name in breakdowns {
            rows.extend(groups.iter().map(|group| row(month, vec![((*name).to_owned(), (*group).into())])));
        }
    }
    rows
}

fn hostile() -> RunResult {
    let long = "W".repeat(10_000);
    let groups: Vec<&str> = HOSTILE.into_iter().chain([long.as_str()]).collect();
    let mut result = fixture::result();
    for text in groups.iter().rev() {
        result.results.extend(rows(text, &[text], &groups));
        result.rejected[0].examples[0].value = Some((*text).to_owned());
    }
    result.manifest.title = Some(HOSTILE[0].to_owned());
    result.manifest.tables[0].table = HOSTILE[2].to_owned();
    result.manifest.tables[0].files[0].path = HOSTILE[1].to_owned();
    result.results[0].note = Some(HOSTILE[0].to_owned());
    result.alerts.push(Alert {
        name: HOSTILE[2].to_owned(),
        severity: Severity::Critical,
        message: HOSTILE[0].to_owned(),
        row: 0,
        webhook: None,
    });
    result
}

#[test]
fn text_of_the_data_never_becomes_markup() {
    let markup = markup(&hostile());
    for tag in ["<script", "<img", "</title>", "<style"] {
        assert_eq!(markup.matches(tag).count(), usize::from(tag != "<img"), "{tag}");
    }
    assert!(markup.contains("&lt;script&gt;alert(1)"));
    // No attribute of any tag is a handler or a style; the text of attributes has no bare quote.
    for tag in markup.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag) {
        assert!(!tag.contains(" on") || tag.contains("content=") || tag.contains("aria-label=") || tag.contains("title="), "{tag}");
        assert!(!tag.contains(" style="), "{tag}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
    }
    assert!(markup.contains("{{ 7 * 7 }}"), "a template of the data is text");
    // What is long is cut, and takes no room.
    assert!(!markup.contains(&"W".repeat(100)) && markup.contains(&"W".repeat(80)));
}

#[test]
fn the_policy_lets_nothing_run_but_what_is_there() {
    let html = html(&hostile());
    assert!(html.contains(&policy(STYLE, SCRIPT)), "{}", &html[..600]);
    assert!(html.contains(&format!("<style>{STYLE}</style>")) && html.contains(&format!("<script>{SCRIPT}</script>")));
    assert!(!html.contains("unsafe-inline") && !html.contains("unsafe-eval"));
}

#[test]
fn nothing_is_asked_of_anywhere() {
    let html = html(&hostile());
    for attribute in ["src=", "srcset=", "action=", "url(", "@import", "fetch(", "XMLHttpRequest", "import("] {
        assert!(!html.replace("&lt;img src=x", "").contains(attribute), "{attribute}");
    }
    for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(link.starts_with('#') || link == "data:,", "{link}");
    }
    assert_eq!(SCRIPT.matches("http").count(), 1, "the namespace of SVG");
}

#[test]
fn sixty_metrics_by_month_in_three_breakdowns_stay_below_a_mebibyte() {
    let mut result = fixture::result();
    result.results = (0..60)
        .flat_map(|number| rows(&format!("Metric number {number}"), &["region", "channel"], &["East", "North", "South", "West"]))
        .collect();
    assert_eq!(result.results.len(), 60 * 12 * 9);
    let size = html(&result).len();
    assert!(size < 1 << 20, "{size}");
}

#[test]
fn what_is_undefined_or_hidden_is_told_and_never_zero() {
    let mut result = fixture::result();
    result.results = rows("NPS", &["region"], &["East"]);
    for row in result.results.iter_mut().filter(|row| row.dimensions.is_empty()).take(2) {
        (row.value, row.low, row.high, row.note) = (None, None, None, Some("nobody answered".to_owned()));
    }
    for row in result.results.iter_mut().filter(|row| !row.dimensions.is_empty()) {
        (row.value, row.low, row.high, row.n, row.suppressed) = (None, None, None, None, true);
    }
    let markup = markup(&result);
    assert!(markup.contains("No value: Jan\u{a0}2025 (nobody answered), Feb\u{a0}2025 (nobody answered)"), "{markup}");
    assert!(markup.contains(r#"<td class="gap" title="nobody answered">–"#));
    assert!(markup.contains(r#"<td class="gap">hidden"#) && markup.contains("Hidden: groups smaller than 5"));
    // The line begins with the third month.
    assert!(markup.contains(r#"<path class="line" d="M208.3 "#), "{markup}");
}

#[test]
fn a_change_is_called_good_or_bad_in_words() {
    let mut result = fixture::result();
    result.results = rows("NPS", &[], &[]);
    let better = markup(&result);
    assert!(better.contains(r#"<b class="v better sure">better</b>"#) && better.contains(r#"<b class="v chance">not significant</b>"#));
    for row in &mut result.results {
        row.direction = Direction::LowerIsBetter;
    }
    assert!(markup(&result).contains(r#"<b class="v worse sure">worse</b>"#));
}

/// A small report with a bit of everything.
fn small(locale: Locale) -> RunResult {
    static ABOUT: About = About {
        id: "loyalty.nps",
        title: "Net promoter score",
        summary: "How much more likely customers are to recommend than to warn off.",
        formula: "100 · (promoters − detractors) / responses",
        unit: Unit::Points,
        range: "−100 to 100",
        direction: Direction::HigherIsBetter,
        edge_cases: &["No response: undefined."],
        examples: &[],
        references: &["F. Reichheld, HBR 12/2003"],
    };
    let mut result = RunResult { locale, ..fixture::result() };
    result.requests = vec![Asked { name: "NPS".to_owned(), about: &ABOUT, picture: None }];
    let target = Target {
        at_least: Some(40.0),
        at_most: None,
        warn_below: None,
        warn_above: None,
        start: Some(-10.0),
        by_interval: false,
        holds: None,
    };
    let benchmark = Benchmark { value: 32.0, source: "our mean of 2024".to_owned() };
    let row = &mut result.results[0];
    row.target = Some(Judgement { target: target.into(), status: Status::AtRisk, progress: Some(10.0), decides: true });
    row.benchmark = Some(AgainstBenchmark { benchmark: benchmark.into(), change: Some(-37.0), relative_change: None });
    result.alerts =
        vec![Alert { name: "NPS fell".to_owned(), severity: Severity::Warning, message: "to -5".to_owned(), row: 0, webhook: None }];
    result
}

#[test]
fn a_small_report() {
    // The tags that may be left out are, so lines are made at those that open a part.
    let page = markup(&small(Locale::En))
        .replace("<tr>", "\n<tr>")
        .replace("<dt>", "\n<dt>")
        .replace("<svg", "\n<svg")
        .replace("<figure", "\n<figure");
    let page = page.replace(&policy(STYLE, SCRIPT), "[policy]");
    insta::assert_snapshot!(page);
}

#[test]
fn every_language_says_all_of_it() {
    for locale in Locale::ALL {
        let page = markup(&small(locale));
        assert!(
            page.contains(&format!("<html lang=\"{}\">", locale.as_str())) && page.matches("{}").count() == 2,
            "only the script fills in a blank: {locale:?}"
        );
    }
    assert!(markup(&small(Locale::Da)).contains("Data kendt indtil"));
}

#[test]
fn amounts_of_two_currencies_share_no_axis() {
    let mut result = fixture::result();
    let row = result.results[0].clone();
    let of = |month: i64, (country, code, value): (&str, &str, f64)| {
        let at = |months: i64| row.start.as_ref().unwrap().checked_add(jiff::Span::new().months(months)).unwrap();
        ResultRow {
            request: "revenue".to_owned(),
            start: Some(at(month)),
            end: Some(at(month + 1)),
            dimensions: vec![("country".to_owned(), country.into())],
            breakdown: 1,
            value: Some(value),
            unit: Unit::Currency,
            currency: custometer_core::CurrencyCode::new(code),
            low: None,
            high: None,
            comparisons: Vec::new(),
            target: None,
            benchmark: None,
            ..row.clone()
        }
    };
    let groups = [("JP", "JPY", 90_000.0), ("DE", "EUR", 12.0), ("FR", "EUR", 15.0)];
    result.results = (0..3).flat_map(|month| groups.map(|group| of(month, group))).collect();
    result.alerts.clear();
    let page = html(&result);
    let titles = ["By country, JPY", "By country, EUR"];
    assert!(titles.iter().all(|title| page.contains(title)), "{page}");
    // Beside yen, euros were a line at zero: their axis ends where they do.
    let euros = &page[page.find(titles[1]).unwrap()..];
    assert!(euros.contains(">20<") && !euros[..euros.find("</figure>").unwrap_or(euros.len())].contains("100,000"), "{euros}");
}
