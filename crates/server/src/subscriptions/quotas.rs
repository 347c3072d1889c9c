//! How many resources of a specification may be in a region: of one account (its quota), and of all (the capacity).
//!
//! ```text
//!  a line of a purchase ── no longer sold? ──▶ 3 (4: what it is attached to)
//!        │                 too many of its account? ──▶ 1
//!        └──────────────── too many of all accounts? ──▶ 2
//! ```
//!
//! A resource counts from the payment that orders it until it is closed. What is not limited is not counted: a
//! payment of an account without quotas, on a cloud without capacities, costs one read.
//!
//! Lines are admitted in their order: one that does not fit takes no room from the next.
//!
//! Invariant: two payments never both take the last room. Each holds the row of the quota until it has made its
//! resources; rows are locked by region and specification, and of one pair the capacity first.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::order::OrderType;
use platform::db::DbError;
use platform::op::{AccountKind, ApiError, Refusal};

use super::store::quotas::{self as store, EVERYBODY};
use crate::Cx;
use crate::catalog::model::{Catalog, Flag, Product};
use crate::identity::service::{Account, find_account};
use crate::orders::fulfilment::{AuthResult, Shortage};
use crate::orders::model::{Line, Order};

pub(super) use super::store::quotas::Quota;

/// Where and of what: a region and a specification.
type Shelf = (String, String);

/// Room that is left on the shelves of an order.
#[derive(Debug, Default)]
struct Room {
    /// How many more its account may have; absent: any number.
    of_account: BTreeMap<Shelf, i64>,
    /// How many more may be there at all; absent: any number.
    of_all: BTreeMap<Shelf, i64>,
}

/// Which lines of a purchase cannot be had now, and why.
pub(super) async fn admit(cx: &mut Cx, order: &Order, lines: &[Line]) -> Result<Vec<Shortage>, ApiError> {
    match order.order_type {
        // What was pay-per-use has not counted yet, and what changes its specification counts elsewhere.
        OrderType::Purchase
        | OrderType::Trial
        | OrderType::Change
        | OrderType::ToPeriod
        | OrderType::TrialToCommercial => {}
        // They are about resources that are there and count already.
        OrderType::Renewal | OrderType::Unsubscription | OrderType::ToOnDemand | OrderType::FeeAdjustment => {
            return Ok(Vec::new());
        }
    }
    admit_lines(cx, &order.account, lines).await
}

/// The same of lines of an account that no order bears yet.
pub(super) async fn admit_lines(
    cx: &mut Cx,
    account: &str,
    lines: &[Line],
) -> Result<Vec<Shortage>, ApiError> {
    let catalog = cx.app.catalog.current();
    let room = room(cx, account, lines).await?;
    Ok(decide(&catalog, room, lines))
}

/// How much room there is for some lines, its rows locked.
async fn room(cx: &mut Cx, account: &str, lines: &[Line]) -> Result<Room, DbError> {
    let (has_capacities, has_quotas) = store::any(&mut cx.tx, account).await?;
    let shelves: BTreeSet<Shelf> = lines.iter().map(shelf).collect();
    let mut room = Room::default();
    for (region, spec) in shelves {
        for (whose, is_set, into) in
            [(EVERYBODY, has_capacities, &mut room.of_all), (account, has_quotas, &mut room.of_account)]
        {
            if !is_set {
                continue;
            }
            let Some(quota) = store::lock(&mut cx.tx, whose, &region, &spec).await? else { continue };
            // Counting further than the quota tells nothing more.
            let there = store::count_resources(&mut cx.tx, whose, &region, &spec, quota).await?;
            into.insert((region.clone(), spec.clone()), quota - there);
        }
    }
    Ok(room)
}

fn shelf(line: &Line) -> Shelf {
    (line.region_code.clone(), line.resource_spec_code.clone())
}

