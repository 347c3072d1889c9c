//! The text of a catalogue document, read into a tree that knows its lines, and written back.
//!
//! YAML is read from the parser's events, so that a number keeps its digits and nothing is expanded: anchors,
//! aliases and tags are refused, which leaves no document that is small as text and large in memory. JSON is read
//! strictly, by the same rules as a request body.

use std::fmt::Write;

use platform::op::Refusal;
use platform::op::node::{DEPTH_MAX, Node, NodeError};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

/// The largest document, in bytes: as large as a signed request may be (004 3.1.2).
pub const DOCUMENT_BYTES_MAX: usize = 12 * 1024 * 1024;

/// The most members of one object; the document's largest has about a dozen.
const MEMBERS_MAX: usize = 64;

/// The two ways to write a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// YAML, comments allowed.
    Yaml,
    /// JSON.
    Json,
}

impl Format {
    /// The format of a text whose content type is not known: only JSON begins with a brace.
    pub fn of(text: &str) -> Self {
        if text.trim_start().starts_with('{') { Self::Json } else { Self::Yaml }
    }
}

/// Reads a document into a tree whose every value has its line.
pub fn parse(text: &str, format: Format) -> Result<Node, Refusal> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(refuse(
            None,
            &format!("must have at most {DOCUMENT_BYTES_MAX} bytes"),
            &format!("不能超过 {DOCUMENT_BYTES_MAX} 字节"),
        ));
    }
    match format {
        Format::Json => Node::parse_with_lines(text.as_bytes()).map_err(|error| json_refusal(&error)),
        Format::Yaml => Reader { events: Parser::new_from_str(text) }.document(),
    }
}

fn refuse(line: Option<usize>, en: &str, zh: &str) -> Refusal {
    Refusal { line, ..Refusal::because("document", en, zh) }
}

fn json_refusal(error: &NodeError) -> Refusal {
    let text = error.to_string();
    let line = text.split("line ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
    refuse(line, &format!("cannot be read: {text}"), &format!("无法解析：{text}"))
}

fn scan_refusal(error: &ScanError) -> Refusal {
    let text = error.info();
    refuse(
        Some(error.marker().line()),
        &format!("is not well-formed YAML: {text}"),
        &format!("不是合法的 YAML：{text}"),
    )
}

/// Reads one tree from the events of a YAML text.
struct Reader<'a> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn document(mut self) -> Result<Node, Refusal> {
        let mut tree = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
                _ if tree.is_some() => {
                    return Err(refuse(Some(span.start.line()), "must be one document", "只能包含一个文档"));
                }
                event => tree = Some(self.node(event, span, DEPTH_MAX)?),
            }
        }
        tree.ok_or_else(|| refuse(None, "is empty", "为空"))
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Refusal> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(scan_refusal(&error)),
            None => Err(refuse(None, "ends early", "提前结束")),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Refusal> {
        let line = span.start.line();
        let depth = depth.checked_sub(1).ok_or_else(|| {
            refuse(
                Some(line),
                &format!("is nested deeper than {DEPTH_MAX} levels"),
                &format!("嵌套超过 {DEPTH_MAX} 层"),
            )
        })?;
        let bare = match event {
            Event::Alias(_) => return Err(no_anchors(line)),
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
                if anchor != 0 =>
            {
                return Err(no_anchors(line));
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                return Err(refuse(Some(line), "must not have tags", "不能使用标签"));
            }
            Event::Scalar(text, style, _, None) => scalar(&text, style, line)?,
            Event::SequenceStart(_, None) => self.list(depth)?,
            Event::MappingStart(_, None) => self.object(depth)?,
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => {
                return Err(refuse(Some(line), "is not well-formed YAML", "不是合法的 YAML"));
            }
        };
        Ok(Node::At(line, Box::new(bare)))
    }

    fn list(&mut self, depth: usize) -> Result<Node, Refusal> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Node::List(items)),
                (event, span) => items.push(self.node(event, span, depth)?),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node, Refusal> {
        let mut members: Vec<(String, Node)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let line = span.start.line();
            let key = match event {
                Event::MappingEnd => return Ok(Node::Object(members)),
                Event::Scalar(key, _, 0, None) => key.into_owned(),
                _ => return Err(refuse(Some(line), "has a key that is not plain text", "包含非文本的键")),
            };
            if members.len() == MEMBERS_MAX || members.iter().any(|(known, _)| *known == key) {
                return Err(refuse(
                    Some(line),
                    &format!(
                        "has the key \"{key}\" twice in one object, or more than {MEMBERS_MAX} keys in it"
                    ),
                    &format!("同一对象中的键 \"{key}\" 重复，或键超过 {MEMBERS_MAX} 个"),
                ));
            }
            let (event, span) = self.next()?;
            members.push((key, self.node(event, span, depth)?));
        }
    }
}

