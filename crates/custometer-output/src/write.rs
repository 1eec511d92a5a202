//! Files that are whole or not there: written beside their destination, then renamed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use custometer_runner::result::{Detail, RunResult};
use jiff::civil::Date;
use polars::prelude::{DataFrame, ParquetWriter, PolarsError};
use tempfile::{Builder, NamedTempFile};

use crate::csv;
use crate::error::OutputError;
use crate::format::Format;
use crate::render::render;

/// Characters that some file system does not allow in a name.
const RESERVED: [char; 9] = ['/', '\\', ':', '*', '?', '"', '<', '>', '|'];

/// What leads to the files of the last run.
const LATEST: &str = "latest";

/// Rows that are turned into text at a time.
const CHUNK: usize = 10_000;

/// Writes the files of [`write_all`] into `DIR/<date>`, and lets `DIR/latest` lead there once all of them are in place.
///
/// Where links need rights that few have, `DIR/latest` is a folder with the same files.
pub fn write_dated(result: &RunResult, formats: &[Format], dir: &Path, date: Date) -> Result<Vec<PathBuf>, OutputError> {
    let folder = date.to_string();
    let paths = write_all(result, formats, &dir.join(&folder))?;
    let latest = dir.join(LATEST);
    #[cfg(unix)]
    link(&folder, dir, &latest).map_err(|source| OutputError::File { what: "replace", path: latest, source })?;
    #[cfg(not(unix))]
    write_all(result, formats, &latest)?;
    Ok(paths)
}

/// Makes `at` a link to a folder beside it, at once: a reader finds the earlier one or this one.
#[cfg(unix)]
fn link(folder: &str, dir: &Path, at: &Path) -> std::io::Result<()> {
    let link = Builder::new().prefix(".latest").make_in(dir, |path| std::os::unix::fs::symlink(folder, path))?;
    link.into_temp_path().persist(at).map_err(|error| error.error)
}

/// Writes every format as `DIR/results.<extension>`, the alerts and the rejected rows by reason beside a CSV as `DIR/alerts.csv` and
/// `DIR/rejected.csv`, the details, if there are
/// any, as `DIR/details/<request>.parquet`, or as CSV where the results are and not as Parquet, and all rejected rows, where the result has
/// them, as `DIR/rejected_rows.csv`.
///
/// Nothing is renamed before all of it is written: an error on the way leaves the previous files as they were. Characters of a
/// request's name that a file system may refuse become `_`. Returns the paths of the files.
pub fn write_all(result: &RunResult, formats: &[Format], dir: &Path) -> Result<Vec<PathBuf>, OutputError> {
    let mut staged = Vec::new();
    create_dir(dir)?;
    for format in formats {
        let bytes = render(result, *format, None)?;
        staged.push(Staged::new(dir, &format!("results.{}", format.extension()), |file, path| {
            file.write_all(&bytes).map_err(|source| OutputError::File { what: "write", path: path.to_owned(), source })
        })?);
    }
    if !result.details.is_empty() {
        let dir = dir.join("details");
        create_dir(&dir)?;
        let as_csv = formats.contains(&Format::Csv) && !formats.contains(&Format::Parquet);
        let extension = if as_csv { Format::Csv } else { Format::Parquet }.extension();
        for (detail, stem) in result.details.iter().zip(stems(&result.details)) {
            staged.push(Staged::new(&dir, &format!("{stem}.{extension}"), |file, path| {
                let failed = |source| OutputError::Detail { request: detail.request.clone(), path: path.to_owned(), source };
                if as_csv {
                    return write_csv(&detail.frame, file, path, failed);
                }
                // Detail tables can be large: they go straight to the file. The copy shares their columns.
                ParquetWriter::new(file).finish(&mut detail.frame.clone()).map(drop).map_err(failed)
            })?);
        }
    }
    if formats.contains(&Format::Csv) {
        // The tidy file has no room for them.
        for (name, text) in [("alerts.csv", csv::alerts(result)), ("rejected.csv", csv::rejected(result))] {
            staged.push(Staged::new(dir, name, |file, path| {
                file.write_all(text.as_bytes()).map_err(|source| OutputError::File { what: "write", path: path.to_owned(), source })
            })?);
        }
    }
    if let Some(rows) = &result.rejected_rows {
        staged.push(Staged::new(dir, "rejected_rows.csv", |file, path| {
            write_csv(rows, file, path, |source| OutputError::Rejected { path: path.to_owned(), source })
        })?);
    }
    staged.into_iter().map(Staged::publish).collect()
}

