//! Memory: what does not fit is on disk meanwhile, and nothing tells it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use custometer_core::Registry;
use custometer_output::Format;
use custometer_runner::Input;
use custometer_testkit::Case;
use jiff::civil::date;

#[test]
fn every_report_of_the_repository_has_the_same_bytes_without_memory() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let registry = Registry::linked().unwrap();
    let mut reports = 0;
    for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        // What the report of a web log reads lies beside the repository.
        if path.extension().is_none_or(|extension| extension != "toml") || path.ends_with("web-log.toml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let result = |bytes| {
            let (name, given) = (path.to_string_lossy(), BTreeMap::new());
            let (as_of, environment) = (Some(date(2026, 1, 1)), |_: &str| Some("https://example.com".to_owned()));
            let input = Input {
                name: &name,
                text: &text,
                folder: &folder,
                settings: &[],
                as_of,
                today: None,
                environment: &environment,
                given: &given,
            };
            let mut report = custometer_runner::load(&input, &registry).unwrap_or_else(|problems| panic!("{problems:?}"));
            report.memory.bytes = bytes;
            let result = custometer_runner::run(&report, &folder, &|_| ()).unwrap();
            let json = String::from_utf8(custometer_output::render(&result, Format::Json, None).unwrap()).unwrap();
            (json, result.details.iter().map(|detail| detail.frame.clone()).collect::<Vec<_>>())
        };
        assert!(result(None) == result(Some(0)), "{}", path.display());
        reports += 1;
    }
    assert!(reports > 4, "{reports}");
}

/// Events of which one user has so many that they are too large to be derived without memory.
fn robot() -> Case {
    let mut events = "time,user_id\n".to_owned();
    for minute in 0..250_000 {
        let (user, day) = (if minute % 50 == 0 { minute % 7 } else { 4_711 }, 1 + minute / 1_440 % 28);
        // Writing to a string does not fail.
        let _ = writeln!(events, "2025-01-{day:02}T{:02}:{:02}:00Z,u{user}", minute / 60 % 24, minute % 60);
    }
    Case::new().file("e.csv", events)
}

const SESSIONS: &str = "[tables.events]\npath = \"e.csv\"\n[[metrics]]\nmetric = \"web.sessions\"\ntable = \"events\"\n";

#[test]
fn one_whose_rows_do_not_fit_is_named() {
    let case = robot();
    assert!(case.run(SESSIONS).is_ok());
    let refused = case.memory(0).run(SESSIONS).unwrap_err();
    assert!(refused.starts_with("table `events` has more than ") && refused.contains("rows of `user_id` `u4711`, which"), "{refused}");
    assert!(refused.contains("`--memory`"), "{refused}");
}

#[test]
fn one_whose_rows_do_not_fit_is_not_named_where_ids_are_hidden() {
    let case = robot().memory(0);
    let refused = case.run(&format!("[report]\nmin_group_size = 5\n{SESSIONS}")).unwrap_err();
    assert!(refused.contains("rows of one `user_id`") && !refused.contains("4711"), "{refused}");
    let hashed = format!("[report]\nhash_ids = \"SECRET\"\n{SESSIONS}");
    let refused = case.variable("SECRET", "a secret that is long enough for it").run(&hashed).unwrap_err();
    assert!(!refused.contains("4711"), "{refused}");
}
