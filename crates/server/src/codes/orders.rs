//! Codes of orders and their payment: state, money, coupons, discounts, quotas.

use platform::op::Code;

/// 004 11.9; answered by 8.3.2, 8.3.3.
pub const ORDER_NOT_FOUND: Code = Code::new(
    "CBC.30000010",
    400,
    "There is no such order in this account, or it does not admit this operation. Check the order ID.",
    "该账号下没有此订单，或该订单不允许此操作。请检查订单号。",
);

/// 004 11.9; answered by 8.3.3, 8.4.2.
pub const ACCOUNT_FROZEN: Code = Code::new(
    "CBC.7281",
    400,
    "The account is frozen: buying, paying, renewing and changing are blocked until it is unfrozen.",
    "账号已被冻结，解冻前不能购买、支付、续订或变更。",
);

/// 004 11.9; answered by 8.3.3.
pub const BUDGET_INSUFFICIENT: Code = Code::new(
    "CBC.99000046",
    400,
    "The customer's budget does not cover the amount. Ask the partner to raise it.",
    "客户预算不足以支付该金额。请联系伙伴提高预算。",
);

/// 004 11.9; answered by 8.3.3.
pub const PAYMENT_IN_PROGRESS: Code = Code::new(
    "CBC.99000088",
    400,
    "A payment of this order is already being processed. Do not pay again; query the order for the result.",
    "该订单的支付正在处理中。请勿重复支付，可查询订单了解结果。",
);

/// 004 11.9; answered by 8.3.3, 8.3.4.
pub const COMBINED_ORDER_ONLY: Code = Code::new(
    "CBC.99000089",
    400,
    "The order is part of a combined order. Repeat the operation on the combined order as a whole.",
    "该订单属于组合订单。请对整个组合订单执行操作。",
);

/// 004 11.9; answered by 8.3.3.
pub const ORDER_STATE_CHANGED: Code = Code::new(
    "CBC.99003106",
    400,
    "The order is no longer waiting for payment, so it cannot be paid. Query its present state.",
    "订单已不处于待支付状态，不能支付。请查询订单当前状态。",
);

/// 004 11.9; answered by 8.3.3.
pub const DISCOUNT_NOT_APPLICABLE: Code = Code::new(
    "CBC.99003108",
    400,
    "The chosen discount does not apply to this order. Query the discounts that the order may use.",
    "所选折扣不适用于该订单。请查询订单可用的折扣。",
);

/// 004 11.9; answered by 8.3.3.
pub const PAYMENT_OVERDUE: Code = Code::new(
    "CBC.99003110",
    400,
    "The time to pay this order is over. Place the order again.",
    "订单已超过支付期限。请重新下单。",
);

/// 004 11.9; answered by 8.3.3.
pub const COUPON_USED: Code = Code::new(
    "CBC.99003112",
    400,
    "The coupon or stored-value card is already spent or held by another order. Choose another one.",
    "优惠券或储值卡已被使用或被其他订单占用。请选择其他优惠券。",
);

/// 004 11.9.
pub const TRY_AGAIN_LATER: Code = Code::new(
    "CBC.99003115",
    400,
    "The order could not be handled at this moment. Try again later.",
    "暂时无法处理该订单。请稍后重试。",
);

/// 004 11.9; answered by 8.3.3.
pub const COUPON_EXCLUDES_DISCOUNT: Code = Code::new(
    "CBC.99003116",
    400,
    "The chosen coupon does not allow any discount beside it. Give up one of the two.",
    "所选优惠券不允许与折扣同时使用。请只保留其中一种。",
);

/// 004 11.9; answered by 8.3.3.
pub const DISCOUNT_BELOW_COUPON_MINIMUM: Code = Code::new(
    "CBC.99003117",
    400,
    "The discount is deeper than the coupon permits on an order line. Use the coupon or the discount alone.",
    "订单行的折扣低于优惠券允许的最低折扣率。请单独使用优惠券或折扣。",
);

/// 004 11.9; answered by 8.3.3.
pub const RESOURCE_CAPACITY_INSUFFICIENT: Code = Code::new(
    "CBC.99003141",
    400,
    "The cloud service has no quota or capacity left for this order, or its specification changed. Order again with another specification or region.",
    "云服务配额或容量不足，或规格已变更。请更换规格或区域后重新下单。",
);

/// 004 11.9; answered by 8.3.3.
pub const DISCOUNT_EXCLUDES_CASH_COUPON: Code = Code::new(
    "CBC.99003147",
    400,
    "A discount and a cash coupon cannot pay for the same order. Choose one of them.",
    "折扣与代金券不能用于同一订单。请选择其一。",
);

