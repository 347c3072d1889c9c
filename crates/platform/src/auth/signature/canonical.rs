//! The canonical request: one spelling for every request that means the same, which is what gets signed.
//!
//! It works on raw bytes. A percent-encoded byte is decoded and encoded again in the one spelling, so what a proxy
//! re-encoded still verifies; a `%` that begins no escape stands for itself. Decoded bytes need not be UTF-8.
//!
//! In a query `+` is a space, as in `application/x-www-form-urlencoded`, and `k` without `=` is `k=`. Whoever
//! decodes the query afterwards must read it the same way, or a signed value could be given another meaning.

use http::HeaderMap;
use http::header::HeaderValue;

use super::{RequestParts, SignatureError};
use crate::auth::secrets::hex_digit;

/// The most query parameters a signed request may have: sorting more would be work for an unknown client.
pub(super) const QUERY_PARAMETERS_MAX: usize = 1024;

/// In which order the query parameters were signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueryOrder {
    /// As they were sent.
    Received,
    /// By decoded key, then by decoded value.
    Sorted,
    /// By key regardless of case; equal keys as they were sent. So sorts the scoped signer.
    FoldedKeys,
}

/// How white space inside a header value was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InnerSpace {
    /// As it was sent.
    Kept,
    /// Each run as one space. So does the scoped signer.
    Collapsed,
}

/// Appends everything of the canonical request but the last line, the payload hash.
pub(super) fn push_head(
    out: &mut Vec<u8>,
    parts: &RequestParts<'_>,
    signed_headers: &[&str],
    order: QueryOrder,
    space: InnerSpace,
) -> Result<(), SignatureError> {
    out.extend_from_slice(parts.method.as_bytes());
    out.push(b'\n');
    push_path(out, parts.raw_path.as_bytes());
    out.push(b'\n');
    push_query(out, parts.raw_query.unwrap_or_default().as_bytes(), order)?;
    out.push(b'\n');
    for name in signed_headers {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        push_header_value(out, only_value(parts.headers, name)?.as_bytes(), space);
        out.push(b'\n');
    }
    out.push(b'\n');
    for (at, name) in signed_headers.iter().enumerate() {
        if at > 0 {
            out.push(b';');
        }
        out.extend_from_slice(name.as_bytes());
    }
    out.push(b'\n');
    Ok(())
}

/// The value of a signed header. A second value is refused: the signer saw one, and a reader might take either.
fn only_value<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h HeaderValue, SignatureError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(SignatureError::Missing("a header that SignedHeaders lists"))?;
    match values.next() {
        None => Ok(value),
        Some(_) => Err(SignatureError::Malformed("a signed header was received more than once")),
    }
}

fn push_header_value(out: &mut Vec<u8>, raw: &[u8], space: InnerSpace) {
    let value = raw.trim_ascii();
    match space {
        InnerSpace::Kept => out.extend_from_slice(value),
        InnerSpace::Collapsed => {
            let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            for (at, word) in words.enumerate() {
                if at > 0 {
                    out.push(b' ');
                }
                out.extend_from_slice(word);
            }
        }
    }
}

/// `%2F` becomes `/`, as the signers decode the whole path before they split it; the end is always `/`.
pub(super) fn push_path(out: &mut Vec<u8>, raw: &[u8]) {
    push_respelled(out, raw, Place::Path);
    if out.last() != Some(&b'/') {
        out.push(b'/');
    }
}

/// Appends the canonical query; empty pieces (`a=1&&b=2`) are no parameters.
pub(super) fn push_query(out: &mut Vec<u8>, raw: &[u8], order: QueryOrder) -> Result<(), SignatureError> {
    if order == QueryOrder::Received {
        let start = out.len();
        for (key, value) in parameters(raw) {
            if out.len() > start {
                out.push(b'&');
            }
            push_respelled(out, key, Place::Query);
            out.push(b'=');
            push_respelled(out, value, Place::Query);
        }
        return Ok(());
    }
    let mut decoded = Vec::new();
    for (key, value) in parameters(raw) {
        if decoded.len() == QUERY_PARAMETERS_MAX {
            return Err(SignatureError::Malformed("too many query parameters"));
        }
        decoded.push((decode(key), decode(value)));
    }
    if order == QueryOrder::Sorted {
        decoded.sort();
    } else {
        decoded.sort_by_cached_key(|(key, _)| key.to_ascii_lowercase());
    }
    for (at, (key, value)) in decoded.iter().enumerate() {
        if at > 0 {
            out.push(b'&');
        }
        key.iter().for_each(|byte| push_byte(out, *byte));
        out.push(b'=');
        value.iter().for_each(|byte| push_byte(out, *byte));
    }
    Ok(())
}

fn parameters(raw: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    raw.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()).map(|piece| {
        match piece.iter().position(|byte| *byte == b'=') {
            Some(at) => (&piece[..at], &piece[at + 1..]),
            None => (piece, &[][..]),
        }
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Query,
}

/// Appends `raw` with every byte in its one spelling. Runs that need no change, nearly everything, are copied whole.
fn push_respelled(out: &mut Vec<u8>, raw: &[u8], place: Place) {
    let mut rest = raw;
    while !rest.is_empty() {
        let run = rest.iter().position(|byte| !is_unreserved(*byte)).unwrap_or(rest.len());
        out.extend_from_slice(&rest[..run]);
        rest = &rest[run..];
        if rest.is_empty() {
            return;
        }
        let (byte, used) = first_byte(rest, place);
        if place == Place::Path && byte == b'/' {
            out.push(byte);
        } else {
            push_byte(out, byte);
        }
        rest = &rest[used..];
    }
}

fn decode(raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while !rest.is_empty() {
        let (byte, used) = first_byte(rest, Place::Query);
        bytes.push(byte);
        rest = &rest[used..];
    }
    bytes
}

/// The byte that the beginning of `raw` stands for, and how many bytes spelled it. `raw` is not empty.
fn first_byte(raw: &[u8], place: Place) -> (u8, usize) {
    match raw {
        [b'%', high, low, ..] => match (hex_digit(*high), hex_digit(*low)) {
            (Some(high), Some(low)) => ((high << 4) | low, 3),
            (None, _) | (_, None) => (b'%', 1),
        },
        [b'+', ..] if place == Place::Query => (b' ', 1),
        _ => (raw[0], 1), // Every other byte stands for itself.
    }
}

fn push_byte(out: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if is_unreserved(byte) {
        out.push(byte);
    } else {
        out.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

/// `A-Z a-z 0-9 - _ . ~` are never encoded.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}
