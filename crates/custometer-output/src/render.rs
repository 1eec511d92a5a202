//! A result in one format, and what a run says beside it.

use custometer_runner::WebhookStyle;
use custometer_runner::result::RunResult;
use polars::prelude::DataFrame;

use crate::chat::{self, Message};
use crate::error::OutputError;
use crate::format::Format;
use crate::mail::{self, Letter};
use crate::table::{self, Terminal};
use crate::{csv, html, json, markdown, parquet, sections, xlsx};

/// The result in one format. Tables keep within the terminal, where there is one; the other formats have no use for it.
pub fn render(result: &RunResult, format: Format, terminal: Option<Terminal>) -> Result<Vec<u8>, OutputError> {
    let rendered = match format {
        Format::Table => Ok(table::render(result, terminal.unwrap_or_default()).into_bytes()),
        Format::Markdown => Ok(markdown::render(result).into_bytes()),
        Format::Json => json::render(result).map_err(Into::into),
        Format::Csv => csv::render(result).map_err(Into::into),
        Format::Parquet => parquet::render(result),
        Format::Html => html::render(result).map_err(Into::into),
        Format::Xlsx => xlsx::render(result),
    };
    rendered.map_err(|source| OutputError::Render { format, source })
}

/// What a webhook is told of some alerts, by their positions, in its style: as JSON of our own, one message for each, with `schema_version`, the `alert`, the
/// `report`, and the `result` it fired on as in the JSON output; or several together in the shape of a chat service, with a link to where the report is.
/// Alerts on what is hidden, and those that the result does not have, are in none.
pub fn messages(result: &RunResult, alerts: &[usize], style: WebhookStyle, link: Option<&str>) -> Result<Vec<Message>, OutputError> {
    let rendered = match style {
        WebhookStyle::Json => json::messages(result, alerts),
        chat => chat::messages(result, alerts, chat, link),
    };
    rendered.map_err(|error| OutputError::Render { format: Format::Json, source: error.into() })
}

/// The mail that tells some alerts, by their positions, with a link to where the report is; with the whole report in it, or beside it in a file.
pub fn letter(result: &RunResult, alerts: &[usize], link: Option<&str>, inline: bool) -> Result<Letter, OutputError> {
    mail::letter(result, alerts, link, inline).map_err(|error| OutputError::Render { format: Format::Html, source: error.into() })
}

/// The rows of a result as a frame: the columns of the Parquet file.
pub fn frame(result: &RunResult) -> Result<DataFrame, OutputError> {
    parquet::frame(result).map_err(|source| OutputError::Render { format: Format::Parquet, source })
}

/// The alerts as the JSON output has them.
pub fn alerts_json(result: &RunResult) -> Result<String, OutputError> {
    json::alerts(result).map_err(|error| OutputError::Render { format: Format::Json, source: error.into() })
}

/// The figures of a result's requests, and nothing else of it, as a page that holds all it needs and runs no script.
pub fn figures(result: &RunResult) -> Result<String, OutputError> {
    html::figures(result).map_err(|error| OutputError::Render { format: Format::Html, source: error.into() })
}

/// The rejected rows by reason, with examples, as a terminal table: what goes beside a format that has no room for them.
pub fn rejected(result: &RunResult, terminal: Terminal) -> String {
    table::rejected(&result.rejected, terminal) + "\n"
}

/// The alerts, a line each, the gravest first: what goes beside a format that has no room for them.
pub fn alerts(result: &RunResult) -> Vec<String> {
    sections::alerts(&result.alerts).into_iter().map(|line| line.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    const WIDE: Terminal = Terminal { width: Some(80), colors: false, rows: None };

    #[test]
    fn the_same_result_comes_to_the_same_bytes() {
        for format in Format::ALL {
            let render = || render(&fixture::result(), format, Some(WIDE)).unwrap();
            assert_eq!(render(), render(), "{format}");
        }
    }

    #[test]
    fn a_result_without_rows_renders() {
        for format in Format::ALL {
            assert!(!render(&fixture::empty(), format, Some(WIDE)).unwrap().is_empty(), "{format}");
        }
    }
}
