//! Keys and values, in lists or as JSON in a text: the value of a key.

use polars::prelude::{Column, DataType, Expr, Field, IdxCa, IdxSize, IntoColumn, NewChunkedArray, PlSmallStr, PolarsResult};
use serde_json::Value as Json;

/// The fields of the elements.
const KEY: &str = "key";
const VALUE: &str = "value";

/// What the values of a list of keys and values are stored as; none for another list.
pub(super) fn value_type(list: &DataType) -> Option<&DataType> {
    let DataType::List(inner) = list else { return None };
    let DataType::Struct(fields) = inner.as_ref() else { return None };
    let field = |name: &str| fields.iter().find(|field| field.name() == name).map(Field::dtype);
    field(KEY).filter(|key| key.is_string() || key.is_categorical() || key.is_enum())?;
    field(VALUE)
}

/// The value of the first element with this key; missing where there is none. `stored` is the type of values.
pub(super) fn by_key(list: Expr, key: &str, stored: &DataType) -> Expr {
    let (key, stored) = (key.to_owned(), stored.clone());
    let find = move |column: Column| -> PolarsResult<Column> {
        let lists = column.list()?.rechunk();
        let elements = lists.get_inner();
        let elements = elements.struct_()?;
        let keys = elements.field_by_name(KEY)?.cast(&DataType::String)?;
        let keys = keys.str()?;
        let mut places: Vec<Option<IdxSize>> = Vec::with_capacity(lists.len());
        for array in lists.downcast_iter() {
            for row in 0..array.len() {
                let (start, end) = array.offsets().start_end(row);
                let is_there = array.validity().is_none_or(|validity| validity.get_bit(row));
                let place = is_there.then(|| (start..end).find(|place| keys.get(*place) == Some(key.as_str()))).flatten();
                places.push(place.and_then(|place| IdxSize::try_from(place).ok()));
            }
        }
        let places = IdxCa::from_iter_options(PlSmallStr::EMPTY, places.into_iter());
        Ok(elements.field_by_name(VALUE)?.take(&places)?.with_name(column.name().clone()).into_column())
    };
    list.map_with_fmt_str(find, move |_, field| Ok(Field::new(field.name().clone(), stored.clone())), "value of a key")
}

/// The value of a key in a text of JSON: that of an object's member, or of the first record with this `key` in a list of keys and values. Missing
/// where there is none.
pub(super) fn by_key_in_json(text: &str, key: &str) -> Option<String> {
    let found = match serde_json::from_str(text).ok()? {
        Json::Object(mut members) => members.remove(key),
        Json::Array(records) => {
            let value = |record: Json| match record {
                Json::Object(mut record) if record.get(KEY).and_then(Json::as_str) == Some(key) => record.remove(VALUE),
                _ => None,
            };
            records.into_iter().find_map(value)
        }
        _ => None,
    };
    match found? {
        Json::Null => None,
        Json::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// Whether a text is JSON that has values by keys: an object, or a list of records with a `key`.
pub(super) fn has_keys_in_json(text: &str) -> bool {
    match serde_json::from_str(text) {
        Ok(Json::Object(_)) => true,
        Ok(Json::Array(records)) => records.iter().all(|record| record.get(KEY).is_some_and(Json::is_string)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_values_by_keys_as_an_object_or_a_list() {
        let of = |text: &str| (has_keys_in_json(text), by_key_in_json(text, "a"));
        assert_eq!(of(r#"{"b": 1, "a": "x"}"#), (true, Some("x".to_owned())));
        assert_eq!(of(r#"{"a": [1, {"c": true}]}"#), (true, Some(r#"[1,{"c":true}]"#.to_owned())));
        assert_eq!(of(r#"[{"key": "b", "value": 1}, {"key": "a", "value": 7}, {"key": "a", "value": 8}]"#), (true, Some("7".to_owned())));
        for nothing in [r#"{"a": null}"#, "{}", "[]", r#"[{"key": "a"}]"#] {
            assert_eq!(of(nothing), (true, None), "{nothing}");
        }
        for other in ["7", "\"a\"", "[1, 2]", r#"{"a": 1"#, "a=1", r#"[{"key": 1, "value": 2}]"#] {
            assert_eq!(of(other), (false, None), "{other}");
        }
    }
}
