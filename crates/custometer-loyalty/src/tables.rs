//! The logical tables that loyalty metrics read, and their columns.

use custometer_core::{Column, NullRule, Table, Unit, names};

/// One answer to a survey question.
pub const RESPONSES: Table = Table::named("responses")
    .row("one answer to a survey")
    .words(
        "survey, response, answer, respondent, respnum, nps, csat, question, feedback, svar, undersoegelse, spoergeskema, \
         tilfredshed, enkaet, umfrage, antwort",
    )
    .columns(&[HAPPENED])
    .first_report(&["loyalty.nps"]);
/// One purchase.
pub const ORDERS: Table = Table::named("orders")
    .row("one purchase")
    .words(
        "order, purchase, sale, sales, invoice, transaction, quantity, qty, sku, product, basket, ordre, ordrer, koeb, salg, \
         faktura, vare, varenr, antal, koep, artikel, bestellung, kauf, rechnung, menge",
    )
    .many_rows_per(CUSTOMER_ID)
    .lines_of(ORDER_ID.name, "one_order_per = \"order_id\"")
    .columns(&[HAPPENED])
    .first_report(&[
        "loyalty.average_order_value",
        "loyalty.repeat_purchase_rate",
        "loyalty.purchase_frequency",
        "loyalty.cohort_retention",
    ]);
/// One customer's span.
pub const SUBSCRIPTIONS: Table = Table::named("subscriptions")
    .row("one span of a customer's subscription")
    .words(
        "subscription, plan, mrr, recurring, billing, renewal, cancel, contract, trial, abonnement, abonnementer, opsigelse, \
         fornyelse, abonnemang, uppsaegning, abo, vertrag, kuendigung, seats, interval",
    )
    .first_report(&["loyalty.mrr", "loyalty.mrr_movement", "loyalty.churn_rate", "loyalty.net_revenue_retention"]);
/// One customer.
pub const CUSTOMERS: Table = Table::named("customers")
    .row("one customer")
    .words(
        "customer, client, account, user, contact, person, member, profile, crm, signup, birthday, gender, phone, city, \
         country, language, kunde, kunder, bruger, brugere, medlem, medlemmer, kontakt, koen, telefon, by, bruker, brukere, \
         kund, anvaendare, kundin, nutzer, kontakte, geschlecht, stadt, churn, tenure",
    )
    .first_report(&["loyalty.acquisition_source"]);
/// One movement of a loyalty programme's points.
pub const POINTS: Table = Table::named("points")
    .row("one movement of a loyalty programme's points")
    .words(
        "point, loyalty, bonus, reward, ledger, movement, redeem, earn, expire, balance, membership, optjent, indloest, \
         udloebet, loyalitet, opptjent, innloest, intjaenad, inloest, punkte, praemie, eingeloest, treue",
    )
    .many_rows_per(CUSTOMER_ID)
    .columns(&[HAPPENED])
    .first_report(&["loyalty.redemption_rate"]);
/// One recommendation.
pub const REFERRALS: Table = Table::named("referrals")
    .row("one recommendation")
    .words(
        "referral, invite, invitation, recommend, recommendation, refer, ambassador, advocate, friend, anbefaling, \
         anbefalinger, henvisning, henvisninger, rekommendation, vaervning, empfehlung, empfehlungen, einladung",
    )
    .first_report(&["loyalty.referral_conversion"]);
/// One public review.
pub const REVIEWS: Table = Table::named("reviews")
    .row("one public review")
    .words(
        "review, rating, star, trustpilot, product, site, title, verified, helpful, anmeldelse, anmeldelser, stjerner, omtale, \
         omtaler, recension, recensioner, omdoeme, bewertung, bewertungen, rezension",
    )
    .columns(&[HAPPENED])
    .first_report(&["loyalty.review_rating", "loyalty.positive_reviews"]);

/// When it happened.
pub const TIME: &str = "time";
/// When it happened, as a column.
pub const HAPPENED: Column = Column::time(TIME).also_called(names::TIME).describe("when it happened");
/// Who it was.
pub const CUSTOMER_ID: &str = "customer_id";
/// When a span begins.
pub const STARTED_AT: &str = "started_at";
/// When a span ends; none while it goes on.
pub const ENDED_AT: &str = "ended_at";
/// When someone became a customer.
pub const CREATED_AT: &str = "created_at";
/// When a customer was last active.
pub const LAST_ACTIVE_AT: &str = "last_active_at";
/// When a recommendation made a customer.
pub const CONVERTED_AT: &str = "converted_at";

