//! A request body as it was sent: a tree that keeps every number as its digits.
//!
//! Amounts never pass through a float, so a body is not read into `serde_json::Value`. Duplicate keys and
//! nesting deeper than [`DEPTH_MAX`] are refused (`rules.md` 13); so are more values than [`NODES_MAX`], since a
//! dense body of some megabytes would become a tree of gigabytes.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The deepest nesting of a body.
pub const DEPTH_MAX: usize = 32;

/// The most values of one body: a thousand records of a hundred fields each.
pub const NODES_MAX: usize = 100_000;

/// One value of a body.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as its digits.
    Number(String),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object, in the order sent; keys are unique.
    Object(Vec<(String, Node)>),
    /// Any of the above with the line of the document it stood on (catalogue documents).
    At(usize, Box<Node>),
}

/// Why a text is not a body we accept.
#[derive(Debug, PartialEq, Eq)]
pub enum NodeError {
    /// Not JSON; the text says where.
    Malformed(String),
    /// Nested deeper than [`DEPTH_MAX`].
    TooDeep,
    /// More values than [`NODES_MAX`].
    TooMany,
    /// The same key twice in one object.
    DuplicateKey(String),
    /// A NUL character in a string.
    Nul,
}

impl std::fmt::Display for NodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(at) => write!(f, "not well-formed JSON: {at}"),
            Self::TooDeep => write!(f, "nested deeper than {DEPTH_MAX} levels"),
            Self::TooMany => write!(f, "made of more than {NODES_MAX} values"),
            Self::DuplicateKey(key) => write!(f, "the key \"{key}\" stands twice in one object"),
            Self::Nul => write!(f, "a string holds the character U+0000"),
        }
    }
}

impl Node {
    /// Reads JSON.
    pub fn parse(text: &[u8]) -> Result<Self, NodeError> {
        if values_at_most(text) > NODES_MAX {
            return Err(NodeError::TooMany);
        }
        let raw: &RawValue = serde_json::from_slice(text).map_err(malformed)?;
        Self::from_raw(raw, DEPTH_MAX, None)
    }

    /// Reads JSON and keeps the line of every value ([`Node::At`]), for documents that people write.
    pub fn parse_with_lines(text: &[u8]) -> Result<Self, NodeError> {
        let raw: &RawValue = serde_json::from_slice(text).map_err(malformed)?;
        Self::from_raw(raw, DEPTH_MAX, Some(&Lines::of(text)))
    }

    fn from_raw(raw: &RawValue, depth: usize, lines: Option<&Lines>) -> Result<Self, NodeError> {
        let node = Self::bare_from_raw(raw, depth, lines)?;
        Ok(match lines {
            Some(lines) => Self::At(lines.line_of(raw.get()), Box::new(node)),
            None => node,
        })
    }

