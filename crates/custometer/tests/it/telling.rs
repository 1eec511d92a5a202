//! Alerts in the shapes of chat services, and reports as mail, each at a real server that checks what it is told.

mod mail;
mod shapes;

use std::fs;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::outputs::{Told, outcome, report, run, server};

/// What would ping, link or format, were it more than text.
const HOSTILE: &str = "<!channel> @everyone @channel [x](https://evil.example) *b* `c` <b>&amp;</b>";

fn alerts(style: &str, port: u16, more: &str) -> String {
    format!(
        "[[alerts]]\nname = \"low\"\nwhen = {{ value_below = 20 }}\nperiods = \"all\"\non = \"all\"\nseverity = \"critical\"\n\
         message = \"{HOSTILE} {more}\"\nwebhook = \"team\"\n[webhooks.team]\nurl = \"http://127.0.0.1:{port}/hook\"\nstyle = \"{style}\"\n"
    )
}

fn received(told: &Receiver<Told>) -> Json {
    let Told { headers, body, .. } = told.recv_timeout(Duration::from_secs(5)).unwrap();
    assert_eq!(headers["content-type"], "application/json");
    serde_json::from_slice(&body).unwrap()
}

/// All texts in a document.
fn texts(document: &Json) -> Vec<&str> {
    match document {
        Json::String(text) => vec![text],
        Json::Array(items) => items.iter().flat_map(texts).collect(),
        Json::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// What checks a message.
type Check = fn(&Json);

const STYLES: [(&str, Check); 4] =
    [("slack", shapes::slack), ("teams", shapes::teams), ("discord", shapes::discord), ("mattermost", shapes::mattermost)];

#[test]
fn each_service_is_told_in_its_shape_what_the_report_says() {
    for (style, check) in STYLES {
        let (port, told) = server(&[Some("200 OK")]);
        let folder = report("target = { at_least = 25 }", &alerts(style, port, ""));
        let settings = ["--set", "report.link=https://example.com/report?a=1&b=|2", "--set", "report.compare=[\"previous\"]"];
        assert_eq!(outcome(&run(&folder, &settings)), (0, format!("sent 1 alert to `team` (http://127.0.0.1:{port})\n")), "{style}");
        let message = received(&told);
        check(&message);
        let said = texts(&message).join("\n");
        for part in ["Orders", "Critical: low", "Aov", "10.00", "−20.00", "≥\u{a0}25.00 (missed)", "example.com/report", "Open the report"]
        {
            let has_no_words = part == "Open the report" && matches!(style, "discord" | "mattermost");
            assert!(said.contains(part) || has_no_words, "{style}: {part} in {said}");
        }
    }
}

#[test]
fn many_alerts_are_told_in_few_messages_within_the_limits_of_each_service() {
    for (style, check) in STYLES {
        let (port, told) = server(&[Some("204 No Content"); 30]);
        let folder = report("", &alerts(style, port, &"*_long_* & ".repeat(300)));
        let rows: Vec<String> = (0..25).map(|group| format!("2025-02-03,8,{}{group}", "|<@group>".repeat(30))).collect();
        fs::write(folder.path().join("orders.csv"), format!("time,amount,group\n{}\n", rows.join("\n"))).unwrap();
        let (code, said) = outcome(&run(&folder, &["--set", "metrics.0.by=[[\"group\"]]"]));
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("sent 25 alerts"), "{said}");
        let messages: Vec<Json> = told.try_iter().map(|told| serde_json::from_slice(&told.body).unwrap()).collect();
        messages.iter().for_each(check);
        let counted: usize = messages
            .iter()
            .map(|message| texts(message).iter().filter(|text| text.contains("Critical: low") && !text.contains("Critical: low:")).count())
            .sum();
        assert_eq!(counted, 25, "{style}");
        assert!((3..=25).contains(&messages.len()), "{style}: {}", messages.len());
    }
}

#[test]
fn what_a_service_does_not_take_is_told_and_the_report_is_there() {
    for (style, _) in STYLES {
        let (port, told) = server(&[Some("503 Service Unavailable"), Some("200 OK")]);
        let (code, said) = outcome(&run(&report("", &alerts(style, port, "")), &["--quiet"]));
        assert_eq!((code, said.as_str(), told.iter().take(2).count()), (0, "", 2), "{style}");
        let (port, _told) = server(&[Some("400 Bad Request")]);
        let folder = report("", &alerts(style, port, ""));
        let (code, said) = outcome(&run(&folder, &["--quiet", "--out", "out"]));
        assert!(code == 1 && said.contains("could not be delivered to `team`") && said.contains("400 Bad Request"), "{style}: {said}");
        assert!(folder.path().join("out/results.txt").exists());
    }
}

#[test]
fn a_style_that_is_none_is_said() {
    let folder: TempDir = report("", &alerts("irc", 1, ""));
    let (code, said) = outcome(&run(&folder, &[]));
    assert!(code == 2 && said.contains("irc") && said.contains("mattermost"), "{said}");
}
