//! Alerts, from end to end: when they fire, and what they say.

use std::fmt::Write as _;

use custometer_testkit::Case;
use serde_json::{Value as Json, json};

/// Orders of 30, 20 and 10 on average in January, February and March; less in the north, and from March on nothing in the south.
fn orders() -> Case {
    let rows = "time,amount,region,ticket_id\n2025-01-03,29,north,a\n2025-01-04,31,south,b\n2025-02-03,18,north,c\n2025-02-04,22,south,d\n\
        2025-03-03,10,north,e\n";
    Case::new().file("t.csv", rows)
}

fn config(alert: &str) -> String {
    format!(
        "[report]\nfrom = 2025-01-01\nuntil = 2025-04-01\nas_of = 2025-04-01\ngrain = \"month\"\ncompare = [\"previous\"]\n[tables.t]\npath = \"t.csv\"\n\
         [[metrics]]\nname = \"aov\"\ntable = \"t\"\nmetric = \"loyalty.average_order_value\"\nby = [[], [\"region\"]]\n\
         target = {{ at_least = 25, start = 5 }}\n\
         [[metrics]]\nname = \"people\"\ntable = \"t\"\nmetric = \"support.ticket_volume\"\ncolumns = {{ created_at = \"time\" }}\ncompare = []\n\
         [[alerts]]\nname = \"low\"\n{alert}\n"
    )
}

/// Each alert as its message.
fn fired(alert: &str) -> Vec<String> {
    let json = orders().json(&config(alert)).unwrap();
    json["alerts"].as_array().unwrap().iter().map(|alert| alert["message"].as_str().unwrap().to_owned()).collect()
}

const WHERE: &str = "message = \"{{ request }} {{ from }} {{ dimensions.region }}\"";

#[test]
fn the_total_of_the_last_bucket_is_looked_at_unless_said_otherwise() {
    let when = "metrics = [\"aov\"]\nwhen = { value_below = 25 }";
    assert_eq!(fired(&format!("{when}\n{WHERE}")), ["aov 2025-03-01 (all)"]);
    assert_eq!(fired(&format!("{when}\n{WHERE}\non = \"groups\"")), ["aov 2025-03-01 north"]);
    assert_eq!(fired(&format!("{when}\n{WHERE}\non = \"all\"")), ["aov 2025-03-01 (all)", "aov 2025-03-01 north"]);
    assert_eq!(fired(&format!("{when}\n{WHERE}\nperiods = \"all\"")), ["aov 2025-02-01 (all)", "aov 2025-03-01 (all)"]);
}

#[test]
fn everything_that_is_asked_has_to_hold() {
    let of = |when: &str| fired(&format!("metrics = [\"aov\"]\nwhen = {{ {when} }}\n{WHERE}\non = \"all\"\nperiods = \"all\""));
    assert_eq!(of("value_below = 25, value_above = 19"), ["aov 2025-02-01 (all)", "aov 2025-02-01 south"]);
    assert_eq!(of("change_below = -9, relative_change_above = -40"), ["aov 2025-02-01 (all)", "aov 2025-02-01 north"]);
    // What has no value is below nothing.
    assert_eq!(of("undefined = true"), ["aov 2025-03-01 south"]);
    assert_eq!(of("status = [\"unknown\"]"), ["aov 2025-03-01 south"]);
    assert_eq!(of("status = [\"met\", \"unknown\"]").len(), 4);
    assert_eq!(of("progress_below = 30"), ["aov 2025-03-01 (all)", "aov 2025-03-01 north"]);
    assert_eq!(of("n_above = 1, change_is = \"worse\""), ["aov 2025-02-01 (all)"]);
    assert_eq!(of("change_is = \"better\""), Vec::<String>::new());
}

#[test]
fn an_alert_that_names_no_request_looks_at_all_that_can_be_asked() {
    let alert = "when = { value_below = 25 }\nmessage = \"{{ request }}\"";
    assert_eq!(fired(alert), ["aov", "people"]);
    // Only one has a target.
    assert_eq!(fired("when = { status = [\"missed\"] }\nmessage = \"{{ request }}\""), ["aov"]);
}

#[test]
fn an_alert_says_where_and_why_unless_it_has_its_own_words() {
    let when = "metrics = [\"aov\"]\nwhen = { value_below = 25, change_is = \"worse\" }";
    assert_eq!(fired(when), ["aov, 2025-03-01 to 2025-03-31: 10.00 (value below 25 and change for the worse)"]);
    let message = "message = \"{{ alert }}/{{ severity }}: {{ request }} of {{ group }} is {{ value|round(1) }}, {{ change|abs }} less, target {{ target }} {{ status }} ({{ progress|int }} %)\"";
    assert_eq!(
        fired(&format!("{when}\n{message}\nseverity = \"critical\"")),
        ["low/critical: aov of total is 10.0, 10.0 less, target at least 25.00 missed (25 %)"]
    );
    // What can't be said does not hide that it fired.
    let undefined = "metrics = [\"aov\"]\non = \"groups\"\nwhen = { undefined = true }\nmessage = \"{{ value|round(1) }}\"";
    let said = fired(undefined);
    assert!(
        said[0].starts_with("aov (region: south), 2025-03-01 to 2025-03-31: undefined (no value); its own message can't be made: "),
        "{said:?}"
    );
}

