//! Values against one parameter: those its declaration forbids, and random ones.

use platform::op::wire::{Means, Place};
use proptest::arbitrary::any;
use proptest::collection::vec;
use proptest::strategy::{BoxedStrategy, Just, Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::requests::{Known, Put, Target};

/// What must become of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// The declaration forbids it: refused, and the field named.
    Forbidden,
    /// Anything declared.
    Any,
}

/// One value with its verdict.
pub(super) struct Hostile {
    pub(super) value: Put,
    pub(super) verdict: Verdict,
}

fn forbidden(value: Value) -> Hostile {
    Hostile { value: Put::Json(value), verdict: Verdict::Forbidden }
}

fn any_answer(value: Value) -> Hostile {
    Hostile { value: Put::Json(value), verdict: Verdict::Any }
}

fn raw(text: impl Into<String>, verdict: Verdict) -> Hostile {
    Hostile { value: Put::Raw(text.into()), verdict }
}

/// Everything to throw at `target`: forbidden values first, then `random` values, then ids of `strangers`.
pub(super) fn against(target: &Target, random: usize, strangers: &[String]) -> Vec<Hostile> {
    let mut all = absences(target);
    all.extend(wrong_values(target));
    if target.place == Place::Body {
        all.extend(wrong_types(target));
    }
    all.extend(odd_texts(target));
    if target.name.ends_with("_id") || target.name.ends_with("_ids") {
        all.extend(strangers.iter().map(|id| match target.schema["type"].as_str() {
            Some("array") => any_answer(json!([id])),
            _ => any_answer(json!(id)),
        }));
    }
    all.extend(random_values(target, random));
    all
}

/// The documents' ways not to give a value.
fn absences(target: &Target) -> Vec<Hostile> {
    let verdict = |means| match means {
        Means::Refused => Verdict::Forbidden,
        Means::Unset if target.is_required => Verdict::Forbidden,
        Means::Unset | Means::Value => Verdict::Any,
    };
    let missing = if target.is_required { Verdict::Forbidden } else { Verdict::Any };
    let mut all = vec![Hostile { value: Put::Absent, verdict: missing }];
    let declared = target.param.map(|param| param.absences);
    let of = |means: Option<Means>| means.map_or(Verdict::Any, verdict);
    let (empty, null, quotes) =
        (declared.map(|a| a.empty), declared.map(|a| a.null), declared.map(|a| a.quotes));
    if target.place == Place::Body {
        all.push(Hostile { value: Put::Json(json!([])), verdict: of(empty) });
        all.push(Hostile { value: Put::Json(Value::Null), verdict: of(null) });
        all.push(Hostile { value: Put::Json(json!("")), verdict: of(quotes) });
    } else if target.place == Place::Query {
        all.push(Hostile { value: Put::Json(json!("")), verdict: of(empty) });
        all.push(Hostile { value: Put::Json(json!("null")), verdict: of(null) });
        all.push(Hostile { value: Put::Json(json!("\"\"")), verdict: of(quotes) });
    }
    all
}

/// Values of the right type that are out of range, too long, unknown or malformed.
fn wrong_values(target: &Target) -> Vec<Hostile> {
    let schema = &target.schema;
    if schema["enum"].is_array() {
        return vec![forbidden(json!("no-such-value")), any_answer(json!("0")), any_answer(json!(-1))];
    }
    match (schema["type"].as_str().unwrap_or_default(), schema["format"].as_str()) {
        ("integer", _) => integers(schema),
        ("boolean", _) => vec![forbidden(json!("maybe")), forbidden(json!("TRUE")), any_answer(json!(1))],
        ("string", Some("date-time")) => [
            "yesterday",
            "2026-02-30T00:00:00Z",
            "2026-01-15",
            "2026-01-15T24:00:00Z",
            "2026-01-15T08:00:00",
            "2026-01-15T08:00:61Z",
            "2026-1-15T08:00:00Z",
            "9999999-01-15T08:00:00Z",
            "2026-13-01T00:00:00Z",
        ]
        .map(|text| forbidden(json!(text)))
        .into(),
        ("string", Some("date")) => {
            ["yesterday", "2026-02-30", "20260115", "2026-1-5"].map(|text| forbidden(json!(text))).into()
        }
        ("string", _) => match schema["maxLength"].as_u64() {
            Some(max) => {
                let long =
                    |letter: &str, more: u64| letter.repeat(usize::try_from(max + more).expect("small"));
                vec![
                    forbidden(json!(long("x", 1))),
                    any_answer(json!(long("x", 0))),
                    // Lengths count characters, not bytes.
                    forbidden(json!(long("锁", 1))),
                    any_answer(json!(long("锁", 0))),
                ]
            }
            None => Vec::new(),
        },
        ("array", _) => lists(target),
        _ if schema["type"].is_array() => decimals(),
        _ => Vec::new(),
    }
}

