//! A table of absences and wrong values: a line is a case.

use bytes::Bytes;
use http::HeaderMap;

use super::*;

crate::input! {
    /// One parameter of each policy.
    struct Sample {
        /// The documents' paging parameter.
        limit: i64 = query("limit").range(1, 100).default("10"),
        /// A filter for which `a=""` and `a=null` are values.
        kind: Option<String> = query("kind").null(Value).quotes(Value),
        /// A text that refuses every absence but being left out.
        strict: Option<String> = query("strict").empty(Refused).null(Refused).quotes(Refused).length(3),
        /// An enumeration without regard to case.
        order: Option<String> = query("order").one_of(&["createTime", "-createTime"]).any_case(),
        /// An instant.
        at: Option<Instant> = query("at"),
        /// A flag.
        flag: Option<bool> = query("flag"),
    }
    /// A body.
    struct Body {
        /// Required.
        name: String = body("name").length(5),
        /// A list of objects.
        items: Option<Vec<Item>> = body("items").items(1, 2),
        /// Numbers, as lists of integers.
        codes: Option<Vec<i64>> = body("codes").items(0, 3).range(0, 10),
        /// An exact amount.
        amount: Option<Decimal> = body("amount"),
    }
    /// An object inside it.
    struct Item: strict {
        /// Required.
        id: i64 = body("id").range(0, 9),
    }
}

use domain::calendar::Instant;

fn decode<T: Input>(query: &[(&str, &str)], body: Option<&str>) -> Result<T, String> {
    let query: Vec<(String, String)> =
        query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let body = body.map(|text| Node::parse(text.as_bytes()).expect("a well-formed sample"));
    T::decode(&Source {
        path: &[],
        query: &query,
        headers: &HeaderMap::new(),
        body: body.as_ref(),
        bytes: &Bytes::new(),
    })
    .map_err(|refusal| refusal.text())
}

#[test]
fn absences_in_a_query_mean_what_the_declaration_says() {
    // parameter | value | what it reads as
    let table = [
        ("limit", "", "10"),
        ("limit", "null", "10"),
        ("limit", "\"\"", "limit must not be \"\"; leave it out or give a value"),
        ("limit", "7", "7"),
        ("limit", "7.0", "7"),
        ("limit", "0", "limit must be from 1 to 100"),
        ("limit", "101", "limit must be from 1 to 100"),
        ("limit", "99999999999999999999999999999999999999999999", "limit must be from 1 to 100"),
        ("limit", "1.5", "limit must be an integer"),
        ("limit", "ten", "limit must be an integer"),
        ("limit", "1e1", "limit must be an integer"),
    ];
    for (name, value, expected) in table {
        let read = match decode::<Sample>(&[(name, value)], None) {
            Ok(sample) => sample.limit.to_string(),
            Err(text) => text,
        };
        assert_eq!(read, expected, "{name}={value}");
    }
    assert_eq!(decode::<Sample>(&[], None).expect("nothing is required").limit, 10);
}

#[test]
fn a_filter_may_take_null_and_quotes_as_values() {
    let kind = |value: &str| decode::<Sample>(&[("kind", value)], None).expect("accepted").kind;
    assert_eq!(kind(""), None);
    assert_eq!(kind("null").as_deref(), Some("null"));
    assert_eq!(kind("\"\"").as_deref(), Some("\"\""));
}

#[test]
fn texts_are_bounded_and_enumerations_closed() {
    let refused = |name: &str, value: &str| decode::<Sample>(&[(name, value)], None).expect_err("refused");
    assert_eq!(refused("strict", "abcd"), "strict must have at most 3 characters");
    assert_eq!(refused("strict", ""), "strict must not be left empty; leave it out or give a value");
    assert_eq!(refused("strict", "null"), "strict must not be null; leave it out or give a value");
    assert_eq!(refused("order", "name"), "order must be one of createTime, -createTime");
    assert_eq!(
        refused("at", "2026-02-30T00:00:00Z"),
        "at must be a UTC time in the form yyyy-MM-ddTHH:mm:ssZ"
    );
    assert_eq!(refused("flag", "yes"), "flag must be true or false");
    let sample = decode::<Sample>(&[("order", "CREATETIME"), ("flag", "true"), ("strict", "汉字三")], None);
    let sample = sample.expect("accepted");
    assert_eq!(sample.order.as_deref(), Some("createTime"));
    assert_eq!((sample.flag, sample.strict.as_deref()), (Some(true), Some("汉字三")));
    assert_eq!(sample.at, None);
}

#[test]
fn a_body_is_read_leniently_and_refused_by_path() {
    // body | what it reads as
    let table = [
        (r#"{"name":"a"}"#, "a"),
        (r#"{"name":12}"#, "12"),
        (r#"{"name":true}"#, "true"),
        (r#"{"name":null}"#, "name is required"),
        (r#"{"name":""}"#, "name is required and must not be \"\""),
        (r#"{"name":["a"]}"#, "name must be a string"),
        (r#"{"name":"abcdef"}"#, "name must have at most 5 characters"),
        (r#"{"name":"a","items":[]}"#, "a"),
        (r#"{"name":"a","items":[{"id":1},{"id":"2"}]}"#, "a"),
        (r#"{"name":"a","items":[{"id":1},{"id":10}]}"#, "items[1].id must be from 0 to 9"),
        (r#"{"name":"a","items":[{"id":1},{}]}"#, "items[1].id is required"),
        (
            r#"{"name":"a","items":[{"id":1},null]}"#,
            "items[1] must not be null; leave it out or give a value",
        ),
        (r#"{"name":"a","items":[{"id":1},7]}"#, "items[1] must be an object"),
        (r#"{"name":"a","items":[{"id":1},{"id":1},{"id":1}]}"#, "items must have 1 to 2 items"),
        (r#"{"name":"a","items":{}}"#, "items must be a list"),
        (r#"{"name":"a","codes":[1,11]}"#, "codes[1] must be from 0 to 10"),
        (r#"{"name":"a","amount":{}}"#, "amount must be a decimal number"),
        (r#"{"name":"a","amount":"12a"}"#, "amount must be a decimal number"),
        (r#"{"name":"a","amount":0.10}"#, "a"),
    ];
    for (body, expected) in table {
        let read = match decode::<Body>(&[], Some(body)) {
            Ok(body) => body.name,
            Err(text) => text,
        };
        assert_eq!(read, expected, "{body}");
    }
}

#[test]
fn amounts_keep_their_digits() {
    let body =
        decode::<Body>(&[], Some(r#"{"name":"a","amount":0.10000000000000000001}"#)).expect("accepted");
    assert_eq!(body.amount, Some(Decimal("0.10000000000000000001".to_owned())));
    assert_eq!(body.items.map(|items| items.iter().map(|item| item.id).sum::<i64>()), None);
    assert_eq!(body.codes, None);
}

#[test]
fn the_declaration_is_also_the_schema() {
    let params = Body::params();
    let schema = object_schema(&params);
    assert_eq!(schema["required"], serde_json::json!(["name"]));
    assert_eq!(schema["properties"]["items"]["items"]["properties"]["id"]["maximum"], 9);
    assert_eq!(schema["properties"]["name"]["description"], "Required.");
    assert_eq!(schema["properties"]["items"]["items"]["additionalProperties"], false);
    assert_eq!(schema["additionalProperties"], serde_json::Value::Null);
}
