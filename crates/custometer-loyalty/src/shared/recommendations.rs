//! Answers to "how likely are you to recommend us": from 0 to 10, and on no other scale.

use custometer_core::prelude::*;
use custometer_core::survey::Scale;
use custometer_core::time::LocalClock;

use crate::tables::{RECOMMENDATION, RESPONSES, TIME};

/// The one scale that they are given on.
const ASKED: Scale = Scale(0, 10);

/// The answers, if the scale that a report says is theirs. An unanswered question is not a response.
pub(crate) fn answers(scale: Option<Scale>) -> Result<Source, ParamError> {
    let Scale(min, max) = scale.unwrap_or(ASKED).checked()?;
    if Scale(min, max) != ASKED {
        let help = format!(
            "take `support.csat` with `scale = [{min}, {max}]` for the share of high answers, or `support.csat_score` for their mean; only where each \
             answer was written down as another number than was given, derive that from it: `derive = {{ score = \"answer / 10\" }}`"
        );
        let message = format!("promoters and detractors are told apart on a scale from 0 to 10, and not from {min} to {max}");
        return Err(ParamError::new("scale", message).help(help));
    }
    Ok(Source::table(RESPONSES).at(TIME).column(RECOMMENDATION).doubt(LOW, answers_and_highest, none_is_high))
}

const LOW: &str = "none of the answers is above 7, so nobody is a promoter: are they on a scale from 0 to 10? Of another, such as 1 to 5, there is no \
    net promoter score";

/// Whether so many answers are no higher than the scales of most other surveys go.
fn none_is_high(measured: &[Option<f64>]) -> bool {
    const MANY: f64 = 20.0;
    matches!(measured, [Some(answers), Some(highest)] if *highest <= 7.0 && *answers >= MANY)
}

fn answers_and_highest(_: &LocalClock) -> Vec<Measure> {
    let score = || col(RECOMMENDATION.name);
    vec![count("answers").filter(score().is_not_null()), max("highest_answer", score())]
}
