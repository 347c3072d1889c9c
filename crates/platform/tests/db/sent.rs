//! Statements that are sent without waiting for their answers: nothing they fail with may go unnoticed.

use std::time::Duration;

use platform::db::{DbError, Engine, Value};
use platform::params;

use crate::base::{Base, on_both_engines};

const INSERT: &str = "insert into item (id, name) values ($1, $2)";
const HEAD: &str = "insert into item (id, name) values";
const PATIENCE: Duration = Duration::from_secs(20);

on_both_engines! {
    what_was_sent_is_there_for_the_next_statement_and_after_the_commit,
    a_failure_of_something_sent_keeps_the_commit_from_happening,
    a_failure_of_something_sent_is_told_by_a_later_statement,
    going_back_forgets_what_was_sent_and_how_it_failed,
    a_dropped_transaction_takes_back_what_it_sent,
    very_many_may_be_under_way,
}

async fn what_was_sent_is_there_for_the_next_statement_and_after_the_commit(base: Base) {
    let mut tx = base.db.begin_write().await.unwrap();
    tx.send(INSERT, params![1, "a"]).await.unwrap();
    let name = tx.one("select name from item where id = $1", params![1]).await.unwrap().take_text(0);
    assert_eq!(name, "a");
    tx.send("update item set name = $2 where id = $1", params![1, "b"]).await.unwrap();
    tx.send_many(HEAD, &[vec![2.into(), "c".into()], vec![3.into(), "d".into()]], "").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(base.items().await, [1, 2, 3]);
    assert_eq!(base.count("select count(*) from item where name = 'b'").await, 1);
}

async fn a_failure_of_something_sent_keeps_the_commit_from_happening(base: Base) {
    let mut tx = base.db.begin_write().await.unwrap();
    tx.send(INSERT, params![1, "a"]).await.unwrap();
    let sent = tx.send(INSERT, params![1, "again"]).await;
    let committed = tx.commit().await;
    match base.db.engine() {
        // There is nothing to be gained by waiting in process, so the failure comes at once.
        Engine::Sqlite => {
            assert!(matches!(sent, Err(DbError::Constraint(_))), "{sent:?}");
            assert!(matches!(committed, Err(DbError::Other(_))), "{committed:?}");
        }
        Engine::Postgres => {
            sent.unwrap();
            assert!(matches!(committed, Err(DbError::Constraint(_))), "{committed:?}");
        }
    }
    assert!(base.items().await.is_empty());
}

async fn a_failure_of_something_sent_is_told_by_a_later_statement(base: Base) {
    let mut tx = base.db.begin_write().await.unwrap();
    tx.exec(INSERT, params![1, "a"]).await.unwrap();
    let sent = tx.send(INSERT, params![1, "again"]).await;
    // Not "the transaction is aborted", which is what the server says of the later statement itself.
    let told = match sent {
        Err(error) => error,
        Ok(()) => tx.exec(INSERT, params![2, "b"]).await.unwrap_err(),
    };
    assert!(matches!(told, DbError::Constraint(_)), "{told:?}");
    assert!(matches!(tx.exec(INSERT, params![3, "c"]).await, Err(DbError::Other(_))));
    assert!(tx.commit().await.is_err());
    assert!(base.items().await.is_empty());
}

async fn going_back_forgets_what_was_sent_and_how_it_failed(base: Base) {
    let mut tx = base.db.begin_write().await.unwrap();
    tx.send(INSERT, params![1, "a"]).await.unwrap();
    // Only PostgreSQL has not told the failure yet.
    let _told_at_once = tx.send(INSERT, params![1, "again"]).await;
    tx.rollback_to_savepoint().await.unwrap();
    tx.send(INSERT, params![2, "b"]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(base.items().await, [2]);
}

async fn a_dropped_transaction_takes_back_what_it_sent(base: Base) {
    for id in 0..20 {
        let mut tx = base.db.begin_write().await.unwrap();
        tx.send(INSERT, params![id, "a"]).await.unwrap();
        drop(tx);
    }
    let mut tx = base.db.begin_write().await.unwrap();
    tx.send(INSERT, params![100, "b"]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(base.items().await, [100]);
}

async fn very_many_may_be_under_way(base: Base) {
    let mut tx = base.db.begin_write().await.unwrap();
    for id in 0..2_000 {
        tx.send(INSERT, params![id, "a"]).await.unwrap();
        if id % 500 == 0 {
            // A text that no connection has prepared yet, while answers wait to be taken.
            let sql = format!("select count(*) + {id} from item where id <= $1");
            let count = tokio::time::timeout(PATIENCE, tx.one(&sql, params![id])).await;
            assert_eq!(count.expect("nobody waits for ever").unwrap().int(0), 2 * id + 1);
        }
    }
    let rows: Vec<Vec<Value<'_>>> = (2_000..5_000).map(|id| vec![id.into(), "b".into()]).collect();
    tx.send_many(HEAD, &rows, "").await.unwrap();
    tokio::time::timeout(PATIENCE, tx.commit()).await.expect("nobody waits for ever").unwrap();
    assert_eq!(base.count("select count(*) from item").await, 5_000);
}
