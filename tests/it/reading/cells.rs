//! Cells as exports write them: times, money, percentages, durations, numbers among words and flags, each right or rejected with its text.

use std::fs::File;

use custometer_testkit::Case;
use polars::prelude::{Column, DataFrame, ParquetWriter};
use serde_json::Value as Json;

/// A file as CSV and as Parquet of texts, and a report over each: they have to say the same.
struct Export {
    case: Case,
}

impl Export {
    fn of(csv: &str) -> Self {
        let case = Case::new().file("t.csv", csv);
        let mut lines = csv.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let header = lines.next().unwrap();
        let rows: Vec<Vec<String>> = lines.collect();
        let column = |(position, name): (usize, &String)| {
            let values: Vec<Option<&str>> = rows.iter().map(|row| Some(row[position].as_str()).filter(|text| !text.is_empty())).collect();
            Column::new(name.as_str().into(), values)
        };
        let mut frame = DataFrame::new(rows.len(), header.iter().enumerate().map(column).collect()).unwrap();
        ParquetWriter::new(File::create(case.path().join("t.parquet")).unwrap()).finish(&mut frame).unwrap();
        Self { case }
    }

    /// The whole result of a report whose table `t` has these options.
    fn report(&self, report: &str, options: &str, rest: &str) -> Result<Json, String> {
        let of = |file: &str| self.case.json(&format!("[report]\n{report}\n[tables.t]\npath = \"{file}\"\n{options}\n{rest}"));
        let (csv, parquet) = (of("t.csv"), of("t.parquet"));
        match (&csv, &parquet) {
            (Ok(csv), Ok(parquet)) => {
                assert_eq!(csv["results"], parquet["results"]);
                assert_eq!(reasons(csv), reasons(parquet));
            }
            (Err(_), Err(_)) => {}
            _ => panic!("{csv:?}\n{parquet:?}"),
        }
        csv
    }

    /// The value of one metric.
    fn value(&self, options: &str, metric: &str, params: &str) -> Option<f64> {
        self.value_in("UTC", options, metric, params)
    }

    fn value_in(&self, zone: &str, options: &str, metric: &str, params: &str) -> Option<f64> {
        let rest = format!("[[metrics]]\nmetric = \"{metric}\"\ntable = \"t\"\nparams = {{ {params} }}\n");
        let json = self.report(&format!("timezone = \"{zone}\""), options, &rest).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(reasons(&json), Vec::<String>::new());
        json["results"][0]["value"].as_f64()
    }

    /// The value of a formula over a column, and the rejected texts.
    fn formula(&self, options: &str, formula: &str) -> Result<(Option<f64>, Vec<String>), String> {
        let rest = format!(
            "[define.\"acme.own\"]\ntitle = \"Own\"\ntable = \"t\"\nmeasures = {{ own = \"{formula}\" }}\nvalue = \"own\"\nunit = \"points\"\n\
             [[metrics]]\nmetric = \"acme.own\"\ntable = \"t\"\n"
        );
        let in_one_line = |problems: String| problems.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        let json = self.report("", options, &rest).map_err(in_one_line)?;
        let rejected = json["rejected"].as_array().unwrap().iter().flat_map(|reason| reason["examples"].as_array().unwrap());
        let texts = rejected.map(|example| example["value"].as_str().unwrap_or_default().to_owned()).collect();
        Ok((json["results"][0]["value"].as_f64(), texts))
    }

    fn problems(&self, options: &str, metric: &str) -> String {
        let problems = self.report("", options, &format!("[[metrics]]\nmetric = \"{metric}\"\ntable = \"t\"\n")).unwrap_err();
        // A long line is broken where it is shown.
        problems.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
    }
}