/// The answer to "how likely are you to recommend us", 0–10. An unanswered question is not a response.
pub const RECOMMENDATION: Column =
    Column::number("score").whole(0, 10).nulls(NullRule::Skip).describe("likelihood to recommend, from 0 to 10").also_called(
        "nps, nps score, netpro, net promoter, net promoter score, recommend, recommendation, would recommend, how likely, likely, rating, grade, answer, \
         anbefaling, anbefale, bedoemmelse, karakter, svar, vurdering, rekommendera, betyg, empfehlung, weiterempfehlung, \
         bewertung, note",
    );

/// The customer of a purchase.
pub const CUSTOMER: Column = Column::identifier(CUSTOMER_ID).describe("who bought").also_called(names::CUSTOMER);

/// When a purchase was made, for metrics that look at the time between purchases.
pub const BOUGHT: Column = Column::time(TIME).also_called(names::TIME).describe("when it was bought");

/// The amount of a purchase.
pub const AMOUNT: Column = Column::number("amount").unit(Unit::Currency).describe("what was paid").also_called(
    "total amount, order total, order value, total price, total, price, sum, revenue, sales, dollar value, value, net \
         amount, gross amount, subtotal, paid, spend, charges, turnover, beloeb, total beloeb, ordrebeloeb, pris, omsaetning, \
         salg, beloep, omsetning, belopp, summa, omsaettning, foersaeljning, betrag, summe, preis, gesamtbetrag, gesamt, \
         umsatz",
);

/// The order that a purchase is a line of.
pub const ORDER_ID: Column =
    Column::identifier("order_id").describe("which order it is a line of; needed with `one_order_per = \"order_id\"`").also_called(
        "order, order number, order no, order nr, invoice id, invoice number, invoice no, invoice, transaction id, \
         transaction, receipt id, receipt number, basket id, purchase id, ordrenr, ordre nr, ordrenummer, ordre, fakturanr, \
         fakturanummer, bilagsnr, ordernr, ordernummer, bestellnummer, bestellung, rechnungsnummer, belegnummer",
    );

/// The lowest gross margin that is taken for one: of a purchase that cost twice what was paid.
pub const LOWEST_MARGIN: f64 = -1.0;
/// The highest gross margin: of a purchase that cost nothing.
pub const HIGHEST_MARGIN: f64 = 1.0;

/// The gross margin of a purchase.
pub const MARGIN_RATE: Column = Column::number("margin_rate")
    .between(LOWEST_MARGIN, HIGHEST_MARGIN)
    .describe("what is left of the amount after the costs of what was sold, as a share of it; read with `margin = \"column\"`")
    .also_called(
        "margin, gross margin, margin percent, margin pct, profit margin, contribution margin, daekningsgrad, avance, \
         bruttoavance, daekningsbidrag, dekningsgrad, marginal, taeckningsgrad, marge, deckungsbeitrag, spanne",
    );

/// The customer of a span.
pub const SUBSCRIBER: Column = Column::identifier(CUSTOMER_ID).describe("whose span it is").also_called(names::CUSTOMER);

/// When a span begins.
pub const STARTED: Column = Column::time(STARTED_AT).describe("when the span begins").also_called(
    "started, start date, start time, start, starts at, valid from, from, begin, began, subscribed at, subscription start, \
         activated at, activation date, session start, visit start, startdato, starttid, start dato, startet, gyldig fra, fra, \
         tegnet, startdatum, giltig fraan, beginn, gueltig ab, abgeschlossen am",
);

/// When a span ends.
pub const ENDED: Column = Column::time(ENDED_AT)
    .nulls(NullRule::Keep)
    .planned()
    .describe("when it ends, no longer part of it; missing while it goes on")
    .also_called(
        "ended, end date, end, ends at, valid to, valid until, until, to, cancelled at, canceled at, cancelled on, \
         cancellation date, churned at, churn date, expired at, expires at, terminated at, slutdato, slut, opsagt, opsagt den, \
         udloeb, gyldig til, til, sluttdato, oppsagt, slutdatum, uppsagd, giltig till, enddatum, ende, gekuendigt, gekuendigt \
         am, gueltig bis",
    );

/// What a span brings in a month.
pub const AMOUNT_PER_MONTH: Column = Column::number("amount_per_month")
    .between(0.0, f64::INFINITY)
    .unit(Unit::Currency)
    .recurring()
    .describe("what is paid for a month")
    .also_called(
        "mrr, monthly amount, monthly charges, monthly price, monthly fee, monthly revenue, monthly recurring revenue, price \
         per month, amount monthly, plan amount, recurring amount, maanedspris, maanedlig pris, pris pr maaned, maanedsbeloeb, \
         pris per maaned, maanadspris, maanadsavgift, monatspreis, monatsbetrag, monatlicher betrag",
    );
