//! Error codes and the one error type that an operation can answer with.
//!
//! A code and its HTTP status are the contract (004 11.9); the message is ours and says more: which field,
//! what was wrong, what is allowed, in the language of the request.

use crate::db::DbError;

/// Languages of messages and names (`X-Language`; 004 4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Language {
    /// Simplified Chinese, the documents' default for names.
    ZhCn,
    /// English, our default for error messages.
    EnUs,
}

impl Language {
    /// The language's code as it stands on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::ZhCn => "zh_CN",
            Self::EnUs => "en_US",
        }
    }

    /// Reads `zh_CN`, `en_US` and the hyphenated forms of the ticket documents, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().replace('-', "_").as_str() {
            "zh_cn" => Some(Self::ZhCn),
            "en_us" => Some(Self::EnUs),
            _ => None,
        }
    }
}

/// One error code with its HTTP status and our general message in both languages.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The code on the wire, for example `CBC.0100`.
    pub code: &'static str,
    /// The HTTP status it is answered with.
    pub status: u16,
    /// General message in English.
    pub en: &'static str,
    /// General message in Chinese.
    pub zh: &'static str,
}

impl Code {
    /// Declares a code.
    pub const fn new(code: &'static str, status: u16, en: &'static str, zh: &'static str) -> Self {
        Self { code, status, en, zh }
    }

    /// An error with this code and its general message.
    pub fn error(&'static self) -> ApiError {
        self.because(self.en, self.zh)
    }

    /// An error with this code and a message of its own, in English and Chinese.
    pub fn because(&'static self, en: impl Into<String>, zh: impl Into<String>) -> ApiError {
        ApiError {
            code: self,
            status: self.status,
            en: en.into(),
            zh: zh.into(),
            extra: None,
            source: None,
            is_injected: false,
            retry_after_s: None,
        }
    }
}

/// Codes that the door itself answers, whatever the operation.
pub mod door {
    use super::Code;

    /// A parameter is missing, malformed or out of its range.
    pub const PARAMETER: Code = Code::new("CBC.0100", 400, "A parameter is invalid.", "参数错误。");
    /// A value contradicts an earlier use of the same id or key.
    pub const INVALID: Code =
        Code::new("CBC.0101", 400, "A parameter contradicts what is already known.", "参数无效。");
    /// The caller may not do this.
    pub const DENIED: Code = Code::new(
        "CBC.0151",
        403,
        "Access denied: this account or user has no right to call this operation.",
        "拒绝访问：该账号或用户无权调用此接口。",
    );
    /// The caller may not do this, as the order operations say it.
    pub const DENIED_ON_ORDERS: Code = Code::new(
        "CBC.0155",
        403,
        "Request denied: this account or user has no right to call this order operation.",
        "请求被拒绝：该账号或用户无权调用此订单接口。",
    );
    /// The token is unknown or no longer valid.
    pub const TOKEN: Code =
        Code::new("CBC.0154", 401, "The token is invalid or has expired.", "Token 无效或已过期。");
    /// The signature is missing or wrong.
    pub const SIGNATURE: Code =
        Code::new("APIG.0301", 401, "The request is not authenticated.", "请求未通过认证。");
    /// No such path or method.
    pub const NO_SUCH_API: Code = Code::new("APIG.0101", 404, "There is no such API.", "接口不存在。");
    /// The body is larger than allowed.
    pub const TOO_LARGE: Code = Code::new("APIG.0201", 413, "The request body is too large.", "请求体过大。");
    /// Too many requests.
    pub const THROTTLED: Code = Code::new(
        "CBC.0250",
        429,
        "Too many requests; try again after the time in Retry-After.",
        "请求过于频繁，请在 Retry-After 指定的时间后重试。",
    );
    /// Too many requests, as the gateway says it; answered where the configuration chooses it (`rules.md` 0.5).
    pub const GATEWAY_THROTTLED: Code = Code::new(
        "APIG.0308",
        429,
        "Too many requests; try again after the time in Retry-After.",
        "请求过于频繁，请在 Retry-After 指定的时间后重试。",
    );
    /// A fault of ours.
    pub const INTERNAL: Code = Code::new(
        "CBC.0999",
        500,
        "The server failed to carry out the request; nothing was changed. Try again later.",
        "服务器处理请求失败，未做任何更改，请稍后重试。",
    );

    /// Codes that belong to every operation and are not repeated in its `Spec`.
    pub const COMMON: &[&Code] = &[
        &PARAMETER,
        &DENIED,
        &TOKEN,
        &SIGNATURE,
        &NO_SUCH_API,
        &TOO_LARGE,
        &THROTTLED,
        &GATEWAY_THROTTLED,
        &INTERNAL,
    ];
}

/// What an operation answers when it does not succeed.
#[derive(Debug)]
pub struct ApiError {
    /// The code.
    pub code: &'static Code,
    /// The HTTP status: the code's own, unless an injected fault says otherwise.
    pub status: u16,
    /// Message in English.
    pub en: String,
    /// Message in Chinese.
    pub zh: String,
    /// Further documented fields of the error body, for example `quota_infos`.
    pub extra: Option<Box<serde_json::Map<String, serde_json::Value>>>,
    /// The fault behind an internal error; it is logged and never answered.
    pub source: Option<DbError>,
    /// After how many seconds to try again, with status 429; one where nothing else is said.
    pub retry_after_s: Option<u32>,
    /// Whether the sandbox injected it: then the operation need not declare it.
    pub is_injected: bool,
}

impl ApiError {
    /// The message in `language`.
    pub fn message(&self, language: Language) -> &str {
        match language {
            Language::ZhCn => &self.zh,
            Language::EnUs => &self.en,
        }
    }

    /// Adds a documented field to the error body.
    pub fn with(mut self, field: &str, value: serde_json::Value) -> Self {
        self.extra.get_or_insert_default().insert(field.to_owned(), value);
        self
    }

    /// Whether the whole operation may be tried again (a conflict between transactions).
    pub fn is_retryable(&self) -> bool {
        self.source.as_ref().is_some_and(DbError::is_retryable)
    }
}

impl From<DbError> for ApiError {
    fn from(source: DbError) -> Self {
        Self { source: Some(source), ..door::INTERNAL.error() }
    }
}
