//! Facts about jobs: what fails is remembered, tried again, and hides nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

use domain::calendar::Instant;
use platform::db::{DbError, Tx};
use platform::job::{Due, Jobs, Reconciler};
use platform::op::{ApiError, Host, door};
use platform::params;
use serde_json::json;
use server::Cx;
use server::app::App;

/// How many keys fail; more than one look of the runner holds.
const FAILING: usize = 450;

/// Has many keys that always fail, and behind them one that succeeds.
struct MostlyFailing;

static DONE: AtomicUsize = AtomicUsize::new(0);

impl Reconciler<App> for MostlyFailing {
    const NAME: &'static str = "test.mostly_failing";

    async fn due(_: &mut Tx, until: Instant, limit: i64) -> Result<Vec<Due>, DbError> {
        let keys = (0..FAILING).map(|n| format!("bad-{n:04}")).chain(["good".to_owned()]);
        let limit = usize::try_from(limit).expect("a limit is positive");
        let open = FAILING + 1 - DONE.load(Ordering::SeqCst);
        Ok(keys.take(open).take(limit).map(|key| Due { at: until, key }).collect())
    }

    async fn run(_: &mut Cx, key: &str) -> Result<String, ApiError> {
        match key {
            "good" => {
                DONE.store(1, Ordering::SeqCst);
                Ok("done".to_owned())
            }
            _ => Err(door::INTERNAL.because("this one always fails", "总是失败")),
        }
    }
}

#[tokio::test]
async fn failing_keys_do_not_hide_those_behind_them() {
    let app = crate::harness::TestApp::start(crate::harness::On::Sqlite).await;
    let mut jobs = Jobs::<App>::default();
    jobs.add::<MostlyFailing>();
    let ran = jobs.run_due(&app.app).await.expect("jobs run");
    assert_eq!(ran.len(), FAILING + 1);
    assert_eq!(
        ran.iter().filter(|ran| ran.is_done).map(|ran| ran.subject.as_str()).collect::<Vec<_>>(),
        ["good"]
    );
    // What failed waits for its pause: nothing is tried again at once.
    assert!(jobs.run_due(&app.app).await.expect("jobs run").is_empty());
    app.finish().await;
}

crate::on_both! {
    async fn idempotency_keys_are_forgotten_after_a_day(app) {
        let key = app.key("operator");
        let path = format!("/openbss/v1/accounts/{}/top-ups", app.domain("acme"));
        let body = json!({"amount": "1", "trans_id": "once"}).to_string();
        let headers = [("Idempotency-Key", "k")];
        app.signed(&key, "POST", &path, &body, &headers).await.ok(201);
        let again = app.signed(&key, "POST", &path, &body, &headers).await;
        assert_eq!(again.headers["idempotency-hit"], "true");
        assert_eq!(keys(&app.app).await, 1);
        app.advance_to("2026-01-16T07:59:59Z").await;
        assert_eq!(keys(&app.app).await, 1);
        let ran = app.advance_to("2026-01-16T08:00:00Z").await;
        assert!(ran.iter().any(|ran| ran.job == "op.forget_idempotency_keys"), "{ran:?}");
        assert_eq!(keys(&app.app).await, 0);
        app.finish().await;
    }
}

async fn keys(app: &App) -> i64 {
    let mut tx = app.db().begin_read().await.expect("the database answers");
    tx.one("select count(*) from idempotency_keys where created_at > $1", params![0])
        .await
        .expect("a count")
        .int(0)
}
