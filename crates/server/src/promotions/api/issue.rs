//! The own API: coupons and stored-value cards issued, frozen and withdrawn.

use domain::calendar::Instant;
use domain::money::{AmountError, Charge};
use domain::promotion::CouponType;
use domain::site::Site;
use platform::op::wire::Decimal;
use platform::op::{
    ApiError, Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Refusal, Registry, Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::limits::{CouponLimitInput, limits_in, share_in};
use super::{cards, coupons};
use crate::app::App;
use crate::promotions::service::{self, NewCard, NewCoupon, Validity, Worth};
use crate::promotions::store::cards::StoredCard;
use crate::promotions::store::coupons::StoredCoupon;
use crate::{Cx, codes};

/// The most that a coupon or card is worth, in units of the currency.
const FACE_VALUE_MAX: Charge = Charge::cents(100_000_000_000);

/// Adds the operations.
pub(super) fn operations(registry: &mut Registry<App>) {
    registry
        .add::<IssueCoupon>()
        .add::<FreezeCoupon>()
        .add::<UnfreezeCoupon>()
        .add::<WithdrawCoupon>()
        .add::<IssueStoredValueCard>()
        .add::<WithdrawStoredValueCard>();
}

platform::input! {
    /// Body of `IssueCoupon`.
    pub struct IssueCouponInput: strict {
        /// The customer or partner who gets it.
        pub customer_id: String = body("customer_id"),
        /// 1 cash, 2 discount, 4 flexi-purchase; 2 and 4 on the China site only.
        pub coupon_type: i64 = body("coupon_type").one_of(&["1", "2", "4"]).default("1"),
        /// What it is worth in the account's currency: above 0, at most 1000000000, at most two decimals. Of a discount
        /// coupon the share that the customer pays: above 0 and below 1.
        pub face_value: Decimal = body("face_value"),
        /// From when on it can be used (UTC); left out: from now on.
        pub valid_time: Option<Instant> = body("valid_time"),
        /// When it can no longer be used (UTC).
        pub expire_time: Instant = body("expire_time"),
        /// Name of its promotion plan; left out: by its kind.
        pub plan_name: Option<String> = body("plan_name").length(256),
        /// What limits it; left out: nothing.
        pub limits: Option<Vec<CouponLimitInput>> = body("limits").items(0, 50),
    }

    /// Which coupon.
    pub struct CouponInput {
        /// Its id.
        pub coupon_id: String = path("coupon_id"),
    }

    /// Body of `IssueStoredValueCard`.
    pub struct IssueStoredValueCardInput: strict {
        /// The customer or partner who gets it.
        pub customer_id: String = body("customer_id"),
        /// What it is worth in the account's currency: above 0, at most 1000000000, at most two decimals.
        pub face_value: Decimal = body("face_value"),
        /// From when on it can be used (UTC); left out: from now on.
        pub valid_time: Option<Instant> = body("valid_time"),
        /// When it can no longer be used (UTC).
        pub expire_time: Instant = body("expire_time"),
        /// Its name.
        pub name: Option<String> = body("name").length(256),
    }

    /// Which card.
    pub struct StoredValueCardInput {
        /// Its id.
        pub card_id: String = path("card_id"),
    }
}

fn refused<T>(en: &str, zh: &str) -> Result<T, Refusal> {
    Err(Refusal::because("face_value", en, zh))
}

fn money_in(value: &Decimal) -> Result<Charge, Refusal> {
    let too_much = || refused("must be at most 1000000000", "不能大于 1000000000");
    match Charge::parse(&value.0) {
        Ok(amount) if !amount.is_positive() => refused("must be greater than 0", "必须大于 0"),
        Ok(amount) if amount > FACE_VALUE_MAX => too_much(),
        Ok(amount) => Ok(amount),
        Err(AmountError::TooLarge) => too_much(),
        Err(AmountError::TooPrecise) => refused("must have at most two decimals", "最多保留两位小数"),
        Err(AmountError::NotANumber) => {
            refused("must be a decimal number such as 100.50", "必须为数字，例如 100.50")
        }
    }
}

/// The kinds that a site issues.
fn kind_in(site: Site, code: i64) -> Result<CouponType, Refusal> {
    let kind = CouponType::from_code(code).expect("one of the declared codes");
    if kind == CouponType::Cash || site == Site::Cn {
        return Ok(kind);
    }
    Err(Refusal::because(
        "coupon_type",
        "must be 1 on this site: discount coupons (2) and flexi-purchase coupons (4) exist on the China site only",
        "在本站点只能为 1：折扣券（2）和现金券（4）仅中国站支持",
    ))
}

/// A limit as it is kept.
#[derive(Debug, Serialize, JsonSchema)]
struct IssuedLimit {
    /// What it is about.
    limit_key: &'static str,
    /// Value 1.
    value1: String,
    /// Value 2.
    value2: Option<String>,
}

/// A coupon as the operator sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct IssuedCoupon {
    /// Its id.
    coupon_id: String,
    /// Who owns it.
    customer_id: String,
    /// 1 cash, 2 discount, 4 flexi-purchase.
    coupon_type: i64,
    /// 2 to be used, 3 used, 4 expired, 5 withdrawn.
    status: i64,
    /// It is frozen.
    is_frozen: bool,
    /// What it was worth; of a discount coupon the share that the customer pays.
    face_value: String,
    /// What is left.
    balance: String,
    /// Currency of the amounts.
    currency: &'static str,
    /// From when on it can be used (UTC).
    valid_time: String,
    /// When it can no longer be used (UTC).
    expire_time: String,
    /// Its promotion plan.
    promotion_plan_id: String,
    /// Name of the plan.
    plan_name: String,
    /// What limits it.
    limits: Vec<IssuedLimit>,
    /// Who issued it.
    source_id: String,
    /// When it was issued (UTC).
    create_time: String,
}

