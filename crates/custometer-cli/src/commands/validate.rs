//! `validate`: what is wrong with reports, in words, as JSON, and as SARIF for the annotations of a code host.

use std::fmt::Write as _;

use custometer_core::Registry;
use custometer_runner::result::harmless;
use custometer_runner::{PlacedProblem, Problem, Report};
use serde_json::{Value as Json, json};

use super::{load, load_all};
use crate::args::{ReportArgs, ValidateFormat};
use crate::failure::Failure;
use crate::tell::{counted, print};

/// The version of what is told as JSON. It changes when a reader has to.
const VERSION: u32 = 1;

pub(super) fn run(args: &ReportArgs, format: ValidateFormat, registry: &Registry) -> Result<(), Failure> {
    if format == ValidateFormat::Text {
        let several = args.paths.len() > 1;
        return load_all(args, registry)?.iter().try_for_each(|(path, report)| {
            let which = if several { format!("`{}`", harmless::line(&path.display().to_string())) } else { "the report".to_owned() };
            print(&format!("{which} is in order: {}\n", contents(report)))
        });
    }
    let mut problems = Vec::new();
    let mut more = 0;
    let mut others = Vec::new();
    for path in &args.paths {
        match load(path, args, registry) {
            Ok(_) => {}
            Err(Failure::Report(found)) => {
                problems.extend(found.as_slice().iter().map(Problem::placed));
                more += found.more();
            }
            // What can't be read at all has no place.
            Err(other) => others.push((path.display().to_string(), other)),
        }
    }
    // Reports that include one file share its problems.
    let mut told: Vec<PlacedProblem> = Vec::new();
    for problem in problems {
        if !told.contains(&problem) {
            told.push(problem);
        }
    }
    let count = told.len() + more;
    let document = if format == ValidateFormat::Sarif { sarif(&told) } else { document(&told, more) };
    print(&format!("{document:#}\n"))?;
    if !others.is_empty() {
        return Failure::of_reports(args.paths.len() > 1, others);
    }
    if count == 0 { Ok(()) } else { Err(Failure::usage(format!("{} in the reports", counted(count, "problem")))) }
}

/// What a report that is in order has.
fn contents(report: &Report) -> String {
    let more = [
        (report.calculated.len(), "derived result"),
        (report.targets(), "target"),
        (report.alerts(), "alert"),
        (report.webhooks.len(), "webhook"),
        (report.mails.len(), "mail"),
    ];
    let more = more.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {}", counted(*count, what)));
    format!("{} over {}{}", counted(report.requests.len(), "request"), counted(report.tables.len(), "table"), more.collect::<String>())
}

fn document(problems: &[PlacedProblem], more: usize) -> Json {
    json!({ "version": VERSION, "problems": problems, "more": more })
}

/// The problems in the Static Analysis Results Interchange Format, version 2.1.0, of OASIS.
fn sarif(problems: &[PlacedProblem]) -> Json {
    let results = problems.iter().map(|problem| {
        let help = problem.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
        let result = json!({
            "ruleId": RULE,
            "ruleIndex": 0,
            "level": "error",
            "message": { "text": format!("{}{help}", problem.message) },
        });
        with_location(result, problem)
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "custometer",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": [{ "id": RULE, "shortDescription": { "text": "The report can't be run as it is." } }],
            }},
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

/// The one rule there is: what is wrong with a report keeps it from running.
const RULE: &str = "report";

fn with_location(mut result: Json, place: &PlacedProblem) -> Json {
    let location = if place.file == "--set" {
        json!({ "logicalLocations": [{ "name": "--set" }] })
    } else {
        json!({ "physicalLocation": {
            "artifactLocation": { "uri": address(&place.file) },
            "region": {
                "startLine": place.line, "startColumn": place.column, "endLine": place.end_line, "endColumn": place.end_column,
            },
        }})
    };
    result["locations"] = json!([location]);
    result
}

/// A path as a reference of RFC 3986: relative to where the program runs, or of this machine.
fn address(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut address = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            address.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn a_path_is_a_reference() {
        assert_eq!(address("reports/mån ed.toml"), "reports/m%C3%A5n%20ed.toml");
        assert_eq!(address("/srv/a.toml"), "file:///srv/a.toml");
        assert_eq!(address("reports\\a.toml"), "reports/a.toml");
    }
}
