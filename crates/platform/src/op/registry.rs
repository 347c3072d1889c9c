//! The operations of a server, and what is derived of each declaration once.

use serde_json::Value as Json;

use super::dispatch;
use super::wire::{Described, Input, Place, closed, object_schema};
use super::{Host, Operation, Output, Spec};

/// The operations of a server.
pub struct Registry<H: Host> {
    entries: Vec<Entry<H>>,
}

/// One registered operation.
pub struct Entry<H: Host> {
    /// Its declaration.
    pub spec: &'static Spec,
    /// Its parameters, for OpenAPI and the property tests.
    pub params: fn() -> Vec<Described>,
    /// The schema of its answer.
    pub answer: fn(&mut schemars::SchemaGenerator) -> Option<schemars::Schema>,
    /// The media types of a body that it reads itself; empty where it reads none or JSON by its parameters.
    pub raw_body: fn() -> &'static [&'static str],
    /// Whether a member of its body that is not declared is refused.
    pub is_strict: bool,
    /// Whether it reads a JSON body: derived from its parameters once.
    has_body: bool,
    /// Whether some member of that body is required, so that a request without one is refused.
    needs_body: bool,
    /// On the own API: what may stand in query and body, so that a name spelt otherwise is refused, and
    /// where it is strict any other.
    own_shape: Option<Json>,
    /// Runs it.
    pub(crate) runner: Box<dyn dispatch::Runner<H>>,
}

impl<H: Host> Entry<H> {
    /// Whether it reads a JSON body.
    pub fn wants_json(&self) -> bool {
        self.has_body
    }

    /// Whether a request must have a body: where every member is optional, no body means `{}`.
    pub fn needs_body(&self) -> bool {
        self.needs_body
    }
}

impl<H: Host> Entry<H> {
    /// What may stand in query and body (`{query, body}`, each an object schema); only on the own API.
    pub(crate) fn own_shape(&self) -> Option<&Json> {
        self.own_shape.as_ref()
    }
}

/// The paths whose clients are ours to guide; the documented operations ignore what they do not know.
const OWN_API: &str = "/openbss/v1/";

fn own_shape(path: &str, params: Vec<Described>, is_strict: bool) -> Option<Json> {
    if !path.starts_with(OWN_API) {
        return None;
    }
    let (body, elsewhere): (Vec<Described>, Vec<Described>) =
        params.into_iter().partition(|described| described.param.place == Place::Body);
    let query: Vec<Described> =
        elsewhere.into_iter().filter(|described| described.param.place == Place::Query).collect();
    let body = closed(object_schema(&body), is_strict);
    Some(serde_json::json!({"query": object_schema(&query), "body": body}))
}

impl<H: Host> Default for Registry<H> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<H: Host> Registry<H> {
    /// Adds an operation.
    pub fn add<O: Operation<H>>(&mut self) -> &mut Self {
        self.entries.push(Entry {
            spec: const { &O::SPEC },
            params: <O::Input as Input>::params,
            answer: <O::Output as Output>::schema,
            has_body: O::Input::params().iter().any(|described| described.param.place == Place::Body),
            needs_body: O::Input::params()
                .iter()
                .any(|described| described.param.place == Place::Body && described.is_required),
            raw_body: O::Input::raw_body,
            is_strict: O::Input::IS_STRICT,
            own_shape: own_shape(O::SPEC.path, O::Input::params(), O::Input::IS_STRICT),
            runner: Box::new(dispatch::Typed::<O>::default()),
        });
        self
    }

    /// Every operation, in registered order.
    pub fn entries(&self) -> &[Entry<H>] {
        &self.entries
    }
}
