//! The vectors of `vectors.txt` were made with the official Python SDK (core 3.1.219) and sent through its HTTP
//! library; the scoped ones with that signer and the scope's key chain. A record is a name, the request line, the
//! headers as sent, and after `> ` the body.

use http::header::HeaderName;

use super::canonical::{QUERY_PARAMETERS_MAX, push_path, push_query};
use super::*;

const PAIR: KeyPair<'_> =
    KeyPair { access_key: "QTWAOYTTINDUT2QVKYUC", secret_key: "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc" };
const DATE: &str = "20191115T033655Z";
const NOW_MS: i64 = 1_573_789_015_000;

#[derive(Debug, Clone)]
struct Case {
    name: String,
    method: String,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Case {
    fn new(method: &str, target: &str) -> Case {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        Case {
            name: String::new(),
            method: method.to_owned(),
            path: path.to_owned(),
            query,
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    fn with(mut self, name: &str, value: &str) -> Case {
        self.headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
        self
    }

    fn parts(&self) -> RequestParts<'_> {
        RequestParts {
            method: &self.method,
            raw_path: &self.path,
            raw_query: self.query.as_deref(),
            headers: &self.headers,
        }
    }

    fn signed(self, form: Form<'_>) -> Case {
        let value = sign(&self.parts(), &self.body, PAIR, form).unwrap();
        self.with("authorization", &value)
    }

    /// All three gates, as the door passes them.
    fn check(&self, is_json_write: bool) -> Result<(), SignatureError> {
        let signed = parse_authorization(&self.headers)?.expect("the request is signed");
        assert_eq!(signed.access_key, PAIR.access_key);
        check_shape(&signed, &self.parts(), NOW_MS, is_json_write)?;
        verify(&signed, &self.parts(), &self.body, PAIR.secret_key)
    }
}

fn plain(target: &str) -> Case {
    Case::new("GET", target).with("host", "bss.example.com").with("x-sdk-date", DATE)
}

fn vectors() -> Vec<Case> {
    let mut cases = Vec::new();
    for record in include_str!("vectors.txt").split("\n\n").filter(|record| !record.trim().is_empty()) {
        let mut lines = record.lines();
        let name = lines.next().unwrap().strip_prefix("# ").unwrap();
        let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
        let mut case = Case::new(method, target);
        case.name = name.to_owned();
        for line in lines {
            if let Some(body) = line.strip_prefix("> ") {
                case.body = body.as_bytes().to_vec();
            } else {
                let (name, value) = line.split_once(": ").unwrap();
                case = case.with(name, value);
            }
        }
        cases.push(case);
    }
    assert!(cases.len() >= 25, "{} vectors", cases.len());
    cases
}

fn authorization(case: &Case) -> String {
    case.headers["authorization"].to_str().unwrap().to_owned()
}

#[test]
fn the_published_example_has_its_published_signature() {
    let case = Case::new(
        "GET",
        "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
    )
    .with("content-type", "application/json")
    .with("host", "service.region.example.com")
    .with("x-sdk-date", DATE)
    .signed(Form::Plain);
    assert_eq!(
        authorization(&case),
        "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, SignedHeaders=content-type;host;x-sdk-date, \
         Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
    );
    assert_eq!(case.check(true), Ok(()));
}

#[test]
fn what_the_sdk_signed_verifies() {
    for case in vectors() {
        assert_eq!(case.check(false), Ok(()), "{}", case.name);
    }
}

#[test]
fn signing_gives_what_the_sdk_gives() {
    for case in vectors() {
        let signed = parse_authorization(&case.headers).unwrap().unwrap();
        let made = sign(&case.parts(), &case.body, PAIR, signed.form).unwrap();
        assert_eq!(made, authorization(&case), "{}", case.name);
    }
}

#[test]
fn another_key_is_refused() {
    for case in vectors() {
        let signed = parse_authorization(&case.headers).unwrap().unwrap();
        let answer = verify(&signed, &case.parts(), &case.body, "another");
        assert_eq!(answer, Err(SignatureError::Mismatch), "{}", case.name);
    }
}

#[test]
fn an_altered_request_is_refused() {
    for case in vectors() {
        let refused = |altered: &Case, what: &str| {
            let answer = altered.check(false);
            assert!(answer.is_err(), "{}: altered {what}", case.name);
        };
        let method = if case.method == "PATCH" { "POST" } else { "PATCH" };
        refused(&Case { method: method.to_owned(), ..case.clone() }, "method");
        refused(&Case { path: format!("{}x", case.path), ..case.clone() }, "path");
        let query = case.query.as_deref().map_or("x=1".to_owned(), |query| format!("{query}&x=1"));
        refused(&Case { query: Some(query), ..case.clone() }, "query, one more");
        if let Some(query) = &case.query {
            refused(&Case { query: None, ..case.clone() }, "query, none");
            let query = format!("{query}0");
            refused(&Case { query: Some(query), ..case.clone() }, "query, last value");
        }
        let names = parse_authorization(&case.headers).unwrap().unwrap().signed_headers;
        for name in names {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            let mut altered = case.clone();
            let mut value = case.headers[&name].as_bytes().to_vec();
            *value.last_mut().unwrap() ^= 1;
            altered.headers.insert(&name, HeaderValue::from_bytes(&value).unwrap());
            refused(&altered, name.as_str());
            altered.headers.remove(&name);
            refused(&altered, &format!("{name}, removed"));
            let twice = case.clone().with(name.as_str(), "x");
            refused(&twice, &format!("{name}, twice"));
        }
        let declares_unsigned =
            case.headers.get("x-sdk-content-sha256").is_some_and(|value| value == "UNSIGNED-PAYLOAD");
        if !declares_unsigned {
            let mut altered = case.clone();
            altered.body.push(b' ');
            refused(&altered, "body, longer");
            if !case.body.is_empty() {
                refused(&Case { body: Vec::new(), ..case.clone() }, "body, none");
            }
        }
    }
}

#[test]
fn an_altered_signature_is_refused() {
    let case = plain("/v2/x").signed(Form::Plain);
    let value = authorization(&case);
    let last = if value.ends_with('0') { "1" } else { "0" };
    let mut altered = case.clone();
    let value = format!("{}{last}", &value[..value.len() - 1]);
    altered.headers.insert("authorization", HeaderValue::from_str(&value).unwrap());
    assert_eq!(altered.check(true), Err(SignatureError::Mismatch));
}

#[test]
fn a_body_other_than_its_given_hash_is_told_apart_from_a_bad_signature() {
    let mut case = vectors().into_iter().find(|case| case.name == "a given content hash").unwrap();
    assert_eq!(case.check(true), Ok(()));
    case.body = br#"{"a":2}"#.to_vec();
    assert_eq!(case.check(true), Err(SignatureError::BodyHash));
}

#[test]
fn an_unsigned_payload_is_refused_where_the_body_decides() {
    let form_body = |case: &Case| case.name == "a form body is not hashed";
    let mut case = vectors().into_iter().find(form_body).unwrap();
    case.body = b"another".to_vec();
    assert_eq!(case.check(false), Ok(()));
    assert_eq!(case.check(true), Err(SignatureError::UnsignedPayload));
}

#[test]
fn with_no_body_the_declared_payload_may_be_what_was_signed() {
    // Other SDKs put the header's value where the Python one puts the empty hash: a body of any bytes, sent with
    // UNSIGNED-PAYLOAD, is signed as such an SDK signs none.
    let mut case = plain("/v2/x").with("x-sdk-content-sha256", "UNSIGNED-PAYLOAD");
    case.body = b"x".to_vec();
    case = case.signed(Form::Plain);
    case.body.clear();
    assert_eq!(case.check(false), Ok(()));
}

#[test]
fn host_and_date_must_be_signed_and_so_must_what_names_the_account() {
    for (name, shown) in [
        ("x-domain-id", "X-Domain-Id"),
        ("x-project-id", "X-Project-Id"),
        ("x-security-token", "X-Security-Token"),
        ("x-sdk-content-sha256", "X-Sdk-Content-Sha256"),
    ] {
        let case = plain("/v2/x").signed(Form::Plain).with(name, "UNSIGNED-PAYLOAD");
        assert_eq!(case.check(false), Err(SignatureError::Unsigned(shown)));
    }
    let case = plain("/v2/x").signed(Form::Plain).with("x-other", "1");
    assert_eq!(case.check(false), Ok(()));
    for (list, shown) in [("host", "X-Sdk-Date"), ("x-sdk-date", "Host")] {
        let value = format!("SDK-HMAC-SHA256 Access=A, SignedHeaders={list}, Signature={}", "0".repeat(64));
        let case = plain("/v2/x").with("authorization", &value);
        let signed = parse_authorization(&case.headers).unwrap().unwrap();
        assert_eq!(check_shape(&signed, &case.parts(), NOW_MS, false), Err(SignatureError::Unsigned(shown)));
    }
}

#[test]
fn the_window_is_fifteen_minutes_to_either_side() {
    let case = plain("/v2/x").signed(Form::Plain);
    let signed = parse_authorization(&case.headers).unwrap().unwrap();
    let at = |now_ms| check_shape(&signed, &case.parts(), now_ms, true);
    for offset_ms in [0, CLOCK_SKEW_MAX_MS, -CLOCK_SKEW_MAX_MS] {
        assert_eq!(at(NOW_MS + offset_ms), Ok(()), "{offset_ms}");
    }
    for offset_ms in [CLOCK_SKEW_MAX_MS + 1, -CLOCK_SKEW_MAX_MS - 1] {
        assert_eq!(at(NOW_MS + offset_ms), Err(SignatureError::Expired), "{offset_ms}");
    }
    assert_eq!(at(i64::MIN), Err(SignatureError::Expired));
    assert_eq!(at(i64::MAX), Err(SignatureError::Expired));
}

#[test]
fn dates_are_read_as_utc_instants() {
    for (text, expected) in [
        ("19700101T000000Z", Some(0)),
        ("20191115T033655Z", Some(NOW_MS)),
        ("20000229T235959Z", Some(951_868_799_000)),
        ("20240301T000000Z", Some(1_709_251_200_000)),
        ("19691231T235959Z", Some(-1000)),
        ("19000229T000000Z", None),
        ("20230229T000000Z", None),
        ("20230431T000000Z", None),
        ("20230001T000000Z", None),
        ("20231301T000000Z", None),
        ("20230100T000000Z", None),
        ("20230101T240000Z", None),
        ("20230101T006000Z", None),
        ("20230101T000060Z", None),
        ("20230101T0000000", None),
        ("20230101 000000Z", None),
        ("2023010+T000000Z", None),
        ("2023-01-01T00:00:00Z", None),
        ("", None),
    ] {
        assert_eq!(instant_ms(text), expected, "{text}");
    }
}

#[test]
fn every_form_signs_and_verifies_with_its_own_key() {
    let (date, region, service) = ("20191115", "cn-north-1", "bss");
    let derived = Form::Derived { date, region, service };
    let v11 = Form::V11 { date, region, service };
    let mut signatures = Vec::new();
    for form in [Form::Plain, derived, v11] {
        let case = plain("/v2/x?b=1&a=2").signed(form);
        assert_eq!(parse_authorization(&case.headers).unwrap().unwrap().form, form);
        assert_eq!(case.check(true), Ok(()));
        signatures.push(authorization(&case).rsplit_once('=').unwrap().1.to_owned());
    }
    signatures.sort();
    signatures.dedup();
    assert_eq!(signatures.len(), 3);
}

#[test]
fn a_scope_is_bound_to_its_day_region_and_service() {
    for (date, region, service, expected) in [
        ("20191115", "r", "s", Ok(())),
        ("20191114", "r", "s", Err(SignatureError::Malformed("Credential has another day than X-Sdk-Date"))),
        ("2019111", "r", "s", Err(SignatureError::Malformed("Credential has another day than X-Sdk-Date"))),
        ("20191115", "r2", "s", Err(SignatureError::Mismatch)),
        ("20191115", "r", "s2", Err(SignatureError::Mismatch)),
    ] {
        let right = Form::Derived { date: "20191115", region: "r", service: "s" };
        let mut case = plain("/v2/x").signed(right);
        let value = authorization(&case).replace("20191115/r/s/", &format!("{date}/{region}/{service}/"));
        case.headers.insert("authorization", HeaderValue::from_str(&value).unwrap());
        assert_eq!(case.check(true), expected, "{value}");
    }
}

#[test]
fn the_scoped_form_signs_runs_of_space_as_one_and_folds_the_case_of_keys() {
    let form = Form::Derived { date: "20191115", region: "r", service: "s" };
    let mut case = plain("/v2/x?b=1&A=2&a=3").with("user-agent", "a  b \t c").signed(form);
    assert_eq!(case.check(true), Ok(()));
    case.headers.insert("user-agent", HeaderValue::from_static("a b c"));
    case.query = Some("A=2&a=3&b=1".to_owned());
    assert_eq!(case.check(true), Ok(()));
    let mut case = plain("/v2/x").with("user-agent", "a  b").signed(Form::Plain);
    case.headers.insert("user-agent", HeaderValue::from_static("a b"));
    assert_eq!(case.check(true), Err(SignatureError::Mismatch));
}

#[test]
fn the_order_of_the_query_may_be_the_one_received_or_the_sorted_one() {
    // Signed sorted, sent otherwise.
    let sorted = plain("/v2/x?b=1&a=2").signed(Form::Plain);
    assert_eq!(sorted.check(true), Ok(()));
    // Signed as sent, not sorted: built here by hand, as `sign` always sorts.
    let case = plain("/v2/x?b=1&a=2");
    let mut canonical = Vec::new();
    let names = ["host", "x-sdk-date"];
    push_head(&mut canonical, &case.parts(), &names, QueryOrder::Received, InnerSpace::Kept).unwrap();
    canonical.extend_from_slice(EMPTY_HASH);
    let key = signing_key(PAIR.access_key, PAIR.secret_key, Form::Plain);
    let signature = hex(&sign_canonical(&key, Form::Plain, DATE, &canonical));
    assert!(!authorization(&sorted).contains(&signature));
    let value = format!(
        "SDK-HMAC-SHA256 Access={}, SignedHeaders=host;x-sdk-date, Signature={signature}",
        PAIR.access_key
    );
    let case = case.with("authorization", &value);
    assert_eq!(case.check(true), Ok(()));
    // Another order still: neither the one signed nor the sorted one.
    let other = Case { query: Some("a=2&c=3&b=1".to_owned()), ..case };
    assert_eq!(other.check(true), Err(SignatureError::Mismatch));
}

#[test]
fn paths_have_one_spelling() {
    for (raw, expected) in [
        ("/", "/"),
        ("", "/"),
        ("/v2/x", "/v2/x/"),
        ("/v2/x/", "/v2/x/"),
        ("/a%2Fb", "/a/b/"),
        ("/a%2fb%20c", "/a/b%20c/"),
        ("/a+b", "/a%2Bb/"),
        ("/%41%7e", "/A~/"),
        ("/%ff%FE", "/%FF%FE/"),
        ("/100%", "/100%25/"),
        ("/%zz%4", "/%25zz%254/"),
        ("/%%41", "/%25A/"),
        ("/名", "/%E5%90%8D/"),
        ("//a//", "//a//"),
    ] {
        let mut out = Vec::new();
        push_path(&mut out, raw.as_bytes());
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{raw}");
    }
}

#[test]
fn queries_have_one_spelling_in_each_order() {
    for (raw, received, sorted) in [
        ("", "", ""),
        ("a", "a=", "a="),
        ("a=", "a=", "a="),
        ("=1", "=1", "=1"),
        ("a=b=c", "a=b%3Dc", "a=b%3Dc"),
        ("&&a=1&", "a=1", "a=1"),
        ("a=x+y&b=x%20y&c=x%2By", "a=x%20y&b=x%20y&c=x%2By", "a=x%20y&b=x%20y&c=x%2By"),
        ("a=2&a=1", "a=2&a=1", "a=1&a=2"),
        ("a~=1&a%2F=2&a=3", "a~=1&a%2F=2&a=3", "a=3&a%2F=2&a~=1"),
        ("v=%ff%", "v=%FF%25", "v=%FF%25"),
        ("v=\"\"&w=null", "v=%22%22&w=null", "v=%22%22&w=null"),
        ("b=1&B=2", "b=1&B=2", "B=2&b=1"),
        ("p=/", "p=%2F", "p=%2F"),
    ] {
        for (order, expected) in [(QueryOrder::Received, received), (QueryOrder::Sorted, sorted)] {
            let mut out = Vec::new();
            push_query(&mut out, raw.as_bytes(), order).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{raw} {order:?}");
        }
    }
}

#[test]
fn a_plus_and_an_encoded_plus_are_different_values() {
    let mut case = plain("/v2/x?a=1%2B1").signed(Form::Plain);
    case.query = Some("a=1+1".to_owned());
    assert_eq!(case.check(true), Err(SignatureError::Mismatch));
    let mut case = plain("/v2/x?a=1%201").signed(Form::Plain);
    case.query = Some("a=1+1".to_owned());
    assert_eq!(case.check(true), Ok(()));
}

#[test]
fn an_endless_query_is_not_sorted() {
    let raw = "a&".repeat(QUERY_PARAMETERS_MAX + 1);
    let answer = push_query(&mut Vec::new(), raw.as_bytes(), QueryOrder::Sorted);
    assert_eq!(answer, Err(SignatureError::Malformed("too many query parameters")));
    let answer = push_query(&mut Vec::new(), &raw.as_bytes()[2..], QueryOrder::Sorted);
    assert_eq!(answer, Ok(()));
}

#[test]
fn other_authorizations_are_not_ours() {
    assert_eq!(parse_authorization(&HeaderMap::new()), Ok(None));
    for value in ["Bearer SDK-HMAC-SHA256", "Basic eDp5", "", "名"] {
        let case = Case::new("GET", "/").with("authorization", value);
        assert_eq!(parse_authorization(&case.headers), Ok(None), "{value}");
    }
}

#[test]
fn a_signature_that_cannot_be_read_says_why() {
    let hex64 = "a".repeat(64);
    let rest = format!("SignedHeaders=host, Signature={hex64}");
    for (value, expected) in [
        ("SDK-HMAC-SM3 Access=A".to_owned(), "not supported"),
        ("SDK-HMAC-SHA256".to_owned(), "without ="),
        (format!("SDK-HMAC-SHA256 {rest}"), "Access is missing"),
        (format!("SDK-HMAC-SHA256 Access=, {rest}"), "the access key"),
        (format!("SDK-HMAC-SHA256 Access=a b, {rest}"), "the access key"),
        (format!("SDK-HMAC-SHA256 Access={}, {rest}", "a".repeat(129)), "the access key"),
        (format!("SDK-HMAC-SHA256 Access=A, Access=B, {rest}"), "twice"),
        (format!("SDK-HMAC-SHA256 Access=A, Credential=A/d/r/s/sdk_request, {rest}"), "does not belong"),
        (format!("V11-HMAC-SHA256 Access=A, {rest}"), "does not belong"),
        (format!("SDK-HMAC-SHA256 Credential=A/d/r/s, {rest}"), "Credential"),
        (format!("SDK-HMAC-SHA256 Credential=A/d/r/s/other, {rest}"), "Credential"),
        (format!("SDK-HMAC-SHA256 Credential=A/d/r/s/sdk_request/x, {rest}"), "Credential"),
        (format!("SDK-HMAC-SHA256 Credential=A/d//s/sdk_request, {rest}"), "Credential"),
        (format!("V11-HMAC-SHA256 Credential=A/d/r/s/sdk_request, {rest}"), "Credential"),
        (format!("SDK-HMAC-SHA256 Access=A, Other=1, {rest}"), "unknown field"),
        (format!("SDK-HMAC-SHA256 Access=A, Signature={hex64}"), "SignedHeaders is missing"),
        ("SDK-HMAC-SHA256 Access=A, SignedHeaders=host".to_owned(), "Signature is missing"),
        ("SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=aa".to_owned(), "64 hex digits"),
        (format!("SDK-HMAC-SHA256 Access=A, SignedHeaders=Host, Signature={hex64}"), "lower case"),
        (format!("SDK-HMAC-SHA256 Access=A, SignedHeaders=host;;x, Signature={hex64}"), "lower case"),
        (format!("SDK-HMAC-SHA256 Access=A, SignedHeaders=, Signature={hex64}"), "lower case"),
        (
            format!("SDK-HMAC-SHA256 Access=A, SignedHeaders=x{}, Signature={hex64}", ";x".repeat(64)),
            "too many",
        ),
        (format!("SDK-HMAC-SHA256 Access=名, {rest}"), "not plain text"),
    ] {
        let case = plain("/").with("authorization", &value);
        let error = parse_authorization(&case.headers).unwrap_err().to_string();
        assert!(error.contains(expected), "{value}: {error}");
    }
}

#[test]
fn a_second_authorization_or_date_is_refused() {
    let case = plain("/").signed(Form::Plain);
    for (name, value) in [("authorization", "Bearer x"), ("x-sdk-date", DATE)] {
        let twice = case.clone().with(name, value);
        assert!(matches!(parse_authorization(&twice.headers), Err(SignatureError::Malformed(_))), "{name}");
    }
    let mut dateless = case.clone();
    dateless.headers.remove("x-sdk-date");
    assert_eq!(parse_authorization(&dateless.headers), Err(SignatureError::Missing("X-Sdk-Date")));
    let bearer_first = Case::new("GET", "/").with("authorization", "Bearer x");
    let both = bearer_first.with("authorization", &authorization(&case));
    assert!(parse_authorization(&both.headers).is_err());
}

#[test]
fn signing_needs_host_and_date() {
    let sign_it = |case: Case| sign(&case.parts(), b"", PAIR, Form::Plain);
    assert_eq!(sign_it(Case::new("GET", "/")), Err(SignatureError::Missing("Host")));
    let dateless = Case::new("GET", "/").with("host", "h");
    assert_eq!(sign_it(dateless), Err(SignatureError::Missing("X-Sdk-Date")));
}
