//! Sections: read as their types through serde, with every entry that does not fit reported at its place.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use custometer_core::mending::{Complaint, read_mending};
use custometer_core::suggest::nearest;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::config::diagnostics::Collector;
use crate::config::params::{Params, to_json};

/// Sections by name, in the order of the config; none for one that can't be read.
pub(crate) type Named<T> = Vec<(Spanned<String>, Option<T>)>;

/// So many entries of a section are mended, since it is read once more for each.
const MOST_MENDED: usize = 50;

/// Reads a section as a type, and reports every entry of it that does not fit.
///
/// A misspelled key is read as the one that was meant, so that what it says is checked as well; any other entry that does not fit is
/// left out, and the rest read again.
pub(crate) fn section<T: DeserializeOwned>(value: Spanned<DeValue<'_>>, problems: &mut Collector) -> Option<T> {
    let read = |value: &Spanned<DeValue<'_>>| T::deserialize(ValueDeserializer::from(value.clone()));
    let message = |error: &toml::de::Error| error.message().to_owned();
    let mut mended = 0;
    read_mending(value, read, message, |value, error, complaint| {
        let span = error.span().unwrap_or_else(|| value.span());
        let Worded { message, help } = worded(error.message());
        let problem = problems.report(span.clone(), message).maybe_help(help);
        mended += 1;
        if mended == MOST_MENDED {
            problem.help("mend these first: what follows in this section is not read");
            return None;
        }
        match complaint {
            Complaint::Missing(_) => None,
            Complaint::UnknownKey { meant, .. } => mend(value, &span, *meant),
            Complaint::Other => mend(value, &span, None),
        }
    })
}

/// Reads named sections of one kind.
pub(crate) fn sections<T: DeserializeOwned>(named: &DeTable<'_>, problems: &mut Collector) -> BTreeMap<String, T> {
    let mut sections = BTreeMap::new();
    for (name, value) in named.clone() {
        if let Some(read) = section(value, problems) {
            sections.insert(name.get_ref().to_string(), read);
        }
    }
    sections
}

/// Reads sections of one type.
pub(crate) fn named<T: DeserializeOwned>(sections: &DeTable<'_>, problems: &mut Collector) -> Named<T> {
    let mut read = Vec::new();
    for (name, value) in sections {
        read.push((Spanned::new(name.span(), name.get_ref().to_string()), section(value.clone(), problems)));
    }
    read
}

/// Reads a section whose parameters are kept as they stand, for metrics to read.
pub(crate) fn with_params<T: DeserializeOwned>(
    mut section: Spanned<DeValue<'_>>,
    problems: &mut Collector,
    keep: impl FnOnce(&mut T, Params),
) -> Option<T> {
    let mut params = Params::default();
    if let DeValue::Table(table) = section.get_mut() {
        let key = table.keys().find(|key| key.get_ref() == "params").cloned();
        if let Some((key, value)) = key.and_then(|key| table.remove_entry(&key)) {
            if let Json::Object(given) = to_json(value.get_ref()) {
                params = Params::new(given, key.span(), &value);
            } else {
                problems.report(value.span(), "`params` must be a table").help("write `params = { name = value }`");
            }
        }
    }
    let mut read = self::section(section, problems)?;
    keep(&mut read, params);
    Some(read)
}

/// Gives the innermost table entry around `span` the key that was meant, or takes it out. Its key; none when there is no entry.
fn mend(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>, meant: Option<&str>) -> Option<String> {
    let within = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    match value.get_mut() {
        DeValue::Table(table) => {
            let found = table.iter_mut().find_map(|(key, value)| {
                // What is in a table of an included file need not stand within the place of the table.
                let inside = mend(value, span, meant);
                (inside.is_some() || within(key.span()) || within(value.span())).then(|| (key.clone(), inside))
            });
            let (key, inside) = found?;
            if inside.is_some() {
                return inside;
            }
            let entry = table.remove(&key)?;
            if let Some(meant) = meant.filter(|&meant| within(key.span()) && !table.contains_key(meant)) {
                table.insert(Spanned::new(key.span(), meant.to_owned().into()), entry);
            }
            Some(key.get_ref().to_string())
        }
        DeValue::Array(items) => items.iter_mut().find_map(|item| mend(item, span, meant)),
        _ => None,
    }
}

/// What a message of serde's says, for a reader.
pub(crate) struct Worded {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// A reader's words for a message of serde's, with help where the message names what was expected.
pub(crate) fn worded(message: &str) -> Worded {
    let plain = |message: &str, help: Option<String>| Worded { message: message.to_owned(), help };
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    for (start, what) in [("unknown field `", "key"), ("unknown variant `", "value")] {
        if let (true, Some((given, expected))) = (message.starts_with(start), quoted.split_first()) {
            return plain(&format!("unknown {what} `{given}`"), Some(did_you_mean(given, expected)));
        }
    }
    if message.starts_with("missing field `") {
        return plain(&format!("`{}` is missing", quoted.first().unwrap_or(&"")), None);
    }
    if let Some((found, expected)) = message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected ")) {
        let expected = match expected {
            "string or map" | "a string" => "text in quotes",
            "a sequence" => "a list",
            "a map" => "a table",
            "a boolean" => "true or false",
            "u64" | "u32" | "i64" | "i32" | "usize" => "a whole number",
            "f64" => "a number",
            other if other.starts_with("tuple struct ") => "a list",
            other => other.strip_prefix("struct ").map_or(other, |_| "a table"),
        };
        let found = found.replace("sequence", "a list").replace("map", "a table");
        return plain(&format!("expected {expected}, found {found}"), None);
    }
    for split in [", did you mean", ": write it"] {
        if let Some((message, help)) = message.split_once(split) {
            return plain(message, Some(format!("{}{help}", split.trim_start_matches([',', ':', ' ']))));
        }
    }
    plain(message, None)
}

/// The nearest of the expected names, or all of them.
pub(crate) fn did_you_mean(given: &str, expected: &[&str]) -> String {
    match nearest(given, expected.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if expected.is_empty() => "nothing can be set here".to_owned(),
        None => format!("expected {}", Listed(expected)),
    }
}

/// Names in backticks, with commas and an "or".
pub(crate) struct Listed<'a>(pub(crate) &'a [&'a str]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            let before = match index {
                0 => "",
                _ if index + 1 == self.0.len() => " or ",
                _ => ", ",
            };
            write!(f, "{before}`{name}`")?;
        }
        Ok(())
    }
}