    fn bare_from_raw(raw: &RawValue, depth: usize, lines: Option<&Lines>) -> Result<Self, NodeError> {
        let text = raw.get();
        let deeper = || depth.checked_sub(1).ok_or(NodeError::TooDeep);
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let deeper = deeper()?;
                let Members(members) = serde_json::from_str(text).map_err(malformed)?;
                let mut object: Vec<(String, Node)> = Vec::with_capacity(members.len());
                for (key, value) in members {
                    if object.iter().any(|(known, _)| *known == key) {
                        return Err(NodeError::DuplicateKey(key));
                    }
                    object.push((without_nul(key)?, Self::from_raw(value, deeper, lines)?));
                    // Searching the list for duplicates is quadratic: no documented object has so many members.
                    if object.len() > MEMBERS_MAX {
                        return Err(NodeError::Malformed(format!(
                            "an object has more than {MEMBERS_MAX} members"
                        )));
                    }
                }
                Self::Object(object)
            }
            Some(b'[') => {
                let deeper = deeper()?;
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(malformed)?;
                Self::List(
                    items
                        .into_iter()
                        .map(|item| Self::from_raw(item, deeper, lines))
                        .collect::<Result<_, _>>()?,
                )
            }
            Some(b'"') => Self::Text(without_nul(serde_json::from_str(text).map_err(malformed)?)?),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') => Self::Null,
            _ => Self::Number(text.to_owned()),
        })
    }

    /// The value without its line.
    pub fn bare(&self) -> &Node {
        match self {
            Self::At(_, inner) => inner.bare(),
            other => other,
        }
    }

    /// The line this value stood on, where it is known.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::At(line, _) => Some(*line),
            _ => None,
        }
    }

    /// The member `key` of an object.
    pub fn member(&self, key: &str) -> Option<&Node> {
        match self.bare() {
            Self::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// What kind of value this is, for messages.
    pub fn kind(&self) -> &'static str {
        match self.bare() {
            Self::Null | Self::At(..) => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// An upper bound of the values in a JSON text, found in one pass before any memory is spent on them: each value
/// but the first follows a comma or an opening bracket outside a string.
fn values_at_most(text: &[u8]) -> usize {
    let mut values = 1;
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => values += 1,
            _ => {}
        }
    }
    values
}

/// The most members of one object; the largest documented one has about forty.
const MEMBERS_MAX: usize = 256;

fn malformed(error: serde_json::Error) -> NodeError {
    let text = error.to_string();
    if text.contains("recursion limit") { NodeError::TooDeep } else { NodeError::Malformed(text) }
}

fn without_nul(text: String) -> Result<String, NodeError> {
    if text.contains('\0') { Err(NodeError::Nul) } else { Ok(text) }
}

/// Where the lines of a text begin, so that a part borrowed from it can be told its line.
struct Lines {
    address: usize,
    breaks: Vec<usize>,
}

impl Lines {
    fn of(text: &[u8]) -> Self {
        let breaks = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at).collect();
        Self { address: text.as_ptr().addr(), breaks }
    }

    /// The line, from 1, on which `part` begins. Unread JSON is borrowed from the text it stands in.
    fn line_of(&self, part: &str) -> usize {
        let offset = part.as_ptr().addr().saturating_sub(self.address);
        self.breaks.partition_point(|at| *at < offset) + 1
    }
}

/// The members of one object, unread, duplicates kept.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Collect<'a> {
            type Value = Members<'a>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &'a RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_digits() {
        let node = Node::parse(br#"{"a": 0.10000000000000000001, "b": [1e2, "x"]}"#).expect("well-formed");
        assert_eq!(node.member("a"), Some(&Node::Number("0.10000000000000000001".into())));
        assert_eq!(
            node.member("b"),
            Some(&Node::List(vec![Node::Number("1e2".into()), Node::Text("x".into())]))
        );
    }

    #[test]
    fn a_document_keeps_the_line_of_every_value() {
        let node = Node::parse_with_lines(b"{\n \"a\": [1,\n  {\"b\": null}\n ]}").expect("well-formed");
        assert_eq!(node.line(), Some(1));
        let Some(Node::At(2, list)) = node.member("a") else { panic!("{node:?}") };
        let Node::List(items) = list.bare() else { panic!("{list:?}") };
        assert_eq!(items[0], Node::At(2, Box::new(Node::Number("1".into()))));
        assert_eq!(items[1].member("b"), Some(&Node::At(3, Box::new(Node::Null))));
    }

    #[test]
    fn a_body_of_very_many_values_is_refused_before_it_is_read() {
        let list = |n: usize| format!("[{}0]", "0,".repeat(n - 1));
        assert!(Node::parse(list(NODES_MAX - 1).as_bytes()).is_ok());
        assert_eq!(Node::parse(list(NODES_MAX).as_bytes()), Err(NodeError::TooMany));
        // Commas and brackets in strings are no values, nor does an escaped quote end a string.
        let text = format!(r#"["\"{}"]"#, ",[{".repeat(NODES_MAX));
        assert!(Node::parse(text.as_bytes()).is_ok());
    }

    #[test]
    fn what_is_not_a_clean_tree_is_refused() {
        assert_eq!(Node::parse(br#"{"a":1,"a":2}"#), Err(NodeError::DuplicateKey("a".into())));
        assert_eq!(Node::parse(br#"{"a":"\u0000"}"#), Err(NodeError::Nul));
        assert!(matches!(Node::parse(b"{"), Err(NodeError::Malformed(_))));
        assert!(matches!(Node::parse(b"\"\xff\""), Err(NodeError::Malformed(_))));
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(Node::parse(deep(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(Node::parse(deep(DEPTH_MAX + 1).as_bytes()), Err(NodeError::TooDeep));
        assert_eq!(Node::parse(deep(5000).as_bytes()), Err(NodeError::TooDeep));
    }
}
