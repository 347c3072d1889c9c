//! What one transaction may rely on, whatever the engine and whoever else is at work.

use std::time::Duration;

use platform::db::{DbError, ROWS_MAX, Value};
use platform::params;

use crate::base::{Base, on_both_engines};

const INSERT: &str = "insert into item (id, name) values ($1, $2)";

on_both_engines! {
    conflicting_writers_lose_nothing,
    a_failed_statement_ends_the_transaction,
    a_refused_request_is_taken_back_and_its_record_kept,
    the_mark_can_be_moved,
    a_part_is_taken_back_and_the_rest_kept,
    a_dropped_transaction_loses_only_its_own_writes,
    a_panic_leaves_the_neighbours_writes,
    readers_see_one_snapshot,
    a_read_transaction_cannot_write,
    values_come_back_as_they_went_in,
    text_compares_byte_by_byte,
    wrong_types_and_counts_are_refused,
    many_rows_are_inserted_at_once,
    more_rows_than_the_limit_are_refused,
    conflicts_are_counted_not_raised,
    one_and_opt_insist_on_their_number,
    a_closed_database_refuses_and_keeps_what_it_has,
}

async fn conflicting_writers_lose_nothing(base: Base) {
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let db = base.db.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..25 {
                let mut tx = db.begin_write().await.unwrap();
                let sql = "select total from counter where id = $1 {for_update}";
                let total = tx.one(sql, params![1]).await.unwrap().int(0);
                tokio::task::yield_now().await;
                tx.exec("update counter set total = $2 where id = $1", params![1, total + 1]).await.unwrap();
                tx.commit().await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(base.count("select total from counter where id = 1").await, 200);
}

async fn a_failed_statement_ends_the_transaction(base: Base) {
    let mut tx = base.db.begin_write().await.unwrap();
    tx.exec(INSERT, params![1, "a"]).await.unwrap();
    let error = tx.exec(INSERT, params![1, "again"]).await.unwrap_err();
    assert!(matches!(error, DbError::Constraint(_)), "{error:?}");
    assert!(!error.is_retryable());
    assert!(matches!(tx.exec(INSERT, params![2, "b"]).await, Err(DbError::Other(_))));
    assert!(matches!(tx.all("select id from item order by id", params![]).await, Err(DbError::Other(_))));
    assert!(matches!(tx.savepoint().await, Err(DbError::Other(_))));
    assert!(matches!(tx.commit().await, Err(DbError::Other(_))));
    assert!(base.items().await.is_empty());

    for (sql, wanted) in [
        ("insert into part (id, item) values (1, 99)", "constraint"),
        ("insert into nowhere (id) values (1)", "other"),
        ("insert into item (id, name) values (1, \"text\")", "other"),
        ("selec", "other"),
    ] {
        let mut tx = base.db.begin_write().await.unwrap();
        let kind = match tx.exec(sql, params![]).await {
            Err(DbError::Constraint(_)) => "constraint",
            Err(DbError::Other(_)) => "other",
            other => panic!("{sql}: {other:?}"),
        };
        assert_eq!(kind, wanted, "{sql}");
        assert!(tx.commit().await.is_err(), "{sql}");
    }
}

async fn a_refused_request_is_taken_back_and_its_record_kept(base: Base) {
    let mut tx = base.db.begin_write().await.unwrap();
    tx.exec(INSERT, params![1, "the operation's"]).await.unwrap();
    tx.exec(INSERT, params![1, "fails"]).await.unwrap_err();
    tx.rollback_to_savepoint().await.unwrap();
    tx.exec(INSERT, params![2, "the record"]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(base.items().await, [2]);

    // The savepoint stays usable after it was returned to.
    let mut tx = base.db.begin_write().await.unwrap();
    tx.rollback_to_savepoint().await.unwrap();
    tx.exec(INSERT, params![3, "c"]).await.unwrap();
    tx.rollback_to_savepoint().await.unwrap();
    tx.exec(INSERT, params![4, "d"]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(base.items().await, [2, 4]);
}

async fn the_mark_can_be_moved(base: Base) {
    let mut tx = base.db.begin_write().await.unwrap();
    tx.exec(INSERT, params![1, "a"]).await.unwrap();
    tx.savepoint().await.unwrap();
    tx.exec(INSERT, params![2, "b"]).await.unwrap();
    tx.rollback_to_savepoint().await.unwrap();
    tx.exec(INSERT, params![3, "c"]).await.unwrap();
    tx.savepoint().await.unwrap();
    tx.exec(INSERT, params![4, "d"]).await.unwrap();
    tx.rollback_to_savepoint().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(base.items().await, [1, 3]);

    // However far the mark was moved, rolling back takes everything.
    let mut tx = base.db.begin_write().await.unwrap();
    tx.exec(INSERT, params![5, "e"]).await.unwrap();
    tx.savepoint().await.unwrap();
    tx.exec(INSERT, params![6, "f"]).await.unwrap();
    tx.rollback().await;
    assert_eq!(base.items().await, [1, 3]);
}

async fn a_part_is_taken_back_and_the_rest_kept(base: Base) {
    let mut tx = base.db.begin_write().await.unwrap();
    tx.exec(INSERT, params![1, "a"]).await.unwrap();
    tx.begin_part().await.unwrap();
    tx.exec(INSERT, params![2, "b"]).await.unwrap();
    tx.take_back_part().await.unwrap();
    tx.exec(INSERT, params![3, "c"]).await.unwrap();
    tx.begin_part().await.unwrap();
    tx.send(INSERT, params![4, "d"]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(base.items().await, [1, 3, 4]);

    // A failed statement belongs to its part.
    let mut tx = base.db.begin_write().await.unwrap();
    tx.begin_part().await.unwrap();
    assert!(tx.exec(INSERT, params![4, "again"]).await.is_err());
    assert!(tx.begin_part().await.is_err());
    tx.take_back_part().await.unwrap();
    tx.exec(INSERT, params![5, "e"]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(base.items().await, [1, 3, 4, 5]);

    // A refusal takes back the whole, whatever part it stands in, and the transaction goes on.
    let mut tx = base.db.begin_write().await.unwrap();
    tx.exec(INSERT, params![6, "f"]).await.unwrap();
    tx.begin_part().await.unwrap();
    tx.exec(INSERT, params![7, "g"]).await.unwrap();
    tx.rollback_to_savepoint().await.unwrap();
    tx.exec(INSERT, params![8, "h"]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(base.items().await, [1, 3, 4, 5, 8]);
}

async fn a_dropped_transaction_loses_only_its_own_writes(base: Base) {
    let mut tasks = Vec::new();
    for id in 0..60_i64 {
        let db = base.db.clone();
        tasks.push(tokio::spawn(async move {
            let mut tx = db.begin_write().await.unwrap();
            tx.exec(INSERT, params![id, "x"]).await.unwrap();
            match id % 3 {
                0 => tx.commit().await.unwrap(),
                1 => drop(tx),
                _ => tx.rollback().await,
            }
        }));
    }
    for task in tasks {
        tokio::time::timeout(Duration::from_secs(20), task).await.expect("nobody waits for ever").unwrap();
    }
    assert_eq!(base.items().await, (0..60).step_by(3).collect::<Vec<_>>());
}

async fn a_panic_leaves_the_neighbours_writes(base: Base) {
    let mut tasks = Vec::new();
    for id in 0..40_i64 {
        let db = base.db.clone();
        tasks.push(tokio::spawn(async move {
            let mut tx = db.begin_write().await.unwrap();
            tx.exec(INSERT, params![id, "x"]).await.unwrap();
            assert!(id % 4 != 1, "this panic is part of the test");
            tx.commit().await.unwrap();
        }));
    }
    for (id, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.is_err(), id % 4 == 1);
    }
    assert_eq!(base.items().await, (0..40).filter(|id| id % 4 != 1).collect::<Vec<_>>());
}

async fn readers_see_one_snapshot(base: Base) {
    let sql = "select total from counter where id = 1 {for_update}";
    let mut reader = base.db.begin_read().await.unwrap();
    assert_eq!(reader.one(sql, params![]).await.unwrap().int(0), 0);

    let mut writer = base.db.begin_write().await.unwrap();
    writer.exec("update counter set total = 7 where id = 1", params![]).await.unwrap();
    assert_eq!(base.count(sql).await, 0, "not committed yet");
    writer.commit().await.unwrap();

    assert_eq!(reader.one(sql, params![]).await.unwrap().int(0), 0, "still the old snapshot");
    reader.commit().await.unwrap();
    assert_eq!(base.count(sql).await, 7);
}

async fn a_read_transaction_cannot_write(base: Base) {
    let mut tx = base.db.begin_read().await.unwrap();
    tx.exec(INSERT, params![1, "a"]).await.unwrap_err();
    let mut tx = base.db.begin_read().await.unwrap();
    tx.insert_many("insert into item (id) values", &[vec![1.into()]], "").await.unwrap_err();
    tx.rollback_to_savepoint().await.unwrap_err();
    assert!(base.items().await.is_empty());
}

async fn values_come_back_as_they_went_in(base: Base) {
    let insert = "insert into item (id, name, flag, content) values ($1, $2, $3, $4)";
    let select = "select id, name, flag, content, id = $1 from item where id = $1";
    let text = String::from("héllo 'wörld' $1 — 你好");
    let bytes = vec![0_u8, 1, 255];
    let mut tx = base.db.begin_write().await.unwrap();
    tx.exec(insert, params![i64::MAX, &text, true, &bytes]).await.unwrap();
    tx.exec(insert, params![i64::MIN, None::<&str>, None::<bool>, None::<&[u8]>]).await.unwrap();
    tx.exec(insert, params![0, "", false, &[][..]]).await.unwrap();

    let mut row = tx.one(select, params![i64::MAX]).await.unwrap();
    assert_eq!((row.int(0), row.text(1), row.bool(2)), (i64::MAX, &*text, true));
    assert_eq!((row.bytes(3), row.bool(4)), (&*bytes, true));
    assert_eq!(row.take_text(1), text);

    let row = tx.one(select, params![i64::MIN]).await.unwrap();
    assert_eq!((row.opt_text(1), row.opt_int(2), row.opt_bytes(3)), (None, None, None));
    let row = tx.one(select, params![0]).await.unwrap();
    assert_eq!((row.text(1), row.bool(2), row.bytes(3)), ("", false, &[][..]));
    tx.commit().await.unwrap();

    let sql = "select cast(sum(total) as bigint), count(*) from counter where cast($1 as bigint) is null";
    let mut tx = base.db.begin_read().await.unwrap();
    let row = tx.one(sql, params![None::<i64>]).await.unwrap();
    assert_eq!((row.int(0), row.int(1)), (0, 2));
    // Values go by their number, not by the order in which the text mentions them.
    let row = tx.one("select cast($2 as bigint), cast($1 as bigint)", params![1, 2]).await.unwrap();
    assert_eq!((row.int(0), row.int(1)), (2, 1));
}

async fn text_compares_byte_by_byte(base: Base) {
    let mut tx = base.db.begin_write().await.unwrap();
    for (id, name) in ["b", "B", "a", "é", "_", "aa"].into_iter().enumerate() {
        tx.exec(INSERT, params![u32::try_from(id).unwrap(), name]).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut tx = base.db.begin_read().await.unwrap();
    let rows = tx.all("select name from item order by name, id", params![]).await.unwrap();
    let names: Vec<_> = rows.iter().map(|row| row.text(0)).collect();
    assert_eq!(names, ["B", "_", "a", "aa", "b", "é"]);
    let rows = tx.all("select id from item where name like $1 order by id", params!["A%"]).await.unwrap();
    assert_eq!(rows.len(), 0, "`like` tells upper from lower case");
}

async fn wrong_types_and_counts_are_refused(base: Base) {
    let mut tx = base.db.begin_write().await.unwrap();
    tx.exec(INSERT, params![1]).await.unwrap_err();
    tx.rollback_to_savepoint().await.unwrap();
    tx.exec(INSERT, params![1, "a", "b"]).await.unwrap_err();
    tx.rollback_to_savepoint().await.unwrap();
    tx.one("select 1.5 as price", params![]).await.unwrap_err();
    tx.rollback_to_savepoint().await.unwrap();
    // Where PostgreSQL reports an overflow, SQLite would go on in floating point.
    tx.exec("update counter set total = $1 where id = 1", params![i64::MAX]).await.unwrap();
    tx.one("select total + 1 from counter where id = 1", params![]).await.unwrap_err();
}

async fn many_rows_are_inserted_at_once(base: Base) {
    let names: Vec<String> = (0..10_000).map(|n| format!("item {n}")).collect();
    let rows: Vec<Vec<Value<'_>>> =
        names.iter().zip(0..).map(|(name, id): (_, i64)| vec![id.into(), name.into()]).collect();
    let head = "insert into item (id, name) values";
    let mut tx = base.db.begin_write().await.unwrap();
    assert_eq!(tx.insert_many(head, &rows, "").await.unwrap(), 10_000);
    assert_eq!(tx.insert_many(head, &rows[..7], "on conflict do nothing").await.unwrap(), 0);
    assert_eq!(tx.insert_many(head, &[], "").await.unwrap(), 0);
    tx.commit().await.unwrap();

    let mut tx = base.db.begin_read().await.unwrap();
    let rows = tx.all("select id, name from item order by id", params![]).await.unwrap();
    assert_eq!(rows.len(), ROWS_MAX);
    assert!(rows.iter().zip(0..).all(|(row, n)| row.int(0) == n && row.text(1) == format!("item {n}")));
}

async fn more_rows_than_the_limit_are_refused(base: Base) {
    let rows: Vec<Vec<Value<'_>>> = (0..=10_000_i64).map(|id| vec![id.into()]).collect();
    let mut tx = base.db.begin_write().await.unwrap();
    tx.insert_many("insert into item (id) values", &rows, "").await.unwrap();
    assert!(matches!(tx.all("select id from item order by id", params![]).await, Err(DbError::Other(_))));
    assert!(tx.commit().await.is_err());
    assert!(base.items().await.is_empty());
}

async fn conflicts_are_counted_not_raised(base: Base) {
    let sql = "insert into item (id, name) values ($1, $2) on conflict do nothing";
    let mut tx = base.db.begin_write().await.unwrap();
    assert_eq!(tx.exec(sql, params![1, "a"]).await.unwrap(), 1);
    assert_eq!(tx.exec(sql, params![1, "b"]).await.unwrap(), 0);
    assert_eq!(tx.exec("update item set name = $1 where id = 9", params!["c"]).await.unwrap(), 0);
    let sql = "insert into item (id, name) values ($1, $2) on conflict (id) do nothing returning id";
    assert_eq!(tx.opt(sql, params![1, "b"]).await.unwrap(), None);
    assert_eq!(tx.one(sql, params![2, "b"]).await.unwrap().int(0), 2);
    tx.commit().await.unwrap();
    assert_eq!(base.items().await, [1, 2]);
}

async fn one_and_opt_insist_on_their_number(base: Base) {
    let mut tx = base.db.begin_read().await.unwrap();
    assert_eq!(tx.opt("select id from item order by id", params![]).await.unwrap(), None);
    tx.one("select id from item order by id", params![]).await.unwrap_err();
    let mut tx = base.db.begin_read().await.unwrap();
    tx.opt("select id from counter order by id", params![]).await.unwrap_err();
}

async fn a_closed_database_refuses_and_keeps_what_it_has(base: Base) {
    let mut tx = base.db.begin_write().await.unwrap();
    tx.exec(INSERT, params![1, "a"]).await.unwrap();
    let reader = base.db.begin_read().await.unwrap();
    let closing = tokio::spawn({
        let db = base.db.clone();
        async move { db.close().await }
    });
    // The operation that has begun ends as usual, before or after the others are turned away.
    tokio::task::yield_now().await;
    tx.commit().await.unwrap();
    drop(reader);
    closing.await.unwrap().unwrap();

    assert_eq!(base.db.begin_write().await.err(), Some(DbError::Closed));
    assert_eq!(base.db.begin_read().await.err(), Some(DbError::Closed));
    base.db.close().await.unwrap();

    let again = base.open_again().await;
    let mut tx = again.begin_read().await.unwrap();
    assert_eq!(tx.one("select id from item", params![]).await.unwrap().int(0), 1);
}
