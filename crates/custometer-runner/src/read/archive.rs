//! Zip archives: what is in them.

use std::borrow::Cow;
use std::io::{self, BufReader, Read as _};
use std::sync::Arc;

use polars::prelude::PolarsError;
use zip::{CompressionMethod, ZipArchive};

use super::guard::guarded;
use super::paths;
use super::source::{Member, Reader, Source};

/// Deflated bytes are never more than so many bytes each when they are unpacked.
const MOST_PER_BYTE: u64 = 1032;
/// So many bytes stand before the name of a member.
const HEADER: u64 = 30;
/// The parts of a workbook have no more bytes together.
const MOST_OF_WORKBOOK: u64 = 4 << 30;

/// What an archive is.
pub(crate) enum Contents {
    /// Of the parts of a workbook.
    Workbook,
    /// Of files.
    Members(Vec<Member>),
}

/// Lists an archive, in the natural order of names. Folders, and what systems keep for themselves in archives, are left out.
///
/// # Errors
///
/// What is wrong with it, or what it is that is not read.
pub(crate) fn contents(source: &Arc<Source>) -> Result<Contents, String> {
    let damaged = |error: &dyn std::fmt::Display| format!("is a zip archive that can't be read: {error}");
    let open = || ZipArchive::new(BufReader::new(source.reader())).map_err(|error| PolarsError::ComputeError(error.to_string().into()));
    let mut archive = guarded(open).map_err(|error| damaged(&error))?;
    let names: Vec<String> = archive.file_names().flatten().map(Cow::into_owned).collect();
    let has = |name: &str| names.iter().any(|known| known == name);
    if has("xl/workbook.xml") || has("xl/workbook.bin") {
        return Ok(Contents::Workbook);
    }
    if has("mimetype") && has("content.xml") {
        let mut kind = String::new();
        let read = archive.by_name("mimetype").is_ok_and(|file| file.take(1 << 10).read_to_string(&mut kind).is_ok());
        let is_workbook = read && kind.starts_with("application/vnd.oasis.opendocument.spreadsheet");
        return if is_workbook { Ok(Contents::Workbook) } else { Err("is a document, and no table: export its table as CSV".to_owned()) };
    }
    if has("[Content_Types].xml") || has("Index/Document.iwa") {
        return Err("is a document, and no table that is read: export its table as CSV or as a workbook (.xlsx)".to_owned());
    }
    if archive.has_duplicate_names() {
        return Err("is a zip archive with two members of one name: unpack it, and read the files".to_owned());
    }
    // What is packed once and unpacked many times.
    if guarded(|| archive.has_overlapping_files().map_err(|error| PolarsError::ComputeError(error.to_string().into())))
        .map_err(|error| damaged(&error))?
    {
        return Err("is a zip archive with members that lie over each other: it is damaged, or made to fill a disk".to_owned());
    }
    let is_file = |name: &str| !name.rsplit('/').next().unwrap_or(name).starts_with('.') && !name.starts_with("__MACOSX/");
    let mut members = members(source, &mut archive)?;
    members.retain(|member| is_file(&member.name));
    members.sort_by(|a, b| paths::natural(a.name.as_ref(), b.name.as_ref()));
    Ok(Contents::Members(members))
}

/// The members of an archive that are files.
fn members(source: &Arc<Source>, archive: &mut ZipArchive<BufReader<Reader>>) -> Result<Vec<Member>, String> {
    let damaged = |error: &dyn std::fmt::Display| format!("is a zip archive that can't be read: {error}");
    let (mut members, mut headers) = (Vec::new(), Vec::new());
    for position in 0..archive.len() {
        let entry = archive.by_index_raw(position).map_err(|error| damaged(&error))?;
        let name = entry.name().map_err(|error| damaged(&error))?.into_owned();
        if entry.is_dir() {
            continue;
        }
        if entry.encrypted() {
            return Err(format!("is a zip archive whose `{name}` is encrypted: unpack it"));
        }
        let is_deflated = match entry.compression() {
            CompressionMethod::Stored => false,
            CompressionMethod::Deflated => true,
            other => return Err(format!("is a zip archive whose `{name}` is packed by {other}, which is not read: unpack it")),
        };
        let (packed, bytes) = (entry.compressed_size(), entry.size());
        if bytes > packed.saturating_mul(if is_deflated { MOST_PER_BYTE } else { 1 }) {
            return Err(format!("is a damaged zip archive: `{name}` can't have {bytes} bytes in {packed} packed ones"));
        }
        let at = entry.data_start().ok_or_else(|| damaged(&"a member has no start"))?;
        headers.push((entry.header_start() + HEADER, entry.name_raw().to_vec(), name.clone()));
        let crc = entry.crc32();
        members.push(Member { name, at, packed, is_deflated, bytes, crc });
    }
    // A name stands before its member, too. Where the two differ, nothing tells which one is right.
    for (at, name, shown) in headers {
        if source.part(at, name.len()).ok().is_none_or(|before| before != name) {
            return Err(format!("is a damaged zip archive: `{shown}` is called otherwise where it starts"));
        }
    }
    Ok(members)
}

/// The parts of a workbook, each gone through once: who reads a part may stop before its checksum, and never see that the
/// part is damaged.
pub(super) fn checked_parts(source: &Arc<Source>) -> Result<Vec<Member>, String> {
    let open = || ZipArchive::new(BufReader::new(source.reader())).map_err(|error| PolarsError::ComputeError(error.to_string().into()));
    let parts = guarded(open).map_err(|error| error.to_string()).and_then(|mut archive| members(source, &mut archive))?;
    let bytes = parts.iter().fold(0_u64, |bytes, part| bytes.saturating_add(part.bytes));
    if bytes > MOST_OF_WORKBOOK {
        return Err(format!("is a workbook of {} GiB, which would be held in memory: export its table as CSV", bytes >> 30));
    }
    for part in &parts {
        io::copy(&mut source.with_member(part.clone()).reader(), &mut io::sink())
            .map_err(|error| format!("is a workbook that can't be read: its part `{}`: {error}", part.name))?;
    }
    Ok(parts)
}

/// The text of a member, or its start where it is longer than such a member should be; empty where there is none.
pub(crate) fn text(source: &Arc<Source>, member: &str) -> String {
    let read = || -> Option<String> {
        let mut archive = ZipArchive::new(BufReader::new(source.reader())).ok()?;
        let mut text = String::new();
        archive.by_name(member).ok()?.take(1 << 24).read_to_string(&mut text).ok()?;
        Some(text)
    };
    read().unwrap_or_default()
}