/// 004 11.9.
pub const DISCOUNTS_NOT_COMBINABLE: Code = Code::new(
    "CBC.99003151",
    400,
    "The chosen discount cannot be combined with the other discounts of the order. Keep only one.",
    "所选折扣不能与该订单的其他折扣叠加。请只保留一个。",
);

/// 004 11.9; answered by 8.3.3.
pub const ENTERPRISE_PROJECT_QUOTA_INSUFFICIENT: Code = Code::new(
    "CBC.99003155",
    400,
    "The fund quota of the enterprise project does not cover the amount, or the project is not valid. Raise the quota or choose another project.",
    "企业项目资金配额不足或项目无效。请提高配额或更换企业项目。",
);

/// 004 11.9; answered by 8.3.3.
pub const MARKETPLACE_COUPON_NOT_COMBINABLE: Code = Code::new(
    "CBC.99003156",
    400,
    "A coupon for marketplace products cannot be used together with a dedicated coupon. Choose one of them.",
    "云市场商品优惠券不能与专用优惠券同时使用。请选择其一。",
);

/// 004 11.9; answered by 8.3.3.
pub const PAYMENT_AFTER_EFFECTIVE_TIME: Code = Code::new(
    "CBC.99003162",
    400,
    "The order had to be paid before the moment at which its resource takes effect. Place the order again.",
    "订单须在资源指定的生效时间之前支付。请重新下单。",
);

/// 004 11.9; answered by 8.3.3.
pub const ORGANIZATION_BUDGET_INSUFFICIENT: Code = Code::new(
    "CBC.99003198",
    400,
    "The budget of the organisation does not cover the amount. Ask its administrator to raise it.",
    "组织预算不足以支付该金额。请联系组织管理员提高预算。",
);

/// 004 11.9; answered by 8.3.3.
pub const INSUFFICIENT_BALANCE: Code = Code::new(
    "CBC.99005003",
    400,
    "The balance of the account does not cover the amount. Top up the account.",
    "账户余额不足以支付该金额。请充值。",
);

/// 004 11.9; answered by 8.3.4.
pub const ORDER_NOT_CANCELABLE: Code = Code::new(
    "CBC.99005010",
    400,
    "Only an order that still waits for payment can be cancelled. Query its present state.",
    "只有待支付的订单可以取消。请查询订单当前状态。",
);

/// 004 11.9; answered by 8.3.5.
pub const NOT_A_REFUND_ORDER: Code = Code::new(
    "CBC.99005026",
    400,
    "There is no unsubscription or downgrade of this ID in the account, so there is no refund to show. Check the order ID.",
    "该账号下没有此订单号的退订或降配订单，没有可查询的退款。请检查订单号。",
);

/// 004 11.9.
pub const PARTNER_NOT_VERIFIED: Code = Code::new(
    "CBC.99005030",
    400,
    "The partner has not completed its own verification. Complete it, then try again.",
    "伙伴尚未完成认证。请完成认证后重试。",
);

/// 004 11.9; answered by 5.1.3.
pub const SANDBOX_ACCOUNT_NOT_ALLOWED: Code = Code::new(
    "CBC.99005035",
    400,
    "A test account may not call this operation. Use a regular account.",
    "测试账号不能调用该接口。请使用正式账号。",
);

/// 004 11.9.
pub const PAYMENT_BY_API_NOT_ALLOWED: Code = Code::new(
    "CBC.99005036",
    400,
    "This customer may not pay through the API. Pay in the console instead.",
    "该客户不支持通过接口支付。请在控制台支付。",
);

/// 004 11.9; answered by 8.3.3.
pub const TAX_RATE_UNAVAILABLE: Code = Code::new(
    "CBC.99006093",
    400,
    "The tax rate for this order could not be determined. Check the tax details of the account and try again.",
    "无法确定该订单的税率。请检查账号的税务信息后重试。",
);

/// 004 11.9; answered by 8.3.3.
pub const TOO_MANY_ATTEMPTS: Code = Code::new(
    "CBC.99008040",
    400,
    "Too many payment attempts in a short time. Wait a while, then try again.",
    "短时间内支付尝试次数过多。请稍后重试。",
);

/// 004 11.9; answered by 8.3.3.
pub const DAILY_TRANSACTIONS_EXCEEDED: Code = Code::new(
    "CBC.99008056",
    400,
    "The account has reached the number of transactions allowed for one day. Continue tomorrow.",
    "账号当日交易次数已达上限。请次日再试。",
);