/// Writes a table as CSV, some rows at a time.
fn write_csv(rows: &DataFrame, file: &mut File, path: &Path, failed: impl Fn(PolarsError) -> OutputError) -> Result<(), OutputError> {
    let mut write =
        |text: &str| file.write_all(text.as_bytes()).map_err(|source| OutputError::File { what: "write", path: path.to_owned(), source });
    write(&csv::header(rows))?;
    for start in (0..rows.height()).step_by(CHUNK) {
        let lines = csv::lines(&rows.slice(i64::try_from(start).unwrap_or(i64::MAX), CHUNK));
        write(&lines.map_err(&failed)?)?;
    }
    Ok(())
}

/// A file that is written, and not yet at its place. Dropped, it is gone.
struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

impl Staged {
    /// Writes a file beside `dir/name`.
    fn new(dir: &Path, name: &str, write: impl FnOnce(&mut File, &Path) -> Result<(), OutputError>) -> Result<Self, OutputError> {
        let path = dir.join(name);
        let mut file = temporary(dir).map_err(|source| OutputError::File { what: "write", path: path.clone(), source })?;
        write(file.as_file_mut(), &path)?;
        // Before the rename: a crash must not leave a file that is named but empty.
        file.as_file().sync_all().map_err(|source| OutputError::File { what: "write", path: path.clone(), source })?;
        Ok(Self { file, path })
    }

    /// Puts the file where it belongs, in place of an earlier one.
    fn publish(self) -> Result<PathBuf, OutputError> {
        match self.file.persist(&self.path) {
            Ok(_) => Ok(self.path),
            Err(error) => Err(OutputError::File { what: "replace", path: self.path, source: error.error }),
        }
    }
}

/// A temporary file with the permissions of any other file: those that the user's mask leaves.
fn temporary(dir: &Path) -> std::io::Result<NamedTempFile> {
    let builder = &mut Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(dir)
}

fn create_dir(dir: &Path) -> Result<(), OutputError> {
    fs::create_dir_all(dir).map_err(|source| OutputError::File { what: "create the folder", path: dir.to_owned(), source })
}

/// File names for the details, one each, also where a file system does not tell upper case from lower.
fn stems(details: &[Detail]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    details
        .iter()
        .map(|detail| {
            let stem = stem(&detail.request);
            let numbered = (2..).map(|number| format!("{stem}-{number}"));
            // `taken` is finite, so one of the numbered names is free.
            std::iter::once(stem.clone()).chain(numbered).find(|name| taken.insert(name.to_lowercase())).unwrap_or(stem)
        })
        .collect()
}

