//! What `inspect` says of messy files, and that a report made of it reads them right.

use std::fmt::Write as _;
use std::fs;

use custometer_core::Registry;
use custometer_runner::inspect::{Header, InspectedTable, LooksLike};
use custometer_runner::{Inspection, inspect};
use custometer_testkit::Case;
use serde_json::Value as Json;

fn inspected(case: &Case, files: &[&str]) -> Inspection {
    let paths: Vec<String> = files.iter().map(|file| case.path().join(file).to_string_lossy().into_owned()).collect();
    inspect(&paths, &Registry::linked().unwrap()).unwrap()
}

fn table(case: &Case, file: &str) -> InspectedTable {
    inspected(case, &[file]).tables.remove(0)
}

fn refused(case: &Case, file: &str) -> String {
    let path = case.path().join(file).to_string_lossy().into_owned();
    inspect(&[path], &Registry::linked().unwrap()).unwrap_err().to_string().replace(&format!("{}/", case.path().display()), "")
}

/// The block, with its request no longer a comment, as a report that is run.
fn pasted(case: &Case, block: &str) -> Json {
    let (table, request) = block.split_once("\n# [[metrics]]\n").unwrap_or_else(|| panic!("a request in {block}"));
    let request = request.lines().map(|line| line.strip_prefix("# ").unwrap());
    let report = format!("{table}\n[[metrics]]\n{}", request.collect::<Vec<_>>().join("\n"));
    case.json(&report).unwrap_or_else(|problems| panic!("{report}\n{problems}"))
}

/// The months with values, each with its start, value and n.
fn months(json: &Json) -> Vec<(String, f64, i64)> {
    let rows = json["results"].as_array().unwrap().iter().filter(|row| row["n"].as_i64().is_some_and(|n| n > 0));
    rows.map(|row| (row["start"].as_str().unwrap()[..7].to_owned(), row["value"].as_f64().unwrap(), row["n"].as_i64().unwrap())).collect()
}

/// Windows-1252 of what Latin-1 has.
fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

#[test]
fn a_danish_export_is_read_right() {
    let mut rows = String::from("Ordrenr;Kundenr;Købsdato;Beløb;By\r\n");
    for order in 1..=60 {
        let (day, month) = (order % 28 + 1, order % 2 + 1);
        let _ = write!(rows, "{order};{:04};{day:02}-{month:02}-2025 23:30;1.{order:03},50;Århus\r\n", order % 9);
    }
    let case = Case::new().file("ordrer.csv", latin(&rows));
    let table = table(&case, "ordrer.csv");
    let text = table.text.clone().unwrap();
    assert_eq!((text.encoding, text.delimiter.as_str(), text.header), ("Windows-1252", ";", Header::Names));
    assert_eq!(text.words, ["Købsdato", "Beløb", "Århus"]);
    assert_eq!((table.numbers.decimal_comma, table.numbers.thousands), (true, Some('.')));
    assert_eq!(table.could_be[0].table, "orders");
    // Odd orders are in February, and the mean of 1001.5, 1003.5, …, 1059.5 is 1030.5.
    let json = pasted(&case, &table.block);
    assert_eq!(months(&json), [("2025-01".to_owned(), 1031.5, 30), ("2025-02".to_owned(), 1030.5, 30)]);
    assert!(json["rejected"].as_array().unwrap().is_empty());
}

#[test]
fn purchases_in_columns_of_spaces_without_a_header_are_read_right() {
    let mut rows = String::new();
    for purchase in 0..40 {
        let _ = writeln!(
            rows,
            " {:05} 1997{:02}{:02} {:2} {:7.2}",
            purchase / 2 + 1,
            purchase % 2 + 1,
            purchase / 2 + 1,
            purchase % 3 + 1,
            12.25
        );
    }
    let case = Case::new().file("purchases.txt", rows);
    let table = table(&case, "purchases.txt");
    assert_eq!(table.text.as_ref().unwrap().header, Header::None);
    let looks: Vec<LooksLike> = table.columns.iter().map(|column| column.looks_like).collect();
    assert_eq!(looks, [LooksLike::Code, LooksLike::Date, LooksLike::WholeNumber, LooksLike::Number]);
    let json = pasted(&case, &table.block);
    let mean = |month: &str| (month.to_owned(), 12.25, 20);
    assert_eq!(months(&json), [mean("1997-01"), mean("1997-02")]);
}

