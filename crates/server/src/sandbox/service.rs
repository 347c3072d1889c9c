//! Seeding, moving and resetting a sandbox.

use std::sync::Arc;

use domain::calendar::Instant;
use domain::money::Charge;
use platform::auth::secrets::{PasswordCost, hash_password};
use platform::db::DbError;
use platform::job::{self, Ran};
use platform::op::{ApiError, Host, door};

use super::demo::{self, Tenant};
use super::store;
use crate::app::App;
use crate::identity::service::NewAccount;
use crate::{Cx, accounts, catalog, identity};

/// The demo catalogue, imported through the same door as everybody's.
const DEMO_CATALOG: &str = include_str!("../../data/demo-catalog.yaml");

/// The first clock value of a sandbox that is not told otherwise: 2026-01-15T08:00:00Z.
pub const FIRST_NOW: Instant = Instant::from_ms(1_768_464_000_000);

/// Fills a new data folder with the demo tenants and the demo catalogue; a filled one is left as it is.
pub async fn seed(app: &Arc<App>) -> Result<(), ApiError> {
    let mut tx = app.db().begin_read().await?;
    let is_seeded = store::find_setting(&mut tx, store::SEEDED).await?.is_some();
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
    if !store::claim_setting(&mut cx.tx, store::SEEDED, "1").await? {
        return Ok(());
    }
    let (site, now) = (cx.site, cx.now);
    store::put_setting(&mut cx.tx, store::SITE, site.text()).await?;
    store::put_instant(&mut cx.tx, store::FIRST_NOW, now).await?;
    store::put_instant(&mut cx.tx, store::NOW, now).await?;
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
        accounts::service::top_up(cx, &account.id, amount(cash), &trans_id).await?;
    }
    if let Some(credit) = tenant.credit {
        accounts::service::grant_credit(cx, &account.id, amount(credit), None).await?;
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
    store::put_instant(&mut tx, store::MOVING_TO, to).await?;
    tx.commit().await?;
    let ran = app.jobs.advance(app, to).await?;
    let mut tx = app.db().begin_write().await?;
    store::put_instant(&mut tx, store::NOW, to).await?;
    store::delete_setting(&mut tx, store::MOVING_TO).await?;
    tx.commit().await?;
    Ok(ran)
}

/// Ends a move of the clock that the last process did not live to end.
pub async fn resume_move(app: &Arc<App>) -> Result<(), ApiError> {
    let mut tx = app.db().begin_read().await?;
    let moving_to = store::find_instant(&mut tx, store::MOVING_TO).await?;
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
    let mut cx = job::context(app, "sandbox.reset").await?;
    let before = cx.now;
    let first = store::find_instant(&mut cx.tx, store::FIRST_NOW).await?.unwrap_or(FIRST_NOW);
    cx.now = first;
    let mut refilled = store::delete_everything(&mut cx.tx).await.map_err(ApiError::from);
    if refilled.is_ok() {
        refilled = fill(&mut cx, &hashes).await;
    }
    if refilled.is_ok() {
        // Both before the commit: the next writer must find the first instant, and the catalogue of the new
        // folder, whose number is lower, must be able to take its place.
        app.clock().reset_to(first);
        app.catalog.demote();
    }
    let done = finish(cx, refilled).await;
    match &done {
        Ok(()) => {
            app.identity.reset();
            if let Some(sandbox) = &app.sandbox {
                sandbox.clear_faults();
            }
        }
        Err(_) => app.clock().reset_to(before),
    }
    done
}

/// The sandbox of an application that runs as one.
pub fn sandbox_of(app: &App) -> Result<&super::Sandbox, ApiError> {
    app.sandbox.as_ref().ok_or_else(|| door::NO_SUCH_API.error())
}
