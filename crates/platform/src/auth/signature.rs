//! Request signatures as the official SDKs make them: parse, check the shape, verify, and sign.
//!
//! Three forms, told apart by the `Authorization` header:
//!
//! ```text
//! plain   SDK-HMAC-SHA256 Access=AK, SignedHeaders=.., Signature=..        key: the secret key
//! scoped  SDK-HMAC-SHA256 Credential=AK/date/region/service/sdk_request    key: a chain of HMACs over the scope
//! V11     V11-HMAC-SHA256 Credential=AK/date/region/service                key: HKDF of both keys and the scope
//! ```
//!
//! All sign `algorithm \n date \n [scope \n] hex(sha256(canonical request))`. The SDKs sort the query; some clients
//! do not, so the order received is tried first and the sorted one second.
//!
//! Paths that differ only in `%2F` against `/`, or in a `/` at the end, have one signature: that is how the signers
//! spell paths. A path that routes by more than the canonical one would not be protected by the signature.
//!
//! There is no nonce: a request may arrive twice within the window, and SDKs do send two equal requests within a
//! second. Never: a signature, a key or the canonical request in an error or a log line.

mod canonical;
#[cfg(test)]
mod tests;

use aws_lc_rs::{constant_time, digest, hmac};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};

use self::canonical::{InnerSpace, QueryOrder, push_head};
use super::secrets::{hex, hex_32, hmac_sha256, unhex_32};

/// How far `X-Sdk-Date` may be from the machine's clock, to either side, in milliseconds (rules.md 12: 15 minutes).
pub const CLOCK_SKEW_MAX_MS: i64 = 15 * 60 * 1000;

/// The most headers that one signature may list; the SDKs list about ten.
pub const SIGNED_HEADERS_MAX: usize = 64;

/// The longest access key id that is looked at, in bytes; ours have 20.
const ACCESS_KEY_BYTES_MAX: usize = 128;

const SDK_ALGORITHM: &str = "SDK-HMAC-SHA256";
const V11_ALGORITHM: &str = "V11-HMAC-SHA256";
const SCOPE_END: &str = "sdk_request";
const DATE_HEADER: &str = "x-sdk-date";
const CONTENT_HASH_HEADER: &str = "x-sdk-content-sha256";
const UNSIGNED_PAYLOAD: &[u8] = b"UNSIGNED-PAYLOAD";
const EMPTY_HASH: &[u8; 64] = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Headers that name whom the request acts for or what it carries: where received, they must be signed.
const SIGNED_IF_RECEIVED: [(&str, &str); 4] = [
    ("x-domain-id", "X-Domain-Id"),
    ("x-project-id", "X-Project-Id"),
    ("x-security-token", "X-Security-Token"),
    (CONTENT_HASH_HEADER, "X-Sdk-Content-Sha256"),
];

/// Why a signed request is refused. The text says what was wrong with the request, never what would be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Another algorithm of the SDK family, such as SM3, which this server does not verify.
    #[error("the signature algorithm is not supported: use SDK-HMAC-SHA256")]
    Algorithm,
    /// The signature's own data cannot be read; says which.
    #[error("the signature is malformed: {0}")]
    Malformed(&'static str),
    /// Something the signature needs was not sent.
    #[error("the signature is incomplete: {0} is missing")]
    Missing(&'static str),
    /// A header that must be covered by the signature is not in SignedHeaders.
    #[error("the header {0} must be signed")]
    Unsigned(&'static str),
    /// The date is outside the window, in the past or in the future.
    #[error("X-Sdk-Date is more than 15 minutes away from the server's clock")]
    Expired,
    /// UNSIGNED-PAYLOAD on a request whose body decides something.
    #[error("a JSON request must sign its payload")]
    UnsignedPayload,
    /// The body is not the one that X-Sdk-Content-Sha256 describes.
    #[error("X-Sdk-Content-Sha256 does not describe the body received")]
    BodyHash,
    /// The signature is not the one this request has under this key.
    #[error("the signature does not match the request")]
    Mismatch,
}

/// Which signing key and which string a signature was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form<'a> {
    /// The SDKs' usual form: the secret key itself.
    Plain,
    /// The scoped form of the Terraform provider: a key derived for a day, a region and a service.
    Derived {
        /// The UTC day, `YYYYMMDD`; the day of `X-Sdk-Date`.
        date: &'a str,
        /// The region id that the client has configured.
        region: &'a str,
        /// The service name that the client has configured.
        service: &'a str,
    },
    /// The SDKs' own derived form, which a client chooses with a "derived predicate".
    V11 {
        /// The UTC day, `YYYYMMDD`; the day of `X-Sdk-Date`.
        date: &'a str,
        /// The region id that the client has configured.
        region: &'a str,
        /// The service name that the client has configured.
        service: &'a str,
    },
}

/// What an `Authorization` header claims. Nothing of it is proven before [`verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The access key id to look up.
    pub access_key: &'a str,
    /// How the signing key is made.
    pub form: Form<'a>,
    /// The names of the signed headers, in lower case, in the order they were signed.
    pub signed_headers: Vec<&'a str>,
    /// 64 hex digits.
    pub signature: &'a str,
    /// `X-Sdk-Date`, `YYYYMMDDTHHMMSSZ` in UTC; a real instant, see [`check_shape`].
    pub date: &'a str,
}

