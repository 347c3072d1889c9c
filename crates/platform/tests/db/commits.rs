//! Nothing is acknowledged before it is durable, and nobody keeps part of a batch that failed.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use platform::db::{CommitEvent, CommitVerdict, DbError, Engine, Tx};
use platform::params;

use crate::base::{Base, on_both_engines};

const INSERT: &str = "insert into item (id, name) values ($1, $2)";
const PATIENCE: Duration = Duration::from_secs(20);

on_both_engines! {
    waiting_operations_share_commits,
    no_commit_answers_before_its_batch_is_durable,
    a_commit_that_fails_before_keeps_nothing_of_its_batch,
    a_commit_that_fails_after_is_not_acknowledged,
    a_caller_that_stops_waiting_for_the_commit_changes_nothing,
    closing_amid_operations_keeps_those_it_acknowledged_and_no_others,
}

/// Inserts an item as an operation of its own.
async fn insert(db: platform::db::Db, id: i64) -> Result<(), DbError> {
    let mut tx = db.begin_write().await?;
    tx.exec(INSERT, params![id, "x"]).await?;
    tx.commit().await
}

/// Runs the operations at the same time; the answer of each.
async fn insert_all(base: &Base, ids: std::ops::Range<i64>) -> Vec<Result<(), DbError>> {
    let tasks: Vec<_> = ids.map(|id| tokio::spawn(insert(base.db.clone(), id))).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(tokio::time::timeout(PATIENCE, task).await.expect("nobody waits for ever").unwrap());
    }
    answers
}

async fn waiting_operations_share_commits(base: Base) {
    let batches = Arc::new(Mutex::new(Vec::new()));
    base.db.set_commit_probe(Arc::new({
        let batches = batches.clone();
        move |event| {
            if let CommitEvent::Starting { operations, .. } = event {
                batches.lock().push(operations);
                // A disk that takes its time, so that others arrive meanwhile.
                std::thread::sleep(Duration::from_millis(1));
            }
            CommitVerdict::Proceed
        }
    }));
    assert!(insert_all(&base, 0..300).await.iter().all(Result::is_ok));
    assert_eq!(base.items().await.len(), 300);
    let batches = batches.lock().clone();
    assert_eq!(batches.iter().sum::<u32>(), 300, "each operation in one batch");
    match base.db.engine() {
        Engine::Sqlite => {
            assert!(batches.len() < 150, "{batches:?}");
            assert!(batches.iter().all(|operations| *operations <= 64), "{batches:?}");
        }
        Engine::Postgres => assert_eq!(batches.len(), 300),
    }
}

async fn no_commit_answers_before_its_batch_is_durable(base: Base) {
    // Given a disk that does not answer,
    let (gate, gated) = std::sync::mpsc::channel::<()>();
    let (reached, mut at_gate) = tokio::sync::mpsc::unbounded_channel();
    let gated = Mutex::new(gated);
    base.db.set_commit_probe(Arc::new(move |event| {
        if matches!(event, CommitEvent::Starting { .. }) {
            reached.send(()).unwrap();
            // An error means that the gate was taken away: open for good.
            let _ = gated.lock().recv();
        }
        CommitVerdict::Proceed
    }));
    let answered = Arc::new(AtomicU32::new(0));
    let mut tasks = Vec::new();
    for id in 0..6 {
        let (db, answered) = (base.db.clone(), answered.clone());
        tasks.push(tokio::spawn(async move {
            insert(db, id).await.unwrap();
            answered.fetch_add(1, Ordering::SeqCst);
        }));
    }
    // when the first batch has reached it, nobody is answered and no reader sees a row;
    at_gate.recv().await.unwrap();
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(answered.load(Ordering::SeqCst), 0);
    assert!(base.items().await.is_empty());
    // and when it answers, each is answered once its row is there.
    drop(gate);
    for task in tasks {
        tokio::time::timeout(PATIENCE, task).await.expect("nobody waits for ever").unwrap();
    }
    assert_eq!(base.items().await, [0, 1, 2, 3, 4, 5]);
    for id in 10..40 {
        insert(base.db.clone(), id).await.unwrap();
        assert_eq!(base.items().await.last(), Some(&id), "visible to readers as soon as it is answered");
    }
}

/// Fails the first batch of at least `operations`; how many it held.
fn fail_one_batch(base: &Base, operations: u32, verdict: CommitVerdict) -> Arc<AtomicU32> {
    let failed = Arc::new(AtomicU32::new(0));
    let has_failed = AtomicBool::new(false);
    base.db.set_commit_probe(Arc::new({
        let failed = failed.clone();
        move |event| match event {
            CommitEvent::Starting { operations: held, .. } => {
                std::thread::sleep(Duration::from_millis(1));
                if held >= operations && !has_failed.swap(true, Ordering::SeqCst) {
                    failed.store(held, Ordering::SeqCst);
                    return verdict;
                }
                CommitVerdict::Proceed
            }
            CommitEvent::Finished { .. } => CommitVerdict::Proceed,
        }
    }));
    failed
}

