//! What a choice of discount, coupons and cards is refused with (004 8.3.3), in words that name the cause alone.

use domain::promotion::{
    CouponType, DiscountType, Inapplicable, Limit, LimitKey, Misfit, PlanError, Unusable,
};
use platform::op::{ApiError, Code};

use crate::codes;

/// A cause in English and Chinese.
type Said = (String, String);

fn said(en: &str, zh: &str) -> Said {
    (en.to_owned(), zh.to_owned())
}

/// The refusal of a choice.
pub(super) fn refused(error: &PlanError) -> ApiError {
    match error {
        PlanError::DiscountMisfit(id, why) => {
            of_discount(&codes::DISCOUNT_NOT_APPLICABLE, id, inapplicable(*why))
        }
        PlanError::CouponMisfit(id, why) => of_coupon(&codes::DISCOUNT_NOT_APPLICABLE, id, misfit(why)),
        PlanError::Unusable(id, why) => of_coupon(&codes::COUPON_USED, id, unusable(*why)),
        PlanError::CouponExcludesDiscount(id, key, kind) => {
            of_coupon(&codes::COUPON_EXCLUDES_DISCOUNT, id, excludes(*key, *kind))
        }
        PlanError::CouponExcludesPromotion(id, key) => {
            of_coupon(&codes::DISCOUNT_EXCLUDES_CASH_COUPON, id, excludes_promotion(*key))
        }
        PlanError::BelowMinimum(id) => {
            let code = &codes::DISCOUNT_BELOW_COUPON_MINIMUM;
            let why = said(
                "the discount leaves less than the coupon's minConsumeDiscount of the list price of every line",
                "折扣后各产品的价格占官网价的比例均低于该优惠券的 minConsumeDiscount",
            );
            of_coupon(code, id, why)
        }
        PlanError::MarketplaceMix(id) => {
            let code = &codes::MARKETPLACE_COUPON_NOT_COMBINABLE;
            let why = said(
                "it is for KooGallery products alone, and goes with no other coupon",
                "仅用于云商店商品，不能与其他优惠券同时使用",
            );
            of_coupon(code, id, why)
        }
        PlanError::TooLarge => codes::AMOUNT_OVER_LIMIT.error(),
    }
}

/// The refusal of a discount beside a price adjustment (SDK, type of `DiscountSimpleInfo`).
pub(super) fn beside_adjustment(id: &str, adjustment: &str) -> ApiError {
    let why = (
        format!(
            "an order with a price adjustment (609) is paid with it and with no other discount; name {adjustment} of \
             type 609, or none"
        ),
        format!(
            "订单已调价（609），支付时必须使用调价折扣，不能更换；请指定类型为 609 的折扣 {adjustment}，或不指定折扣"
        ),
    );
    of_discount(&codes::DISCOUNT_NOT_APPLICABLE, id, why)
}

fn of_discount(code: &'static Code, id: &str, (en, zh): Said) -> ApiError {
    code.because(format!("Discount {id}: {en}."), format!("折扣 {id}：{zh}。"))
}

fn of_coupon(code: &'static Code, id: &str, (en, zh): Said) -> ApiError {
    code.because(format!("Coupon or card {id}: {en}."), format!("优惠券或储值卡 {id}：{zh}。"))
}

fn inapplicable(why: Inapplicable) -> Said {
    match why {
        Inapplicable::Unknown => said("the account that pays has no such discount", "支付账户没有该折扣"),
        Inapplicable::NotNow => {
            said("it is not valid now: it begins later or has ended", "当前不在该折扣的有效期内")
        }
        Inapplicable::OtherType => said(
            "it is of another type than discount_infos names (0 promotion, 2 commercial, 3 granted by a partner, 609 price adjustment)",
            "与 discount_infos 中的 type 不符（0 促销折扣，2 商务折扣，3 伙伴授予折扣，609 订单调价折扣）",
        ),
        Inapplicable::OtherProducts => said(
            "it is not for the products of this order, or does not make them cheaper",
            "不适用于该订单的产品，或不会降低其价格",
        ),
    }
}

fn unusable(why: Unusable) -> Said {
    match why {
        Unusable::Unknown => {
            said("the account that pays has no such coupon or card", "支付账户没有该优惠券或储值卡")
        }
        Unusable::OtherType => said(
            "it is of another type than coupon_infos names (300 discount coupon, 301 cash coupon, \
             302 flexi-purchase coupon, 303 stored-value card)",
            "与 coupon_infos 中的 type 不符（300 折扣券，301 代金券，302 现金券，303 储值卡）",
        ),
        Unusable::Spent => said("nothing is left of it", "已用完"),
        Unusable::UsedOnce => said("it may be used once and was", "只能使用一次，且已使用"),
        Unusable::Expired => said("it has expired", "已过期"),
        Unusable::NotYetValid => said("it is not valid yet", "尚未生效"),
        Unusable::Withdrawn => said("it was withdrawn", "已被收回"),
        Unusable::Frozen => said("it is frozen", "已被冻结"),
        Unusable::Locked => said(
            "another order that waits for payment holds it; pay or cancel that order first",
            "已被其他待支付订单占用，请先支付或取消该订单",
        ),
        Unusable::NamedTwice => said("it is named twice", "被重复指定"),
        Unusable::OnePerOrder(CouponType::Discount) => {
            said("at most one discount coupon pays an order", "每个订单最多使用一张折扣券")
        }
        Unusable::OnePerOrder(CouponType::Cash | CouponType::Flexi) => {
            said("at most one cash coupon pays an order", "每个订单最多使用一张代金券")
        }
    }
}

