//! The log of a web server over four days of 2015.

use custometer_testkit::Case;

use super::{shared, taken_for};

#[test]
#[cfg_attr(not(data = "web_log"), ignore = "there is no ../shared/data/web_log")]
fn a_web_log_is_read_without_bots_static_files_and_refreshes() {
    let log = shared("web_log/access.csv");
    let config = include_str!("../../../config/web-log.toml");
    let json = Case::new()
        .set(&format!("tables.requests.path={}", log.display()))
        .json(&format!("{config}by = [[\"user_agent\"], [\"page\"]]\n"))
        .unwrap();
    let last = json["results"].as_array().unwrap().iter().filter(|row| row["request"] == "web.stickiness");
    let (mut agents, mut pages) = (0, 0);
    for row in last {
        let dimensions = &row["dimensions"];
        let agent = dimensions["user_agent"].as_str().unwrap_or_default().to_lowercase();
        assert!(["bot", "spider", "crawl", "slurp"].iter().all(|part| !agent.contains(part)), "{agent}");
        let page = dimensions["page"].as_str().unwrap_or_default();
        assert!([".png", ".css", ".ico", ".js", "robots.txt"].iter().all(|end| !page.ends_with(end)), "{page}");
        agents += u32::from(!agent.is_empty());
        pages += u32::from(!page.is_empty());
    }
    assert!(agents > 100 && pages > 100, "{agents} agents, {pages} pages");
    let of = |request: &str| -> f64 {
        let rows = json["results"].as_array().unwrap().iter().filter(|row| row["request"] == request);
        rows.filter_map(|row| row["value"].as_f64()).sum()
    };
    // Views of sessions and views of pages are the same ones.
    let sessions = json["results"].as_array().unwrap().iter().filter(|row| row["request"] == "web.pages_per_session");
    let views: f64 = sessions.filter_map(|row| row["measures"]["views"].as_f64()).sum();
    assert!(views > 1_000.0 && (views - of("web.page_views")).abs() < 1e-9, "{views}");
    let table = &json["manifest"]["tables"][0];
    assert_eq!(table["rows_read"], 9_999);
    assert_eq!(of("sessions_by_landing_page"), of("web.sessions"));
}

#[test]
#[cfg_attr(not(data = "web_log"), ignore = "there is no ../shared/data/web_log")]
fn the_visitors_of_a_real_site_come_back_as_rarely_as_duckdb_says() {
    let file = shared("web_log/access.csv");
    let config = format!(
        "[report]\nfrom = 2015-05-18\nuntil = 2015-05-21\ngrain = \"day\"\n[tables.log]\npath = \"{}\"\ncolumns = {{ user_id = \"client\" }}\n\
         [[metrics]]\nmetric = \"web.user_churn\"\ntable = \"log\"\n[[metrics]]\nmetric = \"web.user_retention\"\ntable = \"log\"\n\
         params = {{ ages = [1, 2] }}\n[[metrics]]\nname = \"unbounded\"\nmetric = \"web.user_retention\"\ntable = \"log\"\n\
         params = {{ ages = [1, 2], kind = \"unbounded\" }}\n",
        file.display()
    );
    let json = Case::new().json(&config).unwrap();
    let found: Vec<(&str, &str, f64, Option<f64>)> = json["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let part = row["measures"].get("churned_users").or(row["measures"].get("retained_users")).unwrap().as_f64().unwrap();
            (row["request"].as_str().unwrap(), &row["start"].as_str().unwrap()[8..10], part, row["n"].as_f64())
        })
        .collect();
    // Joins of the days of each client with the days before and after, in DuckDB.
    let expected = [
        ("web.user_churn", "18", 263.0, Some(341.0)),
        ("web.user_churn", "19", 546.0, Some(627.0)),
        ("web.user_churn", "20", 500.0, Some(561.0)),
        ("web.user_retention", "18", 42.0, Some(549.0)),
        ("web.user_retention", "18", 30.0, Some(549.0)),
        ("web.user_retention", "19", 21.0, Some(460.0)),
        ("web.user_retention", "19", 0.0, Some(0.0)),
        ("web.user_retention", "20", 0.0, Some(0.0)),
        ("web.user_retention", "20", 0.0, Some(0.0)),
        ("unbounded", "18", 66.0, Some(549.0)),
        ("unbounded", "18", 30.0, Some(549.0)),
        ("unbounded", "19", 21.0, Some(460.0)),
        ("unbounded", "19", 0.0, Some(0.0)),
        ("unbounded", "20", 0.0, Some(0.0)),
        ("unbounded", "20", 0.0, Some(0.0)),
    ];
    assert_eq!(found, expected);
}

#[test]
#[cfg_attr(not(data = "web_log"), ignore = "there is no ../shared/data/web_log")]
fn the_web_log_is_taken_for_events() {
    assert_eq!(taken_for(&shared("web_log/access.csv")).as_deref(), Some("events"));
}
