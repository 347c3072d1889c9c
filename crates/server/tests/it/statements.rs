//! Every statement of the product is good SQL on both engines, over the migrated schema; none is forgotten, and an
//! index serves what each looks for and the order it answers in.

use std::collections::BTreeSet;

use platform::db::{Db, Engine, Value};
use platform::op::Host;
use server::app::FEATURES;
use server::sandbox;

use crate::harness::{On, TestApp};
use crate::tidy_repo::rust_text::RustText;

/// All statements, with where they come from.
fn statements() -> Vec<(String, String)> {
    let platform = [
        ("platform::op", platform::op::store::STATEMENTS),
        ("platform::job", platform::job::store::STATEMENTS),
    ];
    let own = platform.iter().flat_map(|(place, list)| {
        list.iter().map(move |(_, text)| ((*place).to_owned(), (*text).to_owned()))
    });
    let features = FEATURES.iter().copied().chain([&sandbox::FEATURE]);
    let theirs = features
        .flat_map(|feature| (feature.statements)().into_iter().map(|text| (feature.name.to_owned(), text)));
    own.chain(theirs).collect()
}

crate::on_both! {
    async fn every_statement_can_be_prepared(app) {
        let statements = statements();
        assert!(statements.len() > 60, "only {} statements are registered", statements.len());
        let mut broken = Vec::new();
        for (place, text) in &statements {
            if let Err(error) = app.app.db().prepare_check(text).await {
                broken.push(format!("{place}: {error}\n    {text}"));
            }
        }
        assert!(broken.is_empty(), "{}", broken.join("\n"));
        app.finish().await;
    }
}

/// Words that a statement, or a fragment that one is put together from, begins with.
const BEGINNINGS: &[&str] = &[
    "select ",
    "insert into ",
    "update ",
    "delete from ",
    "from ",
    "where ",
    "and ",
    "join ",
    "order by ",
    "limit ",
    "group by ",
    "having ",
    "on conflict ",
    "union ",
];

/// A text with every run of white space as one space; a line that goes on after `\` goes on here too.
fn on_one_line(text: &str) -> String {
    text.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The constant parts of a literal: what stands between the places of values and of other texts.
fn parts(literal: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for character in literal.chars() {
        match character {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                parts.push(String::new());
            }
            '?' => parts.push(String::new()),
            _ if depth > 0 => {}
            _ => parts.last_mut().expect("there is always one").push(character),
        }
    }
    parts.iter().map(|part| on_one_line(part)).filter(|part| !part.is_empty()).collect()
}

/// Literals of a store that stand in no registered statement.
fn forgotten(store: &str, registered: &[String]) -> Vec<String> {
    let registered: Vec<String> = registered.iter().map(|text| on_one_line(text)).collect();
    let mut found = Vec::new();
    for (line, literal) in RustText::read(store).without_tests().strings {
        let literal = literal.replace("\\\n", " ");
        if !BEGINNINGS.iter().any(|word| literal.trim_start().starts_with(word)) {
            continue;
        }
        let is_known = |text: &String| parts(&literal).iter().all(|part| text.contains(part));
        if !registered.iter().any(is_known) {
            found.push(format!("{line}: {}", on_one_line(&literal)));
        }
    }
    found
}

/// Every store below a folder, with the name of its feature.
fn stores() -> Vec<(String, std::path::PathBuf)> {
    let crates =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(1).expect("a folder of crates");
    let features = FEATURES
        .iter()
        .copied()
        .chain([&sandbox::FEATURE])
        .map(|feature| (feature.name.to_owned(), crates.join("server/src").join(feature.name)));
    let platform =
        ["op", "job"].map(|part| (format!("platform::{part}"), crates.join("platform/src").join(part)));
    let mut found = Vec::new();
    for (name, folder) in features.chain(platform) {
        found.push((name.clone(), folder.join("store.rs")));
        let parts = std::fs::read_dir(folder.join("store")).into_iter().flatten();
        found.extend(parts.map(|entry| (name.clone(), entry.expect("it can be read").path())));
    }
    found.retain(|(_, path)| path.is_file());
    found
}

#[test]
fn no_statement_of_a_store_is_forgotten() {
    let all = statements();
    let mut complaints = Vec::new();
    let stores = stores();
    assert!(stores.len() > 12, "only {} stores were found", stores.len());
    for (name, path) in stores {
        let text = std::fs::read_to_string(&path).expect("a store is a text");
        let own: Vec<String> =
            all.iter().filter(|(place, _)| *place == name).map(|(_, text)| text.clone()).collect();
        complaints
            .extend(forgotten(&text, &own).into_iter().map(|found| format!("{}:{found}", path.display())));
    }
    assert!(complaints.is_empty(), "not among the feature's statements:\n{}", complaints.join("\n"));
}

#[test]
fn a_forgotten_statement_is_found() {
    let registered = ["select a from t where b = $1 and c = $2 order by a limit $3".to_owned()];
    let store = |literal: &str| format!("fn f() {{ g(\"{literal}\"); }}");
    for known in
        ["select a from t", " and c = ?", "select a \\\n    from t where b = $1", "no statement at all"]
    {
        assert_eq!(forgotten(&store(known), &registered), Vec::<String>::new(), "{known}");
    }
    for unknown in
        ["select b from t", " and d = ?", "delete from t", " order by b limit ?", "update {table} set a = 1"]
    {
        assert_eq!(forgotten(&store(unknown), &registered).len(), 1, "{unknown}");
    }
}

