//! Codes of price inquiries and of costs.

use platform::op::Code;

/// 004 11.9.
pub const COST_MANAGEMENT_INACTIVE: Code = Code::new(
    "CBC.18000014",
    400,
    "Cost management is not enabled for this account. Enable it first.",
    "该账号尚未开通成本管理。请先开通。",
);

/// 004 11.9.
pub const COSTS_HIDDEN_BY_PARTNER: Code = Code::new(
    "CBC.18000016",
    400,
    "The partner of this customer does not let it see its costs. Ask the partner for the right.",
    "伙伴未向该客户开放成本数据。请联系关联的伙伴。",
);

/// 004 11.9.
pub const TOO_MANY_MEMBERS: Code = Code::new(
    "CBC.18000048",
    400,
    "The enterprise has too many independent members for one query. Name one member account.",
    "独立核算成员过多，无法一次查询。请指定一个成员账号。",
);

/// 004 11.9.
pub const COSTS_HIDDEN_BY_MASTER: Code = Code::new(
    "CBC.18000053",
    400,
    "The enterprise master does not let this member see its costs. Ask the master account for the right.",
    "企业主账号未向该成员开放成本数据。请联系企业主账号。",
);

/// 004 11.9; answered by 4.2.3.
pub const RENEWAL_PRICE_OF_ATTACHED_RESOURCE: Code = Code::new(
    "CBC.30050007",
    200,
    "The resource is attached to another one and has no renewal price of its own. Name the primary resource.",
    "该资源附属于其他资源，不能单独询续订价。请指定主资源。",
);

/// 004 11.9; answered by 4.2.3.
pub const RENEWAL_PRICE_PERIOD_INVALID: Code = Code::new(
    "CBC.30050008",
    200,
    "The resource cannot be renewed for this period type or number of periods. Choose another period.",
    "该资源不支持此续订周期类型或周期数。请选择其他周期。",
);

/// 004 11.9; answered by 4.2.3.
pub const RENEWAL_PRICE_RESOURCE_GONE: Code = Code::new(
    "CBC.30050009",
    200,
    "The resource does not exist, or was deleted when it expired. Check the resource ID.",
    "资源不存在，或到期后已被删除。请检查资源ID。",
);

/// 004 11.9; answered by 4.2.3.
pub const RENEWAL_PRICE_UNPAID_ORDER: Code = Code::new(
    "CBC.30050010",
    200,
    "An unpaid order holds this resource. Pay or cancel that order first.",
    "该资源包含在未支付的订单中。请先支付或取消该订单。",
);

/// 004 11.9; answered by 4.2.3.
pub const RENEWAL_PRICE_RESOURCE_CHANGING: Code = Code::new(
    "CBC.30050011",
    200,
    "The resource is being unsubscribed from or changed. Try again when that is finished.",
    "资源正在退订或变更。请在完成后重试。",
);

/// 004 11.9; answered by 4.2.3.
pub const DUPLICATE_RESOURCE_ID: Code = Code::new(
    "CBC.30050012",
    400,
    "A resource ID occurs more than once in the request. Send each ID once.",
    "请求中存在重复的资源ID。每个ID只能出现一次。",
);

/// 004 11.9; answered by 4.2.3.
pub const PRODUCT_NOT_RENEWABLE: Code = Code::new(
    "CBC.30050013",
    200,
    "The product of this resource is not offered for renewal.",
    "该资源对应的产品不支持续订。",
);

/// 004 11.9; answered by 4.2.1, 4.2.2, 4.2.3.
pub const PRODUCT_NOT_FOUND: Code = Code::new(
    "CBC.99006006",
    400,
    "No product on sale matches the request. Check service type, resource type, specification, region and period.",
    "没有符合请求的在售产品。请检查云服务类型、资源类型、规格、区域和周期。",
);

/// 004 11.9; answered by 4.2.3.
pub const COUPON_QUERY_FAILED: Code = Code::new(
    "CBC.99006016",
    400,
    "The coupons of the customer could not be read. Try again later.",
    "无法获取客户的优惠券信息。请稍后重试。",
);

/// 004 11.9; answered by 4.2.3.
pub const CUSTOMER_QUERY_FAILED: Code = Code::new(
    "CBC.99006017",
    400,
    "The details of the customer could not be read. Check the customer ID or try again later.",
    "无法获取客户信息。请检查客户ID或稍后重试。",
);

/// 004 11.9; answered by 4.2.3.
pub const PRODUCT_QUERY_FAILED: Code = Code::new(
    "CBC.99006024",
    400,
    "The details of the product could not be read. Try again later.",
    "无法获取产品信息。请稍后重试。",
);

/// 004 11.9; answered by 4.2.1, 4.2.3.
pub const WRONG_USAGE_UNIT: Code = Code::new(
    "CBC.99006050",
    400,
    "The usage unit cannot be converted into the unit in which this item is priced. Choose a unit of the same measurement type.",
    "使用量单位无法换算为该计费项的计价单位。请选择同一度量类型的单位。",
);

/// 004 11.9; answered by 4.2.1, 4.2.2, 4.2.3.
pub const AMOUNT_OVER_LIMIT: Code = Code::new(
    "CBC.99006055",
    400,
    "The calculated amount is larger than can be shown. Ask for less at once.",
    "计算所得金额超出上限。请减少单次询价的数量。",
);

/// 004 11.9; answered by 4.2.3, 8.4.3.
pub const FEE_QUERY_FAILED: Code = Code::new(
    "CBC.99006066",
    400,
    "The fee could not be calculated. Try again later.",
    "无法计算费用。请稍后重试。",
);

/// 004 11.9; answered by 4.2.3.
pub const PROJECT_NOT_FOUND: Code = Code::new(
    "CBC.99006073",
    400,
    "There is no such project in this account. Check the project ID.",
    "该账号下没有此项目。请检查项目ID。",
);

/// 004 11.9; answered by 4.2.1.
pub const NO_SUCH_BILLING_ITEM: Code = Code::new(
    "CBC.99006074",
    400,
    "The product is not billed by this usage factor. Query the usage types of the resource type.",
    "该产品不按此使用量因子计费。请查询该资源类型的使用量类型。",
);
