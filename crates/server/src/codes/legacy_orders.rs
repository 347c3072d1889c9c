//! Four-digit codes of orders, resources and prices: the older forms that 004 11.9 still lists. Operations
//! of today answer with the long codes; these remain for interfaces that name them.

use platform::op::Code;

/// 004 11.9.
pub const RESOURCE_LOCKED: Code = Code::new(
    "CBC.3002",
    200,
    "The resource is locked by another operation. Try again when it is finished.",
    "资源被其他操作锁定。请在完成后重试。",
);

/// 004 11.9.
pub const SERVICE_TYPE_NOT_SUPPORTED: Code =
    Code::new("CBC.3006", 200, "This cloud service type is not supported here.", "此处不支持该云服务类型。");

/// 004 11.9.
pub const RESOURCE_EXPIRED: Code = Code::new(
    "CBC.3016",
    200,
    "At least one of the resources has expired. Renew it or leave it out.",
    "存在已到期的资源。请续订或从请求中移除。",
);

/// 004 11.9.
pub const ORDER_STATE_CHANGED: Code = Code::new(
    "CBC.3106",
    200,
    "The order is no longer waiting for payment, so it cannot be paid. Query its present state.",
    "订单已不处于待支付状态，不能支付。请查询订单当前状态。",
);

/// 004 11.9.
pub const COUPON_USED: Code = Code::new(
    "CBC.3112",
    200,
    "The coupon or stored-value card is already spent. Choose another one.",
    "优惠券或储值卡已被使用。请选择其他优惠券。",
);

/// 004 11.9.
pub const RESOURCE_ALREADY_UNSUBSCRIBED: Code =
    Code::new("CBC.3124", 200, "The resource has already been unsubscribed from.", "该资源已退订。");

/// 004 11.9.
pub const NO_RENEWAL_TO_UNSUBSCRIBE: Code = Code::new(
    "CBC.3128",
    200,
    "The resource has no renewed period that is still to come, so there is none to unsubscribe from.",
    "该资源没有尚未生效的续订周期，无法退订续订周期。",
);

/// 004 11.9.
pub const RESOURCE_CAPACITY_INSUFFICIENT: Code = Code::new(
    "CBC.3141",
    200,
    "The cloud service has no quota or capacity left, or the specification changed. Choose another specification or region.",
    "云服务配额或容量不足，或规格已变更。请更换规格或区域。",
);

/// 004 11.9.
pub const ORDER_IN_PROGRESS: Code = Code::new(
    "CBC.3144",
    200,
    "Another order for this resource is being carried out. Try again when it is finished.",
    "该资源有其他订单正在处理。请在完成后重试。",
);

/// 004 11.9.
pub const ENTERPRISE_PROJECT_QUOTA_INSUFFICIENT: Code = Code::new(
    "CBC.3155",
    200,
    "The fund quota of the enterprise project does not cover the amount, or the project is not valid.",
    "企业项目资金配额不足或项目无效。请提高配额或更换企业项目。",
);

/// 004 11.9.
pub const ADD_ON_PAYMENT_NOT_MET: Code = Code::new(
    "CBC.3162",
    200,
    "The add-on package is not paid for as it must be. Check the package and the time of payment.",
    "所购加油包不满足支付要求。请检查加油包及支付时间。",
);

/// 004 11.9.
pub const UNSUBSCRIPTION_AS_WHOLE_ONLY: Code = Code::new(
    "CBC.3185",
    200,
    "The cloud service can only be left as a whole. Name all of its resources.",
    "该云服务只能整体退订。请同时指定其全部资源。",
);

/// 004 11.9.
pub const ADD_ON_NOT_RENEWABLE: Code = Code::new(
    "CBC.3638",
    200,
    "A bandwidth add-on package cannot be renewed; buy a new one for another time.",
    "带宽加油包不支持续订。如需其他时段，请重新购买。",
);

/// 004 11.9.
pub const ADD_ON_NOT_UNSUBSCRIBABLE: Code = Code::new(
    "CBC.3640",
    200,
    "A bandwidth add-on package cannot be unsubscribed from.",
    "带宽加油包不支持退订。",
);

/// 004 11.9.
pub const REGIONS_DIFFER: Code = Code::new(
    "CBC.5007",
    200,
    "All products of one request must be in the same region. Send one request for each region.",
    "同一请求中的产品必须属于同一区域。请按区域分别提交。",
);

/// 004 11.9.
pub const RESOURCES_UNSUBSCRIBED: Code = Code::new(
    "CBC.5041",
    200,
    "The resources of this order have been unsubscribed from already.",
    "该订单的资源已退订。",
);

/// 004 11.9.
pub const RESOURCE_NOT_FOUND: Code = Code::new(
    "CBC.5042",
    200,
    "The resource does not exist. Check the resource ID.",
    "资源不存在。请检查资源ID。",
);

/// 004 11.9.
pub const RESOURCE_ID_MISSING: Code = Code::new(
    "CBC.6001",
    200,
    "The resource ID or the instance ID is missing. Send both.",
    "缺少资源ID或资源实例ID。请同时提供。",
);

/// 004 11.9.
pub const PRODUCT_NOT_FOUND: Code = Code::new(
    "CBC.6006",
    200,
    "No product on sale matches the request. Check specification, region and period.",
    "没有符合请求的在售产品。请检查规格、区域和周期。",
);

/// 004 11.9.
pub const AMOUNT_OVER_LIMIT: Code = Code::new(
    "CBC.6055",
    200,
    "The calculated amount is larger than can be shown. Ask for less at once.",
    "计算所得金额超出上限。请减少单次询价的数量。",
);
