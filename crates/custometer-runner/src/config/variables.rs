//! `[variables]`: values with names, which other values of the config are made of: `${NAME}`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::diagnostics::Collector;

/// The section.
const VARIABLES: &str = "variables";

/// The keys of a variable of the environment.
const ENV: &str = "env";
const DEFAULT: &str = "default";

/// Makes a value a line of TOML.
const KEY: &str = "v=";

/// What may stand in a text of SQL or of another language only as its end.
const QUOTES: [char; 3] = ['\'', '"', '`'];

/// The names of the variables that a config declares.
pub(crate) fn declared(root: &DeTable<'_>) -> BTreeSet<String> {
    let variables = root.get(VARIABLES).and_then(|variables| variables.get_ref().as_table());
    variables.into_iter().flat_map(|variables| variables.keys()).map(|name| name.get_ref().to_string()).collect()
}

/// What the environment says for the variables of a config, by its own names, each as a line of TOML.
pub(crate) fn asked(root: &DeTable<'_>, environment: &dyn Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let variables = root.get(VARIABLES).and_then(|variables| variables.get_ref().as_table());
    let names =
        variables.into_iter().flat_map(|variables| variables.values()).filter_map(|value| value.get_ref().get(ENV)?.get_ref().as_str());
    let found = names.filter_map(|name| Some((name.to_owned(), environment(name).filter(|value| !value.is_empty())?)));
    found.map(|(name, value)| (name, format!("{KEY}{value}"))).collect()
}

/// Takes the section out of a config, and puts values where variables are named.
///
/// `declared` are the variables of the files, without the settings of the command line, and `asked` what the environment says.
pub(crate) fn fill<'i>(root: &mut DeTable<'i>, declared: &BTreeSet<String>, asked: &'i BTreeMap<String, String>, problems: &mut Collector) {
    let mut variables = Variables { known: BTreeMap::new(), missing: BTreeSet::new() };
    if let Some(section) = root.remove(VARIABLES) {
        variables.read(section, declared, asked, problems);
    }
    for (name, value) in root.iter_mut() {
        variables.fill(value, matches!(name.get_ref().as_ref(), "mail" | "webhooks"), problems);
    }
}

/// A variable.
enum Variable<'i> {
    /// A value of the config.
    Value(Plain<'i>),
    /// A value of the environment, where it has one, and else its default. The name of the variable there.
    Environment(Spanned<String>, Option<Plain<'i>>),
    /// A mistake that was reported.
    Broken,
}

/// A value that is no list and no table.
#[derive(Clone)]
struct Plain<'i> {
    value: DeValue<'i>,
    /// How it is written within a text.
    written: String,
}

struct Variables<'i> {
    known: BTreeMap<String, Variable<'i>>,
    /// Variables of the environment that were reported as missing.
    missing: BTreeSet<String>,
}

impl<'i> Variables<'i> {
    fn read(
        &mut self,
        section: Spanned<DeValue<'i>>,
        declared: &BTreeSet<String>,
        asked: &'i BTreeMap<String, String>,
        problems: &mut Collector,
    ) {
        let place = section.span();
        let DeValue::Table(variables) = section.into_inner() else {
            problems.report(place, "`variables` must be a table").help("write `[variables]` with `name = \"value\"`");
            return;
        };
        for (name, value) in variables {
            let variable = if !is_name(name.get_ref()) {
                problems
                    .report(name.span(), format!("`{}` is not a name of a variable", name.get_ref()))
                    .help("write it of letters, digits and `_`, and begin with a letter");
                Variable::Broken
            } else if declared.contains(name.get_ref().as_ref()) {
                variable(name.get_ref(), value, asked, problems)
            } else {
                problems.report(name.span(), format!("there is no variable `{}` to set", name.get_ref())).suggest(
                    name.get_ref(),
                    declared,
                    || format!("declare it in the report: `[variables]` with `{} = …`", name.get_ref()),
                );
                Variable::Broken
            };
            self.known.insert(name.get_ref().to_string(), variable);
        }
    }

    /// Puts values where variables are named in a value of the config, and in all that is in it.
    fn fill(&mut self, value: &mut Spanned<DeValue<'i>>, of_receivers: bool, problems: &mut Collector) {
        let place = value.span();
        match value.get_mut() {
            DeValue::Table(table) => table.iter_mut().for_each(|(_, value)| self.fill(value, of_receivers, problems)),
            DeValue::Array(items) => items.iter_mut().for_each(|item| self.fill(item, of_receivers, problems)),
            DeValue::String(text) if text.contains("${") => {
                let text = text.to_string();
                if let Some(filled) = self.filled(&text, &place, of_receivers, problems) {
                    *value.get_mut() = filled;
                }
            }
            _ => {}
        }
    }

