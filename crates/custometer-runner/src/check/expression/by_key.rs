//! Lists of keys and values: the value of a key.

use polars::prelude::{Column, DataType, Expr, Field, IdxCa, IdxSize, IntoColumn, NewChunkedArray, PlSmallStr, PolarsResult};

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
