//! Codes that any operation may answer with: the door (gateway), parameters, rights, limits.

use platform::op::Code;

// The door of the platform answers these before any feature is reached, so they are declared there; here they get
// the names by which features know them.
pub use platform::op::door::{
    DENIED as ACCESS_DENIED, DENIED_ON_ORDERS, GATEWAY_THROTTLED, INTERNAL, INVALID as INVALID_VALUE,
    INVALID as IDEMPOTENCY_CONFLICT, NO_SUCH_API, PARAMETER as INVALID_PARAMETER,
    SIGNATURE as SIGNATURE_INVALID, THROTTLED, TOKEN as TOKEN_INVALID, TOO_LARGE as BODY_TOO_LARGE,
};

/// 004 11.9.
pub const SUCCESS: Code = Code::new("CBC.0000", 200, "The operation succeeded.", "操作成功。");

/// 004 11.9; answered by 5.2.2, 5.2.3, 8.1.1, 8.1.2.
pub const OPERATION_INVALID: Code = Code::new(
    "CBC.0150",
    403,
    "The operation is not possible for this account. Check which kind of account may call it.",
    "该账号不能执行此操作。请确认哪类账号可以调用该接口。",
);

/// 004 11.9.
pub const WRONG_SITE: Code = Code::new(
    "CBC.0156",
    403,
    "The account belongs to another site. Send the request to the site where it was registered.",
    "该账号属于其他站点。请向其注册所在的站点发送请求。",
);
