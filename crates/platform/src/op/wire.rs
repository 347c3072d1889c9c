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

use domain::calendar::{Date, Instant};
use serde_json::{Value as Json, json};

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

/// What is wrong with a value.
#[derive(Debug, PartialEq, Eq, Clone)]
pub enum Problem {
    /// It is missing.
    Required,
    /// It is given in a form of absence that this parameter refuses.
    Absent(&'static str),
    /// It is of another type.
    Type(&'static str),
    /// It is outside its range.
    Range(i64, i64),
    /// It is too long.
    Long(usize),
    /// It has too few or too many items.
    Items(usize, usize),
    /// It is not one of these.
    OneOf(Vec<String>),
    /// It is not in this form.
    Form(&'static str),
    /// Another reason, in English and Chinese.
    Other(String, String),
}

impl Problem {
    fn say(&self) -> (String, String) {
        match self {
            Self::Required => ("is required".into(), "为必填参数".into()),
            Self::Absent(form) => (
                format!("must not be {form}; leave it out or give a value"),
                format!("不能为 {form}，请省略或填写有效值"),
            ),
            Self::Type(wanted) => (format!("must be {wanted}"), format!("类型错误，应为 {wanted}")),
            Self::Range(min, i64::MAX) => (format!("must be at least {min}"), format!("不能小于 {min}")),
            Self::Range(min, max) => {
                (format!("must be from {min} to {max}"), format!("取值范围为 {min} 到 {max}"))
            }
            Self::Long(max) => {
                (format!("must have at most {max} characters"), format!("长度不能超过 {max} 个字符"))
            }
            Self::Items(min, max) => {
                (format!("must have {min} to {max} items"), format!("元素个数必须为 {min} 到 {max} 个"))
            }
            Self::OneOf(values) => {
                let list = values.join(", ");
                (format!("must be one of {list}"), format!("取值只能为 {list}"))
            }
            Self::Form(form) => (format!("must be {form}"), format!("格式错误，应为 {form}")),
            Self::Other(en, zh) => (en.clone(), zh.clone()),
        }
    }
}

/// A refused parameter: which, and why.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Refusal {
    /// The parameter, as a path such as `product_infos[2].usage_value`.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
    /// The line of the document it stands on, where that is known.
    pub line: Option<usize>,
}

impl Refusal {
    /// A refusal of `field`.
    pub fn new(field: impl Into<String>, problem: Problem) -> Self {
        Self { field: field.into(), problem, line: None }
    }

    /// A refusal of `field` for a reason in our own words.
    pub fn because(field: impl Into<String>, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self::new(field, Problem::Other(en.into(), zh.into()))
    }

    /// The same refusal, seen from the object or list that holds the field.
    fn within(mut self, outer: &str) -> Self {
        self.field = match self.field.as_str() {
            "" => outer.to_owned(),
            inner if inner.starts_with('[') => format!("{outer}{inner}"),
            inner => format!("{outer}.{inner}"),
        };
        self
    }

    /// The same refusal with the line of `node`, unless an inner one is known.
    pub fn on_line_of(mut self, node: &Node) -> Self {
        self.line = self.line.or(node.line());
        self
    }

    /// The refusal in English, for documents and command lines.
    pub fn text(&self) -> String {
        let (en, _) = self.problem.say();
        match self.line {
            Some(line) => format!("line {line}: {} {en}", self.field),
            None => format!("{} {en}", self.field),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (en, zh) = refusal.problem.say();
        let field = &refusal.field;
        match refusal.line {
            Some(line) => door::PARAMETER
                .because(format!("Line {line}: {field} {en}."), format!("第 {line} 行：参数 {field} {zh}。")),
            None => door::PARAMETER.because(format!("{field} {en}."), format!("参数 {field} {zh}。")),
        }
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
            Some((Means::Refused, form)) => return Err(refuse(Problem::Absent(form))),
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

fn wrong(problem: Problem) -> Refusal {
    Refusal::new("", problem)
}

fn checked_text(text: &str, param: &Param) -> Result<String, Refusal> {
    if text.chars().count() > param.length_max {
        return Err(wrong(Problem::Long(param.length_max)));
    }
    if text.contains('\0') {
        return Err(wrong(Problem::Form("text without the character U+0000")));
    }
    if !param.one_of.is_empty() {
        let same =
            |allowed: &&&str| if param.fold { allowed.eq_ignore_ascii_case(text) } else { **allowed == text };
        return match param.one_of.iter().find(same) {
            Some(allowed) => Ok((*allowed).to_owned()),
            None => Err(wrong(Problem::OneOf(param.one_of.iter().map(|&v| v.to_owned()).collect()))),
        };
    }
    Ok(text.to_owned())
}

impl FromWire for String {
    fn from_wire(raw: Raw<'_>, param: &Param) -> Result<Self, Refusal> {
        match raw {
            Raw::Text(text) => checked_text(text, param),
            Raw::Node(node) => match node.bare() {
                Node::Text(text) | Node::Number(text) => checked_text(text, param),
                Node::Bool(flag) => checked_text(if *flag { "true" } else { "false" }, param),
                _ => Err(wrong(Problem::Type("a string"))),
            },
        }
    }
    fn schema(param: &Param) -> Json {
        let mut schema = json!({"type": "string"});
        if param.one_of.is_empty() {
            schema["maxLength"] = json!(param.length_max);
        } else {
            schema["enum"] = json!(param.one_of);
        }
        schema
    }
}

impl FromWire for i64 {
    fn from_wire(raw: Raw<'_>, param: &Param) -> Result<Self, Refusal> {
        let digits = match raw {
            Raw::Text(text) => text,
            Raw::Node(node) => match node.bare() {
                Node::Number(text) | Node::Text(text) => text.as_str(),
                _ => return Err(wrong(Problem::Type("an integer"))),
            },
        };
        let number = integer(digits).ok_or_else(|| wrong(Problem::Type("an integer")))?;
        let out_of_range = || wrong(Problem::Range(param.min, param.max));
        let number = i64::try_from(number).map_err(|_| out_of_range())?;
        if !(param.min..=param.max).contains(&number) {
            return Err(out_of_range());
        }
        if !param.one_of.is_empty() && !param.one_of.contains(&number.to_string().as_str()) {
            return Err(wrong(Problem::OneOf(param.one_of.iter().map(|&v| v.to_owned()).collect())));
        }
        Ok(number)
    }
    fn schema(param: &Param) -> Json {
        let mut schema = json!({"type": "integer"});
        if param.min != i64::MIN {
            schema["minimum"] = json!(param.min);
        }
        if param.max != i64::MAX {
            schema["maximum"] = json!(param.max);
        }
        if !param.one_of.is_empty() {
            let values: Vec<i64> = param.one_of.iter().filter_map(|v| v.parse().ok()).collect();
            schema["enum"] = json!(values);
        }
        schema
    }
}

/// Reads an integer of any length; what exceeds an `i128` is still an integer, only out of every range.
fn integer(text: &str) -> Option<i128> {
    // `5.0` is how some clients write the integer 5.
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|b| b == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(whole.parse().unwrap_or(if whole.starts_with('-') { i128::MIN } else { i128::MAX }))
}

impl FromWire for bool {
    fn from_wire(raw: Raw<'_>, _: &Param) -> Result<Self, Refusal> {
        let text = match raw {
            Raw::Text(text) => text,
            Raw::Node(node) => match node.bare() {
                Node::Bool(flag) => return Ok(*flag),
                Node::Text(text) => text.as_str(),
                _ => return Err(wrong(Problem::Type("true or false"))),
            },
        };
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(wrong(Problem::Type("true or false"))),
        }
    }
    fn schema(_: &Param) -> Json {
        json!({"type": "boolean"})
    }
}

/// A decimal number exactly as it was written; the domain type that it becomes reads it once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal(pub String);

impl FromWire for Decimal {
    fn from_wire(raw: Raw<'_>, _: &Param) -> Result<Self, Refusal> {
        let text = match raw {
            Raw::Text(text) => text,
            Raw::Node(node) => match node.bare() {
                Node::Number(text) | Node::Text(text) => text.as_str(),
                _ => return Err(wrong(Problem::Type("a decimal number"))),
            },
        };
        // No amount of the documents has more than 30 digits; a longer text is an attack on the parser.
        if text.len() > 40 || !text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
            return Err(wrong(Problem::Type("a decimal number")));
        }
        Ok(Self(text.to_owned()))
    }
    fn schema(_: &Param) -> Json {
        json!({"type": ["number", "string"]})
    }
}

/// The form of instants on the wire.
const INSTANT_FORM: &str = "a UTC time in the form yyyy-MM-ddTHH:mm:ssZ";

impl FromWire for Instant {
    fn from_wire(raw: Raw<'_>, _: &Param) -> Result<Self, Refusal> {
        let text = match raw {
            Raw::Text(text) => text,
            Raw::Node(node) => match node.bare() {
                Node::Text(text) => text.as_str(),
                _ => return Err(wrong(Problem::Form(INSTANT_FORM))),
            },
        };
        Self::parse_utc(text).map_err(|_| wrong(Problem::Form(INSTANT_FORM)))
    }
    fn schema(_: &Param) -> Json {
        json!({"type": "string", "format": "date-time", "maxLength": 20})
    }
}

impl FromWire for Date {
    fn from_wire(raw: Raw<'_>, param: &Param) -> Result<Self, Refusal> {
        let text = String::from_wire(raw, param)?;
        Self::parse(&text).map_err(|_| wrong(Problem::Form("a date in the form yyyy-MM-dd")))
    }
    fn schema(_: &Param) -> Json {
        json!({"type": "string", "format": "date"})
    }
}

impl FromWire for Language {
    fn from_wire(raw: Raw<'_>, param: &Param) -> Result<Self, Refusal> {
        let text = String::from_wire(raw, param)?;
        Self::parse(&text).ok_or_else(|| wrong(Problem::OneOf(vec!["zh_CN".to_owned(), "en_US".to_owned()])))
    }
    fn schema(_: &Param) -> Json {
        json!({"type": "string", "enum": ["zh_CN", "en_US"]})
    }
}

impl FromWire for Node {
    fn from_wire(raw: Raw<'_>, _: &Param) -> Result<Self, Refusal> {
        Ok(match raw {
            Raw::Text(text) => Self::Text(text.to_owned()),
            Raw::Node(node) => node.clone(),
        })
    }
    fn schema(_: &Param) -> Json {
        json!({})
    }
}

impl<T: FromWire> FromWire for Option<T> {
    fn from_wire(raw: Raw<'_>, param: &Param) -> Result<Self, Refusal> {
        T::from_wire(raw, param).map(Some)
    }
    fn unset() -> Option<Self> {
        Some(None)
    }
    fn schema(param: &Param) -> Json {
        T::schema(param)
    }
}

impl<T: FromWire> FromWire for Vec<T> {
    fn from_wire(raw: Raw<'_>, param: &Param) -> Result<Self, Refusal> {
        let Raw::Node(node) = raw else { return Err(wrong(Problem::Type("a list"))) };
        let Node::List(items) = node.bare() else { return Err(wrong(Problem::Type("a list"))) };
        if !(param.items_min..=param.items_max).contains(&items.len()) {
            return Err(wrong(Problem::Items(param.items_min, param.items_max)));
        }
        let item = |(index, node): (usize, &Node)| {
            let at = format!("[{index}]");
            if matches!(node.bare(), Node::Null) {
                return Err(Refusal::new(at, Problem::Absent("null")).on_line_of(node));
            }
            T::from_wire(Raw::Node(node), param).map_err(|refusal| refusal.within(&at).on_line_of(node))
        };
        items.iter().enumerate().map(item).collect()
    }
    fn schema(param: &Param) -> Json {
        json!({"type": "array", "items": T::schema(param), "minItems": param.items_min, "maxItems": param.items_max})
    }
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
/// macro is an object.
#[macro_export]
macro_rules! input {
    ($(
        $(#[doc = $about:literal])*
        $visible:vis struct $Name:ident {
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
        }

        impl $crate::op::wire::FromWire for $Name {
            fn from_wire(
                raw: $crate::op::wire::Raw<'_>,
                _: &$crate::op::wire::Param,
            ) -> Result<Self, $crate::op::wire::Refusal> {
                $crate::op::wire::decode_object(raw)
            }
            fn schema(_: &$crate::op::wire::Param) -> $crate::op::wire::Schema {
                $crate::op::wire::object_schema(&<Self as $crate::op::wire::Input>::params())
            }
        }
    )*};
}

/// A JSON schema.
pub type Schema = Json;