#[test]
fn every_messy_file_makes_a_report_that_runs() {
    let days = |rows: std::ops::Range<u32>, line: &dyn Fn(u32) -> String| rows.map(|row| line(row) + "\n").collect::<String>();
    let cases = [
        (
            "title.csv",
            format!(
                "Sales\nExported today\n\nid|Customer no|created at|amount\n{}",
                days(1..50, &|row| format!("{row}|{}|2025-03-{:02} 10:07|2.50", row % 7, row % 28 + 1))
            ),
        ),
        ("twice.csv", format!("id,name,name,score\n{}", days(0..60, &|row| format!("{row},a{row},b,{}", row % 11)))),
        (
            "null.tsv",
            format!(
                "user_id\ttime\tamount\tnote\n{}",
                days(0..80, &|row| format!(
                    "{}\t2025-01-{:02}\t{}\tx{row}",
                    row % 9,
                    row % 28 + 1,
                    if row % 8 == 0 { "NULL".to_owned() } else { "1.5".to_owned() }
                ))
            ),
        ),
        ("quote.csv", format!("'customer','name','amount'\n{}", days(1..40, &|row| format!("'{}','O''Neil, {row}','{row},5'", row % 5)))),
        ("epoch.csv", format!("user,timestamp,path\n{}", days(0..50, &|row| format!("u{},{},/p", row % 5, 1_735_689_600 + row * 60)))),
        (
            "american.csv",
            format!(
                "Customer ID,Order Date,Order Total\n{}",
                days(0..90, &|row| format!(
                    "{},{}/{}/2024 {}:05 PM,\"1,{:03}.00\"",
                    row % 9,
                    row % 12 + 1,
                    row % 28 + 1,
                    row % 12 + 1,
                    row
                ))
            ),
        ),
        (
            "survey \"new\".csv",
            format!(
                "respondent,Svar,\"Dato, lokal\"\n{}",
                days(0..90, &|row| format!("{row},{},{}.{}.2024", row % 11, row % 28 + 1, row % 12 + 1))
            ),
        ),
        ("inches.csv", format!("size;score\n3.5\";9\n\"open;4\n{}", days(0..30, &|_| "5;8".to_owned()))),
        ("bom.csv", format!("\u{feff}score,time\n{}", days(0..30, &|row| format!("{},2025-01-01T10:{row:02}:00Z", row % 11)))),
        ("export", format!("score;time\n{}", days(0..30, &|row| format!("{};2025-01-01", row % 11)))),
        (
            "lines.txt",
            days(0..30, &|row| {
                format!("{{\"visitor\":\"v{}\",\"ts\":{},\"event\":\"view\"}}", row % 7, 1_735_689_600_000_u64 + u64::from(row))
            }),
        ),
    ];
    for (name, content) in cases {
        let case = Case::new().file(name, content.as_bytes());
        let table = table(&case, name);
        let json = pasted(&case, &table.block);
        let used: i64 = json["results"].as_array().unwrap().iter().filter_map(|row| row["n"].as_i64()).sum();
        assert!(used > 0, "{name}: nothing was used\n{}", table.block);
        // What is rejected was said.
        let rejected: u64 = json["rejected"].as_array().unwrap().iter().map(|reason| reason["rows"].as_u64().unwrap()).sum();
        let said = table.could_be[0].metrics.iter().find(|metric| json["results"][0]["metric"] == metric.metric.as_str()).unwrap().rejects;
        assert_eq!(rejected, said, "{name}\n{}", table.block);
    }
}

