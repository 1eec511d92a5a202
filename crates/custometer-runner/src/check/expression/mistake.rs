//! What is wrong with an expression, and where.

use std::ops::Range;

use toml::Spanned;

use crate::config::diagnostics::Collector;

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// The bytes of the text that it is about; none for all of it.
    pub(crate) place: Option<Range<usize>>,
}

impl Mistake {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, place: None }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub(crate) fn at(self, place: Option<Range<usize>>) -> Self {
        Self { place: place.or(self.place), ..self }
    }

    /// Reports it at its place in a written expression. `what` is how the message calls the expression; nothing where it speaks for itself.
    pub(crate) fn report(self, what: &str, written: &Spanned<String>, problems: &mut Collector) {
        let place = self.place.map_or_else(|| written.span(), |place| problems.place_in(written, place));
        problems.report(place, format!("{what}{}", self.message)).maybe_help(self.help);
    }
}