/// Statements that read a table from end to end or sort what they found, each with the reason why it may.
/// Feature, part of the text, reason.
const REVIEWED: &[(&str, &str, &str)] = &[];

/// What is wrong with a plan, in the engine's words.
fn faults(engine: Engine, plan: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, line) in plan.iter().enumerate() {
        let node = line.trim_start_matches([' ', '-', '>']);
        let is_wrong = match engine {
            Engine::Sqlite => {
                (node.starts_with("SCAN ") && node != "SCAN CONSTANT ROW")
                    || node.starts_with("USE TEMP B-TREE FOR ORDER BY")
                    || node.starts_with("USE TEMP B-TREE FOR LAST")
            }
            Engine::Postgres => {
                let its_own = plan[at + 1..].iter().take_while(|line| !line.contains("->"));
                let reads_all = node.starts_with("Index ")
                    && node.contains(" using ")
                    && !its_own.map(String::as_str).any(|line| line.contains("Index Cond:"));
                node.starts_with("Seq Scan ")
                    || node.starts_with("Sort ")
                    || node.starts_with("Incremental Sort ")
                    || reads_all
            }
        };
        if is_wrong {
            faults.push(node.to_owned());
        }
    }
    faults
}

/// How many parameters a text has.
fn parameters(text: &str) -> usize {
    let number = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    text.split('$').skip(1).filter_map(number).max().unwrap_or(0)
}

/// The plan for any values of the parameters, an index taken wherever one can be.
async fn plan(db: &Db, number: usize, text: &str) -> Vec<String> {
    let count = parameters(text);
    match db.engine() {
        Engine::Sqlite => {
            let nothing = vec![Value::from(None::<i64>); count];
            db.explain(text, &nothing).await.expect("SQLite explains")
        }
        Engine::Postgres => {
            let mut tx = db.begin_write().await.expect("a transaction");
            for setting in ["seqscan", "bitmapscan", "sort", "incremental_sort"] {
                tx.exec(&format!("set local enable_{setting} = off"), &[]).await.expect("a setting");
            }
            tx.exec("set local plan_cache_mode = force_generic_plan", &[]).await.expect("a setting");
            tx.exec(&format!("prepare plan_{number} as {text}"), &[]).await.expect("it is prepared");
            let nothing =
                if count == 0 { String::new() } else { format!("({})", vec!["null"; count].join(",")) };
            let lines = tx
                .all(&format!("explain execute plan_{number}{nothing}"), &[])
                .await
                .expect("it is explained");
            tx.exec(&format!("deallocate plan_{number}"), &[]).await.expect("it is forgotten");
            tx.rollback().await;
            lines.iter().map(|line| line.text(0).to_owned()).collect()
        }
    }
}

#[tokio::test]
async fn an_index_serves_every_statement_and_its_order() {
    let mut complaints = Vec::new();
    let mut excused = BTreeSet::new();
    let all = statements();
    for on in [On::Sqlite, On::Postgres] {
        let app = TestApp::start(on).await;
        for (number, (place, text)) in all.iter().enumerate() {
            // A row that is only written needs no index to be found by.
            if text.starts_with("insert ") {
                continue;
            }
            let plan = plan(app.app.db(), number, text).await;
            assert!(!plan.is_empty(), "{on:?} has no plan for {text}");
            let faults = faults(app.app.db().engine(), &plan);
            if faults.is_empty() {
                continue;
            }
            match REVIEWED
                .iter()
                .position(|(feature, part, _)| feature == place && on_one_line(text).contains(part))
            {
                Some(reviewed) => {
                    excused.insert(reviewed);
                }
                None => complaints.push(format!("{on:?} {place}: {}\n    {text}", faults.join("; "))),
            }
        }
        app.finish().await;
    }
    for (index, (feature, part, _)) in REVIEWED.iter().enumerate() {
        if !excused.contains(&index) {
            complaints.push(format!("{feature}: {part}: an index serves it; take it off the list"));
        }
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn a_plan_without_an_index_is_found() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let sqlite = |text: &str| faults(Engine::Sqlite, &lines(text)).len();
    assert_eq!(sqlite("SEARCH orders USING INDEX orders_by_id (id=?)"), 0);
    assert_eq!(sqlite("SCAN orders"), 1);
    assert_eq!(sqlite("SCAN orders USING COVERING INDEX orders_by_id"), 1);
    assert_eq!(sqlite("SEARCH orders USING INDEX a (b=?)\nUSE TEMP B-TREE FOR ORDER BY"), 1);
    let postgres = |text: &str| faults(Engine::Postgres, &lines(text)).len();
    assert_eq!(
        postgres("Limit  (cost=1)\n  ->  Index Scan using a on t  (cost=1)\n        Index Cond: (b = $1)"),
        0
    );
    assert_eq!(
        postgres("Limit  (cost=1)\n  ->  Index Scan using a on t  (cost=1)\n        Filter: (b = $1)"),
        1
    );
    assert_eq!(postgres("Sort  (cost=1)\n  Sort Key: a\n  ->  Seq Scan on t  (cost=1)"), 2);
}