/// The parts of a request that are signed, as they came from the wire.
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The path, not decoded.
    pub raw_path: &'a str,
    /// What follows `?`, not decoded.
    pub raw_query: Option<&'a str>,
    /// All headers. HTTP/2 sends the host as `:authority`: the caller puts it here as `host`.
    pub headers: &'a HeaderMap,
}

/// A key pair to sign with.
#[derive(Clone, Copy)]
pub struct KeyPair<'a> {
    /// The access key id.
    pub access_key: &'a str,
    /// The secret key.
    pub secret_key: &'a str,
}

/// Reads the signature of a request; `None` where it bears none, or another kind of `Authorization`.
///
/// # Errors
/// `Algorithm`, `Malformed` or `Missing` where it bears one that cannot be used.
pub fn parse_authorization<'a>(headers: &'a HeaderMap) -> Result<Option<Signed<'a>>, SignatureError> {
    let values = headers.get_all(AUTHORIZATION);
    let is_ours =
        |value: &HeaderValue| value.as_bytes().starts_with(b"SDK-") || value.as_bytes().starts_with(b"V11-");
    if !values.iter().any(is_ours) {
        return Ok(None);
    }
    let mut values = values.iter();
    let value = values.next().expect("one of the values is ours");
    if values.next().is_some() {
        return Err(SignatureError::Malformed("Authorization was received more than once"));
    }
    let text = value.to_str().map_err(|_| SignatureError::Malformed("Authorization is not plain text"))?;
    let (algorithm, fields) = text.split_once(' ').unwrap_or((text, ""));
    if algorithm != SDK_ALGORITHM && algorithm != V11_ALGORITHM {
        return Err(SignatureError::Algorithm);
    }
    let [access, credential, signed_headers, signature] = split_fields(fields)?;
    let (access_key, form) = match (access, credential) {
        (Some(access_key), None) if algorithm == SDK_ALGORITHM => (access_key, Form::Plain),
        (None, Some(credential)) => parse_credential(algorithm, credential)?,
        (None, None) => return Err(SignatureError::Missing("Access")),
        (Some(_), _) => return Err(SignatureError::Malformed("Access does not belong here")),
    };
    let key_is_text = access_key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
    if access_key.is_empty() || access_key.len() > ACCESS_KEY_BYTES_MAX || !key_is_text {
        return Err(SignatureError::Malformed("the access key"));
    }
    let signature = signature.ok_or(SignatureError::Missing("Signature"))?;
    unhex_32(signature.as_bytes()).ok_or(SignatureError::Malformed("Signature is not 64 hex digits"))?;
    let signed_headers = parse_names(signed_headers.ok_or(SignatureError::Missing("SignedHeaders"))?)?;
    let mut dates = headers.get_all(DATE_HEADER).iter();
    let date = dates.next().ok_or(SignatureError::Missing("X-Sdk-Date"))?;
    if dates.next().is_some() {
        return Err(SignatureError::Malformed("X-Sdk-Date was received more than once"));
    }
    let date = date.to_str().map_err(|_| SignatureError::Malformed("X-Sdk-Date"))?.trim();
    Ok(Some(Signed { access_key, form, signed_headers, signature, date }))
}

