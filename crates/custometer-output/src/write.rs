//! The files of a run.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use custometer_runner::result::{Detail, RunResult};
use jiff::civil::Date;
use polars::prelude::{DataFrame, ParquetWriter, PolarsError};

use crate::csv;
use crate::error::OutputError;
use crate::format::Format;
use crate::render::render;
use crate::set::{Outputs, Staged, has_no_links};

/// Characters that some file system does not allow in a name.
const RESERVED: [char; 9] = ['/', '\\', ':', '*', '?', '"', '<', '>', '|'];

/// The files beside those of each format. A run replaces those of the run before.
const BESIDE: [&str; 3] = ["alerts.csv", "rejected.csv", "rejected_rows.csv"];

/// What leads to the files of the last run.
const LATEST: &str = "latest";

/// Rows that are turned into text at a time.
const CHUNK: usize = 10_000;

/// Writes the files of [`write_all`] into `DIR/<date>`, and lets `DIR/latest` lead there once all of them are in place.
///
/// Where links need rights that few have, `DIR/latest` is a folder with the same files.
pub fn write_dated(result: &RunResult, formats: &[Format], dir: &Path, date: Date) -> Result<Vec<PathBuf>, OutputError> {
    let folder = date.to_string();
    let outputs = Outputs::open(dir, &[])?;
    let paths = if fs::symlink_metadata(dir.join(&folder)).is_ok() {
        write_all(result, formats, &dir.join(&folder))?
    } else {
        let mut set = outputs.stage()?;
        stage(result, formats, &outputs, &mut set, Path::new(&folder))?;
        outputs.publish_folder(&set, &folder)?
    };
    let latest = dir.join(LATEST);
    match outputs.point(&latest, Path::new(&folder)) {
        Ok(()) => Ok(paths),
        Err(error) if has_no_links(&error) => write_all(result, formats, &latest).map(|_| paths),
        Err(source) => Err(OutputError::File { what: "replace", path: latest, source }),
    }
}

/// Writes every format as `DIR/results.<extension>`, the alerts and the rejected rows by reason beside a CSV as `DIR/alerts.csv` and
/// `DIR/rejected.csv`, the details, if there are
/// any, as `DIR/details/<request>.parquet`, or as CSV where the results are and not as Parquet, and all rejected rows, where the result has
/// them, as `DIR/rejected_rows.csv`.
///
/// They take their places at once, and those of an earlier run go: whatever happens, the folder has the files of one run. So they are links
/// to a folder in `DIR/.custometer`, unless there is but one file. Characters of a request's name that a file system may refuse become
/// `_`. Returns the paths of the files.
pub fn write_all(result: &RunResult, formats: &[Format], dir: &Path) -> Result<Vec<PathBuf>, OutputError> {
    let results: Vec<String> = Format::ALL.into_iter().map(results).collect();
    let known: Vec<&str> = results.iter().map(String::as_str).chain(BESIDE).collect();
    let outputs = Outputs::open(dir, &known)?;
    let mut set = outputs.stage()?;
    stage(result, formats, &outputs, &mut set, Path::new(""))?;
    outputs.publish(set)
}

/// The name of a format's file.
fn results(format: Format) -> String {
    format!("results.{}", format.extension())
}