fn integers(schema: &Value) -> Vec<Hostile> {
    let mut all = vec![
        forbidden(json!("abc")),
        forbidden(json!("1.5")),
        forbidden(json!("0x10")),
        forbidden(json!("1e3")),
        forbidden(json!("--1")),
        any_answer(json!("+1")),
        any_answer(json!("007")),
    ];
    for digits in ["9223372036854775808", "-9223372036854775809", &"9".repeat(400)] {
        all.push(raw(digits, Verdict::Forbidden));
    }
    if let Some(min) = schema["minimum"].as_i64() {
        all.push(forbidden(json!(min - 1)));
        all.push(any_answer(json!(min)));
    }
    if let Some(max) = schema["maximum"].as_i64() {
        all.push(forbidden(json!(max + 1)));
        all.push(any_answer(json!(max)));
    }
    all
}

fn decimals() -> Vec<Hostile> {
    let mut all: Vec<Hostile> = ["abc", "1,5", "1.2.3", "--1", "1e", "NaN", "Infinity", "٣", "1 "]
        .map(|text| forbidden(json!(text)))
        .into();
    for odd in ["-1", "0", "-0", "0.001", "1e2", "1e400", "1e-400", "1e2147483648", &"9".repeat(39), "0.1e1"]
    {
        all.push(any_answer(json!(odd)));
    }
    all.push(raw("1e999999999", Verdict::Any));
    all.push(raw("9".repeat(5000), Verdict::Forbidden));
    all
}

fn lists(target: &Target) -> Vec<Hostile> {
    let item = Known::default().accepted(target.name, &target.schema["items"], false);
    let mut all = vec![forbidden(json!([null]))];
    if let Some(max) = target.schema["maxItems"].as_u64() {
        let over = usize::try_from(max).expect("small") + 1;
        all.push(forbidden(Value::Array(vec![item.clone(); over])));
        all.push(any_answer(json!([item, item])));
    }
    all
}

/// Values of another JSON type.
fn wrong_types(target: &Target) -> Vec<Hostile> {
    let schema = &target.schema;
    let mut all = match schema["type"].as_str().unwrap_or_default() {
        // Numbers and booleans are read as texts (`rules.md` 0.9), so only these cannot be one.
        "string" => vec![forbidden(json!({})), forbidden(json!(["a"])), forbidden(json!({"a": 1}))],
        "integer" => vec![
            forbidden(json!(true)),
            forbidden(json!({})),
            forbidden(json!([1])),
            raw("1.5", Verdict::Forbidden),
        ],
        "boolean" => vec![forbidden(json!({})), forbidden(json!([true])), forbidden(json!(2))],
        "array" => {
            vec![forbidden(json!({})), forbidden(json!(1)), forbidden(json!("a")), forbidden(json!(true))]
        }
        "object" => {
            vec![forbidden(json!(1)), forbidden(json!("a")), forbidden(json!([1])), forbidden(json!(true))]
        }
        _ if schema["type"].is_array() => {
            vec![forbidden(json!({})), forbidden(json!([1])), forbidden(json!(true))]
        }
        _ => Vec::new(),
    };
    // 100 levels in a place that takes no list at all; the door names no field of a body it did not read.
    all.push(raw(format!("{}{}", "[".repeat(100), "]".repeat(100)), Verdict::Any));
    all.push(raw("\"\\u0000\"", Verdict::Any));
    all.push(raw("\"\\ud800\"", Verdict::Any));
    all
}

/// Texts that trip parsers, queries and terminals.
fn odd_texts(target: &Target) -> Vec<Hostile> {
    let kind = target.schema["type"].as_str().unwrap_or_default();
    if kind != "string" && target.place == Place::Body {
        return Vec::new();
    }
    [
        "' or 1=1 --",
        "\"; drop table orders; --",
        "%",
        "_",
        "\\",
        "../../etc",
        "{{7*7}}",
        "${x}",
        "<script>",
        " ",
        "a\r\nSet-Cookie: x=1",
        "\u{feff}",
        "\u{202e}abc",
        "\u{fffd}",
        "ﬀ",
        "İ",
        "👩‍👩‍👧",
        "\u{7f}",
    ]
    .map(|text| any_answer(json!(text)))
    .into()
}

/// Random values from a seed that is fixed for each parameter, so that a failure is seen again.
fn random_values(target: &Target, count: usize) -> Vec<Hostile> {
    let mut seed = [7; 32];
    for (index, byte) in target.pointer.bytes().enumerate() {
        seed[index % 32] ^= byte;
    }
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let strategy =
        if target.place == Place::Body { any_json() } else { any_text().prop_map(Value::String).boxed() };
    let next = |_| strategy.new_tree(&mut runner).expect("nothing is filtered").current();
    (0..count).map(next).map(any_answer).collect()
}

fn any_text() -> BoxedStrategy<String> {
    vec(any::<char>(), 0..80).prop_map(|chars| chars.into_iter().collect::<String>()).boxed()
}

fn any_json() -> BoxedStrategy<Value> {
    let leaf = proptest::prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any_text().prop_map(Value::String),
    ];
    let nested = leaf.prop_recursive(4, 16, 4, |inner| {
        proptest::prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((any_text(), inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    nested.boxed()
}
