//! The types that a parameter can have.

use domain::calendar::{Date, Instant};
use serde_json::{Value as Json, json};

use super::{FromWire, Language, Node, Param, Problem, Raw, Refusal};

pub(super) fn wrong(problem: Problem) -> Refusal {
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