impl IssuedCoupon {
    fn of(stored: StoredCoupon, now: Instant) -> Self {
        let status = coupons::shown_status(&stored, now);
        let coupon = stored.coupon;
        let limits = coupon.limits.into_iter().map(|limit| IssuedLimit {
            limit_key: limit.key.name(),
            value1: limit.value1,
            value2: limit.value2,
        });
        Self {
            coupon_id: coupon.id,
            customer_id: stored.account,
            coupon_type: coupon.kind.code(),
            status,
            is_frozen: coupon.is_frozen,
            face_value: coupon.ratio.map_or_else(|| stored.face_value.to_string(), |ratio| ratio.to_string()),
            balance: coupon.balance.to_string(),
            currency: stored.currency.code(),
            valid_time: coupon.valid_from.to_wire(),
            expire_time: coupon.expires_at.to_wire(),
            promotion_plan_id: stored.plan_id,
            plan_name: coupon.name,
            limits: limits.collect(),
            source_id: stored.source_id,
            create_time: stored.created_at.to_wire(),
        }
    }

    /// The answer, and what the audit row names.
    fn answer(cx: &mut Cx, stored: StoredCoupon) -> Json<Self> {
        cx.audited = Some((stored.coupon.id.clone(), stored.coupon.name.clone()));
        Json(Self::of(stored, cx.now))
    }
}

/// A card as the operator sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct IssuedCard {
    /// Its id.
    card_id: String,
    /// Who owns it.
    customer_id: String,
    /// Its name.
    name: String,
    /// 1 usable, 2 used up, expired or withdrawn.
    status: i64,
    /// What it was worth.
    face_value: String,
    /// What is left.
    balance: String,
    /// Currency of the amounts.
    currency: &'static str,
    /// From when on it can be used (UTC).
    valid_time: String,
    /// When it can no longer be used (UTC).
    expire_time: String,
    /// When it was issued (UTC).
    create_time: String,
}

impl IssuedCard {
    fn answer(cx: &mut Cx, stored: StoredCard) -> Json<Self> {
        cx.audited = Some((stored.card.id.clone(), stored.card.name.clone()));
        let status = cards::shown_status(&stored, cx.now);
        Json(Self {
            card_id: stored.card.id,
            customer_id: stored.account,
            name: stored.card.name,
            status,
            face_value: stored.face_value.to_string(),
            balance: stored.card.balance.to_string(),
            currency: stored.currency.code(),
            valid_time: stored.card.valid_from.to_wire(),
            expire_time: stored.card.expires_at.to_wire(),
            create_time: stored.created_at.to_wire(),
        })
    }
}

/// What the declarations of these operations share: the operator changes something, and it leaves an audit row.
const fn spec(
    (id, path, about): (&'static str, &'static str, &'static str),
    (sites, success): (Sites, u16),
    audit: Audit,
) -> Spec {
    Spec {
        id,
        method: Method::Post,
        path,
        about,
        sites,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit,
        limit: Limit::PerSecond(10),
        success,
        errors: &[&codes::INVALID_VALUE],
        is_secret: false,
        doc: "own API",
    }
}

/// `POST /openbss/v1/coupons`.
pub(super) struct IssueCoupon;

impl Operation<App> for IssueCoupon {
    type Input = IssueCouponInput;
    type Output = Json<IssuedCoupon>;
    type Error = ApiError;
    const SPEC: Spec = spec(
        ("IssueCoupon", "/openbss/v1/coupons", "Issues a coupon to a customer or partner."),
        (Sites::All, 201),
        Audit::Event("coupon", "issueCoupon"),
    );

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let kind = kind_in(cx.site, input.coupon_type)?;
        let worth = match kind {
            CouponType::Cash | CouponType::Flexi => Worth::Money(money_in(&input.face_value)?),
            CouponType::Discount => {
                let share = share_in(&input.face_value.0);
                Worth::Share(share.map_err(|(en, zh)| Refusal::because("face_value", en, zh))?)
            }
        };
        let new = NewCoupon {
            owner: input.customer_id,
            kind,
            worth,
            validity: Validity { from: input.valid_time, until: input.expire_time },
            name: input.plan_name,
            limits: limits_in(kind, input.limits.unwrap_or_default())?,
        };
        let issued = service::issue(cx, new).await?;
        Ok(IssuedCoupon::answer(cx, issued))
    }
}