#[test]
fn what_could_be_meant_in_two_ways_is_left_to_choose() {
    let mut rows = String::from("customer,date,total\n");
    for row in 0..60 {
        let _ = writeln!(rows, "c{},{:02}/{:02}/2025,{}.{:03}", row % 7, row % 12 + 1, row % 11 + 1, row % 9 + 1, row * 13);
    }
    let case = Case::new().file("sales.csv", rows);
    let table = table(&case, "sales.csv");
    let date = &table.columns[1];
    assert_eq!(date.time_format.as_deref(), Some("%d/%m/%Y"));
    assert_eq!(date.rival_time_formats, ["%m/%d/%Y"]);
    assert_eq!(table.hints.len(), 2);
    // Nothing is chosen: a report by month has to say it.
    let by_month =
        format!("{}\n[[metrics]]\nmetric = \"loyalty.repeat_purchase_rate\"\ntable = \"orders\"\ngrain = \"month\"\n", table.block);
    let problems = case.load(&by_month).err().unwrap();
    assert!(problems.contains("`time` must be a time such as 2025-01-31"), "{problems}");
    // Each of the two lines says it.
    for (line, month) in [("time_formats.date = \"%d/%m/%Y\"", "2025-01"), ("time_formats.date = \"%m/%d/%Y\"", "2025-01")] {
        assert!(by_month.contains(&format!("# {line}\n")), "{by_month}");
        let json = case.json(&by_month.replace(&format!("# {line}"), line)).unwrap();
        assert_eq!(months(&json)[0].0, month);
    }
}

#[test]
fn what_settles_the_order_of_day_and_month_is_said_where_it_is_little() {
    let mut rows: Vec<String> = (0..99).map(|row| format!("{:02}/{:02}/2025", row % 12 + 1, row % 11 + 1)).collect();
    rows.push("12/13/2025".to_owned());
    let table = table(&Case::new().file("r.csv", format!("date\n{}\n", rows.join("\n"))), "r.csv");
    assert_eq!((table.columns[0].time_format.as_deref(), table.columns[0].unreadable), (Some("%m/%d/%Y"), 0));
    assert_eq!(table.hints[0].what, "read as `%m/%d/%Y`, since some values can't be `%d/%m/%Y`");
    assert_eq!(table.hints[0].values, Some(1));
}

