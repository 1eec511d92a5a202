//! The page of the book: everything that expressions may say, from the lists that they are translated by.

use std::fmt::Write as _;

use super::functions::CHAPTERS;
use super::times::{DIRECTIVES, PARTS};

/// What has a syntax of its own: how it looks, what it does, and examples with what they give.
type Operator = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const OPERATORS: &[(&str, &[Operator])] = &[
    (
        "Numbers",
        &[
            (
                "x + y, x - y, x * y",
                "of whole numbers a whole number; what does not fit in 64 bits is a fault",
                &[("1 + 2 * 3", "7"), ("0.5 * 3", "1.5")],
            ),
            ("x / y", "never a whole number; to divide by zero is a fault", &[("7 / 2", "3.5"), ("1 / NULLIF(0, 0)", "NULL")]),
            ("x // y, x % y", "the whole number of times, and the rest, which has the sign of `x`", &[("7 // 2", "3"), ("-7 % 3", "-1")]),
        ],
    ),
    (
        "Texts",
        &[
            ("x || y", "joined; missing where one of them is", &[("'a' || 1", "'a1'"), ("'a' || NULL", "NULL")]),
            (
                "x LIKE 'a%', x ILIKE 'a%'",
                "`%` is any text and `_` any character; `ILIKE` does not tell small letters from capitals; `ESCAPE '!'` makes the next one plain",
                &[("'abc' LIKE 'a%'", "TRUE"), ("'ABC' ILIKE '_b_'", "TRUE"), ("'5 %' LIKE '% !%' ESCAPE '!'", "TRUE")],
            ),
        ],
    ),
    (
        "Comparisons and conditions",
        &[
            (
                "=, <>, <, <=, >, >=",
                "missing where one of both is; a text in quotes beside a time is read as a time",
                &[("2 >= 1.5", "TRUE"), ("DATE '2025-01-31' < '2025-02-01'", "TRUE")],
            ),
            ("x IS NULL, x IS NOT NULL", "whether it is missing", &[("NULL IS NULL", "TRUE")]),
            ("x IS TRUE, x IS NOT FALSE, …", "never missing", &[("(NULL OR TRUE) IS TRUE", "TRUE")]),
            ("x IS DISTINCT FROM y", "as `<>`, where what is missing is equal to what is missing", &[("1 IS DISTINCT FROM NULL", "TRUE")]),
            ("x BETWEEN y AND z", "both ends belong to it", &[("3 BETWEEN 1 AND 3", "TRUE")]),
            ("x IN (a, b, …)", "whether it is one of them", &[("'b' IN ('a', 'b')", "TRUE"), ("2 NOT IN (1, 3)", "TRUE")]),
            (
                "x AND y, x OR y, NOT x",
                "what is missing or fails does not matter where the other part decides",
                &[("FALSE AND NULL", "FALSE"), ("TRUE OR 1 / 0 > 1", "TRUE")],
            ),
            (
                "CASE WHEN x THEN a … ELSE b END",
                "the first that is true decides; only what it gives can fail",
                &[("CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END", "'b'"), ("CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END", "'b'")],
            ),
        ],
    ),
    (
        "Conversions",
        &[
            (
                "CAST(x AS type), x::type",
                "a cell that can't be read so is a fault of its row; what was computed is rounded to a whole number",
                &[
                    ("CAST('12' AS INTEGER)", "12"),
                    ("CAST(7 / 2 AS INTEGER)", "4"),
                    ("CAST(TRUE AS INTEGER)", "1"),
                    ("CAST('2025-01-31' AS DATE)", "DATE '2025-01-31'"),
                    ("CAST(1.005 AS DECIMAL(4, 1))", "1.0"),
                    ("12::VARCHAR", "'12'"),
                ],
            ),
            (
                "TRY_CAST(x AS type)",
                "missing where it can't be read; so one says that it may fail",
                &[("TRY_CAST('n/a' AS INTEGER)", "NULL"), ("COALESCE(TRY_CAST('n/a' AS INTEGER), 0)", "0")],
            ),
        ],
    ),
    (
        "Times",
        &[
            (
                "DATE '…', TIMESTAMP '…'",
                "a day, and a time by the report's clocks, or with an offset",
                &[("TIMESTAMP '2025-01-31 09:30' > DATE '2025-01-31'", "TRUE")],
            ),
            (
                "INTERVAL '90 minutes'",
                "hours and shorter units are elapsed time; days and longer ones go by the calendar, and keep the clock's time",
                &[
                    ("DATE '2025-01-31' + INTERVAL '1 month'", "DATE '2025-02-28'"),
                    ("DATE '2025-01-31' + INTERVAL '90 minutes'", "TIMESTAMP '2025-01-31 01:30'"),
                    ("3 * INTERVAL '20 minutes' = INTERVAL '1 hour'", "TRUE"),
                ],
            ),
            (
                "time - time",
                "the interval between them; of two dates, the number of days",
                &[
                    ("DATE '2025-03-01' - DATE '2025-02-01'", "28"),
                    ("EXTRACT(EPOCH FROM TIMESTAMP '2025-01-01 10:30' - TIMESTAMP '2025-01-01 10:00')", "1800.0"),
                ],
            ),
            ("date + n", "so many days later", &[("DATE '2025-01-31' + 1", "DATE '2025-02-01'")]),
            (
                "EXTRACT(part FROM time)",
                "a part, as the report's clocks show it",
                &[("EXTRACT(MONTH FROM DATE '2025-05-17')", "5"), ("EXTRACT(DOW FROM DATE '2025-12-28')", "0")],
            ),
        ],
    ),
    (
        "Parts of values",
        &[
            (
                "list[n]",
                "an element, from 1, or from the end below zero; missing where there are fewer",
                &[("string_split('a b', ' ')[1]", "'a'")],
            ),
            ("record.field, record['field']", "a field of a record, such as NDJSON and Parquet hold", &[]),
            (
                "list['key']",
                "in a list of records with a text `key` and a `value`, such as the parameters of an event, the value of the first one with this \
                 key; missing where there is none",
                &[],
            ),
            (
                "text['key']",
                "of a text that is JSON, the value of an object's member, or in a list of records with a `key` and a `value` that of the first one \
                 with this key; missing where there is none, and a text that is neither is a fault of its row",
                &[("lower('{\"a\": 7}')['a']", "'7'"), ("lower('[{\"key\": \"a\", \"value\": \"x\"}]')['a']", "'x'")],
            ),
            ("text ->> 'path'", "as `json_extract_string`", &[("'{\"a\": {\"b\": 7}}' ->> '$.a.b'", "'7'")]),
        ],
    ),
];

