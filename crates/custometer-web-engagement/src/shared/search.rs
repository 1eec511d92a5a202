//! What metrics of search read: the export of a search console.

use custometer_core::prelude::*;

/// How often pages were shown for a query on a day, and how often they were clicked.
pub(crate) const SEARCH: Table = Table::named("search")
    .row("one query, page or day of a search console")
    .words(
        "search, query, queries, keyword, seo, serp, console, ctr, gsc, organic, ranking, soegning, soegeord, forespoergsel, \
         forespoergsler, soek, soekord, soekeord, suche, suchanfrage, suchanfragen",
    )
    .columns(&[DAY])
    .first_report(&["web.organic_clicks", "web.impressions", "web.click_through_rate", "web.average_position"]);

/// The day.
pub(crate) const DATE: &str = "date";

/// The day, as a column.
pub(crate) const DAY: Column = Column::time(DATE).also_called("day, dato, dag, datum, tag, report date, search date").describe("the day");

/// What was searched for.
pub(crate) const QUERY: Column = Column::identifier("query")
    .nulls(NullRule::Skip)
    .describe("what was searched for; missing where a console keeps it secret")
    .also_called(
        "queries, search query, search term, search terms, keyword, keywords, top queries, search phrase, term, forespoergsel, \
         forespoergsler, soegning, soegeord, soegeterm, mest populaere forespoergsler, soek, soekeord, soekord, soekfraaga, \
         soekning, suchanfrage, suchanfragen, haeufigste suchanfragen, suchbegriff, keyword phrase",
    );

/// Clicks on a result that leads here.
pub(crate) const CLICKS: Column = Column::number("clicks")
    .whole(0, 1_000_000_000_000)
    .describe("clicks on the result")
    .also_called("click, url clicks, organic clicks, total clicks, klik, klikk, klick, klicks, antal klik");

/// How often a result that leads here was shown.
pub(crate) const IMPRESSIONS: Column =
    Column::number("impressions").whole(0, 1_000_000_000_000).describe("how often the result was shown").also_called(
        "impression, shown, times shown, total impressions, eksponeringer, visninger, eksponering, exponeringar, visningar, \
         impressionen",
    );

/// The mean position of the result in the row's impressions.
pub(crate) const POSITION: Column = Column::number("position")
    .between(0.0, f64::INFINITY)
    .nulls(NullRule::Keep)
    .describe("the mean place of the result, 1 for the topmost; needed where it was shown, and of no meaning elsewhere")
    .also_called(
        "average position, avg position, avg pos, average rank, mean position, rank, ranking, gennemsnitlig position, gns \
         position, placering, gjennomsnittlig posisjon, posisjon, plassering, genomsnittlig position, genomsnittlig placering, \
         durchschnittliche position, rang",
    );

/// Clicks and impressions, as far as they can be true.
pub(crate) fn clicks_and_impressions() -> Source {
    Source::table(SEARCH)
        .at(DATE)
        .column(CLICKS)
        .column(IMPRESSIONS)
        .rule("more clicks than impressions", col(CLICKS.name).lt_eq(col(IMPRESSIONS.name)))
}

/// Adds impressions and the positions that they had.
pub(crate) fn with_positions(source: Source) -> Source {
    let not_shown = || col(IMPRESSIONS.name).eq(lit(0));
    source
        .column(IMPRESSIONS)
        .column(POSITION)
        .rule("impressions without a position", not_shown().or(col(POSITION.name).is_not_null()))
        .rule("impressions at a position below 1", not_shown().or(col(POSITION.name).gt_eq(lit(1.0))))
}

/// What is said of clicks and impressions everywhere.
pub(crate) const IMPOSSIBLE: &str = "A row without clicks or impressions, with a number of them that is not whole or below 0, or with more clicks than impressions is rejected.";
