//! The registry: every metric that is linked into the program.
//!
//! A metric registers itself where it is written. The linker drops a crate that nothing refers to, and its metrics with it, silently; a
//! program therefore names every metric crate it wants with `use the_crate as _;`.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value as Json};

use crate::definition::Definition;
use crate::metric::{About, Metric};
use crate::params::{NoParams, ParamError, read_params};
use crate::suggest::nearest;

/// A registered metric, its types erased.
pub struct Descriptor {
    /// The documentation.
    pub about: &'static About,
    /// The crate that registered it.
    pub krate: &'static str,
    /// The version of that crate; empty where nothing says it.
    pub version: &'static str,
    making: Making,
}

/// How a metric makes its definition.
enum Making {
    /// A type with parameters.
    Typed {
        define: fn(Map<String, Json>) -> Result<Definition, Vec<ParamError>>,
        settle: fn(Map<String, Json>) -> Result<Json, Vec<ParamError>>,
        params_schema: fn() -> Schema,
    },
    /// Data, without parameters.
    Given(Box<Definition>),
}

impl Descriptor {
    /// The descriptor of a metric; called by [`register_metric!`](crate::register_metric).
    pub const fn new<M: Metric>(krate: &'static str, version: &'static str) -> Self {
        let making = Making::Typed { define: define::<M>, settle: settle::<M>, params_schema: params_schema::<M> };
        Self { about: M::ABOUT, krate, version, making }
    }

    /// The descriptor of a metric that no type stands for, such as one that a config defines.
    pub fn given(about: &'static About, krate: &'static str, definition: Definition) -> Self {
        Self { about, krate, version: "", making: Making::Given(Box::new(definition)) }
    }

    /// The metric with the given parameters, or everything that is wrong with them.
    pub fn define(&self, params: Map<String, Json>) -> Result<Definition, Vec<ParamError>> {
        match &self.making {
            Making::Typed { define, .. } => define(params),
            Making::Given(definition) => read_params::<NoParams>(params).map(|_| definition.as_ref().clone()),
        }
    }

    /// The parameters as the metric understands them, with every default filled in, or everything that is wrong with them.
    pub fn settle(&self, params: Map<String, Json>) -> Result<Json, Vec<ParamError>> {
        match &self.making {
            Making::Typed { settle, .. } => settle(params),
            Making::Given(_) => read_params::<NoParams>(params).map(|_| Json::Object(Map::new())),
        }
    }

    /// The JSON Schema of the parameters.
    pub fn params_schema(&self) -> Schema {
        match &self.making {
            Making::Typed { params_schema, .. } => params_schema(),
            Making::Given(_) => schema_of::<NoParams>(),
        }
    }

    /// The names of the parameters.
    pub fn param_names(&self) -> Vec<String> {
        let schema = self.params_schema();
        let properties = schema.get("properties").and_then(Json::as_object);
        properties.map_or_else(Vec::new, |properties| properties.keys().cloned().collect())
    }
}

impl std::fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Descriptor").field("id", &self.about.id).field("krate", &self.krate).finish_non_exhaustive()
    }
}

fn define<M: Metric>(params: Map<String, Json>) -> Result<Definition, Vec<ParamError>> {
    let params = read_params::<M::Params>(params)?;
    let definition = M::define(&params).map_err(|error| vec![error])?;
    debug_assert_eq!(definition.problems(), Vec::<String>::new(), "the definition of {}", M::ABOUT.id);
    Ok(definition)
}

fn settle<M: Metric>(params: Map<String, Json>) -> Result<Json, Vec<ParamError>> {
    let params = read_params::<M::Params>(params)?;
    serde_json::to_value(params).map_err(|error| vec![ParamError { path: Vec::new(), message: error.to_string(), help: None }])
}

fn params_schema<M: Metric>() -> Schema {
    schema_of::<M::Params>()
}

fn schema_of<P: JsonSchema>() -> Schema {
    schemars::generate::SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .into_generator()
        .into_root_schema_for::<P>()
}

inventory::collect!(Descriptor);

/// Registers a metric type, at the end of its file.
#[macro_export]
macro_rules! register_metric {
    ($metric:ty) => {
        $crate::__private::inventory::submit! {
            $crate::registry::Descriptor::new::<$metric>(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        }
    };
}

/// All linked metrics, by id.
#[derive(Debug, Clone)]
pub struct Registry {
    metrics: BTreeMap<&'static str, &'static Descriptor>,
}

/// Why a program's metrics can't be used together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Two metrics have one id.
    #[error("two metrics are called `{id}`: one in crate `{first}`, one in crate `{second}`; rename one of them")]
    Duplicate {
        /// The id.
        id: &'static str,
        /// The crate of the one.
        first: &'static str,
        /// The crate of the other.
        second: &'static str,
    },
}

