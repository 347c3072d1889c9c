//! House rules that a compiler does not know, checked on the text of the repository.
//!
//! Each rule is a function from sources to complaints, so that it is tested twice: on the repository, where it
//! must find nothing, and on a planted fault, which it must find.

mod floors;
mod keys;
mod licences;
pub(crate) mod rust_text;

use std::path::{Path, PathBuf};

use rust_text::RustText;

/// A Rust file longer than this is split by noun.
const FILE_LINES_MAX: usize = 700;

/// Build results and other folders that are not part of the repository.
const FOREIGN_FOLDERS: &[&str] =
    &["target", ".git", ".venv", "venv", "node_modules", "openbss-sandbox", "__pycache__", ".pytest_cache"];

/// A text file of the repository; the path counts from the root and has forward slashes.
struct Source {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("two folders below the root")
        .to_path_buf()
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// Every text file below a folder of the repository, in a stable order.
fn files(below: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(below)];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.expect("the folder can be read").path();
            let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
            // In a linked work tree `.git` is a file that names the machine's folders.
            if FOREIGN_FOLDERS.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                // What is not UTF-8 is no text.
                found.push(Source { path: relative(&path), text });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Every Rust file below a folder of the repository.
fn sources(below: &str) -> Vec<Source> {
    files(below).into_iter().filter(|source| source.path.ends_with(".rs")).collect()
}

/// Whether a file holds tests or benchmarks only.
fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.contains("/benches/") || path.ends_with("/tests.rs")
}

/// Code of the product: tests, benchmarks and the development commands left out.
fn product_code() -> Vec<Source> {
    sources("crates")
        .into_iter()
        .filter(|source| !is_test_file(&source.path) && !source.path.starts_with("crates/xtask/"))
        .collect()
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Floats: no amount, quantity or price ever is one.
fn floats(source: &Source) -> Vec<String> {
    RustText::read(&source.text)
        .lines_with_word(&["f32", "f64"])
        .into_iter()
        .map(|(line, word)| format!("{}:{line}: {word}; use the integers of domain::money", source.path))
        .collect()
}

/// `unwrap()` and `allow` outside tests.
fn shortcuts(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for (index, line) in RustText::read(&source.text).without_tests().code.iter().enumerate() {
        let place = format!("{}:{}", source.path, index + 1);
        if line.contains(".unwrap()") {
            complaints.push(format!("{place}: unwrap(); use ? or expect with a proof"));
        }
        if line.contains("#[allow(") || line.contains("#![allow(") {
            complaints.push(format!("{place}: allow; use expect with a reason"));
        }
    }
    complaints
}

/// Statements belong to the `store` of a feature, or to `platform::db`.
fn is_store(path: &str) -> bool {
    path.ends_with("/store.rs") || path.contains("/store/") || path.starts_with("crates/platform/src/db")
}

/// Whether a string literal is a statement, in either case of letters.
pub(crate) fn is_statement(literal: &str) -> bool {
    let words = literal.to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    match words.as_slice() {
        ["select", rest @ ..] => rest.contains(&"from") || rest.iter().any(|word| word.contains('$')),
        ["insert", "into", _, ..] | ["delete", "from", _, ..] => true,
        ["update", _, rest @ ..] => rest.contains(&"set"),
        ["create" | "drop" | "alter", "table" | "index" | "unique", ..] => true,
        ["with", "recursive", ..] | ["pragma", _, ..] => true,
        ["with", _, "as", rest @ ..] => rest.contains(&"select") || rest.contains(&"(select"),
        _ => false,
    }
}

fn stray_statements(source: &Source) -> Vec<String> {
    if is_store(&source.path) {
        return Vec::new();
    }
    RustText::read(&source.text)
        .without_tests()
        .strings
        .iter()
        .filter(|(_, literal)| is_statement(literal))
        .map(|(line, _)| format!("{}:{line}: a statement outside of store.rs", source.path))
        .collect()
}

/// Names of database drivers outside the one place that may know them.
fn stray_drivers(source: &Source) -> Vec<String> {
    if source.path.starts_with("crates/platform/src/db") {
        return Vec::new();
    }
    RustText::read(&source.text)
        .without_tests()
        .lines_with_word(&["rusqlite", "tokio_postgres", "deadpool_postgres"])
        .into_iter()
        .map(|(line, word)| format!("{}:{line}: {word} outside of platform::db", source.path))
        .collect()
}

/// Paths of one machine, folders outside the clone, package registries, and notes to oneself. The words are
/// put together here so that this file does not complain of itself.
fn leaks(source: &Source) -> Vec<String> {
    let leaking = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/tm", "p/"),
        concat!("../sh", "ared"),
        concat!("pypi", ".org"),
        concat!("crates", ".io"),
        concat!("registry.npm", "js"),
    ];
    let unfinished = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut complaints = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let mut words = line.split(|c: char| !c.is_alphanumeric());
        let has_note = words.any(|word| unfinished.contains(&word));
        if let Some(found) = leaking.iter().find(|leak| line.contains(**leak)) {
            complaints.push(format!("{}:{}: {found} means nothing in a clone", source.path, index + 1));
        }
        if has_note {
            complaints.push(format!("{}:{}: unfinished; do it or open an issue", source.path, index + 1));
        }
    }
    complaints
}