/// `POST /openbss/v1/coupons/{coupon_id}/freeze`.
pub(super) struct FreezeCoupon;

impl Operation<App> for FreezeCoupon {
    type Input = CouponInput;
    type Output = Json<IssuedCoupon>;
    type Error = ApiError;
    const SPEC: Spec = spec(
        (
            "FreezeCoupon",
            "/openbss/v1/coupons/{coupon_id}/freeze",
            "Freezes a coupon, which then pays nothing.",
        ),
        (Sites::All, 200),
        Audit::Event("coupon", "freezeCoupon"),
    );

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let frozen = service::set_frozen(cx, &input.coupon_id, true).await?;
        Ok(IssuedCoupon::answer(cx, frozen))
    }
}

/// `POST /openbss/v1/coupons/{coupon_id}/unfreeze`.
pub(super) struct UnfreezeCoupon;

impl Operation<App> for UnfreezeCoupon {
    type Input = CouponInput;
    type Output = Json<IssuedCoupon>;
    type Error = ApiError;
    const SPEC: Spec = spec(
        ("UnfreezeCoupon", "/openbss/v1/coupons/{coupon_id}/unfreeze", "Lets a frozen coupon be used again."),
        (Sites::All, 200),
        Audit::Event("coupon", "unfreezeCoupon"),
    );

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let thawed = service::set_frozen(cx, &input.coupon_id, false).await?;
        Ok(IssuedCoupon::answer(cx, thawed))
    }
}

/// `POST /openbss/v1/coupons/{coupon_id}/withdraw`.
pub(super) struct WithdrawCoupon;

impl Operation<App> for WithdrawCoupon {
    type Input = CouponInput;
    type Output = Json<IssuedCoupon>;
    type Error = ApiError;
    const SPEC: Spec = spec(
        (
            "WithdrawCoupon",
            "/openbss/v1/coupons/{coupon_id}/withdraw",
            "Takes back what is left of a coupon; what it paid stays paid.",
        ),
        (Sites::All, 200),
        Audit::Event("coupon", "withdrawCoupon"),
    );

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let withdrawn = service::withdraw_coupon(cx, &input.coupon_id).await?;
        Ok(IssuedCoupon::answer(cx, withdrawn))
    }
}

/// `POST /openbss/v1/stored-value-cards`.
pub(super) struct IssueStoredValueCard;

impl Operation<App> for IssueStoredValueCard {
    type Input = IssueStoredValueCardInput;
    type Output = Json<IssuedCard>;
    type Error = ApiError;
    const SPEC: Spec = spec(
        (
            "IssueStoredValueCard",
            "/openbss/v1/stored-value-cards",
            "Issues a stored-value card to a customer or partner.",
        ),
        (Sites::Cn, 201),
        Audit::Event("storedValueCard", "issueStoredValueCard"),
    );

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let new = NewCard {
            owner: input.customer_id,
            face_value: money_in(&input.face_value)?,
            validity: Validity { from: input.valid_time, until: input.expire_time },
            name: input.name,
        };
        let issued = service::issue_card(cx, new).await?;
        Ok(IssuedCard::answer(cx, issued))
    }
}

/// `POST /openbss/v1/stored-value-cards/{card_id}/withdraw`.
pub(super) struct WithdrawStoredValueCard;

impl Operation<App> for WithdrawStoredValueCard {
    type Input = StoredValueCardInput;
    type Output = Json<IssuedCard>;
    type Error = ApiError;
    const SPEC: Spec = spec(
        (
            "WithdrawStoredValueCard",
            "/openbss/v1/stored-value-cards/{card_id}/withdraw",
            "Takes back what is left of a stored-value card; what it paid stays paid.",
        ),
        (Sites::Cn, 200),
        Audit::Event("storedValueCard", "withdrawStoredValueCard"),
    );

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let withdrawn = service::withdraw_card(cx, &input.card_id).await?;
        Ok(IssuedCard::answer(cx, withdrawn))
    }
}