impl Registry {
    /// The metrics that are linked into this program.
    pub fn linked() -> Result<Self, RegistryError> {
        Self::of(inventory::iter::<Descriptor>)
    }

    /// A registry of the given metrics.
    pub fn of(descriptors: impl IntoIterator<Item = &'static Descriptor>) -> Result<Self, RegistryError> {
        let mut metrics: BTreeMap<&'static str, &'static Descriptor> = BTreeMap::new();
        for descriptor in descriptors {
            if let Some(present) = metrics.insert(descriptor.about.id, descriptor) {
                // The order of registration is the linker's; the message must not depend on it.
                let [first, second] = if present.krate <= descriptor.krate { [present, descriptor] } else { [descriptor, present] };
                return Err(RegistryError::Duplicate { id: descriptor.about.id, first: first.krate, second: second.krate });
            }
        }
        Ok(Self { metrics })
    }

    /// The same with one more, in the place of any of its id.
    #[must_use]
    pub fn with(mut self, descriptor: &'static Descriptor) -> Self {
        self.metrics.insert(descriptor.about.id, descriptor);
        self
    }

    /// The metric with an id.
    pub fn get(&self, id: &str) -> Option<&'static Descriptor> {
        self.metrics.get(id).copied()
    }

    /// All metrics, by id.
    pub fn iter(&self) -> impl Iterator<Item = &'static Descriptor> {
        self.metrics.values().copied()
    }

    /// What to say of an id that is not known: the nearest ones, and that a crate may not be linked.
    pub fn help(&self, id: &str) -> String {
        let domain = id.split('.').next().unwrap_or(id);
        let in_domain = self.metrics.keys().copied().filter(|known| known.split('.').next() == Some(domain));
        if let Some(near) = nearest(id, self.metrics.keys().copied()) {
            return format!("did you mean `{near}`? `custometer metrics list` shows all");
        }
        if in_domain.count() > 0 {
            return format!("`custometer metrics list` shows all metrics of `{domain}`");
        }
        format!(
            "no metric of `{domain}` is in this program; if a crate of yours defines it, the program must name it (`use your_crate as _;`), \
             or the linker leaves it out"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, Direction, NoParams, Source, Table, Unit, Value};

    struct One;
    impl Metric for One {
        type Params = NoParams;
        const ABOUT: &'static About = &About {
            id: "test.one",
            title: "One",
            summary: "Counts rows.",
            formula: "rows",
            unit: Unit::Count,
            range: "0 or more",
            direction: Direction::Neutral,
            edge_cases: &[],
            examples: &[],
            references: &[],
        };
        fn define(_: &NoParams) -> Result<Definition, ParamError> {
            Ok(Definition::over(Source::table("rows")).measure(crate::measure::count("rows")).value(Value::measure("rows")))
        }
    }

    static ONE: Descriptor = Descriptor::new::<One>("crate-b", "1.0.0");
    static SAME: Descriptor = Descriptor::new::<One>("crate-a", "1.0.0");

    #[test]
    fn two_metrics_with_one_id_name_both_crates_in_a_stable_order() {
        let error = Registry::of([&ONE, &SAME]).unwrap_err();
        assert_eq!(error, Registry::of([&SAME, &ONE]).unwrap_err());
        assert_eq!(
            error.to_string(),
            "two metrics are called `test.one`: one in crate `crate-a`, one in crate `crate-b`; rename one of them"
        );
    }

    #[test]
    fn an_unknown_id_gets_its_neighbour_or_the_linker_as_help() {
        let registry = Registry::of([&ONE]).unwrap();
        assert!(registry.help("test.oen").contains("did you mean `test.one`?"));
        assert!(registry.help("acme.spenders").contains("use your_crate as _;"));
    }

    #[test]
    fn a_value_must_name_measures_that_exist() {
        let definition = Definition::over(Source::table("rows")).measure(crate::measure::count("rows")).value(Value::measure("row"));
        assert_eq!(definition.problems(), ["the value names a measure `row` that the metric does not have; did you mean `rows`?"]);
    }

    #[test]
    fn words_are_written_as_they_are_compared() {
        const ORDERS: Table = Table::named("orders").words("order, køb");
        let source = |table: Table, names| Source::table(table).column(Column::number("amount").also_called(names));
        let problems = |source| Definition::over(source).measure(crate::measure::count("rows")).value(Value::measure("rows")).problems();
        assert_eq!(problems(source("orders".into(), "order total, total")), Vec::<String>::new());
        assert_eq!(
            problems(source(ORDERS, "Total, sum, sum, net  sum")),
            ["`Total`, a word for `amount`", "`sum`, a word for `amount`", "`net  sum`, a word for `amount`", "`køb`, a word for `orders`"]
                .map(|what| format!("{what}, comes twice or is not in small letters of ASCII"))
        );
    }
}
