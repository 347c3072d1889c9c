//! Which feature may call which: calls go down or stay on a floor, never in a circle, never to a `store`.

use std::collections::{BTreeMap, BTreeSet};

use super::rust_text::{RustText, crate_paths};
use super::{Source, relative, root, sources};

/// The floors of the building, from the ground up. A feature calls its own floor and those below it.
const FLOORS: &[&[&str]] = &[
    &["audit", "catalog", "geography", "identity", "ledger", "verify"],
    &["accounts", "promotions"],
    &["notices", "pricing", "webhooks"],
    &["orders"],
    &["packages", "subscriptions"],
    &["usage"],
    &["bills", "costs"],
    &["enterprises", "files", "invoices", "partners", "tickets"],
    &["console", "sandbox"],
];

fn floor(feature: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&feature))
}

/// Where features call each other, with a place for each edge.
type Edges = BTreeMap<(String, String), String>;

/// The edges between feature folders, and what is wrong with single paths.
fn edges(sources: &[Source], features: &BTreeSet<String>) -> (Edges, Vec<String>) {
    let mut edges = Edges::new();
    let mut wrong = Vec::new();
    for source in sources {
        let Some(from) = feature_of(&source.path, features) else { continue };
        for path in crate_paths(&RustText::read(&source.text).without_tests().code) {
            let Some(to) = path.first().filter(|to| features.contains(*to) && *to != from) else { continue };
            if path.get(1).is_some_and(|module| module == "store") {
                wrong.push(format!("{}: calls the store of {to}; call its service", source.path));
            }
            edges.entry((from.to_owned(), to.clone())).or_insert_with(|| source.path.clone());
        }
    }
    (edges, wrong)
}

/// The feature whose folder a path of the repository lies in.
fn feature_of<'f>(path: &str, features: &'f BTreeSet<String>) -> Option<&'f str> {
    let folder = path.strip_prefix("crates/server/src/")?.split_once('/')?.0;
    features.get(folder).map(String::as_str)
}

/// Edges that climb, and circles among edges that stay on their floor.
fn wrong_edges(edges: &Edges) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((from, to), place) in edges {
        match (floor(from), floor(to)) {
            (Some(upper), Some(lower)) if upper >= lower => {}
            (Some(_), Some(_)) => {
                wrong.push(format!(
                    "{place}: {from} lies below {to}; give {from} a seam that {to} registers with"
                ));
            }
            // Reported once for the folder.
            (None, _) | (_, None) => {}
        }
        if reaches(edges, to, from, &mut BTreeSet::new()) {
            wrong.push(format!("{place}: {from} calls {to}, which leads back to {from}"));
        }
    }
    wrong
}

fn reaches(edges: &Edges, from: &str, goal: &str, seen: &mut BTreeSet<String>) -> bool {
    if from == goal {
        return true;
    }
    seen.insert(from.to_owned())
        && edges.keys().filter(|(begin, _)| begin == from).any(|(_, next)| reaches(edges, next, goal, seen))
}

#[test]
fn features_call_downwards_and_never_another_store() {
    let folder = root().join("crates/server/src");
    let features: BTreeSet<String> = std::fs::read_dir(&folder)
        .expect("the server has sources")
        .map(|entry| entry.expect("its folder can be read").path())
        .filter(|path| path.join("mod.rs").exists() || path.join("service.rs").exists())
        .map(|path| relative(&path).rsplit('/').next().expect("a path has an end").to_owned())
        .filter(|name| floor(name).is_some() || folder.join(name).join("service.rs").exists())
        .collect();
    let (edges, mut wrong) = edges(&sources("crates/server/src"), &features);
    wrong.extend(
        features.iter().filter(|name| floor(name).is_none()).map(|name| format!("{name}: has no floor")),
    );
    wrong.extend(wrong_edges(&edges));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn climbing_circling_and_store_calls_are_found() {
    let features: BTreeSet<String> =
        ["accounts", "promotions", "orders", "subscriptions"].map(str::to_owned).into();
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let (found, store_calls) = edges(
        &[
            source("crates/server/src/orders/service.rs", "use crate::subscriptions::service;"),
            source("crates/server/src/subscriptions/service.rs", "use crate::orders::{service, store};"),
            source(
                "crates/server/src/accounts/api.rs",
                "crate::promotions::service::f(); crate::accounts::g()",
            ),
            source("crates/server/src/app.rs", "use crate::orders::store;"),
        ],
        &features,
    );
    assert_eq!(
        store_calls,
        ["crates/server/src/subscriptions/service.rs: calls the store of orders; call its service"]
    );
    assert_eq!(found.len(), 3);
    let wrong = wrong_edges(&found);
    assert_eq!(wrong.len(), 3, "{wrong:#?}");
    assert!(wrong[0].contains("orders lies below subscriptions"));
    assert!(wrong[1].contains("leads back to orders"));
    assert!(wrong[2].contains("leads back to subscriptions"));
}