fn no_anchors(line: usize) -> Refusal {
    refuse(Some(line), "must not have anchors or aliases", "不能使用锚点或别名")
}

fn scalar(text: &str, style: ScalarStyle, line: usize) -> Result<Node, Refusal> {
    if text.contains('\0') {
        return Err(refuse(Some(line), "must not hold the character U+0000", "不能包含字符 U+0000"));
    }
    if style != ScalarStyle::Plain {
        return Ok(Node::Text(text.to_owned()));
    }
    Ok(match text {
        "" | "~" | "null" => Node::Null,
        "true" => Node::Bool(true),
        "false" => Node::Bool(false),
        number if is_number(number) => Node::Number(number.to_owned()),
        other => Node::Text(other.to_owned()),
    })
}

/// Whether a plain scalar is a number as JSON writes it; other spellings, such as `0x10`, stay text.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

/// Writes a tree as JSON.
pub fn to_json(node: &Node) -> String {
    let mut out = String::new();
    write_flow(&mut out, node);
    out
}

/// Writes a tree as YAML: block style, with every text quoted as JSON quotes it, which YAML reads alike.
pub fn to_yaml(node: &Node) -> String {
    let mut out = String::new();
    write_block(&mut out, node, 0, true);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

fn write_flow(out: &mut String, node: &Node) {
    match node.bare() {
        Node::Null | Node::At(..) => out.push_str("null"),
        Node::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Node::Number(digits) => out.push_str(digits),
        Node::Text(text) => out.push_str(&quoted(text)),
        Node::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_flow(out, item);
            }
            out.push(']');
        }
        Node::Object(members) => {
            out.push('{');
            for (index, (key, value)) in members.iter().enumerate() {
                let comma = if index == 0 { "" } else { ", " };
                let _ = write!(out, "{comma}{}: ", quoted(key));
                write_flow(out, value);
            }
            out.push('}');
        }
    }
}

/// The deepest level that is written as blocks; below it (`{en_US: ..., zh_CN: ...}`) a line holds a whole value.
const BLOCK_LEVELS: usize = 2;

fn write_block(out: &mut String, node: &Node, level: usize, is_line_start: bool) {
    let indent = "  ".repeat(level.saturating_sub(1));
    match node.bare() {
        Node::Object(members) if level <= BLOCK_LEVELS && !members.is_empty() => {
            for (index, (key, value)) in members.iter().enumerate() {
                if index > 0 || !is_line_start {
                    out.push('\n');
                    out.push_str(&indent);
                }
                let _ = write!(out, "{}: ", quoted(key));
                write_block(out, value, level + 1, false);
            }
        }
        Node::List(items) if level <= BLOCK_LEVELS && items.iter().any(|item| item.kind() == "an object") => {
            for item in items {
                let _ = write!(out, "\n{indent}- ");
                write_block(out, item, level + 1, true);
            }
        }
        _ => write_flow(out, node),
    }
}
