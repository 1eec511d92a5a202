//! Ratings of a survey: their mean, and the share of some of them, each answer counted once or by its weight.

use custometer_core::measure::Scope;
use custometer_core::prelude::*;
use custometer_core::survey::{self, Answers, Kind, Scale};

use crate::tables::{RESPONSES, TIME};

/// The column of the rating.
pub(crate) const SCORE: &str = "score";

/// The ratings on a scale. An unanswered question is not a response.
fn source(scale: Scale) -> Result<Source, ParamError> {
    let Scale(min, max) = scale.checked()?;
    let score = Column::number(SCORE).whole(min, max).nulls(NullRule::Skip).describe("rating, on the scale given by `scale`").also_called(
        "csat, satisfaction, rating, stars, grade, answer, tilfredshed, bedoemmelse, karakter, svar, vurdering, \
                 tilfredshet, noejdhet, betyg, zufriedenheit, bewertung, note",
    );
    Ok(Source::table(RESPONSES).at(TIME).column(score))
}

/// The mean rating.
pub(crate) fn mean(scale: Scale, weighted: bool) -> Result<Definition, ParamError> {
    let score = || col(SCORE);
    let answers = Answers::new(weighted);
    let definition = Definition::over(answers.of(source(scale)?));
    Ok(match answers {
        Answers::Once => definition
            .measure(sum("rating_sum", score()))
            .measure(count(survey::RESPONSES))
            .measure(variance("rating_variance", score()))
            .value(Value::mean("rating_sum", survey::RESPONSES, "rating_variance")),
        Answers::Weighted => {
            let sums = definition
                .measure(sum("weighted_rating_sum", Answers::weight() * score()))
                .measure(sum("weighted_rating_squares", Answers::weight() * score() * score()));
            answers
                .weigh(sums, Scope::Group)
                .measure(count(survey::RESPONSES))
                .value(Answers::weighted_mean("weighted_rating_sum", "weighted_rating_squares"))
        }
    })
}

/// The share of the ratings of one kind; `kind` is what the measure is called that counts them.
pub(crate) fn share(scale: Scale, weighted: bool, kind: &str, is_of_kind: Expr) -> Result<Definition, ParamError> {
    let answers = Answers::new(weighted);
    let kind = Kind { number: kind, weight: &format!("{kind}_weight") };
    let definition = Definition::over(answers.of(source(scale)?)).measure(answers.measure(kind).filter(is_of_kind));
    Ok(answers.weigh(definition, Scope::Group).measure(count(survey::RESPONSES)).value(answers.proportion(kind)))
}
