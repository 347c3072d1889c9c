//! Unsubscribing (rules 2.1 to 2.5).

use platform::db::DbError;
use platform::op::ApiError;

use crate::Cx;
use crate::orders::model::{Line, Order};
use crate::orders::service as orders;
use crate::subscriptions::store::charges;

/// A refund order is carried out: what it gives back is noted on the charges of the resources that it is about.
pub(super) async fn note(cx: &mut Cx, order: &Order) -> Result<(), ApiError> {
    let rows = orders::rows_of(cx, order).await?;
    for of_resource in rows.chunk_by(|one, next| one.resource == next.resource) {
        let resource = &of_resource[0].resource;
        let mut known = charges::of_resource(&mut cx.tx, &order.account, resource).await?;
        for of_charge in of_resource.chunk_by(|one, next| one.charge_no == next.charge_no) {
            let no = of_charge[0].charge_no;
            let charge = known.iter_mut().find(|charge| charge.charge_no == no);
            let noted = charge
                .and_then(|charge| of_charge.iter().try_for_each(|row| charge.note(row)).map(|()| charge));
            let Some(charge) = noted else {
                let what = format!("order {} returns more than charge {no} of resource {resource}", order.id);
                return Err(DbError::Other(what).into());
            };
            charges::update(&mut cx.tx, charge).await?;
        }
    }
    Ok(())
}

/// An unsubscription is carried out.
pub(super) async fn returned(_: &mut Cx, _: &Order, _: &[Line]) -> Result<(), ApiError> {
    Ok(())
}