/// The values of Access, Credential, SignedHeaders and Signature, each at most once.
fn split_fields(fields: &str) -> Result<[Option<&str>; 4], SignatureError> {
    let mut found = [None; 4];
    for field in fields.split(',') {
        let (name, value) = field
            .trim()
            .split_once('=')
            .ok_or(SignatureError::Malformed("Authorization has a field without ="))?;
        let at = match name {
            "Access" => 0,
            "Credential" => 1,
            "SignedHeaders" => 2,
            "Signature" => 3,
            _ => return Err(SignatureError::Malformed("Authorization has an unknown field")), // Open set.
        };
        if found[at].replace(value).is_some() {
            return Err(SignatureError::Malformed("Authorization has a field twice"));
        }
    }
    Ok(found)
}

fn parse_credential<'a>(algorithm: &str, credential: &'a str) -> Result<(&'a str, Form<'a>), SignatureError> {
    let malformed = SignatureError::Malformed("Credential");
    let mut pieces = credential.split('/');
    let mut piece = || pieces.next().filter(|piece| !piece.is_empty()).ok_or(malformed);
    let (access_key, date, region, service) = (piece()?, piece()?, piece()?, piece()?);
    let form = if algorithm == V11_ALGORITHM {
        Form::V11 { date, region, service }
    } else if piece()? == SCOPE_END {
        Form::Derived { date, region, service }
    } else {
        return Err(malformed);
    };
    match pieces.next() {
        None => Ok((access_key, form)),
        Some(_) => Err(malformed),
    }
}

fn parse_names(list: &str) -> Result<Vec<&str>, SignatureError> {
    let mut names = Vec::with_capacity(12);
    for name in list.split(';') {
        let is_name = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase() && byte != b':';
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(SignatureError::Malformed("SignedHeaders must be header names in lower case"));
        }
        if names.len() == SIGNED_HEADERS_MAX {
            return Err(SignatureError::Malformed("SignedHeaders lists too many headers"));
        }
        names.push(name);
    }
    Ok(names)
}

/// Everything that can be refused before the body is read and the key is known: which headers are signed, the
/// replay window, and whether the payload may be unsigned. `is_json_write` comes from the operation that was
/// addressed, not from the Content-Type, which the client chooses. `machine_now_ms` is unix milliseconds of the
/// machine's clock, not of a sandbox clock: SDKs sign with their machine's.
///
/// # Errors
/// `Unsigned`, `Malformed`, `Expired` or `UnsignedPayload`.
pub fn check_shape(
    signed: &Signed<'_>,
    parts: &RequestParts<'_>,
    machine_now_ms: i64,
    is_json_write: bool,
) -> Result<(), SignatureError> {
    let is_signed = |name: &str| signed.signed_headers.contains(&name);
    for (name, shown) in [("host", "Host"), (DATE_HEADER, "X-Sdk-Date")] {
        if !is_signed(name) {
            return Err(SignatureError::Unsigned(shown));
        }
    }
    for (name, shown) in SIGNED_IF_RECEIVED {
        if parts.headers.contains_key(name) && !is_signed(name) {
            return Err(SignatureError::Unsigned(shown));
        }
    }
    let at_ms =
        instant_ms(signed.date).ok_or(SignatureError::Malformed("X-Sdk-Date is not YYYYMMDDTHHMMSSZ"))?;
    match signed.form {
        Form::Plain => {}
        Form::Derived { date, .. } | Form::V11 { date, .. } => {
            if !signed.date.starts_with(date) || date.len() != 8 {
                return Err(SignatureError::Malformed("Credential has another day than X-Sdk-Date"));
            }
        }
    }
    if at_ms.abs_diff(machine_now_ms) > CLOCK_SKEW_MAX_MS.unsigned_abs() {
        return Err(SignatureError::Expired);
    }
    match declared_hash(parts.headers)? {
        Some(DeclaredHash::Unsigned) if is_json_write => Err(SignatureError::UnsignedPayload),
        Some(DeclaredHash::Unsigned | DeclaredHash::Hash(..)) | None => Ok(()),
    }
}

/// What X-Sdk-Content-Sha256 says of the body.
enum DeclaredHash<'a> {
    Unsigned,
    /// The header's own spelling, which is what was signed, and the hash it stands for.
    Hash(&'a [u8], [u8; 32]),
}