#[test]
fn no_float_in_the_rules_or_the_features() {
    let mut places = sources("crates/domain/src");
    assert!(!places.is_empty(), "the rules have sources");
    places.extend(sources("crates/server/src"));
    assert_none(&places.iter().flat_map(floats).collect::<Vec<_>>());
}

#[test]
fn no_unwrap_and_no_allow_outside_tests() {
    assert_none(&product_code().iter().flat_map(shortcuts).collect::<Vec<_>>());
}

#[test]
fn statements_live_in_stores() {
    assert_none(&product_code().iter().flat_map(stray_statements).collect::<Vec<_>>());
}

#[test]
fn only_the_database_layer_names_a_driver() {
    assert_none(&product_code().iter().flat_map(stray_drivers).collect::<Vec<_>>());
}

#[test]
fn no_rust_file_is_too_long() {
    let long: Vec<String> = sources("crates")
        .iter()
        .filter(|source| source.text.lines().count() > FILE_LINES_MAX)
        .map(|source| {
            format!("{}: {} lines, at most {FILE_LINES_MAX}", source.path, source.text.lines().count())
        })
        .collect();
    assert_none(&long);
}

#[test]
fn the_clone_names_no_machine_and_holds_no_unfinished_notes() {
    // Cargo writes the registry's address into its lock file.
    let texts = files("").into_iter().filter(|source| source.path != "Cargo.lock");
    assert_none(&texts.flat_map(|source| leaks(&source)).collect::<Vec<_>>());
}

#[test]
fn every_rule_finds_its_planted_fault() {
    let plant =
        |text: &str| Source { path: "crates/server/src/orders/service.rs".to_owned(), text: text.to_owned() };
    assert_eq!(floats(&plant("// f64\nlet price: f64 = 1;")).len(), 1);
    assert_eq!(shortcuts(&plant("a.unwrap();\n#[allow(dead_code)]\nfn b() {}")).len(), 2);
    assert_eq!(shortcuts(&plant("#[cfg(test)]\nmod tests {\n a.unwrap();\n}")).len(), 0);
    assert_eq!(stray_statements(&plant("let a = \"select id from orders\";")).len(), 1);
    assert_eq!(stray_statements(&plant("let a = \"UPDATE orders\\n SET b = 1\";")).len(), 1);
    assert_eq!(stray_statements(&plant("let a = \"select a period, then pay\";")).len(), 0);
    assert_eq!(stray_drivers(&plant("use rusqlite::Connection;")).len(), 1);
    assert_eq!(leaks(&plant(concat!("// see /ro", "ot/x\n// TO", "DO: later\nlet todos = 1;"))).len(), 2);
    let store =
        Source { path: "crates/server/src/orders/store.rs".to_owned(), text: "\"delete from a\"".to_owned() };
    assert!(stray_statements(&store).is_empty());
}
