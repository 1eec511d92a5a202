//! Workbooks: a sheet is a table, and gives what the same table gives as CSV.

use custometer_core::Registry;
use custometer_runner::inspect;
use custometer_testkit::Case;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::asked::{report, values, words};
use super::writer::{Cell, Member, Sheet, ods, xlsb, xlsx, zip};

/// Reason, rows, and of the first example the file, the row, the column and the text.
fn rejected(result: &Json) -> Vec<(String, u64, String, u64, String, String)> {
    let of = |rejection: &Json| {
        let example = &rejection["examples"][0];
        let text = |key: &str| example[key].as_str().unwrap_or_default().to_owned();
        let reason = rejection["reason"].as_str().unwrap().to_owned();
        (reason, rejection["rows"].as_u64().unwrap(), text("file"), example["row"].as_u64().unwrap(), text("column"), text("value"))
    };
    result["rejected"].as_array().unwrap().iter().map(of).collect()
}

fn answers(rows: Vec<Vec<Cell>>) -> Sheet {
    Sheet { name: "Answers", rows, ..Sheet::default() }
}

fn book(rows: Vec<Vec<Cell>>) -> Vec<u8> {
    xlsx("", &[answers(rows)])
}

/// 2025-01-01, as a number of days.
const NEW_YEAR: f64 = 45658.0;

#[test]
fn rows_are_shown_by_the_number_that_the_sheet_gives_them() {
    let sheet = Sheet {
        name: "My answers",
        at: (1, 2),
        rows: vec![
            vec!["Export of".into(), 2025.0.into()],
            vec![],
            vec!["time".into(), "score".into(), "note".into()],
            vec![Cell::Time(NEW_YEAR), 9.0.into()],
            vec![],
            vec![Cell::Time(NEW_YEAR + 1.0), "x".into()],
            vec![Cell::Time(NEW_YEAR + 2.0), 10.0.into(), "a\nb".into()],
            vec![Cell::Time(NEW_YEAR + 3.0), 3.0.into(), Cell::Nothing, "beside".into()],
            vec!["Total".into(), 22.0.into()],
        ],
        ..Sheet::default()
    };
    let case = Case::new().file("t.xlsx", xlsx("", &[sheet]));
    // The title is in row 3, the names of the columns in row 5.
    let result = case.json(&report("path = \"t.xlsx\"\nskip_lines = 3\nfooter_lines = 1")).unwrap();
    assert_eq!(values(&result), [100.0]);
    let file = "t.xlsx/My answers".to_owned();
    assert_eq!(
        rejected(&result),
        [
            ("`score` is not a number".to_owned(), 1, file.clone(), 8, "score".to_owned(), "x".to_owned()),
            ("the row has more values than the header".to_owned(), 1, file, 10, String::new(), String::new()),
        ]
    );
    // A part of the sheet: the header of row 5, and what is below it.
    let result = case.json(&report("path = \"t.xlsx\"\nrange = \"B5:C10\"")).unwrap();
    assert_eq!(values(&result), [33.333_333_333_3]);
    assert_eq!(rejected(&result)[0].3, 8);
    assert_eq!(result["manifest"]["tables"][0]["rows_read"], 4);
}

