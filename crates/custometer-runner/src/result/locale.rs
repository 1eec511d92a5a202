//! The language of a report that is read by people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The language that numbers, dates and fixed words of an HTML report are written in. English unless said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// Danish.
    Da,
    /// Norwegian, Bokmål.
    Nb,
    /// Swedish.
    Sv,
}

impl Locale {
    /// Every one there is.
    pub const ALL: [Self; 4] = [Self::En, Self::Da, Self::Nb, Self::Sv];

    /// The language's tag, as in configs and HTML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Da => "da",
            Self::Nb => "nb",
            Self::Sv => "sv",
        }
    }
}
