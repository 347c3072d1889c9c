//! Seeding, moving and resetting a sandbox.

use std::sync::Arc;

use domain::calendar::Instant;
use domain::money::{Charge, Scaled};
use platform::auth::secrets::{PasswordCost, hash_password};
use platform::db::DbError;
use platform::job::{self, Ran};
use platform::op::{ApiError, Host, door};

use super::demo::{self, Tenant};
use super::store;
use crate::accounts::service::{LimitKind, NewLimit};
use crate::app::App;
use crate::identity::service::NewAccount;
use crate::{Cx, accounts, catalog, identity, promotions, settings};

/// The demo catalogue, imported through the same door as everybody's.
const DEMO_CATALOG: &str = include_str!("../../data/demo-catalog.yaml");

/// The first clock value of a sandbox that is not told otherwise: 2026-01-15T08:00:00Z.
pub const FIRST_NOW: Instant = Instant::from_ms(1_768_464_000_000);

/// How often a reset is tried when a neighbour on PostgreSQL holds what it needs and needs what it holds.
const RESET_ATTEMPTS_MAX: u32 = 20;

/// Fills a new data folder with the demo tenants and the demo catalogue; a filled one is left as it is.
pub async fn seed(app: &Arc<App>) -> Result<(), ApiError> {
    let mut tx = app.db().begin_read().await?;
    let is_seeded = settings::store::find(&mut tx, settings::SEEDED).await?.is_some();
    tx.rollback().await;
    if is_seeded {
        return Ok(());
    }
    let hashes = password_hashes().await?;
    let mut cx = job::context(app, "sandbox.seed").await?;
    let seeded = fill(&mut cx, &hashes).await;
    finish(cx, seeded).await
}

/// Hashes of the demo passwords, in the order of the tenants; made before any transaction, since they are slow.
async fn password_hashes() -> Result<Vec<String>, ApiError> {
    let hash = |tenant: &Tenant| {
        let password = demo::credentials(tenant.name).password;
        // The cheap cost: these passwords are published.
        hash_password(&password, demo::salt(tenant.name), PasswordCost::MachineMade)
    };
    let hashing =
        tokio::task::spawn_blocking(move || demo::TENANTS.iter().map(hash).collect::<Result<_, _>>());
    let hashes = hashing.await.map_err(|error| DbError::Other(error.to_string()))?;
    hashes.map_err(|error: platform::auth::secrets::PasswordError| DbError::Other(error.to_string()).into())
}

/// Ends the transaction of `cx` as `outcome` says, and runs what waited for it.
async fn finish(mut cx: Cx, outcome: Result<(), ApiError>) -> Result<(), ApiError> {
    let tx = cx.tx.take().expect("the context was made with a transaction and nothing else takes it");
    match outcome {
        Ok(()) => {
            tx.commit().await?;
            for hook in cx.take_hooks() {
                hook(&cx.app);
            }
            Ok(())
        }
        Err(error) => {
            tx.rollback().await;
            Err(error)
        }
    }
}

/// Writes everything that a new folder begins with, unless another process was faster.
async fn fill(cx: &mut Cx, hashes: &[String]) -> Result<(), ApiError> {
    if !settings::store::claim(&mut cx.tx, settings::SEEDED, "1").await? {
        return Ok(());
    }
    let (site, now) = (cx.site, cx.now);
    settings::store::put(&mut cx.tx, settings::SITE, site.text()).await?;
    settings::store::put_instant(&mut cx.tx, settings::FIRST_NOW, now).await?;
    settings::store::put_instant(&mut cx.tx, settings::NOW, now).await?;
    catalog::service::import(cx, DEMO_CATALOG).await?;
    for (tenant, hash) in demo::TENANTS.iter().zip(hashes) {
        create(cx, tenant, hash).await?;
    }
    Ok(())
}

