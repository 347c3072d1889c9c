//! Automatic renewal, at 03:00 GMT+8.

use domain::calendar::Instant;
use platform::db::{DbError, Tx};
use platform::job::{Due, Reconciler, leave_a_trail};
use platform::op::{ApiError, Operation};

use crate::Cx;
use crate::app::App;
use crate::subscriptions::api::renew::RenewalResources;
use crate::subscriptions::service::auto_renewals::{self, Attempted};
use crate::subscriptions::service::sets;
use crate::subscriptions::store::{self, renew_configs};

/// Renews the set of a primary resource, or tells its account why not.
pub(in crate::subscriptions) struct Renew;

impl Reconciler<App> for Renew {
    const NAME: &'static str = "subscriptions.renew";

    async fn due(tx: &mut Tx, until: Instant, limit: i64) -> Result<Vec<Due>, DbError> {
        renew_configs::due(tx, until, limit).await
    }

    async fn run(cx: &mut Cx, key: &str) -> Result<String, ApiError> {
        let Some(found) = store::find(&mut cx.tx, key).await? else {
            return Ok("no longer there".to_owned());
        };
        let set = sets::lock(cx, &found).await?;
        let primary = &set.primary;
        // Renewed, or turned off, since it was listed.
        if primary.renew_at.is_none_or(|at| cx.now < at) {
            return Ok("no longer due".to_owned());
        }
        match auto_renewals::attempt(cx, &set).await? {
            Attempted::Renewed { order, expires_at } => {
                let id = primary.resource_id.as_ref().unwrap_or(&primary.id).clone();
                let trail = (id.clone(), id);
                leave_a_trail(cx, &primary.account, &RenewalResources::SPEC, &trail).await?;
                Ok(format!("renewed until {} by order {order}", expires_at.to_wire()))
            }
            Attempted::Failed { code, next_at: Some(next_at) } => {
                Ok(format!("not renewed ({code}); tried again at {}", next_at.to_wire()))
            }
            Attempted::Failed { code, next_at: None } => {
                Ok(format!("not renewed ({code}); it is deleted before the next attempt"))
            }
            Attempted::Ended => Ok("nothing to renew".to_owned()),
        }
    }
}