#[test]
fn every_output_has_the_alerts() {
    use custometer_output::{Format, render};
    let result = orders()
        .run(&config("metrics = [\"aov\"]\nwhen = { value_below = 25 }\nmessage = \"down to {{ shown }}\"\nseverity = \"critical\""))
        .unwrap();
    assert_eq!(result.alerts.len(), 1);
    for format in Format::ALL {
        let bytes = render(&result, format, None).unwrap();
        let rendered = if format == Format::Xlsx { workbook(bytes) } else { String::from_utf8_lossy(&bytes).into_owned() };
        assert!(rendered.contains("low"), "{format}: {rendered}");
    }
    let json: Json = serde_json::from_slice(&render(&result, Format::Json, None).unwrap()).unwrap();
    let row = result.alerts[0].row;
    assert_eq!(
        json["alerts"],
        json!([{ "name": "low", "severity": "critical", "message": "down to 10.00", "result": row, "webhook": null }])
    );
    assert_eq!((&json["results"][row]["request"], &json["results"][row]["value"]), (&json!("aov"), &json!(10)));
}

/// The texts of a workbook.
fn workbook(bytes: Vec<u8>) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    std::io::read_to_string(archive.by_name("xl/sharedStrings.xml").unwrap()).unwrap()
}

/// The result that an alert fired on.
fn row_of<'a>(json: &'a Json, alert: &Json) -> &'a Json {
    json["results"].get(usize::try_from(alert["result"].as_u64().unwrap()).unwrap()).unwrap()
}

#[test]
fn what_is_suppressed_has_no_alert() {
    // In the north there are enough to hide one of the south; in March there is nobody else.
    let mut rows = String::from("time,amount,region,ticket_id\n");
    for (month, amount) in [(1, 29), (2, 18), (3, 10)] {
        for ticket in 0..4 {
            writeln!(rows, "2025-0{month}-0{},{amount},north,n{month}{ticket}", ticket + 1).unwrap();
        }
    }
    rows += "2025-01-04,31,south,b\n2025-02-04,22,south,d\n";
    let case = Case::new().file("t.csv", rows).set("report.min_group_size=2");
    let alert = "metrics = [\"aov\"]\non = \"all\"\nperiods = \"all\"\nwhen = { value_below = 1000 }";
    let json = case.json(&config(alert)).unwrap();
    let alerts = json["alerts"].as_array().unwrap();
    assert!(!alerts.is_empty());
    for alert in alerts {
        assert_eq!(row_of(&json, alert)["suppressed"], false);
    }
    for unknown in ["undefined = true", "status = [\"unknown\"]"] {
        let json = case.json(&config(&format!("metrics = [\"aov\"]\non = \"groups\"\nperiods = \"all\"\nwhen = {{ {unknown} }}"))).unwrap();
        // Nobody is in the south in March, which is no secret.
        let rows: Vec<&Json> = json["alerts"].as_array().unwrap().iter().map(|alert| row_of(&json, alert)).collect();
        assert!(rows.iter().all(|row| row["suppressed"] == false && row["n"] == 0), "{unknown}: {rows:?}");
    }
}

fn problems(alert: &str) -> String {
    orders().load(&config(alert)).err().expect("the alert is wrong")
}

#[test]
fn each_mistake_in_an_alert_is_said() {
    let when = "when = { value_below = 3 }";
    for (alert, message) in [
        ("when = { }".to_owned(), "the condition asks nothing"),
        ("when = { value_bellow = 3 }".to_owned(), "did you mean `value_below`?"),
        ("when = { status = [\"mised\"] }".to_owned(), "did you mean `missed`?"),
        ("when = { status = [] }".to_owned(), "no status is one of none"),
        ("when = { change_below = 1, compared_with = \"year_ago\" }".to_owned(), "is not compared with `year_ago`"),
        ("when = { benchmark_is = \"worse\" }".to_owned(), "no request can be asked this: `aov` has no benchmark"),
        ("metrics = [\"people\"]\nwhen = { status = [\"missed\"] }".to_owned(), "`people` has no target"),
        ("metrics = [\"people\"]\nwhen = { change_below = 1 }".to_owned(), "`people` is compared with nothing"),
        (format!("metrics = [\"aow\"]\n{when}"), "did you mean `aov`?"),
        (format!("metrics = []\n{when}"), "`low` looks at no request"),
        (format!("{when}\nwebhook = \"team\""), "there is no webhook `team`"),
        (format!("{when}\nseverity = \"grave\""), "expected `info`, `warning` or `critical`"),
        (format!("{when}\nmessage = \"{{{{ valu }}}}\""), "a message knows no `valu`"),
        (format!("{when}\nmessage = \"{{{{ value\""), "the message can't be made"),
        (format!("{when}\nmessage = \"{{{{ value|shout }}}}\""), "filter shout is unknown"),
        (format!("{when}\nmessage = \"{{{{ dimensions.regoin }}}}\""), "the message can't be made: "),
        (format!("{when}\n[[alerts]]\nname = \"low\"\n{when}"), "two alerts are called `low`"),
        ("severity = \"info\"".to_owned(), "`when` is missing"),
    ] {
        let problems = problems(&alert);
        assert!(problems.contains(message), "{alert}: {problems}");
    }
}

