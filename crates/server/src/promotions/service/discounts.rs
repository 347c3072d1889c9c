//! Discounts of an account: granted, withdrawn, and looked up by whoever prices something.

use std::sync::Arc;

use domain::calendar::Instant;
use domain::id::hex32;
use domain::promotion::{Discount, DiscountMode, DiscountType, Scope};
use platform::db::{DbError, Tx};
use platform::op::{AccountKind, ApiError, Host, Refusal};

use crate::app::App;
use crate::catalog::model::Catalog;
use crate::identity::service::find_account;
use crate::promotions::cache::Discounts;
use crate::promotions::store::discounts::{self as store, DISCOUNTS_MAX};
use crate::{Cx, codes};

/// A discount with what only its administration shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The discount.
    pub discount: Discount,
    /// When it was granted.
    pub created_at: Instant,
}

/// A discount to be granted.
#[derive(Debug, Clone)]
pub struct NewDiscount {
    /// The customer.
    pub owner: String,
    /// Its kind; every kind but the adjustment of one order.
    pub kind: DiscountType,
    /// How it reduces.
    pub mode: DiscountMode,
    /// Its name; without one it is named by its kind.
    pub name: Option<String>,
    /// What it is for.
    pub scope: Scope,
    /// From when on; without it, now.
    pub valid_from: Option<Instant>,
    /// First instant at which it no longer holds; without it, until it is withdrawn.
    pub expires_at: Option<Instant>,
}

/// Grants a discount. Codes: CBC.0100 naming the field, INVALID_VALUE where the account has too many.
pub async fn grant(cx: &mut Cx, new: NewDiscount) -> Result<Granted, ApiError> {
    check_customer(cx, &new.owner).await?;
    let scope = checked_scope(&cx.app.catalog.current(), new.kind, new.scope)?;
    let valid_from = new.valid_from.unwrap_or(cx.now);
    check_times(cx.now, valid_from, new.expires_at)?;
    let granted = Granted {
        discount: Discount {
            id: hex32(cx.ids.as_mut()),
            name: new.name.unwrap_or_else(|| default_name(new.kind).to_owned()),
            kind: new.kind,
            mode: new.mode,
            scope,
            valid_from,
            expires_at: new.expires_at,
        },
        created_at: cx.now,
    };
    let granted_by = cx.account().to_owned();
    store::insert(&mut cx.tx, &new.owner, &granted, &granted_by).await?;
    changed(cx).await?;
    // Counted after the version is raised, which makes grants follow one another: two cannot both be the last.
    if store::count(&mut cx.tx, &new.owner).await? > DISCOUNTS_MAX {
        return Err(codes::INVALID_VALUE.because(
            format!(
                "customer_id: the account has {DISCOUNTS_MAX} discounts, which is the most; withdraw those that \
                 are no longer needed, expired ones too."
            ),
            format!("customer_id：该账号已有 {DISCOUNTS_MAX} 个折扣，达到上限，请先撤销不再需要的折扣（含已过期的）。"),
        ));
    }
    Ok(granted)
}

/// The discounts of a customer that were not withdrawn, expired ones too, the oldest first. Code: CBC.0100.
pub async fn list_granted(cx: &mut Cx, owner: &str) -> Result<Vec<Granted>, ApiError> {
    check_customer(cx, owner).await?;
    Ok(store::list(&mut cx.tx, owner).await?)
}

/// Takes a discount back, at once; orders that were paid with it keep their price. Code: CBC.0100.
pub async fn withdraw(cx: &mut Cx, id: &str) -> Result<(), ApiError> {
    let owner = store::find_owner(&mut cx.tx, id).await?;
    let is_withdrawn = match &owner {
        Some(owner) => store::withdraw(&mut cx.tx, owner, id, cx.now).await?,
        None => false,
    };
    if !is_withdrawn {
        return Err(Refusal::because(
            "discount_id",
            "is not the id of a discount, or it was withdrawn before",
            "不是有效的折扣 ID，或该折扣已被撤销",
        )
        .into());
    }
    changed(cx).await?;
    Ok(())
}

/// The discounts of an account that were not withdrawn, whether they hold now or not, the oldest first; from memory
/// where nothing changed. At most a bounded number.
pub async fn list_discounts(app: &App, tx: &mut Tx, owner: &str) -> Result<Discounts, DbError> {
    if let Some(known) = app.discounts.find(owner) {
        return Ok(known);
    }
    // The version first: rows that are newer than it only wait to be read again.
    let version = store::version(tx).await?;
    let granted = store::list(tx, owner).await?;
    let discounts: Discounts = Arc::new(granted.into_iter().map(|granted| granted.discount).collect());
    app.discounts.keep(version, tx.is_read_only(), owner, discounts.clone());
    Ok(discounts)
}