/// The limit, its values, and what they were compared with.
fn misfit(why: &Misfit) -> Said {
    let (key, found) = (why.key.name(), why.found.join(", "));
    let values = why.limits.iter().map(|limit| limit.value1.as_str()).collect::<Vec<_>>().join(", ");
    let only = |en: &str, zh: &str| {
        (format!("its limit {key} is {values}: {en}"), format!("其限制 {key} 为 {values}：{zh}"))
    };
    match why.key {
        LimitKey::BaseValue => {
            let (ranges, ranges_zh): (Vec<String>, Vec<String>) = why.limits.iter().map(range).unzip();
            let (ranges, ranges_zh) = (ranges.join(" or "), ranges_zh.join(" 或 "));
            (
                format!(
                    "its limit {key} is {ranges}, and the lines that it fits cost {found} after the discount"
                ),
                format!("其限制 {key} 为{ranges_zh}，而其适用的产品折后金额为 {found}"),
            )
        }
        LimitKey::CycleType if why.limits.is_empty() => {
            said("a discount coupon is for yearly/monthly orders only", "折扣券仅适用于包年/包月订单")
        }
        LimitKey::CycleType => (
            format!(
                "its limit {key} is {values}, and the order has {found} (0 any term, 1 year, 2 month, 3 day, 4 hour, \
                 5 pay-per-use)"
            ),
            format!(
                "其限制 {key} 为 {values}，而订单为 {found}（0 任意周期，1 年，2 月，3 天，4 小时，5 按需）"
            ),
        ),
        LimitKey::ServiceTypeBlackList => (
            format!("its limit {key} denies {values}, and the order has {found}"),
            format!("其限制 {key} 禁用 {values}，而订单为 {found}"),
        ),
        LimitKey::FirstOrderInService => {
            only("it is for the first purchase of a service only", "仅适用于首次购买的云服务")
        }
        LimitKey::IsForAnnualContracts => only("it is for terms of one year only", "仅适用于一年期订单"),
        LimitKey::IsOnlyForStrictSelected => {
            only("it is for featured KooGallery products only", "仅适用于云商店严选商品")
        }
        LimitKey::ServiceType
        | LimitKey::RegionCode
        | LimitKey::ProductId
        | LimitKey::SubscribeType
        | LimitKey::CycleNum => (
            format!("its limit {key} is {values}, and the order has {found}"),
            format!("其限制 {key} 为 {values}，而订单为 {found}"),
        ),
        // These admit every order while their values can be read.
        LimitKey::UsageTimes
        | LimitKey::IsRebate
        | LimitKey::MinConsumeDiscount
        | LimitKey::SimultaneousUseWithEmpowerDiscount
        | LimitKey::SimultaneousUseWithContractDiscount
        | LimitKey::SimultaneousUseWithPromotionDiscount
        | LimitKey::SimultaneousUseWithPromotionProduct
        | LimitKey::SimultaneousUseWithDiscountCoupon => only("that cannot be read", "无法识别"),
    }
}

fn range(limit: &Limit) -> Said {
    let (least, most) = (limit.value1.as_str(), limit.value2.as_deref().unwrap_or_default());
    match (least.is_empty(), most.is_empty()) {
        (false, false) => (format!("from {least} to {most}"), format!(" {least} 到 {most}")),
        (false, true) => (format!("at least {least}"), format!("不低于 {least}")),
        (true, false) => (format!("at most {most}"), format!("不高于 {most}")),
        (true, true) => said("any amount", "任意金额"),
    }
}

fn excludes(key: LimitKey, kind: DiscountType) -> Said {
    let (key, code) = (key.name(), kind.code());
    let (en, zh) = match kind {
        DiscountType::Partner => ("discounts granted by a partner", "伙伴授予折扣"),
        _ => ("commercial discounts", "商务折扣"),
    };
    (
        format!(
            "its limit {key} is 0, which excludes {en}; the discount is of type {code}. Use one of the two"
        ),
        format!("其限制 {key} 为 0，不能与{zh}同时使用；所选折扣的类型为 {code}，请只保留其中一种"),
    )
}

fn excludes_promotion(key: LimitKey) -> Said {
    let (en, zh) = match key {
        LimitKey::SimultaneousUseWithPromotionProduct => {
            ("promotion products (discount type 200)", "促销产品（折扣类型 200）")
        }
        LimitKey::SimultaneousUseWithDiscountCoupon => ("discount coupons", "折扣券"),
        _ => ("promotional discounts (discount type 700)", "促销折扣（折扣类型 700）"),
    };
    let key = key.name();
    (
        format!("its limit {key} is 0, which excludes {en}. Use one of the two"),
        format!("其限制 {key} 为 0，不能与{zh}同时使用，请只保留其中一种"),
    )
}
