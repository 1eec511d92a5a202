//! The logical tables that support metrics read, and their columns.

use custometer_core::{Column, NullRule, Source, Table, names};
use polars::prelude::col;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One answer to a survey question.
pub const RESPONSES: Table = Table::named("responses")
    .row("one answer to a survey")
    .words(
        "survey, response, answer, respondent, respnum, nps, csat, question, feedback, svar, undersoegelse, spoergeskema, \
         tilfredshed, enkaet, umfrage, antwort",
    )
    .columns(&[HAPPENED])
    .first_report(&["support.csat", "support.ces_easy_share", "support.channel_preference"]);
/// One support case.
pub const TICKETS: Table = Table::named("tickets")
    .row("one support case")
    .words(
        "ticket, case, support, helpdesk, priority, status, assignee, requester, subject, sag, sager, henvendelse, prioritet, \
         sak, saker, aerende, anfrage, vorgang, prioritaet",
    )
    .columns(&[PRIORITY])
    .first_report(&[
        "support.ticket_volume",
        "support.first_response_time",
        "support.resolution_time",
        "support.backlog",
        "support.reopen_rate",
    ]);
/// One criterion of one reviewed case.
pub const QUALITY_SCORES: Table = Table::named("quality_scores")
    .row("one criterion of one reviewed case")
    .words(
        "quality, qa, scorecard, evaluation, assessment, criterion, reviewer, reviewee, agent, iqs, audit, kvalitet, \
         evaluering, bedoemmelse, kvalitetsscore, granskning, qualitaet, pruefung, bewertungsbogen",
    )
    .many_rows_per("review_id")
    .columns(&[HAPPENED])
    .first_report(&["support.quality_score"]);
/// A piece of feedback.
pub const FEEDBACK: Table = Table::named("feedback")
    .row("one piece of feedback")
    .words(
        "feedback, suggestion, complaint, idea, inbox, praise, forslag, ris, ros, klage, klager, tilbagemelding, \
         tilbakemelding, synpunkt, synpunkter, rueckmeldung, rueckmeldungen, anregung",
    )
    .first_report(&["support.feedback_response_rate"]);
/// A mention on social media.
pub const MENTIONS: Table = Table::named("mentions")
    .row("one mention on social media")
    .words(
        "mention, social, sentiment, tweet, post, hashtag, platform, follower, reach, influencer, listening, brand, omtale, \
         omtaler, opslag, stemning, innlegg, omnaemnande, inlaegg, erwaehnung, erwaehnungen, beitrag",
    )
    .columns(&[HAPPENED])
    .first_report(&["support.mention_volume", "support.sentiment"]);
/// One message of a support case.
pub const MESSAGES: Table = Table::named("messages")
    .row("one message of a support case")
    .words(
        "message, comment, reply, conversation, chat, thread, transcript, body, text, via, besked, beskeder, kommentar, \
         kommentarer, samtale, melding, meldinger, meddelande, meddelanden, nachricht, nachrichten, kommentare",
    )
    .many_rows_per(TICKET_ID)
    .first_report(&["support.response_time"]);
/// One change of a support case's status.
pub const TICKET_HISTORY: Table = Table::named("ticket_history")
    .row("one change of a support case's status")
    .words(
        "history, audit, field, status, change, changes, old, new, previous, log, transition, update, historik, aendring, \
         aendringer, endring, endringer, aendringar, verlauf, aenderung",
    )
    .many_rows_per(TICKET_ID)
    .first_report(&["support.requester_wait_time", "support.agent_wait_time"]);

/// When it happened.
pub const TIME: &str = "time";
/// When it happened, as a column.
pub const HAPPENED: Column = Column::time(TIME).also_called(names::TIME).describe("when it happened");
/// When a ticket was created.
pub const CREATED_AT: &str = "created_at";
/// When it was first answered.
pub const FIRST_REPLIED_AT: &str = "first_replied_at";
/// When it was solved.
pub const SOLVED_AT: &str = "solved_at";

/// Which ticket it is.
pub const TICKET_ID: &str = "ticket_id";

/// The ticket of a row.
pub const TICKET: Column = Column::identifier(TICKET_ID).describe("which ticket it is").also_called(
    "ticket, ticket number, case id, case number, case, issue id, request id, conversation id, conversation, thread id, \
         thread, sags id, sagsnr, sagsnummer, sag, saksnummer, sak, aerendenummer, aerende, vorgangsnummer, vorgang, \
         fallnummer",
);
/// When a ticket was created, as a column.
pub const CREATED: Column = Column::time(CREATED_AT).describe("when the ticket was created").also_called(
    "created, created on, created time, creation date, date created, opened at, opened, open date, submitted at, received \
         at, received, oprettet, oprettet den, oprettelsesdato, modtaget, opprettet, mottatt, skapad, mottagen, erstellt, \
         erstellt am, eroeffnet, angelegt, eingegangen",
);
/// When it was first answered, as a column.
pub const FIRST_REPLIED: Column =
    Column::time(FIRST_REPLIED_AT).nulls(NullRule::Keep).describe("when it was first answered; missing while it is not").also_called(
        "first reply at, first reply, first response at, first response, first responded at, first answered at, first answer, \
         foerste svar, foerst besvaret, foerste respons, foersta svar, erste antwort, erstantwort",
    );
/// When it was solved, as a column.
pub const SOLVED: Column =
    Column::time(SOLVED_AT).nulls(NullRule::Keep).describe("when it was solved, last; missing while it is not").also_called(
        "solved, resolved at, resolved, closed at, closed, completed at, loest, loest den, lukket, lukket den, afsluttet, \
         avsluttet, stengt, avslutad, staengd, geloest, geloest am, geschlossen, abgeschlossen",
    );

/// How soon a ticket is to be solved, where its row says so.
pub const PRIORITY: Column = Column::text("priority")
    .also_called("prio, severity, urgency, importance, prioritet, hastegrad, alvorlighed, prioritaet, dringlichkeit")
    .describe("how soon it is to be solved");

/// When it was solved for the first time, as a column.
pub const FIRST_SOLVED: Column =
    Column::time("first_solved_at").nulls(NullRule::Keep).describe("when it was first solved; missing while it never was").also_called(
        "first solved, first resolved at, first resolved, initially solved at, foerst loest, foerste loesning, foersta \
         loesning, zuerst geloest, erstmals geloest",
    );

/// How often a ticket was reopened.
pub const REOPENS: Column = Column::number("reopens").whole(0, 1_000_000).describe("how often it was reopened").also_called(
    "reopened, reopen count, times reopened, number of reopens, reopened count, genaabnet, genaabninger, gjenaapnet, \
         aateroeppnad, wiedereroeffnet, wiedereroeffnungen",
);

/// How many replies agents have written.
pub const AGENT_REPLIES: Column = Column::number("agent_replies")
    .also_called(
        "replies, agent comments, public replies, number of replies, reply count, responses, agent responses, touches, antal \
         svar, svar, antall svar, antworten, anzahl antworten",
    )
    .whole(0, 1_000_000)
    .describe("how many replies agents have written");

/// Where it stands when tickets were solved and reopened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketBasis {
    /// In the columns of a table of tickets, one row each.
    #[default]
    Tickets,
    /// In a table of their history: one row per change of a ticket's status, the first of them its creation.
    History,
}

/// A source whose ticket is not solved before it is created.
pub fn solved_after_creation(source: Source) -> Source {
    source.rule("`solved_at` is before `created_at`", col(SOLVED_AT).gt_eq(col(CREATED_AT)))
}
