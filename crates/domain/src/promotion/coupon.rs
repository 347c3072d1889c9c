//! Coupons and stored-value cards: what they are worth, and every limit of 004 table 8-5.

use super::ModifierType;
use crate::calendar::Instant;
use crate::money::Charge;
use crate::order::codes;
use crate::quantity::Quantity;

codes! {
    /// What kind of coupon it is (004 8.2.1 `coupon_type`).
    CouponType {
        /// A cash coupon, 301 in payments.
        Cash = 1,
        /// A discount coupon, 300 in payments (China site).
        Discount = 2,
        /// A flexi-purchase coupon, 302 in payments (China site).
        Flexi = 4,
    }
}

impl CouponType {
    /// Under which an order lists what it gave.
    pub fn modifier(self) -> ModifierType {
        match self {
            Self::Cash => ModifierType::CashCoupon,
            Self::Discount => ModifierType::DiscountCoupon,
            Self::Flexi => ModifierType::FlexiCoupon,
        }
    }

    /// The type by which a payment names it (004 table 8-19).
    pub fn pay_type(self) -> i64 {
        self.modifier().code()
    }
}

codes! {
    /// What an order does with a subscription (`subscribeType` of 004 table 8-5): new covers the change from
    /// pay-per-use and from a trial.
    SubscribeType {
        /// A purchase.
        New = 1,
        /// A renewal.
        Renew = 2,
        /// A change of specification.
        Change = 3,
    }
}

impl SubscribeType {
    /// Its name in limits.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Renew => "renew",
            Self::Change => "change",
        }
    }
}

/// What a limit is about (004 table 8-5).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LimitKey {
    /// Least (value1) and most (value2) of the amount that the coupon fits.
    BaseValue,
    /// Allowed service.
    ServiceType,
    /// Denied service; flexi-purchase coupons.
    ServiceTypeBlackList,
    /// Allowed region.
    RegionCode,
    /// Allowed products, separated by commas.
    ProductId,
    /// new, renew or change.
    SubscribeType,
    /// Allowed unit of the term; 0 any term.
    CycleType,
    /// Number of periods.
    CycleNum,
    /// Only the first purchase of a service.
    FirstOrderInService,
    /// How often: 0 without limit.
    UsageTimes,
    /// Only orders for one year.
    IsForAnnualContracts,
    /// Only featured KooGallery products; flexi-purchase coupons.
    IsOnlyForStrictSelected,
    /// Counts towards a partner's rebate; no effect on payment.
    IsRebate,
    /// The least share that a discount may leave.
    MinConsumeDiscount,
    /// 0: not with commercial and partner discounts.
    SimultaneousUseWithEmpowerDiscount,
    /// 0: not with commercial discounts (004 8.3.3).
    SimultaneousUseWithContractDiscount,
    /// 0: not with promotional discounts.
    SimultaneousUseWithPromotionDiscount,
    /// 0: not with promotion products.
    SimultaneousUseWithPromotionProduct,
    /// 0: not with discount coupons.
    SimultaneousUseWithDiscountCoupon,
}

impl LimitKey {
    /// Every key with its name on the wire.
    pub const NAMES: [(&'static str, Self); 19] = [
        ("baseValue", Self::BaseValue),
        ("serviceType", Self::ServiceType),
        ("serviceTypeBlackList", Self::ServiceTypeBlackList),
        ("regionCode", Self::RegionCode),
        ("productId", Self::ProductId),
        ("subscribeType", Self::SubscribeType),
        ("cycleType", Self::CycleType),
        ("cycleNum", Self::CycleNum),
        ("firstOrderInService", Self::FirstOrderInService),
        ("usageTimes", Self::UsageTimes),
        ("isForAnnualContracts", Self::IsForAnnualContracts),
        ("isOnlyForStrictSelected", Self::IsOnlyForStrictSelected),
        ("isRebate", Self::IsRebate),
        ("minConsumeDiscount", Self::MinConsumeDiscount),
        ("simultaneousUseWithEmpowerDiscount", Self::SimultaneousUseWithEmpowerDiscount),
        ("simultaneousUseWithContractDiscount", Self::SimultaneousUseWithContractDiscount),
        ("simultaneousUseWithPromotionDiscount", Self::SimultaneousUseWithPromotionDiscount),
        ("simultaneousUseWithPromotionProduct", Self::SimultaneousUseWithPromotionProduct),
        ("simultaneousUseWithDiscountCoupon", Self::SimultaneousUseWithDiscountCoupon),
    ];

    /// The key of a name on the wire.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(own, _)| *own == name).map(|(_, key)| *key)
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, key)| *key == self);
        found.map_or("", |(name, _)| name)
    }
}

/// One limit of a coupon. An absent key allows (rule 4.5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limit {
    /// What it is about.
    pub key: LimitKey,
    /// Value 1.
    pub value1: String,
    /// Value 2.
    pub value2: Option<String>,
}

/// A coupon as it is when an order wants to use it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Coupon {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: CouponType,
    /// What is left of it; zero on a discount coupon.
    pub balance: Charge,
    /// The share that the customer pays with a discount coupon.
    pub ratio: Option<Quantity>,
    /// How often it has paid.
    pub uses: i64,
    /// What limits it.
    pub limits: Vec<Limit>,
    /// First instant.
    pub valid_from: Instant,
    /// First instant at which it no longer holds.
    pub expires_at: Instant,
    /// It was taken back.
    pub is_withdrawn: bool,
    /// It is frozen.
    pub is_frozen: bool,
    /// The open order that holds it.
    pub lock_order: Option<String>,
}

/// A stored-value card (China site): money bought in advance, 303 in payments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Card {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What is left of it.
    pub balance: Charge,
    /// First instant.
    pub valid_from: Instant,
    /// First instant at which it no longer holds.
    pub expires_at: Instant,
    /// It was taken back.
    pub is_withdrawn: bool,
}

/// Why a coupon or card cannot be spent by anybody (CBC.99003112).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// There is no such coupon or card in this account.
    #[error("it does not exist")]
    Unknown,
    /// It is a coupon or card of another type than the payment says.
    #[error("it is not of the type that the payment names")]
    OtherType,
    /// Nothing is left.
    #[error("it is spent")]
    Spent,
    /// It may pay once, and did, whatever is left of it.
    #[error("it may be used once and was")]
    UsedOnce,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Its time has not begun.
    #[error("it is not valid yet")]
    NotYetValid,
    /// It was taken back.
    #[error("it was withdrawn")]
    Withdrawn,
    /// It is frozen.
    #[error("it is frozen")]
    Frozen,
    /// Another open order holds it.
    #[error("another order holds it")]
    Locked,
    /// It was named twice.
    #[error("it is named twice")]
    NamedTwice,
    /// It is a second one of a kind of which an order uses one.
    #[error("an order uses one of its kind")]
    OnePerOrder(CouponType),
}

/// Why a coupon does not fit an order (CBC.99003108): the limit that admits no line that those before it left.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its limit {} does not admit the order", .key.name())]
pub struct Misfit {
    /// What the limit is about.
    pub key: LimitKey,
    /// Its values, as the coupon has them; none where a discount coupon meets pay-per-use without a limit.
    pub limits: Vec<Limit>,
    /// What the order has of it, each once; for `baseValue` the amount after the discount of the lines that fit.
    pub found: Vec<String>,
}
