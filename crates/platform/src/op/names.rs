//! Names of parameters that the own API does not know.
//!
//! A name that is only spelt otherwise is refused: `autoPay` for `auto_pay` would leave an order unpaid. Other foreign
//! names are ignored, as clients of other versions send them, but not in the bodies that grant or limit money: with
//! `expires` for `expire_time` a grant would never end.

use serde_json::{Map, Value as Json};

use super::node::Node;
use super::wire::Refusal;

/// The longest foreign name that a message repeats, in characters.
const NAME_SHOWN_MAX: usize = 64;

/// Refuses the names of a query and of a body by their schemas (`{query, body}`).
pub(super) fn check(shape: &Json, query: &[(String, String)], body: Option<&Node>) -> Result<(), Refusal> {
    if let Some(known) = shape["query"]["properties"].as_object() {
        query.iter().try_for_each(|(name, _)| refuse_misspelt(name, "", known))?;
    }
    body.map_or(Ok(()), |body| check_members(&shape["body"], body, ""))
}

fn refuse_misspelt(name: &str, at: &str, known: &Map<String, Json>) -> Result<(), Refusal> {
    let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
    let meant = known.keys().find(|key| *key != name && plain(key) == plain(name));
    match meant {
        Some(meant) if !known.contains_key(name) => Err(Refusal::because(
            format!("{at}{name}"),
            format!("is not known; it is spelt {meant}"),
            format!("无法识别，正确写法为 {meant}"),
        )),
        _ => Ok(()),
    }
}

fn refuse_foreign(name: &str, at: &str, known: &Map<String, Json>) -> Result<(), Refusal> {
    if known.contains_key(name) {
        return Ok(());
    }
    let shown: String = name.chars().take(NAME_SHOWN_MAX).collect();
    let names = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    Err(Refusal::because(
        format!("{at}{shown}"),
        format!("is not known here; the names are {names}"),
        format!("无法识别，可用的参数为 {names}"),
    ))
}

fn check_members(schema: &Json, node: &Node, at: &str) -> Result<(), Refusal> {
    match node.bare() {
        Node::Object(members) => {
            let Some(known) = schema["properties"].as_object() else { return Ok(()) };
            let is_strict = schema["additionalProperties"] == false;
            for (name, value) in members {
                refuse_misspelt(name, at, known)?;
                if is_strict {
                    refuse_foreign(name, at, known)?;
                }
                if let Some(inner) = known.get(name) {
                    check_members(inner, value, &format!("{at}{name}."))?;
                }
            }
            Ok(())
        }
        Node::List(items) => {
            let inner = &schema["items"];
            let list = at.trim_end_matches('.');
            let each = |(index, item)| check_members(inner, item, &format!("{list}[{index}]."));
            items.iter().enumerate().try_for_each(each)
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::At(..) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(sent: &str) -> String {
        let scope = json!({"properties": {"service_type": {}}, "additionalProperties": false});
        let body = json!({"additionalProperties": false, "properties": {
            "amount": {}, "limits": {"items": scope}, "note": {"properties": {"text_en": {}}}, "scope": scope,
        }});
        let sent = Node::parse(sent.as_bytes()).expect("a well-formed sample");
        let checked = check(&json!({"query": {}, "body": body}), &[], Some(&sent));
        checked.map_or_else(|refusal| refusal.text(), |()| "accepted".to_owned())
    }

    #[test]
    fn a_strict_object_has_no_other_names_and_any_object_none_spelt_otherwise() {
        let top = "is not known here; the names are amount, limits, note, scope";
        let scope = "is not known here; the names are service_type";
        for (sent, expected) in [
            (r#"{}"#, "accepted".to_owned()),
            (r#"{"amount":"1","scope":{"service_type":"a"},"limits":[{}]}"#, "accepted".to_owned()),
            (r#"{"amount":"1","expires":null}"#, format!("expires {top}")),
            (r#"{"":"1"}"#, format!(" {top}")),
            (r#"{"scope":{"service":"a"}}"#, format!("scope.service {scope}")),
            (r#"{"limits":[{},{"valu2":"a"}]}"#, format!("limits[1].valu2 {scope}")),
            (
                r#"{"scope":{"serviceType":"a"}}"#,
                "scope.serviceType is not known; it is spelt service_type".to_owned(),
            ),
            (r#"{"note":{"colour":"red"}}"#, "accepted".to_owned()),
            (r#"{"note":{"textEn":"a"}}"#, "note.textEn is not known; it is spelt text_en".to_owned()),
        ] {
            assert_eq!(said(sent), expected, "{sent}");
        }
        let long = said(&json!({"x".repeat(1000): 1}).to_string());
        assert_eq!(long, format!("{} {top}", "x".repeat(64)));
    }
}