fn decide(catalog: &Catalog, mut room: Room, lines: &[Line]) -> Vec<Shortage> {
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let primary = |number: i64| lines.iter().find(|other| other.line_no == number);
        let shelf = shelf(line);
        let is_short =
            |left: &BTreeMap<Shelf, i64>| left.get(&shelf).is_some_and(|left| *left < line.subscription_num);
        let base = line.base_product.as_ref();
        // It counts where it is already.
        let is_there = base.is_some_and(|base| base.resource_spec_code == line.resource_spec_code);
        let auth_result = if !is_sold(catalog, line) {
            AuthResult::Specification
        } else if line.attached_to.and_then(primary).is_some_and(|primary| !is_sold(catalog, primary)) {
            AuthResult::Relation
        } else if is_there {
            continue;
        } else if is_short(&room.of_account) {
            AuthResult::Quota
        } else if is_short(&room.of_all) {
            AuthResult::Capacity
        } else {
            for left in [&mut room.of_account, &mut room.of_all] {
                if let Some(left) = left.get_mut(&shelf) {
                    *left -= line.subscription_num;
                }
            }
            continue;
        };
        found.push(Shortage { line: index, auth_result });
    }
    found
}

/// Whether a line could still be ordered: its product is in the catalogue, on sale in its region.
fn is_sold(catalog: &Catalog, line: &Line) -> bool {
    let product = catalog.find_product_by_id(&line.product_id);
    product.is_some_and(|product| is_offered(product, &line.region_code))
}

fn is_offered(product: &Product, region: &str) -> bool {
    !product.is(Flag::OffSale) && product.regions.iter().any(|own| own == region)
}

/// A quota to be set: of a customer, or the capacity of all.
#[derive(Debug, Clone)]
pub(super) struct Shelved<'a> {
    /// Whose; `None`: of all.
    pub(super) customer: Option<&'a str>,
    /// Region, as the catalogue or with underscores.
    pub(super) region: &'a str,
    /// Specification.
    pub(super) spec: &'a str,
}

/// Sets how many resources of a specification may be in a region. Those that are there stay, whatever their number.
///
/// # Errors
/// A refusal that names the field.
pub(super) async fn set(cx: &mut Cx, named: &Shelved<'_>, quota: i64) -> Result<Quota, ApiError> {
    let catalog = cx.app.catalog.current();
    let Some(region) = catalog.find_region(named.region) else {
        return Err(Refusal::because("region", "is not in the catalogue", "不在产品目录中").into());
    };
    let is_it = |product: &&Product| product.spec == named.spec && product.regions.contains(&region.code);
    if catalog.products.iter().find(is_it).is_none() {
        return Err(Refusal::because(
            "resource_spec",
            format!("is no specification of the catalogue in region {}", region.code),
            format!("在区域 {} 的产品目录中不存在", region.code),
        )
        .into());
    }
    let quota = Quota {
        account: account_of(cx, named.customer).await?,
        region: region.code.clone(),
        spec: named.spec.to_owned(),
        quota,
        updated_at: cx.now,
    };
    store::put(&mut cx.tx, &quota).await?;
    Ok(quota)
}

/// Whose row: a customer's, or everybody's.
async fn account_of(cx: &mut Cx, customer: Option<&str>) -> Result<String, ApiError> {
    let Some(customer) = customer else { return Ok(EVERYBODY.to_owned()) };
    let found: Option<Arc<Account>> = find_account(&cx.app, &mut cx.tx, customer).await?;
    let found = found.filter(|account| account.kind == AccountKind::Customer);
    found.map(|account| account.id.clone()).ok_or_else(|| {
        Refusal::because("customer_id", "is not the id of a customer", "不是客户账号 ID").into()
    })
}

/// A page of the quotas of a customer, or of all with the capacities first, and how many there are.
///
/// # Errors
/// The database's.
pub(super) async fn list(
    cx: &mut Cx,
    customer: Option<&str>,
    offset: i64,
    limit: i64,
) -> Result<(i64, Vec<Quota>), DbError> {
    store::page(&mut cx.tx, customer, offset, limit).await
}

/// Deletes a quota or capacity, so that any number may be there.
///
/// # Errors
/// A refusal where there is none.
pub(super) async fn delete(cx: &mut Cx, named: &Shelved<'_>) -> Result<(), ApiError> {
    let catalog = cx.app.catalog.current();
    // A region that left the catalogue keeps its rows, under the code that it had.
    let region = catalog.find_region(named.region).map_or(named.region, |region| region.code.as_str());
    let account = named.customer.unwrap_or(EVERYBODY);
    if store::delete(&mut cx.tx, account, region, named.spec).await? {
        return Ok(());
    }
    Err(Refusal::because(
        "resource_spec",
        "has no such quota in this region; list the quotas",
        "在该区域没有此配额，请查询配额列表",
    )
    .into())
}
