//! Requests made from declarations: a base that they accept, and the places where a value can be put.

use platform::op::Spec;
use platform::op::wire::{Described, Param, Place};
use serde_json::{Map, Value, json};

/// What is put in the place of a parameter.
#[derive(Clone, Debug)]
pub(super) enum Put {
    /// Nothing: the parameter is left out.
    Absent,
    /// A JSON value; in path, query and headers its text.
    Json(Value),
    /// JSON as it stands, for what a `Value` cannot hold (numbers of a hundred digits, deep nesting).
    Raw(String),
}

impl Put {
    /// For messages, cut short.
    pub(super) fn shown(&self) -> String {
        let text = match self {
            Self::Absent => "(left out)".to_owned(),
            Self::Json(value) => value.to_string(),
            Self::Raw(text) => text.clone(),
        };
        text.chars().take(60).collect()
    }
}

/// One parameter, or one member of an object inside the body.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Where it stands.
    pub(super) place: Place,
    /// Its own name.
    pub(super) name: &'static str,
    /// Where it is in the body, as a JSON pointer; elsewhere its name.
    pub(super) pointer: String,
    /// Its schema.
    pub(super) schema: Value,
    /// Whether leaving it out is refused, whatever else is sent.
    pub(super) is_required: bool,
    /// The declaration, where it is a parameter of its own and not a member of an inner object.
    pub(super) param: Option<Param>,
}

/// Every place to attack, from the outside in.
pub(super) fn targets(params: &[Described]) -> Vec<Target> {
    let mut found = Vec::new();
    for described in params {
        let param = described.param;
        let is_body = param.place == Place::Body;
        let pointer = if is_body { format!("/{}", param.name) } else { param.name.to_owned() };
        found.push(Target {
            place: param.place,
            name: param.name,
            pointer: pointer.clone(),
            schema: described.schema.clone(),
            is_required: described.is_required,
            param: Some(param),
        });
        if is_body {
            inner(&described.schema, &pointer, &mut found);
        }
    }
    found
}

/// Members of the objects below a schema.
fn inner(schema: &Value, pointer: &str, found: &mut Vec<Target>) {
    if schema["type"] == "array" {
        return inner(&schema["items"], &format!("{pointer}/0"), found);
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    for (name, schema) in properties {
        let pointer = format!("{pointer}/{name}");
        found.push(Target {
            place: Place::Body,
            name: leaked(name),
            pointer: pointer.clone(),
            schema: schema.clone(),
            is_required: required.iter().any(|other| other == name),
            param: None,
        });
        inner(schema, &pointer, found);
    }
}

/// Names come from the declarations, of which there are few: they live as long as the test.
fn leaked(name: &str) -> &'static str {
    Box::leak(name.to_owned().into_boxed_str())
}

/// Every name that a message may mention.
pub(super) fn names(params: &[Described], into: &mut Vec<String>) {
    into.extend(targets(params).into_iter().map(|target| target.name.to_owned()));
}

/// Values that mean something to the application under test, by the name of the parameter.
#[derive(Default)]
pub(super) struct Known(pub(super) std::collections::BTreeMap<&'static str, Value>);

/// Members that a base request leaves out: they exclude others, or name things that the test does not have.
const LEFT_OUT: &[&str] = &[
    "accounting",
    "association_type",
    "attached_to_line",
    "available_zone",
    "coupon_id",
    "coupon_infos",
    "discount_id",
    "discount_infos",
    "enterprise_project_id",
    "groups",
    "has_direct_customers",
    "master_id",
    "partner_id",
    "password",
    "project_ids",
    "secret",
    "users",
];

/// Lists that are looked at only where another member says YES, with that member.
const SWITCHED: &[(&str, &str)] = &[("coupon_infos", "use_coupon"), ("discount_infos", "use_discount")];

impl Known {
    /// A value that the schema accepts.
    pub(super) fn accepted(&self, name: &str, schema: &Value, is_full: bool) -> Value {
        if let Some(value) = self.0.get(name) {
            // A name may mean one thing to most operations, and one of a few words to another.
            let is_other_word = schema["enum"].as_array().is_some_and(|words| !words.contains(value));
            if !is_other_word {
                return if schema["type"] == "array" { json!([value]) } else { value.clone() };
            }
        }
        if let Some(values) = schema["enum"].as_array() {
            return values[0].clone();
        }
        let kind = schema["type"].as_str().unwrap_or_default();
        match (kind, schema["format"].as_str()) {
            ("string", Some("date-time")) => json!("2027-01-15T08:00:00Z"),
            ("string", Some("date")) => json!("2027-01-15"),
            ("string", _) => json!("a1"),
            ("integer", _) => json!(schema["minimum"].as_i64().unwrap_or(1).max(0)),
            ("boolean", _) => json!(false),
            ("array", _) => json!([self.accepted(name, &schema["items"], is_full)]),
            ("object", _) => {
                let mut object = Map::new();
                let required = schema["required"].as_array().cloned().unwrap_or_default();
                for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                    let is_required = required.iter().any(|other| other == name);
                    if is_full || is_required || !LEFT_OUT.contains(&name.as_str()) {
                        object.insert(name.clone(), self.accepted(name, schema, is_full));
                    }
                }
                Value::Object(object)
            }
            // A decimal says that it is a number or a string; anything else takes a text.
            _ => json!("1"),
        }
    }
}