async fn create(cx: &mut Cx, tenant: &Tenant, password_hash: &str) -> Result<(), ApiError> {
    let demo = demo::credentials_on(cx.site, tenant.name);
    let account = identity::service::create_account(
        cx,
        &NewAccount {
            name: demo.name,
            kind: tenant.kind,
            partner_id: tenant.partner.map(demo::domain_id),
            association_type: tenant.association_type,
            has_direct_customers: tenant.has_direct_customers,
            master_id: tenant.master.map(demo::domain_id),
            accounting: tenant.accounting.map(str::to_owned),
            country: None,
            email: Some(format!("{}@example.com", tenant.name)),
            id: Some(demo.domain_id),
            user_name: demo.user_name,
            password_hash: Some(password_hash.to_owned()),
            access_key: Some((demo.access_key, demo.secret_key)),
            projects: demo::projects(tenant.name),
        },
    )
    .await?;
    if let Some(cash) = tenant.cash {
        let trans_id = format!("demo-{}", tenant.name);
        let into = accounts::service::Balance::Cash;
        accounts::service::top_up(cx, &account.id, into, amount(cash), &trans_id).await?;
    }
    if let Some(credit) = tenant.credit {
        accounts::service::grant_credit(cx, &account.id, amount(credit), None).await?;
    }
    if let Some((budget, period)) = tenant.budget {
        let kind = LimitKind::Budget;
        let amount = amount(budget).units();
        let new = NewLimit { account: &account.id, kind, subject: None, amount, period: Some(period) };
        accounts::service::set_limit(cx, &new).await?;
    }
    Ok(())
}

fn amount(text: &str) -> Charge {
    Charge::parse(text).expect("the amounts of the demo tenants are well-formed")
}

/// Moves the clock to `to` and runs what falls due on the way. The move is written down before it begins, so
/// that a server that is killed on the way ends it when it starts again.
pub async fn move_clock(app: &Arc<App>, to: Instant) -> Result<Vec<Ran>, ApiError> {
    let mut tx = app.db().begin_write().await?;
    settings::store::put_instant(&mut tx, settings::MOVING_TO, to).await?;
    tx.commit().await?;
    let ran = app.jobs.advance(app, to).await?;
    let mut tx = app.db().begin_write().await?;
    settings::store::put_instant(&mut tx, settings::NOW, to).await?;
    settings::store::delete(&mut tx, settings::MOVING_TO).await?;
    tx.commit().await?;
    Ok(ran)
}

/// Ends a move of the clock that the last process did not live to end.
pub async fn resume_move(app: &Arc<App>) -> Result<(), ApiError> {
    let mut tx = app.db().begin_read().await?;
    let moving_to = settings::store::find_instant(&mut tx, settings::MOVING_TO).await?;
    tx.rollback().await;
    if let Some(to) = moving_to {
        move_clock(app, to).await?;
    }
    Ok(())
}

/// Back to the state of a new data folder, in one transaction: whoever reads meanwhile sees the old state or the
/// new one.
pub async fn reset(app: &Arc<App>) -> Result<(), ApiError> {
    let hashes = password_hashes().await?;
    // A job between two of its steps would carry the old clock into the new state.
    let _jobs = app.jobs.hold().await;
    let mut attempt = 1;
    loop {
        match reset_once(app, &hashes).await {
            Err(error) if error.is_retryable() && attempt < RESET_ATTEMPTS_MAX => attempt += 1,
            done => return done,
        }
    }
}

async fn reset_once(app: &Arc<App>, hashes: &[String]) -> Result<(), ApiError> {
    let mut cx = job::context(app, "sandbox.reset").await?;
    let before = cx.now;
    let refilled = refill(&mut cx, hashes).await;
    if refilled.is_ok() {
        // Before the commit: the next writer must find the first instant.
        app.clock().reset_to(cx.now);
    }
    let done = finish(cx, refilled).await;
    if done.is_err() {
        app.clock().reset_to(before);
    }
    done
}

/// Empties every table and fills them as in a new folder, whose first instant the context then has.
async fn refill(cx: &mut Cx, hashes: &[String]) -> Result<(), ApiError> {
    let first = settings::store::find_instant(&mut cx.tx, settings::FIRST_NOW).await?;
    cx.now = first.unwrap_or(FIRST_NOW);
    // First in the row of hooks: what the refilling puts into memory must stay.
    cx.after_commit(|app| {
        app.identity.reset();
        if let Some(sandbox) = &app.sandbox {
            sandbox.clear_faults();
        }
    });
    store::delete_everything(&mut cx.tx).await?;
    promotions::service::changed(cx).await?;
    fill(cx, hashes).await
}

/// The sandbox of an application that runs as one.
pub fn sandbox_of(app: &App) -> Result<&super::Sandbox, ApiError> {
    app.sandbox.as_ref().ok_or_else(|| door::NO_SUCH_API.error())
}
