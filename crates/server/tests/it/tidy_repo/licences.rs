//! Dependencies: their licences, their sources, and those that must never come in.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::root;

/// Licences that a product under Apache-2.0 may ship with, as SPDX names them.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that must not be built in, each with what is used in its place.
const BANNED: &[(&str, &str)] = &[
    ("openssl", "rustls with aws-lc-rs"),
    ("openssl-sys", "rustls with aws-lc-rs"),
    ("native-tls", "rustls with aws-lc-rs"),
    ("sqlx", "rusqlite and tokio-postgres behind platform::db"),
    ("diesel", "rusqlite and tokio-postgres behind platform::db"),
    ("sea-orm", "rusqlite and tokio-postgres behind platform::db"),
    ("async-std", "tokio"),
    ("samael", "saml-rs: it needs no XML library in C"),
];

/// What `domain` may stand on: nothing that does I/O.
const DOMAIN_DEPENDENCIES: &[&str] = &["jiff", "thiserror"];

/// Every package that a build on this platform can contain, tests included.
fn packages() -> Vec<Value> {
    let version = run(Command::new("rustc").arg("-vV"));
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let metadata = run(Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", host])
        .current_dir(root()));
    let mut metadata: Value = serde_json::from_str(&metadata).expect("cargo writes JSON");
    let Value::Array(packages) = metadata["packages"].take() else { panic!("cargo lists packages") };
    packages
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the output is UTF-8")
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a package has a name")
}

/// Whether a licence expression can be met with allowed licences alone. `AND` binds closer than `OR`; the old
/// `/` means `OR`. An expression that cannot be read is not met.
fn is_satisfied(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    any_of(&words, &mut at) == Some(true) && at == words.len()
}

fn any_of(words: &[&str], at: &mut usize) -> Option<bool> {
    let mut is_met = all_of(words, at)?;
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        is_met |= all_of(words, at)?;
    }
    Some(is_met)
}

fn all_of(words: &[&str], at: &mut usize) -> Option<bool> {
    let mut is_met = one(words, at)?;
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        is_met &= one(words, at)?;
    }
    Some(is_met)
}

fn one(words: &[&str], at: &mut usize) -> Option<bool> {
    let word = *words.get(*at)?;
    *at += 1;
    match word {
        "(" => {
            let is_met = any_of(words, at)?;
            let closes = words.get(*at) == Some(&")");
            *at += 1;
            closes.then_some(is_met)
        }
        ")" | "OR" | "AND" | "WITH" => None,
        licence if words.get(*at) == Some(&"WITH") => {
            let exception = words.get(*at + 1)?;
            *at += 2;
            Some(LICENCES.contains(&format!("{licence} WITH {exception}").as_str()))
        }
        licence => Some(LICENCES.contains(&licence)),
    }
}

#[test]
fn licence_expressions_are_read_as_spdx_reads_them() {
    let table = [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT OR GPL-3.0", true),
        ("MIT/GPL-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("GPL-3.0 OR MIT AND ISC", true),
        ("(GPL-3.0 OR MIT) AND AGPL-3.0", false),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("MIT WITH Strange-exception", false),
        ("(MIT", false),
        ("MIT MIT", false),
        ("", false),
    ];
    for (expression, expected) in table {
        assert_eq!(is_satisfied(expression), expected, "{expression}");
    }
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    let packages = packages();
    assert!(packages.len() > 20, "cargo lists the dependencies");
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !package["license"].as_str().is_some_and(is_satisfied))
        .map(|package| format!("{}: {}", name(package), package["license"]))
        .collect();
    assert!(refused.is_empty(), "licences outside the list:\n{}", refused.join("\n"));
}

#[test]
fn dependencies_come_from_the_registry_and_none_is_banned() {
    let packages = packages();
    let mut wrong = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in &packages {
        let name = name(package);
        versions
            .entry(name)
            .or_default()
            .insert(package["version"].as_str().expect("a package has a version"));
        if let Some((_, instead)) = BANNED.iter().find(|(banned, _)| *banned == name) {
            wrong.push(format!("{name} is banned; use {instead}"));
        }
        if package["source"].as_str().is_some_and(|source| !source.starts_with("registry+")) {
            wrong.push(format!("{name} comes from {}", package["source"]));
        }
    }
    // Two versions of a package cost build time, but they are their owners' to unite: shown, not refused.
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        println!("{name} is built in {} versions: {versions:?}", versions.len());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn domain_stands_on_nothing_that_does_io() {
    let packages = packages();
    let domain = packages.iter().find(|package| name(package) == "domain").expect("domain is a member");
    let unexpected: Vec<&str> = domain["dependencies"]
        .as_array()
        .expect("a package lists its dependencies")
        .iter()
        .filter(|dependency| dependency["kind"].is_null())
        .map(name)
        .filter(|name| !DOMAIN_DEPENDENCIES.contains(name))
        .collect();
    assert!(unexpected.is_empty(), "domain depends on {unexpected:?}");
}
