//! Invented data for trying out a report: any table, any size, the same bytes for the same seed.

mod calls;
mod contact_surveys;
mod customers;
mod events;
mod feedback;
mod format;
mod mentions;
mod messages;
mod orders;
mod points;
mod quality_scores;
mod referrals;
mod responses;
mod reviews;
mod search;
mod sessions;
mod subscriptions;
mod table;
mod ticket_history;
mod tickets;
mod world;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use polars::prelude::*;

pub(crate) use format::Format;
pub(crate) use table::Table;
use world::{Calendar, Chunk};

/// Rows generated and written at a time: they bound the memory, and are one row group in Parquet.
const CHUNK_ROWS: u64 = 250_000;

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SampleOptions {
    /// The table to invent.
    pub(crate) table: Table,
    /// How many rows to write.
    pub(crate) rows: u64,
    /// How many people there are; as many as the rows need unless said.
    pub(crate) people: Option<u64>,
    /// The same seed gives the same data.
    pub(crate) seed: u64,
    /// The file format.
    pub(crate) format: Format,
}

/// A sample could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write a sample to `{}`", path.display())]
pub(crate) struct SampleError {
    path: PathBuf,
    source: PolarsError,
}

/// Writes the sample and says how many rows it has; `path` is replaced only once the whole sample is there.
pub(crate) fn write(options: &SampleOptions, path: &Path) -> Result<u64, SampleError> {
    write_beside(options, path).map_err(|source| SampleError { path: path.to_owned(), source })?;
    Ok(options.rows)
}

