//! A workbook: an overview, a sheet for each request, and sheets for the quality of the data, definitions and how the report was made.
//!
//! Cells have numbers, not texts of numbers, in formats of their units; texts are texts, whatever they begin with, so nothing of the data is run as a
//! formula. Of a hidden group there is its name and nothing else. The file holds no time at which it was made.

mod beside;
mod error;
mod names;
mod numbers;
mod page;
mod request;
mod trends;

#[cfg(test)]
mod tests;

use std::error::Error;

use custometer_runner::result::RunResult;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet};

use crate::human;
use crate::locale::Language;
use names::Names;
use page::Page;
use request::Request;
use trends::Trends;

/// The rows that a sheet has room for.
const MOST_ROWS: u32 = 1_048_576;

/// The result as a workbook.
pub(crate) fn render(result: &RunResult) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    workbook(result, MOST_ROWS)
}

/// The result as a workbook whose sheets have room for so many rows.
fn workbook(result: &RunResult, room: u32) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let language = Language::of(result.locale);
    let words = language.words;
    let mut names = Names::default();
    // The sheets that every workbook has are called alike in all of them.
    let [overview, quality, definitions, made, charts] =
        [words.overview, words.quality, words.definitions, words.manifest, words.chart_data].map(|name| names.name(name));
    let mut trends = Trends::new(charts, room)?;
    let mut requests = Vec::new();
    let mut pages = Vec::new();
    let mut first = 0;
    for rows in result.results.chunk_by(|a, b| (&a.request, a.metric, a.unit) == (&b.request, b.metric, b.unit)) {
        let request = Request::of(rows, first, result, language);
        let of_request = request.pages(&mut names, &mut trends, room)?;
        let sheet = of_request.first().map(|(name, _)| name.clone()).unwrap_or_default();
        pages.extend(of_request.into_iter().map(|(_, page)| page));
        requests.push((request, sheet));
        first += rows.len();
    }
    pages.push(beside::quality(&quality, result, language)?);
    pages.push(beside::definitions(&definitions, result, language)?);
    pages.push(beside::made(&made, result, language)?);
    pages.extend(trends.page());
    let finished = pages.into_iter().map(Page::finish).collect::<Result<Vec<_>, _>>()?;
    let cut = finished.iter().map(|(_, cut)| cut).sum();
    let (front, _) = beside::overview(&overview, result, &requests, cut, language)?.finish()?;
    let sheets: Vec<Worksheet> = std::iter::once(front).chain(finished.into_iter().map(|(sheet, _)| sheet)).collect();

    let mut workbook = Workbook::new();
    let title = result.manifest.title.as_deref().map(human::line).unwrap_or_default();
    // Without a date it would be the time of the run, and other bytes each time.
    let properties =
        DocProperties::new().set_title(title).set_author("custometer").set_creation_datetime(&ExcelDateTime::from_ymd(2000, 1, 1)?);
    workbook.set_properties(&properties);
    for sheet in sheets {
        workbook.push_worksheet(sheet);
    }
    Ok(workbook.save_to_buffer()?)
}