/// Adds all files of a run to a set, in a folder.
fn stage(result: &RunResult, formats: &[Format], outputs: &Outputs<'_>, set: &mut Staged, folder: &Path) -> Result<(), OutputError> {
    let written = |file: &mut File, path: &Path, bytes: &[u8]| {
        file.write_all(bytes).map_err(|source| OutputError::File { what: "write", path: path.to_owned(), source })
    };
    for &format in formats {
        let bytes = render(result, format, None)?;
        set.add(outputs, folder.join(results(format)), |file, path| written(file, path, &bytes))?;
    }
    let as_csv = formats.contains(&Format::Csv) && !formats.contains(&Format::Parquet);
    let extension = if as_csv { Format::Csv } else { Format::Parquet }.extension();
    for (detail, stem) in result.details.iter().zip(stems(&result.details)) {
        set.add(outputs, folder.join("details").join(format!("{stem}.{extension}")), |file, path| {
            let failed = |source| OutputError::Detail { request: detail.request.clone(), path: path.to_owned(), source };
            if as_csv {
                return write_csv(&detail.frame, file, path, failed);
            }
            // Detail tables can be large: they go straight to the file. The copy shares their columns.
            ParquetWriter::new(file).finish(&mut detail.frame.clone()).map(drop).map_err(failed)
        })?;
    }
    let [alerts, rejected, rejected_rows] = BESIDE;
    if formats.contains(&Format::Csv) {
        // The tidy file has no room for them.
        set.add(outputs, folder.join(alerts), |file, path| written(file, path, csv::alerts(result).as_bytes()))?;
        set.add(outputs, folder.join(rejected), |file, path| written(file, path, csv::rejected(result).as_bytes()))?;
    }
    if let Some(rows) = &result.rejected_rows {
        set.add(outputs, folder.join(rejected_rows), |file, path| {
            write_csv(rows, file, path, |source| OutputError::Rejected { path: path.to_owned(), source })
        })?;
    }
    Ok(())
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
        let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name != ".custometer").collect();
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
            "results.xlsx",
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
                "results.txt",
                "results.xlsx"
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
        let path = dir.path().join("details");
        let expected = format!("`{}` is a file, and a folder has to be there: move it away; nothing was written", path.display());
        assert_eq!(error.to_string(), expected);
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

    /// What a reader finds: every file below the folder with its text, links followed, without what is hidden.
    fn found(dir: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for name in names(dir) {
            let path = dir.join(&name);
            if path.is_dir() {
                found.extend(self::found(&path).into_iter().map(|(below, text)| (format!("{name}/{below}"), text)));
            } else if let Ok(bytes) = fs::read(&path) {
                found.push((name, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        found
    }

    /// What is in the folder of the sets, the latest set under that name.
    fn stored(dir: &Path) -> Vec<String> {
        let store = dir.join(".custometer");
        let latest = fs::read_link(store.join("current")).unwrap_or_default();
        let shown = |name: String| if Path::new(&name) == latest { "the latest set".to_owned() } else { name };
        let mut stored: Vec<String> = names(&store).into_iter().map(shown).collect();
        stored.sort();
        stored
    }

    fn with_title(title: &str) -> RunResult {
        let mut result = fixture::result();
        result.manifest.title = Some(title.to_owned());
        result
    }

    #[test]
    fn the_files_of_a_run_replace_those_of_the_one_before() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        fs::write(dir.join("notes.txt"), "mine").unwrap();
        // Earlier versions wrote plain files.
        for name in ["results.json", "results.parquet", "rejected.csv"] {
            fs::write(dir.join(name), "earlier").unwrap();
        }
        let expected = |formats: &[Format], title: &str| {
            let alone = tempfile::tempdir().unwrap();
            write_all(&with_title(title), formats, alone.path()).unwrap();
            let mut found = found(alone.path());
            found.push(("notes.txt".to_owned(), "mine".to_owned()));
            found.sort();
            found
        };
        for (formats, title) in [
            (&[Format::Json, Format::Html][..], "first"),
            (&[Format::Csv, Format::Markdown], "second"),
            (&Format::ALL, "third"),
            (&[Format::Html], "fourth"),
            (&[], "fifth"),
        ] {
            write_all(&with_title(title), formats, dir).unwrap();
            let mut found = found(dir);
            found.sort();
            assert_eq!(found, expected(formats, title), "{title}");
            #[cfg(unix)]
            assert_eq!(stored(dir), ["current", "lock", "the latest set"], "{title}");
        }
    }

    #[test]
    fn a_single_file_is_a_plain_file() {
        let home = tempfile::tempdir().unwrap();
        for title in ["first", "second"] {
            let result = RunResult { details: Vec::new(), rejected_rows: None, ..with_title(title) };
            let paths = write_all(&result, &[Format::Html], home.path()).unwrap();
            assert!(fs::symlink_metadata(&paths[0]).unwrap().is_file());
            assert_eq!(fs::read(&paths[0]).unwrap(), render(&result, Format::Html, None).unwrap());
        }
        assert_eq!(stored(home.path()), ["lock"]);
    }

    #[test]
    fn a_folder_in_the_way_of_a_file_leaves_everything_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        write_all(&with_title("first"), &[Format::Json, Format::Csv], home.path()).unwrap();
        let path = home.path().join("results.parquet");
        fs::create_dir(&path).unwrap();
        let before = found(home.path());
        let error = write_all(&with_title("second"), &Format::ALL, home.path()).unwrap_err();
        let expected = format!("`{}` is a folder, and a file has to be there: move it away; nothing was written", path.display());
        assert_eq!(error.to_string(), expected);
        assert_eq!(found(home.path()), before);
        #[cfg(unix)]
        assert_eq!(stored(home.path()), ["current", "lock", "the latest set"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_killed_run_left_goes_with_the_next_one() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        write_all(&with_title("first"), &[Format::Json, Format::Csv], dir).unwrap();
        // An unfinished set, a link on its way, and a link whose set never came; and a link of the user's that leads nowhere.
        fs::create_dir_all(dir.join(".custometer/set-x/details")).unwrap();
        fs::write(dir.join(".custometer/set-x/details/a.csv"), "half").unwrap();
        std::os::unix::fs::symlink("nowhere", dir.join(".custometer/linkx")).unwrap();
        std::os::unix::fs::symlink(".custometer/current/results.html", dir.join("results.html")).unwrap();
        std::os::unix::fs::symlink("nowhere", dir.join("own")).unwrap();
        write_all(&fixture::empty(), &[Format::Json, Format::Csv], dir).unwrap();
        assert_eq!(stored(dir), ["current", "lock", "the latest set"]);
        assert_eq!(names(dir), ["alerts.csv", "own", "rejected.csv", "results.csv", "results.json"]);
    }

    #[test]
    fn runs_into_one_folder_wait_for_each_other() {
        let home = tempfile::tempdir().unwrap();
        let titles: Vec<String> = (0..8).map(|number| format!("run {number}")).collect();
        std::thread::scope(|scope| {
            for title in &titles {
                scope.spawn(|| write_all(&with_title(title), &[Format::Json, Format::Markdown, Format::Html], home.path()).unwrap());
            }
        });
        let found = found(home.path());
        let of =
            |title: &String| found.iter().filter(|(name, _)| name.starts_with("results")).all(|(_, text)| text.contains(title.as_str()));
        assert_eq!(titles.iter().filter(|title| of(title)).count(), 1, "{found:?}");
    }

    #[test]
    fn names_of_details_stay_in_their_folder_and_apart() {
        let frame = df!("a" => [1]).unwrap();
        let details = ["../../etc", "NPS by region", "nps by region", "a/b", "a:b"]
            .map(|request| Detail { request: request.to_owned(), frame: frame.clone() });
        assert_eq!(stems(&details), ["_.._.._etc", "NPS by region", "nps by region-2", "a_b", "a_b-2"]);
    }
}
