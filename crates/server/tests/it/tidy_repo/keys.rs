//! Which primary keys begin with the account, as ARCHITECTURE.md says.

use std::collections::BTreeSet;

use server::app::MIGRATIONS;

use super::root;

/// The first column of each table's primary key.
fn first_columns(schema: &str) -> Vec<(&str, &str)> {
    schema
        .split("create table ")
        .skip(1)
        .map(|text| {
            let body = text.split_once("\n);").map_or(text, |(body, _)| body);
            let (name, _) = body.split_once(' ').expect("a table has a name");
            let first = match body.split_once("primary key (") {
                Some((_, columns)) => columns.split([',', ')']).next(),
                None => body
                    .lines()
                    .find(|line| line.contains(" primary key"))
                    .and_then(|line| line.split_whitespace().next()),
            };
            (name, first.expect("a table has a primary key"))
        })
        .collect()
}

/// The names in backquotes of the part of ARCHITECTURE.md that begins with `from` and ends before `to`.
fn named(text: &str, from: &str, to: &str) -> BTreeSet<String> {
    let (_, text) = text.split_once(from).expect("the text is there");
    let (text, _) = text.split_once(to).expect("the text ends");
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn architecture_says_which_keys_begin_with_the_account() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("it is there");
    let first = named(&text, "The primary keys of", "begin with the account id;");
    // Named with its reason in a row of the table.
    let (_, section) = text.split_once("why the account is not first").expect("the table is there");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let keys = rows.filter_map(|line| line.split_once(" | ")).map(|(keys, _)| format!("`{keys}"));
    let others: BTreeSet<String> = keys
        .flat_map(|keys| keys.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let mut wrong = Vec::new();
    for (table, column) in MIGRATIONS.iter().flat_map(|migration| first_columns(migration.sqlite)) {
        let is_right = match (table, column) {
            // The account itself, and keys whose first part holds it.
            ("accounts" | "ledger_accounts" | "ledger_totals", "id")
            | ("total_changes", "total_id")
            | ("idempotency_keys", "principal") => true,
            (_, "account_id") => first.contains(table),
            _ => others.contains(table),
        };
        if !is_right {
            wrong.push(format!("{table} begins with {column}"));
        }
    }
    assert!(wrong.is_empty(), "ARCHITECTURE.md says otherwise, or nothing:\n{}", wrong.join("\n"));
}

#[test]
fn first_columns_are_read_from_both_forms() {
    let schema = "create table a (\n    x bigint not null,\n    y bigint,\n    primary key (y, x)\n);\n\
                  create table b (\n    z bigint not null primary key -- why\n);\n";
    assert_eq!(first_columns(schema), [("a", "y"), ("b", "z")]);
}