#[test]
fn a_mistake_in_a_message_is_underlined() {
    insta::assert_snapshot!(problems("when = { value_below = 3 }\nmessage = \"{{ request }} is at {{ valu|round(1) }}\""));
}

#[test]
fn each_mistake_in_a_webhook_is_said_and_no_secret_with_it() {
    let of = |webhook: &str| {
        let config = config(&format!("when = {{ value_below = 3 }}\nwebhook = \"team\"\n[webhooks.team]\n{webhook}"));
        let case = orders().variable("SECRET", "hush-hush").variable("EMPTY", "").variable("ADDRESS", "http://example.com/T0P-S3CRET");
        case.load(&config).err().unwrap_or_default()
    };
    for (webhook, message) in [
        ("", "the webhook `team` has no address"),
        ("url = \"example.com\"", "this is not an address"),
        ("url = \"http://example.com\"", "alerts are posted over https"),
        ("url = \"ftp://localhost\"", "alerts are posted over https"),
        ("url = \"https://user:word@example.com\"", "a password does not belong in an address"),
        ("url = \"https://example.com\"\nurl_env = \"ADDRESS\"", "the address is said twice"),
        ("url_env = \"ADDRESS\"", "alerts are posted over https"),
        ("url_env = \"NO_SUCH\"", "the environment variable `NO_SUCH` is not set"),
        ("url = \"https://example.com\"\nsecret_env = \"NO_SUCH\"", "the environment variable `NO_SUCH` is not set"),
        ("url = \"https://example.com\"\nsecret_env = \"EMPTY\"", "the environment variable `EMPTY` is not set"),
        ("url = \"https://example.com\"\ntimeout_seconds = 0", "a timeout is above 0"),
        ("url = \"https://example.com\"\nretries = 11", "more than 10 retries"),
        ("url = \"https://example.com\"\nurls = 3", "did you mean `url`?"),
    ] {
        let problems = of(webhook);
        assert!(problems.contains(message), "{webhook}: {problems}");
        assert!(!problems.contains("T0P") && !problems.contains("hush"), "{problems}");
    }
    for webhook in [
        "url = \"https://example.com/x\"\nsecret_env = \"SECRET\"",
        "url = \"http://127.0.0.1:8080\"",
        "url = \"http://[::1]/\"",
        "url = \"http://localhost\"",
    ] {
        assert_eq!(of(webhook), "", "{webhook}");
    }
}

#[test]
fn a_message_can_t_take_all_time_or_memory() {
    let said = |message: &str| {
        let alert = format!("metrics = [\"aov\"]\nwhen = {{ value_below = 25 }}\nmessage = {message:?}");
        match orders().json(&config(&alert)) {
            Ok(json) => json["alerts"][0]["message"].as_str().unwrap().to_owned(),
            Err(error) => error.clone(),
        }
    };
    assert_eq!(said("{% for name in [request, alert] %}{% if name %}{{ name }},{% endif %}{% endfor %}"), "aov,low,");
    assert_eq!(said("{{ [request, alert]|join(' and ')|replace('o', '0') }}"), "a0v and l0w");
    for (bomb, why) in [
        ("{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}", "a message has no loop within a loop"),
        ("{% set s = request ~ request %}{{ s }}", "a message has no `set`"),
        ("{% macro m(s) %}{{ m(s ~ s) }}{% endmacro %}{{ m(request) }}", "a message has no `macro`"),
        ("{% for a in [1] recursive %}{{ loop([a]) }}{% endfor %}", "a message has no loop within a loop"),
        ("{% for a in range(90000) %}{% if a %}{% endif %}{% endfor %}", "fuel"),
        ("{{ request|indent(1000000000) }}", "indent"),
        ("{{ request|replace('', request * 9999) }}", "too long"),
        ("{{ 'x' * 20000 }}", "can't be made"),
    ] {
        let said = said(bomb);
        assert!(said.contains(why), "{bomb}: {said}");
    }
}