#[test]
fn a_cell_in_error_rejects_the_rows_that_use_it() {
    let case = Case::new().file(
        "t.xlsx",
        book(vec![
            vec!["time".into(), "score".into(), "region".into(), "id".into()],
            vec![Cell::Time(NEW_YEAR), 9.0.into(), "North".into(), 1.0.into()],
            vec![Cell::Time(NEW_YEAR), Cell::Error("#N/A"), "North".into(), 2.0.into()],
            vec![Cell::Time(NEW_YEAR), 10.0.into(), Cell::Error("#REF!"), 3.0.into()],
            vec![Cell::Error("#DIV/0!"), 3.0.into(), "South".into(), 1_234_567_890_123_450.0.into()],
            vec![Cell::Time(NEW_YEAR), 0.0.into(), "South".into(), Cell::Formula("<v></v>")],
        ]),
    );
    let of = |text: &str, rows: u64, row: u64, column: &str, value: &str| {
        (text.to_owned(), rows, "t.xlsx/Answers".to_owned(), row, column.to_owned(), value.to_owned())
    };
    let score = of("the cell of `score` has no value", 1, 3, "score", "#N/A in Answers!B3");
    let time = of("the cell of `time` has no value", 1, 5, "time", "#DIV/0! in Answers!A5");
    let region = of("the cell of `region` has no value", 1, 4, "region", "#REF! in Answers!C4");
    let table = "[tables.t]\npath = \"t.xlsx\"\n";
    // Where nothing uses the region, its cell does not matter, and neither does the time of a total.
    let nps = "[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\n";
    let result = case.json(&format!("{table}{nps}")).unwrap();
    assert_eq!((values(&result), rejected(&result)), (vec![0.0], vec![score.clone()]));
    let result = case.json(&format!("[report]\ngrain = \"month\"\n{table}{nps}")).unwrap();
    assert_eq!((values(&result), rejected(&result)), (vec![33.333_333_333_3], vec![score.clone(), time.clone()]));
    let result = case.json(&format!("{table}{nps}by = [[\"region\"]]\n")).unwrap();
    assert_eq!(rejected(&result), [region.clone(), score.clone()]);
    // Conditions, what is derived, under another name or the same one, and keys.
    for (lines, metric) in [
        ("where = \"region = 'North'\"\n", ""),
        ("derive = { north = \"region = 'North'\" }\n", "by = [[\"north\"]]\n"),
        ("derive = { region = \"UPPER(region)\" }\n", "by = [[\"region\"]]\n"),
        ("columns = { area = \"region\" }\n", "by = [[\"area\"]]\n"),
        ("columns = { area = \"region\" }\nderive = { area = \"UPPER(area)\" }\n", "by = [[\"area\"]]\n"),
        ("deduplicate = [\"region\", \"id\"]\n", ""),
    ] {
        let result = case.json(&format!("{table}{lines}[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\n{metric}"));
        let result = result.unwrap_or_else(|problems| panic!("{lines}\n{problems}"));
        assert!(rejected(&result).contains(&region), "{lines}: {:?}", rejected(&result));
    }
    let result = case.json(&format!("{table}deduplicate = [\"id\"]\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\n")).unwrap();
    let texts: Vec<String> = rejected(&result).into_iter().map(|(.., text)| text).collect();
    assert!(texts.contains(&"a number of 16 digits, of which spreadsheets keep 15, in Answers!D5".to_owned()), "{texts:?}");
    // A condition over several columns of one expression says which one it was.
    let either = format!("{table}where = \"score > 5 OR region = 'South'\"\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\n");
    let result = case.json(&either).unwrap();
    assert!(rejected(&result).contains(&score) && !rejected(&result).contains(&region), "{:?}", rejected(&result));
}

#[test]
fn a_cell_in_error_stays_one_when_its_column_becomes_rows() {
    let case = Case::new().file(
        "t.xlsx",
        book(vec![
            vec!["time".into(), "Q1".into(), "Q2".into(), "tags".into()],
            vec![Cell::Time(NEW_YEAR), 9.0.into(), 10.0.into(), "a;b".into()],
            vec![Cell::Time(NEW_YEAR), 3.0.into(), Cell::Error("#N/A"), Cell::Error("#REF!")],
        ]),
    );
    let shape = "unpivot = { columns = \"Q*\", name = \"question\", value = \"score\" }\n";
    let nps = "[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\n";
    let result = case.json(&format!("[tables.t]\npath = \"t.xlsx\"\n{shape}{nps}by = [[\"question\"]]\n")).unwrap();
    assert_eq!(values(&result), [0.0, 100.0]);
    let of = |reason: &str, rows: u64, column: &str, value: &str| {
        (reason.to_owned(), rows, "t.xlsx/Answers".to_owned(), 3, column.to_owned(), value.to_owned())
    };
    assert_eq!(rejected(&result), [of("the cell of `score` has no value", 1, "Q2", "#N/A in Answers!C3")]);
    let shape = "explode = { column = \"tags\", separator = \";\" }\ncolumns = { score = \"Q1\" }\n";
    let result = case.json(&format!("[tables.t]\npath = \"t.xlsx\"\n{shape}{nps}by = [[\"tags\"]]\n")).unwrap();
    assert_eq!(values(&result), [100.0, 100.0]);
    assert_eq!(rejected(&result), [of("the cell of `tags` has no value", 1, "tags", "#REF! in Answers!D3")]);
}