fn shared_batch(base: &Base) -> u32 {
    match base.db.engine() {
        Engine::Sqlite => 2,
        Engine::Postgres => 1,
    }
}

async fn a_commit_that_fails_before_keeps_nothing_of_its_batch(base: Base) {
    let failed = fail_one_batch(&base, shared_batch(&base), CommitVerdict::FailBefore);
    let answers = insert_all(&base, 0..200).await;
    let lost = answers.iter().filter(|answer| matches!(answer, Err(DbError::Io(_)))).count();
    assert!(lost > 0);
    assert_eq!(lost, failed.load(Ordering::SeqCst) as usize, "all of the batch are told, and nobody else");
    let kept: Vec<i64> = (0..).zip(&answers).filter(|(_, answer)| answer.is_ok()).map(|(id, _)| id).collect();
    assert_eq!(base.items().await, kept);
}

async fn a_commit_that_fails_after_is_not_acknowledged(base: Base) {
    let failed = fail_one_batch(&base, shared_batch(&base), CommitVerdict::FailAfter);
    let answers = insert_all(&base, 0..200).await;
    let doubtful = answers.iter().filter(|answer| matches!(answer, Err(DbError::Io(_)))).count();
    assert!(doubtful > 0);
    assert_eq!(doubtful, failed.load(Ordering::SeqCst) as usize);
    assert_eq!(base.items().await.len(), 200, "the writes were kept all the same");
}

async fn a_caller_that_stops_waiting_for_the_commit_changes_nothing(base: Base) {
    // On PostgreSQL a caller that stops before the commit was sent takes it back, so all may be kept or none.
    for id in 0..20 {
        let mut tx = base.db.begin_write().await.unwrap();
        tx.exec(INSERT, params![id, "x"]).await.unwrap();
        let mut commit = Box::pin(tx.commit());
        let _ = poll_once(commit.as_mut());
        drop(commit);
    }
    insert(base.db.clone(), 100).await.unwrap();
    if base.db.engine() == Engine::Sqlite {
        assert_eq!(base.items().await.len(), 21, "once asked for, the commit happens");
    }
}

async fn closing_amid_operations_keeps_those_it_acknowledged_and_no_others(base: Base) {
    let tasks: Vec<_> = (0..200).map(|id| tokio::spawn(insert(base.db.clone(), id))).collect();
    insert(base.db.clone(), 1000).await.unwrap();
    base.db.close().await.unwrap();
    let mut kept = Vec::new();
    for (id, task) in (0..).zip(tasks) {
        match tokio::time::timeout(PATIENCE, task).await.expect("nobody waits for ever").unwrap() {
            Ok(()) => kept.push(id),
            Err(error) => assert_eq!(error, DbError::Closed),
        }
    }
    kept.push(1000);
    let mut tx = base.open_again().await.begin_read().await.unwrap();
    let rows = tx.all("select id from item order by id", params![]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.int(0)).collect::<Vec<_>>(), kept);
}

/// The log is long enough to be folded when the commit answers, and who folds it needs the writer that closing takes.
#[tokio::test]
async fn closing_while_the_log_is_folded_ends_both() {
    let base = Base::sqlite().await;
    let mut tx = base.db.begin_write().await.unwrap();
    let content = vec![7_u8; 20 * 1024 * 1024];
    tx.exec("insert into item (id, name, content) values ($1, $2, $3)", params![1, "x", &content[..]])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let closing = tokio::time::timeout(PATIENCE, base.db.close()).await;
    closing.expect("nobody waits for ever").unwrap();
}

fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// An operation that has ended with another queued behind it, so that its answer waits for that one.
struct Parked {
    commit: Pin<Box<dyn Future<Output = Result<(), DbError>> + Send>>,
    behind: Pin<Box<dyn Future<Output = Result<Tx, DbError>> + Send>>,
}