/// One of them.
pub async fn find_discount(
    app: &App,
    tx: &mut Tx,
    owner: &str,
    id: &str,
) -> Result<Option<Discount>, DbError> {
    Ok(list_discounts(app, tx, owner).await?.iter().find(|discount| discount.id == id).cloned())
}

/// Marks what memory keeps as outdated, in the transaction of the change; memory is emptied once it is durable.
/// Whoever empties the table (a reset of the sandbox) calls it too.
pub async fn changed(cx: &mut Cx) -> Result<(), DbError> {
    let version = store::raise_version(&mut cx.tx).await?;
    cx.after_commit(move |app| app.discounts.see(version));
    Ok(())
}

/// Learns of changes that other processes committed. A server calls it once a second.
pub async fn refresh(app: &App) -> Result<(), DbError> {
    let mut tx = app.db().begin_read().await?;
    let version = store::version(&mut tx).await?;
    tx.rollback().await;
    app.discounts.see(version);
    Ok(())
}

async fn check_customer(cx: &mut Cx, id: &str) -> Result<(), ApiError> {
    let app = cx.app.clone();
    match find_account(&app, &mut cx.tx, id).await? {
        Some(account) if account.kind == AccountKind::Customer => Ok(()),
        Some(_) => {
            Err(Refusal::because("customer_id", "must be a customer: others do not buy", "必须为客户账号")
                .into())
        }
        None => {
            Err(Refusal::because("customer_id", "is not the id of an account", "不是已有账号的 ID").into())
        }
    }
}

fn check_times(now: Instant, valid_from: Instant, expires_at: Option<Instant>) -> Result<(), Refusal> {
    match expires_at {
        Some(end) if end <= now => {
            Err(Refusal::because("expire_time", "must lie in the future", "必须晚于当前时间"))
        }
        Some(end) if end <= valid_from => {
            Err(Refusal::because("expire_time", "must lie after valid_time", "必须晚于 valid_time"))
        }
        Some(_) | None => Ok(()),
    }
}

/// A scope of which each part is in the catalogue, and which fits something: a discount that can never apply is a
/// mistake that nobody would notice. A region is kept in the catalogue's spelling.
fn checked_scope(catalog: &Catalog, kind: DiscountType, mut scope: Scope) -> Result<Scope, Refusal> {
    let unknown = |name: &str, value: &str| {
        Refusal::because(
            format!("scope.{name}"),
            format!("is {value}, which is not in the catalogue"),
            format!("为 {value}，产品目录中不存在"),
        )
    };
    let outside = |name: &str, value: &str, of: &str| {
        Refusal::because(
            format!("scope.{name}"),
            format!("is {value}, which does not belong to {of}"),
            format!("为 {value}，不属于 {of}"),
        )
    };
    if let Some(code) = &scope.service_type
        && catalog.find_service(code).is_none()
    {
        return Err(unknown("service_type", code));
    }
    if let Some(code) = &scope.resource_type {
        let known = catalog.find_resource_type(code).ok_or_else(|| unknown("resource_type", code))?;
        if let Some(service) = scope.service_type.as_ref().filter(|service| **service != known.service) {
            return Err(outside("resource_type", code, service));
        }
    }
    if let Some(code) = &scope.region {
        scope.region = Some(catalog.find_region(code).ok_or_else(|| unknown("region", code))?.code.clone());
    }
    if let Some(id) = &scope.product_id {
        let known = catalog.find_product_by_id(id).ok_or_else(|| unknown("product_id", id))?;
        if let Some(service) = scope.service_type.as_ref().filter(|service| **service != known.service) {
            return Err(outside("product_id", id, service));
        }
        if let Some(own) = scope.resource_type.as_ref().filter(|own| **own != known.resource_type) {
            return Err(outside("product_id", id, own));
        }
        if let Some(region) = scope.region.as_ref().filter(|region| !known.regions.contains(region)) {
            return Err(outside("product_id", id, region));
        }
    } else if kind == DiscountType::PromotionProduct {
        return Err(Refusal::because(
            "scope.product_id",
            "is required where discount_type is 200: a promotion product is a product",
            "在 discount_type 为 200 时必填：促销产品必须指定产品",
        ));
    }
    Ok(scope)
}

fn default_name(kind: DiscountType) -> &'static str {
    match kind {
        DiscountType::PromotionProduct => "Promotion product",
        DiscountType::Commercial => "Commercial discount",
        DiscountType::ResellerCommercial => "Reseller commercial discount",
        DiscountType::Partner => "Partner discount",
        DiscountType::PriceAdjustment => "Price adjustment",
        DiscountType::Promotion => "Promotional discount",
    }
}