#[test]
fn a_cell_in_error_stays_one_when_it_is_looked_up() {
    let case = Case::new().file("t.csv", "id,score\n1,9\n2,3\n3,10\n").file(
        "customers.xlsx",
        book(vec![
            vec!["id".into(), "segment".into()],
            vec![1.0.into(), "small".into()],
            vec![2.0.into(), Cell::Error("#N/A")],
            vec![Cell::Error("#REF!"), "large".into()],
        ]),
    );
    let config = "[tables.t]\npath = \"t.csv\"\nlookup.customers = { on = \"id\", columns = [\"segment\"] }\n\
                  [tables.customers]\npath = \"customers.xlsx\"\n\
                  [[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\nby = [[\"segment\"]]\n";
    let result = case.json(config).unwrap();
    // The row of a missing segment is the one whose customer is not known.
    assert_eq!(values(&result), [100.0, 100.0]);
    let reasons: Vec<String> = rejected(&result).into_iter().map(|(reason, ..)| reason).collect();
    assert!(reasons.contains(&"the cell of `segment` has no value in `customers`".to_owned()), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.starts_with("the cell of `id` has no value")), "{reasons:?}");
}

#[test]
fn what_office_keeps_beside_an_open_workbook_is_no_workbook() {
    let rows = vec![vec!["score".into()], vec![9.0.into()]];
    let case = Case::new().file("answers.xlsx", book(rows)).file("~$answers.xlsx", b"\x04Anna");
    assert_eq!(values(&case.json(&report("path = \"*.xlsx\"")).unwrap()), [100.0]);
}

#[test]
fn a_formula_has_the_value_that_was_calculated() {
    let rows = |value: &'static str| {
        vec![vec!["time".into(), "score".into()], vec![Cell::Time(NEW_YEAR), 9.0.into()], vec![Cell::Time(NEW_YEAR), Cell::Formula(value)]]
    };
    let uncalculated = "<calcPr calcId=\"1\" fullCalcOnLoad=\"1\"/>";
    for (properties, value, nps) in [
        ("", "<v>10</v>", Some(100.0)),
        ("", "<v>0</v>", Some(0.0)),
        ("", "<v></v>", None),
        ("", "", None),
        // What writes formulas without calculating them writes 0.
        (uncalculated, "<v>0</v>", None),
        (uncalculated, "<v>10</v>", Some(100.0)),
    ] {
        let case = Case::new().file("t.xlsx", xlsx(properties, &[answers(rows(value))]));
        let result = case.json(&report("path = \"t.xlsx\"")).unwrap();
        assert_eq!(values(&result), [nps.unwrap_or(100.0)], "{properties}{value}");
        let texts: Vec<String> = rejected(&result).into_iter().map(|(.., text)| text).collect();
        let fault = "a formula that was never calculated in Answers!B3".to_owned();
        assert_eq!(texts, if nps.is_none() { vec![fault] } else { Vec::new() }, "{properties}{value}");
    }
}