/// A request's name as the name of a file.
fn stem(request: &str) -> String {
    let fits = |character: char| !character.is_control() && !RESERVED.contains(&character);
    let stem: String = request.chars().map(|character| if fits(character) { character } else { '_' }).collect();
    // A leading dot would hide the file.
    if stem.starts_with('.') { format!("_{stem}") } else { stem }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{ParquetReader, SerReader, df};

    use super::*;
    use crate::fixture;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn every_format_and_the_details_are_written() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("new/report");
        let paths = write_all(&fixture::result(), &Format::ALL, &dir).unwrap();
        let expected = [
            "results.txt",
            "results.md",
            "results.json",
            "results.csv",
            "results.parquet",
            "results.html",
            "details/NPS.parquet",
            "alerts.csv",
            "rejected.csv",
            "rejected_rows.csv",
        ];
        assert_eq!(paths, expected.map(|name| dir.join(name)));
        assert_eq!(
            names(&dir),
            [
                "alerts.csv",
                "details",
                "rejected.csv",
                "rejected_rows.csv",
                "results.csv",
                "results.html",
                "results.json",
                "results.md",
                "results.parquet",
                "results.txt"
            ]
        );
        let alerts = fs::read_to_string(dir.join("alerts.csv")).unwrap();
        assert_eq!(
            alerts,
            "alert,severity,message,request,start,end,by.region,by.year,value\n\
             dropped,critical,NPS fell to -5 <b>,NPS,2025-01-01T00:00:00+01:00,2025-02-01T00:00:00+01:00,,,-5\n"
        );
        let rejected = fs::read_to_string(dir.join("rejected.csv")).unwrap();
        assert!(rejected.starts_with("table,reason,rows,requests,file,row,column,value\nresponses,"), "{rejected}");
        assert_eq!(fs::read(dir.join("results.csv")).unwrap(), render(&fixture::result(), Format::Csv, None).unwrap());
        let details = ParquetReader::new(File::open(dir.join("details/NPS.parquet")).unwrap()).finish().unwrap();
        assert!(details.equals(&fixture::result().details[0].frame));
    }

    #[test]
    fn details_are_csv_where_the_results_are() {
        let home = tempfile::tempdir().unwrap();
        write_all(&fixture::result(), &[Format::Csv], home.path()).unwrap();
        assert_eq!(fs::read_to_string(home.path().join("details/NPS.csv")).unwrap(), "customer,score\na,9\nb,3\n");
    }

    #[test]
    fn all_rejected_rows_are_written_however_many_there_are() {
        let dir = tempfile::tempdir().unwrap();
        let rows = i64::try_from(CHUNK).unwrap() * 2 + 1;
        let frame = df!("row" => (1..=rows).collect::<Vec<_>>(), "amount" => vec!["=12,x"; usize::try_from(rows).unwrap()]).unwrap();
        let result = RunResult { rejected_rows: Some(frame), ..fixture::empty() };
        let paths = write_all(&result, &[], dir.path()).unwrap();
        let written = fs::read_to_string(&paths[0]).unwrap();
        let mut lines = written.lines();
        assert_eq!(lines.next(), Some("row,amount"));
        assert!(lines.by_ref().take(CHUNK * 2 + 1).eq((1..=rows).map(|row| format!("{row},\"'=12,x\""))));
        assert_eq!(lines.next(), None);
        // What there is not is not written.
        assert!(write_all(&fixture::empty(), &[], dir.path()).unwrap().is_empty());
    }

    #[test]
    fn dated_folders_stay_and_the_last_one_is_found() {
        let home = tempfile::tempdir().unwrap();
        let latest = home.path().join("latest");
        for day in [1, 2, 2] {
            let paths = write_dated(&fixture::empty(), &[Format::Json], home.path(), jiff::civil::date(2025, 6, day)).unwrap();
            assert_eq!(paths, [home.path().join(format!("2025-06-0{day}/results.json"))]);
            assert_eq!(fs::read(latest.join("results.json")).unwrap(), fs::read(&paths[0]).unwrap());
            #[cfg(unix)]
            assert_eq!(fs::read_link(&latest).unwrap(), Path::new(&format!("2025-06-0{day}")));
        }
        assert_eq!(names(home.path()), ["2025-06-01", "2025-06-02", "latest"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_called_latest_is_not_taken_away() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("latest")).unwrap();
        let error = write_dated(&fixture::empty(), &[Format::Json], home.path(), jiff::civil::date(2025, 6, 1)).unwrap_err();
        assert_eq!(error.to_string(), format!("could not replace `{}`", home.path().join("latest").display()));
        assert_eq!(names(home.path()), ["2025-06-01", "latest"]);
    }

    #[test]
    fn an_earlier_file_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("results.json");
        fs::write(&path, "x".repeat(100_000)).unwrap();
        write_all(&fixture::empty(), &[Format::Json], dir.path()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), render(&fixture::empty(), Format::Json, None).unwrap());
        assert_eq!(names(dir.path()), ["results.json"]);
    }

    #[test]
    fn a_failure_leaves_the_earlier_files_whole() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("results.csv"), "earlier").unwrap();
        // A file where the folder of the details would go.
        fs::write(dir.path().join("details"), "").unwrap();
        let error = write_all(&fixture::result(), &[Format::Csv], dir.path()).unwrap_err();
        assert_eq!(error.to_string(), format!("could not create the folder `{}`", dir.path().join("details").display()));
        assert_eq!(fs::read_to_string(dir.path().join("results.csv")).unwrap(), "earlier");
        assert_eq!(names(dir.path()), ["details", "results.csv"]);
    }

    #[cfg(unix)]
    #[test]
    fn the_files_have_the_permissions_of_any_other_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        fs::write(dir.path().join("other"), "").unwrap();
        write_all(&fixture::empty(), &[Format::Csv], dir.path()).unwrap();
        assert_eq!(mode("results.csv"), mode("other"));
    }

    #[test]
    fn names_of_details_stay_in_their_folder_and_apart() {
        let frame = df!("a" => [1]).unwrap();
        let details = ["../../etc", "NPS by region", "nps by region", "a/b", "a:b"]
            .map(|request| Detail { request: request.to_owned(), frame: frame.clone() });
        assert_eq!(stems(&details), ["_.._.._etc", "NPS by region", "nps by region-2", "a_b", "a_b-2"]);
    }
}
