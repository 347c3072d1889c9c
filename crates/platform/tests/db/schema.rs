//! Migrations, and the checks that keep statements portable.

use platform::db::{DbError, Migration};
use platform::params;

use crate::base::{Base, MIGRATIONS, NOW, on_both_engines};

const MORE: &str = "create table more (id bigint primary key, name {text} not null);
create index more_by_name on more (name);";
const SECOND: Migration = Migration { version: 2, name: "more", sqlite: MORE, postgres: MORE };
const BROKEN: Migration = Migration {
    version: 3,
    name: "broken",
    sqlite: "create table half (id bigint); create tabel other (id bigint);",
    postgres: "create table half (id bigint); create tabel other (id bigint);",
};

on_both_engines! {
    migrations_apply_once_and_are_recorded,
    a_failing_migration_is_taken_back,
    an_unknown_history_is_refused,
    statements_are_checked_before_they_are_run,
    plans_show_the_index_that_serves_the_order,
}

platform::statements! {
    /// Items of one name.
    const BY_NAME = "select id from item where name = $1 order by id";
    pub(crate) const RENAME = "update item set name = $2 where id = $1";
}

async fn migrations_apply_once_and_are_recorded(base: Base) {
    let migrations = [MIGRATIONS[0], SECOND];
    base.db.migrate(&migrations, NOW + 5).await.unwrap();
    base.db.migrate(&migrations, NOW + 9).await.unwrap();
    let mut tx = base.db.begin_read().await.unwrap();
    let sql = "select version, name, applied_at from schema_migrations order by version";
    let rows = tx.all(sql, params![]).await.unwrap();
    let history: Vec<_> = rows.iter().map(|row| (row.int(0), row.text(1), row.int(2))).collect();
    assert_eq!(history, [(1, "tables", NOW), (2, "more", NOW + 5)]);
}

async fn a_failing_migration_is_taken_back(base: Base) {
    let error = base.db.migrate(&[MIGRATIONS[0], SECOND, BROKEN], NOW).await.unwrap_err();
    assert!(error.to_string().contains("broken"), "{error}");
    assert_eq!(base.count("select count(*) from schema_migrations").await, 2, "the one before it stays");
    let mut tx = base.db.begin_read().await.unwrap();
    tx.all("select id from half order by id", params![]).await.unwrap_err();
}

async fn an_unknown_history_is_refused(base: Base) {
    base.db.migrate(&[MIGRATIONS[0], SECOND], NOW).await.unwrap();
    let early = Migration { version: 0, name: "early", ..SECOND };
    let renamed = Migration { name: "other", ..SECOND };
    for (migrations, why) in [
        (vec![MIGRATIONS[0]], "does not know"),
        (vec![MIGRATIONS[0], renamed], "does not know"),
        (vec![MIGRATIONS[0], Migration { version: 3, ..SECOND }], "does not know"),
        (vec![early, MIGRATIONS[0], SECOND], "is missing"),
    ] {
        let Err(DbError::Other(message)) = base.db.migrate(&migrations, NOW).await else {
            panic!("accepted: {migrations:?}");
        };
        assert!(message.contains(why), "{message}");
    }
}

async fn statements_are_checked_before_they_are_run(base: Base) {
    assert_eq!(STATEMENTS, [("BY_NAME", BY_NAME), ("RENAME", RENAME)]);
    for (_, sql) in STATEMENTS {
        base.db.prepare_check(sql).await.unwrap();
    }
    for sql in [
        "select id from item where id = $1 {for_update}",
        "insert into item (id, content) values ($1, $2) on conflict (id) do nothing",
        "select cast(sum(total) as bigint), id = $1 from counter where id > $2 group by id",
    ] {
        base.db.prepare_check(sql).await.unwrap();
    }
    for sql in ["select id from nowhere", "select nothing from item", "select from from from", "select \"x\""]
    {
        assert!(base.db.prepare_check(sql).await.is_err(), "{sql}");
    }
    if base.db.engine() == platform::db::Engine::Postgres {
        // SQLite does not know types before it runs; this is what the check on two engines is for.
        for sql in
            ["select sum(total) from counter", "select id from item where flag = ($1 > 1.5)", "select now()"]
        {
            assert!(base.db.prepare_check(sql).await.is_err(), "{sql}");
        }
    }
}

async fn plans_show_the_index_that_serves_the_order(base: Base) {
    let plan = base.db.explain(BY_NAME, params!["a"]).await.unwrap().join("\n");
    assert!(plan.contains("item_by_name"), "{plan}");
    assert!(!plan.to_lowercase().contains("sort") && !plan.contains("TEMP B-TREE"), "{plan}");
    let plan = base.db.explain("select id from item order by flag, id", params![]).await.unwrap().join("\n");
    assert!(plan.contains("Sort") || plan.contains("TEMP B-TREE"), "{plan}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_may_migrate_sqlite_at_once() {
    migrate_at_once(Base::bare_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_may_migrate_postgres_at_once() {
    migrate_at_once(Base::bare_postgres().await).await;
}

async fn migrate_at_once(base: Base) {
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let db = base.open_again().await;
        tasks.push(tokio::spawn(async move { db.migrate(&[MIGRATIONS[0], SECOND], NOW).await }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(base.count("select count(*) from schema_migrations").await, 2);
    assert_eq!(base.count("select count(*) from counter").await, 2);
}