#[test]
fn times_are_told_by_the_format_of_their_cells() {
    // 2025-01-01 is 44196 days after 1904-01-01, and 45658 after 1899-12-30, where Excel's count starts.
    for (properties, new_year) in [("", NEW_YEAR), ("<workbookPr date1904=\"1\"/>", 44196.0)] {
        let case = Case::new()
            .file(
                "t.xlsx",
                xlsx(
                    properties,
                    &[answers(vec![
                        vec!["ticket_id".into(), "created".into(), "clock".into(), "spent".into()],
                        vec![1.0.into(), Cell::Time(new_year + 10.0 / 24.0), Cell::Time(0.75), Cell::Duration(26.5 / 24.0)],
                        vec![2.0.into(), Cell::Time(new_year + 1.0), Cell::Time(0.25), Cell::Duration(1.0 / 86400.0)],
                    ])],
                ),
            )
            .file("t.csv", "ticket_id,created,clock,spent\n1,2025-01-01T10:00:00,18:00:00,26:30:00\n2,2025-01-02,06:00:00,00:00:01\n");
        let metrics = "[define.\"x.spent\"]\ntable = \"t\"\nmeasures = { s = \"sum(spent)\" }\nvalue = \"s\"\nunit = \"seconds\"\n[[metrics]]\nmetric = \"x.spent\"\ntable = \"t\"\nby = [[], [\"created\", \"clock\"]]\n";
        let config = |file: &str| format!("[tables.t]\npath = \"{file}\"\nformats = {{ spent = \"duration\" }}\n{metrics}");
        let (sheet, text) = (case.json(&config("t.xlsx")), case.json(&config("t.csv")));
        match (sheet, text) {
            (Ok(sheet), Ok(text)) => assert_eq!(sheet["results"], text["results"]),
            (sheet, text) => panic!("{sheet:?}\n{text:?}"),
        }
    }
}

#[test]
fn sheets_are_chosen_by_name() {
    let sheet = |name: &'static str, score: f64| Sheet {
        name,
        rows: vec![vec!["time".into(), "score".into()], vec![Cell::Time(NEW_YEAR), score.into()]],
        ..Sheet::default()
    };
    let empty = |name: &'static str| Sheet { name, ..Sheet::default() };
    let hidden = Sheet { is_hidden: true, ..sheet("Lists", 0.0) };
    let case = Case::new()
        .file("one.xlsx", xlsx("", &[empty("Read me"), sheet("Answers", 9.0), hidden]))
        .file("more.xlsx", xlsx("", &[sheet("Week 10", 9.0), sheet("Week 9", 10.0), sheet("Codes & more", 3.0)]))
        .file("nothing.xlsx", xlsx("", &[empty("A"), empty("B")]))
        .file("year-1.xlsx", xlsx("", &[sheet("2024", 9.0)]))
        .file("year-2.xlsx", xlsx("", &[sheet("2025", 3.0)]))
        .file("no.xlsx", "time,score\n2025-01-01,9\n")
        .file("t.csv", "time,score\n2025-01-01,9\n");
    for (table, nps) in [
        ("path = \"one.xlsx\"", 100.0),
        ("path = \"one.xlsx\"\nsheet = \"Lists\"", -100.0),
        ("path = \"one.xlsx\"\nformat = \"workbook\"", 100.0),
        ("path = \"more.xlsx\"\nsheet = \"Week *\"", 100.0),
        ("path = \"more.xlsx\"\nsheet = [\"Week 9\", \"Codes & more\"]", 0.0),
        ("path = \"more.xlsx\"\nsheet = \"*\"", 33.333_333_333_3),
        ("path = \"year-*.xlsx\"", 0.0),
        ("path = \"year-*.xlsx\"\nsheet = [\"2024\", \"2025\"]", 0.0),
    ] {
        let result = case.json(&report(table)).unwrap_or_else(|problems| panic!("{table}\n{problems}"));
        assert_eq!(values(&result), [nps], "{table}");
    }
    for (table, said) in [
        ("path = \"more.xlsx\"", "`more.xlsx` has 3 sheets: `Week 10`, `Week 9`, `Codes & more`; say which to read: `sheet = \"Week 10\"`"),
        ("path = \"more.xlsx\"\nsheet = \"Month *\"", "`more.xlsx` has no sheet `Month *`; it has `Week 10`, `Week 9`, `Codes & more`"),
        ("path = \"year-*.xlsx\"\nsheet = [\"202*\", \"2026\"]", "no sheet `2026`"),
        ("path = \"nothing.xlsx\"", "has no sheet to read"),
        ("path = \"no.xlsx\"", "is no workbook"),
        ("path = \"one.xlsx\"\nformat = \"csv\"", "is workbook, and no csv"),
        ("path = \"t.csv\"\nformat = \"workbook\"", "is no workbook"),
        ("path = \"one.xlsx\"\nrange = \"Z9:AB12\"", "has no sheet to read"),
        ("path = \"one.xlsx\"\nrange = \"B9\"", "`B9` is not a part of a sheet"),
        ("path = \"one.xlsx\"\ndelimiter = \";\"", "`delimiter` is for text files, and these are workbook"),
    ] {
        let problems = case.load(&report(table)).err().unwrap_or_else(|| panic!("{table}"));
        assert!(words(&problems).contains(said), "{table}\n{problems}");
    }
}

