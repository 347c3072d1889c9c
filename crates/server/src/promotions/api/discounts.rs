//! The own API: discounts granted to customers.

use domain::calendar::{Instant, PeriodType};
use domain::money::{AmountError, Charge, Price};
use domain::promotion::{Discount, DiscountMode, DiscountType, Scope};
use domain::quantity::{Quantity, QuantityError};
use platform::op::wire::Decimal;
use platform::op::{
    ApiError, Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Refusal, Registry, Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::App;
use crate::promotions::service::{self, Granted, NewDiscount};
use crate::promotions::store::discounts::written;
use crate::{Cx, codes};

/// Adds the operations.
pub(super) fn operations(registry: &mut Registry<App>) {
    registry.add::<GrantDiscount>().add::<ListGrantedDiscounts>().add::<WithdrawDiscount>();
}

platform::input! {
    /// What a discount is for: every part that is left out fits everything.
    pub struct DiscountScopeInput: strict {
        /// Service code.
        pub service_type: Option<String> = body("service_type").length(400),
        /// Resource type code.
        pub resource_type: Option<String> = body("resource_type").length(400),
        /// Product id.
        pub product_id: Option<String> = body("product_id"),
        /// Region code.
        pub region: Option<String> = body("region"),
        /// 0 day, 2 month, 3 year, 4 hour: the unit of the term that is ordered, or the one in which the catalogue
        /// prices that term, so that 2 fits the year of a product that only months are priced of; never pay-per-use.
        pub period_type: Option<i64> = body("period_type").one_of(&["0", "2", "3", "4"]),
    }

    /// Body of `GrantDiscount`.
    pub struct GrantDiscountInput: strict {
        /// 605, 606: commercial; 607: by a partner; 700: promotion; 200: promotion product, with scope.product_id.
        pub discount_type: i64 = body("discount_type").one_of(&["200", "605", "606", "607", "700"]),
        /// The customer whose purchases it reduces.
        pub customer_id: String = body("customer_id"),
        /// `ratio`: the share that the customer pays; `fixed_price`: what one period of the unit that is ordered (a
        /// month of a monthly order, a year of a yearly one; scope it by period_type), or one unit of usage, of one
        /// subscription and one unit of size costs instead; `amount_off`: so much less for an order, not for
        /// pay-per-use.
        pub mode: String = body("mode").one_of(&["ratio", "fixed_price", "amount_off"]),
        /// Ratio: above 0 and below 1, at most 10 decimals; fixed price: at least 0, at most 10 decimals; amount off:
        /// above 0, at most two decimals.
        pub value: Decimal = body("value"),
        /// Name; left out: by its type.
        pub name: Option<String> = body("name").length(256),
        /// What it is for; left out: everything.
        pub scope: Option<DiscountScopeInput> = body("scope"),
        /// From when on it holds (UTC); left out: from now on.
        pub valid_time: Option<Instant> = body("valid_time"),
        /// When it no longer holds (UTC); left out: never, until it is withdrawn.
        pub expire_time: Option<Instant> = body("expire_time"),
    }

    /// Whose discounts are listed.
    pub struct ListGrantedDiscountsInput {
        /// The customer.
        pub customer_id: String = query("customer_id"),
    }

    /// Which discount is withdrawn.
    pub struct WithdrawDiscountInput {
        /// Its id.
        pub discount_id: String = path("discount_id"),
    }
}

/// What a discount is for.
#[derive(Debug, Serialize, JsonSchema)]
struct DiscountScope {
    /// Service code.
    service_type: Option<String>,
    /// Resource type code.
    resource_type: Option<String>,
    /// Product id.
    product_id: Option<String>,
    /// Region code.
    region: Option<String>,
    /// Unit in which the product is priced.
    period_type: Option<i64>,
}

/// A discount.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GrantedDiscount {
    /// Its id.
    discount_id: String,
    /// The customer.
    customer_id: String,
    /// 200, 605, 606, 607 or 700.
    discount_type: i64,
    /// `ratio`, `fixed_price` or `amount_off`.
    mode: &'static str,
    /// Decimal digits.
    value: String,
    /// Name.
    name: String,
    /// What it is for.
    scope: DiscountScope,
    /// From when on it holds.
    valid_time: String,
    /// When it no longer holds.
    expire_time: Option<String>,
    /// When it was granted.
    create_time: String,
}

impl GrantedDiscount {
    fn of(owner: &str, granted: Granted) -> Self {
        let Granted {
            discount: Discount { id, name, kind, mode, scope, valid_from, expires_at },
            created_at,
        } = granted;
        let (mode, value) = written(mode);
        Self {
            discount_id: id,
            customer_id: owner.to_owned(),
            discount_type: kind.code(),
            mode,
            value,
            name,
            scope: DiscountScope {
                service_type: scope.service_type,
                resource_type: scope.resource_type,
                product_id: scope.product_id,
                region: scope.region,
                period_type: scope.period_type.map(PeriodType::code),
            },
            valid_time: valid_from.to_wire(),
            expire_time: expires_at.map(Instant::to_wire),
            create_time: created_at.to_wire(),
        }
    }
}

/// The discounts of a customer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GrantedDiscounts {
    /// How many.
    total_count: usize,
    /// The oldest first.
    discounts: Vec<GrantedDiscount>,
}

/// `POST /openbss/v1/discounts`.
pub(super) struct GrantDiscount;

