//! The settings of a config one by one, so that two configs can be told apart.

use std::collections::BTreeMap;

use toml::{Table, Value};

/// What holds addresses and names of secrets: only whether it is the same is of interest.
const HASHED: [&str; 2] = ["mail", "webhooks"];

/// Every setting by the path of its keys, as TOML. Entries of a list are called by their `name`, or else by their metric or position.
pub(crate) fn flat(text: &str, settings: &[String]) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    let root: Table = toml::from_str(text).unwrap_or_default();
    add(&mut flat, "", &Value::Table(root.clone()));
    for (path, value) in settings.iter().filter_map(|setting| setting.split_once('=')) {
        let parsed = toml::from_str::<Table>(&format!("v = {value}")).ok().and_then(|mut line| line.remove("v"));
        let value = parsed.unwrap_or_else(|| Value::String(value.to_owned()));
        add(&mut flat, &named(&root, path), &value);
    }
    for (_, value) in flat.iter_mut().filter(|(key, _)| HASHED.iter().any(|section| key.starts_with(section))) {
        *value = blake3::hash(value.as_bytes()).to_hex().to_string();
    }
    flat
}

fn add(flat: &mut BTreeMap<String, String>, path: &str, value: &Value) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Table(table) => table.iter().for_each(|(key, value)| add(flat, &below(key), value)),
        Value::Array(list) if list.iter().any(Value::is_table) => {
            for (position, value) in list.iter().enumerate() {
                let name = name(value).filter(|name| list.iter().filter(|other| self::name(other).as_deref() == Some(name)).count() == 1);
                add(flat, &below(&name.unwrap_or_else(|| position.to_string())), value);
            }
        }
        other => _ = flat.insert(path.to_owned(), other.to_string()),
    }
}

/// What an entry of a list is called.
fn name(entry: &Value) -> Option<String> {
    entry.get("name").or_else(|| entry.get("metric")).and_then(Value::as_str).map(str::to_owned)
}

/// The path of a setting of the command line, which calls entries of lists by their positions.
fn named(root: &Table, path: &str) -> String {
    let mut steps = path.splitn(3, '.');
    let (Some(list), Some(position), Some(rest)) = (steps.next(), steps.next(), steps.next()) else { return path.to_owned() };
    let entry = position.parse::<usize>().ok().and_then(|position| root.get(list)?.as_array()?.get(position));
    entry.and_then(name).map_or_else(|| path.to_owned(), |name| format!("{list}.{name}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_the_paths_of_their_keys() {
        let text = "[report]\ngrain = \"month\"\n[webhooks.team]\nurl = \"https://example.com/secret\"\n\
                    [[metrics]]\nmetric = \"loyalty.nps\"\ntable = \"t\"\n[[metrics]]\nname = \"b\"\nmetric = \"loyalty.nps\"\nparams = { scale = 5 }\n";
        let flat = flat(text, &["report.grain=week".to_owned(), "metrics.1.params.scale=7".to_owned()]);
        let of = |key: &str| flat.get(key).map(String::as_str);
        assert_eq!((of("report.grain"), of("metrics.loyalty.nps.table")), (Some("\"week\""), Some("\"t\"")));
        assert_eq!(of("metrics.b.params.scale"), Some("7"));
        assert!(of("webhooks.team.url").is_some_and(|url| !url.contains("secret")));
    }
}