#[test]
fn numbers_are_read_in_the_style_of_the_table() {
    let case = Case::new().file(
        "t.xlsx",
        book(vec![
            vec!["order_id".into(), "customer_id".into(), "time".into(), "amount".into()],
            vec![7.0.into(), 1.0.into(), Cell::Time(NEW_YEAR), 1.5.into()],
            vec![8.0.into(), 2.0.into(), Cell::Time(NEW_YEAR), "1.234,50".into()],
        ]),
    );
    let metric = "[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"t\"\n";
    let result = case.json(&format!("[tables.t]\npath = \"t.xlsx\"\ndecimal_comma = true\nthousands = \".\"\n{metric}")).unwrap();
    assert_eq!(values(&result), [618.0]);
}

#[test]
fn a_workbook_of_libreoffice_is_read() {
    let cell = |kind: &str, value: &str, text: &str| {
        format!("<table:table-cell office:value-type=\"{kind}\" {value}><text:p>{text}</text:p></table:table-cell>")
    };
    let text = |text: &str| cell("string", "", text);
    let score = |value: &str| cell("float", &format!("office:value=\"{value}\""), value);
    let date = |value: &str| cell("date", &format!("office:date-value=\"{value}\""), "shown");
    let row = |cells: &[String]| format!("<table:table-row>{}</table:table-row>", cells.concat());
    let error = "<table:table-cell table:formula=\"of:=1/0\" office:value-type=\"string\" office:string-value=\"\" calcext:value-type=\"error\">\
                 <text:p>#DIV/0!</text:p></table:table-cell>";
    let rows = [
        row(&[text("time"), text("score")]),
        row(&[date("2025-01-01"), score("9")]),
        "<table:table-row table:number-rows-repeated=\"3\"><table:table-cell/></table:table-row>".to_owned(),
        row(&[date("2025-01-02T10:30:00"), score("3")]),
        row(&[date("2025-01-02"), error.to_owned()]),
        "<table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>".to_owned(),
    ];
    let case = Case::new().file("t.ods", ods(&rows.concat()));
    let result = case.json(&report("path = \"t.ods\"")).unwrap();
    assert_eq!(values(&result), [0.0]);
    let error = ("the cell of `score` has no value".to_owned(), 1, "t.ods/Answers".to_owned(), 7, "score".to_owned());
    let found = rejected(&result).remove(0);
    assert_eq!((found.0, found.1, found.2, found.3, found.4), error);
    assert_eq!(found.5, "#DIV/0! in Answers!B7");
}

#[test]
fn a_binary_workbook_is_read() {
    let rows = vec![
        vec!["time".into(), "score".into(), "weight".into()],
        vec![Cell::Time(NEW_YEAR), 9.0.into(), 1.0.into()],
        vec![Cell::Time(NEW_YEAR + 0.5), 3.0.into(), Cell::Formula("")],
        vec![Cell::Time(NEW_YEAR), Cell::Error("#N/A")],
        vec![Cell::Time(NEW_YEAR), Cell::Formula("")],
    ];
    let case = Case::new().file("t.xlsb", xlsb(&rows));
    let result = case.json(&format!("[report]\ngrain = \"day\"\n{}", report("path = \"t.xlsb\""))).unwrap();
    assert_eq!((values(&result), result["results"][0]["start"].as_str()), (vec![0.0], Some("2025-01-01T00:00:00+00:00")));
    let score = result["rejected"][0]["examples"].as_array().unwrap().iter().map(|example| example["value"].as_str().unwrap());
    assert_eq!(score.collect::<Vec<_>>(), ["#N/A in Answers!B4", "a formula in error in Answers!B5"]);
}