const HEAD: &str = "\
Expressions are SQL over the values of one row. They stand in `derive` and `where` of a table, in `measures` and `rules` of `[define]`, and in
the `where` of a metric's parameters, such as the steps of a funnel, and mean the same everywhere. The following is all that they may say; anything
else is refused, with the nearest that there is. Every example is run as a test.

## What fails

A value is there, or it is missing, or it is a fault. What is missing makes what is computed of it missing, as in SQL. What is there and can't be used
is a fault: a text that is no number in `CAST(wait AS INTEGER)`, 30 February, a division by zero, a number that is too large. The row is then
rejected, and counted, with its file, its number, the column and the text as it is written. Nothing of it becomes missing or zero in silence.

- A fault in a derived column rejects the row for the metrics that read that column, or break down by it; one in `where` for all of them.
- Only what is looked at can fail: the branch of a `CASE` that is taken, values of `COALESCE` up to the first that is there, and in `AND` and `OR`
  everything unless another part decides.
- `TRY_CAST` and `try_strptime` say that it may fail: the value is missing then. `NULLIF(x, 0)` does so for a division.

A column of a text file is taken for what its first rows look like. Where only its text matters, in `CAST`, `||`, `LIKE` and the functions
of texts, it is taken as it is written.

A column without a value in the first rows is taken for what the expression asks of it: a number in `value > 10` and `COALESCE(value, 0)`, a time in
`value + INTERVAL '1 day'` and `value < '2025-02-01'`, true or false in `NOT value`, text in `value = 'open'`. So a report does not fail on a night without orders.
A value that comes later and is no such thing is a fault of its row, and so are two such columns compared with each other: `CAST` says what they are.

## Times