    /// A text with values in place of variables; the value itself where there is nothing else. None of a text that names a wrong one.
    fn filled(&mut self, text: &str, place: &Range<usize>, of_receivers: bool, problems: &mut Collector) -> Option<DeValue<'i>> {
        let mut made = String::new();
        let mut rest = text;
        while let Some((before, name, after)) = next(rest) {
            // Two of them stand for one that names nothing.
            if let Some(before) = before.strip_suffix('$') {
                made.extend([before, "${", name, "}"]);
                rest = after;
                continue;
            }
            let Plain { value, written } = self.value(name, place, of_receivers, problems)?;
            if before.is_empty() && after.is_empty() && made.is_empty() {
                return Some(value);
            }
            if written.contains(|character: char| QUOTES.contains(&character) || character.is_control()) {
                problems
                    .report(place.clone(), format!("the value of `{name}` has a quote in it, which could end a text that it stands in"))
                    .help("leave it out of the value, or let the variable be the whole of a value: `\"${NAME}\"`");
                return None;
            }
            made.push_str(before);
            made.push_str(&written);
            rest = after;
        }
        made.push_str(rest);
        Some(DeValue::String(made.into()))
    }

    /// The value of a variable.
    fn value(&mut self, name: &str, place: &Range<usize>, of_receivers: bool, problems: &mut Collector) -> Option<Plain<'i>> {
        let Some(variable) = self.known.get(name) else {
            problems.report(place.clone(), format!("there is no variable `{name}`")).suggest(name, self.known.keys(), || {
                format!("declare it: `[variables]` with `{name} = …`; where `${{{name}}}` itself is meant, write `$${{{name}}}`")
            });
            return None;
        };
        match variable {
            Variable::Broken => None,
            Variable::Environment(..) if of_receivers => {
                problems
                    .report(place.clone(), format!("`{name}` is of the environment, and values of variables may be shown"))
                    .help("what is secret is said by keys such as `url_env` and `secret_env`, which name a variable of the environment themselves");
                None
            }
            Variable::Value(value) | Variable::Environment(_, Some(value)) => Some(value.clone()),
            Variable::Environment(of, None) => {
                if self.missing.insert(of.get_ref().clone()) {
                    problems
                        .report(of.span(), format!("the environment variable `{}` is not set", of.get_ref()))
                        .help(format!("set it, give it a `default`, or set the variable: `--set variables.{name}=…`"));
                }
                None
            }
        }
    }
}

/// A variable as it is written.
fn variable<'i>(name: &str, written: Spanned<DeValue<'i>>, asked: &'i BTreeMap<String, String>, problems: &mut Collector) -> Variable<'i> {
    let place = written.span();
    if !written.get_ref().is_table() {
        return plain(name, written, problems).map_or(Variable::Broken, Variable::Value);
    }
    let DeValue::Table(mut table) = written.into_inner() else { return Variable::Broken };
    let help = format!("write `{name} = \"value\"`, or `{name} = {{ env = \"NAME\", default = \"value\" }}`");
    let otherwise = match table.remove(DEFAULT).map(|default| plain(name, default, problems)) {
        Some(None) => return Variable::Broken,
        otherwise => otherwise.flatten(),
    };
    let env = table.remove(ENV);
    if let Some(unknown) = table.keys().next() {
        problems.report(unknown.span(), format!("unknown key `{}`", unknown.get_ref())).help(help);
        return Variable::Broken;
    }
    let Some((env, of)) = env.as_ref().and_then(|env| Some((env.span(), env.get_ref().as_str()?.to_owned()))) else {
        problems.report(place, "`env` is missing, which names a variable of the environment").help(help);
        return Variable::Broken;
    };
    let said = asked.get(&of).map(|line| read(line));
    Variable::Environment(Spanned::new(env, of), said.or(otherwise))
}

/// A value that is no list and no table.
fn plain<'i>(name: &str, value: Spanned<DeValue<'i>>, problems: &mut Collector) -> Option<Plain<'i>> {
    let written = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) | DeValue::Table(_) => {
            problems
                .report(value.span(), format!("`{name}` is several values, and a variable is one"))
                .help("write a text, a number, a date, or true or false");
            return None;
        }
    };
    if next(&written).is_some() {
        problems.report(value.span(), "variables are not made of each other").help("write the value itself");
        return None;
    }
    Some(Plain { value: value.into_inner(), written })
}

/// The value that a line of the environment is: a number, a date or a truth as TOML writes them, or else text.
fn read(line: &str) -> Plain<'_> {
    let written = line[KEY.len()..].to_owned();
    let parsed = DeTable::parse(line).ok().and_then(|line| line.into_inner().into_iter().next());
    let plain = parsed.map(|(_, value)| value.into_inner()).filter(|value| !value.is_array() && !value.is_table() && !value.is_str());
    Plain { value: plain.unwrap_or_else(|| DeValue::String(written.clone().into())), written }
}

/// Whether a variable can be called so.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The next variable that a text names: what stands before it, its name, and what stands after it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices("${").find_map(|(start, open)| {
        let (name, after) = text[start + open.len()..].split_once('}')?;
        is_name(name).then_some((&text[..start], name, after))
    })
}