#[test]
fn inspect_tells_the_sheets() {
    let two = xlsx(
        "",
        &[
            Sheet {
                name: "Survey 2025",
                at: (1, 1),
                rows: vec![
                    vec!["Our survey".into()],
                    vec!["time".into(), "score".into(), "country".into()],
                    vec![Cell::Time(NEW_YEAR), 9.0.into(), "DK".into()],
                    vec![Cell::Time(NEW_YEAR + 0.5), 3.0.into(), "SE".into()],
                    vec![Cell::Time(NEW_YEAR + 1.5), Cell::Error("#N/A"), "SE".into()],
                ],
                ..Sheet::default()
            },
            Sheet {
                name: "Codes",
                is_hidden: true,
                rows: vec![vec!["code".into(), "name".into()], vec![1.0.into(), "x".into()]],
                ..Sheet::default()
            },
            Sheet { name: "Empty", ..Sheet::default() },
        ],
    );
    let case = Case::new().file("book.xlsx", two);
    let path = case.path().join("book.xlsx").to_str().unwrap().to_owned();
    let found = inspect(std::slice::from_ref(&path), &Registry::linked().unwrap()).unwrap();
    let tables: Vec<(String, u64, usize)> =
        found.tables.iter().map(|table| (table.files[0].path.replace(&path, ""), table.rows, table.columns.len())).collect();
    assert_eq!(tables, [("/Survey 2025".to_owned(), 3, 3), ("/Codes".to_owned(), 1, 2)]);
    let block = found.tables[0].block.replace(&path, "book.xlsx");
    assert!(block.contains("sheet = \"Survey 2025\"\nskip_lines = 2\n") && !block.contains("format"), "{block}");
    assert!(found.tables[0].hints[0].what.contains("#N/A in 'Survey 2025'!C6"), "{:?}", found.tables[0].hints);
    let name = block.lines().find_map(|line| line.strip_prefix("[tables.")?.strip_suffix(']')).unwrap();
    let result = case.json(&format!("{block}\n[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"{name}\"\n"));
    assert_eq!(values(&result.unwrap_or_else(|problems| panic!("{block}\n{problems}"))), [0.0]);
}

#[test]
fn damaged_workbooks_are_errors() {
    let rows = (0..50).map(|row| vec![Cell::Time(NEW_YEAR + f64::from(row)), f64::from(row % 11).into(), "x".into()]);
    let header: Vec<Cell> = vec!["time".into(), "score".into(), "note".into()];
    let rows: Vec<Vec<Cell>> = std::iter::once(header).chain(rows).collect();
    let sheet = "<table:table-row><table:table-cell office:value-type=\"float\" office:value=\"1\"/></table:table-row>".repeat(40);
    for (name, whole) in [("t.xlsx", book(rows.clone())), ("t.xlsb", xlsb(&rows)), ("t.ods", ods(&sheet)), ("t.xls", OLD.to_vec())] {
        let intact = Case::new().file(name, &whole).json(&report(&format!("path = \"{name}\""))).ok();
        for flip in 0..100 {
            let mut bytes = whole.clone();
            let at = flip * bytes.len() / 100;
            bytes[at] ^= 1 << (flip % 8);
            let case = Case::new().file(name, &bytes);
            let result = case.json(&report(&format!("path = \"{name}\"")));
            // The old format has no checksums.
            if let Some((result, intact)) = result.ok().zip(intact.as_ref()).filter(|_| name != "t.xls") {
                assert_eq!(result["results"], intact["results"], "{name}, byte {at}");
            }
            let _ = inspect(&[case.path().join(name).to_str().unwrap().to_owned()], &Registry::linked().unwrap());
        }
    }
    // A sheet whose text is no XML: the archive is whole.
    let damaged = zip(&[
        Member::new("[Content_Types].xml", b"<Types/>"),
        Member::new("xl/workbook.xml", b"<workbook><sheets><sheet name=\"A\" sheetId=\"1\" r:id=\"r\"/></sheets>"),
    ]);
    let case = Case::new().file("t.xlsx", damaged);
    assert!(words(&case.load(&report("path = \"t.xlsx\"")).err().unwrap()).contains("`t.xlsx`"));
}