fn write_beside(options: &SampleOptions, path: &Path) -> PolarsResult<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".custometer-sample-");
    // Temporary files are private by default, a sample is an ordinary file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    let frames = options.frames(CHUNK_ROWS);
    match options.format {
        Format::Csv => write_csv(frames, file.as_file_mut())?,
        Format::Parquet => write_parquet(frames, file.as_file_mut())?,
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn write_csv(frames: impl Iterator<Item = PolarsResult<DataFrame>>, file: &mut File) -> PolarsResult<()> {
    let mut file = BufWriter::new(file);
    for (index, frame) in frames.enumerate() {
        CsvWriter::new(&mut file).include_header(index == 0).with_float_precision(Some(2)).finish(&mut frame?)?;
    }
    Ok(file.flush()?)
}

fn write_parquet(mut frames: impl Iterator<Item = PolarsResult<DataFrame>>, file: &mut File) -> PolarsResult<()> {
    let Some(first) = frames.next().transpose()? else { return Ok(()) };
    let mut writer = ParquetWriter::new(file).batched(first.schema())?;
    writer.write_batch(&first)?;
    for frame in frames {
        writer.write_batch(&frame?)?;
    }
    writer.finish()?;
    Ok(())
}

impl SampleOptions {
    /// The sample in chunks of at most `chunk_rows`; no rows at all is one empty chunk, which still has its columns.
    fn frames(&self, chunk_rows: u64) -> impl Iterator<Item = PolarsResult<DataFrame>> {
        let Self { table, rows, people, seed, format } = *self;
        let calendar = Calendar::new(table.season(), table.period());
        (0..rows.div_ceil(chunk_rows).max(1)).map(move |number| {
            let first = number * chunk_rows;
            let chunk = Chunk { rows: first..rows.min(first + chunk_rows), total: rows, people, seed, format, calendar: &calendar };
            let mut rng = world::stream(seed, table as u64, number);
            match table {
                Table::Responses => responses::frame(&chunk, &mut rng),
                Table::Orders => orders::frame(&chunk, &mut rng),
                Table::Customers => customers::frame(&chunk, &mut rng),
                Table::Subscriptions => subscriptions::frame(&chunk, &mut rng),
                Table::Points => points::frame(&chunk, &mut rng),
                Table::Referrals => referrals::frame(&chunk, &mut rng),
                Table::Reviews => reviews::frame(&chunk, &mut rng),
                Table::Tickets => tickets::frame(&chunk, &mut rng),
                Table::Messages => messages::frame(&chunk, &mut rng),
                Table::TicketHistory => ticket_history::frame(&chunk, &mut rng),
                Table::Calls => calls::frame(&chunk, &mut rng),
                Table::QualityScores => quality_scores::frame(&chunk, &mut rng),
                Table::Feedback => feedback::frame(&chunk, &mut rng),
                Table::ContactSurveys => contact_surveys::frame(&chunk, &mut rng),
                Table::Mentions => mentions::frame(&chunk, &mut rng),
                Table::Events => events::frame(&chunk, &mut rng),
                Table::Sessions => sessions::frame(&chunk, &mut rng),
                Table::Search => search::frame(&chunk, &mut rng),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn options(table: Table, format: Format) -> SampleOptions {
        SampleOptions { table, rows: table.default_rows(), people: None, seed: 1, format }
    }

    /// The default sample as one frame, times parsed.
    pub(super) fn sample(table: Table) -> DataFrame {
        options(table, Format::Parquet).frames(CHUNK_ROWS).next().unwrap().unwrap()
    }

    /// The share of rows for which `bad` holds, which must be few and yet some.
    pub(super) fn assert_few(frame: &DataFrame, bad: impl Fn(usize) -> bool) {
        let count = (0..frame.height()).filter(|&row| bad(row)).count();
        assert!(count > 0 && count * 200 < frame.height(), "{count} of {}", frame.height());
    }

    fn bytes(options: &SampleOptions) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sample");
        assert_eq!(write(options, &path).unwrap(), options.rows);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
        std::fs::read(path).unwrap()
    }

    fn time_column(table: Table) -> &'static str {
        match table {
            Table::Customers | Table::Tickets => "created_at",
            Table::Subscriptions | Table::Sessions => "started_at",
            Table::Calls => "queued_at",
            Table::Feedback => "received_at",
            Table::Search => "date",
            _ => "time",
        }
    }

    /// The times of a column, in seconds of UTC.
    pub(super) fn seconds(frame: &DataFrame, name: &str) -> Int64Chunked {
        let times = frame.column(name).unwrap().cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap();
        times.cast(&DataType::Int64).unwrap().i64().unwrap().apply(|time| time.map(|time| time / 1_000_000))
    }

    #[test]
    fn the_seed_decides_every_byte() {
        for table in Table::ALL {
            for format in [Format::Csv, Format::Parquet] {
                let options = SampleOptions { rows: 400, ..options(table, format) };
                assert!(bytes(&options) == bytes(&options), "{options:?}");
                assert!(bytes(&options) != bytes(&SampleOptions { seed: 2, ..options }), "{options:?}");
            }
        }
    }

    #[test]
    fn the_bytes_are_the_same_on_every_machine() {
        let last_lines = [
            (Table::Responses, "R0003000,2025-12-31T22:55:04Z,C0028501,East,Pro,web,10,4"),
            (Table::Orders, "O0004000,2025-12-31T21:20:06Z,C0002906,West,web,84.96,0.26"),
            (Table::Customers, "C0003500,2025-12-31T22:37:18Z,partner,SE,false,true,false,false,2025-12-31T22:38:53Z,4.69,0.09,1"),
            (Table::Subscriptions, "C0003500,2025-12-31T22:56:19Z,,Plus,SE,31.20"),
            (Table::Points, "P0004000,2025-12-31T22:23:00Z,C0003065,NO,earn,34"),
            (Table::Referrals, "F0001750,2025-12-31T22:22:58Z,C0003307,link,,"),
            (Table::Reviews, "V0001500,2025-12-31T20:26:20Z,Pro,map,5"),
            (
                Table::Tickets,
                "T0002000,2025-12-31T15:54:19Z,2025-12-31T17:38:25Z,2025-12-31T20:25:00Z,email,question,normal,West,C0012201,1,0",
            ),
            (Table::Messages, "M0008000,T0002000,2025-12-31T17:40:16Z,agent,false,email"),
            (Table::TicketHistory, "T0001917,2025-12-17T17:14:55Z,pending,email"),
            (Table::Calls, "K0003000,2025-12-31T21:48:18Z,support,85,true,false"),
            (Table::QualityScores, "Q0000400,2025-12-31T13:54:55Z,A13,data_protection,1,10,0,1,true"),
            (Table::Feedback, "B0001500,31-02-2025,,email"),
            (Table::ContactSurveys, "A0001500,2025-12-31T17:15:30Z,chat,chat,6"),
            (Table::Mentions, "N0002000,2025-12-31T22:45:26Z,forum,Acme,negative,technical"),
            (Table::Events, "U0000701,2025-12-31T20:46:18Z,page_view,/,S00006000,direct,mobile,DK,"),
            (Table::Sessions, "W00001500,U0000703,2025-12-31T15:08:58Z,0,1,0,organic,desktop,DK"),
            (Table::Search, "2025-12-31,customer survey price,/blog,8,95,5.42"),
        ];
        assert!(last_lines.iter().map(|&(table, _)| table).eq(Table::ALL));
        for (table, last_line) in last_lines {
            let csv = String::from_utf8(bytes(&options(table, Format::Csv))).unwrap();
            assert_eq!(csv.lines().last(), Some(last_line));
        }
    }

    #[test]
    fn rows_are_as_many_as_asked_for() {
        for table in Table::ALL {
            for rows in [0, 1, 100, 1_234] {
                let options = SampleOptions { rows, ..options(table, Format::Csv) };
                let lines = String::from_utf8(bytes(&options)).unwrap().lines().count();
                assert_eq!(lines as u64, rows + 1, "{table:?}");
                let file = std::io::Cursor::new(bytes(&SampleOptions { format: Format::Parquet, ..options }));
                assert_eq!(ParquetReader::new(file).finish().unwrap().height() as u64, rows, "{table:?}");
            }
        }
    }

    #[test]
    fn times_are_in_order_and_in_the_period_across_chunks() {
        for table in Table::ALL {
            let Range { start, end } = table.period();
            // All rows of a customer, and of a ticket, are in a row.
            let in_order = ![Table::Subscriptions, Table::Messages, Table::TicketHistory].contains(&table);
            let mut last = start;
            let mut rows = 0;
            for frame in options(table, Format::Parquet).frames(150) {
                let frame = frame.unwrap();
                rows += frame.height() as u64;
                for second in seconds(&frame, time_column(table)).iter().flatten() {
                    assert!(last <= second && second < end, "{table:?}");
                    last = if in_order { second } else { start };
                }
            }
            assert_eq!(rows, table.default_rows());
        }
    }

    #[test]
    fn a_few_times_are_unreadable() {
        for table in Table::ALL {
            let times = sample(table).column(time_column(table)).unwrap().is_null();
            assert_few(&sample(table), |row| times.get(row) == Some(true));
            let csv = String::from_utf8(bytes(&options(table, Format::Csv))).unwrap();
            assert_eq!(csv.matches("31-02-2025,").count(), times.iter().flatten().filter(|&null| null).count(), "{table:?}");
        }
    }

    #[test]
    fn an_error_names_the_file_and_keeps_its_cause() {
        let path = Path::new("no/such/folder/orders.csv");
        let error = write(&options(Table::Orders, Format::Csv), path).unwrap_err();
        assert_eq!(error.to_string(), "cannot write a sample to `no/such/folder/orders.csv`");
        assert!(std::error::Error::source(&error).is_some());
    }
}
