//! The logical tables that web metrics read, and their columns.

use custometer_core::{Column, NullRule, Source, Table, Unit, names};

/// One page view or action.
pub const EVENTS: Table = Table::named("events")
    .row("one page view or action")
    .words(
        "event, access, log, page, path, url, uri, referrer, referer, agent, browser, click, haendelse, side, klik, seite, \
         ereignis",
    )
    .many_rows_per(USER.name)
    .columns(&[HAPPENED])
    .first_report(&["web.visitors", "web.sessions"]);

/// When it happened.
pub const TIME: &str = "time";

/// When it happened, for metrics that look at the time between events.
pub const HAPPENED: Column = Column::time(TIME).also_called(names::TIME).describe("when it happened");

/// Who did it.
pub const USER: Column = Column::identifier("user_id").describe("who it was: a user, visitor or client id").also_called(
    "user, uid, user pseudo id, visitor id, visitor, client id, client, customer id, customer, cookie id, device id, anonymous id, ip \
         address, ip, remote host, remote addr, bruger id, bruger, besoegende, kunde id, kunde, bruker id, bruker, anvaendar \
         id, anvaendare, nutzer id, nutzer, benutzer id, benutzer, besucher",
);

/// What was done.
pub const EVENT: Column = Column::text("event")
    .nulls(NullRule::Keep)
    .describe("the name of the action")
    .also_called("event name, event type, action, activity, haendelse, handling, aktivitet, hendelse, ereignis, aktion");

/// What was looked at; only ever compared with another.
pub const PAGE: Column = Column::identifier("page").nulls(NullRule::Keep).describe("the page that was looked at").also_called(
    "page url, landing page, url, page path, path, page location, address, target url, top pages, page title, request, \
         uri, side, landingsside, sidevisning, sideadresse, landningssida, sida, seite, zielseite, zielseiten, landingpage",
);

/// The visit it belongs to, where the source knows visits.
pub const SESSION: Column = Column::identifier("session_id")
    .describe("the visit that the event belongs to")
    .also_called("session, ga session id, visit id, visit, besoegs id, besoeg, besoek, sitzungs id, sitzung, besuch");

/// What an action is worth.
pub const VALUE: Column = Column::number("value")
    .unit(Unit::Currency)
    .nulls(NullRule::Keep)
    .describe("what the action is worth, in the currency of the data")
    .also_called("event value, revenue, amount, price, conversion value, vaerdi, beloeb, verdi, vaerde, wert");

/// One visit, as a source tells it that knows visits.
pub const SESSIONS: Table = Table::named("sessions")
    .row("one visit")
    .words(
        "session, visit, visitor, landing, bounce, engagement, device, browser, medium, campaign, analytics, besoeg, besoek, \
         sitzung, sitzungen, besuch, besuche",
    )
    .columns(&[STARTED])
    .first_report(&["web.sessions", "web.session_duration", "web.bounce_rate", "web.conversion_rate"]);

/// When a visit began.
pub const STARTED_AT: &str = "started_at";

/// When a visit began, as a column.
pub const STARTED: Column = Column::time(STARTED_AT)
    .also_called(
        "started, start date, start time, start, starts at, valid from, from, begin, began, subscribed at, subscription start, \
         activated at, activation date, session start, visit start, startdato, starttid, start dato, startet, gyldig fra, fra, \
         tegnet, startdatum, giltig fraan, beginn, gueltig ab, abgeschlossen am",
    )
    .describe("when the visit began");

/// How long a visit took.
pub const DURATION: Column = Column::number("duration_seconds")
    .between(0.0, f64::INFINITY)
    .unit(Unit::Seconds)
    .describe("the time from the visit's first event to its last")
    .also_called(
        "duration, session duration, visit duration, length, length seconds, time on site, engagement time, seconds, session \
         length, varighed, varighed sekunder, besoegstid, varighet, laengd, besoekstid, dauer, sitzungsdauer, besuchsdauer",
    );

/// How many pages were looked at in a visit.
pub const PAGE_VIEWS: Column =
    Column::number("page_views").whole(0, i64::MAX).unit(Unit::Count).describe("the pages looked at").also_called(
        "pageviews, views, pages, page count, pages viewed, screen views, hits, actions, sidevisninger, visninger, sidor, \
         sidvisningar, seitenaufrufe, seitenansichten, aufrufe",
    );

/// How many converting actions a visit has.
pub const CONVERSIONS: Column =
    Column::number("conversions").whole(0, i64::MAX).unit(Unit::Count).describe("the converting actions").also_called(
        "conversion, key events, goals, goal completions, goal conversions, purchases, transactions, konverteringer, koeb, \
         maal, konverteringar, konvertierungen, abschluesse, zielvorhaben",
    );

/// Events, at times when there was a web. Others come of clocks that were never set, and of numbers read in the wrong unit.
pub fn events() -> Source {
    on_the_web(Source::table(EVENTS).at(TIME))
}

/// The same for metrics that mean nothing without a beginning and an end.
pub fn dated_events() -> Source {
    on_the_web(Source::table(EVENTS).always_at(TIME))
}

/// Visits, at such times.
pub fn sessions() -> Source {
    on_the_web(Source::table(SESSIONS).at(STARTED_AT))
}

fn on_the_web(source: Source) -> Source {
    source.years(1990, 2199)
}