Times are instants. What is read off them, and what they are compared with, is by the report's clocks (`timezone`): the hour of
`2025-07-01T22:30:00Z` is 0 in Copenhagen, and its day is 2 July. Times in a file that have no offset are read by the clocks of its
table. To add hours is to let time elapse, also where clocks are changed; to add days keeps the time that clocks show.
";

const DIFFERENCES: &str = "\
## Where it differs from DuckDB

The examples were compared with DuckDB. On purpose different are:

- To divide by zero, and a logarithm of zero, are faults; DuckDB gives infinity or NaN.
- `CAST` of a cell that holds 2.7 to a whole number is a fault; DuckDB rounds it. What was computed is rounded in both, here half away from zero.
- `regexp_extract` without a match and `split_part` beyond the last part are missing; DuckDB gives an empty text.
- An offset in a `TIMESTAMP` literal says which instant is meant, and its clock is the report's; DuckDB leaves the offset out.
- A comparison with `NULL` is refused, and so is `NULL` in the list of `IN`: nothing is ever equal to it.
- A date and an interval of days, months or years are a date; DuckDB makes a time at midnight of it. `date_trunc` to days and longer units gives
  a date as well.
- `json_extract_string` of a JSON `null` is missing; DuckDB gives the text `null`.
- Shown as text, a time has no offset: it is what the report's clocks show.
";

/// The page of the book that says all that expressions may say, in Markdown.
pub fn page() -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut text);
    text
}

fn write(text: &mut String) -> std::fmt::Result {
    writeln!(text, "# Expressions\n\n{HEAD}\n## Operators")?;
    for (title, operators) in OPERATORS {
        writeln!(text, "\n### {title}\n\n| written | what it is | examples |\n|---|---|---|")?;
        for (usage, summary, examples) in *operators {
            writeln!(text, "| {} | {summary} | {} |", code(usage), shown(examples))?;
        }
    }
    writeln!(
        text,
        "\nTypes to convert to are `INTEGER` (32 bits; also `TINYINT`, `SMALLINT` and `BIGINT` with 8, 16 and 64), `DOUBLE`, `DECIMAL(18, 2)`, `VARCHAR`,"
    )?;
    writeln!(
        text,
        "`BOOLEAN`, `DATE` and `TIMESTAMP`. Texts are read as the table says that numbers are written; dates and times are those of ISO 8601."
    )?;
    writeln!(text, "\nParts of a time:\n\n| part | what it is |\n|---|---|")?;
    for (part, what) in PARTS {
        writeln!(text, "| `{part}` | {what} |")?;
    }
    writeln!(text, "\n## Functions")?;
    for chapter in &CHAPTERS {
        writeln!(text, "\n### {}\n\n| function | what it gives | examples |\n|---|---|---|", chapter.title)?;
        for entry in chapter.functions {
            let also: Vec<String> = entry.also.iter().map(|name| format!("`{name}`")).collect();
            let also = if also.is_empty() { String::new() } else { format!(" Also called {}.", also.join(", ")) };
            writeln!(text, "| {} | {}.{also} | {} |", code(entry.usage), capital(entry.summary), shown(entry.examples))?;
        }
    }
    writeln!(text, "\nFunctions that crates add stand in [the list of all metrics](README.md#functions).")?;
    writeln!(
        text,
        "\nDirectives of `strftime`, beside `%F` for `%Y-%m-%d`, `%T` for `%H:%M:%S`, `%R` for `%H:%M` and `%%`:\n\n| directive | what it writes |\n|---|---|"
    )?;
    for (directive, _, what) in DIRECTIVES {
        writeln!(text, "| `{directive}` | {what} |")?;
    }
    write!(text, "\n{DIFFERENCES}")
}

fn code(text: &str) -> String {
    let parts: Vec<String> = text.split(", ").map(str::to_owned).collect();
    // Commas in brackets belong to a call.
    let text = if text.contains(['(', '[']) { text.to_owned() } else { parts.join("`, `") };
    format!("`{}`", text.replace('|', "\\|"))
}

fn shown(examples: &[(&str, &str)]) -> String {
    let one = |(written, gives): &(&str, &str)| format!("`{}` is `{}`", written.replace('|', "\\|"), gives.replace('|', "\\|"));
    examples.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// The sentence with a capital, unless it begins with code.
fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