/// Written by xlwt 1.3.0: `time` and `score`, the answers 9 and 3 of 2025-01-01 10:00 and 2025-01-02.
const OLD: &[u8] = include_bytes!("old.xls");
/// Written by openpyxl 3.1, and encrypted with a password by msoffcrypto-tool.
const SECRET: &[u8] = include_bytes!("secret.xlsx");
/// Written by openpyxl 3.1: shared texts, a formula that it calculates nothing of, dates of several formats, merged cells and a hidden row.
const OPENPYXL: &[u8] = include_bytes!("openpyxl.xlsx");

#[test]
fn workbooks_of_other_programs_are_read() {
    let case = Case::new().file("old.xls", OLD).file("secret.xlsx", SECRET).file("openpyxl.xlsx", OPENPYXL);
    let result = case.json(&report("path = \"old.xls\"")).unwrap();
    assert_eq!((values(&result), rejected(&result)), (vec![0.0], Vec::new()));
    let problems = words(&case.load(&report("path = \"secret.xlsx\"")).err().unwrap());
    assert!(problems.contains("`secret.xlsx` is a workbook with a password: open it, and save it without one"), "{problems}");
    let result = case.json(&report("path = \"openpyxl.xlsx\"").replace("\"t\"\n", "\"t\"\nby = [[], [\"team\"]]\n")).unwrap();
    let groups: Vec<(Json, Option<f64>, Json)> = result["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["dimensions"]["team"].clone(), row["value"].as_f64(), row["n"].clone()))
        .collect();
    // Of merged cells the first has the value; the row that is hidden is a row. The last has a formula in the place of its score.
    assert_eq!(groups, [(Json::Null, Some(0.0), json!(4)), (Json::Null, Some(-50.0), json!(2)), (json!("A"), Some(50.0), json!(2))]);
    assert_eq!(rejected(&result)[0].5, "a formula that was never calculated in Answers!B6");
}

/// A table as the same rows in both forms: of each column its cells, each with its text in a CSV file.
fn column(kind: usize, numbers: &[u32]) -> Vec<(Cell, String)> {
    let cell = |&number: &u32| -> (Cell, String) {
        let value = f64::from(number);
        match kind {
            _ if number % 7 == 0 => (Cell::Nothing, String::new()),
            0 => (Cell::Number(value), number.to_string()),
            1 => (Cell::Number(value / 8.0), format!("{}", value / 8.0)),
            2 => (Cell::Flag(number % 2 == 0), (number % 2 == 0).to_string()),
            3 => {
                let (days, seconds) = (number % 1000, number % 86400);
                let at = jiff::civil::date(2024, 1, 1).at(0, 0, 0, 0) + jiff::Span::new().days(i64::from(days)).seconds(i64::from(seconds));
                let serial = 45292.0 + f64::from(days) + f64::from(seconds) / 86400.0;
                (Cell::Time(serial), if seconds == 0 { at.date().to_string() } else { at.to_string() })
            }
            4 => {
                let text = ["North", "a, b", "line\nend", "say \"no\"", "0012", " æ ", "1e5"][number as usize % 7];
                (Cell::Text(text.to_owned()), text.to_owned())
            }
            _ => (Cell::Number(-value * 1e6), format!("-{}", u64::from(number) * 1_000_000)),
        }
    };
    numbers.iter().map(cell).collect()
}

fn csv(columns: &[Vec<(Cell, String)>]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let rows = (0..columns[0].len()).map(|row| columns.iter().map(|column| quoted(&column[row].1)).collect::<Vec<_>>().join(","));
    rows.fold(header().join(","), |text, row| format!("{text}\n{row}")) + "\n"
}

fn header() -> Vec<&'static str> {
    vec!["id", "score", "paid", "time", "region", "debt"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_gives_the_same_results_as_text_and_as_workbook(rows in prop::collection::vec(prop::collection::vec(0_u32..100_000, 6), 1..40)) {
        let columns: Vec<Vec<(Cell, String)>> =
            (0..6).map(|kind| column(kind, &rows.iter().map(|row| row[kind]).collect::<Vec<_>>())).collect();
        // A row of nothing is no row of a sheet, and one of missing values in CSV.
        let is_filled = |row: &usize| columns.iter().any(|column| column[*row].0 != Cell::Nothing);
        let filled: Vec<usize> = (0..rows.len()).filter(is_filled).collect();
        prop_assume!(!filled.is_empty());
        let columns: Vec<Vec<(Cell, String)>> =
            columns.iter().map(|column| filled.iter().map(|row| column[*row].clone()).collect()).collect();
        let names: Vec<Cell> = header().into_iter().map(Cell::from).collect();
        let cells = (0..filled.len()).map(|row| columns.iter().map(|column| column[row].0.clone()).collect());
        let case = Case::new()
            .file("t.csv", csv(&columns))
            .file("t.xlsx", book(std::iter::once(names).chain(cells).collect()));
        let define = |name: &str, measure: &str| format!("[define.\"x.{name}\"]\ntable = \"t\"\nmeasures = {{ m = \"{measure}\" }}\ntypes = {{ debt = \"number\" }}\nvalue = \"m\"\nunit = \"count\"\n");
        let request = |name: &str, by: &str| format!("[[metrics]]\nmetric = \"x.{name}\"\ntable = \"t\"\nby = {by}\n");
        let metrics = [
            define("debt", "sum(debt)"),
            define("ids", "count(distinct id)"),
            define("rows", "count(*)"),
            request("debt", "[[], [\"region\"], [\"paid\"], [\"score\"], [\"time\"]]"),
            request("ids", "[[], [\"region\"]]"),
            request("rows", "[[\"id\"]]"),
        ]
        .concat();
        let config = |file: &str| format!("[report]\ntitle = \"x\"\n[tables.t]\npath = \"{file}\"\n{metrics}");
        let (text, sheet) = (case.json(&config("t.csv")).unwrap(), case.json(&config("t.xlsx")).unwrap());
        prop_assert_eq!(&text["results"], &sheet["results"]);
        let (text, sheet) = (rejected(&text), rejected(&sheet));
        let of_sheet = |mut of_text: Vec<(String, u64, String, u64, String, String)>| {
            for rejection in &mut of_text {
                rejection.2 = "t.xlsx/Answers".to_owned();
                // The row of a sheet counts its header.
                rejection.3 += 1;
            }
            of_text
        };
        prop_assert_eq!(of_sheet(text), sheet);
    }
}

/// A workbook of the old format is a file system, whose table of sectors says which comes after each. Followed in a circle, five kilobytes of it
/// took all memory.
#[test]
fn a_workbook_whose_parts_have_no_end_is_refused() {
    let number = |at: usize| usize::try_from(u32::from_le_bytes(OLD[at..at + 4].try_into().unwrap())).unwrap();
    // By MS-CFB: the size of sectors, the first of the list of names, and the first of the table.
    let size = 1 << u16::from_le_bytes(OLD[30..32].try_into().unwrap());
    let (names, table) = (number(48), (number(76) + 1) * size);
    let mut circular = OLD.to_vec();
    circular[table + 4 * names..][..4].copy_from_slice(&u32::try_from(names).unwrap().to_le_bytes());
    let mut short = OLD.to_vec();
    short.truncate(table);
    let case = Case::new().file("circular.xls", circular).file("short.xls", short);
    let problems = |file: &str| words(&case.load(&report(&format!("path = \"{file}\""))).err().unwrap());
    assert!(problems("circular.xls").contains("its sectors lead in a circle, so a part of it has no end"), "{}", problems("circular.xls"));
    assert!(problems("short.xls").contains("`short.xls` is a workbook that can't be read"), "{}", problems("short.xls"));
}