/// A whole request.
#[derive(Clone, Debug)]
pub(super) struct Base {
    path: Vec<(String, String)>,
    query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    body: Option<Value>,
    /// The body with the members that are usually left out, to attack what is inside of them.
    full_body: Value,
    raw_body: Option<String>,
}

/// Stands in a body for a value that is put in as raw text afterwards.
const MARK: &str = "\u{1}put here\u{1}";

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Base {
    /// A request with every required parameter and most members of the body.
    pub(super) fn of(params: &[Described], known: &Known) -> Self {
        let mut base = Self {
            path: vec![],
            query: vec![],
            headers: vec![],
            body: None,
            full_body: json!({}),
            raw_body: None,
        };
        for described in params {
            let name = described.param.name.to_owned();
            let value = known.accepted(&name, &described.schema, false);
            match described.param.place {
                Place::Path => base.path.push((name, text_of(&value))),
                Place::Query if described.is_required => base.query.push((name, text_of(&value))),
                Place::Header if described.is_required => base.headers.push((name, text_of(&value))),
                Place::Query | Place::Header => {}
                Place::Body => {
                    let body = base.body.get_or_insert_with(|| json!({}));
                    if described.is_required || !LEFT_OUT.contains(&name.as_str()) {
                        body[&name] = value;
                    }
                    base.full_body[&name] = known.accepted(&name, &described.schema, true);
                }
            }
        }
        base
    }

    /// The request with one value put in its place; `None` where it cannot stand there.
    pub(super) fn with(&self, target: &Target, put: &Put) -> Option<Self> {
        let mut request = self.clone();
        let text = match put {
            Put::Absent => None,
            Put::Json(value) => Some(text_of(value)),
            Put::Raw(text) => Some(text.clone()),
        };
        match target.place {
            Place::Path => {
                // A missing or empty segment is another path.
                let text = text.filter(|text| !text.is_empty())?;
                request.path.iter_mut().find(|(name, _)| name == target.name)?.1 = text;
            }
            Place::Query => {
                request.query.retain(|(name, _)| name != target.name);
                request.query.extend(text.map(|text| (target.name.to_owned(), text)));
            }
            Place::Header => {
                let Some(text) = text else {
                    request.headers.retain(|(name, _)| name != target.name);
                    return Some(request);
                };
                let text = Some(text).filter(|text| text.bytes().all(|byte| (0x20..0x7f).contains(&byte)))?;
                request.headers.retain(|(name, _)| name != target.name);
                request.headers.push((target.name.to_owned(), text.trim().to_owned()));
            }
            Place::Body => request.put_in_body(target, put)?,
        }
        Some(request)
    }

    fn put_in_body(&mut self, target: &Target, put: &Put) -> Option<()> {
        let (parent, name) = target.pointer.rsplit_once('/')?;
        let body = self.body.as_mut()?;
        if body.pointer(parent).is_none() {
            body.clone_from(&self.full_body);
        }
        for (list, switch) in SWITCHED {
            if target.pointer.split('/').nth(1) == Some(list) {
                body[*switch] = json!("YES");
            }
        }
        let parent = body.pointer_mut(parent)?.as_object_mut()?;
        match put {
            Put::Absent => {
                parent.remove(name);
            }
            Put::Json(value) => {
                parent.insert(name.to_owned(), value.clone());
            }
            Put::Raw(text) => {
                parent.insert(name.to_owned(), json!(MARK));
                let mark = json!(MARK).to_string();
                self.raw_body = Some(body.to_string().replace(&mark, text));
            }
        }
        Some(())
    }

    /// The body as it is sent.
    pub(super) fn body_bytes(&self) -> Vec<u8> {
        match (&self.raw_body, &self.body) {
            (Some(raw), _) => raw.clone().into_bytes(),
            (None, Some(body)) => body.to_string().into_bytes(),
            (None, None) => Vec::new(),
        }
    }

    /// Path and query, percent-encoded.
    pub(super) fn path_and_query(&self, spec: &Spec) -> String {
        let segment = |part: &str| {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            match name {
                None => part.to_owned(),
                Some(name) => {
                    let value = self.path.iter().find(|(other, _)| other == name);
                    encoded(value.map_or("nobodys-id", |(_, value)| value))
                }
            }
        };
        let mut text = spec.path.split('/').map(segment).collect::<Vec<_>>().join("/");
        for (index, (name, value)) in self.query.iter().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(&format!("{}={}", encoded(name), encoded(value)));
        }
        text
    }
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
