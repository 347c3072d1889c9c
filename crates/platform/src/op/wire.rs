//! Wire decoding: how path, query, header and body become an operation's `Input`.
//!
//! Each parameter is declared once, on its type, by [`input!`](crate::input): where it stands, what its
//! absences mean, which values are allowed. Decoding, error messages and OpenAPI are all read from that
//! declaration.
//!
//! The documents know four ways not to give a value, and what each means differs parameter by parameter
//! (`rules.md` 0.6):
//!
//! ```text
//! query   not included    left empty `a=`    `a=null`    `a=""` (two quote characters, encoded or not)
//! body    not included    `[]` for lists     null        ""
//! ```
//!
//! Types are read as leniently as the documents' own examples send them (`rules.md` 0.9): `"true"` for
//! booleans, digit strings for integers, numbers for strings.

mod refusal;
#[cfg(test)]
mod tests;
mod types;

use serde_json::{Value as Json, json};

pub use self::refusal::{Problem, Refusal};
pub use self::types::Decimal;
use self::types::wrong;
use super::code::{ApiError, Language, door};
use super::node::Node;

/// Where a parameter stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// A `{name}` segment of the path.
    Path,
    /// The query string.
    Query,
    /// A request header.
    Header,
    /// A member of the JSON body, or of an object inside it.
    Body,
}

/// What one kind of absence means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Means {
    /// As if the parameter had not been included: its default, or none.
    Unset,
    /// It is a value like any other: `a=null` looks for the text `null` and so matches nothing.
    Value,
    /// It is refused with CBC.0100.
    Refused,
}

/// What the absences of one parameter mean. Not being included always means [`Means::Unset`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Absences {
    /// `a=` in a query; `[]` in a body.
    pub empty: Means,
    /// `a=null` in a query; `null` in a body.
    pub null: Means,
    /// `a=""` in a query; `""` in a body.
    pub quotes: Means,
}

/// One parameter of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name on the wire.
    pub name: &'static str,
    /// Where it stands.
    pub place: Place,
    /// What its absences mean.
    pub absences: Absences,
    /// Smallest integer allowed.
    pub min: i64,
    /// Largest integer allowed.
    pub max: i64,
    /// Longest text allowed, in characters.
    pub length_max: usize,
    /// Fewest items of a list.
    pub items_min: usize,
    /// Most items of a list.
    pub items_max: usize,
    /// Values allowed, where they are a list; compared without case where `fold` is set.
    pub one_of: &'static [&'static str],
    /// Whether `one_of` ignores case.
    pub fold: bool,
    /// The text that is read where the parameter is unset.
    pub default: Option<&'static str>,
}

/// Longest text of a parameter that does not say otherwise (the documents' usual bound for ids and codes).
pub const LENGTH_MAX: usize = 64;
/// Most items of a list that does not say otherwise.
pub const ITEMS_MAX: usize = 100;

const fn param(name: &'static str, place: Place, absences: Absences) -> Param {
    Param {
        name,
        place,
        absences,
        min: i64::MIN,
        max: i64::MAX,
        length_max: LENGTH_MAX,
        items_min: 0,
        items_max: ITEMS_MAX,
        one_of: &[],
        fold: false,
        default: None,
    }
}

/// A path parameter.
pub const fn path(name: &'static str) -> Param {
    param(name, Place::Path, Absences { empty: Means::Refused, null: Means::Value, quotes: Means::Value })
}

/// A query parameter; unless declared otherwise `a=` and `a=null` mean unset and `a=""` is refused.
pub const fn query(name: &'static str) -> Param {
    param(name, Place::Query, Absences { empty: Means::Unset, null: Means::Unset, quotes: Means::Refused })
}

/// A header; an empty one means unset.
pub const fn header(name: &'static str) -> Param {
    param(name, Place::Header, Absences { empty: Means::Unset, null: Means::Value, quotes: Means::Value })
}

/// A member of a body; unless declared otherwise `null` and `[]` mean unset and `""` is refused.
pub const fn body(name: &'static str) -> Param {
    param(name, Place::Body, Absences { empty: Means::Unset, null: Means::Unset, quotes: Means::Refused })
}

impl Param {
    /// Declares what `a=` (query) or `[]` (body) means.
    pub const fn empty(mut self, means: Means) -> Self {
        self.absences.empty = means;
        self
    }
    /// Declares what `null` means.
    pub const fn null(mut self, means: Means) -> Self {
        self.absences.null = means;
        self
    }
    /// Declares what `""` means.
    pub const fn quotes(mut self, means: Means) -> Self {
        self.absences.quotes = means;
        self
    }
    /// Integers from `min` to `max`, both included.
    pub const fn range(mut self, min: i64, max: i64) -> Self {
        self.min = min;
        self.max = max;
        self
    }
    /// Texts of at most `characters`.
    pub const fn length(mut self, characters: usize) -> Self {
        self.length_max = characters;
        self
    }
    /// Lists of `min` to `max` items.
    pub const fn items(mut self, min: usize, max: usize) -> Self {
        self.items_min = min;
        self.items_max = max;
        self
    }
    /// Only these values.
    pub const fn one_of(mut self, values: &'static [&'static str]) -> Self {
        self.one_of = values;
        self
    }
    /// `one_of` ignores case.
    pub const fn any_case(mut self) -> Self {
        self.fold = true;
        self
    }
    /// The value where the parameter is unset, as text.
    pub const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }
}