/// Parks the insert of an item. The batch must not have come of age meanwhile, so this may take several attempts.
async fn park(base: &Base) -> (Parked, i64) {
    let commits = Arc::new(AtomicU32::new(0));
    base.db.set_commit_probe(Arc::new({
        let commits = commits.clone();
        move |_| {
            commits.fetch_add(1, Ordering::SeqCst);
            CommitVerdict::Proceed
        }
    }));
    for id in 0..1000 {
        let mut tx = base.db.begin_write().await.unwrap();
        tx.exec(INSERT, params![id, "parked"]).await.unwrap();
        let db = base.db.clone();
        let mut behind: Pin<Box<dyn Future<Output = _> + Send>> =
            Box::pin(async move { db.begin_write().await });
        assert!(poll_once(behind.as_mut()).is_pending());
        let mut commit: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(tx.commit());
        assert!(poll_once(commit.as_mut()).is_pending());
        match poll_once(behind.as_mut()) {
            // Handed over rather than committed: the one behind has its turn at once.
            Poll::Ready(next) if commits.load(Ordering::SeqCst) == 0 => {
                return (Parked { commit, behind: Box::pin(async move { next }) }, id);
            }
            Poll::Ready(next) => next.unwrap().rollback().await,
            Poll::Pending => behind.await.unwrap().rollback().await,
        }
        commit.await.unwrap();
        commits.store(0, Ordering::SeqCst);
    }
    panic!("no batch was young enough in a thousand attempts");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operation_behind_answers_those_before_it_even_when_dropped() {
    let base = Base::sqlite().await;
    let (Parked { mut commit, behind }, id) = park(&base).await;
    let mut next = behind.await.unwrap();
    assert!(poll_once(commit.as_mut()).is_pending(), "not durable yet");
    assert_eq!(next.one("select name from item where id = $1", params![id]).await.unwrap().text(0), "parked");
    next.exec(INSERT, params![5000, "dropped"]).await.unwrap();
    drop(next);
    tokio::time::timeout(PATIENCE, commit).await.expect("nobody waits for ever").unwrap();
    assert_eq!(base.items().await.last(), Some(&id));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_the_queue_leaves_nobody_waiting() {
    let base = Base::sqlite().await;
    for id in 0..50 {
        let mut tx = base.db.begin_write().await.unwrap();
        tx.exec(INSERT, params![id, "x"]).await.unwrap();
        let mut behind = Box::pin(base.db.begin_write());
        assert!(poll_once(behind.as_mut()).is_pending());
        let mut commit = Box::pin(tx.commit());
        let _ = poll_once(commit.as_mut());
        drop(behind);
        tokio::time::timeout(PATIENCE, commit).await.expect("nobody waits for ever").unwrap();
    }
    assert_eq!(base.items().await.len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_age_does_not_wait_for_the_next_operation() {
    let base = Base::sqlite().await;
    let mut tx = base.db.begin_write().await.unwrap();
    let mut behind = Box::pin(base.db.begin_write());
    assert!(poll_once(behind.as_mut()).is_pending());
    tx.exec(INSERT, params![1, "slow"]).await.unwrap();
    // Real time, since that is what the bound is about.
    std::thread::sleep(Duration::from_millis(10));
    // The one behind never takes its turn here.
    tokio::time::timeout(PATIENCE, tx.commit()).await.expect("answered without the next").unwrap();
    assert_eq!(base.items().await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_the_whole_batch_and_says_so() {
    let base = Base::sqlite().await;
    let (Parked { commit, behind }, id) = park(&base).await;
    // Given a neighbour that waits for its commit, when the disk is full for the next operation,
    let mut next = behind.await.unwrap();
    let pages = next.one("pragma page_count", params![]).await.unwrap().int(0);
    next.one(&format!("pragma max_page_count = {pages}"), params![]).await.unwrap();
    let large = "x".repeat(100_000);
    let error = next.exec(INSERT, params![5000, &large]).await.unwrap_err();
    // then SQLite has rolled back both, and both are told.
    assert!(matches!(error, DbError::Io(_)), "{error:?}");
    assert!(matches!(commit.await, Err(DbError::Io(_))));
    assert!(matches!(next.rollback_to_savepoint().await, Err(DbError::Io(_))));
    assert!(next.commit().await.is_err());
    assert!(!base.items().await.contains(&id));

    let mut tx = base.db.begin_write().await.unwrap();
    tx.one("pragma max_page_count = 1000000", params![]).await.unwrap();
    tx.exec(INSERT, params![6000, &large]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(base.items().await.last(), Some(&6000), "and the database goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_asks_to_try_again() {
    let base = Base::postgres().await;
    let lock = "select total from counter where id = $1 {for_update}";
    let mut first = base.db.begin_write().await.unwrap();
    let mut second = base.db.begin_write().await.unwrap();
    first.one(lock, params![1]).await.unwrap();
    second.one(lock, params![2]).await.unwrap();
    let (a, b) = tokio::join!(async { first.one(lock, params![2]).await }, async {
        let result = second.one(lock, params![1]).await;
        if result.is_err() {
            // The victim lets the other one through.
            second.rollback_to_savepoint().await.unwrap();
        }
        result
    });
    let errors: Vec<_> = [a, b].into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].is_retryable(), "{errors:?}");
}
