//! Hostile input: texts that are changed at random in the places where a report reads what others wrote.
//!
//! Each target has seeds, which are inputs of its kind, and words that matter to it. A case is a seed that was changed a few times. Whatever
//! it is, the report comes to results whose ledger balances, or says what is wrong; it does not panic, and is done in a moment. What fails is
//! made smaller first. `CUSTOMETER_SEED` repeats a run, `CUSTOMETER_FUZZ_SECONDS` makes one longer than the five seconds of each target, and
//! `CUSTOMETER_FUZZ_CASES` makes it as many cases as it says, however long they take.

#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it says its seed, and takes as long as it is given")]

use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

use custometer_core::Registry;
use custometer_runner::{RunResult, inspect};
use custometer_testkit::Case;

use crate::containers::writer::{Cell, Member, Sheet, xlsx_parts, zip};

/// How long a case may take, in debug builds on a busy machine.
const MOMENT: Duration = Duration::from_secs(20);

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (below.max(1) as u64)).unwrap()
    }

    fn one_of<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn among<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

struct Target {
    name: &'static str,
    /// Inputs of this kind, and what was found with others.
    seeds: Vec<Vec<u8>>,
    words: &'static [&'static str],
    /// What becomes of an input.
    run: fn(&[u8]) -> Outcome,
}

/// Seeds that are texts.
fn texts(seeds: &[&str]) -> Vec<Vec<u8>> {
    seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect()
}

/// The results of all runs that an input is for, or why there is none.
type Outcome = Result<Vec<RunResult>, String>;

/// Words that matter anywhere.
const ANYWHERE: [&str; 24] = [
    "\0",
    "\n",
    "\r\n",
    "\"",
    "'",
    "`",
    ",",
    ";",
    "\t",
    "\u{feff}",
    "\u{202e}",
    "é",
    "𝟙",
    "-",
    "1e308",
    "1e-320",
    "NaN",
    "inf",
    "0x1F",
    "9223372036854775808",
    "-0",
    "9999-12-31",
    "__row",
    "{{",
];

fn changed(random: &mut Random, target: &Target) -> Vec<u8> {
    let mut input = random.among(&target.seeds).clone();
    for _ in 0..=random.below(6) {
        let at = random.below(input.len() + 1);
        let end = (at + 1 + random.below(8)).min(input.len());
        match random.below(8) {
            0 if at < input.len() => input[at] ^= 1 << random.below(8),
            1 => drop(input.drain(at..end)),
            2 => {
                let part = input[at..end].to_vec();
                let times = 1 + random.below(40);
                input.splice(at..at, part.repeat(times));
            }
            3 => {
                let other = random.among(&target.seeds);
                let start = random.below(other.len() + 1);
                input.splice(at..end, other[start..(start + 1 + random.below(40)).min(other.len())].iter().copied());
            }
            4 => drop(input.splice(at..at, random.one_of(&ANYWHERE).bytes())),
            5 => drop(input.splice(at..end, random.one_of(&ANYWHERE).bytes())),
            6 => drop(input.splice(at..at, random.one_of(target.words).bytes())),
            _ => drop(input.splice(at..end, random.one_of(target.words).bytes())),
        }
    }
    input
}

/// Why an input must not be taken as it is; none where all is well.
fn fault(target: &Target, input: &[u8]) -> Option<String> {
    // What ends the process, such as a stack that is too small, leaves its input there.
    let kept = std::env::temp_dir().join(format!("custometer-attack-{}", target.name));
    std::fs::write(&kept, input).unwrap();
    let start = Instant::now();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let took = start.elapsed();
    let _ = std::fs::remove_file(kept);
    match outcome {
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Some(format!("a panic: {}", text.unwrap_or_default()))
        }
        Ok(_) if took > MOMENT => Some(format!("it took {took:?}")),
        Ok(Err(said)) if said.trim().is_empty() => Some("it failed without a word".to_owned()),
        Ok(Err(_)) => None,
        Ok(Ok(results)) => results.iter().find_map(imbalance),
    }
}

