//! Injected faults: what to answer, and how often, instead of running an operation.

use std::collections::HashSet;
use std::sync::OnceLock;

use platform::op::{Code, Fault, InjectedError, Refusal, door};

use crate::app::registry;
use crate::codes;

/// A fault as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFault {
    /// Id of the operation.
    pub operation: String,
    /// How many calls it hits.
    pub times: i64,
    /// HTTP status, where it differs from the code's own.
    pub status: Option<i64>,
    /// A code of the registry.
    pub error_code: Option<String>,
    /// How long each call waits first.
    pub latency_ms: Option<i64>,
}

/// A fault that is still to come.
#[derive(Debug, Clone)]
pub struct ActiveFault {
    /// Id of the operation.
    pub operation: String,
    /// How many more calls it hits.
    pub left: i64,
    /// What each of them meets.
    pub fault: Fault,
}

/// Every id of an operation.
fn operations() -> &'static HashSet<&'static str> {
    static IDS: OnceLock<HashSet<&'static str>> = OnceLock::new();
    IDS.get_or_init(|| registry(true).entries().iter().map(|entry| entry.spec.id).collect())
}

impl NewFault {
    /// Checks it against the operations and codes of this server. A fault that says neither what to answer nor how
    /// long to wait is an internal error; one with a latency only waits.
    ///
    /// # Errors
    /// Names the field that names nothing.
    pub fn check(self) -> Result<ActiveFault, Refusal> {
        if !operations().contains(self.operation.as_str()) {
            return Err(Refusal::because(
                "operation",
                format!("names no operation: {}; see operationId in /openapi.json", self.operation),
                format!("不存在的接口：{}，请参见 /openapi.json 中的 operationId", self.operation),
            ));
        }
        let code = match &self.error_code {
            None => None,
            Some(text) => Some(find_code(text)?),
        };
        let only_waits = code.is_none() && self.status.is_none() && self.latency_ms.is_some();
        let error = if only_waits {
            None
        } else {
            let code: &'static Code = code.unwrap_or(&door::INTERNAL);
            let status = self.status.and_then(|status| u16::try_from(status).ok()).unwrap_or(code.status);
            Some(InjectedError { code, status })
        };
        let latency_ms = self.latency_ms.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0);
        Ok(ActiveFault { operation: self.operation, left: self.times, fault: Fault { error, latency_ms } })
    }
}

fn find_code(text: &str) -> Result<&'static Code, Refusal> {
    let known = codes::ALL.iter().copied().find(|code| code.code == text);
    known.ok_or_else(|| {
        Refusal::because(
            "error_code",
            format!("is no code of this server: {text}; give one of 004 11.9, for example CBC.0999"),
            format!("不是本服务的错误码：{text}，例如 CBC.0999"),
        )
    })
}

/// Takes the next fault of an operation, the oldest first.
pub fn take(faults: &mut Vec<ActiveFault>, operation: &str) -> Option<Fault> {
    let at = faults.iter().position(|fault| fault.operation == operation)?;
    let found = faults.get_mut(at)?;
    found.left -= 1;
    let fault = found.fault.clone();
    if found.left <= 0 {
        faults.remove(at);
    }
    Some(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(operation: &str) -> NewFault {
        NewFault {
            operation: operation.to_owned(),
            times: 1,
            status: None,
            error_code: None,
            latency_ms: None,
        }
    }

    #[test]
    fn a_fault_hits_as_many_calls_as_it_says_and_only_its_operation() {
        let mut faults = vec![NewFault { times: 2, ..new("ShowHealth") }.check().unwrap()];
        assert!(take(&mut faults, "ShowReadiness").is_none());
        assert!(take(&mut faults, "ShowHealth").is_some());
        assert!(take(&mut faults, "ShowHealth").is_some());
        assert!(take(&mut faults, "ShowHealth").is_none());
        assert!(faults.is_empty());
    }

    #[test]
    fn a_latency_alone_only_waits_and_nothing_at_all_is_an_internal_error() {
        let waits = NewFault { latency_ms: Some(5), ..new("ShowHealth") }.check().unwrap().fault;
        assert!(waits.error.is_none() && waits.latency_ms == 5);
        let fails = new("ShowHealth").check().unwrap().fault.error.unwrap();
        assert_eq!((fails.code.code, fails.status), ("CBC.0999", 500));
        let told = NewFault { status: Some(503), error_code: Some("CBC.0250".into()), ..new("ShowHealth") };
        let told = told.check().unwrap().fault.error.unwrap();
        assert_eq!((told.code.code, told.status), ("CBC.0250", 503));
    }

    #[test]
    fn what_names_nothing_is_refused_by_field() {
        assert_eq!(new("NoSuchThing").check().unwrap_err().field, "operation");
        let wrong = NewFault { error_code: Some("CBC.4711".into()), ..new("ShowHealth") };
        assert_eq!(wrong.check().unwrap_err().field, "error_code");
    }
}
