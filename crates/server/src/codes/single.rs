//! Codes that the documents answer inside of HTTP 200, one for each of several accounts (004 5.2.2, 5.2.3), as
//! operations on a single account answer them: as the error of the whole request.

use platform::op::Code;

use super::partners;

/// One account, as [`partners::ALREADY_FROZEN_IN_OTHER_SCOPE`].
pub const ALREADY_FROZEN_IN_OTHER_SCOPE: Code = of_one(&partners::ALREADY_FROZEN_IN_OTHER_SCOPE);

/// One account, as [`partners::UNFREEZE_SCOPE_MISMATCH`].
pub const UNFREEZE_SCOPE_MISMATCH: Code = of_one(&partners::UNFREEZE_SCOPE_MISMATCH);

/// Every code of this kind.
pub const ALL: &[&Code] = &[&ALREADY_FROZEN_IN_OTHER_SCOPE, &UNFREEZE_SCOPE_MISMATCH];

const fn of_one(code: &Code) -> Code {
    Code::new(code.code, 400, code.en, code.zh)
}