/// What a ledger lacks.
fn imbalance(result: &RunResult) -> Option<String> {
    let tables = result.manifest.tables.iter().filter(|table| table.rows_made.is_none());
    let mut uses = tables.flat_map(|table| table.uses.iter().map(move |used| (table, used)));
    uses.find_map(|(table, used)| {
        let of_table = table.rows_no_data.all() + table.rows_filtered + table.rows_deduplicated;
        let (read, used_rows) = table.rows_read.shown().zip(used.rows_used.shown())?;
        let of_use = used_rows + used.rows_left_out + used.rows_outside_period + used.rows_without_answer + used.rows_rejected;
        (read != of_table + of_use).then(|| format!("the ledger does not balance: {table:?}"))
    })
}

/// The input without what it can fail without.
fn smaller(target: &Target, input: &[u8]) -> Vec<u8> {
    let mut input = input.to_vec();
    let mut length = input.len() / 2;
    while length > 0 {
        let mut at = 0;
        while at < input.len() {
            let without = [&input[..at], &input[(at + length).min(input.len())..]].concat();
            if fault(target, &without).is_some() { input = without } else { at += length }
        }
        length /= 2;
    }
    input
}

fn attack(target: &Target) {
    let number = |name: &str| std::env::var(name).ok().map(|number| number.parse::<u64>().unwrap());
    let seed = number("CUSTOMETER_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let seconds = number("CUSTOMETER_FUZZ_SECONDS").unwrap_or(5);
    let wanted = number("CUSTOMETER_FUZZ_CASES");
    println!("CUSTOMETER_SEED={seed}");
    let mut random = Random(seed << 1 | 1);
    // The first numbers of near seeds are alike.
    for _ in 0..16 {
        random.below(2);
    }
    for (position, seed) in target.seeds.iter().enumerate() {
        assert_eq!(fault(target, seed), None, "{}: {}", target.name, seed.escape_ascii());
        // Otherwise nothing behind the first message is tried.
        let outcome = (target.run)(seed);
        assert!(position > 0 || outcome.is_ok(), "{}: {}: {:?}", target.name, seed.escape_ascii(), outcome.err());
    }
    let (start, mut cases) = (Instant::now(), 0);
    let is_done = |cases: u64| wanted.map_or(start.elapsed() >= Duration::from_secs(seconds), |wanted| cases >= wanted);
    while !is_done(cases) {
        let input = changed(&mut random, target);
        if fault(target, &input).is_some() {
            let small = smaller(target, &input);
            let why = fault(target, &small).or_else(|| fault(target, &input)).unwrap_or_default();
            panic!("{}, case {cases} of seed {seed}: {why}\n{}", target.name, small.escape_ascii());
        }
        cases += 1;
    }
    println!("{}: {cases} cases in {:.0?}", target.name, start.elapsed());
}

const AMOUNTS: &str = "[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"t\"\nby = [[], [\"shop\"]]\n";

fn over(file: &str, content: &[u8], table: &str) -> Outcome {
    let config = format!("[report]\nmax_rejected_percent = 100\n[tables.t]\npath = \"{file}\"\n{table}\n{AMOUNTS}grain = \"month\"\n");
    Case::new().file(file, content).run(&config).map(|result| vec![result])
}

/// A look at a file, which comes to no results.
fn inspected(file: &str, content: &[u8]) -> Outcome {
    let case = Case::new().file(file, content);
    let path = case.path().join(file).display().to_string();
    inspect(&[path], &Registry::linked().unwrap()).map(|_| Vec::new()).map_err(|error| error.to_string())
}

/// All results; the first failure where there are none.
fn all(runs: impl IntoIterator<Item = Outcome>) -> Outcome {
    runs.into_iter()
        .reduce(|all, run| match (all, run) {
            (Ok(all), Ok(more)) => Ok(all.into_iter().chain(more).collect()),
            (Ok(all), Err(_)) => Ok(all),
            (Err(_), Ok(more)) => Ok(more),
            (Err(first), Err(_)) => Err(first),
        })
        .unwrap_or_else(|| Ok(Vec::new()))
}

/// A text as a string of TOML.
fn quoted(text: &[u8]) -> String {
    toml_string(&String::from_utf8_lossy(text))
}

fn toml_string(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|character| match character {
            '"' | '\\' => format!("\\{character}"),
            control if control.is_control() => format!("\\u{:04X}", u32::from(control)),
            other => other.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

#[test]
fn text_files() {
    attack(&Target {
        name: "text",
        seeds: texts(&[
            "time,amount,shop\n2025-01-03,10,a\n2025-01-04,9.5,\"b \"\"x\"\"\"\n2025-02-05,,\n",
            "\u{feff}time;amount;shop\r\n2025-01-03 10:00;1,5;a\r\n\"2025-01-04\";\"2\";\"line\nbreak\"\r\n",
            "time\tamount\tshop\n2025-01-03T10:00:00Z\t-3\t\n",
            "time,amount,shop\r2025-01-03,1,a\r2025-03-30 02:30,2,b\r",
            "{\"time\":\"2025-01-03\",\"amount\":1}\n",
        ]),
        words: &["time", "amount", "shop", "2025-03-30 02:30:00", "2025-01-01T00:00:00+05:30", "#", "  ", "\"\"", "\n\n", "éé"],
        run: |input| over("t.csv", input, ""),
    });
}

#[test]
fn files_that_are_inspected() {
    attack(&Target {
        name: "inspect",
        seeds: texts(&[
            "Order ID;Created (CET);Amount;Status;Customer\n1;31/01/2025 10:00;$1.234,50;paid;a@b.c\n2;01/02/2025 11:00;$2,00;open;\n;;Total;;\n",
            "time,score,channel,duration\n2025-01-03,9 - Likely,web,1:05\n2025-01-04,10,,2:10\n",
            "Report of January\n\nid\tname\n1\tx\n2\ty\n",
            "{\"user\":{\"id\":\"u1\"},\"ts\":1735689600000,\"tags\":[\"a\"]}\n{\"user\":null,\"ts\":1735689600001}\n",
        ]),
        words: &["date", "id", "2025-13-01", "01/02/2025", "%", "€", "Total", "\"\"", ";;", "1,234.5", "0007", "yes", "å", "12:61"],
        run: |input| inspected("t.csv", input),
    });
}

#[test]
fn lines_of_json() {
    attack(&Target {
        name: "ndjson",
        seeds: texts(&[
            "{\"time\":\"2025-01-03\",\"amount\":10,\"shop\":\"a\"}\n{\"time\":\"2025-01-04\",\"amount\":9.5,\"shop\":null}\n",
            "{\"time\":1735689600,\"amount\":\"3\",\"shop\":true,\"tags\":[1,{\"a\":[]}],\"o\":{\"b\":{\"c\":1}}}\n",
            "{\"amount\":1e3,\"shop\":\"\\u00e9\\ud83d\\ude00\\n\"}\r\n\n{\"shop\":-0.0}",
        ]),
        words: &["{", "}", "[", "]", ":", "null", "true", "\\u0000", "\\ud800", "\"amount\":", "{\"a\":", "[[[[[[[[", "1E400", "-"],
        run: |input| over("t.ndjson", input, "time_formats = { time = \"epoch_seconds\" }").or_else(|_| over("t.ndjson", input, "")),
    });
}

/// A workbook of a sheet with rows of each kind, as its parts.
fn parts() -> Vec<(String, String)> {
    let row = |cells: [Cell; 3]| cells.into();
    let text = |text: &str| Cell::Text(text.to_owned());
    let rows = vec![
        row(["time", "amount", "shop"].map(text)),
        row([Cell::Time(45_660.5), Cell::Number(10.0), text("a")]),
        row([text("2025-01-04"), Cell::Formula("<v>9.5</v>"), Cell::Flag(true)]),
        row([Cell::Time(45_661.0), Cell::Error("#N/A"), Cell::Nothing]),
        row([Cell::Time(45_692.25), Cell::Duration(1.5), text("b")]),
    ];
    xlsx_parts("", &[Sheet { name: "t", rows, ..Sheet::default() }])
}

/// Of a part, what is changed is within the archive's checksum: the sheet's own reader meets it. An input is the name of a part, and its content.
#[test]
fn parts_of_workbooks() {
    let seeds = parts().into_iter().map(|(name, content)| format!("{name}\n{content}").into_bytes());
    attack(&Target {
        name: "workbooks",
        seeds: seeds.collect(),
        words: &[
            "<row>",
            "</row>",
            "<c r=\"B3\" t=\"s\">",
            "<c r=\"XFD1048576\">",
            "<c r=\"A0\">",
            "<v>",
            "</v>",
            "</c>",
            "t=\"inlineStr\"",
            "t=\"e\"",
            "t=\"b\"",
            "t=\"d\"",
            "s=\"1\"",
            "s=\"999999999\"",
            "<f t=\"shared\" si=\"0\" ref=\"A1:B9\">",
            "<is><t>",
            "<mergeCell ref=\"A1:C9\"/>",
            "<dimension ref=\"A1:XFD1048576\"/>",
            "r=\"1048577\"",
            "&amp;",
            "&#0;",
            "&x;",
            "<!DOCTYPE x [<!ENTITY x \"xx\">]>",
            "<!--",
            "<![CDATA[",
            "xmlns:x=\"",
            "../../",
            "45660.99999999",
            "#REF!",
        ],
        run: |input| {
            let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
            let (name, content) = (String::from_utf8_lossy(&input[..end]), &input[(end + 1).min(input.len())..]);
            let mut parts: Vec<(String, Vec<u8>)> = parts().into_iter().map(|(name, content)| (name, content.into_bytes())).collect();
            match parts.iter_mut().find(|(known, _)| *known == name) {
                Some((_, part)) => *part = content.to_vec(),
                None => parts.push((name.into_owned(), content.to_vec())),
            }
            let members: Vec<Member<'_>> = parts.iter().map(|(name, content)| Member::new(name, content)).collect();
            let workbook = zip(&members);
            // A part that holds no rows is not what the first run reads, but what a look at the file may.
            all([over("t.xlsx", &workbook, ""), inspected("t.xlsx", &workbook)])
        },
    });
}

/// The bytes of archives and workbooks, of which most damage meets the archive's own reader.
#[test]
fn bytes_of_containers() {
    let csv = b"time,amount,shop\n2025-01-03,10,a\n2025-01-04,9.5,b\n".as_slice();
    let parts = parts();
    let members: Vec<Member<'_>> = parts.iter().map(|(name, content)| Member::new(name, content.as_bytes())).collect();
    attack(&Target {
        name: "containers",
        seeds: vec![
            zip(&[Member::new("a/t.csv", csv), Member { is_deflated: false, ..Member::new("a/u.csv", csv) }]),
            zip(&[Member::new("t.csv", csv), Member { bytes: Some(7), ..Member::new("__MACOSX/t.csv", csv) }]),
            zip(&members),
            include_bytes!("containers/old.xls").to_vec(),
            include_bytes!("containers/secret.xlsx").to_vec(),
        ],
        words: &["PK\u{3}\u{4}", "PK\u{1}\u{2}", "PK\u{5}\u{6}", "PK\u{6}\u{6}", "../", "/", "t.csv", "\u{7f}\u{7f}", "\0\0\0\0", "xl/"],
        run: |input| {
            all([
                over("t.zip", input, "member = \"*.csv\""),
                over("t.xlsx", input, ""),
                over("t.xls", input, ""),
                over("t.ods", input, ""),
                inspected("t.zip", input),
            ])
        },
    });
}

#[test]
fn numbers_in_cells() {
    attack(&Target {
        name: "numbers",
        seeds: texts(&[
            "1.5",
            "-1,234.50",
            "(12.00)",
            "$1 234,50 kr",
            "2.5 %",
            "1h 05m",
            "444:03:00",
            "PT4H5M",
            "1 day 02:03:04",
            "Likely - 10",
            "+3e5",
        ]),
        words: &[
            "%",
            "$",
            "€",
            "DKK",
            "kr.",
            "(",
            ")",
            ":",
            "PT",
            "P1Y",
            " day ",
            "h",
            "m",
            "s",
            "\u{a0}",
            "'",
            "−",
            "111111111111111111111111111111",
        ],
        run: |input| {
            let content = [b"time\tamount\tshop\n2025-01-03\t", input, b"\ta\n2025-01-03\t7\tb\n"].concat();
            let formats = ["money", "percent", "duration", "number_in_text", "hours_minutes", "minutes_seconds", "days"];
            let named = formats.map(|format| over("t.tsv", &content, &format!("formats = {{ amount = \"{format}\" }}")));
            let styled = ["", "decimal_comma = true", "thousands = \",\"", "decimal_comma = true\nthousands = \".\""];
            let styled = styled.map(|style| over("t.tsv", &content, style));
            all(named.into_iter().chain(styled))
        },
    });
}

#[test]
fn patterns_of_times() {
    attack(&Target {
        name: "times",
        seeds: texts(&[
            "%d/%m/%Y %H:%M",
            "{{",
            "%Y年%m月%d日 %H時",
            "%Y-%m-%dT%H:%M:%S%.fZ",
            "%b %-d, %Y %I:%M %p",
            "%A %d %B %Y",
            "epoch_seconds",
            "excel_serial",
            "%Y%m%d %Z",
            "%s",
        ]),
        words: &["%Y", "%y", "%j", "%e", "%f", "%.3f", "%z", "%:z", "%Z", "%p", "%%", "%-H", "%G-W%V-%u", "%", "epoch_nanoseconds"],
        run: |input| {
            let content =
                "time\tamount\tshop\n03/01/2025 10:00\t1\ta\n2025-01-03T10:00:00.5Z\t2\tb\nJan 3, 2025 1:00 AM\t3\tc\n45660.5\t4\td\n";
            over("t.tsv", content.as_bytes(), &format!("time_formats = {{ time = {} }}", quoted(input)))
        },
    });
}

#[test]
fn expressions() {
    attack(&Target {
        name: "sql",
        seeds: texts(&[
            "amount > 1 AND shop IN ('a', 'b') OR NOT shop LIKE 'x%'",
            "CASE WHEN amount / 2 = 1 THEN TRUE ELSE COALESCE(shop = 'a', FALSE) END",
            "CAST(shop AS INTEGER) + amount * -3.5 >= 0",
            "time >= DATE '2025-01-01' + INTERVAL '1 month' AND EXTRACT(hour FROM time) BETWEEN 1 AND 23",
            "regexp_like(shop, '^a+$') AND length(trim(shop)) < 5 AND substr(shop, 1, 2) = 'a'",
            "strptime(shop, '%d-%m-%Y') IS NULL AND mod(amount, 3) = 0 AND power(amount, 2) > round(amount, 1)",
            "CAST(CAST(CAST(CAST(CAST(CAST(CAST(CAST(CAST(CAST(CAST(CAST(CAST(CAST(CAST(CAST(CAST(CAST(shop AS INTEGER) > 0",
            "POSITION(POSITION(POSITION(POSITION(POSITION(POSITION(POSITION(POSITION(POSITION(POSITION(1))))))))))",
            "json_extract_string('{\"a\": 1}', '$.a') = shop",
        ]),
        words: &[
            "(",
            ")",
            "NULL",
            "NOT ",
            " AND ",
            " IN (",
            "CAST(",
            " AS DECIMAL(10,2))",
            "INTERVAL '1 year'",
            "'2025-01-01'::DATE",
            "date_trunc('week', time)",
            "lpad(shop, 9, 'x')",
            " ^ ",
            "%",
            "//",
            "--",
            "/*",
            ";",
            "SELECT 1",
            "COUNT(*)",
            "\"shop\"",
            "try_cast(",
            "nullif(",
            "repeat('x', 9)",
            "::",
        ],
        run: |input| {
            let content = b"time,amount,shop\n2025-01-03,10,a\n2025-01-04,2,b\n,,\n2025-02-05,-1,03-01-2025\n";
            let expression = quoted(input);
            all([
                over("t.csv", content, &format!("where = {expression}")),
                over("t.csv", content, &format!("derive = {{ shop = {expression} }}")),
            ])
        },
    });
}

#[test]
fn configs() {
    const CONTENT: &str = "order_id,time,amount,shop,customer_id\n1,2025-01-03,10,a,x\n2,2025-01-04,2,b,y\n3,2025-02-05,4,a,x\n";
    attack(&Target {
        name: "config",
        seeds: texts(&[
            "[report]\ntitle = \"T\"\ntimezone = \"Europe/Copenhagen\"\nfrom = 2025-01-01\nuntil = 2025-04-01\ngrain = \"month\"\ncompare = [\"previous\"]\nmin_group_size = 2\n[tables.t]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"loyalty.average_order_value\"\ntable = \"t\"\nby = [[], [\"shop\"]]\ntarget = { at_least = 4, warn_below = 3 }\n",
            "[tables.t]\npath = \"*.csv\"\nwhere = \"amount > 1\"\nderive = { big = \"amount > 5\" }\ndeduplicate = [\"order_id\"]\nkeep = { newest = \"time\" }\n[[metrics]]\nname = \"r\"\nmetric = \"loyalty.repeat_purchase_rate\"\ntable = \"t\"\nparams = { scope = \"lifetime\" }\n[derived.half]\nvalue = \"r / 2\"\nunit = \"percent\"\n",
            "[report]\nlast = \"3 months\"\nas_of = 2025-04-01\ngrain = \"week\"\n[tables.t]\npath = \"t.csv\"\n[define.\"own.sum\"]\ntable = \"t\"\nmeasures = { total = \"sum(amount) FILTER (WHERE shop = 'a')\", n = \"count(distinct customer_id)\" }\nvalue = \"total / n\"\nunit = \"currency\"\n[[metrics]]\nmetric = \"own.sum\"\ntable = \"t\"\n",
            "[segments.big]\nt = \"amount > 3\"\n[calendars.office]\nhours = { mon-fri = [\"08:00-16:00\"] }\nholidays = [2025-01-01]\n[tables.t]\npath = \"t.csv\"\n[[metrics]]\nmetric = \"web.visitors\"\ntable = \"t\"\ncolumns = { user_id = \"customer_id\" }\n[[alerts]]\nname = \"a\"\nwhen = { value_below = 5 }\nmessage = \"{{ value }}\"\n",
        ]),
        words: &[
            "[[metrics]]\n",
            "[report]\n",
            "grain = \"hour\"\n",
            "from = 1900-01-01\n",
            "until = 9999-01-01\n",
            "by = [[\"shop\"], []]\n",
            "confidence = 0.999\n",
            "metric = \"loyalty.rfm\"\n",
            "metric = \"loyalty.cohort_retention\"\n",
            "params = { ",
            " }",
            "fiscal_year_start = 12\n",
            "locale = \"da\"\n",
            "= {",
            "week_start = \"sunday\"\n",
            "complete_periods_only = true\n",
            "timezone = \"Mars\"\n",
            "\"\"\"",
            "'''",
            "unpivot = { ",
            "hash_ids = \"X\"\n",
        ],
        run: |input| {
            // A config is a text, whatever its bytes are.
            Case::new()
                .file("t.csv", CONTENT)
                .variable("X", "sixteen bytes or more")
                .run(&String::from_utf8_lossy(input))
                .map(|result| vec![result])
        },
    });
}

#[test]
fn templates() {
    attack(&Target {
        name: "templates",
        seeds: texts(&[
            "{{ request }} is {{ shown }} from {{ from }}",
            "{% if value > 3 %}high{% else %}low{% endif %}",
            "{% for name in dimensions %}{{ name }}: {{ dimensions[name] }} {% endfor %}",
            "{{ value | round(2) }} {{ title | upper }}",
        ]),
        words: &[
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "for x in range(9999999)",
            "endfor",
            "| indent(9999999)",
            " ~ ",
            "* 9999999",
            "loop",
            "[0]",
            ".x",
            "set a = a ~ a",
            "macro",
        ],
        run: |input| {
            let content = b"time,amount,shop\n2025-01-03,10,a\n2025-01-04,2,b\n";
            let alert = format!("[[alerts]]\nname = \"a\"\nwhen = {{ value_above = 1 }}\non = \"groups\"\nmessage = {}\n", quoted(input));
            let config = format!("[tables.t]\npath = \"t.csv\"\n{AMOUNTS}{alert}");
            Case::new().file("t.csv", content).run(&config).map(|result| vec![result])
        },
    });
}
