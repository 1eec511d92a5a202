//! Calendars: durations in business hours, and mistakes in their description.

use custometer_testkit::Case;
use insta::assert_snapshot;

const TICKETS: &str = "created_at,first_replied_at\n2025-01-06 15:00:00,2025-01-07 09:00:00\n2025-01-10 11:00:00,2025-01-13 10:00:00\n";

fn report(calendars: &str, clock: &str) -> String {
    format!(
        "[report]\ntimezone = \"Europe/Copenhagen\"\n{calendars}\n[tables.tickets]\npath = \"t.csv\"\n[[metrics]]\n\
        metric = \"support.first_response_time\"\ntable = \"tickets\"\nparams = {{ clock = \"{clock}\" }}\n"
    )
}

const OFFICE: &str =
    "[calendars.office]\nhours = { mon-thu = [\"08:00-16:00\"], fri = [\"08:00-12:00\", \"12:30-15:00\"] }\nholidays = [2025-12-25]";

#[test]
fn business_hours_leave_out_nights_breaks_and_weekends() {
    let json = Case::new().file("t.csv", TICKETS).json(&report(OFFICE, "office")).unwrap();
    let row = &json["results"][0];
    // Monday 15:00 to Tuesday 09:00 is two hours; Friday 11:00 to Monday 10:00 is one, two and a half after lunch, and two.
    assert_eq!(row["value"].as_f64(), Some(f64::midpoint(2.0, 5.5) * 3600.0));
    assert_eq!(row["note"], "business hours of `office`");
}

#[test]
fn hours_are_those_of_the_calendars_own_time_zone() {
    let new_york = OFFICE.replace("hours =", "timezone = \"America/New_York\"\nhours =");
    let json = Case::new().file("t.csv", TICKETS).json(&report(&new_york, "office")).unwrap();
    // Six hours earlier there: Monday 09:00 to Tuesday 03:00, and Friday 05:00 to Monday 04:00.
    assert_eq!(json["results"][0]["value"].as_f64(), Some(f64::midpoint(7.0, 6.5) * 3600.0));
}

#[test]
fn a_calendar_that_is_not_there_is_an_error_at_its_name() {
    assert_snapshot!(Case::new().file("t.csv", TICKETS).load(&report(OFFICE, "offce")).err().unwrap());
}

#[test]
fn rows_name_calendars_that_there_are() {
    let of_row = |calendars: &str, clock: &str| {
        let config = report(calendars, "").replace("clock = \"\"", &format!("clock = {clock}"));
        Case::new().file("t.csv", TICKETS).load(&config).err().unwrap()
    };
    let none = of_row("", "{ column = \"schedule\" }");
    assert!(none.contains("the report has no calendar that rows could name") && none.contains("`[calendars.NAME]`"), "{none}");
    let missing = of_row(OFFICE, "{ column = \"schedule\" }");
    assert!(missing.contains("`tickets` has no column `schedule` (text)"), "{missing}");
    let misspelled = of_row(OFFICE, "{ colum = \"schedule\" }");
    assert!(misspelled.contains("unknown key `colum`") && misspelled.contains("did you mean `column`?"), "{misspelled}");
    let number = of_row(OFFICE, "5");
    assert!(number.contains("or `{ column = \"…\" }`, found integer `5`"), "{number}");
}

#[test]
fn every_mistake_in_a_calendar_is_shown() {
    let wrong = "[calendars.office]\nhours = { monday = [\"08:00-16:00\"], tue = [\"16:00-08:00\", \"8-16\"], wed-fri = [\"08:00-12:00\", \"11:00-15:00\"] }\n\
        holidays = [\"2025-12-25\"]\n[calendars.calendar]\nhours = { mon = [\"08:00-24:00\"] }";
    assert_snapshot!(Case::new().file("t.csv", TICKETS).load(&report(wrong, "office")).err().unwrap());
}
