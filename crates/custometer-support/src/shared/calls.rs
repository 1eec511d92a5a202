//! The logical table of calls and chats: which were answered, and after how long.

use custometer_core::prelude::*;
use custometer_core::time::Clock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One call or chat that was put into a queue.
pub(crate) const CALLS: Table = Table::named("calls")
    .row("one call or chat that was put into a queue")
    .words(
        "call, queue, phone, telephony, acd, agent, skill, dialer, abandon, ring, talk, hold, opkald, samtale, samtaler, koe, \
         telefon, anrop, samtal, anruf, anrufe, warteschlange",
    )
    .columns(&[QUEUED])
    .first_report(&["support.service_level", "support.abandonment_rate", "support.wait_time"]);
/// When it was put there.
pub(crate) const QUEUED_AT: &str = "queued_at";

const QUEUED: Column = Column::time(QUEUED_AT).describe("when it was put into the queue").also_called(
    "queued, queue time, enqueued at, entered queue at, call start, call time, call date, started at, offered at, ringing \
         at, sat i koe, i koe, opkaldstid, opkald, ringt, samtaletid, samtalstid, i koen, anrufzeit, anrufbeginn, eingegangen",
);
const ANSWERED_AT: Column =
    Column::time("answered_at").nulls(NullRule::Keep).describe("when it was answered; missing where it was not").also_called(
        "answered, answer time, picked up at, pickup time, connected at, accepted at, besvaret, besvaret den, besvart, \
         besvarad, angenommen, angenommen am, beantwortet",
    );
const IS_ANSWERED: Column = Column::boolean("is_answered").describe("whether it was answered; the others were abandoned").also_called(
    "answered, was answered, handled, connected, picked up, besvaret, er besvaret, besvart, besvarad, angenommen, \
         beantwortet",
);
const WAIT_SECONDS: Column = Column::number("wait_seconds")
    .between(0.0, f64::INFINITY)
    .unit(Unit::Seconds)
    .nulls(NullRule::Keep)
    .describe("how long it was in the queue until it was answered or abandoned")
    .also_called(
        "wait, wait time, waiting time, wait sec, wait time seconds, seconds waited, time in queue, queue seconds, queue \
         duration, hold time, speed of answer, ventetid, ventetid sekunder, koetid, vaentetid, vaentetid sekunder, wartezeit, \
         wartezeit sekunden, wartedauer",
    );
const IS_SHORT_ABANDON: Column = Column::boolean("is_short_abandon")
    .nulls(NullRule::Keep)
    .describe("whether it was abandoned so soon that nobody could have answered; may be missing where it was answered")
    .also_called(
        "short abandon, short abandoned, is short abandoned, abandoned short, abandoned within threshold, short call, abandon \
         in threshold, kort opgivet, hurtigt opgivet, kort lagt paa, kort avbrutet, schnell aufgelegt, kurzabbruch",
    );

/// Where it stands which calls were answered, and when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallBasis {
    /// In the columns `is_answered` and `wait_seconds`.
    #[default]
    WaitSeconds,
    /// In the column `answered_at`, which is missing for a call that was abandoned; the wait is from `queued_at` on.
    AnsweredAt,
}

impl CallBasis {
    /// The calls, with what says whether they were answered.
    pub(crate) fn source(self) -> Source {
        let source = Source::table(CALLS).at(QUEUED_AT);
        match self {
            Self::WaitSeconds => source.column(IS_ANSWERED),
            Self::AnsweredAt => source
                .column(QUEUED)
                .column(ANSWERED_AT)
                .rule("`answered_at` is before `queued_at`", col(ANSWERED_AT.name).gt_eq(col(QUEUED_AT))),
        }
    }

    /// The same, with how long the answered ones waited.
    pub(crate) fn source_with_waits(self) -> Source {
        match self {
            Self::WaitSeconds => {
                let has_wait = col(IS_ANSWERED.name).not().or(col(WAIT_SECONDS.name).is_not_null());
                self.source().column(WAIT_SECONDS).rule("`wait_seconds` of an answered call is missing", has_wait)
            }
            Self::AnsweredAt => self.source(),
        }
    }

    /// Whether a call was answered.
    pub(crate) fn is_answered(self) -> Expr {
        match self {
            Self::WaitSeconds => col(IS_ANSWERED.name),
            Self::AnsweredAt => col(ANSWERED_AT.name).is_not_null(),
        }
    }

    /// How long an answered call waited, in seconds; null where it was abandoned.
    pub(crate) fn wait(self) -> Expr {
        match self {
            Self::WaitSeconds => when(self.is_answered()).then(col(WAIT_SECONDS.name)).otherwise(lit(NULL)),
            Self::AnsweredAt => Clock::Calendar.seconds_between(col(QUEUED_AT), col(ANSWERED_AT.name)),
        }
    }

    /// A source that says which calls were abandoned at once.
    pub(crate) fn with_short_abandons(self, source: Source) -> Source {
        let [answered, short] = [self.is_answered(), col(IS_SHORT_ABANDON.name)];
        source
            .column(IS_SHORT_ABANDON)
            .rule("an answered call is a short abandon", (answered.clone().and(short.clone())).fill_null(lit(false)).not())
            .rule("`is_short_abandon` of an abandoned call is missing", answered.or(short.is_not_null()))
    }
}

/// Whether a call was abandoned at once.
pub(crate) fn is_short_abandon() -> Expr {
    col(IS_SHORT_ABANDON.name).fill_null(lit(false))
}

/// How long a call was in the queue, answered or not, of a source with the rule that it is known.
pub(crate) fn with_waits_of_abandoned(source: Source) -> Source {
    source.rule("`wait_seconds` of an abandoned call is missing", col(WAIT_SECONDS.name).is_not_null())
}

/// How long a call was in the queue, answered or not.
pub(crate) fn time_in_queue() -> Expr {
    col(WAIT_SECONDS.name)
}
