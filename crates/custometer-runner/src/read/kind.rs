//! What a file is: by its first bytes, by what is said of it, by its name.

use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use super::format::FileFormat;
use super::open_error::OpenError;
use super::source::{Member, Source};
use super::{archive, elements, text};

/// By so many bytes it is told what a file is.
const START: usize = 1 << 16;

/// What a file turns out to be.
pub(crate) enum Found {
    Table(FileFormat),
    Archive(Vec<Member>),
}

/// What a source is, by its first bytes, or else as is said, or by its name. None where nothing tells. `has_rows` is whether keys are said
/// that lead to rows.
pub(crate) fn kind_of(source: &Arc<Source>, said: Option<FileFormat>, has_rows: bool) -> Result<Option<Found>, OpenError> {
    let file = source.path().display().to_string();
    let mut raw = Vec::new();
    let failed = |error: std::io::Error| OpenError::Text { file: file.clone(), source: error.into() };
    source.reader().take(START as u64).read_to_end(&mut raw).map_err(failed)?;
    // What is damaged is said when it is read.
    let mut unpacked = Vec::new();
    let _ = text::open(source).map(|(_, text)| text.take(START as u64).read_to_end(&mut unpacked));
    let content = unpacked.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&unpacked).trim_ascii_start();
    let refused = |what: &str| Err(OpenError::Container { file: file.clone(), what: what.to_owned() });
    let table = |found: FileFormat| Ok(Some(Found::Table(found)));
    let as_said = |found: FileFormat| {
        if said.is_none_or(|said| said == found) {
            table(found)
        } else {
            refused(&format!("is {}, and no {}", found.as_str(), said.map_or("", FileFormat::as_str)))
        }
    };
    let magic = [(&b"PAR1"[..], FileFormat::Parquet), (b"ARROW1", FileFormat::Arrow)];
    if let Some((_, found)) = magic.iter().find(|(magic, _)| raw.starts_with(magic)) {
        return if source.member().is_some() {
            refused("is packed in an archive, and is read where it is not: unpack it")
        } else {
            as_said(*found)
        };
    }
    if magic.iter().any(|(magic, _)| unpacked.starts_with(magic)) {
        return refused("is packed, and its columns are packed by themselves: unpack it");
    }
    let is_old_workbook = raw.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]);
    if raw.starts_with(b"PK\x03\x04") || raw.starts_with(b"PK\x05\x06") || is_old_workbook && source.member().is_some() {
        return match in_archive(source) {
            Ok(Found::Table(found)) => as_said(found),
            Ok(members) => Ok(Some(members)),
            Err(what) => refused(&what),
        };
    }
    if is_old_workbook {
        return as_said(FileFormat::Workbook);
    }
    let by_name = said.or_else(|| format_of(source.path()));
    match (by_name, content.first()) {
        (Some(FileFormat::Parquet | FileFormat::Arrow), Some(_)) => {
            refused("is not what its name says: it does not start like such a file")
        }
        (Some(FileFormat::Workbook), Some(_)) => refused("is no workbook: it does not start like one"),
        (Some(FileFormat::Ndjson | FileFormat::Json) | None, Some(b'[')) => table(FileFormat::Json),
        (Some(FileFormat::Ndjson | FileFormat::Json) | None, Some(b'{')) if has_rows => table(FileFormat::Json),
        (_, Some(b'{')) if said != Some(FileFormat::Ndjson) => match (of_objects(source, content, by_name), by_name) {
            (Objects::Lines, _) if said.is_none() => table(FileFormat::Ndjson),
            (Objects::Document(what), Some(FileFormat::Ndjson | FileFormat::Json) | None) => {
                Err(OpenError::Within { file: file.clone(), key: "rows", what })
            }
            (_, found) => Ok(found.map(Found::Table)),
        },
        (Some(found), _) => table(found),
        (None, _) => Ok(None),
    }
}

/// What a text of JSON objects is.
enum Objects {
    /// Each line is one.
    Lines,
    /// It is one, with rows in it if anywhere. What to make of it is said.
    Document(String),
}

/// Whether a text that starts with an object is lines of objects. `start` is its start.
fn of_objects(source: &Arc<Source>, start: &[u8], by_name: Option<FileFormat>) -> Objects {
    let line_end = start.iter().position(|byte| *byte == b'\n');
    let (line, rest) = start.split_at(line_end.unwrap_or(start.len()));
    let is_cut_off = line_end.is_none() && start.len() > START / 2;
    let is_object = is_cut_off || serde_json::from_slice::<serde_json::Value>(line).is_ok_and(|value| value.is_object());
    let arrays = elements::arrays(start);
    let may_be_one = matches!(by_name, None | Some(FileFormat::Json)) && !arrays.is_empty();
    // One line is a row, or a document of rows, and its name may say which.
    if is_object && (!rest.trim_ascii().is_empty() || !may_be_one || has_more_lines(source)) {
        return Objects::Lines;
    }
    let or = if is_object { ", or `format = \"ndjson\"` where it is a row itself" } else { "" };
    Objects::Document(match arrays.as_slice() {
        [] => "is one JSON document without an array of objects, and no rows: one object per line is read, or an array".to_owned(),
        [first, ..] => format!("is one JSON document: say which of its arrays has the rows, such as `rows = \"{first}\"`{or}"),
    })
}

/// Whether anything comes after a text's first line. What is damaged is said when it is read.
fn has_more_lines(source: &Arc<Source>) -> bool {
    let Ok((_, text)) = text::open(source) else { return false };
    let mut bytes = BufReader::new(text).bytes().map_while(Result::ok).skip_while(u8::is_ascii_whitespace);
    bytes.any(|byte| byte == b'\n') && bytes.any(|byte| !byte.is_ascii_whitespace())
}

/// The format that a file's name says, packed or not.
pub(crate) fn format_of(path: &Path) -> Option<FileFormat> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let name = [".gz", ".zst", ".zstd"].into_iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(&name);
    match name.rsplit('.').next()? {
        "csv" | "txt" => Some(FileFormat::Csv),
        "tsv" | "tab" => Some(FileFormat::Tsv),
        "ndjson" | "jsonl" => Some(FileFormat::Ndjson),
        "json" => Some(FileFormat::Json),
        "xlsx" | "xlsm" | "xlsb" | "ods" | "xls" => Some(FileFormat::Workbook),
        "parquet" | "pq" => Some(FileFormat::Parquet),
        "arrow" | "ipc" | "feather" => Some(FileFormat::Arrow),
        _ => None,
    }
}

/// What a zip archive holds. `source` starts like one.
pub(crate) fn in_archive(source: &Arc<Source>) -> Result<Found, String> {
    if source.member().is_some() {
        return Err("is a workbook or an archive within an archive: unpack it".to_owned());
    }
    archive::contents(source).map(|contents| match contents {
        archive::Contents::Workbook => Found::Table(FileFormat::Workbook),
        archive::Contents::Members(members) => Found::Archive(members),
    })
}