#[test]
fn what_may_mean_no_answer_is_only_said() {
    let survey = |scores: &[i32]| format!("NPS\n{}\n", scores.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    let answers: Vec<i32> = (0..=10).flat_map(|score| vec![score; 20]).collect();
    for (codes, said) in [
        (vec![11; 9], "`11` is beside a scale from 0 to 10, and may mean no answer"),
        (vec![99, -1], "`-1`, `99` is far from 0 to 10, and may mean no answer"),
    ] {
        let case = Case::new().file("survey.csv", survey(&[answers.clone(), codes.clone()].concat()));
        let table = table(&case, "survey.csv");
        assert_eq!((table.hints[0].what.as_str(), table.hints[0].values), (said, Some(codes.len() as u64)));
        assert_eq!(table.could_be[0].metrics[0].rejects, codes.len() as u64);
        assert!(table.block.contains("# blank.NPS = ["), "{}", table.block);
        let json = pasted(&case, &table.block.replace("# blank.NPS", "blank.NPS"));
        assert_eq!((json["results"][0]["n"].as_i64(), json["rejected"].as_array().unwrap().len()), (Some(220), 0));
    }
    let case = Case::new().file("survey.csv", survey(&answers));
    assert!(table(&case, "survey.csv").hints.is_empty());
}

#[test]
fn rows_are_counted_exactly_and_damaged_ones_apart() {
    let content = "score,time\n9,2025-01-01\n10\n8,2025-01-02,x\n7,2025-02-31\n".to_owned() + &"6,2025-01-03\n".repeat(30);
    let case = Case::new().file("r.csv", content);
    let table = table(&case, "r.csv");
    let damaged: Vec<_> = table.damaged.iter().map(|damage| (damage.reason, damage.rows, damage.row)).collect();
    assert_eq!(damaged, [("the row has fewer values than the header", 1, 2), ("the row has more values than the header", 1, 3)]);
    let (score, time) = (&table.columns[0], &table.columns[1]);
    assert_eq!((table.rows, score.distinct.count, score.missing), (34, 3, 0));
    assert_eq!((time.unreadable, time.unreadable_examples.as_slice()), (1, &["2025-02-31".to_owned()][..]));
}

#[test]
fn what_comes_after_the_first_rows_is_seen() {
    // The first thousand rows have no answer, and the last has a fraction.
    let rows = format!("id,solved,weight\n{}{}", "x,,1\n".repeat(1200), "y,31.12.2024,1\ny,01.11.2024,1.5\n");
    let table = table(&Case::new().file("r.csv", rows), "r.csv");
    assert_eq!((table.columns[1].looks_like, table.columns[1].time_format.as_deref()), (LooksLike::Date, Some("%d.%m.%Y")));
    assert_eq!(table.columns[1].max.as_ref().unwrap().to_string(), "2024-12-31");
    assert_eq!(table.columns[2].looks_like, LooksLike::Number);
}

#[test]
fn files_of_the_same_columns_are_one_table() {
    let case = Case::new()
        .file("r-01.csv", "score,time\n9,2025-01-01\n")
        .file("r-02.csv", "time,score\n2025-02-01,8\n2025-02-02,7\n")
        .file("t.csv", "ticket_id,created_at\n1,2025-01-01\n");
    let found = inspected(&case, &["r-01.csv", "r-02.csv", "t.csv"]);
    let rows: Vec<(usize, u64)> = found.tables.iter().map(|table| (table.files.len(), table.rows)).collect();
    assert_eq!(rows, [(2, 3), (1, 1)]);
    assert!(found.tables[0].block.contains("/r-*.csv\""), "{}", found.tables[0].block);
    assert_eq!(months(&pasted(&case, &found.tables[0].block)).len(), 2);
}

#[test]
fn what_is_no_table_is_refused_with_a_reason() {
    // The head of a gzip stream, and no more.
    let cut = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let mixed = [latin("name,score\nKøge,8\n"), "Ærø,9\nÅrhus,7\n".into()].concat();
    let case = Case::new()
        .file("empty.csv", "")
        .file("blank.csv", "\n\n")
        .file("cut.csv.gz", cut)
        .file("wide.csv", [b'a', 0, b'b', 0])
        .file("zeros.csv", [b'a', 0, b'b'])
        .file("one.json", "{\n  \"a\": 1\n}\n")
        .file("mixed.csv", mixed)
        .file("README", "Some words about the data,\nand more of them.\n")
        .file("open.csv", "a,b\n\"x\",1\n\"y,2\n");
    let files =
        ["empty.csv", "blank.csv", "cut.csv.gz", "wide.csv", "zeros.csv", "one.json", "mixed.csv", "README", "open.csv", "none.csv"];
    let reasons: Vec<String> = files.iter().map(|file| refused(&case, file)).collect();
    insta::assert_snapshot!(reasons.join("\n"));
    // One of several is told apart, and does not keep the others from being read.
    fs::write(case.path().join("r.csv"), "score\n9\n").unwrap();
    let found = inspected(&case, &["none.csv", "r.csv"]);
    assert_eq!((found.tables.len(), found.unreadable.len()), (1, 1));
}

#[test]
fn a_parquet_file_says_its_types_itself() {
    use polars::prelude::{ParquetWriter, df};
    let case = Case::new();
    let mut rows = df!("customer_id" => [1_i64, 2, 2], "amount" => [Some(1.5), None, Some(-2.0)], "paid" => [true, false, true]).unwrap();
    ParquetWriter::new(fs::File::create(case.path().join("o.parquet")).unwrap()).finish(&mut rows).unwrap();
    let table = table(&case, "o.parquet");
    let looks: Vec<LooksLike> = table.columns.iter().map(|column| column.looks_like).collect();
    assert_eq!(looks, [LooksLike::WholeNumber, LooksLike::Number, LooksLike::Boolean]);
    assert_eq!((table.columns[1].missing, table.columns[1].min.as_ref().unwrap().to_string()), (1, "-2".to_owned()));
    // Two purchases of two customers, one without an amount; the third row is money back.
    assert_eq!(pasted(&case, &table.block)["results"][0]["value"], 1);
}

/// What a file is taken for first, with its logical columns and the file's names for them.
pub(crate) fn taken_for(path: &str) -> Option<(String, Vec<(String, String)>)> {
    let found = inspect(&[path.to_owned()], &Registry::linked().unwrap()).unwrap();
    let best = found.tables[0].could_be.first()?;
    assert_eq!(best.doubt, None, "{path}");
    Some((best.table.clone(), best.columns.iter().map(|of| (of.logical.clone(), of.column.clone())).collect()))
}

#[test]
fn every_sample_is_taken_for_the_table_that_it_is() {
    let mut files: Vec<_> =
        fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets")).unwrap().map(|file| file.unwrap().path()).collect();
    // Surveys after contacts are responses, under a name of their own.
    files.retain(|file| file.file_stem().unwrap() != "contact_surveys");
    files.sort();
    assert!(files.len() > 10, "{files:?}");
    for file in files {
        let (table, columns) = taken_for(file.to_str().unwrap()).unwrap();
        assert_eq!(Some(table.as_str()), file.file_stem().unwrap().to_str());
        assert!(columns.iter().all(|(logical, column)| logical == column), "{table}: {columns:?}");
    }
}

#[test]
fn exports_under_other_names_are_taken_for_what_they_are() {
    let day = |row: u32| format!("2025-{:02}-{:02}", row % 12 + 1, row % 27 + 1);
    let lines = |header: &str, line: &dyn Fn(u32) -> String| format!("{header}\n{}\n", (0..60).map(line).collect::<Vec<_>>().join("\n"));
    let cases = [
        (
            "abonnementer.csv",
            lines("Kundenr;Startdato;Opsagt;Abonnement;Månedspris", &|row| {
                format!("{};{};{};Basis;{},00", 1000 + row, day(row), if row % 3 == 0 { day(row + 3) } else { String::new() }, 99 + row % 3)
            }),
            "subscriptions: customer_id=Kundenr started_at=Startdato ended_at=Opsagt amount_per_month=Månedspris",
        ),
        (
            "bonuspoint.csv",
            lines("Medlemsnummer;Dato;Type;Point", &|row| {
                format!("{};{};{};{}", 1000 + row % 17, day(row), if row % 2 == 0 { "optjent" } else { "indløst" }, row * 7)
            }),
            "points: customer_id=Medlemsnummer time=Dato kind=Type points=Point",
        ),
        (
            "invites.csv",
            lines("Inviter ID,Invitee Email,Invited At,Accepted At", &|row| {
                format!("u{},a{row}@example.com,{},{}", row % 13, day(row), if row % 3 == 0 { day(row + 1) } else { String::new() })
            }),
            "referrals: referrer_id=Inviter ID time=Invited At converted_at=Accepted At",
        ),
        (
            "public.csv",
            lines("Review Created (UTC),Review Title,Review Stars", &|row| format!("{} 10:00,Good,{}", day(row), row % 5 + 1)),
            "reviews: time=Review Created (UTC) rating=Review Stars",
        ),
        (
            "conversations.csv",
            // A column without values is no answer to anything.
            lines("conversation_id,created_at,author_type,public,body", &|row| {
                format!("{},{} 10:00,{},,text", row / 3, day(row), ["user", "admin", "bot"][row as usize % 3])
            }),
            "messages: ticket_id=conversation_id time=created_at author=author_type",
        ),
        (
            "anrufe.csv",
            lines("Anrufzeit;Warteschlange;Wartezeit;Angenommen", &|row| {
                format!("{} 10:{row:02};Vertrieb;{};{}", day(row), row * 7 % 300, row % 4 > 0)
            }),
            "calls: queued_at=Anrufzeit wait_seconds=Wartezeit is_answered=Angenommen",
        ),
        (
            "export.csv",
            lines("Evaluation ID,Evaluated at,Criterion,Score,Weight,Min,Max,Auto fail", &|row| {
                format!("{},{},{},{},25,1,5,{}", row / 4, day(row), ["tone", "solution"][row as usize % 2], row % 5 + 1, row % 4 == 1)
            }),
            "quality_scores: review_id=Evaluation ID time=Evaluated at category=Criterion score=Score weight=Weight min=Min max=Max \
             is_critical=Auto fail",
        ),
        (
            "inbox.csv",
            lines("id,Received,Responded,Text", &|row| {
                format!("{row},{} 10:00,{},hello", day(row), if row % 3 > 0 { day(row + 1) + " 09:00" } else { String::new() })
            }),
            "feedback: received_at=Received responded_at=Responded",
        ),
        (
            "listening.csv",
            lines("Date,Domain,Company,Tone,Topics,Reach", &|row| {
                format!("{} 10:00,example.com,Acme,{},price|praise,{row}", day(row), ["positive", "negative"][row as usize % 2])
            }),
            "mentions: time=Date brand=Company sentiment=Tone category=Topics",
        ),
        (
            "besøg.csv",
            lines("Besøgs-id;Starttid;Varighed;Sidevisninger;Konverteringer", &|row| {
                format!("{row};{} 10:00;{};{};{}", day(row), row * 13, row % 9 + 1, row % 2)
            }),
            "sessions: session_id=Besøgs-id started_at=Starttid duration_seconds=Varighed page_views=Sidevisninger conversions=Konverteringer",
        ),
        (
            "Forespørgsler.csv",
            lines("Mest populære forespørgsler;Klik;Eksponeringer;CTR;Position", &|row| {
                format!("søgning {row};{};{};2,5%;{},{}", row * 3, row * 100 + 7, row % 20 + 1, row % 10)
            }),
            "search: query=Mest populære forespørgsler clicks=Klik impressions=Eksponeringer position=Position",
        ),
        (
            "Dates.csv",
            lines("Date,Clicks,Impressions,CTR,Position", &|row| {
                format!("{},{},{},2.5%,{}.{}", day(row), row * 3, row * 100 + 7, row % 20 + 1, row % 10)
            }),
            "search: date=Date clicks=Clicks impressions=Impressions position=Position",
        ),
    ];
    for (name, content, expected) in cases {
        let case = Case::new().file(name, content.as_bytes());
        let (table, columns) = taken_for(case.path().join(name).to_str().unwrap()).unwrap();
        let pairs: Vec<String> = columns.iter().map(|(logical, column)| format!("{logical}={column}")).collect();
        assert_eq!(format!("{table}: {}", pairs.join(" ")), expected);
    }
}

/// A report of everything that a table's block names: the block as it stands, and each metric over all rows at once.
fn everything(table: &InspectedTable) -> String {
    let (block, _) = table.block.split_once("\n# [[metrics]]").unwrap_or((&table.block, ""));
    // Of ways to read times that all fit, one has to be chosen: here the last one.
    let choice = |line: &str| line.strip_prefix("# ").filter(|line| line.starts_with("time_formats.")).map(str::to_owned);
    let key = |line: &str| line.split_once(" = ").map(|(key, _)| key.to_owned());
    let lines: Vec<&str> = block.lines().collect();
    let chosen = lines.iter().enumerate().map(|(position, line)| match choice(line) {
        Some(chosen) if lines.get(position + 1).and_then(|next| key(&choice(next)?)) != key(&chosen) => chosen,
        _ => (*line).to_owned(),
    });
    let block = chosen.collect::<Vec<_>>().join("\n");
    let name = block.split_once("[tables.").and_then(|(_, rest)| rest.split_once(']')).unwrap().0.to_owned();
    let metrics = table.could_be[0].metrics.iter().map(|metric| {
        let params = metric.params.as_ref().map(|params| format!("params = {{ {} }}\n", params.replace('\n', ", "))).unwrap_or_default();
        format!("[[metrics]]\nmetric = \"{}\"\ntable = \"{name}\"\ngrain = \"total\"\n{params}", metric.metric)
    });
    format!("{block}\n{}", metrics.collect::<String>())
}

/// Pastes the block of a file, runs all metrics that it names, and compares some of them with what is known of the file.
pub(crate) fn pasted_everything(path: &str, expected: &[(&str, f64)]) {
    let found = inspect(&[path.to_owned()], &Registry::linked().unwrap()).unwrap();
    let table = &found.tables[0];
    // Where no metric can run, the block is no report yet.
    if table.could_be.first().is_none_or(|best| best.metrics.is_empty()) {
        assert!(expected.is_empty() && !table.block.contains("metric = "), "{path}: {}", table.block);
        return;
    }
    let report = everything(table);
    let json = match Case::new().json(&report) {
        // Which currency is meant is for the reader to say.
        Err(problems) if problems.contains("in several currencies") => return,
        outcome => outcome.unwrap_or_else(|problems| panic!("{report}\n{problems}")),
    };
    for metric in &table.could_be[0].metrics {
        assert!(json["results"].as_array().unwrap().iter().any(|row| row["metric"] == metric.metric.as_str()), "{path}: {}", metric.metric);
    }
    for (metric, value) in expected {
        let row = json["results"].as_array().unwrap().iter().find(|row| row["metric"] == *metric);
        let found = row.unwrap_or_else(|| panic!("{path}: no {metric} in\n{report}"))["value"].as_f64().unwrap();
        assert!((found / value - 1.0).abs() < 1e-9 || found == *value, "{path}: {metric} is {found}, and not {value}\n{report}");
    }
}

#[test]
fn the_block_of_every_sample_gives_what_duckdb_does() {
    // By DuckDB 2.0 over the file, without the rows that the metric's documentation rejects: avg(amount); orders with a customer by customers;
    // 100 · sum(clicks) / sum(impressions) where clicks are no more than impressions; avg(rating) from 1 to 5; and so on.
    let expected: [(&str, &[(&str, f64)]); 16] = [
        ("calls", &[]),
        ("customers", &[("loyalty.training_participation", 22.066_399_542_072_124)]),
        ("events", &[("web.visitors", 250.0)]),
        ("feedback", &[]),
        ("mentions", &[]),
        ("messages", &[]),
        ("orders", &[("loyalty.average_order_value", 56.935_807_5), ("loyalty.purchase_frequency", 5.051_898_734_177_215_5)]),
        ("points", &[]),
        ("quality_scores", &[]),
        ("referrals", &[]),
        ("responses", &[("loyalty.nps", 21.287_465_940_054_496)]),
        ("reviews", &[("loyalty.review_rating", 3.866_756_393_001_345_8)]),
        ("search", &[]),
        ("sessions", &[]),
        ("subscriptions", &[]),
        ("tickets", &[("support.ticket_volume", 2000.0)]),
    ];
    for (file, expected) in expected {
        pasted_everything(&format!("{}/../datasets/{file}.csv", env!("CARGO_MANIFEST_DIR")), expected);
    }
}

#[test]
fn a_console_with_days_and_no_queries_has_its_position_and_rate() {
    // 13 clicks of 300 impressions, 200 of them at place 4 and 100 at place 10.
    for (name, rows) in [
        ("chart.csv", "Date,Clicks,Impressions,CTR,Position\n2025-03-01,10,200,5%,4\n2025-03-03,3,100,3%,10\n"),
        ("chart-de.csv", "Datum;Klicks;Impressionen;CTR;Position\n2025-03-01;10;200;5 %;4,0\n2025-03-03;3;100;3 %;10,0\n"),
    ] {
        let case = Case::new().file(name, rows);
        let path = case.path().join(name);
        pasted_everything(path.to_str().unwrap(), &[("web.average_position", 6.0), ("web.click_through_rate", 13.0 / 3.0)]);
    }
}

#[test]
fn tickets_that_come_once_each_are_no_history() {
    let rows = "Ticket ID,Subject,Status,Priority,Type,Created time,Resolved time\n\
                101,Login,Closed,High,Question,2025-01-06 16:30:00,2025-01-07 09:15:00\n\
                102,Invoice,Closed,Low,Question,2025-01-06 09:00:00,2025-01-24 21:03:00\n\
                103,Bug,Open,Medium,Problem,2025-01-09 10:00:00,\n";
    let case = Case::new().file("tickets.csv", rows);
    let table = table(&case, "tickets.csv");
    let tables: Vec<&str> = table.could_be.iter().map(|candidate| candidate.table.as_str()).collect();
    assert_eq!(tables, ["tickets"]);
    // 60 300 s and 1 598 580 s.
    pasted_everything(case.path().join("tickets.csv").to_str().unwrap(), &[("support.resolution_time", 829_440.0)]);
    // A few of them twice are one.
    let history =
        "Ticket ID,Status,Changed at\n1,new,2025-01-06\n1,solved,2025-01-07\n2,new,2025-01-06\n3,new,2025-01-06\n3,solved,2025-01-09\n";
    let case = Case::new().file("history.csv", history);
    assert_eq!(self::table(&case, "history.csv").could_be[0].table, "ticket_history");
}

#[test]
fn old_encodings_are_in_the_block() {
    // `ø` and `å` as Mac Roman and as Windows-1252 write them.
    for (encoding, o, a) in [("mac-roman", 0xbf_u8, 0x8c_u8), ("windows-1252", 0xf8, 0xe5)] {
        let mut rows = b"by;score;dato\n".to_vec();
        for row in [&[b'K', o, b'g', b'e', b'b', a, b'd', b'e', b'n'][..], &[b'R', o, b'd', b'b', a, b'd'], &[b'R', o, b'n', b'n', b'e']] {
            rows.extend(row);
            rows.extend(b";9;2025-01-02\n");
        }
        let case = Case::new().file("svar.csv", rows);
        let table = table(&case, "svar.csv");
        assert!(table.block.contains(&format!("encoding = \"{encoding}\"\n")), "{}", table.block);
        pasted_everything(case.path().join("svar.csv").to_str().unwrap(), &[]);
    }
}

#[test]
fn an_end_is_what_is_called_an_end() {
    let header = "id,Customer ID,Start Date (UTC),Canceled At (UTC),Ended At (UTC)\n";
    for ended in ["", "2025-02-03 10:00"] {
        let rows = format!(
            "{header}s1,c1,2024-11-03 10:00,2025-01-20 10:00,{ended}\ns2,c2,2024-12-01 10:00,,\ns3,c3,2025-01-01 10:00,2025-01-15 10:00,\n"
        );
        let case = Case::new().file("subscriptions.csv", rows);
        let table = table(&case, "subscriptions.csv");
        assert!(table.block.contains("ended_at = \"Ended At (UTC)\""), "{}", table.block);
        assert!(table.block.contains("# Instead of \"Ended At (UTC)\", ended_at could be \"Canceled At (UTC)\".\n"), "{}", table.block);
        assert!(case.json(&everything(&table)).is_ok());
    }
}

#[test]
fn a_time_is_preferred_to_its_day_and_an_id_is_no_amount() {
    let rows = "event_date,event_timestamp,event_name,user_pseudo_id,ga_session_id\n\
                20250101,1735689600000000,session_start,1.1,1735689600\n\
                20250101,1735689660000000,page_view,1.1,1735689600\n\
                20250102,1735780000000000,page_view,2.2,1735780000\n";
    let case = Case::new().file("events.csv", rows);
    let table = table(&case, "events.csv");
    let pairs: Vec<String> = table.could_be[0].columns.iter().map(|of| format!("{}={}", of.logical, of.column)).collect();
    assert_eq!(pairs, ["time=event_timestamp", "event=event_name", "user_id=user_pseudo_id", "session_id=ga_session_id"]);
    pasted_everything(case.path().join("events.csv").to_str().unwrap(), &[("web.visitors", 2.0)]);
}

#[test]
fn lines_of_orders_count_once() {
    let case = Case::new().file("lines.csv", "order_id,customer_id,time,amount\n1,a,2025-01-01,10\n1,a,2025-01-01,20\n2,b,2025-01-02,30\n");
    let table = table(&case, "lines.csv");
    assert!(table.block.contains("params = { one_order_per = \"order_id\" }"), "{}", table.block);
    pasted_everything(case.path().join("lines.csv").to_str().unwrap(), &[("loyalty.average_order_value", 30.0)]);
    // Orders that come once each need no word.
    let case = Case::new().file("orders.csv", "order_id,customer_id,time,amount\n1,a,2025-01-01,10\n2,b,2025-01-02,30\n");
    assert!(!self::table(&case, "orders.csv").block.contains("one_order_per"));
}

#[test]
fn a_row_with_only_a_total_in_it_is_seen() {
    let day = |row: u32| format!("{:02}.03.2025;C{};{},00\n", row % 28 + 1, row % 7, row + 10);
    let rows = (0..40).map(day).collect::<String>();
    let end = format!("Order date;Customer;Amount\n{rows}Total;;1180,00\n");
    let case = Case::new().file("orders.csv", &end);
    let at_the_end = table(&case, "orders.csv");
    assert!(at_the_end.hints.iter().any(|hint| hint.what.starts_with("a row has only a total in it, `Total`")), "{:?}", at_the_end.hints);
    assert!(at_the_end.block.contains("footer_lines = 1   # a row has only a total in it, `Total`\n"), "{}", at_the_end.block);
    let between = end.replace("C3;20,00\n", "C3;20,00\nI alt:;;145,00\n");
    let case = Case::new().file("orders.csv", &between);
    let between = table(&case, "orders.csv");
    assert!(
        between.block.contains("skip_rows_where = \"\\\"Order date\\\" = 'I alt:' OR \\\"Order date\\\" = 'Total'\""),
        "{}",
        between.block
    );
    // A customer of that name has a date, and an empty row has no label.
    let case = Case::new().file("orders.csv", format!("Order date;Customer;Amount\n{rows}05.03.2025;Total;8,00\n;;\n"));
    assert!(table(&case, "orders.csv").hints.iter().all(|hint| !hint.what.contains("total")));
}
