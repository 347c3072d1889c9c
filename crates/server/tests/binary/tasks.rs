//! Commands that do one thing and end.

use std::path::Path;

use tempfile::tempdir;

use crate::process::{Running, refused, run};

const SANDBOX: &[&str] = &["sandbox", "--listen", "127.0.0.1:0"];

#[track_caller]
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_printed_openapi_document_is_the_one_of_the_repository() {
    let folder = tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let kept = |name: &str| std::fs::read_to_string(root.join(name)).expect("the file is there");
    assert!(printed(folder.path(), &["openapi"]) == kept("openapi.json"), "run the test of openapi.json");
    assert!(printed(folder.path(), &["openapi", "--operations"]) == kept("operations.txt"));
}

#[test]
fn a_catalogue_goes_out_and_in_beside_a_running_server() {
    let folder = tempdir().unwrap();
    let server = Running::start(folder.path(), SANDBOX);
    let types = "/v2/products/service-types";
    let (_, before) = server.signed("acme", "GET", types, "");
    assert_eq!(printed(folder.path(), &["catalog", "export", "demo.yaml"]), "");
    let document = std::fs::read_to_string(folder.path().join("demo.yaml")).unwrap();
    assert_eq!(printed(folder.path(), &["catalog", "export", "-"]), document);

    let message = printed(folder.path(), &["catalog", "import", "demo.yaml"]);
    assert!(message.starts_with("catalogue 2 is in force"), "{message}");
    assert_eq!(server.signed("acme", "GET", types, "").1, before);

    std::fs::write(folder.path().join("bad.yaml"), format!("{document}\nsurprise: 1\n")).unwrap();
    let message = refused(folder.path(), &["catalog", "import", "bad.yaml"]);
    assert!(message.contains("bad.yaml") && message.contains("surprise"), "{message}");
    server.stop();
}

#[test]
fn the_books_are_shown_with_both_sides_of_every_identity() {
    let folder = tempdir().unwrap();
    Running::start(folder.path(), SANDBOX).stop();
    let books = printed(folder.path(), &["verify"]);
    for name in ["ledger.zero_sum", "ledger.balances", "top_ups.postings"] {
        assert!(books.lines().any(|line| line.starts_with("holds") && line.contains(name)), "{books}");
    }
}

#[test]
fn a_task_without_a_database_says_which_one_is_missing() {
    let folder = tempdir().unwrap();
    let message = refused(folder.path(), &["verify"]);
    assert!(message.contains("openbss-sandbox/openbss.db"), "{message}");
    assert!(!folder.path().join("openbss-sandbox").exists(), "looking makes nothing");
}
