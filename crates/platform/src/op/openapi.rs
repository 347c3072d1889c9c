//! The OpenAPI 3.1 document and `operations.txt`, both read from the registry.

use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::wire::{self, Described, Place};
use super::{Audit, Caller, Code, Entry, Host, Limit, Mode, Registry, Right, Spec, door};

/// The OpenAPI document of every registered operation, whatever the site.
pub fn document<H: Host>(registry: &Registry<H>, version: &str) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for entry in registry.entries() {
        let answer = (entry.answer)(&mut generator).map(|schema| schema.to_value());
        let operation = operation(entry, answer);
        let item = paths.entry(entry.spec.path.to_owned()).or_insert_with(|| json!({}));
        item[entry.spec.method.as_str().to_ascii_lowercase()] = operation;
    }
    paths.sort_keys();
    let mut schemas: Map<String, Value> = generator.take_definitions(true).into_iter().collect();
    schemas.insert("Error".to_owned(), error_schema());
    schemas.sort_keys();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "openbss",
            "version": version,
            "description": "Business support system for clouds: the BSS, IAM and own APIs of one server.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"signature": []}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "signature": {
                    "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "SDK-HMAC-SHA256 signature with an access key, as the official SDKs make it.",
                },
                "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
            },
        },
    })
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "required": ["error_code", "error_msg"],
        "properties": {
            "error_code": {"type": "string", "description": "Code of the error, for example CBC.0100."},
            "error_msg": {"type": "string", "description": "What happened, and what the caller can do."},
        },
    })
}

fn operation<H: Host>(entry: &Entry<H>, answer: Option<Value>) -> Value {
    let spec = entry.spec;
    let params = (entry.params)();
    let mut operation = json!({
        "operationId": spec.id,
        "summary": spec.about,
        "description": description(spec),
        "tags": [tag(spec.path)],
        "responses": responses(spec, answer),
    });
    let (in_body, elsewhere): (Vec<Described>, Vec<Described>) =
        params.into_iter().partition(|described| described.param.place == Place::Body);
    let mut parameters: Vec<Value> = elsewhere.iter().map(parameter).collect();
    if spec.mode == Mode::Write && !spec.is_secret {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "The same key with the same request gets the first answer again for 24 hours.",
            "schema": {"type": "string", "maxLength": 128},
        }));
    }
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    if !in_body.is_empty() {
        let schema = wire::closed(wire::object_schema(&in_body), entry.is_strict);
        operation["requestBody"] = json!({
            "required": true,
            "content": {"application/json": {"schema": schema}},
        });
    }
    let raw = (entry.raw_body)();
    if !raw.is_empty() {
        let text = json!({"schema": {"type": "string"}});
        let content: Map<String, Value> =
            raw.iter().map(|media| ((*media).to_owned(), text.clone())).collect();
        operation["requestBody"] = json!({"required": true, "content": content});
    }
    if spec.is_public() {
        operation["security"] = json!([]);
    }
    operation
}

fn description(spec: &Spec) -> String {
    let mut text = format!("{}. Called by: {}.", spec.doc, callers(spec));
    if !spec.actions.is_empty() {
        text.push_str(&format!(" Partner permission, one of: {}.", spec.actions.join(", ")));
    }
    text
}

fn tag(path: &str) -> &str {
    match path.split('/').nth(1) {
        Some("openbss") => "own",
        Some("v3") if path.starts_with("/v3/auth") || path.starts_with("/v3/projects") => "iam",
        Some("v2" | "v3" | "v4" | "v1.0") => "bss",
        _ => "machine",
    }
}

fn parameter(described: &Described) -> Value {
    let place = match described.param.place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Header | Place::Body => "header",
    };
    let mut schema = described.schema.clone();
    if let Some(default) = described.param.default {
        schema["default"] = match schema["type"].as_str() {
            Some("integer") => default.parse::<i64>().map_or(json!(default), |number| json!(number)),
            _ => json!(default),
        };
    }
    json!({
        "name": described.param.name,
        "in": place,
        "required": described.is_required || described.param.place == Place::Path,
        "description": described.about,
        "schema": schema,
    })
}

fn responses(spec: &Spec, answer: Option<Value>) -> Value {
    let mut responses = Map::new();
    let mut success = json!({"description": "Success"});
    if let Some(schema) = answer {
        success["content"] = json!({"application/json": {"schema": schema}});
    }
    responses.insert(spec.success.to_string(), success);
    for (status, codes) in by_status(spec) {
        let list: Vec<&str> = codes.into_iter().collect();
        responses.insert(
            status.to_string(),
            json!({
                "description": list.join(", "),
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            }),
        );
    }
    Value::Object(responses)
}

fn by_status(spec: &Spec) -> std::collections::BTreeMap<u16, BTreeSet<&'static str>> {
    let mut statuses: std::collections::BTreeMap<u16, BTreeSet<&'static str>> = Default::default();
    let public = [&door::PARAMETER, &door::THROTTLED, &door::TOO_LARGE, &door::INTERNAL];
    let common: &[&Code] = if spec.is_public() { &public } else { door::COMMON };
    let own = spec.errors.iter().chain(std::iter::once(&spec.denied));
    let key: &[&Code] = if spec.takes_key() { &[&door::INVALID] } else { &[] };
    for code in own.chain(key).chain(common).filter(|code| code.status != spec.success) {
        statuses.entry(code.status).or_default().insert(code.code);
    }
    statuses
}

fn callers(spec: &Spec) -> String {
    let names: Vec<&str> = spec
        .callers
        .iter()
        .map(|caller| match caller {
            Caller::Anyone => "anyone",
            Caller::Account => "any account",
            Caller::Kind(kind) => kind.as_str(),
        })
        .collect();
    names.join(", ")
}

/// One operation a line: what a reviewer wants to see change in a diff.
pub fn operations_text<H: Host>(registry: &Registry<H>) -> String {
    let mut lines: Vec<String> = registry.entries().iter().map(|entry| line(entry.spec)).collect();
    lines.sort();
    lines.join("\n") + "\n"
}

fn line(spec: &Spec) -> String {
    let right = match spec.right {
        Right::Read => "read",
        Right::Operate => "operate",
        Right::Pay => "pay",
    };
    let audit = match spec.audit {
        Audit::None => "-".to_owned(),
        Audit::Event(resource, event) => format!("{resource}/{event}"),
    };
    let limit = match spec.limit {
        Limit::PerSecond(n) => format!("{n}/s"),
        Limit::None => "unlimited".to_owned(),
    };
    let mut errors: Vec<&str> = spec.errors.iter().map(|code| code.code).collect();
    errors.sort_unstable();
    format!(
        "{} {} {} | {} | {} {} | {} | audit {} | {} | {}",
        spec.path,
        spec.method.as_str(),
        spec.id,
        callers(spec),
        right,
        spec.denied.code,
        limit,
        audit,
        spec.success,
        errors.join(" "),
    )
}