fn declared_hash(headers: &HeaderMap) -> Result<Option<DeclaredHash<'_>>, SignatureError> {
    let Some(value) = headers.get(CONTENT_HASH_HEADER) else { return Ok(None) };
    let value = value.as_bytes().trim_ascii();
    if value == UNSIGNED_PAYLOAD {
        return Ok(Some(DeclaredHash::Unsigned));
    }
    let hash =
        unhex_32(value).ok_or(SignatureError::Malformed("X-Sdk-Content-Sha256 is not 64 hex digits"))?;
    Ok(Some(DeclaredHash::Hash(value, hash)))
}

/// Whether the request was signed with `secret_key`, whole and unaltered. `body` is the whole body, empty for none.
/// Call [`check_shape`] first: this proves what is signed, not that enough is.
///
/// # Errors
/// `Mismatch`; `BodyHash` where the signature is right but the body is another; `Malformed` or `Missing` where the
/// request lacks what its signature lists.
pub fn verify(
    signed: &Signed<'_>,
    parts: &RequestParts<'_>,
    body: &[u8],
    secret_key: &str,
) -> Result<(), SignatureError> {
    let signature = unhex_32(signed.signature.as_bytes()).ok_or(SignatureError::Malformed("Signature"))?;
    let declared = declared_hash(parts.headers)?;
    let body_hash;
    let declared_text = match &declared {
        Some(DeclaredHash::Unsigned) => Some(UNSIGNED_PAYLOAD),
        Some(DeclaredHash::Hash(text, _)) => Some(*text),
        None => None,
    };
    // With an empty body some SDKs sign the empty hash whatever the header says, others what the header says.
    let payloads: [Option<&[u8]>; 2] = match (declared_text, body.is_empty()) {
        (None, true) => [Some(EMPTY_HASH), None],
        (None, false) => {
            body_hash = hex_32(&sha256(body));
            [Some(&body_hash), None]
        }
        (Some(text), true) => [Some(EMPTY_HASH), Some(text)],
        (Some(text), false) => [Some(text), None],
    };
    if !matches_any(signed, parts, payloads, &signature, secret_key)? {
        return Err(SignatureError::Mismatch);
    }
    // Last, so that only who holds the key can make the server hash a body that the header already describes.
    match declared {
        Some(DeclaredHash::Hash(_, hash)) if !is_equal(&hash, &sha256(body)) => Err(SignatureError::BodyHash),
        Some(DeclaredHash::Hash(..) | DeclaredHash::Unsigned) | None => Ok(()),
    }
}