impl Operation<App> for GrantDiscount {
    type Input = GrantDiscountInput;
    type Output = Json<GrantedDiscount>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "GrantDiscount",
        method: Method::Post,
        path: "/openbss/v1/discounts",
        about: "Grants a customer a commercial, partner or promotional discount.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("discount", "grantDiscount"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: &[&codes::INVALID_VALUE],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let owner = input.customer_id;
        let new = NewDiscount {
            owner: owner.clone(),
            kind: DiscountType::from_code(input.discount_type).expect("one of the declared codes"),
            mode: mode_in(&input.mode, &input.value)?,
            name: input.name,
            scope: scope_in(input.scope),
            valid_from: input.valid_time,
            expires_at: input.expire_time,
        };
        let granted = service::grant(cx, new).await?;
        cx.audited = Some((granted.discount.id.clone(), granted.discount.name.clone()));
        Ok(Json(GrantedDiscount::of(&owner, granted)))
    }
}

/// `GET /openbss/v1/discounts`.
pub(super) struct ListGrantedDiscounts;

impl Operation<App> for ListGrantedDiscounts {
    type Input = ListGrantedDiscountsInput;
    type Output = Json<GrantedDiscounts>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListGrantedDiscounts",
        method: Method::Get,
        path: "/openbss/v1/discounts",
        about: "Lists the discounts of a customer that were not withdrawn.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let owner = input.customer_id;
        let granted = service::list_granted(cx, &owner).await?;
        let discounts: Vec<_> =
            granted.into_iter().map(|granted| GrantedDiscount::of(&owner, granted)).collect();
        Ok(Json(GrantedDiscounts { total_count: discounts.len(), discounts }))
    }
}

/// `DELETE /openbss/v1/discounts/{discount_id}`.
pub(super) struct WithdrawDiscount;

impl Operation<App> for WithdrawDiscount {
    type Input = WithdrawDiscountInput;
    type Output = ();
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "WithdrawDiscount",
        method: Method::Delete,
        path: "/openbss/v1/discounts/{discount_id}",
        about: "Withdraws a discount; what was paid with it keeps its price.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("discount", "withdrawDiscount"),
        limit: Limit::PerSecond(10),
        success: 204,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<(), ApiError> {
        cx.audited = Some((input.discount_id.clone(), input.discount_id.clone()));
        service::withdraw(cx, &input.discount_id).await
    }
}

fn scope_in(scope: Option<DiscountScopeInput>) -> Scope {
    let Some(scope) = scope else {
        return Scope {
            service_type: None,
            resource_type: None,
            product_id: None,
            region: None,
            period_type: None,
        };
    };
    Scope {
        service_type: scope.service_type,
        resource_type: scope.resource_type,
        product_id: scope.product_id,
        region: scope.region,
        period_type: scope.period_type.and_then(PeriodType::from_code),
    }
}

fn mode_in(mode: &str, value: &Decimal) -> Result<DiscountMode, Refusal> {
    match mode {
        "ratio" => ratio_in(value).map(DiscountMode::Ratio),
        "fixed_price" => fixed_price_in(value).map(DiscountMode::FixedPrice),
        // The declaration allows no fourth.
        _ => amount_off_in(value).map(DiscountMode::AmountOff),
    }
}

fn refused<T>(en: &str, zh: &str) -> Result<T, Refusal> {
    Err(Refusal::because("value", en, zh))
}

fn ratio_in(value: &Decimal) -> Result<Quantity, Refusal> {
    let out_of_range = || {
        refused(
            "must be above 0 and below 1 where mode is ratio: 0.9 means that the customer pays 90 %",
            "在 mode 为 ratio 时必须大于 0 且小于 1：0.9 表示客户支付 90%",
        )
    };
    let one = Quantity::from_int(1).expect("one is a quantity");
    match Quantity::parse(&value.0) {
        Ok(ratio) if !ratio.is_zero() && ratio < one => Ok(ratio),
        Ok(_) | Err(QuantityError::Negative | QuantityError::TooLarge) => out_of_range(),
        Err(QuantityError::TooPrecise) => refused("must have at most 10 decimals", "最多 10 位小数"),
        Err(QuantityError::NotANumber) => refused("must be a decimal number", "必须为十进制数"),
    }
}

fn fixed_price_in(value: &Decimal) -> Result<Price, Refusal> {
    match Price::parse(&value.0) {
        Ok(price) if price.is_negative() => refused("must be at least 0", "不能小于 0"),
        Ok(price) => Ok(price),
        Err(AmountError::TooPrecise) => refused("must have at most 10 decimals", "最多 10 位小数"),
        Err(AmountError::TooLarge) => refused("is too large", "过大"),
        Err(AmountError::NotANumber) => refused("must be a decimal number", "必须为十进制数"),
    }
}

fn amount_off_in(value: &Decimal) -> Result<Charge, Refusal> {
    match Charge::parse(&value.0) {
        Ok(amount) if !amount.is_positive() => refused("must be above 0", "必须大于 0"),
        Ok(amount) => Ok(amount),
        Err(AmountError::TooPrecise) => refused("must have at most two decimals", "最多保留两位小数"),
        Err(AmountError::TooLarge) => refused("is too large", "过大"),
        Err(AmountError::NotANumber) => refused("must be a decimal number", "必须为十进制数"),
    }
}
