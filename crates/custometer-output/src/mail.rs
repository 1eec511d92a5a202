//! A report as a mail: in plain text, and where it is wanted in HTML that programs of mail show.

use custometer_runner::result::{Alert, RunResult};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};
use serde::Serialize;

use crate::human;
use crate::sections::{self, Section, Text, Tone};
use crate::table::{self, Terminal};

/// Styles stand at each element: programs of mail read no others, and run and load nothing.
const TEMPLATE: &str = include_str!("mail.html");

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its subject.
    pub subject: String,
    /// What it says in plain text.
    pub text: String,
    /// The same in HTML, where the report is in the mail itself.
    pub html: Option<String>,
}

/// The report as a page of mail.
#[derive(Serialize)]
struct Page<'a> {
    title: &'a str,
    link: Option<&'a str>,
    targets: String,
    lines: Vec<Line>,
    alerts: Vec<Line>,
    sections: Vec<Part>,
    rejected: String,
}

#[derive(Serialize)]
struct Line {
    text: String,
    color: &'static str,
}

#[derive(Serialize)]
struct Part {
    heading: String,
    heads: Vec<(String, &'static str)>,
    rows: Vec<Vec<Line>>,
    notes: Vec<String>,
}

/// The mail that tells some alerts, by their positions; with the whole report in it, or beside it in a file.
pub(crate) fn letter(result: &RunResult, alerts: &[usize], link: Option<&str>, inline: bool) -> Result<Letter, Error> {
    let title = result.manifest.title.as_deref().map_or_else(|| "Report".to_owned(), human::line);
    let told: Vec<Alert> = alerts.iter().filter_map(|position| result.alerts.get(*position)).cloned().collect();
    let subject = match told.len() {
        0 => title.clone(),
        1 => format!("{title}: 1 alert"),
        count => format!("{title}: {count} alerts"),
    };
    let lines = sections::alerts(&told);
    let read_at = link.map(|link| format!("The report: {link}")).unwrap_or_default();
    if !inline {
        let alerts = lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>().join("\n");
        let targets = sections::targets(result).map(|(counts, lines)| {
            std::iter::once(counts).chain(lines.into_iter().map(|line| format!("  {}", line.text))).collect::<Vec<_>>().join("\n")
        });
        let parts = [title, alerts, targets.unwrap_or_default(), read_at, "The report is attached.".to_owned()];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        return Ok(Letter { subject, text: parts.join("\n\n") + "\n", html: None });
    }
    let alerts = lines.iter().map(|line| line.text.clone() + "\n").collect::<String>();
    let whole = table::render(result, Terminal::default());
    let text = [alerts, whole, read_at].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    let (targets, short) = sections::targets(result).unwrap_or_default();
    let page = Page {
        title: &title,
        link,
        targets,
        lines: short.into_iter().map(Line::from).collect(),
        alerts: lines.into_iter().map(Line::from).collect(),
        sections: sections::sections(result).into_iter().map(Part::from).collect(),
        rejected: table::rejected(&result.rejected, Terminal::default()),
    };
    let mut templates = Environment::new();
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.add_template("mail.html", TEMPLATE)?;
    let html = templates.get_template("mail.html")?.render(Serde(page))?;
    Ok(Letter { subject, text, html: Some(html) })
}

impl From<Text> for Line {
    fn from(text: Text) -> Self {
        let color = match text.tone {
            Tone::Plain => "#1f2328",
            Tone::Good => "#1e6b34",
            Tone::Warning => "#7a5200",
            Tone::Bad => "#a41e22",
            Tone::Faint => "#59636e",
        };
        Self { text: text.text, color }
    }
}

impl From<Section> for Part {
    fn from(section: Section) -> Self {
        let heads = section.columns.iter().map(|column| (column.name.clone(), if column.is_right { "right" } else { "left" })).collect();
        let count = section.columns.first().map_or(0, |column| column.cells.len());
        let mut columns: Vec<_> = section.columns.into_iter().map(|column| column.cells.into_iter()).collect();
        let rows = (0..count).map(|_| columns.iter_mut().filter_map(Iterator::next).map(Line::from).collect()).collect();
        Self { heading: section.heading, heads, rows, notes: section.notes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_mail_beside_a_file_says_what_is_to_be_told() {
        let letter = letter(&fixture::result(), &[0], Some("https://example.com/r"), false).unwrap();
        assert_eq!(letter.subject, "Customer metrics: 1 alert");
        let expected = "Customer metrics\n\ncritical dropped: NPS fell to -5 <b>\n\nTargets: 1 missed.\n  ✗ missed: NPS, 2025-01: -5.0, target at least +40.0\n\n\
                        The report: https://example.com/r\n\nThe report is attached.\n";
        assert_eq!((letter.text.as_str(), letter.html), (expected, None));
        assert_eq!(super::letter(&fixture::result(), &[], None, false).unwrap().subject, "Customer metrics");
    }

    #[test]
    fn a_report_in_a_mail_runs_and_loads_nothing_and_text_stays_text() {
        let letter = letter(&fixture::result(), &[0], None, true).unwrap();
        let html = letter.html.unwrap();
        for part in ["<script", "<style", "<svg", "<img", "src=", "<b>"] {
            assert!(!html.contains(part), "{part}: {html}");
        }
        assert!(html.contains("NPS fell to -5 &lt;b&gt;") && html.contains("✗\u{a0}missed"), "{html}");
        assert!(html.contains("suppressed") && !html.contains("1.25"), "{html}");
        assert!(letter.text.contains("critical dropped") && letter.text.contains("No rows") | letter.text.contains("Rejected rows"));
    }
}