/// Tries each order of the query with each payload line.
fn matches_any(
    signed: &Signed<'_>,
    parts: &RequestParts<'_>,
    payloads: [Option<&[u8]>; 2],
    signature: &[u8; 32],
    secret_key: &str,
) -> Result<bool, SignatureError> {
    let key = signing_key(signed.access_key, secret_key, signed.form);
    let space = inner_space(signed.form);
    let has_order = parts.raw_query.is_some_and(|query| query.contains('&'));
    let orders = [Some(QueryOrder::Received), has_order.then(|| sorted_order(signed.form))];
    let mut canonical = Vec::with_capacity(1024);
    for order in orders.into_iter().flatten() {
        canonical.clear();
        push_head(&mut canonical, parts, &signed.signed_headers, order, space)?;
        let head_len = canonical.len();
        for payload in payloads.into_iter().flatten() {
            canonical.truncate(head_len);
            canonical.extend_from_slice(payload);
            let expected = sign_canonical(&key, signed.form, signed.date, &canonical);
            if is_equal(&expected, signature) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The `Authorization` value for a request, as an SDK would send it: every header in `parts` is signed but those
/// with `_` in the name. For examples, tests and measurements; the server itself only verifies.
///
/// # Errors
/// `Missing` without Host or X-Sdk-Date, `Malformed` where a header cannot be signed.
pub fn sign(
    parts: &RequestParts<'_>,
    body: &[u8],
    pair: KeyPair<'_>,
    form: Form<'_>,
) -> Result<String, SignatureError> {
    let mut names: Vec<&str> = parts.headers.keys().map(|name| name.as_str()).collect();
    names.retain(|name| !name.contains('_') && *name != AUTHORIZATION.as_str());
    names.sort_unstable();
    if !names.contains(&"host") {
        return Err(SignatureError::Missing("Host"));
    }
    let date = parts.headers.get(DATE_HEADER).ok_or(SignatureError::Missing("X-Sdk-Date"))?;
    let date = date.to_str().map_err(|_| SignatureError::Malformed("X-Sdk-Date"))?.trim();
    let mut canonical = Vec::with_capacity(1024);
    push_head(&mut canonical, parts, &names, sorted_order(form), inner_space(form))?;
    match declared_hash(parts.headers)? {
        _ if body.is_empty() => canonical.extend_from_slice(EMPTY_HASH),
        Some(DeclaredHash::Unsigned) => canonical.extend_from_slice(UNSIGNED_PAYLOAD),
        Some(DeclaredHash::Hash(text, _)) => canonical.extend_from_slice(text),
        None => canonical.extend_from_slice(&hex_32(&sha256(body))),
    }
    let key = signing_key(pair.access_key, pair.secret_key, form);
    let signature = hex(&sign_canonical(&key, form, date, &canonical));
    let (names, access_key) = (names.join(";"), pair.access_key);
    let claim = match form {
        Form::Plain => format!("{SDK_ALGORITHM} Access={access_key}"),
        Form::Derived { date, region, service } => {
            format!("{SDK_ALGORITHM} Credential={access_key}/{date}/{region}/{service}/{SCOPE_END}")
        }
        Form::V11 { date, region, service } => {
            format!("{V11_ALGORITHM} Credential={access_key}/{date}/{region}/{service}")
        }
    };
    Ok(format!("{claim}, SignedHeaders={names}, Signature={signature}"))
}

fn sorted_order(form: Form<'_>) -> QueryOrder {
    match form {
        Form::Plain | Form::V11 { .. } => QueryOrder::Sorted,
        Form::Derived { .. } => QueryOrder::FoldedKeys,
    }
}

fn inner_space(form: Form<'_>) -> InnerSpace {
    match form {
        Form::Plain | Form::V11 { .. } => InnerSpace::Kept,
        Form::Derived { .. } => InnerSpace::Collapsed,
    }
}

fn signing_key(access_key: &str, secret_key: &str, form: Form<'_>) -> hmac::Key {
    let new = |bytes: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
    match form {
        Form::Plain => new(secret_key.as_bytes()),
        Form::Derived { date, region, service } => {
            let mut key = hmac_sha256(format!("SDK{secret_key}").as_bytes(), date.as_bytes());
            for piece in [region, service, SCOPE_END] {
                key = hmac_sha256(&key, piece.as_bytes());
            }
            new(&key)
        }
        Form::V11 { date, region, service } => {
            // HKDF with one block of output; the SDKs then use its hex text, not its bytes, as the key.
            let extracted = hmac_sha256(access_key.as_bytes(), secret_key.as_bytes());
            let expanded = hmac_sha256(&extracted, format!("{date}/{region}/{service}\u{1}").as_bytes());
            new(&hex_32(&expanded))
        }
    }
}

fn sign_canonical(key: &hmac::Key, form: Form<'_>, date: &str, canonical: &[u8]) -> [u8; 32] {
    let mut mac = hmac::Context::with_key(key);
    let mut line = |pieces: &[&str]| {
        pieces.iter().for_each(|piece| mac.update(piece.as_bytes()));
        mac.update(b"\n");
    };
    match form {
        Form::Plain => line(&[SDK_ALGORITHM, "\n", date]),
        Form::Derived { date: day, region, service } => {
            line(&[SDK_ALGORITHM, "\n", date, "\n", day, "/", region, "/", service, "/", SCOPE_END]);
        }
        Form::V11 { date: day, region, service } => {
            line(&[V11_ALGORITHM, "\n", date, "\n", day, "/", region, "/", service]);
        }
    }
    mac.update(&hex_32(&sha256(canonical)));
    mac.sign().as_ref().try_into().expect("an HMAC-SHA256 tag has 32 bytes")
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().expect("a SHA-256 digest has 32 bytes")
}

fn is_equal(left: &[u8; 32], right: &[u8; 32]) -> bool {
    constant_time::verify_slices_are_equal(left, right).is_ok()
}

/// Unix milliseconds of `YYYYMMDDTHHMMSSZ`; `None` where that is no instant (31 April, 24:00, another form).
fn instant_ms(text: &str) -> Option<i64> {
    let bytes: &[u8; 16] = text.as_bytes().try_into().ok()?;
    if bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to]
            .iter()
            .try_fold(0_i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_len = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None, // There is no other month.
    };
    if day < 1 || day > month_len || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Years counted from March, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days lie between 1 March of the year 0 and 1 January 1970.
    let days = year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}
