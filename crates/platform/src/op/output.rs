//! What an operation answers.

use std::fmt::Display;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::value::RawValue;

/// A finished answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Content type, where there is a body.
    pub content_type: &'static str,
    /// The body; empty with status 204.
    pub body: Bytes,
    /// Status, where it differs from the one the operation declares.
    pub status: Option<u16>,
}

/// The content type of every JSON answer.
pub const JSON: &str = "application/json;charset=UTF-8";

impl Answer {
    /// An answer without a body.
    pub fn empty() -> Self {
        Self { headers: Vec::new(), content_type: JSON, body: Bytes::new(), status: None }
    }
    /// An answer with a body.
    pub fn of(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { content_type, body: body.into(), ..Self::empty() }
    }
}

/// The output of an operation.
pub trait Output {
    /// Encodes it.
    fn into_answer(self) -> Result<Answer, serde_json::Error>;
    /// The schema of its body.
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema>;
}

impl Output for () {
    fn into_answer(self) -> Result<Answer, serde_json::Error> {
        Ok(Answer::empty())
    }
    fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
        None
    }
}

/// A JSON body.
pub struct Json<T>(pub T);

impl<T: Serialize + JsonSchema> Output for Json<T> {
    fn into_answer(self) -> Result<Answer, serde_json::Error> {
        Ok(Answer::of(JSON, serde_json::to_vec(&self.0)?))
    }
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        Some(generator.subschema_for::<T>())
    }
}

/// A body in another format, such as YAML or the text of `/metrics`.
pub struct Raw(pub Answer);

impl Output for Raw {
    fn into_answer(self) -> Result<Answer, serde_json::Error> {
        Ok(self.0)
    }
    fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
        None
    }
}

/// An answer with one more header.
pub struct WithHeader<T>(pub HeaderName, pub HeaderValue, pub T);

impl<T: Output> Output for WithHeader<T> {
    fn into_answer(self) -> Result<Answer, serde_json::Error> {
        let mut answer = self.2.into_answer()?;
        answer.headers.push((self.0, self.1));
        Ok(answer)
    }
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        T::schema(generator)
    }
}

/// A JSON number written from exact digits, never through a float; trailing zeros are trimmed
/// (`rules.md` 0.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Num(String);

impl Num {
    /// The number that `amount` displays as: plain decimal digits.
    pub fn of(amount: impl Display) -> Self {
        Self(amount.to_string())
    }
}

impl Serialize for Num {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.0.clone()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl JsonSchema for Num {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number"})
    }
}