/// One raw value.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    /// From path, query or header, decoded.
    Text(&'a str),
    /// From a body.
    Node(&'a Node),
}

/// Where values are looked up.
pub struct Source<'a> {
    /// Path parameters, decoded.
    pub path: &'a [(String, String)],
    /// Query parameters in the order sent, decoded.
    pub query: &'a [(String, String)],
    /// Headers.
    pub headers: &'a http::HeaderMap,
    /// The body, where there is one.
    pub body: Option<&'a Node>,
    /// The body's bytes, for operations that read a format of their own.
    pub bytes: &'a bytes::Bytes,
}

impl Source<'_> {
    /// Reads one declared parameter.
    pub fn take<T: FromWire>(&self, param: &Param) -> Result<T, Refusal> {
        let found = match param.place {
            Place::Path => find(self.path, param.name).map(Raw::Text),
            Place::Query => find(self.query, param.name).map(Raw::Text),
            Place::Header => match self.headers.get(param.name) {
                None => None,
                Some(value) => Some(Raw::Text(
                    value
                        .to_str()
                        .map_err(|_| Refusal::new(param.name, Problem::Form("visible ASCII characters")))?,
                )),
            },
            Place::Body => self.body.and_then(|body| body.member(param.name)).map(Raw::Node),
        };
        take(param, found)
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Reads a value by its declaration.
pub fn take<T: FromWire>(param: &Param, found: Option<Raw<'_>>) -> Result<T, Refusal> {
    let refuse = |problem| Refusal::new(param.name, problem);
    let given = match found {
        None => None,
        Some(raw) => match absence(param, raw) {
            None => Some(raw),
            Some((Means::Value, _)) => Some(raw),
            Some((Means::Unset, _)) => None,
            Some((Means::Refused, form)) => {
                let may_be_left_out = param.default.is_some() || T::unset().is_some();
                let problem = if may_be_left_out { Problem::Absent(form) } else { Problem::Blank(form) };
                return Err(refuse(problem));
            }
        },
    };
    let read = match (given, param.default) {
        (Some(raw), _) => T::from_wire(raw, param),
        (None, Some(default)) => T::from_wire(Raw::Text(default), param),
        (None, None) => T::unset().ok_or_else(|| Refusal::new("", Problem::Required)),
    };
    read.map_err(|refusal| {
        let refusal = refusal.within(param.name);
        match given {
            Some(Raw::Node(node)) => refusal.on_line_of(node),
            _ => refusal,
        }
    })
}

/// The kind of absence that a value is, if it is one, and what it means here.
fn absence(param: &Param, raw: Raw<'_>) -> Option<(Means, &'static str)> {
    let absences = param.absences;
    match raw {
        Raw::Text("") => Some((absences.empty, "left empty")),
        Raw::Text("null") => Some((absences.null, "null")),
        Raw::Text("\"\"") => Some((absences.quotes, "\"\"")),
        Raw::Text(_) => None,
        Raw::Node(node) => match node.bare() {
            Node::Null => Some((absences.null, "null")),
            Node::Text(text) if text.is_empty() => Some((absences.quotes, "\"\"")),
            Node::List(items) if items.is_empty() => Some((absences.empty, "an empty list")),
            _ => None,
        },
    }
}

/// A type that a parameter can have.
pub trait FromWire: Sized {
    /// Reads a value that was given. The refusal's field is relative to the parameter.
    fn from_wire(raw: Raw<'_>, param: &Param) -> Result<Self, Refusal>;
    /// The value where none was given and there is no default; `None` makes the parameter required.
    fn unset() -> Option<Self> {
        None
    }
    /// The JSON schema of the type, for OpenAPI.
    fn schema(param: &Param) -> Json;
}

/// The declared input of an operation, or an object inside it.
pub trait Input: Sized {
    /// Every parameter, in declared order, with its documentation and schema.
    fn params() -> Vec<Described>;
    /// Reads them all.
    fn decode(source: &Source<'_>) -> Result<Self, Refusal>;
    /// The media types of a body that the input reads itself from [`Source::bytes`]; empty: none.
    fn raw_body() -> &'static [&'static str] {
        &[]
    }
    /// Whether a member of a body that is not declared is refused, on the own API. Set it where a name that is
    /// not understood would give away more than was meant.
    const IS_STRICT: bool = false;
}

/// A parameter with what OpenAPI says of it.
pub struct Described {
    /// The parameter.
    pub param: Param,
    /// Its documentation.
    pub about: &'static str,
    /// Its schema.
    pub schema: Json,
    /// Whether leaving it out is refused.
    pub is_required: bool,
}

impl Input for () {
    fn params() -> Vec<Described> {
        Vec::new()
    }
    fn decode(_: &Source<'_>) -> Result<Self, Refusal> {
        Ok(())
    }
}

/// Builds the description of one parameter of type `T`.
pub fn describe<T: FromWire>(param: Param, about: &'static str) -> Described {
    let is_required = param.default.is_none() && T::unset().is_none();
    Described { schema: T::schema(&param), param, about: about.trim(), is_required }
}

/// The schema of an object declared by [`input!`](crate::input).
pub fn object_schema(params: &[Described]) -> Json {
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for described in params {
        let mut schema = described.schema.clone();
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), json!(described.about));
        }
        properties.insert(described.param.name.to_owned(), schema);
        if described.is_required {
            required.push(described.param.name);
        }
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The same schema, of an object that has no other members where it is strict ([`Input::IS_STRICT`]).
pub fn closed(mut schema: Json, is_strict: bool) -> Json {
    if is_strict {
        schema["additionalProperties"] = json!(false);
    }
    schema
}

/// Reads an object inside a body by its declaration.
pub fn decode_object<T: Input>(raw: Raw<'_>) -> Result<T, Refusal> {
    let Raw::Node(node) = raw else { return Err(wrong(Problem::Type("an object"))) };
    if !matches!(node.bare(), Node::Object(_)) {
        return Err(wrong(Problem::Type("an object")));
    }
    T::decode(&Source {
        path: &[],
        query: &[],
        headers: &http::HeaderMap::new(),
        body: Some(node),
        bytes: &bytes::Bytes::new(),
    })
    .map_err(|refusal| refusal.on_line_of(node))
}

/// Declares an operation's input, or an object inside one: each field with its type, where it stands and what
/// is allowed.
///
/// ```ignore
/// input! {
///     /// 004 table 4-2.
///     pub struct ListServiceTypesInput {
///         /// Index of the first record.
///         pub offset: i64 = query("offset").range(0, 100_000_000).default("0"),
///     }
/// }
/// ```
///
/// `Option<T>` is optional, `T` without a default is required, `Vec<T>` is a list, and a type declared by this
/// macro is an object. `struct Name: strict` refuses members of a body that are not declared
/// ([`Input::IS_STRICT`](crate::op::wire::Input::IS_STRICT)).
#[macro_export]
macro_rules! input {
    (@is_strict) => { false };
    (@is_strict strict) => { true };
    ($(
        $(#[doc = $about:literal])*
        $visible:vis struct $Name:ident $(: $strict:ident)? {
            $( $(#[doc = $doc:literal])* $field_visible:vis $field:ident : $Type:ty = $param:expr ),* $(,)?
        }
    )*) => {$(
        $(#[doc = $about])*
        #[derive(Debug, Clone)]
        $visible struct $Name { $( $(#[doc = $doc])* $field_visible $field: $Type ),* }

        impl $crate::op::wire::Input for $Name {
            fn params() -> Vec<$crate::op::wire::Described> {
                #[expect(unused_imports, reason = "not every declaration uses every place")]
                use $crate::op::wire::{body, header, path, query, Means::*};
                vec![$( $crate::op::wire::describe::<$Type>($param, concat!($($doc),*)) ),*]
            }
            fn decode(source: &$crate::op::wire::Source<'_>) -> Result<Self, $crate::op::wire::Refusal> {
                #[expect(unused_imports, reason = "not every declaration uses every place")]
                use $crate::op::wire::{body, header, path, query, Means::*};
                Ok(Self { $( $field: {
                    const PARAM: $crate::op::wire::Param = $param;
                    source.take(&PARAM)?
                } ),* })
            }
            const IS_STRICT: bool = $crate::input!(@is_strict $($strict)?);
        }

        impl $crate::op::wire::FromWire for $Name {
            fn from_wire(
                raw: $crate::op::wire::Raw<'_>,
                _: &$crate::op::wire::Param,
            ) -> Result<Self, $crate::op::wire::Refusal> {
                $crate::op::wire::decode_object(raw)
            }
            fn schema(_: &$crate::op::wire::Param) -> $crate::op::wire::Schema {
                use $crate::op::wire::{Input, closed, object_schema};
                closed(object_schema(&Self::params()), Self::IS_STRICT)
            }
        }
    )*};
}

/// A JSON schema.
pub type Schema = Json;