/// Why rows are rejected.
fn reasons(json: &Json) -> Vec<String> {
    json["rejected"].as_array().unwrap().iter().map(|reason| reason["reason"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn names_of_zones_are_read_and_tell_the_two_times_of_a_night_apart() {
    let tickets = Export::of(
        "ticket_id,created_at,first_replied_at\n1,2025-02-03 09:00:00 EST,2025-02-03 09:30:00 EST\n\
         2,2025-11-02 01:45:00 EDT,2025-11-02 01:15:00 EST\n",
    );
    let formats = "time_formats = { created_at = \"%Y-%m-%d %H:%M:%S %Z\", first_replied_at = \"%Y-%m-%d %H:%M:%S %Z\" }";
    let wait = tickets.value_in("America/New_York", formats, "support.first_response_time", "");
    assert_eq!(wait, Some(1800.0));
    // The table's zone counts, and not the report's.
    let elsewhere = format!("{formats}\ntimezone = \"America/New_York\"");
    assert_eq!(tickets.value_in("Europe/Copenhagen", &elsewhere, "support.first_response_time", ""), Some(1800.0));
    // Elsewhere the names mean nothing.
    let rest = "[[metrics]]\nmetric = \"support.first_response_time\"\ntable = \"t\"\n";
    let json = tickets.report("timezone = \"Europe/Copenhagen\"", formats, rest).unwrap();
    assert_eq!(json["results"].as_array().unwrap().iter().filter(|row| row["n"] != 0).count(), 0);
    assert!(reasons(&json).iter().all(|reason| reason.contains("is not a time like")), "{:?}", reasons(&json));

    let utc = Export::of("ticket_id,created_at,first_replied_at\n1,2025-02-03 09:00:00 UTC,2025-02-03 09:05:00 UTC\n");
    assert_eq!(utc.value_in("America/New_York", "", "support.first_response_time", ""), Some(300.0));
}

#[test]
fn opening_hours_are_counted_in_the_zone_of_the_names() {
    let tickets = Export::of("ticket_id,created_at,first_replied_at\n1,2025-02-03 08:45:00 EST,2025-02-03 09:30:00 EST\n");
    let rest = "[calendars.office]\nhours = { mon-fri = [\"09:00-17:00\"] }\n[[metrics]]\nmetric = \"support.first_response_time\"\n\
                table = \"t\"\nparams = { clock = \"office\" }\n";
    let formats = "time_formats = { created_at = \"%Y-%m-%d %H:%M:%S %Z\", first_replied_at = \"%Y-%m-%d %H:%M:%S %Z\" }";
    let json = tickets.report("timezone = \"America/New_York\"", formats, rest).unwrap();
    assert_eq!(json["results"][0]["value"], 1800.0);
}

#[test]
fn dates_without_zeros_are_read_with_their_time_of_day() {
    let tickets = Export::of("ticket_id,created_at,solved_at\n1,9/3/2016 9:01,9/3/2016 11:01\n2,29/2/2016 01:00,1/3/2016 00:30\n");
    for pattern in ["%d/%m/%Y %H:%M", "%-d/%-m/%Y %-H:%M"] {
        let formats = format!("time_formats = {{ created_at = \"{pattern}\", solved_at = \"{pattern}\" }}");
        assert_eq!(tickets.value(&formats, "support.resolution_time", ""), Some(45_900.0));
    }
    let american = Export::of("time,user_id\n6/21/2025 16:14,a\n12/1/2024 9:05,b\n1/9/2025 0:00,c\n10/10/2025 23:59,d\n");
    let rest = "[[metrics]]\nmetric = \"web.visitors\"\ntable = \"t\"\ngrain = \"year\"\n";
    let json = american.report("", "time_formats = { time = \"%m/%d/%Y %H:%M\" }", rest).unwrap();
    let years = json["results"].as_array().unwrap().iter();
    let years: Vec<(String, f64)> =
        years.map(|row| (row["start"].as_str().unwrap()[..4].to_owned(), row["value"].as_f64().unwrap())).collect();
    assert_eq!(years, [("2024".to_owned(), 1.0), ("2025".to_owned(), 3.0)]);
}

#[test]
fn an_issue_trackers_times_with_month_names_and_halves_of_the_day_are_read() {
    let issues = Export::of(
        "Created,Resolved,First,Satisfaction\n03/Feb/25 9:05 AM,03/Feb/25 1:05 PM,2025-02-03 09:35:00.0,5\n\
         03/Feb/25 12:00 PM,04/Feb/25 12:00 AM,2025-02-03 12:10:00.5,4\n04/Feb/25 12:30 AM,,,\n\
         05/Feb/25 11:59 PM,07/Feb/25 1:00 AM,2025-02-06 00:09:00.0,2\n",
    );
    let options = "columns = { created_at = \"Created\", solved_at = \"Resolved\", first_replied_at = \"First\", score = \"Satisfaction\" }\n\
                   time_formats = { Created = \"%d/%b/%y %I:%M %p\", Resolved = \"%d/%b/%y %I:%M %p\" }";
    let hours = issues.value(options, "support.resolution_time", "").unwrap() / 3600.0;
    assert!((hours - 13.672_222_222_222).abs() < 1e-9, "{hours}");
    let minutes = issues.value(options, "support.first_response_time", "").unwrap() / 60.0;
    assert!((minutes - 16.669_444_444_444).abs() < 1e-9, "{minutes}");
}

#[test]
fn a_number_since_1970_in_another_unit_is_refused_with_the_one_that_fits() {
    let events = Export::of(
        "event_timestamp,event_name,user_pseudo_id\n1735689600000000,page_view,1.1\n1735690200123456,page_view,1.1\n\
         1735689605000000,page_view,2.2\n1735780000000000,page_view,2.2\n1735780000000000,page_view,2.2\n",
    );
    let columns = "columns = { time = \"event_timestamp\", event = \"event_name\", user_id = \"user_pseudo_id\" }\n";
    let unit = |unit: &str| format!("{columns}time_formats = {{ event_timestamp = \"{unit}\" }}");
    assert_eq!(events.value(&unit("epoch_microseconds"), "web.page_views", "view_events = [\"page_view\"]"), Some(5.0));
    assert_eq!(events.value(&unit("epoch_microseconds"), "web.visitors", ""), Some(2.0));
    for wrong in ["epoch_seconds", "epoch_milliseconds", "epoch_nanoseconds", "excel_serial"] {
        let problems = events.problems(&unit(wrong), "web.visitors");
        assert!(problems.contains(&format!("as `{wrong}`; say `epoch_microseconds`")), "{problems}");
    }
    // What comes later in another unit is rejected with its text.
    let mixed = Export::of("time,user_id\n1735689600,a\n1735689601,b\n1735689602000,c\n");
    let rest = "[[metrics]]\nmetric = \"web.visitors\"\ntable = \"t\"\ngrain = \"year\"\n";
    let json = mixed.report("", "time_formats = { time = \"epoch_seconds\" }", rest).unwrap();
    assert_eq!(json["results"][0]["value"].as_f64(), Some(2.0));
    assert_eq!(json["rejected"][0]["examples"][0]["value"], "1735689602000");
}

#[test]
fn a_spreadsheets_serial_days_are_local_times() {
    // By Python: datetime(1899, 12, 30) + timedelta(days=45688.395833333336) is 2025-01-31 09:30:00.
    let tickets = Export::of("created_at,solved_at\n45688.395833333336,45688.4375\n45688,45690\n");
    let formats = "time_formats = { created_at = \"excel_serial\", solved_at = \"excel_serial\" }";
    assert_eq!(tickets.value_in("Europe/Copenhagen", formats, "support.resolution_time", ""), Some(f64::midpoint(3600.0, 172_800.0)));
}

#[test]
fn a_date_and_its_clock_in_two_columns_are_one_time() {
    let tickets = Export::of("Day,Clock,solved_at\n3/2/2025,9:05,2025-02-03 10:05\n4/2/2025,,2025-02-04 10:05\n,,2025-02-04 10:05\n");
    let options = "columns = { created_at = [\"Day\", \"Clock\"] }\ntime_formats = { created_at = \"%d/%m/%Y %H:%M\" }";
    let rest = "[[metrics]]\nmetric = \"support.resolution_time\"\ntable = \"t\"\n";
    let json = tickets.report("", options, rest).unwrap();
    assert_eq!(json["results"][0]["value"], 3600.0);
    let shown: Vec<&Json> = json["rejected"].as_array().unwrap().iter().map(|reason| &reason["examples"][0]["value"]).collect();
    // The day without its clock is not taken for midnight, and the row with neither has no time.
    assert!(shown.contains(&&Json::from("4/2/2025 ?")), "{shown:?}");
    assert_eq!(reasons(&json).len(), 2, "{:?}", reasons(&json));

    let iso = Export::of("Day,Clock,user_id\n2025-02-03,23:30:00,a\n2025-02-04,,b\n");
    let rest = "[[metrics]]\nmetric = \"web.visitors\"\ntable = \"t\"\ngrain = \"year\"\n";
    let json = iso.report("", "columns = { time = [\"Day\", \"Clock\"] }", rest).unwrap();
    assert_eq!(json["results"][0]["value"].as_f64(), Some(1.0));
    assert_eq!(json["rejected"][0]["examples"][0]["value"], "2025-02-04 ?");

    let problems = iso.problems("columns = { time = [\"Day\", \"Clok\"] }", "web.visitors");
    assert!(problems.contains("there is no column `Clok`") && problems.contains("did you mean `Clock`?"), "{problems}");
}

#[test]
fn labels_around_a_score_and_halves_of_the_day_are_read() {
    let mut csv = "id,End Date,Q\n".to_owned();
    for (id, (time, answer)) in [
        ("03/01/2025 12:05:09 AM", "Extremely likely - 10"),
        ("03/02/2025 11:59:59 AM", "9"),
        ("03/03/2025 12:30:00 PM", "9"),
        ("03/04/2025 01:15:00 PM", "8"),
        ("03/05/2025 11:59:59 PM", "7"),
        ("03/06/2025 09:00:00 AM", "6"),
        ("03/07/2025 10:00:00 PM", "Not at all likely - 0"),
        ("03/08/2025 03:00:00 AM", "Extremely likely - 10"),
        ("03/09/2025 04:00:00 PM", ""),
    ]
    .into_iter()
    .enumerate()
    {
        csv.extend([id.to_string().as_str(), ",", time, ",", answer, "\n"]);
    }
    let options = "columns = { time = \"End Date\", score = \"Q\" }\ntime_formats = { \"End Date\" = \"%m/%d/%Y %I:%M:%S %p\" }\n\
                   formats = { Q = \"number_in_text\" }";
    assert_eq!(Export::of(&csv).value(options, "loyalty.nps", ""), Some(25.0));
    // A text with two numbers, or with none, is no answer.
    let answers = Export::of("score\n10 of 10\nmaybe\n9 (likely)\n");
    let rest = "[[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\n";
    let json = answers.report("", "formats = { score = \"number_in_text\" }", rest).unwrap();
    assert_eq!(json["results"][0]["value"], 100.0);
    let examples = json["rejected"][0]["examples"].as_array().unwrap();
    assert_eq!(examples.iter().map(|example| example["value"].as_str().unwrap()).collect::<Vec<_>>(), ["10 of 10", "maybe"]);
}

#[test]
fn flags_are_y_and_n_and_any_words_that_are_declared() {
    let calls = |yes: &str, no: &str| {
        Export::of(&format!(
            "call_id,queued_at,answered,wait_seconds\n1,2025-01-01 09:00,{yes},40\n2,2025-01-01 09:05,{no},\n3,2025-01-01 09:10,{yes},61\n\
             4,2025-01-01 09:20,{yes},51\n5,2025-01-01 09:30,{yes},30\n"
        ))
    };
    let columns = "columns = { time = \"queued_at\", is_answered = \"answered\" }\n";
    for (yes, no, formats) in [
        ("Y", "N", ""),
        ("yes", "no", ""),
        ("TRUE", "False", ""),
        ("t", "f", ""),
        ("1", "0", ""),
        ("ja", "nej", "formats = { answered = { true = [\"ja\"], false = [\"nej\"] } }"),
        ("Ja", "NEIN", "formats = { is_answered = { true = [\"ja\", \"j\"], false = [\"nein\"] } }"),
        ("oui", "non", "formats = { answered = { true = [\"oui\"], false = [\"non\"] } }"),
        ("sí", "no", "formats = { answered = { true = [\"Sí\"], false = [\"No\"] } }"),
    ] {
        let calls = calls(yes, no);
        let options = format!("{columns}{formats}");
        assert_eq!(calls.value(&options, "support.abandonment_rate", ""), Some(20.0), "{yes}");
        assert_eq!(calls.value(&options, "support.wait_time", ""), Some(45.5), "{yes}");
    }
    let problems = calls("ja", "nej").problems(columns, "support.abandonment_rate");
    assert!(problems.contains("holds text, such as `ja`, `nej`") && problems.contains("formats = {"), "{problems}");
    // A word that means neither is rejected with its text.
    let rest = "[[metrics]]\nmetric = \"support.abandonment_rate\"\ntable = \"t\"\n";
    let json = calls("Y", "perhaps").report("", columns, rest).unwrap();
    assert_eq!(json["rejected"][0]["examples"][0]["value"], "perhaps");
    assert!(reasons(&json)[0].contains("y or n"), "{:?}", reasons(&json));
}

#[test]
fn amounts_percentages_and_durations_are_numbers() {
    for (cells, options, expected) in [
        ("$1 234.50|$(12.00)|$0.50-", "formats = { x = \"money\" }", 1222.0),
        ("1 234,50 kr|-2,00 kr.|kr. 10,00", "decimal_comma = true\nformats = { x = \"money\" }", 1242.5),
        ("1.234,50 €|1’000,00 €", "decimal_comma = true\nthousands = \".\"\nformats = { x = \"money\" }", 2234.5),
        ("2.5 %|83%|0%", "formats = { x = \"percent\" }", 85.5),
        ("2,5 %|0,83\u{a0}%", "decimal_comma = true\nformats = { x = \"percent\" }", 3.33),
        ("444:03:00|1 day 02:03:04|4 hours 32 minutes|1h 05m|PT4H", "formats = { x = \"duration\" }", 1_726_984.0),
        ("4:05|10:00", "formats = { x = \"hours_minutes\" }", 50_700.0),
        ("4:05|10:00", "formats = { x = \"minutes_seconds\" }", 845.0),
        ("1.5|2", "formats = { x = \"hours\" }", 12_600.0),
        ("1500|500", "formats = { x = \"milliseconds\" }", 2.0),
    ] {
        // A comma inside of a cell needs quotes in CSV; the same texts come from Parquet.
        let rows = cells.split('|').map(std::borrow::ToOwned::to_owned).collect::<Vec<_>>();
        let case =
            Case::new().file("t.csv", format!("x;y\n{}\n", rows.iter().map(|cell| format!("{cell};1")).collect::<Vec<_>>().join("\n")));
        let mut frame = DataFrame::new(rows.len(), vec![Column::new("x".into(), &rows)]).unwrap();
        ParquetWriter::new(File::create(case.path().join("t.parquet")).unwrap()).finish(&mut frame).unwrap();
        for path in ["path = \"t.csv\"\ndelimiter = \";\"", "path = \"t.parquet\""] {
            let config = format!(
                "[tables.t]\n{path}\n{options}\n[define.\"acme.own\"]\ntitle = \"Own\"\ntable = \"t\"\nmeasures = {{ own = \"sum(x)\" }}\n\
                 value = \"own\"\nunit = \"points\"\n[[metrics]]\nmetric = \"acme.own\"\ntable = \"t\"\n"
            );
            let json = case.json(&config).unwrap_or_else(|problems| panic!("{problems}"));
            assert_eq!(reasons(&json), Vec::<String>::new(), "{cells}");
            let value = json["results"][0]["value"].as_f64().unwrap();
            assert!((value - expected).abs() < 1e-6, "{cells}: {value}");
        }
    }
}

#[test]
fn a_help_desks_own_durations_have_their_mean() {
    let tickets = Export::of(
        "Ticket ID,First response time (in hrs),Resolution time (in hrs)\n101,00:40:00,01:45:00\n102,02:30:00,444:03:00\n103,,\n",
    );
    let options = "columns = { first_reply = \"First response time (in hrs)\", resolution = \"Resolution time (in hrs)\" }\n\
                   formats = { first_reply = \"duration\", resolution = \"duration\" }";
    assert_eq!(tickets.formula(options, "avg(first_reply)"), Ok((Some(5700.0), Vec::new())));
    assert_eq!(tickets.formula(options, "avg(resolution)"), Ok((Some(802_440.0), Vec::new())));
}

#[test]
fn what_does_not_fit_a_format_is_rejected_with_its_text() {
    for (cells, format, expected, rejected) in [
        ("$1.50\n€2.00\n3.50\nabc", "\"money\"", 5.0, vec!["abc", "€2.00"]),
        ("$1.50\n1.234,50\n2.00", "\"money\"", 3.5, vec!["1.234,50"]),
        ("5 %\n5\n0.05", "\"percent\"", 5.0, vec!["0.05", "5"]),
        ("1:00:00\n4:05\n1 month\n2 hours 3", "\"duration\"", 3600.0, vec!["1 month", "2 hours 3", "4:05"]),
    ] {
        let cells = cells.replace("1.234,50", "1.234.50");
        let rejected: Vec<String> = rejected.into_iter().map(|text: &str| text.replace("1.234,50", "1.234.50")).collect();
        let export = Export::of(&format!("x\n{cells}\n"));
        // The first rows decide on a currency; of two the config has to say which.
        let format = if cells.contains('€') { "{ money = \"$\" }" } else { format };
        let (value, mut texts) =
            export.formula(&format!("formats = {{ x = {format} }}"), "sum(x)").unwrap_or_else(|problems| panic!("{problems}"));
        texts.sort();
        assert_eq!((value, texts), (Some(expected), rejected), "{cells}");
    }
    let two = Export::of("x\n$1.50\n€2.00\n").formula("formats = { x = \"money\" }", "sum(x)").unwrap_err();
    assert!(two.contains("amounts in `$`, `€` can't be added up"), "{two}");
    let none = Export::of("x\n5 %\n7 %\n").formula("formats = { x = \"money\" }", "sum(x)").unwrap_err();
    assert!(none.contains("no value of the first rows is an amount of money") && none.contains("say `\"percent\"`"), "{none}");
    let unknown = Export::of("x\n5\n").formula("formats = { x = \"percentage\" }", "sum(x)").unwrap_err();
    assert!(unknown.contains("`percentage` is not a format of cells") && unknown.contains("did you mean `percent`?"), "{unknown}");
    let undeclared = Export::of("amount\n5 %\n7 %\n").problems("", "loyalty.average_order_value");
    assert!(undeclared.contains("say `formats = { amount = \"percent\" }`"), "{undeclared}");
    let flag = Export::of("score\nja\nnej\n").problems("formats = { score = { true = [\"ja\"], false = [\"nej\"] } }", "loyalty.nps");
    assert!(flag.contains("`score` must be a number, and `formats` says that it is one of `ja`, `nej`"), "{flag}");
}

#[test]
fn a_directive_that_can_not_be_used_is_refused_where_it_stands() {
    let export = Export::of("time,score\n3/2/2025 9:05,9\n");
    for (pattern, told) in [
        ("%d/%m/%Y %H:%m", "`%M` the minute"),
        ("%d/%m/%Y %H:%M %p", "write `%I`"),
        ("%d/%m/%Y %I:%M", "write `%H`"),
        ("%d/%m %H:%M", "names no year"),
        ("%d/%m/%Y %H:%M %Q", "names of zones are `%Z`"),
        ("%s", "write `epoch_seconds`"),
        ("epoch_second", "did you mean `epoch_seconds`?"),
        ("dd/MM/yyyy HH:mm", "write `%d/%m/%Y %H:%M`"),
    ] {
        let problems = export.problems(&format!("time_formats = {{ time = \"{pattern}\" }}"), "loyalty.nps");
        assert!(problems.contains(told) && problems.contains("time_formats"), "{pattern}: {problems}");
    }
}
